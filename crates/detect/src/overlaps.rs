//! Which of several matches in one place counts.

use super::Match;
use crate::rules::Rule;
use krea_scan_token::{Confidence, Doubt, Readings, Token, TokenKind};
use memchr::memmem;
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

    /// Says that the token may go on, as `whole`: in the next line, or behind a space. `is_likelier`: that is its best reading.
    pub fn goes_on(&mut self, whole: &[u8], is_likelier: bool) {
        let found = &mut self.found;
        let mut other = Token::new(found.token.kind(), whole);
        if is_likelier {
            std::mem::swap(&mut found.token, &mut other);
            found.confidence = found.confidence.min(Confidence::Medium);
        }
        let mut readings = Readings::one_of(vec![other]);
        found.readings.others().iter().for_each(|token| readings.add(token.clone()));
        found.readings.doubt().into_iter().for_each(|doubt| readings.add_doubt(doubt));
        readings.add_doubt(if is_likelier { Doubt::Repaired } else { Doubt::Cut });
        found.readings = readings;
    }
}

/// Keeps the best of the matches that stand in the same place; what others read there of the same token is one more of its
/// readings. Matches in one encoded run stand in the same place and are all kept.
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
    let mut taken = TakenPlaces::default();
    let firsts: Vec<Option<usize>> =
        found.iter().enumerate().map(|(number, ranked)| taken.take(number, &ranked.found)).collect();
    drop(taken);
    let mut all: Vec<Option<Match>> = found.into_iter().map(|ranked| Some(ranked.found)).collect();
    for (number, first) in firsts.into_iter().enumerate() {
        let Some((first, other)) = first.and_then(|first| Some((first, all[number].take()?))) else {
            continue;
        };
        if let Some(kept) = all[first].as_mut().filter(|kept| is_same_token(kept, &other)) {
            add_reading(kept, other);
        }
    }
    let mut kept: Vec<Match> = all.into_iter().flatten().collect();
    // A further copy of a half is no key.
    let halves: HashSet<Vec<u8>> = kept
        .iter()
        .filter(|found| found.token.kind() == TokenKind::Pair && found.pieces.len() > 1)
        .map(|found| found.token.secret().to_vec())
        .collect();
    kept.retain(|found| found.token.kind() != TokenKind::Legacy || !halves.contains(found.token.expose()));
    kept.sort_by(|a, b| {
        (a.span.start, a.span.end, a.token.expose()).cmp(&(b.span.start, b.span.end, b.token.expose()))
    });
    kept
}

/// Whether two matches in one place are readings of one token: they have an id half in common, or one is more of the other.
fn is_same_token(a: &Match, b: &Match) -> bool {
    let (one, other) = (a.token.expose(), b.token.expose());
    let shares_id = a.token.id().is_some() && a.token.id() == b.token.id();
    a.token.kind() == b.token.kind()
        && a.token.kind() != TokenKind::Custom
        && (shares_id || memmem::find(one, other).is_some() || memmem::find(other, one).is_some())
}

/// Adds what another match read of a token.
fn add_reading(kept: &mut Match, other: Match) {
    let readings = std::iter::once(&other.token).chain(other.readings.others());
    for token in readings.filter(|token| **token != kept.token) {
        kept.readings.add(token.clone());
    }
    // Its letters are shown no more than those of the best one.
    if let ([piece], [more]) = (&mut kept.pieces[..], &other.pieces[..]) {
        *piece = piece.start.min(more.start)..piece.end.max(more.end);
    }
}

/// The places that matches have taken. What has been taken does not overlap, save for the tokens of one encoded
/// run, which all stand where the run stands.
#[derive(Default)]
struct TakenPlaces<'a> {
    /// By its start: where a place ends, the number of the match that took it, and for an encoded run the tokens in it.
    places: BTreeMap<usize, MatchPlace<'a>>,
}

struct MatchPlace<'a> {
    end: usize,
    by: usize,
    tokens: HashSet<&'a [u8]>,
}

