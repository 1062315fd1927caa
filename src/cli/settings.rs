//! From the command line to what a run is asked to do.

use super::Cli;
#[cfg(feature = "incident")]
use crate::config::{Flags, Service};
use crate::config::{ScanSource, Settings};
#[cfg(feature = "ocr")]
use crate::exit_code::INTERRUPTED;
#[cfg(feature = "site")]
use anyhow::Context as _;
#[cfg(feature = "ocr")]
use krea_scan_extract::ocr::Ocr;
use krea_scan_files::ScannedTrees;
#[cfg(feature = "site")]
use krea_scan_site as site;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
#[cfg(feature = "ocr")]
use std::sync::Arc;
#[cfg(feature = "ocr")]
use std::time::Duration;

#[cfg(feature = "ocr")]
/// How long one look at a picture may take.
const OCR_TIME: Duration = Duration::from_secs(30);
/// More threads than this only cost memory.
const MAX_THREADS: usize = 256;

/// What a run is asked to do.
///
/// # Errors
/// What contradicts itself; a site or a service that cannot be meant; no program that reads pictures.
pub fn settings(cli: &Cli, trees: ScannedTrees) -> anyhow::Result<Settings> {
    if cli.stdin && cli.paths.iter().any(|path| path != Path::new("-")) {
        anyhow::bail!(
            "--stdin reads nothing but standard input; to read files as well, give - among them as a PATH"
        );
    }
    let only_dash = cli.paths.len() == 1 && cli.paths[0] == Path::new("-");
    let source = match () {
        #[cfg(feature = "site")]
        () if !cli.url.is_empty() => ScanSource::Sites(sites(cli, &trees)?),
        () if cli.staged => ScanSource::Staged,
        () if cli.history => ScanSource::History,
        () if cli.pre_commit => ScanSource::PreCommit,
        () if cli.stdin || only_dash => ScanSource::Stdin,
        () => cli.range.clone().map_or(ScanSource::Tree, ScanSource::Range),
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cli.threads.filter(|&threads| threads > 0).unwrap_or(cores).min(MAX_THREADS);
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
        #[cfg(feature = "ocr")]
        ocr: cli.ocr.then(|| ocr(cli, threads.min(cores))).transpose()?,
        #[cfg(not(feature = "ocr"))]
        ocr: None,
        config: cli.config.clone(),
        baseline: cli.baseline.clone(),
        write_baseline: cli.write_baseline.clone(),
        acts: cli.revoke || cli.redact,
        progress: !cli.no_progress && !cli.quiet && io::stderr().is_terminal(),
    })
}

/// What strangers may have written: the PATHs that are scanned, and the repositories around them.
pub fn scanned_trees(cli: &Cli) -> ScannedTrees {
    let reads_here = cli.paths.is_empty() && !cli.stdin && cli.url.is_empty();
    match () {
        // It runs in the repository that the files are in.
        () if reads_here || cli.pre_commit => ScannedTrees::of(&[PathBuf::from(".")]),
        () => ScannedTrees::of(&cli.paths),
    }
}

#[cfg(feature = "incident")]
/// Where tokens go, as the user's own words and files say.
///
/// # Errors
/// As [`Service::resolve`].
pub fn service(cli: &Cli, trees: &ScannedTrees) -> anyhow::Result<Service> {
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

#[cfg(feature = "ocr")]
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

#[cfg(feature = "site")]
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
