//! What a run passes by because somebody said so: findings that are allowed, and paths that ignore files name. Reports count
//! both, and list them with who said it and why.

use crate::location::Location;
use krea_scan_text::Layer;
use krea_scan_token::Fingerprint;
use serde::Serialize;
use std::collections::BTreeSet;

/// A finding that is not reported, and why. Its token is not told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Allowance {
    #[serde(flatten)]
    pub location: Location,
    /// The way from that file to the text that matched, outermost first.
    pub layers: Vec<Layer>,
    pub fingerprint: Fingerprint,
    /// The id of the rule that matched.
    pub rule: String,
    pub by: AllowedBy,
    /// Where that stands, and the reason that it gives.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum AllowedBy {
    /// A comment beside it.
    #[serde(rename = "comment")]
    Comment,
    /// The `.krea-scan.toml` of the scanned tree.
    #[serde(rename = ".krea-scan.toml")]
    TreeConfig,
    /// The file that `--config` names.
    #[serde(rename = "config")]
    Config,
    #[serde(rename = "baseline")]
    Baseline,
}

/// What was not read because ignore files name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// How many files, and folders of which nothing was read.
    pub paths: u64,
    /// The first of them, sorted; at most [`LeftOut::LISTED`].
    pub listed: BTreeSet<Ignored>,
}

/// A path that an ignore file names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ignored {
    /// A file, or a folder with `/` behind it.
    pub path: String,
    /// The ignore file.
    pub by: String,
}

impl LeftOut {
    /// More paths than this are counted and not listed.
    pub const LISTED: usize = 1000;

    /// Counts one, and once only.
    pub fn add(&mut self, ignored: Ignored) {
        if self.listed.insert(ignored) {
            self.paths += 1;
            self.cut();
        }
    }

    /// Adds what another part of the input left out.
    pub fn merge(&mut self, mut other: LeftOut) {
        let both = other.listed.intersection(&self.listed).count() as u64;
        self.paths += other.paths - both;
        self.listed.append(&mut other.listed);
        self.cut();
    }

    fn cut(&mut self) {
        while self.listed.len() > LeftOut::LISTED {
            self.listed.pop_last();
        }
    }
}
