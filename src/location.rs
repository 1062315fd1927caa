//! Where something is.

use serde::Serialize;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// The path as the person gave it (as ripgrep prints it), or the path in the repository; `/` on every system.
    pub path: String,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// In bytes, from 0.
    pub byte_offset: u64,
}
