//! Git repositories: opening them and comparing their trees. Knows nothing of tokens, and never writes.

pub mod blobs;
pub mod date;
pub(crate) mod index_file;
pub mod repository;
mod shadow;
pub mod trees;
