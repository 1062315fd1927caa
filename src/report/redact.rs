//! The last look at a report before it is written: no secret half leaves, whatever a path, an author or a reason
//! holds.
//!
//! Takes the tokens of an outcome and searches each report for their secrets, as they are and as percent-encoding,
//! base64, JSON and our own formats would show them. Its copies of the secrets live as long as the report is made,
//! and are not wiped: the search keeps them in tables of its own.

use super::{escape, github, place};
use crate::finding::{MASK, Token};
use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::Value;
use std::collections::BTreeSet;

/// Shorter texts are not searched for: they are no credentials, and would take whole reports apart.
const SHORTEST: usize = 6;

/// Masks the secrets of a set of tokens in finished reports.
pub struct Redactor {
    /// `None` when there is nothing to mask.
    secrets: Option<AhoCorasick>,
}

impl Redactor {
    /// Knows the secrets of `tokens`, in every form that [`forms`] makes.
    ///
    /// # Errors
    /// When the forms are too many for one search, which takes hundreds of megabytes of them.
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> Result<Self, BuildError> {
        let distinct: BTreeSet<&[u8]> = tokens.into_iter().map(Token::secret).collect();
        let forms: BTreeSet<String> = distinct.into_iter().flat_map(forms).collect();
        if forms.is_empty() {
            return Ok(Redactor { secrets: None });
        }
        let secrets = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms)?;
        Ok(Redactor { secrets: Some(secrets) })
    }

    /// Masks every secret in a text.
    pub fn text(&self, text: String) -> String {
        match &self.secrets {
            Some(secrets) if secrets.is_match(&text) => mask(secrets, &text),
            _ => text,
        }
    }

    /// Masks every secret in the strings of a JSON text, which stays valid: structure, keys and numbers, all of
    /// them our own, are left alone, and a string that changes is written anew.
    pub fn json(&self, json: String) -> String {
        let Some(secrets) = &self.secrets else { return json };
        let mut masked = String::with_capacity(json.len());
        let mut rest = json.as_str();
        while let Some(start) = rest.find('"') {
            let (before, from_quote) = rest.split_at(start);
            let (literal, after) = from_quote.split_at(literal_len(from_quote));
            masked.push_str(before);
            match serde_json::from_str::<String>(literal) {
                Ok(text) if !after.starts_with(':') && secrets.is_match(&text) => {
                    masked.push_str(&Value::String(mask(secrets, &text)).to_string());
                }
                _ => masked.push_str(literal),
            }
            rest = after;
        }
        masked.push_str(rest);
        masked
    }
}

/// Puts the mask in the place of everything that matches.
fn mask(secrets: &AhoCorasick, text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    secrets.replace_all_with(text, &mut masked, |_, _, masked| {
        masked.push_str(MASK);
        true
    });
    masked
}

/// The length of the string literal at the start of `json`, quotes included.
fn literal_len(json: &str) -> usize {
    let mut bytes = json.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return at + 1,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
    json.len()
}

/// Every way in which a secret may show up in a report.
fn forms(secret: &[u8]) -> Vec<String> {
    let plain = String::from_utf8_lossy(secret).into_owned();
    let visible = escape::visible(&plain).into_owned();
    let quoted = Value::String(plain.clone()).to_string();
    let json = quoted[1..quoted.len() - 1].to_owned();
    let path = percent_encode(secret, place::PATH).to_string();
    let percent = path.replace('/', "%2F");
    let all_percent = percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        json.replace('/', "\\/"),
        lower_escapes(&percent),
        lower_escapes(&all_percent),
        github::data(&plain).into_owned(),
        github::property(&plain).into_owned(),
        escape::visible_line(&plain).into_owned(),
        plain,
        visible,
        json,
        path,
        percent,
        all_percent,
    ];
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.extend((0..3).map(|shift| inner_base64(&engine, secret, shift)));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// Percent-encoding with lower-case digits: `%2f` for `%2F`.
fn lower_escapes(encoded: &str) -> String {
    let mut lower = String::with_capacity(encoded.len());
    let mut parts = encoded.split('%');
    lower.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (digits, rest) = part.split_at(2);
        lower.push('%');
        lower.push_str(&digits.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

/// What base64 makes of a secret with `shift` bytes before it (modulo three), without the characters at either end
/// that its neighbours have a part in.
fn inner_base64(engine: &impl Engine, secret: &[u8], shift: usize) -> String {
    let padded = [&[0; 3][..shift], secret].concat();
    let encoded = engine.encode(&padded);
    let (start, end) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
    encoded.get(start..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Tokens;
    use super::*;
    use crate::finding::TokenKind;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn base64_at_every_alignment_is_masked() {
        let token = Tokens::new().pair();
        let redactor = Redactor::new([&token]).unwrap();
        for before in 0..6 {
            for after in 0..3 {
                let text = [&b"user:x"[..before], token.expose(), &b"yz"[..after]].concat();
                let masked = redactor.text(STANDARD.encode(&text));
                assert!(masked.contains(MASK), "{before} before, {after} after");
            }
        }
    }

    #[test]
    fn lower_case_percent_encoding_is_masked() {
        let secret = format!("AB{}+/=", Tokens::new().text().replace(['-', ':'], ""));
        let redactor = Redactor::new([&Token::new(TokenKind::Legacy, secret.as_bytes())]).unwrap();
        let encoded = secret.replace('+', "%2b").replace('/', "%2f").replace('=', "%3d");
        assert_eq!(redactor.text(format!("?key={encoded}&x")), format!("?key={MASK}&x"));
    }

    #[test]
    fn json_stays_json_whatever_the_secret_looks_like() {
        // A secret made of digits and one that looks like JSON's own structure, beside equal keys and numbers.
        let digits = Token::new(TokenKind::Custom, b"12345678");
        let syntax = Token::new(TokenKind::Custom, b"\":{\"secret");
        let name = Token::new(TokenKind::Custom, b"findings");
        let redactor = Redactor::new([&digits, &syntax, &name]).unwrap();
        let json = r#"{"findings":[12345678,"x12345678","\":{\"secret","\\","findings"],"a":{"secret":1}}"#;
        let masked = r#"{"findings":[12345678,"x••••","••••","\\","••••"],"a":{"secret":1}}"#;
        assert_eq!(redactor.json(json.to_owned()), masked);
    }

    #[test]
    fn without_tokens_nothing_changes() {
        let redactor = Redactor::new([]).unwrap();
        assert_eq!(redactor.json("{\"a\":\"b\"}".to_owned()), "{\"a\":\"b\"}");
        assert_eq!(redactor.text("a".to_owned()), "a");
    }
}
