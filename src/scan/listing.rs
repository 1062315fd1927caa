//! How many places of tokens are kept, so that no input can fill the memory with them. The places of one token beyond that are
//! counted and told; a token is kept however many places others have.

use krea_scan_token::{Fingerprint, Token};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

/// So many places of one file are kept, and so many of a whole run.
pub const MAX_PLACES_IN_FILE: usize = 10_000;
pub const MAX_PLACES: usize = 30_000;
/// So many of a file that has taken longer than it may.
pub const MAX_PLACES_IN_SLOW_FILE: usize = 1000;
/// So many tokens are kept beyond that, each in its first place.
const MAX_TOKENS: usize = 10_000;
/// Of so many tokens it is told one by one that they have more places.
const MAX_TOLD_TOKENS: usize = 20;

/// What is kept of the places of a file, or of a run, and what is not.
#[derive(Debug, Default)]
pub struct Listing {
    places: usize,
    tokens: HashSet<Fingerprint>,
    /// How many places are left out of some tokens, by what they are called, and of all others.
    left_out: BTreeMap<String, u64>,
    of_others: u64,
}

impl Listing {
    /// Whether one more place of a token is kept, of which `most` are: counts it.
    pub fn takes(&mut self, token: &Token, most: usize) -> bool {
        let fingerprint = token.fingerprint();
        let is_new = !self.tokens.contains(&fingerprint);
        if self.places >= most && !(is_new && self.tokens.len() < MAX_TOKENS) {
            self.leave_out(token.redacted(), 1);
            return false;
        }
        if is_new {
            self.tokens.insert(fingerprint);
        }
        self.places += 1;
        true
    }

    fn leave_out(&mut self, token: String, places: u64) {
        let is_full = self.left_out.len() >= MAX_TOLD_TOKENS;
        match self.left_out.entry(token) {
            Entry::Vacant(_) if is_full => self.of_others += places,
            token => *token.or_default() += places,
        }
    }

    /// Adds what another part of the input left out.
    pub fn merge(&mut self, other: Listing) {
        self.of_others += other.of_others;
        other.left_out.into_iter().for_each(|(token, places)| self.leave_out(token, places));
    }

    /// What is said of what is not kept.
    pub fn reasons(&self) -> Vec<String> {
        let more = |count: u64, of: &str| match count {
            1 => format!("1 more place of {of} is not listed"),
            count => format!("{count} more places of {of} are not listed"),
        };
        let of_one = |(token, &count): (&String, &u64)| more(count, &format!("token {token}"));
        let of_others = (self.of_others > 0).then(|| more(self.of_others, "other tokens"));
        self.left_out.iter().map(of_one).chain(of_others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::testing::Tokens;

    #[test]
    fn no_token_is_lost_to_the_places_of_another() {
        let (mut tokens, mut listing) = (Tokens::new(), Listing::default());
        let (many, late) = (tokens.pair(), tokens.pair());
        let kept = (0..10).filter(|_| listing.takes(&many, 4)).count();
        assert_eq!(kept, 4);
        assert!(listing.takes(&late, 4));
        assert!(!listing.takes(&late, 4));
        let mut all = Listing::default();
        all.merge(listing);
        let mut told = [
            format!("6 more places of token {} are not listed", many.redacted()),
            format!("1 more place of token {} is not listed", late.redacted()),
        ];
        told.sort_by_key(|reason| reason.split("token").last().map(str::to_owned));
        assert_eq!(all.reasons(), told);
    }

    #[test]
    fn tokens_beyond_count_are_told_together() {
        let (mut tokens, mut listing) = (Tokens::new(), Listing::default());
        for _ in 0..MAX_TOKENS + MAX_TOLD_TOKENS + 3 {
            listing.takes(&tokens.pair(), 0);
        }
        let reasons = listing.reasons();
        assert_eq!(reasons.len(), MAX_TOLD_TOKENS + 1);
        assert_eq!(reasons.last().map(String::as_str), Some("3 more places of other tokens are not listed"));
    }
}
