//! PNG: texts in chunks, before and behind the pixels (<https://www.w3.org/TR/png-3/>, 11.3.3 and 11.3.4.5).

use super::bytes::{Bytes, cut_short};
use super::{MAX_FIELD_BYTES, PictureFields, ifd, iptc, xmp};
use crate::container::Walk;
use krea_scan_bounds::read_error::{PackedSize, ReadError, Unpacked};
use krea_scan_text::LayerKind;
use krea_scan_text::encoded::packed::Packing;
use krea_scan_zstd::Peek;
use std::io::{self, BufRead, Read};

const SIGNATURE: u64 = 8;
/// The longest keyword and the longest name of a language that are looked for, in bytes.
const WORD: u64 = 512;
/// So much of what is compressed tells how it is, in bytes.
const HEAD: usize = 1024;
/// The keyword under which a text is XMP.
const XMP: &str = "XML:com.adobe.xmp";
/// ImageMagick and exiftool keep what has no chunk of its own in texts of hex digits, under such keywords.
const RAW_PROFILE: &str = "Raw profile type ";

pub fn read_png(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
) -> io::Result<()> {
    bytes.skip(SIGNATURE)?;
    let mut has_pixels = false;
    loop {
        if bytes.left() == 0 {
            // Some programs leave the end mark out, and every viewer shows what they make.
            if has_pixels {
                return Ok(());
            }
            return Err(
                ReadError::new("is cut short: its end mark is missing; what is there was read").into()
            );
        }
        let start = bytes.at();
        let [a, b, c, d, kind @ ..] = bytes.array::<8>()?;
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            let reason = format!("is damaged: no chunk starts at byte {start}; what comes before was read");
            return Err(ReadError::new(reason).into());
        }
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        // A checksum stands behind what a chunk holds.
        let missing = (length + 4).saturating_sub(bytes.left());
        let length = length.min(bytes.left());
        let end = bytes.at() + length;
        match &kind {
            b"IEND" => return Ok(()),
            b"IDAT" => has_pixels = true,
            b"tEXt" | b"zTXt" | b"iTXt" => text(walk, bytes, fields, kind, end)?,
            b"eXIf" => {
                if let Some(exif) = bytes.whole(walk, length, "EXIF")? {
                    ifd::nested(walk, fields, &exif)?;
                }
            }
            _ => {}
        }
        if missing > 0 {
            return Err(cut_short(missing).into());
        }
        bytes.go_to(end + 4)?;
    }
}

/// Reads a text that ends at `end`.
fn text(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
    kind: [u8; 4],
    end: u64,
) -> io::Result<()> {
    let mut chunk = bytes.take(end - bytes.at());
    let keyword = word(&mut chunk)?;
    let is_compressed = match &kind {
        b"zTXt" => {
            one(&mut chunk)?;
            true
        }
        b"iTXt" => {
            let is_compressed = one(&mut chunk)? != 0;
            one(&mut chunk)?;
            // The language, and the keyword in it.
            word(&mut chunk)?;
            word(&mut chunk)?;
            is_compressed
        }
        _ => false,
    };
    if !is_compressed {
        return field(walk, fields, &keyword, &mut chunk);
    }
    let packed = PackedSize::Known(chunk.limit());
    let level = walk.level() + 1;
    // draw.io writes deflate without its head.
    let mut chunk = Peek::new(chunk);
    match Packing::of(chunk.peek(HEAD)?) {
        Some(Packing::Deflate) => {
            let decoder = flate2::bufread::DeflateDecoder::new(chunk);
            field(walk, fields, &keyword, &mut Unpacked::new(walk.budget, level, packed, decoder))
        }
        _ => {
            let decoder = flate2::bufread::ZlibDecoder::new(chunk);
            field(walk, fields, &keyword, &mut Unpacked::new(walk.budget, level, packed, decoder))
        }
    }
}

/// Reads a text for what its keyword says it is.
fn field(
    walk: &mut Walk<'_>,
    fields: &mut PictureFields<'_>,
    keyword: &str,
    text: &mut dyn Read,
) -> io::Result<()> {
    let profile = keyword.strip_prefix(RAW_PROFILE);
    if keyword != XMP && profile.is_none() {
        return fields.read(walk, LayerKind::PngText, keyword, text);
    }
    let mut whole = Vec::new();
    let read = text.take(MAX_FIELD_BYTES).read_to_end(&mut whole);
    walk.budget.spend(0)?;
    match profile.map(|profile| (profile, unhex(&whole))) {
        None => xmp::read_xmp(walk, fields, &whole)?,
        Some(("exif", Some(profile))) => ifd::nested(walk, fields, &profile)?,
        Some(("iptc" | "8bim", Some(profile))) => iptc::resources(walk, fields, &profile, ifd::nested)?,
        Some(("xmp", Some(profile))) => xmp::read_xmp(walk, fields, &profile)?,
        Some(("APP1", Some(profile))) if profile.starts_with(b"http:") => {
            xmp::read_xmp(walk, fields, &profile)?
        }
        Some(("APP1", Some(profile))) => ifd::nested(walk, fields, &profile)?,
        // Somebody's own, and no doubt bytes.
        Some((_, Some(profile))) => fields.add(walk, LayerKind::PngText, keyword, &profile)?,
        Some((_, None)) => fields.add(walk, LayerKind::PngText, keyword, &whole)?,
    }
    match read {
        Ok(_) if whole.len() as u64 == MAX_FIELD_BYTES => {
            fields.read(walk, LayerKind::PngText, keyword, text)
        }
        Ok(_) => Ok(()),
        // Told as any other field's.
        Err(error) => fields.read(walk, LayerKind::PngText, keyword, &mut Failed(Some(error))),
    }
}

/// A reader that fails.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// What a raw profile holds: a line with its name, one with its length, and lines of hex digits.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let mut lines = text.split(|&byte| byte == b'\n').skip_while(|line| line.is_empty()).skip(2);
    let digits = lines.by_ref().flatten().filter(|byte| !byte.is_ascii_whitespace());
    let digits: Option<Vec<u8>> =
        digits.map(|&byte| char::from(byte).to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| !digits.is_empty())?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The next byte, or zero at the end.
fn one(chunk: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    // Nothing is written where there is none.
    let _ = chunk.read(&mut byte)?;
    Ok(byte[0])
}

/// A word that a zero ends.
fn word(chunk: &mut impl BufRead) -> io::Result<String> {
    let mut word = Vec::new();
    chunk.take(WORD).read_until(0, &mut word)?;
    word.pop_if(|&mut last| last == 0);
    Ok(String::from_utf8_lossy(&word).into_owned())
}
