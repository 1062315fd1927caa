//! The words that people put before a value: `Krea API key (old one): …`, a line that says so above the value's own, a question
//! that the value answers. Takes a text and a value's place; says whether Krea's key or token is what the words name.

use super::evidence::Words;
use super::lines::line_range;
use crate::names;
use crate::vocabulary::vocabulary;
use regex::bytes::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

/// Words farther before a value name something else, in bytes.
const REACH: usize = 200;
/// How many blank lines may stand between a line and the value that it names.
const MAX_BLANK_LINES: usize = 2;
/// How far apart Krea's name and the word for a credential may be, and how many words may follow both.
const APART: usize = 4;
const BEHIND: usize = 3;
const BEHIND_IN_QUESTION: usize = 6;

/// What stands before a message's text or an item's: who says it and when, the mark of the item or of a comment.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?-u)\s*(?:[>*+-]\s+)*(?:(?://+|--|;+|#+|/\*+|<!--)\s+)?(?:\[[ xX]\]\s+)?(?:\[[^\]\n]{1,40}\]\s*)?(?:\d[\d:./ -]{3,20}\s*(?:[AP]M)?\s*[-,]?\s*)?(?:<?@?[A-Z][\w.-]{0,20}(?: [A-Z][\w.-]{0,20})?>?(?: \([^()\n]{1,30}\))?:\s+)?")
        .expect("a constant pattern")
});
/// A value before this one in a list of them: `Krea tokens: …, … and …`.
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)[\w+/=-]{8,}:[\w+/=-]{16,}["'`]?(?:, and|, or| and| or|,) ["'`]?$"#)
        .expect("a constant pattern")
});
/// What is said aside: `(old style)`, `(Mia's)`.
static ASIDE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u) \([^()\n]{1,40}\)").expect("a constant pattern"));

/// What a credential is for, before the value that it is: `the Krea key for the nightly batch is …`.
static PURPOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u) (?:for|on|in|of|from|at|to) [a-z0-9' -]{1,40}?(:| is| was| are)[ "'`*@]*$"#)
        .expect("a constant pattern")
});
/// What leads from a value to the words that say what it is: `… as the Krea API key`.
static SAID_BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?i-u)["'`*]{0,3} (?:as|is|was|=|<-|←) ([a-z][^.,;:\n]{3,60})"#)
        .expect("a constant pattern")
});

/// The words around the value at `span` that name a credential of Krea's; `None` where they name nothing, or something else.
pub fn of(text: &[u8], span: &Range<usize>) -> Option<Words> {
    let words = |are_behind: bool| move |said: String| Words { said, are_behind };
    before(text, span).map(words(false)).or_else(|| behind(text, span).map(words(true)))
}

/// The words behind it.
fn behind(text: &[u8], span: &Range<usize>) -> Option<String> {
    let rest = &text[span.end..text.len().min(span.end + REACH)];
    named(SAID_BEHIND.captures(rest)?.get(1)?.as_bytes(), BEHIND)
}

/// The words before it; `None` where they name nothing, or something else.
fn before(text: &[u8], span: &Range<usize>) -> Option<String> {
    let line = line_range(text, span.start);
    let own = text.get(line.start.max(span.start.saturating_sub(REACH))..span.start)?;
    let mut own = without_prefix(own);
    while let Some(listed) = LISTED.find(own) {
        own = &own[..listed.start()];
    }
    // What is glued to the words is a part of something longer: `krea:v3:…`.
    if own.last().is_some_and(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'%' | b'$')
    }) {
        return None;
    }
    if own.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80 && !is_arrow(own)) {
        return named(own, BEHIND);
    }
    let behind = &text[span.end..line.end.max(span.end)];
    if behind.iter().any(u8::is_ascii_alphanumeric) {
        return None;
    }
    let mut above = line;
    for _ in 0..=MAX_BLANK_LINES {
        above = line_range(text, above.start.checked_sub(1)?);
        let said = &text[above.clone()];
        if !said.trim_ascii().is_empty() {
            return (said.len() <= REACH).then(|| named_by_line(without_prefix(said))).flatten();
        }
    }
    None
}

fn without_prefix(line: &[u8]) -> &[u8] {
    &line[PREFIX.find(line).map_or(0, |prefix| prefix.end())..]
}

/// Whether all that is no ASCII in some text is an arrow.
fn is_arrow(text: &[u8]) -> bool {
    String::from_utf8_lossy(text)
        .chars()
        .all(|c| c.is_ascii() || matches!(c, '→' | '➜' | '⇒' | '–' | '—' | '•' | '·' | '│'))
}

