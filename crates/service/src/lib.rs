//! Krea, and what is done about a token that has leaked.
//!
//! [`krea`] asks whether tokens are live and talks to a token API; [`incident`] takes a token to proven dead and replaced.
//! Nothing here knows how a token was found.

pub mod incident;
pub mod krea;
