//! The typescripts of `script` (util-linux, BSD, macOS), and the recordings of `ttyrec`
//! (<https://nethackwiki.com/wiki/Ttyrec>).

use super::session::{NextEvent, SessionEvent};
use memchr::memmem;
use std::io::{self, BufRead, Read};

/// How a typescript starts.
pub const START: &[u8] = b"Script started on ";
/// The longest first line.
const MAX_START_BYTES: u64 = 4096;
/// So much is taken at once, in bytes.
const CHUNK: u64 = 16 << 10;
/// A frame of `ttyrec` is not longer, in bytes.
const MAX_FRAME_BYTES: u32 = 16 << 20;

pub struct Typescript<'i, R> {
    input: &'i mut R,
    has_started: bool,
}

impl<'i, R: BufRead> Typescript<'i, R> {
    pub fn new(input: &'i mut R) -> Self {
        Typescript { input, has_started: false }
    }
}

impl<R: BufRead> NextEvent for Typescript<'_, R> {
    fn next_event(&mut self) -> io::Result<Option<(Option<f64>, SessionEvent)>> {
        if !self.has_started {
            self.has_started = true;
            let mut line = Vec::new();
            self.input.take(MAX_START_BYTES).read_until(b'\n', &mut line)?;
            if let Some((columns, lines)) = number(&line, b"COLUMNS=\"").zip(number(&line, b"LINES=\"")) {
                return Ok(Some((None, SessionEvent::Size(columns, lines))));
            }
        }
        let mut bytes = Vec::new();
        self.input.take(CHUNK).read_to_end(&mut bytes)?;
        Ok((!bytes.is_empty()).then_some((None, SessionEvent::Output(bytes))))
    }
}

/// The number behind a name in the first line.
fn number(line: &[u8], name: &[u8]) -> Option<usize> {
    let from = memmem::find(line, name)? + name.len();
    let digits: Vec<u8> = line[from..].iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// Whether a file starts with a frame of `ttyrec`: seconds, microseconds, a length, and so much text.
pub fn is_ttyrec(head: &[u8]) -> bool {
    frame(head).is_some_and(|(_, length)| {
        let next = head.get(12 + length as usize..).filter(|next| next.len() >= 12);
        next.is_none_or(|next| frame(next).is_some())
    })
}

/// When a frame is shown, in seconds, and how long it is.
fn frame(head: &[u8]) -> Option<(f64, u32)> {
    let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let (seconds, micros, length) = (word(0)?, word(4)?, word(8)?);
    (micros < 1_000_000 && length <= MAX_FRAME_BYTES)
        .then_some((f64::from(seconds) + f64::from(micros) / 1e6, length))
}

/// A recording of `ttyrec`.
pub struct Ttyrec<'i, R> {
    input: &'i mut R,
    /// When the first frame was shown.
    start: Option<f64>,
    at: f64,
    /// What is left of a frame.
    left: u64,
}

impl<'i, R: BufRead> Ttyrec<'i, R> {
    pub fn new(input: &'i mut R) -> Self {
        Ttyrec { input, start: None, at: 0.0, left: 0 }
    }
}

impl<R: BufRead> NextEvent for Ttyrec<'_, R> {
    fn next_event(&mut self) -> io::Result<Option<(Option<f64>, SessionEvent)>> {
        while self.left == 0 {
            let mut head = Vec::new();
            self.input.take(12).read_to_end(&mut head)?;
            if head.is_empty() {
                return Ok(None);
            }
            let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a frame's head makes no sense");
            let (at, length) = frame(&head).ok_or_else(damaged)?;
            self.at = at - *self.start.get_or_insert(at);
            self.left = u64::from(length);
        }
        let mut bytes = Vec::new();
        let read = self.input.take(self.left.min(CHUNK)).read_to_end(&mut bytes)?;
        self.left = if read == 0 { 0 } else { self.left - read as u64 };
        Ok((read > 0).then_some((Some(self.at), SessionEvent::Output(bytes))))
    }
}
