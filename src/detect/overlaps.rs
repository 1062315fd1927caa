//! Which of several matches in one place counts.

use super::Match;
use crate::finding::{Confidence, Readings, Token};
use crate::rules::Rule;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

/// How much a match is to be preferred over others in the same place; less is better.
pub mod rank {
    /// A string that the program puts together, and what is decoded.
    pub const JOINED: u8 = 0;
    /// The first rule's tokens, as they stand there.
    pub const EXACT: u8 = 1;
    /// A UUID with look-alikes in it is no id of another kind.
    pub const NOISY: u8 = 2;
    /// The other rules' tokens.
    pub const NAMED: u8 = 3;
    /// Literals that stand next to each other.
    pub const ADJACENT: u8 = 4;
    /// A UUID alone is the id half of a token in pieces more often than a key.
    pub const ID: u8 = 5;
    /// What a team's own rules match.
    pub const CUSTOM: u8 = 5;
}

/// A match and how much it is to be preferred over others in the same place; less is better.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// One of [`rank`].
    pub rank: u8,
    /// The match.
    pub found: Match,
}

impl Ranked {
    /// A match in one piece.
    pub fn new(
        rule: &Rule,
        rank: u8,
        confidence: Confidence,
        token: Token,
        span: Range<usize>,
        context: String,
    ) -> Self {
        let pieces = vec![span.clone()];
        let found = Match {
            rule: rule.id.clone(),
            confidence,
            token,
            span,
            pieces,
            layers: Vec::new(),
            context,
            readings: Readings::default(),
        };
        Ranked { rank, found }
    }
}

/// Keeps the best of the matches that stand in the same place. Matches in one encoded run stand in the same place
/// and are all kept.
pub fn without_overlaps(mut found: Vec<Ranked>) -> Vec<Match> {
    found.sort_by(|a, b| {
        (
            a.rank,
            std::cmp::Reverse(a.found.confidence),
            std::cmp::Reverse(a.found.span.len()),
            a.found.span.start,
        )
            .cmp(&(
                b.rank,
                std::cmp::Reverse(b.found.confidence),
                std::cmp::Reverse(b.found.span.len()),
                b.found.span.start,
            ))
    });
    let mut taken = Taken::default();
    let places: Vec<bool> = found.iter().map(|ranked| taken.take(&ranked.found)).collect();
    let mut kept: Vec<Match> =
        found.into_iter().zip(places).filter(|(_, kept)| *kept).map(|(ranked, _)| ranked.found).collect();
    kept.sort_by(|a, b| {
        (a.span.start, a.span.end, a.token.expose()).cmp(&(b.span.start, b.span.end, b.token.expose()))
    });
    kept
}

/// The places that matches have taken. What has been taken does not overlap, save for the tokens of one encoded
/// run, which all stand where the run stands.
#[derive(Default)]
struct Taken<'a> {
    /// By its start: where a place ends, and for an encoded run the tokens in it.
    places: BTreeMap<usize, (usize, HashSet<&'a [u8]>)>,
}

impl<'a> Taken<'a> {
    /// Takes the places of a match, or says that another one was there first.
    fn take(&mut self, found: &'a Match) -> bool {
        let pieces = || found.pieces.iter().filter(|piece| !piece.is_empty());
        let token = found.token.expose();
        let is_free = |piece: &Range<usize>| {
            let (&start, (end, tokens)) = match self.places.range(..piece.end).next_back() {
                Some(last) if last.1.0 > piece.start => last,
                _ => return true,
            };
            !found.layers.is_empty() && (start..*end) == found.span && !tokens.contains(token)
        };
        if !pieces().all(is_free) {
            return false;
        }
        for piece in pieces() {
            let (_, tokens) = self.places.entry(piece.start).or_insert_with(|| (piece.end, HashSet::new()));
            tokens.insert(token);
        }
        true
    }
}
