//! Files that git tracks: git does not ignore them, whatever an ignore file says, so a scan must read them although a
//! walk passes them by. Reads the index alone, and no configuration: it works in a repository that is owned by someone
//! else or damaged elsewhere. Never leads out of the folder through a link.

use super::tree::IGNORE_FILE;
use crate::git::index_file::{Entry, IndexFile};
use crate::git::plain;
use gix_hash::Kind;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A file that points to a repository is not read beyond this.
const MOST_PATH: u64 = 64 << 10;

/// The files below `root` that git tracks, when `root` is in a working tree.
///
/// # Errors
/// The index, and why it cannot be read.
pub(super) fn files(root: &Path) -> Result<Vec<PathBuf>, (PathBuf, String)> {
    let Ok(absolute) = root.canonicalize() else { return Ok(Vec::new()) };
    let Some((top, index)) = absolute.ancestors().find_map(|top| Some((top, index_of(top)?))) else {
        return Ok(Vec::new());
    };
    let prefix = absolute.strip_prefix(top).unwrap_or(Path::new(""));
    let unread = |error: String| {
        let reason =
            format!("files that git tracks and an ignore file names may not have been read: {error}");
        (index.clone(), reason)
    };
    let open = |hash| IndexFile::open(&index, hash);
    let mut entries =
        open(Kind::Sha1).or_else(|error| open(Kind::Sha256).map_err(|_| error)).map_err(unread)?;
    let (mut entry, mut files) = (Entry::default(), Vec::new());
    for at in 0..entries.len() {
        entries.load(at, &mut entry).map_err(|error| unread(error.to_string()))?;
        let path = path_from(&entry.path);
        if let Ok(below) = path.strip_prefix(prefix)
            && entry.is_file()
            && below.components().all(|part| matches!(part, Component::Normal(_)))
        {
            files.push(root.join(below));
        }
    }
    Ok(files)
}

/// The index of the repository whose working tree begins at `top`.
fn index_of(top: &Path) -> Option<PathBuf> {
    let git = top.join(".git");
    if git.is_dir() {
        return git.join("HEAD").symlink_metadata().is_ok().then(|| git.join("index"));
    }
    // A linked worktree or a submodule: a file that points to the repository.
    let text = String::from_utf8(plain::read(&git, MOST_PATH).ok()?).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim();
    Some(top.join(target).join("index"))
}

/// Whether a tracked file is there, as a file. What was deleted is no part of the tree, and neither is what is a link or
/// behind one.
///
/// # Errors
/// When that cannot be told.
pub(super) fn is_there(root: &Path, path: &Path) -> io::Result<bool> {
    let mut folders = path.ancestors().skip(1).take_while(|folder| *folder != root);
    if folders.any(Path::is_symlink) {
        return Ok(false);
    }
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// A path of the index on this system.
fn path_from(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    let path = PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes));
    #[cfg(not(unix))]
    let path = PathBuf::from(String::from_utf8_lossy(bytes).into_owned());
    path
}

/// Our own ignore files, for files that the walk did not come by.
#[derive(Default)]
pub(super) struct OwnIgnores {
    by_folder: HashMap<PathBuf, Option<Gitignore>>,
}

impl OwnIgnores {
    /// Whether one of them names the file.
    pub(super) fn ignore(&mut self, root: &Path, path: &Path) -> bool {
        path.ancestors().skip(1).take_while(|folder| folder.starts_with(root)).any(|folder| {
            let ignores = self.by_folder.entry(folder.to_owned()).or_insert_with(|| {
                let file = folder.join(IGNORE_FILE);
                let mut builder = GitignoreBuilder::new(folder);
                (file.is_file() && builder.add(&file).is_none()).then(|| builder.build().ok()).flatten()
            });
            ignores.as_ref().is_some_and(|i| i.matched_path_or_any_parents(path, false).is_ignore())
        })
    }
}
