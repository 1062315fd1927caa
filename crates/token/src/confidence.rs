//! How sure a finding is.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How sure it is that a value is a Krea token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The shape fits and nothing says whose it is.
    Low,
    /// Krea is near, or in the file's name; or a legacy key under a Krea name.
    Medium,
    /// A name, a header or a call says Krea.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        })
    }
}

impl FromStr for Confidence {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "low" => Ok(Confidence::Low),
            "medium" => Ok(Confidence::Medium),
            "high" => Ok(Confidence::High),
            _ => Err("expected low, medium or high"),
        }
    }
}
