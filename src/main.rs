//! The `krea-scan` program: parse, run, exit code.

use anyhow::Context as _;
use clap::Parser;
use krea_scan::cleanup;
use krea_scan::cli::{self, Cli};
use krea_scan::config::{ScanSource, Settings};
use krea_scan::exit_code::{self, FAILED};
use krea_scan::finding::{Outcome, RuleInfo};
use krea_scan::report::{self, Mode, ReportFormat};
#[cfg(feature = "incident")]
use krea_scan::respond;
use krea_scan::scan;
use krea_scan::shown::{self, LineWriter};
use krea_scan_detect::Detector;
use krea_scan_detect::rules::{self, RuleSet};
use krea_scan_files::{self as files, ScannedTrees};
use krea_scan_git::repository;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    if let Some((option, feature)) = cli::left_out::option(cli) {
        anyhow::bail!(
            "{option} is not part of this krea-scan, which was built without the feature `{feature}`; build one with all \
             features: cargo install --locked --path ."
        );
    }
    #[cfg(feature = "incident")]
    if cli.incident.incidents {
        let mut out = LineWriter::new(io::stdout());
        out.write_all(krea_scan_service::incident::list()?.as_bytes()).and_then(|()| out.flush())?;
        return Ok(0);
    }
    let trees = cli::settings::scanned_trees(cli);
    #[cfg(feature = "incident")]
    if cli.incident.tokens {
        return respond::run::tokens(cli, &trees);
    }
    let mut set = RuleSet::built_in()?;
    for path in &cli.detection.rules {
        set.add_path(&trees, path)?;
    }
    if cli.detection.check_rules {
        return check_rules(&set);
    }
    let notes = set.notes.clone();
    let infos = rule_infos(&set);
    let detector = Detector::new(set, cli.detection.min_confidence);
    if let Some(place) = &cli.detection.explain {
        return explain(cli, place, detector);
    }
    let settings = cli::settings::settings(cli, trees)?;
    if let Some(path) = &cli.output.output {
        files::check(&settings.trees, path).with_context(|| no_report(path))?;
    }
    if let Some(path) = &cli.detection.write_baseline {
        files::check(&settings.trees, path).with_context(|| scan::no_baseline(path))?;
    }
    #[cfg(feature = "site")]
    if let ScanSource::Sites(sites) = &settings.source
        && !cli.output.quiet
    {
        for site in sites {
            shown::say(&format!(
                "krea-scan: reading {} and the hosts that its pages load from; robots.txt is not heeded",
                site.origin()
            ));
        }
    }
    let mut outcome = match () {
        #[cfg(feature = "incident")]
        () if cli.asks() => respond::run::answered(cli, &settings, &detector)?,
        () => scan::run(&settings, &detector, cli.detection.min_confidence)?,
    };
    outcome.notes.extend(notes);
    #[cfg(feature = "redact")]
    if cli.incident.redact {
        return redact(cli, &outcome);
    }

    let code = exit_code::of(cli, &outcome);
    let written = write_report(cli, &settings, &outcome, &infos);
    let repository = cli.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let replaced = cli.incident.replacements.as_ref().map_or(Ok(()), |path| {
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

#[cfg(feature = "redact")]
fn redact(cli: &Cli, outcome: &Outcome) -> anyhow::Result<u8> {
    use exit_code::FOUND;
    use krea_scan::cleanup::redact::run::{self, Consent, Redacted};
    let consent = match () {
        () if cli.incident.dry_run => Consent::ShowOnly,
        () if cli.incident.yes => Consent::Given,
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

fn rule_infos(set: &RuleSet) -> Vec<RuleInfo> {
    let info = |rule: &rules::Rule| RuleInfo {
        id: rule.id.clone(),
        description: rule.description.clone(),
        help_uri: None,
    };
    set.rules.iter().map(info).collect()
}

fn write_report(cli: &Cli, settings: &Settings, outcome: &Outcome, rules: &[RuleInfo]) -> anyhow::Result<()> {
    if cli.output.quiet
        && cli.output.format == ReportFormat::Human
        && outcome.findings.is_empty()
        && outcome.summary.incomplete.is_empty()
    {
        return Ok(());
    }
    let base = std::env::current_dir().and_then(|dir| dir.canonicalize()).ok();
    let root = base.as_deref().and_then(repository::top_of);
    let color = cli.output.color.is_on(cli.output.output.is_none() && io::stdout().is_terminal());
    let mode = match settings.source {
        ScanSource::Tree | ScanSource::PreCommit => Mode::Tree,
        ScanSource::Stdin => Mode::Stdin,
        ScanSource::Staged => Mode::Staged,
        ScanSource::History => Mode::History,
        ScanSource::Range(_) => Mode::Range,
        #[cfg(feature = "site")]
        ScanSource::Sites(_) => Mode::Site,
    };
    let context = report::Context {
        color,
        verbose: cli.output.verbose,
        mode,
        rules,
        base: base.as_deref(),
        repository_root: root.as_deref(),
    };
    match &cli.output.output {
        Some(path) => {
            let mut bytes = Vec::new();
            report::write(cli.output.format, outcome, &context, &mut bytes)?;
            files::write(&settings.trees, path, &bytes).with_context(|| no_report(path))?;
            let has_something = !outcome.findings.is_empty() || !outcome.summary.incomplete.is_empty();
            if has_something || !cli.output.quiet {
                let said = report::closing(outcome);
                shown::say(&format!("krea-scan: {said} The report is in {}.", shown::path(path)));
            }
            Ok(())
        }
        None => report::write(cli.output.format, outcome, &context, &mut io::stdout().lock())
            .context("cannot write the report to standard output"),
    }
}

fn no_report(path: &Path) -> String {
    format!("cannot write the report to {}", path.display())
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
    let settings = Settings { paths: vec![path], no_ignore: true, ..cli::settings::settings(cli, trees)? };
    let mut outcome = scan::run(&settings, &detector.explaining(), cli.detection.min_confidence)?;
    outcome.explained.retain(|explained| line.is_none_or(|line| explained.location.line == line));
    report::explain::write(&outcome, line, &mut LineWriter::new(io::stdout()))?;
    Ok(if outcome.summary.incomplete.is_empty() { 0 } else { FAILED })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe))
}
