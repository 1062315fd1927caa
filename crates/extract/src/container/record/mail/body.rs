//! The body of a part: its lines up to where the part ends, as they were before they were encoded for the way.

use super::source::MailLines;
use super::transfer::Transfer;
use crate::container::base64::{Letters, Padding};
use krea_scan_text::escapes::hex;
use std::io::{self, BufRead, Read};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    Message,
    /// At a line that parts the multipart with this number, from 0; `is_last` if that is over, too.
    Boundary {
        number: usize,
        is_last: bool,
    },
}

/// Which boundary a line is, innermost first.
pub fn boundary(boundaries: &[Vec<u8>], line: &[u8]) -> Option<BodyEnd> {
    let line = line.strip_prefix(b"--")?;
    let number = boundaries.iter().rposition(|boundary| {
        let rest = line.strip_prefix(&boundary[..]).map(<[u8]>::trim_ascii_end);
        rest.is_some_and(|rest| matches!(rest, b"" | b"--"))
    })?;
    Some(BodyEnd::Boundary { number, is_last: line.trim_ascii_end().len() > boundaries[number].len() })
}

pub struct MailBody<'s, R> {
    source: &'s mut MailLines<R>,
    boundaries: &'s [Vec<u8>],
    transfer: Transfer,
    /// What is decoded and not yet given, and how much of it was.
    decoded: Vec<u8>,
    given: usize,
    /// The line's end before a boundary is the boundary's.
    line_end: &'static [u8],
    letters: Letters,
    /// Between `begin` and `end`.
    is_in_file: bool,
    end: Option<BodyEnd>,
}

impl<'s, R: BufRead> MailBody<'s, R> {
    /// The body that comes next.
    pub fn new(source: &'s mut MailLines<R>, boundaries: &'s [Vec<u8>], transfer: Transfer) -> Self {
        MailBody {
            source,
            boundaries,
            transfer,
            decoded: Vec::new(),
            given: 0,
            line_end: b"",
            letters: Letters::new(Padding::EndsGroup),
            is_in_file: false,
            end: None,
        }
    }

    /// Passes over what was not read, and says where the body ends.
    pub fn end(mut self) -> io::Result<BodyEnd> {
        loop {
            if let Some(end) = self.end {
                return Ok(end);
            }
            self.decoded.clear();
            self.next()?;
        }
    }

    fn next(&mut self) -> io::Result<()> {
        let Some(line) = self.source.line()? else {
            self.end = Some(BodyEnd::Message);
            self.decoded.extend_from_slice(std::mem::take(&mut self.line_end));
            self.letters.end(&mut self.decoded);
            return Ok(());
        };
        if line.starts {
            self.end = boundary(self.boundaries, line.bytes);
        }
        if self.end.is_some() {
            self.letters.end(&mut self.decoded);
            return Ok(());
        }
        let line = line.bytes;
        match self.transfer {
            Transfer::Identity => {
                self.decoded.extend_from_slice(std::mem::take(&mut self.line_end));
                let ended = line.strip_suffix(b"\r\n").map(|text| (text, &b"\r\n"[..]));
                let ended = ended.or_else(|| line.strip_suffix(b"\n").map(|text| (text, &b"\n"[..])));
                let (text, end) = ended.unwrap_or((line, b""));
                self.decoded.extend_from_slice(text);
                self.line_end = end;
            }
            Transfer::QuotedPrintable => quoted_printable(line, &mut self.decoded),
            Transfer::Base64 => self.letters.decode(line, &mut self.decoded),
            Transfer::Uuencode => self.is_in_file = uuencode(line, self.is_in_file, &mut self.decoded),
        }
        Ok(())
    }
}

impl<R: BufRead> Read for MailBody<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() {
            self.decoded.clear();
            self.given = 0;
            if self.end.is_some() {
                return Ok(0);
            }
            // Many short lines are one step.
            while self.end.is_none() && self.decoded.len() < buffer.len().min(32 << 10) {
                self.next()?;
            }
        }
        let length = buffer.len().min(self.decoded.len() - self.given);
        buffer[..length].copy_from_slice(&self.decoded[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

/// Decodes a line (RFC 2045, section 6.7). What is no escape stays.
fn quoted_printable(line: &[u8], decoded: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'=', &line[at..]) {
        decoded.extend_from_slice(&line[at..at + next]);
        at += next;
        if line[at + 1..].trim_ascii().is_empty() && line.ends_with(b"\n") {
            // The line goes on in the next one.
            return;
        }
        match line.get(at + 1..at + 3).and_then(hex) {
            Some(byte) => {
                decoded.push(byte as u8);
                at += 3;
            }
            None => {
                decoded.push(b'=');
                at += 1;
            }
        }
    }
    decoded.extend_from_slice(&line[at..]);
}

/// Decodes a line of a file between `begin` and `end`; other lines stay. Says whether the file goes on.
fn uuencode(line: &[u8], is_in_file: bool, decoded: &mut Vec<u8>) -> bool {
    let text = line.trim_ascii_end();
    if !is_in_file {
        decoded.extend_from_slice(line);
        return text.starts_with(b"begin ");
    }
    if text == b"end" {
        return false;
    }
    let Some((&length, letters)) = text.split_first() else { return true };
    let sextet = |&letter: &u8| u32::from(letter.wrapping_sub(b' ') & 0x3f);
    let start = decoded.len();
    for group in letters.chunks(4) {
        let bits = group.iter().fold(0, |bits, letter| bits << 6 | sextet(letter));
        let bits = bits << (6 * (4 - group.len()));
        decoded.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    decoded.truncate(start + usize::from(length.wrapping_sub(b' ') & 0x3f));
    true
}
