//! The list of members at the end of a zip (APPNOTE.TXT 4.3.12 to 4.3.16). It is read piece by piece: however long it is,
//! one member's entry is in memory.

use super::name;
use crate::container::Seekable;
use std::io::{self, Read, SeekFrom};

/// What ends a zip, without its comment.
const END: usize = 22;
/// How much is read at once: more than the longest entry.
const PIECE: usize = 256 << 10;

#[derive(Debug)]
pub struct ZipEnd {
    /// Where the list starts and ends in the file.
    pub list: std::ops::Range<u64>,
    /// What stands in front of the zip, in bytes: offsets count from behind it.
    pub before: u64,
    /// How many members the list has.
    pub members: u64,
    /// The number of this part of a split zip; 0 for one that is whole.
    pub part: u32,
    pub comment: Vec<u8>,
}

impl ZipEnd {
    /// The entries of the list.
    pub fn entries(&self) -> ZipEntries {
        ZipEntries::new(self.list.clone())
    }

    /// Whether one of these stands in the list.
    pub fn mentions(&self, input: &mut dyn Seekable, names: &[&str]) -> io::Result<bool> {
        let longest = names.iter().map(|name| name.len()).max().unwrap_or_default();
        let (mut piece, mut at) = (Vec::new(), self.list.start);
        while at < self.list.end {
            input.seek(SeekFrom::Start(at))?;
            piece.clear();
            (&mut *input).take((self.list.end - at).min(PIECE as u64)).read_to_end(&mut piece)?;
            if names.iter().any(|name| memchr::memmem::find(&piece, name.as_bytes()).is_some()) {
                return Ok(true);
            }
            if piece.len() < PIECE {
                break;
            }
            at += (PIECE - longest) as u64;
        }
        Ok(false)
    }
}

