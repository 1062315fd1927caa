//! Compiles patterns written for Go's RE2, which is what Gitleaks' rules are, with the `regex` crate.

use regex::bytes::{Regex, RegexBuilder};

/// Real rules repeat classes up to a thousand times.
const MAX_PATTERN_BYTES: usize = 256 << 20;

/// Compiles one pattern. `\w`, `\d`, `\s` and `\b` are ASCII, as in RE2, unless the pattern needs Unicode.
///
/// # Errors
/// The `regex` crate's message when the pattern is not valid.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let pattern = from_re2(pattern);
    let build = |unicode| RegexBuilder::new(&pattern).unicode(unicode).size_limit(MAX_PATTERN_BYTES).build();
    build(false).or_else(|_| build(true)).map_err(|error| krea_scan_files::parse_error::regex(&error))
}

/// RE2 takes a brace that opens no repetition, and a bracket inside a class, literally.
fn from_re2(pattern: &str) -> String {
    let bytes: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 8);
    let (mut at, mut class) = (0, false);
    while at < bytes.len() {
        let c = bytes[at];
        match c {
            '\\' => {
                out.push(c);
                at += 1;
                // `\z` is the same in both; a lone backslash at the end is left for the compiler to reject.
                if let Some(&next) = bytes.get(at) {
                    out.push(next);
                    // The braces of `\x{…}` and `\p{…}` are no repetition.
                    if matches!(next, 'x' | 'p' | 'P' | 'u') && bytes.get(at + 1) == Some(&'{') {
                        while let Some(&inner) = bytes.get(at + 1) {
                            out.push(inner);
                            at += 1;
                            if inner == '}' {
                                break;
                            }
                        }
                    }
                }
            }
            '[' if class && bytes.get(at + 1) == Some(&':') => {
                while let Some(&inner) = bytes.get(at) {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                    at += 1;
                }
            }
            '[' if class => out.push_str("\\["),
            '[' => {
                class = true;
                out.push(c);
                if bytes.get(at + 1) == Some(&'^') {
                    out.push('^');
                    at += 1;
                }
                // A bracket that closes right away is a member.
                if bytes.get(at + 1) == Some(&']') {
                    out.push_str("\\]");
                    at += 1;
                }
            }
            ']' if class => {
                class = false;
                out.push(c);
            }
            '&' | '~' if class && bytes.get(at + 1) == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            '{' if !class && !is_repetition(&bytes[at + 1..]) => out.push_str("\\{"),
            _ => out.push(c),
        }
        at += 1;
    }
    out
}

/// `3}`, `3,}`, `3,5}`
fn is_repetition(rest: &[char]) -> bool {
    let Some(close) = rest.iter().position(|&c| c == '}') else { return false };
    let inside = &rest[..close];
    inside.first().is_some_and(char::is_ascii_digit)
        && inside.iter().all(|c| c.is_ascii_digit() || *c == ',')
        && inside.iter().filter(|&&c| c == ',').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_re2_takes_is_taken() {
        for (pattern, text) in [
            (r"^\${(?:[A-Z_]+)}$", "${HOME}"),
            (r"[[:alnum:]]{3}", "a1b"),
            (r"[a[]+", "a["),
            (r"[]a]+", "]a"),
            (r"^\{\{[ \t]*[\w ().|]+[ \t]*}}$", "{{ x }}"),
            (r"\x{41}", "A"),
            (r"a{2,3}", "aaa"),
            (r"a{,3}", "a{,3}"),
            (r"\p{L}", "é"),
        ] {
            let regex = compile(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(regex.find(text.as_bytes()).map(|m| m.as_bytes()), Some(text.as_bytes()), "{pattern}");
        }
        assert!(compile("(").is_err());
    }
}
