//! krea-scan tells where a Krea API token has leaked: in a working tree, an index, a range of commits or a whole
//! history, and who brought it in. When asked, it tells whether the token is live, and takes it to proven dead and
//! replaced.
//!
//! This crate is the program: its command line, the scan, the reports. Data goes one way: [`source`] and
//! [`krea_scan_git`] give bytes, [`krea_scan_extract`] and [`krea_scan_text`] make texts of them, [`krea_scan_detect`] finds
//! the tokens that its rules describe. [`respond`] hands them on to [`krea_scan_service`], which asks whether they are live,
//! revokes, replaces, stores and proves. [`report`] writes it all down; [`cleanup`] takes the text out of files and says what
//! is left to do. [`scan`] holds the first half of the pipeline; [`cli`] and [`config`] say what it is to do; [`finding`]
//! holds what a scan yields. All text from outside that is shown goes through [`shown`].
//!
//! Two crates talk to a network, and only when asked: [`krea_scan_service`], which alone sends tokens, and
//! [`krea_scan_site`], which reads a deployed site and sends none. Nothing shows a token's secret half; the sinks of an
//! incident, its escrow and the file of [`cleanup::replacements`] alone are given it.

pub mod allowance;
pub mod cleanup;
pub mod cli;
pub mod config;
pub mod exit_code;
pub mod finding;
pub mod location;
pub mod report;
#[cfg(feature = "incident")]
pub mod respond;
pub mod scan;
pub mod shown;
pub mod source;
