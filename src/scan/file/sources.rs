//! The sources in source maps, each scanned as a text of its own under its own name, so that what its name and its lines
//! say counts. What is found stands where it stands in the file that a person has; the source is a layer.

use super::FileScanner;
use crate::finding::{Finding, trail};
use crate::location::Location;
use crate::scan::context::FileNames;
use crate::scan::found::{Found, place_of};
use crate::scan::known_tokens::Pass;
use crate::scan::names::source_shown;
use crate::source::reader;
use krea_scan_bounds::memory_permit::{MemoryPermit, memory_permit};
use krea_scan_detect::{LineCursor, position};
use krea_scan_extract::map_reference::{self, InlineMap};
use krea_scan_extract::source_map::{self, SourceMap};
use krea_scan_files::Incomplete;
use krea_scan_text::{Layer, LayerKind};
use krea_scan_text::{charset, json_string};
use krea_scan_token::Fingerprint;
use std::collections::HashSet;
use std::ops::Range;

/// Whether the file that is being read has source maps to look into.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeenMaps {
    /// It looks like a map.
    pub map: bool,
    /// There are maps inside it.
    pub inline: bool,
    /// Something in it is wanted.
    pub wanted: bool,
}

impl SeenMaps {
    /// Whether to look.
    pub fn sources(self) -> bool {
        self.wanted && (self.map || self.inline)
    }
}

/// A map, and where its text is in the file.
struct Map<'m> {
    map: SourceMap<'m>,
    text: &'m [u8],
    inline: Option<&'m InlineMap>,
}

impl Map<'_> {
    /// Where in the file the bytes at these sorted places of the map's text stand.
    fn origins(&self, file: &[u8], places: &[usize]) -> Vec<usize> {
        self.inline.map_or_else(|| places.to_vec(), |inline| inline.origins(file, places))
    }
}

