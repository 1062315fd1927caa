//! UTF-16 to UTF-8, with or without a byte order mark, and UTF-16 strings inside binaries.
//!
//! UTF-8 and every superset of ASCII (Latin-1, Windows-1252, …) is searched as it is: tokens are ASCII.

use super::{Step, Text, TextBuilder};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// How much of a file decides whether it is UTF-16 without a mark.
const SAMPLE: usize = 4096;

/// Runs of ASCII in UTF-16, as compilers and resource editors put them into binaries. Little-endian runs only:
/// a big-endian run, read from its second byte on, is one as well.
static WIDE_RUN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)(?:[\x20-\x7e\t\r\n]\x00){8,}[\x20-\x7e]?").expect("a constant pattern")
});

/// The encoding of a file that is UTF-16 as a whole.
pub fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let sample = &bytes[..bytes.len().min(SAMPLE) & !1];
    let (mut even, mut odd) = (0, 0);
    for pair in sample.chunks_exact(2) {
        even += usize::from(pair[0] == 0 && pair[1] != 0);
        odd += usize::from(pair[1] == 0 && pair[0] != 0);
    }
    let pairs = sample.len() / 2;
    if pairs < 8 {
        None
    } else if odd * 2 > pairs && even * 16 < pairs {
        Some(UTF_16LE)
    } else if even * 2 > pairs && odd * 16 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Decodes a file that is UTF-16 as a whole. A byte order mark is left out, a lone surrogate becomes U+FFFD.
pub fn decode_utf16(bytes: &[u8], encoding: &'static Encoding) -> Text<'static> {
    let little = encoding == UTF_16LE;
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| {
            if little {
                u16::from_le_bytes([pair[0], pair[1]])
            } else {
                u16::from_be_bytes([pair[0], pair[1]])
            }
        })
        .collect();
    let mut text = TextBuilder::default();
    let mut at = 0;
    let mut utf8 = [0; 4];
    for unit in char::decode_utf16(units) {
        let character = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
        if !(at == 0 && character == '\u{feff}') {
            let encoded = character.encode_utf8(&mut utf8).as_bytes();
            text.push(encoded, at, if encoded.len() == 1 { Step::TWO } else { Step::NONE });
        }
        at += 2 * character.len_utf16();
    }
    Text::plain(bytes).derive(text)
}

/// UTF-8, or anything like it, without its byte order mark.
pub fn utf8(bytes: &[u8]) -> Text<'_> {
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => {
            let mut text = TextBuilder::default();
            text.push(rest, bytes.len() - rest.len(), Step::ONE);
            Text::plain(bytes).derive(text)
        }
        None => Text::plain(bytes),
    }
}

/// The UTF-16 strings inside a file that is something else as a whole, one a line; `None` when there are none.
pub fn wide_strings(bytes: &[u8]) -> Option<Text<'static>> {
    let mut text = TextBuilder::default();
    for run in WIDE_RUN.find_iter(bytes) {
        let narrow: Vec<u8> = run.as_bytes().iter().copied().step_by(2).collect();
        text.push(&narrow, run.start(), Step::TWO);
        text.push(b"\n", run.end().saturating_sub(1), Step::NONE);
    }
    (!text.bytes.is_empty()).then(|| Text::plain(bytes).derive(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    }

    #[test]
    fn utf16_is_recognised_both_ways_with_and_without_a_mark() {
        for little in [true, false] {
            for text in ["\u{feff}KREA=1 for everybody", "KREA=1 for everybody"] {
                let bytes = encode(text, little);
                let encoding = utf16(&bytes).expect("UTF-16");
                assert_eq!(decode_utf16(&bytes, encoding).bytes(), b"KREA=1 for everybody");
            }
        }
        assert!(utf16(b"plain text, nothing wide about it").is_none());
    }

    #[test]
    fn a_byte_after_wide_characters_maps_to_its_place() {
        let bytes = encode("äö漢😀x=1", true);
        let text = decode_utf16(&bytes, UTF_16LE);
        let at = text.bytes().iter().position(|&b| b == b'=').expect("=");
        assert_eq!(text.origin(at), 12);
    }

    #[test]
    fn strings_in_a_binary_are_found_at_their_place() {
        let mut bytes = vec![1, 2, 3];
        bytes.extend(encode("KREA_API_KEY=x", false));
        let text = wide_strings(&bytes).expect("a run");
        assert!(text.bytes().starts_with(b"KREA_API_KEY=x"));
        assert_eq!(text.origin(0), 4);
    }
}
