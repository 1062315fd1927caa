//! EXIF and TIFF: directories of fields (TIFF 6.0, section 2; Exif 3.0, 4.6). Fields that can hold text are read from
//! where they are, so that a TIFF of any size needs no memory; the names of tags are those of the `exif` crate.

use super::bytes::Bytes;
use super::{PictureFields, iptc, xmp};
use crate::container::Walk;
use ::exif::{Context, Tag};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::LayerKind;
use krea_scan_text::charset;
use std::collections::HashSet;
use std::io::{self, Cursor, Read};

/// More directories than this, no picture has.
const MAX_DIRECTORIES: usize = 256;
/// What a picture's fields hold together is no more than this many times the picture: fields may share bytes.
const MAX_FIELDS_RATIO: u64 = 2;
/// What fields of bytes hold that are shorter than this, is numbers.
const SHORT: u64 = 8;

/// Reads EXIF that is a part of something else: with its own mark in front or not. No bytes are no EXIF. Many programs that
/// change pictures leave EXIF that points behind its end: where nothing can be made out, its bytes are read as they are.
pub fn nested(walk: &mut Walk<'_>, fields: &mut PictureFields<'_>, exif: &[u8]) -> io::Result<()> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    if exif.is_empty() {
        return Ok(());
    }
    let count = fields.count();
    let read = Bytes::new(&mut Cursor::new(exif)).and_then(|mut bytes| read_exif(walk, &mut bytes, fields));
    walk.budget.spend(0)?;
    let is_lost = read.is_err() && fields.count() == count;
    if is_lost { fields.add(walk, LayerKind::Exif, "EXIF", exif) } else { Ok(()) }
}

/// Whether bytes are the start of such directories.
pub fn is_start(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*")
}

struct IfdField {
    context: Context,
    number: u16,
    /// Where what it holds is, and how many bytes that are.
    at: u64,
    length: u64,
}

/// The order of bytes in numbers.
#[derive(Clone, Copy)]
struct Order {
    is_big: bool,
}

