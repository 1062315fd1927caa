//! The word that reports have for a token's life.

use serde::{Deserialize, Serialize};

/// What is known of a token's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody asked.
    #[default]
    Unverified,
    /// Krea accepted it.
    Live,
    /// Krea refuses it, and certainly: `crates/service/src/krea/liveness.rs` says when.
    Dead,
    /// Krea was asked and gave no usable answer.
    Unknown,
}
