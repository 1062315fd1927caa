//! Tokens in text that a machine read from a picture, or a typesetter broke: with look-alikes, spaces, broken lines,
//! typographic dashes and colons.
//!
//! Takes a text and what is known of its surroundings, gives the tokens near mentions of Krea that the exact patterns
//! cannot see. What is given is a guess: the id half is repaired, the secret half is what was read. Text that is read
//! exactly is left to `super::pairs`.

mod glyphs;
mod id;
mod reader;
mod secret;

use super::attribution::{Attribution, Surroundings, Tie};
use super::boundary;
use super::placeholder::{self, Scrutiny};
use crate::finding::Confidence;
use reader::{Gap, Reader};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far from a mention of Krea a text is read this way, in bytes.
const REACH: usize = 8192;
/// How far before a token it is announced ("Token created. Copy it now"), in bytes.
const ANNOUNCED_REACH: usize = 200;

static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)\b(?:tokens?|(?:api|secret|access)[ _-]?keys?|secrets?|credentials?|bearer)\b")
        .expect("a constant pattern")
});

/// A token in noisy text.
#[derive(Clone, Debug)]
pub struct Noisy {
    /// Its text: the repaired id half, a colon, the secret half.
    pub token: Vec<u8>,
    /// Where it stands.
    pub span: Range<usize>,
    /// Where it stands, with what may belong to it behind it.
    pub hidden: Range<usize>,
    /// The first group of the id half as it was read.
    pub as_read: String,
    /// How sure it is: never high.
    pub confidence: Confidence,
    /// Whose it is.
    pub attribution: Attribution,
}

/// Finds the tokens in noisy text.
pub fn find(text: &[u8], around: &Surroundings<'_>) -> Vec<Noisy> {
    let mut found: Vec<Noisy> = Vec::new();
    if !around.is_related() {
        return found;
    }
    for zone in around.zones(REACH) {
        let mut at = zone.start;
        while let Some(start) = next_start(text, at..zone.end) {
            at = start + 1;
            let Some(noisy) = token(text, start, around) else { continue };
            at = noisy.span.end;
            found.push(noisy);
        }
    }
    found
}

/// Where that ends which may go on a token that reads exactly, if anything does: what follows a space, or a full line, and
/// looks drawn at random as its secret half does.
pub fn goes_on(text: &[u8], span: &Range<usize>) -> Option<usize> {
    let secret = span.start + memchr::memchr(b':', &text[span.clone()])? + 1;
    let whole = secret::at(text, secret)?;
    let is_full = |line: &[u8]| line.len() >= secret::FULL_LINE;
    let start = memchr::memrchr(b'\n', &text[..span.end]).map_or(0, |newline| newline + 1);
    let breaks = text[span.end..].trim_ascii_start().len() < text[span.end..].len()
        && text[span.end..].iter().find(|&&b| !matches!(b, b' ' | b'\t' | b'\r')) == Some(&b'\n');
    (whole.end > span.end && (!breaks || is_full(&text[start..span.end])))
        .then_some(whole.hidden.max(whole.end))
}

/// The next place where a word starts like an id half.
fn next_start(text: &[u8], range: Range<usize>) -> Option<usize> {
    range.into_iter().find(|&at| starts_word(text, at) && looks_like_digit(text, at))
}

fn starts_word(text: &[u8], at: usize) -> bool {
    let continues = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || b == b'\\';
    !at.checked_sub(1).is_some_and(|before| continues(text[before]))
}

fn looks_like_digit(text: &[u8], at: usize) -> bool {
    match text[at] {
        // A dash is no digit; this is asked most.
        b'-' | b' ' | b'\n' => false,
        // Only what starts a character.
        0x80..=0xbf => false,
        _ => reader::char_at(text, at).is_some_and(|(c, _)| !glyphs::hex_digits(c).is_empty()),
    }
}

fn token(text: &[u8], start: usize, around: &Surroundings<'_>) -> Option<Noisy> {
    let id = id::at(text, start)?;
    let (at, colon) = colon(text, id.end)?;
    let secret = secret::at(text, at)?;
    let colon_only = id.is_clean && secret.clean >= secret::LEAST;
    if colon_only && colon.is_empty() && text.get(id.end) == Some(&b':') {
        return None;
    }
    let span = start..secret.end;
    let is_refused = placeholder::is_placeholder_id(id.repaired.as_bytes())
        || is_id(&secret.text)
        || secret.text.iter().all(u8::is_ascii_digit)
        || placeholder::is_placeholder(&secret.text, Scrutiny::Pair)
        || !boundary::stands_alone(text, &span)
        || boundary::has_more_colons(text, &span);
    if is_refused || !around.mentioned_within(start, REACH) {
        return None;
    }
    let attribution = around.attribute(&span);
    let confidence = attribution.pair_confidence()?.min(Confidence::Medium);
    // A map from ids to digests looks like this as well.
    let stated = attribution.tie == Tie::Stated && attribution.credential;
    if colon_only && !stated && is_digest(&secret.text) && !is_announced(text, start) {
        return None;
    }
    let token = [id.repaired.as_bytes(), b":", &secret.text].concat();
    Some(Noisy {
        token,
        hidden: start..secret.hidden.max(span.end),
        span,
        as_read: id.read,
        confidence,
        attribution,
    })
}

