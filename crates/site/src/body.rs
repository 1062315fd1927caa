//! Bodies: decompressed as they come, within bounds, and kept for two passes: in memory up to a size, beyond it in one
//! temporary file without a name.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

/// Bodies together are kept in memory up to this, in bytes.
const MAX_IN_MEMORY: usize = 32 << 20;
/// A server that compresses what is compressed already does so no more often than this.
const MAX_CODINGS: usize = 3;
/// How much is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// Undoes what `Content-Encoding` says (RFC 9110, 8.4), the last coding first.
///
/// # Errors
/// A coding that nobody asked for.
pub fn decoded<'r>(codings: &str, body: impl Read + 'r) -> Result<Box<dyn Read + 'r>, String> {
    let codings: Vec<String> = codings
        .split(',')
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity"))
        .collect();
    if codings.len() > MAX_CODINGS {
        return Err(format!("is compressed {} times over", codings.len()));
    }
    let mut reader: Box<dyn Read + 'r> = Box::new(body);
    for coding in codings.iter().rev() {
        let input = BufReader::with_capacity(CHUNK, reader);
        reader = match coding.as_str() {
            "gzip" | "x-gzip" => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            "deflate" => deflated(input)?,
            "br" => Box::new(brotli_decompressor::Decompressor::new(input, CHUNK)),
            "zstd" => Box::new(krea_scan_zstd::Zstd::new(input, zstd_memory)),
            other => {
                let other = krea_scan_http::printable(other, 40);
                return Err(format!("is compressed in a way that is not known: {other}"));
            }
        };
    }
    Ok(reader)
}

/// `deflate` is zlib's format by the book, and without its frame from some servers.
fn deflated<'r>(mut input: BufReader<Box<dyn Read + 'r>>) -> Result<Box<dyn Read + 'r>, String> {
    let head = io::BufRead::fill_buf(&mut input).map_err(|error| error.to_string())?;
    let has_frame = matches!(head, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) * 256 + u16::from(*second)) % 31 == 0);
    Ok(match has_frame {
        true => Box::new(flate2::bufread::ZlibDecoder::new(input)),
        false => Box::new(flate2::bufread::DeflateDecoder::new(input)),
    })
}

/// Zstandard has a window of at most 8 MiB, as RFC 9659 asks of this coding: what wants more takes the memory.
fn zstd_memory(need: u64) -> io::Result<()> {
    match need > 9 << 20 {
        true => Err(io::Error::other("Zstandard with a window of more than 8 MiB")),
        false => Ok(()),
    }
}

/// Where bodies are kept.
#[derive(Debug, Default)]
pub struct Store {
    memory: usize,
    disk: Option<File>,
    length: u64,
}

#[derive(Debug)]
pub enum KeptBody {
    Memory(Vec<u8>),
    /// In the store's file.
    Disk {
        /// Where it starts.
        at: u64,
        /// Its length in bytes.
        length: u64,
    },
}

impl KeptBody {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            KeptBody::Memory(bytes) => bytes.len() as u64,
            KeptBody::Disk { length, .. } => *length,
        }
    }
}

impl Store {
    /// Keeps a body.
    ///
    /// # Errors
    /// What writing the temporary file answers.
    pub fn keep(&mut self, mut body: Incoming) -> io::Result<KeptBody> {
        if let Some(spilled) = &mut body.spilled {
            spilled.rewind()?;
            let mut input = spilled.chain(&body.bytes[..]);
            return self.append(&mut input);
        }
        if self.memory + body.bytes.len() <= MAX_IN_MEMORY {
            self.memory += body.bytes.len();
            body.bytes.shrink_to_fit();
            return Ok(KeptBody::Memory(body.bytes));
        }
        self.append(&mut &body.bytes[..])
    }

    fn append(&mut self, input: &mut dyn Read) -> io::Result<KeptBody> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            none => none.insert(tempfile::tempfile()?),
        };
        let at = self.length;
        disk.seek(SeekFrom::Start(at))?;
        let length = io::copy(input, disk)?;
        self.length += length;
        Ok(KeptBody::Disk { at, length })
    }

    /// Opens a body that this store keeps.
    ///
    /// # Errors
    /// What the temporary file answers.
    pub fn open<'s>(&'s self, body: &'s KeptBody) -> io::Result<BodySection<'s>> {
        Ok(match (body, &self.disk) {
            (KeptBody::Memory(bytes), _) => BodySection::Memory(io::Cursor::new(bytes)),
            (KeptBody::Disk { at, length }, Some(file)) => {
                BodySection::Disk { file, start: *at, length: *length, at: 0 }
            }
            (KeptBody::Disk { .. }, None) => return Err(io::Error::other("the body is in another store")),
        })
    }
}

