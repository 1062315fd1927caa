//! What was typed and edited in a line of a terminal's log: backspaces, cursor moves within the line, letters pushed in, taken
//! out or erased. Gives each line as it ends up, and before it what gave way to something else as a whole.
//!
//! A return that goes back to the line's start ends what could be read until then, unless the cursor goes on from there.

use super::terminal::{BACKSPACE, C1, CONTROL, sequence};
use super::{Escape, EscapeMeaning};
use crate::terminal::is_corrected;
use crate::{OriginStep, Text, TextBuilder};
use std::ops::Range;

/// No further back a line is edited, in characters.
const MAX_EDITED_CHARS: usize = 1000;
/// When fewer characters were typed, what the line says is no news.
const NEWS: usize = 8;
const BELL: u8 = 7;

/// Undoes what a terminal undoes in the lines of a text; `None` where nothing was edited.
pub fn undo<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    if memchr::memchr(0, bytes).is_some() {
        return None;
    }
    let goes_back = |at: usize| {
        let more = bytes[at..].iter().take(8).take_while(|&&b| b == b'\r').count();
        bytes.get(at + more).is_some_and(|&b| b != b'\n')
    };
    if !memchr::memchr_iter(b'\r', bytes).any(goes_back) && !is_edited(bytes) {
        return None;
    }
    let mut out = TextBuilder::default();
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |newline| start + newline + 1);
        if is_edited(&bytes[start..end]) {
            edit(&mut out, bytes, start..end);
        } else {
            let mut from = start;
            for at in memchr::memchr_iter(b'\r', &bytes[start..end]).map(|at| start + at) {
                if goes_back(at) {
                    out.push(&bytes[from..at], from, OriginStep::ONE);
                    out.push(b"\n", at, OriginStep::NONE);
                    from = at + 1;
                }
            }
            out.push(&bytes[from..end], from, OriginStep::ONE);
        }
        start = end;
    }
    Some(text.derive(out))
}

/// Whether something goes back within a line of a text.
fn is_edited(bytes: &[u8]) -> bool {
    let is_edit = |at: usize| {
        let rest = &bytes[at..];
        let numbers = rest.iter().skip(2).take_while(|b| b.is_ascii_digit()).count();
        match rest.get(2 + numbers) {
            Some(b'D' | b'P' | b'@' | b'X') => control(rest).is_some(),
            Some(b'C') => bytes[..at].last() == Some(&b'\r') && goes_on(rest),
            _ => false,
        }
    };
    memchr::memchr(BACKSPACE, bytes).is_some() || memchr::memchr_iter(CONTROL, bytes).any(is_edit)
}

/// Whether the cursor goes on in the line: behind a return, that is a place in the same one.
fn goes_on(bytes: &[u8]) -> bool {
    control(bytes).is_some_and(|(_, last, _)| last == b'C')
}

/// The sequence that some bytes start with, if it is one with numbers: its length, its last letter, its first number.
fn control(bytes: &[u8]) -> Option<(usize, u8, Option<usize>)> {
    let numbers = bytes.strip_prefix(b"\x1b[").or(bytes.strip_prefix(&C1))?;
    let Escape { length, .. } = sequence(bytes, false)?;
    let digits = numbers.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&numbers[..digits]).ok().and_then(|digits| digits.parse().ok());
    Some((length, bytes[length - 1], number))
}

/// A line while it is edited.
#[derive(Default)]
struct TypedLine {
    /// Where its characters stand in the text; an empty place is a blank.
    cells: Vec<Range<usize>>,
    cursor: usize,
    /// What it said before the last edits.
    before: Option<Vec<Range<usize>>>,
    /// How many characters were typed since.
    typed: usize,
}

/// Writes what a line comes to.
fn edit(out: &mut TextBuilder, bytes: &[u8], line: Range<usize>) {
    let body = &bytes[line.clone()];
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let end = line.start + body.len() - body.iter().rev().take_while(|&&b| b == b'\r').count();
    let mut row = TypedLine::default();
    let mut at = line.start;
    while at < end {
        let (length, is_over) = row.step(out, bytes, at..end);
        if is_over {
            row.leave(out, bytes);
            out.push(b"\n", at, OriginStep::NONE);
        }
        at += length;
    }
    row.leave(out, bytes);
    out.push(&bytes[end..line.end], end, OriginStep::ONE);
}

