//! UTF-16 to UTF-8, with or without a byte order mark, and text in two or four bytes a character inside of other bytes.
//!
//! UTF-8 and every superset of ASCII (Latin-1, Windows-1252, …) is searched as it is: tokens are ASCII.

use super::{OriginStep, Text, TextBuilder};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// How much of a file decides whether it is UTF-16 without a mark.
const SAMPLE: usize = 4096;

/// Runs of ASCII in UTF-16 and UTF-32, as programs, registries and arrays of numpy hold them, and as files do that two programs
/// wrote to. A run in big-endian order, read from its first character on, is one as well, but for its last character, which
/// stands there plainly.
static WIDE_RUN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)(?:[\x20-\x7e\t\r\n]\x00){8,}|(?:[\x20-\x7e\t\r\n]\x00{3}){8,}")
        .expect("a constant pattern")
});

/// So many bytes of ASCII in a row are no UTF-16: another program has written to the file.
static NARROW_RUN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)[\x20-\x7e\t\r\n]{24}").expect("a constant pattern"));

/// A run of fewer different bytes is the same few characters of UTF-16 over and over.
const DIFFERENT: usize = 8;

/// The encoding of a file that is UTF-16 as a whole.
pub fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    mark_or_zeros(bytes).filter(|_| !has_narrow_run(bytes))
}

fn has_narrow_run(bytes: &[u8]) -> bool {
    let varies = |run: &[u8]| {
        let mut different = run.to_vec();
        different.sort_unstable();
        different.dedup();
        different.len() >= DIFFERENT
    };
    NARROW_RUN.find_iter(bytes).any(|run| varies(run.as_bytes()))
}

/// What a mark, or the zeros at the start, say.
fn mark_or_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let sample = &bytes[..bytes.len().min(SAMPLE) & !1];
    let pairs = sample.len() / 2;
    // Behind plain text of an odd length one order looks like the other.
    let starts_plain = sample.iter().take(2).all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
    if pairs < 8 || starts_plain {
        return None;
    }
    let little = Order::of(sample.chunks_exact(2).map(|pair| [pair[1], pair[0]]));
    let big = Order::of(sample.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
    match () {
        () if little.is_likelier(&big, pairs) => Some(UTF_16LE),
        () if big.is_likelier(&little, pairs) => Some(UTF_16BE),
        () => None,
    }
}

/// What a text is in one order of the two bytes of a character.
struct Order {
    /// How many characters are ASCII.
    ascii: usize,
    /// How many blocks of 256 characters they are from.
    blocks: usize,
    /// There is no control character.
    is_text: bool,
}

impl Order {
    /// Takes the characters, the high byte of each first.
    fn of(characters: impl Iterator<Item = [u8; 2]>) -> Self {
        let (mut ascii, mut is_text, mut blocks) = (0, true, [false; 256]);
        for [high, low] in characters {
            blocks[usize::from(high)] = true;
            ascii += usize::from(high == 0 && low != 0);
            is_text &= high != 0 || matches!(low, b'\t' | b'\n' | b'\r' | b' '..);
        }
        Order { ascii, is_text, blocks: blocks.iter().filter(|block| **block).count() }
    }

    /// Whether the text is rather in this order than in the other one: it is mostly ASCII, or its characters are from few
    /// blocks, as those of a language and its signs are.
    fn is_likelier(&self, other: &Order, characters: usize) -> bool {
        let is_ascii = self.ascii * 2 > characters && other.ascii * 16 < characters;
        let is_of_few_blocks = self.ascii * 4 > characters && self.blocks * 3 <= other.blocks;
        self.is_text && (is_ascii || is_of_few_blocks)
    }
}

/// The text of a file, or a window of one, whose encoding is given if it is UTF-16 as a whole.
pub fn text<'a>(bytes: &'a [u8], encoding: Option<&'static Encoding>) -> Text<'a> {
    match encoding.filter(|_| !has_narrow_run(bytes)) {
        Some(encoding) => decode_utf16(bytes, encoding),
        None => {
            let text = utf8(bytes);
            narrow(&text).unwrap_or(text)
        }
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
            text.push(encoded, at, if encoded.len() == 1 { OriginStep::TWO } else { OriginStep::NONE });
        }
        at += 2 * character.len_utf16();
    }
    Text::plain(bytes).derive(text)
}

/// UTF-8, or anything like it, without its byte order mark.
fn utf8(bytes: &[u8]) -> Text<'_> {
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => {
            let mut text = TextBuilder::default();
            text.push(rest, bytes.len() - rest.len(), OriginStep::ONE);
            Text::plain(bytes).derive(text)
        }
        None => Text::plain(bytes),
    }
}

