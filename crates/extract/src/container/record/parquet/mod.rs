//! Parquet: columns, each in pages that are packed by themselves (<https://parquet.apache.org/docs/file-format/>).
//!
//! What a page says is handed on as it is stored, behind its column's name; texts in a page are told apart where they follow
//! each other with their lengths, which is how dictionaries and plain pages hold them.

mod thrift;

use crate::container::decoders::zstd;
use crate::container::segments::{SegmentSource, TextSegment};
use crate::container::{Seekable, Walk};
use krea_scan_bounds::memory::Memory;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, Read, SeekFrom};
use thrift::{FieldType, Thrift};

/// A file starts and ends with this.
pub const MAGIC: &[u8] = b"PAR1";
/// What stands behind the footer: its length and the magic, in bytes.
const TRAILER: u64 = 8;
/// The longest footer that is read, in bytes.
const MAX_FOOTER: u64 = 16 << 20;
/// The longest header of a page, in bytes.
const MAX_PAGE_HEADER: u64 = 64 << 10;
/// The largest page that is read, in bytes, packed and unpacked.
const MAX_PAGE: usize = 32 << 20;
/// The longest name of a column that is told, in bytes.
const MAX_NAME: usize = 256;

/// The pages of one column, in one group of rows.
#[derive(Debug, Default)]
struct ColumnChunk {
    name: String,
    codec: i64,
    start: u64,
    length: u64,
    values: u64,
}

/// What a page's header says.
#[derive(Debug, Default)]
struct PageHeader {
    packed: usize,
    unpacked: usize,
    /// What stands before the values and is never packed, in bytes.
    levels: usize,
    is_plain: bool,
    /// It says itself that its values are as they are.
    is_unpacked: bool,
}

