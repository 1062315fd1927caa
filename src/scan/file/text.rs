//! One text, window by window: from bytes to what is seen in it.

use super::comment;
use super::views::{FileViews, Role, Sighting};
use crate::allowance::AllowedBy;
use crate::config::Allowed;
use crate::finding::{Explained, Finding, Hint, trail};
use crate::location::Location;
use crate::scan::context::{FileNames, ScanContext};
use crate::scan::known_tokens::{KnownTokens, Pass};
use crate::scan::results::ScanResults;
use crate::source::reader::{self, Window};
use encoding_rs::Encoding;
use krea_scan_bounds::work;
use krea_scan_detect::placeholder;
use krea_scan_detect::{self as detect, Considered, CopyKind, LineCursor, Match};
use krea_scan_extract::container::{Relation, SegmentNames};
use krea_scan_extract::source_map;
use krea_scan_files::Incomplete;
use krea_scan_text::charset;
use krea_scan_text::map_reference;
use krea_scan_text::{Layer, LayerKind};
use krea_scan_token::{Confidence, Doubt, Status};
use std::ops::Range;

/// So many tokens that are not reported are kept for masking.
const MAX_WITHHELD: usize = 10_000;
/// So many values are explained.
const MAX_EXPLAINED: usize = 10_000;

/// A text to scan.
#[derive(Clone, Copy, Debug)]
pub struct Text<'t> {
    pub names: FileNames<'t>,
    /// The way to it, from the file on the outside.
    pub layers: &'t [Layer],
    /// How it relates to the other texts of its file.
    pub relation: Relation,
    pub segments: Option<&'t SegmentNames>,
    /// It is a source of a source map.
    pub is_source: bool,
}

impl<'t> Text<'t> {
    /// All that a file is.
    pub fn of_file(names: FileNames<'t>) -> Self {
        Text { names, layers: &[], relation: Relation::Only, segments: None, is_source: false }
    }

    /// Whether it was read from a picture. It may be wrong then, however well it looks.
    fn is_from_picture(&self) -> bool {
        self.layers.iter().any(|layer| layer.kind == LayerKind::Ocr)
    }

    /// The way to a place in it.
    fn way_to(&self, offset: u64) -> Vec<Layer> {
        let segment = self.segments.and_then(|segments| segments.at(offset));
        self.layers.iter().cloned().chain(segment).collect()
    }
}

/// Whether a text has source maps to look into.
#[derive(Clone, Copy, Debug, Default)]
struct SeenMaps {
    /// It looks like a map.
    map: bool,
    /// There are maps inside it.
    inline: bool,
    /// Something in it is wanted.
    wanted: bool,
}

pub struct TextScan<'t, 'a> {
    /// How it is looked at.
    pub context: ScanContext<'a>,
    pub text: Text<'t>,
    /// What it comes by that is told as it is.
    pub found: &'t mut ScanResults,
    /// What it sees.
    pub views: &'t mut FileViews,
    encoding: Option<&'static Encoding>,
    cursor: LineCursor,
    seen: SeenMaps,
    /// Where its sightings start.
    pub start: usize,
}

impl<'t, 'a> TextScan<'t, 'a> {
    /// Begins with a text.
    pub fn new(
        context: ScanContext<'a>,
        text: Text<'t>,
        found: &'t mut ScanResults,
        views: &'t mut FileViews,
    ) -> Self {
        let start = views.sightings.len();
        views.open(Role::Text(text.relation));
        TextScan {
            context,
            text,
            found,
            views,
            encoding: None,
            cursor: LineCursor::default(),
            seen: SeenMaps::default(),
            start,
        }
    }

    /// Says how it relates to others, which its first bytes may tell.
    pub fn relates(&mut self, relation: Relation) {
        self.text.relation = relation;
        self.views.relates(relation);
    }

    /// Before the text was read to its end it was not known that there is more in it.
    pub fn is_packed_after_all(&mut self) {
        if let Pass::Sweep(known) = self.context.pass {
            let is_known = |finding: &Finding| finding.layers.is_empty() && known.is_in_file(finding);
            let seen = self.views.sightings.split_off(self.start);
            self.views.sightings.extend(seen.into_iter().filter(|seen| !is_known(&seen.finding)));
        }
        self.relates(Relation::Packed);
    }

    /// Whether there are source maps to look into.
    pub fn has_sources(&self) -> bool {
        self.seen.wanted && (self.seen.map || self.seen.inline)
    }

    /// Whether it is a source map.
    pub fn is_map(&self) -> bool {
        self.seen.map
    }

    /// Ends with the text.
    pub fn close(self) {
        self.views.close();
    }

