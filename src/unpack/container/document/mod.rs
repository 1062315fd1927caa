//! Documents: their text, and the files in them.

mod pdf;

use super::{Seekable, Walk};
use std::io;

/// A format of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PDF.
    Pdf,
}

impl Format {
    /// What a file is, by its first bytes and its name.
    pub fn of(head: &[u8], _name: &str) -> Option<Format> {
        pdf::is(head).then_some(Format::Pdf)
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        match self {
            Format::Pdf => false,
        }
    }
}

/// Reads a document. `name` is its own.
pub fn read(walk: &mut Walk<'_>, format: Format, name: &str, input: &mut dyn Seekable) -> io::Result<()> {
    match format {
        Format::Pdf => pdf::read(walk, name, input),
    }
}
