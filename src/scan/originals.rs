//! From a place in a bundle to the place in the original that it was built from, by the bundle's source map.
//!
//! Takes findings, gives those in built files a layer that names the original. Each map is read once for all findings
//! of its bundle and not kept. A map that is not there or cannot be used takes nothing away: the finding stays as it is.

use super::Input;
use super::beside::Beside;
use super::merge::{self, Derived};
use super::sources::shown;
use crate::detect::{characters, position};
use crate::finding::{Finding, Layer, SOURCE_MAP};
use crate::unpack::map_reference::{self, Reference};
use crate::unpack::source_map::{self, Place, Source, SourceMap};
use crate::unpack::{charset, json_string};
use std::collections::{BTreeMap, HashMap};

/// Bundles whose maps are looked for in one container. Each look goes through the container.
const MOST_IN_CONTAINER: usize = 64;

/// Names the originals of what is found in built files, and makes one finding of the places that came of one another.
/// Gives remarks for `-v`: maps that could not be used.
pub fn resolve(findings: &mut Vec<Finding>, input: &mut dyn Input) -> Vec<String> {
    let mut bundles: BTreeMap<(String, Option<String>), Vec<usize>> = BTreeMap::new();
    for (i, finding) in findings.iter().enumerate() {
        if finding.original().is_none() && is_built(finding.file_name()) {
            let commit = finding.git.as_ref().and_then(|git| git.commit.clone());
            bundles.entry((finding.trail(), commit)).or_default().push(i);
        }
    }
    let mut notes = Vec::new();
    let mut derived = merge::in_maps(findings);
    let mut looks: HashMap<String, usize> = HashMap::new();
    for ((trail, _), numbers) in bundles {
        let first = &findings[numbers[0]];
        input.look_in(first.git.as_ref());
        if first.file_name() != first.location.path {
            let looks = looks.entry(first.location.path.clone()).or_default();
            *looks += 1;
            if *looks > MOST_IN_CONTAINER {
                notes.push(format!(
                    "{trail}: its source map was not looked for, after {MOST_IN_CONTAINER} others"
                ));
                continue;
            }
        }
        match bundle(findings, &numbers, input) {
            Ok(Some(map)) => {
                derived.extend(numbers.iter().map(|&number| Derived::new(number, &map)));
            }
            Ok(None) => {}
            Err(problem) => notes.push(format!("{trail}: {problem}")),
        }
        for &number in &numbers {
            if findings[number].original().is_none()
                && let Some(layer) = on_its_line(findings, number)
            {
                findings[number].layers.push(layer);
                derived.push(Derived::new(number, findings[number].file_name()));
            }
        }
    }
    derived.retain(|derived| findings[derived.number].original().is_some());
    merge::merge(findings, derived, input);
    notes
}

/// Whether a file's name says that a build may have made it.
fn is_built(name: &str) -> bool {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    let packed = [".gz", ".br", ".zst", ".xz", ".bz2"].iter().find_map(|ending| name.strip_suffix(ending));
    let name = packed.unwrap_or(name);
    [".js", ".mjs", ".cjs", ".jsx", ".css", ".bundle"].iter().any(|ending| name.ends_with(ending))
}

/// Names the originals of findings in one bundle. Gives the name of its map's file, when it has one.
fn bundle(
    findings: &mut [Finding],
    numbers: &[usize],
    input: &mut dyn Input,
) -> Result<Option<String>, String> {
    let first = &findings[numbers[0]];
    let (path, layers) = (first.location.path.clone(), first.layers.clone());
    let Some(file) = input.beside(&path, &layers, "", source_map::MOST) else { return Ok(None) };
    if charset::utf16(&file.bytes).is_some() {
        return Ok(None);
    }
    let own = format!("{}.map", base_name(first.file_name()));
    let (map_name, text) = match map_reference::last(&file.bytes) {
        Some(Reference::Inline(inline)) => (first.file_name().to_owned(), inline.text),
        Some(Reference::File(reference)) => {
            let candidates = [reference.as_str(), base_name(&reference), &own];
            let found =
                candidates.iter().find_map(|name| input.beside(&path, &layers, name, source_map::MOST));
            let found = found.ok_or_else(|| format!("its source map {reference} is not there"))?;
            (name_of(&found).to_owned(), found.bytes)
        }
        None => match input.beside(&path, &layers, &own, source_map::MOST) {
            Some(found) => (name_of(&found).to_owned(), found.bytes),
            None => return Ok(None),
        },
    };
    let map =
        SourceMap::parse(&text).ok_or_else(|| format!("its source map in {map_name} cannot be read"))?;
    let places = generated_places(findings, numbers, &file.bytes);
    let sorted: Vec<Place> = places.iter().map(|(_, place)| *place).collect();
    let mut contents: HashMap<Source, Option<Vec<u8>>> = HashMap::new();
    for ((number, _), original) in places.iter().zip(map.originals(&sorted)) {
        let of_map = only_in_map(findings, *number, &map_name);
        let Some((source, place)) = original else {
            findings[*number].layers.extend(of_map);
            continue;
        };
        if contents.len() > 16 && !contents.contains_key(&source) {
            contents.clear();
        }
        let content = contents.entry(source).or_insert_with(|| match map.content(source) {
            Some(range) => Some(json_string::text(&text[range])),
            None => input
                .beside(&path, &layers, &map.name(source), source_map::MOST)
                .map(|original| original.bytes),
        });
        let finding = &findings[*number];
        let exact = content.as_ref().and_then(|content| nearest(content, finding.token.expose(), place.line));
        let layer = match (exact, of_map) {
            (None, Some(layer)) => layer,
            (exact, _) => {
                let (line, column) = exact.unwrap_or_else(|| in_characters(content.as_deref(), place));
                layer(shown(&map_name, &map.name(source)), line, column)
            }
        };
        findings[*number].layers.push(layer);
    }
    Ok(Some(map_name))
}

