//! A text that is put together before it is handed on, because other things in the file come first. It is kept in memory
//! while it is small.

use crate::container::MAX_IN_MEMORY;
use crate::container::segments::{SegmentSource, TextSegment};
use krea_scan_text::Layer;
use std::io::{self, Read, Seek, Write};
use tempfile::SpooledTempFile;

/// So much of a text is one segment at most, in bytes.
const MAX_SEGMENT_BYTES: u64 = 64 << 10;
/// More parts are not named.
const MAX_NAMED_PARTS: usize = 10_000;

/// A text that is being put together.
pub struct SpooledText {
    text: SpooledTempFile,
    /// How long each part is, and what it is called.
    parts: Vec<(u64, Layer)>,
}

impl SpooledText {
    pub fn new() -> Self {
        SpooledText { text: tempfile::spooled_tempfile(MAX_IN_MEMORY), parts: Vec::new() }
    }

    /// What is added from here on is a part with this name.
    pub fn part(&mut self, name: Layer) {
        if self.parts.len() < MAX_NAMED_PARTS {
            self.parts.push((0, name));
        }
    }

    /// Adds text.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn push(&mut self, text: &[u8]) -> io::Result<()> {
        self.text.write_all(text)?;
        if let Some((length, _)) = self.parts.last_mut() {
            *length += text.len() as u64;
        }
        Ok(())
    }

    /// The text, from its start.
    ///
    /// # Errors
    /// What the disk answers.
    pub fn finish(mut self) -> io::Result<impl SegmentSource> {
        self.text.rewind()?;
        Ok(SpooledSegments { text: self.text, parts: self.parts.into_iter(), part: None })
    }
}

struct SpooledSegments {
    text: SpooledTempFile,
    parts: std::vec::IntoIter<(u64, Layer)>,
    /// What is left of a part.
    part: Option<(u64, Layer)>,
}

impl SegmentSource for SpooledSegments {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        while self.part.as_ref().is_none_or(|(left, _)| *left == 0) {
            match self.parts.next() {
                Some(part) => self.part = Some(part),
                None => return Ok(false),
            }
        }
        let Some((left, name)) = &mut self.part else { return Ok(false) };
        let read = (&mut self.text).take((*left).min(MAX_SEGMENT_BYTES)).read_to_end(&mut segment.text)?;
        segment.part = Some(name.clone());
        *left = if read == 0 { 0 } else { *left - read as u64 };
        Ok(true)
    }
}
