//! What is compressed inside an encoded run: gzip, zlib, deflate without a head, Zstandard, xz, bzip2, the members of a zip. A file that is compressed
//! as a whole is a container.

use super::{EncodedRun, is_readable, is_text_start, is_wide_start};
use crate::LayerKind;
use crate::{OriginStep, Text, TextBuilder};
use flate2::{Decompress, FlushDecompress};
use std::io::{self, Read};

/// No more than this comes out of one run, in bytes.
const MAX_UNPACKED_BYTES: usize = 4 << 20;
/// So much of what deflate makes tells whether it is any, in bytes.
const TRIAL: usize = 64;
/// Less than this is no text that deflate made, in bytes.
const MIN_DEFLATED_BYTES: usize = 16;
/// What decoders of xz and Zstandard may have: as much as the usual presets need.
const XZ_KIB: u32 = 9 << 10;
const ZSTD: u64 = 9 << 20;

/// How something is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
    /// Deflate without a head (RFC 1951).
    Deflate,
    /// RFC 8878.
    Zstd,
    /// What `xz` writes.
    Xz,
    /// What `bzip2` writes.
    Bzip2,
    /// A zip: its members, one after the other.
    Zip,
}

impl Packing {
    /// What some bytes start with that is marked.
    pub fn marked(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(Packing::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Packing::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => Some(Packing::Bzip2),
            [b'P', b'K', 3, 4, _, 0, ..] => Some(Packing::Zip),
            // RFC 1950: the method and the window, then flags that make both a multiple of 31; no dictionary.
            [method, flags, ..]
                if method & 0x8f == 8
                    && flags & 0x20 == 0
                    && u16::from_be_bytes([method, flags]).is_multiple_of(31) =>
            {
                Some(Packing::Zlib)
            }
            _ => None,
        }
    }

    /// How some bytes are compressed. Where the mark says little, or nothing, a trial tells.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match Self::marked(bytes) {
            Some(Packing::Zlib) => {
                let said = trial(bytes, true)?;
                // What nearly all programs write.
                let is_usual = matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
                (is_usual || is_start(&said)).then_some(Packing::Zlib)
            }
            Some(packing) => Some(packing),
            None if may_be_deflate(bytes) => {
                let said = trial(bytes, false)?;
                is_start(&said).then_some(Packing::Deflate)
            }
            None => None,
        }
    }

    /// What a layer names it.
    fn kind(self) -> LayerKind {
        match self {
            Packing::Gzip => LayerKind::Gzip,
            Packing::Zlib => LayerKind::Zlib,
            Packing::Deflate => LayerKind::Deflate,
            Packing::Zstd => LayerKind::Zstd,
            Packing::Xz => LayerKind::Xz,
            Packing::Bzip2 => LayerKind::Bzip2,
            Packing::Zip => LayerKind::Zip,
        }
    }

    /// What is in it, at most so many bytes, as far as it can be read.
    fn unpack(self, bytes: &[u8], most: usize) -> Vec<u8> {
        let mut said = Vec::new();
        let mut read = |decoder: &mut dyn Read| {
            // What came out before an error is there to be read.
            _ = decoder.take(most as u64).read_to_end(&mut said);
        };
        match self {
            Packing::Gzip => read(&mut flate2::read::MultiGzDecoder::new(bytes)),
            Packing::Zlib => read(&mut flate2::read::ZlibDecoder::new(bytes)),
            Packing::Deflate => read(&mut flate2::read::DeflateDecoder::new(bytes)),
            Packing::Zstd => {
                let allow = |need| if need > ZSTD { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(()) };
                read(&mut krea_scan_zstd::Zstd::new(bytes, allow));
            }
            Packing::Xz => read(&mut lzma_rust2::XzReader::new_mem_limit(bytes, true, XZ_KIB)),
            Packing::Bzip2 => read(&mut bzip2::bufread::MultiBzDecoder::new(bytes)),
            Packing::Zip => unzip(bytes, most, &mut said),
        }
        said
    }
}

