//! Gzip inside an encoded run. A file that is gzip as a whole is a container.

use super::Run;
use crate::unpack::{Step, Text, TextBuilder};
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// No more than this comes out of one run, in bytes.
const MOST: u64 = 4 << 20;

/// Whether decoded bytes start as gzip does (RFC 1952: the two marks, and deflate, its only method).
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b\x08")
}

/// What gzip from the first byte on holds, as far as it can be read. All of it stands for the run as a whole.
pub fn runs(bytes: &[u8]) -> Vec<Run> {
    let mut said = Vec::new();
    if is_gzip(bytes) {
        // What came out before an error is there to be read.
        _ = MultiGzDecoder::new(bytes).take(MOST).read_to_end(&mut said);
    }
    if said.is_empty() {
        return Vec::new();
    }
    let mut out = TextBuilder::default();
    out.push(&said, 0, Step::NONE);
    out.push(b"\n", bytes.len() - 1, Step::NONE);
    vec![Run { kind: "gzip", range: 0..bytes.len(), text: Text::plain(bytes).derive(out) }]
}
