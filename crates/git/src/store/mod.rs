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

/// Objects above this size are not read, but reported, in bytes.
pub const MAX_OBJECT_BYTES: u64 = 2 << 30;
/// An object up to this size is read whatever it is stored in, in bytes,
const MAX_FREE_BYTES: u64 = 72 << 20;
/// and a larger one if it is no larger than so many times its file, or its pack.
const MAX_TIMES_STORED: u64 = 8;

/// The largest object that is read of so many stored bytes: it is held in memory.
fn most_bytes(stored: u64) -> u64 {
    stored.saturating_mul(MAX_TIMES_STORED).saturating_add(MAX_FREE_BYTES).min(MAX_OBJECT_BYTES)
}
