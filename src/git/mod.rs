//! Git repositories: opening them, comparing their trees, every object they hold, and who brought an object in.
//!
//! [`store::ObjectStore`] reads all objects in one sweep, also those that no ref reaches; [`attribution`] finds the
//! commits that brought objects in. Nothing here knows what a token is, and nothing writes.

pub mod attribution;
pub mod blobs;
pub mod date;
pub(crate) mod index_file;
pub mod lfs;
pub mod repository;
mod shadow;
mod special;
pub mod store;
pub mod trees;
