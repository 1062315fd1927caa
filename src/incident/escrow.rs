//! Where tokens wait until nobody needs the file any more: the leaked ones until they are proven dead, so that a run can
//! go on without the place where they were found; a replacement from the moment it exists until its sinks confirmed
//! it and Krea accepts it. Takes and gives tokens; each is a file of mode 0600 in the incident's folder.
//!
//! Room for a replacement is taken before it is minted, so that a disk that fills up in between loses nothing.

use super::folder::{StateError, open_private, sync_folder};
use crate::finding::{Fingerprint, Token, TokenKind};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How much room a token gets, in bytes: a block of most file systems.
const ROOM: usize = 4096;
/// What tells a held token from room that was only taken.
const MARK: &str = "krea-scan escrow";

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The token that leaked.
    Leaked,
    /// The one that replaces it.
    Replacement,
}

/// The escrow of one incident.
#[derive(Clone, Debug)]
pub struct Escrow {
    folder: PathBuf,
}

impl Escrow {
    /// The escrow in an incident's folder.
    pub fn new(folder: &Path) -> Escrow {
        Escrow { folder: folder.to_owned() }
    }

    /// The file for a token, named by the leaked one.
    pub fn path(&self, held: Held, leaked: &Fingerprint) -> PathBuf {
        let what = match held {
            Held::Leaked => "leaked",
            Held::Replacement => "replacement",
        };
        self.folder.join(format!("{what}-{leaked}"))
    }

    /// Takes the room that [`Escrow::put`] needs.
    ///
    /// # Errors
    /// A full disk, say: then nothing may be minted.
    pub fn reserve(&self, held: Held, leaked: &Fingerprint) -> Result<(), StateError> {
        let path = self.path(held, leaked);
        self.write(&path, &[b' '; ROOM])?;
        sync_folder(&self.folder)
    }

    /// Puts a token into the room that was taken for it.
    ///
    /// # Errors
    /// What the system says; the caller still holds the token.
    pub fn put(&self, held: Held, leaked: &Fingerprint, token: &Token) -> Result<(), StateError> {
        let path = self.path(held, leaked);
        let mut text = Zeroizing::new(format!("{MARK} {} ", token.fingerprint()).into_bytes());
        text.extend_from_slice(token.expose());
        text.push(b'\n');
        self.write(&path, &text)
    }

    /// The token that is held; `None` when only room was taken, or not even that.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn get(&self, held: Held, leaked: &Fingerprint) -> Result<Option<Token>, StateError> {
        let path = self.path(held, leaked);
        let mut file = match open_private(&path, OpenOptions::new().read(true)) {
            Ok(file) => file,
            Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut text = Zeroizing::new(Vec::with_capacity(2 * ROOM));
        (&mut file).take(2 * ROOM as u64).read_to_end(&mut text).map_err(StateError::io("read", &path))?;
        Ok(parse(&text))
    }

    /// Wipes and removes a file; one that is not there is fine.
    ///
    /// # Errors
    /// A file that stays.
    pub fn remove(&self, held: Held, leaked: &Fingerprint) -> Result<(), StateError> {
        let path = self.path(held, leaked);
        if fs::symlink_metadata(&path).is_err() {
            return Ok(());
        }
        // File systems may keep old blocks all the same; what counts is that the name is gone.
        let wiped = self.write(&path, &[b' '; ROOM]);
        fs::remove_file(&path).map_err(StateError::io("remove", &path))?;
        wiped.and_then(|()| sync_folder(&self.folder))
    }

    /// Writes over the start of a file, in place: its blocks are there already.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
        let mut file = open_private(path, OpenOptions::new().write(true).create(true).truncate(false))?;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(bytes))
            .and_then(|()| file.sync_all())
            .map_err(StateError::io("write", path))
    }
}

fn parse(text: &[u8]) -> Option<Token> {
    let line = text.strip_prefix(MARK.as_bytes())?.strip_prefix(b" ")?;
    let (fingerprint, rest) = line.split_at_checked(32)?;
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    let token = rest[..end].strip_prefix(b" ")?;
    let kind = if token.contains(&b':') { TokenKind::Pair } else { TokenKind::Legacy };
    let token = Token::new(kind, token);
    // A write that a crash cut short does not have its own fingerprint.
    (token.fingerprint().as_str().as_bytes() == fingerprint).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_tokens_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let escrow = Escrow::new(folder.path());
        let token = Token::new(TokenKind::Pair, b"some-id:some-secret");
        let leaked = Fingerprint::of(b"leaked");
        let get = || escrow.get(Held::Replacement, &leaked).unwrap();
        assert_eq!(get(), None);
        escrow.reserve(Held::Replacement, &leaked).unwrap();
        assert_eq!(get(), None);
        escrow.put(Held::Replacement, &leaked, &token).unwrap();
        assert_eq!(get(), Some(token));
        assert_eq!(escrow.get(Held::Leaked, &leaked).unwrap(), None);

        let path = escrow.path(Held::Replacement, &leaked);
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.iter().position(|&byte| byte == b'\n').unwrap() {
            let mut torn = whole.clone();
            torn[end..].fill(b' ');
            fs::write(&path, torn).unwrap();
            assert_eq!(get(), None, "cut at {end}");
        }
        escrow.remove(Held::Replacement, &leaked).unwrap();
        assert!(!path.exists());
        escrow.remove(Held::Replacement, &leaked).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_and_files_of_others_are_refused() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let escrow = Escrow::new(folder.path());
        let leaked = Fingerprint::of(b"leaked");
        let path = escrow.path(Held::Leaked, &leaked);
        let target = folder.path().join("elsewhere");
        fs::write(&target, "").unwrap();
        symlink(&target, &path).unwrap();
        assert!(escrow.reserve(Held::Leaked, &leaked).is_err());
        assert_eq!(fs::read(&target).unwrap(), b"");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(escrow.reserve(Held::Leaked, &leaked).is_err());
    }
}
