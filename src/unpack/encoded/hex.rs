//! Hex digits, two for each byte: `4b5245415f…`.

use super::{Run, SHORTEST, all, is_text, is_whole, maximal, stretches};
use crate::unpack::{Step, Text};

/// The runs of hex digits in some bytes that hold text.
pub fn runs(bytes: &[u8]) -> Vec<Run> {
    let read = |range: std::ops::Range<usize>| {
        let run = &bytes[range.clone()];
        let text = (0..2).find_map(|shift| {
            let said = decoded(&run[shift..]);
            let place = |at: usize| range.start + (shift + 2 * at).min(run.len());
            match shift == 0 && is_whole(&said) {
                true => Some(all(&said, Step::TWO, place)),
                false => stretches(&said, Step::TWO, place),
            }
        })?;
        Some(Run { kind: "hex", range: range.clone(), text: Text::plain(bytes).derive(text) })
    };
    maximal(bytes, 2 * SHORTEST, |b| b.is_ascii_hexdigit()).filter_map(read).collect()
}

/// Whether a value is nothing but an encoded text.
pub fn is_encoded_text(value: &[u8]) -> bool {
    value.len() >= 2 * SHORTEST && value.iter().all(u8::is_ascii_hexdigit) && is_text(&decoded(value))
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
    fn digests_say_nothing() {
        let digest = b"eb5204de14acdf93795537cf9dc91c8fb1ef84c966d45b5aaf64652aaaa6ab91";
        assert!(runs(digest).is_empty());
        assert!(!is_encoded_text(digest));
    }
}
