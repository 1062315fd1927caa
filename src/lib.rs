//! krea-scan tells where a Krea API token has leaked: in a working tree, an index, a range of commits or a whole
//! history, and who brought it in. When asked, it tells whether the token is live, and takes it to proven dead and
//! replaced.
//!
//! Data goes one way: [`source`] and [`git`] give bytes, [`unpack`] makes more bytes of them, [`detect`] finds the
//! tokens that [`rules`] describe, [`git`] tells who brought them in. [`respond`] hands them on: to [`krea`], which asks
//! whether they are live, and to [`incident`], which revokes, replaces, stores and proves. [`report`] writes it all
//! down; [`cleanup`] takes the text out of files and says what is left to do. [`scan`] holds the first half of the
//! pipeline; [`cli`] and [`config`] say what it is to do; [`files`] opens what steers it and writes what was asked for;
//! [`finding`] holds the types that every stage speaks. All text from outside that is shown goes through [`shown`].
//!
//! Two rooms talk to a network, and only when asked: [`krea`], which alone sends tokens, and [`source::site`], which reads
//! a deployed site and sends none. Nothing shows a token's secret half; the sinks of [`incident`], its escrow and the file
//! of [`cleanup::replacements`] alone are given it.

pub mod allowance;
pub mod cleanup;
pub mod cli;
mod common_words;
pub mod config;
pub mod detect;
mod escape;
pub mod files;
pub mod finding;
pub mod git;
pub mod http;
pub mod incident;
pub mod krea;
mod mask;
mod parse_error;
mod place;
pub mod report;
pub mod respond;
pub mod rules;
pub mod scan;
pub mod shown;
pub mod source;
pub mod unpack;
