//! The names that lead to a value: from the value backwards, over quotes, operators, types and calls, to the
//! identifier that it is assigned to, passed under or sent as.
//!
//! `process.env.KREA_API_KEY ?? "…"`, `<key>KreaApiKey</key>\n<string>…`, `ENV KREA_API_KEY …` and
//! `-H "Authorization: Bearer …"` all end at a name.

use super::lines::line_range;
use crate::names::{self, NameKind};
use crate::vocabulary::vocabulary;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far back a name may stand, in bytes.
const REACH: usize = 400;
/// How many identifiers are looked at.
const MAX_NAMES: usize = 14;
/// How many words may stand between the name of a store and that of a key in it.
const WORDS_BETWEEN: usize = 1;
/// What a value is compared to is no longer, in bytes.
const MAX_COMPARISON_BYTES: usize = 200;
/// The end of a value in quotes that is compared to a name, or to what has one in a map. The name is captured.
static COMPARED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"^(?-u)["'`]\s?(?:[!=]==?|is|equals|-eq)\s{1,3}(?:[A-Za-z_$][\w.$]{0,60}[\[(]["'])?([A-Za-z_$][\w.$-]{2,80})(?:["'][\])])?(?:[\s;,)\]]|$)"#,
    )
    .expect("a constant pattern")
});
/// How many lines above what an assertion shows it may stand itself.
const ASSERTION_LINES: usize = 4;
/// A longer identifier is no name.
const MAX_NAME: usize = 100;

/// What the names before a value say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The name that settled it, as it is written.
    pub decided: Option<(NameKind, String)>,
    /// A credential's name, or an authorization scheme, stands between the value and that name.
    pub credential: bool,
    /// The value is sent as `Authorization`, or behind `Bearer` or `Basic`.
    pub authorization: bool,
    /// The value stands behind a scheme of another service's: `Authorization: Key …`.
    pub foreign_scheme: bool,
    /// The name, or what is done with it, says that the value is no credential: `cache key=`, `sha256(KREA_API_KEY) =`.
    pub no_credential: bool,
    /// The nearest name, whatever it says.
    pub nearest: Option<String>,
    /// Where the nearest name stands.
    pub nearest_at: usize,
    /// All names that were passed, nearest first.
    pub passed: Vec<String>,
}

impl Assignment {
    /// The kind of the deciding name.
    pub fn kind(&self) -> Option<NameKind> {
        self.decided.as_ref().map(|(kind, _)| *kind)
    }

    /// The variable that the value is assigned to by `=` or `:=`, and where it stands.
    pub fn variable<'a>(&'a self, text: &[u8], at: usize) -> Option<(&'a str, usize)> {
        let name = self.nearest.as_deref()?;
        let end = self.nearest_at + name.len();
        let gap = text.get(end..at)?;
        let assigns =
            gap.iter().filter(|b| **b == b'=').count() == 1 && !gap.contains(&b'>') && !gap.contains(&b'(');
        let bare = name.rsplit('.').next().unwrap_or(name).trim_start_matches('$');
        let is_plain =
            bare.len() >= SHORTEST_VARIABLE && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (assigns && is_plain).then_some((bare, self.nearest_at))
    }
}

/// Shorter variables are used for too much, in bytes.
pub const SHORTEST_VARIABLE: usize = 3;

/// What an identifier consists of, dotted paths, options (`--api-key`) and host names included.
pub fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'$') || b >= 0x80
}