/// The places of findings in the bundle, as source maps count them, sorted.
fn generated_places(findings: &[Finding], numbers: &[usize], bytes: &[u8]) -> Vec<(usize, Place)> {
    let mut offsets: Vec<(usize, usize)> = numbers
        .iter()
        .map(|&number| (findings[number].location.byte_offset as usize, number))
        .filter(|&(offset, _)| offset <= bytes.len())
        .collect();
    offsets.sort_unstable();
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut place = Place::default();
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

/// Line and column, from 1 and in characters, of the copy of a token that is nearest to a line (from 0) of an original.
fn nearest(content: &[u8], token: &[u8], line: u64) -> Option<(u64, u64)> {
    /// An original that holds one token more often is not searched to its end.
    const MOST: usize = 1000;
    let (mut at, mut here, mut best) = (0, 0u64, None);
    for found in memchr::memmem::find_iter(content, token).take(MOST) {
        here += memchr::memchr_iter(b'\n', &content[at..found]).count() as u64;
        at = found;
        if best.is_none_or(|(distance, _)| here.abs_diff(line) < distance) {
            best = Some((here.abs_diff(line), found));
        }
    }
    let place = position(content, None, best?.1);
    Some((place.line, place.column))
}

/// A place in an original as people count: from 1 and in characters.
fn in_characters(content: Option<&[u8]>, place: Place) -> (u64, u64) {
    let line = place.line.saturating_add(1);
    let text = usize::try_from(place.line)
        .ok()
        .and_then(|line| content.and_then(|content| content.split(|&b| b == b'\n').nth(line)));
    let Some(text) = text else { return (line, place.column.saturating_add(1)) };
    let mut left = place.column;
    let text = String::from_utf8_lossy(text);
    let before = text.trim_start_matches('\u{feff}').chars().take_while(|c| {
        let length = c.len_utf16() as u64;
        let fits = left >= length;
        left = left.saturating_sub(length);
        fits
    });
    (line, characters(before.collect::<String>().as_bytes()) + 1)
}

/// What a map says of a token that it holds once: its mappings lead elsewhere when a bundler put a constant from one
/// file into another.
fn only_in_map(findings: &[Finding], number: usize, map_name: &str) -> Option<Layer> {
    let finding = &findings[number];
    let mut same = findings.iter().filter(|other| {
        other.token == finding.token
            && other.file_name() == map_name
            && other.location.path == merge::outer_of(finding, map_name)
            && other.commit() == finding.commit()
    });
    let only = same.next().and_then(Finding::original).cloned();
    only.filter(|_| same.next().is_none())
}

/// What a map in the same line of the same file says of the token: bundles that evaluate their modules have one for each.
fn on_its_line(findings: &[Finding], number: usize) -> Option<Layer> {
    let finding = &findings[number];
    let same = |other: &&Finding| {
        other.token == finding.token
            && other.location.line == finding.location.line
            && other.trail() == finding.trail()
            && other.commit() == finding.commit()
    };
    findings.iter().filter(same).find_map(|other| other.original()).cloned()
}

fn layer(name: String, line: u64, column: u64) -> Layer {
    Layer { kind: SOURCE_MAP.to_owned(), name, line: Some(line), column: Some(column) }
}

/// The name of a file in its container, or its path.
fn name_of(file: &Beside) -> &str {
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
        assert_eq!(in_characters(Some(content), Place { line: 1, column: 4 }), (2, 3));
        assert_eq!(in_characters(None, Place { line: 1, column: 4 }), (2, 5));
        assert_eq!(in_characters(Some(content), Place { line: u64::MAX, column: 1 }).1, 2);
    }

    #[test]
    fn the_copy_that_is_nearest_counts() {
        let content = b"key\n\n\n  key\nkey";
        assert_eq!(nearest(content, b"key", 0), Some((1, 1)));
        assert_eq!(nearest(content, b"key", 3), Some((4, 3)));
        assert_eq!(nearest(content, b"key", 99), Some((5, 1)));
        assert_eq!(nearest(content, b"nothing", 0), None);
    }

    #[test]
    fn built_files_are_told_by_their_names() {
        for name in ["app.js", "app.mjs?v=1", "app.css.gz", "index.android.bundle"] {
            assert!(is_built(name), "{name}");
        }
        assert!(!is_built("app.js.map") && !is_built("app.ts"));
    }
}
