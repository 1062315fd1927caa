//! A text that is made while it is read, a line at a time.

use std::io::{self, Read};

/// Makes lines.
pub trait NextLine {
    /// Writes the next line, its end included, into `line`, which is empty; `None` after the last one.
    fn next_line(&mut self, line: &mut Vec<u8>) -> Option<()>;
}

/// Reads lines one after the other.
pub struct ByLine<L> {
    /// What makes them.
    pub lines: L,
    /// The line that is being given, and how much of it was.
    line: Vec<u8>,
    given: usize,
}

impl<L: NextLine> ByLine<L> {
    /// Reads what `lines` makes.
    pub fn new(lines: L) -> Self {
        ByLine { lines, line: Vec::new(), given: 0 }
    }

    fn advance(&mut self) -> Option<()> {
        self.line.clear();
        self.given = 0;
        self.lines.next_line(&mut self.line)
    }
}

impl<L: NextLine> Read for ByLine<L> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() && (self.given < self.line.len() || self.advance().is_some()) {
            let length = (self.line.len() - self.given).min(buffer.len() - filled);
            buffer[filled..filled + length].copy_from_slice(&self.line[self.given..self.given + length]);
            filled += length;
            self.given += length;
        }
        Ok(filled)
    }
}
