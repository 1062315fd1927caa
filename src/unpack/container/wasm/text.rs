//! The text in a data section, a string a line: first what the code uses, in its order, then the rest as it lies.

use super::strings::{Segment, Settled, is_text, is_wide};
use std::ops::Range;

/// Shorter runs of text are left out, in characters.
const SHORTEST: usize = 4;

/// A line starts here.
const LINE: u8 = 1;
/// It is written.
const DONE: u8 = 2;
/// It is in UTF-16.
const WIDE: u8 = 4;
/// A line ends here.
const END: u8 = 8;

/// The text in the data, UTF-16 as UTF-8.
pub fn of(data: &[u8], segments: &[Segment], strings: &Settled<'_>) -> Vec<u8> {
    let mut lines = Lines { data, marks: vec![0; data.len() + 2], out: Vec::with_capacity(data.len() / 2) };
    for segment in segments {
        lines.find(segment.place.clone(), strings);
    }
    strings.uses().for_each(|at| lines.write(at));
    for segment in segments {
        segment.place.clone().for_each(|at| lines.write(at));
    }
    lines.out
}

struct Lines<'d> {
    data: &'d [u8],
    marks: Vec<u8>,
    out: Vec<u8>,
}

impl Lines<'_> {
    /// Finds the lines in a segment.
    fn find(&mut self, place: Range<usize>, strings: &Settled<'_>) {
        let mut at = place.start;
        while at < place.end {
            let rest = &self.data[at..place.end];
            let width = if is_wide(rest) { 2 } else { 1 };
            let end = at + if width == 2 { wide(rest) } else { narrow(rest) };
            if end - at >= SHORTEST * width {
                let wide = if width == 2 { WIDE } else { 0 };
                self.marks[at] |= LINE | wide;
                self.marks[end] |= END;
                for cut in strings.cuts(at..end).filter(|cut| (cut - at) % width == 0) {
                    self.marks[cut] |= LINE | END | wide;
                }
            }
            // What comes after a run is no text, save where one width gives way to the other.
            at = end.max(at + 1);
        }
    }

    /// Writes the line that starts at a place, if one does and was not written yet.
    fn write(&mut self, start: usize) {
        if self.marks[start] & (LINE | DONE) != LINE {
            return;
        }
        self.marks[start] |= DONE;
        let step = if self.marks[start] & WIDE == 0 { 1 } else { 2 };
        let mut at = start;
        while at == start || self.marks[at] & END == 0 {
            self.out.push(self.data[at]);
            at += step;
        }
        self.out.push(b'\n');
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
