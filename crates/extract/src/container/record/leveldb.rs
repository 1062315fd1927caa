//! LevelDB tables, in which Chromium and what is built on it keep the local storage of pages and of extensions, and
//! Electron apps theirs: <https://github.com/google/leveldb/blob/main/doc/table_format.md>.
//!
//! A table is read entry by entry, a block in memory at a time. The log beside the tables is not compressed, and says what
//! it holds as it is.

use crate::container::segments::{SegmentSource, TextSegment};
use crate::container::{Seekable, Walk};
use encoding_rs::UTF_16LE;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;
use std::io::{self, SeekFrom};
use std::ops::Range;

/// The last bytes of a table.
const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/// The last bytes of a table of RocksDB, which is built in another way.
const ROCKSDB: [u8; 8] = [0xf7, 0xcf, 0xf4, 0x85, 0xb7, 0x41, 0xe2, 0x88];
const FOOTER: u64 = 48;
/// The largest block that is read, in bytes.
const MAX_BLOCK_BYTES: u64 = 16 << 20;
/// What to do about a block that is not read.
const INSTEAD: &str = "copy the storage from the browser's developer tools and scan that";
/// How a block is stored.
const PLAIN: u8 = 0;
const SNAPPY: u8 = 1;
/// A key ends in a number that is the database's own.
const SEQUENCE: usize = 8;

/// Whether a file is called as tables are; their magic is at their end.
pub fn is(name: &str) -> bool {
    name.ends_with(".ldb") || name.ends_with(".sst")
}

/// Reads a table, or a file that is only called so.
pub fn read_leveldb(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let Some(start) = input.seek(SeekFrom::End(0))?.checked_sub(FOOTER) else { return Ok(()) };
    input.seek(SeekFrom::Start(start))?;
    let mut footer = [0; FOOTER as usize];
    input.read_exact(&mut footer)?;
    if footer.ends_with(&ROCKSDB) {
        return Err(ReadError::new(
            "is a table of RocksDB, which was not read; `sst_dump` prints it to scan",
        )
        .into());
    }
    if !footer.ends_with(&MAGIC) {
        return Ok(());
    }
    let memory = walk.memory;
    let _held = memory.take(3 * MAX_BLOCK_BYTES)?;
    // The place of what is no data comes first.
    let mut handles = &footer[..];
    let index = handle(&mut handles).and_then(|_| handle(&mut handles)).ok_or_else(damaged)?;
    let index = Block::read(input, &index)?;
    walk.segments(
        Layer::named(LayerKind::Leveldb, ""),
        "storage.txt",
        LevelDbTable { input, index, block: Block::default() },
    )
}

/// A table's entries as a text.
struct LevelDbTable<'i> {
    input: &'i mut dyn Seekable,
    index: Block,
    block: Block,
}

impl SegmentSource for LevelDbTable<'_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        loop {
            if let Some(value) = self.block.next()? {
                let value = &self.block.bytes[value];
                let key = &self.block.key[..self.block.key.len().saturating_sub(SEQUENCE)];
                entry(key, value, segment);
                return Ok(true);
            }
            let Some(value) = self.index.next()? else { return Ok(false) };
            let place = handle(&mut &self.index.bytes[value]).ok_or_else(damaged)?;
            self.block = Block::read(self.input, &place)?;
        }
    }
}

/// Tells what an entry says: `key=value` of a page's storage, and of others both as they are.
fn entry(key: &[u8], value: &[u8], segment: &mut TextSegment) {
    // `_`, the page's origin, a zero, and the key with a byte that says how it is encoded.
    let stored = key.strip_prefix(b"_").and_then(|rest| {
        let end = memchr::memchr(0, rest)?;
        Some((&rest[..end], text(&rest[end + 1..])?, text(value)?))
    });
    match stored {
        Some((origin, name, value)) => {
            let origin = String::from_utf8_lossy(origin);
            let key = one_line(&format!("local storage of {origin}, key {name}"));
            segment.part = Some(Layer::named(LayerKind::Entry, &key));
            segment.text.extend([name.as_bytes(), b"=", value.as_bytes()].concat());
        }
        None => segment.text.extend([key, b"=", value].concat()),
    }
    segment.text.push(b'\n');
}

/// A string as Chromium stores it: UTF-16 behind a 0, Latin-1 behind a 1.
fn text(bytes: &[u8]) -> Option<String> {
    match bytes.split_first()? {
        (0, wide) if wide.len().is_multiple_of(2) => {
            Some(UTF_16LE.decode_without_bom_handling(wide).0.into_owned())
        }
        (1, narrow) => Some(narrow.iter().map(|&byte| char::from(byte)).collect()),
        _ => None,
    }
}

