//! What hides secrets in text that is shown: ours, which are known, and a stranger's next to them, which have a shape.
//!
//! Takes text from outside, gives it with [`MASK`] in the place of whatever could be a secret. A text is masked whole and
//! cut afterwards, never the other way around: half a secret has no shape any more.

mod known;
mod line;
mod plain;
mod shape;
mod value;

use crate::{MASK, Token};
use known::KnownSecrets;
pub use line::{Stretch, lines};
use plain::Plain;
use shape::Cover;

/// What a text is, which says how readily something in it is taken for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// A line of a file, or another text that people wrote: whatever nobody would type is masked.
    Line,
    /// What people look for, or look up: a path, a ref, an author, a message. Digests, ids and the marks of builds stay.
    Name,
}

/// What is to be covered of a text, in order and apart. Where the text is cut off at its start or its end, what touches that
/// end may go on.
fn covers(text: &str, kind: TextKind, cut: (bool, bool)) -> Vec<Cover> {
    shaped(&Plain::of(text), kind, cut)
}

fn shaped(plain: &Plain, kind: TextKind, cut: (bool, bool)) -> Vec<Cover> {
    let covers = shape::covers(&plain.text, kind, cut).into_iter().chain(value::covers(&plain.text, kind));
    let origin = |cover: Cover| Cover { range: plain.origin(cover.range), ..cover };
    apart(covers.map(origin).collect())
}

/// Covers in order, with those that overlap made one.
fn apart(mut covers: Vec<Cover>) -> Vec<Cover> {
    covers.retain(|cover| !cover.range.is_empty());
    covers.sort_by_key(|cover| (cover.range.start, cover.shown));
    let mut apart: Vec<Cover> = Vec::with_capacity(covers.len());
    for cover in covers {
        match apart.last_mut() {
            Some(last) if cover.range.start < last.range.end => {
                if cover.range.start < last.range.start + last.shown {
                    last.shown = 0;
                }
                last.range.end = last.range.end.max(cover.range.end);
            }
            _ => apart.push(cover),
        }
    }
    apart
}

/// A text with these parts of it covered.
fn covered(text: &str, covers: &[Cover]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for cover in covers {
        shown.push_str(&text[at..cover.range.start]);
        push(&mut shown, &text[cover.range.clone()], cover.shown);
        at = cover.range.end;
    }
    shown + &text[at..]
}

/// Adds what is shown of a covered text: a mask, or the start of an id. One mask is enough for what stands together.
fn push(shown: &mut String, text: &str, start: usize) {
    match text.get(..start) {
        Some(start) if !start.is_empty() => {
            shown.push_str(start);
            shown.push_str("-…");
        }
        _ if shown.ends_with(MASK) => {}
        _ => shown.push_str(MASK),
    }
}

/// Masks the secrets of a set of tokens, and everything else that looks like one.
pub struct Masker {
    known: KnownSecrets,
}

impl Masker {
    /// Knows the secrets of `tokens`.
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> Self {
        Masker { known: KnownSecrets::new(tokens) }
    }

    /// Masks known secrets and all that has the shape of one.
    pub fn mask(&self, text: &str, kind: TextKind) -> String {
        let plain = Plain::of(text);
        let mut covers = self.known.covers(text, &plain);
        covers.extend(shaped(&plain, kind, (false, false)));
        covered(text, &apart(covers))
    }

    /// Masks known secrets in a text that was masked by shape where it came from, or is our own.
    pub fn text(&self, text: String) -> String {
        let covers = apart(self.known.covers(&text, &Plain::of(&text)));
        if covers.is_empty() { text } else { covered(&text, &covers) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenKind;
    use crate::testing::Tokens;
    use base64::Engine as _;
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
    fn what_stands_next_to_a_token_is_masked_and_words_stay() {
        let masker = Masker::new([]);
        let mut tokens = Tokens::new();
        let mut drawn = |set: &[u8], length| tokens.drawn(set, length);
        let (hex, all) =
            (b"0123456789abcdef", b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
        for (before, secret, after) in [
            ("FAL_KEY=", drawn(hex, 32), "\0HOME=/root"),
            ("const t = 'gh", format!("p_{}", drawn(all, 36)), "'; // for deploys"),
            ("see https://example.com/v1/jobs/", drawn(hex, 16), "/log.txt?page=2"),
            ("at 2026-07-01T10:15:00Z ", drawn(all, 24), " was used in src/report/human.rs:12"),
        ] {
            let shown = masker.mask(&format!("{before}{secret}{after}"), TextKind::Line);
            assert!(!shown.contains(&secret[4..10]), "{shown}");
            assert!(shown.ends_with(after) && shown.starts_with(&before[..before.len() - 2]), "{shown}");
        }
        let id = "5d1b8c3e-7f20-4a96-8e4d-2c6b9a0f1e37";
        assert_eq!(masker.mask(&format!("job {id} done"), TextKind::Line), "job 5d1b8c3e-… done");
        assert_eq!(masker.mask(&format!("jobs/{id}.log"), TextKind::Name), format!("jobs/{id}.log"));
    }

    #[test]
    fn without_tokens_nothing_changes() {
        let masker = Masker::new([]);
        assert_eq!(masker.text("a".to_owned()), "a");
    }
}
