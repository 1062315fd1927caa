//! From a place in a bundle to the place in the original that it was built from, by the bundle's source map.
//!
//! Takes findings, gives those in built files a layer that names the original. Each map is read once for all findings
//! of its bundle and not kept. A map that is not there or cannot be used takes nothing away: the finding stays as it is.

use super::merge::{self, Derived};
use super::names::{is_built, source_shown, unpacked};
use super::sibling_file::SiblingFile;
use super::sibling_files::SiblingFiles;
use crate::finding::Finding;
use krea_scan_detect::LineCursor;
use krea_scan_extract::source_map::{self, MapSource, MappedPlace, SourceMap};
use krea_scan_text::map_reference::{self, Reference};
use krea_scan_text::{Layer, LayerKind};
use krea_scan_text::{charset, json_string};
use krea_scan_token::{Fingerprint, Token};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Names the originals of what is found in built files, and makes one finding of the places that came of one another.
/// Gives remarks for `-v`: maps that could not be used.
pub fn resolve(findings: &mut Vec<Finding>, files: &mut SiblingFiles<'_>) -> Vec<String> {
    let mut bundles: BTreeMap<(String, Option<String>), Vec<usize>> = BTreeMap::new();
    let mut derived = merge::in_maps(findings);
    // Whatever it is called, what has a map inside was built.
    let with_map: HashSet<String> = derived.iter().map(|derived| findings[derived.number].trail()).collect();
    for (i, finding) in findings.iter().enumerate() {
        let is_built = || is_built(finding.file_name()) || with_map.contains(&finding.trail());
        let is_in_text = finding.layers.first().is_none_or(|layer| layer.kind != LayerKind::Header);
        if is_in_text && finding.original().is_none() && is_built() {
            let commit = finding.git.as_ref().and_then(|git| git.commit.clone());
            bundles.entry((finding.trail(), commit)).or_default().push(i);
        }
    }
    let mut notes = Vec::new();
    // Bundles that evaluate their modules have a map in the line of each module.
    let in_lines: HashMap<CommittedLine, Layer> = derived
        .iter()
        .map(|derived| &findings[derived.number])
        .filter_map(|finding| Some((line_of(finding), finding.original()?.clone())))
        .collect();
    for ((trail, _), numbers) in bundles {
        files.input.look_in(findings[numbers[0]].git.as_ref());
        let map = bundle(findings, &numbers, files).unwrap_or_else(|problem| {
            notes.push(format!("{trail}: {problem}"));
            None
        });
        for number in numbers {
            let finding = &mut findings[number];
            if finding.original().is_some() {
                derived.extend(map.as_ref().map(|map| Derived::new(number, map)));
            } else if let Some(layer) = in_lines.get(&line_of(finding)) {
                finding.layers.push(layer.clone());
                derived.push(Derived::new(number, finding.file_name()));
            }
        }
    }
    merge::merge(findings, derived, files.input);
    notes
}

