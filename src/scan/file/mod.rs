//! One file, window by window: from bytes to findings.

mod comment;
mod inside;
mod ocr_vote;
mod sources;

use super::context::{FileNames, ScanContext};
use super::found::{Found, allowance, place_of};
use super::known_tokens::{KnownTokens, Pass};
use crate::allowance::AllowedBy;
use crate::config::Allowed;
use crate::finding::{Explained, Finding, Hint, trail};
use crate::location::Location;
use crate::source::reader::{self, Window, WindowReader};
use encoding_rs::Encoding;
use inside::Inside;
use krea_scan_bounds::memory_permit::memory_permit;
use krea_scan_detect::{self as detect, Considered, CopyKind, LineCursor, Match};
use krea_scan_extract::container::{self, ContainerKind, Outside, Seekable, SegmentNames};
use krea_scan_extract::{map_reference, source_map};
use krea_scan_service::Status;
use krea_scan_text::charset;
use krea_scan_text::{Layer, LayerKind, containers};
use krea_scan_token::{Confidence, Doubt};
use sources::SeenMaps;
use std::collections::BTreeSet;
use std::io::{self, Cursor as Bytes, Read};
use std::ops::Range;

/// What is being scanned of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// All that there is to it.
    #[default]
    Alone,
    /// The text of a file that holds more, which is scanned after that.
    Text,
    /// The bytes of a file whose content is scanned after that.
    Packed,
}

impl View {
    /// What is scanned first of a file of a kind.
    pub fn of(kind: Option<ContainerKind>) -> Self {
        match kind {
            None => View::Alone,
            Some(kind) if kind.is_text() => View::Text,
            Some(_) => View::Packed,
        }
    }
}

/// Scans files one after the other.
#[derive(Debug)]
pub struct FileScanner<'a> {
    /// How files are looked at.
    pub context: ScanContext<'a>,
    /// What it came by.
    pub found: Found,
    pub(super) reader: WindowReader,
    encoding: Option<&'static Encoding>,
    cursor: LineCursor,
    /// The way to what is being scanned, from the file on the outside.
    pub layers: Vec<Layer>,
    /// Of a file that holds more, what is being scanned.
    pub(super) view: View,
    /// It is a part of a document, whose text is told of the document.
    pub(super) is_part: bool,
    /// The names of the parts of the text that is being scanned.
    pub(super) parts: Option<SegmentNames>,
    /// A source of a source map is being scanned.
    is_in_source: bool,
    /// What is known of the file that is being scanned.
    pub(super) seen: SeenMaps,
    /// Where its findings start.
    pub(super) start: usize,
}

impl<'a> FileScanner<'a> {
    /// A scanner.
    pub fn new(context: ScanContext<'a>) -> Self {
        FileScanner {
            context,
            found: Found::default(),
            reader: WindowReader::default(),
            encoding: None,
            cursor: LineCursor::default(),
            layers: Vec::new(),
            view: View::Alone,
            is_part: false,
            parts: None,
            is_in_source: false,
            seen: SeenMaps::default(),
            start: 0,
        }
    }

    /// A scanner for a source in a source map, to which `layers` lead.
    pub fn in_source(context: ScanContext<'a>, layers: Vec<Layer>) -> Self {
        FileScanner { layers, is_in_source: true, ..FileScanner::new(context) }
    }

