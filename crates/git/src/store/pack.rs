//! One pack: a `.pack` file and its `.idx`, both mapped, and its objects one at a time.
//!
//! Nothing here trusts what the files say: sizes are bounded, offsets are checked, a chain of deltas has an end.

use super::cache::{Bases, Scratch, Shared};
use super::fault::Fault;
use super::{delta, most_bytes};
use crate::regular_file;
use gix_hash::{Prefix, oid};
use gix_object::Kind;
use gix_pack::{data, index};
use gix_zlib::Inflate;
use std::path::Path;
use std::sync::Arc;

/// Longer chains of deltas are not followed to read one object; git makes none above 4095. A sweep, which decodes each base
/// once, has no such bound.
const MAX_CHAIN: usize = 10_000;
/// Deflate makes at most this much of a byte (zlib's technical details).
const MAX_RATIO: u64 = 1032;
/// So much of a delta's stored bytes is looked at for its size.
const DELTA_START: u64 = 4096;

/// A mapped pack.
pub(crate) struct Pack {
    /// Ids and offsets.
    pub index: index::File,
    data: data::File,
}

impl Pack {
    /// Opens an index and the pack beside it.
    pub fn open(index: &Path, hash: gix_hash::Kind) -> Result<Pack, String> {
        let data = index.with_extension("pack");
        if !regular_file::is_file(&data) || !regular_file::is_file(index) {
            return Err("it is not a file".to_owned());
        }
        let data = data::File::at(data, hash).map_err(|error| error.to_string())?;
        let index = index::File::at(index, hash).map_err(|error| error.to_string())?;
        Ok(Pack { index, data })
    }

    /// What is wrong with the pack as a whole, though its objects may be readable.
    pub fn fault(&self) -> Option<String> {
        let (packed, indexed) = (self.data.num_objects(), self.index.num_objects());
        if packed != indexed {
            Some(format!("the pack says it holds {packed} objects, its index {indexed}"))
        } else if self.data.checksum() != self.index.pack_checksum() {
            Some("the pack is cut off, or is not the one that its index was made for".to_owned())
        } else {
            None
        }
    }

    /// The file, for messages.
    pub fn path(&self) -> &Path {
        self.data.path()
    }

    /// Whether an object is in the pack.
    pub fn contains(&self, id: &oid) -> bool {
        self.index.lookup(id).is_some()
    }

    /// Where an object is in the pack.
    pub fn offset_of(&self, id: &oid) -> Option<u64> {
        self.index.lookup(id).map(|position| self.index.pack_offset_at_index(position))
    }

    /// The ids that begin with a prefix.
    pub fn with_prefix(&self, prefix: Prefix) -> impl Iterator<Item = &oid> {
        let mut range = 0..0;
        self.index.lookup_prefix(prefix, Some(&mut range));
        range.map(|position| self.index.oid_at_index(position))
    }

    /// The header of the object at `offset`.
    pub fn entry(&self, offset: u64) -> Result<data::Entry, Fault> {
        if offset >= self.data.pack_end() as u64 {
            return Err(Fault::Header);
        }
        self.data.entry(offset).map_err(|_| Fault::Header)
    }

    /// The offset of what a delta builds on; `None` for an object that is whole.
    pub fn base_offset(&self, entry: &data::Entry) -> Result<Option<u64>, Fault> {
        use data::entry::Header;
        match entry.header {
            Header::OfsDelta { base_distance } => {
                entry.checked_base_pack_offset(base_distance).map(Some).ok_or(Fault::Base)
            }
            Header::RefDelta { base_id } => self.offset_of(&base_id).map(Some).ok_or(Fault::Base),
            _ => Ok(None),
        }
    }

    /// Inflates what is stored at `entry` into the start of `out`, which grows but never shrinks.
    fn inflate(&self, entry: &data::Entry, inflate: &mut Inflate, out: &mut Vec<u8>) -> Result<usize, Fault> {
        let size = entry.decompressed_size;
        let most = most_bytes(self.end());
        if size > most {
            return Err(Fault::TooBig { size, most });
        }
        // No memory is made ready for more than can be there.
        if size > self.end().saturating_sub(entry.data_offset).saturating_mul(MAX_RATIO) {
            return Err(Fault::Inflate);
        }
        let size = usize::try_from(size).map_err(|_| Fault::Memory)?;
        if out.len() < size {
            out.try_reserve(size - out.len()).map_err(|_| Fault::Memory)?;
            out.resize(size, 0);
        }
        self.data.decompress_entry(entry, inflate, out).map_err(|_| Fault::Inflate)?;
        Ok(size)
    }

