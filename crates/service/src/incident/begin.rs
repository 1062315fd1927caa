//! Begins an incident or goes on with one: who is asked, what is in the way, what is left over from others, and the clients,
//! sinks and texts that a [`IncidentRun`] needs.

use super::authority::{self, Authority, Ways};
use super::console::{Console, Interrupt};
use super::escrow::Escrow;
use super::folder::{StateError, StateFolder as Folders};
use super::folder_state::{self, FolderState, Health, JournalState};
use super::journal::{Journal, JournalEvent};
use super::leaked::{Leak, LeakedTexts};
use super::report::Report;
use super::run::{IncidentRun, going_on};
use super::sink::Sink;
use super::terminal_text::Tone;
use crate::krea::{Host, Krea};
use anyhow::{Context as _, bail};
use krea_scan_token::Token;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use zeroize::Zeroizing;

/// How to go about it.
#[derive(Clone, Debug)]
pub struct IncidentOptions {
    /// Krea's API.
    pub api: Host,
    /// Whether a person named it. An incident that goes on otherwise keeps the one that it was begun with.
    pub api_is_given: bool,
    /// Who may revoke and mint.
    pub ways: Ways,
    /// Where replacements are kept.
    pub stores: Vec<Sink>,
    /// How requests are sent.
    pub http: crate::krea::RequestOptions,
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

/// Begins an incident and takes it as far as it goes. `others` is what else leaked or may have: no replacement may be one
/// of these texts.
///
/// # Errors
/// No place for the journal, nobody to ask, a sink that cannot work, a full disk. Whatever was done by then is in the
/// journal, and the error names what goes on with it.
pub fn start(
    leaks: &[Leak],
    others: &[Token],
    options: &IncidentOptions,
    ask: Ask<'_>,
) -> anyhow::Result<Report> {
    let Ask { console, interrupt } = ask;
    may_ask(console)?;
    let ways = options.ways.clone();
    if let Some(name) = &ways.krea_credential_env
        && let Ok(credential) = std::env::var(name).map(Zeroizing::new)
        && leaks.iter().any(|leak| leak.token.expose() == credential.trim().as_bytes())
    {
        bail!(
            "${name} holds a leaked token, which this run revokes; name another one, or sign in with --via krea"
        );
    }
    let krea = Krea::new(options.api.clone(), &options.http)?;
    let Authority { authority, why } =
        authority::choose(&ways, &options.api, (&options.http, options.wait), console)?;
    console.print_always(why);
    let folder_here = std::env::current_dir().context("cannot tell the current folder")?;
    let sinks: Vec<Sink> = options.stores.iter().map(|sink| sink.clone().below(&folder_here)).collect();
    let noted = check(&sinks, console)?;
    leaks.iter().map(|leak| &leak.token).chain(others).for_each(|token| console.hide(token));
    // Several replacements given to one command: the last must not take the place of the others.
    for sink in &sinks {
        if let Sink::Command(command) = sink
            && leaks.len() > 1
            && !command.contains("KREA_SCAN_")
        {
            console.print_always(format!(
                "warning: --store {sink} is run for each of {} tokens and cannot tell them apart; if it keeps only \
                 the last, name the place with $KREA_SCAN_REPLACES, the id prefix of the token that is replaced",
                leaks.len()
            ));
        }
    }

    let folders = Folders::open()?;
    let beginning = folders.lock()?;
    let looks = FolderState::all(&folders)?;
    let (unbegun, begun): (Vec<&FolderState>, Vec<&FolderState>) =
        looks.iter().partition(|look| look.health == Health::Unbegun);
    warn_of(&begun, console);
    let busy = folder_state::in_open_incidents(&looks);
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
        console.print_always(format!(
            "{label} is dealt with in incident {id}, which is not finished: krea-scan --resume {id}"
        ));
    }
    let mut texts = LeakedTexts::default();
    leaks.iter().map(|leak| &leak.token).chain(others).for_each(|token| texts.add(token));
    texts.extend(folder_state::ever_leaked(&looks));
    let folder = folders.begin()?;
    interrupt.says(going_on(&folder.id));
    let journal = Journal::begin(&folder)?;
    let mut run = IncidentRun {
        escrow: Escrow::new(&folder.path),
        folder,
        journal,
        cases: Vec::new(),
        leaked: BTreeMap::new(),
        fresh: BTreeMap::new(),
        texts,
        krea,
        signs_in: authority.as_ref().is_some_and(|authority| authority.signs_in()),
        authority,
        ways,
        sinks,
        replace_first: options.replace_first,
        wait: options.wait,
        started: jiff::Timestamp::now(),
        noted,
        console,
        interrupt,
    };
    run.begin(&leaks, others, folder_here)?;
    // Nobody else is beginning one now, so what has no token named is what a run left behind that was ended there. What
    // of it this run holds by now can go.
    let at_hand: Vec<&Token> = leaks.iter().map(|leak| &leak.token).collect();
    for look in unbegun {
        match folder_state::clear_unbegun(look, &folders, &at_hand) {
            Ok(true) => {}
            Ok(false) => warn_of(&[look], console),
            Err(error) => console.print_always(format!("warning: {error}")),
        }
    }
    drop(beginning);
    run.finish(!taken.is_empty())
}

