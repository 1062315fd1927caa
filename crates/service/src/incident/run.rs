//! An incident that is being worked on: its journal, its escrow, every token's case, and the order of the steps. What a
//! step does is in [`super::steps`], [`super::replace`] and [`super::final_check`]; how a run begins, in [`super::begin`].

use super::authority::Ways;
use super::case::Case;
use super::console::{Console, Interrupt};
use super::escrow::{Content, Escrow, EscrowOwner};
use super::folder::VERSION;
use super::folder::{IncidentFolder, StateError};
use super::folder_state;
use super::journal::{Journal, JournalEvent};
use super::leaked::{Leak, LeakedTexts};
use super::report::{Report, ReportedToken};
use super::sink::Sink;
use super::terminal_text::Tone;
use super::{CaseState, naming};
use crate::krea::{Krea, TokenAuthority};
use anyhow::{Context as _, Result};
use krea_scan_token::{Fingerprint, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An incident that is being worked on.
pub(super) struct IncidentRun<'a> {
    pub folder: IncidentFolder,
    pub journal: Journal,
    pub escrow: Escrow,
    pub cases: Vec<Case>,
    pub leaked: BTreeMap<Fingerprint, Token>,
    pub fresh: BTreeMap<Fingerprint, Token>,
    /// What no replacement may be.
    pub texts: LeakedTexts,
    pub krea: Krea,
    /// Who revokes and mints; without one, a person does.
    pub authority: Option<Box<dyn TokenAuthority + 'a>>,
    /// Whether somebody signs in there.
    pub signs_in: bool,
    /// Which ways there are, and what was said of them.
    pub ways: Ways,
    pub sinks: Vec<Sink>,
    pub replace_first: bool,
    pub wait: Duration,
    /// When this run began.
    pub started: jiff::Timestamp,
    /// What was said of the sinks already.
    pub noted: BTreeSet<String>,
    pub console: &'a Console,
    pub interrupt: &'a Interrupt,
}

/// The parts of a run, as a person sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunPart {
    Verify,
    SignIn,
    Revoke,
    Prove,
    Replace,
    Store,
    FinalCheck,
}

impl RunPart {
    /// What it is called on screen.
    fn name(self) -> &'static str {
        match self {
            RunPart::Verify => "Verify",
            RunPart::SignIn => "Sign in",
            RunPart::Revoke => "Revoke",
            RunPart::Prove => "Prove",
            RunPart::Replace => "Replace",
            RunPart::Store => "Store",
            RunPart::FinalCheck => "Check all once more",
        }
    }

    /// In the order of the run.
    fn all(signs_in: bool, replace_first: bool, replaces: bool) -> Vec<RunPart> {
        use RunPart::*;
        let acts: &[RunPart] = match (replaces, replace_first) {
            (false, _) => &[Revoke, Prove],
            (true, false) => &[Revoke, Prove, Replace, Store],
            (true, true) => &[Replace, Store, Revoke, Prove],
        };
        let begins: &[RunPart] = if signs_in { &[Verify, SignIn] } else { &[Verify] };
        [begins, acts, &[FinalCheck]].concat()
    }
}

