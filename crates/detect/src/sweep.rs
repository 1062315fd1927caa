//! Every other copy of a token that is known, context or not: its exact text, also in UTF-16, base64, hex and
//! percent-encoding; and traces of its halves.

use aho_corasick::{AhoCorasick, packed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_token::Token;
use std::collections::BTreeMap;
use std::ops::Range;

/// How many bytes of a needle are searched for; the rest is compared. It keeps the search small when the tokens are
/// many.
const STEM: usize = 8;

/// Of more tokens than this the encoded forms are not searched for: it would take much longer.
const MAX_ENCODED_TOKENS: usize = 1000;

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
pub struct TokenCopy {
    /// The token's number in the list that the sweep was made from.
    pub token: usize,
    /// What is there.
    pub kind: CopyKind,
    /// Where.
    pub span: Range<usize>,
    /// How it is encoded, as a finding's layer names it.
    pub encoded: Option<LayerKind>,
}

impl TokenCopy {
    /// What is to be decoded to read it.
    pub fn layers(&self) -> Vec<Layer> {
        self.encoded.map(Layer::unnamed).into_iter().collect()
    }
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

/// How something to look for is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Plain,
    /// UTF-16.
    Wide,
    Percent,
    /// Behind so many bytes, modulo three.
    Base64(usize),
    Hex,
}

/// Something to look for: a token or a half of one, in one of its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    kind: CopyKind,
    form: Form,
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

    /// What it looks like; in base64 without the characters that its neighbours have a part in.
    fn written(self, text: &[u8]) -> Vec<u8> {
        match self.form {
            Form::Plain => text.to_vec(),
            Form::Wide => text.iter().flat_map(|&b| [b, 0]).take(2 * text.len() - 1).collect(),
            Form::Percent => {
                let kept = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
                let each = |&b: &u8| if kept(b) { vec![b] } else { format!("%{b:02X}").into_bytes() };
                text.iter().flat_map(each).collect()
            }
            Form::Base64(shift) => {
                let padded = [&[0; 3][..shift], text].concat();
                let encoded = STANDARD_NO_PAD.encode(&padded).into_bytes();
                encoded[(shift * 8).div_ceil(6)..padded.len() * 8 / 6].to_vec()
            }
            Form::Hex => text.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect(),
        }
    }

    /// How long the copy at the start of `bytes` is, if there is one.
    fn length_at(self, tokens: &[Token], bytes: &[u8]) -> Option<usize> {
        let text = self.text(tokens)?;
        if self.form == Form::Plain {
            return bytes.starts_with(text).then_some(text.len());
        }
        let written = self.written(text);
        let here = bytes.get(..written.len())?;
        let same = match self.form {
            Form::Plain | Form::Wide => here == written,
            Form::Hex | Form::Percent => {
                here.eq_ignore_ascii_case(&written) && self.keeps_case(here, &written)
            }
            Form::Base64(_) => here
                .iter()
                .zip(&written)
                .all(|(a, b)| a == b || matches!((a, b), (b'-', b'+') | (b'_', b'/'))),
        };
        same.then_some(written.len())
    }

    /// Percent-encoding has digits of either case, but letters of one.
    fn keeps_case(self, here: &[u8], written: &[u8]) -> bool {
        let in_escape = |at: usize| written[at.saturating_sub(2)..at].contains(&b'%');
        self.form == Form::Hex || (0..here.len()).all(|at| here[at] == written[at] || in_escape(at))
    }

    /// How the copy is encoded.
    fn encoded(self) -> Option<LayerKind> {
        match self.form {
            Form::Plain | Form::Wide => None,
            Form::Percent => Some(LayerKind::Escapes),
            Form::Base64(_) => Some(LayerKind::Base64),
            Form::Hex => Some(LayerKind::Hex),
        }
    }
}

