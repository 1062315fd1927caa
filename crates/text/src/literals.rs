//! Joins string literals that a program joins: `"a" + "b"`, `'a' . 'b'`, `"a" "b"`, `"a".concat("b")`,
//! `["a", "b"].join("")`, `${"a"}` in a template, `"a" + String.fromCharCode(58) + "b"`.

use super::{OriginStep, Text, TextBuilder};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Closing quote, an operator that joins strings, opening quote. The operators are those of the usual
/// languages: `+`, `.` (PHP, Perl), `..` (Lua), `&` (Visual Basic, Nix-like), `<>` (Elixir), `++` (Haskell, Erlang),
/// `~` (Raku, Twig), `||` (SQL), `^` (OCaml); with the marks that Visual Basic (`& _`) and Fortran (`// &`) want
/// where a line goes on. Between two `+` a character may be made from its code.
static OPERATOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)["'`]\s{0,80}(?:\+\s{0,20}String\.from(?:CharCode|CodePoint)\(\s{0,20}(\d{2,3}|0x[0-9A-Fa-f]{2})\s{0,20}\)\s{0,20}\+|\+\+?|\.\.?|&(?:[ \t]+_[ \t]*\r?\n)?|//[ \t]*&[ \t]*\r?\n|<>|~|\|\||\^)\s{0,80}[rbfuL@$]{0,2}["'`]"#)
        .expect("a constant pattern")
});

/// Two literals with nothing between them but space, as in C and Python.
static ADJACENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)(?:"\s{1,80}[rbfuL@]{0,2}"|'\s{1,80}[rbfu]{0,2}')"#).expect("a constant pattern")
});

/// A literal in a template: `${"a"}`.
static IN_TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)\$\{\s{0,20}(?:"([^"\\\n]{0,400})"|'([^'\\\n]{0,400})')\s{0,20}\}"#)
        .expect("a constant pattern")
});

/// Where a list of literals is joined, and what is put between them.
static JOIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)(["'`])\s{0,20},?\s{0,20}\]\s{0,20}\.join\(\s{0,20}["'`]([^"'`\\]{0,3})["'`]\s{0,20}\)"#,
    )
    .expect("a constant pattern")
});

/// Where a literal is joined with the ones in brackets: `"a".concat("b")`, and what builders append one after the other.
static CONCAT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)["'`]\s{0,20}\)?\s{0,20}\.(?:concat|append|plus)\(\s{0,20}["'`]"#)
        .expect("a constant pattern")
});

/// No such list is longer, in bytes.
const MAX_LIST_BYTES: usize = 4096;

/// What joins the literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// An operator: the program says that the parts are one string.
    ByOperator,
    /// Nothing: one string in C and Python, two arguments in a shell.
    ByAdjacency,
}

/// What is to be put in the place of a stretch of a text.
struct Edit {
    range: Range<usize>,
    by: Vec<u8>,
    /// Where what is put there stands, if it stands anywhere in one piece.
    from: Option<usize>,
}

impl Edit {
    fn without(range: Range<usize>) -> Self {
        Edit { range, by: Vec::new(), from: None }
    }
}

/// The text with the joints between its literals taken out, or `None` when there are none.
pub fn join<'a>(text: &Text<'_>, by: Joined) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let mut edits: Vec<Edit> = match by {
        Joined::ByAdjacency => ADJACENT.find_iter(bytes).map(|found| Edit::without(found.range())).collect(),
        Joined::ByOperator => operators(bytes)
            .chain(templates(bytes))
            .chain(concatenations(bytes))
            .chain(lists(bytes))
            .collect(),
    };
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|edit| edit.range.start);
    let mut out = TextBuilder::default();
    let mut copied = 0;
    for edit in edits {
        if edit.range.start < copied {
            continue;
        }
        out.push(&bytes[copied..edit.range.start], copied, OriginStep::ONE);
        match edit.from {
            Some(from) => out.push(&edit.by, from, OriginStep::ONE),
            None => out.push(&edit.by, edit.range.start, OriginStep::NONE),
        }
        copied = edit.range.end;
    }
    out.push(&bytes[copied..], copied, OriginStep::ONE);
    Some(text.derive(out))
}

fn operators(bytes: &[u8]) -> impl Iterator<Item = Edit> + '_ {
    OPERATOR.captures_iter(bytes).filter_map(|captures| {
        let range = captures.get(0)?.range();
        let Some(code) = captures.get(1) else { return Some(Edit::without(range)) };
        let code = std::str::from_utf8(code.as_bytes()).ok()?;
        let code = match code.strip_prefix("0x") {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => code.parse(),
        };
        Some(Edit { range, by: vec![code.ok().filter(u8::is_ascii)?], from: None })
    })
}

fn templates(bytes: &[u8]) -> impl Iterator<Item = Edit> + '_ {
    IN_TEMPLATE.captures_iter(bytes).filter_map(|captures| {
        let literal = captures.get(1).or(captures.get(2))?;
        let (by, from) = (literal.as_bytes().to_vec(), Some(literal.start()));
        Some(Edit { range: captures.get(0)?.range(), by, from })
    })
}