/// Reads the names before the value that starts at `at`.
pub fn before(text: &[u8], at: usize) -> Assignment {
    let mut found = Assignment::default();
    let limit = at.saturating_sub(REACH);
    let (mut end, mut operator, mut newlines) = (before_reference(&text[limit..at]) + limit, false, 0);
    for _ in 0..MAX_NAMES {
        let name_end = end - text[limit..end].iter().rev().take_while(|&&b| !is_name_byte(b)).count();
        let gap = &text[name_end..end];
        if let Some(start) = replaced_value(&text[limit..name_end], gap) {
            end = limit + start;
            continue;
        }
        if name_end == limit || !leads_on(gap, &text[limit..name_end], operator, &mut newlines) {
            break;
        }
        // What an object is called speaks behind its members, if the value has a name in it.
        if found.credential && operator && gap.contains(&b'{') && gap.contains(&b':') {
            break;
        }
        operator |= gap.iter().any(|b| matches!(b, b'=' | b':' | b'>'));
        let start = name_end - text[limit..name_end].iter().rev().take_while(|&&b| is_name_byte(b)).count();
        let start = start + glued_option(&text[limit..start], &text[start..name_end], gap);
        let name = String::from_utf8_lossy(&text[start..name_end]).into_owned();
        if name.len() > MAX_NAME {
            break;
        }
        // A part of a path or a URL names a place, not a value.
        if text[limit..start].ends_with(b"/") && !text[limit..start].ends_with(b"</") {
            break;
        }
        // The end of the element that holds the name: `<Key>UserName</Key><Value>`.
        if found.passed.len() == 1 && text[limit..start].ends_with(b"</") {
            end = start;
            continue;
        }
        // The value of another assignment: `user=krea password=…`.
        if operator && gap.iter().all(|b| *b == b' ') && text[limit..start].ends_with(b"=") {
            break;
        }
        let kind = names::classify(&name);
        if kind == NameKind::OtherService && names::is_random(&name) {
            break;
        }
        // In binary data the string before is another value, unless it is the name of a credential.
        if gap.iter().any(is_control) && kind == NameKind::OtherService && !names::ends_like_credential(&name)
        {
            break;
        }
        let bare = name.trim_start_matches(['-', '$', '.']);
        let is_scheme = ["authorization", "bearer", "basic"].iter().any(|w| bare.eq_ignore_ascii_case(w))
            || names::words(bare).last().is_some_and(|word| word == "bearer")
            || (found.nearest.is_none() && gap.starts_with(b"(") && sets_a_credential(bare));
        found.authorization |= is_scheme;
        found.foreign_scheme |= found.nearest.is_none()
            && vocabulary().is_foreign_scheme(bare)
            && gap == b" "
            && ends_like_header(&text[limit..start]);
        found.credential |= is_scheme
            || kind == NameKind::Credential
            || (kind == NameKind::Krea && names::ends_like_credential(&name));
        found.no_credential |= is_digested(&text[limit..start], gap)
            || (found.nearest.is_none() && is_of_another_key(&text[limit..start], &name));
        if found.nearest.is_none() {
            (found.nearest, found.nearest_at) = (Some(name.clone()), start);
        }
        match kind {
            NameKind::Credential | NameKind::Neutral => found.passed.push(name),
            // `Key uuid:hex` is how fal.ai wants it; a lone service name in running text decides nothing.
            _ => {
                found.decided = Some((kind, name));
                break;
            }
        }
        end = start;
    }
    found
}

/// What a value was called that a failed assertion shows, as pytest tells it: `> assert a.key == b`, and some lines below
/// `E AssertionError: assert '…' == '…'`, the two values in the order of the two names.
pub fn asserted(text: &[u8], span: &Range<usize>) -> Option<Assignment> {
    let line = line_range(text, span.start);
    let values = sides(&text[line.clone()])?;
    let at = span.start.checked_sub(line.start)?;
    let side = values.iter().position(|side| side.contains(&at))?;
    let (mut above, mut lines) = (line, 0);
    let names = loop {
        above = line_range(text, above.start.checked_sub(1)?);
        lines += 1;
        match sides(&text[above.clone()]) {
            Some(names) => break names,
            None if lines < ASSERTION_LINES => {}
            None => return None,
        }
    };
    let said = &text[above.start + names[side].start..above.start + names[side].end];
    let named = said.split(|b| !is_name_byte(*b)).map(String::from_utf8_lossy);
    let name = named.rev().find(|name| names::ends_like_credential(name))?.into_owned();
    Some(Assignment {
        decided: Some((names::classify(&name), name.clone())),
        credential: true,
        nearest_at: above.start + names[side].start,
        nearest: Some(name),
        ..Assignment::default()
    })
}

/// The two sides of what a line asserts to be equal.
fn sides(line: &[u8]) -> Option<[Range<usize>; 2]> {
    let is_mark = |b: &u8| matches!(b, b'>' | b'E' | b'+' | b'-' | b' ' | b'\t');
    let marks = line.iter().take_while(|b| is_mark(b)).count();
    let name = if line[marks..].starts_with(b"AssertionError: ") { b"AssertionError: ".len() } else { 0 };
    let start = marks + name + line[marks + name..].strip_prefix(b"assert ").map(|_| b"assert ".len())?;
    let middle = start + memchr::memmem::find(&line[start..], b" == ")?;
    Some([start..middle, middle + 4..line.len()])
}

