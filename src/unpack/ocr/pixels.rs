//! Makes pixels ready to be read: dark letters on a light ground, and large enough.
//!
//! Tesseract is made for scanned paper. On a screen, letters are small and may be light on dark.

use image::GrayImage;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

/// Reads the page by finding its blocks first.
pub const WHOLE_PAGE: u8 = 3;

/// One way to look at a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How many times larger it is made.
    scale: u32,
    /// Tesseract's `--psm`.
    pub manner: u8,
}

impl Look {
    /// The ways to look at this picture.
    pub fn all(picture: &GrayImage) -> Vec<Look> {
        let pixels = u64::from(picture.width()) * u64::from(picture.height());
        let scale = match pixels {
            0..1_500_000 => 3,
            1_500_000..6_000_000 => 2,
            _ => 1,
        };
        vec![Look { scale, manner: WHOLE_PAGE }]
    }

    /// A file that holds the picture as it is to be looked at.
    pub fn file(self, picture: &GrayImage) -> io::Result<File> {
        let mut file = BufWriter::new(tempfile::tempfile()?);
        let is_dark = is_dark(picture);
        let (width, height) = (picture.width() * self.scale, picture.height() * self.scale);
        write!(file, "P5\n{width} {height}\n255\n")?;
        let mut scaled = vec![0; width as usize];
        for y in 0..height {
            let row = picture.rows().nth((y / self.scale) as usize);
            for (x, pixel) in row.into_iter().flatten().enumerate() {
                let value = if is_dark { 255 - pixel.0[0] } else { pixel.0[0] };
                scaled[x * self.scale as usize..][..self.scale as usize].fill(value);
            }
            file.write_all(&scaled)?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }
}

/// Whether most of a picture is dark.
fn is_dark(picture: &GrayImage) -> bool {
    let sum: u64 = picture.pixels().map(|pixel| u64::from(pixel.0[0])).sum();
    sum < 110 * u64::from(picture.width()) * u64::from(picture.height())
}
