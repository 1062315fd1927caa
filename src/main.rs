//! The `krea-scan` program: parse, run, exit code.

use anyhow::Context as _;
use clap::Parser;
use krea_scan::cleanup;
use krea_scan::cli::{self, Cli, FailOn, When};
use krea_scan::config::{Flags, ScanSource, Service, Settings};
use krea_scan::finding::{Outcome, RuleInfo};
use krea_scan::report::{self, Mode, ReportFormat};
use krea_scan::respond;
use krea_scan::scan;
use krea_scan::shown::{self, LineWriter};
use krea_scan_detect::Detector;
use krea_scan_detect::rules::{self, RuleSet};
use krea_scan_extract::ocr::Ocr;
use krea_scan_files::{self as files, ScannedTrees};
use krea_scan_service::incident::console::{Console, ConsoleOptions, Interrupt};
use krea_scan_service::incident::{self, Ask};
use krea_scan_site as site;
use krea_scan_token::Status;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Tokens were found.
const FOUND: u8 = 1;
/// The job could not be done, or not all of it.
const FAILED: u8 = 2;
/// The exit code after Ctrl-C, as shells have it: 128 and the signal's number.
const INTERRUPTED: i32 = 130;
/// How long one look at a picture may take.
const OCR_TIME: Duration = Duration::from_secs(30);
/// More threads than this only cost memory.
const MOST_THREADS: usize = 256;

