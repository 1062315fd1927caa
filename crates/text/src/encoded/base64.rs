//! Base64 and base64url, also wrapped over lines, at any alignment.

use super::lines::RunLines;
use super::packed::Packing;
use super::{EncodedRun, PackedKind, all, is_text, is_text_start, is_whole, maximal, stretches};
use crate::LayerKind;
use crate::{OriginStep, Text, TextBuilder};
use std::ops::Range;

/// What a layer names it.
pub const KIND: LayerKind = LayerKind::Base64;
/// A run shorter than this holds no token.
const SHORTEST_RUN: usize = 24;
/// So many characters tell most digests and pictures from texts.
const HEAD: usize = 16;
/// Deflate without a head is looked for in runs of at least so many characters.
const SHORTEST_DEFLATE: usize = 96;
/// Behind no more characters than this is something compressed looked for that is glued to them.
const FARTHEST_START: usize = 256;
/// So many bytes of a length may stand before it.
const MAX_LENGTH_BYTES: usize = 8;
/// So many characters at its beginning tell what it is.
const BEGINNING: usize = 256;

/// No character of either alphabet.
const NONE: u8 = 64;

/// The six bits of each character, of both alphabets; 64 for what is none.
const SIX_BITS: [u8; 256] = {
    let mut table = [NONE; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < letters.len() {
        table[letters[i] as usize] = i as u8;
        i += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// The base64 in some bytes.
pub fn runs(bytes: &[u8]) -> Vec<EncodedRun> {
    RunLines::all(bytes, SHORTEST_RUN, is_member).filter_map(|lines| read_base64(bytes, &lines)).collect()
}

/// Whether a character is of either alphabet.
pub const fn is_member(b: u8) -> bool {
    SIX_BITS[b as usize] != NONE
}

/// What the start and the middle of a run say is encoded in it. A cheap look, which does not see a text in the midst of other
/// bytes.
pub fn look(run: &[u8]) -> Option<PackedKind> {
    let middle = run.len() / 8 * 4;
    let parts = [run, &run[middle..]];
    if !parts.iter().any(|part| is_mixed(part)) {
        return None;
    }
    let heads = parts.into_iter().flat_map(|part| (0..4).filter_map(|at| part[at..].first_chunk()));
    let kept = heads.filter_map(|head| PackedKind::of(&head_of(head))).max();
    kept.filter(|kept| *kept == PackedKind::Hidden)
        .or_else(|| packed(run).map(|_| PackedKind::Hidden))
        .or(kept)
}

/// Whether the start of a run has letters of both cases, as bytes in base64 have, and paths and most names do not.
fn is_mixed(run: &[u8]) -> bool {
    let head = &run[..run.len().min(SHORTEST_DEFLATE)];
    head.iter().filter(|b| b.is_ascii_uppercase()).nth(3).is_some() && head.iter().any(u8::is_ascii_lowercase)
}

/// Whether a value is nothing but an encoded text.
pub fn is_encoded_text(value: &[u8]) -> bool {
    let body = value.trim_ascii_end();
    let body = body.strip_suffix(b"==").or_else(|| body.strip_suffix(b"=")).unwrap_or(body);
    body.len() >= HEAD && is_text(&decoded(&body[..whole_length(body.len())]))
}

/// What one run says.
fn read_base64(bytes: &[u8], lines: &RunLines) -> Option<EncodedRun> {
    let range = lines.range();
    if lines.is_one()
        && let Some((range, text)) = of_one_alphabet(bytes, &range)
    {
        return Some(made(bytes, range, text));
    }
    let run = lines.joined(bytes);
    let place = |at: usize| lines.place(at);
    let text = whole(&run, place).or_else(|| compressed(&run, place)).or_else(|| in_part(&run, place))?;
    Some(made(bytes, range, text))
}

/// The longest text of one alphabet in a run that has characters of both, because it is glued to something.
fn of_one_alphabet(bytes: &[u8], range: &Range<usize>) -> Option<(Range<usize>, TextBuilder)> {
    let run = &bytes[range.clone()];
    let has = |set: &[u8]| run.iter().any(|b| set.contains(b));
    if !(has(b"+/") && has(b"-_")) {
        return None;
    }
    let parts =
        [b"-_", b"+/"].into_iter().flat_map(|others| maximal(run, SHORTEST_RUN, |b| !others.contains(&b)));
    let texts = parts.filter_map(|part| {
        let start = range.start + part.start;
        whole(&run[part.clone()], |at| start + at).map(|text| (start..start + part.len(), text))
    });
    texts.max_by_key(|(range, _)| range.len())
}

fn made(bytes: &[u8], range: Range<usize>, text: TextBuilder) -> EncodedRun {
    EncodedRun { kind: KIND, range, text: Text::plain(bytes).derive(text) }
}

/// The text of a run that is encoded text from its first character to its last. `place` gives a character's.
fn whole(run: &[u8], place: impl Fn(usize) -> usize) -> Option<TextBuilder> {
    let run = &run[..whole_length(run.len())];
    let head = decoded(&run[..run.len().min(HEAD)]);
    let zeros = head.iter().filter(|&&b| b == 0).count();
    let promising = is_text_start(&head) || zeros * 3 >= head.len() || Packing::marked(&head).is_some();
    let bytes = promising.then(|| decoded(run)).filter(|bytes| is_whole(bytes))?;
    Some(all(&bytes, OriginStep::BASE64, |at| place_of_byte(at, 0, run.len(), &place)))
}

/// What is compressed in a run, which may be glued to something: where it starts, in characters, and behind how many bytes.
fn packed(run: &[u8]) -> Option<(usize, usize)> {
    let is_glue = |at: &usize| matches!(run[at - 1], b'/' | b'+' | b'-' | b'_');
    let glued = (4..run.len().min(FARTHEST_START)).filter(is_glue);
    (0..4).chain(glued).find_map(|start| {
        let rest = &run[start..];
        let head = head_of(rest.first_chunk()?);
        // Some programs put the length before it.
        let last = if start < 4 { MAX_LENGTH_BYTES } else { 0 };
        let behind = (0..=last).find(|&at| {
            Packing::marked(&head[at..]).is_some_and(|packing| at == 0 || packing != Packing::Zlib)
        });
        let may_be_deflate = start < 4 && run.len() >= SHORTEST_DEFLATE;
        let behind = behind.or(may_be_deflate.then_some(0))?;
        let beginning = decoded(&rest[..whole_length(rest.len().min(BEGINNING))]);
        Packing::of(&beginning[behind..]).map(|_| (start, behind))
    })
}

/// The bytes of a run from where something compressed starts.
fn compressed(run: &[u8], place: impl Fn(usize) -> usize) -> Option<TextBuilder> {
    let (start, behind) = packed(run)?;
    let bytes = decoded(&run[start..][..whole_length(run.len() - start)]);
    let place = |at: usize| place_of_byte(at + behind, start, run.len(), &place);
    Some(all(&bytes[behind..], OriginStep::BASE64, place))
}

/// The texts in a run that is something else at its ends, at the alignment that gives most.
fn in_part(run: &[u8], place: impl Fn(usize) -> usize) -> Option<TextBuilder> {
    let at_shift = |shift: usize| {
        let bytes = decoded(&run[shift..][..whole_length(run.len() - shift)]);
        stretches(&bytes, OriginStep::BASE64, |at| place_of_byte(at, shift, run.len(), &place))
    };
    (0..4).filter_map(at_shift).max_by_key(|text| text.bytes.len())
}

/// Where the first character stands that holds bits of a decoded byte.
fn place_of_byte(at: usize, shift: usize, length: usize, place: impl Fn(usize) -> usize) -> usize {
    let character = shift + at * 4 / 3;
    if character < length { place(character) } else { place(length - 1) + 1 }
}

/// One character too many cannot be base64; it is what stands behind it.
fn whole_length(length: usize) -> usize {
    length - usize::from(length % 4 == 1)
}

/// The bytes of a head, without memory of its own.
fn head_of(head: &[u8; HEAD]) -> [u8; HEAD / 4 * 3] {
    let mut bytes = [0; HEAD / 4 * 3];
    for (group, three) in head.chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
        three.copy_from_slice(&bits_of(group).to_be_bytes()[1..]);
    }
    bytes
}

fn bits_of(group: &[u8]) -> u32 {
    group.iter().fold(0, |bits, &b| bits << 6 | u32::from(SIX_BITS[usize::from(b)] & 63))
}

/// The bytes of letters of either alphabet. One letter too many says nothing.
pub fn decoded(letters: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3 + 3);
    let (groups, rest) = letters.as_chunks::<4>();
    for group in groups {
        bytes.extend_from_slice(&bits_of(group).to_be_bytes()[1..]);
    }
    let bits = bits_of(rest) << (6 * (4 - rest.len()));
    bytes.extend_from_slice(&bits.to_be_bytes()[1..rest.len().max(1)]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::{STANDARD, URL_SAFE};

    const SAID: &str = "KREA_API_KEY=abcdefgh>>>???~~~";

    /// What the only run says, and where the character of the `=` in it stands.
    fn said(text: &str) -> (String, usize) {
        let runs = runs(text.as_bytes());
        assert_eq!(runs.len(), 1, "{text}");
        let bytes = runs[0].text.bytes();
        let at = bytes.iter().position(|&b| b == b'=').expect("=");
        (String::from_utf8_lossy(bytes).trim_end().to_owned(), runs[0].text.origin(at))
    }

    #[test]
    fn text_is_decoded_and_the_rest_is_not() {
        let digest = STANDARD.encode([7, 200, 9, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        let text = format!("data: {}\nsum: {digest}\n", STANDARD.encode(SAID));
        assert_eq!(said(&text), (SAID.to_owned(), 6 + 16));
        assert!(is_encoded_text(STANDARD.encode(SAID).as_bytes()));
        assert!(!is_encoded_text(digest.as_bytes()));
    }

    #[test]
    fn both_alphabets_are_read() {
        for encoded in [STANDARD.encode(SAID), URL_SAFE.encode(SAID)] {
            assert_eq!(said(&encoded).0, SAID, "{encoded}");
        }
        assert_eq!(said(&format!("x-{}-y", STANDARD.encode(SAID))).0, SAID);
    }

    #[test]
    fn what_is_glued_to_a_text_does_not_hide_it() {
        let encoded = STANDARD.encode(SAID);
        for before in ["x", "xy", "xyz", "wxyz", "qbundle"] {
            let (text, at) = said(&format!("{before}{encoded}"));
            assert!(text.ends_with("_API_KEY=abcdefgh>>>???~~~"), "{text}");
            assert_eq!(at, before.len() + 16);
        }
    }

    #[test]
    fn the_marks_of_a_patch_are_no_letters() {
        let encoded = STANDARD.encode(SAID.repeat(5));
        let lines = || encoded.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).expect("ASCII"));
        for mark in ["+", "-", "+    "] {
            let patch: String = lines().map(|line| format!("{mark}{line}\n")).collect();
            let text = format!("{patch} unchanged\n");
            assert_eq!(said(&text).0, SAID.repeat(5), "{text}");
            let named = text.replacen(mark, &format!("{mark}data: "), 1);
            assert_eq!(said(&named).0, SAID.repeat(5), "{named}");
        }
    }

    #[test]
    fn a_wrapped_text_is_one() {
        let encoded = STANDARD.encode(SAID.repeat(5));
        for newline in ["\n", "\r\n", "\n    "] {
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).expect("ASCII")).collect();
            assert_eq!(said(&lines.join(newline)).0, SAID.repeat(5));
        }
    }
}
