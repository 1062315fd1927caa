//! What the journals on disk tell: which incidents are open, which tokens they deal with, and what is needed to go on with
//! one. Reads; removes only what was never begun.

use super::case::{Case, token_of};
use super::folder::{Folder, State as Folders, StateError};
use super::journal::{Event, Journal, Record, VERSION};
use crate::finding::Fingerprint;
use crate::krea::TokenApiConfig;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Which incident deals with a token already, of those that are open.
pub fn in_open_incidents(folders: &Folders) -> Result<BTreeMap<Fingerprint, String>, StateError> {
    let mut busy = BTreeMap::new();
    for id in folders.ids()? {
        let Ok(records) = Journal::read(&folders.folder(&id)) else { continue };
        if is_open(&records) {
            for case in cases(&records).into_iter() {
                busy.insert(case.fingerprint, id.clone());
            }
        }
    }
    Ok(busy)
}

pub fn latest(folders: &Folders) -> Result<String, StateError> {
    let ids = folders.ids()?;
    let open = |id: &&String| Journal::read(&folders.folder(id)).is_ok_and(|records| is_open(&records));
    ids.iter().rev().find(open).cloned().ok_or(StateError::NoneOpen)
}

/// Removes what runs left behind that were ended before they began anything, copies of leaked tokens among it.
pub fn clear_unbegun(folders: &Folders) -> Result<(), StateError> {
    for id in folders.ids()? {
        let records = match Journal::read(&folders.folder(&id)) {
            Ok(records) => records,
            Err(StateError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Vec::new(),
            // What cannot be read is not ours to remove.
            Err(_) => continue,
        };
        if !is_begun(&records) {
            folders.enter(&id)?.remove()?;
        }
    }
    Ok(())
}

/// Whether every token that the incident is for was named. Before that, nothing was done.
pub fn is_begun(records: &[Record]) -> bool {
    match records.first().map(|record| &record.event) {
        Some(Event::Opened { tokens, .. }) => cases(records).len() == *tokens,
        _ => false,
    }
}

/// Whether something is left to do.
pub fn is_open(records: &[Record]) -> bool {
    is_begun(records) && records.last().is_some_and(|record| record.event != Event::Closed)
}

/// The cases that a journal tells of.
pub fn cases(records: &[Record]) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for record in records {
        cases.extend(Case::found(&record.event));
        let token = token_of(&record.event);
        if let Some(case) = cases.iter_mut().find(|case| Some(&case.fingerprint) == token) {
            case.apply(&record.at, &record.event);
        }
    }
    cases
}

/// What a journal says of the run that wrote it.
pub struct Kept {
    pub api: String,
    pub token_api: Option<TokenApiConfig>,
    pub stores: Vec<String>,
    pub replace_first: bool,
    pub folder: PathBuf,
    pub cases: Vec<Case>,
}

impl Kept {
    pub fn of(records: &[Record], at: &Folder) -> Result<Kept, StateError> {
        let opened = records.first().map(|record| &record.event);
        let Some(Event::Opened { version: VERSION, api, token_api, stores, replace_first, folder, .. }) =
            opened
        else {
            return Err(StateError::NotBegun(at.id.clone()));
        };
        if !is_begun(records) {
            return Err(StateError::NotBegun(at.id.clone()));
        }
        let resumed = records.iter().rev().find_map(|record| match &record.event {
            Event::Resumed { stores } => Some(stores),
            _ => None,
        });
        Ok(Kept {
            api: api.clone(),
            token_api: token_api.clone(),
            stores: resumed.unwrap_or(stores).clone(),
            replace_first: *replace_first,
            folder: folder.clone(),
            cases: cases(records),
        })
    }
}
