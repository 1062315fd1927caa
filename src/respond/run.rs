//! `--verify`, `--revoke`, `--resume` and `--tokens` on the command line: what is said, asked and done around a scan.

use super::Incident;
use crate::cli::{self, Cli};
use crate::config::{ScanSource, Settings};
use crate::exit_code::{FAILED, FOUND};
use crate::finding::Outcome;
use crate::scan;
use crate::shown::LineWriter;
use krea_scan_detect::Detector;
use krea_scan_files::ScannedTrees;
use krea_scan_service::incident::console::{Console, ConsoleOptions, Interrupt};
use krea_scan_service::incident::{self, Ask, Listing};
use std::io::{self, IsTerminal, Write as _};
use std::path::Path;

/// Lists the workspace's tokens. Gives the exit code.
///
/// # Errors
/// As [`incident::workspace_tokens`].
pub fn tokens(cli: &Cli, trees: &ScannedTrees) -> anyhow::Result<u8> {
    let service = cli::settings::service(cli, trees)?;
    let console = console(cli, false);
    let options = super::plain_options(&service, &incident(cli));
    let listing = incident::workspace_tokens(&options, &console)?;
    let mut out = LineWriter::new(io::stdout());
    out.write_all(listing.text.as_bytes()).and_then(|()| out.flush())?;
    Ok(match listing {
        Listing { has_leaked: true, .. } => FOUND,
        Listing { is_whole: false, .. } => FAILED,
        _ => 0,
    })
}

fn console(cli: &Cli, stdin_is_taken: bool) -> Console {
    Console::new(ConsoleOptions {
        yes: cli.incident.yes,
        quiet: cli.output.quiet,
        progress: !cli.output.no_progress,
        color: cli.output.color.is_on(io::stderr().is_terminal()),
        stdin_is_taken,
    })
}

fn incident(cli: &Cli) -> Incident {
    Incident {
        replace_first: cli.incident.replace_first,
        wait: cli.incident.wait,
        name: cli.incident.name.clone(),
    }
}

/// Scans and asks Krea, or goes on with an incident.
///
/// # Errors
/// As [`scan::run`], and what keeps Krea from being asked or the incident from being kept.
pub fn answered(cli: &Cli, settings: &Settings, detector: &Detector) -> anyhow::Result<Outcome> {
    let service = &cli::settings::service(cli, &settings.trees)?;
    // Under pre-commit - is a file.
    let stdin_is_taken = settings.source == ScanSource::Stdin
        || (!cli.input.pre_commit && cli.paths.iter().any(|path| path == Path::new("-")));
    let (console, incident) = (console(cli, stdin_is_taken), incident(cli));
    if let Some(id) = &cli.incident.resume {
        let interrupt = Interrupt::install()?;
        return super::resume(id, service, &incident, Ask { console: &console, interrupt: &interrupt });
    }
    if !cli.incident.dry_run {
        console.print_always(super::announcement(service));
    }
    let mut outcome = scan::run(settings, detector, cli.detection.min_confidence)?;
    if cli.incident.verify {
        super::verify(&mut outcome, service, &console)?;
    } else if cli.incident.dry_run {
        super::dry_run(&mut outcome, service, &incident, &cli.paths, &console)?;
    } else {
        let interrupt = Interrupt::install()?;
        let ask = Ask { console: &console, interrupt: &interrupt };
        super::revoke(&mut outcome, service, &incident, &cli.paths, ask)?;
    }
    Ok(outcome)
}
