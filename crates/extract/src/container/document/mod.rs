//! Documents: their text, and the files in them.

mod embedded;
pub mod notebook;
pub mod office;
mod ole;
mod pdf;
mod rtf;

use super::{Seekable, Walk};
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFormat {
    Pdf,
    Rtf,
    /// A file of Office before 2007, a mail of Outlook, an encrypted Office file.
    Ole,
    /// An office document in one file of XML.
    FlatOffice,
    /// A text that may hold files in base64: a page, a style sheet, Markdown, JSON.
    Text,
    Notebook,
}

impl DocumentFormat {
    /// What a file is, by its first bytes and its name.
    pub fn of(head: &[u8], _name: &str) -> Option<DocumentFormat> {
        match () {
            () if rtf::is(head) => Some(DocumentFormat::Rtf),
            () if head.starts_with(ole::MAGIC) => Some(DocumentFormat::Ole),
            () if pdf::is(head) => Some(DocumentFormat::Pdf),
            () if office::is_flat(head) => Some(DocumentFormat::FlatOffice),
            () => None,
        }
    }

    /// What a file is that is nothing else, as [`DocumentFormat::of`].
    pub fn of_text(head: &[u8], name: &str) -> Option<DocumentFormat> {
        match () {
            () if notebook::is_notebook(head, name) => Some(DocumentFormat::Notebook),
            () if embedded::is_text(head, name) => Some(DocumentFormat::Text),
            () => None,
        }
    }

    /// Whether it is text that people write and open.
    pub fn is_text(self) -> bool {
        match self {
            DocumentFormat::Pdf | DocumentFormat::Rtf | DocumentFormat::Ole | DocumentFormat::FlatOffice => {
                false
            }
            DocumentFormat::Text | DocumentFormat::Notebook => true,
        }
    }

    /// Whether there may be anything in a file, all of which is `bytes`.
    pub fn may_hold(self, bytes: &[u8]) -> bool {
        let has = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
        match self {
            DocumentFormat::Text => has(embedded::MARK),
            DocumentFormat::Notebook => has(embedded::MARK) || notebook::may_hold(bytes),
            DocumentFormat::Pdf | DocumentFormat::Rtf | DocumentFormat::Ole | DocumentFormat::FlatOffice => {
                true
            }
        }
    }
}

/// Reads a document. `name` is its own.
pub fn read_document(
    walk: &mut Walk<'_>,
    format: DocumentFormat,
    #[cfg_attr(not(feature = "documents"), expect(unused_variables, reason = "only documents go by a name"))]
    name: &str,
    input: &mut dyn Seekable,
) -> io::Result<()> {
    match format {
        #[cfg(feature = "documents")]
        DocumentFormat::Pdf => pdf::read_pdf(walk, name, input),
        #[cfg(feature = "documents")]
        DocumentFormat::Rtf => rtf::read_rtf(walk, name, input),
        #[cfg(feature = "documents")]
        DocumentFormat::Ole => ole::read_ole(walk, name, input),
        #[cfg(feature = "documents")]
        DocumentFormat::FlatOffice => office::read_flat(walk, name, input),
        // What is left out of the program is no format that can be read: that was told.
        #[cfg(not(feature = "documents"))]
        DocumentFormat::Pdf | DocumentFormat::Rtf | DocumentFormat::Ole | DocumentFormat::FlatOffice => {
            Ok(())
        }
        DocumentFormat::Text => embedded::read_embedded(walk, input),
        DocumentFormat::Notebook => {
            notebook::read_notebook(walk, input)?;
            input.rewind()?;
            embedded::read_embedded(walk, input)
        }
    }
}
