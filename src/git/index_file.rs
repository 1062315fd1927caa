//! Random access to the entries of an index file. Of an ordinary index only the entries' places are kept, since most
//! commits touch a handful of a hundred thousand entries and memory costs more than reading; every other kind (split,
//! version 4) is decoded whole by `gix-index`. Format: git's `Documentation/gitformat-index.txt`.

use gix_hash::Kind;
use gix_index::entry::{Flags, Mode};
use gix_index::extension::{self, Tree};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Signature, version and number of entries.
const HEADER: usize = 12;
/// An entry up to its path: the file's state, mode, SHA-1 and flags.
const FIXED: usize = 62;
const MODE_AT: usize = 24;
const ID_AT: usize = 40;
const FLAGS_AT: usize = 60;
const ID_LENGTH: usize = 20;
/// In the flags: two more bytes of flags follow (version 3).
const EXTENDED: u16 = 0x4000;
/// In the flags: the path's length, or this much when it is longer.
const LONG_PATH: u16 = 0x0fff;
/// How much is read at a time: in order at first, later around one entry.
const CHUNK: usize = 1 << 18;
const WINDOW: usize = 1 << 15;

/// An entry, to be filled again and again.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// The path in the repository. A folder's ends in `/`.
    pub path: Vec<u8>,
    /// The object's id.
    pub id: [u8; ID_LENGTH],
    /// The mode, as git writes it in octal.
    pub mode: u32,
    /// 0, or the side of a conflict.
    pub stage: u32,
    /// Announced by `git add --intent-to-add`.
    pub intent_to_add: bool,
}

impl Entry {
    /// A whole folder of a sparse index.
    pub(crate) fn is_folder(&self) -> bool {
        self.mode == Mode::DIR.bits()
    }

    /// A submodule.
    pub(crate) fn is_submodule(&self) -> bool {
        self.mode == Mode::COMMIT.bits()
    }
}

/// An open index.
pub(crate) enum IndexFile {
    /// Entries are read when asked for.
    Places(Box<Places>),
    /// All entries are in memory.
    Whole(Box<gix_index::File>),
}

impl IndexFile {
    /// Opens an index; one that does not exist is empty. Checksums are not verified: they guard against bad disks and
    /// cost more than all the rest; git has `index.skipHash` for the same.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        match Places::open(path) {
            Ok(Some(places)) => return Ok(IndexFile::Places(Box::new(places))),
            Ok(None) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => {}
            Err(error) => return Err(error.to_string()),
        }
        let skip_checksum = true;
        gix_index::File::at_or_default(path, Kind::Sha1, skip_checksum, Default::default())
            .map(|file| IndexFile::Whole(Box::new(file)))
            .map_err(|error| error.to_string())
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            IndexFile::Places(places) => places.places.len() - 1,
            IndexFile::Whole(file) => file.entries().len(),
        }
    }

    /// The ids of the trees that the index stands for, as far as git knows them. Taken out.
    pub(crate) fn take_tree(&mut self) -> Option<Tree> {
        match self {
            IndexFile::Places(places) => places.tree.take(),
            IndexFile::Whole(file) => file.tree().cloned(),
        }
    }

    /// Reads an entry.
    pub(crate) fn load(&mut self, at: usize, into: &mut Entry) -> io::Result<()> {
        match self {
            IndexFile::Places(places) => places.load(at, into),
            IndexFile::Whole(file) => {
                let entry = file.entries().get(at).ok_or(ErrorKind::UnexpectedEof)?;
                into.path.clear();
                into.path.extend_from_slice(entry.path(file));
                into.id.copy_from_slice(entry.id.as_slice().get(..ID_LENGTH).ok_or(ErrorKind::InvalidData)?);
                into.mode = entry.mode.bits();
                into.stage = entry.stage_raw();
                into.intent_to_add = entry.flags.contains(Flags::INTENT_TO_ADD);
                Ok(())
            }
        }
    }
}

