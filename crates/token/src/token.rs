//! A token's text and what names it without telling it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// How many characters of a pair's id half are shown. The id half alone cannot authenticate.
const ID_PREFIX_CHARS: usize = 8;

/// What stands in the place of a secret wherever one would be shown.
pub const MASK: &str = "••••";
/// Where people revoke and create tokens, as Krea's own guide says (also reached as
/// `https://www.krea.ai/settings/api-tokens`).
pub const TOKENS_PAGE: &str = "https://www.krea.ai/app/api/tokens";

/// The shape of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// `id:secret`, a personal or service token.
    Pair,
    /// One opaque string without a colon: a legacy Krea API key.
    Legacy,
    /// What a team's own rule matched.
    Custom,
}

/// A credential's full text. Redacted in `Debug`, wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    kind: TokenKind,
    text: Zeroizing<Vec<u8>>,
}

impl Token {
    /// Takes the exact text of a token.
    pub fn new(kind: TokenKind, text: &[u8]) -> Self {
        Token { kind, text: Zeroizing::new(text.to_vec()) }
    }

    /// The token's shape.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The full text. For the search for further copies and for masking; never for output.
    pub fn expose(&self) -> &[u8] {
        &self.text
    }

    /// The id half of a pair; `None` for other kinds, which have no part that is safe to show.
    pub fn id(&self) -> Option<&[u8]> {
        let colon = self.text.iter().position(|&b| b == b':')?;
        (self.kind == TokenKind::Pair).then(|| &self.text[..colon])
    }

    /// The part that must never be shown: a pair's secret half, otherwise the whole text.
    pub fn secret(&self) -> &[u8] {
        match self.id() {
            Some(id) => &self.text[id.len() + 1..],
            None => &self.text,
        }
    }

    /// The first eight characters of the id half, which is what tells a person which row to revoke.
    pub fn id_prefix(&self) -> Option<String> {
        self.id().map(|id| String::from_utf8_lossy(&id[..id.len().min(ID_PREFIX_CHARS)]).into_owned())
    }

    /// A form that is safe to show: `2f1c8a7e-…:••••` for a pair, `••••` for the rest.
    pub fn redacted(&self) -> String {
        match (self.id(), self.id_prefix()) {
            (Some(id), Some(prefix)) if id.get(ID_PREFIX_CHARS) == Some(&b'-') => {
                format!("{prefix}-…:{MASK}")
            }
            (Some(_), Some(prefix)) => format!("{prefix}…:{MASK}"),
            _ => MASK.to_owned(),
        }
    }

    /// Identifies the token in reports, baselines and journals.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, {})", self.kind, self.redacted())
    }
}

/// The first 32 hex characters of SHA-256 over a token's text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Fingerprint::parse(&text)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl Fingerprint {
    /// The fingerprint of a token's exact text.
    pub fn of(text: &[u8]) -> Self {
        let digest = Sha256::digest(text);
        Fingerprint(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads a fingerprint that a person wrote down.
    ///
    /// # Errors
    /// When the text is not 32 lower-case hex characters.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Fingerprint(text.to_owned()))
        } else {
            // The text may be the token itself, so it is not repeated.
            Err("not a fingerprint: expected 32 lower-case hex characters, as reports show them".to_owned())
        }
    }

    /// The 32 hex characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_shows_its_secret() {
        let pair = Token::new(TokenKind::Pair, b"2f1c8a7e-aaaa:topsecret");
        let legacy = Token::new(TokenKind::Legacy, b"topsecret");
        assert_eq!(pair.redacted(), "2f1c8a7e-…:••••");
        assert_eq!(legacy.redacted(), "••••");
        assert!(!format!("{pair:?} {legacy:?}").contains("topsecret"));
        assert_eq!(pair.secret(), b"topsecret");
        assert_eq!(legacy.id_prefix(), None);
    }

    #[test]
    fn a_fingerprint_is_the_start_of_sha256() {
        assert_eq!(Fingerprint::of(b"abc").as_str(), "ba7816bf8f01cfea414140de5dae2223");
        assert!(Fingerprint::parse("ba78").is_err());
        assert!(Fingerprint::parse("BA7816BF8F01CFEA414140DE5DAE2223").is_err());
    }
}