/// A block: entries, each with the part of its key that the one before does not have.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    at: usize,
    end: usize,
    key: Vec<u8>,
}

impl Block {
    fn read(input: &mut dyn Seekable, place: &Range<u64>) -> io::Result<Self> {
        let length = place.end - place.start;
        if length > MAX_BLOCK_BYTES {
            return Err(ReadError::new(format!(
                "has a block of more than {} MB; {INSTEAD}",
                MAX_BLOCK_BYTES >> 20
            ))
            .into());
        }
        input.seek(SeekFrom::Start(place.start))?;
        let mut bytes = vec![0; length as usize + 1];
        input.read_exact(&mut bytes)?;
        let bytes = match bytes.pop() {
            Some(PLAIN) => bytes,
            Some(SNAPPY)
                if snap::raw::decompress_len(&bytes).is_ok_and(|length| length as u64 <= MAX_BLOCK_BYTES) =>
            {
                snap::raw::Decoder::new().decompress_vec(&bytes).map_err(|_| damaged())?
            }
            _ => {
                return Err(ReadError::new(format!(
                    "has a block that is not stored in a known way; {INSTEAD}"
                ))
                .into());
            }
        };
        // Places to start from, and how many they are, stand at the end.
        let count = bytes.last_chunk().map_or(0, |&count| u32::from_le_bytes(count)) as usize;
        let end = count.checked_add(1).and_then(|words| bytes.len().checked_sub(words.checked_mul(4)?));
        Ok(Block { end: end.ok_or_else(damaged)?, bytes, at: 0, key: Vec::new() })
    }

    /// Goes to the next entry; gives where its value is.
    fn next(&mut self) -> io::Result<Option<Range<usize>>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let mut rest = &self.bytes[self.at..self.end];
        let mut number = || usize::try_from(varint(&mut rest)?).ok();
        let (Some(shared), Some(own), Some(length)) = (number(), number(), number()) else {
            return Err(damaged());
        };
        let key = self.end - rest.len();
        let value = key.checked_add(own).ok_or_else(damaged)?;
        let end = value.checked_add(length).filter(|&end| end <= self.end).ok_or_else(damaged)?;
        self.key.truncate(shared);
        self.key.extend_from_slice(&self.bytes[key..value]);
        self.at = end;
        Ok(Some(value..end))
    }
}

/// Where a block is.
fn handle(bytes: &mut &[u8]) -> Option<Range<u64>> {
    let (start, length) = (varint(bytes)?, varint(bytes)?);
    Some(start..start.checked_add(length)?)
}

/// A number of seven bits a byte, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what says where its entries are makes no sense")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::testing::collect;

    /// A block of entries, stored in this way.
    fn block(entries: &[(&[u8], &[u8])], how: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in entries {
            // Keys share nothing here; lengths are below 128.
            bytes.extend([0, key.len() as u8, value.len() as u8]);
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(value);
        }
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0]);
        if how == SNAPPY {
            bytes = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        }
        bytes.push(how);
        bytes
    }

    fn table(entries: &[(&[u8], &[u8])], how: u8) -> Vec<u8> {
        let mut table = block(entries, how);
        let data = [0, table.len() as u8 - 1];
        table.extend([0; 4]);
        let start = table.len() as u8;
        let index = block(&[(b"k", &data)], PLAIN);
        table.extend_from_slice(&index);
        table.extend([0; 4]);
        let mut footer = vec![0, 0, start, index.len() as u8 - 1];
        footer.resize(40, 0);
        table.extend(footer);
        table.extend(MAGIC);
        table
    }

    #[test]
    fn entries_are_read_however_a_block_is_stored() {
        let wide: Vec<u8> =
            [0].into_iter().chain("v\u{e9}".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let entries: [(&[u8], &[u8]); 2] = [
            (b"VERSION\x01\x02\x03\x04\x05\x06\x07\x08", b"1"),
            (b"_https://a.test\0\x01name12345678", &wide),
        ];
        for how in [PLAIN, SNAPPY] {
            let collected = collect("000005.ldb", &table(&entries, how));
            assert_eq!(collected.members, [("leveldb ".to_owned(), "VERSION=1\nname=v\u{e9}\n".to_owned())]);
            assert!(collected.unread.is_empty(), "{:?}", collected.unread);
        }
    }

    #[test]
    fn damage_is_told_and_other_files_are_left_alone() {
        let mut broken = table(&[(b"k", b"v")], PLAIN);
        broken[2] = 0x70;
        assert_eq!(collect("1.ldb", &broken).unread.len(), 1);
        assert!(collect("1.ldb", b"a lock of a database").unread.is_empty());
        for cut in 0..broken.len() {
            let mut changed = broken.clone();
            changed[cut] ^= 0xff;
            collect("1.ldb", &changed);
        }
    }
}
