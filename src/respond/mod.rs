//! From findings to answers: asks Krea about the tokens of an outcome, hands them to an incident, and writes what came of
//! it back into the outcome. Takes an [`Outcome`] and a [`Service`]; a team's own secrets are never sent anywhere. What an
//! answer means for a token whose text has several readings is decided in `verdict.rs`.

pub mod run;
mod verdict;

use crate::cleanup::steps;
use crate::config::Service;
use crate::finding::{Finding, Outcome, Verified};
use jiff::Timestamp;
use krea_scan_git::repository;
use krea_scan_service::incident::console::{Console, Interrupt};
use krea_scan_service::incident::{self, Ask, Leak, naming};
use krea_scan_service::krea::{self, Answers, Krea, Liveness, Question};
use krea_scan_text::Layer;
use krea_scan_token::escape::visible;
use krea_scan_token::mask::Masker;
use krea_scan_token::{Doubt, Fingerprint, Readings, Status, TOKENS_PAGE, Token, TokenKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use verdict::{certain, doubt, judge};

/// Places that an incident remembers for a token.
const PLACES: usize = 100;
/// Places that are told for a token that is left to a person.
const DOUBTFUL_PLACES: usize = 5;

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
pub fn announcement(service: &Service) -> String {
    krea::announcement(&service.api)
}

/// Asks which tokens are live.
///
/// # Errors
/// No HTTP client: no certificate store, a proxy that cannot be used.
pub fn verify(outcome: &mut Outcome, service: &Service, console: &Console) -> anyhow::Result<()> {
    let asked = outcome.findings.iter().filter(|finding| is_kreas(finding));
    let answers = ask(asked, service, console)?;
    tell(outcome, &answers);
    summarize(outcome, &service.api.to_string());
    Ok(())
}

/// Asks what the tokens of some findings read, and whether that is live.
fn ask<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    service: &Service,
    console: &Console,
) -> anyhow::Result<Answers> {
    let questions: Vec<Question> =
        findings.map(|finding| Question::among(finding.all_readings().cloned().collect())).collect();
    let krea = Krea::new(service.api.clone(), &service.http)?;
    let spinner = console.spinner();
    let done = AtomicUsize::new(0);
    let answers = krea.answers(&questions, &|_| {
        let done = 1 + done.fetch_add(1, Ordering::Relaxed);
        spinner
            .set_message(format!("asked about {done} texts; those that are refused are asked about again"));
    });
    spinner.finish_and_clear();
    Ok(answers)
}

/// Runs an incident for the tokens of an outcome. What a token reads is asked first where that is not certain; what is not
/// live then, and may be another text, is left to a person.
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
    let others = every_text(outcome);
    let mut answers = Answers::default();
    if doubtful(outcome).next().is_some() {
        incident::may_ask(ask.console)?;
        answers = self::ask(doubtful(outcome), service, ask.console)?;
    }
    tell(outcome, &answers);
    let wanted = tokens(outcome, &answers);
    let leaks = leaks(outcome, &wanted, incident, paths);
    if !leaks.is_empty() {
        let report = incident::start(&leaks, &others, &options(service, incident, ask.interrupt), ask)?;
        answers.extend(said(&report));
        tell(outcome, &answers);
        summarize(outcome, &report.api);
        outcome.incident = Some(report);
        outcome.left_to_do = left_to_do(outcome, paths.first().map_or(Path::new("."), |path| path));
    } else if answers != Answers::default() {
        summarize(outcome, &service.api.to_string());
    }
    let by_hand = left_to_a_person(outcome);
    outcome.left_to_do.splice(0..0, by_hand);
    Ok(())
}

/// Every text that leaked, or may have: none of them can replace a token.
fn every_text(outcome: &Outcome) -> Vec<Token> {
    outcome.findings.iter().flat_map(Finding::all_readings).chain(&outcome.withheld).cloned().collect()
}

/// Whether it has to be asked what a finding's token reads.
fn is_doubtful(finding: &Finding, certain: &BTreeSet<Fingerprint>) -> bool {
    is_kreas(finding) && (!finding.readings.others().is_empty() || doubt(finding, certain).is_some())
}

/// The findings of which that has to be asked.
fn doubtful(outcome: &Outcome) -> impl Iterator<Item = &Finding> {
    let certain = certain(outcome.findings.iter());
    outcome.findings.iter().filter(move |finding| is_doubtful(finding, &certain))
}

/// The distinct tokens that an incident is for, in the order of the findings: those that are what they are, and those that
/// Krea takes.
fn tokens(outcome: &Outcome, answers: &Answers) -> Vec<Token> {
    let certain = certain(outcome.findings.iter());
    let mut tokens: Vec<Token> = Vec::new();
    let mut known = BTreeSet::new();
    let is_live = |token: &Token| answers.of(token).is_some_and(|answer| answer.status == Status::Live);
    let wanted = |finding: &&Finding| {
        let is_told = is_live(&finding.token) || finding.status == Status::Dead;
        is_kreas(finding) && (is_told || !is_doubtful(finding, &certain))
    };
    for finding in outcome.findings.iter().filter(wanted) {
        if known.insert(finding.token.fingerprint()) {
            tokens.push(finding.token.clone());
        }
    }
    tokens
}

