//! Text that is written as something else inside a text: base64, hex digits, character codes.
//!
//! A way of writing is one file here, with a function that finds its runs in some bytes; [`runs`] lists them all. What
//! a run holds may be UTF-16 or compressed; that is undone as well.

mod base64;
mod codes;
mod hex;

use super::charset;
use encoding_rs::UTF_16LE;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use std::io::Read;
use std::ops::Range;

/// A run of encoded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Where it stands.
    pub range: Range<usize>,
    /// What was undone, outermost first: `base64`, `gzip`.
    pub steps: Vec<&'static str>,
    /// What it says.
    pub text: Vec<u8>,
}

/// The encoded runs of `bytes` that hold text. A run that is wrapped over several lines comes before the lines that it
/// consists of. No more than `budget` bytes are decoded; what was is taken off it.
pub fn runs<'b>(bytes: &'b [u8], budget: &'b mut usize) -> impl Iterator<Item = Encoded> + 'b {
    let found = base64::find(bytes)
        .map(|run| ("base64", run))
        .chain(hex::find(bytes).map(|run| ("hex", run)))
        .chain(codes::find(bytes).map(|run| ("character-codes", run)));
    found.filter_map(move |(kind, (range, decoded))| {
        *budget = budget.checked_sub(decoded.len())?;
        let (step, text) = readable(decoded, budget)?;
        Some(Encoded { range, steps: std::iter::once(kind).chain(step).collect(), text })
    })
}

/// Whether a value is nothing but an encoded text.
pub fn is_encoded_text(value: &[u8]) -> bool {
    value.len() >= 16 && base64::is_whole(value)
}

/// What decoded bytes say, if they are text, and what else had to be undone.
fn readable(decoded: Vec<u8>, budget: &mut usize) -> Option<(Option<&'static str>, Vec<u8>)> {
    if is_text(&decoded) {
        return Some((None, decoded));
    }
    let (step, text) = match &decoded[..] {
        [0x1f, 0x8b, 8, ..] => ("gzip", inflated(MultiGzDecoder::new(&decoded[..]), budget)),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => ("zlib", inflated(ZlibDecoder::new(&decoded[..]), budget)),
        _ if is_wide(&decoded) => ("utf-16", charset::decode_utf16(&decoded, UTF_16LE).bytes().to_vec()),
        _ => return None,
    };
    is_text(&text).then_some((Some(step), text))
}

/// What comes out before the data or the budget ends.
fn inflated(decoder: impl Read, budget: &mut usize) -> Vec<u8> {
    let mut text = Vec::new();
    // What came out of damaged data is as good as the rest.
    let _ = decoder.take(*budget as u64).read_to_end(&mut text);
    *budget -= text.len();
    text
}

/// Whether the first bytes of a run are worth decoding the rest.
fn is_promising(head: &[u8]) -> bool {
    matches!(head, [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
        || is_text(head)
        || is_wide(head)
}

/// Little-endian UTF-16 of Latin text: every second byte is zero.
fn is_wide(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && bytes.chunks_exact(2).take(256).all(|pair| pair[1] == 0 && is_text(&pair[..1]))
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| is_ascii_text(b) || b >= 0x80) && {
        let beyond = bytes.iter().filter(|&&b| b >= 0x80).count();
        beyond * 4 <= bytes.len() && (beyond == 0 || std::str::from_utf8(bytes).is_ok() || bytes.len() < 16)
    }
}

fn is_ascii_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    use flate2::{Compression, read::GzEncoder};

    fn decoded(text: &str) -> Vec<(Vec<&'static str>, String)> {
        let mut budget = 1 << 20;
        let runs = runs(text.as_bytes(), &mut budget);
        runs.map(|run| (run.steps, String::from_utf8_lossy(&run.text).into_owned())).collect()
    }

    #[test]
    fn what_a_run_holds_is_undone_as_well() {
        let text = "KREA_API_KEY=abcdefgh, and some more";
        let mut packed = Vec::new();
        GzEncoder::new(text.as_bytes(), Compression::best()).read_to_end(&mut packed).expect("packs");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, step) in [(packed, "gzip"), (wide, "utf-16")] {
            assert_eq!(decoded(&STANDARD.encode(&bytes)), [(vec!["base64", step], text.to_owned())]);
        }
    }

    #[test]
    fn the_budget_ends_it() {
        let run = STANDARD.encode("a text of some length, twenty and more");
        let mut budget = 60;
        let text = [&run[..], &run[..]].join(" ");
        assert_eq!(runs(text.as_bytes(), &mut budget).count(), 1);
        let mut packed = Vec::new();
        GzEncoder::new(&vec![b'a'; 1 << 20][..], Compression::best())
            .read_to_end(&mut packed)
            .expect("packs");
        let mut budget = 10_000;
        let text = STANDARD.encode(&packed);
        assert!(runs(text.as_bytes(), &mut budget).all(|run| run.text.len() < 10_000));
        assert_eq!(budget, 0);
    }
}