fn main() -> ExitCode {
    shown::tell_of_panics();
    let cli = match Cli::try_parse_from(cli::arguments(std::env::args_os())) {
        Ok(cli) => cli,
        // Help and the version were asked for.
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => {
            shown::say(&shown::refused(error));
            return ExitCode::from(FAILED);
        }
    };
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tell(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn tell(error: &anyhow::Error) {
    shown::say(&format!("krea-scan: {}", shown::error(error)));
}

fn run(cli: &Cli) -> anyhow::Result<u8> {
    if cli.redact && !cfg!(feature = "redact") {
        anyhow::bail!(
            "--redact is not part of this krea-scan: it was built without `redact`; install it with: cargo install \
             --locked --path . --features redact"
        );
    }
    if cli.incidents {
        let mut out = LineWriter::new(io::stdout());
        out.write_all(incident::list()?.as_bytes()).and_then(|()| out.flush())?;
        return Ok(0);
    }
    let trees = scanned_trees(cli);
    let mut set = RuleSet::built_in()?;
    for path in &cli.rules {
        set.add_path(&trees, path)?;
    }
    if cli.check_rules {
        return check_rules(&set);
    }
    let notes = set.notes.clone();
    let infos = rule_infos(&set);
    let detector = Detector::new(set, cli.min_confidence);
    if let Some(place) = &cli.explain {
        return explain(cli, place, detector);
    }
    let settings = settings(cli, trees)?;
    if let Some(path) = &cli.output {
        files::check(&settings.trees, path).with_context(|| no_report(path))?;
    }
    if let Some(path) = &cli.write_baseline {
        files::check(&settings.trees, path).with_context(|| scan::no_baseline(path))?;
    }
    if let ScanSource::Sites(sites) = &settings.source
        && !cli.quiet
    {
        announce(sites);
    }
    let asks = cli.verify || cli.revoke || cli.resume.is_some();
    let service = asks.then(|| service(cli, &settings.trees)).transpose()?;
    let mut outcome = match &service {
        None => scan::run(&settings, &detector, cli.min_confidence)?,
        Some(service) => answered(cli, &settings, &detector, service)?,
    };
    outcome.notes.extend(notes);
    #[cfg(feature = "redact")]
    if cli.redact {
        return redact(cli, &outcome);
    }

    let code = exit_code(cli, &outcome);
    let written = write_report(cli, &settings, &outcome, &infos);
    let repository = cli.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let replaced = cli.replacements.as_ref().map_or(Ok(()), |path| {
        let mut out = LineWriter::new(io::stderr());
        let replaced = cleanup::run::replacements(&settings.trees, path, repository, &outcome, &mut out);
        replaced.and(out.flush().map_err(Into::into))
    });
    match replaced.and(written) {
        Ok(()) => Ok(code),
        // Whoever reads has read enough.
        Err(error) if is_closed_pipe(&error) => Ok(code),
        Err(error) => Err(error),
    }
}

/// What strangers may have written: the PATHs that are scanned, and the repositories around them.
fn scanned_trees(cli: &Cli) -> ScannedTrees {
    let reads_here = cli.paths.is_empty() && !cli.stdin && cli.url.is_empty();
    match () {
        // It runs in the repository that the files are in.
        () if reads_here || cli.pre_commit => ScannedTrees::of(&[PathBuf::from(".")]),
        () => ScannedTrees::of(&cli.paths),
    }
}

/// Where tokens go, as the user's own words and files say.
fn service(cli: &Cli, trees: &ScannedTrees) -> anyhow::Result<Service> {
    Service::resolve(&Flags {
        trees,
        config: cli.config.as_deref(),
        api: cli.api.as_deref(),
        token_api: cli.token_api.as_deref(),
        stores: &cli.store,
        proxy: cli.proxy.as_deref(),
        timeout: cli.timeout,
    })
}

/// Scans and asks Krea, or goes on with an incident.
fn answered(
    cli: &Cli,
    settings: &Settings,
    detector: &Detector,
    service: &Service,
) -> anyhow::Result<Outcome> {
    // Under pre-commit - is a file.
    let stdin_is_taken = settings.source == ScanSource::Stdin
        || (!cli.pre_commit && cli.paths.iter().any(|path| path == Path::new("-")));
    let console = Console::new(ConsoleOptions {
        yes: cli.yes,
        quiet: cli.quiet,
        progress: !cli.no_progress,
        color: is_colored(cli.color, io::stderr().is_terminal()),
        stdin_is_taken,
    });
    let incident =
        respond::Incident { replace_first: cli.replace_first, wait: cli.wait, name: cli.name.clone() };
    if let Some(id) = &cli.resume {
        let interrupt = Interrupt::install()?;
        return respond::resume(id, service, &incident, Ask { console: &console, interrupt: &interrupt });
    }
    if !cli.dry_run {
        console.insist(respond::announcement(service, cli.revoke));
    }
    let mut outcome = scan::run(settings, detector, cli.min_confidence)?;
    if cli.verify {
        respond::verify(&mut outcome, service, &console)?;
    } else if cli.dry_run {
        respond::dry_run(&mut outcome, service, &incident, &cli.paths)?;
    } else {
        let interrupt = Interrupt::install()?;
        let ask = Ask { console: &console, interrupt: &interrupt };
        respond::revoke(&mut outcome, service, &incident, &cli.paths, ask)?;
    }
    Ok(outcome)
}

/// What the run comes to.
fn exit_code(cli: &Cli, outcome: &Outcome) -> u8 {
    let is = |status| outcome.findings.iter().any(|finding| finding.status == status);
    let not_dead = outcome.findings.iter().any(|finding| finding.status != Status::Dead);
    let not_finished = outcome.incident.as_ref().is_some_and(|report| !report.is_done());
    let fails = match cli.fail_on {
        Some(FailOn::Found) => !outcome.findings.is_empty(),
        Some(FailOn::Live) => is(Status::Live),
        None => not_dead,
    };
    // An answer that did not come is no all-clear.
    let not_told = cli.fail_on == Some(FailOn::Live) && is(Status::Unknown);
    match () {
        () if fails || not_finished => FOUND,
        () if not_told || !outcome.summary.incomplete.is_empty() => FAILED,
        () => 0,
    }
}

#[cfg(feature = "redact")]
fn redact(cli: &Cli, outcome: &Outcome) -> anyhow::Result<u8> {
    use krea_scan::cleanup::redact::run::{self, Consent, Redacted};
    let consent = match () {
        () if cli.dry_run => Consent::ShowOnly,
        () if cli.yes => Consent::Given,
        () if io::stdin().is_terminal() && io::stdout().is_terminal() => Consent::Ask,
        () => Consent::NobodyToAsk,
    };
    let mut out = LineWriter::new(io::stdout());
    let ended = run::redact(outcome, consent, &mut io::stdin().lock(), &mut out);
    let ended = ended.and_then(|ended| out.flush().map(|()| ended).map_err(Into::into))?;
    Ok(match ended {
        Redacted::Everything => 0,
        Redacted::TokensLeft => FOUND,
        Redacted::NotAllRead | Redacted::Failed => FAILED,
    })
}

fn settings(cli: &Cli, trees: ScannedTrees) -> anyhow::Result<Settings> {
    if cli.stdin && cli.paths.iter().any(|path| path != Path::new("-")) {
        anyhow::bail!(
            "--stdin reads nothing but standard input; to read files as well, give - among them as a PATH"
        );
    }
    let only_dash = cli.paths.len() == 1 && cli.paths[0] == Path::new("-");
    let source = match () {
        () if !cli.url.is_empty() => ScanSource::Sites(sites(cli, &trees)?),
        () if cli.staged => ScanSource::Staged,
        () if cli.history => ScanSource::History,
        () if cli.pre_commit => ScanSource::PreCommit,
        () if cli.stdin || only_dash => ScanSource::Stdin,
        () => cli.range.clone().map_or(ScanSource::Tree, ScanSource::Range),
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cli.threads.filter(|&threads| threads > 0).unwrap_or(cores).min(MOST_THREADS);
    Ok(Settings {
        source,
        paths: cli.paths.clone(),
        trees,
        no_ignore: cli.no_ignore,
        max_size: cli.max_size,
        max_depth: cli.max_depth,
        follow: cli.follow,
        threads,
        limits: cli.limits(),
        ocr: cli.ocr.then(|| ocr(cli, threads.min(cores))).transpose()?,
        config: cli.config.clone(),
        baseline: cli.baseline.clone(),
        write_baseline: cli.write_baseline.clone(),
        acts: cli.revoke || cli.redact,
        progress: !cli.no_progress && !cli.quiet && io::stderr().is_terminal(),
    })
}

/// Makes what reads the text in pictures ready: so many at a time, and none any more once the run is ended.
fn ocr(cli: &Cli, most: usize) -> anyhow::Result<Arc<Ocr>> {
    let ocr = Arc::new(Ocr::find(most, cli.ocr_time.unwrap_or(OCR_TIME))?);
    // An incident listens for itself when it begins, and there is only one who can.
    if !cli.revoke && cli.resume.is_none() {
        let hears = Arc::clone(&ocr);
        ctrlc::set_handler(move || {
            hears.end();
            std::process::exit(INTERRUPTED);
        })?;
    }
    Ok(ocr)
}

/// Says what is about to be read from the network, and how.
fn announce(sites: &[site::SiteOptions]) {
    for site in sites {
        shown::say(&format!(
            "krea-scan: reading {} and the hosts that its pages load from; robots.txt is not heeded",
            site.origin()
        ));
    }
}

/// What to read of the sites that are named.
fn sites(cli: &Cli, trees: &ScannedTrees) -> anyhow::Result<Vec<site::SiteOptions>> {
    let service = service(cli, trees)?;
    let site = |url: &String| {
        let default = site::SiteOptions::new(url).context("--url")?;
        Ok(site::SiteOptions {
            depth: cli.url_depth.unwrap_or(default.depth),
            resources: cli.url_limit.unwrap_or(default.resources),
            bytes: cli.url_size.unwrap_or(default.bytes),
            most: cli.max_size.unwrap_or(default.most),
            time: cli.url_time.unwrap_or(default.time),
            timeout: cli.timeout.unwrap_or(default.timeout),
            proxy: service.http.proxy.clone(),
            allow_private: cli.allow_private,
            forbidden: service.api_hosts(),
            ..default
        })
    };
    cli.url.iter().map(site).collect()
}

fn rule_infos(set: &RuleSet) -> Vec<RuleInfo> {
    let info = |rule: &rules::Rule| RuleInfo {
        id: rule.id.clone(),
        description: rule.description.clone(),
        help_uri: None,
    };
    set.rules.iter().map(info).collect()
}

fn write_report(cli: &Cli, settings: &Settings, outcome: &Outcome, rules: &[RuleInfo]) -> anyhow::Result<()> {
    if cli.quiet
        && cli.format == ReportFormat::Human
        && outcome.findings.is_empty()
        && outcome.summary.incomplete.is_empty()
    {
        return Ok(());
    }
    let base = std::env::current_dir().and_then(|dir| dir.canonicalize()).ok();
    let root = base.as_deref().and_then(|base| base.ancestors().find(|dir| dir.join(".git").exists()));
    let color = is_colored(cli.color, cli.output.is_none() && io::stdout().is_terminal());
    let mode = match settings.source {
        ScanSource::Tree | ScanSource::PreCommit => Mode::Tree,
        ScanSource::Stdin => Mode::Stdin,
        ScanSource::Staged => Mode::Staged,
        ScanSource::History => Mode::History,
        ScanSource::Range(_) => Mode::Range,
        ScanSource::Sites(_) => Mode::Site,
    };
    let context = report::Context {
        color,
        verbose: cli.verbose,
        mode,
        rules,
        base: base.as_deref(),
        repository_root: root,
    };
    match &cli.output {
        Some(path) => {
            let mut bytes = Vec::new();
            report::write(cli.format, outcome, &context, &mut bytes)?;
            files::write(&settings.trees, path, &bytes).with_context(|| no_report(path))?;
            let has_something = !outcome.findings.is_empty() || !outcome.summary.incomplete.is_empty();
            if has_something || !cli.quiet {
                let said = report::closing(outcome);
                shown::say(&format!("krea-scan: {said} The report is in {}.", shown::path(path)));
            }
            Ok(())
        }
        None => report::write(cli.format, outcome, &context, &mut io::stdout().lock())
            .context("cannot write the report to standard output"),
    }
}

fn no_report(path: &Path) -> String {
    format!("cannot write the report to {}", path.display())
}

/// Whether to colour what goes to a place that is a terminal, or is none.
fn is_colored(when: When, is_terminal: bool) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
            is_terminal && !refused && !dumb
        }
    }
}

