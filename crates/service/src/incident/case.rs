//! One leaked token's way through the incident, as the journal tells it. Takes events, gives what is known and what
//! comes next; does nothing itself.

use super::journal::{IncidentStep, JournalEvent};
use super::naming;
use crate::krea::{TokenRow, Usage};
use krea_scan_token::{Fingerprint, MASK, Status, TokenKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// How far a token's replacement and revocation are, in the order of an ordinary run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Found, and nothing known.
    Found,
    /// Krea accepts it, or may.
    Live,
    /// Somebody says that it is revoked.
    Revoked,
    /// Krea refuses it.
    ProvenDead,
    /// A replacement is in escrow.
    Minted,
    /// Its sinks confirmed it.
    Stored,
    /// Everything that was asked for is done, and was proven once more at the end of the run.
    Done,
}

/// Whether something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "why")]
pub enum CaseProgress {
    /// Not tried.
    #[default]
    Open,
    /// Tried; nobody knows how it ended.
    Begun,
    /// Tried in vain.
    Failed(String),
    /// Done; by whom or where.
    Done(String),
}

impl CaseProgress {
    pub fn is_done(&self) -> bool {
        matches!(self, CaseProgress::Done(_))
    }

    /// Whether it was tried at all.
    pub fn is_begun(&self) -> bool {
        *self != CaseProgress::Open
    }
}

/// A token that replaces a leaked one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replacement {
    pub fingerprint: Fingerprint,
    /// What tells its row.
    pub id_prefix: Option<String>,
    pub name: String,
    /// Where it is kept, by sink.
    pub stores: BTreeMap<String, CaseProgress>,
    /// Whether Krea accepts it, and since when that is known.
    pub status: Status,
    pub reason: String,
}

/// A leaked token in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    pub fingerprint: Fingerprint,
    /// Its shape.
    pub kind: TokenKind,
    /// What tells which row to revoke.
    pub id_prefix: Option<String>,
    pub places: Vec<String>,
    /// Since when it is out, as far as known.
    pub since: Option<String>,
    /// What a replacement is to be called.
    #[serde(skip)]
    pub name: String,
    /// What Krea said last.
    pub status: Status,
    pub reason: String,
    /// Krea refused it before anything was done here.
    pub was_dead: bool,
    /// Since when Krea is known to refuse it, RFC 3339.
    pub dead_at: Option<String>,
    /// What the list of the workspace's tokens says of it.
    pub row: Option<TokenRow>,
    /// What ran with it.
    pub usage: Option<Usage>,
    pub revoke: CaseProgress,
    /// Whether a replacement was minted.
    pub mint: CaseProgress,
    pub replacement: Option<Replacement>,
    /// Replacements that may exist and that nobody holds.
    pub orphans: Vec<String>,
    /// Such that were found, and revoked.
    pub revoked_orphans: Vec<String>,
    /// A name that no token had before one was minted.
    #[serde(skip)]
    pub free_name: Option<String>,
    /// Since when it is known to be free.
    #[serde(skip)]
    pub free_since: Option<jiff::Timestamp>,
    /// Replacements that were given up, because they are dead.
    #[serde(skip)]
    pub former: Vec<Fingerprint>,
    /// Whether all of it was proven once more after the last change.
    #[serde(skip)]
    pub proven: bool,
    /// The last thing that went wrong since.
    pub problem: Option<String>,
}

impl Case {
    /// The case that an event begins.
    pub fn found(event: &JournalEvent) -> Option<Case> {
        let JournalEvent::Found { token, kind, id_prefix, places, since, name } = event else { return None };
        Some(Case {
            fingerprint: token.clone(),
            kind: *kind,
            id_prefix: id_prefix.clone(),
            places: places.clone(),
            since: since.clone(),
            name: name.clone(),
            status: Status::Unverified,
            reason: String::new(),
            was_dead: false,
            dead_at: None,
            row: None,
            usage: None,
            revoke: CaseProgress::Open,
            mint: CaseProgress::Open,
            replacement: None,
            orphans: Vec::new(),
            revoked_orphans: Vec::new(),
            free_name: None,
            free_since: None,
            former: Vec::new(),
            proven: false,
            problem: None,
        })
    }

