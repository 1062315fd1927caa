//! The pipeline: read, detect, allow, sweep for further copies, tally.

mod context;
mod file;
mod git;
mod history;
mod known_tokens;
mod less_sure;
mod listing;
mod named;
mod progress;
mod reconcile;
mod results;
#[cfg(feature = "site")]
mod site;
mod tree;

use crate::allowance::{Allowance, AllowedBy, LeftOut};
use crate::config::{self, Allowed, Baseline, Configs, ScanSource, Settings, TreeDirectives};
use crate::finding::{Finding, Outcome, Summary};
use crate::source::pre_commit::{self, PreCommitTarget};
use crate::source::range::Range;
use crate::source::tree::WalkOptions;
use anyhow::{Context as _, bail};
use context::ScanContext;
use known_tokens::{KnownTokens, Pass};
use krea_scan_detect::Detector;
use krea_scan_files as files;
use krea_scan_files::Incomplete;
use krea_scan_git::GitOrigin;
use krea_scan_git::ignores::Kinds;
use krea_scan_git::repository::{self, OpenError, Repository};
use krea_scan_text::Layer;
use krea_scan_token::{Confidence, Token};
use progress::{Counter, ProgressLine};
use reconcile::sibling_file::SiblingFile;
use results::{FindingPlace, ScanResults};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tree::Piped;

/// What one pass over an input came by.
#[derive(Debug, Default)]
struct PassResult {
    found: ScanResults,
    blobs: u64,
    incomplete: Vec<Incomplete>,
    notes: Vec<String>,
    /// What is said without `-v` too.
    remarks: Vec<String>,
    left_out: LeftOut,
}

impl PassResult {
    /// Adds what came of another part of the input.
    fn merge(&mut self, other: PassResult) {
        self.found.merge(other.found);
        self.blobs += other.blobs;
        self.incomplete.extend(other.incomplete);
        self.notes.extend(other.notes);
        self.remarks.extend(other.remarks);
        self.left_out.merge(other.left_out);
    }
}

/// Something that can be read more than once.
trait Input {
    /// Reads all of it for one pass.
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult>;

    /// Where on disk a finding's path is, for the configuration that applies to it.
    fn on_disk(&self, path: &str) -> PathBuf {
        PathBuf::from(path)
    }

    /// The file that `reference` names as seen from the file at `path` (and, in a container, `layers`): a bundle's
    /// source map. With an empty `reference`, the file itself. Gives its path as reports show it, the layers that lead
    /// to it, and its bytes, at most `most` of them; `None` when it is not there.
    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile>;

    /// Says in which commit [`Input::sibling`] looks from now on, for an input that reads commits.
    fn look_in(&mut self, _git: Option<&GitOrigin>) {}
}