/// Names the originals of findings in one bundle. Gives the name of its map's file, when it has one.
fn bundle(
    findings: &mut [Finding],
    numbers: &[usize],
    files: &mut SiblingFiles<'_>,
) -> Result<Option<String>, String> {
    let first = &findings[numbers[0]].clone();
    let Some(file) = files.sibling(first, "", source_map::MAX_MAP_BYTES) else { return Ok(None) };
    if charset::utf16(&file.bytes).is_some() {
        return Ok(None);
    }
    let own = format!("{}.map", unpacked(base_name(first.file_name())));
    let (map_name, text) = match map_reference::last(&file.bytes) {
        Some(Reference::Inline(inline)) => (first.file_name().to_owned(), inline.text),
        Some(Reference::File(reference)) => {
            let candidates = [reference.as_str(), base_name(&reference), &own];
            let found =
                candidates.iter().find_map(|name| files.sibling(first, name, source_map::MAX_MAP_BYTES));
            let found = found.ok_or_else(|| format!("its source map {reference} is not there"))?;
            (name_of(&found).to_owned(), found.bytes)
        }
        None => match files.sibling(first, &own, source_map::MAX_MAP_BYTES) {
            Some(found) => (name_of(&found).to_owned(), found.bytes),
            None => return Ok(None),
        },
    };
    let map =
        SourceMap::parse(&text).ok_or_else(|| format!("its source map in {map_name} cannot be read"))?;
    let places = generated_places(findings, numbers, &file.bytes);
    let sorted: Vec<MappedPlace> = places.iter().map(|(_, place)| *place).collect();
    let once = only_once_in(findings, first, &map_name);
    let mut by_source: BTreeMap<MapSource, Vec<(usize, MappedPlace)>> = BTreeMap::new();
    for ((number, _), original) in places.iter().zip(map.originals(&sorted)) {
        match original {
            Some((source, place)) => by_source.entry(source).or_default().push((*number, place)),
            None => {
                findings[*number].layers.extend(once.get(&findings[*number].token.fingerprint()).cloned())
            }
        }
    }
    for (source, mut places) in by_source {
        places.sort_unstable_by_key(|&(number, place)| (place, number));
        let name = map.name(source);
        let content = match map.content(source) {
            Some(range) => Some(json_string::text(&text[range])),
            None => files.sibling(first, &name, source_map::MAX_MAP_BYTES).map(|original| original.bytes),
        };
        let mut original = Original::new(content.as_deref().unwrap_or_default());
        let name = source_shown(&map_name, &name);
        for (number, place) in places {
            let finding = &mut findings[number];
            let fingerprint = finding.token.fingerprint();
            let exact = original.nearest(&finding.token, place.line);
            let (line, column, code) = original.place(place);
            let layer = match (exact, once.get(&fingerprint)) {
                // A constant from another source, and not the value of a variable.
                (None, Some(layer)) if !asks_environment(code) => layer.clone(),
                (exact, _) => {
                    let (line, column) = exact.unwrap_or((line, column));
                    layer(name.clone(), line, column)
                }
            };
            finding.layers.push(layer);
        }
    }
    Ok(Some(map_name))
}

/// The places of findings in the bundle, as source maps count them, sorted.
fn generated_places(findings: &[Finding], numbers: &[usize], bytes: &[u8]) -> Vec<(usize, MappedPlace)> {
    let mut offsets: Vec<(usize, usize)> = numbers
        .iter()
        .map(|&number| (findings[number].location.byte_offset as usize, number))
        .filter(|&(offset, _)| offset <= bytes.len())
        .collect();
    offsets.sort_unstable();
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut place = MappedPlace::default();
    let mut places = Vec::with_capacity(offsets.len());
    for (offset, number) in offsets {
        let mut piece = bytes.get(at..offset).unwrap_or_default();
        if let Some(last) = memchr::memrchr(b'\n', piece) {
            place.line += memchr::memchr_iter(b'\n', piece).count() as u64;
            place.column = 0;
            piece = &piece[last + 1..];
        }
        place.column += units(piece);
        at = at.max(offset);
        places.push((number, place));
    }
    places
}

/// How many units of UTF-16 some bytes are, each byte that is no UTF-8 counted as one.
fn units(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() {
        return bytes.len() as u64;
    }
    let units = |chunk: std::str::Utf8Chunk<'_>| chunk.valid().encode_utf16().count() + chunk.invalid().len();
    bytes.utf8_chunks().map(units).sum::<usize>() as u64
}

/// The text of an original, asked for places line by line.
struct Original<'c> {
    content: &'c [u8],
    /// The line, from 0, that starts at this offset.
    line: (u64, usize),
    /// Where tokens are: lines and columns from 1, columns in characters.
    tokens: HashMap<Fingerprint, Vec<(u64, u64)>>,
}

impl<'c> Original<'c> {
    fn new(content: &'c [u8]) -> Self {
        Original { content, line: (0, 0), tokens: HashMap::new() }
    }

    /// Line and column of the copy of a token that is nearest to a line (from 0).
    fn nearest(&mut self, token: &Token, line: u64) -> Option<(u64, u64)> {
        let content = self.content;
        let copies = self.tokens.entry(token.fingerprint()).or_insert_with(|| {
            let (mut cursor, mut at) = (LineCursor::default(), 0);
            let copies = memchr::memmem::find_iter(content, token.expose()).map(|found| {
                cursor.advance(&content[at..found], None);
                at = found;
                let place = cursor.position();
                (place.line, place.column)
            });
            copies.collect()
        });
        let line = line.saturating_add(1);
        let next = copies.partition_point(|&(of, _)| of < line);
        let around = [next.checked_sub(1), Some(next)].into_iter().flatten();
        around.filter_map(|i| copies.get(i)).min_by_key(|(of, _)| of.abs_diff(line)).copied()
    }

