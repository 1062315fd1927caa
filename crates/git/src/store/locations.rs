//! Where a repository keeps its objects: its own `objects` folder and the alternates it borrows from.

use crate::regular_file;
use krea_scan_files::Incomplete;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A list of alternates is not read beyond this.
const MAX_ALTERNATES_BYTES: u64 = 1 << 20;
/// More folders than this are not borrowed from: a chain of them could go on for ever through links.
const MAX_FOLDERS: usize = 1000;

/// The `objects` folder given, those that are `borrowed`, and those from which they all borrow, each once.
///
/// An alternate that is not there is told, not followed.
pub(super) fn object_folders(
    own: PathBuf,
    borrowed: &[PathBuf],
    unread: &mut Vec<Incomplete>,
) -> Vec<PathBuf> {
    let mut seen = HashSet::new();
    let mut folders = Vec::new();
    let mut queue: Vec<PathBuf> = borrowed.iter().rev().cloned().chain([own]).collect();
    while let Some(folder) = queue.pop() {
        if folders.len() == MAX_FOLDERS {
            let reason = format!("this repository borrows objects from more than {MAX_FOLDERS} folders");
            unread.push(Incomplete { path: folder.display().to_string(), reason });
            break;
        }
        let canonical = match fs::canonicalize(&folder) {
            Ok(canonical) if canonical.is_dir() => canonical,
            outcome => {
                let why = outcome.map_or_else(|error| error.to_string(), |_| "not a folder".to_owned());
                unread.push(Incomplete {
                    path: folder.display().to_string(),
                    reason: format!(
                        "this repository borrows objects from here, but it cannot be read: {why}"
                    ),
                });
                continue;
            }
        };
        if !seen.insert(canonical) {
            continue;
        }
        let list = folder.join("info/alternates");
        match regular_file::read(&list, MAX_ALTERNATES_BYTES) {
            Ok(text) => queue.extend(alternates(&text).map(|path| folder.join(path))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                unread.push(Incomplete { path: list.display().to_string(), reason: error.to_string() })
            }
        }
        folders.push(folder);
    }
    folders
}

/// The paths in an `info/alternates` file: one a line, `#` starts a comment, quotes as in C where a path has them
/// (gitrepository-layout(5)).
fn alternates(text: &[u8]) -> impl Iterator<Item = PathBuf> {
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")).map(|line| {
        let path = line.strip_prefix(b"\"").and_then(unquote).map_or_else(|| line.to_vec(), |(path, _)| path);
        to_path(path)
    })
}

/// The paths that `GIT_ALTERNATE_OBJECT_DIRECTORIES` lists (git(1)): apart as in `PATH`, and in quotes as in C where a path
/// has what sets them apart.
pub(crate) fn object_paths(list: &OsStr) -> Vec<PathBuf> {
    const SEPARATOR: u8 = if cfg!(windows) { b';' } else { b':' };
    let mut paths = Vec::new();
    let mut rest = list.as_encoded_bytes();
    while !rest.is_empty() {
        let (path, behind) = match rest.strip_prefix(b"\"").and_then(unquote) {
            Some((path, behind)) => (path, behind.strip_prefix(&[SEPARATOR]).unwrap_or(behind)),
            None => {
                let end = memchr::memchr(SEPARATOR, rest).unwrap_or(rest.len());
                (rest[..end].to_vec(), rest.get(end + 1..).unwrap_or_default())
            }
        };
        if !path.is_empty() {
            paths.push(to_path(path));
        }
        rest = behind;
    }
    paths
}

/// Undoes git's C-style quoting of what follows an opening quote: gives what was quoted, and what stands behind the closing
/// one; `None` when it is not quoted properly.
fn unquote(quoted: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut bytes = quoted.iter().copied();
    let mut plain = Vec::new();
    loop {
        match bytes.next()? {
            b'"' => return Some((plain, &quoted[quoted.len() - bytes.len()..])),
            b'\\' => plain.push(match bytes.next()? {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                digit @ b'0'..=b'3' => {
                    let octal = |byte: u8| matches!(byte, b'0'..=b'7').then(|| byte - b'0');
                    ((digit - b'0') << 6) | (octal(bytes.next()?)? << 3) | octal(bytes.next()?)?
                }
                other => other,
            }),
            byte => plain.push(byte),
        }
    }
}

/// A path as git writes it: bytes on Unix, UTF-8 elsewhere.
fn to_path(bytes: Vec<u8>) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        std::ffi::OsString::from_vec(bytes).into()
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(&bytes).into_owned().into()
    }
}

/// The packs in an `objects` folder, as paths of their indices, sorted; what has lost its partner is told.
pub(super) fn pack_indices(objects: &Path, unread: &mut Vec<Incomplete>) -> Vec<PathBuf> {
    let folder = objects.join("pack");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            unread.push(Incomplete { path: folder.display().to_string(), reason: error.to_string() });
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let here: HashSet<&PathBuf> = files.iter().collect();
    let mut indices = Vec::new();
    for file in &files {
        let is = |extension: &str| file.extension().is_some_and(|actual| actual == extension);
        if is("idx") {
            if here.contains(&file.with_extension("pack")) {
                indices.push(file.clone());
            } else {
                let reason = "its .pack file is missing: the objects in it cannot be read".to_owned();
                unread.push(Incomplete { path: file.display().to_string(), reason });
            }
        } else if is("pack") && !here.contains(&file.with_extension("idx")) {
            let reason = format!(
                "its .idx file is missing: run `git index-pack {}`",
                file.file_name().unwrap_or_default().display()
            );
            unread.push(Incomplete { path: file.display().to_string(), reason });
        }
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternates_are_read_as_git_writes_them() {
        let text = b"# a comment\n/a b/objects\n\n\"/c\\td\\303\\251\"\n\"half\n";
        let paths: Vec<_> = alternates(text).collect();
        assert_eq!(paths, ["/a b/objects", "/c\td\u{e9}", "\"half"].map(PathBuf::from));
    }

    #[cfg(unix)]
    #[test]
    fn a_list_of_folders_is_read_as_git_writes_it() {
        let paths = object_paths(OsStr::new("/a b:\"/with:colon\":\"/c\\\"d\"::\"half:/e"));
        assert_eq!(paths, ["/a b", "/with:colon", "/c\"d", "\"half", "/e"].map(PathBuf::from));
        assert!(object_paths(OsStr::new("")).is_empty());
    }
}
