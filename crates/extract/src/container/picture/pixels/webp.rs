//! WebP and its animations.

use super::raster::{MovingPicture, PictureSize, PixelError, PixelLayout, StillPicture};
use crate::ocr::GrayPicture;
use image_webp::{DecodingError, WebPDecoder};
use std::io::{BufRead, Seek};

pub struct WebPPicture<R>(WebPDecoder<R>);

impl<R: BufRead + Seek> WebPPicture<R> {
    pub fn open(input: R) -> Result<Self, PixelError> {
        Ok(WebPPicture(WebPDecoder::new(input).map_err(error)?))
    }

    pub fn is_animated(&self) -> bool {
        self.0.is_animated()
    }

    pub fn into_frames(self) -> WebPFrames<R> {
        WebPFrames(self)
    }
}

impl<R: BufRead + Seek> StillPicture for WebPPicture<R> {
    fn size(&self) -> PictureSize {
        let (width, height) = self.0.dimensions();
        PictureSize { width, height }
    }

    fn layout(&self) -> PixelLayout {
        if self.0.has_alpha() { PixelLayout::RGBA } else { PixelLayout::RGB }
    }

    fn decode(mut self, pixels: &mut [u8]) -> Result<(), PixelError> {
        self.0.read_image(pixels).map_err(error)
    }
}

pub struct WebPFrames<R>(WebPPicture<R>);

impl<R: BufRead + Seek> MovingPicture for WebPFrames<R> {
    fn size(&self) -> PictureSize {
        self.0.size()
    }

    fn next_frame(&mut self) -> Result<Option<GrayPicture>, PixelError> {
        let WebPFrames(picture) = self;
        let (size, layout) = (picture.size(), picture.layout());
        let mut pixels = vec![0; picture.0.output_buffer_size().ok_or(PixelError::TooLarge)?];
        match picture.0.read_frame(&mut pixels) {
            Ok(_) => Ok(Some(layout.gray(&pixels, size))),
            Err(DecodingError::NoMoreFrames) => Ok(None),
            Err(other) => Err(error(other)),
        }
    }
}

fn error(error: DecodingError) -> PixelError {
    match error {
        DecodingError::IoError(error) => PixelError::Io(error),
        error => PixelError::Damaged("WebP", error.to_string()),
    }
}
