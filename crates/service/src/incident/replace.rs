//! The steps that give a leaked token its replacement: get it, as [`super::mint`] does; store it; prove it live; give it up
//! when it is dead, and get another one.

use super::case::{Case, CaseProgress};
use super::escrow::EscrowOwner;
use super::journal::{IncidentStep, JournalEvent};
use super::run::{IncidentRun, RunPart};
use super::sink::{Delivery, Sink};
use super::steps::BY_API;
use super::terminal_text::Tone;
use crate::krea::Liveness;
use anyhow::Result;
use krea_scan_token::{Fingerprint, Status, Token};
use std::thread;
use std::time::{Duration, Instant};

/// What is wrong with a replacement that there is no place for.
const NOWHERE: &str =
    "a replacement is in escrow, and nothing says where to keep it; add --store to --resume";
/// How long a new token may take until Krea accepts it.
const NEW_TOKEN: Duration = Duration::from_secs(10);

impl IncidentRun<'_> {
    /// Mints, stores and proves the replacements that are wanted.
    pub fn replace(&mut self) -> Result<()> {
        let sinks = self.sink_names();
        let first = self.replace_first;
        for token in self.select(|case| case.wants_replacement(&sinks) && (first || case.is_dead())) {
            self.give_up_the_dead(&token)?;
        }
        let wanted = self.select(|case| {
            case.wants_replacement(&sinks) && !case.is_replaced(&sinks) && (first || case.is_dead())
        });
        if sinks.is_empty() {
            for token in &wanted {
                self.fail(token, IncidentStep::ProveLive, NOWHERE)?;
            }
            return Ok(());
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let through = match &self.authority {
            Some(authority) => format!("through {}", authority.name()),
            None => "by hand, on the API Tokens page".to_owned(),
        };
        self.heading(RunPart::Replace, &through);
        for (at, token) in wanted.iter().enumerate() {
            if at > 0 && self.authority.is_none() {
                self.console.say("");
            }
            self.mint(token)?;
        }
        if wanted.iter().any(|token| self.fresh.contains_key(token)) {
            self.heading(RunPart::Store, "and prove it live");
        }
        for token in &wanted {
            self.store(token)?;
        }
        for token in &wanted {
            self.prove_live(token)?;
        }
        Ok(())
    }

    /// Gives a replacement up that Krea refused when it was last asked, and still does.
    fn give_up_the_dead(&mut self, token: &Fingerprint) -> Result<()> {
        let known = self.case(token).and_then(|case| case.replacement.clone());
        let Some(known) = known.filter(|known| known.status == Status::Dead) else { return Ok(()) };
        let reason = match self.fresh.get(token).cloned() {
            Some(new) => {
                let liveness = self.krea.liveness(&new);
                let (status, reason) = (liveness.status, liveness.reason.clone());
                self.record(JournalEvent::Replacement { token: token.clone(), status, reason })?;
                if status != Status::Dead {
                    return Ok(());
                }
                self.escrow.settle(EscrowOwner::Replacement, token, &new)?;
                self.fresh.remove(token);
                liveness.reason
            }
            // A crash came between the end of its escrow and the journal.
            None => known.reason,
        };
        self.given_up(token, known.fingerprint, reason)
    }

    fn given_up(&mut self, token: &Fingerprint, new: Fingerprint, reason: String) -> Result<()> {
        self.say(
            token,
            Tone::Bad,
            &format!("its replacement is given up, and another one is wanted: {reason}"),
        );
        Ok(self.record(JournalEvent::GivenUp { token: token.clone(), new, reason })?)
    }

    fn store(&mut self, token: &Fingerprint) -> Result<()> {
        let Some(new) = self.fresh.get(token).cloned() else { return Ok(()) };
        for sink in self.sinks.clone() {
            let key = sink.to_string();
            let Some(replacement) = self.case(token).and_then(|case| case.replacement.clone()) else {
                continue;
            };
            if replacement.stores.get(&key).is_some_and(CaseProgress::is_done) {
                continue;
            }
            self.begin_step(token, IncidentStep::Store(key.clone()))?;
            let variable = self.variable_beside(token, &sink);
            let former = self.case(token).map(|case| case.former.clone()).unwrap_or_default();
            let credentials = self.ways.credential_envs();
            let delivery = Delivery {
                former: &former,
                variable: variable.as_deref(),
                credentials: &credentials,
                interrupted: Some(&self.interrupt.stop),
                ..Delivery::new(&new, self.leaked.get(token), &replacement.name)
            };
            // Ctrl-C ends a command; the process waits until that is so.
            let held = self.interrupt.hold();
            let stored = sink.store(&delivery);
            drop(held);
            match stored {
                Ok(stored) => {
                    self.say(token, Tone::Good, &format!("stored: {}", stored.place));
                    for note in stored.notes {
                        if !self.noted.contains(&note) {
                            self.console.print_always(format!("    note: {note}"));
                            self.noted.insert(note);
                        }
                    }
                    self.record(JournalEvent::Stored {
                        token: token.clone(),
                        sink: key,
                        place: stored.place,
                    })?;
                }
                Err(error) => {
                    let path = self.escrow.path(EscrowOwner::Replacement, token);
                    self.fail(
                        token,
                        IncidentStep::Store(key.clone()),
                        format!("not stored in {key}: {error}"),
                    )?;
                    if let Some(said) = error.said() {
                        self.console.print_always(said);
                    }
                    self.console.print_always(format!(
                        "    The replacement waits in {}\n    This finishes the job: krea-scan --resume {}",
                        path.display(),
                        self.folder.id
                    ));
                }
            }
        }
        Ok(())
    }

    /// A variable of its own for a second replacement in one file: the first must not be written over.
    fn variable_beside(&self, token: &Fingerprint, sink: &Sink) -> Option<String> {
        let key = sink.to_string();
        let taken = |case: &Case| {
            let stores = case.replacement.as_ref().map(|new| &new.stores);
            case.fingerprint != *token && stores.is_some_and(|stores| stores.contains_key(&key))
        };
        if !self.cases.iter().any(taken) {
            return None;
        }
        let case = self.case(token)?;
        let suffix = case.id_prefix.clone().unwrap_or_else(|| case.fingerprint.as_str()[..8].to_owned());
        Some(format!(
            "{}_{}",
            sink.variable()?,
            suffix.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
        ))
    }

    fn prove_live(&mut self, token: &Fingerprint) -> Result<()> {
        let sinks = self.sink_names();
        let (Some(new), true) =
            (self.fresh.get(token).cloned(), self.case(token).is_some_and(|case| case.is_stored(&sinks)))
        else {
            return Ok(());
        };
        self.begin_step(token, IncidentStep::ProveLive)?;
        let liveness = self.patiently(&new);
        let (status, reason) = (liveness.status, liveness.reason.clone());
        self.record(JournalEvent::Replacement { token: token.clone(), status, reason })?;
        if liveness.status == Status::Live {
            self.say(token, Tone::Good, &format!("the replacement is live: {}", liveness.reason));
            return Ok(());
        }
        let reason = format!("the replacement is not proven live: {}", liveness.reason);
        self.fail(token, IncidentStep::ProveLive, reason)
    }

    /// Asks about a new token, which may need a moment until every server knows it.
    pub(super) fn patiently(&self, new: &Token) -> Liveness {
        let until = Instant::now() + NEW_TOKEN;
        let mut pause = BY_API.0;
        loop {
            let liveness = self.krea.liveness(new);
            if liveness.status != Status::Dead || Instant::now() >= until {
                return liveness;
            }
            thread::sleep(pause);
            pause *= 2;
        }
    }
}
