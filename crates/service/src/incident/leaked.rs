//! Everything that leaked, or may have, of this run and of those before: no replacement may be one of these texts. Takes
//! tokens and fingerprints, says what is wrong with a text that is to replace one. Never gives a token back.

use krea_scan_token::{Fingerprint, Token};
use std::collections::BTreeSet;
use std::fmt;

/// A shorter text is in others by chance, in bytes.
const MIN_SEARCHED_BYTES: usize = 12;

/// A token to deal with.
#[derive(Clone, Debug)]
pub struct Leak {
    pub token: Token,
    /// Where it was found, in words.
    pub places: Vec<String>,
    /// Since when it is out, as far as known, RFC 3339.
    pub since: Option<String>,
    /// What a replacement is to be called.
    pub name: String,
}

/// Why a text cannot replace a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionReason {
    /// It is one that leaked, or holds one, or is a part of one.
    Text,
    /// Its id half leaked: revoking that row revokes it too.
    Row,
}

impl fmt::Display for RejectionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RejectionReason::Text => "it is a token that leaked",
            RejectionReason::Row => "it has the id half of a token that leaked, so it is the same row",
        })
    }
}

#[derive(Default)]
pub struct LeakedTexts {
    /// What is at hand.
    tokens: Vec<Token>,
    /// Of whole texts, and of id halves.
    prints: BTreeSet<Fingerprint>,
}

impl LeakedTexts {
    /// Adds a token that leaked, or a text that one may have.
    pub fn add(&mut self, token: &Token) {
        self.prints.extend(prints(token.expose(), token.id()));
        if !self.tokens.contains(token) {
            self.tokens.push(token.clone());
        }
    }

    /// Adds what is known by its fingerprint only.
    pub fn extend(&mut self, prints: impl IntoIterator<Item = Fingerprint>) {
        self.prints.extend(prints);
    }

    /// What a journal keeps of it.
    pub fn prints(&self) -> Vec<Fingerprint> {
        self.prints.iter().cloned().collect()
    }

    /// Whether a text leaked, whatever stands around it.
    pub fn rejects(&self, new: &Token) -> Option<RejectionReason> {
        let text = bare(new.expose());
        if self.tokens.iter().any(|known| is_in(bare(known.secret()), text) || is_in(text, known.expose())) {
            return Some(RejectionReason::Text);
        }
        let id = text.iter().position(|&byte| byte == b':').map(|colon| &text[..colon]);
        let [whole, half] = [prints(text, None), prints(&[], id)];
        if whole.iter().chain(&prints(new.expose(), None)).any(|print| self.prints.contains(print)) {
            return Some(RejectionReason::Text);
        }
        let same_row = half.iter().any(|print| self.prints.contains(print));
        same_row.then_some(RejectionReason::Row)
    }
}

/// The fingerprints of a text and of an id half, whatever the case of its letters.
fn prints(text: &[u8], id: Option<&[u8]>) -> Vec<Fingerprint> {
    let whole = (!text.is_empty()).then(|| Fingerprint::of(text));
    let half = id.filter(|id| !id.is_empty()).map(|id| Fingerprint::of(&id.to_ascii_lowercase()));
    whole.into_iter().chain(half).collect()
}

/// Whether one text is in another.
fn is_in(part: &[u8], text: &[u8]) -> bool {
    part.len() >= MIN_SEARCHED_BYTES && memchr::memmem::find(text, part).is_some()
}

/// A text without what people and programs put around it. Letters, digits and `_-+/=.~` are a token's own.
fn bare(text: &[u8]) -> &[u8] {
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+/=.~".contains(byte);
    let start = text.iter().position(inner).unwrap_or(text.len());
    let end = text.iter().rposition(inner).map_or(start, |end| end + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::TokenKind;
    use krea_scan_token::testing::Tokens;

    fn token(text: &[u8]) -> Token {
        Token::new(if text.contains(&b':') { TokenKind::Pair } else { TokenKind::Legacy }, text)
    }

    #[test]
    fn a_text_that_leaked_is_known_whatever_stands_around_it() {
        let mut made = Tokens::new();
        let (pair, other) = (made.pair(), made.pair());
        let legacy = token(other.secret());
        let text = |token: &Token| String::from_utf8(token.expose().to_vec()).unwrap();
        for leaked in [&pair, &legacy] {
            let mut at_hand = LeakedTexts::default();
            at_hand.add(leaked);
            let mut by_print = LeakedTexts::default();
            by_print.extend(at_hand.prints());
            for (before, after) in [
                ("", ""),
                ("\"", "\""),
                ("'", "'"),
                (" ", " "),
                ("`", "`"),
                ("<", ">"),
                ("\u{201c}", "\u{201d}"),
                ("", ","),
            ] {
                let around = token(format!("{before}{}{after}", text(leaked)).as_bytes());
                for texts in [&at_hand, &by_print] {
                    assert_eq!(texts.rejects(&around), Some(RejectionReason::Text), "{before}{after}");
                }
            }
            let longer = token(format!("KREA_API_KEY={}=x", text(leaked)).as_bytes());
            assert_eq!(at_hand.rejects(&longer), Some(RejectionReason::Text));
        }
    }

    #[test]
    fn a_half_of_what_leaked_is_known() {
        let mut made = Tokens::new();
        let (pair, other) = (made.pair(), made.pair());
        let mut texts = LeakedTexts::default();
        texts.add(&pair);
        assert_eq!(texts.rejects(&token(pair.secret())), Some(RejectionReason::Text));
        assert_eq!(texts.rejects(&token(pair.id().unwrap())), Some(RejectionReason::Text));
        let id = String::from_utf8(pair.id().unwrap().to_ascii_uppercase()).unwrap();
        let secret = String::from_utf8(other.secret().to_vec()).unwrap();
        let same_row = token(format!("\"{id}:{secret}\"").as_bytes());
        assert_eq!(texts.rejects(&same_row), Some(RejectionReason::Row));
    }

    #[test]
    fn another_token_is_no_problem() {
        let mut made = Tokens::new();
        let (pair, other) = (made.pair(), made.pair());
        let mut texts = LeakedTexts::default();
        texts.add(&pair);
        assert_eq!(texts.rejects(&other), None);
        assert_eq!(texts.rejects(&token(other.secret())), None);
        // What a half would be that is too short to tell.
        texts.add(&token(b"a:b"));
        assert_eq!(texts.rejects(&other), None);
        assert_eq!(LeakedTexts::default().rejects(&pair), None);
    }
}