    /// A place as people count, from 1 and in characters, and what its line says from there on. The lines asked for must
    /// rise.
    fn place(&mut self, place: MappedPlace) -> (u64, u64, &'c str) {
        let (mut at, mut start) = self.line;
        while at < place.line
            && let Some(end) = memchr::memchr(b'\n', &self.content[start..])
        {
            (at, start) = (at + 1, start + end + 1);
        }
        self.line = (at, start);
        let line = place.line.saturating_add(1);
        let text = &self.content[start..];
        let text = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
        let text = std::str::from_utf8(text).ok().filter(|text| at == place.line && !text.is_empty());
        let Some(text) = text else { return (line, place.column.saturating_add(1), "") };
        let (mut units, mut column) = (0, 1);
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).chars();
        while units < place.column
            && let Some(c) = rest.next()
        {
            units += c.len_utf16() as u64;
            column += 1;
        }
        (line, column, rest.as_str())
    }
}

/// Whether a piece of source code asks for a variable of the environment, which a bundler puts in as a literal.
fn asks_environment(code: &str) -> bool {
    ["import.meta.", "process.env"].iter().any(|name| code.contains(name))
}

/// What a map says of tokens that it holds once: its mappings lead elsewhere when a bundler put a constant from one file
/// into another.
fn only_once_in(findings: &[Finding], bundle: &Finding, map: &str) -> HashMap<Fingerprint, Layer> {
    let outer = if bundle.file_name() == bundle.location.path { map } else { &bundle.location.path };
    let mut once: HashMap<Fingerprint, Option<&Layer>> = HashMap::new();
    for finding in findings {
        if finding.file_name() == map
            && finding.location.path == outer
            && finding.commit() == bundle.commit()
            && let Some(layer) = finding.original()
        {
            let seen = once.entry(finding.token.fingerprint());
            seen.and_modify(|first| *first = None).or_insert(Some(layer));
        }
    }
    once.into_iter().filter_map(|(token, layer)| Some((token, layer?.clone()))).collect()
}

/// What stands in one line of one file, in one commit.
type CommittedLine = (String, Option<String>, u64, Fingerprint);

fn line_of(finding: &Finding) -> CommittedLine {
    let commit = finding.commit().map(str::to_owned);
    (finding.trail(), commit, finding.location.line, finding.token.fingerprint())
}

fn layer(name: String, line: u64, column: u64) -> Layer {
    Layer { kind: LayerKind::SourceMap, name, line: Some(line), column: Some(column) }
}

/// The name of a file in its container, or its path.
fn name_of(file: &SiblingFile) -> &str {
    let named = file.layers.iter().rev().find(|layer| !layer.name.is_empty());
    named.map_or(&file.path, |layer| &layer.name)
}

/// The last part of a path or an address.
fn base_name(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_units_and_in_characters() {
        assert_eq!(units("a\u{1f600}\u{e9}".as_bytes()), 4);
        assert_eq!(units(b"a\xff\xfe"), 3);
        let content = "one\n\u{1f600}\u{1f600}key\n".as_bytes();
        let at = |content, line, column| Original::new(content).place(MappedPlace { line, column });
        assert_eq!(at(content, 1, 4), (2, 3, "key"));
        assert_eq!(at(content, 1, 99), (2, 6, ""));
        assert_eq!(at(b"", 1, 4), (2, 5, ""));
        assert_eq!(at(content, u64::MAX, 1).1, 2);
    }

    #[test]
    fn the_copy_that_is_nearest_counts() {
        let token = |text: &str| Token::new(krea_scan_token::TokenKind::Legacy, text.as_bytes());
        let mut original = Original::new(b"key\n\n\n  key\nkey");
        let mut nearest = |text: &str, line| original.nearest(&token(text), line);
        assert_eq!(nearest("key", 0), Some((1, 1)));
        assert_eq!(nearest("key", 2), Some((4, 3)));
        assert_eq!(nearest("key", 99), Some((5, 1)));
        assert_eq!(nearest("nothing", 0), None);
    }

    #[test]
    fn built_files_are_told_by_their_names() {
        for name in ["app.js", "app.mjs?v=1", "app.css.gz", "index.android.bundle"] {
            assert!(is_built(name), "{name}");
        }
        assert!(!is_built("app.js.map") && !is_built("app.ts"));
    }
}
