//! One finding instead of three: a token in an original, in the bundle that was built from it, and in the map between
//! them. The original is the finding if it was scanned, otherwise the bundle; the rest is where it went ([`DerivedLocation`]).
//!
//! Only places of one token come together, and in a history only those of one commit. What is not certain stays a finding
//! of its own.

use crate::finding::{DerivedLocation, Finding};
use crate::scan::{Input, order};
use krea_scan_extract::source_map;
use krea_scan_text::Layer;
use krea_scan_token::Fingerprint;
use std::collections::{HashMap, HashSet};

/// A finding that came from an original.
#[derive(Debug)]
pub struct Derived {
    /// Its number among the findings.
    pub number: usize,
    /// The folder of the map that says so.
    folder: String,
    /// Whether it is in the map itself.
    is_map: bool,
}

impl Derived {
    /// A finding in a bundle, by the map of this name.
    pub fn new(number: usize, map: &str) -> Self {
        Derived { number, folder: folder(map).to_owned(), is_map: false }
    }
}

/// The findings that are in source maps.
pub fn in_maps(findings: &[Finding]) -> Vec<Derived> {
    let maps = findings.iter().enumerate().filter(|(_, finding)| finding.original().is_some());
    maps.map(|(number, finding)| Derived { is_map: true, ..Derived::new(number, finding.file_name()) })
        .collect()
}

/// What came from one place of one original that was not scanned: the token, the commit, the container, the map's folder,
/// and the place.
type Origin<'f> = (Fingerprint, Option<&'f str>, Vec<&'f Layer>, &'f str, &'f Layer);

/// Merges findings that came of one another.
pub fn merge(findings: &mut Vec<Finding>, mut derived: Vec<Derived>, input: &mut dyn Input) {
    // Bundles before maps: the first of several is the finding where the original is none.
    derived
        .sort_by(|a, b| (a.is_map, order(&findings[a.number])).cmp(&(b.is_map, order(&findings[b.number]))));
    let numbers: HashSet<usize> = derived.iter().map(|derived| derived.number).collect();
    // Findings in no built file, by token and line.
    let mut plain: HashMap<(Fingerprint, u64), Vec<usize>> = HashMap::new();
    for (number, finding) in findings.iter().enumerate().filter(|(number, _)| !numbers.contains(number)) {
        plain.entry((finding.token.fingerprint(), finding.location.line)).or_default().push(number);
    }
    // For each finding that goes into another one, that one.
    let mut into: Vec<(usize, usize)> = Vec::new();
    let mut first: HashMap<Origin<'_>, usize> = HashMap::new();
    let mut there: HashMap<(Option<String>, String), bool> = HashMap::new();
    let mut is_there = |name: &str, finding: &Finding| {
        let key = (finding.commit().map(str::to_owned), name.to_owned());
        *there.entry(key).or_insert_with(|| {
            input.look_in(finding.git.as_ref());
            input.sibling(name, &[], "", source_map::MAX_MAP_BYTES).is_some()
        })
    };
    for Derived { number, folder, .. } in &derived {
        let finding = &findings[*number];
        let Some(place) = finding.original() else { continue };
        let at = (finding.token.fingerprint(), place.line.unwrap_or_default());
        let candidates = plain.get(&at).map_or(&[][..], Vec::as_slice);
        if let Some(original) = original(findings, candidates, finding, &mut is_there) {
            into.push((*number, original));
            continue;
        }
        let container = container(finding);
        let origin = (finding.token.fingerprint(), finding.commit(), container, folder.as_str(), place);
        match first.get(&origin) {
            Some(&kept) if is_alike(&findings[kept], finding) => into.push((*number, kept)),
            Some(_) => {}
            None => drop(first.insert(origin, *number)),
        }
    }
    drop(first);
    for &(from, to) in &into {
        let via = DerivedLocation {
            location: findings[from].location.clone(),
            layers: findings[from].layers.clone(),
        };
        let surer = (findings[from].confidence > findings[to].confidence
            || (findings[to].is_copy && !findings[from].is_copy))
            .then(|| findings[from].clone());
        let readings = findings[from].readings.clone();
        let kept = &mut findings[to];
        // The same text for certain in one place is no guess in the other.
        if readings.doubt().is_none() && kept.readings.doubt().is_some() {
            kept.readings = readings;
        }
        if let Some(surer) = surer {
            (kept.rule, kept.confidence) = (surer.rule, surer.confidence);
            (kept.context, kept.is_copy) = (surer.context, surer.is_copy);
        }
        kept.via.push(via);
    }
    let gone: HashSet<usize> = into.iter().map(|&(from, _)| from).collect();
    let mut number = 0;
    findings.retain(|_| {
        number += 1;
        !gone.contains(&(number - 1))
    });
}