/// A text with what is ASCII in UTF-16 or UTF-32 in it as plain ASCII, all else as it is; `None` when there is none, and for
/// what is UTF-16 as a whole.
pub fn narrow<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    memchr::memchr(0, bytes)?;
    if utf16(bytes).is_some() {
        return None;
    }
    let mut out = TextBuilder::default();
    let mut copied = 0;
    for run in WIDE_RUN.find_iter(bytes) {
        let step = if bytes[run.start() + 2] == 0 { OriginStep::FOUR } else { OriginStep::TWO };
        // The last character of a plain string and the zero that ends it are no part of the run behind them.
        let is_glued = bytes[..run.start()].last().is_some_and(u8::is_ascii_alphanumeric);
        let start = run.start() + if is_glued { step.origin } else { 0 };
        out.push(&bytes[copied..start], copied, OriginStep::ONE);
        let characters: Vec<u8> = bytes[start..run.end()].iter().copied().step_by(step.origin).collect();
        out.push(&characters, start, step);
        copied = run.end();
    }
    if copied == 0 {
        return None;
    }
    out.push(&bytes[copied..], copied, OriginStep::ONE);
    Some(text.derive(out))
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
        for little in [true, false] {
            assert!(utf16(&encode("\u{2502} KREA=1 for everybody", little)).is_some());
        }
    }

    #[test]
    fn a_byte_after_wide_characters_maps_to_its_place() {
        let bytes = encode("äö漢😀x=1", true);
        let text = decode_utf16(&bytes, UTF_16LE);
        let at = text.bytes().iter().position(|&b| b == b'=').expect("=");
        assert_eq!(text.origin(at), 12);
    }

    fn narrowed(bytes: &[u8]) -> Vec<u8> {
        text(bytes, utf16(bytes)).bytes().to_vec()
    }

    #[test]
    fn strings_in_a_binary_are_found_at_their_place() {
        for little in [true, false] {
            let mut bytes = b"\x01\x02name\0".to_vec();
            bytes.extend(encode("KREA_API_KEY=x", little));
            bytes.extend(b"\0\0end");
            let text = text(&bytes, None);
            let at = text.bytes().windows(5).position(|window| window == b"KEY=x").expect("a run");
            assert!(text.bytes().starts_with(b"\x01\x02name\0") && text.bytes().ends_with(b"\0end"));
            assert_eq!(text.origin(at), 7 + 2 * 9 + usize::from(!little));
            assert_eq!(text.origin(0), 0);
        }
    }

    #[test]
    fn four_bytes_a_character_are_read_in_both_orders() {
        let said = "\u{feff}KREA_API_KEY=x\n";
        let big: Vec<u8> = said.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        let little: Vec<u8> = said.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for bytes in [&big[..], &big[4..], &little[..], &little[4..]] {
            assert!(utf16(bytes).is_none());
            let text = text(bytes, None);
            let at = text.bytes().windows(15).position(|w| w == b"KREA_API_KEY=x\n").expect("the text");
            let first = bytes.iter().position(|&b| b == b'K').expect("K");
            assert_eq!((text.origin(at), text.origin(at + 5)), (first, first + 20));
        }
        // An array of numpy: each string has room for the longest.
        let array: Vec<u8> = ["krea_api_key", "a long value of it"]
            .iter()
            .flat_map(|text| text.chars().map(u32::from).chain(std::iter::repeat(0)).take(20))
            .flat_map(u32::to_le_bytes)
            .collect();
        let text = String::from_utf8(narrowed(&array)).expect("ASCII");
        assert_eq!(text.replace('\0', ""), "krea_api_keya long value of it");
    }

    #[test]
    fn a_file_that_two_programs_wrote_to_is_read() {
        let (wide, plain) = ("first_line=of several\r\n", "KREA_API_KEY=a value that is long enough\n");
        for little in [true, false] {
            for before in ["", "\u{feff}"] {
                let wide_first = [encode(&format!("{before}{wide}"), little), plain.into()].concat();
                assert!(String::from_utf8_lossy(&narrowed(&wide_first)).ends_with(&format!("{wide}{plain}")));
            }
            for before in ["A=1\n", "AB=\n\n", "A\n", "A=12345678901234567890123456\n"] {
                let plain_first = [before.as_bytes().to_vec(), encode(plain, little)].concat();
                let text = String::from_utf8_lossy(&narrowed(&plain_first)).replace('\0', "");
                assert_eq!(text, format!("{before}{plain}"));
            }
        }
    }
}
