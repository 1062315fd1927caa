//! The step that gets a replacement: from whoever mints, or from a person's hand. From the moment it exists until the
//! incident is closed it is in escrow. A text that leaked is never taken for one, whoever hands it out.

use super::case::{Case, CaseProgress, label};
use super::console::AskError;
use super::escrow::{Content, EscrowOwner};
use super::guided;
use super::journal::{IncidentStep, JournalEvent};
use super::leaked::RejectionReason;
use super::run::IncidentRun;
use super::terminal_text::Tone;
use crate::krea::{MintError, Minted};
use anyhow::Result;
use krea_scan_token::{Fingerprint, Status, TOKENS_PAGE, Token, TokenKind};

/// How often a mint is tried under further names after its answer was lost.
const MINTS: usize = 2;
/// How often a person may paste something unusable.
const PASTES: usize = 5;
/// A pasted text that is shorter is no token, in bytes.
const MIN_PASTED_BYTES: usize = 16;

impl IncidentRun<'_> {
    /// Gets a replacement, unless one is in escrow.
    pub(super) fn mint(&mut self, token: &Fingerprint) -> Result<()> {
        let Some(case) = self.case(token).filter(|_| !self.fresh.contains_key(token)) else { return Ok(()) };
        if let Some(gone) = &case.replacement {
            let name = gone.name.clone();
            self.orphaned(token, name, "it is not in escrow any more")?;
        } else if case.mint == CaseProgress::Begun && (self.authority.is_some() || case.free_name.is_some()) {
            // A name that was free was to be minted, by whoever did so then.
            let name = self.next_name(token);
            if !self.is_settled(token, &name)? {
                self.orphaned(token, name, "the run ended before the answer came")?;
            }
        }
        if !self.has_room(token)? {
            return Ok(());
        }
        if self.authority.is_none() {
            return self.mint_by_hand(token);
        }
        self.mint_by_authority(token)?;
        let failed = self.case(token).is_some_and(|case| matches!(case.mint, CaseProgress::Failed(_)));
        if failed && self.authority.as_ref().is_some_and(|authority| authority.hands_over()) {
            self.console.print_always("  It goes on by hand, on the API Tokens page.");
            if self.has_room(token)? {
                self.mint_by_hand(token)?;
            }
        }
        Ok(())
    }

    /// Takes the room for a replacement in escrow; without it nothing is minted, which is said.
    fn has_room(&mut self, token: &Fingerprint) -> Result<bool> {
        match self.escrow.reserve(EscrowOwner::Replacement, token) {
            Ok(None) => {}
            Ok(Some(aside)) => self.console.insist_as(
                Tone::Bad,
                format!(
                    "    warning: what was in escrow cannot be read, and may hold a live token: {} (krea-scan --incidents \
                     says what to do about it)",
                    aside.display()
                ),
            ),
            Err(error) => {
                let reason = format!("nothing was minted, because escrow has no room: {error}");
                self.fail(token, IncidentStep::Mint, reason)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The replacement's name; another one for each that may exist already.
    pub(super) fn next_name(&self, token: &Fingerprint) -> String {
        match self.case(token) {
            Some(Case { free_name: Some(name), .. }) => name.clone(),
            Some(case) => case.names().next().unwrap_or_default(),
            None => String::new(),
        }
    }

    pub(super) fn orphaned(&mut self, token: &Fingerprint, name: String, reason: &str) -> Result<()> {
        self.console.print_always(format!(
            "  {}  a replacement named \"{name}\" may exist that nobody holds ({reason}); look for it on \
             {TOKENS_PAGE} and revoke it",
            self.label(token)
        ));
        let reason = reason.to_owned();
        Ok(self.record(JournalEvent::Orphaned { token: token.clone(), name, reason })?)
    }

    fn mint_by_authority(&mut self, token: &Fingerprint) -> Result<()> {
        for attempt in 1..=MINTS {
            let name = self.unused_name(token)?;
            self.begin_step(token, IncidentStep::Mint)?;
            let held = self.interrupt.hold();
            let answer = self.authority.as_ref().map(|authority| authority.mint(&name));
            if let Some(Ok(minted)) = &answer {
                self.console.hide(&minted.token);
                match self.texts.rejects(&minted.token) {
                    Some(rejection) => {
                        drop(held);
                        return self.not_minted(token, name, rejection);
                    }
                    None => {
                        let kept = self.escrow.put(EscrowOwner::Replacement, token, &minted.token);
                        drop(held);
                        return match kept {
                            Ok(()) => self.minted(token, &minted.token, name),
                            Err(error) => self.not_kept(token, minted, name, &error.to_string()),
                        };
                    }
                }
            }
            drop(held);
            let reason = match answer {
                Some(Err(MintError::NotDone(reason))) => {
                    self.escrow.free(EscrowOwner::Replacement, token)?;
                    return self.fail(token, IncidentStep::Mint, format!("nothing was minted: {reason}"));
                }
                Some(Err(MintError::MayBeDone(reason))) => reason,
                Some(Ok(_)) | None => return Ok(()),
            };
            self.say(token, Tone::Bad, &format!("the answer of the mint holds no replacement: {reason}"));
            if !self.is_settled(token, &name)? {
                self.orphaned(token, name, &reason)?;
            }
            if attempt == MINTS {
                self.escrow.free(EscrowOwner::Replacement, token)?;
                let reason = format!("no replacement at hand: {reason}");
                return self.fail(token, IncidentStep::Mint, reason);
            }
        }
        Ok(())
    }

    /// Says what to do when a token is handed out that leaked, or the row of one.
    fn not_minted(&mut self, token: &Fingerprint, name: String, rejection: RejectionReason) -> Result<()> {
        self.escrow.free(EscrowOwner::Replacement, token)?;
        if rejection == RejectionReason::Row {
            self.orphaned(token, name, &rejection.to_string())?;
        }
        let host = self.authority.as_ref().map(|authority| authority.name()).unwrap_or_default();
        let next = match self.case(token).is_some_and(Case::is_dead) {
            true => "ask its owner why, and go on then".to_owned(),
            false => format!(
                "it may have one token for each service, and no other while that lives. Then nothing can replace it before \
                 it is revoked: revoke its row by hand, on {TOKENS_PAGE}, and go on"
            ),
        };
        let reason = format!("{host} handed out no replacement: {rejection}. Nothing was stored; {next}");
        self.fail(token, IncidentStep::Mint, reason)
    }

    /// Undoes a mint whose token could not be put into escrow for certain. What is not proven dead then is kept as far as
    /// it can be.
    fn not_kept(&mut self, token: &Fingerprint, minted: &Minted, name: String, error: &str) -> Result<()> {
        let undone = self.authority.as_ref().map(|authority| authority.revoke(&minted.id));
        if matches!(undone, Some(Ok(_))) && self.krea.liveness(&minted.token).status == Status::Dead {
            self.escrow.settle(EscrowOwner::Replacement, token, &minted.token)?;
            let reason = format!("the replacement could not be kept ({error}) and was revoked again");
            return self.fail(token, IncidentStep::Mint, reason);
        }
        self.kept_after_all(token, &minted.token, name, error)
    }

    /// Goes on with a replacement that is in escrow, though the system said that it may not be; names one that is not.
    fn kept_after_all(&mut self, token: &Fingerprint, new: &Token, name: String, error: &str) -> Result<()> {
        if matches!(self.escrow.get(EscrowOwner::Replacement, token), Ok(Content::Token(held)) if held == *new)
        {
            self.console.insist_as(
                Tone::Bad,
                format!("    warning: what is in escrow may not survive a power cut ({error})"),
            );
            return self.minted(token, new, name);
        }
        self.orphaned(token, name, "it could not be kept")?;
        self.fail(token, IncidentStep::Mint, format!("the replacement could not be kept: {error}"))
    }

    fn mint_by_hand(&mut self, token: &Fingerprint) -> Result<()> {
        let name = self.next_name(token);
        self.begin_step(token, IncidentStep::Mint)?;
        let Some(case) = self.case(token) else { return Ok(()) };
        self.console.print_always(guided::create(case, &name));
        let prompt = "  Paste the replacement (it is not shown): ";
        for paste in 1..=PASTES {
            let text = self.console.secret(
                prompt,
                "pipe the replacement to standard input, one a line, or name a token API with --token-api",
            );
            let text = match text {
                Ok(text) => text,
                Err(error @ (AskError::NoTerminal(_) | AskError::Broken(_))) => {
                    self.escrow.free(EscrowOwner::Replacement, token)?;
                    return self.fail(token, IncidentStep::Mint, format!("no replacement: {error}"));
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
                    let kept = self.escrow.put(EscrowOwner::Replacement, token, &new);
                    drop(held);
                    return match kept {
                        Ok(()) => self.minted(token, &new, name),
                        Err(error) => self.kept_after_all(token, &new, name, &error.to_string()),
                    };
                }
                Some(problem) => self.console.insist_as(Tone::Bad, format!("  Not taken: {problem}")),
            }
            // The next line on standard input is for the next token.
            if self.console.is_piped() || paste == PASTES {
                break;
            }
        }
        self.escrow.free(EscrowOwner::Replacement, token)?;
        self.fail(token, IncidentStep::Mint, "no usable replacement was given")
    }

    /// What is wrong with a pasted text, if anything is.
    fn unusable(&self, new: &Token) -> Option<String> {
        let text = new.expose();
        if let Some(rejection) = self.texts.rejects(new) {
            return Some(format!("{rejection}. Paste the new one."));
        }
        if text.iter().any(|byte| !byte.is_ascii_graphic()) {
            return Some("it has spaces or foreign characters in it. Paste the token alone.".to_owned());
        }
        if text.len() < MIN_PASTED_BYTES {
            return Some("it is too short to be a token. Was it copied whole?".to_owned());
        }
        if is_assignment(text) {
            return Some("it has a variable's name before it. Paste the token alone.".to_owned());
        }
        if [text.first(), text.last()].iter().flatten().any(|byte| b"\"'`<>()[]{},;".contains(byte)) {
            return Some("it has quotes or the like around it. Paste the token alone.".to_owned());
        }
        if self.fresh.values().any(|known| known.expose() == text) {
            return Some("it replaces another token already. Create one for each.".to_owned());
        }
        let liveness = self.krea.liveness(new);
        match liveness.status {
            Status::Dead => Some(format!("Krea refuses it ({}). Was it copied whole?", liveness.reason)),
            Status::Live => None,
            _ => {
                let reason = &liveness.reason;
                self.console
                    .print_always(format!("  Taken, though Krea could not be asked about it yet: {reason}"));
                None
            }
        }
    }

    pub(super) fn minted(&mut self, token: &Fingerprint, new: &Token, name: String) -> Result<()> {
        self.fresh.insert(token.clone(), new.clone());
        self.authority.iter().for_each(|authority| authority.withholds(new));
        let event = JournalEvent::Minted {
            token: token.clone(),
            new: new.fingerprint(),
            id_prefix: new.id_prefix(),
            name: name.clone(),
        };
        self.record(event)?;
        let fresh = label(new.id_prefix().as_deref(), &new.fingerprint());
        let path = self.escrow.path(EscrowOwner::Replacement, token);
        self.say(token, Tone::Good, &format!("replacement {fresh}: \"{name}\""));
        self.console.say(format!("    held until all of this is done: {}", path.display()));
        Ok(())
    }
}

/// Whether a variable's name and `=` stand before the value, as in a file of variables.
fn is_assignment(text: &[u8]) -> bool {
    let name = text.split(|&byte| byte == b'=').next().unwrap_or_default();
    let is_name = name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    name.len() < text.len() && name.contains(&b'_') && is_name
}