impl Order {
    fn short(self, bytes: [u8; 2]) -> u16 {
        if self.is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn long(self, bytes: [u8; 4]) -> u32 {
        if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Reads a TIFF, or EXIF, which has the same form.
pub fn read_exif(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
) -> io::Result<()> {
    let order = match &bytes.array()? {
        b"II*\0" => Order { is_big: false },
        b"MM\0*" => Order { is_big: true },
        _ => return Err(ReadError::new("does not start as EXIF does").into()),
    };
    let first = order.long(bytes.array()?);
    let (mut next, mut seen) = (vec![(first, Context::Tiff)], HashSet::new());
    let (mut trouble, mut left) = (None, MAX_FIELDS_RATIO * bytes.size() + SHORT);
    while let Some((at, context)) = next.pop() {
        if at == 0 || !seen.insert(at) {
            continue;
        }
        if seen.len() > MAX_DIRECTORIES {
            return Err(
                ReadError::new(format!("has more than {MAX_DIRECTORIES} directories of fields")).into()
            );
        }
        match directory(bytes, order, u64::from(at), context, &mut next) {
            Ok(entries) => {
                for entry in entries {
                    let missing = (entry.at + entry.length).saturating_sub(bytes.size());
                    left = left.saturating_sub(entry.length);
                    match (missing, left) {
                        (0, 1..) => field(walk, bytes, fields, order, &entry)?,
                        (0, _) => return Err(ReadError::new("has fields that hold more than it does").into()),
                        _ => trouble = trouble.or_else(|| Some(damaged(&name(&entry)))),
                    }
                }
            }
            Err(error) => trouble = trouble.or_else(|| Some(ReadError::of(&error))),
        }
    }
    trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
}

fn damaged(what: &str) -> ReadError {
    ReadError::new(format!("is damaged or cut short: {what} lies behind its end; what is there was read"))
}

/// The fields of a directory that can hold text. Adds the directories that it leads to.
fn directory(
    bytes: &mut Bytes<'_>,
    order: Order,
    at: u64,
    context: Context,
    next: &mut Vec<(u32, Context)>,
) -> io::Result<Vec<IfdField>> {
    if at > bytes.size() {
        return Err(damaged("a directory of fields").into());
    }
    bytes.go_to(at)?;
    let mut entries = Vec::new();
    for _ in 0..order.short(bytes.array()?) {
        let number = order.short(bytes.array()?);
        let of = order.short(bytes.array()?);
        let count = u64::from(order.long(bytes.array()?));
        let (here, value) = (bytes.at(), bytes.array()?);
        let place = order.long(value);
        let length = count * width(of);
        let at = if length <= 4 { here } else { u64::from(place) };
        match (number, of) {
            (0x8769, _) => next.push((place, Context::Exif)),
            (0x8825, _) => next.push((place, Context::Gps)),
            (0xa005, _) => next.push((place, Context::Interop)),
            // Smaller pictures of the same.
            (0x014a, 4 | 13) if count == 1 => next.push((place, Context::Tiff)),
            (0x014a, 4 | 13) if at + length <= bytes.size() => {
                let behind = bytes.at();
                bytes.go_to(at)?;
                for _ in 0..count.min(MAX_DIRECTORIES as u64) {
                    next.push((order.long(bytes.array()?), Context::Tiff));
                }
                bytes.go_to(behind)?;
            }
            _ if is_text(number, of, length) => entries.push(IfdField { context, number, at, length }),
            _ => {}
        }
    }
    // Some programs leave out where the next one is.
    if bytes.left() >= 4 {
        next.push((order.long(bytes.array()?), context));
    }
    Ok(entries)
}

/// How many bytes one value of a type takes; nothing for types that hold no text.
fn width(of: u16) -> u64 {
    match of {
        // Bytes, ASCII, bytes with a sign, no type in particular, UTF-8.
        1 | 2 | 6 | 7 | 129 => 1,
        4 | 13 => 4,
        _ => 0,
    }
}

const XMP: u16 = 0x02bc;
const IPTC: u16 = 0x83bb;
const PHOTOSHOP: u16 = 0x8649;

/// Whether a field can hold text.
fn is_text(number: u16, of: u16, length: u64) -> bool {
    match (number, of) {
        // A colour profile, tables, a small picture.
        (0x8773 | 0x015b | 0x501b, _) => false,
        // Many programs say that IPTC is numbers.
        (IPTC, 1 | 4 | 7) => true,
        (_, 2 | 129) => length > 1,
        (_, 1 | 6 | 7) => length > SHORT,
        _ => false,
    }
}

fn field(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
    order: Order,
    entry: &IfdField,
) -> io::Result<()> {
    bytes.go_to(entry.at)?;
    let name = name(entry);
    let decode = match (entry.context, entry.number) {
        (Context::Exif, 0x9286) => comment,
        (_, 0x9c9b..=0x9c9f) => |_, text: &[u8]| UTF_16LE.decode(text).0.into_owned().into_bytes(),
        (_, XMP | IPTC | PHOTOSHOP) => |_, text: &[u8]| text.to_vec(),
        _ => return fields.read(walk, LayerKind::Exif, &name, &mut bytes.take(entry.length)),
    };
    let Some(whole) = bytes.whole(walk, entry.length, &name)? else { return Ok(()) };
    match entry.number {
        XMP => xmp::read_xmp(walk, fields, &whole),
        IPTC | PHOTOSHOP => iptc::inside_exif(walk, fields, &whole),
        _ => fields.add(walk, LayerKind::Exif, &name, &decode(order, &whole)),
    }
}

/// What a tag is called.
fn name(entry: &IfdField) -> String {
    let name = match entry.number {
        XMP => "XMP",
        IPTC => "IPTC",
        PHOTOSHOP => "Photoshop",
        0x9c9b => "XPTitle",
        0x9c9c => "XPComment",
        0x9c9d => "XPAuthor",
        0x9c9e => "XPKeywords",
        0x9c9f => "XPSubject",
        number => {
            let tag = Tag(entry.context, number);
            // A tag that has no name of its own is shown as its parts.
            return Some(tag.to_string())
                .filter(|name| !name.contains('('))
                .unwrap_or_else(|| format!("0x{number:04x}"));
        }
    };
    name.to_owned()
}

/// A comment, whose encoding its first eight bytes name (Exif 3.0, 4.6.6.6).
fn comment(order: Order, value: &[u8]) -> Vec<u8> {
    let Some((code, text)) = value.split_first_chunk::<8>() else { return value.to_vec() };
    let encoding = match code {
        b"UNICODE\0" => wide(order, text),
        b"JIS\0\0\0\0\0" => ISO_2022_JP,
        b"ASCII\0\0\0" => return text.to_vec(),
        b"\0\0\0\0\0\0\0\0" => charset::utf16(text).unwrap_or(UTF_8),
        // No code at all.
        _ => return value.to_vec(),
    };
    encoding.decode(text).0.into_owned().into_bytes()
}

/// How a text is encoded that is said to be UTF-16. Some programs write the other order, or UTF-8.
fn wide(order: Order, text: &[u8]) -> &'static Encoding {
    let of_order = if order.is_big { UTF_16BE } else { UTF_16LE };
    let has_zeros = text.contains(&0);
    match charset::utf16(text) {
        Some(encoding) => encoding,
        None if !has_zeros && std::str::from_utf8(text).is_ok() => UTF_8,
        None => {
            let zeros = |first: usize| text.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
            match zeros(0).cmp(&zeros(1)) {
                std::cmp::Ordering::Greater => UTF_16BE,
                std::cmp::Ordering::Less => UTF_16LE,
                std::cmp::Ordering::Equal => of_order,
            }
        }
    }
}
