//! Every other copy of a token that is known: its exact text, context or not, and traces of its halves.

use crate::finding::Token;
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;

/// What a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    automaton: AhoCorasick,
    needles: Vec<(usize, CopyKind, usize)>,
}

impl Sweep {
    /// Makes the search ready; `None` when there is nothing to search for.
    pub fn new(tokens: &[Token]) -> Option<Self> {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let mut needles = Vec::new();
        for (number, token) in tokens.iter().enumerate() {
            let mut add = |text: &[u8], kind| {
                let wide: Vec<u8> = text.iter().flat_map(|&b| [b, 0]).take(2 * text.len() - 1).collect();
                for form in [text.to_vec(), wide] {
                    needles.push((number, kind, form.len()));
                    texts.push(form);
                }
            };
            if token.expose().is_empty() {
                continue;
            }
            add(token.expose(), CopyKind::Token);
            if let Some(id) = token.id() {
                add(id, CopyKind::IdHalf);
                add(token.secret(), CopyKind::SecretHalf);
            }
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts).ok()?;
        (!texts.is_empty()).then_some(Sweep { automaton, needles })
    }

    /// The copies in some bytes, in order. A half inside a whole token is not one.
    pub fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Copy> + 'a {
        self.automaton.find_iter(bytes).filter_map(|found| {
            let (token, kind, _) = self.needles[found.pattern().as_usize()];
            let glued = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
            // A longer string that only contains a half is something else.
            let before = found.start().checked_sub(1).and_then(|i| bytes.get(i));
            let alone = !glued(bytes.get(found.end())) && !glued(before);
            (kind == CopyKind::Token || alone).then(|| Copy { token, kind, span: found.range() })
        })
    }

    /// The longest needle, in bytes.
    pub fn reach(&self) -> usize {
        self.needles.iter().map(|(_, _, length)| *length).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::TokenKind;

    #[test]
    fn copies_and_halves_are_told_apart() {
        let token = Token::new(TokenKind::Pair, b"abcd-1:secretsecret");
        let sweep = Sweep::new(&[token]).expect("something to search for");
        let text = b"x abcd-1:secretsecret y abcd-1 z secretsecret abcd-12";
        let kinds: Vec<_> = sweep.find(text).map(|copy| (copy.kind, copy.span.start)).collect();
        assert_eq!(kinds, [(CopyKind::Token, 2), (CopyKind::IdHalf, 24), (CopyKind::SecretHalf, 33)]);
    }

    #[test]
    fn wide_copies_are_seen() {
        let token = Token::new(TokenKind::Legacy, b"abcdefgh");
        let sweep = Sweep::new(&[token]).expect("something to search for");
        let wide: Vec<u8> = "x=abcdefgh".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(sweep.find(&wide).count(), 1);
    }
}
