//! The last step of a run: what was proven is proven once more, after the last change. A leaked token may have been refused
//! by chance, and a replacement may have died with the row that it replaces, or may not be where it was stored any more.
//! Takes the cases that are dead; only what passes here is done, and nothing else ends an incident.

use super::case::{Case, CaseProgress};
use super::journal::{IncidentStep, JournalEvent};
use super::run::{IncidentRun, RunPart};
use super::sink::Sink;
use super::terminal_text::Tone;
use crate::krea::{Answers, Question};
use anyhow::Result;
use krea_scan_token::{Fingerprint, Status};

impl IncidentRun<'_> {
    /// Asks once more about every leaked token that is dead, and about its replacement.
    pub fn final_check(&mut self) -> Result<()> {
        let sinks = self.sink_names();
        let wanted = self.select(Case::is_dead);
        if wanted.is_empty() {
            return Ok(());
        }
        self.heading(
            RunPart::FinalCheck,
            &format!("asking {} once more, after all that was done", self.krea.host()),
        );
        for token in &wanted {
            self.begin_step(token, IncidentStep::Renew)?;
            self.look_where_it_is_stored(token)?;
        }
        let leaked = wanted.iter().filter_map(|token| self.leaked.get(token)).map(Question::still_dead);
        let replaced = wanted.iter().filter(|token| self.is_replaced(token, &sinks));
        let fresh = replaced.filter_map(|token| self.fresh.get(token)).map(Question::of);
        let questions: Vec<Question> = leaked.chain(fresh).collect();
        let answers = self.krea.answers(&questions, &|_| ());
        for token in &wanted {
            let was_proven = self.case(token).is_some_and(|case| case.proven);
            let is_dead = self.is_still_dead(token, &answers, was_proven)?;
            let is_live = self.is_still_live(token, &answers, was_proven)?;
            let is_settled = self.case(token).is_some_and(|case| case.is_settled(&sinks));
            if is_dead && is_live && is_settled {
                self.record(JournalEvent::Proven { token: token.clone() })?;
            }
        }
        Ok(())
    }

    fn is_replaced(&self, token: &Fingerprint, sinks: &[String]) -> bool {
        self.case(token).is_some_and(|case| case.wants_replacement(sinks) && case.is_replaced(sinks))
    }

    /// What a run before this one proved, and then took out of escrow to close the incident, stands.
    fn is_still_dead(&mut self, token: &Fingerprint, answers: &Answers, was_proven: bool) -> Result<bool> {
        let Some(answer) = self.leaked.get(token).and_then(|leaked| answers.of(leaked)).cloned() else {
            if !was_proven {
                self.fail(token, IncidentStep::Renew, GONE)?;
            }
            return Ok(was_proven);
        };
        self.took(token, &answer)?;
        let problem = match answer.status {
            Status::Dead => return Ok(true),
            Status::Live => "it is live again, though Krea refused it before",
            Status::Unknown | Status::Unverified => "it was proven dead, and could not be proven again",
        };
        self.fail(token, IncidentStep::Renew, format!("{problem}: {}", answer.reason))?;
        Ok(false)
    }

    /// The same for its replacement, where one is wanted and proven.
    fn is_still_live(&mut self, token: &Fingerprint, answers: &Answers, was_proven: bool) -> Result<bool> {
        let sinks = self.sink_names();
        if !self.is_replaced(token, &sinks) {
            return Ok(true);
        }
        let Some(new) = self.fresh.get(token).cloned() else {
            if !was_proven {
                self.fail(token, IncidentStep::Renew, "the replacement is not in escrow any more")?;
            }
            return Ok(was_proven);
        };
        let answer = match answers.of(&new) {
            Some(answer) if answer.status == Status::Live => answer.clone(),
            _ => self.patiently(&new),
        };
        let (status, reason) = (answer.status, answer.reason.clone());
        self.record(JournalEvent::Replacement { token: token.clone(), status, reason })?;
        match status {
            Status::Live => {
                self.say(token, Tone::Good, &format!("the replacement is live: {}", answer.reason));
                return Ok(true);
            }
            Status::Dead => self.fail(
                token,
                IncidentStep::Renew,
                format!(
                    "the replacement is dead ({}), though it was live before: it may have died with the token that it \
                     replaces. What was stored does not work; going on gets another one",
                    answer.reason
                ),
            )?,
            Status::Unknown | Status::Unverified => self.fail(
                token,
                IncidentStep::Renew,
                format!("the replacement was live, and could not be proven again: {}", answer.reason),
            )?,
        }
        Ok(false)
    }

    /// Looks whether the sinks that can be read still hold the replacement: something else may have written over it.
    fn look_where_it_is_stored(&mut self, token: &Fingerprint) -> Result<()> {
        let (Some(new), Some(case)) = (self.fresh.get(token).cloned(), self.case(token)) else {
            return Ok(());
        };
        let Some(stores) = case.replacement.as_ref().map(|new| new.stores.clone()) else { return Ok(()) };
        for sink in self.sinks.clone() {
            let key = sink.to_string();
            let is_stored = stores.get(&key).is_some_and(CaseProgress::is_done);
            if is_stored && Sink::holds(&sink, &new) == Some(false) {
                let reason =
                    format!("{key} does not hold the replacement any more; going on stores it again");
                self.fail(token, IncidentStep::Store(key), reason)?;
            }
        }
        Ok(())
    }
}

/// What to do about a leaked token that nobody can ask about.
pub(super) const GONE: &str =
    "the token is not in escrow any more; begin anew with krea-scan --revoke where it was found";
