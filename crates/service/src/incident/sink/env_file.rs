//! The sink `env-file:`: a variable in a file of variables, which is replaced whole or not at all.
//!
//! Takes a path and a [`Delivery`], gives a [`Stored`] when reading the file again shows the token. The new content is
//! written and flushed beside the file, then renamed over it, so that a full disk or a cut at any moment leaves the old
//! file or the new one. Links are followed to the file that they stand for, and stay; one in the current repository or
//! folder that leads out of it is refused.

use super::dotenv::{self, Variable};
use super::{Delivery, SinkError, Stored};
use crate::incident::folder::flush_folder;
use krea_scan_files::{Refusal, ScannedTrees};
use krea_scan_git::ignores::git_ignores;
use krea_scan_git::{index_file, repository};
use krea_scan_token::escape::visible;
use krea_scan_token::{Fingerprint, Token};
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// Files of variables are small. What is larger is something else, named by mistake.
const MAX_BYTES: u64 = 1 << 20;
/// What the new content's name ends in while it is written.
const UNFINISHED: &str = ".krea-scan-unfinished";

/// Why a file cannot take a variable.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is missing, or is none.
    #[error("{}: there is no folder {}; create it first", shown(path), shown(folder))]
    NoFolder {
        /// As it was given.
        path: PathBuf,
        /// Where the file would be.
        folder: PathBuf,
    },
    /// A folder, a device, a pipe.
    #[error("{}: it is no ordinary file; name a file of variables", shown(path))]
    NotAFile {
        /// As it was given.
        path: PathBuf,
    },
    /// A symbolic link to nothing.
    #[error("{}: it is a symbolic link to something that does not exist", shown(path))]
    DanglingLink {
        /// As it was given.
        path: PathBuf,
    },
    /// A link in the current repository or folder leads out of it.
    #[error("{}: {}", shown(path), visible(&source.to_string()))]
    Refused {
        /// As it was given.
        path: PathBuf,
        /// Which link, and where it leads.
        source: Refusal,
    },
    /// More than a file of variables ever holds.
    #[error("{}: it is larger than 1 MiB, too large for a file of variables", shown(path))]
    TooLarge {
        /// As it was given.
        path: PathBuf,
    },
    /// UTF-16, or no text.
    #[error("{}: it is UTF-16 or no text; save it as UTF-8 first", shown(path))]
    NotText {
        /// As it was given.
        path: PathBuf,
    },
    /// The token holds what no quotes protect.
    #[error(
        "{}: the token holds characters that programs read differently in a file of variables; \
         store it with command: instead",
        shown(path)
    )]
    Unquotable {
        /// As it was given.
        path: PathBuf,
    },
    /// Somebody else wrote to the file at the same time.
    #[error(
        "{}: another program changed it at this very moment, so it was left alone; try again",
        shown(path)
    )]
    Changed {
        /// As it was given.
        path: PathBuf,
    },
    /// What was written is not what is there.
    #[error("{}: it was written, and does not hold the token when it is read again", shown(path))]
    Unconfirmed {
        /// As it was given.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{}: cannot {action}: {source}", shown(path))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder that it was tried on.
        path: PathBuf,
        source: io::Error,
    },
}

/// The current repository and folder.
fn here() -> ScannedTrees {
    ScannedTrees::of(&[PathBuf::from(".")])
}

/// A path, safe to show.
fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

/// The file behind a path.
struct TargetFile<'a> {
    /// As it was given.
    given: &'a Path,
    /// Absolute and without links, but for a file that is not there yet: then its folder is.
    path: PathBuf,
    /// Of the file; `None` when it is not there.
    metadata: Option<Metadata>,
}

/// Whether the file can take a variable. Gives warnings.
pub fn check(path: &Path) -> Result<Vec<String>, SinkError> {
    let target = TargetFile::locate(path)?;
    target.read()?;
    target.may_be_replaced()?;
    Ok(target.warnings())
}

/// Sets the variable.
pub fn store(path: &Path, name: Option<&str>, delivery: &Delivery) -> Result<Stored, SinkError> {
    let target = TargetFile::locate(path)?;
    let before = target.read()?;
    target.may_be_replaced()?;
    let new = delivery.token.expose();
    let is_old = |value: &[u8]| {
        delivery.replaces.is_some_and(|old| old.expose() == value)
            || delivery.former.contains(&Fingerprint::of(value))
    };
    let variable = match (name, delivery.variable) {
        (Some(name), given) => Variable::Named(given.unwrap_or(name)),
        (None, given) => Variable::Holding(&is_old, given.unwrap_or(dotenv::DEFAULT_NAME)),
    };
    let edited = dotenv::set(&before, variable, new)
        .map_err(|dotenv::Unquotable| Error::Unquotable { path: path.to_owned() })?;
    let mut notes = target.replace(&before, &edited.bytes)?;

    let target = TargetFile::locate(path)?;
    let after = target.read()?;
    if !edited.names.iter().all(|name| dotenv::holds(&after, name, new)) {
        return Err(Error::Unconfirmed { path: path.to_owned() }.into());
    }
    notes.extend(target.warnings());
    let old = delivery.replaces.and_then(|old| memchr::memmem::find(&after, old.secret()));
    if let Some(line) = old.map(|at| 1 + memchr::memchr_iter(b'\n', &after[..at]).count()) {
        notes.push(format!("{}: the old token still stands in line {line}; take it out", shown(path)));
    }
    Ok(Stored { place: format!("{}, {}", shown(path), edited.names.join(", ")), notes })
}

