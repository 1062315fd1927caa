//! A repository's object store: its packs and loose objects, and those of its alternates.
//!
//! Opening it lists what there is and what is amiss; objects are read one by one with [`ObjectStore::read`], or all
//! at once with [`ObjectStore::sweep`].

use super::cache::{ObjectReader, Shared};
use super::fault::Fault;
use super::loose::Loose;
use super::pack::{Pack, is_object};
use super::{locations, loose};
use crate::regular_file;
use crate::repository::Repository;
use gix_hash::{ObjectId, Prefix, oid};
use gix_object::Kind;
use krea_scan_files::Incomplete;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A list of where a shallow clone ends is not read beyond this.
const MAX_SHALLOW_BYTES: u64 = 256 << 20;

/// Why an object store or an object cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ObjectError {
    /// The folder that should hold the repository's objects does not.
    #[error("{path}: this repository's objects cannot be read: {reason}")]
    NoObjects {
        /// The folder.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    #[error("object {0} is not in this repository")]
    Missing(ObjectId),
    /// The object is there, but it cannot be read.
    #[error("object {id} cannot be read: {reason}")]
    Damaged {
        id: ObjectId,
        /// What is wrong with it.
        reason: String,
    },
}

/// All places where a repository keeps objects.
pub struct ObjectStore {
    pub(crate) hash: gix_hash::Kind,
    /// The `objects` folders; loose objects lie in them.
    pub(crate) folders: Vec<PathBuf>,
    /// Those packs that can be opened.
    pub(crate) packs: Vec<Pack>,
    /// Commits whose parents were left out on purpose.
    pub(crate) shallow: HashSet<ObjectId>,
    /// Whether objects were left out on purpose, to be fetched when needed.
    pub(crate) partial: bool,
    /// What was found amiss while opening.
    pub(crate) unread: Vec<Incomplete>,
    /// The repository's folder, for messages.
    pub(crate) name: String,
    reader: Mutex<ObjectReader>,
}

impl ObjectStore {
    /// Finds the packs of a repository (bare or not, a linked worktree or not) and of its alternates.
    ///
    /// What is damaged does not fail: it is reported by [`Swept::incomplete`](super::Swept::incomplete).
    ///
    /// # Errors
    /// When the repository has no `objects` folder that can be read.
    pub fn open(repo: &Repository) -> Result<ObjectStore, ObjectError> {
        let own = repo.object_folder();
        if let Err(error) = fs::read_dir(own) {
            return Err(ObjectError::NoObjects {
                path: own.display().to_string(),
                reason: error.to_string(),
            });
        }
        let (hash, mut partial) = (repo.hash(), repo.is_partial());
        let mut unread = Vec::new();
        let folders = locations::object_folders(own.to_owned(), repo.borrowed_object_folders(), &mut unread);
        let mut packs = Vec::new();
        let indices: Vec<PathBuf> =
            folders.iter().flat_map(|folder| locations::pack_indices(folder, &mut unread)).collect();
        for index in indices {
            partial |= index.with_extension("promisor").exists();
            match Pack::open(&index, hash) {
                Ok(pack) => {
                    if let Some(fault) = pack.fault() {
                        let reason = format!("{fault}; `git fsck` tells more");
                        unread.push(Incomplete { path: pack.path().display().to_string(), reason });
                    }
                    packs.push(pack);
                }
                Err(reason) => {
                    let reason = format!("this pack cannot be read: {reason}");
                    unread.push(Incomplete { path: index.display().to_string(), reason });
                }
            }
        }
        let list =
            regular_file::read(&repo.common_dir().join("shallow"), MAX_SHALLOW_BYTES).unwrap_or_default();
        let shallow = list.split(|&byte| byte == b'\n');
        let shallow = shallow.filter_map(|line| ObjectId::from_hex(line.trim_ascii()).ok()).collect();
        let name = repo.workdir().unwrap_or(repo.common_dir()).display().to_string();
        let reader = Mutex::default();
        Ok(ObjectStore { hash, folders, packs, shallow, partial, unread, name, reader })
    }

