//! Values that stand where a secret stands: behind a password's name, in an address before its host, behind the scheme of
//! an authorization. Their shape may be that of a word.
//!
//! Takes a plain text, gives what is to be covered. References to a value that is kept elsewhere stay.

use super::TextKind;
use super::shape::{self, Cover};
use regex::Regex;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

/// A value is not longer, in bytes.
const MAX_VALUE_BYTES: usize = 512;
/// Shorter values are no secrets, in bytes.
const MIN_VALUE_BYTES: usize = 4;

/// A value of so many bytes is looked for again.
const TELLING: usize = 6;
/// So many values are.
const MAX_KNOWN_VALUES: usize = 64;

/// Names whose values nobody may see, whatever they look like.
const SECRETS: &[&str] = &["password", "passwd", "passphrase", "passcode", "pwd", "pass", "secret"];
/// Names whose values nobody may see that look drawn at random.
const CREDENTIALS: &[&str] = &[
    "key",
    "apikey",
    "token",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "cookie",
    "session",
    "sid",
    "sig",
    "signature",
    "bearer",
    "private",
    "access",
];
/// What says that a name is not a secret's own.
const ABOUT: &[&str] = &[
    "name", "names", "url", "uri", "path", "file", "id", "ref", "arn", "length", "count", "hint", "policy",
    "field", "type", "min", "max", "manager", "required", "enabled", "error",
];
/// Words that stand for no value, or for one that is elsewhere.
const NO_VALUES: &[&str] =
    &["null", "none", "nil", "true", "false", "undefined", "string", "str", "optional", "required", "empty"];

/// A name, and what stands between it and its value: a sign, a comma behind quotes, the tags of a list of properties, the
/// word `value` of an entry.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"([A-Za-z][A-Za-z0-9_.-]{0,63})(?:[\\"'`\])]{0,4}[ \t]{0,4}(?::=|=>|[:=>])[ \t]{0,4}|</key>\s{0,16}<string>"#,
        r#"|[\\"'`]{0,4},?\s{0,16}[\\"'`]{1,4}value[\\"'`]{1,4}[ \t]{0,4}:[ \t]{0,4}|\s{1,16}value[ \t]{0,4}[:=][ \t]{0,4}"#,
        r#"|[\\"'`]{1,4},[ \t]{0,4})"#,
    ))
    .expect("a constant pattern")
});
static OPTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"--?([A-Za-z][A-Za-z0-9_-]{0,63})[ \t]{1,4}").expect("a constant pattern"));
/// What stands before a value that is a secret of the first kind, and what stands behind it.
static PLACED: LazyLock<[(Regex, Option<char>); 2]> = LazyLock::new(|| {
    [
        (r#":/{1,3}[^\s/?#@:"'<>]{0,128}:"#, Some('@')),
        (r#"(?:^|\s)(?:-u|--user)[ =]?["']?[^\s:"']{1,64}:"#, None),
    ]
    .map(|(pattern, behind)| (Regex::new(pattern).expect("a constant pattern"), behind))
});
static SCHEME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:bearer|basic|digest|token|apikey|api-key|key)[ \t]{1,4}")
        .expect("a constant pattern")
});
/// `${X}`, `$X`, `$(…)`, `{{ … }}`, `<…>`, `%X%`, and nothing but one sign.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\$\{.*|\$\(.*|\$[A-Z_][A-Z0-9_]*|\$env:.*|\{\{.*|<.*|%[A-Za-z_]+%|[*x.•…]+)$")
        .expect("a constant pattern")
});
/// `call(…`, `process.env.X`, `SOME_NAME`.
static EXPRESSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:[A-Za-z_][\w.]*\(.*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+",
        r"|(?:process|import|env|os|config|settings|self|this|secrets|vars?|local|module|props|options|args|ctx|data)\.[\w.]+\[?)$",
    ))
    .expect("a constant pattern")
});

/// What is to be covered, in no order: the values, and wherever one that is long enough stands again.
pub fn covers(text: &str, kind: TextKind) -> Vec<Cover> {
    let mut covers = Vec::new();
    let mut known = BTreeSet::new();
    let mut cover = |range: Range<usize>, is_secret: bool| {
        // The scheme of an authorization is no part of its value.
        let scheme = SCHEME.find(&text[range.clone()]).filter(|scheme| scheme.start() == 0);
        let range = range.start + scheme.map_or(0, |scheme| scheme.end())..range.end;
        let value = &text[range.clone()];
        let is_hidden = match is_secret {
            true => value.len() >= MIN_VALUE_BYTES && !is_elsewhere(value, kind),
            // A message of ours may name a file behind a credential's name.
            false => shape::is_drawn(value) && !(kind == TextKind::Name && value.starts_with('/')),
        };
        if is_hidden {
            covers.push(Cover { range, shown: 0 });
            known.extend(Some(value).filter(|value| value.len() >= TELLING));
        }
    };
    for found in NAMED.captures_iter(text) {
        let (whole, name) = (found.get_match(), &found[1]);
        if let Some(is_secret) = is_secrets_name(name) {
            let starts_line = is_secret && kind == TextKind::Line && starts_line(text, whole.start());
            cover(value(text, whole.end(), starts_line), is_secret);
        }
    }
    for found in OPTION.captures_iter(text) {
        if is_secrets_name(&found[1]) == Some(true) {
            cover(value(text, found.get_match().end(), false), true);
        }
    }
    for (place, behind) in &*PLACED {
        for found in place.find_iter(text) {
            let range = value(text, found.end(), false);
            match behind {
                None => cover(range, true),
                Some(behind) => {
                    let end = text[range.clone()].rfind(*behind).map(|length| range.start + length);
                    end.into_iter().for_each(|end| cover(range.start..end, true));
                }
            }
        }
    }
    SCHEME.find_iter(text).for_each(|found| cover(value(text, found.end(), false), false));
    for value in known.into_iter().take(MAX_KNOWN_VALUES) {
        let places = text.match_indices(value).map(|(at, value)| at..at + value.len());
        let again =
            places.filter(|range| covers.iter().all(|cover| cover.range != *range)).collect::<Vec<_>>();
        covers.extend(again.into_iter().map(|range| Cover { range, shown: 0 }));
    }
    covers
}

