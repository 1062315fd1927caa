//! What people see in a picture: its pixels decoded, within limits, and handed to [`crate::ocr`].

use super::PictureFormat;
use crate::container::pieces::{NextPiece, TextSegment};
use crate::container::{Seekable, Walk};
use crate::ocr::{Ocr, PictureHash, PictureText};
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{
    AnimationDecoder, ColorType, DynamicImage, GrayImage, ImageDecoder, ImageError, ImageResult, Limits,
};
use krea_scan_bounds::memory::Held;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use sha2::{Digest, Sha256};
use std::io::{self, BufReader, Seek};
use std::sync::Arc;
use std::time::Duration;

/// Pictures of more pixels are not looked at.
const MOST_PIXELS: u64 = 25_000_000;
/// Of one animation no more different frames are looked at.
const MOST_FRAMES: usize = 100;
/// A line of letters that is new is one with a word of so many letters: others change with the clock and the cursor.
const LONG_WORD: usize = 12;
/// What a decoder of a progressive JPEG needs for a pixel besides what it gives, in bytes: three numbers of two.
const PROGRESSIVE: u64 = 6;
/// What an animation needs for a pixel, in bytes: the canvas and a frame in colours, this frame and the last in grey.
const FRAME: u64 = 10;
/// How much of a file is read at once, in bytes.
const BUFFER: usize = 64 << 10;

impl Walk<'_> {
    /// Whether the text in pixels is read at all.
    pub fn reads_pixels(&self) -> bool {
        self.ocr.is_some()
    }

    /// Reads the text in pixels that stand for what the way leads to: a page that was scanned. The text is a layer `ocr` of
    /// it. `name` is the file's own. Whoever calls this has taken the memory for the pixels.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn pixels(&mut self, name: &str, picture: DynamicImage) -> io::Result<()> {
        let Some(ocr) = self.ocr else { return Ok(()) };
        let mut hash = Sha256::new();
        hash.update(picture.width().to_le_bytes());
        hash.update(picture.as_bytes());
        let mut waited = Duration::ZERO;
        let seen = ocr.once(hash.finalize().into(), || {
            let (width, height) = (picture.width(), picture.height());
            let gray = gray(picture.as_bytes(), width, height, picture.color());
            match ocr.read(&gray.unwrap_or_else(|| picture.into_luma8()), &mut waited) {
                Ok(text) => PictureText { frames: vec![(1, text)], unread: None },
                Err(reason) => PictureText::nothing(reason),
            }
        });
        self.budget.pause(waited);
        self.seen(name, seen)
    }

    /// Hands on what was made out.
    fn seen(&mut self, name: &str, seen: Arc<PictureText>) -> io::Result<()> {
        if let Some(reason) = &seen.unread {
            self.unread(reason);
        }
        let is_one = seen.frames.len() == 1 && seen.frames[0].0 == 1;
        match seen.frames.is_empty() {
            true => Ok(self.budget.spend(0)?),
            false => self.pieces(Layer::named(LayerKind::Ocr, ""), name, Frames { seen, next: 0, is_one }),
        }
    }
}

/// Reads what is seen in a picture file.
pub fn read_pixels(
    walk: &mut Walk<'_>,
    format: PictureFormat,
    name: &str,
    input: &mut dyn Seekable,
) -> io::Result<()> {
    let Some(ocr) = walk.ocr else { return Ok(()) };
    let key = key(input)?;
    let mut waited = Duration::ZERO;
    let seen = ocr.once(key, || match format {
        PictureFormat::Tiff => file(ocr, input, &mut waited),
        PictureFormat::Heif => PictureText::nothing(format!("is HEIC or AVIF, {NOT_DECODED}")),
        PictureFormat::Png | PictureFormat::Jpeg | PictureFormat::Gif | PictureFormat::WebP => {
            Looker { walk, ocr, seen: PictureText::default(), last: None, waited: &mut waited }
                .look(format, input)
        }
    });
    walk.budget.pause(waited);
    walk.seen(name, seen)
}

const NOT_DECODED: &str = "whose pixels are not read; make a PNG of it and scan that";

