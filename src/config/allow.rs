//! `.krea-scan.toml`: what a team allows, and why.
//!
//! A file found in the scanned tree is input from strangers: it can allow findings, which the summary says, and
//! nothing else.

use super::{ConfigError, MAX_CONFIG_BYTES, unreadable};
use crate::allowance::AllowedBy;
use crate::finding::Finding;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use krea_scan_files::{self as files, ScannedTrees};
use krea_scan_text::Layer;
use krea_scan_token::Fingerprint;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

pub const FILE_NAME: &str = ".krea-scan.toml";
/// No list that people write has nearly as many patterns. Each is tried on each path.
const MAX_PATTERNS: usize = 1000;

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
    by: AllowedBy,
    allow: Vec<Allow>,
    /// The numbers of the entries that name fingerprints, by these, and of all others.
    by_fingerprint: HashMap<Fingerprint, Vec<usize>>,
    others: Vec<usize>,
    /// The numbers of the entries whose patterns fit a path, in order.
    named: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Allow {
    reason: String,
    paths: Option<Gitignore>,
    rules: Vec<String>,
    used: bool,
}

impl Config {
    /// Reads a file of the scanned tree; `None` when there is none. Paths in it are patterns as in `.gitignore`, from the
    /// file's folder on.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, an entry without a reason or without a condition.
    pub fn read(trees: &ScannedTrees, path: &Path) -> Result<Option<Self>, ConfigError> {
        let refused = |source| unreadable(path, source);
        let Some(bytes) = files::read_found(trees, path, MAX_CONFIG_BYTES).map_err(refused)? else {
            return Ok(None);
        };
        let text = files::text(bytes).map_err(refused)?;
        let file: TreeFile = super::parse(path, text, |unknown_field| match unknown_field {
            true => {
                "; a .krea-scan.toml holds [[allow]] entries with reason, paths, fingerprints and rules; it never \
                 names a host, a credential or a command"
            }
            false => "",
        })?;
        Config::new(path, AllowedBy::TreeConfig, file.allow).map(Some)
    }

    /// Takes what a file allows.
    ///
    /// # Errors
    /// An entry without a reason or without a condition.
    pub(super) fn new(path: &Path, by: AllowedBy, tables: Vec<AllowTable>) -> Result<Self, ConfigError> {
        let invalid = |problem: String| ConfigError::Invalid { path: path.to_owned(), problem };
        if tables.iter().map(|table| table.paths.len()).sum::<usize>() > MAX_PATTERNS {
            let problem = format!(
                "its [[allow]] entries name more than {MAX_PATTERNS} paths; name folders, or fingerprints alone"
            );
            return Err(invalid(problem));
        }
        let mut config = Config {
            path: path.to_owned(),
            by,
            allow: Vec::new(),
            by_fingerprint: HashMap::new(),
            others: Vec::new(),
            named: HashMap::new(),
        };
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
            for text in table.fingerprints.iter().collect::<BTreeSet<_>>() {
                let fingerprint = Fingerprint::parse(text);
                let fingerprint = fingerprint.map_err(|e| invalid(format!("[[allow]] number {nth}: {e}")))?;
                config.by_fingerprint.entry(fingerprint).or_default().push(i);
            }
            if table.fingerprints.is_empty() {
                config.others.push(i);
            }
            config.allow.push(Allow {
                reason,
                paths: patterns(&table.paths).map_err(|e| invalid(format!("[[allow]] number {nth}: {e}")))?,
                rules: table.rules,
                used: false,
            });
        }
        Ok(config)
    }

    /// Why the finding is allowed, if it is. `below` is its path below the configuration's folder. An entry allows what
    /// meets each kind of condition that it has.
    pub fn allows(&mut self, finding: &Finding, below: String) -> Option<Allowed> {
        let allow = &mut self.allow;
        let named = self.named.entry(below).or_insert_with_key(|below| {
            let fits = |paths: &Gitignore| paths.matched_path_or_any_parents(below, false).is_ignore();
            (0..allow.len()).filter(|&number| allow[number].paths.as_ref().is_some_and(fits)).collect()
        });
        let by_fingerprint = self.by_fingerprint.get(&finding.token.fingerprint());
        let mut first = None;
        for &number in by_fingerprint.into_iter().flatten().chain(&self.others) {
            let entry = &mut allow[number];
            let is_named = entry.paths.is_none() || named.binary_search(&number).is_ok();
            if is_named && (entry.rules.is_empty() || entry.rules.contains(&finding.rule)) {
                entry.used = true;
                first = first.into_iter().chain([number]).min();
            }
        }
        first.map(|number| Allowed {
            by: self.by,
            reason: format!(
                "{}: [[allow]] number {}: {}",
                self.path.display(),
                number + 1,
                allow[number].reason.trim()
            ),
        })
    }

    /// The folder that paths are relative to.
    pub fn folder(&self) -> &Path {
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// A remark for each entry that allowed nothing.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.allow.iter().enumerate().filter(|(_, entry)| !entry.used);
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

/// Why a finding is not reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub by: AllowedBy,
    /// Where that stands, and why.
    pub reason: String,
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
    trees: ScannedTrees,
    given: Option<Config>,
    /// The files of the tree count.
    heeds_tree: bool,
    read: Vec<Config>,
    by_folder: HashMap<PathBuf, Option<usize>>,
    errors: Vec<ConfigError>,
}