/// What a value that ends at `end` is compared to, where that is a credential's name: `'…' == os.environ['KREA_API_KEY']`.
pub fn compared(text: &[u8], end: usize) -> Option<Assignment> {
    let line = &text[end..text.len().min(end + MAX_COMPARISON_BYTES)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let other = COMPARED.captures(line)?.get(1)?;
    let (start, name) = (end + other.start(), String::from_utf8_lossy(other.as_bytes()).into_owned());
    let kind = names::classify(&name);
    names::ends_like_credential(&name).then(|| Assignment {
        decided: Some((kind, name.clone())),
        credential: true,
        nearest: Some(name),
        nearest_at: start,
        ..Assignment::default()
    })
}

/// Where the reference starts that a text ends with, and what is put before a value by it: `${1}`, `${PREFIX}`, `$<name>`,
/// `\g<1>`. Without one, the end of the text.
fn before_reference(text: &[u8]) -> usize {
    let (open, close): (&[&[u8]], usize) = match text.last() {
        Some(b'}') => (&[b"${"], 1),
        Some(b'>') => (&[b"$<", b"\\g<"], 1),
        _ => return text.len(),
    };
    let inside = &text[..text.len() - close];
    let length = inside.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let before = &inside[..inside.len() - length];
    let start = open.iter().find_map(|open| before.strip_suffix(*open)).map(<[u8]>::len);
    start.filter(|_| length > 0).unwrap_or(text.len())
}

/// How long the option is that a name is glued to: ` -Dkrea.api.key=…`, ` -PkreaKey=…`, ` -eKREA_API_KEY=…`.
fn glued_option(before: &[u8], name: &[u8], gap: &[u8]) -> usize {
    let is_argument = before.last().is_some_and(|b| matches!(b, b' ' | b'\t' | b'"' | b'\''));
    match *name {
        [b'-', letter, first, ..]
            if is_argument
                && gap.starts_with(b"=")
                && (letter.is_ascii_uppercase() && first.is_ascii_lowercase()
                    || letter.is_ascii_lowercase() && first.is_ascii_uppercase()) =>
        {
            2
        }
        _ => 0,
    }
}

/// `withToken(`, `setBearer(`, `addAuth(`
fn sets_a_credential(name: &str) -> bool {
    let words = names::words(name);
    matches!(words.first().map(String::as_str), Some("with" | "set" | "add" | "use"))
        && words.last().is_some_and(|last| vocabulary().word(last).credential)
}

/// Whether a byte stands in no text.
pub fn is_control(b: &u8) -> bool {
    *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x1b)
}

/// Where the value starts that another one replaces: `"old" -> "new"`. Both have one name.
fn replaced_value(before: &[u8], gap: &[u8]) -> Option<usize> {
    let gap = gap.trim_ascii();
    let gap = gap.strip_suffix(b"\"").or(gap.strip_suffix(b"'")).unwrap_or(gap).trim_ascii_end();
    if !gap.ends_with(b">") {
        return None;
    }
    let arrow = before.ends_with(b"-") || gap.windows(2).any(|w| w == b"->");
    let text = before.strip_suffix(b"-").unwrap_or(before).trim_ascii_end();
    let text = text.strip_suffix(b"\"").or(text.strip_suffix(b"'")).unwrap_or(text);
    let length =
        text.iter().rev().take_while(|b| is_name_byte(**b) || matches!(b, b':' | b'/' | b'+' | b'=')).count();
    let value = &text[text.len() - length..];
    (arrow && length >= 16 && names::is_random(&String::from_utf8_lossy(value))).then(|| text.len() - length)
}

/// Whether an authorization scheme would follow here: `Authorization: `, `"Authorization": "`.
fn ends_like_header(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let is_mark = |b: &&u8| matches!(**b, b'"' | b'\'' | b'`' | b':' | b'=' | b' ' | b',' | b'[' | b'(');
    let end = before.len() - before.iter().rev().take_while(is_mark).count();
    let name = &before[end.saturating_sub(13)..end];
    name.len() == 13 && name.eq_ignore_ascii_case(b"authorization")
}

/// Whether a name is given to a function whose result is no longer what it was given: `sha256(KREA_API_KEY) = `.
fn is_digested(before: &[u8], gap: &[u8]) -> bool {
    let closes = gap.iter().find(|b| !matches!(b, b'"' | b'\'' | b'`' | b' ')) == Some(&b')');
    let before = before.trim_ascii_end();
    let before = before.strip_suffix(b"\"").or(before.strip_suffix(b"'")).unwrap_or(before);
    let Some(before) = before.strip_suffix(b"(").filter(|_| closes) else { return false };
    let length = before.iter().rev().take_while(|b| is_name_byte(**b)).count();
    let function = String::from_utf8_lossy(&before[before.len() - length..]);
    names::words(&function).iter().any(|word| vocabulary().word(word).digest)
}

/// Whether a key's name, or the word before it, says that the key is no credential: `cache_key`, `cache key`.
fn is_of_another_key(before: &[u8], name: &str) -> bool {
    if names::is_other_key(name) {
        return true;
    }
    let is_key = names::words(name).first().is_some_and(|first| vocabulary().word(first).credential);
    let Some(before) = before.strip_suffix(b" ").filter(|_| is_key) else { return false };
    let line = memchr::memrchr(b'\n', before).map_or(before, |newline| &before[newline + 1..]);
    let words =
        line.rsplit(|b| !b.is_ascii_alphanumeric()).map(|word| String::from_utf8_lossy(word).to_lowercase());
    // What happened to it may stand between: `cache miss key=`.
    let mut near = words.take(1 + WORDS_BETWEEN).take_while(|word| !names::says_krea(word));
    near.next().is_some_and(|word| vocabulary().word(&word).not_credential_key)
        || near.next().is_some_and(|word| names::names_a_store(&word))
}

