//! The names that lead to a value: from the value backwards, over quotes, operators, types and calls, to the
//! identifier that it is assigned to, passed under or sent as.
//!
//! `process.env.KREA_API_KEY ?? "…"`, `<key>KreaApiKey</key>\n<string>…`, `ENV KREA_API_KEY …` and
//! `-H "Authorization: Bearer …"` all end at a name.

use crate::detect::names::{self, NameKind};

/// How far back a name may stand, in bytes.
const REACH: usize = 400;
/// How many identifiers are looked at.
const MAX_NAMES: usize = 14;
/// A longer identifier is no name.
const MAX_NAME: usize = 100;

/// What the names before a value say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The name that settled it, as it is written.
    pub decided: Option<(NameKind, String)>,
    /// A credential's name, or an authorization scheme, stands between the value and that name.
    pub credential: bool,
    /// The value is sent as `Authorization`, or behind `Bearer` or `Basic`.
    pub authorization: bool,
    /// The nearest name, whatever it says.
    pub nearest: Option<String>,
    /// All names that were passed, nearest first.
    pub passed: Vec<String>,
}

impl Chain {
    /// The kind of the deciding name.
    pub fn kind(&self) -> Option<NameKind> {
        self.decided.as_ref().map(|(kind, _)| *kind)
    }
}

/// What an identifier consists of, dotted paths, options (`--api-key`) and host names included.
pub fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'$') || b >= 0x80
}

/// Reads the names before the value that starts at `at`.
pub fn before(text: &[u8], at: usize) -> Chain {
    let mut chain = Chain::default();
    let limit = at.saturating_sub(REACH);
    let (mut end, mut operator, mut newlines) = (at, false, 0);
    for _ in 0..MAX_NAMES {
        let name_end = end - text[limit..end].iter().rev().take_while(|&&b| !is_name_byte(b)).count();
        let gap = &text[name_end..end];
        if name_end == limit || !leads_on(gap, &text[limit..name_end], operator, &mut newlines) {
            break;
        }
        operator |= gap.iter().any(|b| matches!(b, b'=' | b':' | b'>'));
        let start = name_end - text[limit..name_end].iter().rev().take_while(|&&b| is_name_byte(b)).count();
        let name = String::from_utf8_lossy(&text[start..name_end]).into_owned();
        if name.len() > MAX_NAME {
            break;
        }
        // A part of a path or a URL names a place, not a value.
        if text[limit..start].ends_with(b"/") && !text[limit..start].ends_with(b"</") {
            break;
        }
        let kind = names::classify(&name);
        if kind == NameKind::OtherService && names::is_random(&name) {
            break;
        }
        let bare = name.trim_start_matches(['-', '$', '.']);
        chain.authorization |=
            ["authorization", "bearer", "basic"].iter().any(|w| bare.eq_ignore_ascii_case(w));
        chain.credential |=
            kind == NameKind::Credential || (kind == NameKind::Krea && names::ends_like_credential(&name));
        chain.nearest.get_or_insert_with(|| name.clone());
        match kind {
            NameKind::Credential | NameKind::Neutral => chain.passed.push(name),
            // `Key uuid:hex` is how fal.ai wants it; a lone service name in running text decides nothing.
            _ => {
                chain.decided = Some((kind, name));
                break;
            }
        }
        end = start;
    }
    chain
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
    fn chain(text: &str) -> Chain {
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
        for text in ["FAL_KEY=@", "fal: { key: \"@", "fal.config({ credentials: \"@"] {
            assert_eq!(chain(text).kind(), Some(NameKind::OtherService), "{text}");
        }
    }

    #[test]
    fn an_authorization_header_is_told() {
        let chain = chain("-H \"Authorization: Bearer @");
        assert!(chain.authorization && chain.credential);
    }
}