impl FileScanner<'_> {
    /// Scans the sources of all maps in a file, of which `bytes` are all. The findings from `start` on are those of
    /// the file as it is; of one place and token, what its source says takes the place of what the file says.
    pub fn sources(&mut self, names: FileNames<'_>, bytes: &[u8], start: usize) {
        if bytes.len() as u64 > source_map::MOST {
            return self.too_large(names);
        }
        if charset::utf16(bytes).is_some() {
            return;
        }
        let mut found = Vec::new();
        if source_map::looks_like(bytes) {
            if let Some(map) = SourceMap::parse(bytes) {
                found = self.map(names, bytes, start, &Map { map, text: bytes, inline: None });
            }
        } else {
            for inline in map_reference::inline(bytes) {
                if let Some(map) = SourceMap::parse(&inline.text) {
                    let map = Map { map, text: &inline.text, inline: Some(&inline) };
                    found.extend(self.map(names, bytes, start, &map));
                }
            }
        }
        let places = found.iter_mut().map(|finding| (&mut finding.location, &mut finding.layers));
        self.locate(bytes, places.collect());
        self.found.findings.extend(found);
    }

    /// Says that a map was not read source by source.
    pub fn too_large(&mut self, names: FileNames<'_>) {
        let reason = format!(
            "is, or holds, a source map and is larger than {} MB: it was read as it is, not source by source",
            source_map::MOST >> 20
        );
        self.found.incomplete.push(Incomplete { path: trail(names.shown, &self.layers), reason });
    }

    /// Scans the sources of one map. Lines and columns of what is found are still those in the sources.
    fn map(&mut self, names: FileNames<'_>, file: &[u8], start: usize, map: &Map<'_>) -> Vec<Finding> {
        let mut inner = Found::default();
        let mut contents: Vec<(Range<usize>, String)> = Vec::new();
        let own =
            self.layers.iter().rfind(|layer| layer.is_member()).map_or(names.shown, |layer| &layer.name);
        let own = own.to_owned();
        for source in map.map.sources() {
            let Some(content) = map.map.content(source) else { continue };
            let (json, name) = (&map.text[content.clone()], source_shown(&own, &map.map.name(source)));
            let wanted = match self.context.pass {
                Pass::Detect => {
                    self.context.detector.wants(json)
                        || self.context.detector.wants_path(source_map::path(&name))
                }
                Pass::Sweep(known) => known.is_in(json),
            };
            if wanted {
                inner.merge(self.source(names, file, map, &name, content.clone()));
            }
            contents.push((content, name));
        }
        if let Pass::Sweep(known) = self.context.pass {
            inner.findings.retain(|finding| !known.is_at(finding));
        }
        let found =
            inner.findings.iter().map(|found| (found.token.fingerprint(), found.location.byte_offset));
        let allowed = inner.allowed.keys().map(|(_, offset, token)| (token.clone(), *offset));
        let told: HashSet<(Fingerprint, u64)> = found.chain(allowed).collect();
        let tokens: HashSet<&Fingerprint> = told.iter().map(|(token, _)| token).collect();
        let mut outer = self.found.findings.split_off(start);
        outer.retain(|finding| {
            let (token, offset) = (finding.token.fingerprint(), finding.location.byte_offset);
            match map.inline {
                Some(inline) => !(inline.run.contains(&(offset as usize)) && tokens.contains(&token)),
                None => !told.contains(&(token, offset)),
            }
        });
        if map.inline.is_none() {
            // What only the whole map says of a place in a source.
            contents.sort_by_key(|(content, _)| content.start);
            for finding in &mut outer {
                let at = finding.location.byte_offset as usize;
                let next = contents.partition_point(|(content, _)| content.start <= at);
                let Some((content, name)) = next.checked_sub(1).map(|i| &contents[i]) else { continue };
                if content.contains(&at) {
                    let before = json_string::text(&map.text[content.start..at]);
                    let place = position(&before, None, before.len());
                    let layer = Layer {
                        kind: LayerKind::SourceMap,
                        name: name.clone(),
                        line: Some(place.line),
                        column: Some(place.column),
                    };
                    finding.layers.insert(self.layers.len(), layer);
                }
            }
        }
        for finding in &inner.findings {
            self.found.allowed.remove(&place_of(finding));
        }
        self.found.findings.extend(outer);
        let places = inner.allowed.values_mut().map(|allowed| (&mut allowed.location, &mut allowed.layers));
        self.locate(file, places.collect());
        self.found.allowed.extend(inner.allowed);
        self.found.withheld.extend(inner.withheld);
        inner.findings
    }

    /// Scans one source. The offsets of what is found are those in the file.
    fn source(
        &self,
        names: FileNames<'_>,
        file: &[u8],
        map: &Map<'_>,
        name: &str,
        content: Range<usize>,
    ) -> Found {
        let json = &map.text[content.clone()];
        let text = json_string::text(json);
        let mut layers = self.layers.clone();
        layers.push(Layer { kind: LayerKind::SourceMap, name: name.to_owned(), line: None, column: None });
        let mut scanner = FileScanner::in_source(self.context, layers);
        let inside = FileNames { shown: names.shown, below: source_map::path(name) };
        reader::windows(&text, |window| scanner.window(inside, window));
        let mut found = scanner.found;

        let offsets = found.findings.iter().map(|finding| finding.location.byte_offset);
        let offsets = offsets.chain(found.allowed.keys().map(|(_, offset, _)| *offset));
        let mut offsets: Vec<usize> = offsets.map(|offset| offset as usize).collect();
        offsets.sort_unstable();
        offsets.dedup();
        let places: Vec<usize> =
            json_string::origins(json, &offsets).iter().map(|at| content.start + at).collect();
        let origins = map.origins(file, &places);
        let origin =
            |offset: u64| offsets.binary_search(&(offset as usize)).map_or(offset, |i| origins[i] as u64);
        let in_file = |location: &mut Location, layers: &mut Vec<Layer>| {
            location.byte_offset = origin(location.byte_offset);
            if let Some(inline) = map.inline {
                let layer = Layer::unnamed(inline.encoding);
                layers.insert(self.layers.len(), layer);
            }
        };
        found.findings.iter_mut().for_each(|finding| in_file(&mut finding.location, &mut finding.layers));
        let allowed = std::mem::take(&mut found.allowed).into_iter();
        found.allowed = allowed
            .map(|((trail, offset, token), mut allowed)| {
                in_file(&mut allowed.location, &mut allowed.layers);
                ((trail, origin(offset), token), allowed)
            })
            .collect();
        found
    }

    /// Gives places in sources the lines and columns that their offsets have in the file.
    fn locate(&self, file: &[u8], mut places: Vec<(&mut Location, &mut Vec<Layer>)>) {
        places.sort_by_key(|(location, _)| location.byte_offset);
        let (mut cursor, mut at) = (LineCursor::default(), 0);
        for (location, layers) in places {
            let offset = location.byte_offset as usize;
            cursor.advance(&file[at..offset], None);
            at = offset;
            let place = cursor.position();
            (location.line, location.column) = (place.line, place.column);
            if let Some(member) = self.layers.len().checked_sub(1).map(|last| &mut layers[last]) {
                (member.line, member.column) = (Some(place.line), Some(place.column));
            }
        }
    }
}

/// All of a member that is read in windows, as far as it may be kept.
#[derive(Debug, Default)]
pub struct WholeMember {
    bytes: Vec<u8>,
    guard: Option<MemoryPermit>,
    is_too_large: bool,
}

impl WholeMember {
    /// Takes the next window of a file that does not fit one.
    pub fn take(&mut self, window: &reader::Window<'_>) {
        let new = window.new_bytes();
        self.is_too_large |= (self.bytes.len() + new.len()) as u64 > source_map::MOST;
        if self.is_too_large {
            self.bytes = Vec::new();
            return;
        }
        if self.guard.is_none() {
            self.guard = Some(memory_permit());
        }
        self.bytes.extend_from_slice(new);
    }

    /// All of it; `None` when it is too large.
    pub fn bytes(&self) -> Option<&[u8]> {
        (!self.is_too_large).then_some(&self.bytes)
    }
}
