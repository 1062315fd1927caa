//! `--redact` on the command line: what is shown, asked, changed and told.

use super::{FileEdit, RedactPlan};
use crate::finding::{Finding, Outcome};
use crate::report::count;
use crate::shown;
use anyhow::{Context as _, bail};
use krea_scan_token::escape::visible;
use krea_scan_token::mask::Masker;
use krea_scan_token::{Status, TOKENS_PAGE, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};

/// More tokens than this are not named.
const LISTED: usize = 20;

/// What may be done with the plan of a redaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Change the files.
    Given,
    /// Ask first.
    Ask,
    /// Nobody can be asked: there is no terminal.
    NobodyToAsk,
    /// Only show the changes.
    ShowOnly,
}

/// How a redaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redacted {
    /// Every finding's file was changed, or nothing was found.
    Everything,
    /// Tokens are left in files.
    TokensLeft,
    /// Every finding's file was changed, but not everything was read.
    NotAllRead,
    /// A file could not be changed.
    Failed,
}

/// Shows how found tokens would be taken out of their files, and does it if that is agreed to. `answer` is where the
/// question is answered, `out` takes everything that is said.
///
/// # Errors
/// Nobody to ask, and what `out` answers. A file that cannot be changed is told, and the others are.
pub fn redact(
    outcome: &Outcome,
    consent: Consent,
    answer: &mut dyn BufRead,
    out: &mut dyn Write,
) -> anyhow::Result<Redacted> {
    let tokens = outcome.findings.iter().flat_map(Finding::all_readings);
    let masker = Masker::new(tokens.chain(&outcome.withheld));
    let plan = super::plan(&outcome.findings, &outcome.withheld);
    let safe = |text: &str| shown::name(&masker, text).to_string();

    write!(out, "{}", plan.diff())?;
    let mut notes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for edit in &plan.edits {
        edit.notes.iter().for_each(|note| notes.entry(note).or_default().push(safe(edit.path())));
    }
    for (note, paths) in notes {
        writeln!(out, "note: {}: {}", paths.join(", "), safe(note))?;
    }
    for refused in &plan.refused {
        writeln!(out, "left alone: {}:{}: {}", safe(&refused.path), refused.line, safe(&refused.reason))?;
    }
    for part in &outcome.summary.incomplete {
        writeln!(out, "not read: {}: {}", safe(&part.path), safe(&part.reason))?;
    }
    if outcome.findings.is_empty() {
        writeln!(out, "No token to replace.")?;
        return Ok(end(&plan, outcome, 0));
    }
    if !plan.edits.is_empty() && !agreed(&plan, consent, answer, out)? {
        writeln!(out, "Nothing was changed.")?;
        return Ok(Redacted::TokensLeft);
    }

    let mut failed = 0;
    let mut changed: Vec<&FileEdit> = Vec::new();
    for edit in &plan.edits {
        match edit.apply() {
            Ok(()) => changed.push(edit),
            Err(error) => {
                failed += 1;
                writeln!(out, "not changed: {}: {}", safe(edit.path()), safe(&error.to_string()))?;
            }
        }
    }
    let copies: usize = changed.iter().map(|edit| edit.copies).sum();
    let files = count(changed.len() as u64, "file", "files");
    let places = count(plan.left as u64, "place is", "places are");
    let left = if plan.left > 0 { format!(" {places} left: see above.") } else { String::new() };
    writeln!(
        out,
        "Replaced {} in {files}.{left}",
        count(copies as u64, "copy of a token", "copies of tokens")
    )?;
    still_live(outcome, &changed, out)?;
    Ok(end(&plan, outcome, failed))
}

fn end(plan: &RedactPlan, outcome: &Outcome, failed: usize) -> Redacted {
    match () {
        () if failed > 0 => Redacted::Failed,
        () if plan.left > 0 => Redacted::TokensLeft,
        () if !outcome.summary.incomplete.is_empty() => Redacted::NotAllRead,
        () => Redacted::Everything,
    }
}

/// Whether the changes may be made.
fn agreed(
    plan: &RedactPlan,
    consent: Consent,
    answer: &mut dyn BufRead,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    match consent {
        Consent::Given => return Ok(true),
        Consent::ShowOnly => return Ok(false),
        Consent::NobodyToAsk => {
            out.flush()?;
            bail!(
                "nothing was changed: there is no terminal to ask at; add --yes to change the files, or --dry-run to only show how"
            );
        }
        Consent::Ask => {}
    }
    write!(out, "Change {}? [y/N] ", count(plan.edits.len() as u64, "file", "files"))?;
    out.flush()?;
    let mut line = String::new();
    answer.read_line(&mut line).context("cannot read the answer")?;
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Taking a token's text away takes nothing from whoever has it.
fn still_live(outcome: &Outcome, changed: &[&FileEdit], out: &mut dyn Write) -> anyhow::Result<()> {
    let dead = |token: &Token| {
        outcome.findings.iter().any(|finding| finding.token == *token && finding.status == Status::Dead)
    };
    let left: BTreeSet<String> = changed
        .iter()
        .flat_map(|edit| &edit.tokens)
        .filter(|token| !dead(token))
        .map(Token::redacted)
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let more = left.len().saturating_sub(LISTED);
    let mut names: Vec<String> = left.iter().take(LISTED).map(|name| visible(name).into_owned()).collect();
    names.extend((more > 0).then(|| format!("{more} more")));
    writeln!(
        out,
        "Removing the text revokes nothing: until revoked on {TOKENS_PAGE}, whoever has a copy can use {}.",
        names.join(", ")
    )?;
    Ok(())
}
