//! What is on the disk of incidents: which are open, which tokens they deal with, what is needed to go on with one, and
//! what is damaged or left over. Looks; removes only what was never begun, and of that no token that the caller has not.

use super::authority::Ways;
use super::case::{Case, label, token_of};
use super::escrow::{Content, Escrow, EscrowOwner};
use super::folder::JOURNAL;
use super::folder::{IncidentFolder, LOCK, StateError, StateFolder as Folders};
use super::journal::{Journal, JournalEvent, Record};
use krea_scan_token::{Fingerprint, TOKENS_PAGE, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a journal says of its incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It was ended before every token was named, so nothing was done.
    Unbegun,
    /// Something is left to do.
    Open,
    /// Nothing is left to do.
    Closed,
    /// It cannot be relied on; why, and where.
    Damaged(String),
}

/// An incident's folder, as it is.
pub struct FolderState {
    pub id: String,
    pub path: PathBuf,
    pub health: Health,
    /// What its journal says, as far as it can be read.
    pub records: Vec<Record>,
    /// What its escrow holds.
    held: Vec<(PathBuf, Content)>,
}

impl FolderState {
    /// Looks at an incident's folder. Whatever is wrong with it is its health.
    pub fn at(id: &str, path: &Path) -> FolderState {
        let read = match Journal::read(path) {
            Err(StateError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        };
        let held = Escrow::new(path).held();
        let damaged = |error: StateError| Health::Damaged(error.to_string());
        let at = |problem| damaged(StateError::Damaged { path: path.join(JOURNAL), problem });
        let (records, mut health) = match read {
            Ok(records) => {
                let health = match health(&records) {
                    Health::Damaged(problem) => at(problem),
                    health => health,
                };
                (records, health)
            }
            Err(error) => (Vec::new(), damaged(error)),
        };
        let held = held.unwrap_or_else(|error| {
            health = damaged(error);
            Vec::new()
        });
        if health == Health::Unbegun && held.iter().any(|(path, _)| !is(path, EscrowOwner::Leaked)) {
            health =
                at("it tells of nothing that was begun, and a replacement is in escrow beside it".to_owned());
        }
        FolderState { id: id.to_owned(), path: path.to_owned(), health, records, held }
    }

    /// Every incident there is, oldest first.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn all(folders: &Folders) -> Result<Vec<FolderState>, StateError> {
        Ok(folders.ids()?.into_iter().map(|id| FolderState::at(&id, &folders.folder(&id))).collect())
    }

    /// What its escrow holds that going on with it would not find.
    fn orphans(&self) -> impl Iterator<Item = &(PathBuf, Content)> {
        let known: BTreeSet<String> = match self.health {
            Health::Open => cases(&self.records).iter().map(|case| case.fingerprint.to_string()).collect(),
            Health::Unbegun | Health::Closed | Health::Damaged(_) => BTreeSet::new(),
        };
        let is_known = move |path: &Path, content: &Content| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let token = name.split_once('-').map_or("", |(_, token)| token);
            matches!(content, Content::Token(_)) && known.contains(token)
        };
        self.held.iter().filter(move |(path, content)| !is_known(path, content))
    }

    /// What a person has to know and to do, if anything is wrong with it; lines without an end.
    pub fn warning(&self) -> Option<String> {
        let problem = match &self.health {
            Health::Damaged(problem) => Some(problem.as_str()),
            Health::Unbegun | Health::Open | Health::Closed => None,
        };
        let mut orphans = self.orphans().peekable();
        if problem.is_none() && orphans.peek().is_none() {
            return None;
        }
        let id = &self.id;
        let mut text = match problem {
            Some(problem) => format!("incident {id} cannot be gone on with: {problem}"),
            None => format!("incident {id} has something in escrow that nobody deals with"),
        };
        let folder = self.path.display();
        if orphans.peek().is_none() {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\n    Nothing is in its escrow. Begin anew where the tokens were found, with krea-scan --revoke, and move \
                 {folder} away."
            );
            return Some(text);
        }
        for (path, content) in orphans {
            let _ = write!(text, "\n    {}", what_is_held(path, content));
        }
        let _ = write!(
            text,
            "\n    Nothing of this is ever removed by krea-scan. When it is dealt with, remove {folder}"
        );
        Some(text)
    }
}

/// Whose file it is, by its name.
fn is(path: &Path, held: EscrowOwner) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(held.prefix()))
}

/// What a file of an escrow holds, and what to do about it.
fn what_is_held(path: &Path, content: &Content) -> String {
    let shown = path.display();
    match content {
        Content::Token(token) if is(path, EscrowOwner::Leaked) => format!(
            "{shown} holds a copy of the leaked token {}: krea-scan --revoke, where it was found, deals with it",
            name(token)
        ),
        Content::Token(token) => format!(
            "{shown} holds the replacement {}, which may be live and nowhere else. krea-scan --verify {shown} asks; then \
             store it (it is the fourth word of that file), or revoke its row on {TOKENS_PAGE}",
            name(token)
        ),
        Content::Nothing | Content::Room | Content::Damaged => format!(
            "{shown} cannot be read as what krea-scan put there, and may hold a live token: look into it, store the token or \
             revoke its row on {TOKENS_PAGE}"
        ),
    }
}

fn name(token: &Token) -> String {
    label(token.id_prefix().as_deref(), &token.fingerprint())
}

