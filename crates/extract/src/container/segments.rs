//! A text that is made while it is read, segment by segment, and which segment a place in it belongs to.

use krea_scan_text::Layer;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Names are kept for so many of the last bytes that were read: whoever reads looks back no further.
const KEPT: u64 = 8 << 20;
/// A shorter segment is not named: no token fits in it.
const MIN_NAMED_BYTES: u64 = 16;

/// Makes segments of a text.
pub trait SegmentSource {
    /// Writes the next segment into `segment`, which is empty. Says whether there was one.
    ///
    /// # Errors
    /// What keeps the text from being made any further.
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool>;
}

#[derive(Debug, Default)]
pub struct TextSegment {
    /// What it says, a line's end included.
    pub text: Vec<u8>,
    /// What the segment is called, where it has a name: a cell, a message.
    pub part: Option<Layer>,
}

/// Which segments of a text have names. All copies are one.
#[derive(Clone, Debug, Default)]
pub struct SegmentNames(Arc<Mutex<VecDeque<NamedPart>>>);

/// A segment's place in the text, and its name.
type NamedPart = (Range<u64>, Layer);

impl SegmentNames {
    /// The name of the segment that holds the byte at `offset`, while that is not long past.
    pub fn at(&self, offset: u64) -> Option<Layer> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = parts.partition_point(|(range, _)| range.start <= offset);
        let (range, layer) = parts.get(next.checked_sub(1)?)?;
        range.contains(&offset).then(|| layer.clone())
    }

    fn push(&self, range: Range<u64>, layer: Layer) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while parts.front().is_some_and(|(past, _)| past.end + KEPT < range.start) {
            parts.pop_front();
        }
        parts.push_back((range, layer));
    }
}

/// Reads segments one after the other.
#[derive(Debug)]
pub struct SegmentReader<N> {
    /// What makes them.
    source: N,
    segment: TextSegment,
    /// How much of the segment was given, and where in the text the segment starts.
    given: usize,
    offset: u64,
    parts: SegmentNames,
    /// What went wrong behind what was given last.
    failed: Option<io::Error>,
}

impl<N: SegmentSource> SegmentReader<N> {
    /// Reads what `source` makes.
    pub fn new(source: N) -> Self {
        SegmentReader {
            source,
            segment: TextSegment::default(),
            given: 0,
            offset: 0,
            parts: SegmentNames::default(),
            failed: None,
        }
    }

    /// The names of the segments, filled while they are read.
    pub fn parts(&self) -> SegmentNames {
        self.parts.clone()
    }

    pub fn into_source(self) -> N {
        self.source
    }

    /// Goes to the next segment that says something.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            self.offset += self.segment.text.len() as u64;
            self.segment.text.clear();
            self.given = 0;
            if !self.source.next_segment(&mut self.segment)? {
                return Ok(false);
            }
            let length = self.segment.text.len() as u64;
            if let Some(part) = self.segment.part.take().filter(|_| length >= MIN_NAMED_BYTES) {
                self.parts.push(self.offset..self.offset + length, part);
            }
            if length > 0 {
                return Ok(true);
            }
        }
    }
}

impl<N: SegmentSource> Read for SegmentReader<N> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut filled = 0;
        while filled < buffer.len() {
            if self.given == self.segment.text.len() {
                match self.advance() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) if filled == 0 => return Err(error),
                    Err(error) => {
                        self.failed = Some(error);
                        break;
                    }
                }
            }
            let length = (self.segment.text.len() - self.given).min(buffer.len() - filled);
            buffer[filled..filled + length]
                .copy_from_slice(&self.segment.text[self.given..self.given + length]);
            filled += length;
            self.given += length;
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_text::LayerKind;

    /// Segments of ten letters, and then an error.
    struct Ten(usize);

    impl SegmentSource for Ten {
        fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
            self.0 += 1;
            segment.text.extend(b"ten letters and more\n");
            segment.part = Some(Layer::named(LayerKind::Row, &format!("row {}", self.0)));
            if self.0 > 3 { Err(io::Error::other("enough")) } else { Ok(true) }
        }
    }

    #[test]
    fn segments_are_one_text_and_have_names() {
        let mut reader = SegmentReader::new(Ten(0));
        let parts = reader.parts();
        let mut text = Vec::new();
        assert_eq!(reader.read_to_end(&mut text).unwrap_err().to_string(), "enough");
        assert_eq!(text, b"ten letters and more\n".repeat(3));
        let name = |offset| parts.at(offset).map(|layer| layer.name);
        assert_eq!(name(0).as_deref(), Some("row 1"));
        assert_eq!(name(21).as_deref(), Some("row 2"));
        assert_eq!(name(62).as_deref(), Some("row 3"));
        assert_eq!(name(63), None);
    }
}