/// What is compressed from the first byte on, at most so many bytes. All of it stands for the run as a whole.
pub fn runs(bytes: &[u8], most: usize) -> Vec<EncodedRun> {
    let Some(packing) = Packing::of(bytes) else { return Vec::new() };
    let said = packing.unpack(bytes, most.min(MAX_UNPACKED_BYTES));
    if said.is_empty() {
        return Vec::new();
    }
    let mut out = TextBuilder::default();
    out.push(&said, 0, OriginStep::NONE);
    out.push(b"\n", bytes.len() - 1, OriginStep::NONE);
    vec![EncodedRun { kind: packing.kind(), range: 0..bytes.len(), text: Text::plain(bytes).derive(out) }]
}

/// Reads the members of a zip by their own heads (APPNOTE 4.3.7), as far as they can be: each is a line with its name, and what
/// is in it. A head may leave the size to what follows the member.
fn unzip(mut bytes: &[u8], most: usize, said: &mut Vec<u8>) {
    const HEAD: usize = 30;
    while let Some(start) = memchr::memmem::find(bytes, b"PK\x03\x04") {
        bytes = &bytes[start..];
        let number = |at: usize| bytes.get(at..at + 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])));
        let (Some(method), Some(name), Some(extra)) = (number(8), number(26), number(28)) else { return };
        let size = number(18).zip(number(20)).map_or(0, |(low, high)| high << 16 | low);
        let (Some(label), Some(content)) = (bytes.get(HEAD..HEAD + name), bytes.get(HEAD + name + extra..))
        else {
            return;
        };
        let left = (most as u64).saturating_sub(said.len() as u64);
        said.extend_from_slice(label);
        said.push(b'\n');
        let taken = match method {
            0 => {
                let kept = &content[..size.min(content.len())];
                said.extend(kept.iter().take(left as usize));
                kept.len()
            }
            8 => {
                let mut decoder = flate2::read::DeflateDecoder::new(content);
                // What came out before an error is there to be read.
                _ = decoder.by_ref().take(left).read_to_end(said);
                (decoder.total_in() as usize).min(content.len())
            }
            _ => 0,
        };
        said.push(b'\n');
        if left == 0 {
            return;
        }
        bytes = &content[taken..];
    }
}

/// Whether the first bytes that came out are a text's.
fn is_start(said: &[u8]) -> bool {
    let mut kinds = said.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    said.len() >= MIN_DEFLATED_BYTES
        && kinds.len() >= MIN_DEFLATED_BYTES / 2
        && (is_text_start(said) || is_wide_start(said))
}

/// The first bytes that deflate makes of some bytes, behind a head of zlib or without one; `None` when it is none.
fn trial(bytes: &[u8], has_head: bool) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(TRIAL);
    let head = &bytes[..bytes.len().min(1 << 10)];
    let status = Decompress::new(has_head).decompress_vec(head, &mut text, FlushDecompress::None);
    (status.is_ok() && !text.is_empty()).then_some(text)
}

