//! Where the bytes of a member are.

use super::directory::{self, ZipEntry};
use crate::container::Seekable;
use std::io::{self, Read, SeekFrom};

/// Goes to where a member's bytes start. Says whether a member is there.
pub fn go_to(input: &mut dyn Seekable, entry: &ZipEntry, before: u64) -> io::Result<bool> {
    let mut header = [0; 30];
    input.seek(SeekFrom::Start(before.saturating_add(entry.offset)))?;
    let read = input.read_exact(&mut header);
    if read.is_err() || !header.starts_with(b"PK\x03\x04") {
        return Ok(false);
    }
    let names = [26, 28].map(|at| i64::from(directory::u16_at(&header, at)));
    input.seek(SeekFrom::Current(names[0] + names[1]))?;
    Ok(true)
}

/// What is in a member that was read before; `None` for one that is damaged or packed as documents are not.
pub fn decoder<'i>(
    input: &'i mut dyn Seekable,
    entry: &ZipEntry,
    before: u64,
) -> io::Result<Option<Box<dyn Read + 'i>>> {
    if !go_to(input, entry, before)? {
        return Ok(None);
    }
    let input = input.take(entry.packed);
    Ok(match entry.method {
        0 => Some(Box::new(input)),
        8 => Some(Box::new(flate2::read::DeflateDecoder::new(input))),
        _ => None,
    })
}