impl<'a> TakenPlaces<'a> {
    /// Takes the places of a match, or gives the number of the one that was there first.
    fn take(&mut self, number: usize, found: &'a Match) -> Option<usize> {
        let pieces = || found.pieces.iter().filter(|piece| !piece.is_empty());
        let token = found.token.expose();
        let there = |piece: &Range<usize>| {
            let (&start, place) = self.places.range(..piece.end).next_back()?;
            let is_free = place.end <= piece.start
                || !found.layers.is_empty()
                    && (start..place.end) == found.span
                    && !place.tokens.contains(token);
            (!is_free).then_some(place.by)
        };
        let first = pieces().find_map(there);
        if first.is_some() {
            return first;
        }
        for piece in pieces() {
            let place = || MatchPlace { end: piece.end, by: number, tokens: HashSet::new() };
            self.places.entry(piece.start).or_insert_with(place).tokens.insert(token);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(rank: u8, token: &str, span: Range<usize>) -> Ranked {
        let found = Match {
            rule: "r".into(),
            confidence: Confidence::High,
            token: Token::new(TokenKind::Pair, token.as_bytes()),
            pieces: vec![span.clone()],
            span,
            layers: Vec::new(),
            context: String::new(),
            readings: Readings::default(),
        };
        Ranked { rank, found }
    }

    #[test]
    fn what_is_read_otherwise_in_the_same_place_is_a_reading() {
        let found = vec![
            ranked(rank::EXACT, "some-id:secret", 10..24),
            ranked(rank::JOINED, "some-id:secret-and-more", 10..40),
            ranked(rank::NAMED, "x-some-id:secret-and-more", 8..40),
            ranked(rank::NAMED, "other-id:else", 12..20),
            ranked(rank::EXACT, "next-id:secret", 50..64),
        ];
        let kept = without_overlaps(found);
        let texts = |tokens: &[Token]| -> Vec<String> {
            tokens.iter().map(|token| String::from_utf8_lossy(token.expose()).into_owned()).collect()
        };
        assert_eq!(kept.len(), 2);
        assert_eq!(texts(&[kept[0].token.clone()]), ["some-id:secret-and-more"]);
        assert_eq!(texts(kept[0].readings.others()), ["some-id:secret", "x-some-id:secret-and-more"]);
        assert_eq!((kept[0].span.clone(), kept[0].pieces[0].clone()), (10..40, 8..40));
        assert!(kept[1].readings.is_certain());
    }

    #[test]
    fn a_further_copy_of_a_half_is_no_key() {
        let mut pair = ranked(rank::EXACT, "some-id:secret", 10..24);
        pair.found.pieces.push(30..36);
        let key = |text: &str, span: Range<usize>| {
            let mut key = ranked(rank::NAMED, "x", span);
            key.found.token = Token::new(TokenKind::Legacy, text.as_bytes());
            key
        };
        let kept = without_overlaps(vec![pair, key("secret", 50..56), key("another", 70..77)]);
        assert_eq!(kept.iter().map(|found| found.span.start).collect::<Vec<_>>(), [10, 70]);
    }

    /// Where the one match is that is kept of these, and how sure it is.
    fn kept_of(found: Vec<Ranked>) -> (Range<usize>, Confidence) {
        let kept = without_overlaps(found);
        assert_eq!(kept.len(), 1);
        (kept[0].span.clone(), kept[0].confidence)
    }

    #[test]
    fn in_one_place_the_surer_match_counts_then_the_longer_one_then_the_first() {
        let sure = |confidence, mut match_: Ranked| {
            match_.found.confidence = confidence;
            match_
        };
        let long = || ranked(rank::NAMED, "long-id:secret", 10..40);
        let short = || ranked(rank::NAMED, "id:secret", 20..30);
        for weaker in [Confidence::Medium, Confidence::Low] {
            let found = vec![sure(weaker, long()), short()];
            assert_eq!(kept_of(found), (20..30, Confidence::High));
            let found = vec![short(), sure(weaker, long())];
            assert_eq!(kept_of(found), (20..30, Confidence::High));
        }
        let behind = || ranked(rank::NAMED, "later-id:secret", 15..45);
        assert_eq!(kept_of(vec![ranked(rank::NAMED, "id:secret", 10..20), behind()]).0, 15..45);
        assert_eq!(kept_of(vec![behind(), long()]).0, 10..40);
        // How it was read counts more than how sure it is.
        let found = vec![long(), sure(Confidence::Low, ranked(rank::EXACT, "id:secret", 20..30))];
        assert_eq!(kept_of(found), (20..30, Confidence::Low));
    }
}
