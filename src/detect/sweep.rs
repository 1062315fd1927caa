//! Every other copy of a token that is known: its exact text, context or not, and traces of its halves.

use crate::finding::Token;
use aho_corasick::{AhoCorasick, packed};
use std::collections::BTreeMap;
use std::ops::Range;

/// How many bytes of a needle are searched for; the rest is compared. It keeps the search small when the tokens are
/// many.
const STEM: usize = 8;

/// What a copy is, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CopyKind {
    /// The whole token.
    Token,
    /// The id half alone: a hint, not a finding.
    IdHalf,
    /// The secret half alone: a hint, not a finding.
    SecretHalf,
}

/// A copy in some bytes.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The token's number in the list that the sweep was made from.
    pub token: usize,
    /// What is there.
    pub kind: CopyKind,
    /// Where.
    pub span: Range<usize>,
}

/// The search for copies of some tokens.
#[derive(Debug)]
pub struct Sweep {
    tokens: Vec<Token>,
    /// A first look with SIMD, where the stems are few enough for it.
    glance: Option<packed::Searcher>,
    stems: AhoCorasick,
    /// For each stem the needles that start with it, whole tokens first.
    needles: Vec<Vec<Needle>>,
}

/// Something to look for: a token or a half of one, in bytes or in UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    kind: CopyKind,
    wide: bool,
    token: usize,
}

impl Needle {
    fn text(self, tokens: &[Token]) -> Option<&[u8]> {
        let token = &tokens[self.token];
        match self.kind {
            CopyKind::Token => Some(token.expose()),
            CopyKind::IdHalf => token.id(),
            CopyKind::SecretHalf => token.id().map(|_| token.secret()),
        }
    }

    /// The length of the copy at the start of `bytes`, if there is one.
    fn length_at(self, tokens: &[Token], bytes: &[u8]) -> Option<usize> {
        let text = self.text(tokens)?;
        if self.wide {
            let length = 2 * text.len() - 1;
            let here = bytes.get(..length)?;
            let same = here.iter().enumerate().all(|(i, &b)| b == if i % 2 == 0 { text[i / 2] } else { 0 });
            same.then_some(length)
        } else {
            bytes.starts_with(text).then_some(text.len())
        }
    }
}

impl Sweep {
    /// Makes the search ready; `None` when there is nothing to search for.
    pub fn new(tokens: Vec<Token>) -> Option<Self> {
        let mut by_stem: BTreeMap<Vec<u8>, Vec<Needle>> = BTreeMap::new();
        for token in 0..tokens.len() {
            for kind in [CopyKind::Token, CopyKind::IdHalf, CopyKind::SecretHalf] {
                for wide in [false, true] {
                    let needle = Needle { kind, wide, token };
                    let Some(text) = needle.text(&tokens).filter(|text| !text.is_empty()) else { continue };
                    let stem = match wide {
                        false => text[..text.len().min(STEM)].to_vec(),
                        true => {
                            text.iter().flat_map(|&b| [b, 0]).take((2 * text.len() - 1).min(STEM)).collect()
                        }
                    };
                    by_stem.entry(stem).or_default().push(needle);
                }
            }
        }
        let (stems, mut needles): (Vec<_>, Vec<_>) = by_stem.into_iter().unzip();
        needles.iter_mut().for_each(|needles: &mut Vec<Needle>| needles.sort_unstable());
        if stems.is_empty() {
            return None;
        }
        let glance = packed::Config::new().builder().extend(&stems).build();
        let stems = AhoCorasick::new(&stems).ok()?;
        Some(Sweep { tokens, glance, stems, needles })
    }

    /// The copies in some bytes, in order. A half inside a whole token is not one.
    pub fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Copy> + 'a {
        let mut end = 0;
        let nothing = self.glance.as_ref().is_some_and(|glance| glance.find(bytes).is_none());
        let bytes = if nothing { &[][..] } else { bytes };
        self.stems.find_overlapping_iter(bytes).filter_map(move |found| {
            if found.start() < end {
                return None;
            }
            let needles = &self.needles[found.pattern().as_usize()];
            let copy = |needle: &Needle| {
                let length = needle.length_at(&self.tokens, &bytes[found.start()..])?;
                let span = found.start()..found.start() + length;
                // A longer string that only contains a half is something else.
                let glued = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
                let before = span.start.checked_sub(1).and_then(|i| bytes.get(i));
                let alone = !glued(bytes.get(span.end)) && !glued(before);
                (needle.kind == CopyKind::Token || alone).then_some(Copy {
                    token: needle.token,
                    kind: needle.kind,
                    span,
                })
            };
            // Where an id half starts, its whole token can start.
            let whole = needles.iter().filter(|needle| needle.kind != CopyKind::SecretHalf);
            let whole = whole.map(|needle| Needle { kind: CopyKind::Token, ..*needle });
            let copy = whole
                .into_iter()
                .find_map(|needle| copy(&needle))
                .or_else(|| needles.iter().find_map(copy))?;
            end = copy.span.end;
            Some(copy)
        })
    }

    /// The longest needle, in bytes.
    pub fn reach(&self) -> usize {
        self.tokens.iter().map(|token| 2 * token.expose().len()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::TokenKind;

    #[test]
    fn copies_and_halves_are_told_apart() {
        let token = Token::new(TokenKind::Pair, b"abcd-1:secretsecret");
        let sweep = Sweep::new(vec![token]).expect("something to search for");
        let text = b"x abcd-1:secretsecret y abcd-1 z secretsecret abcd-12";
        let kinds: Vec<_> = sweep.find(text).map(|copy| (copy.kind, copy.span.start)).collect();
        assert_eq!(kinds, [(CopyKind::Token, 2), (CopyKind::IdHalf, 24), (CopyKind::SecretHalf, 33)]);
    }

    #[test]
    fn tokens_that_start_alike_are_told_apart() {
        let tokens = ["same-id-of-both-tokens:first-secret", "same-id-of-both-tokens:second-secret"];
        let sweep =
            Sweep::new(tokens.map(|t| Token::new(TokenKind::Pair, t.as_bytes())).to_vec()).expect("some");
        let text = format!("{} {}", tokens[1], tokens[0]);
        let found: Vec<_> = sweep.find(text.as_bytes()).map(|copy| (copy.kind, copy.token)).collect();
        assert_eq!(found, [(CopyKind::Token, 1), (CopyKind::Token, 0)]);
    }

    #[test]
    fn wide_copies_are_seen() {
        let token = Token::new(TokenKind::Legacy, b"abcdefgh");
        let sweep = Sweep::new(vec![token]).expect("something to search for");
        let wide: Vec<u8> = "x=abcdefgh".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(sweep.find(&wide).count(), 1);
    }
}