impl Sweep {
    /// Makes the search ready; `None` when there is nothing to search for.
    pub fn new(tokens: Vec<Token>) -> Option<Self> {
        let mut by_stem: BTreeMap<Vec<u8>, Vec<Needle>> = BTreeMap::new();
        let encoded = tokens.len() <= MAX_ENCODED_TOKENS;
        for token in 0..tokens.len() {
            let mut add = |kind, form| {
                let needle = Needle { kind, form, token };
                let Some(text) = needle.text(&tokens).filter(|text| !text.is_empty()) else { return };
                let written = needle.written(text);
                let stem = &written[..written.len().min(STEM)];
                let other = match form {
                    Form::Base64(_) => stem.iter().map(|b| url_safe(*b)).collect(),
                    Form::Hex => stem.to_ascii_uppercase(),
                    _ => stem.to_vec(),
                };
                if other != stem {
                    by_stem.entry(other).or_default().push(needle);
                }
                by_stem.entry(stem.to_vec()).or_default().push(needle);
            };
            for kind in [CopyKind::Token, CopyKind::IdHalf, CopyKind::SecretHalf] {
                add(kind, Form::Plain);
                add(kind, Form::Wide);
            }
            if encoded {
                for form in [Form::Percent, Form::Base64(0), Form::Base64(1), Form::Base64(2), Form::Hex] {
                    add(CopyKind::Token, form);
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
    pub fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = TokenCopy> + 'a {
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
                // The first character of base64 that is not whole belongs to it as well.
                let early = usize::from(matches!(needle.form, Form::Base64(1 | 2)) && found.start() > 0);
                let span = found.start() - early..found.start() + length;
                // A longer string that only contains a half is something else.
                let glued = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
                let before = span.start.checked_sub(1).and_then(|i| bytes.get(i));
                let alone = !glued(bytes.get(span.end)) && !glued(before);
                (needle.kind == CopyKind::Token || alone).then_some(TokenCopy {
                    token: needle.token,
                    kind: needle.kind,
                    span,
                    encoded: needle.encoded(),
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

    /// No needle is longer, in bytes: percent-encoding makes three of each.
    pub fn reach(&self) -> usize {
        self.tokens.iter().map(|token| 3 * token.expose().len()).max().unwrap_or(0)
    }
}

/// The character of base64url for one of base64.
fn url_safe(b: u8) -> u8 {
    match b {
        b'+' => b'-',
        b'/' => b'_',
        _ => b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::TokenKind;
    use krea_scan_token::testing::Tokens;

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
    fn encoded_copies_are_seen_where_they_stand() {
        let token = Token::new(TokenKind::Pair, b"abcd-1234:Secret+secret/se");
        let sweep = Sweep::new(vec![token.clone()]).expect("something to search for");
        let hex: String = token.expose().iter().map(|b| format!("{b:02x}")).collect();
        for (text, encoded, at) in [
            (format!("x {hex}"), LayerKind::Hex, 2),
            (format!("x {}", hex.to_uppercase()), LayerKind::Hex, 2),
            ("x abcd-1234%3ASecret%2Bsecret%2Fse".to_owned(), LayerKind::Escapes, 2),
            ("x abcd-1234%3aSecret%2bsecret%2fse".to_owned(), LayerKind::Escapes, 2),
            (STANDARD_NO_PAD.encode(token.expose()), LayerKind::Base64, 0),
            (STANDARD_NO_PAD.encode([b"x".as_slice(), token.expose()].concat()), LayerKind::Base64, 1),
            (STANDARD_NO_PAD.encode([b"xy".as_slice(), token.expose(), b"z"].concat()), LayerKind::Base64, 2),
            (STANDARD_NO_PAD.encode([b"xyz?".as_slice(), token.expose()].concat()), LayerKind::Base64, 5),
        ] {
            let found: Vec<_> = sweep.find(text.as_bytes()).collect();
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(
                (found[0].kind, found[0].encoded, found[0].span.start),
                (CopyKind::Token, Some(encoded), at)
            );
        }
        assert_eq!(sweep.find(b"x ABCD-1234%3ASecret%2Bsecret%2Fse").count(), 0);
    }

    #[test]
    fn wide_copies_are_seen() {
        let token = Token::new(TokenKind::Legacy, b"abcdefgh");
        let sweep = Sweep::new(vec![token]).expect("something to search for");
        let wide: Vec<u8> = "x=abcdefgh".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(sweep.find(&wide).count(), 1);
    }

    #[test]
    fn every_form_of_a_token_fits_the_reach() {
        let odd = Token::new(TokenKind::Custom, &b"#?!$".repeat(9));
        for token in [Tokens::new().pair(), Tokens::new().legacy(), odd] {
            let hex: String = token.expose().iter().map(|b| format!("{b:02x}")).collect();
            let percent: String = token.expose().iter().map(|b| format!("%{b:02X}")).collect();
            let wide = token.expose().iter().flat_map(|&b| [b, 0]).collect();
            let base64 = STANDARD_NO_PAD.encode([b"xy", token.expose(), b"z"].concat());
            let sweep = Sweep::new(vec![token]).expect("something to search for");
            for written in [hex.into_bytes(), percent.into_bytes(), wide, base64.into_bytes()] {
                for copy in sweep.find(&written).filter(|copy| copy.kind == CopyKind::Token) {
                    assert!(copy.span.len() <= sweep.reach(), "{copy:?} {}", sweep.reach());
                }
            }
        }
    }
}
