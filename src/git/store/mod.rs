//! A repository's objects: packs and loose ones, its own and its alternates', read in one sweep.

mod cache;
mod delta;
mod links;
mod locations;
mod loose;
mod names;
mod objects;
pub(in crate::git) mod pack;
pub(in crate::git) mod plan;
mod report;
pub(in crate::git) mod sweep;
pub(in crate::git) mod tree;

pub use gix_object::Kind;
pub use names::Names;
pub use objects::{Error, ObjectStore};
pub use sweep::{Look, Search, Swept};
pub(crate) use tree::Signature;

/// Objects above this size are not read, but reported.
pub const MAX_OBJECT_BYTES: u64 = 2 << 30;