/// The finding, among candidates of the same token and line, that is the original of a derived one: the file that the
/// map names, or the only one whose path ends as the name of the source does.
fn original(
    findings: &[Finding],
    candidates: &[usize],
    finding: &Finding,
    mut is_there: impl FnMut(&str, &Finding) -> bool,
) -> Option<usize> {
    let place = finding.original()?;
    let mut fitting: Vec<usize> =
        candidates.iter().copied().filter(|&number| is_alike(&findings[number], finding)).collect();
    // A line may hold a token twice.
    let is_elsewhere = |number: usize| Some(findings[number].location.column) != place.column;
    fitting.sort_by_key(|&number| (is_elsewhere(number), number));
    let is_inside = |other: &Finding| other.file_name() != other.location.path;
    let in_same = |other: &Finding| {
        container(other) == container(finding)
            && is_inside(other) == is_inside(finding)
            && (!is_inside(other) || other.location.path == finding.location.path)
    };
    let is_exact = |other: &Finding| other.file_name() == place.name && in_same(other);
    if let Some(&exact) = fitting.iter().find(|&&number| is_exact(&findings[number])) {
        return Some(exact);
    }
    // The file that the map names is there, and does not hold the token at that line: no other one is it.
    if fitting.is_empty() || (!is_inside(finding) && is_there(&place.name, finding)) {
        return None;
    }
    let score = |number: usize| {
        let other = &findings[number];
        // An archive elsewhere is no place of originals.
        if is_inside(other) && !in_same(other) {
            return None;
        }
        let common = common_end(other.file_name(), &place.name)?;
        Some((common, common_start(other.file_name(), finding.file_name())))
    };
    let scored: Vec<_> = fitting.iter().filter_map(|&number| Some((score(number)?, number))).collect();
    let best = scored.iter().map(|&(score, _)| score).max()?;
    let mut best = scored.iter().filter(|&&(score, _)| score == best).map(|&(_, number)| number);
    let number = best.next()?;
    best.all(|other| findings[other].trail() == findings[number].trail()).then_some(number)
}

/// Whether two findings may be one: of the same commit, and as much alive in it.
fn is_alike(a: &Finding, b: &Finding) -> bool {
    let life = |finding: &Finding| finding.git.as_ref().map(|git| (git.in_head, git.reachable));
    a.commit() == b.commit() && life(a) == life(b)
}

/// The way to the container that holds a finding's file.
fn container(finding: &Finding) -> Vec<&Layer> {
    let named = finding.layers.iter().rposition(Layer::is_member);
    finding.layers[..named.unwrap_or(0)].iter().collect()
}

/// How many parts two paths have in common at their ends; `None` when that says nothing: it must be all of one path, or
/// two parts.
fn common_end(path: &str, source: &str) -> Option<usize> {
    let (path, source) = (source_map::path(path), source_map::path(source));
    let common = path.rsplit('/').zip(source.rsplit('/')).take_while(|(a, b)| a == b).count();
    let all = path.split('/').count().min(source.split('/').count());
    (common > 0 && (common == all || common >= 2)).then_some(common)
}

/// How many parts two paths have in common at their starts.
fn common_start(a: &str, b: &str) -> usize {
    source_map::path(a).split('/').zip(source_map::path(b).split('/')).take_while(|(a, b)| a == b).count()
}

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |end| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_from_their_ends() {
        assert_eq!(common_end("packages/a/src/krea.ts", "webpack://a/./src/krea.ts"), Some(2));
        assert_eq!(common_end("krea.ts", "/home/me/src/krea.ts"), Some(1));
        assert_eq!(common_end("lib/krea.ts", "src/krea.ts"), None);
        assert_eq!(common_end("src/fal.ts", "src/krea.ts"), None);
        assert_eq!(common_start("packages/a/src/x.ts", "packages/a/dist/x.js"), 2);
    }
}