/// Runs a scan.
///
/// # Errors
/// What keeps it from starting: no such repository or revision, a configuration given by name that cannot be used.
/// What keeps it from reading a part of the input is in the summary.
pub fn run(settings: &Settings, detector: &Detector, least: Confidence) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let counter = Arc::new(Counter::new(settings.ocr.as_ref().map(|ocr| ocr.pictures())));
    let (mut configs, heed) = match &settings.config {
        Some(path) => config::read_given(&settings.trees, path)?,
        None => (Configs::of_trees(&settings.trees), TreeDirectives::ALL),
    };
    // What acts on findings acts on what can leak: what git ignores is no part of that.
    let heed = TreeDirectives { gitignore: heed.gitignore || settings.acts, ..heed };
    let baseline = settings.baseline.as_deref();
    let baseline = baseline.map(|path| Baseline::read(&settings.trees, path)).transpose()?;
    let what = match settings.source {
        ScanSource::History => "objects",
        #[cfg(feature = "site")]
        ScanSource::Sites(_) => "resources",
        _ => "files",
    };
    let show = || ProgressLine::start(&counter, what, settings.progress);
    // Opening a site reads it. Opening anything else is short, or waits for a person at a terminal.
    let opening = settings.source.is_read_when_opened().then(show);
    let mut input = open(settings, heed, detector, &counter)?;
    drop(opening);
    for path in &settings.paths {
        configs.load(if path.is_dir() { path } else { path.parent().unwrap_or(path) });
    }
    if settings.paths.is_empty() {
        configs.load(Path::new("."));
    }

    let progress = show();
    let mut tally =
        ScanTally { configs, baseline, write: settings.write_baseline.is_some(), ..ScanTally::default() };
    let context = ScanContext {
        detector,
        pass: Pass::Detect,
        least,
        limits: settings.limits,
        ocr: settings.ocr.as_deref(),
        heeds_comments: heed.comments,
    };
    let mut read = input.read_pass(context)?;
    let mut summary = Summary {
        files: read.found.files,
        blobs: read.blobs,
        bytes: read.found.bytes,
        placeholders: read.found.placeholders,
        left_out: read.left_out,
        ..Summary::default()
    };
    let mut incomplete: BTreeSet<Incomplete> = read.incomplete.into_iter().collect();
    incomplete.append(&mut read.found.incomplete.drain(..).collect());
    let (mut notes, remarks) = (read.notes, read.remarks);
    let mut explained = std::mem::take(&mut read.found.explained);
    explained.sort();
    // Two rules may see the same in one value.
    explained.dedup_by(|a, b| {
        (&a.location, &a.value, &a.decision, &a.evidence) == (&b.location, &b.value, &b.decision, &b.evidence)
    });
    let full = std::mem::take(&mut read.found.full);
    incomplete.extend(read.found.unlisted());
    tally.add(read.found, input.as_ref());
    // Known tokens are looked for once more, everywhere and without context.
    if let Some(known) = KnownTokens::new(&tally.reported, full) {
        let mut read = input.read_pass(ScanContext { pass: Pass::Sweep(&known), ..context })?;
        incomplete.extend(read.incomplete);
        incomplete.extend(read.found.incomplete.drain(..));
        incomplete.extend(read.found.unlisted());
        summary.hints = std::mem::take(&mut read.found.hints);
        tally.add(read.found, input.as_ref());
        notes.extend(reconcile::all_files(&mut tally.reported, input.as_mut(), &known.members));
    }
    drop(progress);

    if let Some(path) = &settings.write_baseline {
        let text = Baseline::of(&tally.baselined).text()?;
        files::write(&settings.trees, path, text.as_bytes()).with_context(|| no_baseline(path))?;
    }
    for error in tally.configs.take_errors() {
        let (path, problem) = error.into_parts();
        let reason = format!("allows nothing until it is mended: {problem}");
        incomplete.insert(Incomplete { path: path.display().to_string(), reason });
    }
    notes.extend(tally.notes(&Scanned::of(settings)));
    summary.hints.sort();
    summary.hints.dedup();
    summary.incomplete = incomplete.into_iter().collect();
    summary.allowances = tally.allowed.into_values().collect();
    summary.allowances.sort();
    summary.allowed = summary.allowances.len() as u64;
    summary.findings = tally.reported.len() as u64;
    let tokens: BTreeSet<_> = tally.reported.iter().map(|finding| finding.token.fingerprint()).collect();
    summary.tokens = tokens.len() as u64;
    summary.seconds = started.elapsed().as_secs_f64();
    let (findings, withheld) = (tally.reported, tally.withheld);
    Ok(Outcome { findings, summary, notes, remarks, withheld, explained, ..Outcome::default() })
}

/// What is said when a baseline cannot be written.
pub fn no_baseline(path: &Path) -> String {
    format!("cannot write the baseline {}", path.display())
}

