//! One file, compressed.

use super::{Kind, Walk, layer};
use crate::unpack::limits::Metered;
use std::io::{self, BufReader, Read};

/// How much compressed input is read at once, in bytes.
const BUFFER: usize = 64 << 10;

/// Reads a compressed file. Its name without the ending is the name of what is in it.
pub fn read(walk: &mut Walk<'_>, kind: Kind, name: &str, input: &mut dyn Read) -> io::Result<()> {
    let input = BufReader::with_capacity(BUFFER, input);
    match kind {
        Kind::Gzip => one(walk, "gzip", name, flate2::bufread::MultiGzDecoder::new(input)),
        _ => Err(io::Error::other("is no compressed file")),
    }
}

fn one(walk: &mut Walk<'_>, kind: &str, name: &str, decoder: impl Read) -> io::Result<()> {
    let inner = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.eq_ignore_ascii_case("tgz") => format!("{stem}.tar"),
        Some((stem, ending)) if ending.eq_ignore_ascii_case("gz") => stem.to_owned(),
        _ => name.to_owned(),
    };
    let mut metered = Metered::new(walk.budget, decoder);
    walk.member(layer(kind, ""), &inner, &mut metered)
}
