//! Base32 (RFC 4648), also wrapped over lines: `base32` of coreutils, `b32encode`.

use super::lines::RunLines;
use super::{EncodedRun, PackedKind, all, is_text, is_whole, stretches};
use crate::LayerKind;
use crate::{OriginStep, Text};

/// What a layer names it.
const KIND: LayerKind = LayerKind::Base32;
/// A run shorter than this holds no token, in characters.
const SHORTEST_RUN: usize = 32;
/// So many characters tell most names and digests from texts.
const HEAD: usize = 24;
/// So many characters stand for whole bytes.
const GROUP: usize = 8;

/// The base32 in some bytes.
pub fn runs(bytes: &[u8]) -> Vec<EncodedRun> {
    let read = |lines: RunLines| {
        let run = lines.joined(bytes);
        let said = decoded(&run);
        let place = |at: usize| lines.place((at * 8 / 5).min(run.len()));
        let text = match is_whole(&said) {
            true => all(&said, OriginStep::BASE32, place),
            false => stretches(&said, OriginStep::BASE32, place)?,
        };
        Some(EncodedRun { kind: KIND, range: lines.range(), text: Text::plain(bytes).derive(text) })
    };
    let may_be = |lines: &RunLines| look(&bytes[lines.range()]).is_some();
    RunLines::all(bytes, SHORTEST_RUN, is_member).filter(may_be).filter_map(read).collect()
}

/// Whether a character is of the alphabet.
pub fn is_member(b: u8) -> bool {
    matches!(b, b'A'..=b'Z' | b'2'..=b'7')
}

/// What the start of a run says is encoded in it. A cheap look.
pub fn look(run: &[u8]) -> Option<PackedKind> {
    let head = run.get(..HEAD)?;
    head.iter().all(|&b| is_member(b)).then(|| PackedKind::of(&decoded(head))).flatten()
}

/// Whether a value is nothing but an encoded text.
pub fn is_encoded_text(value: &[u8]) -> bool {
    let end = value.iter().rposition(|&b| b != b'=').map_or(0, |last| last + 1);
    let body = &value[..end];
    body.len() >= SHORTEST_RUN && body.iter().all(|&b| is_member(b)) && is_text(&decoded(body))
}

fn decoded(run: &[u8]) -> Vec<u8> {
    let bits = |b: u8| u64::from(if b.is_ascii_digit() { b - b'2' + 26 } else { b.wrapping_sub(b'A') });
    let group = |group: &[u8]| {
        let all = group.iter().fold(0, |all, &b| all << 5 | bits(b)) << (5 * (GROUP - group.len()));
        all.to_be_bytes().into_iter().skip(3).take(group.len() * 5 / 8)
    };
    run.chunks(GROUP).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "KREA_API_KEY=abcdefgh";
    const ENCODED: &str = "JNJEKQK7IFIESX2LIVMT2YLCMNSGKZTHNA";

    #[test]
    fn text_is_decoded_with_its_places() {
        for (before, after) in [("x = \"", "======\"\n"), ("", ""), ("+", "\n")] {
            let text = format!("{before}{ENCODED}{after}");
            let runs = runs(text.as_bytes());
            assert_eq!(runs.len(), 1, "{text}");
            assert_eq!(runs[0].text.bytes().trim_ascii_end(), SAID.as_bytes(), "{text}");
            assert_eq!(runs[0].text.origin(5), before.len() + 8);
            assert!(is_encoded_text(ENCODED.as_bytes()));
        }
    }

    #[test]
    fn a_wrapped_text_is_one() {
        let text = ENCODED[..32].repeat(5);
        let lines: Vec<String> =
            text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        let wrapped = lines.join("\n");
        let runs = runs(wrapped.as_bytes());
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].text.bytes().trim_ascii_end(), SAID.as_bytes()[..20].repeat(5));
    }

    #[test]
    fn names_and_digests_say_nothing() {
        for text in
            ["ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOP", "MZXW6YTBOI23456723456723456723456723456723"]
        {
            assert!(runs(text.as_bytes()).is_empty() && !is_encoded_text(text.as_bytes()), "{text}");
        }
    }
}
