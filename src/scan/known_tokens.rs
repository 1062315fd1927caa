//! What a pass looks for: tokens, or further copies of those that are known.

use super::reconcile::member_cache::MemberCache;
use crate::finding::{Finding, trail};
use krea_scan_detect::Sweep;
use krea_scan_token::Fingerprint;
use std::collections::{HashMap, HashSet};

/// What a pass over the input looks for.
#[derive(Clone, Copy, Debug)]
pub enum Pass<'a> {
    /// Tokens.
    Detect,
    /// Further copies of tokens that an earlier pass has found.
    Sweep(&'a KnownTokens),
}

/// The tokens that a sweep looks for.
#[derive(Debug)]
pub struct KnownTokens {
    pub sweep: Sweep,
    /// The first finding of each.
    pub first: Vec<Finding>,
    /// The number of each, by fingerprint.
    numbers: HashMap<Fingerprint, usize>,
    /// Where tokens are known to be: trail and byte offset.
    pub places: HashSet<(String, u64)>,
    /// Which files hold which tokens, by number: the trails of the file, of those it is in, and of the token's part in it.
    pub files: HashSet<(String, usize)>,
    /// The files, by their paths, of which not all places are listed: no more are looked for there of what they are known to
    /// hold.
    pub full: HashSet<String>,
    /// What the sweep is to keep.
    pub members: MemberCache,
}

impl KnownTokens {
    /// Makes the sweep for what is found, if anything is. The findings are sorted.
    pub fn new(findings: &[Finding], full: HashSet<String>) -> Option<Self> {
        let mut first: Vec<Finding> = Vec::new();
        let (mut numbers, mut places, mut files) = (HashMap::new(), HashSet::new(), HashSet::new());
        for finding in findings {
            let number = *numbers.entry(finding.token.fingerprint()).or_insert_with(|| {
                first.push(finding.clone());
                first.len() - 1
            });
            places.insert((finding.trail(), finding.location.byte_offset));
            for inside in 0..=finding.layers.len() {
                files.insert((trail(&finding.location.path, &finding.layers[..inside]), number));
            }
        }
        let tokens = first.iter().map(|finding| finding.token.clone()).collect();
        let members = MemberCache::of(findings);
        Some(KnownTokens { sweep: Sweep::new(tokens)?, first, numbers, places, files, full, members })
    }

    /// Whether its token is known to be where a finding is.
    pub fn is_at(&self, finding: &Finding) -> bool {
        self.places.contains(&(finding.trail(), finding.location.byte_offset))
    }

    /// Whether the finding's file is known to hold its token.
    pub fn is_in_file(&self, finding: &Finding) -> bool {
        let number = self.numbers.get(&finding.token.fingerprint());
        number.is_some_and(|&number| self.files.contains(&(finding.trail(), number)))
    }

    /// The longest stretch of bytes, in bytes, that [`KnownTokens::is_in`] needs to see in one piece.
    pub fn reach(&self) -> usize {
        // A half counts only between characters that are no part of a longer word.
        self.sweep.reach() + 2
    }

    /// Whether any of the tokens, or a half of one, is in some bytes.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.sweep.find(bytes).next().is_some()
    }
}
