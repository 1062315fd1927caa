//! What a token is, and how text that may hold one is shown.
//!
//! A [`Token`] redacts itself in `Debug` and has no `Display` of the text, and its memory is wiped on drop. Text from outside
//! is masked by [`mask`], what a terminal acts on is written out by [`escape`], and what a CI system obeys is broken by
//! [`lines`]. Nothing here knows whose a token is, where it was found, or whom it can be sent to.

pub mod common_words;
mod confidence;
pub mod escape;
pub mod lines;
pub mod mask;
pub mod randomness;
mod readings;
mod status;
pub mod stderr;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod token;

pub use confidence::Confidence;
pub use readings::{Doubt, Readings};
pub use status::Status;
pub use token::{Fingerprint, MASK, TOKENS_PAGE, Token, TokenKind};
