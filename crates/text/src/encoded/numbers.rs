//! Lists of character codes, decimal or hexadecimal: `String.fromCharCode(75,82,…)`, `Uint8Array([0x4b, 0x52, …])`,
//! `{"type":"Buffer","data":[75,82,…]}`.

use super::{EncodedRun, MIN_TEXT_BYTES, stretches};
use crate::LayerKind;
use crate::{OriginStep, Text};

/// The lists in some bytes that hold text.
pub fn runs(bytes: &[u8]) -> Vec<EncodedRun> {
    let mut found = Vec::new();
    let mut done = 0;
    for comma in memchr::memchr_iter(b',', bytes) {
        if comma < done || !bytes[..comma].last().is_some_and(u8::is_ascii_hexdigit) {
            continue;
        }
        let part_of_number = |b: &&u8| b.is_ascii_alphanumeric();
        let length = bytes[done..comma].iter().rev().take(9).take_while(part_of_number).count();
        let list = list(bytes, comma - length);
        let Some(&(_, last)) = list.places.last() else { continue };
        done = last;
        if list.codes.len() < MIN_TEXT_BYTES {
            continue;
        }
        let place = |at: usize| list.places.get(at).map_or(last, |place| place.0);
        if let Some(text) = stretches(&list.codes, OriginStep::ONE, place) {
            let range = list.places[0].0..last;
            found.push(EncodedRun {
                kind: LayerKind::CharacterCodes,
                range,
                text: Text::plain(bytes).derive(text),
            });
        }
    }
    found
}

/// The numbers of a list: each as a character, 0 where it is none of ASCII; and from where to where it stands.
#[derive(Default)]
struct NumberList {
    codes: Vec<u8>,
    places: Vec<(usize, usize)>,
}

/// The list that starts at `at`.
fn list(bytes: &[u8], mut at: usize) -> NumberList {
    let mut list = NumberList::default();
    while let Some((code, length)) = number(&bytes[at..]) {
        list.codes.push(u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(0));
        list.places.push((at, at + length));
        let space =
            |from: usize| bytes[from..].iter().take(80).take_while(|b| b.is_ascii_whitespace()).count();
        let comma = at + length + space(at + length);
        if bytes.get(comma) != Some(&b',') {
            break;
        }
        at = comma + 1 + space(comma + 1);
    }
    list
}

/// The number at the start of some bytes, and its length.
fn number(bytes: &[u8]) -> Option<(u32, usize)> {
    let hex = bytes.starts_with(b"0x") || bytes.starts_with(b"0X");
    let (prefix, radix) = if hex { (2, 16) } else { (0, 10) };
    let digits = bytes[prefix..].iter().take(8).take_while(|b| char::from(**b).is_digit(radix)).count();
    let end = prefix + digits;
    if digits == 0 || digits > 6 || bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.') {
        return None;
    }
    let text = std::str::from_utf8(&bytes[prefix..end]).ok()?;
    u32::from_str_radix(text, radix).ok().map(|code| (code, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "KREA_API_KEY=abcdefgh";

    #[test]
    fn lists_are_read_however_they_are_written() {
        let list =
            |form: fn(u8) -> String, comma: &str| SAID.bytes().map(form).collect::<Vec<_>>().join(comma);
        let decimal = |b: u8| b.to_string();
        let hex = |b: u8| format!("0x{b:02x}");
        for (list, place) in [
            (list(decimal, ","), 36),
            (list(decimal, ", "), 48),
            (list(decimal, ",\n    "), 96),
            (list(hex, ","), 60),
            (list(|b| format!("0x{b:X}"), ", "), 72),
        ] {
            let text = format!("f([{list}])");
            let runs = runs(text.as_bytes());
            assert_eq!(runs.len(), 1, "{text}");
            assert_eq!(runs[0].text.bytes().trim_ascii_end(), SAID.as_bytes(), "{text}");
            assert_eq!(runs[0].text.origin(12), 3 + place, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_characters_say_nothing() {
        let list: Vec<String> = (0..64u32).map(|i| (i * 7919 % 1000).to_string()).collect();
        assert!(runs(list.join(",").as_bytes()).is_empty());
    }
}
