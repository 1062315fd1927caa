//! krea-scan answers three questions in order: where has a Krea token leaked, is it live, and is it proven dead
//! and replaced?
//!
//! Data goes one way: [`source`] gives bytes, [`unpack`] makes more bytes of them, [`detect`] finds tokens,
//! [`git`] tells who brought them in, [`report`] writes it all down. [`scan`] holds the pipeline.

pub mod cli;
pub mod config;
pub mod detect;
pub mod finding;
pub mod git;
pub mod report;
pub mod rules;
pub mod scan;
pub mod source;
pub mod unpack;
