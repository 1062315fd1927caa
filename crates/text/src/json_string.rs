//! The text of a JSON string, and where each byte of it stands in the JSON (RFC 8259, section 7).
//!
//! A string may be a whole file of many megabytes. So no map is kept: a place is found by going through the string once
//! more, which only what was found costs.

use crate::escapes::hex;

/// Where the closing quote of the JSON string is whose first character is at `at`.
pub fn end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    loop {
        end += memchr::memchr2(b'"', b'\\', bytes.get(end..)?)?;
        match bytes[end] {
            b'"' => return Some(end),
            _ => end += 2,
        }
    }
}

/// The text of a JSON string, given without its quotes. A lone surrogate becomes U+FFFD, what is no escape stays.
pub fn text(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    walk(raw, |_, piece| {
        text.extend_from_slice(piece);
        true
    });
    text
}

/// Where in the JSON string the bytes at these places of its text stand. The places must be sorted; the end of the text
/// stands at the end of the string.
pub fn origins(raw: &[u8], places: &[usize]) -> Vec<usize> {
    let mut origins = Vec::with_capacity(places.len());
    let mut length = 0;
    walk(raw, |start, piece| {
        let is_plain = raw.get(start..start + piece.len()) == Some(piece);
        while let Some(&at) = places.get(origins.len()).filter(|&&at| at < length + piece.len()) {
            origins.push(if is_plain { start + (at - length) } else { start });
        }
        length += piece.len();
        origins.len() < places.len()
    });
    origins.resize(places.len(), raw.len());
    origins
}

/// Goes through a string piece by piece: where each starts, and what it says. `each` says whether to go on.
fn walk(raw: &[u8], mut each: impl FnMut(usize, &[u8]) -> bool) {
    let mut at = 0;
    while at < raw.len() {
        let plain = memchr::memchr(b'\\', &raw[at..]).unwrap_or(raw.len() - at);
        if plain > 0 {
            if !each(at, &raw[at..at + plain]) {
                return;
            }
            at += plain;
            continue;
        }
        let mut utf8 = [0; 4];
        let (character, length) = escape(&raw[at..]);
        let go_on = match character {
            Some(character) => each(at, character.encode_utf8(&mut utf8).as_bytes()),
            None => each(at, &raw[at..at + length]),
        };
        if !go_on {
            return;
        }
        at += length;
    }
}

/// The escape at the start of some bytes, and its length.
fn escape(bytes: &[u8]) -> (Option<char>, usize) {
    let simple = match bytes.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(&c @ (b'"' | b'\\' | b'/')) => char::from(c),
        Some(b'u') => {
            let Some(unit) = unit(bytes) else { return (None, 2) };
            let low = (0xd800..0xdc00).contains(&unit).then(|| bytes.get(6..).and_then(self::unit)).flatten();
            return match low.filter(|low| (0xdc00..0xe000).contains(low)) {
                Some(low) => (char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)), 12),
                None => (Some(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)), 6),
            };
        }
        Some(_) => return (None, 2),
        None => return (None, 1),
    };
    (Some(simple), 2)
}

/// The unit of UTF-16 that `\u1234` at the start of some bytes stands for.
fn unit(bytes: &[u8]) -> Option<u32> {
    hex(bytes.strip_prefix(b"\\u")?.get(..4)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_undone() {
        let raw = br#"a\"\\\/\b\f\n\r\tb\u003a\u00e9\ud83d\ude00c"#;
        assert_eq!(String::from_utf8(text(raw)).unwrap(), "a\"\\/\u{8}\u{c}\n\r\tb:\u{e9}\u{1f600}c");
    }

    #[test]
    fn what_is_no_escape_stays() {
        for raw in ["\\", "\\q", "\\u12", "\\uzzzz", "a\\"] {
            assert_eq!(text(raw.as_bytes()), raw.as_bytes());
        }
        assert_eq!(text(br"\ud83dx"), "\u{fffd}x".as_bytes());
        assert_eq!(text(br"\ud83d\u0041"), "\u{fffd}A".as_bytes());
    }

    #[test]
    fn each_byte_knows_where_it_stands() {
        let raw = br"ab\n\u00e9c\ud83d\ude00d";
        assert_eq!(text(raw), "ab\n\u{e9}c\u{1f600}d".as_bytes());
        let places: Vec<usize> = (0..=text(raw).len()).collect();
        assert_eq!(origins(raw, &places), [0, 1, 2, 4, 4, 10, 11, 11, 11, 11, 23, 24]);
    }
}
