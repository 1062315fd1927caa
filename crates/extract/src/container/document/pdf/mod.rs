//! PDF (ISO 32000-2): what its pages say, and all else that it holds: notes, links, form fields, attachments, metadata,
//! bookmarks, scripts, and what earlier versions of the document said.

#[cfg(feature = "documents")]
mod other_objects;
#[cfg(feature = "documents")]
mod pages;
#[cfg(feature = "documents")]
mod pictures;
#[cfg(all(feature = "documents", feature = "ocr"))]
mod pixels;
#[cfg(feature = "documents")]
mod read;

use crate::container::kind::is_text;
use memchr::memmem;
#[cfg(feature = "documents")]
pub use read::read_pdf;

/// A PDF starts with this, somewhere in its first kilobyte.
const MAGIC: &[u8] = b"%PDF-";
#[cfg(feature = "documents")]
const LOCKED: &str = "is encrypted with a password; save a copy without one (qpdf --password=… --decrypt IN.pdf OUT.pdf) \
                      and scan that";

/// Whether a file is a PDF, by its first bytes.
pub fn is(head: &[u8]) -> bool {
    let has_object = || memmem::find(head, b" obj").is_some();
    (head.starts_with(MAGIC) && (is_header(&head[MAGIC.len()..]) || !is_text(head) || has_object()))
        || (head.len() > 64 && memmem::find(head, MAGIC).is_some_and(|at| is_header(&head[at + 5..])))
}

/// Whether a version stands behind the magic, and nothing else in its line: a text about PDF is none.
fn is_header(version: &[u8]) -> bool {
    matches!(version, [b'1', b'.', b'0'..=b'7', b'\r' | b'\n', ..] | [b'2', b'.', b'0', b'\r' | b'\n', ..])
}