/// Finds the end of a zip.
pub fn end(input: &mut dyn Seekable) -> io::Result<Option<ZipEnd>> {
    let size = input.seek(SeekFrom::End(0))?;
    let start = size.saturating_sub((END + 0xffff) as u64);
    input.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    input.take(size - start).read_to_end(&mut tail)?;
    for at in memchr::memmem::rfind_iter(&tail, b"PK\x05\x06") {
        let Some(record) = tail.get(at..at + END) else { continue };
        let comment = tail.get(at + END..at + END + usize::from(u16_at(record, 20)));
        let Some(comment) = comment else { continue };
        if let Some(mut end) = read_end(input, start + at as u64, record)? {
            end.comment = comment.to_vec();
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// Reads the record at `at` and, where there is one, the one for large archives in front of it; `None` when no list is
/// where it says.
fn read_end(input: &mut dyn Seekable, at: u64, record: &[u8]) -> io::Result<Option<ZipEnd>> {
    let mut part = u32::from(u16_at(record, 4));
    let mut members = u64::from(u16_at(record, 10));
    let (mut length, mut offset) = (u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
    let mut list_end = at;
    if let Some(locator) = at.checked_sub(20).map(|at| read_at::<20>(input, at)).transpose()?
        && locator.starts_with(b"PK\x06\x07")
    {
        // It is where the locator says, or right in front of it when something stands in front of the zip.
        for place in [u64_at(&locator, 8), at.saturating_sub(76)] {
            let large = read_at::<56>(input, place)?;
            if large.starts_with(b"PK\x06\x06") {
                (part, members) = (u32_at(&large, 16), u64_at(&large, 32));
                (length, offset, list_end) = (u64_at(&large, 40), u64_at(&large, 48), place);
                break;
            }
        }
    }
    for start in [list_end.checked_sub(length), Some(offset)].into_iter().flatten() {
        let is_list = members == 0 && length == 0
            || (start < list_end && read_at::<4>(input, start)?.starts_with(b"PK\x01\x02"));
        if is_list {
            let before = start.saturating_sub(offset);
            return Ok(Some(ZipEnd { list: start..list_end, before, members, part, comment: Vec::new() }));
        }
    }
    Ok(None)
}

/// The bytes at a place; zeros where the file ends before.
fn read_at<const N: usize>(input: &mut dyn Seekable, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = Vec::with_capacity(N);
    input.seek(SeekFrom::Start(at))?;
    input.take(N as u64).read_to_end(&mut bytes)?;
    bytes.resize(N, 0);
    let mut array = [0; N];
    array.copy_from_slice(&bytes);
    Ok(array)
}

/// What the list, or a member's own header, says of a member.
#[derive(Debug, Default)]
pub struct ZipEntry {
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u64,
    pub size: u64,
    /// Where its own header is, from the start of the zip.
    pub offset: u64,
    pub name: String,
    pub comment: String,
    /// It is a part of a document, whose text is read after that of all its parts.
    pub is_part: bool,
}

impl ZipEntry {
    /// Whether it can be read only with a password.
    pub fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether its own header leaves the sizes to what stands behind its bytes.
    pub fn is_streamed(&self) -> bool {
        self.flags & 8 != 0
    }

    /// Takes what stands in the extra fields: long sizes and a name in Unicode.
    pub fn extend(&mut self, mut extra: &[u8], raw_name: &[u8]) {
        while let [a, b, c, d, rest @ ..] = extra {
            let length = usize::from(u16::from_le_bytes([*c, *d]));
            let Some((field, next)) = rest.split_at_checked(length) else { return };
            extra = next;
            match u16::from_le_bytes([*a, *b]) {
                0x0001 => {
                    let mut numbers = field.chunks_exact(8).map(|bytes| u64_at(bytes, 0));
                    for number in [&mut self.size, &mut self.packed, &mut self.offset] {
                        if *number == u64::from(u32::MAX) {
                            *number = numbers.next().unwrap_or(*number);
                        }
                    }
                }
                0x7075 => {
                    if let [1, a, b, c, d, name @ ..] = field
                        && u32::from_le_bytes([*a, *b, *c, *d]) == name::checksum(raw_name)
                        && let Ok(name) = std::str::from_utf8(name)
                    {
                        name.clone_into(&mut self.name);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Gives the entries of a list, one after the other.
pub struct ZipEntries {
    /// What is not yet read.
    unread: std::ops::Range<u64>,
    piece: Vec<u8>,
    at: usize,
}

impl ZipEntries {
    /// The entries of a list.
    pub fn new(list: std::ops::Range<u64>) -> Self {
        ZipEntries { unread: list, piece: Vec::new(), at: 0 }
    }

    /// The next entry; `None` at the end of the list or where it is no list any more.
    pub fn next(&mut self, input: &mut dyn Seekable) -> io::Result<Option<ZipEntry>> {
        if self.piece.len() - self.at < PIECE / 4 * 3 && !self.unread.is_empty() {
            self.piece.drain(..self.at);
            self.at = 0;
            input.seek(SeekFrom::Start(self.unread.start))?;
            let length = ((PIECE - self.piece.len()) as u64).min(self.unread.end - self.unread.start);
            input.take(length).read_to_end(&mut self.piece)?;
            self.unread.start += length;
        }
        let bytes = &self.piece[self.at..];
        if bytes.len() < 46 || !bytes.starts_with(b"PK\x01\x02") {
            return Ok(None);
        }
        let lengths = [28, 30, 32].map(|at| usize::from(u16_at(bytes, at)));
        let Some(names) = bytes.get(46..46 + lengths.iter().sum::<usize>()) else { return Ok(None) };
        let (raw_name, rest) = names.split_at(lengths[0]);
        let (extra, comment) = rest.split_at(lengths[1]);
        let flags = u16_at(bytes, 8);
        let mut entry = ZipEntry {
            flags,
            method: u16_at(bytes, 10),
            crc: u32_at(bytes, 16),
            packed: u64::from(u32_at(bytes, 20)),
            size: u64::from(u32_at(bytes, 24)),
            offset: u64::from(u32_at(bytes, 42)),
            name: name::text(raw_name, flags),
            comment: name::text(comment, flags),
            is_part: false,
        };
        entry.extend(extra, raw_name);
        self.at += 46 + names.len();
        Ok(Some(entry))
    }

    /// Whether all of the list was understood.
    pub fn is_done(&self) -> bool {
        self.unread.is_empty() && self.at == self.piece.len()
    }
}

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
