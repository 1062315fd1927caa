//! JPEG: comments, EXIF, XMP and IPTC in the segments before the pixels (ITU T.81, B.1.1; XMP part 3, 1.1.3; IPTC in
//! Photoshop's resources). What is too long for one segment goes on in the next ones.

use super::bytes::Bytes;
use super::{MAX_FIELD_BYTES, PictureFields, ifd, iptc, xmp};
use crate::container::Walk;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::LayerKind;
use std::io::{self, Read};

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// What goes on over several segments.
#[derive(Default)]
struct Split {
    exif: Vec<u8>,
    photoshop: Vec<u8>,
    /// XMP that did not fit, by the 32 digits that name it.
    xmp: Vec<([u8; 32], Vec<u8>)>,
}

pub fn read_jpeg(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
) -> io::Result<()> {
    let mut split = Split::default();
    let read = segments(walk, bytes, fields, &mut split);
    ifd::nested(walk, fields, &split.exif)?;
    iptc::resources(walk, fields, &split.photoshop, ifd::nested)?;
    for (_, packet) in &split.xmp {
        xmp::read_xmp(walk, fields, packet)?;
    }
    read
}

fn segments(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
    split: &mut Split,
) -> io::Result<()> {
    bytes.skip(2)?;
    loop {
        let [mut byte] = bytes.array()?;
        // Some programs leave bytes between segments.
        while byte != 0xff {
            [byte] = bytes.array()?;
        }
        while byte == 0xff {
            [byte] = bytes.array()?;
        }
        match byte {
            // Pixels, or the end.
            0xda | 0xd9 => return Ok(()),
            0 | 1 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let length = u64::from(u16::from_be_bytes(bytes.array()?));
        let Some(length) = length.checked_sub(2) else {
            let reason = format!("is damaged: a segment at byte {} has no length", bytes.at() - 2);
            return Err(ReadError::new(reason).into());
        };
        match byte {
            0xfe | 0xe1 | 0xed => {
                let mut segment = Vec::new();
                bytes.by_ref().take(length).read_to_end(&mut segment)?;
                let missing = length - segment.len() as u64;
                match byte {
                    0xfe => fields.add(walk, LayerKind::JpegComment, "comment", &segment)?,
                    0xe1 => app1(walk, fields, &segment, split)?,
                    _ => {
                        if let Some(part) = segment.strip_prefix(PHOTOSHOP) {
                            append(&mut split.photoshop, part);
                        }
                    }
                }
                if missing > 0 {
                    bytes.skip(missing)?;
                }
            }
            _ => bytes.skip(length)?,
        }
    }
}

fn app1(
    walk: &mut Walk<'_>,
    fields: &mut PictureFields<'_>,
    segment: &[u8],
    split: &mut Split,
) -> io::Result<()> {
    if let Some(exif) = segment.strip_prefix(EXIF) {
        if ifd::is_start(exif) {
            ifd::nested(walk, fields, &std::mem::take(&mut split.exif))?;
        }
        append(&mut split.exif, exif);
    } else if let Some(packet) = segment.strip_prefix(XMP) {
        xmp::read_xmp(walk, fields, packet)?;
    } else if let Some(rest) = segment.strip_prefix(EXTENDED_XMP)
        && let Some((id, rest)) = rest.split_first_chunk::<32>()
        && let Some((length, rest)) = rest.split_first_chunk::<4>()
        && let Some((offset, part)) = rest.split_first_chunk::<4>()
    {
        let (length, offset) =
            (u64::from(u32::from_be_bytes(*length)), u64::from(u32::from_be_bytes(*offset)));
        let held: u64 = split.xmp.iter().map(|(_, packet)| packet.len() as u64).sum();
        let known = split.xmp.iter().position(|(known, _)| known == id);
        let end = offset + part.len() as u64;
        if end > length || end + held > 2 * MAX_FIELD_BYTES {
            return Ok(());
        }
        let at = known.unwrap_or_else(|| {
            split.xmp.push((*id, Vec::new()));
            split.xmp.len() - 1
        });
        let packet = &mut split.xmp[at].1;
        let (offset, end) = (offset as usize, end as usize);
        packet.resize(packet.len().max(end), b' ');
        packet[offset..end].copy_from_slice(part);
    }
    Ok(())
}

/// Goes on with something that did not fit one segment.
fn append(whole: &mut Vec<u8>, part: &[u8]) {
    if whole.len() + part.len() <= MAX_FIELD_BYTES as usize {
        whole.extend_from_slice(part);
    }
}
