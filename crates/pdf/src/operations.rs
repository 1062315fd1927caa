//! The operators of a content stream, read while it is unpacked (ISO 32000-2, 7.8.2).

use crate::object::{Lexer, Object, PdfToken, is_space};
use memchr::memmem;
use std::io::{self, Read};

/// How much is read at once, in bytes.
const CHUNK: usize = 64 << 10;
/// What has no operator in so many bytes is passed over.
const MAX_OPERATION: usize = 8 << 20;
/// More operands than this are none.
const MAX_OPERANDS: usize = 4096;

/// Reads operators.
pub struct Operations<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    /// What went wrong behind what is left to read.
    failed: Option<io::Error>,
}

/// What came of looking for an operator in what is there.
enum OperatorStep {
    Operator(Vec<u8>, usize),
    More,
}

impl<R: Read> Operations<R> {
    /// Reads those of a stream.
    pub fn new(input: R) -> Self {
        Operations { input, buffer: Vec::new(), at: 0, ended: false, failed: None }
    }

    /// The next operator, and its operands. `None` at the end.
    ///
    /// # Errors
    /// What reading the stream answers.
    pub fn next(&mut self, operands: &mut Vec<Object>) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.step(operands) {
                OperatorStep::Operator(operator, at) => {
                    self.at = at;
                    if operator == b"ID" {
                        self.skip_picture()?;
                    }
                    return Ok(Some(operator));
                }
                OperatorStep::More if self.ended => return self.failed.take().map_or(Ok(None), Err),
                OperatorStep::More => {
                    if self.buffer.len() - self.at > MAX_OPERATION {
                        self.at = self.buffer.len();
                    }
                    self.fill()?;
                }
            }
        }
    }

    fn step(&self, operands: &mut Vec<Object>) -> OperatorStep {
        operands.clear();
        let mut lexer = Lexer::new(&self.buffer, self.at);
        while let Some(token) = lexer.token() {
            let object = match token {
                PdfToken::Word(b"true" | b"false" | b"null") => lexer.object_of(token, 0),
                PdfToken::Word(word) => {
                    let is_whole = lexer.at < self.buffer.len() || self.ended;
                    return if is_whole {
                        OperatorStep::Operator(word.to_vec(), lexer.at)
                    } else {
                        OperatorStep::More
                    };
                }
                token => lexer.object_of(token, 0),
            };
            if operands.len() < MAX_OPERANDS {
                operands.extend(object);
            }
            if lexer.at >= self.buffer.len() && !self.ended {
                return OperatorStep::More;
            }
        }
        OperatorStep::More
    }

    /// Reads on. As much again as there is already, so that what is long is not gone through too often.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let more = CHUNK.max(self.buffer.len()) as u64;
        let read = (&mut self.input).take(more).read_to_end(&mut self.buffer);
        match read {
            Ok(read) => self.ended = (read as u64) < more,
            Err(error) if self.buffer.is_empty() => return Err(error),
            // What came before the damage is read first.
            Err(error) => {
                self.ended = true;
                self.failed = Some(error);
            }
        }
        Ok(())
    }

    /// Passes the pixels of a picture that stands in the stream itself.
    fn skip_picture(&mut self) -> io::Result<()> {
        self.at = (self.at + 1).min(self.buffer.len());
        loop {
            let rest = &self.buffer[self.at..];
            let is_end = |&end: &usize| {
                let around = (end.checked_sub(1).map(|before| rest[before]), rest.get(end + 2));
                let is_alone = around.0.is_none_or(is_space) && around.1.is_none_or(|&byte| is_space(byte));
                // Pixels that happen to say so go on with bytes that no text has.
                let behind = &rest[end + 2..(end + 12).min(rest.len())];
                is_alone && behind.iter().all(|&byte| is_space(byte) || (0x20..0x7f).contains(&byte))
            };
            let is_sure = |&end: &usize| self.ended || end + 12 <= rest.len();
            if let Some(end) = memmem::find_iter(rest, b"EI").filter(is_sure).find(is_end) {
                self.at += end + 2;
                return Ok(());
            }
            if self.ended {
                self.at = self.buffer.len();
                return Ok(());
            }
            self.at = self.at.max(self.buffer.len().saturating_sub(16));
            self.fill()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(content: &[u8]) -> Vec<(String, usize)> {
        let (mut operations, mut operands, mut found) = (Operations::new(content), Vec::new(), Vec::new());
        while let Some(operator) = operations.next(&mut operands).unwrap() {
            found.push((String::from_utf8(operator).unwrap(), operands.len()));
        }
        found
    }

    #[test]
    fn operators_come_with_their_operands() {
        let found = all(b"q 1 0 0 1 5 5 cm BT /F1 12 Tf [(a) -20 (b)] TJ T* ET");
        let expected = [("q", 0), ("cm", 6), ("BT", 0), ("Tf", 2), ("TJ", 1), ("T*", 0), ("ET", 0)];
        assert_eq!(found, expected.map(|(name, count)| (name.to_owned(), count)));
    }

    #[test]
    fn pictures_in_the_stream_are_passed() {
        let pixels: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(n) / 7) as u8).collect();
        let content = [
            b"BI /W 9 /H 9 ID ",
            &pixels[..],
            b" EI \xff EI\xfe\nEI Q\n(text) Tj ".as_slice(),
            &[b' '; 70_000],
            b"n",
        ]
        .concat();
        let found: Vec<String> = all(&content).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, ["BI", "ID", "Q", "Tj", "n"]);
    }
}