    /// Scans a file, and what is in it. Gives its size in bytes.
    ///
    /// # Errors
    /// What reading it answers; all that was read before is scanned.
    pub fn file(&mut self, names: FileNames<'_>, input: &mut dyn Seekable) -> io::Result<u64> {
        let (before, mut kind, mut may_be_behind) = (self.found.findings.len(), None, false);
        let mut reader = std::mem::take(&mut self.reader);
        let read = reader.read(input, |window| {
            if window.offset == 0 {
                let whole = window.to == usize::MAX;
                kind = ContainerKind::of(window.bytes, names.below);
                kind = kind.filter(|kind| !whole || kind.may_hold(window.bytes));
                self.view = View::of(kind);
                may_be_behind = ContainerKind::may_be_behind(window.bytes);
            }
            self.window(names, window);
        });
        self.reader = reader;
        let view = std::mem::take(&mut self.view);
        let size = read?;
        let is_behind = kind.is_none() && may_be_behind;
        if is_behind {
            kind = ContainerKind::behind(input);
        }
        if self.seen.sources() && size > reader::WINDOW as u64 {
            self.large_file(names, input, size)?;
        }
        if let Some(kind) = kind {
            let inside = self.found.findings.len();
            let (limits, ocr) = (self.context.limits, self.context.ocr);
            container::walk(
                kind,
                names.below,
                input,
                size,
                limits,
                ocr,
                &mut Inside { scanner: self, outer: names },
            );
            self.keep_what_is_inside(view, before, inside);
            ocr_vote::keep_best(&mut self.found, before);
            if let (true, Pass::Sweep(known)) = (is_behind, self.context.pass) {
                // Before the file was read to its end it was not known to be a container.
                let mut outer = self.found.findings.split_off(before);
                outer.retain(|finding| !finding.layers.is_empty() || !known.is_in_file(finding));
                self.found.findings.extend(outer);
            }
        }
        Ok(size)
    }

    /// Scans bytes that are in memory, as one file.
    pub fn bytes(&mut self, names: FileNames<'_>, bytes: &[u8]) {
        let kind = ContainerKind::of(bytes, names.below).filter(|kind| kind.may_hold(bytes));
        match kind.is_some() || ContainerKind::may_be_behind(bytes) {
            // Reading from memory does not fail.
            true => drop(self.file(names, &mut Bytes::new(bytes))),
            false => {
                reader::windows(bytes, |window| self.window(names, window));
                if self.seen.sources() && bytes.len() > reader::WINDOW {
                    self.sources(names, bytes, self.start);
                }
            }
        }
    }

    /// Looks into the source maps of a file that does not fit a window.
    fn large_file(&mut self, names: FileNames<'_>, input: &mut dyn Seekable, size: u64) -> io::Result<()> {
        if size > source_map::MOST {
            self.too_large(names);
            return Ok(());
        }
        let _permit = memory_permit();
        let mut bytes = Vec::with_capacity(size as usize);
        input.rewind()?;
        input.take(size).read_to_end(&mut bytes)?;
        self.sources(names, &bytes, self.start);
        Ok(())
    }

    /// A container that stores its members as they are was seen twice, outside and inside: what is known to be inside
    /// is not outside. From outside a token may run into what lies next to it, or miss its last letter. What stands in a text as
    /// it is is there besides. The findings from `inside` on are the inner ones, those from `before` on the outer ones.
    pub(super) fn keep_what_is_inside(&mut self, view: View, before: usize, inside: usize) {
        let is_apart = |finding: &Finding| {
            view == View::Text
                && !finding.layers[containers(&finding.layers)..].iter().any(|layer| !layer.is_name())
        };
        self.keep_outer(&[Outside { before, inside }], inside, is_apart);
    }

    /// Of the findings in `outer`, keeps those that are apart and those whose token is in none of the findings from `inside`
    /// on.
    pub(super) fn keep_outer(
        &mut self,
        outer: &[Outside],
        inside: usize,
        is_apart: impl Fn(&Finding) -> bool,
    ) {
        let inner = self.found.findings.split_off(inside);
        let tokens: BTreeSet<&[u8]> = inner.iter().map(|finding| finding.token.expose()).collect();
        let mut by_end: Vec<&[u8]> = tokens.iter().copied().collect();
        by_end.sort_unstable_by(|a, b| a.iter().rev().cmp(b.iter().rev()));
        let is_inside = |token: &[u8]| {
            let runs_on = tokens.range(..=token).next_back().is_some_and(|inner| token.starts_with(inner));
            let is_cut = tokens.range(token..).next().is_some_and(|inner| inner.starts_with(token));
            // The `=` before a token is no escape in a mail that is read as it is meant.
            let next = by_end.partition_point(|inner| inner.iter().rev().lt(token.iter().rev()));
            let is_end = || by_end.get(next).is_some_and(|inner| inner.ends_with(token));
            runs_on || is_cut || is_end()
        };
        // What was put together from the outside is a guess at what is inside.
        let ids: BTreeSet<&[u8]> = inner.iter().filter_map(|finding| finding.token.id()).collect();
        let is_guessed =
            |finding: &Finding| finding.is_guess() && finding.token.id().is_some_and(|id| ids.contains(id));
        let start = outer.first().map_or(inside, |first| first.before);
        let rest = self.found.findings.split_off(start);
        let is_outer = |at: usize| {
            let next = outer.partition_point(|outer| outer.before <= at);
            next.checked_sub(1).is_some_and(|last| at < outer[last].inside)
        };
        let kept = rest.into_iter().enumerate().filter(|(i, finding)| {
            let is_outside = || is_apart(finding) || !is_inside(finding.token.expose());
            !is_outer(start + i) || (!is_guessed(finding) && is_outside())
        });
        self.found.findings.extend(kept.map(|(_, finding)| finding));
        drop((tokens, by_end, ids));
        self.found.findings.extend(inner);
    }