/// `"a".concat("b", "c")`
fn concatenations(bytes: &[u8]) -> impl Iterator<Item = Edit> + '_ {
    CONCAT.find_iter(bytes).flat_map(|found| {
        let mut edits = vec![Edit::without(found.range())];
        let mut at = found.end() - 1;
        while let Some(literal) = literal(bytes, at) {
            let comma = literal.end + space(&bytes[literal.end..]);
            let next = comma + 1 + bytes.get(comma + 1..).map_or(0, space);
            let goes_on = bytes.get(comma) == Some(&b',') && bytes.get(next).is_some_and(is_quote);
            if !goes_on || next - found.start() > MAX_LIST_BYTES {
                break;
            }
            edits.push(Edit::without(literal.end - 1..next + 1));
            at = next;
        }
        edits
    })
}

/// `["a", "b"].join(":")`
fn lists(bytes: &[u8]) -> impl Iterator<Item = Edit> + '_ {
    JOIN.captures_iter(bytes).flat_map(|captures| {
        let (Some(whole), Some(quote), Some(between)) = (captures.get(0), captures.get(1), captures.get(2))
        else {
            return Vec::new();
        };
        let floor = whole.start().saturating_sub(MAX_LIST_BYTES);
        // The nearest bracket from which literals alone lead up to here.
        let Some(open) = memchr::memrchr(b'[', &bytes[floor..whole.start()]).map(|i| floor + i) else {
            return Vec::new();
        };
        let mut edits = Vec::new();
        let mut at = open + 1 + space(&bytes[open + 1..]);
        edits.push(Edit { range: open..at, by: Vec::new(), from: None });
        while let Some(literal) = literal(bytes, at) {
            if literal.end == quote.end() {
                edits.push(Edit::without(literal.end..whole.end()));
                return edits;
            }
            let comma = literal.end + space(&bytes[literal.end..]);
            at = comma + 1 + bytes.get(comma + 1..).map_or(0, space);
            if bytes.get(comma) != Some(&b',') || !bytes.get(at).is_some_and(is_quote) {
                break;
            }
            edits.push(Edit { range: literal.end - 1..at + 1, by: between.as_bytes().to_vec(), from: None });
        }
        Vec::new()
    })
}

/// The literal that starts with the quote at `at`, quotes included.
fn literal(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let quote = bytes.get(at).copied().filter(is_quote)?;
    let ceiling = (at + 1 + MAX_LIST_BYTES).min(bytes.len());
    let length = memchr::memchr3(quote, b'\\', b'\n', &bytes[at + 1..ceiling])?;
    (bytes[at + 1 + length] == quote).then_some(at..at + length + 2)
}

fn is_quote(b: &u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

fn space(bytes: &[u8]) -> usize {
    bytes.iter().take(80).take_while(|b| b.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str, by: Joined) -> Option<String> {
        join(&Text::plain(text.as_bytes()), by).map(|t| String::from_utf8_lossy(t.bytes()).into_owned())
    }

    #[test]
    fn literals_are_joined_as_the_language_does() {
        assert_eq!(joined(r#"a = "x" + "y";"#, Joined::ByOperator).as_deref(), Some(r#"a = "xy";"#));
        assert_eq!(joined("$a = 'x' . ':' .\n  'y';", Joined::ByOperator).as_deref(), Some("$a = 'x:y';"));
        assert_eq!(joined("a = \"x\" & _\r\n  \"y\"", Joined::ByOperator).as_deref(), Some("a = \"xy\""));
        assert_eq!(joined("a = 'x' // &\n  'y'", Joined::ByOperator).as_deref(), Some("a = 'xy'"));
        assert_eq!(joined("a = 'x' // 'y'", Joined::ByOperator), None);
        assert_eq!(joined("(\"x\"\n \"y\")", Joined::ByAdjacency).as_deref(), Some("(\"xy\")"));
        assert_eq!(joined(r#"["x", "y"]"#, Joined::ByOperator), None);
        assert_eq!(joined(r#"["x", "y"]"#, Joined::ByAdjacency), None);
    }

    #[test]
    fn what_compilers_make_of_a_joint_is_one() {
        for (text, expected) in [
            (r#"a="x".concat("y")"#, r#"a="xy")"#),
            (r#"a="x".concat("y").concat('z')"#, r#"a="xyz')"#),
            (r#"a="x".concat("y", "z")"#, r#"a="xyz")"#),
            (r#"a=b().append("x").append(":").append("y")"#, r#"a=b().append("x:y")"#),
            (r#"a=["x","y","z"].join("")"#, r#"a="xyz""#),
            (r#"a=[ 'x', 'y' ].join(':')"#, "a='x:y'"),
            (r#"a=`${"x"}:${'y'}`"#, "a=`x:y`"),
            (r#"a="x"+String.fromCharCode(58)+"y""#, r#"a="x:y""#),
            (r#"a="x" + String.fromCodePoint(0x3a) + "y""#, r#"a="x:y""#),
        ] {
            assert_eq!(joined(text, Joined::ByOperator).as_deref(), Some(expected), "{text}");
        }
        for text in [r#"["x",y].join(":")"#, "`${x}:${y}`", r#"f("x","y")"#] {
            assert_eq!(joined(text, Joined::ByOperator), None, "{text}");
        }
    }
}
