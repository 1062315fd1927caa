//! The names of webpack's chunks, which no literal holds whole: the runtime puts them together, as in
//! `"static/js/"+e+"."+{12:"3f2a"}[e]+".chunk.js"`. Takes scripts, gives names. Such an expression is read, never run; what is
//! no concatenation of literals, of the chunk's number and of tables by that number is left alone.

use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// More names of one runtime are not made.
const MAX_NAMES: usize = 5000;
/// No expression nests deeper.
const MAX_DEPTH: u8 = 6;

/// How one runtime names its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<ChunkTerm>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum ChunkTerm {
    Literal(String),
    /// The chunk's number.
    Id,
    /// A text for each chunk. The number itself stands for what is missing, when it may.
    Table {
        of: BTreeMap<String, String>,
        may_miss: bool,
    },
}

/// The templates in a script.
pub fn templates(script: &[u8]) -> Vec<Template> {
    static STARTS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:=>|\breturn\b|[=:?(]) *").expect("the pattern is sound"));
    // The cheap look first: a runtime has an ending to add.
    let ends = |ending: &str| memchr::memmem::find(script, ending.as_bytes()).is_some();
    if ![".js\"", ".js'", ".js`", ".css\"", ".css'", ".css`", ".mjs\""].into_iter().any(ends) {
        return Vec::new();
    }
    let (mut templates, mut read_to) = (Vec::new(), 0);
    for start in STARTS.find_iter(script) {
        if start.end() < read_to
            || !matches!(
                script.get(start.end()),
                Some(b'"' | b'\'' | b'`' | b'(' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'{')
            )
        {
            continue;
        }
        let mut parser = ChunkParser { text: script, at: start.end(), depth: 0 };
        if let Some(terms) = parser.concatenation()
            && is_a_name(&terms)
        {
            read_to = parser.at;
            templates.push(Template(terms));
        }
    }
    templates
}

/// The numbers of chunks that a script loads: `n.e(12)`.
pub fn numbers(script: &[u8]) -> BTreeSet<String> {
    static LOADS: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"\.e\((?:/\*.{0,200}?\*/)? ?(?:(\d{1,8})|\\?["']([\w~./-]{1,100})\\?["'])\)"#;
        Regex::new(pattern).expect("the pattern is sound")
    });
    let number = |found: regex::bytes::Captures| {
        let text = found.get(1).or(found.get(2))?.as_bytes();
        String::from_utf8(text.to_vec()).ok()
    };
    LOADS.captures_iter(script).filter_map(number).take(MAX_NAMES).collect()
}

fn is_a_name(terms: &[ChunkTerm]) -> bool {
    let ends = [".js", ".mjs", ".css"];
    let last = terms.last().is_some_and(|term| {
        matches!(term, ChunkTerm::Literal(text)
        if ends.iter().any(|end| text.split('?').next().unwrap_or(text).ends_with(end)))
    });
    last && terms.iter().any(|term| !matches!(term, ChunkTerm::Literal(_)))
}

impl Template {
    /// The names of the chunks: of those in its tables, and, where it has a name for any, of these numbers.
    pub fn names(&self, numbers: &BTreeSet<String>) -> BTreeSet<String> {
        let tables = || {
            self.0.iter().filter_map(|term| match term {
                ChunkTerm::Table { of, may_miss } => Some((of, *may_miss)),
                _ => None,
            })
        };
        let needs_a_table = tables().any(|(_, may_miss)| !may_miss);
        let listed = tables().flat_map(|(of, _)| of.keys());
        let others = numbers.iter().filter(|_| !needs_a_table);
        let keys: BTreeSet<&String> = listed.chain(others).collect();
        keys.into_iter().filter_map(|key| self.name(key)).take(MAX_NAMES).collect()
    }

    fn name(&self, key: &str) -> Option<String> {
        let text = |term: &'_ ChunkTerm| match term {
            ChunkTerm::Literal(text) => Some(text.clone()),
            ChunkTerm::Id => Some(key.to_owned()),
            ChunkTerm::Table { of, may_miss } => {
                of.get(key).cloned().or_else(|| may_miss.then(|| key.to_owned()))
            }
        };
        self.0.iter().map(text).collect()
    }
}

/// Reads an expression.
struct ChunkParser<'a> {
    text: &'a [u8],
    at: usize,
    depth: u8,
}

impl ChunkParser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, text: &str) -> bool {
        self.skip_blanks();
        let is_next = self.text[self.at..].starts_with(text.as_bytes());
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    fn concatenation(&mut self) -> Option<Vec<ChunkTerm>> {
        let mut terms = self.term()?;
        while self.take("+") {
            terms.extend(self.term()?);
        }
        Some(terms)
    }

