//! Whether a mention of Krea belongs to another value, which is labelled as the one that is asked about is: `krea = A`, and
//! below it `nebula = B`. Takes a text, a value's place and the mention.

use super::lines::line_range;
use crate::names;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far behind a mention the value stands that it labels, in bytes.
const REACH: usize = 300;
/// How many lines above a value may hold its label.
const MAX_LINES: usize = 3;
/// A label has no more words that tell anything.
const MAX_LABEL_WORDS: usize = 5;

/// The end of an element.
static CLOSING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)</[^<>]{1,60}>").expect("a constant pattern"));
/// What may be a secret value, or the variable that one is kept in.
static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)[A-Za-z0-9_-]{8,}:[A-Za-z0-9_+/-]{16,}|[A-Za-z0-9_-]{24,}|(?:\$\{?|\benv\.|(?i:env|environ)(?:\.get|\.fetch)?[\[(]["'])[A-Z][A-Z0-9_]{5,}\}?"#,
    )
    .expect("a constant pattern")
});

/// Whether the value at `span` and the one that `mention` labels have labels that differ in whose they are.
pub fn is_anothers(text: &[u8], span: &Range<usize>, mention: usize) -> bool {
    let Some(other) = value_behind(text, mention, span) else { return false };
    let theirs = label(text, mention, other.start);
    if !theirs.iter().any(|word| names::says_krea(word)) || theirs.len() > MAX_LABEL_WORDS {
        return false;
    }
    let ours = label(text, usize::MAX, span.start);
    let is_theirs_alone = |word: &&String| !ours.contains(word);
    let mut more = ours.iter().filter(|word| !theirs.contains(word)).peekable();
    more.peek().is_some()
        && more.all(|word| !names::says_krea(word))
        && (theirs.len()..=theirs.len() + 1).contains(&ours.len())
        && theirs.iter().filter(is_theirs_alone).all(|word| names::says_krea(word))
}

/// The value that follows a mention, and is not the one at `span`.
fn value_behind(text: &[u8], mention: usize, span: &Range<usize>) -> Option<Range<usize>> {
    let zone = &text[mention..(mention + REACH).min(text.len())];
    let found = VALUE.find_iter(zone).find(|found| is_value(found.as_bytes()))?.range();
    let other = mention + found.start..mention + found.end;
    let lines = memchr::memchr_iter(b'\n', &text[mention..other.start]).count();
    let is_own = other.start < span.end && span.start < other.end;
    (!is_own && lines <= MAX_LINES).then_some(other)
}

/// Whether what [`VALUE`] matches may be a secret value; digests and ids are none.
fn is_value(found: &[u8]) -> bool {
    // Only a variable has these.
    let is_variable = found.iter().any(|b| matches!(b, b'$' | b'.' | b'(' | b'['));
    let is_digest = || found.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    is_variable || (!is_digest() && names::is_random(&String::from_utf8_lossy(found)))
}

/// The telling words before a value: on its line, or on the nearest line above that has any, down from the value before and
/// from what opens or parts its entry, where that stands before `from` on the line.
fn label(text: &[u8], from: usize, value: usize) -> Vec<String> {
    let mut end = value;
    for _ in 0..=MAX_LINES {
        let mut start = line_range(text, end).start.min(end);
        if (start..end).contains(&from) {
            let opens = text[start..from].iter().rposition(|b| matches!(b, b'{' | b'[' | b'(' | b',' | b';'));
            start += opens.map_or(0, |at| at + 1);
        }
        let matched: Vec<_> = VALUE.find_iter(&text[start..end]).collect();
        let before = matched.iter().rfind(|found| is_value(found.as_bytes())).map(|found| found.range());
        let said = &text[before.as_ref().map_or(start, |before| start + before.end)..end];
        let words = names::telling_words(&String::from_utf8_lossy(&CLOSING.replace_all(said, &b" "[..])));
        if !words.is_empty() || before.is_some() || start == 0 || (start..end).contains(&from) {
            return words;
        }
        end = start - 1;
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks random; made here so that no file holds it.
    fn kreas() -> String {
        let set: Vec<u8> = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect();
        (1..=32).map(|i| char::from(set[(i * i * 17 + i * 23) % set.len()])).collect()
    }

    fn is_anothers_in(template: &str) -> bool {
        let text = template.replace("KREAS", &kreas()).replace("VALUE", "@@@@");
        let at = text.find("@@@@").expect("a value");
        let mention = text.to_lowercase().find("krea").expect("a mention");
        is_anothers(text.as_bytes(), &(at..at + 4), mention)
    }

    #[test]
    fn labels_that_differ_in_one_name_are_of_two_owners() {
        for text in [
            "krea = KREAS\nnebula = VALUE",
            "krea\nKREAS\n\nnebula\nVALUE",
            "Krea API key\nKREAS\nNebula key\nVALUE",
            "const krea = make({ token: 'KREAS' });\nconst neb = make({ token: 'VALUE' });",
            "keys = {'krea': 'KREAS', 'nebula': 'VALUE'}",
            "keys = {'nebula': 'VALUE', 'krea': 'KREAS'}",
            "<krea><token>KREAS</token></krea><nebula><token>VALUE",
            "nebula   VALUE\nkrea     KREAS",
            "Ann: krea token KREAS\nAnn: nebula token VALUE",
            "const krea = make({ token: process.env.KREA_API_KEY });\nconst neb = make({ token: 'VALUE' });",
            "krea = make(os.environ[\"KREA_API_KEY\"])\nnebula = make('VALUE')",
        ] {
            assert!(is_anothers_in(text), "{text}");
        }
    }

    #[test]
    fn a_second_token_of_krea_s_stays_its() {
        for text in [
            "krea tokens:\nKREAS\nVALUE",
            "krea\nproduction: KREAS\nstaging: VALUE",
            "Ann: krea token KREAS\nBob: VALUE",
            "krea: KREAS\nreplaced by: VALUE",
            "krea = VALUE",
            "krea:\n  48da2462fda101c3768cb800324bee8a28a47852 4\n  summary: 1\n  VALUE",
        ] {
            assert!(!is_anothers_in(text), "{text}");
        }
    }
}