/// Where each entry is in the file.
pub(crate) struct Places {
    file: File,
    // And where the last one ends.
    places: Vec<u32>,
    tree: Option<Tree>,
    window: Vec<u8>,
    window_at: u64,
}

impl Places {
    /// `None` for an index of another kind, or a damaged one.
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut chunks = Chunks { file: &file, data: Vec::with_capacity(CHUNK), at: 0, passed: 0 };
        let header = chunks.peek(HEADER)?;
        let number = |at: usize| u32_at(header, at) as usize;
        let (version, count) = (number(4), number(8));
        // The file's own size bounds what is believed of it.
        let possible = length <= u64::from(u32::MAX) && count as u64 <= length / (FIXED as u64);
        if &header[..4] != b"DIRC" || !matches!(version, 2 | 3) || !possible {
            return Ok(None);
        }
        chunks.pass(HEADER);
        let mut places = Vec::with_capacity(count + 1);
        for _ in 0..count {
            let Ok(place) = u32::try_from(chunks.passed) else { return Ok(None) };
            let flags = u16_at(chunks.peek(FIXED)?, FLAGS_AT);
            let path = match flags & LONG_PATH {
                LONG_PATH => chunks.find_zero(fixed(flags))?,
                length => usize::from(length),
            };
            places.push(place);
            // Padded with one to eight zeros.
            let size = (fixed(flags) + path + 8) & !7;
            chunks.peek(size)?;
            chunks.pass(size);
        }
        let Ok(end) = u32::try_from(chunks.passed) else { return Ok(None) };
        places.push(end);
        let mut rest = chunks.rest();
        (&file).read_to_end(&mut rest)?;
        let Some(tree) = cached_tree(&rest) else { return Ok(None) };
        Ok(Some(Places { file, places, tree, window: Vec::new(), window_at: 0 }))
    }

    fn load(&mut self, at: usize, into: &mut Entry) -> io::Result<()> {
        let Some(&[place, end]) = self.places.get(at..at.saturating_add(2)) else {
            return Err(ErrorKind::UnexpectedEof.into());
        };
        let entry = self.window(u64::from(place), (end - place) as usize)?;
        let flags = u16_at(entry, FLAGS_AT);
        // The extended flags are the upper half of those in memory.
        let extended = if flags & EXTENDED == 0 { 0 } else { u32::from(u16_at(entry, FIXED)) << 16 };
        let padded = &entry[fixed(flags)..];
        let length = match flags & LONG_PATH {
            LONG_PATH => memchr::memchr(0, padded).unwrap_or(padded.len()),
            length => usize::from(length),
        };
        into.mode = u32_at(entry, MODE_AT);
        into.id.copy_from_slice(&entry[ID_AT..ID_AT + ID_LENGTH]);
        into.stage = u32::from(flags >> 12 & 3);
        into.intent_to_add = extended & Flags::INTENT_TO_ADD.bits() != 0;
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

fn fixed(flags: u16) -> usize {
    FIXED + if flags & EXTENDED == 0 { 0 } else { 2 }
}

/// Finds the cache of trees among the extensions; `None` when one of them changes what the entries mean.
fn cached_tree(mut data: &[u8]) -> Option<Option<Tree>> {
    let mut tree = None;
    while data.len() > ID_LENGTH {
        let (header, rest) = data.split_at_checked(8)?;
        let (content, rest) = rest.split_at_checked(u32_at(header, 4) as usize)?;
        match &header[..4] {
            // A cache that makes no sense is as good as none.
            b"TREE" => {
                tree = extension::tree::decode(content, Kind::Sha1, Some(content.len().saturating_mul(32)))
            }
            b"sdir" => {}
            [b'A'..=b'Z', ..] => {}
            _ => return None,
        }
        data = rest;
    }
    (data.len() == ID_LENGTH).then_some(tree)
}

/// Reads a number; the caller has seen to it that it is there.
fn u32_at(data: &[u8], at: usize) -> u32 {
    data[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn u16_at(data: &[u8], at: usize) -> u16 {
    u16::from(data[at]) << 8 | u16::from(data[at + 1])
}