    fn term(&mut self) -> Option<Vec<ChunkTerm>> {
        self.skip_blanks();
        match self.peek()? {
            b'"' | b'\'' => Some(vec![ChunkTerm::Literal(self.literal()?)]),
            b'`' => self.template(),
            b'{' => {
                let of = self.table()?;
                self.index()?;
                Some(vec![ChunkTerm::Table { of, may_miss: false }])
            }
            b'(' => self.in_parentheses(),
            _ => {
                let name = self.name()?;
                // `r.p` and `n.hmd` stand for where all chunks are.
                Some(if name.contains('.') { Vec::new() } else { vec![ChunkTerm::Id] })
            }
        }
    }

    /// `({…}[e]||e)`, `({…})[e]`, `(12===e?"home":e)`, or just more of the same.
    fn in_parentheses(&mut self) -> Option<Vec<ChunkTerm>> {
        if self.depth >= MAX_DEPTH || !self.take("(") {
            return None;
        }
        let start = self.at;
        if let Some(of) = self.table()
            && self.take(")")
        {
            self.index()?;
            return Some(vec![ChunkTerm::Table { of, may_miss: false }]);
        }
        self.at = start;
        self.depth += 1;
        let inner = self.choice()?;
        self.depth -= 1;
        self.take(")").then_some(inner)
    }

    /// Names for some chunks, and how all others are called.
    fn choice(&mut self) -> Option<Vec<ChunkTerm>> {
        let (mut named, mut start) = (BTreeMap::new(), self.at);
        while let Some((key, text)) = self.case() {
            named.insert(key, text);
            start = self.at;
        }
        self.at = start;
        let mut rest = self.concatenation()?;
        if self.take("||") {
            self.name()?;
            for term in &mut rest {
                if let ChunkTerm::Table { may_miss, .. } = term {
                    *may_miss = true;
                }
            }
        }
        if named.is_empty() {
            return Some(rest);
        }
        let table = match &mut rest[..] {
            [ChunkTerm::Id] => ChunkTerm::Table { of: named, may_miss: true },
            [ChunkTerm::Table { of, may_miss }] => {
                named.append(of);
                ChunkTerm::Table { of: named, may_miss: *may_miss }
            }
            _ => return None,
        };
        Some(vec![table])
    }

    /// `12===e?"home":`
    fn case(&mut self) -> Option<(String, String)> {
        let side = |parser: &mut Self| {
            parser.skip_blanks();
            match parser.peek()? {
                b'"' | b'\'' => Some((parser.literal()?, true)),
                _ => parser.name().map(|name| (name.clone(), name.starts_with(|c: char| c.is_ascii_digit()))),
            }
        };
        let (left, left_is_key) = side(self)?;
        if !self.take("==") {
            return None;
        }
        self.take("=");
        let (right, right_is_key) = side(self)?;
        let key = match (left_is_key, right_is_key) {
            (true, false) => left,
            (false, true) => right,
            _ => return None,
        };
        if !self.take("?") {
            return None;
        }
        self.skip_blanks();
        let text = self.literal()?;
        self.take(":").then_some((key, text))
    }

    /// `` `static/${e}.${{12:"3f"}[e]}.js` ``
    fn template(&mut self) -> Option<Vec<ChunkTerm>> {
        if self.depth >= MAX_DEPTH || !self.take("`") {
            return None;
        }
        self.depth += 1;
        let mut terms = Vec::new();
        loop {
            let start = self.at;
            while !matches!(self.peek()?, b'`' | b'$' | b'\\' | b'\n') {
                self.at += 1;
            }
            terms.push(ChunkTerm::Literal(String::from_utf8(self.text[start..self.at].to_vec()).ok()?));
            if self.take("`") {
                self.depth -= 1;
                return Some(terms);
            }
            if !self.take("${") {
                return None;
            }
            terms.extend(self.choice()?);
            if !self.take("}") {
                return None;
            }
        }
    }

    /// `{12:"3f2a","pages/a":"4b"}`
    fn table(&mut self) -> Option<BTreeMap<String, String>> {
        if !self.take("{") {
            return None;
        }
        let mut table = BTreeMap::new();
        while !self.take("}") {
            let key = match self.peek()? {
                b'"' | b'\'' => self.literal()?,
                _ => self.name()?,
            };
            if !self.take(":") {
                return None;
            }
            self.skip_blanks();
            table.insert(key, self.literal()?);
            if !self.take(",") && self.peek()? != b'}' {
                return None;
            }
        }
        (table.len() <= MAX_NAMES).then_some(table)
    }

    /// `[e]`
    fn index(&mut self) -> Option<()> {
        let is_index = self.take("[") && self.name().is_some() && self.take("]");
        is_index.then_some(())
    }

    fn name(&mut self) -> Option<String> {
        const MAX_NAME_BYTES: usize = 60;
        self.skip_blanks();
        let is_in_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.');
        let length =
            self.text[self.at..].iter().take(MAX_NAME_BYTES + 1).take_while(|b| is_in_name(b)).count();
        let name = String::from_utf8(self.text[self.at..self.at + length].to_vec()).ok()?;
        self.at += length;
        (1..=MAX_NAME_BYTES).contains(&length).then_some(name)
    }

