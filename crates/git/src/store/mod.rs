//! A repository's objects: packs and loose ones, its own and its alternates', read in one sweep.

mod cache;
mod delta;
mod fault;
mod links;
mod locations;
mod loose;
mod names;
mod objects;
pub(crate) mod pack;
pub(crate) mod plan;
mod report;
pub(crate) mod sweep;
pub(crate) mod tree;

pub use gix_object::Kind;
pub(crate) use locations::object_paths;
pub use names::WantedNames;
pub use objects::{ObjectError, ObjectStore};
pub use sweep::{HintSearch, SweepQuery, Swept};
pub use tree::Signature;

/// Objects above this size are not read, but reported.
pub const MAX_OBJECT_BYTES: u64 = 2 << 30;
