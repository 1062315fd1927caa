//! `--verify`, `--revoke` and `--resume` on the command line: what is said, asked and done around a scan.

use super::Incident;
use crate::cli::{self, Cli};
use crate::config::{ScanSource, Settings};
use crate::finding::Outcome;
use crate::scan;
use krea_scan_detect::Detector;
use krea_scan_service::incident::Ask;
use krea_scan_service::incident::console::{Console, ConsoleOptions, Interrupt};
use std::io::{self, IsTerminal};
use std::path::Path;

/// Scans and asks Krea, or goes on with an incident.
///
/// # Errors
/// As [`scan::run`], and what keeps Krea from being asked or the incident from being kept.
pub fn answered(cli: &Cli, settings: &Settings, detector: &Detector) -> anyhow::Result<Outcome> {
    let service = &cli::settings::service(cli, &settings.trees)?;
    // Under pre-commit - is a file.
    let stdin_is_taken = settings.source == ScanSource::Stdin
        || (!cli.input.pre_commit && cli.paths.iter().any(|path| path == Path::new("-")));
    let console = Console::new(ConsoleOptions {
        yes: cli.incident.yes,
        quiet: cli.output.quiet,
        progress: !cli.output.no_progress,
        color: cli.output.color.is_on(io::stderr().is_terminal()),
        stdin_is_taken,
    });
    let incident = Incident {
        replace_first: cli.incident.replace_first,
        wait: cli.incident.wait,
        name: cli.incident.name.clone(),
    };
    if let Some(id) = &cli.incident.resume {
        let interrupt = Interrupt::install()?;
        return super::resume(id, service, &incident, Ask { console: &console, interrupt: &interrupt });
    }
    if !cli.incident.dry_run {
        console.print_always(super::announcement(service, cli.incident.revoke));
    }
    let mut outcome = scan::run(settings, detector, cli.detection.min_confidence)?;
    if cli.incident.verify {
        super::verify(&mut outcome, service, &console)?;
    } else if cli.incident.dry_run {
        super::dry_run(&mut outcome, service, &incident, &cli.paths)?;
    } else {
        let interrupt = Interrupt::install()?;
        let ask = Ask { console: &console, interrupt: &interrupt };
        super::revoke(&mut outcome, service, &incident, &cli.paths, ask)?;
    }
    Ok(outcome)
}
