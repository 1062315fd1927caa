//! From findings to answers: asks Krea about the tokens of an outcome, hands them to an incident, and writes what came of
//! it back into the outcome. Takes an [`Outcome`] and a [`Service`]; a team's own secrets are never sent anywhere.

use crate::cleanup::steps;
use crate::config::Service;
use crate::escape::visible;
use crate::finding::{Finding, Fingerprint, Layer, Outcome, Status, Token, TokenKind, Verified};
use crate::git::repository;
use crate::incident::console::{Console, Interrupt};
use crate::incident::{self, Ask, Leak, naming};
use crate::krea::{self, Krea, Life, TOKENS_PAGE};
use crate::mask::{Masker, Sort};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Places that an incident remembers for a token.
const PLACES: usize = 100;
/// Places that are told for a token whose text is a guess.
const GUESSED_PLACES: usize = 5;

/// How an incident is to be handled.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Mint before revoking.
    pub replace_first: bool,
    /// How long to wait until a token is dead.
    pub wait: Duration,
    /// What to call the replacement.
    pub name: Option<String>,
}

/// The line that comes before anything is sent: to which host.
pub fn announcement(service: &Service, revokes: bool) -> String {
    krea::announcement(&service.api, service.token_api.as_ref().filter(|_| revokes))
}

/// Asks which tokens are live.
///
/// # Errors
/// No HTTP client: no certificate store, a proxy that cannot be used.
pub fn verify(outcome: &mut Outcome, service: &Service, console: &Console) -> anyhow::Result<()> {
    let tokens = tokens(outcome);
    let answers = ask(outcome, &tokens, service, console)?;
    tell(outcome, &answers);
    summarize(outcome, &service.api.to_string(), &answers);
    Ok(())
}

/// Asks which of some tokens are live. That Krea refuses a text which may be wrong says nothing of the token.
fn ask(
    outcome: &Outcome,
    tokens: &[Token],
    service: &Service,
    console: &Console,
) -> anyhow::Result<BTreeMap<Fingerprint, Life>> {
    let krea = Krea::new(service.api.clone(), &service.http)?;
    let spinner = console.spinner();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let lives = krea.lives(tokens, &|_, _| {
        let done = 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        spinner.set_message(format!("asked about {done} of {} tokens", tokens.len()));
    });
    spinner.finish_and_clear();
    let judged = |(token, life): (&Token, Life)| match life.status {
        Status::Dead if is_guess(outcome, token) => {
            let row = token.id_prefix().map(|id| format!(": look up the row {id}")).unwrap_or_default();
            let reason = format!("{}, but the text may not be what was in the picture{row}", life.reason);
            (token.fingerprint(), Life { status: Status::Unknown, reason })
        }
        _ => (token.fingerprint(), life),
    };
    Ok(tokens.iter().zip(lives).map(judged).collect())
}

/// Whether a token's text may be wrong wherever it was found.
fn is_guess(outcome: &Outcome, token: &Token) -> bool {
    let mut places = outcome.findings.iter().filter(|finding| finding.token == *token);
    places.all(Finding::is_guess)
}

/// Runs an incident for the tokens of an outcome.
///
/// # Errors
/// As [`incident::start`].
pub fn revoke(
    outcome: &mut Outcome,
    service: &Service,
    incident: &Incident,
    paths: &[std::path::PathBuf],
    ask: Ask<'_>,
) -> anyhow::Result<()> {
    let (guesses, mut certain): (Vec<_>, Vec<_>) =
        tokens(outcome).into_iter().partition(|token| is_guess(outcome, token));
    let mut answers = BTreeMap::new();
    let mut left = Vec::new();
    if !guesses.is_empty() {
        incident::may_ask(ask.console)?;
        answers = self::ask(outcome, &guesses, service, ask.console)?;
        // What Krea accepts is no guess any more.
        let (live, rest): (Vec<_>, Vec<_>) = guesses.into_iter().partition(|token| {
            answers.get(&token.fingerprint()).is_some_and(|life| life.status == Status::Live)
        });
        certain.extend(live);
        left = rest;
    }
    tell(outcome, &answers);
    let leaks = leaks(outcome, &certain, incident, paths);
    if !leaks.is_empty() {
        let report = incident::start(&leaks, &options(service, incident, ask.interrupt), ask)?;
        let api = report.api.clone();
        answers.extend(lives(&report));
        take(outcome, report);
        summarize(outcome, &api, &answers);
        outcome.left_to_do = left_to_do(outcome, paths.first().map_or(Path::new("."), |path| path));
    } else if !left.is_empty() {
        summarize(outcome, &service.api.to_string(), &answers);
    }
    let by_hand: Vec<String> = left.iter().map(|token| look_up(outcome, token)).collect();
    outcome.left_to_do.splice(0..0, by_hand);
    Ok(())
}