/// Where the secret half starts behind the colon, and what lies around the colon.
fn colon(text: &[u8], end: usize) -> Option<(usize, Gap)> {
    let mut reader = Reader::new(text, end);
    let mut gap = reader.gap();
    let before = gap;
    let colon = reader.next().filter(|&c| glyphs::is_colon(c))?;
    let after = reader.gap();
    gap.add(after);
    // Between sentences and in lists these are what they are.
    let is_exact = !matches!(colon, '.' | ';') || (before.is_empty() && after.is_empty());
    (is_exact && gap.lines < 2).then_some((reader.at, gap))
}

/// Whether a word for a credential stands a little before a place.
fn is_announced(text: &[u8], at: usize) -> bool {
    ANNOUNCED.is_match(&text[at.saturating_sub(ANNOUNCED_REACH)..at])
}

/// Whether a secret half is an id, as in a list of pairs of them.
fn is_id(secret: &[u8]) -> bool {
    id::at(secret, 0).is_some_and(|id| id.end >= secret.len())
}

/// Whether a text is as long as a digest, and spelled like one.
fn is_digest(secret: &[u8]) -> bool {
    matches!(secret.len(), 32 | 40 | 56 | 64 | 96 | 128) && secret.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::super::attribution::PathSays;
    use super::*;

    const ID: &str = "4c123b16-12dd-2f2d-13b1-c17149d43953";

    /// Looks random; made here so that no file holds it.
    fn secret() -> String {
        let set: Vec<u8> = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect();
        (1..=32).map(|i| char::from(set[(i * i * 17 + i * 23) % set.len()])).collect()
    }

    fn found(template: &str) -> Vec<(String, Confidence)> {
        let secret = secret();
        let (one, two) = secret.split_at(20);
        let text = template.replace("ID", ID).replace("SEC", &secret).replace("ONE", one).replace("TWO", two);
        let around = Surroundings::new(text.as_bytes(), PathSays::Nothing, None);
        find(text.as_bytes(), &around)
            .into_iter()
            .map(|noisy| (String::from_utf8(noisy.token).expect("ASCII"), noisy.confidence))
            .collect()
    }

    #[test]
    fn noise_around_a_krea_context_is_seen_through() {
        for text in [
            "KREA_API_KEY=ID : SEC",
            "KREA API KEY=4cl23b16-12dd-2f2d-13b1-c17149d43953:SEC",
            "KREA_API_KEY=ID\u{ff1a}SEC",
            "KREA_API_KEY=ID;SEC",
            "KREA_APl_KEY: 4c123b16—12dd—2f2d—13b1—c17149d43953: SEC",
            "Krea\n\nToken created\n\n4c123b16-12dd -2f2d-13b1-c17149d43953 :ONE TWO\nDone",
            "krea token\n14\n00:00:01,000 --> 00:00:02,000\n4c123b16-12dd-\n\n15\n00:00:02,000 --> 00:00:03,000\n2f2d-13b1-c17149d43953:SEC",
            "API Tokens - Krea\n\nCopy it now.\n\nID: 9f86d081884c7d659a2feaa0c55ad015",
            "│ KREA_API_KEY │ 4c123b16-12dd-2f2d │\n│              │ -13b1-c17149d43953:ONE │\n│              │ TWO │",
        ] {
            let secret =
                if text.contains("9f86") { "9f86d081884c7d659a2feaa0c55ad015".into() } else { secret() };
            assert_eq!(found(text), [(format!("{ID}:{secret}"), Confidence::Medium)], "{text}");
        }
    }

    #[test]
    fn what_reads_exactly_is_left_to_the_exact_patterns() {
        for text in ["KREA_API_KEY=ID:SEC", "krea\nID:SEC\nx"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_may_go_on_is_told() {
        let secret = secret();
        let (one, two) = secret.split_at(20);
        let goes_on = |text: &str| {
            let text = text.replace("ID", ID).replace("ONE", one).replace("TWO", two);
            let start = text.find(ID).expect("the id");
            goes_on(text.as_bytes(), &(start..start + ID.len() + 21)).map(|end| text[..end].to_owned())
        };
        for text in ["KREA_API_KEY=ID:ONE TWO |", "export KREA_API_KEY=ID:ONE\nTWO\n"] {
            assert!(goes_on(text).is_some_and(|hidden| hidden.ends_with(two)), "{text}");
        }
        for text in
            ["k=ID:ONE\n", "k=ID:ONE\nA=TWO\n", "k=ID:ONE,TWO", "k=ID:ONE is the key", "k=ID:ONE\nID:TWO"]
        {
            assert_eq!(goes_on(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in [
            "ID : SEC",
            "kreativ ID : SEC",
            "krea and fal keys: ID : SEC",
            "FAL_KEY=ID : SEC # krea",
            "krea jobs\nID: ID",
            "krea jobs\nID : 9f86d081884c7d659a2feaa0c55ad015",
            "krea job ID. Something else that is long enough",
            "krea job ID; something",
            "krea urn:x:uuid:ID: SEC",
            "krea https://example.com/jobs/ID : SEC",
            "KREA_API_KEY=00000000-0000-0000-0000-0000000000OO:SEC",
            "KREA_API_KEY=ID : your-secret-goes-here",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
