//! The steps of the state machine. Each one writes to the journal that it begins, does what it does, and writes down what
//! came of it. One token that fails does not hold up the others; a journal that cannot be written stops everything.

use super::case::{Case, Progress, label};
use super::console::AskError;
use super::escrow::Held;
use super::journal::{Event, Step};
use super::run::{Run, told};
use super::sink::{Delivery, Sink};
use super::{guided, naming};
use crate::finding::{Fingerprint, Status, Token, TokenKind};
use crate::krea::{Life, MintError, Revocation, TOKENS_PAGE};
use anyhow::Result;
use std::thread;
use std::time::{Duration, Instant};

/// How often a person's work on the page is looked for at first, and at last.
const BY_HAND: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(10));
/// The same for a token API.
const BY_API: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long a new token may take until Krea accepts it.
const NEW_TOKEN: Duration = Duration::from_secs(10);
/// How often a mint is tried under further names after its answer was lost.
const MINTS: usize = 2;
/// How often a person may paste something unusable.
const PASTES: usize = 3;
/// A pasted text that is shorter is no token, in bytes.
const SHORTEST: usize = 16;

impl Run<'_> {
    fn select(&self, wanted: impl Fn(&Case) -> bool) -> Vec<Fingerprint> {
        self.cases.iter().filter(|case| wanted(case)).map(|case| case.fingerprint.clone()).collect()
    }

    fn case(&self, token: &Fingerprint) -> Option<&Case> {
        self.cases.iter().find(|case| case.fingerprint == *token)
    }

    fn label(&self, token: &Fingerprint) -> String {
        self.case(token).map(Case::label).unwrap_or_default()
    }

    fn say(&self, token: &Fingerprint, text: &str) {
        self.console.say(format!("  {}  {text}", self.label(token)));
    }

    fn begin_step(&mut self, token: &Fingerprint, step: Step) -> Result<()> {
        Ok(self.record(Event::Begun { token: token.clone(), step })?)
    }

    fn fail(&mut self, token: &Fingerprint, step: Step, reason: impl Into<String>) -> Result<()> {
        let reason = reason.into();
        self.say(token, &reason);
        Ok(self.record(Event::Failed { token: token.clone(), step, reason })?)
    }

    /// The leaked tokens that are at hand, and for the others the word that they are not.
    fn at_hand(&mut self, wanted: Vec<Fingerprint>, step: &Step) -> Result<(Vec<Fingerprint>, Vec<Token>)> {
        let (here, gone): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|token| self.leaked.contains_key(token));
        for token in &gone {
            let reason =
                "the token is not in escrow any more; begin anew with krea-scan --revoke where it was found";
            self.fail(token, step.clone(), reason)?;
        }
        let tokens = here.iter().filter_map(|token| self.leaked.get(token).cloned()).collect();
        Ok((here, tokens))
    }

    fn ask_lives(&self, tokens: &[Token]) -> Vec<Life> {
        self.krea.lives(tokens, &|_, _| ())
    }

    /// Asks Krea which tokens are live.
    pub fn verify(&mut self) -> Result<()> {
        let wanted = self.select(|case| !case.is_dead());
        let (wanted, tokens) = self.at_hand(wanted, &Step::Verify)?;
        if wanted.is_empty() {
            return Ok(());
        }
        self.console.say(format!("Verify: asking {}", self.krea.host()));
        for token in &wanted {
            self.begin_step(token, Step::Verify)?;
        }
        for (token, life) in wanted.iter().zip(self.ask_lives(&tokens)) {
            self.took(token, &life)?;
        }
        Ok(())
    }

    /// Writes down what Krea said of a leaked token.
    fn took(&mut self, token: &Fingerprint, life: &Life) -> Result<()> {
        let word = match life.status {
            Status::Live => "live",
            Status::Dead => "dead",
            Status::Unknown | Status::Unverified => "unknown",
        };
        self.say(token, &format!("{word}: {}", life.reason));
        let (status, reason) = (life.status, life.reason.clone());
        if status == Status::Dead && self.case(token).is_some_and(|case| case.revoke == Progress::Begun) {
            let by = "by hand, on the API Tokens page".to_owned();
            let by =
                if self.by_api(token) { "by the token API, whose answer was lost".to_owned() } else { by };
            self.record(Event::Revoked { token: token.clone(), by })?;
        }
        Ok(self.record(Event::Life { token: token.clone(), status, reason })?)
    }

    /// Reads what ran under the live tokens' identity, before it is too late to ask.
    pub fn evidence(&mut self) -> Result<()> {
        let wanted = self
            .select(|case| case.status == Status::Live && case.usage.is_none() && !case.revoke.is_begun());
        let (wanted, tokens) = self.at_hand(wanted, &Step::Evidence)?;
        for (token, text) in wanted.iter().zip(&tokens) {
            self.begin_step(token, Step::Evidence)?;
            let since = self.case(token).and_then(|case| case.since.as_deref()?.parse().ok());
            let usage = self.krea.usage(text, since);
            self.say(token, usage.to_string().trim_end());
            self.record(Event::Evidence { token: token.clone(), usage })?;
        }
        Ok(())
    }

    /// Whether the token API can revoke a token: it goes by the id half.
    fn by_api(&self, token: &Fingerprint) -> bool {
        self.token_api.is_some() && self.case(token).is_some_and(|case| case.kind == TokenKind::Pair)
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
                "not revoked: with --replace-first its replacement has to be stored and live before",
            );
        }
        let (wanted, _) = self.at_hand(wanted, &Step::Revoke)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let (by_api, by_hand): (Vec<_>, Vec<_>) =
            wanted.iter().cloned().partition(|token| self.by_api(token));
        for token in &by_api {
            self.revoke_by_api(token)?;
        }
        if !by_hand.is_empty() {
            for token in &by_hand {
                self.begin_step(token, Step::Revoke)?;
            }
            let cases: Vec<&Case> = by_hand.iter().filter_map(|token| self.case(token)).collect();
            self.console.insist(guided::rows(&cases));
            if self.console.is_terminal() {
                guided::open_page();
            }
        }
        self.prove_dead(&wanted, !by_hand.is_empty())
    }

    fn revoke_by_api(&mut self, token: &Fingerprint) -> Result<()> {
        let id =
            self.leaked.get(token).and_then(Token::id).map(|id| String::from_utf8_lossy(id).into_owned());
        let (Some(id), Some(host)) = (id, self.token_api.as_ref().map(|api| api.host().to_string())) else {
            return Ok(());
        };
        // Said to be done before, and Krea accepts the token all the same: to ask again does no harm.
        let is_again = self.case(token).is_some_and(|case| case.revoke.is_done());
        self.begin_step(token, Step::Revoke)?;
        let answer = self.token_api.as_ref().map(|api| api.revoke(&id));
        match answer {
            Some(Ok(done)) => {
                let by = match done {
                    Revocation::Done => format!("by {host}"),
                    Revocation::AlreadyGone => format!("{host} knows it no more"),
                };
                self.say(token, &format!("revoked: {by}"));
                Ok(self.record(Event::Revoked { token: token.clone(), by })?)
            }
            Some(Err(error)) if is_again => {
                self.say(token, &format!("revoked before, and not again by {host}: {error}"));
                Ok(())
            }
            Some(Err(error)) => self.fail(token, Step::Revoke, format!("not revoked by {host}: {error}")),
            None => Ok(()),
        }
    }

    /// Asks Krea until each token answers 401, or the time is over.
    fn prove_dead(&mut self, wanted: &[Fingerprint], by_hand: bool) -> Result<()> {
        self.console.say(format!("Prove: asking {} until each answers 401", self.krea.host()));
        for token in wanted {
            self.begin_step(token, Step::ProveDead)?;
        }
        let until = Instant::now() + self.wait;
        let (mut pause, longest) = if by_hand { BY_HAND } else { BY_API };
        let spinner = self.console.spinner();
        let mut left: Vec<Fingerprint> = wanted.to_vec();
        let mut last = Vec::new();
        loop {
            let (asked, tokens) = self.at_hand(std::mem::take(&mut left), &Step::ProveDead)?;
            last.clear();
            for (token, life) in asked.into_iter().zip(self.ask_lives(&tokens)) {
                if life.status == Status::Dead {
                    spinner.suspend(|| self.took(&token, &life))?;
                } else {
                    last.push((token, life));
                }
            }
            // What nobody revoked does not die by waiting.
            let dying = |token: &Fingerprint| {
                self.case(token).is_some_and(|case| !matches!(case.revoke, Progress::Failed(_)))
            };
            left = last.iter().map(|(token, _)| token.clone()).collect();
            let waits = left.iter().any(dying);
            let now = Instant::now();
            if !waits || now >= until {
                break;
            }
            let labels: Vec<String> = left.iter().map(|token| self.label(token)).collect();
            spinner.set_message(format!(
                "waiting for {} of {} to be dead: {}. Ctrl-C leaves; krea-scan --resume {} goes on",
                left.len(),
                wanted.len(),
                labels.join(", "),
                self.folder.id
            ));
            thread::sleep(pause.min(until.saturating_duration_since(now)));
            pause = (pause * 3 / 2).min(longest);
        }
        spinner.finish_and_clear();
        for (token, life) in last {
            let (status, reason) = (life.status, life.reason.clone());
            self.record(Event::Life { token: token.clone(), status, reason })?;
            let waited = told(self.wait);
            let reason = match life.status {
                Status::Live => format!("still live ({}); not proven dead within {waited}", life.reason),
                _ => format!("not proven dead: {}", life.reason),
            };
            self.fail(&token, Step::ProveDead, reason)?;
            if self.case(&token).is_some_and(|case| matches!(case.revoke, Progress::Failed(_)))
                && let Some(case) = self.case(&token)
            {
                self.console.insist(guided::rows(&[case]));
            }
        }
        Ok(())
    }

    /// Mints, stores and proves the replacements that are wanted.
    pub fn replace(&mut self) -> Result<()> {
        let sinks = self.sink_names();
        let first = self.replace_first;
        // A crash came between the proof and the end of escrow.
        for token in self.select(|case| case.is_replaced(&sinks)) {
            self.release(&token)?;
        }
        let wanted = self.select(|case| {
            case.wants_replacement(&sinks) && !case.is_replaced(&sinks) && (first || case.is_dead())
        });
        if wanted.is_empty() {
            return Ok(());
        }
        self.console.say("Replace");
        for token in &wanted {
            self.mint(token)?;
        }
        for token in &wanted {
            self.store(token)?;
        }
        for token in &wanted {
            self.prove_live(token)?;
        }
        Ok(())
    }

    fn mint(&mut self, token: &Fingerprint) -> Result<()> {
        let Some(case) = self.case(token) else { return Ok(()) };
        if case.replacement.is_none() && matches!(case.mint, Progress::Failed(_)) {
            // What escrow may hold then was revoked again, or is named as one that nobody holds.
            self.release(token)?;
        }
        let Some(case) = self.case(token) else { return Ok(()) };
        if let Some(new) = self.fresh.get(token) {
            // A crash came between the escrow and the journal.
            if case.replacement.as_ref().is_none_or(|known| known.fingerprint != new.fingerprint()) {
                let (new, name) = (new.clone(), self.next_name(token));
                self.minted(token, &new, name)?;
            }
            return Ok(());
        }
        if case.replacement.is_some() {
            let reason = "the replacement is not in escrow any more";
            return self.fail(token, Step::Mint, reason);
        }
        if case.mint == Progress::Begun && self.token_api.is_some() {
            self.orphaned(token, "the run ended before the answer came")?;
        }
        if let Err(error) = self.escrow.reserve(Held::Replacement, token) {
            return self.fail(
                token,
                Step::Mint,
                format!("nothing was minted, because escrow has no room: {error}"),
            );
        }
        if self.token_api.is_some() { self.mint_by_api(token) } else { self.mint_by_hand(token) }
    }

    /// Ends escrow for a replacement.
    fn release(&mut self, token: &Fingerprint) -> Result<()> {
        self.fresh.remove(token);
        Ok(self.escrow.remove(Held::Replacement, token)?)
    }

    /// The replacement's name; another one for each that may exist already.
    fn next_name(&self, token: &Fingerprint) -> String {
        match self.case(token) {
            Some(case) if case.orphans.is_empty() => case.name.clone(),
            Some(case) => naming::again(&case.name, case.orphans.len()),
            None => String::new(),
        }
    }

    fn orphaned(&mut self, token: &Fingerprint, reason: &str) -> Result<()> {
        let name = self.next_name(token);
        self.console.insist(format!(
            "  {}  a replacement named \"{name}\" may exist that nobody holds ({reason}); look for it on \
             {TOKENS_PAGE} and revoke it",
            self.label(token)
        ));
        let reason = reason.to_owned();
        Ok(self.record(Event::Orphaned { token: token.clone(), name, reason })?)
    }

    fn mint_by_api(&mut self, token: &Fingerprint) -> Result<()> {
        for attempt in 1..=MINTS {
            let name = self.next_name(token);
            self.begin_step(token, Step::Mint)?;
            let held = self.interrupt.hold();
            let answer = self.token_api.as_ref().map(|api| api.mint(&name));
            let kept = match &answer {
                Some(Ok(minted)) => {
                    self.console.hide(&minted.token);
                    self.escrow.put(Held::Replacement, token, &minted.token)
                }
                _ => Ok(()),
            };
            drop(held);
            match (answer, kept) {
                (Some(Ok(minted)), Ok(())) => return self.minted(token, &minted.token, name),
                (Some(Ok(minted)), Err(error)) => {
                    // Nothing of it may come back as if it were held; should this fail as well, the journal tells.
                    let _ = self.release(token);
                    let undone = self.token_api.as_ref().map(|api| api.revoke(&minted.id));
                    let reason = match undone {
                        Some(Ok(_)) => {
                            format!("the replacement could not be kept ({error}) and was revoked again")
                        }
                        _ => {
                            self.orphaned(token, "it could not be kept")?;
                            format!("the replacement could not be kept: {error}")
                        }
                    };
                    return self.fail(token, Step::Mint, reason);
                }
                (Some(Err(MintError::NotDone(reason))), _) => {
                    self.release(token)?;
                    return self.fail(token, Step::Mint, format!("nothing was minted: {reason}"));
                }
                (Some(Err(MintError::MayBeDone(reason))), _) => {
                    self.orphaned(token, &reason)?;
                    if attempt == MINTS {
                        self.release(token)?;
                        return self.fail(token, Step::Mint, format!("no replacement at hand: {reason}"));
                    }
                }
                (None, _) => return Ok(()),
            }
        }
        Ok(())
    }

    fn mint_by_hand(&mut self, token: &Fingerprint) -> Result<()> {
        let name = self.next_name(token);
        self.begin_step(token, Step::Mint)?;
        let Some(case) = self.case(token) else { return Ok(()) };
        self.console.insist(guided::create(case, &name));
        for paste in 1..=PASTES {
            let text = self.console.secret(
                "Paste the replacement (it is not shown): ",
                "pipe the replacement to standard input, one a line, or name a token API with --token-api",
            );
            let text = match text {
                Ok(text) => text,
                Err(error @ (AskError::NoTerminal(_) | AskError::Broken(_))) => {
                    self.release(token)?;
                    return self.fail(token, Step::Mint, format!("no replacement: {error}"));
                }
                Err(AskError::Unusable) => {
                    self.console.insist("  That is empty, or far too long.");
                    continue;
                }
            };
            let kind = if text.contains(':') { TokenKind::Pair } else { TokenKind::Legacy };
            let new = Token::new(kind, text.as_bytes());
            let problem = self.unusable(&new);
            match problem {
                None => {
                    self.console.hide(&new);
                    let held = self.interrupt.hold();
                    let kept = self.escrow.put(Held::Replacement, token, &new);
                    drop(held);
                    if let Err(error) = kept {
                        // As where a token API mints.
                        let _ = self.release(token);
                        let reason = format!("the replacement could not be put into escrow: {error}");
                        return self.fail(token, Step::Mint, reason);
                    }
                    return self.minted(token, &new, name);
                }
                Some(problem) => self.console.insist(format!("  {problem}")),
            }
            if !self.console.is_terminal() || paste == PASTES {
                break;
            }
        }
        self.release(token)?;
        self.fail(token, Step::Mint, "no usable replacement was given")
    }

    /// What is wrong with a pasted text, if anything is.
    fn unusable(&self, new: &Token) -> Option<String> {
        let text = new.expose();
        if text.len() < SHORTEST || text.iter().any(|byte| !byte.is_ascii_graphic()) {
            return Some("That is no token: it is too short, or has spaces in it.".to_owned());
        }
        if self.leaked.values().chain(self.fresh.values()).any(|known| known.expose() == text) {
            return Some("That is a token that leaked, or one that was given already.".to_owned());
        }
        let life = self.krea.life(new);
        match life.status {
            Status::Dead => Some("Krea refuses it (answered 401). Was it copied whole?".to_owned()),
            Status::Live => None,
            _ => {
                self.console.insist(format!("  Krea could not be asked about it yet: {}", life.reason));
                None
            }
        }
    }

    fn minted(&mut self, token: &Fingerprint, new: &Token, name: String) -> Result<()> {
        self.fresh.insert(token.clone(), new.clone());
        let event = Event::Minted {
            token: token.clone(),
            new: new.fingerprint(),
            id_prefix: new.id_prefix(),
            name: name.clone(),
        };
        self.record(event)?;
        let fresh = label(new.id_prefix().as_deref(), &new.fingerprint());
        let path = self.escrow.path(Held::Replacement, token);
        self.say(token, &format!("replacement {fresh} \"{name}\", until it is stored in {}", path.display()));
        Ok(())
    }

    fn store(&mut self, token: &Fingerprint) -> Result<()> {
        let Some(new) = self.fresh.get(token).cloned() else { return Ok(()) };
        for sink in self.sinks.clone() {
            let key = sink.to_string();
            let Some(replacement) = self.case(token).and_then(|case| case.replacement.clone()) else {
                continue;
            };
            if replacement.stores.get(&key).is_some_and(Progress::is_done) {
                continue;
            }
            self.begin_step(token, Step::Store(key.clone()))?;
            let variable = self.variable_beside(token, &sink);
            let delivery = Delivery {
                variable: variable.as_deref(),
                credential: self.credential.as_deref(),
                interrupted: Some(&self.interrupt.stop),
                ..Delivery::new(&new, self.leaked.get(token), &replacement.name)
            };
            // Ctrl-C ends a command; the process waits until that is so.
            let held = self.interrupt.hold();
            let stored = sink.store(&delivery);
            drop(held);
            match stored {
                Ok(stored) => {
                    self.say(token, &format!("stored: {}", stored.place));
                    stored.notes.iter().for_each(|note| self.console.insist(format!("  note: {note}")));
                    self.record(Event::Stored { token: token.clone(), sink: key, place: stored.place })?;
                }
                Err(error) => {
                    let path = self.escrow.path(Held::Replacement, token);
                    self.fail(token, Step::Store(key.clone()), format!("not stored in {key}: {error}"))?;
                    self.console.insist(format!(
                        "  The replacement waits in {}. This finishes the job: krea-scan --resume {}",
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
        self.begin_step(token, Step::ProveLive)?;
        let until = Instant::now() + NEW_TOKEN;
        let mut pause = BY_API.0;
        let life = loop {
            let life = self.krea.life(&new);
            // A new token may need a moment until every server knows it.
            if life.status != Status::Dead || Instant::now() >= until {
                break life;
            }
            thread::sleep(pause);
            pause *= 2;
        };
        let (status, reason) = (life.status, life.reason.clone());
        self.record(Event::Replacement { token: token.clone(), status, reason })?;
        if life.status == Status::Live {
            self.say(token, &format!("the replacement is live: {}", life.reason));
            return self.release(token);
        }
        self.fail(token, Step::ProveLive, format!("the replacement is not proven live: {}", life.reason))
    }
}
