//! Source maps (ECMA-426): what they hold of the originals, and from which place of an original a place in the generated
//! file came. Plain ones and indexed ones, in files and inside data URLs.
//!
//! A map is input from strangers and may be huge. Nothing of it is copied before somebody asks; mappings are decoded
//! in one pass without being kept.

use krea_scan_text::json_string;
use krea_scan_text::label::bounded;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Larger maps are not taken apart, in bytes.
pub const MAX_MAP_BYTES: u64 = 96 << 20;
/// More sources, or sections, are not listed.
const MAX_PARTS: usize = 100_000;
/// Sections in sections are followed no deeper.
const MAX_DEPTH: usize = 4;
/// What some servers put before JSON, so that it is no script.
const GUARD: &[u8] = b")]}'";
/// Mappings with longer segments are read as any text.
const MAX_SEGMENT_CHARS: usize = 24;
/// The longest name of a source that is kept, in bytes.
const MAX_NAME_BYTES: usize = 1024;

/// Whether a file may be a source map, by its first bytes.
pub fn looks_like(head: &[u8]) -> bool {
    let start = &head[start(head)..];
    let start = &start[..start.len().min(512)];
    let names = [&b"\"version\""[..], b"\"mappings\"", b"\"sections\"", b"\"sources\""];
    start.first() == Some(&b'{') && names.iter().any(|name| memchr::memmem::find(start, name).is_some())
}

/// Whether some bytes are a piece of mappings and nothing else: short runs of base64 between commas and semicolons. They
/// have no name, no colon and no run that is long enough for a secret.
pub fn is_mappings(bytes: &[u8]) -> bool {
    let is_short = |segment: &[u8]| {
        segment.len() <= MAX_SEGMENT_CHARS
            && segment.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
    };
    bytes.split(|b| matches!(b, b',' | b';')).all(is_short)
}

/// Where the JSON starts: behind a byte order mark, a line that guards it, and space.
fn start(bytes: &[u8]) -> usize {
    let space = |at: usize| at + bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = space(if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
    if bytes[at..].starts_with(GUARD) {
        at = memchr::memchr(b'\n', &bytes[at..]).map_or(at + GUARD.len(), |end| at + end);
        at = space(at);
    }
    at
}

/// The path in the name of a source, for what a path says: without scheme, host, query and the steps that lead out of
/// the project. `webpack://shop/./src/krea.ts?1a2b` is `src/krea.ts`.
pub fn path(name: &str) -> &str {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    let mut path = match name.split_once("://") {
        // A host or a namespace ends at the first slash.
        Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, path)| path),
        None => name,
    };
    while let Some(rest) =
        ["./", "../", "/", "~/", "[project]/"].iter().find_map(|step| path.strip_prefix(*step))
    {
        path = rest;
    }
    // The layer of a framework, as in `webpack-internal:///(app-pages-browser)/./src/krea.ts`.
    match path.strip_prefix('(').and_then(|rest| rest.split_once(")/./")) {
        Some((layer, rest)) if !layer.contains('/') => rest,
        _ => path,
    }
}

/// A source map.
#[derive(Debug)]
pub struct SourceMap<'a> {
    text: &'a [u8],
    sections: Vec<MapSection<'a>>,
}

/// The mappings of a part of the generated file, from a place on.
#[derive(Debug)]
struct MapSection<'a> {
    from: MappedPlace,
    mappings: Option<&'a RawValue>,
    root: Cow<'a, str>,
    names: Vec<&'a RawValue>,
    contents: Vec<&'a RawValue>,
}

/// A place in a text: a line, and a column in units of UTF-16, both from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MappedPlace {
    /// From 0.
    pub line: u64,
    /// In units of UTF-16, from 0.
    pub column: u64,
}

/// One of a map's sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MapSource {
    section: usize,
    index: usize,
}

