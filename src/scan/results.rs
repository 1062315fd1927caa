//! What a scan comes by, and how it is told apart.

use crate::allowance::Allowance;
use crate::config::Allowed;
use crate::finding::{Explained, Finding, Hint};
use krea_scan_files::Incomplete;
use krea_scan_token::{Fingerprint, Token};
use std::collections::HashMap;

/// A token in a place, so that what two passes see counts once: trail, byte offset, fingerprint.
pub type FindingPlace = (String, u64, Fingerprint);

/// Where a token is.
pub fn place_of(finding: &Finding) -> FindingPlace {
    (finding.trail(), finding.location.byte_offset, finding.token.fingerprint())
}

/// What is told of a finding that is allowed.
pub fn allowance(finding: &Finding, allowed: Allowed) -> Allowance {
    Allowance {
        location: finding.location.clone(),
        layers: finding.layers.clone(),
        fingerprint: finding.token.fingerprint(),
        rule: finding.rule.clone(),
        by: allowed.by,
        reason: allowed.reason,
    }
}

/// What a scan has come by so far.
#[derive(Debug, Default)]
pub struct ScanResults {
    /// In no order.
    pub findings: Vec<Finding>,
    /// Traces that are no findings.
    pub hints: Vec<Hint>,
    /// Tokens that are not reported.
    pub withheld: Vec<Token>,
    /// What a comment allows.
    pub allowed: HashMap<FindingPlace, Allowance>,
    /// How many values were dropped as placeholders.
    pub placeholders: u64,
    /// What was decided of each value, with `--explain`.
    pub explained: Vec<Explained>,
    /// Files read.
    pub files: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    /// Parts of files that were not read.
    pub incomplete: Vec<Incomplete>,
}

impl ScanResults {
    /// Adds what another worker came by.
    pub fn merge(&mut self, other: ScanResults) {
        self.findings.extend(other.findings);
        self.hints.extend(other.hints);
        self.explained.extend(other.explained);
        self.withheld.extend(other.withheld);
        self.allowed.extend(other.allowed);
        self.placeholders += other.placeholders;
        self.files += other.files;
        self.bytes += other.bytes;
        self.incomplete.extend(other.incomplete);
    }
}