impl TypedLine {
    /// Does what stands at the start of a stretch. Gives its length, and whether the line is over.
    fn step(&mut self, out: &mut TextBuilder, bytes: &[u8], stretch: Range<usize>) -> (usize, bool) {
        let (at, rest) = (stretch.start, &bytes[stretch.clone()]);
        match rest[0] {
            BACKSPACE => self.cursor = self.cursor.saturating_sub(1),
            BELL => {}
            b'\r' if goes_on(&rest[1..]) => self.cursor = 0,
            b'\r' => return (1, true),
            CONTROL | 0xc2 => {
                if let Some((length, last, number)) = control(rest) {
                    return (length, !self.control(bytes, at, last, number));
                }
                match sequence(rest, false) {
                    Some(Escape { said: EscapeMeaning::Nothing, length }) => return (length, false),
                    Some(Escape { said: EscapeMeaning::Byte(_), length }) => return (length, true),
                    Some(Escape { length, .. }) => {
                        // Its text is read elsewhere.
                        out.push(&rest[..length], at, OriginStep::ONE);
                        return (length, false);
                    }
                    None => return (self.put(out, bytes, stretch), false),
                }
            }
            _ => return (self.put(out, bytes, stretch), false),
        }
        (1, false)
    }

    /// Does what a sequence says; `false` where the text goes on elsewhere.
    fn control(&mut self, bytes: &[u8], at: usize, last: u8, number: Option<usize>) -> bool {
        let count = number.unwrap_or(1).clamp(1, MAX_EDITED_CHARS);
        let room = (2 * MAX_EDITED_CHARS).saturating_sub(self.cells.len());
        let behind = self.cursor..self.cells.len().min(self.cursor + count);
        match last {
            b'D' => self.cursor = self.cursor.saturating_sub(count),
            b'C' | b'a' => {
                let blanks = (self.cursor + count).saturating_sub(self.cells.len()).min(room);
                self.cells.extend(std::iter::repeat_n(at..at, blanks));
                self.cursor = self.cells.len().min(self.cursor + count);
            }
            b'K' | b'J' if number.unwrap_or(0) == 0 => {
                self.give_way(bytes, self.cursor..self.cells.len());
                self.cells.truncate(self.cursor);
            }
            b'K' | b'J' => return false,
            b'P' => {
                self.give_way(bytes, behind.clone());
                self.cells.drain(behind);
            }
            b'X' => {
                self.give_way(bytes, behind.clone());
                self.cells[behind].fill(at..at);
            }
            b'@' if self.cursor < self.cells.len() => {
                let cursor = self.cursor;
                self.cells.splice(cursor..cursor, std::iter::repeat_n(at..at, count.min(room)));
            }
            b'A' | b'B' | b'E'..=b'H' | b'`' | b'd' | b'e' | b'f' | b'u' => return false,
            _ => {}
        }
        true
    }

    /// Writes the character that a stretch starts with, over what stands there. Gives its length.
    fn put(&mut self, out: &mut TextBuilder, bytes: &[u8], stretch: Range<usize>) -> usize {
        let more = bytes[stretch.clone()].iter().skip(1).take_while(|b| (0x80..0xc0).contains(*b)).count();
        let character = stretch.start..stretch.start + 1 + more;
        match self.cells.get(self.cursor).map(|over| bytes[over.clone()] == bytes[character.clone()]) {
            Some(true) => {}
            Some(false) => {
                self.give_way(bytes, self.cursor..self.cursor + 1);
                self.cells[self.cursor] = character;
                self.typed += 1;
            }
            None => {
                if self.cells.len() >= 2 * MAX_EDITED_CHARS {
                    write(out, bytes, &self.cells[..MAX_EDITED_CHARS]);
                    self.cells.drain(..MAX_EDITED_CHARS);
                    (self.cursor, self.before) = (self.cursor - MAX_EDITED_CHARS, None);
                }
                self.cells.push(character);
                self.typed += 1;
            }
        }
        self.cursor += 1;
        1 + more
    }

    /// Keeps what the line says before some of its characters give way, unless it says already what it was before.
    fn give_way(&mut self, bytes: &[u8], cells: Range<usize>) {
        let is_seen = |cell: &Range<usize>| !matches!(bytes[cell.clone()], [] | [b' ']);
        if self.typed < NEWS || !self.cells[cells].iter().any(is_seen) {
            return;
        }
        if self.before.as_ref().is_none_or(|before| comes_to(bytes, before, &self.cells)) {
            (self.before, self.typed) = (Some(self.cells.clone()), 0);
        }
    }

