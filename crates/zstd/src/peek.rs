//! Looking ahead in a reader.

use std::io::{self, BufRead, Read};

/// A reader whose next bytes can be looked at before they are read.
pub struct Peek<R> {
    seen: Vec<u8>,
    at: usize,
    inner: R,
}

impl<R: BufRead> Peek<R> {
    /// Looks ahead in `inner`.
    pub fn new(inner: R) -> Self {
        Peek { seen: Vec::new(), at: 0, inner }
    }

    /// The next bytes: so many, or all that are left.
    pub fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        self.seen.drain(..self.at);
        self.at = 0;
        let missing = length.saturating_sub(self.seen.len()) as u64;
        (&mut self.inner).take(missing).read_to_end(&mut self.seen)?;
        Ok(&self.seen)
    }
}

impl<R: BufRead> Read for Peek<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.seen.len() {
            return self.inner.read(buffer);
        }
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Peek<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.seen.len() { Ok(&self.seen[self.at..]) } else { self.inner.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.at < self.seen.len() {
            self.at += amount;
        } else {
            self.inner.consume(amount);
        }
    }
}
