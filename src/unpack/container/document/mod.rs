//! Documents: their text, and the files in them.

mod pdf;
mod rtf;

use super::{Seekable, Walk};
use std::io;

/// A format of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PDF.
    Pdf,
    /// RTF.
    Rtf,
}

impl Format {
    /// What a file is, by its first bytes and its name.
    pub fn of(head: &[u8], _name: &str) -> Option<Format> {
        match head {
            _ if head.starts_with(rtf::MAGIC) => Some(Format::Rtf),
            _ if pdf::is(head) => Some(Format::Pdf),
            _ => None,
        }
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        match self {
            Format::Pdf | Format::Rtf => false,
        }
    }
}

/// Reads a document. `name` is its own.
pub fn read(walk: &mut Walk<'_>, format: Format, name: &str, input: &mut dyn Seekable) -> io::Result<()> {
    match format {
        Format::Pdf => pdf::read(walk, name, input),
        Format::Rtf => rtf::read(walk, name, input),
    }
}
