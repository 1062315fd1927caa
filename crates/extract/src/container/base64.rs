//! base64 as files hold it, read in pieces: with line ends and other characters in it, padded anywhere, or not.

use krea_scan_text::encoded::base64::{decoded, is_member};
use std::io::{self, Read};

/// So much is decoded at once, in bytes.
const CHUNK: usize = 16 << 10;

/// What a `=` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// What comes next is encoded for itself: mail.
    EndsGroup,
    /// Nothing: in a page that was saved as quoted-printable it ends a line.
    SaysNothing,
}

/// Letters that do not make a whole number of bytes yet.
#[derive(Debug)]
pub struct Letters {
    left: Vec<u8>,
    padding: Padding,
}

impl Letters {
    pub fn new(padding: Padding) -> Self {
        Letters { left: Vec::new(), padding }
    }

    /// Decodes what comes next. Other characters are left out, as RFC 2045, section 6.8, wants it.
    pub fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for stretch in bytes.split_inclusive(|&byte| byte == b'=') {
            let is_letter = |byte: &&u8| is_member(**byte) && !matches!(byte, b'-' | b'_');
            self.left.extend(stretch.iter().filter(is_letter));
            let ends = self.padding == Padding::EndsGroup && stretch.ends_with(b"=");
            self.take(if ends { 0 } else { self.left.len() % 4 }, out);
        }
    }

    /// Decodes all letters but the last `rest`.
    fn take(&mut self, rest: usize, out: &mut Vec<u8>) {
        let whole = self.left.len() - rest;
        out.extend(decoded(&self.left[..whole]));
        self.left.drain(..whole);
    }

    /// Decodes the letters at the end of a stretch. One that is left over says nothing.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.take(0, out);
    }
}

/// Decodes what it reads.
pub struct Base64Reader<R> {
    input: R,
    letters: Letters,
    decoded: Vec<u8>,
    given: usize,
    is_over: bool,
}

impl<R: Read> Base64Reader<R> {
    pub fn new(input: R, padding: Padding) -> Self {
        Base64Reader { input, letters: Letters::new(padding), decoded: Vec::new(), given: 0, is_over: false }
    }
}

impl<R: Read> Read for Base64Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() && !self.is_over {
            self.decoded.clear();
            self.given = 0;
            let mut chunk = Vec::with_capacity(CHUNK);
            self.is_over = (&mut self.input).take(CHUNK as u64).read_to_end(&mut chunk)? == 0;
            self.letters.decode(&chunk, &mut self.decoded);
            if self.is_over {
                self.letters.end(&mut self.decoded);
            }
        }
        let length = buffer.len().min(self.decoded.len() - self.given);
        buffer[..length].copy_from_slice(&self.decoded[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let mut decoded = String::new();
        Base64Reader::new(text.as_bytes(), Padding::EndsGroup).read_to_string(&mut decoded).unwrap();
        decoded
    }

    #[test]
    fn whatever_stands_between_the_letters_is_left_out() {
        for text in
            ["a3JlYS5haQ==", "a3Jl\r\nYS5h\r\naQ==\r\n", "a3J lYS!5ha-Q", "a3JlYS5haQ", "a3I=ZWEuYWk="]
        {
            assert_eq!(decoded(text), "krea.ai", "{text}");
        }
        assert_eq!(decoded("a"), "");
        assert_eq!(decoded(&"a3JlYS5haQ==".repeat(5000)), "krea.ai".repeat(5000));
    }
}