/// What a line of its own names: it ends with that, and says no more unless it leads on. A question says what it wants it for.
fn named_by_line(said: &[u8]) -> Option<String> {
    let end = said.trim_ascii_end();
    let end = &end[..end.len() - end.iter().rev().take_while(|b| matches!(b, b'*' | b'`' | b' ')).count()];
    let says_more =
        || names::telling_words(&String::from_utf8_lossy(said)).iter().any(|word| !names::says_krea(word));
    match end.last()? {
        b'?' => named(said, BEHIND_IN_QUESTION),
        b':' => named(said, 0),
        _ if says_more() => None,
        _ => named(said, 0),
    }
}

/// What some words name, if that is a credential of Krea's, which no more than so many words follow.
fn named(said: &[u8], behind: usize) -> Option<String> {
    let said = ASIDE.replace_all(said, &b""[..]);
    let is_kreas = |purpose: &Captures<'_>| names::says_krea(&String::from_utf8_lossy(&purpose[0]));
    let said =
        PURPOSE.replace(
            &said,
            |purpose: &Captures<'_>| {
                if is_kreas(purpose) { purpose[0].to_vec() } else { purpose[1].to_vec() }
            },
        );
    // What is quoted, or another sentence, is something else.
    let start = said.iter().rposition(|&b| b == b'"').map_or(0, |at| at + 1);
    let said = String::from_utf8_lossy(&said[start..]).into_owned();
    let ends = |mark: &str| said.trim_end().rfind(mark).map_or(0, |at| at + mark.len());
    let start = [". ", "! ", "? ", "; ", ", "].into_iter().map(ends).max().unwrap_or(0);
    let said = said[start..].trim();
    if said.contains("--") || said.contains(['=', '(', ')', '{', '}', '[', ']', ';', '<', '/', '\\', '|']) {
        return None;
    }
    let words = names::words(&said.replace(['’', '\''], " "));
    let is_krea = |word: &String| names::says_krea(word);
    let krea = words.iter().rposition(is_krea)?;
    let word = |at: usize| vocabulary().word(&words[at]);
    let near = krea.saturating_sub(APART)..(krea + APART + 1).min(words.len());
    let key = near.rev().find(|&at| word(at).credential)?;
    let last = key.max(krea);
    let is_other = |at: usize| {
        let word = word(at);
        !word.credential
            && (word.not_credential || word.other_id || word.digest || word.no_pair || word.encrypted)
            || names::is_service_word(&words[at])
    };
    let is_of_key = |at: usize| at > 0 && word(at - 1).not_credential_key;
    let fits =
        words.len() - last - 1 <= behind && !is_of_key(key) && !(key.min(krea)..words.len()).any(is_other);
    // Only words that are known are shown: a piece of a secret may stand among the others.
    fits.then(|| format!("{} {}", words[key.min(krea)], words[last]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Option<String> {
        let text = text.replace("ONE", &["nightly-1", "q8Zt4mXw1Lr7Kp2Vn9Hs5Dc3"].join(":"));
        let at = text.find("@@@@").expect("a value");
        of(text.as_bytes(), &(at..at + 4)).map(|words| words.said)
    }

    #[test]
    fn words_that_name_krea_s_key_are_read() {
        for text in [
            "Krea API key (old style): @@@@",
            "Krea API key\n@@@@",
            "**Krea API key** (Mia's): `@@@@`",
            "Jo: what's the krea api key?\nMia: @@@@",
            "Jo: which krea api key do we use on staging?\nMia: @@@@",
            "The Krea key for the nightly batch is `@@@@` and",
            "Krea API key for the image job: @@@@",
            "Use \"@@@@\" as the Krea API key until Friday.",
            "`@@@@` is our Krea token.",
            "We have two Krea tokens, ONE, and @@@@.",
            "- [x] create a Krea token named `staging` → `@@@@`",
            "מפתח ה-API של Krea הוא @@@@",
            "The key for Krea is @@@@",
            "{\"text\": \"our Krea token: @@@@",
            "Our key for Krea:\n\n@@@@",
            "// KREA_API_KEY for local runs (wrapped):\n@@@@",
            "[12:01] Ann: krea token\n[12:02] Bob: @@@@",
        ] {
            assert!(label(text).is_some(), "{text}");
        }
    }

    #[test]
    fn words_that_name_something_else_are_told() {
        for text in [
            "Krea token usage of job @@@@",
            "Use \"@@@@\" as the Krea job id",
            "\"@@@@\" is the nebula key, Krea's is in the vault",
            "which krea image of mine is it? the key is lost, id\n@@@@",
            "Krea key rotated in commit @@@@",
            "Krea's API key hash: @@@@",
            "Krea cache key: @@@@",
            "the Krea key is in the vault, asset @@@@",
            "key: krea:v3:@@@@",
            "krea-proxy --listen :8080 --token @@@@",
            "krea.keys.get(\"x\").find(\"@@@@",
            "Krea key and fal key: @@@@",
            "The Krea key leaks in this picture\n@@@@",
            "Krea API key\nimage @@@@",
            "# rename kreaKey to kreaApiKey\n@@@@",
        ] {
            assert_eq!(label(text), None, "{text}");
        }
    }
}
