//! Git repositories: opening them, comparing their trees, every object they hold, and who brought an object in.
//!
//! [`store::ObjectStore`] reads all objects in one sweep, also those that no ref reaches; [`attribution`] finds the
//! commits that brought objects in. Nothing here knows what a token is, and nothing writes.

pub mod ancestry;
pub mod attribution;
pub mod blobs;
mod config;
pub mod date;
pub(crate) mod index_file;
pub mod lfs;
pub mod objects;
mod ownership;
pub(crate) mod plain;
pub mod reflog;
pub mod refs;
pub mod repository;
pub mod store;
pub mod trees;
