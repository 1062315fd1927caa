//! The syntax of PDF (ISO 32000-2): objects, streams and their filters, encryption, fonts, and the text that a page's
//! instructions draw.
//!
//! It is read here and not by a library because none lets a reader stop: they unpack what a file tells them to without a
//! limit, and look for damage in time that grows with the square of it. Here every stream is unpacked under the budget, and
//! every object costs a look at the clock. What is worth reading of a document is for the caller to say.

pub mod cmap;
pub mod content;
pub mod crypt;
pub mod encoding;
pub mod file;
pub mod filter;
pub mod font;
pub mod layout;
pub mod object;
pub mod operations;
pub mod truetype;
