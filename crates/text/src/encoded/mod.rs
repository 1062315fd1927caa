//! Encoded runs inside a text: base64, base32, hex digits, dumps, lists of character codes, and what stands in what they encode.
//!
//! A step takes bytes and gives the runs in them that hold something to read, each with a map back to its place. It
//! makes no difference where in a longer run a text starts: a run may be glued to other characters, or cut. What a run
//! holds is text, UTF-16 or something compressed; a run of anything else, a digest or a picture, gives nothing.

pub mod base32;
pub mod base64;
pub mod dump;
pub mod hex;
mod lines;
mod numbers;
pub mod packed;
pub mod prefilter;

use super::{OriginStep, Text, TextBuilder, charset};
use crate::LayerKind;
use packed::Packing;
use std::ops::Range;

/// A shorter text in a run is chance.
const MIN_TEXT_BYTES: usize = 16;

/// A longer text is none that stands for one value.
const MAX_VALUE_BYTES: usize = 300;

/// Gives the runs of one kind in some bytes.
type Decoder = fn(&[u8]) -> Vec<EncodedRun>;

/// The steps that give no more bytes than they take, in no order.
const STEPS: [Decoder; 7] =
    [base64::runs, base32::runs, hex::runs, hex::pairs, dump::runs, numbers::runs, utf16];

/// A run, and what it says.
#[derive(Debug)]
pub struct EncodedRun {
    /// How it is encoded, as a finding's layer names it.
    pub kind: LayerKind,
    pub range: Range<usize>,
    /// What it says. Its origin is the bytes that the run stands in.
    pub text: Text<'static>,
}

impl EncodedRun {
    /// Where a range of what the run says is encoded.
    pub fn place(&self, range: &Range<usize>) -> Range<usize> {
        let place = self.text.origin_range(range.start, range.end);
        // The last byte's last bits can stand in the character behind.
        let more = usize::from(self.kind == base64::KIND);
        place.start..(place.end + more).min(self.range.end).max(place.end)
    }
}

/// The encoded runs in some bytes. Of what is compressed, no more than `most` bytes are read.
pub fn runs(bytes: &[u8], most: usize) -> impl Iterator<Item = EncodedRun> + '_ {
    STEPS.iter().flat_map(|step| step(bytes)).chain(packed::runs(bytes, most))
}

/// The text with each base64 run that says a short text written out in its place, or `None` where there are fewer than two: the
/// values of a Kubernetes Secret belong together.
pub fn in_place(text: &Text<'_>) -> Option<Text<'static>> {
    let bytes = text.bytes();
    let mut out = TextBuilder::default();
    let (mut copied, mut replaced) = (0, 0);
    for run in base64::runs(bytes) {
        let said = run.text.bytes().trim_ascii();
        let is_value = (MIN_TEXT_BYTES..=MAX_VALUE_BYTES).contains(&said.len()) && !said.contains(&b'\n');
        if is_value && run.range.start >= copied {
            out.push(&bytes[copied..run.range.start], copied, OriginStep::ONE);
            out.push(said, run.range.start, OriginStep::NONE);
            copied =
                run.range.end + bytes[run.range.end..].iter().take(2).take_while(|b| **b == b'=').count();
            replaced += 1;
        }
    }
    out.push(&bytes[copied..], copied, OriginStep::ONE);
    (replaced > 1).then(|| text.derive(out))
}

/// Bytes that are UTF-16 throughout, as PowerShell encodes its commands.
fn utf16(bytes: &[u8]) -> Vec<EncodedRun> {
    let text = charset::utf16(bytes).map(|encoding| charset::decode_utf16(bytes, encoding));
    text.map(|text| EncodedRun { kind: LayerKind::Utf16, range: 0..bytes.len(), text }).into_iter().collect()
}

/// Whether decoded bytes can be read, or decoded further, as a whole.
fn is_whole(bytes: &[u8]) -> bool {
    is_text(bytes) || charset::utf16(bytes).is_some() || Packing::of(bytes).is_some()
}

/// ASCII throughout, save for characters beyond it.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| is_readable(b) || b >= 0x80) && {
        let beyond = bytes.iter().filter(|&&b| b >= 0x80).count();
        beyond * 4 <= bytes.len() && (beyond == 0 || std::str::from_utf8(bytes).is_ok())
    }
}

fn is_readable(b: u8) -> bool {
    matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)
}

/// Whether a text may start like this, or go on: it may be cut in a character at both ends.
fn is_text_start(bytes: &[u8]) -> bool {
    if !bytes.iter().all(|&b| is_readable(b) || b >= 0x80) {
        return false;
    }
    let cut = bytes.iter().take(3).take_while(|&&b| (0x80..0xc0).contains(&b)).count();
    match std::str::from_utf8(&bytes[cut..]) {
        Ok(_) => cut < bytes.len(),
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    }
}

/// Whether some bytes are ASCII in UTF-16, of either byte order, from the first byte on.
fn is_wide_start(bytes: &[u8]) -> bool {
    let is_wide = |(at, &b): (usize, &u8), odd: usize| if at % 2 == odd { b == 0 } else { is_readable(b) };
    let bytes = bytes.strip_prefix(b"\xff\xfe").or(bytes.strip_prefix(b"\xfe\xff")).unwrap_or(bytes);
    bytes.len() >= 8 && (0..2).any(|odd| bytes.iter().enumerate().all(|at| is_wide(at, odd)))
}

