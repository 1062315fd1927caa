//! Writing the files that a person names: reports, baselines, files that hold tokens.
//!
//! A regular file is replaced whole or not at all. What a person names that is none (`/dev/null`, `/dev/stdout`, a pipe,
//! `>(command)`) is written to, and never replaced by a file. Nothing is written through a link that leads out of a
//! scanned tree, nor into a pipe or a device that lies in one.

use super::trees::{Refusal, ScannedTrees};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What a file is called while it is written, with letters behind it.
const UNFINISHED: &str = ".krea-scan-";

/// What a path names.
enum Destination {
    /// Standard output, under a name that the system has for it.
    Stdout,
    /// Standard error, likewise.
    Stderr,
    /// A pipe, a device, or a file that this process was given open: it is written to as it is.
    Open(PathBuf),
    /// A regular file, or nothing yet.
    Regular(PathBuf, Option<Metadata>),
}

/// Whether [`write()`] may write to a path, as far as that can be told before.
///
/// # Errors
/// As [`write()`].
pub fn check(trees: &ScannedTrees, path: &Path) -> Result<(), Refusal> {
    match destination(trees, path)? {
        Destination::Regular(real, None) => {
            folder_of(&real).metadata()?;
        }
        Destination::Regular(real, Some(_)) => {
            for_writing(&real)?;
        }
        Destination::Stdout | Destination::Stderr | Destination::Open(_) => {}
    }
    Ok(())
}

/// Writes a file that a person names.
///
/// # Errors
/// A link in a scanned tree that leads out of it; a pipe or a device in one; what the system answers. A regular file is
/// then as it was.
pub fn write(trees: &ScannedTrees, path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    match destination(trees, path)? {
        Destination::Stdout => put(&mut io::stdout().lock(), bytes)?,
        Destination::Stderr => put(&mut io::stderr().lock(), bytes)?,
        Destination::Open(real) => {
            // Something may stand in a file already that was opened to be appended to.
            let mut options = OpenOptions::new();
            put(&mut options.append(true).open(real)?, bytes)?;
        }
        Destination::Regular(real, None) => replace_whole(&real, bytes, None)?,
        Destination::Regular(real, Some(metadata)) => {
            let mut file = for_writing(&real)?;
            match replace_whole(&real, bytes, Some(&metadata)) {
                // It cannot be replaced where it is: its folder is closed, it is mounted, or somebody else's.
                Err(error)
                    if may_be_written_in_place(&error) && !(trees.hold(&real) && is_linked(&metadata)) =>
                {
                    file.set_len(0)?;
                    put(&mut file, bytes)?;
                }
                replaced => replaced?,
            }
        }
    }
    Ok(())
}

/// Writes a file that is not there yet and that only its owner can read, whole or not at all.
///
/// # Errors
/// As [`write()`], and [`ErrorKind::AlreadyExists`] when anything is there.
pub fn create_private(trees: &ScannedTrees, path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    if path.symlink_metadata().is_ok() {
        return Err(io::Error::from(ErrorKind::AlreadyExists).into());
    }
    let real = trees.resolve(path)?;
    // Created with mode 0600.
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder_of(&real))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(&real).map_err(|error| error.error)?;
    Ok(())
}

/// Puts a file in the place of another one, or where there is none, by a rename in its own folder. It gets the mode, the
/// owner and the group of `like`; without one, what the system gives to new files.
///
/// # Errors
/// What the system answers; the file is then as it was.
pub fn replace_whole(path: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<()> {
    let mut new = unfinished(folder_of(path))?;
    new.write_all(bytes)?;
    if let Some(like) = like {
        keep_owner(new.as_file(), like)?;
        new.as_file().set_permissions(like.permissions())?;
    }
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn put(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes)?;
    out.flush()
}

fn destination(trees: &ScannedTrees, path: &Path) -> Result<Destination, Refusal> {
    let real = trees.resolve(path)?;
    let is = |names: [&str; 2]| names.iter().any(|name| real == Path::new(name));
    if is(["/proc/self/fd/1", "/dev/fd/1"]) {
        return Ok(Destination::Stdout);
    }
    if is(["/proc/self/fd/2", "/dev/fd/2"]) {
        return Ok(Destination::Stderr);
    }
    let is_given_open = real.starts_with("/proc") || real.starts_with("/dev/fd");
    match real.metadata() {
        Ok(metadata) if metadata.is_file() && !is_given_open => {
            Ok(Destination::Regular(real, Some(metadata)))
        }
        // What opening a folder answers says that it is one.
        Ok(metadata) if metadata.is_dir() => {
            Err(OpenOptions::new().append(true).open(&real).map_or_else(Refusal::Io, |_| Refusal::NotAFile))
        }
        Ok(_) if trees.hold(&real) => Err(Refusal::NotAFile),
        Ok(_) => Ok(Destination::Open(real)),
        Err(error) if error.kind() == ErrorKind::NotFound && !names_folder(path) => {
            Ok(Destination::Regular(real, None))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a path can only be that of a folder.
fn names_folder(path: &Path) -> bool {
    path.to_string_lossy().ends_with(std::path::is_separator)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a regular file for writing, without changing it: a file that may not be written is not replaced either.
#[cfg(unix)]
fn for_writing(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn for_writing(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// A file beside the one to be, with the mode that the system gives to new files.
#[cfg(unix)]
fn unfinished(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(UNFINISHED).permissions(mode).tempfile_in(folder)
}

#[cfg(not(unix))]
fn unfinished(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)
}

fn may_be_written_in_place(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::ResourceBusy
            | ErrorKind::CrossesDevices
            | ErrorKind::ReadOnlyFilesystem
    )
}

/// Whether a file has other names, which may lie elsewhere.
#[cfg(unix)]
fn is_linked(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
fn is_linked(_: &Metadata) -> bool {
    false
}

/// Gives a file the owner and the group of another one.
#[cfg(unix)]
fn keep_owner(file: &File, like: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    match (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        true => Ok(()),
        false => fchown(file, Some(like.uid()), Some(like.gid())),
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}
