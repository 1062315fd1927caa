//! Secrets that are known: those of the tokens that a run has found. They are searched for as they are and in the forms
//! in which paths, programs and our own formats show them, and so is every piece of one.
//!
//! Takes tokens and texts, gives places. The copies of the secrets live as long as the search.

use super::plain::Plain;
use super::shape::Cover;
use crate::escape;
use crate::{Token, TokenKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use zeroize::Zeroizing;

/// Shorter texts are not searched for: they are no credentials, and would take whole reports apart.
const MIN_SEARCHED_BYTES: usize = 6;

/// Searches for known secrets. Its size is that of the secrets, however many they are.
pub struct KnownSecrets {
    /// Whether any form starts with these two bytes.
    starts: Vec<bool>,
    /// The forms by their first bytes, longest first.
    forms: HashMap<[u8; MIN_SEARCHED_BYTES], Vec<Zeroizing<String>>>,
    /// Every piece of a secret, in lower case.
    pieces: HashSet<[u8; MIN_SEARCHED_BYTES]>,
}

impl KnownSecrets {
    /// Knows the secrets of `tokens`, in every form that [`forms`] makes.
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> Self {
        let mut known =
            KnownSecrets { starts: vec![false; 1 << 16], forms: HashMap::new(), pieces: HashSet::new() };
        let mut distinct = BTreeSet::new();
        for token in tokens {
            // What a team's own rule finds may be made of words, and words are not to be taken apart.
            if distinct.insert(token.secret()) && token.kind() != TokenKind::Custom {
                let secret = Zeroizing::new(token.secret().to_ascii_lowercase());
                let pieces =
                    secret.windows(MIN_SEARCHED_BYTES).filter_map(|piece| piece.first_chunk().copied());
                known.pieces.extend(pieces.filter(|piece| piece.is_ascii()));
            }
        }
        for form in distinct.into_iter().flat_map(forms) {
            let Some(stem) = form.as_bytes().first_chunk() else { continue };
            known.starts[start(stem)] = true;
            known.forms.entry(*stem).or_default().push(Zeroizing::new(form));
        }
        for alike in known.forms.values_mut() {
            alike.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            alike.dedup();
        }
        known
    }

    /// Where a text holds a secret or a piece of one. `plain` is the same text as it is meant.
    pub fn covers(&self, text: &str, plain: &Plain) -> Vec<Cover> {
        if self.forms.is_empty() {
            return Vec::new();
        }
        let whole = self.whole(text);
        let pieces = self.pieces(&plain.text).map(|range| plain.origin(range));
        whole.into_iter().chain(pieces).map(|range| Cover { range, shown: 0 }).collect()
    }

    /// Where a text holds a secret, in any of its forms.
    fn whole(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(stem) = text.as_bytes()[at..].first_chunk() {
            let form = self.starts[start(stem)].then(|| self.forms.get(stem)).flatten().and_then(|alike| {
                alike.iter().find(|form| text.as_bytes()[at..].starts_with(form.as_bytes()))
            });
            let length = form.map_or(0, |form| form.len());
            if length > 0 {
                found.push(at..at + length);
            }
            at += length.max(1);
        }
        found
    }

    /// Where a text holds a piece of a secret, whatever its case.
    fn pieces<'k>(&'k self, text: &str) -> impl Iterator<Item = Range<usize>> + use<'k> {
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        let is_piece = move |at: &usize| {
            let window = lower.as_bytes()[*at..].first_chunk::<MIN_SEARCHED_BYTES>();
            window.is_some_and(|window| self.pieces.contains(window))
        };
        (0..text.len()).filter(is_piece).map(|at| at..at + MIN_SEARCHED_BYTES)
    }
}

/// The place of a stem in [`KnownSecrets::starts`].
fn start(stem: &[u8; MIN_SEARCHED_BYTES]) -> usize {
    usize::from(stem[0]) << 8 | usize::from(stem[1])
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
    forms.extend([hex(secret), hex(secret).to_ascii_uppercase()]);
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.extend((0..3).map(|shift| inner_base64(&engine, secret, shift)));
    }
    forms.retain(|form| form.len() >= MIN_SEARCHED_BYTES);
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

fn hex(secret: &[u8]) -> String {
    secret.iter().map(|byte| format!("{byte:02x}")).collect()
}