    /// How many bytes all packs, and those of some objects that are loose, are stored in.
    pub fn stored_bytes_of<'i>(&self, ids: impl Iterator<Item = &'i ObjectId>) -> u64 {
        let file = |id: &ObjectId| {
            self.folders.iter().find_map(|folder| fs::symlink_metadata(loose::path(folder, id)).ok())
        };
        let distinct: BTreeSet<&ObjectId> = ids.collect();
        self.packed_bytes() + distinct.into_iter().filter_map(file).map(|file| file.len()).sum::<u64>()
    }

    fn packed_bytes(&self) -> u64 {
        self.packs.iter().map(Pack::end).sum()
    }

    /// How many bytes all of it is stored in, packed or loose. What cannot be listed is told by a sweep.
    pub fn stored_bytes(&self) -> u64 {
        let (mut loose, mut unread) = (Vec::new(), Vec::new());
        self.folders.iter().for_each(|folder| loose::list(folder, self.hash, &mut loose, &mut unread));
        let files = loose.iter().filter_map(|id| {
            self.folders.iter().find_map(|folder| fs::symlink_metadata(loose::path(folder, id)).ok())
        });
        self.packed_bytes() + files.map(|file| file.len()).sum::<u64>()
    }

    /// The kind of ids in this repository.
    pub fn hash(&self) -> gix_hash::Kind {
        self.hash
    }

    /// What was found amiss while opening.
    pub fn unread(&self) -> &[Incomplete] {
        &self.unread
    }

    /// The commits whose parents were left out on purpose.
    pub fn shallow(&self) -> &HashSet<ObjectId> {
        &self.shallow
    }

    /// Reads one object from wherever a good copy of it is: one whose bytes are those that the id stands for.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(&self, id: &oid) -> Result<(Kind, Arc<Vec<u8>>), ObjectError> {
        self.read_except(id, None).map_err(|fault| error(id, fault))
    }

    /// How many bytes an object has, as the store says; its content is not read.
    ///
    /// # Errors
    /// When it is nowhere, or its header is damaged.
    pub fn size(&self, id: &oid) -> Result<u64, ObjectError> {
        let size = |reader: &mut ObjectReader| {
            let mut fault = None;
            for pack in &self.packs {
                match pack.offset_of(id).map(|offset| pack.size_at(offset, &mut reader.scratch)) {
                    Some(Ok(size)) => return Ok(size),
                    Some(Err(error)) => fault = Some(error),
                    None => {}
                }
            }
            for folder in &self.folders {
                match loose::size(folder, id) {
                    Ok(Some(size)) => return Ok(size),
                    Ok(None) => {}
                    Err(error) => fault = Some(error),
                }
            }
            Err(fault)
        };
        self.with_reader(size).map_err(|fault| error(id, fault))
    }

    /// The objects whose ids begin with a prefix, sorted.
    pub fn with_prefix(&self, prefix: Prefix) -> BTreeSet<ObjectId> {
        let packed = self.packs.iter().flat_map(|pack| pack.with_prefix(prefix)).map(ToOwned::to_owned);
        let loose = self.folders.iter().flat_map(|folder| loose::with_prefix(folder, self.hash, prefix));
        packed.chain(loose).collect()
    }

    /// Reads one object from any place but the pack `not`. The error is `None` when there is no other place.
    pub(crate) fn read_except(&self, id: &oid, not: Option<usize>) -> Result<Shared, Option<Fault>> {
        self.with_reader(|reader| self.read_with(reader, id, not))
    }

    fn read_with(
        &self,
        reader: &mut ObjectReader,
        id: &oid,
        not: Option<usize>,
    ) -> Result<Shared, Option<Fault>> {
        let mut fault = None;
        let last = reader.last;
        let numbers = std::iter::once(last).chain((0..self.packs.len()).filter(|&number| number != last));
        for number in numbers.filter(|&number| not != Some(number)) {
            let Some(pack) = self.packs.get(number) else { continue };
            let Some(offset) = pack.offset_of(id) else { continue };
            let ObjectReader { scratch, bases, .. } = reader;
            match pack.read_at(offset, scratch, Some((number, bases))) {
                Ok((kind, data)) if is_object(id, kind, &data) => {
                    reader.last = number;
                    return Ok((kind, data));
                }
                Ok(_) => fault = Some(Fault::Checksum),
                Err(error) => fault = Some(error),
            }
        }
        for folder in &self.folders {
            match loose::read_loose(folder, id, None) {
                Ok(Loose::Is(kind, data)) => return Ok((kind, Arc::new(data))),
                Ok(Loose::Absent | Loose::OtherKind) => {}
                Err(error) => fault = Some(error),
            }
        }
        Err(fault)
    }

    /// Works with the reader that remembers, or with a new one while another thread has it.
    fn with_reader<T>(&self, work: impl FnOnce(&mut ObjectReader) -> T) -> T {
        match self.reader.try_lock() {
            Ok(mut reader) => work(&mut reader),
            Err(_) => work(&mut ObjectReader::default()),
        }
    }

    /// Whether an object is anywhere in the store, readable or not.
    pub fn contains(&self, id: &oid) -> bool {
        self.packs.iter().any(|pack| pack.contains(id))
            || self.folders.iter().any(|folder| loose::path(folder, id).exists())
    }
}

fn error(id: &oid, fault: Option<Fault>) -> ObjectError {
    match fault {
        Some(fault) => ObjectError::Damaged { id: id.to_owned(), reason: fault.to_string() },
        None => ObjectError::Missing(id.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::sync::Mutex;

    #[test]
    fn sha256_repositories_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let output = Command::new("git")
                .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
                .args(arguments)
                .current_dir(folder.path())
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        git(&["init", "-q", "--object-format=sha256"]);
        for version in 0..8 {
            let text: String = (0..200 + version).map(|line| format!("line {line}\n")).collect();
            fs::write(folder.path().join("file.txt"), text).unwrap();
            git(&["add", "."]);
            git(&["commit", "-qm", "a version"]);
            if version == 5 {
                git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"]);
            }
        }
        let repo = crate::repository::open(folder.path()).unwrap();
        let store = ObjectStore::open(&repo).unwrap();
        let seen = Mutex::new(Vec::new());
        let swept = store.for_each(2, &|_, id, _| seen.lock().unwrap().push(id.to_string()));
        assert_eq!(swept.incomplete, []);
        let mut seen = seen.into_inner().unwrap();
        seen.sort();
        let known = git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
        assert_eq!(seen, known.lines().collect::<Vec<_>>());
    }
}
