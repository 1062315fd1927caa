//! The steps of the state machine. Each one writes to the journal that it begins, does what it does, and writes down what
//! came of it. One token that fails does not hold up the others; a journal that cannot be written stops everything.

use super::case::{Case, CaseProgress};
use super::final_check::GONE;
use super::guided;
use super::journal::{IncidentStep, JournalEvent};
use super::naming;
use super::plan::told;
use super::run::{IncidentRun, RunPart};
use super::terminal_text::Tone;
use crate::krea::{Liveness, Revocation};
use anyhow::Result;
use krea_scan_token::{Fingerprint, Status, TOKENS_PAGE, Token, TokenKind};
use std::thread;
use std::time::{Duration, Instant};

/// How often a person's work on the page is looked for at first, and at last.
const BY_HAND: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(10));
/// The same for a token API.
pub(super) const BY_API: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How often it is said that we still wait, where no line can change in place.
const STILL: Duration = Duration::from_secs(60);

impl IncidentRun<'_> {
    pub(super) fn select(&self, wanted: impl Fn(&Case) -> bool) -> Vec<Fingerprint> {
        self.cases.iter().filter(|case| wanted(case)).map(|case| case.fingerprint.clone()).collect()
    }

    pub(super) fn case(&self, token: &Fingerprint) -> Option<&Case> {
        self.cases.iter().find(|case| case.fingerprint == *token)
    }

    pub(super) fn label(&self, token: &Fingerprint) -> String {
        self.case(token).map(Case::label).unwrap_or_default()
    }

    pub(super) fn say(&self, token: &Fingerprint, tone: Tone, text: &str) {
        self.console.say_as(tone, format!("  {}  {text}", self.label(token)));
    }

    pub(super) fn begin_step(&mut self, token: &Fingerprint, step: IncidentStep) -> Result<()> {
        Ok(self.record(JournalEvent::Begun { token: token.clone(), step })?)
    }

    pub(super) fn fail(
        &mut self,
        token: &Fingerprint,
        step: IncidentStep,
        reason: impl Into<String>,
    ) -> Result<()> {
        let reason = reason.into();
        self.say(token, Tone::Bad, &reason);
        Ok(self.record(JournalEvent::Failed { token: token.clone(), step, reason })?)
    }

    /// The leaked tokens that are at hand, and for the others the word that they are not.
    fn at_hand(
        &mut self,
        wanted: Vec<Fingerprint>,
        step: &IncidentStep,
    ) -> Result<(Vec<Fingerprint>, Vec<Token>)> {
        let (here, gone): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|token| self.leaked.contains_key(token));
        for token in &gone {
            self.fail(token, step.clone(), GONE)?;
        }
        let tokens = here.iter().filter_map(|token| self.leaked.get(token).cloned()).collect();
        Ok((here, tokens))
    }

    /// Asks Krea which tokens are live.
    pub fn verify(&mut self) -> Result<()> {
        let wanted = self.select(|case| !case.is_dead());
        let (wanted, tokens) = self.at_hand(wanted, &IncidentStep::Verify)?;
        if wanted.is_empty() {
            return Ok(());
        }
        self.heading(RunPart::Verify, &format!("asking {} which are live", self.krea.host()));
        for token in &wanted {
            self.begin_step(token, IncidentStep::Verify)?;
        }
        for (token, liveness) in wanted.iter().zip(self.krea.livenesses(&tokens)) {
            self.took(token, &liveness)?;
        }
        Ok(())
    }

    /// Writes down what Krea said of a leaked token.
    pub(super) fn took(&mut self, token: &Fingerprint, liveness: &Liveness) -> Result<()> {
        let (word, tone) = match liveness.status {
            Status::Live => ("live", Tone::Bad),
            Status::Dead => ("dead", Tone::Good),
            Status::Unknown | Status::Unverified => ("unknown", Tone::Bad),
        };
        self.say(token, tone, &format!("{word}: {}", liveness.reason));
        let (status, reason) = (liveness.status, liveness.reason.clone());
        if status == Status::Dead && self.case(token).is_some_and(|case| case.revoke == CaseProgress::Begun) {
            let by = "by hand, on the API Tokens page".to_owned();
            let by = match self.authority.as_ref().filter(|_| self.by_authority(token)) {
                Some(authority) => format!("by {}, whose answer was lost", authority.name()),
                None => by,
            };
            self.record(JournalEvent::Revoked { token: token.clone(), by })?;
        }
        Ok(self.record(JournalEvent::Liveness { token: token.clone(), status, reason })?)
    }

    /// Reads what ran under the live tokens' identity, before it is too late to ask.
    pub fn evidence(&mut self) -> Result<()> {
        let wanted = self
            .select(|case| case.status == Status::Live && case.usage.is_none() && !case.revoke.is_begun());
        let (wanted, tokens) = self.at_hand(wanted, &IncidentStep::Evidence)?;
        for (token, text) in wanted.iter().zip(&tokens) {
            self.begin_step(token, IncidentStep::Evidence)?;
            let since = self.case(token).and_then(|case| case.since.as_deref()?.parse().ok());
            let usage = self.krea.usage(text, since);
            self.say(token, Tone::Plain, &usage.line());
            self.record(JournalEvent::Evidence { token: token.clone(), usage })?;
        }
        Ok(())
    }

    /// Whether it need not be a person who revokes a token: who else does goes by the id half.
    pub(super) fn by_authority(&self, token: &Fingerprint) -> bool {
        self.authority.is_some() && self.case(token).is_some_and(|case| case.kind == TokenKind::Pair)
    }

    /// Revokes the tokens that are not dead, and proves it.
    pub fn revoke(&mut self) -> Result<()> {
        let sinks = self.sink_names();
        let waits =
            |case: &Case| self.replace_first && case.wants_replacement(&sinks) && !case.is_replaced(&sinks);
        let kept = self.select(|case| !case.is_dead() && waits(case));
        let wanted = self.select(|case| !case.is_dead() && !waits(case));
        for token in &kept {
            self.say(
                token,
                Tone::Bad,
                "not revoked: with --replace-first its replacement has to be stored and live before",
            );
        }
        let (wanted, _) = self.at_hand(wanted, &IncidentStep::Revoke)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let (by_authority, mut by_hand): (Vec<_>, Vec<_>) =
            wanted.iter().cloned().partition(|token| self.by_authority(token));
        let name = self.authority.as_ref().map(|authority| authority.name());
        match name.filter(|_| !by_authority.is_empty()) {
            Some(name) => self.heading(RunPart::Revoke, &format!("through {name}")),
            None => self.heading(RunPart::Revoke, "by hand, on the API Tokens page"),
        }
        for token in by_authority {
            self.revoke_by_authority(&token)?;
            let failed = |case: &Case| matches!(case.revoke, CaseProgress::Failed(_));
            let hands_over = self.authority.as_ref().is_some_and(|authority| authority.hands_over());
            if hands_over && self.case(&token).is_some_and(failed) {
                by_hand.push(token);
            }
        }
        if !by_hand.is_empty() {
            for token in &by_hand {
                self.begin_step(token, IncidentStep::Revoke)?;
            }
            let cases: Vec<&Case> = by_hand.iter().filter_map(|token| self.case(token)).collect();
            self.console.print_always(guided::rows(&cases));
            if self.console.is_terminal() {
                guided::open_page(TOKENS_PAGE);
            }
        }
        self.prove_dead(&wanted, !by_hand.is_empty())
    }

    fn revoke_by_authority(&mut self, token: &Fingerprint) -> Result<()> {
        let id =
            self.leaked.get(token).and_then(Token::id).map(|id| String::from_utf8_lossy(id).into_owned());
        let (Some(id), Some(host)) = (id, self.authority.as_ref().map(|authority| authority.name())) else {
            return Ok(());
        };
        // Said to be done before, and Krea accepts the token all the same: to ask again does no harm.
        let is_again = self.case(token).is_some_and(|case| case.revoke.is_done());
        self.begin_step(token, IncidentStep::Revoke)?;
        let answer = self.authority.as_ref().map(|authority| authority.revoke(&id));
        match answer {
            Some(Ok(done)) => {
                let by = match done {
                    Revocation::Done => format!("by {host}"),
                    Revocation::AlreadyGone => format!("before: {host} has no such token"),
                };
                self.say(token, Tone::Plain, &format!("revoked {by}"));
                Ok(self.record(JournalEvent::Revoked { token: token.clone(), by })?)
            }
            Some(Err(error)) if is_again => {
                self.say(token, Tone::Plain, &format!("revoked before, and not again by {host}: {error}"));
                Ok(())
            }
            Some(Err(error)) => {
                self.fail(token, IncidentStep::Revoke, format!("not revoked by {host}: {error}"))
            }
            None => Ok(()),
        }
    }

    /// Asks Krea until each token is dead, or the time is over.
    fn prove_dead(&mut self, wanted: &[Fingerprint], by_hand: bool) -> Result<()> {
        self.heading(
            RunPart::Prove,
            &format!("asking {} until it refuses each, again and again", self.krea.host()),
        );
        for token in wanted {
            self.begin_step(token, IncidentStep::ProveDead)?;
        }
        let (began, mut told_at) = (Instant::now(), Instant::now());
        let until = began + self.wait;
        let (mut pause, longest) = if by_hand { BY_HAND } else { BY_API };
        let spinner = self.console.spinner();
        spinner.set_message("asking");
        let mut left: Vec<Fingerprint> = wanted.to_vec();
        let mut last = Vec::new();
        let mut is_first = true;
        loop {
            let (asked, tokens) = self.at_hand(std::mem::take(&mut left), &IncidentStep::ProveDead)?;
            last.clear();
            for (token, liveness) in asked.into_iter().zip(self.krea.livenesses(&tokens)) {
                if liveness.status == Status::Dead {
                    spinner.suspend(|| self.took(&token, &liveness))?;
                } else {
                    last.push((token, liveness));
                }
            }
            // What nobody revoked does not die by waiting.
            let dying = |token: &Fingerprint| {
                self.case(token).is_some_and(|case| !matches!(case.revoke, CaseProgress::Failed(_)))
            };
            left = last.iter().map(|(token, _)| token.clone()).collect();
            let waits = left.iter().any(dying);
            let now = Instant::now();
            if !waits || now >= until {
                break;
            }
            let labels: Vec<String> = left.iter().map(|token| self.label(token)).collect();
            let labels = naming::list(&labels);
            let of = wanted.len();
            self.at_interrupt(&format!("Not proven dead: {labels}."));
            if std::mem::take(&mut is_first) && by_hand {
                let (wait, id) = (told(self.wait), &self.folder.id);
                let them = if left.len() == 1 { "it is" } else { "they are" };
                spinner.suspend(|| {
                    self.console.print_always(format!(
                        "  This goes on by itself once {them} revoked; it waits for {wait}.\n  \
                         Ctrl-C leaves; to come back:\n    krea-scan --resume {id}"
                    ));
                });
            }
            spinner.set_message(match by_hand {
                true => format!("waiting until you have revoked {labels}"),
                false => format!("waiting until Krea refuses {labels}"),
            });
            if spinner.is_hidden() && now - told_at >= STILL {
                told_at = now;
                self.console.say(format!(
                    "  {} of {of} not dead after {}: {labels}",
                    left.len(),
                    told(now - began)
                ));
            }
            thread::sleep(pause.min(until.saturating_duration_since(now)));
            pause = (pause * 3 / 2).min(longest);
        }
        spinner.finish_and_clear();
        self.at_interrupt("");
        for (token, liveness) in last {
            let (status, reason) = (liveness.status, liveness.reason.clone());
            self.record(JournalEvent::Liveness { token: token.clone(), status, reason })?;
            let waited = told(self.wait);
            let reason = match liveness.status {
                Status::Live => format!("still live ({}); not proven dead within {waited}", liveness.reason),
                _ => format!("not proven dead: {}", liveness.reason),
            };
            self.fail(&token, IncidentStep::ProveDead, reason)?;
            if self.case(&token).is_some_and(|case| matches!(case.revoke, CaseProgress::Failed(_)))
                && let Some(case) = self.case(&token)
            {
                self.console.print_always(guided::rows(&[case]));
            }
        }
        Ok(())
    }
}