/// Makes the input that the settings ask for ready.
fn open<'a>(
    settings: &Settings,
    heed: TreeDirectives,
    #[cfg_attr(
        not(feature = "site"),
        expect(unused_variables, reason = "only a site withholds what is found")
    )]
    detector: &Detector,
    counter: &'a Counter,
) -> anyhow::Result<Box<dyn Input + 'a>> {
    let limits = settings.limits;
    let own = heed.ignore_files && !settings.no_ignore;
    let ignores = Kinds { own, git: heed.gitignore && !settings.no_ignore };
    let files = |paths: Vec<PathBuf>| tree::TreeInput {
        options: walk_options(settings, paths, ignores),
        counter,
        limits,
        remarks: Vec::new(),
    };
    let reading =
        git::GitReading { ignores: own, trees: &settings.trees, max_size: settings.max_size, limits };
    let staged = |repo| git::Index::open(repo, reading, counter);
    let commits = |repo, range| git::Commits::new(repo, range, reading, counter);
    Ok(match &settings.source {
        ScanSource::Tree => {
            let is_piped = |path: &PathBuf| path == Path::new("-") || Piped::is_made_by_shell(path);
            let (piped, paths): (Vec<_>, Vec<_>) = settings.paths.iter().cloned().partition(is_piped);
            let mut inputs: Vec<Box<dyn Input + 'a>> = Vec::new();
            for path in &piped {
                inputs.push(Box::new(match path.to_str() {
                    Some("-") => Piped::stdin(settings.max_size, limits),
                    _ => Piped::path(path, settings.max_size, limits)
                        .with_context(|| format!("cannot read {}", path.display()))?,
                }));
            }
            // No PATH at all is the current folder.
            if piped.is_empty() || !paths.is_empty() {
                inputs.push(Box::new(files(paths)));
            }
            Box::new(tree::SeveralInputs(inputs))
        }
        ScanSource::Stdin => Box::new(Piped::stdin(settings.max_size, limits)),
        ScanSource::Staged => Box::new(staged(open_repository(&settings.paths)?)?),
        ScanSource::History => {
            let repo = open_repository(&settings.paths)?;
            Box::new(history::History::open(repo, settings.threads, reading, counter)?)
        }
        ScanSource::Range(text) => {
            let repo = open_repository(&settings.paths)?;
            let range = Range::parse(&repo, text)?;
            Box::new(commits(repo, range))
        }
        #[cfg(feature = "site")]
        ScanSource::Sites(sites) => Box::new(site::Sites::open(sites, detector, limits, counter)?),
        ScanSource::PreCommit => {
            let names = pre_commit::names(settings.paths.clone())?;
            match pre_commit::target(names, |name| std::env::var(name).ok()) {
                PreCommitTarget::Files(paths) => {
                    let mut working = files(paths);
                    match repository::open(Path::new(".")) {
                        Ok(repo) if !repo.is_bare() => {
                            Box::new(named::Named::open(repo, working, reading, counter)?)
                        }
                        Ok(_) | Err(OpenError::NotARepository { .. }) => Box::new(working),
                        Err(error) => {
                            let instead = "the working files were read, and not what is staged of them";
                            working.remarks.push(format!("{instead}: {error}"));
                            Box::new(working)
                        }
                    }
                }
                PreCommitTarget::Staged => Box::new(staged(open_repository(&[])?)?),
                PreCommitTarget::Push(push) => {
                    let repo = open_repository(&[])?;
                    let range = push.range(&repo)?;
                    Box::new(commits(repo, range))
                }
            }
        }
    })
}

/// The repository that holds the one path that was given, or the current folder.
fn open_repository(paths: &[PathBuf]) -> anyhow::Result<Repository> {
    match paths {
        [] => Ok(repository::open(Path::new("."))?),
        [path] => Ok(repository::open(path)?),
        [_, second, ..] => bail!("one repository at a time: {} is one too many", second.display()),
    }
}

fn walk_options(settings: &Settings, paths: Vec<PathBuf>, ignores: Kinds) -> WalkOptions {
    WalkOptions {
        paths,
        trees: settings.trees.clone(),
        ignores,
        ignores_named: settings.source == ScanSource::PreCommit,
        passed_over: HashSet::new(),
        reads_git: settings.no_ignore,
        follow: settings.follow,
        max_size: settings.max_size,
        max_depth: settings.max_depth,
        threads: settings.threads,
    }
}

