//! Random access to the entries of an index file, whatever its version, split or not, by a reader that believes nothing of what
//! the file says of itself. Format: git's `Documentation/gitformat-index.txt`.
//!
//! The crate gix-index (0.58) keeps every path of an index whole: one of 7 MB, in version 4, took 6.4 GB.

mod extensions;
mod places;
mod whole;

use super::repository::Repository;
pub use extensions::CachedTree;
use gix_hash::{Kind, ObjectId};
use places::Places;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::UNIX_EPOCH;
use whole::Whole;

/// Signature, version and number of entries.
const HEADER: usize = 12;
/// An entry up to its path is the file's state with its mode, the id, and flags.
const MODIFIED_AT: usize = 8;
const MODE_AT: usize = 24;
const SIZE_AT: usize = 36;
const ID_AT: usize = 40;
const FLAGS: usize = 2;
/// In the flags: two more bytes of flags follow (version 3).
const EXTENDED: u16 = 0x4000;
/// In the flags: the path's length, or this much when it is longer.
const LONG_PATH: u16 = 0x0fff;
/// In the flags that follow, which are the upper half of all.
const INTENT_TO_ADD: u32 = 1 << 29;
/// How much is read at a time: in order at first, later around one entry.
const CHUNK: usize = 1 << 18;
const WINDOW: usize = 1 << 15;

/// An entry, to be filled again and again.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    /// The path in the repository. A folder's ends in `/`.
    pub path: Vec<u8>,
    pub id: ObjectId,
    /// The mode, as git writes it in octal.
    pub mode: u32,
    /// 0, or the side of a conflict.
    pub stage: u32,
    /// Announced by `git add --intent-to-add`.
    pub intent_to_add: bool,
    /// When the working file was modified that was staged: seconds since 1970, and nanoseconds, 0 where git does not know them.
    pub modified: (u32, u32),
    /// The size of that file in bytes, modulo 2³².
    pub size: u32,
}

impl Default for IndexEntry {
    fn default() -> Self {
        let id = ObjectId::null(Kind::Sha1);
        IndexEntry {
            path: Vec::new(),
            id,
            mode: 0,
            stage: 0,
            intent_to_add: false,
            modified: (0, 0),
            size: 0,
        }
    }
}

impl IndexEntry {
    /// A whole folder of a sparse index.
    pub fn is_folder(&self) -> bool {
        self.mode == 0o040_000
    }

    pub fn is_submodule(&self) -> bool {
        self.mode == 0o160_000
    }

    /// Whether a working file is the one that was staged, as far as its size and time tell. What a filter of git's made of
    /// it does not matter.
    pub fn is_as_staged(&self, file: &Metadata) -> bool {
        let modified = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let is_its_time = modified.is_some_and(|time| {
            let (seconds, nanoseconds) = self.modified;
            // The index has room for the lower half.
            time.as_secs() as u32 == seconds && [0, time.subsec_nanos()].contains(&nanoseconds)
        });
        is_its_time && file.len() as u32 == self.size
    }

    /// A file, and no link.
    pub fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

pub enum IndexFile {
    /// Entries are read when asked for.
    Places(Box<Places>),
    /// All entries are in memory.
    Whole(Box<Whole>),
}

impl IndexFile {
    /// Opens an index; one that does not exist is empty. Checksums are not verified: they guard against bad disks and
    /// cost more than all the rest; git has `index.skipHash` for the same.
    pub fn open(path: &Path, hash: Kind) -> Result<Self, String> {
        match Places::open(path, hash) {
            Ok(Some(places)) => return Ok(IndexFile::Places(Box::new(places))),
            Ok(None) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => {}
            Err(error) => return Err(error.to_string()),
        }
        whole::read_whole_index(path, hash)
            .map(|whole| IndexFile::Whole(Box::new(whole)))
            .map_err(|error| error.to_string())
    }

    /// The id of what is staged at a path; with a conflict, of the base.
    pub fn id_at(&mut self, path: &[u8]) -> Option<ObjectId> {
        let at = self.first_from(path, 0).ok()?;
        let mut entry = IndexEntry::default();
        self.load(at, &mut entry).ok()?;
        (entry.path == path).then_some(entry.id)
    }

    /// The number of the first entry, from the entry `start` on, whose path is not before `path`; how many entries there are,
    /// if there is none. What is near `start` is found soonest.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn first_from(&mut self, path: &[u8], mut start: usize) -> io::Result<usize> {
        let (count, mut entry) = (self.entry_count(), IndexEntry::default());
        let (mut end, mut step) = (start, 1);
        // Steps that double lead behind it, and halves back.
        while end < count {
            self.load(end, &mut entry)?;
            if entry.path.as_slice() >= path {
                break;
            }
            start = end + 1;
            end = start.saturating_add(step).min(count);
            step *= 2;
        }
        while start < end {
            let middle = start + (end - start) / 2;
            self.load(middle, &mut entry)?;
            if entry.path.as_slice() < path {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok(start)
    }

    /// How many entries there are.
    pub fn entry_count(&self) -> usize {
        match self {
            IndexFile::Places(places) => places.places.len() - 1,
            IndexFile::Whole(whole) => whole.entries.len(),
        }
    }

    /// The ids of the trees that the index stands for, as far as git knows them. Taken out.
    pub fn take_tree(&mut self) -> Option<CachedTree> {
        match self {
            IndexFile::Places(places) => places.tree.take(),
            IndexFile::Whole(whole) => whole.tree.take(),
        }
    }

    pub fn load(&mut self, at: usize, into: &mut IndexEntry) -> io::Result<()> {
        match self {
            IndexFile::Places(places) => places.load(at, into),
            IndexFile::Whole(whole) => {
                into.clone_from(whole.entries.get(at).ok_or(ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// Whether a file below the working tree is in the index.
///
/// # Errors
/// When the index cannot be read.
pub fn is_tracked(repo: &Repository, path: &Path) -> Result<bool, String> {
    let mut index = IndexFile::open(repo.index_path(), repo.hash())?;
    Ok(index.id_at(path.as_os_str().as_encoded_bytes()).is_some())
}

/// Where an entry's flags are.
fn flags_at(hash: Kind) -> usize {
    ID_AT + hash.len_in_bytes()
}

/// How long an entry is up to its path.
fn fixed(hash: Kind, flags: u16) -> usize {
    flags_at(hash) + if flags & EXTENDED == 0 { FLAGS } else { 2 * FLAGS }
}

/// Reads a number; the caller has seen to it that it is there.
fn u32_at(data: &[u8], at: usize) -> u32 {
    data[at..at + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn u16_at(data: &[u8], at: usize) -> u16 {
    u16::from(data[at]) << 8 | u16::from(data[at + 1])
}
