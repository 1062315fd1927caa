//! A zip whose list of members is missing, as that of one that was cut short: each member has a header of its own.

use super::directory::{ZipEntry, u16_at, u32_at};
use super::{UnreadGroup, Walk, member, name};
use crate::container::ENCRYPTED;
use crate::container::Seekable;
use krea_scan_bounds::read_error::{Counted, ReadError, SizedReader, Unpacked};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, BufReader, Read, SeekFrom};

/// How much is searched at once for the next header, in bytes.
const PIECE: usize = 64 << 10;

/// Reads what the members' own headers lead to.
pub fn read_cut_zip(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let size = input.seek(SeekFrom::End(0))?;
    let (mut at, mut count, mut locked) = (0, 0u64, UnreadGroup::default());
    while let Some(header) = next_header(input, at)? {
        let Some((entry, start)) = entry(input, header)? else { break };
        count += 1;
        input.seek(SeekFrom::Start(start))?;
        at = start;
        if entry.is_encrypted() {
            locked.add(&entry.name);
            at = start.saturating_add(entry.packed);
        } else if !entry.is_streamed() {
            let level = walk.level() + 1;
            if entry.packed > 0 {
                // That the last one is cut is told of the archive.
                let told = start.saturating_add(entry.packed) > size;
                let muted = walk.muted;
                walk.muted |= told;
                let read =
                    member::read_zip_member(walk, &entry, SizedReader::new(&mut *input, entry.packed, level));
                walk.muted = muted;
                read?;
            }
            at = start.saturating_add(entry.packed);
        } else if entry.method == 8 {
            at = start + streamed(walk, &entry, input)?;
        }
        walk.budget.spend(0)?;
        if at >= size {
            break;
        }
    }
    locked.tell(walk, LayerKind::Zip, ENCRYPTED);
    let reason = match count {
        0 => "is cut short or no zip: it has no list of members".to_owned(),
        count => {
            format!("is cut short: it has no list of members; {count} that were found without it were read")
        }
    };
    Err(ReadError::new(reason).into())
}

/// Reads a member whose length nobody knows; its bytes say where they end. Gives how many there are.
fn streamed(walk: &mut Walk<'_>, entry: &ZipEntry, input: &mut dyn Seekable) -> io::Result<u64> {
    let (input, packed) = Counted::new(input);
    let decoder = flate2::bufread::DeflateDecoder::new(BufReader::with_capacity(PIECE, input));
    let mut unpacked = Unpacked::new(walk.budget, walk.level() + 1, packed, decoder);
    let muted = std::mem::replace(&mut walk.muted, true);
    let read = walk.member(Layer::named(LayerKind::Zip, &entry.name), &entry.name, &mut unpacked);
    walk.muted = muted;
    read?;
    Ok(unpacked.into_inner().total_in())
}

/// The next header of a member from `from` on.
fn next_header(input: &mut dyn Seekable, from: u64) -> io::Result<Option<u64>> {
    let (mut piece, mut at) = (Vec::with_capacity(PIECE), from);
    loop {
        input.seek(SeekFrom::Start(at))?;
        piece.clear();
        (&mut *input).take(PIECE as u64).read_to_end(&mut piece)?;
        if let Some(found) = memchr::memmem::find(&piece, b"PK\x03\x04") {
            return Ok(Some(at + found as u64));
        }
        if piece.len() < PIECE {
            return Ok(None);
        }
        // A header may begin in one piece and end in the next.
        at += (PIECE - 3) as u64;
    }
}

/// What a member's header says, and where its bytes start.
fn entry(input: &mut dyn Seekable, at: u64) -> io::Result<Option<(ZipEntry, u64)>> {
    input.seek(SeekFrom::Start(at))?;
    let mut header = Vec::new();
    (&mut *input).take(30).read_to_end(&mut header)?;
    if header.len() < 30 {
        return Ok(None);
    }
    let [names, extras] = [26, 28].map(|at| usize::from(u16_at(&header, at)));
    let mut rest = Vec::new();
    input.take((names + extras) as u64).read_to_end(&mut rest)?;
    let Some((raw_name, extra)) = rest.split_at_checked(names).filter(|(_, extra)| extra.len() == extras)
    else {
        return Ok(None);
    };
    let flags = u16_at(&header, 6);
    let mut entry = ZipEntry {
        flags,
        method: u16_at(&header, 8),
        crc: u32_at(&header, 14),
        packed: u64::from(u32_at(&header, 18)),
        size: u64::from(u32_at(&header, 22)),
        name: name::text(raw_name, flags),
        ..ZipEntry::default()
    };
    entry.extend(extra, raw_name);
    Ok(Some((entry, at + 30 + (names + extras) as u64)))
}
