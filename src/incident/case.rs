//! One leaked token's way through the incident, as the journal tells it. Takes events, gives what is known and what
//! comes next; does nothing itself.

use super::journal::{Event, Step};
use crate::finding::{Fingerprint, MASK, Status, TokenKind};
use crate::krea::Usage;
use serde::Serialize;
use std::collections::BTreeMap;

/// How far a token's replacement and revocation are, in the order of an ordinary run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Found, and nothing known.
    Found,
    /// Krea accepts it, or may.
    Live,
    /// Somebody says that it is revoked.
    Revoked,
    /// Krea answers 401.
    ProvenDead,
    /// A replacement is in escrow.
    Minted,
    /// Its sinks confirmed it.
    Stored,
    /// Everything that was asked for is done.
    Done,
}

/// Whether something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "why")]
pub enum Progress {
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

impl Progress {
    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        matches!(self, Progress::Done(_))
    }

    /// Whether it was tried at all.
    pub fn is_begun(&self) -> bool {
        *self != Progress::Open
    }
}

/// A token that replaces a leaked one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replacement {
    /// Which.
    pub fingerprint: Fingerprint,
    /// What tells its row.
    pub id_prefix: Option<String>,
    /// What it is called.
    pub name: String,
    /// Where it is kept, by sink.
    pub stores: BTreeMap<String, Progress>,
    /// Whether Krea accepts it, and since when that is known.
    pub status: Status,
    /// In words.
    pub reason: String,
}

/// A leaked token in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// Which.
    pub fingerprint: Fingerprint,
    /// Its shape.
    pub kind: TokenKind,
    /// What tells which row to revoke.
    pub id_prefix: Option<String>,
    /// Where it was found.
    pub places: Vec<String>,
    /// Since when it is out, as far as known.
    pub since: Option<String>,
    /// What a replacement is to be called.
    #[serde(skip)]
    pub name: String,
    /// What Krea said last.
    pub status: Status,
    /// In words.
    pub reason: String,
    /// Krea refused it before anything was done here.
    pub was_dead: bool,
    /// When Krea first answered 401, RFC 3339.
    pub dead_at: Option<String>,
    /// What ran with it.
    pub usage: Option<Usage>,
    /// Whether it was revoked.
    pub revoke: Progress,
    /// Whether a replacement was minted.
    pub mint: Progress,
    /// The replacement.
    pub replacement: Option<Replacement>,
    /// Replacements that may exist and that nobody holds.
    pub orphans: Vec<String>,
    /// The last thing that went wrong since.
    pub problem: Option<String>,
}