    /// Scans the next window of a file.
    #[inline]
    pub fn window(&mut self, names: FileNames<'_>, window: &Window<'_>) {
        let whole = window.offset == 0 && window.to == usize::MAX;
        if window.offset == 0 {
            (self.encoding, self.cursor) = (None, LineCursor::default());
            (self.seen, self.start) = (SeenMaps::default(), self.found.findings.len());
            self.seen.map = self.may_have_maps() && source_map::looks_like(window.bytes);
        }
        let wanted = match self.context.pass {
            Pass::Detect => {
                (self.context.detector.wants(window.bytes)
                    && !(self.seen.map && source_map::is_mappings(window.bytes)))
                    || self.context.detector.wants_path(names.below)
            }
            Pass::Sweep(known) => known.is_in(window.bytes),
        };
        let sweeps = matches!(self.context.pass, Pass::Sweep(_));
        if self.may_have_maps() && (wanted || sweeps || !whole) {
            self.seen.inline |= map_reference::may_be_inline(window.bytes);
        }
        // A known token in a map that is encoded as a whole is seen only there.
        self.seen.wanted |= wanted || (sweeps && self.seen.inline);
        if whole && !wanted && !self.seen.sources() {
            return;
        }
        if window.offset == 0 {
            self.encoding = charset::utf16(window.bytes);
        }
        if wanted {
            match self.context.pass {
                Pass::Detect => self.detect(names, window),
                Pass::Sweep(known) => self.sweep(known, names, window),
            }
        }
        if window.to != usize::MAX {
            self.cursor.advance(&window.bytes[..window.bytes.len() - reader::OVERLAP], self.encoding);
        }
        if whole && self.seen.sources() {
            self.sources(names, window.bytes, self.start);
        }
    }

    fn detect(&mut self, names: FileNames<'_>, window: &Window<'_>) {
        let detection = self.context.detector.detect(window.bytes, names.below, self.encoding);
        if window.from == 0 {
            self.found.placeholders += detection.placeholders;
        }
        self.explain(names, window, &detection.considered);
        let mut places = LocationCounter { cursor: self.cursor, at: 0 };
        for (i, found) in detection.matches.iter().enumerate() {
            if found.span.start < window.from || found.span.start >= window.to {
                continue;
            }
            if self.confidence(found) < self.context.least {
                self.found.withheld.push(found.token.clone());
                self.found.withheld.extend(found.readings.others().iter().cloned());
                continue;
            }
            let location = places.locate(names.shown, window, self.encoding, &found.span);
            let near = neighbours(&detection.matches, i);
            let excerpt = detect::excerpt(window.bytes, self.encoding, found, near);
            let finding = self.finding(found, location, excerpt);
            if let Some(comment) = self.comment(window, &found.span) {
                self.found.allowed.insert(place_of(&finding), allowance(&finding, comment));
                self.found.withheld.extend(finding.all_readings().cloned());
            } else {
                self.found.findings.push(finding);
            }
        }
    }

    fn explain(&mut self, names: FileNames<'_>, window: &Window<'_>, considered: &[Considered]) {
        for considered in considered {
            let mut places = LocationCounter { cursor: self.cursor, at: 0 };
            let location = places.locate(names.shown, window, self.encoding, &considered.span);
            let explained = Explained {
                layers: self.way_to(location.byte_offset),
                location,
                rule: considered.rule.clone(),
                value: considered.token.redacted(),
                decision: considered.decision.to_string(),
                evidence: considered.evidence.iter().map(ToString::to_string).collect(),
            };
            self.found.explained.push(explained);
        }
    }

