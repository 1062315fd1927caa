//! Files that git tracks: git does not ignore them, whatever an ignore file says, so a scan must read them. Reads the
//! index alone, and no configuration: it works in a repository that is owned by someone else or damaged elsewhere. What
//! lies in `.git` is opened like hostile input.

use crate::index_file::{IndexEntry, IndexFile};
use crate::regular_file;
use gix_hash::Kind;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file that points to a repository, and what it says, is not nearly as large, in bytes.
const MAX_PATH_FILE_BYTES: u64 = 64 << 10;

/// A repository's working tree. Its index is read when it is asked for the first time.
#[derive(Debug)]
pub(super) struct WorkTree {
    /// The folder that it begins at.
    pub top: PathBuf,
    git_dir: PathBuf,
    tracked: OnceLock<Result<Tracked, String>>,
}

/// What git tracks in it, as hashes of paths below its top.
#[derive(Debug, Default)]
struct Tracked {
    hasher: RandomState,
    files: HashSet<u64>,
    folders: HashSet<u64>,
}

impl WorkTree {
    /// The working tree that begins at a folder, if one does.
    pub(super) fn at(top: &Path) -> Option<Self> {
        let git_dir = git_dir(top)?;
        Some(WorkTree { top: top.to_owned(), git_dir, tracked: OnceLock::new() })
    }

    /// The folder with the repository's own ignore file, which linked worktrees share.
    pub(super) fn common_dir(&self) -> PathBuf {
        let text = regular_file::read(&self.git_dir.join("commondir"), MAX_PATH_FILE_BYTES).ok();
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        text.map_or_else(
            || self.git_dir.clone(),
            |text| self.git_dir.join(text.trim_end_matches(['\r', '\n'])),
        )
    }

    /// Whether git tracks a file, or for a folder, one below it.
    pub(super) fn tracks(&self, path: &Path, is_folder: bool) -> bool {
        let Ok(tracked) = self.tracked() else { return false };
        let Ok(below) = path.strip_prefix(&self.top) else { return false };
        let hash = tracked.hash(&below.to_string_lossy());
        if is_folder { tracked.folders.contains(&hash) } else { tracked.files.contains(&hash) }
    }

    /// Why the index could not be read, if it was asked for and could not be: the index, and the reason.
    pub(super) fn trouble(&self) -> Option<(PathBuf, String)> {
        let error = self.tracked.get()?.as_ref().err()?;
        let reason =
            format!("files that git tracks and an ignore file names may not have been read: {error}");
        Some((self.index(), reason))
    }

    fn index(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    fn tracked(&self) -> Result<&Tracked, &String> {
        self.tracked.get_or_init(|| Tracked::read(&self.index())).as_ref()
    }
}

impl Tracked {
    fn read(index: &Path) -> Result<Self, String> {
        let open = |hash| IndexFile::open(index, hash);
        let mut entries = open(Kind::Sha1).or_else(|error| open(Kind::Sha256).map_err(|_| error))?;
        let (mut entry, mut tracked) = (IndexEntry::default(), Tracked::default());
        for at in 0..entries.entry_count() {
            entries.load(at, &mut entry).map_err(|error| error.to_string())?;
            if !entry.is_file() {
                continue;
            }
            let path = String::from_utf8_lossy(&entry.path);
            tracked.files.insert(tracked.hash(&path));
            // Of what is below one folder, which stands together, only the first goes all the way up.
            for (at, _) in path.rmatch_indices('/') {
                if !tracked.folders.insert(tracked.hash(&path[..at])) {
                    break;
                }
            }
        }
        Ok(tracked)
    }

    /// Some systems take names that differ in case alone for one.
    fn hash(&self, path: &str) -> u64 {
        let path = if std::path::MAIN_SEPARATOR == '/' {
            path.to_lowercase()
        } else {
            path.to_lowercase().replace('\\', "/")
        };
        self.hasher.hash_one(path)
    }
}

/// The repository whose working tree begins at `top`.
fn git_dir(top: &Path) -> Option<PathBuf> {
    let git = top.join(".git");
    let metadata = git.metadata().ok()?;
    if metadata.is_dir() {
        return git.join("HEAD").symlink_metadata().is_ok().then_some(git);
    }
    // A linked worktree or a submodule: a file that points to the repository.
    let text = String::from_utf8(regular_file::read(&git, MAX_PATH_FILE_BYTES).ok()?).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim();
    Some(top.join(target))
}