impl<'a> SourceMap<'a> {
    /// Reads a map; `None` for what is none.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let json = std::str::from_utf8(&text[start(text)..]).ok()?;
        let mut map = SourceMap { text, sections: Vec::new() };
        map.read(json, MappedPlace::default(), 0)?;
        Some(map)
    }

    fn read(&mut self, json: &'a str, from: MappedPlace, depth: usize) -> Option<()> {
        let fields: MapFields<'a> = MapParser(MapObject).parse(json)?;
        let list = |value: Option<&'a RawValue>| {
            value.and_then(|value| MapParser(KeptList).parse(value.get())).unwrap_or_default()
        };
        if let Some(sections) = fields.sections {
            if depth == MAX_DEPTH {
                return None;
            }
            for section in list(Some(sections)) {
                let Some(section) = MapParser(MapObject).parse(section.get()) else { continue };
                let offset = section.offset.and_then(|value| MapParser(MapObject).parse(value.get()));
                let number = |value: Option<&RawValue>| value.and_then(|n| n.get().parse().ok()).unwrap_or(0);
                let offset = offset.map_or(MappedPlace::default(), |offset: MapFields<'_>| MappedPlace {
                    line: number(offset.line),
                    column: number(offset.column),
                });
                if let Some(map) = section.map
                    && self.sections.len() < MAX_PARTS
                {
                    // One that cannot be read says nothing of the others.
                    let _ = self.read(map.get(), moved(from, offset), depth + 1);
                }
            }
            return Some(());
        }
        if fields.mappings.is_none() && fields.contents.is_none() {
            return None;
        }
        let root = fields.root.and_then(string).unwrap_or_default();
        let (names, contents) = (list(fields.sources), list(fields.contents));
        self.sections.push(MapSection { from, mappings: fields.mappings, root, names, contents });
        Some(())
    }

    /// All sources, in the map's order.
    pub fn sources(&self) -> impl Iterator<Item = MapSource> + '_ {
        self.sections.iter().enumerate().flat_map(|(section, part)| {
            let most = part.names.len().max(part.contents.len());
            (0..most).map(move |index| MapSource { section, index })
        })
    }

    /// What a source is called: its name behind the map's `sourceRoot`; empty when it has none.
    pub fn name(&self, source: MapSource) -> String {
        let section = &self.sections[source.section];
        let name = section.names.get(source.index).and_then(|name| string(name)).unwrap_or_default();
        let root = section.root.trim_end_matches('/');
        let is_full = name.starts_with('/') || name.contains("://") || section.root.is_empty();
        let name = if is_full { name.into_owned() } else { format!("{root}/{name}") };
        bounded(&name, MAX_NAME_BYTES).into_owned()
    }

    /// Where in the map the text of a source stands, as a JSON string without its quotes; `None` where the map leaves
    /// it out.
    pub fn content(&self, source: MapSource) -> Option<Range<usize>> {
        let raw = self.sections[source.section].contents.get(source.index)?.get();
        if !raw.starts_with('"') || raw.len() < 2 {
            return None;
        }
        // Both are parts of one text.
        let at = raw.as_ptr() as usize - self.text.as_ptr() as usize;
        Some(at + 1..at + raw.len() - 1)
    }

    /// From which place of which source each of these places of the generated file came. They must be sorted.
    pub fn originals(&self, places: &[MappedPlace]) -> Vec<Option<(MapSource, MappedPlace)>> {
        let mut found = vec![None; places.len()];
        for (section, part) in self.sections.iter().enumerate() {
            let next = self.sections.get(section + 1).map(|next| next.from);
            let first = places.partition_point(|place| *place < part.from);
            let end = next.map_or(places.len(), |next| places.partition_point(|place| *place < next));
            if first >= end {
                continue;
            }
            let inside: Vec<MappedPlace> =
                places[first..end].iter().map(|&place| within(part.from, place)).collect();
            let Some(mappings) = part.mappings.and_then(string) else { continue };
            for (found, original) in found[first..end].iter_mut().zip(lookup(mappings.as_bytes(), &inside)) {
                let most = part.names.len().max(part.contents.len());
                *found = original.and_then(|(index, place)| {
                    let index = usize::try_from(index).ok().filter(|&index| index < most)?;
                    Some((MapSource { section, index }, place))
                });
            }
        }
        found
    }
}

/// A place in a section, seen from where the section starts.
fn within(from: MappedPlace, place: MappedPlace) -> MappedPlace {
    let column =
        if place.line == from.line { place.column.saturating_sub(from.column) } else { place.column };
    MappedPlace { line: place.line - from.line, column }
}

/// Where a section starts whose offset is told from another one's start.
fn moved(from: MappedPlace, offset: MappedPlace) -> MappedPlace {
    let column = if offset.line == 0 { from.column.saturating_add(offset.column) } else { offset.column };
    MappedPlace { line: from.line.saturating_add(offset.line), column }
}

/// A segment of the mappings: where it starts on its line, and the source, line and column it came from.
type MappingSegment = (i64, Option<(i64, i64, i64)>);

