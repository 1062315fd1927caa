//! Pictures: the texts that their metadata hold, and with `--ocr` the text that people see in them.

#[cfg(feature = "images")]
mod metadata;
#[cfg(feature = "ocr")]
mod pixels;

#[cfg(feature = "images")]
use super::{Seekable, Walk};
#[cfg(all(feature = "documents", feature = "ocr"))]
pub use pixels::{MAX_PIXELS, TOO_LARGE};
#[cfg(feature = "images")]
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// PNG, animated or not.
    Png,
    Jpeg,
    Gif,
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
            [0, 0, 0, _, b'f', b't', b'y', b'p', brand @ ..] if is_heif(brand) => Some(PictureFormat::Heif),
            _ => None,
        }
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        false
    }
}

/// The brands of single pictures and of series of them.
const BRANDS: [&[u8; 4]; 9] =
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"];

/// Whether a file of this brand is a picture: HEIF, which HEIC and AVIF are.
fn is_heif(brand: &[u8]) -> bool {
    BRANDS.iter().any(|known| brand.starts_with(*known))
}

/// Reads a picture. `name` is its own.
#[cfg(feature = "images")]
pub fn read_picture(
    walk: &mut Walk<'_>,
    format: PictureFormat,
    name: &str,
    input: &mut dyn Seekable,
) -> io::Result<()> {
    metadata::read_metadata(walk, format, name, input)?;
    #[cfg(feature = "ocr")]
    pixels::read_pixels(walk, format, name, input)?;
    Ok(())
}
