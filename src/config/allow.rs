//! `.krea-scan.toml`: what a team allows, and why.
//!
//! A file found in the scanned tree is input from strangers: it can allow findings, which the summary says, and
//! nothing else.

use super::ConfigError;
use crate::finding::{Finding, Fingerprint, Layer};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The file's name.
pub const FILE_NAME: &str = ".krea-scan.toml";

/// What a file from the scanned tree may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeFile {
    #[serde(default)]
    allow: Vec<AllowTable>,
}

/// One `[[allow]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowTable {
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
    /// Reads a file of the scanned tree. Paths in it are patterns as in `.gitignore`, from the file's folder on.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, an entry without a reason or without a condition.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file: TreeFile = super::read_toml(path, |unknown_field| match unknown_field {
            true => {
                "; a .krea-scan.toml holds [[allow]] entries with reason, paths, fingerprints and rules; it never \
                 names a host, a credential or a command"
            }
            false => "",
        })?;
        Config::new(path, file.allow)
    }

    /// Takes what a file allows.
    ///
    /// # Errors
    /// An entry without a reason or without a condition.
    pub(super) fn new(path: &Path, tables: Vec<AllowTable>) -> Result<Self, ConfigError> {
        let invalid = |problem: String| ConfigError::Invalid { path: path.to_owned(), problem };
        let mut allow = Vec::new();
        for (i, table) in tables.into_iter().enumerate() {
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

/// The path of what is inside a file, as a path: `dist.zip/src/app.js`. Steps without a name are left out.
fn with_members(path: &str, layers: &[Layer]) -> String {
    let mut path = path.to_owned();
    for layer in layers.iter().filter(|layer| !layer.name.is_empty()) {
        // What climbs out of an archive by its name is still in it.
        let parts = layer.name.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
        parts.for_each(|part| {
            path.push('/');
            path.push_str(part);
        });
    }
    path
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
    /// Uses one file for everything: one that the command line names, which may hold more than what it allows.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let file = super::trusted::read(path)?;
        Ok(Configs { given: Some(Config::new(path, file.allow)?), ..Configs::default() })
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
        config.allows(finding, &with_members(below.trim_start_matches('/'), &finding.layers))
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
