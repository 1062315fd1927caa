//! The text in a data segment, a string a line.

use super::strings::{Cuts, is_text, is_wide};
use std::ops::Range;

/// Shorter runs of text are left out, in characters.
const SHORTEST: usize = 4;

/// Appends the text that is in a place of the section to `out`, UTF-16 as UTF-8.
pub fn append(out: &mut Vec<u8>, data: &[u8], place: Range<usize>, cuts: &Cuts) {
    let mut at = place.start;
    while at < place.end {
        let rest = &data[at..place.end];
        let width = if is_wide(rest) { 2 } else { 1 };
        let end = at + if width == 2 { wide(rest) } else { narrow(rest) };
        if end - at >= SHORTEST * width {
            line(out, data, at..end, width, cuts);
        }
        // What comes after a run is no text, save where one width gives way to the other.
        at = end.max(at + 1);
    }
}

/// The length of the UTF-16 that bytes start with.
fn wide(bytes: &[u8]) -> usize {
    2 * bytes.chunks_exact(2).take_while(|unit| unit[1] == 0 && unit[0] < 0x80 && is_text(unit[0])).count()
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

fn line(out: &mut Vec<u8>, data: &[u8], run: Range<usize>, width: usize, cuts: &Cuts) {
    let several = cuts.has_several(run.clone());
    for at in run.clone().step_by(width) {
        if several && at > run.start && cuts.is_edge(at) {
            out.push(b'\n');
        }
        out.push(data[at]);
    }
    out.push(b'\n');
}
