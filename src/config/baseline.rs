//! Baselines: what was known before. They hold fingerprints and places as they are shown, never tokens.

use super::ConfigError;
use crate::finding::{Finding, Fingerprint};
use crate::parse_error;
use crate::shown;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

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
            path: baseline_path(&shown::place(finding)).to_owned(),
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
        let names = Names::of(finding);
        self.findings.iter().any(|known| names.are_of(known))
    }

    /// A remark for each entry that is not among `findings` any more.
    pub fn unused(&self, findings: &[Finding]) -> Vec<String> {
        let names: Vec<Names> = findings.iter().map(Names::of).collect();
        let gone = self.findings.iter().filter(|known| !names.iter().any(|names| names.are_of(known)));
        gone.map(|known| {
            format!("baseline: {} in {} no longer matches anything", known.fingerprint, known.path)
        })
        .collect()
    }
}

/// What a baseline may call a finding.
struct Names {
    fingerprint: Fingerprint,
    /// As it is, which older baselines hold, and as it is shown.
    places: [String; 2],
}

impl Names {
    fn of(finding: &Finding) -> Names {
        let places = [finding.trail(), shown::place(finding).to_string()];
        Names { fingerprint: finding.token.fingerprint(), places }
    }

    /// Whether an entry is the finding's: the same token in the same file.
    fn are_of(&self, known: &Known) -> bool {
        known.fingerprint == self.fingerprint
            && self.places.iter().any(|place| baseline_path(place) == known.path)
    }
}

/// A path as baselines hold it: `krea-scan` and `krea-scan .` mean the same files. What is inside a file has the way to
/// it: `dist.zip → app.js`.
fn baseline_path(path: &str) -> &str {
    path.trim_start_matches("./")
}
