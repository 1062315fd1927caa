//! The incidents that there are, as `--incidents` lists them. Only looks.

use super::case::State;
use super::folder::{State as Folders, StateError};
use super::journal::{Event, Journal, Record};
use super::run::{cases, is_begun, is_open};
use std::fmt::Write as _;

/// A line for each incident, newest first, and under it one for each of its tokens.
///
/// # Errors
/// A state folder that cannot be read, or is not private. A journal that cannot be read is a line of its own.
pub fn list() -> Result<String, StateError> {
    let ids = match Folders::look()? {
        Some(folders) => {
            let ids = folders.ids()?;
            ids.into_iter().map(|id| (Journal::read(&folders.folder(&id)), id)).collect()
        }
        None => Vec::new(),
    };
    let mut text = String::new();
    let mut open = 0;
    for (records, id) in ids.into_iter().rev() {
        match records {
            Ok(records) => {
                open += usize::from(is_open(&records));
                text.push_str(&told(&id, &records));
            }
            // Writing to a String cannot fail.
            Err(error) => _ = writeln!(text, "{id}  cannot be read: {error}"),
        }
    }
    let open = match open {
        0 => "No incident is open.".to_owned(),
        1 => "1 incident is open.".to_owned(),
        number => format!("{number} incidents are open."),
    };
    Ok(text + &open + "\n")
}

fn told(id: &str, records: &[Record]) -> String {
    let state = match () {
        () if is_open(records) => format!("open: krea-scan --resume {id}"),
        () if is_begun(records) => "closed".to_owned(),
        () => "ended before anything was begun".to_owned(),
    };
    let since = records.first().map_or("", |record| record.at.as_str());
    let stores = records.iter().rev().find_map(|record| match &record.event {
        Event::Opened { stores, .. } | Event::Resumed { stores } => Some(stores.clone()),
        _ => None,
    });
    let stores = stores.unwrap_or_default();
    let mut text = format!("{id}  begun {since}  {state}\n");
    for case in cases(records) {
        let how_far = match case.state(&stores) {
            State::Found => "found",
            State::Live => "live",
            State::Revoked => "revoked, not proven dead",
            State::ProvenDead => "proven dead, not replaced",
            State::Minted => "replacement in escrow",
            State::Stored => "replacement stored",
            State::Done if case.was_dead => "was dead before",
            State::Done if case.replacement.is_some() => "proven dead and replaced",
            State::Done => "proven dead",
        };
        let place = case.places.first().map_or("", String::as_str);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {how_far}  ({place})", case.label());
        if let Some(problem) = &case.problem {
            let _ = writeln!(text, "      {problem}");
        }
    }
    text
}
