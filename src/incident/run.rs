//! Begins an incident or goes on with one: opens the folder and the journal, knows every token's case, and takes the
//! steps in their order. What a step does is in [`super::steps`].

use super::case::{Case, token_of};
use super::console::{Console, Interrupt};
use super::escrow::{Escrow, Held};
use super::folder::{Folder, State as Folders, StateError};
use super::journal::{Event, Journal, VERSION};
use super::kept::{self, Kept};
use super::report::{Entry, Report};
use super::screen::Tone;
use super::sink::Sink;
use super::{State, naming};
use crate::finding::{Fingerprint, Token};
use crate::krea::{Host, Krea, TokenApi, TokenApiConfig};
use anyhow::{Context as _, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A token to deal with.
#[derive(Clone, Debug)]
pub struct Leak {
    /// The token.
    pub token: Token,
    /// Where it was found, in words.
    pub places: Vec<String>,
    /// Since when it is out, as far as known, RFC 3339.
    pub since: Option<String>,
    /// What a replacement is to be called.
    pub name: String,
}

/// How to go about it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Krea's API.
    pub api: Host,
    /// Whether a person named it. An incident that goes on otherwise keeps the one that it was begun with.
    pub api_is_given: bool,
    /// The organisation's API that revokes and mints; without one a person does it on a page.
    pub token_api: Option<TokenApiConfig>,
    /// Where replacements are kept.
    pub stores: Vec<Sink>,
    /// How requests are sent.
    pub http: crate::krea::Options,
    /// Mint, store and prove the replacement before revoking.
    pub replace_first: bool,
    /// How long to wait for a token to be dead.
    pub wait: Duration,
}

/// Who is asked, and who hears Ctrl-C.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The terminal.
    pub console: &'a Console,
    /// The signals.
    pub interrupt: &'a Interrupt,
}

/// An incident that is being worked on.
pub(super) struct Run<'a> {
    pub folder: Folder,
    journal: Journal,
    pub escrow: Escrow,
    pub cases: Vec<Case>,
    pub leaked: BTreeMap<Fingerprint, Token>,
    pub fresh: BTreeMap<Fingerprint, Token>,
    pub krea: Krea,
    pub token_api: Option<TokenApi>,
    /// How the token API is spoken to.
    pub config: Option<TokenApiConfig>,
    pub sinks: Vec<Sink>,
    pub replace_first: bool,
    pub wait: Duration,
    /// What was said of the sinks already.
    pub noted: BTreeSet<String>,
    pub console: &'a Console,
    pub interrupt: &'a Interrupt,
}

/// Whether somebody can be asked, or has agreed beforehand.
///
/// # Errors
/// Neither.
pub fn may_ask(console: &Console) -> anyhow::Result<()> {
    if !console.is_terminal() && !console.says_yes() {
        bail!(
            "--revoke asks before it does anything, and there is no terminal to ask at; add --yes, or look at the \
             plan with --dry-run"
        );
    }
    Ok(())
}

/// Begins an incident and takes it as far as it goes.
///
/// # Errors
/// No place for the journal, nobody to ask, a sink that cannot work, a full disk. Whatever was done by then is in the
/// journal, and the error names what goes on with it.
pub fn start(leaks: &[Leak], options: &Options, ask: Ask<'_>) -> anyhow::Result<Report> {
    let Ask { console, interrupt } = ask;
    may_ask(console)?;
    let config = options.token_api.clone();
    let (krea, token_api) = clients(&options.api, options, config.as_ref())?;
    let folder_here = std::env::current_dir().context("cannot tell the current folder")?;
    let sinks: Vec<Sink> = options.stores.iter().map(|sink| sink.clone().below(&folder_here)).collect();
    let noted = check(&sinks, console)?;
    leaks.iter().for_each(|leak| console.hide(&leak.token));
    // Several replacements given to one command: the last must not take the place of the others.
    for sink in &sinks {
        if let Sink::Command(command) = sink
            && leaks.len() > 1
            && !command.contains("KREA_SCAN_")
        {
            console.insist(format!(
                "warning: --store {sink} is run for each of {} tokens and cannot tell them apart; if it keeps only \
                 the last, name the place with $KREA_SCAN_REPLACES, the id prefix of the token that is replaced",
                leaks.len()
            ));
        }
    }

    let folders = Folders::open()?;
    let beginning = folders.lock()?;
    // Nobody else is beginning one now, so what has no token named is what a run left behind that was ended there.
    if let Err(error) = kept::clear_unbegun(&folders) {
        console.insist(format!("warning: {error}"));
    }
    let busy = kept::in_open_incidents(&folders)?;
    let (taken, leaks): (Vec<&Leak>, Vec<&Leak>) =
        leaks.iter().partition(|leak| busy.contains_key(&leak.token.fingerprint()));
    if leaks.is_empty() {
        let ids: BTreeSet<&String> = taken.iter().map(|leak| &busy[&leak.token.fingerprint()]).collect();
        let commands: Vec<String> = ids.iter().map(|id| format!("krea-scan --resume {id}")).collect();
        bail!("every token is in an incident that is not finished; go on with: {}", commands.join("; "));
    }
    for leak in &taken {
        let id = &busy[&leak.token.fingerprint()];
        let label = super::label(leak.token.id_prefix().as_deref(), &leak.token.fingerprint());
        console.insist(format!(
            "{label} is dealt with in incident {id}, which is not finished: krea-scan --resume {id}"
        ));
    }
    let folder = folders.begin()?;
    interrupt.says(going_on(&folder.id));
    let journal = Journal::begin(&folder)?;
    let mut run = Run {
        escrow: Escrow::new(&folder.path),
        folder,
        journal,
        cases: Vec::new(),
        leaked: BTreeMap::new(),
        fresh: BTreeMap::new(),
        krea,
        token_api,
        config,
        sinks,
        replace_first: options.replace_first,
        wait: options.wait,
        noted,
        console,
        interrupt,
    };
    run.begin(&leaks, folder_here)?;
    drop(beginning);
    run.finish(!taken.is_empty())
}

