//! The text in a data section, a string a line: first what the code uses, in its order, then the rest as it lies.

use super::strings::{DataSegment, FREE, Settled, is_text, is_wide};
use crate::container::segments::{SegmentSource, TextSegment};
use std::io;
use std::ops::Range;

/// Shorter runs of text are left out, in characters.
const MIN_TEXT_CHARS: usize = 4;

/// A line starts here.
const LINE: u8 = 0x80;
/// It has been given.
const DONE: u8 = 0x40;
/// It is in UTF-16.
const WIDE: u8 = 0x20;
/// A line ends here.
const END: u8 = 0x10;

const _: () = assert!((LINE | DONE | WIDE | END) & !FREE == 0);

/// The text in the data, UTF-16 as UTF-8.
pub struct DataText<'d> {
    strings: Settled<'d>,
    /// The next of the uses, and of the section's bytes after them.
    next_use: usize,
    next_byte: usize,
}

impl<'d> DataText<'d> {
    /// Finds the lines in the segments of a section.
    pub fn new(segments: &[DataSegment], strings: Settled<'d>) -> Self {
        let mut lines = DataText { strings, next_use: 0, next_byte: 0 };
        for segment in segments {
            lines.find(segment.place.clone());
        }
        lines
    }

    fn find(&mut self, place: Range<usize>) {
        let mut at = place.start;
        while at < place.end {
            let rest = &self.strings.data[at..place.end];
            let width = if is_wide(rest) { 2 } else { 1 };
            let end = at + if width == 2 { wide(rest) } else { narrow(rest) };
            if end - at >= MIN_TEXT_CHARS * width {
                let wide = if width == 2 { WIDE } else { 0 };
                let cuts = self.strings.cuts(at..end);
                let marks = &mut self.strings.marks;
                marks[at] |= LINE | wide;
                marks[end] |= END;
                for cut in cuts.into_iter().filter(|cut| (cut - at).is_multiple_of(width)) {
                    marks[cut] |= LINE | END | wide;
                }
            }
            // What comes after a run is no text, save where one width gives way to the other.
            at = end.max(at + 1);
        }
    }
}

impl SegmentSource for DataText<'_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        Ok(self.next_line(&mut segment.text).is_some())
    }
}

impl DataText<'_> {
    /// Appends the next line; `None` behind the last one.
    fn next_line(&mut self, line: &mut Vec<u8>) -> Option<()> {
        let Settled { data, marks, uses, .. } = &mut self.strings;
        let is_line = |at: usize| marks[at] & (LINE | DONE) == LINE;
        let start = loop {
            let at = match uses.get(self.next_use) {
                Some(&at) => {
                    self.next_use += 1;
                    at as usize
                }
                None if self.next_byte < data.len() => {
                    self.next_byte += 1;
                    self.next_byte - 1
                }
                None => return None,
            };
            if is_line(at) {
                break at;
            }
        };
        marks[start] |= DONE;
        let (step, mut at) = (if marks[start] & WIDE == 0 { 1 } else { 2 }, start);
        while at == start || marks[at] & END == 0 {
            line.push(data[at]);
            at += step;
        }
        line.push(b'\n');
        Some(())
    }
}

/// The length of the UTF-16 that bytes start with. The zero of its last letter may be left out at a segment's end, as
/// memory is zero where no segment is.
fn wide(bytes: &[u8]) -> usize {
    let is_letter =
        |unit: &[u8]| is_text(unit[0]) && unit[0] < 0x80 && unit.get(1).is_none_or(|&high| high == 0);
    2 * bytes.chunks(2).take_while(|unit| is_letter(unit)).count()
}

/// The length of the UTF-8 that bytes start with.
fn narrow(bytes: &[u8]) -> usize {
    let mut length = 0;
    while let Some(&byte) = bytes.get(length).filter(|&&byte| is_text(byte)) {
        let next = &bytes[length..bytes.len().min(length + 4)];
        let letter = if byte < 0x80 { 1 } else { next.utf8_chunks().next().map_or(0, first_letter) };
        if letter == 0 {
            break;
        }
        length += letter;
    }
    // The last letter before a run of UTF-16 is its first.
    if length > 1 && bytes.get(length) == Some(&0) && is_wide(&bytes[length - 1..]) {
        length - 1
    } else {
        length
    }
}

fn first_letter(chunk: std::str::Utf8Chunk<'_>) -> usize {
    chunk.valid().chars().next().map_or(0, char::len_utf8)
}