impl IncidentRun<'_> {
    /// Puts the tokens into escrow, and names them in the journal.
    pub fn begin(&mut self, leaks: &[&Leak], others: &[Token], folder: std::path::PathBuf) -> Result<()> {
        // Escrow comes before the journal speaks of a token: what the journal knows can be gone on with.
        for leak in leaks {
            let fingerprint = leak.token.fingerprint();
            self.escrow.put(EscrowOwner::Leaked, &fingerprint, &leak.token)?;
            self.leaked.insert(fingerprint, leak.token.clone());
        }
        super::folder::sync_folder(&self.folder.path)?;
        let mut leaked = LeakedTexts::default();
        leaks.iter().map(|leak| &leak.token).chain(others).for_each(|token| leaked.add(token));
        self.record(JournalEvent::Opened {
            version: VERSION,
            api: self.krea.host().to_string(),
            token_api: self.ways.token_api.clone().map(Box::new),
            via: self.ways.via,
            krea_mcp: Box::new(self.ways.krea_mcp.clone()),
            krea_credential_env: self.ways.krea_credential_env.clone(),
            stores: self.sink_names(),
            replace_first: self.replace_first,
            folder,
            tokens: leaks.len(),
            leaked: leaked.prints(),
        })?;
        for leak in leaks {
            self.record(JournalEvent::Found {
                token: leak.token.fingerprint(),
                kind: leak.token.kind(),
                id_prefix: leak.token.id_prefix(),
                places: leak.places.clone(),
                since: leak.since.clone(),
                name: leak.name.clone(),
            })?;
        }
        Ok(())
    }

    /// Takes what an earlier run put into escrow. What the journal does not know yet it is told, before anything else.
    pub fn take_from_escrow(&mut self) -> Result<()> {
        let cases: Vec<Fingerprint> = self.cases.iter().map(|case| case.fingerprint.clone()).collect();
        for leaked in &cases {
            // Whose name it has, it is.
            if let Some(token) =
                self.held(EscrowOwner::Leaked, leaked)?.filter(|token| token.fingerprint() == *leaked)
            {
                self.texts.add(&token);
                self.leaked.insert(leaked.clone(), token);
            }
        }
        for leaked in &cases {
            let Some(new) = self.held(EscrowOwner::Replacement, leaked)? else { continue };
            if self.leaked.values().any(|known| known.expose() == new.expose()) {
                // It is in escrow as what it is, too.
                self.escrow.settle(EscrowOwner::Replacement, leaked, &new)?;
                continue;
            }
            let known = self.case(leaked).and_then(|case| case.replacement.as_ref());
            match known.is_some_and(|known| known.fingerprint == new.fingerprint()) {
                true => _ = self.fresh.insert(leaked.clone(), new),
                false => {
                    let name = self.next_name(leaked);
                    self.minted(leaked, &new, name)?;
                }
            }
        }
        Ok(())
    }

    /// What a file of the escrow holds; what cannot be read is told, and left.
    fn held(&self, held: EscrowOwner, leaked: &Fingerprint) -> Result<Option<Token>, StateError> {
        match self.escrow.get(held, leaked)? {
            Content::Token(token) => {
                self.console.hide(&token);
                Ok(Some(token))
            }
            Content::Nothing | Content::Room => Ok(None),
            Content::Damaged => {
                let path = self.escrow.path(held, leaked);
                self.console.print_always(format!(
                    "warning: {} cannot be read as what krea-scan put there; it is left as it is",
                    path.display()
                ));
                Ok(None)
            }
        }
    }

    /// Takes every step that is left; an error says how to go on.
    pub fn finish(mut self, others_are_open: bool) -> Result<Report> {
        let id = self.folder.id.clone();
        let done = self.steps();
        if let Some(left) = self.authority.as_ref().and_then(|authority| authority.close()) {
            self.console.print_always(format!("  {left}"));
        }
        done.with_context(|| format!("the incident stopped; go on with: krea-scan --resume {id}"))?;
        let mut report = self.report();
        if report.is_done() {
            self.close()?;
            report = self.report();
        }
        self.interrupt.settle();
        if others_are_open {
            report.resume.get_or_insert_with(|| "krea-scan --incidents".to_owned());
        }
        self.interrupt.says(format!("Incident {id} is as its journal says."));
        self.console.say("");
        Ok(report)
    }

    /// Ends the escrow: every leaked token was just proven dead, and every replacement live and stored.
    fn close(&mut self) -> Result<()> {
        let sinks = self.sink_names();
        for case in &self.cases {
            let leaked = &case.fingerprint;
            let stored = case.replacement.as_ref().filter(|_| case.is_replaced(&sinks));
            let stored = self
                .fresh
                .get(leaked)
                .filter(|new| stored.is_some_and(|stored| stored.fingerprint == new.fingerprint()));
            for (held, token) in
                [(EscrowOwner::Replacement, stored), (EscrowOwner::Leaked, self.leaked.get(leaked))]
            {
                match token {
                    Some(token) => self.escrow.settle(held, leaked, token)?,
                    // Room that was taken and not needed.
                    None => self.escrow.free(held, leaked)?,
                }
            }
        }
        self.fresh.clear();
        self.record(JournalEvent::Closed)?;
        Ok(())
    }

    fn steps(&mut self) -> Result<()> {
        self.console.say_as(Tone::Heading, format!("\nIncident {}", self.folder.id));
        self.console.say(format!("  journal in {}", self.folder.path.display()));
        self.verify()?;
        self.evidence()?;
        self.open_authority()?;
        if !self.approve()? {
            self.console.say("Nothing was revoked now, and nothing was minted.");
            return Ok(());
        }
        if self.replace_first {
            self.replace()?;
            self.revoke()?;
        } else {
            self.revoke()?;
            self.replace()?;
        }
        self.final_check()
    }

    /// Asks before anything is changed by us. Where a person revokes by hand, that is the yes.
    fn approve(&self) -> Result<bool> {
        let Some(authority) = &self.authority else { return Ok(true) };
        let sinks = self.sink_names();
        let left = |case: &&Case| case.state(&sinks) != CaseState::Done;
        let labels: Vec<String> = self.cases.iter().filter(left).map(Case::label).collect();
        if labels.is_empty() {
            return Ok(true);
        }
        self.console.say("");
        let replace = if sinks.is_empty() { "" } else { " and replace" };
        let question = format!("Revoke{replace} {} through {}?", naming::list(&labels), authority.name());
        Ok(self.console.confirm(&question, "add --yes")?)
    }

    /// Writes an event down, and knows it.
    pub fn record(&mut self, event: JournalEvent) -> Result<(), StateError> {
        let record = self.journal.append(event)?;
        folder_state::apply(&mut self.cases, &record);
        Ok(())
    }

    /// Says where in the run we are.
    pub fn heading(&self, part: RunPart, what: &str) {
        let parts = RunPart::all(self.signs_in, self.replace_first, !self.sinks.is_empty());
        let at = parts.iter().position(|&other| other == part).map_or(0, |at| at + 1);
        self.console.say_as(Tone::Heading, format!("\n[{at}/{}] {}: {what}", parts.len(), part.name()));
    }

    /// What to say when Ctrl-C comes now.
    pub fn at_interrupt(&self, state: &str) {
        self.interrupt.says(format!("{state} {}", going_on(&self.folder.id)).trim_start().to_owned());
    }

    pub fn sink_names(&self) -> Vec<String> {
        self.sinks.iter().map(Sink::to_string).collect()
    }

    fn report(&self) -> Report {
        let stores = self.sink_names();
        let entry = |case: &Case| ReportedToken {
            state: case.state(&stores),
            case: case.clone(),
            escrow: self
                .fresh
                .contains_key(&case.fingerprint)
                .then(|| self.escrow.path(EscrowOwner::Replacement, &case.fingerprint).display().to_string()),
        };
        let mut report = Report {
            id: Some(self.folder.id.clone()),
            api: self.krea.host().to_string(),
            through: self.authority.as_ref().map(|authority| authority.name()),
            tokens: self.cases.iter().map(entry).collect(),
            stores,
            resume: None,
        };
        if !report.is_done() {
            report.resume = Some(format!("krea-scan --resume {}", self.folder.id));
        }
        report
    }
}

/// What is said when a run is ended that can be gone on with.
pub(super) fn going_on(id: &str) -> String {
    format!("Nothing is lost. Go on with:\n  krea-scan --resume {id}")
}
