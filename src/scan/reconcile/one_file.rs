//! What is told of one file, of which several texts were looked at.

use super::ocr_vote;
use crate::finding::Finding;
use crate::scan::file::{FileViews, Role, Sighting, View};
use crate::scan::results::{ScanResults, allowance, place_of};
use krea_scan_extract::container::{Relation, Scope};
use krea_scan_text::containers;
use krea_scan_token::Fingerprint;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

/// Moves what was seen in a file to what was found, each token in each place once.
pub fn one_file(views: &mut FileViews, found: &mut ScanResults) {
    let mut told = Told::new(std::mem::take(&mut views.sightings));
    if told.sightings.is_empty() {
        return views.clear();
    }
    for (number, view) in views.inmost_first() {
        let inside = || views.inside(number);
        match &view.role {
            Role::Scope(Scope::File) => {
                for own in inside() {
                    let behind = own.sightings.end..view.sightings.end;
                    match own.role {
                        Role::Text(Relation::Packed) => told.prefer(behind, own.sightings.clone(), |_| false),
                        Role::Text(Relation::Text) => {
                            told.prefer(behind, own.sightings.clone(), stands_in_text);
                        }
                        _ => {}
                    }
                }
            }
            Role::Scope(Scope::Document) => {
                let is_text = |view: &&View| view.role == Role::Scope(Scope::DocumentText);
                let is_part = |view: &&View| view.role == Role::Text(Relation::Part);
                if let Some(text) = inside().find(is_text) {
                    let parts = inside().filter(is_part).flat_map(|part| part.sightings.clone());
                    told.prefer(text.sightings.clone(), parts, |_| false);
                }
            }
            Role::Text(_) => {
                if let Some(first) = inside().next() {
                    told.prefer_sources(inside(), view.sightings.start..first.sightings.start);
                }
            }
            Role::Scope(Scope::DocumentText) | Role::Source(_) => {}
        }
    }
    let mut findings = Vec::new();
    for Sighting { finding, allowed } in told.sightings.into_iter().flatten() {
        match allowed {
            Some(allowed) => {
                found.withheld.extend(finding.all_readings().cloned());
                found.allowed.insert(place_of(&finding), allowance(&finding, allowed));
            }
            None => findings.push(finding),
        }
    }
    ocr_vote::keep_best(&mut findings, &mut found.withheld);
    findings.into_iter().for_each(|finding| found.find(finding));
    views.clear();
}

/// Whether a token stands in a text that people write, letter by letter.
fn stands_in_text(finding: &Finding) -> bool {
    finding.layers[containers(&finding.layers)..].iter().all(|layer| layer.is_name())
}

/// What was seen in a file, but for what another text shows better.
struct Told {
    sightings: Vec<Option<Sighting>>,
}

impl Told {
    fn new(sightings: Vec<Sighting>) -> Self {
        Told { sightings: sightings.into_iter().map(Some).collect() }
    }

    fn findings(&self, range: Range<usize>) -> impl Iterator<Item = &Finding> + Clone {
        self.sightings[range].iter().flatten().map(|seen| &seen.finding)
    }

    /// Leaves out of `outer` what the texts that showed `inner` show better, but for what is told for itself.
    fn prefer(
        &mut self,
        inner: Range<usize>,
        outer: impl IntoIterator<Item = usize>,
        is_told: impl Fn(&Finding) -> bool,
    ) {
        let outer: Vec<usize> = outer.into_iter().filter(|&at| self.sightings[at].is_some()).collect();
        if outer.is_empty() || inner.is_empty() {
            return;
        }
        let inner = InnerTokens::of(self.findings(inner));
        let is_better = |finding: &Finding| {
            inner.has_guessed(finding) || (!is_told(finding) && inner.has(finding.token.expose()))
        };
        let is_gone = |at: &usize| self.sightings[*at].as_ref().is_some_and(|seen| is_better(&seen.finding));
        let gone: Vec<usize> = outer.into_iter().filter(is_gone).collect();
        drop(inner);
        gone.into_iter().for_each(|at| self.sightings[at] = None);
    }

