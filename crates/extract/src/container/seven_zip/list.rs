//! How large the list of members of a 7z is, and what unpacking it takes: told before any of it is unpacked
//! (<https://py7zr.readthedocs.io/en/latest/archive_format.html>).

use super::MAX_LIST;
use crate::container::Seekable;
use std::io::{self, Read, SeekFrom};

/// A list that is packed says how in not more than this, in bytes.
const MAX_PACKED: u64 = 64 << 10;
/// Where what the file starts with ends, in bytes.
pub const START: u64 = 32;

const PACKED_LIST: u8 = 0x17;
const PACKED_STREAMS: u8 = 0x06;
const CODERS: u8 = 0x07;
const FOLDER: u8 = 0x0b;
const UNPACKED_SIZES: u8 = 0x0c;
const END: u8 = 0;

/// What a list of members takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListSize {
    /// How long it is, unpacked, in bytes.
    pub bytes: u64,
    /// What its decoders need, in bytes.
    pub decoders: u64,
}

impl ListSize {
    /// Reads where and how large the list is. One that is packed and does not say how is
    /// as large as it may be: whoever unpacks it says what is wrong.
    pub fn read(input: &mut dyn Seekable) -> io::Result<ListSize> {
        let mut start = [0; START as usize];
        input.rewind()?;
        input.read_exact(&mut start)?;
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| start[at + i]));
        // It is not larger than the file, whatever it says: whoever reads it says what is wrong.
        let (offset, bytes) = (word(12), word(20).min(input.seek(SeekFrom::End(0))?));
        // Where nothing is said, whoever reads it looks for a list at the end of the file.
        let Some(at) = START.checked_add(offset).filter(|_| bytes > 0) else {
            return Ok(ListSize { bytes: MAX_LIST, decoders: 0 });
        };
        input.seek(SeekFrom::Start(at))?;
        let mut head = Vec::new();
        input.take(bytes.min(MAX_PACKED)).read_to_end(&mut head)?;
        input.rewind()?;
        Ok(match head.first() {
            Some(&PACKED_LIST) => {
                Bytes(&head[1..]).packed().unwrap_or(ListSize { bytes: MAX_LIST, decoders: 0 })
            }
            _ => ListSize { bytes, decoders: 0 },
        })
    }
}

/// What is left of the words that say how something is packed.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    /// A number: the bits that are set at the top of the first byte say how many bytes follow.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let more = first.leading_ones() as usize;
        let low = self.take(more)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
        let high = if more < 7 { u64::from(first & (0x7f >> more)) << (8 * more) } else { 0 };
        Some(high | low)
    }

    fn count(&mut self) -> Option<usize> {
        // Nothing here has more than one byte for each.
        usize::try_from(self.number()?).ok().filter(|&count| count as u64 <= MAX_PACKED)
    }

    fn packed(&mut self) -> Option<ListSize> {
        if self.byte()? != PACKED_STREAMS {
            return None;
        }
        // Where they are, how many, how large, with which checksums: until what coders come.
        self.number()?;
        let streams = self.count()?;
        loop {
            match self.byte()? {
                END => break,
                // Their sizes.
                0x09 => (0..streams).try_for_each(|_| self.number().map(drop))?,
                0x0a => self.checksums(streams)?,
                _ => return None,
            }
        }
        if self.byte()? != CODERS || self.byte()? != FOLDER {
            return None;
        }
        let folders = self.count()?;
        // They stand here, not elsewhere.
        if self.byte()? != 0 {
            return None;
        }
        let (mut outputs, mut decoders) = (0, 0_u64);
        for _ in 0..folders {
            let (more, needed) = self.folder()?;
            outputs += more;
            decoders = decoders.saturating_add(needed);
        }
        if self.byte()? != UNPACKED_SIZES {
            return None;
        }
        let mut bytes = 0;
        for _ in 0..outputs {
            bytes = self.number()?.max(bytes);
        }
        Some(ListSize { bytes, decoders })
    }

    fn checksums(&mut self, count: usize) -> Option<()> {
        let defined = match self.byte()? {
            0 => self.take(count.div_ceil(8))?.iter().map(|byte| byte.count_ones() as usize).sum(),
            _ => count,
        };
        self.take(4 * defined).map(drop)
    }

    /// How many outputs the coders of a folder have, and what they need, in bytes.
    fn folder(&mut self) -> Option<(usize, u64)> {
        let (mut inputs, mut outputs, mut needed) = (0, 0, 0_u64);
        for _ in 0..self.count()? {
            let flags = self.byte()?;
            let method = self.take(usize::from(flags & 0x0f))?;
            let (mut takes, mut gives) = (1, 1);
            if flags & 0x10 != 0 {
                (takes, gives) = (self.count()?, self.count()?);
            }
            let length = if flags & 0x20 != 0 { self.count()? } else { 0 };
            needed = needed.saturating_add(super::memory(method, self.take(length)?));
            (inputs, outputs) = (inputs + takes, outputs + gives);
        }
        let bound = outputs.checked_sub(1)?;
        (0..2 * bound).try_for_each(|_| self.number().map(drop))?;
        let streams = inputs.checked_sub(bound)?;
        if streams > 1 {
            (0..streams).try_for_each(|_| self.number().map(drop))?;
        }
        Some((outputs, needed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A file with this list behind what it starts with.
    fn size(list: &[u8]) -> ListSize {
        let mut file = b"7z\xbc\xaf\x27\x1c\0\x04....".to_vec();
        for word in [0, list.len() as u64] {
            file.extend(word.to_le_bytes());
        }
        file.extend([0; 4]);
        file.extend(list);
        ListSize::read(&mut Cursor::new(file)).unwrap()
    }

    /// As py7zr writes it: LZMA2 with 16 MB, 81 bytes.
    const PACKED: &[u8] = b"\x17\x06\x13\x01\x09\x56\x00\x07\x0b\x01\x00\x01\x21\x21\x01\x18\x0c\x51\x00\x00";

    #[test]
    fn a_packed_list_says_what_it_takes() {
        assert_eq!(size(PACKED), ListSize { bytes: 81, decoders: 16 << 20 });
        // A list that says that it is 2 GB.
        let huge = [&PACKED[..17], b"\xf0\0\0\0\x80\0"].concat();
        assert_eq!(size(&huge), ListSize { bytes: 2 << 30, decoders: 16 << 20 });
    }

    #[test]
    fn what_is_damaged_is_as_large_as_it_may_be() {
        for length in 1..PACKED.len() - 2 {
            let list = size(&PACKED[..length]);
            assert_eq!(list, ListSize { bytes: MAX_LIST, decoders: 0 }, "{length}");
        }
        assert_eq!(size(b"\x01\x04"), ListSize { bytes: 2, decoders: 0 });
        assert_eq!(size(b""), ListSize { bytes: MAX_LIST, decoders: 0 });
    }
}
