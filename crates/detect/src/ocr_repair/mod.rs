//! Tokens in text that a machine read from a picture, or a typesetter broke: with look-alikes, spaces, broken lines,
//! typographic dashes and colons.
//!
//! Takes a text and what is known of its surroundings, gives the tokens near mentions of Krea that the exact patterns
//! cannot see. What is given is a guess: the id half is repaired, the secret half is what was read. Text that is read
//! exactly is left to `super::rule_values`.

mod glyphs;
mod id;
mod reader;
mod secret;
mod wrap;

use super::attribution::{Attribution, Strength, Surroundings};
use super::boundary;
use super::placeholder::{self, Scrutiny};
use krea_scan_bounds::work;
use krea_scan_token::Confidence;
use reader::{NoiseGap, NoiseReader};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far from a mention of Krea a text is read this way, in bytes.
const REACH: usize = 8192;
/// How far before a token it is announced ("Token created. Copy it now"), in bytes.
const ANNOUNCED_REACH: usize = 200;

/// Fewer characters behind a token of a usual length are none of it, unless its line is full.
const FEW: usize = 4;

static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)\b(?:tokens?|(?:api|secret|access)[ _-]?keys?|secrets?|credentials?|bearer)\b")
        .expect("a constant pattern")
});

/// A token in noisy text.
#[derive(Clone, Debug)]
pub struct RepairedToken {
    /// Its text: the repaired id half, a colon, the secret half.
    pub token: Vec<u8>,
    pub span: Range<usize>,
    /// Where it stands, with what may belong to it behind it.
    pub hidden: Range<usize>,
    /// The first group of the id half as it was read.
    pub as_read: String,
    /// How sure it is: never high.
    pub confidence: Confidence,
    pub attribution: Attribution,
}

/// Finds the tokens in noisy text.
pub fn find(text: &[u8], around: &Surroundings<'_>) -> Vec<RepairedToken> {
    let mut found: Vec<RepairedToken> = Vec::new();
    if !around.is_related() {
        return found;
    }
    for zone in around.zones(REACH) {
        let mut at = zone.start;
        while let Some(start) = next_start(text, at..zone.end) {
            at = start + 1;
            if work::is_over() {
                return found;
            }
            let Some(noisy) = token(text, start, around) else { continue };
            at = noisy.span.end;
            found.push(noisy);
        }
    }
    found
}

/// What may go on a token that reads exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRest {
    /// The whole token.
    pub token: Vec<u8>,
    /// Where that ends which may belong to it, and is better not shown.
    pub hidden: usize,
    /// The whole is likelier the token than what reads exactly.
    pub is_likelier: bool,
}

/// What may go on the token that reads exactly at `span`, if anything does: what follows a space, or a full line, and looks
/// drawn at random as its secret half does.
pub fn rest(text: &[u8], span: &Range<usize>) -> Option<TokenRest> {
    let start = span.start + memchr::memchr(b':', &text[span.clone()])? + 1;
    let whole = secret::at(text, start).filter(|whole| whole.end > span.end)?;
    let behind = &text[span.end..];
    let breaks = behind.trim_ascii_start().len() < behind.len()
        && behind.iter().find(|&&b| !matches!(b, b' ' | b'\t' | b'\r')) == Some(&b'\n');
    let line = memchr::memrchr(b'\n', &text[..span.end]).map_or(0, |newline| newline + 1);
    if breaks && span.end - line < secret::FULL_LINE {
        return None;
    }
    let is_full = breaks && wrap::is_full(text, span.end);
    let (exact, all) = (boundary::secret_bits(&text[start..span.end]), boundary::secret_bits(&whole.text));
    // A usual length, and a few letters that nothing says belong to it.
    let is_usual = boundary::is_usual_length(&text[start..span.end]);
    if is_usual && !is_full && whole.text.len() - (span.end - start) < FEW {
        return None;
    }
    // What follows makes it as long as digits in base 16 mostly are.
    let is_hex = whole.text.iter().all(u8::is_ascii_hexdigit);
    let completes = breaks && is_hex && !is_usual && boundary::is_usual_length(&whole.text);
    let token = [&text[span.start..start], &whole.text].concat();
    let is_likelier = (is_full || completes) && all >= exact;
    Some(TokenRest { token, hidden: whole.hidden.max(whole.end), is_likelier })
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

fn token(text: &[u8], start: usize, around: &Surroundings<'_>) -> Option<RepairedToken> {
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
    let stated = attribution.strength == Strength::Stated && attribution.credential;
    if colon_only && !stated && is_digest(&secret.text) && !is_announced(text, start) {
        return None;
    }
    let token = [id.repaired.as_bytes(), b":", &secret.text].concat();
    Some(RepairedToken {
        token,
        hidden: start..secret.hidden.max(span.end),
        span,
        as_read: id.read,
        confidence,
        attribution,
    })
}

/// Where the secret half starts behind the colon, and what lies around the colon.
fn colon(text: &[u8], end: usize) -> Option<(usize, NoiseGap)> {
    let mut reader = NoiseReader::new(text, end);
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
        let found = |text: &str| {
            let text = text.replace("ID", ID).replace("ONE", one).replace("TWO", two);
            let start = text.find(ID).expect("the id");
            let rest = rest(text.as_bytes(), &(start..start + ID.len() + 21))?;
            Some((text[..rest.hidden].to_owned(), rest.token, rest.is_likelier))
        };
        let whole = format!("{ID}:{secret}").into_bytes();
        let full = format!("{}KREA=ID:ONE\nTWO'\n", " ".repeat(80 - 5 - ID.len() - 21));
        for (text, is_likelier) in [
            ("KREA_API_KEY=ID:ONE TWO |", false),
            ("export KREA_API_KEY=ID:ONE\nTWO\n", false),
            (&full, true),
        ] {
            let (hidden, token, likelier) = found(text).expect("it may go on");
            assert!(hidden.ends_with(two), "{text}");
            assert_eq!((token, likelier), (whole.clone(), is_likelier), "{text}");
        }
        for text in
            ["k=ID:ONE\n", "k=ID:ONE\nA=TWO\n", "k=ID:ONE,TWO", "k=ID:ONE is the key", "k=ID:ONE\nID:TWO"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_token_over_three_full_lines_is_whole() {
        let hex: String = (1..33u32).map(|n| format!("{:02x}", n.wrapping_mul(0x9e37_79b9) >> 24)).collect();
        let command = "$ curl -s https://api.krea.ai/jobs -H 'Authorization: Bearer ";
        let line = format!("{command}{ID}:{hex}'");
        let wrapped: Vec<&str> = [&line[..80], &line[80..160], &line[160..]].into();
        let text = format!("{}\n{{}}\n", wrapped.join("\n"));
        let around = Surroundings::new(text.as_bytes(), PathSays::Nothing, None);
        let found = find(text.as_bytes(), &around);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].token, format!("{ID}:{hex}").as_bytes());
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