/// Whether a name is a secret's, `Some(true)`, or that of a credential, `Some(false)`.
fn is_secrets_name(name: &str) -> Option<bool> {
    let parts = parts(name);
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
    if parts.last().is_some_and(|last| ABOUT.contains(&last.as_str())) {
        return None;
    }
    if has(SECRETS) { Some(true) } else { has(CREDENTIALS).then_some(false) }
}

/// The words of a name, in lower case: `dbPassword`, `DB_PASSWORD` and `db.password` have two.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let splits = !c.is_ascii_alphanumeric() || (was_lower && c.is_ascii_uppercase());
        if splits {
            parts.push(String::new());
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(part) = parts.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            part.push(c.to_ascii_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether nothing but blanks, a dash or `export` stands before a place on its line.
fn starts_line(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit(['\n', '\0']).next().unwrap_or_default();
    matches!(line.trim().trim_start_matches(['-', '"', '\'']).trim(), "" | "export" | "set" | "ENV")
}

/// The value at a place: what is quoted, else what no blank or sign ends; `to_end_of_line` where blanks are a part of it.
fn value(text: &str, at: usize, to_end_of_line: bool) -> Range<usize> {
    let rest = &text[at..];
    let opened = rest.trim_start_matches('\\');
    let quote = opened.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let start =
        at + (rest.len() - opened.len()) * usize::from(quote.is_some()) + quote.map_or(0, char::len_utf8);
    let ends = |c: char| match quote {
        Some(quote) => c == quote || c == '\n',
        None if to_end_of_line => matches!(c, '\n' | '\0' | '"' | '\'' | '`'),
        None => {
            c.is_whitespace()
                || matches!(c, '\0' | ',' | ';' | '&' | ')' | '}' | ']' | '<' | '>' | '"' | '\'' | '`' | '|')
        }
    };
    let length = text[start..].char_indices().find(|&(at, c)| at >= MAX_VALUE_BYTES || ends(c));
    let end = length.map_or(text.len(), |(length, _)| start + length);
    let value = text[start..end].trim_end_matches(['\\', ' ', '\r', '\t']);
    start..start + value.len()
}

/// Whether a value only says where the secret is, or that there is none.
fn is_elsewhere(value: &str, kind: TextKind) -> bool {
    let is_reference = REFERENCE.is_match(value) || (kind == TextKind::Line && EXPRESSION.is_match(value));
    NO_VALUES.iter().any(|word| value.eq_ignore_ascii_case(word)) || (is_reference && !shape::is_drawn(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        covers(text, TextKind::Line).into_iter().map(|cover| &text[cover.range]).collect()
    }

    #[test]
    fn a_password_may_be_a_word() {
        for (text, value) in [
            ("DB_PASSWORD=hunter", "hunter"),
            ("  password: correct horse battery", "correct horse battery"),
            ("{\"dbPassword\": \"horse battery\", \"x\": 1}", "horse battery"),
            ("{\\\"password\\\":\\\"horse\\\"}", "horse"),
            ("<password>horse</password>", "horse"),
            ("mysql --password horse -h db", "horse"),
            ("curl -u ann:horse https://x", "horse"),
            ("postgres://ann:horse@db/x", "horse"),
            ("redis://:horse@db", "horse"),
            ("a=1&client_secret=horse&b=2", "horse"),
            ("conn = \"Server=x;Pwd=horse;Y=z\"", "horse"),
            ("PASSWORD=horse\0HOME=/root", "horse"),
            ("<key>Password</key>\n  <string>horse</string>", "horse"),
            ("define('DB_PASSWORD', 'horse');", "horse"),
            ("- name: DB_PASSWORD\n  value: horse", "horse"),
            ("{\"name\":\"DB_PASSWORD\",\"value\":\"horse\"}", "horse"),
            ("os.environ[\"DB_PASSWORD\"] = \"horse\"", "horse"),
        ] {
            assert_eq!(hidden(text), [value], "{text}");
        }
    }

    #[test]
    fn a_value_is_covered_wherever_it_stands_again() {
        assert_eq!(hidden("x PASSWORD=horses y z=horses ponies"), ["horses", "horses"]);
    }

    #[test]
    fn a_credential_is_what_nobody_would_type() {
        assert_eq!(hidden("token: a1b2c3"), ["a1b2c3"]);
        assert_eq!(hidden("Authorization: Basic YW5uOng6eQ"), ["YW5uOng6eQ"]);
        for text in ["token: string", "Bearer token", "key = name", "the key is here"] {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_says_where_the_secret_is_stays() {
        for text in [
            "password: ${DB_PASSWORD}",
            "password = process.env.PASSWORD",
            "secret: getSecret('x')",
            "password: null",
            "SECRET=$OTHER",
            "password: {{ vault }}",
            "password_hint: horse",
            "PASSWORD=********",
            "bypass: always",
            "compass: north",
        ] {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
    }
}