    /// What a replacement can be called: none of what may exist already.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let tries = self.orphans.len() + self.revoked_orphans.len() + self.former.len();
        let name = |tries| match tries {
            0 => self.name.clone(),
            tries => naming::again(&self.name, tries),
        };
        let is_new = |name: &String| !self.orphans.contains(name) && !self.revoked_orphans.contains(name);
        (tries..).map(name).filter(is_new)
    }

    /// Takes what happened to this token.
    pub fn apply(&mut self, at: &str, event: &JournalEvent) {
        match event {
            JournalEvent::Begun { step, .. } => self.begin(step),
            JournalEvent::Failed { step, reason, .. } => {
                match step {
                    IncidentStep::Revoke => self.revoke = CaseProgress::Failed(reason.clone()),
                    // From now on a person may have made what has that name.
                    IncidentStep::Mint => {
                        (self.free_name, self.mint) = (None, CaseProgress::Failed(reason.clone()));
                    }
                    IncidentStep::Store(sink) => self.store(sink, CaseProgress::Failed(reason.clone())),
                    _ => {}
                }
                self.proven = false;
                self.problem = Some(reason.clone());
            }
            JournalEvent::Liveness { status, reason, .. } => self.hear(at, *status, reason),
            JournalEvent::Evidence { usage, .. } => self.usage = Some(usage.clone()),
            JournalEvent::Revoked { by, .. } => self.revoke = CaseProgress::Done(by.clone()),
            JournalEvent::Listed { row, .. } => self.row = row.clone(),
            JournalEvent::NameFree { name, .. } => {
                (self.free_name, self.free_since) = (Some(name.clone()), at.parse().ok());
            }
            JournalEvent::OrphanRevoked { name, .. } => {
                self.revoked_orphans.push(name.clone());
                (self.free_name, self.mint) = (None, CaseProgress::Open);
            }
            JournalEvent::Orphaned { name, reason, .. } => {
                self.orphans.push(name.clone());
                self.free_name = None;
                (self.replacement, self.mint) = (None, CaseProgress::Failed(reason.clone()));
            }
            JournalEvent::Minted { new, id_prefix, name, .. } => {
                self.free_name = None;
                self.mint = CaseProgress::Done(name.clone());
                (self.proven, self.problem) = (false, None);
                self.replacement = Some(Replacement {
                    fingerprint: new.clone(),
                    id_prefix: id_prefix.clone(),
                    name: name.clone(),
                    stores: BTreeMap::new(),
                    status: Status::Unverified,
                    reason: String::new(),
                });
            }
            JournalEvent::Stored { sink, place, .. } => {
                self.store(sink, CaseProgress::Done(place.clone()));
                self.problem = None;
            }
            JournalEvent::Replacement { status, reason, .. } => {
                if let Some(replacement) = &mut self.replacement {
                    (replacement.status, replacement.reason) = (*status, reason.clone());
                }
                self.proven &= *status == Status::Live;
            }
            JournalEvent::GivenUp { new, .. } => {
                self.former.push(new.clone());
                (self.replacement, self.mint, self.proven) = (None, CaseProgress::Open, false);
            }
            JournalEvent::Proven { .. } => (self.proven, self.problem) = (true, None),
            JournalEvent::Closed => self.proven = true,
            _ => {}
        }
    }

    fn begin(&mut self, step: &IncidentStep) {
        match step {
            IncidentStep::Revoke => self.revoke = CaseProgress::Begun,
            IncidentStep::Mint => self.mint = CaseProgress::Begun,
            IncidentStep::Store(sink) => self.store(sink, CaseProgress::Begun),
            IncidentStep::Verify
            | IncidentStep::Evidence
            | IncidentStep::ProveDead
            | IncidentStep::ProveLive
            | IncidentStep::Renew => return,
        }
        self.proven = false;
    }

    /// Takes what Krea said of the token. The last word counts.
    fn hear(&mut self, at: &str, status: Status, reason: &str) {
        match status {
            Status::Dead if self.dead_at.is_none() => {
                self.dead_at = Some(at.to_owned());
                let is_untouched = !self.revoke.is_begun() && self.replacement.is_none();
                self.was_dead |= self.status == Status::Unverified && is_untouched;
                self.problem = None;
            }
            Status::Dead => {}
            Status::Live | Status::Unknown | Status::Unverified => {
                (self.dead_at, self.proven) = (None, false);
                self.was_dead &= status != Status::Live;
            }
        }
        (self.status, self.reason) = (status, reason.to_owned());
    }

    fn store(&mut self, sink: &str, progress: CaseProgress) {
        if let Some(replacement) = &mut self.replacement {
            replacement.stores.insert(sink.to_owned(), progress);
        }
    }

    /// Whether Krea refuses it, as far as its last word goes.
    pub fn is_dead(&self) -> bool {
        self.status == Status::Dead
    }

    /// Whether a replacement is wanted: sinks were named, and the token was not dead before; or there is one already.
    pub fn wants_replacement(&self, sinks: &[String]) -> bool {
        (!sinks.is_empty() && !self.was_dead) || self.replacement.is_some()
    }

    /// Whether there are sinks, and each of them confirmed the replacement.
    pub fn is_stored(&self, sinks: &[String]) -> bool {
        let stored =
            |replacement: &Replacement, sink| replacement.stores.get(sink).is_some_and(CaseProgress::is_done);
        let new = self.replacement.as_ref().filter(|_| !sinks.is_empty());
        new.is_some_and(|new| sinks.iter().all(|sink| stored(new, sink)))
    }

    /// Whether the replacement is stored, and Krea accepts it.
    pub fn is_replaced(&self, sinks: &[String]) -> bool {
        let live = self.replacement.as_ref().is_some_and(|new| new.status == Status::Live);
        live && self.is_stored(sinks)
    }

    /// Whether it is dead and replaced, as far as that was asked for.
    pub fn is_settled(&self, sinks: &[String]) -> bool {
        self.is_dead() && (!self.wants_replacement(sinks) || self.is_replaced(sinks))
    }

    /// How far it is.
    pub fn state(&self, sinks: &[String]) -> CaseState {
        match () {
            () if self.is_settled(sinks) && self.proven => CaseState::Done,
            () if self.is_stored(sinks) && self.replacement.is_some() => CaseState::Stored,
            () if self.replacement.is_some() => CaseState::Minted,
            () if self.is_dead() => CaseState::ProvenDead,
            () if self.revoke.is_done() => CaseState::Revoked,
            () if self.status == Status::Unverified => CaseState::Found,
            () => CaseState::Live,
        }
    }

    /// What to call it on screen.
    pub fn label(&self) -> String {
        label(self.id_prefix.as_deref(), &self.fingerprint)
    }
}

