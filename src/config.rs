//! `.krea-scan.toml`: what a team allows, and why. And baselines: what was known before.
//!
//! A file found in the scanned tree is input from strangers: it can allow findings, which the summary says, and
//! nothing else.

use crate::finding::{Finding, Fingerprint};
use crate::parse_error;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The file's name.
pub const FILE_NAME: &str = ".krea-scan.toml";

/// Why a configuration or a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that it cannot say.
    #[error("{path}: {problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What and where.
        problem: String,
    },
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

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    #[serde(default)]
    allow: Vec<AllowTable>,
}

/// One `[[allow]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowTable {
    reason: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    fingerprints: Vec<String>,
    #[serde(default)]
    rules: Vec<String>,
}

/// What is allowed below one folder.
#[derive(Debug)]
pub struct Config {
    path: PathBuf,
    allow: Vec<Allow>,
}

#[derive(Debug)]
struct Allow {
    reason: String,
    paths: Option<Gitignore>,
    fingerprints: BTreeSet<Fingerprint>,
    rules: Vec<String>,
    used: AtomicBool,
}

impl Config {
    /// Reads a configuration. Paths in it are patterns as in `.gitignore`, from the file's folder on.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, an entry without a reason or without a condition.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let invalid = |problem: String| ConfigError::Invalid { path: path.to_owned(), problem };
        let file: ConfigFile = toml::from_str(&text).map_err(|e| {
            let hint = if e.message().contains("unknown field") {
                "; a .krea-scan.toml holds [[allow]] entries with reason, paths, fingerprints and rules; it never names a host, a credential or a command"
            } else {
                ""
            };
            invalid(format!("{}{hint}", parse_error::toml(&e, &text)))
        })?;
        let mut allow = Vec::new();
        for (i, table) in file.allow.into_iter().enumerate() {
            let nth = i + 1;
            let Some(reason) = table.reason.filter(|reason| !reason.trim().is_empty()) else {
                return Err(invalid(format!("[[allow]] number {nth} has no reason; say why it is allowed")));
            };
            if table.paths.is_empty() && table.fingerprints.is_empty() && table.rules.is_empty() {
                return Err(invalid(format!(
                    "[[allow]] number {nth} names no paths, fingerprints or rules, so it would allow everything"
                )));
            }
            let mut fingerprints = BTreeSet::new();
            for text in &table.fingerprints {
                let fingerprint = Fingerprint::parse(text);
                fingerprints
                    .insert(fingerprint.map_err(|e| invalid(format!("[[allow]] number {nth}: {e}")))?);
            }
            allow.push(Allow {
                reason,
                paths: patterns(&table.paths).map_err(|e| invalid(format!("[[allow]] number {nth}: {e}")))?,
                fingerprints,
                rules: table.rules,
                used: AtomicBool::new(false),
            });
        }
        Ok(Config { path: path.to_owned(), allow })
    }

    /// Whether the finding is allowed. `below` is its path below the configuration's folder. An entry allows what
    /// meets each kind of condition that it has.
    pub fn allows(&self, finding: &Finding, below: &str) -> bool {
        let mut allowed = false;
        for entry in &self.allow {
            let path =
                entry.paths.as_ref().is_none_or(|p| p.matched_path_or_any_parents(below, false).is_ignore());
            let fingerprint =
                entry.fingerprints.is_empty() || entry.fingerprints.contains(&finding.token.fingerprint());
            let rule = entry.rules.is_empty() || entry.rules.contains(&finding.rule);
            if path && fingerprint && rule {
                entry.used.store(true, Ordering::Relaxed);
                allowed = true;
            }
        }
        allowed
    }

    /// The folder that paths are relative to.
    pub fn folder(&self) -> &Path {
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// A remark for each entry that allowed nothing.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.allow.iter().enumerate().filter(|(_, entry)| !entry.used.load(Ordering::Relaxed));
        unused
            .map(|(i, entry)| {
                format!(
                    "{}: [[allow]] number {} ({}) no longer matches anything",
                    self.path.display(),
                    i + 1,
                    entry.reason
                )
            })
            .collect()
    }
}

fn patterns(patterns: &[String]) -> Result<Option<Gitignore>, ignore::Error> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        builder.add_line(None, pattern)?;
    }
    builder.build().map(Some)
}

/// The configuration for each folder: the nearest file at or above it, up to the repository's root.
#[derive(Debug, Default)]
pub struct Configs {
    given: Option<Config>,
    read: Vec<Config>,
    by_folder: HashMap<PathBuf, Option<usize>>,
    errors: Vec<ConfigError>,
}

