//! Documents: their text, and the files in them.

pub mod office;

use super::{Seekable, Walk};
use std::io;

/// A format of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {}

impl Format {
    /// What a file is, by its first bytes and its name.
    pub fn of(_head: &[u8], _name: &str) -> Option<Format> {
        None
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        match self {}
    }
}

/// Reads a document. `name` is its own.
pub fn read(_walk: &mut Walk<'_>, format: Format, _name: &str, _input: &mut dyn Seekable) -> io::Result<()> {
    match format {}
}