/// For each of the sorted places the last segment at or before it on its line, as the index of a source and a place in it.
fn lookup(mappings: &[u8], places: &[MappedPlace]) -> Vec<Option<(i64, MappedPlace)>> {
    let mut found = vec![None; places.len()];
    let (mut line, mut at, mut next) = (0u64, 0, 0);
    let mut state = [0i64; 5];
    // For each place of the line, the last segment that starts before it and not before the place before.
    let mut slots: Vec<Option<MappingSegment>> = Vec::new();
    while next < places.len() {
        let here = places[next..].iter().take_while(|place| place.line == line).count();
        let wanted = &places[next..next + here];
        slots.clear();
        slots.resize(here, None);
        state[0] = 0;
        let end = memchr::memchr(b';', &mappings[at..]).map_or(mappings.len(), |end| at + end);
        for segment in mappings[at..end].split(|&b| b == b',') {
            let Some(fields) = fields(segment, &mut state) else { break };
            let (column, original) = (state[0], (fields >= 4).then_some((state[1], state[2], state[3])));
            let slot = wanted.partition_point(|place| (place.column as i64) < column);
            if let Some(slot) = slots.get_mut(slot).filter(|_| fields > 0)
                && slot.is_none_or(|(last, _)| last <= column)
            {
                *slot = Some((column, original));
            }
        }
        let mut best: Option<MappingSegment> = None;
        for (found, slot) in found[next..next + here].iter_mut().zip(&slots) {
            best = slot.or(best);
            let original = best.and_then(|(_, original)| original);
            *found = original.and_then(|(source, line, column)| {
                Some((
                    source,
                    MappedPlace { line: u64::try_from(line).ok()?, column: u64::try_from(column).ok()? },
                ))
            });
        }
        next += here;
        if end == mappings.len() {
            break;
        }
        (line, at) = (line + 1, end + 1);
    }
    found
}

/// Adds the numbers of a segment to the state, and gives how many there are; `None` for what is no segment.
fn fields(segment: &[u8], state: &mut [i64; 5]) -> Option<usize> {
    let (mut count, mut value, mut shift) = (0, 0i64, 0);
    for &b in segment {
        let digit = i64::from(match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b if b.is_ascii_whitespace() => continue,
            _ => return None,
        });
        if shift > 30 || count == state.len() {
            return None;
        }
        value |= (digit & 31) << shift;
        shift += 5;
        if digit & 32 == 0 {
            let signed = if value & 1 == 1 { -(value >> 1) } else { value >> 1 };
            state[count] = state[count].saturating_add(signed);
            (count, value, shift) = (count + 1, 0, 0);
        }
    }
    Some(count)
}

/// The text of a JSON string.
fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let raw = value.get().strip_prefix('"')?.strip_suffix('"')?;
    Some(match memchr::memchr(b'\\', raw.as_bytes()) {
        None => Cow::Borrowed(raw),
        Some(_) => Cow::Owned(String::from_utf8(json_string::text(raw.as_bytes())).ok()?),
    })
}

/// The fields of a map, of a section and of its offset, as they stand. Of a field that stands there twice, the last.
#[derive(Default)]
struct MapFields<'a> {
    mappings: Option<&'a RawValue>,
    sources: Option<&'a RawValue>,
    contents: Option<&'a RawValue>,
    root: Option<&'a RawValue>,
    sections: Option<&'a RawValue>,
    offset: Option<&'a RawValue>,
    map: Option<&'a RawValue>,
    line: Option<&'a RawValue>,
    column: Option<&'a RawValue>,
}

/// Reads a JSON text with a visitor, and takes what stands behind it as no JSON.
struct MapParser<V>(V);

impl<V> MapParser<V> {
    fn parse<'a>(self, json: &'a str) -> Option<V::Value>
    where
        V: DeserializeSeed<'a>,
    {
        let mut json = serde_json::Deserializer::from_str(json);
        let value = self.0.deserialize(&mut json).ok()?;
        json.end().ok()?;
        Some(value)
    }
}

struct MapObject;