pub fn read_parquet(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let size = input.seek(SeekFrom::End(0))?;
    let mut trailer = [0; TRAILER as usize];
    let start = size.checked_sub(TRAILER).ok_or_else(damaged)?;
    input.seek(SeekFrom::Start(start))?;
    input.read_exact(&mut trailer)?;
    let [a, b, c, d, magic @ ..] = trailer;
    if magic != MAGIC {
        return Err(ReadError::new("is damaged or cut short: it does not end as a Parquet file does").into());
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if length > MAX_FOOTER {
        let reason = format!("has a footer of {length} bytes, and {MAX_FOOTER} are the most");
        return Err(ReadError::new(reason).into());
    }
    let memory = walk.memory;
    let _held = memory.take(8 * length)?;
    input.seek(SeekFrom::Start(start.checked_sub(length).ok_or_else(damaged)?))?;
    let mut footer = vec![0; length as usize];
    input.read_exact(&mut footer)?;
    let columns = columns(&footer).ok_or_else(damaged)?;
    // Nothing is read twice, whatever the footer says.
    let mut read = 0u64;
    for column in columns {
        read = read.saturating_add(column.length);
        if read > size {
            return Err(ReadError::new("is damaged: its columns overlap").into());
        }
        let name = column.name.clone();
        if !can_unpack(column.codec) {
            let reason =
                "is packed in a way that is not read here; write the file anew, not packed, and scan that";
            walk.unread_member(Layer::named(LayerKind::Column, &name), reason);
            continue;
        }
        let pages = Pages { input: &mut *input, memory, column, page: Vec::new(), at: 0, is_split: false };
        walk.segments(Layer::named(LayerKind::Column, &name), "column.txt", pages)?;
    }
    Ok(())
}

fn damaged() -> io::Error {
    ReadError::new("is damaged: its footer cannot be read").into()
}

/// The columns that a footer tells of.
fn columns(footer: &[u8]) -> Option<Vec<ColumnChunk>> {
    let mut columns = Vec::new();
    Thrift::new(footer).fields(&mut |thrift, id, field| {
        if (id, field) != (4, FieldType::List) {
            return Some(false);
        }
        thrift.list(&mut |thrift, _| row_group(thrift, &mut columns))?;
        Some(true)
    })?;
    Some(columns)
}

fn row_group(thrift: &mut Thrift<'_>, columns: &mut Vec<ColumnChunk>) -> Option<()> {
    thrift.fields(&mut |thrift, id, field| {
        if (id, field) != (1, FieldType::List) {
            return Some(false);
        }
        thrift.list(&mut |thrift, _| {
            thrift.fields(&mut |thrift, id, field| {
                if (id, field) != (3, FieldType::Struct) {
                    return Some(false);
                }
                columns.push(column(thrift)?);
                Some(true)
            })
        })?;
        Some(true)
    })
}

fn column(thrift: &mut Thrift<'_>) -> Option<ColumnChunk> {
    let (mut column, mut path, mut dictionary) = (ColumnChunk::default(), Vec::new(), None);
    let unsigned = |thrift: &mut Thrift<'_>| u64::try_from(thrift.number()?).ok();
    thrift.fields(&mut |thrift, id, field| {
        match (id, field) {
            (3, FieldType::List) => thrift.list(&mut |thrift, _| {
                path.push(String::from_utf8_lossy(thrift.text()?).into_owned());
                Some(())
            })?,
            (4, FieldType::Number) => column.codec = thrift.number()?,
            (5, FieldType::Number) => column.values = unsigned(thrift)?,
            (7, FieldType::Number) => column.length = unsigned(thrift)?,
            (9, FieldType::Number) => column.start = unsigned(thrift)?,
            (11, FieldType::Number) => dictionary = Some(unsigned(thrift)?),
            _ => return Some(false),
        }
        Some(true)
    })?;
    // Some writers leave a zero where there is no dictionary.
    column.start = dictionary.filter(|&at| at > 0).map_or(column.start, |at| at.min(column.start));
    column.name = path.join(".").chars().take(MAX_NAME).collect();
    Some(column)
}

/// The pages of a column as a text.
struct Pages<'i, 'm> {
    input: &'i mut dyn Seekable,
    memory: &'m Memory<'m>,
    column: ColumnChunk,
    /// The page that was read last, unpacked.
    page: Vec<u8>,
    /// How much of it was told.
    at: usize,
    /// From there on it is texts with their lengths before them.
    is_split: bool,
}

impl SegmentSource for Pages<'_, '_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        while self.at == self.page.len() {
            if self.column.length == 0 {
                return Ok(false);
            }
            let (header, page) = self.next_page()?;
            let start = if header.is_plain { texts_start(&page) } else { None };
            (self.page, self.at, self.is_split) = (page, start.unwrap_or(0), start.is_some());
        }
        let rest = &self.page[self.at..];
        let text = if self.is_split { first_text(rest).unwrap_or(rest) } else { rest };
        self.at += text.len() + if self.is_split { LENGTH } else { 0 };
        segment.text.extend(self.column.name.as_bytes());
        segment.text.push(b'=');
        segment.text.extend(text);
        segment.text.push(b'\n');
        Ok(true)
    }
}

impl Pages<'_, '_> {
    /// Reads the next page, unpacked.
    fn next_page(&mut self) -> io::Result<(PageHeader, Vec<u8>)> {
        let broken = || ReadError::new("is damaged: a page cannot be read; nothing behind it was");
        self.input.seek(SeekFrom::Start(self.column.start))?;
        let mut head = Vec::new();
        (&mut *self.input).take(MAX_PAGE_HEADER.min(self.column.length)).read_to_end(&mut head)?;
        let (header, length) = page_header(&head).ok_or_else(broken)?;
        let whole = (length + header.packed) as u64;
        if header.packed > MAX_PAGE || header.unpacked > MAX_PAGE {
            let reason = format!("has a page of more than {} MB; nothing behind it was read", MAX_PAGE >> 20);
            return Err(ReadError::new(reason).into());
        }
        let _held = self.memory.take(whole + header.unpacked as u64)?;
        self.column.length = self.column.length.checked_sub(whole).ok_or_else(broken)?;
        self.input.seek(SeekFrom::Start(self.column.start + length as u64))?;
        self.column.start += whole;
        let mut packed = Vec::new();
        (&mut *self.input).take(header.packed as u64).read_to_end(&mut packed)?;
        if packed.len() < header.packed {
            return Err(ReadError::new("is cut short in the middle of a page").into());
        }
        let (levels, values) = packed.split_at_checked(header.levels).ok_or_else(broken)?;
        let room = header.unpacked.saturating_sub(levels.len());
        let codec = if header.is_unpacked { PLAIN } else { self.column.codec };
        let values = unpacked(codec, values, room, self.memory).map_err(|_| broken())?;
        Ok((header, values))
    }
}