/// What a person has to do about a token whose text is only a guess.
fn look_up(outcome: &Outcome, token: &Token) -> String {
    let places: Vec<String> = outcome
        .findings
        .iter()
        .filter(|finding| finding.token == *token)
        .take(GUESSED_PLACES)
        .map(place)
        .collect();
    let row = match token.id_prefix() {
        Some(id) => format!("the row whose id starts with {id}, or like it,"),
        None => "the legacy key".to_owned(),
    };
    format!(
        "Look up {row} on {TOKENS_PAGE}, and revoke it by hand: its text may not be what was in the picture,\nso no \
         answer of Krea proves it dead. Compare it with what you see in:\n  {}",
        places.join("\n  ")
    )
}

/// What a person has to do about the text that is still there.
fn left_to_do(outcome: &Outcome, repository: &Path) -> Vec<String> {
    let remotes = repository::open(repository).map_or_else(|_| Vec::new(), |repo| steps::remotes(&repo));
    let places = outcome.findings.iter().flat_map(Finding::places);
    let there: Vec<Finding> = places.filter(is_still_there).collect();
    steps::of(&there, &remotes, None).iter().map(ToString::to_string).collect()
}

/// Whether a finding's text may still be where it was: a sink may have put the replacement into that very file.
fn is_still_there(finding: &Finding) -> bool {
    let as_found = finding.git.is_none() && finding.layers.iter().all(Layer::is_name);
    let text = as_found.then(|| std::fs::read(&finding.location.path).ok()).flatten();
    text.is_none_or(|text| memchr::memmem::find(&text, finding.token.secret()).is_some())
}

/// Says what an incident would do.
///
/// # Errors
/// As [`incident::dry_run`].
pub fn dry_run(
    outcome: &mut Outcome,
    service: &Service,
    incident: &Incident,
    paths: &[std::path::PathBuf],
) -> anyhow::Result<()> {
    let (guesses, certain): (Vec<_>, Vec<_>) =
        tokens(outcome).into_iter().partition(|token| is_guess(outcome, token));
    let leaks = leaks(outcome, &certain, incident, paths);
    if !leaks.is_empty() {
        outcome.plan = incident::dry_run(&leaks, &plain_options(service, incident))?;
    }
    let steps = guesses.iter().map(|token| {
        let label = incident::label(token.id_prefix().as_deref(), &token.fingerprint());
        format!(
            "Ask {} whether {label} is live: its text may not be what was in the picture. If it is, go on with it as with \
             any other; if not, say which row to look up.",
            service.api
        )
    });
    outcome.plan.extend(steps);
    Ok(())
}

/// Goes on with an incident.
///
/// # Errors
/// As [`incident::resume`].
pub fn resume(id: &str, service: &Service, incident: &Incident, ask: Ask<'_>) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let report = incident::resume(id, &options(service, incident, ask.interrupt), ask)?;
    let places: BTreeSet<&String> = report.tokens.iter().flat_map(|entry| &entry.case.places).collect();
    let places: Vec<&str> = places.into_iter().map(String::as_str).collect();
    outcome.left_to_do.push(format!(
        "Take the text out of where it was found, as far as it still stands there (`krea-scan --redact` shows how, and \
         asks);\na dead token in the history is harmless:\n  {}",
        places.join("\n  ")
    ));
    take(&mut outcome, report);
    Ok(outcome)
}

fn plain_options(service: &Service, incident: &Incident) -> incident::Options {
    incident::Options {
        api: service.api.clone(),
        api_is_given: service.api_is_given,
        token_api: service.token_api.clone(),
        stores: service.stores.clone(),
        http: service.http.clone(),
        replace_first: incident.replace_first,
        wait: incident.wait,
    }
}

