//! The steps that give a leaked token its replacement: mint it, or take it from a person; store it; prove it live. From the
//! moment it exists until then it is in escrow.

use super::case::{Case, Progress, label};
use super::console::AskError;
use super::escrow::Held;
use super::journal::{Event, Step};
use super::run::{Part, Run};
use super::screen::Tone;
use super::sink::{Delivery, Sink};
use super::steps::BY_API;
use super::{guided, naming};
use crate::finding::{Fingerprint, Status, Token, TokenKind};
use crate::krea::{MintError, TOKENS_PAGE};
use anyhow::Result;
use std::thread;
use std::time::{Duration, Instant};

/// How long a new token may take until Krea accepts it.
const NEW_TOKEN: Duration = Duration::from_secs(10);
/// How often a mint is tried under further names after its answer was lost.
const MINTS: usize = 2;
/// How often a person may paste something unusable.
const PASTES: usize = 5;
/// A pasted text that is shorter is no token, in bytes.
const SHORTEST: usize = 16;

impl Run<'_> {
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
        let through = match &self.token_api {
            Some(api) => format!("through {}", api.host()),
            None => "by hand, on the API Tokens page".to_owned(),
        };
        self.heading(Part::Replace, &through);
        for (at, token) in wanted.iter().enumerate() {
            if at > 0 && self.token_api.is_none() {
                self.console.say("");
            }
            self.mint(token)?;
        }
        if wanted.iter().any(|token| self.fresh.contains_key(token)) {
            self.heading(Part::Store, "and prove it live");
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
        let prompt = "  Paste the replacement (it is not shown): ";
        for paste in 1..=PASTES {
            let text = self.console.secret(
                prompt,
                "pipe the replacement to standard input, one a line, or name a token API with --token-api",
            );
            let text = match text {
                Ok(text) => text,
                Err(error @ (AskError::NoTerminal(_) | AskError::Broken(_))) => {
                    self.release(token)?;
                    return self.fail(token, Step::Mint, format!("no replacement: {error}"));
                }
                Err(error @ (AskError::Empty | AskError::TooLong)) => {
                    self.console.insist_as(Tone::Bad, format!("  Not taken: {error}."));
                    if self.console.is_piped() {
                        break;
                    }
                    continue;
                }
            };
            let kind = if text.contains(':') { TokenKind::Pair } else { TokenKind::Legacy };
            let new = Token::new(kind, text.as_bytes());
            match self.unusable(&new) {
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
                Some(problem) => self.console.insist_as(Tone::Bad, format!("  Not taken: {problem}")),
            }
            // The next line on standard input is for the next token.
            if self.console.is_piped() || paste == PASTES {
                break;
            }
        }
        self.release(token)?;
        self.fail(token, Step::Mint, "no usable replacement was given")
    }

    /// What is wrong with a pasted text, if anything is.
    fn unusable(&self, new: &Token) -> Option<String> {
        let text = new.expose();
        if text.iter().any(|byte| !byte.is_ascii_graphic()) {
            return Some("it has spaces or foreign characters in it. Paste the token alone.".to_owned());
        }
        if text.len() < SHORTEST {
            return Some("it is too short to be a token. Was it copied whole?".to_owned());
        }
        if is_assignment(text) {
            return Some("it has a variable's name before it. Paste the token alone.".to_owned());
        }
        if self.leaked.values().any(|known| known.expose() == text) {
            return Some("it is a token that leaked. Paste the new one.".to_owned());
        }
        if self.fresh.values().any(|known| known.expose() == text) {
            return Some("it replaces another token already. Create one for each.".to_owned());
        }
        let life = self.krea.life(new);
        match life.status {
            Status::Dead => Some(format!("Krea refuses it ({}). Was it copied whole?", life.reason)),
            Status::Live => None,
            _ => {
                let reason = &life.reason;
                self.console
                    .insist(format!("  Taken, though Krea could not be asked about it yet: {reason}"));
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
        self.say(token, Tone::Good, &format!("replacement {fresh}: \"{name}\""));
        self.console.say(format!("    held until it is stored: {}", path.display()));
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
                credential: self.config.as_ref().map(|config| config.credential_env()),
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
                            self.console.insist(format!("    note: {note}"));
                            self.noted.insert(note);
                        }
                    }
                    self.record(Event::Stored { token: token.clone(), sink: key, place: stored.place })?;
                }
                Err(error) => {
                    let path = self.escrow.path(Held::Replacement, token);
                    self.fail(token, Step::Store(key.clone()), format!("not stored in {key}: {error}"))?;
                    if let Some(said) = error.said() {
                        self.console.insist(said);
                    }
                    self.console.insist(format!(
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
            self.say(token, Tone::Good, &format!("the replacement is live: {}", life.reason));
            return self.release(token);
        }
        self.fail(token, Step::ProveLive, format!("the replacement is not proven live: {}", life.reason))
    }
}

/// Whether a variable's name and `=` stand before the value, as in a file of variables.
fn is_assignment(text: &[u8]) -> bool {
    let name = text.split(|&byte| byte == b'=').next().unwrap_or_default();
    let is_name = name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    name.len() < text.len() && name.contains(&b'_') && is_name
}
