//! What an animation is drawn on: each of its frames covers a part of what was there before.

use super::raster::{PictureSize, PixelLayout};
use crate::ocr::GrayPicture;

/// Bytes of a pixel: red, green, blue and alpha.
const EACH: usize = 4;

/// What becomes of a frame before the next one is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disposal {
    /// It stays.
    Keep,
    /// Its place becomes transparent.
    Clear,
    /// What was there before comes back.
    Restore,
}

/// A frame, and where it is drawn.
pub struct CanvasFrame {
    pub left: u32,
    pub top: u32,
    pub size: PictureSize,
    /// In red, green, blue and alpha.
    pub pixels: Vec<u8>,
    /// Whether one sees through it to what was there before.
    pub is_over: bool,
    pub disposal: Disposal,
}

/// The picture as it is seen once the frames so far have been laid over each other.
pub struct Canvas {
    size: PictureSize,
    pixels: Vec<u8>,
    /// The last frame. Its pixels are those that it covers.
    last: Option<CanvasFrame>,
}

impl Canvas {
    /// A transparent one.
    pub fn new(size: PictureSize) -> Self {
        Canvas { size, pixels: vec![0; size.pixels() as usize * EACH], last: None }
    }

    /// Disposes of the last frame.
    pub fn dispose(&mut self) {
        let Some(mut frame) = self.last.take() else { return };
        match frame.disposal {
            Disposal::Keep => {}
            Disposal::Clear => {
                frame.pixels.fill(0);
                self.swap(&mut frame);
            }
            Disposal::Restore => self.swap(&mut frame),
        }
    }

    /// Draws a frame, which may reach over the edge.
    pub fn draw(&mut self, mut frame: CanvasFrame) {
        self.dispose();
        if frame.is_over {
            each_pixel(&mut self.pixels, self.size, &mut frame, |below, above| {
                *above = over(*below, *above);
            });
        }
        self.swap(&mut frame);
        self.last = (frame.disposal != Disposal::Keep).then_some(frame);
    }

    pub fn gray(&self) -> GrayPicture {
        PixelLayout::RGBA.gray(&self.pixels, self.size)
    }

    fn swap(&mut self, frame: &mut CanvasFrame) {
        each_pixel(&mut self.pixels, self.size, frame, std::mem::swap);
    }
}

/// Hands on each pixel of a canvas, and that of the frame which lies on it.
fn each_pixel(
    canvas: &mut [u8],
    size: PictureSize,
    frame: &mut CanvasFrame,
    mut change: impl FnMut(&mut [u8; EACH], &mut [u8; EACH]),
) {
    let width = frame.size.width.min(size.width.saturating_sub(frame.left)) as usize;
    let height = frame.size.height.min(size.height.saturating_sub(frame.top)) as usize;
    if width == 0 {
        return;
    }
    let (canvas, _) = canvas.as_chunks_mut();
    let (pixels, _) = frame.pixels.as_chunks_mut();
    let rows = canvas.chunks_exact_mut(size.width as usize).skip(frame.top as usize);
    for (below, above) in rows.zip(pixels.chunks_exact_mut(frame.size.width as usize)).take(height) {
        for (below, above) in below[frame.left as usize..].iter_mut().zip(&mut above[..width]) {
            change(below, above);
        }
    }
}

/// A pixel over another one (PNG specification, third edition, 13.16).
fn over(below: [u8; EACH], above: [u8; EACH]) -> [u8; EACH] {
    match (above[3], below[3]) {
        (0, _) => below,
        (255, _) | (_, 0) => above,
        (alpha, ground) => {
            let above_share = u32::from(alpha) * 255;
            let below_share = u32::from(ground) * (255 - u32::from(alpha));
            let all = above_share + below_share;
            let mixed = |channel: usize| {
                let sum = u32::from(above[channel]) * above_share + u32::from(below[channel]) * below_share;
                (sum / all) as u8
            };
            [mixed(0), mixed(1), mixed(2), (all / 255) as u8]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: [u8; 4] = [0, 0, 0, 255];
    const WHITE: [u8; 4] = [255; 4];
    const NONE: [u8; 4] = [0; 4];

    fn frame(left: u32, width: u32, color: [u8; 4], disposal: Disposal) -> CanvasFrame {
        let size = PictureSize { width, height: 1 };
        let pixels = color.repeat(width as usize);
        CanvasFrame { left, top: 0, size, pixels, is_over: true, disposal }
    }

    fn seen(canvas: &Canvas) -> &[[u8; 4]] {
        canvas.pixels.as_chunks().0
    }

    #[test]
    fn a_frame_is_kept_cleared_or_undone_before_the_next_one() {
        let mut canvas = Canvas::new(PictureSize { width: 3, height: 1 });
        canvas.draw(frame(0, 2, WHITE, Disposal::Keep));
        canvas.draw(frame(1, 1, BLACK, Disposal::Restore));
        assert_eq!(seen(&canvas), [WHITE, BLACK, NONE]);
        canvas.draw(frame(2, 1, BLACK, Disposal::Clear));
        assert_eq!(seen(&canvas), [WHITE, WHITE, BLACK]);
        canvas.draw(frame(0, 1, NONE, Disposal::Keep));
        assert_eq!(seen(&canvas), [WHITE, WHITE, NONE]);
        canvas.draw(CanvasFrame { is_over: false, ..frame(0, 1, NONE, Disposal::Keep) });
        assert_eq!(seen(&canvas), [NONE, WHITE, NONE]);
    }

    #[test]
    fn what_reaches_over_the_edge_is_cut_off() {
        let mut canvas = Canvas::new(PictureSize { width: 3, height: 2 });
        canvas.draw(CanvasFrame { top: 1, ..frame(2, 4, BLACK, Disposal::Restore) });
        assert_eq!(seen(&canvas), [NONE, NONE, NONE, NONE, NONE, BLACK]);
        canvas.draw(frame(3, 4, BLACK, Disposal::Clear));
        canvas.draw(CanvasFrame { top: 2, ..frame(0, 3, BLACK, Disposal::Clear) });
        canvas.draw(frame(0, 0, BLACK, Disposal::Clear));
        assert_eq!(seen(&canvas), [NONE; 6]);
    }

    #[test]
    fn one_sees_half_through_what_covers_half() {
        assert_eq!(over(BLACK, [200, 100, 0, 128]), [100, 50, 0, 255]);
        assert_eq!(over([0, 0, 0, 128], [255, 255, 255, 128]), [170, 170, 170, 191]);
        assert_eq!(over(NONE, [7, 8, 9, 10]), [7, 8, 9, 10]);
    }
}
