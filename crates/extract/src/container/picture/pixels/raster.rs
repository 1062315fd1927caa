//! Pixels as decoders give them, and what they become: shades of grey.

use crate::ocr::GrayPicture;
use std::io;

/// Why not all pixels of a picture were decoded.
#[derive(Debug, thiserror::Error)]
pub enum PixelError {
    #[error("Memory limit exceeded")]
    TooLarge,
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The format, and what its decoder says.
    #[error("Format error decoding {0}: {1}")]
    Damaged(&'static str, String),
}

/// How wide and how high something is, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureSize {
    pub width: u32,
    pub height: u32,
}

impl PictureSize {
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// The numbers that stand for a pixel: grey or red, green and blue, and how much it covers behind them if there are two or
/// four.
#[derive(Clone, Copy, Debug)]
pub struct PixelLayout {
    pub channels: usize,
    /// Bytes of a number, the upper one first.
    pub each: usize,
}

impl PixelLayout {
    pub const GRAY: Self = PixelLayout { channels: 1, each: 1 };
    pub const RGB: Self = PixelLayout { channels: 3, each: 1 };
    pub const RGBA: Self = PixelLayout { channels: 4, each: 1 };

    /// Bytes of a pixel.
    pub fn bytes(self) -> usize {
        self.channels * self.each
    }

    /// A pixel in red, green, blue and alpha. The upper half of a number says enough of it.
    pub fn rgba(self, pixel: &[u8]) -> [u8; 4] {
        let value = |channel: usize| pixel[channel * self.each];
        let alpha = if self.channels.is_multiple_of(2) { value(self.channels - 1) } else { 255 };
        match self.channels {
            1 | 2 => [value(0), value(0), value(0), alpha],
            _ => [value(0), value(1), value(2), alpha],
        }
    }

    /// Pixels without their colours, and laid on what they stand out from where one can see through them.
    pub fn gray(self, bytes: &[u8], size: PictureSize) -> GrayPicture {
        let value = |pixel: &[u8], channel: usize| u32::from(pixel[channel * self.each]);
        let luma = |pixel: &[u8]| match self.channels {
            1 | 2 => value(pixel, 0),
            // BT.601, as everybody has it.
            _ => (value(pixel, 0) * 299 + value(pixel, 1) * 587 + value(pixel, 2) * 114) / 1000,
        };
        let has_alpha = self.channels.is_multiple_of(2);
        let alpha = |pixel: &[u8]| if has_alpha { value(pixel, self.channels - 1) } else { 255 };
        let (mut sum, mut count) = (0u64, 0u64);
        if has_alpha {
            for pixel in bytes.chunks_exact(self.bytes()) {
                sum += u64::from(luma(pixel) * alpha(pixel));
                count += u64::from(alpha(pixel));
            }
        }
        let ground = if sum > 127 * count { 0 } else { 255 };
        let pixels = bytes.chunks_exact(self.bytes()).map(|pixel| {
            let alpha = alpha(pixel);
            ((luma(pixel) * alpha + ground * (255 - alpha)) / 255) as u8
        });
        GrayPicture { width: size.width, height: size.height, pixels: pixels.collect() }
    }
}

/// A picture whose head was read.
pub trait StillPicture {
    fn size(&self) -> PictureSize;

    fn layout(&self) -> PixelLayout;

    /// Fills `pixels`. What is behind a damage stays as it was.
    fn decode(self, pixels: &mut [u8]) -> Result<(), PixelError>;
}

/// A row of pictures whose head was read.
pub trait MovingPicture {
    fn size(&self) -> PictureSize;

    /// The next picture as people see it, or nothing behind the last one.
    fn next_frame(&mut self) -> Result<Option<GrayPicture>, PixelError>;
}
