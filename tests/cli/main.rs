//! The program as people run it, from the command line to the exit code.

mod allowing;
#[cfg(unix)]
mod bad_input;
mod explain;
mod history;
mod names;
mod range;
mod reports;
mod staged;
#[path = "../support/mod.rs"]
mod support;
mod tree;
