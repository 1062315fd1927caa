//! `--replacements` on the command line: what is written and told.

use super::{replacements, steps};
use crate::finding::{Finding, Outcome};
use crate::report::count;
use crate::shown;
use krea_scan_files::ScannedTrees;
use krea_scan_git::repository;
use krea_scan_token::mask::{Masker, TextKind};
use std::io::Write;
use std::path::Path;

/// Writes the file of replacements for everything that was found, and says how to use it.
///
/// # Errors
/// What keeps the file from being written, and what `out` answers.
pub fn replacements(
    trees: &ScannedTrees,
    path: &Path,
    repository: &Path,
    outcome: &Outcome,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if outcome.findings.is_empty() {
        writeln!(out, "No token was found, so {} was not written.", shown::path(path))?;
        return Ok(());
    }
    let tokens = outcome.findings.iter().map(|finding| &finding.token);
    let lines = replacements::write(trees, path, tokens)?;
    let remotes = repository::open(repository).map_or_else(|_| Vec::new(), |repo| steps::remotes(&repo));
    let all = outcome.findings.iter().flat_map(Finding::all_readings);
    let masker = Masker::new(all.chain(&outcome.withheld));
    let steps = steps::of(&outcome.findings, &remotes, Some(path));
    writeln!(
        out,
        "\nWrote {} for git filter-repo. It holds {} in full, and only you can read it: delete it once it is used.\n\n\
         What is left to do\n{}",
        shown::path(path),
        count(lines as u64, "token", "tokens"),
        masker.mask(&steps::text(&steps), TextKind::Name),
    )?;
    Ok(())
}
