//! Makes pixels ready to be read: dark letters on a light ground, of a size that tesseract reads well.
//!
//! Tesseract is made for scanned paper. On a screen, letters are small, and may be light on dark.

use super::GrayPicture;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

/// Tesseract's `--psm` for a page whose blocks it finds by itself.
pub const WHOLE_PAGE: u8 = 3;
/// And for a page that is one block.
const ONE_BLOCK: u8 = 6;

/// The heights of lines at which letters are read best, in pixels. What is misread at one is often right at the other.
const GOOD: [(f32, u8); 2] = [(28.0, WHOLE_PAGE), (44.0, ONE_BLOCK)];
/// How far from such a height is still as good.
const NEAR: f32 = 1.2;
/// Pictures of fewer pixels are made twice as large for a first look.
const SMALL: u64 = 2_500_000;
/// No picture is made larger than this, in pixels, and none is made more than so many times larger.
const MAX_PIXELS: f32 = 24e6;
const MAX_SCALE: f32 = 5.0;

/// One way to look at a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OcrPass {
    /// How many times larger it is made.
    scale: f32,
    /// Tesseract's `--psm`.
    pub page_mode: u8,
}

impl OcrPass {
    /// The first look at a picture.
    pub fn first(picture: &GrayPicture) -> OcrPass {
        let pixels = u64::from(picture.width) * u64::from(picture.height);
        OcrPass { scale: if pixels < SMALL { 2.0 } else { 1.0 }, page_mode: ONE_BLOCK }
    }

    /// The further looks, when the first one came upon lines of this height in pixels.
    pub fn further(self, picture: &GrayPicture, height: f32) -> impl Iterator<Item = OcrPass> {
        let own = height / self.scale;
        let pixels = picture.width as f32 * picture.height as f32;
        let most = (MAX_PIXELS / pixels).sqrt().min(MAX_SCALE);
        let is_near = move |good: f32| good / height < NEAR && height / good < NEAR;
        let looks = GOOD.into_iter().filter(move |&(good, _)| !is_near(good));
        looks.map(move |(good, page_mode)| OcrPass { scale: (good / own).min(most), page_mode })
    }

    /// A file that holds the picture as it is to be looked at, as PGM.
    pub fn file(self, picture: &GrayPicture) -> io::Result<File> {
        let mut file = BufWriter::new(tempfile::tempfile()?);
        let scaled = |length: u32| ((length as f32 * self.scale) as u32).max(1);
        let (width, height) = (scaled(picture.width), scaled(picture.height));
        write!(file, "P5\n{width} {height}\n255\n")?;
        let columns = taps(picture.width, width);
        let mut rows =
            Rows { picture, columns: &columns, is_dark: is_dark(picture), made: VecDeque::new(), next: 0 };
        let (mut sum, mut line) = (vec![0.0; width as usize], vec![0; width as usize]);
        for row in taps(picture.height, height) {
            rows.go_to(&row);
            sum.fill(0.0);
            for (weight, from) in row.weights.iter().zip(&rows.made) {
                for (sum, value) in sum.iter_mut().zip(from) {
                    *sum += weight * value;
                }
            }
            for (byte, sum) in line.iter_mut().zip(&sum) {
                *byte = sum.round().clamp(0.0, 255.0) as u8;
            }
            file.write_all(&line)?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }
}

/// What one pixel of a scaled line is made of: neighbours in the line it comes from.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// What each pixel of a line is made of that is scaled from one length to another: cubic convolution, over as many pixels
/// as become one where the line gets shorter (Keys 1981, a = -0.5).
fn taps(from: u32, to: u32) -> Vec<Taps> {
    let ratio = from as f32 / to as f32;
    let wide = ratio.max(1.0);
    let weight = |distance: f32| match distance.abs() {
        x if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        x if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        _ => 0.0,
    };
    let pixel = |at: u32| {
        let center = (at as f32 + 0.5) * ratio - 0.5;
        let first = (center - 2.0 * wide).ceil().max(0.0) as usize;
        let last = ((center + 2.0 * wide).floor() as usize).min(from as usize - 1);
        let mut weights: Vec<f32> = (first..=last).map(|at| weight((at as f32 - center) / wide)).collect();
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Taps { first, weights }
    };
    (0..to).map(pixel).collect()
}

/// The rows of a picture, scaled in width, as many as are needed at a time.
struct Rows<'p> {
    picture: &'p GrayPicture,
    columns: &'p [Taps],
    is_dark: bool,
    made: VecDeque<Vec<f32>>,
    /// The number of the row behind the last one that is made.
    next: usize,
}

impl Rows<'_> {
    /// Makes the rows that a row is made of.
    fn go_to(&mut self, row: &Taps) {
        let end = row.first + row.weights.len();
        let past = (row.first + self.made.len()).saturating_sub(self.next);
        self.made.drain(..past.min(self.made.len()));
        self.next = self.next.max(row.first);
        while self.next < end {
            self.made.push_back(self.make(self.next));
            self.next += 1;
        }
    }

    fn make(&self, number: usize) -> Vec<f32> {
        let width = self.picture.width as usize;
        let pixels = &self.picture.pixels[number * width..][..width];
        let value = |taps: &Taps| {
            let pixels = &pixels[taps.first..][..taps.weights.len()];
            let sum: f32 =
                pixels.iter().zip(&taps.weights).map(|(&pixel, weight)| f32::from(pixel) * weight).sum();
            if self.is_dark { 255.0 - sum } else { sum }
        };
        self.columns.iter().map(value).collect()
    }
}

/// Whether most of a picture is dark.
fn is_dark(picture: &GrayPicture) -> bool {
    let sum: u64 = picture.pixels.iter().map(|&pixel| u64::from(pixel)).sum();
    sum < 110 * picture.pixels.len() as u64
}
