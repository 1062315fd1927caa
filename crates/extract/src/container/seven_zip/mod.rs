//! 7z.

mod list;

use super::{ENCRYPTED, Seekable, UnreadGroup, Walk};
use krea_scan_bounds::memory::{MAX_BYTES, too_much};
use krea_scan_bounds::read_error::{PackedSize, ReadError, Unpacked};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use list::{ListSize, START};
use sevenz_rust2::{Archive, BlockDecoder, EncoderMethod, Error, Password};
use std::io::{self, Read, SeekFrom};

/// The longest list of members that is read, in bytes.
pub const MAX_LIST: u64 = 900 << 10;
/// What is made of one takes up to so many times as much memory.
const LIST_FACTOR: u64 = 150;
/// What the reader needs besides dictionaries, in bytes.
const BESIDES: u64 = 2 << 20;

/// Whether a 7z starts here: the checksum of its start fits.
pub fn is_start(input: &mut dyn Read) -> io::Result<bool> {
    let (mut start, mut sum) = (Vec::new(), flate2::Crc::new());
    input.take(START).read_to_end(&mut start)?;
    sum.update(start.get(12..).unwrap_or_default());
    Ok(start.get(8..12) == Some(&sum.sum().to_le_bytes()))
}

pub fn read_7z(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let list = ListSize::read(input)?;
    if list.bytes > MAX_LIST {
        let reason = format!(
            "has a list of members of {} kB, and {} kB are the most; unpack it and scan what comes out",
            list.bytes.div_ceil(1024),
            MAX_LIST >> 10
        );
        return Err(ReadError::new(reason).into());
    }
    // The library has one limit for the list and for what its decoders need.
    let decoders = if list.decoders == 0 { 0 } else { list.decoders.saturating_add(BESIDES) };
    let limit = decoders.max(MAX_LIST);
    let held = walk.memory.take(limit.saturating_add(LIST_FACTOR * list.bytes))?;
    let size = input.seek(SeekFrom::End(0))?;
    let mut input = input;
    let limit = usize::try_from(limit >> 10).unwrap_or(usize::MAX);
    let archive =
        Archive::read_with_memory_limit(&mut input, &Password::empty(), limit).map_err(read_error)?;
    drop(held);
    let _list = walk.memory.take(200 * archive.files.len() as u64 + 500 * archive.blocks.len() as u64)?;
    let mut locked = Vec::new();
    for block in 0..archive.blocks.len() {
        let coders = &archive.blocks[block].coders;
        if coders.iter().any(|coder| coder.encoder_method_id() == EncoderMethod::ID_AES256_SHA256) {
            locked.push(block);
        } else if let Err(error) = read_block(walk, &archive, block, &mut input, size) {
            walk.failed(&error);
        }
        walk.budget.spend(0)?;
    }
    encrypted(walk, &archive, &locked, &mut input);
    Ok(())
}

/// Reads the members of a block, which one stream holds.
fn read_block(
    walk: &mut Walk<'_>,
    archive: &Archive,
    block: usize,
    input: &mut &mut dyn Seekable,
    size: u64,
) -> io::Result<()> {
    let need: u64 = archive.blocks[block]
        .coders
        .iter()
        .map(|coder| memory(coder.encoder_method_id(), coder.properties()))
        .sum();
    let _held = walk.memory.take(need.saturating_add(BESIDES))?;
    let password = Password::empty();
    let limit = usize::try_from(MAX_BYTES >> 10).unwrap_or(usize::MAX);
    let decoder = BlockDecoder::new_with_memory_limit(1, limit, block, archive, &password, input);
    let (mut stopped, mut broken) = (None, false);
    let read = decoder.for_each_entries(&mut |entry, reader| {
        if !entry.has_stream() || entry.size() == 0 {
            return Ok(true);
        }
        let mut unpacked = Unpacked::new(walk.budget, walk.level(), PackedSize::Known(size), reader);
        if let Err(error) =
            walk.member(Layer::named(LayerKind::SevenZip, entry.name()), entry.name(), &mut unpacked)
        {
            stopped = Some(error);
            return Ok(false);
        }
        broken = unpacked.has_failed();
        Ok(!broken)
    });
    match (stopped, read) {
        (Some(error), _) => Err(error),
        // The member has told it.
        (None, Err(_)) if broken => Ok(()),
        (None, Err(error)) => Err(read_error(error)),
        (None, Ok(_)) => Ok(()),
    }
}

/// What a coder needs, in bytes: its dictionary or model.
fn memory(method: &[u8], properties: &[u8]) -> u64 {
    let word = || {
        let word: Option<[u8; 4]> = properties.get(1..5).and_then(|word| word.try_into().ok());
        word.map_or(0, |word| u64::from(u32::from_le_bytes(word)))
    };
    match method {
        EncoderMethod::ID_LZMA | EncoderMethod::ID_PPMD => word(),
        EncoderMethod::ID_LZMA2 => {
            let bits = u32::from(properties.first().copied().unwrap_or(0) & 0x3f);
            u64::from(2 | bits & 1).checked_shl(bits / 2 + 11).unwrap_or(u64::MAX)
        }
        EncoderMethod::ID_BZIP2 => 4 << 20,
        _ => 1 << 20,
    }
}

/// Tells of the blocks that are encrypted.
fn encrypted(walk: &mut Walk<'_>, archive: &Archive, blocks: &[usize], input: &mut &mut dyn Seekable) {
    let password = Password::empty();
    let mut locked = UnreadGroup::default();
    for &block in blocks {
        for entry in BlockDecoder::new(1, block, archive, &password, input).entries() {
            if entry.has_stream() {
                locked.add(entry.name());
            }
        }
    }
    locked.tell(walk, LayerKind::SevenZip, ENCRYPTED);
}

/// What an error of the library stands for.
fn read_error(error: Error) -> io::Error {
    match error {
        Error::Io(error, _) | Error::MaybeBadPassword(error) => ReadError::of(&error).into(),
        Error::MaxMemLimited { actaul_kb, .. } => too_much(1024 * actaul_kb as u64).into(),
        Error::UnsupportedCompressionMethod(method) if method == EncoderMethod::AES256_SHA256.name() => {
            ReadError::new(
                "has an encrypted list of members; unpack it with its password and scan what comes out",
            )
            .into()
        }
        Error::UnsupportedCompressionMethod(method) => {
            let reason =
                format!("is compressed by {method}, which is not read; unpack it and scan what comes out");
            ReadError::new(reason).into()
        }
        Error::Other(reason) => ReadError::new(format!("is damaged or cut short: {reason}")).into(),
        error => ReadError::new(format!("is damaged or cut short: {error}")).into(),
    }
}
