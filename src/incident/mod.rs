//! The incident: from a token that leaked to one that is proven dead and replaced.
//!
//! Nothing here knows how a token was found.

pub mod sink;