/// Whether a variable of the file has the token for its value.
pub fn holds(path: &Path, token: &Token) -> bool {
    let text = TargetFile::locate(path).and_then(|target| target.read());
    text.is_ok_and(|text| dotenv::is_anywhere(&text, token.expose()))
}

impl<'a> TargetFile<'a> {
    fn locate(given: &'a Path) -> Result<Self, Error> {
        let io = |source| Error::Io { action: "look at it", path: given.to_owned(), source };
        let resolve = |path: &Path| {
            here().resolve(path).map_err(|source| match source {
                Refusal::Io(source) => io(source),
                source => Error::Refused { path: given.to_owned(), source },
            })
        };
        match fs::symlink_metadata(given) {
            Ok(_) => {
                let path = resolve(given)?;
                let metadata = fs::metadata(&path).map_err(|source| match source.kind() {
                    ErrorKind::NotFound => Error::DanglingLink { path: given.to_owned() },
                    _ => io(source),
                })?;
                if !metadata.is_file() {
                    return Err(Error::NotAFile { path: given.to_owned() });
                }
                Ok(TargetFile { given, path, metadata: Some(metadata) })
            }
            Err(source) if source.kind() == ErrorKind::NotFound => {
                let names_folder = given.to_string_lossy().ends_with(std::path::is_separator);
                let Some(name) = given.file_name().filter(|_| !names_folder) else {
                    return Err(Error::NotAFile { path: given.to_owned() });
                };
                let folder =
                    given.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
                let missing = |_| Error::NoFolder { path: given.to_owned(), folder: folder.to_owned() };
                let real = resolve(folder)?;
                fs::metadata(&real).map_err(missing)?;
                Ok(TargetFile { given, path: real.join(name), metadata: None })
            }
            Err(source) => Err(io(source)),
        }
    }

