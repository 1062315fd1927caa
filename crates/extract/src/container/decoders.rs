//! Decoders whose need for memory stands in what they decode: it is looked at first.

use krea_scan_bounds::memory::{Held, Memory};
use std::io::{self, BufRead, Read};

/// What an xz decoder may always have, in bytes: enough for `xz -6`.
const XZ: u64 = 9 << 20;
/// What decoders need besides their dictionary or window, in bytes.
const BESIDES: u64 = 1 << 20;

/// Decodes xz, all streams. What it needs stands in the head of the first block; later ones may need as much.
pub fn xz<'m, R: BufRead>(
    memory: &'m Memory<'m>,
    input: R,
) -> io::Result<(lzma_rust2::XzReader<Peek<R>>, Held<'m>)> {
    let mut input = Peek::new(input);
    let dictionary = xz_dictionary(input.peek(64)?).unwrap_or(0);
    let need = dictionary.saturating_add(BESIDES).max(XZ);
    let held = memory.take(need)?;
    let limit = u32::try_from(need >> 10).unwrap_or(u32::MAX);
    Ok((lzma_rust2::XzReader::new_mem_limit(input, true, limit), held))
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

/// Decodes Zstandard, frame after frame. Each says in its head how much memory it needs.
pub struct Zstd<'m, R: BufRead> {
    memory: &'m Memory<'m>,
    /// Between two frames.
    input: Option<Peek<R>>,
    /// In a frame.
    frame: Option<(zstd::stream::read::Decoder<'static, Peek<R>>, Held<'m>)>,
}

impl<'m, R: BufRead> Zstd<'m, R> {
    /// Decodes all frames of `input`.
    pub fn new(memory: &'m Memory<'m>, input: R) -> Self {
        Zstd { memory, input: Some(Peek::new(input)), frame: None }
    }

    /// Starts the next frame; says whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        let Some(mut input) = self.input.take() else { return Ok(false) };
        loop {
            let head = input.peek(18)?;
            if head.is_empty() {
                return Ok(false);
            }
            let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] = *head else { break };
            let length = 8 + u64::from(u32::from_le_bytes([a, b, c, d]));
            if io::copy(&mut (&mut input).take(length), &mut io::sink())? < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let window = window(input.peek(18)?).ok_or(io::ErrorKind::InvalidData)?;
        let held = self.memory.take(window.saturating_add(BESIDES))?;
        let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?.single_frame();
        decoder.window_log_max(window.max(1 << 10).next_power_of_two().trailing_zeros())?;
        self.frame = Some((decoder, held));
        Ok(true)
    }
}

impl<R: BufRead> Read for Zstd<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some((decoder, _)) = &mut self.frame {
                let read = decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
            }
            if let Some((decoder, _)) = self.frame.take() {
                self.input = Some(decoder.into_inner());
            }
            if !self.next_frame()? {
                return Ok(0);
            }
        }
    }
}

/// The window that a frame needs, in bytes (RFC 8878, 3.1.1.1); `None` when it is no frame.
fn window(head: &[u8]) -> Option<u64> {
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, rest @ ..] = head else { return None };
    if descriptor & 0x20 == 0 {
        let byte = *rest.first()?;
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let (length, plus) = [(1, 0), (2, 256), (4, 0), (8, 0)][usize::from(descriptor >> 6)];
    let mut size = [0; 8];
    size[..length].copy_from_slice(rest.get(dictionary..dictionary + length)?);
    Some(u64::from_le_bytes(size).saturating_add(plus).min(1 << 60))
}

/// A reader whose next bytes can be looked at before they are read.
pub struct Peek<R> {
    seen: Vec<u8>,
    at: usize,
    inner: R,
}

impl<R: BufRead> Peek<R> {
    /// Looks ahead in `inner`.
    pub fn new(inner: R) -> Self {
        Peek { seen: Vec::new(), at: 0, inner }
    }

    /// The next bytes: so many, or all that are left.
    pub fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        self.seen.drain(..self.at);
        self.at = 0;
        let missing = length.saturating_sub(self.seen.len()) as u64;
        (&mut self.inner).take(missing).read_to_end(&mut self.seen)?;
        Ok(&self.seen)
    }
}

impl<R: BufRead> Read for Peek<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.seen.len() {
            return self.inner.read(buffer);
        }
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Peek<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.seen.len() { Ok(&self.seen[self.at..]) } else { self.inner.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.at < self.seen.len() {
            self.at += amount;
        } else {
            self.inner.consume(amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_decoder_needs_stands_in_its_head() {
        // Heads that xz -6, xz -9 --x86 and zstd --ultra -22 --long=27 write.
        let six = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 4, 0, 0, 0, 0, 2, 0, 0x21, 1, 0x16, 0, 0, 0];
        assert_eq!(xz_dictionary(&six), Some(8 << 20));
        let nine = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 4, 0, 0, 0, 0, 2, 1, 4, 0, 0x21, 1, 0x1c, 0];
        assert_eq!(xz_dictionary(&nine), Some(64 << 20));
        assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x88]), Some(128 << 20));
        assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0x24, 5]), Some(5));
        assert_eq!(window(&[0x28, 0xb5, 0x2f, 0xfd, 0x60, 0, 1]), Some(512));
        assert_eq!(window(b"\x28\xb5\x2f"), None);
        // A number that never ends.
        assert_eq!(xz_dictionary(&[0xff; 64]), None);
    }
}
