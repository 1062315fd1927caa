//! What the exit code of a run is.

use crate::cli::{Cli, FailOn};
use crate::finding::Outcome;
use krea_scan_token::Status;

/// Tokens were found.
pub const FOUND: u8 = 1;
/// The job could not be done, or not all of it.
pub const FAILED: u8 = 2;
/// The exit code after Ctrl-C, as shells have it: 128 and the signal's number.
pub const INTERRUPTED: i32 = 130;

/// What the run comes to.
pub fn of(cli: &Cli, outcome: &Outcome) -> u8 {
    let is = |status| outcome.findings.iter().any(|finding| finding.status == status);
    let not_dead = outcome.findings.iter().any(|finding| finding.status != Status::Dead);
    let fails = match cli.incident.fail_on {
        Some(FailOn::Found) => !outcome.findings.is_empty(),
        Some(FailOn::Live) => is(Status::Live),
        None => not_dead,
    };
    // An answer that did not come is no all-clear.
    let not_told = cli.incident.fail_on == Some(FailOn::Live) && is(Status::Unknown);
    match () {
        () if fails || outcome.has_open_incident() => FOUND,
        () if not_told || !outcome.summary.incomplete.is_empty() => FAILED,
        () => 0,
    }
}