/// What a person has to do about the tokens that no answer settles, each once.
fn left_to_a_person(outcome: &Outcome) -> Vec<String> {
    let certain = certain(outcome.findings.iter());
    let left = doubtful(outcome).filter(|finding| finding.status == Status::Unknown);
    let steps = by_token(left).into_iter().map(|places| {
        let first = places[0];
        let shown: Vec<String> = places.iter().take(DOUBTFUL_PLACES).map(|finding| place(finding)).collect();
        let shown = shown.join("\n  ");
        let row = match (first.token.id_prefix(), doubt(first, &certain)) {
            (Some(id), _) => format!("the row whose id starts with {id}, or like it,"),
            (None, Some(Doubt::Half)) => "the row of the token that this may be a half of".to_owned(),
            (None, _) => "the legacy key".to_owned(),
        };
        match places.iter().find_map(|finding| doubt(finding, &certain)) {
            Some(doubt) => format!(
                "Look up {row} on {TOKENS_PAGE}, and revoke it by hand: {doubt},\nso no answer of Krea proves it dead. \
                 Compare it with what you see in:\n  {shown}"
            ),
            None => format!(
                "Ask again, with the same command: Krea gave no usable answer about each of the readings of a token, so it \
                 is not known which one it is ({}). It stands in:\n  {shown}",
                visible(&first.status_reason)
            ),
        }
    });
    steps.collect()
}

/// Findings by token, in the order in which tokens first appear.
fn by_token<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|group| group[0].token == finding.token) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
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
    console: &Console,
) -> anyhow::Result<()> {
    let leaks = leaks(outcome, &tokens(outcome, &Answers::default()), incident, paths);
    if !leaks.is_empty() {
        outcome.plan = incident::dry_run(&leaks, &plain_options(service, incident), console)?;
    }
    let steps = by_token(doubtful(outcome)).into_iter().map(|places| {
        let first = places[0];
        let label = incident::label(first.token.id_prefix().as_deref(), &first.token.fingerprint());
        let why = match first.readings.doubt() {
            Some(doubt) => doubt.to_string(),
            None => "its text has several readings".to_owned(),
        };
        format!(
            "Ask {} whether {label} is live, in each of its readings ({}) until one is: {why}. If one is live, go on with it \
             as with any other token; if none is, say which row to look up.",
            service.api,
            first.all_readings().count()
        )
    });
    let steps: Vec<String> = steps.collect();
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
    outcome.summary.verified =
        Some(counted(&report.api, report.tokens.iter().map(|entry| entry.case.status)));
    outcome.incident = Some(report);
    Ok(outcome)
}

fn plain_options(service: &Service, incident: &Incident) -> incident::IncidentOptions {
    incident::IncidentOptions {
        api: service.api.clone(),
        api_is_given: service.api_is_given,
        ways: service.ways.clone(),
        stores: service.stores.clone(),
        http: service.http.clone(),
        replace_first: incident.replace_first,
        wait: incident.wait,
    }
}

fn options(service: &Service, incident: &Incident, interrupt: &Interrupt) -> incident::IncidentOptions {
    let mut options = plain_options(service, incident);
    options.http.stop = Some(interrupt.stop.clone());
    options
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
    let texts = every_text(outcome);
    let masked = Masker::new(&texts);
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
                .map(|place| masked.text(self::place(&place)))
                .collect(),
            since: since.min().map(|since| since.to_string()),
            name: masked.text(name),
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

/// What an incident came to know of its tokens.
fn said(report: &incident::Report) -> Answers {
    let liveness = |entry: &incident::ReportedToken| {
        let (status, reason) = (entry.case.status, entry.case.reason.clone());
        (entry.case.fingerprint.clone(), Liveness { status, reason })
    };
    let asked = report.tokens.iter().filter(|entry| entry.case.status != Status::Unverified);
    asked.map(liveness).collect()
}

/// Writes what is known into the findings. A reading that is live becomes the token; what the others were is masked in
/// reports all the same. Of several places of a token all say what the one says of which least good is known.
fn tell(outcome: &mut Outcome, answers: &Answers) {
    let certain = certain(outcome.findings.iter());
    let mut known: BTreeMap<Fingerprint, Liveness> = BTreeMap::new();
    for finding in outcome.findings.iter_mut().filter(|finding| is_kreas(finding)) {
        let Some(verdict) = judge(finding, &certain, answers) else { continue };
        if verdict.liveness.status == Status::Live {
            outcome.withheld.extend(finding.all_readings().filter(|token| **token != verdict.token).cloned());
            (finding.token, finding.readings) = (verdict.token.clone(), Readings::default());
        }
        let worst = known.entry(verdict.token.fingerprint()).or_insert_with(|| verdict.liveness.clone());
        if badness(verdict.liveness.status) > badness(worst.status) {
            *worst = verdict.liveness;
        }
    }
    for finding in outcome.findings.iter_mut().filter(|finding| is_kreas(finding)) {
        if let Some(liveness) = known.get(&finding.token.fingerprint()) {
            (finding.status, finding.status_reason) = (liveness.status, liveness.reason.clone());
        }
    }
}

fn badness(status: Status) -> u8 {
    match status {
        Status::Unverified => 0,
        Status::Dead => 1,
        Status::Unknown => 2,
        Status::Live => 3,
    }
}

/// Counts what was asked about, a token once.
fn summarize(outcome: &mut Outcome, host: &str) {
    let asked = |finding: &&Finding| is_kreas(finding) && finding.status != Status::Unverified;
    let tokens: BTreeMap<Fingerprint, Status> = outcome
        .findings
        .iter()
        .filter(asked)
        .map(|finding| (finding.token.fingerprint(), finding.status))
        .collect();
    outcome.summary.verified = Some(counted(host, tokens.into_values()));
}

fn counted(host: &str, statuses: impl Iterator<Item = Status>) -> Verified {
    let mut verified = Verified { host: host.to_owned(), ..Verified::default() };
    for status in statuses {
        match status {
            Status::Live => verified.live += 1,
            Status::Dead => verified.dead += 1,
            Status::Unknown => verified.unknown += 1,
            Status::Unverified => {}
        }
    }
    verified
}
