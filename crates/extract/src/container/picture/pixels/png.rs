//! PNG and its animations (PNG specification, third edition).

use super::canvas::{Canvas, CanvasFrame, Disposal};
use super::raster::{MovingPicture, PictureSize, PixelError, PixelLayout, StillPicture};
use crate::ocr::GrayPicture;
use png::{BlendOp, ColorType, DecodingError, DisposeOp, Limits, Reader, Transformations};
use std::io::{BufRead, Seek};

pub struct PngPicture<R: BufRead + Seek> {
    reader: Reader<R>,
    layout: PixelLayout,
}

impl<R: BufRead + Seek> PngPicture<R> {
    /// Reads what is before the pixels, and keeps at most so many bytes of it.
    pub fn open(input: R, most: usize) -> Result<Self, PixelError> {
        let mut decoder = png::Decoder::new_with_limits(input, Limits { bytes: most });
        decoder.set_transformations(Transformations::EXPAND);
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let reader = decoder.read_info().map_err(error)?;
        let (color, depth) = reader.output_color_type();
        let channels = match color {
            ColorType::Grayscale | ColorType::Indexed => 1,
            ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
        };
        let layout = PixelLayout { channels, each: if depth == png::BitDepth::Sixteen { 2 } else { 1 } };
        Ok(PngPicture { reader, layout })
    }

    pub fn is_animated(&self) -> bool {
        self.reader.info().animation_control.is_some()
    }

    pub fn into_frames(self) -> PngFrames<R> {
        let info = self.reader.info();
        let left = info.animation_control.map_or(0, |control| control.num_frames);
        let (has_thumbnail, canvas) = (info.frame_control.is_none(), Canvas::new(self.size()));
        PngFrames { picture: self, canvas, left, has_thumbnail }
    }

    /// The pixels of the next picture in the file, of whatever size.
    fn read(&mut self) -> Result<Vec<u8>, PixelError> {
        let mut pixels = vec![0; self.reader.output_buffer_size().ok_or(PixelError::TooLarge)?];
        self.decode_into(&mut pixels)?;
        Ok(pixels)
    }

    fn decode_into(&mut self, pixels: &mut [u8]) -> Result<(), PixelError> {
        self.reader.next_frame(pixels).map_err(error)?;
        Ok(())
    }
}

impl<R: BufRead + Seek> StillPicture for PngPicture<R> {
    fn size(&self) -> PictureSize {
        let (width, height) = self.reader.info().size();
        PictureSize { width, height }
    }

    fn layout(&self) -> PixelLayout {
        self.layout
    }

    fn decode(mut self, pixels: &mut [u8]) -> Result<(), PixelError> {
        self.decode_into(pixels)
    }
}

pub struct PngFrames<R: BufRead + Seek> {
    picture: PngPicture<R>,
    canvas: Canvas,
    /// How many frames are still to come.
    left: u32,
    /// A picture comes first that is no frame.
    has_thumbnail: bool,
}

impl<R: BufRead + Seek> MovingPicture for PngFrames<R> {
    fn size(&self) -> PictureSize {
        self.picture.size()
    }

    fn next_frame(&mut self) -> Result<Option<GrayPicture>, PixelError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        if std::mem::take(&mut self.has_thumbnail) {
            self.picture.read()?;
        }
        self.canvas.dispose();
        let raw = self.picture.read()?;
        let info = self.picture.reader.info();
        let whole = png::FrameControl { width: info.width, height: info.height, ..Default::default() };
        let frame = info.frame_control.unwrap_or(whole);
        let size = PictureSize { width: frame.width, height: frame.height };
        let layout = self.picture.layout;
        // Rows of an interlaced frame stand where they would in a whole picture.
        let width = if info.interlaced { info.width } else { frame.width };
        let stride = width as usize * layout.bytes();
        let rows = raw.chunks_exact(stride).take(size.height as usize);
        let row = |row| <[u8]>::chunks_exact(row, layout.bytes()).take(size.width as usize);
        let mut pixels = Vec::with_capacity(4 * size.pixels() as usize);
        pixels.extend(rows.flat_map(row).flat_map(|pixel| layout.rgba(pixel)));
        self.canvas.draw(CanvasFrame {
            left: frame.x_offset,
            top: frame.y_offset,
            size,
            pixels,
            is_over: frame.blend_op == BlendOp::Over,
            disposal: match frame.dispose_op {
                DisposeOp::None => Disposal::Keep,
                DisposeOp::Background => Disposal::Clear,
                DisposeOp::Previous => Disposal::Restore,
            },
        });
        Ok(Some(self.canvas.gray()))
    }
}

fn error(error: DecodingError) -> PixelError {
    match error {
        DecodingError::IoError(error) => PixelError::Io(error),
        DecodingError::LimitsExceeded => PixelError::TooLarge,
        error => PixelError::Damaged("Png", error.to_string()),
    }
}
