//! From the command line to what a run is asked to do.

use super::Cli;
#[cfg(feature = "incident")]
use super::Way;
use crate::config::{ScanSource, Settings};
#[cfg(feature = "incident")]
use crate::config::{Service, ServiceOverrides};
#[cfg(feature = "ocr")]
use crate::exit_code::INTERRUPTED;
#[cfg(feature = "site")]
use anyhow::Context as _;
#[cfg(feature = "ocr")]
use krea_scan_extract::ocr::Ocr;
use krea_scan_files::ScannedTrees;
#[cfg(feature = "incident")]
use krea_scan_service::krea::Via;
#[cfg(feature = "site")]
use krea_scan_site as site;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
#[cfg(feature = "ocr")]
use std::sync::Arc;
#[cfg(feature = "ocr")]
use std::time::Duration;

/// How long one look at a picture may take.
#[cfg(feature = "ocr")]
const OCR_TIME: Duration = Duration::from_secs(30);
/// More threads than this only cost memory.
const MAX_THREADS: usize = 256;

/// What a run is asked to do.
///
/// # Errors
/// What contradicts itself; a site or a service that cannot be meant; no program that reads pictures.
pub fn settings(cli: &Cli, trees: ScannedTrees) -> anyhow::Result<Settings> {
    if cli.input.stdin && cli.paths.iter().any(|path| path != Path::new("-")) {
        anyhow::bail!(
            "--stdin reads nothing but standard input; to read files as well, give - among them as a PATH"
        );
    }
    let only_dash = cli.paths.len() == 1 && cli.paths[0] == Path::new("-");
    let source = match () {
        #[cfg(feature = "site")]
        () if !cli.input.url.is_empty() => ScanSource::Sites(sites(cli, &trees)?),
        () if cli.input.staged => ScanSource::Staged,
        () if cli.input.history => ScanSource::History,
        () if cli.input.pre_commit => ScanSource::PreCommit,
        () if cli.input.stdin || only_dash => ScanSource::Stdin,
        () => cli.input.range.clone().map_or(ScanSource::Tree, ScanSource::Range),
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cli.read.threads.filter(|&threads| threads > 0).unwrap_or(cores).min(MAX_THREADS);
    Ok(Settings {
        source,
        paths: cli.paths.clone(),
        trees,
        no_ignore: cli.read.no_ignore,
        max_size: cli.read.max_size,
        max_depth: cli.read.max_depth,
        follow: cli.read.follow,
        threads,
        limits: cli.limits(),
        #[cfg(feature = "ocr")]
        ocr: cli.read.ocr.then(|| ocr(cli, threads.min(cores))).transpose()?,
        #[cfg(not(feature = "ocr"))]
        ocr: None,
        config: cli.detection.config.clone(),
        baseline: cli.detection.baseline.clone(),
        write_baseline: cli.detection.write_baseline.clone(),
        acts: cli.incident.revoke || cli.incident.redact,
        progress: !cli.output.no_progress && !cli.output.quiet && io::stderr().is_terminal(),
    })
}

/// What strangers may have written: the PATHs that are scanned, and the repositories around them.
pub fn scanned_trees(cli: &Cli) -> ScannedTrees {
    let reads_here = cli.paths.is_empty() && !cli.input.stdin && cli.input.url.is_empty();
    match () {
        // It runs in the repository that the files are in.
        () if reads_here || cli.input.pre_commit => ScannedTrees::of(&[PathBuf::from(".")]),
        () => ScannedTrees::of(&cli.paths),
    }
}

/// Where tokens go, as the user's own words and files say.
///
/// # Errors
/// As [`Service::resolve`].
#[cfg(feature = "incident")]
pub fn service(cli: &Cli, trees: &ScannedTrees) -> anyhow::Result<Service> {
    Service::resolve(&ServiceOverrides {
        trees,
        config: cli.detection.config.as_deref(),
        api: cli.incident.api.as_deref(),
        token_api: cli.incident.token_api.as_deref(),
        via: cli.incident.via.map(|way| match way {
            Way::Krea => Via::Krea,
            Way::TokenApi => Via::TokenApi,
            Way::Hand => Via::Hand,
        }),
        krea_credential_env: cli.incident.krea_credential_env.as_deref(),
        stores: &cli.incident.store,
        proxy: cli.incident.proxy.as_deref(),
        timeout: cli.incident.timeout,
    })
}

/// Makes what reads the text in pictures ready: so many at a time, and none any more once the run is ended.
#[cfg(feature = "ocr")]
fn ocr(cli: &Cli, most: usize) -> anyhow::Result<Arc<Ocr>> {
    let ocr = Arc::new(Ocr::find(most, cli.read.ocr_time.unwrap_or(OCR_TIME))?);
    // An incident listens for itself when it begins, and there is only one who can.
    if !cli.incident.revoke && cli.incident.resume.is_none() {
        let hears = Arc::clone(&ocr);
        ctrlc::set_handler(move || {
            hears.end();
            std::process::exit(INTERRUPTED);
        })?;
    }
    Ok(ocr)
}

/// What to read of the sites that are named.
#[cfg(feature = "site")]
fn sites(cli: &Cli, trees: &ScannedTrees) -> anyhow::Result<Vec<site::SiteOptions>> {
    let service = service(cli, trees)?;
    let site = |url: &String| {
        let default = site::SiteOptions::new(url).context("--url")?;
        Ok(site::SiteOptions {
            depth: cli.input.url_depth.unwrap_or(default.depth),
            resources: cli.input.url_limit.unwrap_or(default.resources),
            bytes: cli.input.url_size.unwrap_or(default.bytes),
            most: cli.read.max_size.unwrap_or(default.most),
            time: cli.input.url_time.unwrap_or(default.time),
            timeout: cli.incident.timeout.unwrap_or(default.timeout),
            proxy: service.http.proxy.clone(),
            allow_private: cli.input.allow_private,
            forbidden: service.api_hosts(),
            ..default
        })
    };
    cli.input.url.iter().map(site).collect()
}
