//! The bytes of a picture, or of a part of one: read in turn or from any place, and never past the end unseen.

use super::MAX_FIELD_BYTES;
use crate::container::{Seekable, Walk};
use krea_scan_bounds::read_error::ReadError;
use std::io::{self, BufRead, BufReader, Read, SeekFrom};

/// How much is read at once, in bytes. Most of a picture is skipped.
const BUFFER: usize = 4 << 10;

/// Bytes, and how many there are.
pub struct Bytes<'a> {
    input: BufReader<&'a mut dyn Seekable>,
    at: u64,
    size: u64,
}

impl<'a> Bytes<'a> {
    /// All of `input`, from its start.
    pub fn new(input: &'a mut dyn Seekable) -> io::Result<Self> {
        let size = input.seek(SeekFrom::End(0))?;
        input.rewind()?;
        Ok(Bytes { input: BufReader::with_capacity(BUFFER, input), at: 0, size })
    }

    /// Where the next byte is.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How many there are, from the first one on.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many there still are.
    pub fn left(&self) -> u64 {
        self.size - self.at
    }

    /// The next ones.
    ///
    /// # Errors
    /// There are not so many.
    pub fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut array = [0; N];
        self.expect(N as u64)?;
        self.read_exact(&mut array)?;
        Ok(array)
    }

    /// Passes over bytes.
    ///
    /// # Errors
    /// There are not so many.
    pub fn skip(&mut self, bytes: u64) -> io::Result<()> {
        self.expect(bytes)?;
        self.go_to(self.at + bytes)
    }

    /// Goes to a place, which is not behind the end.
    pub fn go_to(&mut self, at: u64) -> io::Result<()> {
        self.input.seek_relative(at.cast_signed() - self.at.cast_signed())?;
        self.at = at;
        Ok(())
    }

    /// The next ones, for what must be seen as a whole; `None`, and told, when they are too many. `what` they are.
    pub fn whole(&mut self, walk: &mut Walk<'_>, length: u64, what: &str) -> io::Result<Option<Vec<u8>>> {
        if length > MAX_FIELD_BYTES {
            self.skip(length)?;
            walk.unread(&format!(
                "holds {what} of more than {} MB, which was only read as it is",
                MAX_FIELD_BYTES >> 20
            ));
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(length.min(self.left()) as usize);
        self.expect(length)?;
        self.by_ref().take(length).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn expect(&self, bytes: u64) -> io::Result<()> {
        match bytes.checked_sub(self.left()) {
            None | Some(0) => Ok(()),
            Some(missing) => Err(cut_short(missing).into()),
        }
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl BufRead for Bytes<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.at += bytes as u64;
    }
}

/// What ends before it should.
pub fn cut_short(missing: u64) -> ReadError {
    let bytes = if missing == 1 { "byte is" } else { "bytes are" };
    ReadError::new(format!("is cut short: at least {missing} {bytes} missing; what is there was read"))
}
