//! The tokens of a workspace, as `--tokens` lists them, with what Krea's own guide says to look at: what leaked, what nobody
//! uses, what was made for a project that is gone. Changes nothing.

use super::authority::{self, Authority, Ways};
use super::begin::IncidentOptions;
use super::case::Case;
use super::console::Console;
use super::folder::StateFolder as Folders;
use super::folder_state::{FolderState, cases};
use crate::krea::{TokenRow, Via};
use anyhow::{Result, bail};
use jiff::{Timestamp, ToSpan as _};
use krea_scan_token::TOKENS_PAGE;
use std::fmt::Write as _;

/// What was not used for so many days is worth a look.
const UNUSED_DAYS: i64 = 90;
/// Characters of an id that are shown.
const ID_PREFIX: usize = 8;

/// What there is in the workspace.
pub struct Listing {
    /// Lines for people.
    pub text: String,
    /// A token that an incident is about is there, and not known to be revoked.
    pub has_leaked: bool,
    /// Nothing is missing.
    pub is_whole: bool,
}

/// Signs in, and lists the workspace's tokens.
///
/// # Errors
/// Nobody who signs in; a server that does not list them.
pub fn workspace_tokens(options: &IncidentOptions, console: &Console) -> Result<Listing> {
    // Only Krea itself lists them.
    let ways = Ways { via: Some(Via::Krea), ..options.ways.clone() };
    let Authority { authority, .. } =
        authority::choose(&ways, &options.api, (&options.http, options.wait), console)?;
    let Some(authority) = authority else { bail!("nobody lists tokens here") };
    console.print_always(format!("Listing the workspace's tokens through {}.", authority.name()));
    if let Err(why) = authority.open() {
        bail!("{}: {why}. The list is on {TOKENS_PAGE}", authority.name());
    }
    let listed = authority.list();
    if let Some(left) = authority.close() {
        console.print_always(left);
    }
    let list = match listed {
        Some(Ok(list)) => list,
        Some(Err(why)) => bail!("{}: {why}. The list is on {TOKENS_PAGE}", authority.name()),
        None => bail!("{} lists no tokens", authority.name()),
    };
    let looks = Folders::look()?.map_or(Ok(Vec::new()), |folders| FolderState::all(&folders))?;
    let leaked: Vec<(String, Case)> = looks
        .iter()
        .flat_map(|look| cases(&look.records).into_iter().map(|case| (look.id.clone(), case)))
        .collect();
    let now = Timestamp::now();
    let (mut text, mut has_leaked) = (String::new(), false);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Tokens of the workspace, from {}: {}\n", authority.name(), list.rows.len());
    for row in &list.rows {
        let _ = writeln!(text, "  {}  {}", prefix(&row.id), row.line());
        if let Some((incident, case)) = leaked.iter().find(|(_, case)| is_row_of(row, case)) {
            has_leaked |= !row.is_revoked;
            let state = if case.is_dead() { "proven dead there" } else { "not proven dead" };
            let _ = writeln!(text, "    ! found leaked: incident {incident}, {state}");
        }
        if let Some(note) = unused(row, now).filter(|_| !row.is_revoked) {
            let _ = writeln!(text, "    ! {note}");
        }
    }
    if !list.is_whole {
        let _ = writeln!(text, "\nThis is not all: the server lists more than it gives.");
    }
    let _ = writeln!(
        text,
        "\nTo look at: revoke what is marked, and what was made for a project that is gone, which only you can tell by its \
         name.\nNothing was changed. A row is revoked on {TOKENS_PAGE}."
    );
    Ok(Listing { text, has_leaked, is_whole: list.is_whole })
}

fn prefix(id: &str) -> String {
    match id.char_indices().nth(ID_PREFIX) {
        Some((end, _)) => format!("{}…", &id[..end]),
        None => id.to_owned(),
    }
}

/// Whether a row is that of a leaked token.
fn is_row_of(row: &TokenRow, case: &Case) -> bool {
    let starts =
        |prefix: &str| row.ids.iter().any(|id| id.to_lowercase().starts_with(&prefix.to_lowercase()));
    case.id_prefix.as_deref().is_some_and(starts)
}

/// What to look at because nobody uses it.
fn unused(row: &TokenRow, now: Timestamp) -> Option<String> {
    let long_ago = now.checked_sub((UNUSED_DAYS * 24).hours()).ok()?;
    match row.last_used() {
        Some(last) if last < long_ago => {
            Some(format!("not used for {} days", now.duration_since(last).as_hours() / 24))
        }
        Some(_) => None,
        None if row.tells_use && row.last_used_at.is_none() => Some("never used".to_owned()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_uses_is_marked() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let row = |last_used_at: Option<&str>, tells_use| TokenRow {
            last_used_at: last_used_at.map(str::to_owned),
            tells_use,
            ..TokenRow::default()
        };
        for (row, said) in [
            (row(Some("2026-05-01T00:00:00Z"), true), None),
            (row(Some("2026-02-01T00:00:00Z"), true), Some("not used for 120 days")),
            (row(None, true), Some("never used")),
            (row(None, false), None),
            (row(Some("yesterday"), true), None),
        ] {
            assert_eq!(unused(&row, now).as_deref(), said);
        }
        assert_eq!((prefix("2f1c8a7e-0000"), prefix("7")), ("2f1c8a7e…".to_owned(), "7".to_owned()));
    }
}