    /// Scans the next window.
    #[inline]
    pub fn window(&mut self, window: &Window<'_>) {
        let whole = window.offset == 0 && window.to == usize::MAX;
        if window.offset == 0 {
            self.seen.map = self.may_have_maps() && source_map::looks_like(window.bytes);
        }
        let wanted = match self.context.pass {
            Pass::Detect => {
                (self.context.wants(window.bytes)
                    && !(self.seen.map && source_map::is_mappings(window.bytes)))
                    || self.context.detector.wants_path(self.text.names.below)
            }
            Pass::Sweep(known) => known.is_in(window.bytes),
        };
        let sweeps = matches!(self.context.pass, Pass::Sweep(_));
        if self.may_have_maps() && (wanted || sweeps || !whole) {
            self.seen.inline |= map_reference::may_be_inline(window.bytes);
        }
        // A known token in a map that is encoded as a whole is seen only there.
        self.seen.wanted |= wanted || (sweeps && self.seen.inline);
        if whole && !wanted && !self.has_sources() {
            return;
        }
        if window.offset == 0 {
            self.encoding = charset::utf16(window.bytes);
        }
        if wanted && !work::is_over() {
            match self.context.pass {
                Pass::Detect => self.detect(window),
                Pass::Sweep(known) => self.sweep(known, window),
            }
        }
        if window.to != usize::MAX {
            self.cursor.advance(&window.bytes[..window.bytes.len() - reader::OVERLAP], self.encoding);
        }
        if whole && self.has_sources() {
            self.sources(window.bytes);
        }
    }

    fn detect(&mut self, window: &Window<'_>) {
        let detection = self.context.detector.detect(window.bytes, self.text.names.below, self.encoding);
        if window.from == 0 {
            self.found.placeholders += detection.placeholders;
        }
        self.explain(window, &detection.considered);
        let mut places = LocationCounter { cursor: self.cursor, at: 0 };
        for (i, found) in detection.matches.iter().enumerate() {
            if found.span.start < window.from || found.span.start >= window.to {
                continue;
            }
            if self.text.is_from_picture() && placeholder::is_mask_in_picture(found.token.expose()) {
                self.found.placeholders += 1;
                continue;
            }
            if self.confidence(found) < self.context.least {
                self.withhold(found);
                continue;
            }
            if !self.views.takes(&found.token) {
                continue;
            }
            let location = places.locate(self.text.names.shown, window, self.encoding, &found.span);
            let near = neighbours(&detection.matches, i);
            let excerpt = detect::excerpt(window.bytes, self.encoding, found, near);
            let finding = self.finding(found, location, excerpt);
            self.see(finding, window, &found.span);
        }
    }

    /// Keeps what is not reported, so that reports mask it. Of more than many, its shape says enough.
    fn withhold(&mut self, found: &Match) {
        if self.found.withheld.len() < MAX_WITHHELD && self.found.withheld.last() != Some(&found.token) {
            self.found.withheld.extend(found.readings.others().iter().cloned());
            self.found.withheld.push(found.token.clone());
        }
    }

    fn explain(&mut self, window: &Window<'_>, considered: &[Considered]) {
        let mut considered: Vec<&Considered> = considered.iter().collect();
        considered.sort_by_key(|considered| considered.span.start);
        let mut places = LocationCounter { cursor: self.cursor, at: 0 };
        for considered in considered {
            if self.found.explained.len() == MAX_EXPLAINED {
                let reason = format!("holds more values than the {MAX_EXPLAINED} that are explained");
                let path = self.text.names.shown.to_owned();
                return self.found.incomplete.push(Incomplete { path, reason });
            }
            let location = places.locate(self.text.names.shown, window, self.encoding, &considered.span);
            let explained = Explained {
                layers: self.text.way_to(location.byte_offset),
                location,
                rule: considered.rule.clone(),
                value: considered.token.redacted(),
                decision: considered.decision.to_string(),
                evidence: considered.evidence.iter().map(ToString::to_string).collect(),
            };
            self.found.explained.push(explained);
        }
    }

    /// Whether the text may be a source map, or hold some.
    fn may_have_maps(&self) -> bool {
        !self.text.is_source && !matches!(self.text.relation, Relation::Packed | Relation::Part)
    }

    /// How sure a match is, wherever its text is from.
    fn confidence(&self, found: &Match) -> Confidence {
        let most = if self.text.is_from_picture() { Confidence::Medium } else { Confidence::High };
        found.confidence.min(most)
    }

    /// What a match is once it is known where it stands.
    fn finding(&self, found: &Match, location: Location, excerpt: String) -> Finding {
        let mut layers = self.text.way_to(location.byte_offset);
        if let Some(innermost) = self.text.layers.len().checked_sub(1).map(|last| &mut layers[last]) {
            (innermost.line, innermost.column) = (Some(location.line), Some(location.column));
        }
        layers.extend(found.layers.iter().cloned());
        let mut readings = found.readings.clone();
        if self.text.is_from_picture() {
            readings.add_doubt(Doubt::Picture);
        }
        Finding {
            rule: found.rule.clone(),
            confidence: self.confidence(found),
            token: found.token.clone(),
            location,
            layers,
            via: Vec::new(),
            readings,
            context: found.context.clone(),
            is_copy: false,
            git: None,
            status: Status::default(),
            status_reason: String::new(),
            excerpt,
        }
    }

