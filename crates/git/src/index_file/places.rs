//! An ordinary index, version 2 or 3: only the entries' places are kept, since most commits touch a handful of a hundred
//! thousand entries and memory costs more than reading.

use super::extensions::{CachedTree, Extensions};
use super::{CHUNK, HEADER, INTENT_TO_ADD, IndexEntry, WINDOW, fixed, flags_at, u16_at, u32_at};
use super::{EXTENDED, ID_AT, LONG_PATH, MODE_AT, MODIFIED_AT, SIZE_AT};
use crate::regular_file;
use gix_hash::{Kind, ObjectId};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Where each entry is in the file.
pub struct Places {
    file: File,
    hash: Kind,
    // And where the last one ends.
    pub(super) places: Vec<u32>,
    pub(super) tree: Option<CachedTree>,
    window: Vec<u8>,
    window_at: u64,
}

impl Places {
    /// `None` for an index of another kind, or a damaged one.
    pub(super) fn open(path: &Path, hash: Kind) -> io::Result<Option<Self>> {
        let file = regular_file::open(path)?;
        let length = file.metadata()?.len();
        let mut chunks = Chunks { file: &file, data: Vec::with_capacity(CHUNK), at: 0, passed: 0 };
        let header = chunks.peek(HEADER)?;
        let number = |at: usize| u32_at(header, at) as usize;
        let (version, count) = (number(4), number(8));
        // The file's own size bounds what is believed of it.
        let possible = length <= u64::from(u32::MAX) && count as u64 <= length / (fixed(hash, 0) as u64);
        if &header[..4] != b"DIRC" || !matches!(version, 2 | 3) || !possible {
            return Ok(None);
        }
        chunks.pass(HEADER);
        let mut places = Vec::with_capacity(count + 1);
        for _ in 0..count {
            let Ok(place) = u32::try_from(chunks.passed) else { return Ok(None) };
            let flags = u16_at(chunks.peek(fixed(hash, 0))?, flags_at(hash));
            let path = match flags & LONG_PATH {
                LONG_PATH => chunks.find_zero(fixed(hash, flags))?,
                length => usize::from(length),
            };
            places.push(place);
            // Padded with one to eight zeros.
            let size = (fixed(hash, flags) + path + 8) & !7;
            chunks.peek(size)?;
            chunks.pass(size);
        }
        let Ok(end) = u32::try_from(chunks.passed) else { return Ok(None) };
        places.push(end);
        let mut rest = chunks.rest();
        (&file).read_to_end(&mut rest)?;
        // A split index goes on elsewhere, and so do those that nobody knows.
        let Some(Extensions { tree, link: None }) = Extensions::read(&rest, hash).ok() else {
            return Ok(None);
        };
        Ok(Some(Places { file, hash, places, tree, window: Vec::new(), window_at: 0 }))
    }

    pub(super) fn load(&mut self, at: usize, into: &mut IndexEntry) -> io::Result<()> {
        let Some(&[place, end]) = self.places.get(at..at.saturating_add(2)) else {
            return Err(ErrorKind::UnexpectedEof.into());
        };
        let hash = self.hash;
        let entry = self.window(u64::from(place), (end - place) as usize)?;
        let flags = u16_at(entry, flags_at(hash));
        // The extended flags are the upper half of those in memory.
        let extended = if flags & EXTENDED == 0 { 0 } else { u32::from(u16_at(entry, fixed(hash, 0))) << 16 };
        let padded = &entry[fixed(hash, flags)..];
        let length = match flags & LONG_PATH {
            LONG_PATH => memchr::memchr(0, padded).unwrap_or(padded.len()),
            length => usize::from(length),
        };
        into.mode = u32_at(entry, MODE_AT);
        into.id = ObjectId::try_from(&entry[ID_AT..flags_at(hash)]).map_err(|_| ErrorKind::InvalidData)?;
        into.stage = u32::from(flags >> 12 & 3);
        into.modified = (u32_at(entry, MODIFIED_AT), u32_at(entry, MODIFIED_AT + 4));
        into.size = u32_at(entry, SIZE_AT);
        into.intent_to_add = extended & INTENT_TO_ADD != 0;
        into.path.clear();
        into.path.extend_from_slice(padded.get(..length).ok_or(ErrorKind::InvalidData)?);
        Ok(())
    }

    /// So many bytes of the file from `place` on.
    fn window(&mut self, place: u64, length: usize) -> io::Result<&[u8]> {
        let inside = |window: &[u8], window_at: u64| {
            let start = usize::try_from(place.checked_sub(window_at)?).ok()?;
            (start.checked_add(length)? <= window.len()).then_some(start)
        };
        let start = match inside(&self.window, self.window_at) {
            Some(start) => start,
            None => {
                self.window.clear();
                self.window_at = place;
                self.file.seek(SeekFrom::Start(place))?;
                (&self.file).take(length.max(WINDOW) as u64).read_to_end(&mut self.window)?;
                inside(&self.window, place).ok_or(ErrorKind::UnexpectedEof)?
            }
        };
        Ok(&self.window[start..start + length])
    }
}

/// Reads a file in order, by chunks.
struct Chunks<'f> {
    file: &'f File,
    data: Vec<u8>,
    at: usize,
    passed: u64,
}

impl Chunks<'_> {
    /// The next bytes.
    fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        self.fill(length)?;
        self.data.get(self.at..self.at + length).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// How far the next zero is behind `from`.
    fn find_zero(&mut self, from: usize) -> io::Result<usize> {
        let mut length = CHUNK;
        loop {
            self.fill(length)?;
            let data = &self.data[self.at..];
            match data.get(from..).and_then(|data| memchr::memchr(0, data)) {
                Some(zero) => return Ok(zero),
                None if data.len() < length => return Err(ErrorKind::UnexpectedEof.into()),
                None => length *= 2,
            }
        }
    }

    /// Reads on until so many bytes are there, or the file ends.
    fn fill(&mut self, length: usize) -> io::Result<()> {
        if self.data.len() - self.at < length {
            self.data.drain(..self.at);
            self.at = 0;
            let wanted = CHUNK.max(length) - self.data.len();
            self.file.take(wanted as u64).read_to_end(&mut self.data)?;
        }
        Ok(())
    }

    /// Goes on behind bytes that were peeked at.
    fn pass(&mut self, length: usize) {
        self.at += length;
        self.passed += length as u64;
    }

    /// What was read and not passed.
    fn rest(mut self) -> Vec<u8> {
        self.data.split_off(self.at)
    }
}
