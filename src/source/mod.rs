//! Where bytes come from: the working tree, the index, a range of commits. A source hands over what it reads, and
//! says what it could not read; it knows nothing of tokens.

pub mod index;
pub mod named;
pub mod pre_commit;
pub mod range;
pub mod reader;
mod revision;
pub mod tree;
