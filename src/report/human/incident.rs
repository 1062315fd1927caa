//! The part of the human report that tells what came of an incident: each token's way, what it was used for, and what
//! is left.

use super::palette::{Palette, paint};
use crate::report::words::count;
use krea_scan_service::incident::{CaseProgress, CaseState, Replacement, Report, ReportedToken, label};
use krea_scan_service::krea::Usage;
use krea_scan_token::escape::visible;
use krea_scan_token::{Status, TOKENS_PAGE};
use std::fmt::{self, Write};

/// Writes the part.
pub fn render(out: &mut String, report: &Report, palette: &Palette) -> fmt::Result {
    let title = report.id.as_deref().map_or("Incident".to_owned(), |id| format!("Incident {id}"));
    writeln!(out, "{}", paint(palette.heading, title))?;
    for entry in &report.tokens {
        token(out, report, entry, palette)?;
    }
    if report.tokens.iter().any(|entry| entry.case.usage.is_some()) {
        Usage::UNKNOWN.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    writeln!(out)
}

/// The closing lines: how far it is, and what to do next.
pub fn closing(out: &mut String, report: &Report, palette: &Palette) -> fmt::Result {
    let style = if report.is_done() { palette.good } else { palette.high };
    let all = report.tokens.len() as u64;
    let mut text = format!("{} of {} proven dead", report.dead(), count(all, "token", "tokens"));
    let wanted =
        report.tokens.iter().filter(|entry| entry.case.wants_replacement(&report.stores)).count() as u64;
    if wanted > 0 {
        let replacements = count(wanted, "replacement", "replacements");
        text.push_str(&format!("; {} of {replacements} stored and proven live", report.replaced()));
    }
    writeln!(out, "{}", paint(style, text + "."))?;
    match next(report) {
        Some(next) => writeln!(out, "{} {}", paint(palette.heading, "Next:"), visible(&next)),
        None => Ok(()),
    }
}

/// What is to be done next, in a line.
fn next(report: &Report) -> Option<String> {
    let revoked = report.tokens.iter().filter(|entry| !entry.case.was_dead).count();
    match (&report.resume, report.replaced(), revoked) {
        (Some(resume), ..) => Some(format!("go on with {resume}")),
        (None, _, 0) => None,
        (None, 0, _) => Some(format!("create a new token for what used the old one, on {TOKENS_PAGE}")),
        (None, 1, 1) => Some("restart or redeploy what used the old token: it needs the new one.".to_owned()),
        (None, ..) => Some("restart or redeploy what used the old tokens: it needs the new ones.".to_owned()),
    }
}

fn token(out: &mut String, report: &Report, entry: &ReportedToken, palette: &Palette) -> fmt::Result {
    let case = &entry.case;
    let style = if entry.state == CaseState::Done { palette.good } else { palette.high };
    writeln!(out, "  {}  {}", paint(style, case.label()), paint(style, how_far(entry, &report.stores)))?;
    if let Some(row) = &case.row {
        writeln!(out, "    {}", visible(&row.line()))?;
    }
    match &case.revoke {
        CaseProgress::Done(by) if case.is_dead() => writeln!(out, "    revoked {}", visible(by))?,
        CaseProgress::Done(by) => writeln!(out, "    said to be revoked {}", visible(by))?,
        CaseProgress::Failed(why) => writeln!(out, "    {}", visible(why))?,
        CaseProgress::Begun | CaseProgress::Open => {}
    }
    match &case.dead_at {
        Some(at) => writeln!(out, "    proven dead at {at}: {}", visible(&case.reason))?,
        None if case.reason.is_empty() => {}
        None => writeln!(out, "    Krea {}", visible(&case.reason))?,
    }
    match &case.replacement {
        Some(new) => replacement(out, entry, new)?,
        None if report.stores.is_empty() && !case.was_dead => {
            writeln!(out, "    no replacement was minted: no --store said where to keep one")?;
        }
        None if case.was_dead && !report.stores.is_empty() => {
            writeln!(out, "    no replacement was minted: whoever revoked it may have one already")?;
        }
        None => {}
    }
    for name in &case.revoked_orphans {
        writeln!(out, "    a replacement named \"{}\", whose answer was lost, was revoked", visible(name))?;
    }
    for name in &case.orphans {
        writeln!(
            out,
            "    a replacement named \"{}\" may exist that nobody holds: look for it on {TOKENS_PAGE} and revoke it",
            visible(name)
        )?;
    }
    if let Some(problem) = case.problem.as_ref().filter(|problem| !is_said(problem, entry)) {
        writeln!(out, "    {}", visible(problem))?;
    }
    if let Some(usage) = &case.usage {
        for line in usage.to_string().lines() {
            writeln!(out, "    {}", visible(line))?;
        }
    }
    Ok(())
}

fn is_said(problem: &str, entry: &ReportedToken) -> bool {
    matches!(&entry.case.revoke, CaseProgress::Failed(why) if why == problem)
}

fn replacement(out: &mut String, entry: &ReportedToken, new: &Replacement) -> fmt::Result {
    let liveness = match new.status {
        Status::Live => "live",
        Status::Dead => "DEAD",
        Status::Unknown | Status::Unverified => "not proven live",
    };
    let fresh = label(new.id_prefix.as_deref(), &new.fingerprint);
    writeln!(out, "    replaced by {fresh}, {liveness}: \"{}\"", visible(&new.name))?;
    for (sink, stored) in &new.stores {
        match stored {
            CaseProgress::Done(place) => writeln!(out, "      stored: {}", visible(place))?,
            CaseProgress::Failed(why) => writeln!(out, "      {}", visible(why))?,
            CaseProgress::Begun | CaseProgress::Open => {
                writeln!(out, "      not confirmed: {}", visible(sink))?
            }
        }
    }
    if let Some(path) = &entry.escrow {
        writeln!(out, "      held until all of the incident is done, in {} (mode 0600)", visible(path))?;
    }
    Ok(())
}

fn how_far(entry: &ReportedToken, stores: &[String]) -> &'static str {
    let case = &entry.case;
    match entry.state {
        CaseState::Done if case.was_dead => "was dead before: nothing to revoke",
        CaseState::Done if case.replacement.is_some() => "proven dead and replaced",
        CaseState::Done => "proven dead",
        _ if case.is_settled(stores) => "not proven once more at the end",
        _ if case.is_dead() => "proven dead, not replaced",
        _ if case.status == Status::Live => "STILL LIVE",
        _ => "not proven dead",
    }
}
