//! An index of another kind than most, version 4 or split in two files: decoded whole.

use super::extensions::{CachedTree, Extensions, SplitIndexLink};
use super::{EXTENDED, HEADER, ID_AT, INTENT_TO_ADD, IndexEntry, LONG_PATH, MODE_AT, MODIFIED_AT, SIZE_AT};
use super::{fixed, flags_at, u16_at, u32_at};
use crate::regular_file;
use gix_hash::{Kind, ObjectId};
use std::io::{self, ErrorKind};
use std::path::Path;

/// A larger file is not read.
const MAX_INDEX_BYTES: u64 = 1 << 30;
/// More bytes of paths than this are not kept, and so many for each byte of the file: in version 4 a few bytes can stand for a
/// long path, but most of an entry is no path.
const FREE_PATHS_BYTES: usize = 16 << 20;
const MAX_PATHS_TIMES: usize = 4;

/// An index that was read.
#[derive(Default)]
pub struct Whole {
    pub entries: Vec<IndexEntry>,
    pub tree: Option<CachedTree>,
}

/// Reads an index, and the other part of a split one. An index that does not exist is empty.
pub(super) fn read_whole_index(path: &Path, hash: Kind) -> io::Result<Whole> {
    let bytes = match regular_file::read(path, MAX_INDEX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Whole::default()),
        Err(error) => return Err(error),
    };
    let (mut entries, Extensions { tree, link }) = decode(&bytes, hash)?;
    if let Some(link) = link.filter(|link| !link.base.is_null()) {
        let shared = path.with_file_name(format!("sharedindex.{}", link.base));
        let named = |error: io::Error| io::Error::other(format!("{}: {error}", shared.display()));
        let (base, _) = regular_file::read(&shared, MAX_INDEX_BYTES)
            .and_then(|bytes| decode(&bytes, hash))
            .map_err(named)?;
        entries = joined(base, entries, &link)?;
    }
    Ok(Whole { entries, tree })
}

/// Decodes one file.
fn decode(bytes: &[u8], hash: Kind) -> io::Result<(Vec<IndexEntry>, Extensions)> {
    let header = bytes.get(..HEADER).ok_or(ErrorKind::UnexpectedEof)?;
    let (version, count) = (u32_at(header, 4), u32_at(header, 8) as usize);
    if &header[..4] != b"DIRC" || !(2..=4).contains(&version) {
        return Err(io::Error::other("it is no index of the versions 2 to 4"));
    }
    // The file's own size bounds what is believed of it.
    if count > bytes.len() / fixed(hash, 0) {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let most = FREE_PATHS_BYTES + MAX_PATHS_TIMES * bytes.len();
    let mut entries: Vec<IndexEntry> = Vec::with_capacity(count);
    let (mut at, mut paths) = (HEADER, 0);
    for _ in 0..count {
        let rest = bytes.get(at..).unwrap_or_default();
        let before = entries.last().map_or(&[][..], |entry| &entry.path);
        let (entry, length) = entry(rest, hash, version, before).ok_or(ErrorKind::InvalidData)?;
        paths += entry.path.len();
        if paths > most {
            return Err(io::Error::other(format!("its paths have more than {most} bytes")));
        }
        entries.push(entry);
        at += length;
    }
    let extensions = Extensions::read(bytes.get(at..).ok_or(ErrorKind::UnexpectedEof)?, hash)?;
    Ok((entries, extensions))
}

/// Decodes an entry; says how long it is.
fn entry(data: &[u8], hash: Kind, version: u32, before: &[u8]) -> Option<(IndexEntry, usize)> {
    let flags = u16_at(data.get(..fixed(hash, 0))?, flags_at(hash));
    let start = fixed(hash, flags);
    let head = data.get(..start)?;
    let extended = if flags & EXTENDED == 0 { 0 } else { u32::from(u16_at(head, fixed(hash, 0))) << 16 };
    let rest = &data[start..];
    let (path, length) = if version == 4 {
        let (dropped, used) = varint(rest)?;
        let kept = before.get(..before.len().checked_sub(dropped)?)?;
        let end = used + memchr::memchr(0, &rest[used..])?;
        ([kept, &rest[used..end]].concat(), start + end + 1)
    } else {
        let end = match flags & LONG_PATH {
            LONG_PATH => memchr::memchr(0, rest)?,
            length => usize::from(length),
        };
        // Padded with one to eight zeros.
        (rest.get(..end)?.to_vec(), (start + end + 8) & !7)
    };
    let entry = IndexEntry {
        path,
        id: ObjectId::try_from(&head[ID_AT..flags_at(hash)]).ok()?,
        mode: u32_at(head, MODE_AT),
        stage: u32::from(flags >> 12 & 3),
        intent_to_add: extended & INTENT_TO_ADD != 0,
        modified: (u32_at(head, MODIFIED_AT), u32_at(head, MODIFIED_AT + 4)),
        size: u32_at(head, SIZE_AT),
    };
    Some((entry, length))
}

/// How many bytes of the path before are dropped, as packs write the distance to a base; and how long that is.
fn varint(data: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (at, byte) in data.iter().enumerate() {
        value = value.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
        value = value.checked_add(1)?;
    }
    None
}

/// Puts the two parts of a split index together: what the second one has without a path replaces entries of the first.
fn joined(
    mut base: Vec<IndexEntry>,
    own: Vec<IndexEntry>,
    link: &SplitIndexLink,
) -> io::Result<Vec<IndexEntry>> {
    let mut own = own.into_iter().peekable();
    let mut deleted = vec![false; base.len()];
    if let Some([gone, replaced]) = &link.bitmaps {
        let all = gone.for_each_set_bit(|at| deleted.get_mut(at).map(|deleted| *deleted = true));
        let all = all.and(replaced.for_each_set_bit(|at| {
            let old = base.get_mut(at)?;
            let new = own.next_if(|entry| entry.path.is_empty())?;
            *old = IndexEntry { path: std::mem::take(&mut old.path), ..new };
            Some(())
        }));
        all.ok_or_else(|| io::Error::other("its two parts do not fit each other"))?;
    }
    let mut deleted = deleted.into_iter();
    base.retain(|_| deleted.next() != Some(true));
    base.extend(own);
    // Of two with one path and stage the later one counts, which the sort keeps behind the other.
    base.sort_by(|one, other| (&one.path, one.stage).cmp(&(&other.path, other.stage)));
    base.reverse();
    base.dedup_by(|one, other| (&one.path, one.stage) == (&other.path, other.stage));
    base.reverse();
    Ok(base)
}
