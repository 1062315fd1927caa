//! The last look at a text before it leaves: no secret half is shown, whatever a path, an author, a reason or another
//! program's message holds.
//!
//! Takes tokens and searches texts for their secrets, as they are and as percent-encoding, base64, JSON and our own
//! formats would show them. Its copies of the secrets live as long as the masker.

use crate::escape;
use crate::finding::{MASK, Token};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use zeroize::Zeroizing;

/// Shorter texts are not searched for: they are no credentials, and would take whole reports apart.
const SHORTEST: usize = 6;

/// Masks the secrets of a set of tokens in finished reports. Its size is that of the secrets, however many they are.
pub struct Masker {
    /// Whether any form starts with these two bytes.
    starts: Vec<bool>,
    /// The forms by their first bytes, longest first.
    forms: HashMap<[u8; SHORTEST], Vec<Zeroizing<String>>>,
}

impl Masker {
    /// Knows the secrets of `tokens`, in every form that [`forms`] makes.
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> Self {
        let distinct: BTreeSet<&[u8]> = tokens.into_iter().map(Token::secret).collect();
        let mut masker = Masker { starts: vec![false; 1 << 16], forms: HashMap::new() };
        for form in distinct.into_iter().flat_map(forms) {
            let Some(stem) = form.as_bytes().first_chunk() else { continue };
            masker.starts[start(stem)] = true;
            let alike = masker.forms.entry(*stem).or_default();
            if alike.iter().all(|other| **other != form) {
                alike.push(Zeroizing::new(form));
            }
        }
        masker.forms.values_mut().for_each(|alike| alike.sort_by_key(|form| std::cmp::Reverse(form.len())));
        masker
    }

    /// Masks every secret in a text.
    pub fn text(&self, text: String) -> String {
        self.masked(&text).unwrap_or(text)
    }

    /// Masks every secret in the strings of a JSON text, which stays valid: structure, keys and numbers, all of
    /// them our own, are left alone, and a string that changes is written anew.
    pub fn json(&self, json: String) -> String {
        if self.forms.is_empty() {
            return json;
        }
        let mut masked = String::with_capacity(json.len());
        let mut rest = json.as_str();
        while let Some(start) = rest.find('"') {
            let (before, from_quote) = rest.split_at(start);
            let (literal, after) = from_quote.split_at(literal_len(from_quote));
            masked.push_str(before);
            let text =
                if after.starts_with(':') { None } else { serde_json::from_str::<String>(literal).ok() };
            match text.and_then(|text| self.masked(&text)) {
                Some(text) => masked.push_str(&Value::String(text).to_string()),
                None => masked.push_str(literal),
            }
            rest = after;
        }
        masked.push_str(rest);
        masked
    }

    /// The text with the mask in the place of every secret; `None` when it holds none.
    fn masked(&self, text: &str) -> Option<String> {
        let mut masked: Option<String> = None;
        let (mut copied, mut at) = (0, 0);
        while let Some(stem) = text.as_bytes()[at..].first_chunk() {
            let form = self.starts[start(stem)].then(|| self.forms.get(stem)).flatten().and_then(|alike| {
                alike.iter().find(|form| text.as_bytes()[at..].starts_with(form.as_bytes()))
            });
            match form {
                Some(form) => {
                    let masked = masked.get_or_insert_default();
                    masked.push_str(&text[copied..at]);
                    masked.push_str(MASK);
                    at += form.len();
                    copied = at;
                }
                None => at += 1,
            }
        }
        masked.map(|masked| masked + &text[copied..])
    }
}

/// The place of a stem in [`Masker::starts`].
fn start(stem: &[u8; SHORTEST]) -> usize {
    usize::from(stem[0]) << 8 | usize::from(stem[1])
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
    let path = percent_encode(secret, escape::PATH).to_string();
    let percent = path.replace('/', "%2F");
    let all_percent = percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        json.replace('/', "\\/"),
        lower_escapes(&percent),
        lower_escapes(&all_percent),
        escape::github_data(&plain).into_owned(),
        escape::github_property(&plain).into_owned(),
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
    use super::*;
    use crate::finding::TokenKind;
    use crate::report::testing::Tokens;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn base64_at_every_alignment_is_masked() {
        let token = Tokens::new().pair();
        let masker = Masker::new([&token]);
        for before in 0..6 {
            for after in 0..3 {
                let text = [&b"user:x"[..before], token.expose(), &b"yz"[..after]].concat();
                let masked = masker.text(STANDARD.encode(&text));
                assert!(masked.contains(MASK), "{before} before, {after} after");
            }
        }
    }

    #[test]
    fn lower_case_percent_encoding_is_masked() {
        let secret = format!("AB{}+/=", Tokens::new().text().replace(['-', ':'], ""));
        let masker = Masker::new([&Token::new(TokenKind::Legacy, secret.as_bytes())]);
        let encoded = secret.replace('+', "%2b").replace('/', "%2f").replace('=', "%3d");
        assert_eq!(masker.text(format!("?key={encoded}&x")), format!("?key={MASK}&x"));
    }

    #[test]
    fn json_stays_json_whatever_the_secret_looks_like() {
        // A secret made of digits and one that looks like JSON's own structure, beside equal keys and numbers.
        let digits = Token::new(TokenKind::Custom, b"12345678");
        let syntax = Token::new(TokenKind::Custom, b"\":{\"secret");
        let name = Token::new(TokenKind::Custom, b"findings");
        let masker = Masker::new([&digits, &syntax, &name]);
        let json = r#"{"findings":[12345678,"x12345678","\":{\"secret","\\","findings"],"a":{"secret":1}}"#;
        let masked = r#"{"findings":[12345678,"x••••","••••","\\","••••"],"a":{"secret":1}}"#;
        assert_eq!(masker.json(json.to_owned()), masked);
    }

    #[test]
    fn without_tokens_nothing_changes() {
        let masker = Masker::new([]);
        assert_eq!(masker.json("{\"a\":\"b\"}".to_owned()), "{\"a\":\"b\"}");
        assert_eq!(masker.text("a".to_owned()), "a");
    }
}