/// A page's header, and how long it is.
fn page_header(bytes: &[u8]) -> Option<(PageHeader, usize)> {
    let (mut thrift, mut header) = (Thrift::new(bytes), PageHeader::default());
    let size = |thrift: &mut Thrift<'_>| usize::try_from(thrift.number()?).ok();
    thrift.fields(&mut |thrift, id, field| {
        match (id, field) {
            (2, FieldType::Number) => header.unpacked = size(thrift)?,
            (3, FieldType::Number) => header.packed = size(thrift)?,
            // A page of data, a dictionary, and a page of data whose levels are not packed.
            (5 | 7 | 8, FieldType::Struct) => {
                let encoding = if id == 8 { 4 } else { 2 };
                let mut levels = 0;
                thrift.fields(&mut |thrift, inner, field| {
                    match inner {
                        _ if inner == encoding => header.is_plain = matches!(thrift.number()?, 0 | 2),
                        5 | 6 if id == 8 => levels += size(thrift)?,
                        7 if id == 8 => header.is_unpacked = field == FieldType::Bool(false),
                        _ => return Some(false),
                    }
                    Some(true)
                })?;
                header.levels = levels;
                header.is_plain |= id == 7;
            }
            _ => return Some(false),
        }
        Some(true)
    })?;
    Some((header, thrift.read()))
}

/// The codec of pages that are as they are.
const PLAIN: i64 = 0;

/// Whether pages of a codec can be unpacked: all but LZO and LZ4.
fn can_unpack(codec: i64) -> bool {
    matches!(codec, PLAIN | 1 | 2 | 4 | 6)
}

fn unpacked(codec: i64, packed: &[u8], room: usize, memory: &Memory<'_>) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    let most = room as u64 + 1;
    match codec {
        PLAIN => return Ok(packed.to_vec()),
        1 if snap::raw::decompress_len(packed).is_ok_and(|length| length <= MAX_PAGE) => {
            return snap::raw::Decoder::new().decompress_vec(packed).map_err(io::Error::other);
        }
        2 => flate2::read::MultiGzDecoder::new(packed).take(most).read_to_end(&mut unpacked)?,
        4 => brotli_decompressor::Decompressor::new(packed, 4096).take(most).read_to_end(&mut unpacked)?,
        6 => zstd(memory, packed).take(most).read_to_end(&mut unpacked)?,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    Ok(unpacked)
}

/// Bytes of a text's length.
const LENGTH: usize = 4;

/// Where in a page its texts start, each with its length before it, and nothing else behind: at the start, or behind the levels
/// of the values, whose length stands before them.
fn texts_start(page: &[u8]) -> Option<usize> {
    let behind_levels = |at: usize| {
        let levels = first_text(page.get(at..)?)?;
        Some(at + LENGTH + levels.len())
    };
    let once = behind_levels(0);
    let starts = [Some(0), once, once.and_then(behind_levels)];
    starts.into_iter().flatten().find(|&start| is_texts(&page[start..]))
}

fn first_text(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    rest.get(..u32::from_le_bytes(*length) as usize)
}

fn is_texts(mut bytes: &[u8]) -> bool {
    let is_empty = bytes.is_empty();
    while let Some(text) = first_text(bytes) {
        bytes = &bytes[LENGTH + text.len()..];
    }
    bytes.is_empty() && !is_empty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_page_are_told_apart() {
        let text = |text: &str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
        let texts = [text("one"), text(""), text("three")].concat();
        assert_eq!(texts_start(&texts), Some(0));
        assert_eq!(texts_start(&[text("\x02\x01"), texts.clone()].concat()), Some(0));
        let levels = [&[2, 0, 0, 0, 3, 1][..], &texts, b"x"].concat();
        assert_eq!(texts_start(&levels), None);
        assert_eq!(texts_start(b""), None);
    }
}