fn options(service: &Service, incident: &Incident, interrupt: &Interrupt) -> incident::Options {
    let mut options = plain_options(service, incident);
    options.http.stop = Some(interrupt.stop.clone());
    options
}

/// The distinct tokens that Krea may know, in the order of the findings.
fn tokens(outcome: &Outcome) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for finding in outcome.findings.iter().filter(|finding| is_kreas(finding)) {
        if known.insert(finding.token.fingerprint()) {
            tokens.push(finding.token.clone());
        }
    }
    tokens
}

/// Whether a finding is a Krea token's, and not that of a team's own rule for another service.
fn is_kreas(finding: &Finding) -> bool {
    finding.token.kind() != TokenKind::Custom
}

fn leaks(
    outcome: &Outcome,
    tokens: &[Token],
    incident: &Incident,
    paths: &[std::path::PathBuf],
) -> Vec<Leak> {
    let project = repository::project_name(paths.first().map_or(Path::new("."), |path| path));
    let date = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let several = tokens.len() > 1;
    // A path or a variable's name may be as leaky as a file; none of it may end in a journal or at a token API.
    let masked = Masker::new(tokens);
    let leak = |token: Token| {
        let findings: Vec<&Finding> =
            outcome.findings.iter().filter(|finding| finding.token == token).collect();
        let id = token.id_prefix();
        let name = match &incident.name {
            Some(name) => naming::given(name, id.as_deref(), several),
            None => {
                let texts = findings.iter().flat_map(|f| [f.location.path.as_str(), f.context.as_str()]);
                naming::suggest(&project, naming::environment(texts), id.as_deref(), &date)
            }
        };
        let since = findings
            .iter()
            .filter_map(|finding| finding.git.as_ref()?.date.as_deref()?.parse::<Timestamp>().ok());
        Leak {
            places: findings
                .iter()
                .flat_map(|finding| finding.places())
                .take(PLACES)
                .map(|place| masked.mask(&self::place(&place), Sort::Name))
                .collect(),
            since: since.min().map(|since| since.to_string()),
            name: masked.mask(&name, Sort::Name),
            token,
        }
    };
    tokens.iter().cloned().map(leak).collect()
}

/// Where a finding is, in words.
fn place(finding: &Finding) -> String {
    let location = &finding.location;
    let mut place = format!("{}:{}:{}", visible(&finding.trail()), location.line, location.column);
    let commit = finding.git.as_ref().and_then(|git| git.commit.as_deref());
    if let Some(commit) = commit.and_then(|commit| commit.get(..12)) {
        place.push_str(&format!(" (commit {})", visible(commit)));
    }
    place
}

/// Writes what came of an incident into the outcome.
fn take(outcome: &mut Outcome, report: incident::Report) {
    let answers = lives(&report);
    tell(outcome, &answers);
    summarize(outcome, &report.api, &answers);
    outcome.incident = Some(report);
}

/// What is known of the lives of an incident's tokens.
fn lives(report: &incident::Report) -> BTreeMap<Fingerprint, Life> {
    let life = |entry: &incident::Entry| {
        let (status, reason) = (entry.case.status, entry.case.reason.clone());
        (entry.case.fingerprint.clone(), Life { status, reason })
    };
    report.tokens.iter().map(life).collect()
}

fn tell(outcome: &mut Outcome, answers: &BTreeMap<Fingerprint, Life>) {
    for finding in outcome.findings.iter_mut().filter(|finding| is_kreas(finding)) {
        if let Some(life) = answers.get(&finding.token.fingerprint()) {
            (finding.status, finding.status_reason) = (life.status, life.reason.clone());
        }
    }
}

fn summarize(outcome: &mut Outcome, host: &str, answers: &BTreeMap<Fingerprint, Life>) {
    let count = |status| answers.values().filter(|life| life.status == status).count() as u64;
    outcome.summary.verified = Some(Verified {
        host: host.to_owned(),
        live: count(Status::Live),
        dead: count(Status::Dead),
        unknown: count(Status::Unknown),
    });
}
