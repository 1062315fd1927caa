//! Git repositories: opening them, comparing their trees, every object they hold, and who brought an object in.
//!
//! [`store::ObjectStore`] reads all objects in one sweep, also those that no ref reaches; [`provenance`] finds the
//! commits that brought objects in. Nothing here knows what a token is, and nothing writes.

pub mod ancestry;
pub mod blobs;
mod config;
pub mod date;
pub mod ignores;
pub mod index_file;
pub mod lfs;
pub mod objects;
mod origin;
mod ownership;
pub mod provenance;
pub mod reflog;
pub mod refs;
pub mod regular_file;
pub mod repository;
pub mod store;
mod tracked;
pub mod trees;

pub use origin::{GitOrigin, is_binary};
