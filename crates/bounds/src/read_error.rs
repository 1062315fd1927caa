//! What goes wrong inside a container, told once, and where it shows first.
//!
//! A damaged stream fails whoever reads from it: the member, the archive that the member is in, and what that is in.
//! [`Unpacked`] and [`SizedReader`] keep the first error and give it again, so that all of them see the same one.

use crate::limits::{Budget, Exceeded, Metered};
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something that went wrong: a whole reason, as reports show it.
#[derive(Clone, Debug)]
pub struct ReadError {
    reason: String,
    /// How many steps lead to what is broken.
    level: Option<usize>,
    told: Arc<AtomicBool>,
}

impl ReadError {
    /// A trouble with a reason.
    pub fn new(reason: impl Into<String>) -> Self {
        ReadError { reason: reason.into(), level: None, told: Arc::default() }
    }

    /// What an error stands for.
    pub fn of(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<ReadError>()) {
            Some(trouble) => trouble.clone(),
            None => ReadError::new(format!("is damaged or cut short: {error}")),
        }
    }

    /// The reason, the first time that it is asked for. `level`: how many steps lead to where the trouble shows.
    pub fn tell(&self, level: usize) -> Option<String> {
        if self.told.swap(true, Ordering::Relaxed) {
            return None;
        }
        Some(match self.level {
            Some(broken) if broken < level => format!("{}; nothing behind this place was read", self.reason),
            _ => self.reason.clone(),
        })
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ReadError {}

impl From<ReadError> for io::Error {
    fn from(trouble: ReadError) -> Self {
        io::Error::other(trouble)
    }
}

/// The first error of a reader.
#[derive(Debug, Default)]
struct First(Option<ReadError>);

impl First {
    /// Makes the error one that everybody who reads on sees again.
    fn keep(&mut self, error: io::Error, level: usize) -> io::Error {
        if error.kind() == io::ErrorKind::Interrupted
            || error.get_ref().is_some_and(|inner| inner.is::<Exceeded>())
        {
            return error;
        }
        let mut trouble = ReadError::of(&error);
        trouble.level = trouble.level.or(Some(level));
        self.0.insert(trouble).clone().into()
    }

    fn check(&self) -> io::Result<()> {
        self.0.clone().map_or(Ok(()), |trouble| Err(trouble.into()))
    }
}

/// How many bytes went into a decoder.
#[derive(Clone, Debug)]
pub enum PackedSize {
    /// It is known before.
    Known(u64),
    /// It is counted by [`Counted`].
    Counted(Rc<Cell<u64>>),
}

impl PackedSize {
    /// How many there are, or were so far.
    pub fn bytes(&self) -> u64 {
        match self {
            PackedSize::Known(bytes) => *bytes,
            PackedSize::Counted(bytes) => bytes.get(),
        }
    }
}

/// Counts what is read.
#[derive(Debug)]
pub struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R: Read> Counted<R> {
    /// Counts what `inner` gives.
    pub fn new(inner: R) -> (Self, PackedSize) {
        let bytes = Rc::new(Cell::new(0));
        (Counted { inner, bytes: bytes.clone() }, PackedSize::Counted(bytes))
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

/// What a decoder gives: counted, and no bomb.
pub struct Unpacked<'b, R> {
    budget: &'b Budget,
    metered: Metered<'b, R>,
    packed: PackedSize,
    level: usize,
    bytes: u64,
    first: First,
}

impl<'b, R: Read> Unpacked<'b, R> {
    /// Watches over a decoder. `level`: how many steps lead to it.
    pub fn new(budget: &'b Budget, level: usize, packed: PackedSize, decoder: R) -> Self {
        let metered = Metered::new(budget, decoder);
        Unpacked { budget, metered, packed, level, bytes: 0, first: First::default() }
    }

    /// The decoder.
    pub fn into_inner(self) -> R {
        self.metered.into_inner()
    }

    /// Whether it gave an error.
    pub fn has_failed(&self) -> bool {
        self.first.0.is_some()
    }
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.first.check()?;
        match self.metered.read(buffer) {
            Ok(read) => {
                self.bytes += read as u64;
                match self.budget.bomb(self.packed.bytes(), self.bytes) {
                    Ok(None) => Ok(read),
                    Ok(Some(bomb)) => {
                        Err(self.first.keep(ReadError::new(bomb.to_string()).into(), self.level))
                    }
                    Err(exceeded) => Err(exceeded.into()),
                }
            }
            Err(error) => Err(self.first.keep(error, self.level)),
        }
    }
}

/// A stretch of a known length. One that ends before is an error.
pub struct SizedReader<R> {
    inner: R,
    left: u64,
    level: usize,
    first: First,
}

impl<R: Read> SizedReader<R> {
    /// The next `length` bytes of `inner`. `level`: how many steps lead to what they are a part of.
    pub fn new(inner: R, length: u64, level: usize) -> Self {
        SizedReader { inner, left: length, level, first: First::default() }
    }

    /// Reads what is left.
    pub fn skip(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink()).map(drop)
    }
}

impl<R: Read> Read for SizedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.first.check()?;
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        match self.inner.read(&mut buffer[..most]) {
            Ok(0) => Err(self.first.keep(cut_short(self.left).into(), self.level)),
            Ok(read) => {
                self.left -= read as u64;
                Ok(read)
            }
            Err(error) => Err(self.first.keep(error, self.level)),
        }
    }
}

fn cut_short(missing: u64) -> ReadError {
    ReadError::new(format!("is cut short: {missing} bytes are missing"))
}