/// SHA-256 of a file.
fn key(input: &mut dyn Seekable) -> io::Result<PictureHash> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; BUFFER]);
    input.rewind()?;
    loop {
        match input.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    input.rewind()?;
    Ok(hash.finalize().into())
}

/// Looks at a file that tesseract decodes itself.
fn file(ocr: &Ocr, input: &mut dyn Seekable, waited: &mut Duration) -> PictureText {
    let mut copy = || {
        let mut copy = tempfile::tempfile()?;
        io::copy(input, &mut copy)?;
        copy.rewind()?;
        io::Result::Ok(copy)
    };
    let text = copy().map_err(|error| error.to_string()).and_then(|copy| ocr.read_file(copy, waited));
    match text {
        Ok(text) => PictureText { frames: vec![(1, text)], unread: None },
        Err(reason) => PictureText::nothing(reason),
    }
}

/// Decodes a picture and looks at it.
struct Looker<'l, 'w> {
    walk: &'l Walk<'w>,
    ocr: &'l Ocr,
    seen: PictureText,
    /// The frame that was looked at last.
    last: Option<GrayImage>,
    waited: &'l mut Duration,
}

impl<'w> Looker<'_, 'w> {
    fn look(mut self, format: PictureFormat, input: &mut dyn Seekable) -> PictureText {
        if let Err(error) = self.decode(format, BufReader::new(input)) {
            self.seen.unread = Some(match &error {
                ImageError::Limits(_) => {
                    "is too large to be looked at; make it smaller, and scan that".to_owned()
                }
                ImageError::IoError(error)
                    if error.get_ref().is_some_and(|inner| inner.is::<ReadError>()) =>
                {
                    error.to_string()
                }
                error => format!("is damaged or cut short, and not all of its text was read: {error}"),
            });
        }
        self.seen
    }

    fn decode(&mut self, format: PictureFormat, input: BufReader<&mut dyn Seekable>) -> ImageResult<()> {
        match format {
            PictureFormat::Jpeg => self.still(JpegDecoder::new(input)?, PROGRESSIVE),
            PictureFormat::Gif => {
                let decoder = GifDecoder::new(input)?;
                self.animation(decoder.dimensions(), |limits| {
                    let mut decoder = decoder;
                    decoder.set_limits(limits)?;
                    Ok(decoder.into_frames())
                })
            }
            PictureFormat::WebP => {
                let decoder = WebPDecoder::new(input)?;
                match decoder.has_animation() {
                    true => self.animation(decoder.dimensions(), |_| Ok(decoder.into_frames())),
                    false => self.still(decoder, 0),
                }
            }
            _ => {
                let decoder = PngDecoder::with_limits(input, limits(MOST_PIXELS))?;
                match decoder.is_apng()? {
                    true => self.animation(decoder.dimensions(), |_| Ok(decoder.apng()?.into_frames())),
                    false => self.still(decoder, 0),
                }
            }
        }
    }

    /// Looks at one picture. `besides`: what its decoder needs for a pixel besides what it gives, in bytes.
    fn still(&mut self, mut decoder: impl ImageDecoder, besides: u64) -> ImageResult<()> {
        let ((width, height), color) = (decoder.dimensions(), decoder.color_type());
        let pixels = u64::from(width) * u64::from(height);
        let held = self.memory(pixels, u64::from(color.bytes_per_pixel()) + besides)?;
        decoder.set_limits(limits(pixels))?;
        // What is behind a damage stays white.
        let mut bytes = vec![0xff; decoder.total_bytes() as usize];
        let decoded = decoder.read_image(&mut bytes);
        let gray_held = self.memory(pixels, 1)?;
        let gray = gray(&bytes, width, height, color);
        drop((bytes, held));
        if let Some(gray) = gray {
            self.frame(1, gray)?;
        }
        drop(gray_held);
        decoded
    }

    /// Looks at the frames that differ.
    fn animation<'f>(
        &mut self,
        (width, height): (u32, u32),
        frames: impl FnOnce(Limits) -> ImageResult<image::Frames<'f>>,
    ) -> ImageResult<()> {
        let pixels = u64::from(width) * u64::from(height);
        let _held = self.memory(pixels, FRAME)?;
        let mut looked_at = 0;
        for (number, frame) in frames(limits(pixels * FRAME))?.enumerate() {
            self.walk.budget.spend(0).map_err(io::Error::from)?;
            let frame = frame?.into_buffer();
            let Some(gray) = gray(&frame, frame.width(), frame.height(), ColorType::Rgba8) else { continue };
            if self.last.as_ref() == Some(&gray) {
                continue;
            }
            if looked_at == MOST_FRAMES {
                let reason =
                    format!("has more than {MOST_FRAMES} different frames; the first of them were read");
                return Err(io::Error::from(ReadError::new(reason)).into());
            }
            looked_at += 1;
            self.frame(number + 1, gray)?;
        }
        Ok(())
    }

    /// Takes memory for pixels, `each` in bytes.
    fn memory(&self, pixels: u64, each: u64) -> ImageResult<Held<'w>> {
        let too_large = || {
            let millions = pixels.div_ceil(1_000_000);
            let reason = format!(
                "has {millions} million pixels, which are too many to be looked at; cut it, and scan the parts"
            );
            ImageError::from(io::Error::from(ReadError::new(reason)))
        };
        if pixels > MOST_PIXELS {
            return Err(too_large());
        }
        self.walk.memory.take(pixels * each).map_err(|_| too_large())
    }

    /// Reads the text in a frame, and keeps it if it says something that the frames before did not.
    fn frame(&mut self, number: usize, gray: GrayImage) -> ImageResult<()> {
        match self.ocr.read(&gray, self.waited) {
            Ok(text) => {
                let known = |word: &str| self.seen.frames.iter().any(|(_, text)| text.contains(word));
                let says_more = text.split_whitespace().any(|word| word.len() >= LONG_WORD && !known(word));
                if says_more || self.seen.frames.is_empty() {
                    self.seen.frames.push((number, text));
                }
                self.last = Some(gray);
                Ok(())
            }
            Err(reason) => Err(io::Error::from(ReadError::new(reason)).into()),
        }
    }
}