    fn literal(&mut self) -> Option<String> {
        const MAX_LITERAL_BYTES: usize = 300;
        let quote = self.peek().filter(|b| matches!(b, b'"' | b'\''))?;
        let rest = &self.text[self.at + 1..];
        let length =
            rest.iter().take(MAX_LITERAL_BYTES).position(|&b| b == quote || b == b'\\' || b == b'\n')?;
        if rest[length] != quote {
            return None;
        }
        self.at += length + 2;
        String::from_utf8(rest[..length].to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(script: &str) -> Vec<String> {
        let numbers = numbers(script.as_bytes());
        templates(script.as_bytes()).iter().flat_map(|template| template.names(&numbers)).collect()
    }

    #[test]
    fn runtimes_of_every_style_are_read() {
        for (script, chunks) in [
            (
                r#"r.u=e=>"static/js/"+e+"."+{12:"ab",345:"cd"}[e]+".chunk.js""#,
                vec!["static/js/12.ab.chunk.js", "static/js/345.cd.chunk.js"],
            ),
            (
                r#"r.u=e=>"js/"+({12:"home"}[e]||e)+"."+{12:"ab",13:"cd"}[e]+".js""#,
                vec!["js/13.cd.js", "js/home.ab.js"],
            ),
            (
                r#"a.u=function(e){return"static/chunks/"+(({12:"fw"})[e]||e)+"."+({12:"ab"})[e]+".js"}"#,
                vec!["static/chunks/fw.ab.js"],
            ),
            (
                r#"c.src=function(e){return s.p+"static/js/"+({}[e]||e)+"."+{3:"ab"}[e]+".chunk.js"}(e)"#,
                vec!["static/js/3.ab.chunk.js"],
            ),
            (
                r#"n.u=e=>e+".bundle.js";n.e(7).then(x);n.e("src_a_js")"#,
                vec!["7.bundle.js", "src_a_js.bundle.js"],
            ),
            (r#"n.u=e=>""+e+".js",n.e(7)"#, vec!["7.js"]),
            (r#"r.miniCssF=e=>"static/css/"+{5:"ef"}[e]+".css""#, vec!["static/css/ef.css"]),
            (
                r#"r.u=e=>"js/"+(890===e?"named":e)+"."+{480:"ab",890:"cd"}[e]+".js""#,
                vec!["js/480.ab.js", "js/named.cd.js"],
            ),
            (r#"r.u=e=>(1===e?"a":e==="b"?"c":e)+".js",r.e(1),r.e(2)"#, vec!["2.js", "a.js", "c.js"]),
            (r#"r.u=e=>(1===e?"a":{2:"b"}[e]||e)+".js""#, vec!["a.js", "b.js"]),
            (
                r#"r.u = (chunkId) => (chunkId + ".main.js");eval("r.e(/*! import() */ \"src_a\")")"#,
                vec!["src_a.main.js"],
            ),
            (r#"r.u=e=>e===1?"x.js":"c/"+e+"."+{2:"ab"}[e]+".js""#, vec!["c/2.ab.js"]),
            ("r.u=e=>`static/js/${e}.${{12:\"ab\"}[e]}.js`", vec!["static/js/12.ab.js"]),
            ("r.u=e=>`js/${{12:\"home\"}[e]||e}.js`,r.e(9)", vec!["js/home.js", "js/9.js"]),
            (
                "__webpack_require__.u = (chunkId) => {\n\t// names\n\treturn \"\" + chunkId + \".\" + {\"a_b\":\"x\",\n\"c\":\"y\"}[chunkId] + \".js\";\n};",
                vec!["a_b.x.js", "c.y.js"],
            ),
        ] {
            let mut found = names(script);
            let mut chunks = chunks;
            found.sort();
            chunks.sort_unstable();
            assert_eq!(found, chunks, "{script}");
        }
    }

    #[test]
    fn other_code_is_left_alone() {
        for script in [
            r#"x="a"+b+"c""#,
            r#"x=f(e)+".js""#,
            r#"x={1:2}[e]+".js""#,
            r#"x="a.js""#,
            r#"x=({}["#,
            "x=`${`${`${`${`${`${`${`${e}.js",
            r#"x=((((((((((e+".js""#,
        ] {
            assert_eq!(names(script), [""; 0], "{script}");
        }
    }

    #[test]
    fn a_hostile_script_is_bounded() {
        let started = std::time::Instant::now();
        names(&(r#"x=((((("a"+"#.repeat(100_000) + r#"e+".js""#));
        names(&(r#"=e+"#.repeat(200_000) + r#"".js""#));
        names(&("={1:\"".repeat(100_000) + r#"e+".js""#));
        names(&("=a+b".repeat(200_000) + r#"+".js""#));
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
    }
}
