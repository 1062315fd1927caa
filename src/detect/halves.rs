//! Tokens in two pieces: the halves in two variables (`KREA_KEY_ID`, `KREA_KEY_SECRET`), or put together by a
//! template or a format string from two constants.

use super::context::{Attribution, Evidence, Surroundings, block_owner, names_before};
use super::names::{self, NameKind};
use super::placeholder::{self, Scrutiny};
use regex::bytes::Regex;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

/// How far apart the two variables may stand, in bytes.
const REACH: usize = 4096;
/// Longest secret half.
const MAX_SECRET: usize = 256;
/// No such expression is longer, on either side of its colon, in bytes.
const JOIN_REACH: usize = 600;
/// More joints than this in one text are machine output.
const MAX_JOINS: usize = 64;

static SECRET_NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?i-u)secret").expect("a constant pattern"));
static VALUE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)[A-Za-z0-9_\-+/]{8,}={0,2}").expect("a constant pattern"));

/// Expressions that put two strings together with a colon between them. `ID` and `SECRET` stand for a name or a
/// literal.
static JOINS: LazyLock<Vec<Join>> = LazyLock::new(|| {
    let operand = r#"(?:&?\$?([A-Za-z_$][\w.$]*)|["'`]([A-Za-z0-9_\-+/]{8,}={0,2})["'`])"#;
    let literal = r#"()["'`]?([A-Za-z0-9_\-+/]{8,}={0,2})["'`]?"#;
    let joiner = r"(?:\+\+?|\.\.?|&|<>|~|\|\||\^)";
    let expressions = [
        // `${id}:${secret}`, f"{id}:{secret}", "#{id}:#{secret}"
        (r"\}:", r"[$#]?\{\s*ID\s*\}:[$#]?\{\s*SECRET\s*\}"),
        // "$id:$secret", "\(id):\(secret)"
        (r":\$", r"\$([A-Za-z_]\w*)():\$([A-Za-z_]\w*)()"),
        (r"\):", r"\\?\(ID\):\\?\(SECRET\)"),
        // id + ":" + secret
        (r#"["'`]:["'`]"#, r#"ID\s{0,20}JOIN\s{0,20}["'`]:["'`]\s{0,20}JOIN\s{0,20}SECRET"#),
        // "%s:%s" % (id, secret), "{}:{}".format(id, secret), Sprintf("%s:%s", id, secret)
        (
            r"[}sv@]:[{%]",
            r#"["'](?:Bearer )?(?:\{0?\}|%s|%v|%@):(?:\{1?\}|%s|%v|%@)["']\s*\)?(?:\.format\s*\(|\.formatted\s*\(|%\s*\(|,)\s*ID\s*,\s*SECRET"#,
        ),
        // [id, secret].join(":"), strings.Join([]string{id, secret}, ":")
        (r#"["'`]:["'`]"#, r#"[\[{(]\s*ID\s*,\s*SECRET\s*[\])}]\s*(?:\.join\(|,)\s*["'`]:["'`]"#),
        // "".concat(id, ":").concat(secret), what compilers make of a template
        (
            r#"["'`]:["'`]"#,
            r#"["'`]["'`]\.concat\(\s*ID\s*(?:,|\)\.concat\()\s*["'`]:["'`]\s*(?:,|\)\.concat\()\s*SECRET"#,
        ),
        // id.concat(":", secret), id.concat(":").concat(secret)
        (r#"["'`]:["'`]"#, r#"ID\.concat\(\s*["'`]:["'`]\s*(?:,|\)\.concat\()\s*SECRET"#),
        // ":".join([id, secret]), implode(":", [$id, $secret]), String.join(":", id, secret)
        (r#"["'`]:["'`]"#, r#"["']:["']\s*(?:\.join\(|,)\s*[\[(]?\s*ID\s*,\s*SECRET"#),
        // concat!(id, ":", secret)
        (r#"["'`]:["'`]"#, r#"ID\s*,\s*["']:["']\s*,\s*SECRET"#),
        // SetBasicAuth(id, secret), auth=(id, secret)
        ("auth", r"(?i:basic_?auth|auth)\s*=?\s*\(\s*ID\s*,\s*SECRET\s*[,)]"),
    ];
    let literals = [
        // .netrc
        ("login", r"(?i:login|user|username)\s+ID\s+(?i:password|account)\s+SECRET"),
        // krea_id, krea_secret = "…", "…"
        (
            "secret",
            r#"(?i:id)\s{0,5},\s{0,5}\$?(?:[\w.]{0,60}_)?(?i:[a-z]{0,20}secret)\s{0,5}[)\]]?\s{0,5}:?=\s{0,5}[\[(]?ID\s{0,5},\s{0,5}SECRET"#,
        ),
        // A table with an id and a secret.
        (
            "secret",
            r"(?im-u:\A[^\n]*\bid\b[^\n]{0,20}\bsecret\b[^\n]*\n)(?s:.{0,4096}?)\bID\s*[,;\t]\s*SECRET",
        ),
    ];
    let compile = |(gate, pattern): &(&'static str, &str), operand: &str| {
        let pattern = pattern.replace("ID", operand).replace("SECRET", operand).replace("JOIN", joiner);
        let search = Regex::new(&format!("(?-u){pattern}")).expect("a constant pattern");
        let gate = Regex::new(&format!("(?i-u){gate}")).expect("a constant pattern");
        Join { gate, search, whole: pattern.contains("\\A") }
    };
    let expressions = expressions.iter().map(|join| compile(join, operand));
    expressions.chain(literals.iter().map(|join| compile(join, literal))).collect()
});

/// An expression that joins two strings.
struct Join {
    /// What it cannot do without; it is searched for around that only.
    gate: Regex,
    search: Regex,
    /// It looks at the text from its beginning.
    whole: bool,
}

impl Join {
    /// The stretches of a text in which the expression can be, in order.
    fn zones(&self, text: &[u8], around: &Surroundings<'_>) -> Vec<Range<usize>> {
        let mut zones: Vec<Range<usize>> = Vec::new();
        for found in self.gate.find_iter(text).filter(|found| around.mentioned_within(found.start(), REACH)) {
            let zone = match self.whole {
                true => 0..text.len(),
                false => found.start().saturating_sub(JOIN_REACH)..(found.end() + JOIN_REACH).min(text.len()),
            };
            match zones.last_mut() {
                Some(last) if zone.start <= last.end => last.end = zone.end.max(last.end),
                _ => zones.push(zone),
            }
        }
        zones
    }
}

/// A token whose halves stand apart.
#[derive(Clone, Debug)]
pub struct Halves {
    /// Where the id half stands.
    pub id: Range<usize>,
    /// Where the secret half stands.
    pub secret: Range<usize>,
    /// Whose it is.
    pub attribution: Attribution,
}

/// Finds the tokens in two pieces in a text.
pub fn find(text: &[u8], around: &Surroundings<'_>) -> Vec<Halves> {
    if !around.is_related() {
        return Vec::new();
    }
    let mut found = in_two_variables(text, around);
    for halves in joined(text, around) {
        if found.iter().all(|other| other.secret != halves.secret) {
            found.push(halves);
        }
    }
    found
}

/// One half, and the name that it is bound to.
struct Named {
    span: Range<usize>,
    stem: Vec<String>,
}

fn in_two_variables(text: &[u8], around: &Surroundings<'_>) -> Vec<Halves> {
    let (mut ids, mut secrets) = (Vec::new(), Vec::new());
    // Both halves stand near a name that says `secret`.
    let named: Vec<usize> = SECRET_NAME.find_iter(text).map(|found| found.start()).collect();
    let values = around.zones(REACH).into_iter().flat_map(|zone| {
        let start = zone.start;
        VALUE.find_iter(&text[zone]).map(move |found| start + found.start()..start + found.end())
    });
    for span in values {
        let value = &text[span.clone()];
        let next = named.partition_point(|&at| at + REACH < span.start);
        if named.get(next).is_none_or(|&at| at > span.start + REACH) {
            continue;
        }
        if span.len() > MAX_SECRET
            || !around.mentioned_within(span.start, REACH)
            || !ends_here(text, span.end)
        {
            continue;
        }
        let looks_like_id = placeholder::is_uuid(value) || placeholder::is_plausible_id(value);
        let looks_like_secret = span.len() >= 16 && !placeholder::is_placeholder(value, Scrutiny::Pair);
        if !looks_like_id && !looks_like_secret {
            continue;
        }
        let Some(name) = krea_name(text, span.start) else { continue };
        let words = names::words(&name);
        let stem: Vec<String> = words
            .iter()
            .filter(|word| !FILLERS.contains(&word.as_str()))
            .map(|word| unfilled(word))
            .collect();
        let last = words.last().map_or("", String::as_str);
        if looks_like_id
            && (last.ends_with("id") || last == "identifier")
            && !placeholder::is_placeholder_id(value)
        {
            ids.push(Named { span, stem });
        } else if looks_like_secret && words.iter().any(|word| word.ends_with("secret")) {
            secrets.push(Named { span, stem });
        }
    }
    secrets
        .into_iter()
        .filter_map(|secret| {
            // Both lists are in the order of the text.
            let first = ids.partition_point(|id| id.span.start + REACH < secret.span.start);
            let id = ids[first..]
                .iter()
                .take_while(|id| id.span.start <= secret.span.start + REACH)
                .filter(|id| id.stem == secret.stem)
                .min_by_key(|id| id.span.start.abs_diff(secret.span.start))?;
            let attribution = around.attribute(&secret.span);
            (!attribution.other_service).then(|| Halves {
                id: id.span.clone(),
                secret: secret.span,
                attribution,
            })
        })
        .collect()
}

/// Words that do not tell one token's variables from another's.
const FILLERS: &[&str] = &[
    "id",
    "secret",
    "key",
    "api",
    "token",
    "access",
    "client",
    "value",
    "identifier",
    "keyid",
    "keysecret",
    "apikey",
];

/// `kreakeyid` and `kreakeysecret` written without humps.
fn unfilled(word: &str) -> String {
    word.strip_prefix("krea").map_or_else(|| word.to_owned(), |_| "krea".to_owned())
}

/// The name of a variable of Krea's that is bound to the value at `at`, directly or in a block of Krea's.
fn krea_name(text: &[u8], at: usize) -> Option<String> {
    let chain = names_before(text, at);
    match chain.decided {
        Some((NameKind::Krea | NameKind::KreaOther, name)) => match chain.nearest {
            // `krea: { keyId: … }`: the inner name tells the halves apart.
            Some(inner)
                if names::ends_like_something_else(&inner) || inner.to_lowercase().contains("secret") =>
            {
                Some(inner)
            }
            _ => Some(name),
        },
        Some((NameKind::OtherService, _)) => None,
        _ => {
            let (kind, label) = block_owner(text, at)?;
            let inner = chain.nearest.filter(|name| names::classify(name) != NameKind::Neutral);
            matches!(kind, NameKind::Krea | NameKind::KreaOther).then(|| inner.unwrap_or(label))
        }
    }
}

fn joined(text: &[u8], around: &Surroundings<'_>) -> Vec<Halves> {
    let mut found = Vec::new();
    let definitions = LazyCell::new(|| Definitions::of(text));
    let zones =
        JOINS.iter().flat_map(|join| join.zones(text, around).into_iter().map(move |zone| (join, zone)));
    let joins = zones.flat_map(|(join, zone)| {
        let at = zone.start;
        join.search.captures_iter(&text[zone]).map(move |captures| (at, captures))
    });
    for (at, captures) in joins.take(MAX_JOINS) {
        let Some(whole) = captures.get(0).map(|whole| at + whole.start()..at + whole.end()) else { continue };
        // A name's definition, or the literal itself.
        let half = |name: usize, literal: usize| match captures.get(literal).filter(|found| !found.is_empty())
        {
            Some(literal) => Some(at + literal.start()..at + literal.end()),
            None => definitions.nearest(captures.get(name)?.as_bytes(), whole.start),
        };
        let (Some(id), Some(secret)) = (half(1, 2), half(3, 4)) else { continue };
        let (id_text, secret_text) = (&text[id.clone()], &text[secret.clone()]);
        if !(placeholder::is_uuid(id_text) || placeholder::is_plausible_id(id_text))
            || placeholder::is_placeholder_id(id_text)
            || !(16..=MAX_SECRET).contains(&secret_text.len())
            || placeholder::is_placeholder(secret_text, Scrutiny::Pair)
        {
            continue;
        }
        let uses = [whole.clone(), secret.clone(), id.clone()].map(|span| around.attribute(&span));
        if uses.iter().any(|attribution| attribution.other_service) {
            continue;
        }
        let Some(attribution) = uses.into_iter().max_by_key(|attribution| attribution.evidence) else {
            continue;
        };
        if attribution.evidence > Evidence::None {
            found.push(Halves { id, secret, attribution });
        }
    }
    found
}

/// `name = "value"` in any language, and `name=value` on a line of a shell script.
static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)([A-Za-z_$][A-Za-z0-9_$]*)["']?\]?\s{0,20}(?::\s{0,20}[A-Za-z&'_<>\[\] ]{1,40})?\s{0,20}(?::=|=>|=|:|\s)\s{0,20}[\[(]?["'`]([A-Za-z0-9_\-+/]{8,}={0,2})["'`]|(?m:^)[ \t]*(?:export |set |local )?([A-Za-z_][A-Za-z0-9_]*)=([A-Za-z0-9_\-+/]{8,}={0,2})\s"#,
    )
    .expect("a constant pattern")
});

/// Which names stand for which strings in a text.
struct Definitions<'a>(HashMap<&'a [u8], Vec<Range<usize>>>);

impl<'a> Definitions<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut by_name: HashMap<&[u8], Vec<Range<usize>>> = HashMap::new();
        for captures in DEFINITION.captures_iter(text) {
            let name = captures.get(1).or(captures.get(3));
            let value = captures.get(2).or(captures.get(4));
            if let (Some(name), Some(value)) = (name, value) {
                by_name.entry(bare(name.as_bytes())).or_default().push(value.range());
            }
        }
        Definitions(by_name)
    }

    /// Where the string stands that the last part of `name` is defined as, nearest before `at`, else the first one.
    fn nearest(&self, name: &[u8], at: usize) -> Option<Range<usize>> {
        let last = name.rsplit(|&b| b == b'.').next()?;
        let spans = self.0.get(bare(last))?;
        spans.iter().rfind(|span| span.start < at).or(spans.first()).cloned()
    }
}

/// A name without the mark that some languages want before it.
fn bare(name: &[u8]) -> &[u8] {
    &name[name.iter().take_while(|&&b| b == b'$').count().min(name.len().saturating_sub(1))..]
}

fn ends_here(text: &[u8], end: usize) -> bool {
    text.get(end).is_none_or(|&b| !(b.is_ascii_alphanumeric() || matches!(b, b':' | b'(' | b'.' | b'@')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::context::PathSays;

    const ID: &str = "0d39c392-6dc9-4d71-aa42-fcd790990ab4";

    /// Looks random; made here so that no file holds it.
    fn secret() -> String {
        let set: Vec<u8> = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect();
        (1..=24).map(|i| char::from(set[(i * i * 17 + i * 23) % set.len()])).collect()
    }

    fn tokens(template: &str) -> Vec<String> {
        let text = template.replace("ID", ID).replace("SEC", &secret());
        let around = Surroundings::new(text.as_bytes(), PathSays::Nothing, None);
        find(text.as_bytes(), &around)
            .iter()
            .map(|h| format!("{}:{}", &text[h.id.clone()], &text[h.secret.clone()]))
            .collect()
    }

    #[test]
    fn halves_in_two_variables_are_one_token() {
        for text in [
            "krea_key_id=ID\nkrea_key_secret=SEC\n",
            "krea:\n  keyId: ID\n  keySecret: SEC\n",
            "{\"kreaKeyId\": \"ID\", \"kreaKeySecret\": \"SEC\"}",
            "const id = \"ID\";\nconst secret = \"SEC\";\nnew Krea({ apiKey: `${id}:${secret}` });",
            "a = 'ID'\nb = 'SEC'\nkrea = Krea(api_key=f\"{a}:{b}\")",
            "a := \"ID\"\nb := \"SEC\"\nkreaToken := fmt.Sprintf(\"%s:%s\", a, b)",
            "$id = 'ID'; $s = 'SEC'; $kreaKey = $id . ':' . $s;",
            "A=ID\nB=SEC\nexport krea_token=\"$A:$B\"\n",
            "const kreaKey = ['ID', 'SEC'].join(':');",
            "var e=\"ID\",t=\"SEC\";x({kreaKey:\"\".concat(e,\":\").concat(t)})",
            "var e=\"ID\",$t=\"SEC\";x({kreaKey:e.concat(\":\",$t)})",
            "const e=\"ID\",t=\"SEC\";x({kreaKey:`${e}:${t}`})",
            "krea_token = \"%s:%s\" % (\"ID\", \"SEC\")",
            "const KREA_KEY: &str = concat!(\"ID\", \":\", \"SEC\");",
            "string kreaSecret = $\"{\"ID\"}:{\"SEC\"}\";",
            "machine api.krea.ai login ID password SEC",
            "req.URL.Host = \"api.krea.ai\"\nreq.SetBasicAuth(\"ID\", \"SEC\")",
            "name,id,secret\nkrea,ID,SEC\n",
            "krea_id, krea_secret = 'ID', 'SEC'",
            "<krea><id>ID</id><secret>SEC</secret></krea>",
        ] {
            assert_eq!(tokens(text), [format!("{ID}:{}", secret())], "{text}");
        }
    }

    #[test]
    fn what_does_not_belong_together_stays_apart() {
        for text in [
            "krea_job_id=ID\nother_secret=SEC\n",
            "krea_prod_key_id=ID\nkrea_dev_key_secret=SEC\n",
            "krea = 1\na = 'ID'\nb = 'word-after-word-after'\nx = f\"{a}:{b}\"",
        ] {
            assert!(tokens(text).is_empty(), "{text}");
        }
    }
}