/// What records that can be read say of their incident.
fn health(records: &[Record]) -> Health {
    let Some((first, rest)) = records.split_first() else { return Health::Unbegun };
    let JournalEvent::Opened { tokens, .. } = first.event else {
        return Health::Damaged("it does not begin with its incident's opening".to_owned());
    };
    let is_found = |record: &Record| matches!(record.event, JournalEvent::Found { .. });
    let named = rest.iter().filter(|record| is_found(record)).count();
    match () {
        () if named < tokens && rest.iter().all(is_found) => Health::Unbegun,
        () if named != tokens || cases(records).len() != tokens => {
            Health::Damaged(format!("it is for {tokens} tokens and names {named}"))
        }
        () if records.last().is_some_and(|record| record.event == JournalEvent::Closed) => Health::Closed,
        () => Health::Open,
    }
}

/// Which incident deals with a token already, of those that are open.
pub fn in_open_incidents(looks: &[FolderState]) -> BTreeMap<Fingerprint, String> {
    let open = looks.iter().filter(|look| look.health == Health::Open);
    let tokens = open
        .flat_map(|look| cases(&look.records).into_iter().map(|case| (case.fingerprint, look.id.clone())));
    tokens.collect()
}

/// Every token that leaked, as far as the journals tell.
pub fn ever_leaked(looks: &[FolderState]) -> BTreeSet<Fingerprint> {
    let leaked = |record: &Record| match &record.event {
        JournalEvent::Found { token, .. } => vec![token.clone()],
        JournalEvent::Opened { leaked, .. } => leaked.clone(),
        _ => Vec::new(),
    };
    looks.iter().flat_map(|look| &look.records).flat_map(leaked).collect()
}

/// The incident that is to be gone on with when nobody names one.
///
/// # Errors
/// None is open.
pub fn latest(looks: &[FolderState]) -> Result<String, StateError> {
    let open = looks.iter().rfind(|look| look.health == Health::Open);
    open.map(|look| look.id.clone()).ok_or(StateError::NoneOpen)
}

/// Removes what a run left behind that was ended before it began anything, when every token in it is one of these, which
/// the caller keeps elsewhere. Gives whether it is gone.
///
/// # Errors
/// What the system says; and one that another process works on.
pub fn clear_unbegun(look: &FolderState, folders: &Folders, at_hand: &[&Token]) -> Result<bool, StateError> {
    let is_at_hand = |content: &Content| match content {
        Content::Token(token) => at_hand.iter().any(|known| known.expose() == token.expose()),
        Content::Nothing | Content::Room => true,
        Content::Damaged => false,
    };
    if look.health != Health::Unbegun || !look.held.iter().all(|(_, content)| is_at_hand(content)) {
        return Ok(false);
    }
    let folder = folders.enter(&look.id)?;
    let escrow = Escrow::new(&folder.path);
    let mut is_empty = true;
    let entries = fs::read_dir(&folder.path).map_err(StateError::io("read", &folder.path))?;
    for entry in entries {
        let path = entry.map_err(StateError::io("read", &folder.path))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let leaked =
            name.strip_prefix(EscrowOwner::Leaked.prefix()).and_then(|text| Fingerprint::parse(text).ok());
        match leaked {
            Some(leaked) => match at_hand.iter().find(|token| token.fingerprint() == leaked) {
                Some(token) => escrow.settle(EscrowOwner::Leaked, &leaked, token)?,
                None => escrow.free(EscrowOwner::Leaked, &leaked)?,
            },
            None => is_empty &= name == JOURNAL || name == LOCK,
        }
    }
    if is_empty {
        folder.remove()?;
    }
    Ok(is_empty)
}

/// The cases that a journal tells of.
pub fn cases(records: &[Record]) -> Vec<Case> {
    let mut cases = Vec::new();
    records.iter().for_each(|record| apply(&mut cases, record));
    cases
}

/// Takes what happened.
pub fn apply(cases: &mut Vec<Case>, record: &Record) {
    cases.extend(Case::found(&record.event));
    let token = token_of(&record.event);
    let concerned =
        |case: &&mut Case| record.event == JournalEvent::Closed || Some(&case.fingerprint) == token;
    cases.iter_mut().filter(concerned).for_each(|case| case.apply(&record.at, &record.event));
}

/// What a journal says of the run that wrote it.
pub struct JournalState {
    pub api: String,
    pub ways: Ways,
    pub stores: Vec<String>,
    pub replace_first: bool,
    pub folder: PathBuf,
    pub cases: Vec<Case>,
}

impl JournalState {
    /// Reads what a run needs that goes on.
    ///
    /// # Errors
    /// An incident that is closed, or was never begun. One that is damaged is none of these; see [`FolderState::warning`].
    pub fn of(records: &[Record], at: &IncidentFolder) -> Result<JournalState, StateError> {
        match health(records) {
            Health::Open => {}
            Health::Closed => return Err(StateError::Closed(at.id.clone())),
            Health::Unbegun => return Err(StateError::NotBegun(at.id.clone())),
            Health::Damaged(problem) => {
                return Err(StateError::Damaged { path: at.path.join(JOURNAL), problem });
            }
        }
        let opened = records.first().map(|record| &record.event);
        let Some(JournalEvent::Opened {
            api,
            token_api,
            via,
            krea_mcp,
            krea_credential_env,
            stores,
            replace_first,
            folder,
            ..
        }) = opened
        else {
            return Err(StateError::NotBegun(at.id.clone()));
        };
        let resumed = records.iter().rev().find_map(|record| match &record.event {
            JournalEvent::Resumed { stores } => Some(stores),
            _ => None,
        });
        Ok(JournalState {
            api: api.clone(),
            ways: Ways {
                via: *via,
                token_api: token_api.as_deref().cloned(),
                krea_mcp: (**krea_mcp).clone(),
                krea_credential_env: krea_credential_env.clone(),
            },
            stores: resumed.unwrap_or(stores).clone(),
            replace_first: *replace_first,
            folder: folder.clone(),
            cases: cases(records),
        })
    }
}