    fn folder(&self) -> &Path {
        // The path names a file, so something is above it.
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// The whole file; nothing when it is not there.
    fn read(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let path = || self.given.to_owned();
        let Some(metadata) = &self.metadata else { return Ok(Zeroizing::new(Vec::new())) };
        let io = |source| Error::Io { action: "read it", path: path(), source };
        let size = usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
        File::open(&self.path).map_err(io)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::TooLarge { path: path() });
        }
        let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        if utf16 || memchr::memchr(0, &bytes).is_some() {
            return Err(Error::NotText { path: path() });
        }
        Ok(bytes)
    }

    /// Asks the system whether [`TargetFile::replace`] is allowed.
    #[cfg(unix)]
    fn may_be_replaced(&self) -> Result<(), Error> {
        use rustix::fs::{Access, access};
        let ask = |path: &Path, access_to| access(path, access_to).map_err(io::Error::from);
        let folder = self.folder();
        ask(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|source| Error::Io {
            action: "write to this folder, which replacing a file in it needs",
            path: folder.to_owned(),
            source,
        })?;
        if self.metadata.is_some() {
            let io = |source| Error::Io { action: "write to it", path: self.given.to_owned(), source };
            ask(&self.path, Access::WRITE_OK).map_err(io)?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn may_be_replaced(&self) -> Result<(), Error> {
        match &self.metadata {
            Some(metadata) if metadata.permissions().readonly() => Err(Error::Io {
                action: "write to it",
                path: self.given.to_owned(),
                source: ErrorKind::PermissionDenied.into(),
            }),
            _ => Ok(()),
        }
    }

    /// Puts `after` in the place of `before`. Gives notes on what could not be kept.
    fn replace(&self, before: &[u8], after: &[u8]) -> Result<Vec<String>, Error> {
        let io = |action| move |source| Error::Io { action, path: self.given.to_owned(), source };
        let mut file = self.unfinished().map_err(io("write beside it"))?;
        file.write_all(after).map_err(io("write its new content"))?;
        let notes = self.dress(file.as_file()).map_err(io("keep its mode"))?;
        file.as_file().sync_all().map_err(io("flush its new content to disk"))?;

        let now = TargetFile::locate(self.given)?;
        let as_before = now.metadata.is_some() == self.metadata.is_some();
        if now.path != self.path || !as_before || now.read()?.as_slice() != before {
            return Err(Error::Changed { path: self.given.to_owned() });
        }
        file.persist(&self.path).map_err(|error| error.error).map_err(io("replace it"))?;
        flush_folder(self.folder()).map_err(io("flush its folder to disk"))?;
        Ok(notes)
    }

    /// An empty file beside the target that only its owner can read. Its name is always the same, so that what a run
    /// leaves behind that was killed here, the next one removes.
    fn unfinished(&self) -> io::Result<NamedTempFile> {
        let mut name = OsString::from(self.path.file_name().unwrap_or_default());
        name.push(UNFINISHED);
        match fs::remove_file(self.folder().join(&name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        tempfile::Builder::new().prefix(&name).rand_bytes(0).tempfile_in(self.folder())
    }

    /// Gives the new file the old one's owner, group and mode.
    #[cfg(unix)]
    fn dress(&self, file: &File) -> io::Result<Vec<String>> {
        use rustix::fs::{Gid, Uid, fchown};
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let mut notes = Vec::new();
        let Some(old) = &self.metadata else { return Ok(notes) };
        let path = shown(self.given);
        let new = file.metadata()?;
        let mut mode = old.mode() & 0o7777;
        if new.gid() != old.gid() && fchown(file, None, Some(Gid::from_raw(old.gid()))).is_err() {
            // What the old group was allowed, the new one was not.
            mode &= !0o070;
            notes.push(format!("{path}: its group could not be kept; the group's rights were taken away"));
        }
        if new.uid() != old.uid() && fchown(file, Some(Uid::from_raw(old.uid())), None).is_err() {
            notes.push(format!("{path}: its owner could not be kept; it is yours now"));
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        if old.nlink() > 1 {
            notes.push(format!("{path}: it has other names (hard links), which still hold the old content"));
        }
        Ok(notes)
    }

    #[cfg(not(unix))]
    fn dress(&self, file: &File) -> io::Result<Vec<String>> {
        if let Some(old) = &self.metadata {
            file.set_permissions(old.permissions())?;
        }
        Ok(Vec::new())
    }

    /// What may carry the token further than the file.
    fn warnings(&self) -> Vec<String> {
        self.git_warning().into_iter().chain(self.mode_warning()).collect()
    }

    fn git_warning(&self) -> Option<String> {
        let path = shown(self.given);
        let repository = match repository::open(self.folder()) {
            Ok(repository) => repository,
            Err(repository::OpenError::NotARepository { .. }) => return None,
            Err(error) => return Some(format!("{path}: cannot tell whether git tracks it: {error}")),
        };
        let root = repository.workdir()?.canonicalize().ok()?;
        let inside = self.path.strip_prefix(&root).ok()?;
        let untrack = || {
            let (root, inside) = (quoted(&root.to_string_lossy()), quoted(&inside.to_string_lossy()));
            format!("`git -C {root} rm --cached -- {inside}`")
        };
        match (index_file::is_tracked(&repository, inside), git_ignores(&here(), &root, &self.path)) {
            (Ok(true), _) => Some(format!(
                "{path} is tracked by git: the next commit would leak the replacement; take it out with {} and name \
                 it in .gitignore",
                untrack()
            )),
            (Ok(false), true) => None,
            (Ok(false), false) => Some(format!(
                "{path} is in a git repository and not ignored: `git add` would take the replacement along; name it \
                 in .gitignore"
            )),
            (Err(error), _) => Some(format!("{path}: cannot tell whether git tracks it: {error}")),
        }
    }

    #[cfg(unix)]
    fn mode_warning(&self) -> Option<String> {
        use std::os::unix::fs::MetadataExt;
        let mode = self.metadata.as_ref()?.mode() & 0o777;
        (mode & 0o006 != 0).then(|| {
            let path = quoted(&self.given.to_string_lossy());
            let may = if mode & 0o002 == 0 { "read" } else { "write" };
            format!(
                "{} is open to every user of this machine, who may {may} it (mode {mode:03o}): `chmod 600 {path}`",
                shown(self.given)
            )
        })
    }

    #[cfg(not(unix))]
    fn mode_warning(&self) -> Option<String> {
        None
    }
}

/// A path as a shell takes it, safe to show.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", visible(path).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_program_wrote_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        // The file appears, then changes.
        for between in ["", "A=1\n", "A=2\n"] {
            let target = TargetFile::locate(&path).unwrap();
            let before = target.read().unwrap();
            fs::write(&path, between).unwrap();
            assert!(matches!(target.replace(&before, b"new"), Err(Error::Changed { .. })));
            assert_eq!(fs::read_to_string(&path).unwrap(), between);
        }
        let target = TargetFile::locate(&path).unwrap();
        let before = target.read().unwrap();
        fs::remove_file(&path).unwrap();
        assert!(matches!(target.replace(&before, b"new"), Err(Error::Changed { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