    /// Leaves out of `outer`, the sightings in a text, what the sources of the maps in it show.
    fn prefer_sources<'v>(&mut self, sources: impl Iterator<Item = &'v View>, outer: Range<usize>) {
        let mut places: HashSet<(Fingerprint, u64)> = HashSet::new();
        // Maps in `data:` URLs: from where to where, and their tokens.
        let mut runs: BTreeMap<u64, (u64, HashSet<Fingerprint>)> = BTreeMap::new();
        for source in sources {
            let findings = self.findings(source.sightings.clone());
            match &source.role {
                Role::Source(Some(run)) => {
                    let (_, tokens) = runs.entry(run.start).or_insert_with(|| (run.end, HashSet::new()));
                    tokens.extend(findings.map(|finding| finding.token.fingerprint()));
                }
                _ => places.extend(findings.map(place)),
            }
        }
        let is_shown = |finding: &Finding| {
            let (token, offset) = place(finding);
            let run = runs.range(..=offset).next_back();
            let is_in_run = run.is_some_and(|(_, (end, tokens))| offset < *end && tokens.contains(&token));
            is_in_run || places.contains(&(token, offset))
        };
        for seen in &mut self.sightings[outer] {
            if seen.as_ref().is_some_and(|seen| is_shown(&seen.finding)) {
                *seen = None;
            }
        }
    }
}

fn place(finding: &Finding) -> (Fingerprint, u64) {
    (finding.token.fingerprint(), finding.location.byte_offset)
}

/// The tokens in the texts inside a container.
struct InnerTokens<'f> {
    tokens: BTreeSet<&'f [u8]>,
    /// Sorted by their letters from the last one on.
    by_end: Vec<&'f [u8]>,
    ids: BTreeSet<&'f [u8]>,
}

impl<'f> InnerTokens<'f> {
    fn of(findings: impl Iterator<Item = &'f Finding> + Clone) -> Self {
        let tokens: BTreeSet<&[u8]> = findings.clone().map(|finding| finding.token.expose()).collect();
        let mut by_end: Vec<&[u8]> = tokens.iter().copied().collect();
        by_end.sort_unstable_by(|a, b| a.iter().rev().cmp(b.iter().rev()));
        InnerTokens { tokens, by_end, ids: findings.filter_map(|finding| finding.token.id()).collect() }
    }

    /// Whether a token is one of them, or as much of one as can be seen from outside.
    fn has(&self, token: &[u8]) -> bool {
        let runs_on = self.tokens.range(..=token).next_back().is_some_and(|inner| token.starts_with(inner));
        let is_cut = self.tokens.range(token..).next().is_some_and(|inner| inner.starts_with(token));
        // The `=` before a token is no escape in a mail that is read as it is meant.
        let next = self.by_end.partition_point(|inner| inner.iter().rev().lt(token.iter().rev()));
        let is_end = || self.by_end.get(next).is_some_and(|inner| inner.ends_with(token));
        runs_on || is_cut || is_end()
    }

