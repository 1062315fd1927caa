//! Where tokens wait until nobody needs the file any more: the leaked ones until the incident is closed, so that a run can
//! go on without the place where they were found; a replacement from the moment it exists until then. Takes and gives
//! tokens; each is a file of mode 0600 in the incident's folder.
//!
//! Room for a replacement is taken before it is minted, so that a disk that fills up in between loses nothing. A file is
//! written over or removed only when nothing but room is in it, or exactly the token that the caller knows to be settled:
//! what else it may hold may be live, and nowhere else.

use super::folder::{StateError, open_private, sync_folder};
use krea_scan_token::{Fingerprint, Token, TokenKind};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How much room a token gets, in bytes: a block of most file systems.
const ROOM: usize = 4096;
/// What tells a held token from room that was only taken.
const MARK: &str = "krea-scan escrow";
/// How the name of a file begins that could not be read and was put aside.
const ASIDE: &str = "set-aside-";
/// No folder holds as many files that were put aside.
const MAX_FILES_ASIDE: usize = 1000;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscrowOwner {
    /// The token that leaked.
    Leaked,
    /// The one that replaces it.
    Replacement,
}

impl EscrowOwner {
    /// How the file's name begins.
    pub fn prefix(self) -> &'static str {
        match self {
            EscrowOwner::Leaked => "leaked-",
            EscrowOwner::Replacement => "replacement-",
        }
    }
}

/// What is in a file of an escrow.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// No file.
    Nothing,
    /// Room that was taken for a token.
    Room,
    /// A whole token.
    Token(Token),
    /// Something else: a token that was cut or changed, as far as anybody can tell.
    Damaged,
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
    pub fn path(&self, held: EscrowOwner, leaked: &Fingerprint) -> PathBuf {
        self.folder.join(format!("{}{leaked}", held.prefix()))
    }

    /// Takes the room that [`Escrow::put`] needs. What is there and cannot be read is put aside first; gives where.
    ///
    /// # Errors
    /// A full disk, say, or a token that is there already: then nothing may be minted.
    pub fn reserve(&self, held: EscrowOwner, leaked: &Fingerprint) -> Result<Option<PathBuf>, StateError> {
        let path = self.path(held, leaked);
        let aside = match self.get(held, leaked)? {
            Content::Nothing | Content::Room => None,
            Content::Token(_) => {
                let problem = "it holds a token already";
                return Err(StateError::Unsafe { path, problem });
            }
            Content::Damaged => Some(self.put_aside(&path, leaked)?),
        };
        self.write(&path, &[b' '; ROOM])?;
        sync_folder(&self.folder)?;
        Ok(aside)
    }

    /// Puts a token into the room that was taken for it.
    ///
    /// # Errors
    /// What the system says; the caller still holds the token.
    pub fn put(&self, held: EscrowOwner, leaked: &Fingerprint, token: &Token) -> Result<(), StateError> {
        let path = self.path(held, leaked);
        let mut text = Zeroizing::new(format!("{MARK} {} ", token.fingerprint()).into_bytes());
        text.extend_from_slice(token.expose());
        text.push(b'\n');
        self.write(&path, &text)
    }

    /// What is held.
    ///
    /// # Errors
    /// A file that cannot be read, or that others may touch.
    pub fn get(&self, held: EscrowOwner, leaked: &Fingerprint) -> Result<Content, StateError> {
        read_escrow(&self.path(held, leaked))
    }

    /// Removes a file that holds nothing but room; leaves any other.
    ///
    /// # Errors
    /// A file that cannot be read or stays.
    pub fn free(&self, held: EscrowOwner, leaked: &Fingerprint) -> Result<(), StateError> {
        match self.get(held, leaked)? {
            Content::Room => self.remove(&self.path(held, leaked)),
            Content::Nothing | Content::Token(_) | Content::Damaged => Ok(()),
        }
    }

    /// Wipes and removes a file that holds exactly this token, or nothing but room; leaves any other. For a leaked token
    /// that was just proven dead, and for a replacement that was just proven live where it is stored, or dead.
    ///
    /// # Errors
    /// A file that cannot be read or stays.
    pub fn settle(&self, held: EscrowOwner, leaked: &Fingerprint, token: &Token) -> Result<(), StateError> {
        match self.get(held, leaked)? {
            Content::Token(known) if known.expose() == token.expose() => {
                self.remove(&self.path(held, leaked))
            }
            Content::Room => self.remove(&self.path(held, leaked)),
            Content::Nothing | Content::Token(_) | Content::Damaged => Ok(()),
        }
    }

    /// Every file of the escrow that holds something else than room, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read. A file that cannot be is told as damaged.
    pub fn held(&self) -> Result<Vec<(PathBuf, Content)>, StateError> {
        let entries = fs::read_dir(&self.folder).map_err(StateError::io("read", &self.folder))?;
        let is_ours = |name: &str| {
            [EscrowOwner::Leaked.prefix(), EscrowOwner::Replacement.prefix(), ASIDE]
                .iter()
                .any(|ours| name.starts_with(ours))
        };
        let mut held = Vec::new();
        for entry in entries {
            let path = entry.map_err(StateError::io("read", &self.folder))?.path();
            if !path.file_name().is_some_and(|name| is_ours(&name.to_string_lossy())) {
                continue;
            }
            match read_escrow(&path).unwrap_or(Content::Damaged) {
                Content::Nothing | Content::Room => {}
                content => held.push((path, content)),
            }
        }
        held.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(held)
    }

    fn put_aside(&self, path: &Path, leaked: &Fingerprint) -> Result<PathBuf, StateError> {
        let free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
        let mut names =
            (1..MAX_FILES_ASIDE).map(|number| self.folder.join(format!("{ASIDE}{leaked}-{number}")));
        let aside = names.find(free).ok_or_else(|| StateError::Unsafe {
            path: self.folder.clone(),
            problem: "it holds too many files that were put aside; look through them, and remove them",
        })?;
        fs::rename(path, &aside).map_err(StateError::io("put aside", path))?;
        sync_folder(&self.folder)?;
        Ok(aside)
    }

    /// Wipes and removes a file.
    fn remove(&self, path: &Path) -> Result<(), StateError> {
        // File systems may keep old blocks all the same; what counts is that the name is gone.
        let wiped = self.write(path, &[b' '; ROOM]);
        fs::remove_file(path).map_err(StateError::io("remove", path))?;
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

fn read_escrow(path: &Path) -> Result<Content, StateError> {
    let mut file = match open_private(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(Content::Nothing);
        }
        Err(error) => return Err(error),
    };
    let mut text = Zeroizing::new(Vec::with_capacity(2 * ROOM));
    (&mut file).take(2 * ROOM as u64).read_to_end(&mut text).map_err(StateError::io("read", path))?;
    Ok(match parse(&text) {
        Some(token) => Content::Token(token),
        None if text.len() <= ROOM && text.iter().all(|&byte| byte == b' ') => Content::Room,
        None => Content::Damaged,
    })
}

