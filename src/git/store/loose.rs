//! Loose objects: one compressed file each, in 256 folders named by the first byte of the id.

use super::pack::{Fault, inflate_loose};
use crate::finding::Incomplete;
use gix_hash::{ObjectId, oid};
use gix_object::Kind;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Lists the loose objects below an `objects` folder, in no order.
pub(super) fn list(
    objects: &Path,
    hash: gix_hash::Kind,
    found: &mut Vec<ObjectId>,
    unread: &mut Vec<Incomplete>,
) {
    for first in 0..=u8::MAX {
        let first = format!("{first:02x}");
        let folder = objects.join(&first);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                unread.push(Incomplete {
                    path: folder.display().to_string(),
                    reason: format!("cannot list the loose objects here: {error}"),
                });
                continue;
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(rest) = name.to_str().filter(|rest| rest.len() + 2 == hash.len_in_hex()) else {
                continue;
            };
            if let Ok(id) = ObjectId::from_hex(format!("{first}{rest}").as_bytes()) {
                found.push(id);
            }
        }
    }
}

/// The file that holds a loose object.
pub(super) fn path(objects: &Path, id: &oid) -> PathBuf {
    let hex = id.to_hex().to_string();
    objects.join(&hex[..2]).join(&hex[2..])
}

/// Reads a loose object; `None` when it is of another kind than `only`.
pub(super) fn read(objects: &Path, id: &oid, only: Option<Kind>) -> Result<Option<(Kind, Vec<u8>)>, Fault> {
    let path = path(objects, id);
    let failed = |error: std::io::Error| Fault::Io(error.to_string());
    if !fs::metadata(&path).map_err(failed)?.is_file() {
        return Err(Fault::Io("it is not a file".to_owned()));
    }
    inflate_loose(&fs::read(&path).map_err(failed)?, only)
}
