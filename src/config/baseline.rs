//! Baselines: what was known before. They hold fingerprints and places as they are shown, never tokens.

use super::repository_paths::RepositoryPaths;
use super::{ConfigError, unreadable};
use crate::finding::Finding;
use crate::location::Location;
use crate::shown;
use krea_scan_files::parse_error;
use krea_scan_files::{self as files, ScannedTrees};
use krea_scan_token::Fingerprint;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// A baseline of a million findings is not as large, in bytes.
const MAX_BASELINE_BYTES: u64 = 256 << 20;

/// Findings that are known: fingerprints and places, never tokens.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    findings: BTreeSet<BaselineEntry>,
    /// Their paths and fingerprints, and whether a finding was among them.
    #[serde(skip)]
    known: HashMap<(String, Fingerprint), bool>,
    #[serde(skip)]
    paths: RepositoryPaths,
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
struct BaselineEntry {
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
    pub fn read(trees: &ScannedTrees, path: &Path) -> Result<Self, ConfigError> {
        let bytes = files::read_named(trees, path, MAX_BASELINE_BYTES);
        let text = bytes.and_then(files::text).map_err(|source| unreadable(path, source))?;
        let invalid = |problem: String| ConfigError::Invalid { path: path.to_owned(), problem };
        let mut baseline: Baseline = serde_json::from_str(&text).map_err(|e| {
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
        let known = baseline.findings.iter().map(BaselineEntry::key);
        baseline.known = known.map(|key| (key, false)).collect();
        Ok(baseline)
    }

    /// A baseline of these findings.
    pub fn of(findings: &[Finding]) -> Self {
        let mut paths = RepositoryPaths::default();
        let known = findings.iter().map(|finding| BaselineEntry {
            path: shown::place(&anchored(finding, &mut paths)).to_string(),
            fingerprint: finding.token.fingerprint(),
            rule: finding.rule.clone(),
            line: finding.location.line,
        });
        Baseline { version: Baseline::VERSION, findings: known.collect(), ..Baseline::default() }
    }

    /// The file's text.
    ///
    /// # Errors
    /// None in practice; `serde_json`'s.
    pub fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Whether a finding is known: the same token in the same file, on whichever line.
    pub fn knows(&mut self, finding: &Finding) -> bool {
        let mut is_known = false;
        for key in names(&anchored(finding, &mut self.paths)) {
            if let Some(used) = self.known.get_mut(&key) {
                (*used, is_known) = (true, true);
            }
        }
        is_known
    }

    /// A remark for each entry that no finding was known by, of those whose path was scanned, as `scanned` tells.
    pub fn unused(&self, scanned: impl Fn(&str) -> bool) -> Vec<String> {
        let is_unused = |known: &&BaselineEntry| self.known.get(&known.key()) == Some(&false);
        let unused = self.findings.iter().filter(|known| scanned(&known.path)).filter(is_unused);
        unused
            .map(|known| {
                format!("baseline: {} in {} no longer matches anything", known.fingerprint, known.path)
            })
            .collect()
    }
}

impl BaselineEntry {
    fn key(&self) -> (String, Fingerprint) {
        (self.path.clone(), self.fingerprint.clone())
    }
}

/// What a baseline may call a finding: by its place as it is, which older baselines hold, and as it is shown.
fn names(finding: &Finding) -> [(String, Fingerprint); 2] {
    let fingerprint = finding.token.fingerprint();
    [finding.trail(), shown::place(finding).to_string()].map(|place| (place, fingerprint.clone()))
}

/// A finding under the path that baselines have. What is inside a file has the way to it: `dist.zip → app.js`.
fn anchored(finding: &Finding, paths: &mut RepositoryPaths) -> Finding {
    let location = Location { path: paths.of(finding), ..finding.location.clone() };
    Finding { location, ..finding.clone() }
}
