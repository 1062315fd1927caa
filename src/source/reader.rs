//! Reads a file in windows that overlap, so that memory stays flat whatever its size.

use std::io::{self, Read};

/// The largest window. A file up to this size is seen whole.
pub const WINDOW: usize = 2 << 20;
/// How much of a window is seen again in the next one: enough for a token and what stands around it.
pub const OVERLAP: usize = 64 << 10;
/// The first read of a file asks for this much.
const FIRST_READ: usize = 64 << 10;

/// A part of a file.
#[derive(Debug)]
pub struct Window<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where they start in the file.
    pub offset: u64,
    /// What starts at or behind this place in `bytes` belongs to this window.
    pub from: usize,
    /// What starts at or behind this place belongs to the next window.
    pub to: usize,
}

impl Window<'_> {
    /// What the window before did not show.
    pub fn new_bytes(&self) -> &[u8] {
        if self.offset == 0 { self.bytes } else { &self.bytes[OVERLAP..] }
    }
}

/// Reads windows. Keep one for many files: it keeps its buffer.
#[derive(Debug, Default)]
pub struct WindowReader {
    buffer: Vec<u8>,
}

impl WindowReader {
    /// Reads all of `input` and hands it over window by window. Gives the number of bytes read.
    ///
    /// # Errors
    /// What `input` answers; all that was read before it has been handed over.
    pub fn read(&mut self, input: &mut dyn Read, mut each: impl FnMut(&Window<'_>)) -> io::Result<u64> {
        let (mut length, mut offset, mut from) = (0, 0u64, 0);
        loop {
            let filled = self.fill(input, &mut length);
            let end = *filled.as_ref().unwrap_or(&true);
            let to = if end { length } else { length - OVERLAP / 2 };
            each(&Window {
                bytes: &self.buffer[..length],
                offset,
                from,
                to: if end { usize::MAX } else { to },
            });
            if end {
                return filled.map(|_| offset + length as u64);
            }
            // An even number of bytes goes, so that UTF-16 stays aligned.
            self.buffer.copy_within(length - OVERLAP..length, 0);
            offset += (length - OVERLAP) as u64;
            length = OVERLAP;
            from = OVERLAP / 2;
        }
    }

    /// Fills the buffer up to a window's size; says whether the input ended.
    fn fill(&mut self, input: &mut dyn Read, length: &mut usize) -> io::Result<bool> {
        loop {
            if *length == self.buffer.len() {
                if *length >= WINDOW {
                    return Ok(false);
                }
                let grown = (2 * self.buffer.len()).clamp(FIRST_READ, WINDOW);
                self.buffer.resize(grown, 0);
            }
            match input.read(&mut self.buffer[*length..]) {
                Ok(0) => return Ok(true),
                Ok(n) => *length += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Hands over bytes that are in memory already, in the same windows.
pub fn windows(bytes: &[u8], mut each: impl FnMut(&Window<'_>)) {
    let (mut start, mut from) = (0, 0);
    loop {
        let end = bytes.len().min(start + WINDOW);
        let last = end == bytes.len();
        let to = if last { usize::MAX } else { end - start - OVERLAP / 2 };
        each(&Window { bytes: &bytes[start..end], offset: start as u64, from, to });
        if last {
            return;
        }
        start = end - OVERLAP;
        from = OVERLAP / 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From where to where a window claims what starts there.
    type Claim = (u64, u64);

    /// What the windows claim, streamed and sliced. Checks that they hold what the input holds.
    fn claimed(input: &[u8]) -> [Vec<Claim>; 2] {
        let claim = |window: &Window<'_>, claims: &mut Vec<Claim>| {
            let at = window.offset as usize;
            assert_eq!(window.bytes, &input[at..at + window.bytes.len()]);
            let to = window.to.min(window.bytes.len()) as u64;
            claims.push((window.offset + window.from as u64, window.offset + to));
        };
        let (mut streamed, mut sliced) = (Vec::new(), Vec::new());
        let read = WindowReader::default()
            .read(&mut &input[..], |window| claim(window, &mut streamed))
            .expect("reads");
        assert_eq!(read, input.len() as u64);
        windows(input, |window| claim(window, &mut sliced));
        [streamed, sliced]
    }

    /// Gives some bytes, then fails, as a file on a failing disk does.
    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("the disk is gone"));
            }
            let n = self.0.min(buffer.len());
            buffer[..n].fill(b'x');
            self.0 -= n;
            Ok(n)
        }
    }

    #[test]
    fn what_was_read_before_an_error_is_handed_over() {
        for length in [0, 100, WINDOW, 2 * WINDOW + 5] {
            let mut claimed = 0;
            let each = |window: &Window<'_>| claimed += window.to.min(window.bytes.len()) - window.from;
            let answer = WindowReader::default().read(&mut Failing(length), each);
            assert_eq!(answer.expect_err("an error").to_string(), "the disk is gone");
            assert_eq!(claimed, length);
        }
    }

    #[test]
    fn every_byte_belongs_to_exactly_one_window() {
        for length in [0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 17] {
            let input: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            for claims in claimed(&input) {
                assert_eq!(claims.first().map(|c| c.0), Some(0));
                assert_eq!(claims.last().map(|c| c.1), Some(length as u64));
                assert!(claims.windows(2).all(|pair| pair[0].1 == pair[1].0), "{claims:?}");
            }
        }
    }
}
