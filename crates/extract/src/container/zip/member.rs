//! One member of a zip: its bytes, decoded by the method that its header names (APPNOTE.TXT 4.4.5).

use super::directory::ZipEntry;
use crate::container::Walk;
use crate::container::decoders::{lzma, xz, zstd};
use krea_scan_bounds::read_error::{PackedSize, ReadError, Unpacked};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, BufReader, Read};

/// How much packed input is read at once, in bytes.
const BUFFER: u64 = 64 << 10;
/// What a bzip2 decoder needs, in bytes.
const BZIP2: u64 = 4 << 20;
/// What a decoder of Deflate64 needs, in bytes.
const DEFLATE64: u64 = 1 << 20;

/// Whether a method can be undone.
pub fn is_known(method: u16) -> bool {
    matches!(method, 0 | 8 | 9 | 12 | 14 | 20 | 93 | 95)
}

/// What members are whose method cannot be undone.
pub fn foreign(method: u16) -> String {
    format!(
        "compressed by method {method}{}, which is not read; unpack it and scan what comes out",
        method_name(method)
    )
}

/// Reads a member whose packed bytes are in `input`.
pub fn read_zip_member(walk: &mut Walk<'_>, entry: &ZipEntry, input: impl Read) -> io::Result<()> {
    let memory = walk.memory;
    let mut input = BufReader::with_capacity(entry.packed.clamp(64, BUFFER) as usize, input);
    match entry.method {
        0 => hand_on(walk, entry, input),
        8 => hand_on(walk, entry, flate2::bufread::DeflateDecoder::new(input)),
        9 => match memory.take(DEFLATE64) {
            Ok(_held) => hand_on(walk, entry, deflate64::Deflate64Decoder::with_buffer(input)),
            Err(error) => refuse(walk, entry, &error),
        },
        12 => match memory.take(BZIP2) {
            Ok(_held) => hand_on(walk, entry, bzip2::bufread::BzDecoder::new(input)),
            Err(error) => refuse(walk, entry, &error),
        },
        14 => {
            let mut head = [0; 9];
            let decoder = input.read_exact(&mut head).and_then(|()| {
                let [_, _, 5, 0, head @ ..] = head else {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the head of LZMA is another one",
                    ));
                };
                let size = if entry.flags & 2 != 0 { u64::MAX } else { entry.size };
                lzma(memory, head, size, input)
            });
            match decoder {
                Ok((decoder, _held)) => hand_on(walk, entry, decoder),
                Err(error) => refuse(walk, entry, &error),
            }
        }
        20 | 93 => hand_on(walk, entry, zstd(memory, input)),
        95 => match xz(memory, input, true) {
            Ok((decoder, _held)) => hand_on(walk, entry, decoder),
            Err(error) => refuse(walk, entry, &error),
        },
        method => refuse(walk, entry, &ReadError::new(format!("is {}", foreign(method))).into()),
    }
}

fn hand_on(walk: &mut Walk<'_>, entry: &ZipEntry, decoder: impl Read) -> io::Result<()> {
    let checked = Checked { inner: decoder, crc: flate2::Crc::new(), entry, bytes: 0 };
    let mut unpacked = Unpacked::new(walk.budget, walk.level() + 1, PackedSize::Known(entry.packed), checked);
    let layer = Layer::named(LayerKind::Zip, &entry.name);
    if entry.is_part {
        return walk.part(layer, &entry.name, &mut unpacked);
    }
    walk.member(layer, &entry.name, &mut unpacked)
}

/// Tells why a member is not read.
fn refuse(walk: &mut Walk<'_>, entry: &ZipEntry, error: &io::Error) -> io::Result<()> {
    walk.layers.push(Layer::named(LayerKind::Zip, &entry.name));
    walk.failed(error);
    walk.layers.pop();
    walk.budget.member().map_err(io::Error::from)
}

/// Methods that are known and not read.
fn method_name(method: u16) -> &'static str {
    match method {
        1 => " (shrink)",
        2..=5 => " (reduce)",
        6 => " (implode)",
        94 => " (MP3)",
        96 => " (JPEG)",
        97 => " (WavPack)",
        98 => " (PPMd)",
        _ => "",
    }
}

/// Compares what came out with what the list says.
struct Checked<'e, R> {
    inner: R,
    crc: flate2::Crc,
    entry: &'e ZipEntry,
    bytes: u64,
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.crc.update(&buffer[..read]);
        self.bytes += read as u64;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        let (bytes, said) = (self.bytes, self.entry.size);
        if self.crc.sum() != self.entry.crc {
            return Err(ReadError::new("is damaged: its checksum does not fit").into());
        }
        // Programs that do not know the long form keep the lower half of the size.
        if bytes != said && bytes & 0xffff_ffff != said {
            let reason = format!("is damaged: it should be {said} bytes and is {bytes}; those were read");
            return Err(ReadError::new(reason).into());
        }
        Ok(0)
    }
}
