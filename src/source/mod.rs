//! Where bytes come from. A source hands over what it reads, and says what it could not read; it knows nothing of
//! tokens.

pub mod reader;
pub mod tree;
