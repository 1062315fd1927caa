//! What a scan yields: tokens, where they are, and what could not be read.
//!
//! Every stage speaks these types. None of them ever shows a token's secret half: [`Token`] redacts itself in
//! `Debug` and has no `Display` of the text, and its memory is wiped on drop.

use crate::allowance::{Allowance, LeftOut};
use crate::location::Location;
use krea_scan_files::Incomplete;
use krea_scan_git::GitOrigin;
#[cfg(feature = "incident")]
use krea_scan_service::incident;
use krea_scan_text::{Layer, LayerKind, containers};
use krea_scan_token::{Confidence, Fingerprint, Readings, Status, Token};
use serde::Serialize;

/// The way to what is inside a file, as people read it: `dist.zip → app.js`. Steps without a name are left out, and so
/// is the original that a source map names: it is no file inside.
pub fn trail(path: &str, layers: &[Layer]) -> String {
    let named = layers.iter().filter(|layer| layer.is_member() || layer.is_part());
    let named = named.map(|layer| layer.name.as_str());
    std::iter::once(path).chain(named).collect::<Vec<_>>().join(" → ")
}

/// Another place that holds a finding's token because a build or a packer put it there: the bundle, the source map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DerivedLocation {
    #[serde(flatten)]
    pub location: Location,
    /// The way from that file to the text that matched, outermost first.
    pub layers: Vec<Layer>,
}

/// One token in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule that matched.
    pub rule: String,
    pub confidence: Confidence,
    pub token: Token,
    pub location: Location,
    /// The way from that file to the text that matched, outermost first.
    pub layers: Vec<Layer>,
    /// The other places that came of this one, or that it came of: one finding, however often a build has copied it.
    pub via: Vec<DerivedLocation>,
    /// What else the token's text may be; the token is the best reading.
    pub readings: Readings,
    /// What says that it is Krea's: a variable's name, a header, a call; empty when nothing does.
    pub context: String,
    /// Whether nothing but another copy of the token says so.
    pub is_copy: bool,
    /// For `--staged`, `--history` and `--range`.
    pub git: Option<GitOrigin>,
    /// What is known of its life. A scan alone never asks: [`Status::Unverified`].
    pub status: Status,
    /// Why, in words: what Krea answered. Empty when nobody asked.
    pub status_reason: String,
    /// The line with every secret masked, for people to read.
    pub excerpt: String,
}

impl Finding {
    /// The way to the text that matched; see [`trail`].
    pub fn trail(&self) -> String {
        trail(&self.location.path, &self.layers)
    }

    /// Whether the token's true text may be none that is known. That Krea refuses its readings then proves nothing; that
    /// Krea accepts one proves all.
    pub fn is_guess(&self) -> bool {
        self.readings.doubt().is_some()
    }

    /// The token and what else it may be, best first.
    pub fn all_readings(&self) -> impl Iterator<Item = &Token> {
        std::iter::once(&self.token).chain(self.readings.others())
    }

    /// Whether it stands in what a file is called.
    pub fn is_in_name(&self) -> bool {
        self.layers.iter().any(Layer::is_file_name)
    }

    /// The place in the original that it was built from, where a source map says so.
    pub fn original(&self) -> Option<&Layer> {
        self.layers.iter().rfind(|layer| layer.kind == LayerKind::SourceMap)
    }

    /// The innermost part of a text that it stands in: a message, a cell.
    pub fn part(&self) -> Option<&Layer> {
        self.layers.iter().rfind(|layer| layer.is_part())
    }

    /// The name of the innermost file that a person can open: a member of a container, or the file itself.
    pub fn file_name(&self) -> &str {
        let member = self.layers.iter().rfind(|layer| layer.is_member());
        member.map_or(&self.location.path, |layer| &layer.name)
    }

    /// Whether it is inside a container or a compressed file. Then its line and column are not those of
    /// [`Location::path`], but of the text inside.
    pub fn is_inside(&self) -> bool {
        containers(&self.layers) > 0
    }

