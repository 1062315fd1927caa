//! What people see in a picture: its pixels decoded, within limits, and handed to [`crate::ocr`].

mod canvas;
mod gif;
mod jpeg;
mod png;
mod raster;
mod webp;

use self::gif::GifFrames;
use self::jpeg::JpegPicture;
use self::png::PngPicture;
use self::raster::{MovingPicture, PixelError, StillPicture};
use self::webp::WebPPicture;
use super::PictureFormat;
use crate::container::segments::{SegmentSource, TextSegment};
use crate::container::{Seekable, Walk};
use crate::ocr::{GrayPicture, Ocr, PictureHash, PictureText};
use krea_scan_bounds::memory::Held;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use sha2::{Digest, Sha256};
use std::io::{self, BufReader, Read, Seek};
use std::sync::Arc;
use std::time::Duration;

/// Pictures of more pixels are not looked at.
pub const MAX_PIXELS: u64 = 25_000_000;
/// Of one animation no more different frames are looked at.
const MAX_FRAMES: usize = 100;
/// A line of letters that is new is one with a word of so many letters: others change with the clock and the cursor.
const LONG_WORD: usize = 12;
/// What a decoder of a progressive JPEG needs for a pixel besides what it gives, in bytes: three numbers of two.
const PROGRESSIVE: u64 = 6;
/// What an animation needs for a pixel, in bytes: the canvas and a frame in colours, this frame and the last in grey.
const FRAME: u64 = 10;
/// What the decoder of a PNG may take besides, in bytes.
const MAX_PNG_DECODER_BYTES: usize = 400 << 20;
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
    pub fn pixels(&mut self, name: &str, picture: &GrayPicture) -> io::Result<()> {
        let Some(ocr) = self.ocr else { return Ok(()) };
        let mut hash = Sha256::new();
        hash.update(picture.width.to_le_bytes());
        hash.update(&picture.pixels);
        let mut waited = Duration::ZERO;
        let seen = ocr.once(hash.finalize().into(), || match ocr.read(picture, &mut waited) {
            Ok(text) => PictureText { frames: vec![(1, text)], unread: None },
            Err(reason) => PictureText::nothing(reason),
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
            false => self.segments(Layer::named(LayerKind::Ocr, ""), name, Frames { seen, next: 0, is_one }),
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

pub const TOO_LARGE: &str = "is too large to be looked at; make it smaller, and scan that";
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
    last: Option<GrayPicture>,
    waited: &'l mut Duration,
}

impl<'w> Looker<'_, 'w> {
    fn look(mut self, format: PictureFormat, input: &mut dyn Seekable) -> PictureText {
        if let Err(error) = self.decode(format, BufReader::new(input)) {
            self.seen.unread = Some(match &error {
                PixelError::TooLarge => TOO_LARGE.to_owned(),
                PixelError::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<ReadError>()) => {
                    error.to_string()
                }
                error => format!("is damaged or cut short, and not all of its text was read: {error}"),
            });
        }
        self.seen
    }

    fn decode(
        &mut self,
        format: PictureFormat,
        mut input: BufReader<&mut dyn Seekable>,
    ) -> Result<(), PixelError> {
        match format {
            PictureFormat::Jpeg => {
                let length = input.seek(io::SeekFrom::End(0))?;
                input.rewind()?;
                let _held = self.walk.memory.take(length).map_err(|_| PixelError::TooLarge)?;
                let mut file = Vec::new();
                input.read_to_end(&mut file)?;
                self.still(JpegPicture::open(&file)?, PROGRESSIVE)
            }
            PictureFormat::Gif => self.moving(GifFrames::open(input)?),
            PictureFormat::WebP => {
                let picture = WebPPicture::open(input)?;
                match picture.is_animated() {
                    true => self.moving(picture.into_frames()),
                    false => self.still(picture, 0),
                }
            }
            _ => {
                let picture = PngPicture::open(input, MAX_PNG_DECODER_BYTES)?;
                match picture.is_animated() {
                    true => self.moving(picture.into_frames()),
                    false => self.still(picture, 0),
                }
            }
        }
    }

    /// Looks at one picture. `besides`: what its decoder needs for a pixel besides what it gives, in bytes.
    fn still(&mut self, picture: impl StillPicture, besides: u64) -> Result<(), PixelError> {
        let (size, layout) = (picture.size(), picture.layout());
        let held = self.memory(size.pixels(), layout.bytes() as u64 + besides)?;
        // What is behind a damage stays white.
        let mut bytes = vec![0xff; size.pixels() as usize * layout.bytes()];
        let decoded = picture.decode(&mut bytes);
        let gray_held = self.memory(size.pixels(), 1)?;
        let gray = layout.gray(&bytes, size);
        drop((bytes, held));
        self.frame(1, gray)?;
        drop(gray_held);
        decoded
    }

    /// Looks at the frames that differ.
    fn moving(&mut self, mut frames: impl MovingPicture) -> Result<(), PixelError> {
        let _held = self.memory(frames.size().pixels(), FRAME)?;
        let mut looked_at = 0;
        let mut number = 0;
        while let Some(gray) = frames.next_frame()? {
            self.walk.budget.spend(0).map_err(io::Error::from)?;
            number += 1;
            if self.last.as_ref() == Some(&gray) {
                continue;
            }
            if looked_at == MAX_FRAMES {
                let reason =
                    format!("has more than {MAX_FRAMES} different frames; the first of them were read");
                return Err(io::Error::from(ReadError::new(reason)).into());
            }
            looked_at += 1;
            self.frame(number, gray)?;
        }
        Ok(())
    }

    /// Takes memory for pixels, `each` in bytes.
    fn memory(&self, pixels: u64, each: u64) -> Result<Held<'w>, PixelError> {
        let too_large = || {
            let millions = pixels.div_ceil(1_000_000);
            let reason = format!(
                "has {millions} million pixels, which are too many to be looked at; cut it, and scan the parts"
            );
            PixelError::from(io::Error::from(ReadError::new(reason)))
        };
        if pixels > MAX_PIXELS {
            return Err(too_large());
        }
        self.walk.memory.take(pixels * each).map_err(|_| too_large())
    }

    /// Reads the text in a frame, and keeps it if it says something that the frames before did not.
    fn frame(&mut self, number: usize, gray: GrayPicture) -> Result<(), PixelError> {
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

/// The frames of an animation that say something, or one picture.
struct Frames {
    seen: Arc<PictureText>,
    next: usize,
    is_one: bool,
}

impl SegmentSource for Frames {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        let Some((number, text)) = self.seen.frames.get(self.next) else { return Ok(false) };
        self.next += 1;
        segment.text.extend_from_slice(text.as_bytes());
        segment.part = (!self.is_one).then(|| Layer::named(LayerKind::Frame, &format!("frame {number}")));
        Ok(true)
    }
}