/// Goes on with an incident.
///
/// # Errors
/// As [`start`]; and no such incident, or one that another process works on.
pub fn resume(id: &str, options: &Options, ask: Ask<'_>) -> anyhow::Result<Report> {
    let Ask { console, interrupt } = ask;
    if !console.is_terminal() && !console.says_yes() {
        bail!("--resume asks before it does anything, and there is no terminal to ask at; add --yes");
    }
    let folders = Folders::look()?.ok_or(StateError::NoneOpen)?;
    let id = match id {
        "latest" => kept::latest(&folders)?,
        id => id.to_owned(),
    };
    let folder = folders.enter(&id)?;
    let (journal, records) = Journal::go_on(&folder)?;
    let kept = Kept::of(&records, &folder)?;
    if let Ok(()) = std::env::set_current_dir(&kept.folder) {
        // Sinks that are commands work where the incident was begun.
    } else if options.stores.is_empty() && !kept.stores.is_empty() {
        console.insist(format!("{} is gone; commands run in the current folder", kept.folder.display()));
    }
    let api = if options.api_is_given { options.api.clone() } else { Host::parse(&kept.api)? };
    let config = options.token_api.clone().or(kept.token_api);
    console.insist(crate::krea::announcement(&api, config.as_ref()));
    let (krea, token_api) = clients(&api, options, config.as_ref())?;
    let sinks = match options.stores.as_slice() {
        [] => kept.stores.iter().map(|text| text.parse()).collect::<Result<Vec<Sink>, _>>()?,
        given => {
            let here = std::env::current_dir().context("cannot tell the current folder")?;
            given.iter().map(|sink| sink.clone().below(&here)).collect()
        }
    };
    let noted = check(&sinks, console)?;
    interrupt.says(going_on(&folder.id));
    let mut run = Run {
        escrow: Escrow::new(&folder.path),
        folder,
        journal,
        cases: kept.cases,
        leaked: BTreeMap::new(),
        fresh: BTreeMap::new(),
        krea,
        token_api,
        config,
        sinks,
        replace_first: kept.replace_first || options.replace_first,
        wait: options.wait,
        noted,
        console,
        interrupt,
    };
    run.take_from_escrow()?;
    run.record(Event::Resumed { stores: run.sink_names() })?;
    run.finish(false)
}

fn going_on(id: &str) -> String {
    format!("Nothing is lost. Go on with:\n  krea-scan --resume {id}")
}

fn clients(
    api: &Host,
    options: &Options,
    token_api: Option<&TokenApiConfig>,
) -> anyhow::Result<(Krea, Option<TokenApi>)> {
    let krea = Krea::new(api.clone(), &options.http)?;
    let token_api = token_api.map(|config| TokenApi::new(config, &options.http)).transpose()?;
    Ok((krea, token_api))
}

/// Whether the sinks can work; gives what was said of them.
fn check(sinks: &[Sink], console: &Console) -> anyhow::Result<BTreeSet<String>> {
    let mut noted = BTreeSet::new();
    for sink in sinks {
        for warning in sink.check().with_context(|| format!("--store {sink}"))? {
            if !noted.contains(&warning) {
                console.insist(format!("warning: {warning}"));
                noted.insert(warning);
            }
        }
    }
    Ok(noted)
}

/// The parts of a run, as a person sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Verify,
    Revoke,
    Prove,
    Replace,
    Store,
}

impl Part {
    /// In the order of the run.
    fn all(replace_first: bool, replaces: bool) -> &'static [Part] {
        use Part::*;
        match (replaces, replace_first) {
            (false, _) => &[Verify, Revoke, Prove],
            (true, false) => &[Verify, Revoke, Prove, Replace, Store],
            (true, true) => &[Verify, Replace, Store, Revoke, Prove],
        }
    }
}

