//! What is left to do once tokens are proven dead: take their text out of the working tree, and say what to do about
//! the history.
//!
//! Takes findings; gives edits of files ([`redact`]), a file for `git filter-repo` ([`replacements`]) and the steps
//! that a person has to take ([`steps`]). Nothing here talks to a network, rewrites history, or changes a file before
//! somebody has agreed to it; only the file of replacements ever holds a token.

#[cfg(feature = "redact")]
pub mod redact;
pub mod replacements;
pub mod run;
pub mod steps;
