//! Pictures: the texts that their metadata hold, and with `--ocr` the text that people see in them.
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
mod pixels;
mod png;
#[cfg(test)]
mod tests;
mod webp;
mod xmp;

use super::{Seekable, Walk};
use bytes::Bytes;
use fields::PictureFields;
use std::io;

/// What is kept in memory of one field that must be decoded as a whole, in bytes. Pictures with a map of depths hold some
/// megabytes of XMP.
const MOST: u64 = 16 << 20;

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// PNG, animated or not.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
    /// TIFF, and what cameras make of it.
    Tiff,
    /// HEIF, which HEIC and AVIF are.
    Heif,
}

impl PictureFormat {
    /// What a file is, by its first bytes.
    pub fn of(head: &[u8], _name: &str) -> Option<PictureFormat> {
        match head {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(PictureFormat::Png),
            [0xff, 0xd8, 0xff, ..] => Some(PictureFormat::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(PictureFormat::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(PictureFormat::WebP),
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some(PictureFormat::Tiff),
            [0, 0, 0, _, b'f', b't', b'y', b'p', brand @ ..] if heif::is_brand(brand) => {
                Some(PictureFormat::Heif)
            }
            _ => None,
        }
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        false
    }
}

/// Reads a picture. `name` is its own.
pub fn read_picture(
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
    pixels::read_pixels(walk, format, name, input)
}
