//! Decoders whose need for memory stands in what they decode: it is looked at first.

use krea_scan_bounds::memory::{Held, Memory};
use krea_scan_zstd::{Peek, Zstd};
use std::io::{self, BufRead, Read};

/// What an xz decoder may always have, in bytes: enough for `xz -6`.
const XZ: u64 = 9 << 20;
/// What decoders need besides their dictionary or window, in bytes.
const BESIDES: u64 = 1 << 20;

/// Decodes xz: all streams, or the first. What it needs stands in the head of the first block; later ones may need as much.
pub fn xz<'m, R: BufRead>(
    memory: &'m Memory<'m>,
    input: R,
    all_streams: bool,
) -> io::Result<(lzma_rust2::XzReader<Peek<R>>, Held<'m>)> {
    let mut input = Peek::new(input);
    let dictionary = xz_dictionary(input.peek(64)?).unwrap_or(0);
    let need = dictionary.saturating_add(BESIDES).max(XZ);
    let held = memory.take(need)?;
    let limit = u32::try_from(need >> 10).unwrap_or(u32::MAX);
    Ok((lzma_rust2::XzReader::new_mem_limit(input, all_streams, limit), held))
}

/// The dictionary of the first block, in bytes (The .xz File Format 1.2, 2.1.1, 3.1 and 5.3.1).
fn xz_dictionary(head: &[u8]) -> Option<u64> {
    let flags = *head.get(13)?;
    let mut rest = head.get(14..)?;
    for _ in 0..(flags >> 6).count_ones() {
        number(&mut rest)?;
    }
    for _ in 0..=flags & 3 {
        let (id, length) = (number(&mut rest)?, number(&mut rest)?);
        let properties = rest.get(..usize::try_from(length).ok()?)?;
        if id == 0x21 {
            let bits = u32::from(properties.first()? & 0x3f);
            return Some(u64::from(2 | bits & 1).checked_shl(bits / 2 + 11)?.min(u64::from(u32::MAX)));
        }
        rest = &rest[properties.len()..];
    }
    None
}

/// A number in groups of seven bits, lowest first.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let length = rest.iter().take(9).position(|byte| byte & 0x80 == 0)? + 1;
    let bytes = &rest[..length];
    *rest = &rest[length..];
    Some(bytes.iter().rev().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f)))
}

/// Decodes LZMA. `head` are the five bytes that say how; a size of `u64::MAX` is not known.
pub fn lzma<'m, R: Read>(
    memory: &'m Memory<'m>,
    head: [u8; 5],
    size: u64,
    input: R,
) -> io::Result<(lzma_rust2::LzmaReader<R>, Held<'m>)> {
    let [properties, a, b, c, d] = head;
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let need = u64::from(lzma_rust2::lzma_get_memory_usage_by_props(dictionary, properties)?) << 10;
    let held = memory.take(need)?;
    let decoder = lzma_rust2::LzmaReader::new_with_props(input, size, properties, dictionary, None)?;
    Ok((decoder, held))
}

/// Decodes Zstandard, all frames. Each says in its head how much memory it needs.
pub fn zstd<'m, R: BufRead>(memory: &'m Memory<'m>, input: R) -> impl Read {
    Zstd::new(input, |need| memory.take(need))
}

/// Decodes the first frame of Zstandard, as [`zstd`] does.
pub fn first_zstd_frame<'m, R: BufRead>(memory: &'m Memory<'m>, input: R) -> impl Read {
    Zstd::first_frame(input, |need| memory.take(need))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_decoder_needs_stands_in_its_head() {
        // Heads that xz -6 and xz -9 --x86 write.
        let six = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 4, 0, 0, 0, 0, 2, 0, 0x21, 1, 0x16, 0, 0, 0];
        assert_eq!(xz_dictionary(&six), Some(8 << 20));
        let nine = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 4, 0, 0, 0, 0, 2, 1, 4, 0, 0x21, 1, 0x1c, 0];
        assert_eq!(xz_dictionary(&nine), Some(64 << 20));
        // A number that never ends.
        assert_eq!(xz_dictionary(&[0xff; 64]), None);
    }
}
