//! The program as people run it, from the command line to the exit code.

mod allowing;
#[cfg(unix)]
mod bad_input;
mod explain;
#[cfg(unix)]
mod gate;
mod history;
mod named;
#[cfg(unix)]
mod names;
mod range;
mod reports;
mod staged;
mod stdin;
#[cfg(unix)]
mod steering;
mod tree;
#[cfg(unix)]
mod writing;