    /// Whether what is being scanned may be a source map, or hold some.
    fn may_have_maps(&self) -> bool {
        !self.is_in_source && self.view != View::Packed
    }

    /// Whether what is being scanned was read from a picture. It may be wrong then, however well it looks.
    fn is_from_picture(&self) -> bool {
        self.layers.iter().any(|layer| layer.kind == LayerKind::Ocr)
    }

    /// How sure a match is, wherever its text is from.
    fn confidence(&self, found: &Match) -> Confidence {
        let most = if self.is_from_picture() { Confidence::Medium } else { Confidence::High };
        found.confidence.min(most)
    }

    /// The way to a place in what is being scanned.
    fn way_to(&self, offset: u64) -> Vec<Layer> {
        let part = self.parts.as_ref().and_then(|parts| parts.at(offset));
        self.layers.iter().cloned().chain(part).collect()
    }

    /// What a match is once it is known where it stands.
    fn finding(&self, found: &Match, location: Location, excerpt: String) -> Finding {
        let mut layers = self.way_to(location.byte_offset);
        if let Some(innermost) = self.layers.len().checked_sub(1).map(|last| &mut layers[last]) {
            (innermost.line, innermost.column) = (Some(location.line), Some(location.column));
        }
        layers.extend(found.layers.iter().cloned());
        let mut readings = found.readings.clone();
        if self.is_from_picture() {
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

    fn sweep(&mut self, known: &KnownTokens, names: FileNames<'_>, window: &Window<'_>) {
        let mut copies: Vec<_> = known.sweep.find(window.bytes).collect();
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
        let own = trail(names.shown, &self.layers[..self.layers.len() - usize::from(self.is_part)]);
        for (i, (copy, found)) in copies.iter().zip(&matches).enumerate() {
            let span = &copy.span;
            let offset = window.offset + span.start as u64;
            if span.start < window.from || span.start >= window.to {
                continue;
            }
            // In a source, places are its own; who reads it knows where they are in the file.
            let place = || (trail(names.shown, &self.way_to(offset)), offset);
            let is_known = !self.is_in_source && known.places.contains(&place());
            let may_be_inside =
                self.view == View::Packed || (self.view == View::Text && !found.layers.is_empty());
            // One reading of each token in a picture is enough.
            let may_be_inside = may_be_inside || self.layers.iter().any(|layer| layer.kind == LayerKind::Ocr);
            if is_known || (may_be_inside && known.files.contains(&(own.clone(), copy.token))) {
                continue;
            }
            let location = places.locate(names.shown, window, self.encoding, span);
            if copy.kind == CopyKind::Token {
                let excerpt = detect::excerpt(window.bytes, self.encoding, found, neighbours(&matches, i));
                let finding = Finding { is_copy: true, ..self.finding(found, location, excerpt) };
                if let Some(comment) = self.comment(window, span) {
                    self.found.allowed.insert(place_of(&finding), allowance(&finding, comment));
                } else {
                    self.found.findings.push(finding);
                }
            } else if !known.files.contains(&(own.clone(), copy.token)) {
                let what = if copy.kind == CopyKind::IdHalf { "id half" } else { "secret half" };
                self.found.hints.push(Hint {
                    fingerprint: found.token.fingerprint(),
                    location,
                    what: what.to_owned(),
                });
            }
        }
    }

    /// The comment that allows what stands somewhere, if one does.
    fn comment(&self, window: &Window<'_>, span: &Range<usize>) -> Option<Allowed> {
        if !self.context.heeds_comments {
            return None;
        }
        let place = comment::allows(window.bytes, self.encoding, span.start)?;
        Some(Allowed { by: AllowedBy::Comment, reason: format!("{} {place}", comment::WORD) })
    }
}

/// The matches that can share a line with match number `i`.
fn neighbours(matches: &[Match], i: usize) -> &[Match] {
    const MOST: usize = 32;
    &matches[i.saturating_sub(MOST)..(i + MOST).min(matches.len())]
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