/// Whether some bytes may be deflate (RFC 1951, 3.2.3 to 3.2.7). It turns down nearly all that is none.
fn may_be_deflate(bytes: &[u8]) -> bool {
    let Some(&[first, second, third, ..]) = bytes.first_chunk::<18>() else { return false };
    match first >> 1 & 3 {
        0 => matches!(bytes, [_, a, b, c, d, ..] if (*a, *b) == (!c, !d)),
        // Nothing is there to be repeated yet, and a text starts with characters.
        1 => {
            let code =
                |at: usize| (0..8).fold(0, |code, i| code << 1 | bytes[(at + i) / 8] >> ((at + i) % 8) & 1);
            [3, 11].map(code).iter().all(|code| (0x30..=0xbf).contains(code) && is_readable(code - 0x30))
        }
        2 => {
            let bits = |at: usize| u16::from_le_bytes([bytes[at / 8], bytes[at / 8 + 1]]) >> (at % 8) & 7;
            let literals = first >> 3;
            let distances = second & 0x1f;
            let lengths = usize::from(second >> 5 | third << 3 & 8) + 4;
            // The code of the codes' lengths has to use up all there is.
            let used: u16 =
                (0..lengths).map(|i| bits(17 - 3 + 3 * (i + 1))).filter(|&l| l > 0).map(|l| 128 >> l).sum();
            literals <= 29 && distances <= 29 && used == 128
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const SAID: &str = "{\"KREA_API_KEY\": \"abcdefgh\", \"more\": \"abcdefgh abcdefgh\"}";

    /// The same from `xz -0`.
    const XZ: [u8; 108] = [
        0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x0c,
        0x00, 0x00, 0x00, 0x8f, 0x98, 0x41, 0x9c, 0xe0, 0x00, 0x38, 0x00, 0x2d, 0x5d, 0x00, 0x3d, 0x88, 0x85,
        0x65, 0x22, 0x3c, 0x74, 0xc6, 0x1e, 0xf3, 0x14, 0xda, 0xea, 0xc1, 0x1e, 0x5f, 0xbf, 0xb3, 0x70, 0x21,
        0x4b, 0xae, 0xb6, 0x4a, 0xdc, 0x2d, 0x36, 0x84, 0x49, 0x41, 0x71, 0x8b, 0x6c, 0x7f, 0x5a, 0x89, 0xc8,
        0x7f, 0xbe, 0x52, 0x1b, 0x82, 0xd3, 0x38, 0x0c, 0x00, 0x00, 0x00, 0x00, 0xb6, 0xcd, 0x9c, 0xcb, 0xb1,
        0x35, 0xe5, 0xd6, 0x00, 0x01, 0x49, 0x39, 0x6f, 0xc9, 0x38, 0x5e, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00,
        0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
    ];

    fn packed() -> Vec<(Packing, Vec<u8>)> {
        let said = SAID.as_bytes();
        let level = flate2::Compression::default();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
        let mut all = Vec::new();
        for level in [0, 1, 6, 9] {
            for text in [SAID.to_owned(), SAID.repeat(9)] {
                let mut deflate =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(level));
                deflate.write_all(text.as_bytes()).expect("memory");
                all.push((Packing::Deflate, deflate.finish().expect("memory")));
            }
        }
        zlib.write_all(said).and_then(|()| gzip.write_all(said)).expect("memory");
        bzip2.write_all(said).expect("memory");
        all.push((Packing::Zlib, zlib.finish().expect("memory")));
        all.push((Packing::Gzip, gzip.finish().expect("memory")));
        all.push((Packing::Bzip2, bzip2.finish().expect("memory")));
        all.push((Packing::Xz, XZ.to_vec()));
        for (size, method) in [(0, 8), (said.len(), 0)] {
            let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), level);
            deflate.write_all(said).expect("memory");
            let content = if method == 8 { deflate.finish().expect("memory") } else { said.to_vec() };
            let mut head = vec![b'P', b'K', 3, 4, 20, 0, 8, 0, method, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            head.extend([size as u8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'a']);
            all.push((Packing::Zip, [head, content].concat()));
        }
        all.push((Packing::Zstd, zstd::stream::encode_all(said, 3).expect("memory")));
        all
    }

    #[test]
    fn what_is_compressed_is_told_and_read() {
        for (packing, bytes) in packed() {
            assert_eq!(Packing::of(&bytes), Some(packing), "{bytes:x?}");
            let runs = runs(&bytes, usize::MAX);
            let (said, name) = (runs[0].text.bytes(), if packing == Packing::Zip { "a\n" } else { "" });
            assert!(said.starts_with([name, SAID].concat().as_bytes()), "{packing:?}");
            assert_eq!(runs[0].kind, packing.kind());
        }
    }

    #[test]
    fn what_is_cut_is_read_as_far_as_it_goes() {
        let (_, bytes) = packed().swap_remove(0);
        let runs = runs(&bytes[..40], usize::MAX);
        assert_eq!(runs[0].text.bytes().trim_ascii_end(), &SAID.as_bytes()[..35]);
    }

    #[test]
    fn a_bomb_gives_as_much_as_may_come_out() {
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        bomb.write_all(&vec![b' '; 8 << 20]).expect("memory");
        let bomb = bomb.finish().expect("memory");
        assert_eq!(runs(&bomb, usize::MAX)[0].text.bytes().len(), MAX_UNPACKED_BYTES + 1);
        assert_eq!(runs(&bomb, 1000)[0].text.bytes().len(), 1001);
    }

    #[test]
    fn texts_and_what_a_machine_drew_are_not_compressed() {
        for text in
            ["eyJhbGciOiJIUzI1NiIs", "const x = 'a longer text than most';", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert_eq!(Packing::of(text.as_bytes()), None, "{text}");
        }
        let mut state = 1u64;
        let mut drawn = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as u8
        };
        let taken = (0..100_000).filter(|_| Packing::of(&[0; 64].map(|_: u8| drawn())).is_some()).count();
        assert!(taken < 20, "{taken}");
    }
}