/// A body that is read.
#[derive(Debug)]
pub enum BodySection<'s> {
    Memory(io::Cursor<&'s Vec<u8>>),
    /// A part of a file.
    Disk {
        file: &'s File,
        /// Where the part starts.
        start: u64,
        /// Its length in bytes.
        length: u64,
        /// How far it is read.
        at: u64,
    },
}

impl Read for BodySection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            BodySection::Memory(bytes) => bytes.read(buffer),
            BodySection::Disk { file, start, length, at } => {
                let left = length.saturating_sub(*at);
                let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                (&**file).seek(SeekFrom::Start(*start + *at))?;
                let read = (&**file).read(&mut buffer[..most])?;
                *at += read as u64;
                Ok(read)
            }
        }
    }
}

impl Seek for BodySection<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            BodySection::Memory(bytes) => bytes.seek(to),
            BodySection::Disk { length, at, .. } => {
                let target = match to {
                    SeekFrom::Start(to) => Some(to),
                    SeekFrom::End(by) => length.checked_add_signed(by),
                    SeekFrom::Current(by) => at.checked_add_signed(by),
                };
                *at = target.ok_or(io::ErrorKind::InvalidInput)?;
                Ok(*at)
            }
        }
    }
}

/// A body that is still coming in. It leaves memory when it is large.
#[derive(Debug, Default)]
pub struct Incoming {
    /// What comes after that which has left.
    bytes: Vec<u8>,
    spilled: Option<File>,
}

impl Incoming {
    /// Bodies larger than this leave memory while they come in.
    const MAX_HELD_BYTES: usize = 2 << 20;

    /// Takes more of the body.
    ///
    /// # Errors
    /// What writing the temporary file answers.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > Self::MAX_HELD_BYTES {
            let file = match &mut self.spilled {
                Some(file) => file,
                none => none.insert(tempfile::tempfile()?),
            };
            file.write_all(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(store: &Store, body: &KeptBody) -> Vec<u8> {
        let mut bytes = Vec::new();
        store.open(body).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn bodies_come_back_from_memory_and_from_disk() {
        let mut store = Store::default();
        let sizes = [
            0,
            10,
            Incoming::MAX_HELD_BYTES,
            Incoming::MAX_HELD_BYTES + 1,
            3 * Incoming::MAX_HELD_BYTES,
            MAX_IN_MEMORY,
            5,
        ];
        let text = |size: usize| -> Vec<u8> { (0..size).map(|i| (i % 251) as u8).collect() };
        let kept: Vec<KeptBody> = sizes
            .iter()
            .map(|&size| {
                let mut incoming = Incoming::default();
                text(size).chunks(CHUNK).for_each(|chunk| incoming.push(chunk).unwrap());
                store.keep(incoming).unwrap()
            })
            .collect();
        assert!(matches!(kept[1], KeptBody::Memory(_)) && matches!(kept[4], KeptBody::Disk { .. }));
        for (&size, body) in sizes.iter().zip(&kept) {
            assert_eq!(body.length(), size as u64);
            assert!(read(&store, body) == text(size), "{size}");
        }
        let mut section = store.open(&kept[3]).unwrap();
        assert_eq!(section.seek(SeekFrom::End(-1)).unwrap(), Incoming::MAX_HELD_BYTES as u64);
        let mut last = Vec::new();
        section.read_to_end(&mut last).unwrap();
        assert_eq!(last, [(Incoming::MAX_HELD_BYTES % 251) as u8], "a section ends where its body does");
        assert!(section.seek(SeekFrom::Current(i64::MIN)).is_err());
    }

    #[test]
    fn content_codings_are_undone_from_the_last_to_the_first() {
        use flate2::Compression;
        use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
        let plain = b"const base = '/api';".repeat(50);
        let gzip = |bytes: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&plain).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&plain).unwrap();
        let zstd = zstd::encode_all(&plain[..], 3).unwrap();
        for (codings, body) in [
            ("", plain.clone()),
            ("identity", plain.clone()),
            ("GZIP", gzip(&plain)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("zstd", zstd.clone()),
            ("zstd, gzip", gzip(&zstd)),
        ] {
            let mut out = Vec::new();
            decoded(codings, &body[..]).unwrap().read_to_end(&mut out).unwrap();
            assert!(out == plain, "{codings}");
        }
        for codings in ["compress", "gzip, gzip, gzip, gzip", "a\u{1b}[2J"] {
            let refused = decoded(codings, &b""[..]).err().unwrap();
            assert!(!refused.contains('\u{1b}'), "{refused}");
        }
    }
}