/// The token of an escrow file, if it is whole, which its fingerprint tells, and nothing but room is behind it.
fn parse(text: &[u8]) -> Option<Token> {
    let line = text.strip_prefix(MARK.as_bytes())?.strip_prefix(b" ")?;
    let (fingerprint, rest) = line.split_at_checked(32)?;
    let rest = rest.strip_prefix(b" ")?;
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b' ')).unwrap_or(rest.len());
    let (token, room) = rest.split_at(end);
    if !room.iter().all(|byte| matches!(byte, b'\n' | b' ')) {
        return None;
    }
    let kind = if token.contains(&b':') { TokenKind::Pair } else { TokenKind::Legacy };
    let token = Token::new(kind, token);
    (token.fingerprint().as_str().as_bytes() == fingerprint).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An escrow, a leaked token's name, and a replacement.
    fn scene() -> (tempfile::TempDir, Escrow, Fingerprint, Token) {
        let folder = tempfile::tempdir().unwrap();
        let escrow = Escrow::new(folder.path());
        let token = Token::new(TokenKind::Pair, b"some-id:some-secret");
        (folder, escrow, Fingerprint::of(b"leaked"), token)
    }

    #[test]
    fn only_whole_tokens_come_back() {
        let (_folder, escrow, leaked, token) = scene();
        let get = || escrow.get(EscrowOwner::Replacement, &leaked).unwrap();
        assert_eq!(get(), Content::Nothing);
        assert_eq!(escrow.reserve(EscrowOwner::Replacement, &leaked).unwrap(), None);
        assert_eq!(get(), Content::Room);
        escrow.put(EscrowOwner::Replacement, &leaked, &token).unwrap();
        assert_eq!(get(), Content::Token(token.clone()));
        assert_eq!(escrow.get(EscrowOwner::Leaked, &leaked).unwrap(), Content::Nothing);

        let path = escrow.path(EscrowOwner::Replacement, &leaked);
        let whole = fs::read(&path).unwrap();
        let line = whole.iter().position(|&byte| byte == b'\n').unwrap();
        for end in 1..line {
            let mut torn = whole.clone();
            torn[end..].fill(b' ');
            fs::write(&path, torn).unwrap();
            assert_eq!(get(), Content::Damaged, "cut at {end}");
        }
        // Without its line's end it is still whole.
        for text in [&whole[..line], &whole[..line + 1]] {
            fs::write(&path, text).unwrap();
            assert_eq!(get(), Content::Token(token.clone()));
        }
    }

    #[test]
    fn what_may_be_a_live_token_is_neither_removed_nor_written_over() {
        let (folder, escrow, leaked, token) = scene();
        let path = escrow.path(EscrowOwner::Replacement, &leaked);
        let other = Token::new(TokenKind::Pair, b"some-id:other-secret");
        escrow.put(EscrowOwner::Replacement, &leaked, &token).unwrap();
        let whole = fs::read(&path).unwrap();
        escrow.free(EscrowOwner::Replacement, &leaked).unwrap();
        escrow.settle(EscrowOwner::Replacement, &leaked, &other).unwrap();
        assert!(escrow.reserve(EscrowOwner::Replacement, &leaked).is_err());
        assert_eq!(fs::read(&path).unwrap(), whole);

        type Damage = fn(&mut Vec<u8>);
        let damages: [Damage; 6] = [
            |text| text[20] ^= 1,
            |text| text.truncate(text.len() - 3),
            |text| text.insert(0, b'\n'),
            |text| text.fill(0),
            |text| *text = vec![b' '; ROOM + 1],
            |text| text.extend(vec![b'x'; 3 * ROOM]),
        ];
        for (at, damage) in damages.iter().enumerate() {
            let mut damaged = whole.clone();
            damage(&mut damaged);
            fs::write(&path, &damaged).unwrap();
            escrow.free(EscrowOwner::Replacement, &leaked).unwrap();
            escrow.settle(EscrowOwner::Replacement, &leaked, &other).unwrap();
            assert_eq!(fs::read(&path).unwrap(), damaged, "{at}");
            let aside = escrow.reserve(EscrowOwner::Replacement, &leaked).unwrap().expect("it is put aside");
            assert_eq!(fs::read(&aside).unwrap(), damaged, "{at}");
            assert_eq!(escrow.get(EscrowOwner::Replacement, &leaked).unwrap(), Content::Room);
        }
        escrow.put(EscrowOwner::Replacement, &leaked, &token).unwrap();
        let held = escrow.held().unwrap();
        assert_eq!(held.len(), 7, "six that were put aside, and the whole one");
        assert!(matches!(&held[0].1, Content::Token(held) if *held == token), "{held:?}");
        drop(folder);
    }

    #[test]
    fn what_is_settled_goes() {
        let (_folder, escrow, leaked, token) = scene();
        escrow.settle(EscrowOwner::Replacement, &leaked, &token).unwrap();
        for settled in [true, false] {
            escrow.reserve(EscrowOwner::Replacement, &leaked).unwrap();
            if settled {
                escrow.put(EscrowOwner::Replacement, &leaked, &token).unwrap();
            }
            escrow.settle(EscrowOwner::Replacement, &leaked, &token).unwrap();
            assert_eq!(escrow.get(EscrowOwner::Replacement, &leaked).unwrap(), Content::Nothing);
        }
        escrow.reserve(EscrowOwner::Replacement, &leaked).unwrap();
        escrow.free(EscrowOwner::Replacement, &leaked).unwrap();
        assert_eq!(escrow.get(EscrowOwner::Replacement, &leaked).unwrap(), Content::Nothing);
        assert_eq!(escrow.held().unwrap(), []);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_files_of_others_are_refused() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let (folder, escrow, leaked, token) = scene();
        let path = escrow.path(EscrowOwner::Leaked, &leaked);
        let target = folder.path().join("elsewhere");
        fs::write(&target, "").unwrap();
        symlink(&target, &path).unwrap();
        assert!(escrow.reserve(EscrowOwner::Leaked, &leaked).is_err());
        assert!(escrow.settle(EscrowOwner::Leaked, &leaked, &token).is_err());
        assert_eq!(fs::read(&target).unwrap(), b"");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(escrow.reserve(EscrowOwner::Leaked, &leaked).is_err());
    }
}
