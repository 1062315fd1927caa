//! A repository's object store: its packs and loose objects, and those of its alternates.
//!
//! Opening it lists what there is and what is amiss; objects are read one by one with [`ObjectStore::read`], or all
//! at once with [`ObjectStore::sweep`].

use super::pack::{Fault, Pack, Scratch};
use super::{locations, loose};
use crate::finding::Incomplete;
use gix_hash::{ObjectId, oid};
use gix_object::Kind;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Why an object store or an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder that should hold the repository's objects does not.
    #[error("{path}: this repository's objects cannot be read: {reason}")]
    NoObjects {
        /// The folder.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No such object.
    #[error("object {0} is not in this repository")]
    Missing(ObjectId),
    /// The object is there, but it cannot be read.
    #[error("object {id} cannot be read: {reason}")]
    Damaged {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        reason: String,
    },
}

/// All places where a repository keeps objects.
pub struct ObjectStore {
    pub(in crate::git) hash: gix_hash::Kind,
    /// The `objects` folders; loose objects lie in them.
    pub(in crate::git) folders: Vec<PathBuf>,
    /// Those packs that can be opened.
    pub(in crate::git) packs: Vec<Pack>,
    /// Commits whose parents were left out on purpose.
    pub(in crate::git) shallow: HashSet<ObjectId>,
    /// Whether objects were left out on purpose, to be fetched when needed.
    pub(in crate::git) partial: bool,
    /// What was found amiss while opening.
    pub(in crate::git) unread: Vec<Incomplete>,
    /// The repository's folder, for messages.
    pub(in crate::git) name: String,
}

impl ObjectStore {
    /// Finds the packs of a repository (bare or not, a linked worktree or not) and of its alternates.
    ///
    /// What is damaged does not fail: it is reported by [`Swept::incomplete`](super::Swept::incomplete).
    ///
    /// # Errors
    /// When the repository has no `objects` folder that can be read.
    pub fn open(repo: &git2::Repository) -> Result<ObjectStore, Error> {
        let config = repo.config().and_then(|mut config| config.snapshot()).ok();
        let setting = |name: &str| config.as_ref().and_then(|config| config.get_string(name).ok());
        let hash = match setting("extensions.objectformat").as_deref() {
            Some("sha256") => gix_hash::Kind::Sha256,
            _ => gix_hash::Kind::Sha1,
        };
        let name = repo.workdir().unwrap_or(repo.commondir()).display().to_string();
        let partial = setting("extensions.partialclone").is_some();
        Self::find(repo.commondir(), hash, partial, name)
    }

    /// Finds the objects below a repository's common folder.
    fn find(
        common: &Path,
        hash: gix_hash::Kind,
        mut partial: bool,
        name: String,
    ) -> Result<ObjectStore, Error> {
        let own = common.join("objects");
        if let Err(error) = fs::read_dir(&own) {
            return Err(Error::NoObjects { path: own.display().to_string(), reason: error.to_string() });
        }
        let mut unread = Vec::new();
        let folders = locations::object_folders(own, &mut unread);
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
        let shallow = fs::read_to_string(common.join("shallow")).unwrap_or_default();
        let shallow = shallow.lines().filter_map(|line| ObjectId::from_hex(line.trim().as_bytes()).ok());
        Ok(ObjectStore { hash, folders, packs, shallow: shallow.collect(), partial, unread, name })
    }

    /// The kind of ids in this repository.
    pub fn hash(&self) -> gix_hash::Kind {
        self.hash
    }

    /// Reads one object from wherever a good copy of it is.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(&self, id: &oid) -> Result<(Kind, Vec<u8>), Error> {
        self.read_except(id, None).map_err(|fault| match fault {
            Some(fault) => Error::Damaged { id: id.to_owned(), reason: fault.to_string() },
            None => Error::Missing(id.to_owned()),
        })
    }

    /// Reads one object from any place but the pack `not`. The error is `None` when there is no other place.
    pub(in crate::git) fn read_except(
        &self,
        id: &oid,
        not: Option<usize>,
    ) -> Result<(Kind, Vec<u8>), Option<Fault>> {
        let mut fault = None;
        let mut scratch = Scratch::default();
        for (number, pack) in self.packs.iter().enumerate() {
            if let Some(offset) = pack.offset_of(id).filter(|_| not != Some(number)) {
                match pack.read_at(offset, &mut scratch) {
                    Ok(object) => return Ok(object),
                    Err(error) => fault = Some(error),
                }
            }
        }
        for folder in &self.folders {
            if loose::path(folder, id).exists() {
                match loose::read(folder, id, None) {
                    Ok(Some(object)) => return Ok(object),
                    Ok(None) => {}
                    Err(error) => fault = Some(error),
                }
            }
        }
        Err(fault)
    }

    /// Whether an object is anywhere in the store, readable or not.
    pub(in crate::git) fn contains(&self, id: &oid) -> bool {
        self.packs.iter().any(|pack| pack.contains(id))
            || self.folders.iter().any(|folder| loose::path(folder, id).exists())
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
        let common = folder.path().join(".git");
        let store = ObjectStore::find(&common, gix_hash::Kind::Sha256, false, String::new()).unwrap();
        let seen = Mutex::new(Vec::new());
        let swept = store.for_each(2, &|_, id, _| seen.lock().unwrap().push(id.to_string()));
        assert_eq!(swept.incomplete, []);
        let mut seen = seen.into_inner().unwrap();
        seen.sort();
        let known = git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
        assert_eq!(seen, known.lines().collect::<Vec<_>>());
    }
}
