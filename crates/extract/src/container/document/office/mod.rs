//! Office documents and books in zips: OOXML (docx, pptx, xlsx), OpenDocument (odt, ods, odp) and EPUB, told by what is in
//! them, and OpenDocument in one file.
//!
//! Their files are members of the zip as any others. The XML among them is read as it is first and then, once all have been
//! seen, as the text that a person reads: in segments that are whole, under the names that a person knows.

#[cfg(feature = "documents")]
mod flow;
#[cfg(feature = "documents")]
mod kind;
#[cfg(feature = "documents")]
mod lines;
#[cfg(feature = "documents")]
mod names;
mod package;
#[cfg(feature = "documents")]
mod read;
#[cfg(feature = "documents")]
mod sheet;
#[cfg(feature = "documents")]
mod strings;
#[cfg(feature = "documents")]
mod words;
#[cfg(feature = "documents")]
mod xml;

pub use package::{Package, is_xml};
#[cfg(feature = "documents")]
pub use read::{read_flat, read_package};

/// Whether a file starts as an office document in one file does: OpenDocument's, or one of the two that Word has.
pub fn is_flat(head: &[u8]) -> bool {
    let is_xml = head.starts_with(b"<?xml") || head.starts_with(b"\xef\xbb\xbf<?xml");
    is_xml
        && ["<office:document ", "<pkg:package ", "<w:wordDocument "]
            .iter()
            .any(|start| memchr::memmem::find(head, start.as_bytes()).is_some())
}