/// What a run went through, so that an allowance is called unused only where all that it could allow was looked at.
struct Scanned {
    /// Folders whose files were all read, without links.
    folders: Vec<PathBuf>,
    /// The same, from the tops of their repositories on.
    below: Vec<PathBuf>,
    /// Everything that a repository ever held.
    history: bool,
}

impl Scanned {
    fn of(settings: &Settings) -> Self {
        let history = settings.source == ScanSource::History;
        let here = [PathBuf::from(".")];
        let paths = match settings.source {
            ScanSource::Tree | ScanSource::History if settings.paths.is_empty() => &here[..],
            ScanSource::Tree | ScanSource::History => &settings.paths,
            _ => &[],
        };
        let folders = paths.iter().filter(|path| path.is_dir());
        // A folder outside of all of them may hold whatever a path begins with.
        let below = folders.clone().map(|path| config::below_top(path).unwrap_or_default());
        // A repository is scanned as a whole, whichever of its folders is named.
        let around = |path: PathBuf| {
            let top = path.ancestors().find(|above| history && above.join(".git").exists());
            top.map(Path::to_owned).unwrap_or(path)
        };
        let real = folders.clone().filter_map(|path| path.canonicalize().ok()).map(around);
        Scanned { folders: real.collect(), below: below.collect(), history }
    }

    /// Whether all files of a folder were read.
    fn has_folder(&self, folder: &Path) -> bool {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        self.folders.iter().any(|scanned| real.starts_with(scanned))
    }

    /// Whether a path, as baselines have it, was read.
    fn has_path(&self, path: &str) -> bool {
        self.history || self.below.iter().any(|below| Path::new(path).starts_with(below))
    }
}

/// Findings, and what was allowed of them.
#[derive(Debug, Default)]
struct ScanTally {
    configs: Configs,
    baseline: Option<Baseline>,
    /// A baseline is being written: it takes what is found.
    write: bool,
    reported: Vec<Finding>,
    baselined: Vec<Finding>,
    withheld: Vec<Token>,
    allowed: HashMap<FindingPlace, Allowance>,
}

impl ScanTally {
    fn add(&mut self, found: ScanResults, input: &dyn Input) {
        self.allowed.extend(found.allowed);
        self.withheld.extend(found.withheld);
        for finding in found.findings {
            let known = self.baseline.as_mut().is_some_and(|baseline| baseline.knows(&finding));
            let allowed = self.configs.allows(&finding, &input.on_disk(&finding.location.path));
            let is_allowed = allowed.is_some();
            let by_baseline = |reason: &str| Allowed { by: AllowedBy::Baseline, reason: reason.to_owned() };
            let allowed = allowed
                .or_else(|| known.then(|| by_baseline("the baseline knows it")))
                .or_else(|| self.write.then(|| by_baseline("it is written to the baseline")));
            let Some(allowed) = allowed else {
                self.reported.push(finding);
                continue;
            };
            self.allowed.insert(results::place_of(&finding), results::allowance(&finding, allowed));
            self.withheld.extend(finding.all_readings().cloned());
            if !is_allowed {
                self.baselined.push(finding);
            }
        }
        self.reported.sort_by(|a, b| order(a).cmp(&order(b)));
        // Each file in a folder tells what the folder is called.
        self.reported.dedup_by(|a, b| a.is_in_name() && results::place_of(a) == results::place_of(b));
    }

    fn notes(&self, scanned: &Scanned) -> Vec<String> {
        let known = self.baseline.as_ref();
        let known = known.map(|baseline| baseline.unused(|path| scanned.has_path(path)));
        let unused = self.configs.unused(|folder| scanned.has_folder(folder));
        unused.into_iter().chain(known.into_iter().flatten()).collect()
    }
}

/// What findings are sorted by: the path, the place, the token.
fn order(finding: &Finding) -> (&str, u64, Vec<&str>, &[u8]) {
    let layers = finding.layers.iter().map(|layer| layer.name.as_str()).collect();
    (&finding.location.path, finding.location.byte_offset, layers, finding.token.expose())
}