    /// Writes what the line comes to, and what gave way to it as a whole.
    fn leave(&mut self, out: &mut TextBuilder, bytes: &[u8]) {
        let row = std::mem::take(self);
        if let Some(before) = row.before.filter(|before| !comes_to(bytes, before, &row.cells)) {
            write(out, bytes, &before);
            out.push(b"\n", before.last().map_or(0, |last| last.end), OriginStep::NONE);
        }
        write(out, bytes, &row.cells);
    }
}

/// Whether a line became another one by corrections.
fn comes_to(bytes: &[u8], old: &[Range<usize>], new: &[Range<usize>]) -> bool {
    let characters =
        |cells: &[Range<usize>]| -> Vec<&[u8]> { cells.iter().map(|cell| &bytes[cell.clone()]).collect() };
    is_corrected(&characters(old), &characters(new))
}

/// Writes characters; blanks that nothing was written over are one.
fn write(out: &mut TextBuilder, bytes: &[u8], cells: &[Range<usize>]) {
    for cells in cells.chunk_by(|a, b| a.is_empty() && b.is_empty()) {
        match cells[0].is_empty() {
            true => out.push(b" ", cells[0].start, OriginStep::NONE),
            false => out.push(&bytes[cells[0].clone()], cells[0].start, OriginStep::ONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Text;
    use crate::escapes::tests::undone;

    #[test]
    fn a_line_is_as_it_ends_up() {
        for text in [
            "AB\u{8}=x",
            "AB\u{8} \u{8}=x",
            "A\u{e4}\u{8}=x",
            "A\u{8}A=\u{8}=x\u{8}x",
            "A\u{1b}[1m\u{8}A=x",
            "Axx\u{1b}[2D\u{1b}[K=x",
            "Ax\u{8}\u{1b}[1@=",
            "ABC=x\u{1b}[4D\u{1b}[2P",
            "Axx\r\u{1b}[C\u{1b}[K=x",
            "Bx\u{8}\u{8}A=x",
            "A=x\u{8}\u{8}\u{8}",
            "A=x\u{1b}[3D",
            "A=y\u{7}\u{8}x",
            "A\u{1b}[7m=x\u{8}\u{8}\u{1b}[27m=x",
        ] {
            assert_eq!(undone(text), "A=x", "{text:?}");
        }
        assert_eq!(undone("\u{8}\u{8}A\n\u{8}B"), "A\nB");
        assert_eq!(undone("AB\u{8}=x\u{1b}[A=y\r\n"), "A=x\n=y\r\n");
    }

    #[test]
    fn what_gave_way_as_a_whole_was_to_be_read() {
        let long = "0123456789".repeat(3);
        let back = |count: usize| "\u{8}\u{1b}[K".repeat(count);
        assert_eq!(undone(&format!("A={long}{}B=y\n", back(30))), format!("A={long}\nA=B=y\n"));
        let corrected = format!("A={long}{}abcdefgh{}xyz\n", back(10), back(3));
        assert_eq!(undone(&corrected), format!("A={}abcdexyz\n", &long[..20]));
        let retyped = format!("A={long}wrong{}{long}right\n", back(35));
        assert_eq!(undone(&retyped), format!("A={long}right\n"));
    }

    #[test]
    fn a_return_ends_what_was_to_be_read() {
        assert_eq!(undone("A=x\rB=y\r\nC=z\r\r\n\r"), "A=x\nB=y\r\nC=z\r\r\n\r");
        assert_eq!(undone("A=xy\u{8}z\rB=yy\u{8}z\r\n"), "A=xz\nB=yz\r\n");
    }

    #[test]
    fn bytes_that_are_no_text_are_left_alone() {
        for text in ["\0\u{1b}7c9e", "\0ab\u{8}c", "\0a\rb"] {
            assert_eq!(undone(text), text);
        }
    }

    #[test]
    fn long_lines_and_many_edits_end() {
        let line = format!("{}\u{8}", "abcdefghi".repeat(50)).repeat(400);
        let text = super::undo(&Text::plain(line.as_bytes())).expect("edits");
        assert!(text.bytes().len() > 100_000);
        for more in ["\u{1b}[D\u{1b}[999@x", "\u{8}\u{1b}[999C\n", "\u{1b}[999Cx\u{1b}[999D"] {
            let edits = format!("ab{}", more.repeat(1000));
            let text = super::undo(&Text::plain(edits.as_bytes())).expect("edits");
            assert!(text.bytes().len() <= edits.len(), "{more:?}");
        }
    }
}
