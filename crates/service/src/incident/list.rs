//! The incidents that there are, as `--incidents` lists them. Only looks.

use super::case::CaseState;
use super::folder::{StateError, StateFolder as Folders};
use super::folder_state::{FolderState, Health, cases};
use super::journal::JournalEvent;
use std::fmt::Write as _;

/// Lines for each incident, newest first: how far it is, each of its tokens, and what is wrong with it or left over.
///
/// # Errors
/// A state folder that cannot be read, or is not private. What is wrong with one incident is among its lines.
pub fn list() -> Result<String, StateError> {
    let looks = match Folders::look()? {
        Some(folders) => FolderState::all(&folders)?,
        None => Vec::new(),
    };
    let mut text: String = looks.iter().rev().map(told).collect();
    let open = match looks.iter().filter(|look| look.health == Health::Open).count() {
        0 => "No incident is open.".to_owned(),
        1 => "1 incident is open.".to_owned(),
        number => format!("{number} incidents are open."),
    };
    text += &open;
    Ok(text + "\n")
}

fn told(look: &FolderState) -> String {
    let (id, records) = (&look.id, &look.records);
    let state = match look.health {
        Health::Open => format!("open: krea-scan --resume {id}"),
        Health::Closed => "closed".to_owned(),
        Health::Unbegun => "ended before anything was begun".to_owned(),
        Health::Damaged(_) => "damaged".to_owned(),
    };
    let since = records.first().map_or("", |record| record.at.as_str());
    let stores = records.iter().rev().find_map(|record| match &record.event {
        JournalEvent::Opened { stores, .. } | JournalEvent::Resumed { stores } => Some(stores.clone()),
        _ => None,
    });
    let stores = stores.unwrap_or_default();
    let begun = if since.is_empty() { String::new() } else { format!("  begun {since}") };
    let mut text = format!("{id}{begun}  {state}\n");
    for case in cases(records) {
        let how_far = match case.state(&stores) {
            CaseState::Found => "found",
            CaseState::Live => "live",
            CaseState::Revoked => "revoked, not proven dead",
            CaseState::ProvenDead => "proven dead, not replaced",
            CaseState::Minted => "replacement in escrow",
            CaseState::Stored => "replacement stored",
            CaseState::Done if case.was_dead => "was dead before",
            CaseState::Done if case.replacement.is_some() => "proven dead and replaced",
            CaseState::Done => "proven dead",
        };
        let place = case.places.first().map_or("", String::as_str);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {how_far}  ({place})", case.label());
        if let Some(problem) = &case.problem {
            let _ = writeln!(text, "      {problem}");
        }
    }
    if let Some(warning) = look.warning() {
        let _ = writeln!(text, "  warning: {warning}");
    }
    text
}
