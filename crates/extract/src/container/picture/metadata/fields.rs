//! The fields of one picture, as one text: `Title: …`, `Comment: …`, a line each. So what a field is called, and what the
//! field beside it says, is near what stands in it. Findings name the field.

use crate::container::Walk;
use crate::container::segments::{SegmentSource, TextSegment};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, Read};

/// A longer field, in bytes, is a text of its own.
const LONG: usize = 1 << 20;
/// Fields that are kept until they are handed on, in bytes.
const KEPT: usize = 4 << 20;
/// More of a field's name than this, in characters, is not told.
const NAME: usize = 80;
/// A long field is handed on in segments of this size, in bytes.
const SEGMENT_BYTES: u64 = 64 << 10;

/// The fields that are not handed on yet.
pub struct PictureFields<'n> {
    name: &'n str,
    segments: Vec<TextSegment>,
    bytes: usize,
    /// How many there were.
    count: usize,
}

impl<'n> PictureFields<'n> {
    /// The fields of the picture with this name.
    pub fn new(name: &'n str) -> Self {
        PictureFields { name, segments: Vec::new(), bytes: 0, count: 0 }
    }

    /// How many fields were added.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a field: what it is, what it is called, and its text.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn add(&mut self, walk: &mut Walk<'_>, kind: LayerKind, name: &str, text: &[u8]) -> io::Result<()> {
        self.read(walk, kind, name, &mut &text[..])
    }

    /// As [`PictureFields::add`], with the text as it comes. What goes wrong with it is told as the field's.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn read(
        &mut self,
        walk: &mut Walk<'_>,
        kind: LayerKind,
        name: &str,
        text: &mut dyn Read,
    ) -> io::Result<()> {
        self.count += 1;
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(NAME).collect();
        let part = Layer::named(kind, &name);
        let mut line = format!("{name}: ").into_bytes();
        let start = line.len();
        let read = text.take(LONG as u64).read_to_end(&mut line);
        if read.is_ok() && line.len() - start == LONG {
            self.hand_on(walk)?;
            return walk.segments(metadata(), self.name, Long { first: Some(line), rest: text, part });
        }
        if let Err(error) = &read {
            walk.budget.spend(0)?;
            walk.layers.push(part.clone());
            walk.failed(error);
            walk.layers.pop();
        }
        while line.last().is_some_and(|&byte| byte == 0) {
            line.pop();
        }
        line.push(b'\n');
        if memchr::memchr(0, &line).is_some() {
            // Beside bytes that are no text, the other fields would not be read as the text that they are.
            let alone = vec![TextSegment { text: line, part: Some(part) }];
            return walk.segments(metadata(), self.name, KeptFields(alone.into_iter()));
        }
        self.bytes += line.len();
        self.segments.push(TextSegment { text: line, part: Some(part) });
        if self.bytes > KEPT { self.hand_on(walk) } else { Ok(walk.budget.spend(0)?) }
    }

    /// Hands on what there is.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn hand_on(&mut self, walk: &mut Walk<'_>) -> io::Result<()> {
        self.bytes = 0;
        match std::mem::take(&mut self.segments) {
            segments if segments.is_empty() => Ok(()),
            segments => walk.segments(metadata(), self.name, KeptFields(segments.into_iter())),
        }
    }
}

/// The step from a picture to the text of its fields.
fn metadata() -> Layer {
    Layer::named(LayerKind::Metadata, "")
}

struct KeptFields(std::vec::IntoIter<TextSegment>);

impl SegmentSource for KeptFields {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        let next = self.0.next();
        let is_there = next.is_some();
        if let Some(next) = next {
            *segment = next;
        }
        Ok(is_there)
    }
}

/// A field that is too long to be kept.
struct Long<'r> {
    first: Option<Vec<u8>>,
    rest: &'r mut dyn Read,
    part: Layer,
}

impl SegmentSource for Long<'_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        segment.part = Some(self.part.clone());
        match self.first.take() {
            Some(first) => segment.text = first,
            None => {
                (&mut *self.rest).take(SEGMENT_BYTES).read_to_end(&mut segment.text)?;
            }
        }
        Ok(!segment.text.is_empty())
    }
}
