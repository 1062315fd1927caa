//! Why a value is reported or not: what was decided of it, and the evidence in the order in which it decides. For people who
//! ask with `--explain`; nothing is decided here.

use super::attribution::Evidence;
use krea_scan_token::{Confidence, Token};
use std::fmt;
use std::ops::Range;

/// What was decided of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Token(Confidence),
    /// It is one half of a token, whose other half stands elsewhere.
    Half(Confidence),
    /// It is none, and why.
    None(&'static str),
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Token(confidence) => write!(f, "a Krea token, confidence {confidence}"),
            Decision::Half(confidence) => {
                write!(f, "one half of a Krea token in two pieces, confidence {confidence}")
            }
            Decision::None(reason) => write!(f, "no finding: {reason}"),
        }
    }
}

/// A value of a token's shape, and what was decided of it.
#[derive(Clone, Debug)]
pub struct Considered {
    /// The rule whose shape it has.
    pub rule: String,
    pub token: Token,
    /// Where it stands in the bytes.
    pub span: Range<usize>,
    pub decision: Decision,
    /// What speaks for whose it is, in the order in which it decides.
    pub evidence: Vec<Evidence>,
}