impl Run<'_> {
    fn begin(&mut self, leaks: &[&Leak], folder: std::path::PathBuf) -> anyhow::Result<()> {
        // Escrow comes before the journal speaks of a token: what the journal knows can be gone on with.
        for leak in leaks {
            let fingerprint = leak.token.fingerprint();
            self.escrow.put(Held::Leaked, &fingerprint, &leak.token)?;
            self.leaked.insert(fingerprint, leak.token.clone());
        }
        super::folder::sync_folder(&self.folder.path)?;
        self.record(Event::Opened {
            version: VERSION,
            api: self.krea.host().to_string(),
            token_api: self.config.clone(),
            stores: self.sink_names(),
            replace_first: self.replace_first,
            folder,
            tokens: leaks.len(),
        })?;
        for leak in leaks {
            self.record(Event::Found {
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

    fn take_from_escrow(&mut self) -> Result<(), StateError> {
        for case in &self.cases {
            let fingerprint = &case.fingerprint;
            if let Some(token) = self.escrow.get(Held::Leaked, fingerprint)? {
                self.console.hide(&token);
                self.leaked.insert(fingerprint.clone(), token);
            }
            if let Some(token) = self.escrow.get(Held::Replacement, fingerprint)? {
                self.console.hide(&token);
                self.fresh.insert(fingerprint.clone(), token);
            }
        }
        Ok(())
    }

    /// Takes every step that is left; an error says how to go on.
    fn finish(mut self, others_are_open: bool) -> anyhow::Result<Report> {
        let id = self.folder.id.clone();
        self.steps().with_context(|| format!("the incident stopped; go on with: krea-scan --resume {id}"))?;
        let mut report = self.report();
        if report.is_done() {
            for case in &self.cases {
                self.escrow.remove(Held::Leaked, &case.fingerprint)?;
                // Room that was taken and not needed.
                self.escrow.remove(Held::Replacement, &case.fingerprint)?;
            }
            self.record(Event::Closed)?;
        }
        self.interrupt.settle();
        if others_are_open {
            report.resume.get_or_insert_with(|| "krea-scan --incidents".to_owned());
        }
        self.interrupt.says(format!("Incident {id} is as its journal says."));
        self.console.say("");
        Ok(report)
    }

    fn steps(&mut self) -> anyhow::Result<()> {
        self.console.say_as(Tone::Heading, format!("\nIncident {}", self.folder.id));
        self.console.say(format!("  journal in {}", self.folder.path.display()));
        self.verify()?;
        self.evidence()?;
        if !self.approve()? {
            self.console.say("Nothing was revoked, and nothing was minted.");
            return Ok(());
        }
        if self.replace_first {
            self.replace()?;
            self.revoke()
        } else {
            self.revoke()?;
            self.replace()
        }
    }

    /// Asks before anything is changed by us. Where a person revokes by hand, that is the yes.
    fn approve(&self) -> anyhow::Result<bool> {
        let Some(api) = &self.token_api else { return Ok(true) };
        let sinks = self.sink_names();
        let left = |case: &&Case| case.state(&sinks) != State::Done;
        let labels: Vec<String> = self.cases.iter().filter(left).map(Case::label).collect();
        if labels.is_empty() {
            return Ok(true);
        }
        self.console.say("");
        let replace = if sinks.is_empty() { "" } else { " and replace" };
        let question = format!("Revoke{replace} {} through {}?", naming::list(&labels), api.host());
        Ok(self.console.confirm(&question, "add --yes")?)
    }

    /// Writes an event down, and knows it.
    pub fn record(&mut self, event: Event) -> Result<(), StateError> {
        let record = self.journal.append(event)?;
        self.cases.extend(Case::found(&record.event));
        let token = token_of(&record.event);
        if let Some(case) = self.cases.iter_mut().find(|case| Some(&case.fingerprint) == token) {
            case.apply(&record.at, &record.event);
        }
        Ok(())
    }

    /// Says where in the run we are.
    pub fn heading(&self, part: Part, what: &str) {
        let parts = Part::all(self.replace_first, !self.sinks.is_empty());
        let at = parts.iter().position(|&other| other == part).map_or(0, |at| at + 1);
        self.console.say_as(Tone::Heading, format!("\n[{at}/{}] {part:?}: {what}", parts.len()));
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
        let entry = |case: &Case| Entry {
            state: case.state(&stores),
            case: case.clone(),
            escrow: self
                .fresh
                .contains_key(&case.fingerprint)
                .then(|| self.escrow.path(Held::Replacement, &case.fingerprint).display().to_string()),
        };
        let mut report = Report {
            id: Some(self.folder.id.clone()),
            api: self.krea.host().to_string(),
            token_api: self.token_api.as_ref().map(|api| api.host().to_string()),
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
