//! Undoes the escapes that source code, JSON, URLs, properties files and markup put around or into a value:
//! `\"`, `\/`, `\:`, `\n`, `\u003a`, `\x3a`, `\u{3a}`, `%3A`, `&#58;`, and a backslash at a line's end.
//!
//! Nested quoting (JSON in JSON) is undone layer by layer. What is no valid escape stays as it is.

use super::{Text, TextBuilder};

/// More layers of quoting than this are left as they are.
const MAX_LAYERS: usize = 4;

/// The text without its escapes, or `None` when it has none.
pub fn unescape<'a>(text: &Text<'a>) -> Option<Text<'a>> {
    let mut current: Option<Text<'a>> = None;
    for _ in 0..MAX_LAYERS {
        match undo_one_layer(current.as_ref().unwrap_or(text)) {
            Some(next) => current = Some(next),
            None => break,
        }
    }
    current
}

fn undo_one_layer<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let mut out: Option<TextBuilder> = None;
    let mut copied = 0;
    let mut from = 0;
    while let Some(found) = memchr::memchr3(b'\\', b'%', b'&', &bytes[from..]) {
        let at = from + found;
        match decode(&bytes[at..]) {
            Some(Escape { character, length }) => {
                let out = out.get_or_insert_default();
                out.push(&bytes[copied..at], copied, 1);
                if let Some(character) = character {
                    out.push(&[character], at, 0);
                }
                copied = at + length;
                from = copied;
            }
            None => from = at + 1,
        }
    }
    let mut out = out?;
    out.push(&bytes[copied..], copied, 1);
    Some(text.derive(out))
}

/// An escape at the start of some bytes: what it stands for (nothing, for a joined line) and its length.
struct Escape {
    character: Option<u8>,
    length: usize,
}

fn decode(bytes: &[u8]) -> Option<Escape> {
    let found = |character, length| Some(Escape { character: Some(character), length });
    match bytes {
        [b'\\', b'\r', b'\n', ..] => Some(joined_line(bytes, 3)),
        [b'\\', b'\n', ..] => Some(joined_line(bytes, 2)),
        [b'\\', b'n' | b'r', ..] => found(b'\n', 2),
        [b'\\', b't', ..] => found(b'\t', 2),
        [
            b'\\',
            c @ (b'"' | b'\'' | b'`' | b'\\' | b'/' | b':' | b'=' | b'+' | b'-' | b'_' | b'&' | b'$'),
            ..,
        ] => found(*c, 2),
        [b'\\', b'u', b'{', rest @ ..] => {
            let close = rest.iter().take(7).position(|&b| b == b'}')?;
            found(printable(hex(&rest[..close])?)?, close + 4)
        }
        [b'\\', b'u', digits @ ..] => found(printable(hex(digits.get(..4)?)?)?, 6),
        [b'\\', b'x', digits @ ..] => found(printable(hex(digits.get(..2)?)?)?, 4),
        [b'%', digits @ ..] => found(printable(hex(digits.get(..2)?)?)?, 3),
        [b'&', rest @ ..] => {
            let close = rest.iter().take(8).position(|&b| b == b';')?;
            found(entity(&rest[..close])?, close + 2)
        }
        _ => None,
    }
}

/// A backslash at a line's end joins the lines: with nothing between them inside a word, else with a space, so
/// that the indentation of the second line never becomes a part of a value.
fn joined_line(bytes: &[u8], newline: usize) -> Escape {
    let indent = bytes[newline..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    Escape { character: (indent > 0).then_some(b' '), length: newline + indent }
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Only what can be part of a token, its name or its surroundings is decoded; the rest keeps its escape.
fn printable(code: u32) -> Option<u8> {
    match u8::try_from(code).ok()? {
        c @ (b'\n' | b'\t' | 0x20..=0x7e) => Some(c),
        b'\r' => Some(b'\n'),
        _ => None,
    }
}

fn entity(name: &[u8]) -> Option<u8> {
    match name {
        b"quot" => Some(b'"'),
        b"apos" => Some(b'\''),
        b"amp" => Some(b'&'),
        b"lt" => Some(b'<'),
        b"gt" => Some(b'>'),
        b"colon" => Some(b':'),
        b"equals" => Some(b'='),
        b"plus" => Some(b'+'),
        b"sol" => Some(b'/'),
        b"nbsp" => Some(b' '),
        [b'#', b'x' | b'X', digits @ ..] => printable(hex(digits)?),
        [b'#', digits @ ..] => printable(std::str::from_utf8(digits).ok()?.parse().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(text: &str) -> String {
        let plain = Text::plain(text.as_bytes());
        let text = unescape(&plain).unwrap_or(plain);
        String::from_utf8(text.bytes().to_vec()).expect("UTF-8")
    }

    #[test]
    fn every_escape_of_a_colon_is_undone() {
        for escaped in [
            r"a\:b",
            r"a\u003ab",
            r"a\u003Ab",
            r"a\x3ab",
            r"a\u{3a}b",
            "a%3Ab",
            "a&#58;b",
            "a&#x3a;b",
            "a&colon;b",
        ] {
            assert_eq!(undone(escaped), "a:b", "{escaped}");
        }
    }

    #[test]
    fn nested_quotes_are_undone_to_the_bottom() {
        assert_eq!(undone(r#"{\\\"key\\\":\\\"v\\\"}"#), r#"{"key":"v"}"#);
        assert_eq!(undone(r#""A=1\nB=2""#), "\"A=1\nB=2\"");
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in ["100%", "%zz", r"C:\users", "a & b", "&unknown;", r"\u12", "%e4"] {
            assert_eq!(undone(text), text);
        }
    }

    #[test]
    fn joined_lines_lose_their_indentation() {
        assert_eq!(undone("curl \\\n   -H x"), "curl  -H x");
        assert_eq!(undone("abc\\\ndef"), "abcdef");
    }

    #[test]
    fn offsets_point_into_the_file() {
        let plain = Text::plain(br#"x\u003a\"yz"#);
        let text = unescape(&plain).expect("escapes");
        assert_eq!(text.bytes(), b"x:\"yz");
        assert_eq!((0..5).map(|at| text.origin(at)).collect::<Vec<_>>(), [0, 1, 7, 9, 10]);
    }
}
