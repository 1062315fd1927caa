//! RTF (Rich Text Format specification 1.9.1): its text, what stands beside the text, and the pictures and objects in it.
//!
//! The crates that read RTF hold all of it as a tree, know neither code pages nor pictures, and some panic. What is
//! needed of it is small: a text is read as a stream, whatever nests in it, once for the text, once for what stands
//! beside it, and once for the bytes.

#[cfg(feature = "documents")]
mod groups;
#[cfg(feature = "documents")]
mod lexer;
#[cfg(feature = "documents")]
mod read;

#[cfg(feature = "documents")]
pub use read::read_rtf;

/// Every RTF starts with this.
const MAGIC: &[u8] = b"{\\rtf";

/// Whether a file is an RTF, by its first bytes: one without another control word says no more than its text does.
pub fn is(head: &[u8]) -> bool {
    head.strip_prefix(MAGIC).is_some_and(|rest| rest.contains(&b'\\'))
}
