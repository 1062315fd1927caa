//! GIF (GIF89a specification).

use super::canvas::{Canvas, CanvasFrame, Disposal};
use super::raster::{MovingPicture, PictureSize, PixelError};
use crate::ocr::GrayPicture;
use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod};
use std::io::Read;

/// How many pixels of a frame may lie outside of the picture.
const MAX_PIXELS_OUTSIDE: u64 = 1 << 20;

pub struct GifFrames<R: Read> {
    decoder: Decoder<R>,
    canvas: Option<Canvas>,
}

impl<R: Read> GifFrames<R> {
    pub fn open(input: R) -> Result<Self, PixelError> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        Ok(GifFrames { decoder: options.read_info(input).map_err(error)?, canvas: None })
    }
}

impl<R: Read> MovingPicture for GifFrames<R> {
    fn size(&self) -> PictureSize {
        let (width, height) = (u32::from(self.decoder.width()), u32::from(self.decoder.height()));
        PictureSize { width, height }
    }

    fn next_frame(&mut self) -> Result<Option<GrayPicture>, PixelError> {
        let whole = self.size();
        let canvas = self.canvas.get_or_insert_with(|| Canvas::new(whole));
        canvas.dispose();
        let Some(frame) = self.decoder.next_frame_info().map_err(error)? else { return Ok(None) };
        let size = PictureSize { width: frame.width.into(), height: frame.height.into() };
        let (left, top) = (frame.left.into(), frame.top.into());
        let disposal = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            // The background is a colour that no program shows.
            DisposalMethod::Background => Disposal::Clear,
            DisposalMethod::Previous => Disposal::Restore,
        };
        if size.pixels() > whole.pixels() + MAX_PIXELS_OUTSIDE {
            return Err(PixelError::TooLarge);
        }
        let mut pixels = vec![0; self.decoder.buffer_size()];
        self.decoder.read_into_buffer(&mut pixels).map_err(error)?;
        canvas.draw(CanvasFrame { left, top, size, pixels, is_over: true, disposal });
        Ok(Some(canvas.gray()))
    }
}

fn error(error: DecodingError) -> PixelError {
    match error {
        DecodingError::Io(error) => PixelError::Io(error),
        error => PixelError::Damaged("Gif", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_is_far_larger_than_the_picture_takes_no_memory() {
        let file = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\0;";
        let mut frames = GifFrames::open(&file[..]).unwrap();
        assert_eq!(frames.size(), PictureSize { width: 1, height: 1 });
        assert!(matches!(frames.next_frame(), Err(PixelError::TooLarge)));
    }
}