/// What a decoder may take for so many bytes of pixels.
fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(bytes.saturating_mul(16));
    limits
}

/// Pixels without their colours, and laid on what they stand out from where one can see through them. `None` for a layout
/// that no decoder here gives.
fn gray(bytes: &[u8], width: u32, height: u32, color: ColorType) -> Option<GrayImage> {
    let channels = usize::from(color.channel_count());
    let size = usize::from(color.bytes_per_pixel());
    let each = size / channels;
    // The upper half of a number says enough of it.
    let upper = if cfg!(target_endian = "little") { each - 1 } else { 0 };
    if each > 2 {
        return None;
    }
    let value = |pixel: &[u8], channel: usize| u32::from(pixel[channel * each + upper]);
    let luma = |pixel: &[u8]| match channels {
        1 | 2 => value(pixel, 0),
        // BT.601, as everybody has it.
        _ => (value(pixel, 0) * 299 + value(pixel, 1) * 587 + value(pixel, 2) * 114) / 1000,
    };
    let alpha = |pixel: &[u8]| if channels % 2 == 0 { value(pixel, channels - 1) } else { 255 };
    let (mut sum, mut count) = (0u64, 0u64);
    if channels % 2 == 0 {
        for pixel in bytes.chunks_exact(size) {
            sum += u64::from(luma(pixel) * alpha(pixel));
            count += u64::from(alpha(pixel));
        }
    }
    let ground = if sum > 127 * count { 0 } else { 255 };
    let pixels = bytes.chunks_exact(size).map(|pixel| {
        let alpha = alpha(pixel);
        ((luma(pixel) * alpha + ground * (255 - alpha)) / 255) as u8
    });
    GrayImage::from_raw(width, height, pixels.collect())
}

/// The frames of an animation that say something, or one picture.
struct Frames {
    seen: Arc<PictureText>,
    next: usize,
    is_one: bool,
}

impl NextPiece for Frames {
    fn next_piece(&mut self, piece: &mut TextSegment) -> io::Result<bool> {
        let Some((number, text)) = self.seen.frames.get(self.next) else { return Ok(false) };
        self.next += 1;
        piece.text.extend_from_slice(text.as_bytes());
        piece.part = (!self.is_one).then(|| Layer::named(LayerKind::Frame, &format!("frame {number}")));
        Ok(true)
    }
}
