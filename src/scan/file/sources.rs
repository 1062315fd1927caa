//! The sources in source maps, each scanned as a text of its own under its own name, so that what its name and its lines
//! say counts. What is found stands where it stands in the file that a person has; the source is a layer.

use super::text::{Text, TextScan};
use super::views::{FileViews, Role, Sighting};
use crate::finding::trail;
use crate::scan::context::FileNames;
use crate::scan::known_tokens::Pass;
use crate::scan::reconcile::names::source_shown;
use crate::scan::results::ScanResults;
use crate::source::reader;
use krea_scan_bounds::memory_permit::{MemoryPermit, memory_permit};
use krea_scan_detect::LineCursor;
use krea_scan_extract::source_map::{self, SourceMap};
use krea_scan_files::Incomplete;
use krea_scan_text::map_reference::{self, InlineMap};
use krea_scan_text::{Layer, LayerKind};
use krea_scan_text::{charset, json_string};
use std::ops::Range;

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

/// A source, and what was seen in it.
struct SeenSource {
    /// Where in the file the map is, if it is in a `data:` URL.
    run: Option<Range<u64>>,
    views: FileViews,
}

impl TextScan<'_, '_> {
    /// Scans the sources of all maps in the text, of which `bytes` are all.
    pub fn sources(&mut self, bytes: &[u8]) {
        if bytes.len() as u64 > source_map::MAX_MAP_BYTES {
            return self.too_large();
        }
        if charset::utf16(bytes).is_some() {
            return;
        }
        let mut seen = Vec::new();
        if source_map::looks_like(bytes) {
            if let Some(map) = SourceMap::parse(bytes) {
                seen = self.map(bytes, &Map { map, text: bytes, inline: None });
            }
        } else {
            for inline in map_reference::inline(bytes) {
                if let Some(map) = SourceMap::parse(&inline.text) {
                    seen.extend(self.map(bytes, &Map { map, text: &inline.text, inline: Some(&inline) }));
                }
            }
        }
        self.locate(bytes, seen.iter_mut().flat_map(|source| &mut source.views.sightings).collect());
        for SeenSource { run, views } in seen {
            self.views.open(Role::Source(run));
            self.views.take(views);
            self.views.close();
        }
    }

    /// Says that a map was not read source by source.
    pub fn too_large(&mut self) {
        let reason = format!(
            "is, or holds, a source map and is larger than {} MB: it was read as it is, not source by source",
            source_map::MAX_MAP_BYTES >> 20
        );
        let path = trail(self.text.names.shown, self.text.layers);
        self.found.incomplete.push(Incomplete { path, reason });
    }

    /// Scans the sources of one map. Lines and columns of what is seen are still those in the sources.
    fn map(&mut self, file: &[u8], map: &Map<'_>) -> Vec<SeenSource> {
        let Text { names, layers, .. } = self.text;
        let mut seen = Vec::new();
        let mut contents: Vec<(Range<usize>, String)> = Vec::new();
        let own = layers.iter().rfind(|layer| layer.is_member()).map_or(names.shown, |layer| &layer.name);
        for source in map.map.sources() {
            let Some(content) = map.map.content(source) else { continue };
            let (json, name) = (&map.text[content.clone()], source_shown(own, &map.map.name(source)));
            let wanted = match self.context.pass {
                Pass::Detect => {
                    self.context.wants(json) || self.context.detector.wants_path(source_map::path(&name))
                }
                Pass::Sweep(known) => known.is_in(json),
            };
            if wanted {
                seen.push(self.source(file, map, &name, content.clone()));
            }
            contents.push((content, name));
        }
        if map.inline.is_none() {
            contents.sort_by_key(|(content, _)| content.start);
            self.name_sources(map.text, &contents);
        }
        seen
    }

    /// Names the source that something stands in which was seen in the map as it is. `contents`, sorted: where sources are
    /// in it, and what they are called.
    fn name_sources(&mut self, map: &[u8], contents: &[(Range<usize>, String)]) {
        let mut findings: Vec<_> =
            self.views.sightings[self.start..].iter_mut().map(|seen| &mut seen.finding).collect();
        findings.sort_by_key(|finding| finding.location.byte_offset);
        let mut findings = findings.into_iter().peekable();
        for (content, name) in contents {
            let (mut cursor, mut read) = (LineCursor::default(), content.start);
            while let Some(finding) =
                findings.next_if(|finding| finding.location.byte_offset < content.end as u64)
            {
                let at = finding.location.byte_offset as usize;
                if at < content.start {
                    continue;
                }
                cursor.advance(&json_string::text(&map[read..at]), None);
                read = at;
                let place = cursor.position();
                let layer = Layer {
                    kind: LayerKind::SourceMap,
                    name: name.clone(),
                    line: Some(place.line),
                    column: Some(place.column),
                };
                finding.layers.insert(self.text.layers.len(), layer);
            }
        }
    }

    /// Scans one source. The offsets of what is seen are those in the file.
    fn source(&mut self, file: &[u8], map: &Map<'_>, name: &str, content: Range<usize>) -> SeenSource {
        let json = &map.text[content.clone()];
        let text = json_string::text(json);
        let mut layers = self.text.layers.to_vec();
        layers.push(Layer::named(LayerKind::SourceMap, name));
        let names = FileNames { shown: self.text.names.shown, below: source_map::path(name) };
        let (mut found, mut views) = (ScanResults::default(), FileViews::default());
        let source = Text { layers: &layers, is_source: true, ..Text::of_file(names) };
        let mut scan = TextScan::new(self.context, source, &mut found, &mut views);
        reader::windows(&text, |window| scan.window(window));
        scan.close();
        self.found.withheld.extend(found.withheld);
        let sightings = &mut views.sightings;

        let offsets = sightings.iter().map(|seen| seen.finding.location.byte_offset as usize);
        let mut offsets: Vec<usize> = offsets.collect();
        offsets.sort_unstable();
        offsets.dedup();
        let places: Vec<usize> =
            json_string::origins(json, &offsets).iter().map(|at| content.start + at).collect();
        let origins = map.origins(file, &places);
        for Sighting { finding, .. } in sightings.iter_mut() {
            if let Ok(i) = offsets.binary_search(&(finding.location.byte_offset as usize)) {
                finding.location.byte_offset = origins[i] as u64;
            }
            if let Some(inline) = map.inline {
                finding.layers.insert(self.text.layers.len(), Layer::unnamed(inline.encoding));
            }
        }
        if let Pass::Sweep(known) = self.context.pass {
            sightings.retain(|seen| !known.is_at(&seen.finding));
        }
        let run = map.inline.map(|inline| inline.run.start as u64..inline.run.end as u64);
        SeenSource { run, views }
    }

    /// Gives places in sources the lines and columns that their offsets have in the file.
    fn locate(&self, file: &[u8], mut sightings: Vec<&mut Sighting>) {
        sightings.sort_by_key(|seen| seen.finding.location.byte_offset);
        let (mut cursor, mut at) = (LineCursor::default(), 0);
        for Sighting { finding, .. } in sightings {
            let offset = finding.location.byte_offset as usize;
            cursor.advance(&file[at..offset], None);
            at = offset;
            let place = cursor.position();
            (finding.location.line, finding.location.column) = (place.line, place.column);
            if let Some(member) = self.text.layers.len().checked_sub(1).map(|last| &mut finding.layers[last])
            {
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
        self.is_too_large |= (self.bytes.len() + new.len()) as u64 > source_map::MAX_MAP_BYTES;
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