    /// Whether a token that was put together from outside is a guess at one of them.
    fn has_guessed(&self, finding: &Finding) -> bool {
        finding.is_guess() && finding.token.id().is_some_and(|id| self.ids.contains(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{Tokens, finding};
    use krea_scan_text::{Layer, LayerKind};
    use krea_scan_token::Token;

    /// Texts as they are opened one in the other, and what is seen in them.
    enum Seen {
        Open(Role),
        Close,
        /// A token at a byte offset, by what was undone to read it.
        Token(Token, u64, Option<LayerKind>),
    }
    use Seen::{Close, Open};

    /// What is told: each token's place, and by what it was read.
    fn told(seen: Vec<Seen>) -> Vec<(u64, Option<LayerKind>)> {
        let mut views = FileViews::default();
        for seen in seen {
            match seen {
                Open(role) => views.open(role),
                Close => views.close(),
                Seen::Token(token, offset, undone) => {
                    let mut finding = finding(token, "a");
                    finding.location.byte_offset = offset;
                    finding.layers.extend(undone.map(Layer::unnamed));
                    views.sightings.push(Sighting { finding, allowed: None });
                }
            }
        }
        let mut found = ScanResults::default();
        one_file(&mut views, &mut found);
        let place = |finding: &Finding| {
            (finding.location.byte_offset, finding.layers.first().map(|layer| layer.kind))
        };
        found.findings.iter().map(place).collect()
    }

    fn text(relation: Relation) -> Seen {
        Open(Role::Text(relation))
    }

    fn scope(scope: Scope) -> Seen {
        Open(Role::Scope(scope))
    }

    /// A token seen at 1 in a text that relates so, and at 2 in what follows in its scope.
    fn in_two_texts(relation: Relation, undone: Option<LayerKind>) -> Vec<(u64, Option<LayerKind>)> {
        let token = Tokens::new().pair();
        told(vec![
            scope(Scope::File),
            text(relation),
            Seen::Token(token.clone(), 1, undone),
            Close,
            text(Relation::Only),
            Seen::Token(token, 2, None),
            Close,
            Close,
        ])
    }

    #[test]
    fn of_a_container_what_is_in_it_is_told() {
        assert_eq!(in_two_texts(Relation::Packed, None), [(2, None)]);
    }

    #[test]
    fn of_a_text_that_holds_more_both_are_told_unless_it_is_the_same_letters_encoded() {
        assert_eq!(in_two_texts(Relation::Text, None), [(1, None), (2, None)]);
        assert_eq!(in_two_texts(Relation::Text, Some(LayerKind::Base64)), [(2, None)]);
    }

    #[test]
    fn texts_that_are_only_beside_each_other_are_both_told() {
        assert_eq!(in_two_texts(Relation::Only, None), [(1, None), (2, None)]);
    }

    #[test]
    fn of_a_document_its_text_is_told_and_what_its_text_does_not_say() {
        let mut tokens = Tokens::new();
        let (both, stored) = (tokens.pair(), tokens.pair());
        let seen = vec![
            scope(Scope::Document),
            text(Relation::Part),
            Seen::Token(both.clone(), 1, None),
            Seen::Token(stored, 2, None),
            Close,
            // A file in it is no part.
            text(Relation::Only),
            Seen::Token(both.clone(), 3, None),
            Close,
            scope(Scope::DocumentText),
            text(Relation::Only),
            Seen::Token(both, 4, None),
            Close,
            Close,
            Close,
        ];
        assert_eq!(told(seen), [(2, None), (3, None), (4, None)]);
    }

    #[test]
    fn one_document_says_nothing_of_another() {
        let token = Tokens::new().pair();
        let document = |at| {
            let seen = Seen::Token(token.clone(), at, None);
            [scope(Scope::Document), text(Relation::Part), seen, Close, Close]
        };
        assert_eq!(told(document(1).into_iter().chain(document(2)).collect()), [(1, None), (2, None)]);
    }

    #[test]
    fn of_a_map_its_source_is_told_where_both_show_the_same_place() {
        let token = Tokens::new().pair();
        let map = |role| {
            vec![
                text(Relation::Only),
                Seen::Token(token.clone(), 5, None),
                Seen::Token(token.clone(), 50, None),
                Open(role),
                Seen::Token(token.clone(), 5, Some(LayerKind::SourceMap)),
                Close,
                Close,
            ]
        };
        let source = (5, Some(LayerKind::SourceMap));
        assert_eq!(told(map(Role::Source(None))), [(50, None), source]);
        // A map in a `data:` URL from 0 to 10, and one from 40 to 60.
        assert_eq!(told(map(Role::Source(Some(0..10)))), [(50, None), source]);
        assert_eq!(told(map(Role::Source(Some(40..60)))), [(5, None), source]);
    }

    #[test]
    fn what_runs_into_its_neighbours_outside_is_the_token_inside() {
        let inner = Tokens::new().pair();
        let whole = inner.expose().to_vec();
        for outer in [[&whole[..], b"5f"].concat(), whole[..whole.len() - 1].to_vec()] {
            let outer = Token::new(inner.kind(), &outer);
            let seen = vec![
                scope(Scope::File),
                text(Relation::Packed),
                Seen::Token(outer, 1, None),
                Close,
                text(Relation::Only),
                Seen::Token(inner.clone(), 2, None),
                Close,
                Close,
            ];
            assert_eq!(told(seen), [(2, None)]);
        }
    }
}
