//! What could not be read.

use serde::Serialize;

/// A part of the input that was not read, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Incomplete {
    /// The file, object or repository.
    pub path: String,
    /// Why, and what to do about it.
    pub reason: String,
}
