//! Pipes and devices where git keeps files: opening one waits for ever, or does something. Takes a place in a repository,
//! tells of the first one that reading the repository would open. Opens nothing but folders.

use crate::files;
use std::fs::FileType;
use std::path::{Path, PathBuf};

/// A `.git` file and what it says are not nearly as large, in bytes.
const MOST: u64 = 64 << 10;
/// Refs are not nested nearly as deep.
const MAX_DEPTH: usize = 64;
/// As many object stores as git goes through, one borrowing from the other.
const MAX_ALTERNATES: usize = 5;

/// The first pipe or device in the repository that `start`, an absolute path, is in.
pub(super) fn find(start: &Path) -> Option<PathBuf> {
    let git_dir = start.ancestors().find_map(|folder| {
        let git = folder.join(".git");
        match git.metadata() {
            Ok(_) => Some(git),
            Err(_) => folder.join("objects").is_dir().then(|| folder.to_owned()),
        }
    });
    find_in(&git_dir?)
}

/// The first one in a repository's own folder, or where a `.git` file points.
pub(super) fn find_in(git_dir: &Path) -> Option<PathBuf> {
    let metadata = git_dir.metadata().ok()?;
    if is_special(metadata.file_type()) {
        return Some(git_dir.to_owned());
    }
    let target = |path: &Path, prefix: &str| {
        let text = files::text(files::read_here(path, MOST).ok()??).ok()?;
        Some(path.parent()?.join(text.strip_prefix(prefix)?.trim()))
    };
    let git_dir = if metadata.is_dir() { git_dir.to_owned() } else { target(git_dir, "gitdir:")? };
    let common = target(&git_dir.join("commondir"), "");
    [Some(git_dir), common].into_iter().flatten().find_map(|folder| {
        let own = ["", "info"].iter().find_map(|name| among(&folder.join(name)));
        own.or_else(|| ["refs", "worktrees"].iter().find_map(|name| below(&folder.join(name), 0)))
            .or_else(|| in_objects(&folder.join("objects"), 0))
    })
}

/// The first one in an object store, or in those that it borrows from.
fn in_objects(folder: &Path, borrowed: usize) -> Option<PathBuf> {
    below(folder, 0).or_else(|| {
        let list = files::read_here(&folder.join("info/alternates"), MOST).ok()??;
        let list = files::text(list).ok().filter(|_| borrowed < MAX_ALTERNATES)?;
        list.lines().find_map(|line| in_objects(&folder.join(line), borrowed + 1))
    })
}

/// The first one directly in a folder.
fn among(folder: &Path) -> Option<PathBuf> {
    let entries = folder.read_dir().ok()?;
    entries.flatten().find_map(|entry| {
        let kind = entry.file_type().ok()?;
        let is_special = is_special(kind) || (kind.is_symlink() && leads_to_special(&entry.path()));
        is_special.then(|| entry.path())
    })
}

/// The first one anywhere below a folder.
fn below(folder: &Path, depth: usize) -> Option<PathBuf> {
    if depth == MAX_DEPTH {
        return None;
    }
    among(folder).or_else(|| {
        let folders = folder.read_dir().ok()?.flatten();
        let mut folders = folders.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.find_map(|entry| below(&entry.path(), depth + 1))
    })
}

fn leads_to_special(link: &Path) -> bool {
    link.metadata().is_ok_and(|metadata| is_special(metadata.file_type()))
}

/// Whether it is a pipe or a device. A socket, which git's own daemon keeps there, cannot be opened at all.
#[cfg(unix)]
fn is_special(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_special(_: FileType) -> bool {
    false
}
