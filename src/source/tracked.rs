//! Files that git tracks: git does not ignore them, whatever an ignore file says, so a scan must read them although a
//! walk passes them by. Reads the index alone, and no configuration: it works in a repository that is owned by someone
//! else or damaged elsewhere. Never leads out of the folder through a link.

use super::tree::IGNORE_FILE;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The files below `root` that git tracks, when `root` is in a working tree.
///
/// # Errors
/// The index, and why it cannot be read.
pub(super) fn files(root: &Path) -> Result<Vec<PathBuf>, (PathBuf, String)> {
    let Ok(absolute) = root.canonicalize() else { return Ok(Vec::new()) };
    let Some((top, index)) = absolute.ancestors().find_map(|top| Some((top, index_of(top)?))) else {
        return Ok(Vec::new());
    };
    if !index.exists() {
        return Ok(Vec::new());
    }
    let prefix = absolute.strip_prefix(top).unwrap_or(Path::new(""));
    let read = |hash| gix_index::File::at(&index, hash, true, gix_index::decode::Options::default());
    let entries = read(gix_hash::Kind::Sha1)
        .or_else(|error| read(gix_hash::Kind::Sha256).map_err(|_| error))
        .map_err(|error| {
            let reason =
                format!("files that git tracks and an ignore file names may not have been read: {error}");
            (index.clone(), reason)
        })?;
    let files = entries.entries().iter().filter(|entry| entry.mode.contains(gix_index::entry::Mode::FILE));
    let below = files.filter_map(|entry| {
        let path = path_from(entry.path(&entries));
        let below = path.strip_prefix(prefix).ok()?;
        below.components().all(|part| matches!(part, Component::Normal(_))).then(|| root.join(below))
    });
    Ok(below.collect())
}

/// The index of the repository whose working tree begins at `top`.
fn index_of(top: &Path) -> Option<PathBuf> {
    let git = top.join(".git");
    if git.is_dir() {
        return git.join("HEAD").symlink_metadata().is_ok().then(|| git.join("index"));
    }
    // A linked worktree or a submodule: a file that points to the repository.
    let text = fs::read_to_string(&git).ok()?;
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
