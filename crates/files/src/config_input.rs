//! Reading the files that say how a tree is scanned: configurations, ignore files, baselines, rules.
//!
//! One that a tree holds is opened like hostile input: it is a regular file of a bounded size, or it is refused with what
//! to do. One that a person names outside of every tree may be a pipe as well.

use super::trees::{Refusal, ScannedTrees};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Reads a file that was found in a tree, at most `most` bytes of it; `None` when it is not there. A link is followed
/// within the tree.
///
/// # Errors
/// A link out of the tree, what is no regular file, a file that is larger, what the system answers.
pub fn read_found(trees: &ScannedTrees, path: &Path, most: u64) -> Result<Option<Vec<u8>>, Refusal> {
    // A link that leads out matters only where something is behind it.
    match path.metadata() {
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    read_regular(&trees.resolve(path)?, most).map(Some)
}

/// Reads a file that was found in a folder, as [`read_found`], without following a link: git follows none where it reads
/// its ignore files.
///
/// # Errors
/// As [`read_found`], and any link.
pub fn read_here(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Refusal> {
    match path.symlink_metadata() {
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(metadata) if metadata.is_symlink() => Err(Refusal::Link),
        Ok(_) => read_regular(path, most).map(Some),
    }
}

/// Reads a file that a person names, at most `most` bytes of it.
///
/// # Errors
/// As [`read_found`] where it lies in a tree; elsewhere a file that is larger, or what the system answers.
pub fn read_named(trees: &ScannedTrees, path: &Path, most: u64) -> Result<Vec<u8>, Refusal> {
    let real = trees.resolve(path)?;
    if trees.hold(&real) {
        return read_regular(&real, most);
    }
    bounded(File::open(real)?, most)
}

/// Bytes as text.
///
/// # Errors
/// When they are no UTF-8.
pub fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8");
    String::from_utf8(bytes).map_err(|error| not_text(error).into())
}

/// Reads a regular file whose path has no links in it. Nothing else is opened: opening a pipe waits for somebody, opening
/// a device may do something.
fn read_regular(path: &Path, most: u64) -> Result<Vec<u8>, Refusal> {
    // What reading a folder answers says that it is one.
    let may_be_opened = |metadata: Metadata| metadata.is_file() || metadata.is_dir();
    if !may_be_opened(path.symlink_metadata()?) {
        return Err(Refusal::NotAFile);
    }
    let file = for_reading().open(path)?;
    // It may have been exchanged since.
    if !may_be_opened(file.metadata()?) {
        return Err(Refusal::NotAFile);
    }
    bounded(file, most)
}

fn bounded(file: File, most: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Refusal::TooLarge(most)) } else { Ok(bytes) }
}

/// Whether an error says that a file is not there, or that its folder cannot be looked into, which is told of the folder.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidFilename
    )
}

#[cfg(unix)]
fn for_reading() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

#[cfg(not(unix))]
fn for_reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}
