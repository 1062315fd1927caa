//! Tokens to test with, made at run time from a fixed seed: no file holds one.

use crate::{Token, TokenKind};

/// A generator of pairs: a UUID, a colon, 32 hex characters.
pub struct Tokens(u64);

impl Default for Tokens {
    fn default() -> Self {
        Tokens(0x5eed)
    }
}

impl Tokens {
    /// The same tokens every time.
    pub fn new() -> Self {
        Tokens::default()
    }

    /// So many characters of a set.
    pub fn drawn(&mut self, set: &[u8], length: usize) -> String {
        let character = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(set[(self.0 >> 33) as usize % set.len()])
        };
        (0..length).map(character).collect()
    }

    fn hex(&mut self, digits: usize) -> String {
        self.drawn(b"0123456789abcdef", digits)
    }

    /// The next token's text.
    pub fn text(&mut self) -> String {
        let id = [8, 4, 4, 4, 12].map(|digits| self.hex(digits)).join("-");
        format!("{id}:{}", self.hex(32))
    }

    /// The next pair.
    pub fn pair(&mut self) -> Token {
        Token::new(TokenKind::Pair, self.text().as_bytes())
    }

    /// The next legacy key.
    pub fn legacy(&mut self) -> Token {
        Token::new(TokenKind::Legacy, self.hex(32).as_bytes())
    }

    /// A text full of what formats escape.
    pub fn odd_text() -> String {
        ["line one \"quoted\", 100%", "line\ttwo: \\ / end\u{1b}[0m \u{e9}"].join("\n")
    }
}