/// What to call a token on screen: its id prefix, or for a legacy key the start of its fingerprint.
pub fn label(id_prefix: Option<&str>, fingerprint: &Fingerprint) -> String {
    match id_prefix {
        Some(id) => id.to_owned(),
        None => format!("{MASK} (fingerprint {})", &fingerprint.as_str()[..8]),
    }
}

/// The token that an event is about.
pub fn token_of(event: &JournalEvent) -> Option<&Fingerprint> {
    match event {
        JournalEvent::Found { token, .. }
        | JournalEvent::Begun { token, .. }
        | JournalEvent::Failed { token, .. }
        | JournalEvent::Liveness { token, .. }
        | JournalEvent::Evidence { token, .. }
        | JournalEvent::Revoked { token, .. }
        | JournalEvent::Orphaned { token, .. }
        | JournalEvent::Minted { token, .. }
        | JournalEvent::Stored { token, .. }
        | JournalEvent::Replacement { token, .. }
        | JournalEvent::GivenUp { token, .. }
        | JournalEvent::Listed { token, .. }
        | JournalEvent::NameFree { token, .. }
        | JournalEvent::OrphanRevoked { token, .. }
        | JournalEvent::Proven { token } => Some(token),
        JournalEvent::Opened { .. }
        | JournalEvent::Resumed { .. }
        | JournalEvent::SigningIn { .. }
        | JournalEvent::SignedIn { .. }
        | JournalEvent::NotSignedIn { .. }
        | JournalEvent::Closed => None,
    }
}

#[cfg(test)]
mod tests;
