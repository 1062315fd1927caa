//! An outcome as it is shown: every text in it that is not our own is masked, and cut to fit where it is only told.
//!
//! Each type is taken apart whole, so that a new field is a compiler's error here until it is decided what it is.

use super::Shown;
use crate::allowance::{Allowance, Ignored, LeftOut};
use crate::finding::RuleInfo;
use crate::finding::{DerivedLocation, Explained, Finding, Hint, Outcome, Summary, Verified, trail};
use crate::location::Location;
use krea_scan_files::Incomplete;
use krea_scan_git::GitOrigin;
use krea_scan_text::Layer;
use krea_scan_token::escape::{visible, visible_line};
use krea_scan_token::mask::{Masker, TextKind};

/// A message's subject, a cell's heading: longer ones are cut, in characters.
const MAX_PART_CHARS: usize = 160;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStyle {
    /// In lines that people read: whatever acts on a terminal is written out.
    Lines,
    /// As a value, which its format escapes.
    Values,
}

/// What may be shown of an outcome. Its own tokens, and those that it withholds, are known to `masker`.
pub fn outcome(outcome: &Outcome, masker: &Masker, style: OutputStyle) -> Shown<Outcome> {
    let mut shown = outcome.clone();
    Sanitizer { masker, style }.outcome(&mut shown);
    Shown(shown)
}

/// What may be shown of rules.
pub fn rules(rules: &[RuleInfo], masker: &Masker) -> Vec<RuleInfo> {
    let mut shown = rules.to_vec();
    let sanitizer = Sanitizer { masker, style: OutputStyle::Values };
    for RuleInfo { id, description, help_uri } in &mut shown {
        [id, description].into_iter().chain(help_uri).for_each(|text| sanitizer.name(text));
    }
    shown
}

/// The way to a finding, as files of ours keep it: it is the same in every run, whatever else was found.
pub fn place(finding: &Finding) -> Shown<String> {
    let mut location = finding.location.clone();
    let mut layers = finding.layers.clone();
    let sanitizer = Sanitizer { masker: &Masker::new([&finding.token]), style: OutputStyle::Values };
    sanitizer.location(&mut location);
    layers.iter_mut().for_each(|layer| sanitizer.layer(layer));
    Shown(trail(&location.path, &layers))
}

/// Writes texts so that they may be shown.
pub(super) struct Sanitizer<'m> {
    masker: &'m Masker,
    style: OutputStyle,
}

impl Sanitizer<'_> {
    fn outcome(&self, outcome: &mut Outcome) {
        let Outcome {
            findings,
            summary,
            notes,
            remarks,
            withheld: _,
            explained,
            #[cfg(feature = "incident")]
            incident,
            plan,
            left_to_do,
        } = outcome;
        findings.iter_mut().for_each(|finding| self.finding(finding));
        self.summary(summary);
        notes.iter_mut().chain(remarks).for_each(|note| self.name(note));
        explained.iter_mut().for_each(|explained| self.explained(explained));
        #[cfg(feature = "incident")]
        incident.iter_mut().for_each(|report| self.report(report));
        plan.iter_mut().chain(left_to_do).for_each(|step| self.lines(step));
    }

    fn finding(&self, finding: &mut Finding) {
        let Finding {
            rule,
            confidence: _,
            token: _,
            location,
            layers,
            via,
            readings: _,
            context,
            is_copy: _,
            git,
            status: _,
            status_reason,
            excerpt,
        } = finding;
        [rule, status_reason].into_iter().for_each(|text| self.name(text));
        self.location(location);
        layers.iter_mut().for_each(|layer| self.layer(layer));
        for DerivedLocation { location, layers } in via {
            self.location(location);
            layers.iter_mut().for_each(|layer| self.layer(layer));
        }
        self.name(context);
        git.iter_mut().for_each(|git| self.git(git));
        // It was masked by shape where all of its line was known.
        *excerpt = self.masker.text(std::mem::take(excerpt));
        if self.style == OutputStyle::Lines {
            *excerpt = visible_line(excerpt).into_owned();
        }
    }

    fn explained(&self, explained: &mut Explained) {
        let Explained { location, layers, rule, value, decision, evidence } = explained;
        self.location(location);
        layers.iter_mut().for_each(|layer| self.layer(layer));
        [rule, value, decision].into_iter().chain(evidence).for_each(|text| self.name(text));
    }

    fn location(&self, location: &mut Location) {
        let Location { path, line: _, column: _, byte_offset: _ } = location;
        self.name(path);
    }

    fn layer(&self, layer: &mut Layer) {
        let is_file = layer.names_file();
        let Layer { kind: _, name, line: _, column: _ } = layer;
        match is_file {
            true => self.name(name),
            false => {
                self.text(name, TextKind::Line);
                cut(name);
            }
        }
    }

    fn git(&self, git: &mut GitOrigin) {
        let GitOrigin {
            blob,
            commit,
            path,
            author,
            email,
            date,
            refs,
            in_head: _,
            reachable: _,
            is_opaque: _,
        } = git;
        let told = [commit, author, email, date].into_iter().flatten();
        [blob, path].into_iter().chain(told).chain(refs).for_each(|text| self.name(text));
    }

    fn summary(&self, summary: &mut Summary) {
        let Summary {
            files: _,
            blobs: _,
            bytes: _,
            findings: _,
            tokens: _,
            incomplete,
            allowed: _,
            allowances,
            left_out,
            placeholders: _,
            hints,
            verified,
            seconds: _,
        } = summary;
        for Incomplete { path, reason } in incomplete {
            self.name(path);
            self.name(reason);
        }
        for Allowance { location, layers, fingerprint: _, rule, by: _, reason } in allowances {
            self.location(location);
            layers.iter_mut().for_each(|layer| self.layer(layer));
            self.name(rule);
            self.name(reason);
        }
        let LeftOut { paths: _, listed } = left_out;
        *listed = std::mem::take(listed)
            .into_iter()
            .map(|Ignored { mut path, mut by }| {
                self.name(&mut path);
                self.name(&mut by);
                Ignored { path, by }
            })
            .collect();
        for Hint { fingerprint: _, location, what } in hints {
            self.location(location);
            self.name(what);
        }
        if let Some(Verified { host, live: _, dead: _, unknown: _ }) = verified {
            self.name(host);
        }
    }

    pub(super) fn name(&self, text: &mut String) {
        self.text(text, TextKind::Name);
    }

    fn text(&self, text: &mut String, kind: TextKind) {
        *text = self.masker.mask(text, kind);
        if self.style == OutputStyle::Lines {
            *text = visible(text).into_owned();
        }
    }

    /// As [`Sanitizer::name`], for our own words, whose line breaks are ours.
    pub(super) fn lines(&self, text: &mut String) {
        *text = self.masker.mask(text, TextKind::Name);
        if self.style == OutputStyle::Lines {
            *text = text.split('\n').map(visible_line).collect::<Vec<_>>().join("\n");
        }
    }
}

/// Cuts what was masked to what fits a line.
fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_PART_CHARS) {
        text.truncate(end);
        text.push('…');
    }
}
