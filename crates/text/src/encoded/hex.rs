//! Hex digits, two for each byte, also wrapped over lines: `4b5245415f…`; and such pairs with something between them:
//! `4b 52 45`, `4b:52:45`, `4B-52-45`, `hex(2):4b,00,52,00,\`.

use super::lines::RunLines;
use super::{EncodedRun, MIN_TEXT_BYTES, PackedKind, all, is_text, is_whole, maximal, stretches};
use crate::LayerKind;
use crate::{OriginStep, Text};

/// So many digits tell most digests from texts.
const HEAD: usize = 24;

/// The runs of hex digits in some bytes that hold text.
pub fn runs(bytes: &[u8]) -> Vec<EncodedRun> {
    let read = |lines: RunLines| {
        let run = lines.joined(bytes);
        let text = (0..2).find_map(|shift| {
            let said = decoded(&run[shift..]);
            let place = |at: usize| lines.place((shift + 2 * at).min(run.len()));
            match is_whole(&said) {
                true => Some(all(&said, OriginStep::TWO, place)),
                false => stretches(&said, OriginStep::TWO, place),
            }
        })?;
        Some(EncodedRun { kind: LayerKind::Hex, range: lines.range(), text: Text::plain(bytes).derive(text) })
    };
    RunLines::all(bytes, 2 * MIN_TEXT_BYTES, is_member).filter_map(read).collect()
}

/// The runs of pairs that hold text.
pub fn pairs(bytes: &[u8]) -> Vec<EncodedRun> {
    let is_between = |b: u8| b" ,:-\\\t\r\n".contains(&b);
    let mut found = Vec::new();
    for zone in maximal(bytes, 3 * MIN_TEXT_BYTES - 1, move |b| is_member(b) || is_between(b)) {
        let mut at = zone.start;
        while at < zone.end {
            let digits = bytes[at..zone.end].iter().take_while(|&&b| is_member(b)).count();
            let places = if digits == 2 { sequence(&bytes[..zone.end], at) } else { Vec::new() };
            at = places.last().map_or(at + digits.max(1), |last| last + 2);
            if places.len() < MIN_TEXT_BYTES {
                continue;
            }
            let said: Vec<u8> = places.iter().flat_map(|&at| decoded(&bytes[at..at + 2])).collect();
            let end = places.last().map_or(at, |last| last + 2);
            let place = |at: usize| places.get(at).copied().unwrap_or(end);
            let text = match is_whole(&said) {
                true => Some(all(&said, OriginStep::ONE, place)),
                false => stretches(&said, OriginStep::ONE, place),
            };
            if let Some(text) = text {
                let text = Text::plain(bytes).derive(text);
                found.push(EncodedRun { kind: LayerKind::Hex, range: places[0]..end, text });
            }
        }
    }
    found
}

/// Where the pairs of one sequence stand, whose first one is at `at`. The same sign, or space, is between any two, and a line
/// may end there.
fn sequence(bytes: &[u8], mut at: usize) -> Vec<usize> {
    let mut places = Vec::new();
    let mut sign = None;
    while bytes.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
        && !bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit)
    {
        places.push(at);
        let mut between = bytes[at + 2..].iter().take(80).take_while(|b| !b.is_ascii_hexdigit()).copied();
        let signs = between.clone().filter(|b| matches!(b, b',' | b':' | b'-'));
        let length = between.by_ref().count();
        let this = signs.clone().next().unwrap_or(b' ');
        if length == 0 || signs.count() > 1 || *sign.get_or_insert(this) != this {
            break;
        }
        at += 2 + length;
    }
    places
}

/// Whether a character is a digit.
pub fn is_member(b: u8) -> bool {
    b.is_ascii_hexdigit()
}

/// What the start and the middle of a run say is encoded in it. A cheap look.
pub fn look(run: &[u8]) -> Option<PackedKind> {
    let middle = run.len() / 4 * 2;
    let heads = [0, 1, middle, middle + 1].into_iter().filter_map(|at| run.get(at..at + HEAD));
    heads.filter_map(|head| PackedKind::of(&decoded(head))).max()
}

/// Whether a value is nothing but an encoded text.
pub fn is_encoded_text(value: &[u8]) -> bool {
    value.len() >= 2 * MIN_TEXT_BYTES && value.iter().all(u8::is_ascii_hexdigit) && is_text(&decoded(value))
}

fn decoded(run: &[u8]) -> Vec<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).unwrap_or_default() as u8;
    run.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "KREA_API_KEY=abcdefgh";

    #[test]
    fn text_in_hex_is_read_at_both_alignments() {
        let lower: String = SAID.bytes().map(|b| format!("{b:02x}")).collect();
        for (before, encoded) in [("", lower.clone()), ("", lower.to_uppercase()), ("0", lower.clone())] {
            let text = format!("x=\"{before}{encoded}\"");
            let runs = runs(text.as_bytes());
            assert_eq!(runs.len(), 1, "{text}");
            assert_eq!(runs[0].text.bytes().trim_ascii_end(), SAID.as_bytes(), "{text}");
            assert_eq!(runs[0].text.origin(12), 3 + before.len() + 24);
            assert!(is_encoded_text(encoded.as_bytes()));
        }
    }

    #[test]
    fn pairs_are_read_whatever_is_between_them() {
        let pair = |between: &str| SAID.bytes().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between);
        for text in [
            format!("[{}]", pair(" ")),
            format!("    {}:\n", pair(":")),
            pair("-").to_uppercase(),
            format!("hex(2):{}", pair(",").replace("5f,", "5f,\\\r\n  ")),
            pair(" ").replace("49 ", "49\n "),
        ] {
            let runs = pairs(text.as_bytes());
            assert_eq!(runs.len(), 1, "{text}");
            assert_eq!(runs[0].text.bytes().trim_ascii_end(), SAID.as_bytes(), "{text}");
            let at = runs[0].text.origin(12);
            assert!(text[at..].starts_with("3d") || text[at..].starts_with("3D"), "{text}");
        }
        let wide = SAID.bytes().map(|b| format!("{b:02x},00")).collect::<Vec<_>>().join(",");
        assert_eq!(pairs(wide.as_bytes()).len(), 1);
        for text in [pair(", :"), "12-31 01:02:03 ".repeat(20), "aa:bb:cc:dd:ee:ff ".repeat(9)] {
            assert!(pairs(text.as_bytes()).is_empty(), "{text}");
        }
    }

    #[test]
    fn digests_say_nothing() {
        let digest = b"eb5204de14acdf93795537cf9dc91c8fb1ef84c966d45b5aaf64652aaaa6ab91";
        assert!(runs(digest).is_empty());
        assert!(!is_encoded_text(digest));
    }
}