/// Goes on with an incident.
///
/// # Errors
/// As [`start`]; and no such incident, or one that another process works on.
pub fn resume(id: &str, options: &IncidentOptions, ask: Ask<'_>) -> anyhow::Result<Report> {
    let Ask { console, interrupt } = ask;
    if !console.is_terminal() && !console.says_yes() {
        bail!("--resume asks before it does anything, and there is no terminal to ask at; add --yes");
    }
    let folders = Folders::look()?.ok_or(StateError::NoneOpen)?;
    let looks = FolderState::all(&folders)?;
    let id = match id {
        "latest" => folder_state::latest(&looks),
        id => Ok(id.to_owned()),
    };
    let wanted = |look: &&FolderState| id.as_ref().is_ok_and(|id| *id == look.id);
    if let Some(look) = looks.iter().find(wanted)
        && matches!(look.health, Health::Damaged(_))
    {
        bail!("{}", look.warning().unwrap_or_default());
    }
    warn_of(&looks.iter().collect::<Vec<_>>(), console);
    let folder = folders.enter(&id?)?;
    let (journal, records) = Journal::go_on(&folder)?;
    let kept = JournalState::of(&records, &folder)?;
    if let Ok(()) = std::env::set_current_dir(&kept.folder) {
        // Sinks that are commands work where the incident was begun.
    } else if options.stores.is_empty() && !kept.stores.is_empty() {
        console
            .print_always(format!("{} is gone; commands run in the current folder", kept.folder.display()));
    }
    let api = if options.api_is_given { options.api.clone() } else { Host::parse(&kept.api)? };
    let ways = options.ways.clone().or(kept.ways);
    console.print_always(crate::krea::announcement(&api));
    let krea = Krea::new(api.clone(), &options.http)?;
    let Authority { authority, why } =
        authority::choose(&ways, &api, (&options.http, options.wait), console)?;
    console.print_always(why);
    let sinks = match options.stores.as_slice() {
        [] => kept.stores.iter().map(|text| text.parse()).collect::<Result<Vec<Sink>, _>>()?,
        given => {
            let here = std::env::current_dir().context("cannot tell the current folder")?;
            given.iter().map(|sink| sink.clone().below(&here)).collect()
        }
    };
    let noted = check(&sinks, console)?;
    interrupt.says(going_on(&folder.id));
    let mut texts = LeakedTexts::default();
    texts.extend(folder_state::ever_leaked(&looks));
    let mut run = IncidentRun {
        escrow: Escrow::new(&folder.path),
        folder,
        journal,
        cases: kept.cases,
        leaked: BTreeMap::new(),
        fresh: BTreeMap::new(),
        texts,
        krea,
        signs_in: authority.as_ref().is_some_and(|authority| authority.signs_in()),
        authority,
        ways,
        sinks,
        replace_first: kept.replace_first || options.replace_first,
        wait: options.wait,
        started: jiff::Timestamp::now(),
        noted,
        console,
        interrupt,
    };
    run.take_from_escrow()?;
    run.record(JournalEvent::Resumed { stores: run.sink_names() })?;
    run.finish(false)
}

/// Says what is damaged or left over, and what to do about it.
fn warn_of(looks: &[&FolderState], console: &Console) {
    for warning in looks.iter().filter_map(|look| look.warning()) {
        console.insist_as(Tone::Bad, format!("warning: {warning}"));
    }
}

/// Whether the sinks can work; gives what was said of them.
fn check(sinks: &[Sink], console: &Console) -> anyhow::Result<BTreeSet<String>> {
    let mut noted = BTreeSet::new();
    for sink in sinks {
        for warning in sink.check().with_context(|| format!("--store {sink}"))? {
            if !noted.contains(&warning) {
                console.print_always(format!("warning: {warning}"));
                noted.insert(warning);
            }
        }
    }
    Ok(noted)
}