    fn sweep(&mut self, known: &KnownTokens, window: &Window<'_>) {
        let mut copies: Vec<_> = known.sweep.find(window.bytes).take_while(|_| !work::is_over()).collect();
        if self.encoding.is_some() {
            // Big-endian text is found from its second byte on; its first character starts a byte before.
            copies.iter_mut().for_each(|copy| copy.span.start &= !1);
        }
        let as_match = |copy: &detect::TokenCopy| {
            let first = &known.first[copy.token];
            Match {
                rule: first.rule.clone(),
                confidence: first.confidence,
                token: first.token.clone(),
                span: copy.span.clone(),
                // What is glued to it may be more of it.
                pieces: vec![detect::with_letters(window.bytes, &copy.span)],
                layers: copy.layers(),
                context: format!("the same token as in {}:{}", first.location.path, first.location.line),
                readings: first.readings.clone(),
            }
        };
        let matches: Vec<Match> = copies.iter().map(as_match).collect();
        let mut places = LocationCounter { cursor: self.cursor, at: 0 };
        let Text { names, layers, relation, .. } = self.text;
        let is_part = relation == Relation::Part;
        let own = trail(names.shown, &layers[..layers.len() - usize::from(is_part)]);
        for (i, (copy, found)) in copies.iter().zip(&matches).enumerate() {
            let span = &copy.span;
            let offset = window.offset + span.start as u64;
            if span.start < window.from || span.start >= window.to {
                continue;
            }
            // In a source, places are its own; who reads it knows where they are in the file.
            let place = || (trail(names.shown, &self.text.way_to(offset)), offset);
            let is_known = !self.text.is_source && known.places.contains(&place());
            // What another text of the file shows better is known from there.
            let may_be_inside = match relation {
                Relation::Only => self.text.is_from_picture(),
                Relation::Text => !found.layers.is_empty(),
                Relation::Packed | Relation::Part => true,
            };
            let is_listed_enough = || known.full.contains(names.shown);
            let may_be_inside = may_be_inside || is_listed_enough();
            if is_known || (may_be_inside && known.files.contains(&(own.clone(), copy.token))) {
                continue;
            }
            if copy.kind == CopyKind::Token && !self.views.takes(&found.token) {
                continue;
            }
            let location = places.locate(names.shown, window, self.encoding, span);
            if copy.kind == CopyKind::Token {
                let excerpt = detect::excerpt(window.bytes, self.encoding, found, neighbours(&matches, i));
                let finding = Finding { is_copy: true, ..self.finding(found, location, excerpt) };
                self.see(finding, window, span);
            } else if !known.files.contains(&(own.clone(), copy.token)) {
                let what = if copy.kind == CopyKind::IdHalf { "id half" } else { "secret half" };
                self.found.hint(Hint {
                    fingerprint: found.token.fingerprint(),
                    location,
                    what: what.to_owned(),
                });
            }
        }
    }

    /// Notes what stands somewhere, and the comment that allows it, if one does.
    fn see(&mut self, finding: Finding, window: &Window<'_>, span: &Range<usize>) {
        let comment = self.context.heeds_comments;
        let comment = comment.then(|| comment::allows(window.bytes, self.encoding, span.start)).flatten();
        let allowed = comment
            .map(|place| Allowed { by: AllowedBy::Comment, reason: format!("{} {place}", comment::WORD) });
        self.views.sightings.push(Sighting { finding, allowed });
    }
}

/// The matches that can share a line with match number `i`.
fn neighbours(matches: &[Match], i: usize) -> &[Match] {
    const MAX_NEIGHBOURS: usize = 32;
    &matches[i.saturating_sub(MAX_NEIGHBOURS)..(i + MAX_NEIGHBOURS).min(matches.len())]
}

/// Turns offsets, in rising order, into locations.
struct LocationCounter {
    cursor: LineCursor,
    at: usize,
}

impl LocationCounter {
    fn locate(
        &mut self,
        path: &str,
        window: &Window<'_>,
        encoding: Option<&'static Encoding>,
        span: &Range<usize>,
    ) -> Location {
        if span.start >= self.at {
            self.cursor.advance(&window.bytes[self.at..span.start], encoding);
            self.at = span.start;
        }
        let place = self.cursor.position();
        Location {
            path: path.to_owned(),
            line: place.line,
            column: place.column,
            byte_offset: window.offset + span.start as u64,
        }
    }
}
