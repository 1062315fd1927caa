//! Files that a hook is given by name: what the index has of each is what will be committed, also where a filter made it of the
//! working file, or the file was changed since. Takes an open repository and names, gives blobs, and the working files that
//! have nothing more to tell.

use super::index::{self, IndexError};
use super::tree::slashed;
use krea_scan_git::blobs::BlobAt;
use krea_scan_git::index_file::{IndexEntry, IndexFile};
use krea_scan_git::repository::Repository;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

/// What the index has of some files.
#[derive(Debug, Default)]
pub struct NamedFiles {
    /// In the index's order, each entry once. An unmerged path has up to three: base, ours, theirs.
    pub blobs: Vec<NamedBlob>,
    /// Names with an unresolved conflict.
    pub unmerged: BTreeSet<String>,
    /// Working files that are as they are staged, or are not there.
    pub as_staged: HashSet<PathBuf>,
}

/// A blob of the index, and the name that led to it.
#[derive(Debug)]
pub struct NamedBlob {
    /// The name as it was given; of a folder, with what is below it. `/` on every system.
    pub shown: String,
    pub at: BlobAt,
}

/// Looks files up in the index, and all that is below a folder. Names that are not in it are passed over, and so is what
/// `git add --intent-to-add` only announced.
///
/// # Errors
/// When the index cannot be read.
pub fn named(repo: &Repository, names: &[PathBuf]) -> Result<NamedFiles, IndexError> {
    let index = index::open(repo)?;
    let path = |name: &PathBuf| Some(index_path(&repo.path_below(name)?));
    let mut wanted: Vec<(Vec<u8>, &Path)> =
        names.iter().filter_map(|name| Some((path(name)?, name.as_path()))).collect();
    // In the index's order, so that it is read but once.
    wanted.sort();
    let mut lookup =
        Lookup { index, entry: IndexEntry::default(), taken: HashSet::new(), found: NamedFiles::default() };
    lookup.all(&wanted).map_err(|error| index::broken(repo, error.to_string()))?;
    Ok(lookup.found)
}

/// A path as the index has it.
pub fn index_path(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes();
    match std::path::MAIN_SEPARATOR {
        '/' => bytes.to_vec(),
        _ => bytes.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect(),
    }
}

struct Lookup {
    index: IndexFile,
    entry: IndexEntry,
    /// The numbers of the entries that were found: of two names one may be a folder that the other is in.
    taken: HashSet<usize>,
    found: NamedFiles,
}

impl Lookup {
    fn all(&mut self, wanted: &[(Vec<u8>, &Path)]) -> io::Result<()> {
        let mut from = 0;
        for (path, name) in wanted {
            from = self.index.first_from(path, from)?;
            let is_there = self.entries(from, name, path.len(), |entry| entry == path)?;
            if !is_there {
                let folder = if path.is_empty() { Vec::new() } else { [path.as_slice(), b"/"].concat() };
                let first = self.index.first_from(&folder, from)?;
                self.entries(first, name, folder.len(), |entry| entry.starts_with(&folder))?;
            }
        }
        Ok(())
    }

    /// Takes the entries from a number on as long as their paths are meant. What is behind the first `length` bytes of a path
    /// is below the name. Says whether there was one.
    fn entries(
        &mut self,
        first: usize,
        name: &Path,
        length: usize,
        is_meant: impl Fn(&[u8]) -> bool,
    ) -> io::Result<bool> {
        let mut at = first;
        while at < self.index.entry_count() {
            self.index.load(at, &mut self.entry)?;
            if !is_meant(&self.entry.path) {
                break;
            }
            self.take(at, name, length);
            at += 1;
        }
        Ok(at > first)
    }

    fn take(&mut self, at: usize, name: &Path, length: usize) {
        let entry = &self.entry;
        if entry.is_submodule() || entry.is_folder() || entry.intent_to_add {
            return;
        }
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        let working = match String::from_utf8_lossy(&entry.path[length..]) {
            below if below.is_empty() => name.to_owned(),
            below => name.join(&*below),
        };
        let shown = slashed(&working);
        if entry.stage != 0 {
            self.found.unmerged.insert(shown.clone());
        }
        let is_as_staged = match working.symlink_metadata() {
            Ok(file) => entry.is_as_staged(&file),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_as_staged {
            self.found.as_staged.insert(working);
        }
        if self.taken.insert(at) {
            let at = BlobAt { path, blob: entry.id, mode: entry.mode };
            self.found.blobs.push(NamedBlob { shown, at });
        }
    }
}
