//! Reading the files that are to be changed, and putting the changed ones in their places, whole.
//!
//! A file that is a link, is not a regular file, has other names, cannot be written or is no UTF-8 is left alone.

use krea_scan_files as files;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Larger files are built or recorded, not written, and too much to show as a diff.
pub const MAX_SIZE: u64 = 16 << 20;

/// Reads a file that can be changed.
///
/// # Errors
/// Why it cannot, and what to do.
pub fn read_text(path: &Path) -> Result<Zeroizing<String>, String> {
    let (mut file, _) = open(path)?;
    let mut bytes = Zeroizing::new(Vec::new());
    (&mut file).take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(too_large());
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err("is no UTF-8 text: replace it by hand".to_owned()),
    }
}

/// Puts `after` in the place of the file's text, if that is still `before`: the file is changed whole, by a rename in its
/// own folder, or not at all. Its permissions, and its owner and group, stay.
///
/// # Errors
/// A file that was changed since it was read, or that cannot be changed any more; what the system answers.
pub fn replace(path: &Path, before: &str, after: &str) -> io::Result<()> {
    let now = read_text(path).map_err(io::Error::other)?;
    if *now != before {
        return Err(io::Error::other("was changed since it was read: run this again"));
    }
    let (_, metadata) = open(path).map_err(io::Error::other)?;
    files::replace_whole(path, after.as_bytes(), Some(&metadata))
}

/// Opens a file for reading, once it is known that it can be changed.
fn open(path: &Path) -> Result<(File, fs::Metadata), String> {
    let cannot = |e: io::Error| format!("cannot be changed: {e}");
    let found = fs::symlink_metadata(path).map_err(cannot)?;
    if found.is_symlink() {
        return Err("is a symbolic link: give the file that it leads to as a PATH".to_owned());
    }
    if !found.is_file() {
        return Err("is no regular file".to_owned());
    }
    if found.len() > MAX_SIZE {
        return Err(too_large());
    }
    if found.permissions().readonly() {
        return Err("is read-only: make it writable, and run this again".to_owned());
    }
    let file = for_change().open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err("is no regular file".to_owned());
    }
    if links(&metadata) > 1 {
        return Err("has other names (hard links), which would keep the token: replace it by hand".to_owned());
    }
    Ok((file, metadata))
}

fn too_large() -> String {
    format!("is larger than {} MiB: replace it by hand", MAX_SIZE >> 20)
}

/// Writing is not what the handle is for; it shows that it is allowed.
#[cfg(unix)]
fn for_change() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.read(true).write(true).custom_flags(flags.bits().cast_signed());
    options
}

#[cfg(not(unix))]
fn for_change() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

#[cfg(unix)]
fn links(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn links(_: &fs::Metadata) -> u64 {
    1
}
