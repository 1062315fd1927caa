//! Loose objects: one compressed file each, in 256 folders named by the first byte of the id.

use super::fault::Fault;
use super::most_bytes;
use super::pack::is_object;
use crate::regular_file;
use flate2::read::ZlibDecoder;
use gix_hash::{ObjectId, Prefix, oid};
use gix_object::Kind;
use krea_scan_files::Incomplete;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The longest header: a kind, a space, the digits of a size, a NUL.
const HEADER: u64 = 32;
/// No memory is made ready for more than this before bytes are there to fill it.
const TRUSTED: u64 = 1 << 20;

/// Lists the loose objects below an `objects` folder, in no order.
pub(super) fn list(
    objects: &Path,
    hash: gix_hash::Kind,
    found: &mut Vec<ObjectId>,
    unread: &mut Vec<Incomplete>,
) {
    for first in 0..=u8::MAX {
        if let Err(error) = list_folder(objects, first, hash, found) {
            unread.push(Incomplete {
                path: objects.join(format!("{first:02x}")).display().to_string(),
                reason: format!("cannot list the loose objects here: {error}"),
            });
        }
    }
}

/// Lists the loose objects whose ids begin with a byte.
fn list_folder(
    objects: &Path,
    first: u8,
    hash: gix_hash::Kind,
    found: &mut Vec<ObjectId>,
) -> std::io::Result<()> {
    let first = format!("{first:02x}");
    let entries = match fs::read_dir(objects.join(&first)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        // Other files have other names, as those that are being written.
        let Some(id) =
            name.to_str().and_then(|rest| ObjectId::from_hex(format!("{first}{rest}").as_bytes()).ok())
        else {
            continue;
        };
        if id.kind() != hash {
            let kind = id.kind();
            return Err(std::io::Error::other(format!(
                "object {id} has an id of the kind {kind}, not {hash}"
            )));
        }
        found.push(id);
    }
    Ok(())
}

/// The loose objects whose ids begin with a prefix. A folder that cannot be listed has none.
pub(super) fn with_prefix(objects: &Path, hash: gix_hash::Kind, prefix: Prefix) -> Vec<ObjectId> {
    let mut found = Vec::new();
    // What is missing here is told when the object is asked for.
    drop(list_folder(objects, prefix.as_oid().first_byte(), hash, &mut found));
    found.retain(|id| prefix.cmp_oid(id).is_eq());
    found
}

/// The file that holds a loose object.
pub(super) fn path(objects: &Path, id: &oid) -> PathBuf {
    let hex = id.to_hex().to_string();
    objects.join(&hex[..2]).join(&hex[2..])
}

/// An opened loose object: what its header says, and what reads the rest.
struct Opened {
    kind: Kind,
    size: u64,
    /// How long its file is, in bytes.
    stored: u64,
    rest: BufReader<ZlibDecoder<File>>,
}

/// Opens a loose object and reads its header; `None` when it is not there.
fn open(objects: &Path, id: &oid) -> Result<Option<Opened>, Fault> {
    let file = match regular_file::open(&path(objects, id)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::Io(error.to_string())),
    };
    let stored = file.metadata().map_or(0, |file| file.len());
    let mut rest = BufReader::new(ZlibDecoder::new(file));
    let mut header = Vec::new();
    rest.by_ref().take(HEADER).read_until(0, &mut header).map_err(fault)?;
    let text = header.strip_suffix(&[0]).and_then(|text| std::str::from_utf8(text).ok());
    let (kind, size) = text.and_then(|text| text.split_once(' ')).ok_or(Fault::Header)?;
    let kind = Kind::from_bytes(kind.as_bytes()).map_err(|_| Fault::Header)?;
    let size = size.parse().map_err(|_| Fault::Header)?;
    Ok(Some(Opened { kind, size, stored, rest }))
}

/// Why inflating stopped: the file cannot be read, or what it holds is damaged or cut off.
fn fault(error: std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Fault::Inflate,
        _ => Fault::Io(error.to_string()),
    }
}

/// How large a loose object says it is; `None` when it is not there.
pub(super) fn size(objects: &Path, id: &oid) -> Result<Option<u64>, Fault> {
    Ok(open(objects, id)?.map(|opened| opened.size))
}

/// What is where a loose object would be.
pub(super) enum Loose {
    Absent,
    /// An object of another kind than was asked for.
    OtherKind,
    /// The object: its kind and its bytes.
    Is(Kind, Vec<u8>),
}

/// Reads a loose object, if it is of the kind `only`, and checks that its bytes are those that the id stands for.
pub(super) fn read_loose(objects: &Path, id: &oid, only: Option<Kind>) -> Result<Loose, Fault> {
    let Some(Opened { kind, size, stored, rest }) = open(objects, id)? else { return Ok(Loose::Absent) };
    let most = most_bytes(stored);
    if size > most {
        return Err(Fault::TooBig { size, most });
    }
    if only.is_some_and(|only| only != kind) {
        return Ok(Loose::OtherKind);
    }
    let mut data = Vec::new();
    let ready = usize::try_from(size.min(TRUSTED)).map_err(|_| Fault::Memory)?;
    data.try_reserve_exact(ready).map_err(|_| Fault::Memory)?;
    // One byte more than there should be: only then is the checksum behind the last one looked at.
    rest.take(size + 1).read_to_end(&mut data).map_err(fault)?;
    match () {
        () if data.len() as u64 != size => Err(Fault::Inflate),
        () if !is_object(id, kind, &data) => Err(Fault::Checksum),
        () => Ok(Loose::Is(kind, data)),
    }
}