impl Case {
    /// The case that an event begins.
    pub fn found(event: &Event) -> Option<Case> {
        let Event::Found { token, kind, id_prefix, places, since, name } = event else { return None };
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
            usage: None,
            revoke: Progress::Open,
            mint: Progress::Open,
            replacement: None,
            orphans: Vec::new(),
            problem: None,
        })
    }

    /// Takes what happened to this token.
    pub fn apply(&mut self, at: &str, event: &Event) {
        match event {
            Event::Begun { step: Step::Revoke, .. } => self.revoke = Progress::Begun,
            Event::Begun { step: Step::Mint, .. } => self.mint = Progress::Begun,
            Event::Begun { step: Step::Store(sink), .. } => self.store(sink, Progress::Begun),
            Event::Failed { step, reason, .. } => {
                match step {
                    Step::Revoke => self.revoke = Progress::Failed(reason.clone()),
                    Step::Mint => self.mint = Progress::Failed(reason.clone()),
                    Step::Store(sink) => self.store(sink, Progress::Failed(reason.clone())),
                    _ => {}
                }
                self.problem = Some(reason.clone());
            }
            Event::Life { status, reason, .. } => {
                if *status == Status::Dead && self.dead_at.is_none() {
                    self.dead_at = Some(at.to_owned());
                    self.was_dead = self.status == Status::Unverified && !self.revoke.is_begun();
                    self.problem = None;
                }
                (self.status, self.reason) = (*status, reason.clone());
            }
            Event::Evidence { usage, .. } => self.usage = Some(usage.clone()),
            Event::Revoked { by, .. } => self.revoke = Progress::Done(by.clone()),
            Event::Orphaned { name, reason, .. } => {
                self.orphans.push(name.clone());
                self.mint = Progress::Failed(reason.clone());
            }
            Event::Minted { new, id_prefix, name, .. } => {
                self.mint = Progress::Done(name.clone());
                self.problem = None;
                self.replacement = Some(Replacement {
                    fingerprint: new.clone(),
                    id_prefix: id_prefix.clone(),
                    name: name.clone(),
                    stores: BTreeMap::new(),
                    status: Status::Unverified,
                    reason: String::new(),
                });
            }
            Event::Stored { sink, place, .. } => {
                self.store(sink, Progress::Done(place.clone()));
                self.problem = None;
            }
            Event::Replacement { status, reason, .. } => {
                if let Some(replacement) = &mut self.replacement {
                    (replacement.status, replacement.reason) = (*status, reason.clone());
                }
            }
            _ => {}
        }
    }

    fn store(&mut self, sink: &str, progress: Progress) {
        if let Some(replacement) = &mut self.replacement {
            replacement.stores.insert(sink.to_owned(), progress);
        }
    }

    /// Whether Krea answers 401.
    pub fn is_dead(&self) -> bool {
        self.dead_at.is_some()
    }

    /// Whether a replacement is wanted: sinks were named, and the token was not dead before.
    pub fn wants_replacement(&self, sinks: &[String]) -> bool {
        !sinks.is_empty() && !self.was_dead
    }

    /// Whether each of these sinks confirmed the replacement.
    pub fn is_stored(&self, sinks: &[String]) -> bool {
        let stored =
            |replacement: &Replacement, sink| replacement.stores.get(sink).is_some_and(Progress::is_done);
        self.replacement.as_ref().is_some_and(|new| sinks.iter().all(|sink| stored(new, sink)))
    }

    /// Whether the replacement is stored, and Krea accepts it.
    pub fn is_replaced(&self, sinks: &[String]) -> bool {
        let live = self.replacement.as_ref().is_some_and(|new| new.status == Status::Live);
        live && self.is_stored(sinks)
    }

    /// How far it is.
    pub fn state(&self, sinks: &[String]) -> State {
        let replaced = !self.wants_replacement(sinks) || self.is_replaced(sinks);
        match () {
            () if self.is_dead() && replaced => State::Done,
            () if self.is_stored(sinks) && self.replacement.is_some() => State::Stored,
            () if self.replacement.is_some() => State::Minted,
            () if self.is_dead() => State::ProvenDead,
            () if self.revoke.is_done() => State::Revoked,
            () if self.status == Status::Unverified => State::Found,
            () => State::Live,
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
pub fn token_of(event: &Event) -> Option<&Fingerprint> {
    match event {
        Event::Found { token, .. }
        | Event::Begun { token, .. }
        | Event::Failed { token, .. }
        | Event::Life { token, .. }
        | Event::Evidence { token, .. }
        | Event::Revoked { token, .. }
        | Event::Orphaned { token, .. }
        | Event::Minted { token, .. }
        | Event::Stored { token, .. }
        | Event::Replacement { token, .. } => Some(token),
        Event::Opened { .. } | Event::Resumed { .. } | Event::Closed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINK: &str = "env-file:.env";

    fn found() -> (Case, Fingerprint) {
        let token = Fingerprint::of(b"leaked");
        let event = Event::Found {
            token: token.clone(),
            kind: TokenKind::Pair,
            id_prefix: Some("a7b81471".to_owned()),
            places: vec![".env:1:14".to_owned()],
            since: None,
            name: "shop".to_owned(),
        };
        (Case::found(&event).unwrap(), token)
    }

    fn life(token: &Fingerprint, status: Status) -> Event {
        Event::Life { token: token.clone(), status, reason: "answered".to_owned() }
    }

    /// The events of an ordinary run, and the state after each.
    fn ordinary(token: &Fingerprint) -> Vec<(Event, State)> {
        let begun = |step| Event::Begun { token: token.clone(), step };
        let sink = SINK.to_owned();
        vec![
            (begun(Step::Verify), State::Found),
            (life(token, Status::Live), State::Live),
            (begun(Step::Revoke), State::Live),
            (Event::Revoked { token: token.clone(), by: "api".to_owned() }, State::Revoked),
            (begun(Step::ProveDead), State::Revoked),
            (life(token, Status::Live), State::Revoked),
            (life(token, Status::Dead), State::ProvenDead),
            (begun(Step::Mint), State::ProvenDead),
            (
                Event::Minted {
                    token: token.clone(),
                    new: Fingerprint::of(b"new"),
                    id_prefix: None,
                    name: "shop".to_owned(),
                },
                State::Minted,
            ),
            (begun(Step::Store(sink.clone())), State::Minted),
            (Event::Stored { token: token.clone(), sink, place: ".env".to_owned() }, State::Stored),
            (begun(Step::ProveLive), State::Stored),
            (
                Event::Replacement {
                    token: token.clone(),
                    status: Status::Live,
                    reason: "answered 200".to_owned(),
                },
                State::Done,
            ),
        ]
    }

    #[test]
    fn an_ordinary_run_goes_from_state_to_state() {
        let (mut case, token) = found();
        for (event, state) in ordinary(&token) {
            case.apply("2026-07-01T00:00:00Z", &event);
            assert_eq!(case.state(&[SINK.to_owned()]), state, "{event:?}");
        }
        assert_eq!(case.dead_at.as_deref(), Some("2026-07-01T00:00:00Z"));
        assert!(!case.was_dead && case.problem.is_none());
        // Another sink is another thing to do.
        assert_eq!(case.state(&[SINK.to_owned(), "command:true".to_owned()]), State::Minted);
    }

    #[test]
    fn without_sinks_dead_is_done() {
        let (mut case, token) = found();
        for (event, _) in ordinary(&token).into_iter().take(7) {
            case.apply("", &event);
        }
        assert_eq!(case.state(&[]), State::Done);
    }

    #[test]
    fn what_was_dead_before_is_not_replaced() {
        let (mut case, token) = found();
        case.apply("", &life(&token, Status::Dead));
        assert!(case.was_dead && !case.wants_replacement(&[SINK.to_owned()]));
        assert_eq!(case.state(&[SINK.to_owned()]), State::Done);

        // Dead after a revocation that a crash cut short is our doing.
        let (mut case, token) = found();
        case.apply("", &Event::Begun { token: token.clone(), step: Step::Revoke });
        case.apply("", &life(&token, Status::Dead));
        assert!(!case.was_dead && case.wants_replacement(&[SINK.to_owned()]));
    }

    #[test]
    fn nothing_but_a_refusal_is_dead() {
        for status in [Status::Unknown, Status::Live, Status::Unverified] {
            let (mut case, token) = found();
            case.apply("", &life(&token, status));
            assert!(!case.is_dead());
            assert_ne!(case.state(&[]), State::Done);
        }
    }
}
