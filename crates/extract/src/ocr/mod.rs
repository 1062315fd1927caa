//! The text that people see in pictures, read by the program `tesseract`.
//!
//! Takes pixels, gives the lines that can be made out in them. No more pictures are looked at side by side than there are
//! cores, over all threads, each for a limited time, and none twice: what was made out of a picture is kept for the run.
//! Pixels reach the program in a temporary file that has no name. Nothing here knows what a token is.

mod page;
mod pixels;
mod tesseract;

use page::OcrPage;
use pixels::OcrPass;
use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
pub use tesseract::Missing;
use tesseract::Tesseract;

/// What is kept of the texts of pictures, in bytes. What comes behind that is looked at again when it is needed again.
const MAX_KEPT_BYTES: usize = 32 << 20;

/// A picture in shades of grey.
#[derive(Debug, PartialEq)]
pub struct GrayPicture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// A byte each, row by row.
    pub pixels: Vec<u8>,
}

/// SHA-256 of a picture's bytes.
pub type PictureHash = [u8; 32];

/// What was made out in a picture.
#[derive(Debug, Default)]
pub struct PictureText {
    /// The text of each frame that says something new, and the frame's number, from 1.
    pub frames: Vec<(usize, String)>,
    /// Why some of it was not read, as reports show it.
    pub unread: Option<String>,
}

impl PictureText {
    /// Nothing, for a reason.
    pub fn nothing(reason: impl Into<String>) -> Self {
        PictureText { frames: Vec::new(), unread: Some(reason.into()) }
    }

    fn bytes(&self) -> usize {
        let texts: usize = self.frames.iter().map(|(_, text)| text.len()).sum();
        texts + self.unread.as_ref().map_or(0, String::len) + size_of::<Self>() + size_of::<PictureHash>()
    }
}

/// Reads the text in pictures.
#[derive(Debug)]
pub struct Ocr {
    tesseract: Tesseract,
    slots: Slots,
    texts: Mutex<PictureTexts>,
    pictures: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct PictureTexts {
    seen: HashMap<PictureHash, Arc<PictureText>>,
    bytes: usize,
}

impl Ocr {
    /// Looks for the program. `most`: how many pictures to look at side by side; `time`: how long one look may take.
    ///
    /// # Errors
    /// The program is not there, or cannot be used.
    pub fn find(most: usize, time: Duration) -> Result<Self, Missing> {
        let tesseract = Tesseract::find(time)?;
        Ok(Ocr { tesseract, slots: Slots::new(most), texts: Mutex::default(), pictures: Arc::default() })
    }

    /// How many pictures were read, counted while they are.
    pub fn pictures(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.pictures)
    }

    /// What was made out in the picture with this key; `look` does so where nobody has yet. Nobody waits for another one's
    /// look: whoever looks may itself be waiting for what the other one holds.
    pub fn once(&self, key: PictureHash, look: impl FnOnce() -> PictureText) -> Arc<PictureText> {
        if let Some(seen) = lock(&self.texts).seen.get(&key) {
            return Arc::clone(seen);
        }
        let seen = Arc::new(look());
        self.pictures.fetch_add(1, Ordering::Relaxed);
        let mut texts = lock(&self.texts);
        if texts.bytes + seen.bytes() <= MAX_KEPT_BYTES {
            texts.bytes += seen.bytes();
            texts.seen.insert(key, Arc::clone(&seen));
        }
        seen
    }

    /// Makes out what stands in some pixels. `waited` grows by the time that was not spent on them.
    ///
    /// # Errors
    /// Why nothing was made out, as reports show it.
    pub fn read(&self, picture: &GrayPicture, waited: &mut Duration) -> Result<String, String> {
        let first = OcrPass::first(picture);
        let page = self.look(picture, first, waited)?;
        let mut text = page.text() + "\n";
        for look in page.height().into_iter().flat_map(|height| first.further(picture, height)) {
            let news = self.look(picture, look, waited)?.news(&text);
            if !news.is_empty() {
                text.push('\n');
                text.push_str(&news);
            }
        }
        Ok(text)
    }

    fn look(&self, picture: &GrayPicture, look: OcrPass, waited: &mut Duration) -> Result<OcrPage, String> {
        let file =
            look.file(picture).map_err(|error| format!("cannot be kept in a temporary file: {error}"))?;
        self.run(file, look.page_mode, waited)
    }

    /// As [`Ocr::read`], of a picture in a format that tesseract itself decodes.
    ///
    /// # Errors
    /// As [`Ocr::read`].
    pub fn read_file(&self, picture: File, waited: &mut Duration) -> Result<String, String> {
        Ok(self.run(picture, pixels::WHOLE_PAGE, waited)?.text() + "\n")
    }

    fn run(&self, picture: File, page_mode: u8, waited: &mut Duration) -> Result<OcrPage, String> {
        let asked = Instant::now();
        let _slot = self.slots.take();
        *waited += asked.elapsed();
        self.tesseract.run(picture, page_mode).map(|table| OcrPage::parse(&table))
    }

    /// Ends what is running, and starts nothing any more.
    pub fn end(&self) {
        self.tesseract.end();
    }
}

/// So many at a time.
#[derive(Debug)]
struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

#[derive(Debug)]
struct Slot<'s>(&'s Slots);

impl Slots {
    fn new(most: usize) -> Self {
        Slots { free: Mutex::new(most.max(1)), freed: Condvar::new() }
    }

    fn take(&self) -> Slot<'_> {
        let mut free = lock(&self.free);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Slot(self)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
