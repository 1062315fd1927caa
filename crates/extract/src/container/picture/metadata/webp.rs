//! WebP: EXIF and XMP in chunks of RIFF (RFC 9649, 2.3 and 2.7).

use super::bytes::{Bytes, cut_short};
use super::{PictureFields, ifd, xmp};
use crate::container::Walk;
use std::io;

pub fn read_webp(
    walk: &mut Walk<'_>,
    bytes: &mut Bytes<'_>,
    fields: &mut PictureFields<'_>,
) -> io::Result<()> {
    let [.., a, b, c, d] = bytes.array::<8>()?;
    let end = u64::from(u32::from_le_bytes([a, b, c, d])) + 8;
    bytes.skip(4)?;
    while bytes.at() + 8 <= end.min(bytes.size()) {
        let [k, i, n, d, length @ ..] = bytes.array::<8>()?;
        let length = u64::from(u32::from_le_bytes(length));
        match &[k, i, n, d] {
            b"EXIF" => {
                if let Some(exif) = bytes.whole(walk, length, "EXIF")? {
                    ifd::nested(walk, fields, &exif)?;
                }
            }
            b"XMP " => {
                if let Some(packet) = bytes.whole(walk, length, "XMP")? {
                    xmp::read_xmp(walk, fields, &packet)?;
                }
            }
            _ => bytes.skip(length)?,
        }
        if length % 2 == 1 && bytes.left() > 0 {
            bytes.skip(1)?;
        }
    }
    match end.saturating_sub(bytes.size()) {
        // A last byte that only fills up is left out at times.
        0 | 1 => Ok(()),
        missing => Err(cut_short(missing).into()),
    }
}
