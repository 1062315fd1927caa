//! krea-scan tells where a Krea API token has leaked: in a working tree, an index, a range of commits or a whole
//! history, and who brought it in.
//!
//! Data goes one way: [`source`] and [`git`] give bytes, [`unpack`] makes more bytes of them, [`detect`] finds the
//! tokens that [`rules`] describe, [`git`] tells who brought them in, [`report`] writes it all down. [`scan`] holds
//! the pipeline, [`cleanup`] what is left to do afterwards; [`cli`] and [`config`] say what it is to do; [`finding`]
//! holds the types that every stage speaks. No stage talks to a network, and none shows a token's secret half.

pub mod cleanup;
pub mod cli;
pub mod config;
pub mod detect;
pub mod finding;
pub mod git;
mod parse_error;
pub mod report;
pub mod rules;
pub mod scan;
pub mod source;
pub mod unpack;
