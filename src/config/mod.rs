//! What a run is asked to do, and the files that say so: what the scanned tree allows, what was known before, and what
//! only the user's own files may name (hosts, sinks, commands).

mod allow;
mod baseline;
mod repository_paths;
#[cfg(feature = "incident")]
mod service;
mod tree_directives;
mod trusted;

pub use allow::{Allowed, Config, Configs, FILE_NAME};
pub use baseline::Baseline;
pub use repository_paths::below_top;
#[cfg(feature = "incident")]
pub use service::{Service, ServiceOverrides, sink};
pub use tree_directives::TreeDirectives;

use krea_scan_bounds::limits::Limits;
use krea_scan_extract::ocr::Ocr;
use krea_scan_files::parse_error;
use krea_scan_files::{self as files, Refusal, ScannedTrees};
#[cfg(feature = "site")]
use krea_scan_site as site;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a file that the command line names allows, and what of the tree's own word counts by it. It may hold more.
///
/// # Errors
/// When it cannot be read or makes no sense.
pub fn read_given(trees: &ScannedTrees, path: &Path) -> Result<(Configs, TreeDirectives), ConfigError> {
    let file = trusted::read_trusted(trees, path)?;
    let heed = TreeDirectives::of(&file.heed);
    Ok((Configs::given(trees, path, file.allow, heed.config)?, heed))
}

/// Why a configuration or a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: Refusal },
    /// The file says something that it cannot say.
    #[error("{path}: {problem}")]
    Invalid { path: PathBuf, problem: String },
}

impl ConfigError {
    /// The file, and what is wrong with it.
    pub fn into_parts(self) -> (PathBuf, String) {
        match self {
            ConfigError::Read { path, source } => (path, format!("cannot be read: {source}")),
            ConfigError::Invalid { path, problem } => (path, problem),
        }
    }
}

/// No configuration that people write is nearly as large, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Reads a configuration that a person names.
fn read_named<T: DeserializeOwned>(
    trees: &ScannedTrees,
    path: &Path,
    hint: impl Fn(bool) -> &'static str,
) -> Result<T, ConfigError> {
    let bytes = files::read_named(trees, path, MAX_CONFIG_BYTES);
    parse(path, bytes.and_then(files::text).map_err(|source| unreadable(path, source))?, hint)
}

/// Reads TOML. Its errors name the line and never quote it; `hint` adds what may be meant, knowing whether the trouble is a
/// key that does not exist.
fn parse<T: DeserializeOwned>(
    path: &Path,
    text: String,
    hint: impl Fn(bool) -> &'static str,
) -> Result<T, ConfigError> {
    toml::from_str(&text).map_err(|e| {
        let hint = hint(e.message().contains("unknown field"));
        ConfigError::Invalid { path: path.to_owned(), problem: parse_error::toml(&e, &text) + hint }
    })
}

/// `90s`, `15m`, `1h`; not negative, and at least a millisecond.
pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration =
        text.parse().map_err(|_| "expected a time, such as 90s or 15m".to_owned())?;
    Duration::try_from(time)
        .ok()
        .filter(|time| *time >= Duration::from_millis(1))
        .ok_or_else(|| "that is no time to wait".to_owned())
}

fn unreadable(path: &Path, source: Refusal) -> ConfigError {
    ConfigError::Read { path: path.to_owned(), source }
}

/// What a run is asked to do: the command line and what goes with it, in one value.
#[derive(Debug, Default)]
pub struct Settings {
    pub source: ScanSource,
    /// Files and folders, or the repository.
    pub paths: Vec<PathBuf>,
    /// The trees that are read, whose own files are opened with care.
    pub trees: ScannedTrees,
    /// Heed no ignore file.
    pub no_ignore: bool,
    /// Files above this are not read.
    pub max_size: Option<u64>,
    /// How many folders deep.
    pub max_depth: Option<usize>,
    /// Follow symbolic links.
    pub follow: bool,
    /// Worker threads, at least one.
    pub threads: usize,
    /// How much may be unpacked from one file.
    pub limits: Limits,
    /// What reads the text in pictures, if it is to be read.
    pub ocr: Option<Arc<Ocr>>,
    /// A configuration given by name.
    pub config: Option<PathBuf>,
    /// What is known.
    pub baseline: Option<PathBuf>,
    /// Where to write what is found now.
    pub write_baseline: Option<PathBuf>,
    /// What is found is acted on: revoked, or taken out of files.
    pub acts: bool,
    /// Show progress on standard error.
    pub progress: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ScanSource {
    /// The working tree.
    #[default]
    Tree,
    Stdin,
    /// The index against HEAD.
    Staged,
    /// Every object of the repository.
    History,
    /// What a range of commits brought in.
    Range(String),
    /// Deployed sites.
    #[cfg(feature = "site")]
    Sites(Vec<site::SiteOptions>),
    /// What pre-commit asks for.
    PreCommit,
}

impl ScanSource {
    pub fn is_read_when_opened(&self) -> bool {
        #[cfg(feature = "site")]
        return matches!(self, ScanSource::Sites(_));
        #[cfg(not(feature = "site"))]
        false
    }
}
