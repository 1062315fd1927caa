//! JPEG, the usual and the progressive.

use super::raster::{PictureSize, PixelError, PixelLayout, StillPicture};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

pub struct JpegPicture<'f> {
    decoder: JpegDecoder<ZCursor<&'f [u8]>>,
    size: PictureSize,
    layout: PixelLayout,
}

impl<'f> JpegPicture<'f> {
    /// `file`: all of it.
    pub fn open(file: &'f [u8]) -> Result<Self, PixelError> {
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options());
        decoder.decode_headers().map_err(error)?;
        let color = decoder.input_colorspace();
        let (layout, out) = match color {
            Some(ColorSpace::Luma) => (PixelLayout::GRAY, ColorSpace::Luma),
            _ => (PixelLayout::RGB, ColorSpace::RGB),
        };
        let (width, height) = decoder.dimensions().unwrap_or_default();
        let size = PictureSize { width: width as u32, height: height as u32 };
        // Another one, as the colours are chosen before the head is read.
        let decoder =
            JpegDecoder::new_with_options(ZCursor::new(file), options().jpeg_set_out_colorspace(out));
        Ok(JpegPicture { decoder, size, layout })
    }
}

impl StillPicture for JpegPicture<'_> {
    fn size(&self) -> PictureSize {
        self.size
    }

    fn layout(&self) -> PixelLayout {
        self.layout
    }

    fn decode(mut self, pixels: &mut [u8]) -> Result<(), PixelError> {
        self.decoder.decode_into(pixels).map_err(error)
    }
}

/// Takes what is damaged as far as it goes. How large a picture may be is decided elsewhere.
fn options() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX)
}

fn error(error: DecodeErrors) -> PixelError {
    match error {
        DecodeErrors::LargeDimensions(_) => PixelError::TooLarge,
        error => PixelError::Damaged("Jpeg", error.to_string()),
    }
}
