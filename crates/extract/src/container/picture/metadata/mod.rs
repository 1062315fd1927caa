//! The texts in the metadata of pictures.
//!
//! A picture is read from chunk to chunk and never decoded for its metadata: what is pixels is skipped. What is written
//! in its fields becomes one text, in which each field is a line that starts with the name of the field.

mod bytes;
mod fields;
mod gif;
mod heif;
mod ifd;
mod iptc;
mod jpeg;
mod png;
#[cfg(test)]
mod tests;
mod webp;
mod xmp;

use super::PictureFormat;
use crate::container::{Seekable, Walk};
use bytes::Bytes;
use fields::PictureFields;
use std::io;

/// What is kept in memory of one field that must be decoded as a whole, in bytes. Pictures with a map of depths hold some
/// megabytes of XMP.
const MAX_FIELD_BYTES: u64 = 16 << 20;

/// Reads the fields of a picture. `name` is its own.
pub fn read_metadata(
    walk: &mut Walk<'_>,
    format: PictureFormat,
    name: &str,
    input: &mut dyn Seekable,
) -> io::Result<()> {
    let mut fields = PictureFields::new(name);
    let mut bytes = Bytes::new(input)?;
    let read = match format {
        PictureFormat::Png => png::read_png(walk, &mut bytes, &mut fields),
        PictureFormat::Jpeg => jpeg::read_jpeg(walk, &mut bytes, &mut fields),
        PictureFormat::Gif => gif::read_gif(walk, &mut bytes, &mut fields),
        PictureFormat::WebP => webp::read_webp(walk, &mut bytes, &mut fields),
        PictureFormat::Tiff => ifd::read_exif(walk, &mut bytes, &mut fields),
        PictureFormat::Heif => heif::read_heif(walk, &mut bytes, &mut fields),
    };
    drop(bytes);
    // What was read before something went wrong is told.
    fields.hand_on(walk)?;
    if let Err(error) = read {
        walk.budget.spend(0)?;
        walk.failed(&error);
    }
    Ok(())
}