    /// Reads an object that is whole into `out`.
    pub fn read_whole(
        &self,
        entry: &data::Entry,
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let size = self.inflate(entry, &mut scratch.inflate, out)?;
        out.truncate(size);
        Ok(())
    }

    /// Reads a delta and applies it to `base`, giving `out`.
    pub fn read_delta(
        &self,
        entry: &data::Entry,
        base: &[u8],
        scratch: &mut Scratch,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let size = self.inflate(entry, &mut scratch.inflate, &mut scratch.delta)?;
        delta::apply(base, &scratch.delta[..size], most_bytes(self.end()), out, &mut scratch.fresh)
    }

    /// Reads the object at `offset` and all that its deltas build on. `kept` is asked for these, under the pack's number,
    /// and given what was decoded.
    pub fn read_at(
        &self,
        offset: u64,
        scratch: &mut Scratch,
        mut kept: Option<(usize, &mut Bases)>,
    ) -> Result<Shared, Fault> {
        let mut chain = Vec::new();
        let mut at = offset;
        let mut object = loop {
            if let Some(object) = kept.as_mut().and_then(|(pack, bases)| bases.get((*pack, at))) {
                break object;
            }
            let entry = self.entry(at)?;
            if let Some(base) = self.base_offset(&entry)? {
                if chain.len() >= MAX_CHAIN.min(self.index.num_objects() as usize) {
                    return Err(Fault::Base);
                }
                chain.push((at, entry));
                at = base;
                continue;
            }
            let kind = entry.header.as_kind().ok_or(Fault::Header)?;
            let mut data = Vec::new();
            self.read_whole(&entry, scratch, &mut data)?;
            break keep(&mut kept, at, (kind, Arc::new(data)));
        };
        for (at, entry) in chain.iter().rev() {
            let mut data = Vec::new();
            self.read_delta(entry, &object.1, scratch, &mut data)?;
            object = keep(&mut kept, *at, (object.0, Arc::new(data)));
        }
        Ok(object)
    }

    /// How large the object at `offset` is, without reading it.
    pub fn size_at(&self, offset: u64, scratch: &mut Scratch) -> Result<u64, Fault> {
        let entry = self.entry(offset)?;
        if self.base_offset(&entry)?.is_none() {
            return Ok(entry.decompressed_size);
        }
        let end = self.end().min(entry.data_offset.saturating_add(DELTA_START));
        let stored = self.data.entry_slice(entry.data_offset..end).ok_or(Fault::Header)?;
        let mut start = [0; 32];
        scratch.inflate.reset();
        let (_, _, written) = scratch.inflate.once(stored, &mut start).map_err(|_| Fault::Inflate)?;
        delta::size_made(&start[..written])
    }

    /// Whether the stored bytes between two offsets have the checksum that the index keeps for them. `false` also for the
    /// first version of the index format, which keeps none.
    pub fn is_intact(&self, position: u32, offset: u64, end: u64) -> bool {
        match self.index.crc32_at_index(position) {
            Some(expected) if offset < end && end <= self.end() => {
                self.data.entry_crc32(offset, (end - offset) as usize) == expected
            }
            _ => false,
        }
    }

    /// Where the objects end.
    pub fn end(&self) -> u64 {
        self.data.pack_end() as u64
    }
}

/// Whether `data` is the object `id`.
pub(crate) fn is_object(id: &oid, kind: Kind, data: &[u8]) -> bool {
    gix_object::compute_hash(id.kind(), kind, data).is_ok_and(|actual| actual.as_ref() == id)
}

/// Keeps an object, if there is something to keep it in.
fn keep(kept: &mut Option<(usize, &mut Bases)>, at: u64, object: Shared) -> Shared {
    if let Some((pack, bases)) = kept {
        bases.put((*pack, at), &object);
    }
    object
}