/// What the first bytes of what is encoded say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackedKind {
    Text,
    /// What is to be decoded once more: UTF-16, something compressed.
    Hidden,
}

impl PackedKind {
    fn of(head: &[u8]) -> Option<PackedKind> {
        let is_packed = Packing::marked(head).is_some_and(|packing| packing != Packing::Zlib);
        match is_wide_start(head) || is_packed {
            true => Some(PackedKind::Hidden),
            false => is_text_start(head).then_some(PackedKind::Text),
        }
    }
}

/// All of what was decoded. `place` gives the origin of a decoded byte, and of the run's end.
fn all(bytes: &[u8], step: OriginStep, place: impl Fn(usize) -> usize) -> TextBuilder {
    let mut out = TextBuilder::default();
    push(&mut out, bytes, 0..bytes.len(), step, &place);
    out
}

/// The stretches of decoded bytes that are text, each on a line of its own, also of text in UTF-16; `None` when there are
/// none. `place` gives the origin of a decoded byte, and of the run's end.
fn stretches(bytes: &[u8], step: OriginStep, place: impl Fn(usize) -> usize) -> Option<TextBuilder> {
    let plain = Text::plain(bytes);
    match charset::narrow(&plain) {
        Some(text) => {
            let place =
                |at: usize| if at < text.bytes().len() { place(text.origin(at)) } else { place(bytes.len()) };
            readable_stretches(text.bytes(), step, place)
        }
        None => readable_stretches(bytes, step, place),
    }
}

fn readable_stretches(bytes: &[u8], step: OriginStep, place: impl Fn(usize) -> usize) -> Option<TextBuilder> {
    let mut out = TextBuilder::default();
    for stretch in maximal(bytes, MIN_TEXT_BYTES, is_readable) {
        push(&mut out, bytes, stretch, step, &place);
    }
    (!out.bytes.is_empty()).then_some(out)
}

/// Appends a stretch and a line break, which stands where the stretch ends.
fn push(
    out: &mut TextBuilder,
    bytes: &[u8],
    stretch: Range<usize>,
    step: OriginStep,
    place: &impl Fn(usize) -> usize,
) {
    let mut at = stretch.start;
    while at < stretch.end {
        let from = place(at);
        let goes_on = |next: &usize| place(*next) == from + step.times(next - at);
        let end = at + 1 + (at + 1..stretch.end).take_while(goes_on).count();
        out.push(&bytes[at..end], from, step);
        at = end;
    }
    out.push(b"\n", place(stretch.end), OriginStep::NONE);
}

/// The longest runs of at least `least` bytes, all of which are a `member`.
fn maximal<'a>(
    bytes: &'a [u8],
    least: usize,
    member: impl Fn(u8) -> bool + 'a,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at + least <= bytes.len() {
            match bytes[at..at + least].iter().rposition(|&b| !member(b)) {
                Some(last) => at += last + 1,
                None => {
                    let start = at;
                    let more = bytes[at + least..].iter().take_while(|&&b| member(b)).count();
                    at += least + more;
                    return Some(start..at);
                }
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_read_is_a_stretch() {
        let bytes = b"\x00\x01sixteen letters!\x02too short\x03another readable text";
        let out = stretches(bytes, OriginStep::ONE, |at| at).expect("two stretches");
        let text = Text::plain(bytes).derive(out);
        assert_eq!(text.bytes(), b"sixteen letters!\nanother readable text\n");
        assert_eq!((text.origin(0), text.origin(17)), (2, 29));
    }

    #[test]
    fn a_stretch_may_be_wide() {
        let wide: Vec<u8> = "sixteen letters!".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = [b"\x01\xff", &wide[..], b"\0\0\xff"].concat();
        let out = stretches(&bytes, OriginStep::ONE, |at| at).expect("a stretch");
        let text = Text::plain(&bytes).derive(out);
        assert_eq!(text.bytes(), b"sixteen letters!\n");
        assert_eq!((text.origin(0), text.origin(8)), (2, 18));
    }

    #[test]
    fn maximal_runs_are_found_wherever_they_start() {
        let found: Vec<_> = maximal(b"ab 1234 12345 12 123", 4, |b| b.is_ascii_digit()).collect();
        assert_eq!(found, [3..7, 8..13]);
    }

    #[test]
    fn starts_of_texts_are_told_from_other_bytes() {
        for text in ["{\"a\": 1}", "日本語", "é", "a\tb\r\n"] {
            assert!(is_text_start(text.as_bytes()), "{text}");
            assert!(is_text_start(&[text.as_bytes(), b"x\xe6\x97"].concat()), "{text}");
        }
        for bytes in [&b"a\0b"[..], b"\xfb\xef\xbe\xfb", b"\xff\xff\xff", b"\x97\xa5\x97\xa5", b"a\xe9b", b""]
        {
            assert!(!is_text_start(bytes), "{bytes:?}");
        }
        assert!(is_wide_start(b"k\0r\0e\0a\0") && is_wide_start(b"\xfe\xff\0k\0r\0e\0a"));
        assert!(!is_wide_start(b"k\0r\0\0\0a\0") && !is_wide_start(&[0; 16]));
    }
}
