//! krea-scan tells where a Krea API token has leaked: in a working tree, an index, a range of commits or a whole
//! history, and who brought it in.
//!
//! Data goes one way: [`source`] and [`git`] give bytes, [`unpack`] makes more bytes of them, [`detect`] finds the
//! tokens that [`rules`] describe, [`git`] tells who brought them in, [`report`] writes it all down. [`scan`] holds
//! the pipeline; [`cli`] and [`config`] say what it is to do; [`finding`] holds the types that every stage speaks.
//! None of these stages talks to a network. [`krea`] alone does, and only when asked: it tells whether a token is alive
//! and speaks to an organisation's token API. None shows a token's secret half.

pub mod cleanup;
pub mod cli;
pub mod config;
pub mod detect;
mod escape;
pub mod finding;
pub mod git;
pub mod incident;
pub mod krea;
mod parse_error;
mod place;
mod redact;
pub mod report;
pub mod respond;
pub mod rules;
pub mod scan;
pub mod source;
pub mod unpack;