impl Configs {
    /// Uses one file for everything.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        Ok(Configs { given: Some(Config::read(path)?), ..Configs::default() })
    }

    /// Whether a finding at `path` (on disk, or as it would be) is allowed.
    pub fn allows(&mut self, finding: &Finding, path: &Path) -> bool {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let config = match &self.given {
            Some(config) => Some(config),
            None => {
                let folder = absolute.parent().unwrap_or(&absolute).to_owned();
                self.find(&folder).and_then(|i| self.read.get(i))
            }
        };
        let Some(config) = config else { return false };
        let folder = std::path::absolute(config.folder()).unwrap_or_else(|_| config.folder().to_owned());
        let below = absolute.strip_prefix(&folder).unwrap_or(&absolute).to_string_lossy().replace('\\', "/");
        config.allows(finding, below.trim_start_matches('/'))
    }

    fn find(&mut self, folder: &Path) -> Option<usize> {
        if let Some(known) = self.by_folder.get(folder) {
            return *known;
        }
        let file = folder.join(FILE_NAME);
        let found = if file.is_file() {
            match Config::read(&file) {
                Ok(config) => {
                    self.read.push(config);
                    Some(self.read.len() - 1)
                }
                Err(error) => {
                    self.errors.push(error);
                    None
                }
            }
        } else if folder.join(".git").exists() {
            None
        } else {
            folder.parent().and_then(|parent| self.find(parent))
        };
        self.by_folder.insert(folder.to_owned(), found);
        found
    }

    /// Makes sure that the configuration of a folder is read, so that its errors are said even when nothing is
    /// found.
    pub fn load(&mut self, folder: &Path) {
        if self.given.is_none() {
            let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
            self.find(&absolute);
        }
    }

    /// The files that could not be used; each once.
    pub fn take_errors(&mut self) -> Vec<ConfigError> {
        std::mem::take(&mut self.errors)
    }

    /// Remarks for entries that allowed nothing.
    pub fn unused(&self) -> Vec<String> {
        self.given.iter().chain(&self.read).flat_map(Config::unused).collect()
    }
}

/// Findings that are known: fingerprints and places, never tokens.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: BTreeSet<Known>,
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
struct Known {
    path: String,
    fingerprint: Fingerprint,
    rule: String,
    line: u64,
}

impl Baseline {
    const VERSION: u32 = 1;

    /// Reads a baseline.
    ///
    /// # Errors
    /// A file that cannot be read or is no baseline.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let invalid = |problem: String| ConfigError::Invalid { path: path.to_owned(), problem };
        let baseline: Baseline = serde_json::from_str(&text).map_err(|e| {
            let problem = parse_error::json(&e);
            invalid(format!("is not a baseline that --write-baseline wrote: {problem}"))
        })?;
        if baseline.version != Baseline::VERSION {
            return Err(invalid(format!(
                "is a baseline of version {}, this program reads {}",
                baseline.version,
                Baseline::VERSION
            )));
        }
        Ok(baseline)
    }

    /// A baseline of these findings.
    pub fn of(findings: &[Finding]) -> Self {
        let known = findings.iter().map(|finding| Known {
            path: baseline_path(&finding.location.path).to_owned(),
            fingerprint: finding.token.fingerprint(),
            rule: finding.rule.clone(),
            line: finding.location.line,
        });
        Baseline { version: Baseline::VERSION, findings: known.collect() }
    }

    /// The file's text.
    ///
    /// # Errors
    /// None in practice; `serde_json`'s.
    pub fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Whether a finding is known: the same token in the same file, on whichever line.
    pub fn knows(&self, finding: &Finding) -> bool {
        let fingerprint = finding.token.fingerprint();
        self.findings.iter().any(|known| {
            known.path == baseline_path(&finding.location.path) && known.fingerprint == fingerprint
        })
    }

    /// A remark for each entry that is not among `findings` any more.
    pub fn unused(&self, findings: &[Finding]) -> Vec<String> {
        let gone = self.findings.iter().filter(|known| {
            !findings.iter().any(|f| {
                baseline_path(&f.location.path) == known.path && f.token.fingerprint() == known.fingerprint
            })
        });
        gone.map(|known| {
            format!("baseline: {} in {} no longer matches anything", known.fingerprint, known.path)
        })
        .collect()
    }
}

/// A path as baselines hold it: `krea-scan` and `krea-scan .` mean the same files.
fn baseline_path(path: &str) -> &str {
    path.trim_start_matches("./")
}

/// What a run is asked to do: the command line and what goes with it, in one value.
#[derive(Debug, Default)]
pub struct Settings {
    /// What to scan.
    pub source: Source,
    /// Files and folders, or the repository.
    pub paths: Vec<PathBuf>,
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
    /// A configuration given by name.
    pub config: Option<PathBuf>,
    /// What is known.
    pub baseline: Option<PathBuf>,
    /// Where to write what is found now.
    pub write_baseline: Option<PathBuf>,
    /// Show progress on standard error.
    pub progress: bool,
}

/// What to scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The working tree.
    #[default]
    Tree,
    /// Standard input.
    Stdin,
    /// The index against HEAD.
    Staged,
    /// Every object of the repository.
    History,
    /// What a range of commits brought in.
    Range(String),
    /// What pre-commit asks for.
    PreCommit,
}
