//! OLE compound files (MS-CFB): Word, Excel and PowerPoint as they were before 2007, Outlook's mails, and what encrypts newer
//! Office files. Each stream is handed on whole, wherever its pieces lie in the file: their text is ASCII or UTF-16.
//!
//! What is inside a stream stays as its program wrote it: pieces of a text that Word keeps apart stay apart.

#[cfg(feature = "documents")]
mod read;

#[cfg(feature = "documents")]
pub use read::read_ole;

/// What a compound file starts with.
pub const MAGIC: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
