//! Base64 and base64url, also wrapped over lines, at any alignment.

use super::{Run, all, gzip, is_readable, is_text, is_whole, maximal, stretches};
use crate::unpack::{Step, Text, TextBuilder};
use std::ops::Range;

/// What a layer names it.
pub const KIND: &str = "base64";
/// A run shorter than this holds no token.
const SHORTEST_RUN: usize = 24;
/// The shortest line of a run that goes on in the next line.
const SHORTEST_LINE: usize = 40;

/// No character of either alphabet.
const NONE: u8 = 64;

/// The six bits of each character, of both alphabets; 64 for what is none.
pub const SIX_BITS: [u8; 256] = {
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
pub fn runs(bytes: &[u8]) -> Vec<Run> {
    let mut found = Vec::new();
    let mut done = 0;
    for run in maximal(bytes, SHORTEST_RUN, |b| SIX_BITS[usize::from(b)] != NONE) {
        if run.start >= done {
            let lines = lines(bytes, run);
            done = lines.last().map_or(done, |line| line.end);
            found.extend(read(bytes, &lines));
        }
    }
    found
}

/// Whether a value is nothing but an encoded text.
pub fn is_encoded_text(value: &[u8]) -> bool {
    let body = value.trim_ascii_end();
    let body = body.strip_suffix(b"==").or_else(|| body.strip_suffix(b"=")).unwrap_or(body);
    body.len() >= 16 && is_text(&decoded(&body[..whole_length(body.len())]))
}

/// The lines of a run: it goes on where a line ends that is long, and the next one is of the alphabet throughout.
fn lines(bytes: &[u8], first: Range<usize>) -> Vec<Range<usize>> {
    let mut lines = vec![first];
    while let Some(line) = lines.last().filter(|line| line.len() >= SHORTEST_LINE) {
        let rest = &bytes[line.end..];
        let Some(after) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) else { break };
        let indent = after.iter().take(80).take_while(|b| matches!(b, b' ' | b'\t')).count();
        let start = bytes.len() - after.len() + indent;
        let length = bytes[start..].iter().take_while(|&&b| SIX_BITS[usize::from(b)] != NONE).count();
        let behind = bytes.get(start + length);
        let ends = behind.is_none_or(|b| b.is_ascii_whitespace() || b"=\"'`<\\),;".contains(b));
        // All lines but the first, which may be glued to something, are as long as the one before or end the run.
        if length == 0 || !ends || (lines.len() > 1 && length > line.len()) {
            break;
        }
        lines.push(start..start + length);
    }
    lines
}

/// What the lines of one run say.
fn read(bytes: &[u8], lines: &[Range<usize>]) -> Option<Run> {
    let (first, last) = (lines.first()?, lines.last()?);
    let range = first.start..last.end;
    if lines.len() == 1 {
        if let Some((range, text)) = of_one_alphabet(bytes, &range) {
            return Some(made(bytes, range, text));
        }
        let place = |at: usize| range.start + at;
        let run = &bytes[range.clone()];
        let text = whole(run, place).or_else(|| in_part(run, place))?;
        return Some(made(bytes, range, text));
    }
    let joined: Vec<u8> = lines.iter().flat_map(|line| &bytes[line.clone()]).copied().collect();
    let mut before = 0;
    let starts: Vec<(usize, usize)> = lines
        .iter()
        .map(|line| {
            before += line.len();
            (before - line.len(), line.start)
        })
        .collect();
    let place = |at: usize| {
        let (before, start) = starts[starts.partition_point(|&(before, _)| before <= at) - 1];
        start + at - before
    };
    let text = whole(&joined, place).or_else(|| in_part(&joined, place))?;
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

fn made(bytes: &[u8], range: Range<usize>, text: TextBuilder) -> Run {
    Run { kind: KIND, range, text: Text::plain(bytes).derive(text) }
}

/// The text of a run that is encoded text from its first character to its last. `place` gives a character's.
fn whole(run: &[u8], place: impl Fn(usize) -> usize) -> Option<TextBuilder> {
    let run = &run[..whole_length(run.len())];
    // Sixteen characters tell most digests and pictures.
    let head = decoded(&run[..run.len().min(16)]);
    let zeros = head.iter().filter(|&&b| b == 0).count();
    let promising = head.iter().all(|&b| is_readable(b) || b >= 0x80) || zeros * 3 >= head.len();
    let bytes = (promising || gzip::is_gzip(&head)).then(|| decoded(run)).filter(|bytes| is_whole(bytes))?;
    Some(all(&bytes, Step::BASE64, |at| place_of_byte(at, 0, run.len(), &place)))
}

/// The texts in a run that is something else at its ends, at the alignment that gives most.
fn in_part(run: &[u8], place: impl Fn(usize) -> usize) -> Option<TextBuilder> {
    let at_shift = |shift: usize| {
        let bytes = decoded(&run[shift..][..whole_length(run.len() - shift)]);
        stretches(&bytes, Step::BASE64, |at| place_of_byte(at, shift, run.len(), &place))
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

fn decoded(run: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(run.len() / 4 * 3 + 3);
    for group in run.chunks(4) {
        let bits = group.iter().fold(0u32, |bits, &b| bits << 6 | u32::from(SIX_BITS[usize::from(b)] & 63));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
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
    fn a_wrapped_text_is_one() {
        let encoded = STANDARD.encode(SAID.repeat(5));
        for newline in ["\n", "\r\n", "\n    "] {
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).expect("ASCII")).collect();
            assert_eq!(said(&lines.join(newline)).0, SAID.repeat(5));
        }
    }
}