    /// The commit that brought it in.
    pub fn commit(&self) -> Option<&str> {
        self.git.as_ref()?.commit.as_deref()
    }

    /// A finding for each of its places: itself, and one for each place in [`Finding::via`].
    pub fn places(&self) -> impl Iterator<Item = Finding> + '_ {
        let copy = |via: &DerivedLocation| Finding {
            location: via.location.clone(),
            layers: via.layers.clone(),
            via: Vec::new(),
            ..self.clone()
        };
        std::iter::once(Finding { via: Vec::new(), ..self.clone() }).chain(self.via.iter().map(copy))
    }
}

/// A trace of a known token that is no finding by itself, such as its id half alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hint {
    /// The token it belongs to.
    pub fingerprint: Fingerprint,
    pub location: Location,
    /// What is there: `id half` or `secret half`.
    pub what: String,
}

/// What a run read, and what it could not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Files read from a working tree, an index or standard input.
    pub files: u64,
    /// Objects read from an object store.
    pub blobs: u64,
    /// Bytes read, decompressed.
    pub bytes: u64,
    pub findings: u64,
    /// Distinct tokens among them.
    pub tokens: u64,
    /// What was not read, sorted.
    pub incomplete: Vec<Incomplete>,
    /// Findings that a configuration, a comment or a baseline allows.
    pub allowed: u64,
    /// Each of them, and what allows it, sorted.
    pub allowances: Vec<Allowance>,
    /// What ignore files name, and was not read for that.
    pub left_out: LeftOut,
    /// Values of a token's shape that were dropped as placeholders or references.
    pub placeholders: u64,
    /// Traces of found tokens that are no findings, sorted.
    pub hints: Vec<Hint>,
    /// Whom the tokens were sent to, and what came of it; nobody without `--verify` or `--revoke`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// Wall time.
    pub seconds: f64,
}

/// What asking about tokens came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The API that was asked.
    pub host: String,
    /// Tokens that it accepts.
    pub live: u64,
    /// Tokens that it refuses.
    pub dead: u64,
    /// Tokens that it gave no usable answer for.
    pub unknown: u64,
}

/// What was decided of a value of a token's shape, and why; for `--explain`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Explained {
    pub location: Location,
    /// The way to the text that it stands in.
    pub layers: Vec<Layer>,
    /// The rule whose shape it has.
    pub rule: String,
    /// The value, redacted.
    pub value: String,
    pub decision: String,
    /// What speaks for whose it is, in the order in which it decides.
    pub evidence: Vec<String>,
}

/// Everything a report needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Sorted by path, place and fingerprint.
    pub findings: Vec<Finding>,
    pub summary: Summary,
    /// What was decided of each value, sorted by place; with `--explain` only.
    pub explained: Vec<Explained>,
    /// Remarks for `-v`: allowlist entries that matched nothing, and the like.
    pub notes: Vec<String>,
    /// What people are told without `-v` too, before the last line.
    pub remarks: Vec<String>,
    /// Tokens that were seen and are not reported; a report masks them as well.
    pub withheld: Vec<Token>,
    /// What came of the incident, with `--revoke`.
    #[cfg(feature = "incident")]
    pub incident: Option<incident::Report>,
    /// What an incident would do, with `--dry-run`.
    pub plan: Vec<String>,
    /// What a person has left to do after an incident.
    pub left_to_do: Vec<String>,
}

impl Outcome {
    /// Whether something was done about tokens.
    pub fn has_incident(&self) -> bool {
        #[cfg(feature = "incident")]
        return self.incident.is_some();
        #[cfg(not(feature = "incident"))]
        false
    }

    /// Whether something is left to do about tokens.
    pub fn has_open_incident(&self) -> bool {
        #[cfg(feature = "incident")]
        return self.incident.as_ref().is_some_and(|report| !report.is_done());
        #[cfg(not(feature = "incident"))]
        false
    }
}

/// What a report tells of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// The rule's id, as [`Finding::rule`] names it.
    pub id: String,
    /// What the rule finds, in a sentence.
    pub description: String,
    /// A page that says more.
    pub help_uri: Option<String>,
}