/// Whether what stands between a name and the next one (or the value) still leads from one to the other.
fn leads_on(gap: &[u8], before: &[u8], operator: bool, newlines: &mut usize) -> bool {
    for (i, &b) in gap.iter().enumerate() {
        match b {
            b';' | b'}' | b'#' | b'^' => return false,
            b',' if operator => return false,
            // The next row: `('a', 'b'), ('c', 'd')`.
            b'(' | b'[' if ends_a_row(&gap[..i]) => return false,
            b'&' if !before_ampersand_is_type(&gap[..i]) => return false,
            b'\n' => {
                *newlines += 1;
                // A value on the next line needs something that asks for it on this one. A quote alone closes what
                // stands before it.
                let line = gap[..i].trim_ascii_end();
                let asks = match line.last() {
                    Some(b) => {
                        matches!(b, b'=' | b':' | b'(' | b'[' | b'{' | b',' | b'|' | b'>' | b'+' | b'?')
                            || (matches!(b, b'"' | b'`' | b'\'') && line.len() > 1)
                    }
                    // Only the name itself ends the line: `>-` and the like are name bytes.
                    None => before.ends_with(b"-") || before.ends_with(b">"),
                };
                if *newlines > 3 || !asks || line.ends_with(b"\",") && operator {
                    return false;
                }
            }
            _ => {}
        }
    }
    gap.len() <= 120
}

/// A closing bracket and a comma, which an opening bracket follows.
fn ends_a_row(before: &[u8]) -> bool {
    let comma = before.trim_ascii_end().strip_suffix(b",");
    comma.is_some_and(|row| matches!(row.trim_ascii_end().last(), Some(b')' | b']')))
}

/// `key: &str`, `key: &'static str`, and `a && b` is neither.
fn before_ampersand_is_type(before: &[u8]) -> bool {
    before.trim_ascii_end().last().is_some_and(|b| matches!(b, b':' | b'<' | b'('))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The chain of the value that stands at `@`.
    fn chain(text: &str) -> Assignment {
        before(text.as_bytes(), text.find('@').expect("a marked value"))
    }

    #[test]
    fn names_are_found_through_every_language() {
        for text in [
            "KREA_API_KEY=@",
            "export KREA_API_KEY=\"@",
            "ENV KREA_API_KEY @",
            "KREA_API_KEY: >-\n  @",
            "KREA_API_KEY: |\n  @",
            "KREA_API_KEY = (\n    \"@",
            "$env:KREA_API_KEY = '@",
            "os.environ.get(\"KREA_API_KEY\", \"@",
            "os.environ.get(\n    \"KREA_API_KEY\",\n    \"@",
            "process.env.KREA_API_KEY ?? \"@",
            "std::env::var(\"KREA_API_KEY\").unwrap_or(\"@",
            "${KREA_API_KEY:-@",
            "const KREA_API_KEY: &'static str = \"@",
            "private static final String KREA_API_KEY = \"@",
            "<string name=\"KREA_API_KEY\">@",
            "<key>KREA_API_KEY</key>\n\t<string>@",
            "<add key=\"KREA_API_KEY\" value=\"@",
            "('KREA_API_KEY', '@",
            "| KREA_API_KEY | `@",
            "#define KREA_API_KEY \"@",
            "gh secret set KREA_API_KEY --body \"@",
            ": 1718000000:0;KREA_API_KEY=@",
            "{\"a\":{\"KREA_API_KEY\":\"@",
        ] {
            let chain = chain(text);
            assert_eq!(chain.kind(), Some(NameKind::Krea), "{text}: {chain:?}");
            assert!(chain.credential, "{text}");
        }
    }

    #[test]
    fn another_statement_or_member_is_not_the_name() {
        for text in [
            "KREA_API_KEY=$X; y=\"@",
            "KREA_API_KEY=1\nfoo @",
            "{model: \"krea\", apiKey: \"@",
            "krea && x=\"@",
            "a: krea\n@",
            "\"krea\"\nf(\"@",
            "('x', 'krea'), ('@",
        ] {
            assert_ne!(chain(text).kind(), Some(NameKind::Krea), "{text}");
        }
    }

    #[test]
    fn another_service_s_name_is_told() {
        for text in ["FAL_KEY=@", "fal: { x: \"@", "fal.config({ credentials: \"@"] {
            assert_eq!(chain(text).kind(), Some(NameKind::OtherService), "{text}");
        }
    }

    #[test]
    fn an_authorization_header_is_told() {
        let chain = chain("-H \"Authorization: Bearer @");
        assert!(chain.authorization && chain.credential);
    }
}