impl Configs {
    pub fn of_trees(trees: &ScannedTrees) -> Self {
        Configs { trees: trees.clone(), heeds_tree: true, ..Configs::default() }
    }

    /// Those of one file for everything, which the command line names; with `heeds_tree`, those of the trees as well.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub(super) fn given(
        trees: &ScannedTrees,
        path: &Path,
        tables: Vec<AllowTable>,
        heeds_tree: bool,
    ) -> Result<Self, ConfigError> {
        let given = Some(Config::new(path, AllowedBy::Config, tables)?);
        Ok(Configs { given, heeds_tree, ..Configs::of_trees(trees) })
    }

    /// Why a finding at `path` (on disk, or as it would be) is allowed, if it is.
    pub fn allows(&mut self, finding: &Finding, path: &Path) -> Option<Allowed> {
        let absolute = absolute(path);
        let given = self.given.as_mut().and_then(|config| allows(config, finding, &absolute));
        if given.is_some() || !self.heeds_tree {
            return given;
        }
        let folder = absolute.parent().unwrap_or(&absolute).to_owned();
        let number = self.find(&folder)?;
        allows(self.read.get_mut(number)?, finding, &absolute)
    }

    /// The number of the file that counts in a folder, which is absolute: the nearest one at or above it.
    fn find(&mut self, folder: &Path) -> Option<usize> {
        let (mut found, mut passed) = (None, Vec::new());
        for folder in folder.ancestors() {
            // What is in no folder that is there has no file beside it either.
            if folder.as_os_str().len() > files::MAX_PATH_BYTES {
                continue;
            }
            if let Some(known) = self.by_folder.get(folder) {
                found = *known;
                break;
            }
            if folder.symlink_metadata().is_err() {
                continue;
            }
            passed.push(folder.to_owned());
            match Config::read(&self.trees, &folder.join(FILE_NAME)) {
                Ok(Some(config)) => {
                    self.read.push(config);
                    found = Some(self.read.len() - 1);
                    break;
                }
                Ok(None) if folder.join(".git").exists() => break,
                Ok(None) => {}
                Err(error) => {
                    self.errors.push(error);
                    break;
                }
            }
        }
        self.by_folder.extend(passed.into_iter().map(|folder| (folder, found)));
        found
    }

    /// Makes sure that the configuration of a folder is read, so that its errors are said even when nothing is
    /// found.
    pub fn load(&mut self, folder: &Path) {
        if self.heeds_tree {
            self.find(&absolute(folder));
        }
    }

    /// The files that could not be used; each once.
    pub fn take_errors(&mut self) -> Vec<ConfigError> {
        std::mem::take(&mut self.errors)
    }

    /// Remarks for entries that allowed nothing, of those files all of whose folder was scanned, as `scanned` tells.
    pub fn unused(&self, scanned: impl Fn(&Path) -> bool) -> Vec<String> {
        let all = self.given.iter().chain(&self.read);
        all.filter(|config| scanned(config.folder())).flat_map(Config::unused).collect()
    }
}

/// A path that starts at the root; an empty one is the current folder.
fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    // The folder that `..` leaves is none that the path is in.
    let leads_up = path.components().any(|part| part == Component::ParentDir);
    let place = if leads_up { files::named_place(path) } else { std::path::absolute(path).ok() };
    place.unwrap_or_else(|| path.to_owned())
}

fn allows(config: &mut Config, finding: &Finding, path: &Path) -> Option<Allowed> {
    let folder = absolute(config.folder());
    let below = path.strip_prefix(&folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    config.allows(finding, with_members(below.trim_start_matches('/'), &finding.layers))
}
