//! What a scan comes by, and how it is told apart.

use super::listing::{Listing, MAX_PLACES};
use crate::allowance::Allowance;
use crate::config::Allowed;
use crate::finding::{Explained, Finding, Hint, trail};
use crate::location::Location;
use krea_scan_files::Incomplete;
use krea_scan_text::{Layer, containers};
use krea_scan_token::{Fingerprint, Token};
use std::collections::{HashMap, HashSet};

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

/// So many traces of tokens are kept.
const MAX_HINTS: usize = 10_000;

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
    /// What of the findings is kept.
    pub listing: Listing,
    /// The paths of files of which not all places are.
    pub full: HashSet<String>,
}

impl ScanResults {
    /// Makes places count from behind what stands before a commit's message. What is in that keeps its places, and what is in
    /// a file inside has its own.
    pub fn count_from_behind(&mut self, header: &[u8]) {
        let lines = memchr::memchr_iter(b'\n', header).count() as u64;
        let moved = |location: &mut Location, layers: &[Layer]| {
            if location.byte_offset >= header.len() as u64 && containers(layers) == 0 {
                location.byte_offset -= header.len() as u64;
                location.line -= lines;
            }
        };
        self.findings.iter_mut().for_each(|finding| moved(&mut finding.location, &finding.layers));
        self.explained.iter_mut().for_each(|explained| moved(&mut explained.location, &explained.layers));
        self.hints.iter_mut().for_each(|hint| moved(&mut hint.location, &[]));
        let allowed = std::mem::take(&mut self.allowed).into_values().map(|mut allowance| {
            moved(&mut allowance.location, &allowance.layers);
            let trail = trail(&allowance.location.path, &allowance.layers);
            let place = (trail, allowance.location.byte_offset, allowance.fingerprint.clone());
            (place, allowance)
        });
        self.allowed = allowed.collect();
    }

    /// Takes a finding, unless there are too many.
    pub fn find(&mut self, finding: Finding) {
        match self.listing.takes(&finding.token, MAX_PLACES) {
            true => self.findings.push(finding),
            false => drop(self.full.insert(finding.location.path)),
        }
    }

    /// Takes a trace that is no finding. What is more than many says nothing more.
    pub fn hint(&mut self, hint: Hint) {
        if self.hints.len() < MAX_HINTS {
            self.hints.push(hint);
        }
    }

    /// Tells of the findings that were not taken.
    pub fn unlisted(&self) -> impl Iterator<Item = Incomplete> {
        let path = "all files together".to_owned();
        self.listing.reasons().into_iter().map(move |reason| Incomplete { path: path.clone(), reason })
    }

    /// Adds what another worker came by.
    pub fn merge(&mut self, other: ScanResults) {
        self.listing.merge(other.listing);
        self.full.extend(other.full);
        other.findings.into_iter().for_each(|finding| self.find(finding));
        self.hints.extend(other.hints);
        self.hints.truncate(MAX_HINTS);
        self.explained.extend(other.explained);
        self.withheld.extend(other.withheld);
        self.allowed.extend(other.allowed);
        self.placeholders += other.placeholders;
        self.files += other.files;
        self.bytes += other.bytes;
        self.incomplete.extend(other.incomplete);
    }
}