impl<'a> DeserializeSeed<'a> for MapObject {
    type Value = MapFields<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<MapFields<'a>, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for MapObject {
    type Value = MapFields<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<MapFields<'a>, A::Error> {
        let mut fields = MapFields::default();
        while let Some(key) = map.next_key::<MapKey<'a>>()? {
            let field = match key.0.as_ref() {
                "mappings" => &mut fields.mappings,
                "sources" => &mut fields.sources,
                "sourcesContent" => &mut fields.contents,
                "sourceRoot" => &mut fields.root,
                "sections" => &mut fields.sections,
                "offset" => &mut fields.offset,
                "map" => &mut fields.map,
                "line" => &mut fields.line,
                "column" => &mut fields.column,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = Some(map.next_value()?);
        }
        Ok(fields)
    }
}

/// A key, borrowed where it can be.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct MapKey<'a>(#[serde(borrow)] Cow<'a, str>);

/// The elements of a list, as many as are kept.
struct KeptList;

impl<'a> DeserializeSeed<'a> for KeptList {
    type Value = Vec<&'a RawValue>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for KeptList {
    type Value = Vec<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < MAX_PARTS {
            match list.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok(elements),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_told_from_text() {
        assert!(is_mappings(b"AAAA,SAAS,CAAC;;krea,KREA+/,A"));
        assert!(!is_mappings(b"AAAA,SAAS\",\"names\":[]"));
        assert!(!is_mappings(b"AAAA,ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef,A"));
    }

    #[test]
    fn paths_in_names_of_sources_are_found() {
        for name in
            ["src/a.ts", "../../src/a.ts", "webpack://x/./src/a.ts?1a", "turbopack:///[project]/src/a.ts"]
        {
            assert_eq!(path(name), "src/a.ts", "{name}");
        }
        assert_eq!(path("webpack:///(ssr)/./(shop)/a.ts"), "(shop)/a.ts");
        assert_eq!(path("(shop)/a.ts"), "(shop)/a.ts");
    }

    #[test]
    fn a_place_comes_from_the_last_segment_before_it() {
        // Column 0 from line 0, column 4 from nowhere, column 8 from line 2, column 5; then the next line's column 2.
        let map = br#"{"version":3,"sources":["a"],"mappings":"AAAA,I,IAEK;EACA"}"#;
        let map = SourceMap::parse(map).unwrap();
        let places = [(0, 3), (0, 4), (0, 7), (0, 8), (0, 99), (1, 1), (1, 2), (9, 9)]
            .map(|(line, column)| MappedPlace { line, column });
        let found: Vec<Option<(u64, u64)>> = map
            .originals(&places)
            .into_iter()
            .map(|original| original.map(|(_, place)| (place.line, place.column)))
            .collect();
        let expected = [Some((0, 0)), None, None, Some((2, 5)), Some((2, 5)), None, Some((3, 5)), None];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_section_s_columns_count_from_where_it_starts() {
        let section = |line: u64, column: u64, map: &str| {
            format!(r#"{{"offset":{{"line":{line},"column":{column}}},"map":{map}}}"#)
        };
        // Line 0 and, from column 4 on, line 1 of each source; its line 5 at column 2 of the next line.
        let part =
            |name: &str| format!(r#"{{"version":3,"sources":["{name}"],"mappings":"AAAA,IACA;EAIA"}}"#);
        // On the line of the outer section's start its column is added, on a later line it is not.
        let inner = [section(0, 10, &part("b")), section(2, 10, &part("c"))].join(",");
        let inner = format!(r#"{{"version":3,"sections":[{inner}]}}"#);
        let map = [section(0, 0, &part("a")), section(1, 20, &inner)].join(",");
        let map = format!(r#"{{"version":3,"sections":[{map}]}}"#);
        let map = SourceMap::parse(map.as_bytes()).unwrap();
        let named = |(source, place): (MapSource, MappedPlace)| (map.name(source), place.line);
        let original = |line, column| map.originals(&[MappedPlace { line, column }])[0].map(named);
        let is = |name: &str, line| Some((name.to_owned(), line));
        for (place, expected) in [
            ((0, 0), is("a", 0)),
            ((1, 1), None),
            ((1, 2), is("a", 5)),
            ((1, 29), is("a", 5)),
            ((1, 30), is("b", 0)),
            ((1, 33), is("b", 0)),
            ((1, 34), is("b", 1)),
            ((2, 1), None),
            ((2, 2), is("b", 5)),
            ((3, 9), None),
            ((3, 10), is("c", 0)),
            ((3, 14), is("c", 1)),
            ((4, 1), None),
            ((4, 2), is("c", 5)),
        ] {
            assert_eq!(original(place.0, place.1), expected, "{place:?}");
        }
    }
}