fn check_rules(set: &RuleSet) -> anyhow::Result<u8> {
    let mut out = LineWriter::new(io::stdout());
    let mut failed = false;
    for names in rules::check_names() {
        let verdict = if names.problems.is_empty() { "ok" } else { "FAILED" };
        writeln!(out, "{verdict} {}: {} examples", names.origin, names.examples)?;
        for problem in &names.problems {
            writeln!(out, "   {problem}")?;
        }
        failed |= !names.problems.is_empty();
    }
    for rule in rules::check(set) {
        let verdict = if rule.problems.is_empty() { "ok" } else { "FAILED" };
        writeln!(
            out,
            "{verdict} {} ({}): {} examples, {} counterexamples",
            shown::message(&rule.id),
            shown::message(&rule.origin),
            rule.examples,
            rule.counterexamples
        )?;
        for problem in &rule.problems {
            writeln!(out, "   {}", shown::message(problem))?;
        }
        failed |= !rule.problems.is_empty();
    }
    out.flush()?;
    Ok(if failed { FAILED } else { 0 })
}

/// Tells what is decided of the values in a file, or on one of its lines, and from what.
fn explain(cli: &Cli, place: &Path, detector: Detector) -> anyhow::Result<u8> {
    let (path, line) = report::explain::split(place);
    let trees = ScannedTrees::of(std::slice::from_ref(&path));
    let settings = Settings { paths: vec![path], no_ignore: true, ..settings(cli, trees)? };
    let mut outcome = scan::run(&settings, &detector.explaining(), cli.min_confidence)?;
    outcome.explained.retain(|explained| line.is_none_or(|line| explained.location.line == line));
    report::explain::write(&outcome, line, &mut LineWriter::new(io::stdout()))?;
    Ok(if outcome.summary.incomplete.is_empty() { 0 } else { FAILED })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe))
}
