//! Where a value begins and ends, and where else it may: whose it is, is another question.
//!
//! Takes a text and a span that a rule's pattern matched, which takes all letters that a value may have; gives the spans
//! that the value may be, best first, and whether it may be none of them. What the text says of its borders is weighed in
//! bits, beside how likely a secret of that alphabet has that length.

mod binary;
mod delimiters;
mod length_prefix;
mod likely;
mod text;

use krea_scan_text::Text;
use krea_scan_token::Doubt;
use krea_scan_token::randomness;
use likely::Alphabet;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The least a secret half has, in characters, and an opaque key.
const LEAST_SECRET: usize = 16;
const LEAST_KEY: usize = 20;
/// A reading that is less likely than the best one by so much, in bits, is none.
const POSSIBLE: f64 = 16.0;
/// What leaves no doubt of a delimiter is worth so much, in bits.
const SURE: f64 = 12.0;
/// More readings than these beside the best one are not told.
const MAX_OTHER_READINGS: usize = 4;
/// How far around a value a text shows whether it is one, in bytes.
const AROUND: usize = 128;
/// The same for a string that letters stand beside, in bytes.
const BESIDE: usize = 40;
/// So many letters may stand before the mark of a text in a pickle.
const MAX_OPCODES: usize = 8;
/// How long the strings of a binary may be that stand end to end, in bytes.
const STRINGS: usize = 4096;

/// The start of a URL up to the value: its path is no place for a token, its query is.
static URL_PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s?#\x22'@]{0,300}/$").expect("a constant pattern")
});

/// A text in which values stand.
#[derive(Clone, Copy, Debug)]
pub struct Field<'t> {
    text: &'t Text<'t>,
}

impl<'t> Field<'t> {
    /// A text as it was read.
    pub fn new(text: &'t Text<'t>) -> Self {
        Field { text }
    }

    pub fn text(&self) -> &'t Text<'t> {
        self.text
    }

    pub fn bytes(&self) -> &'t [u8] {
        self.text.bytes()
    }

    /// Whether the byte at a place stands for an escape, so that it delimits nothing.
    fn is_made(&self, at: usize) -> bool {
        self.text.is_made(at)
    }

    /// What the text around a span is.
    fn ground(&self, span: &Range<usize>) -> Ground {
        let bytes = self.bytes();
        let strings = span.start.saturating_sub(STRINGS)..bytes.len().min(span.end + STRINGS);
        let near = span.start.saturating_sub(AROUND)..bytes.len().min(span.end + AROUND);
        if bytes[near.clone()].iter().any(is_control) || memchr::memchr(0, &bytes[strings]).is_some() {
            Ground::Binary
        } else if is_text(bytes, near) || is_framed(bytes, span) {
            Ground::Text
        } else {
            Ground::Bytes
        }
    }
}

/// Whether a value stands between two quotes of a kind, or between an assignment and the end of a word: the text is one for
/// people, in whatever character set.
fn is_framed(bytes: &[u8], span: &Range<usize>) -> bool {
    let (before, after) = (bytes[..span.start].last(), bytes.get(span.end));
    let is_quoted = before == after && before.is_some_and(|b| matches!(b, b'"' | b'\'' | b'`'));
    let starts_word = before.is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'=' | b':'));
    let ends_word = match bytes[span.end..] {
        [] | [b' ' | b'\t' | b'\n' | b'\r', ..] | [b'$'] | [b'$', b'\n', ..] | [b'[', b'\n', b']', ..] => {
            true
        }
        [b'}', ..] => bytes[span.clone()].ends_with(b"+"),
        [b']', ..] => bytes[span.clone()].ends_with(b"-"),
        _ => false,
    };
    is_quoted || starts_word && ends_word
}

/// Whether a character is one that no text has. Terminals have their own control characters.
fn is_control(b: &u8) -> bool {
    matches!(b, 0..=6 | 0x0b | 0x10..=0x1a | 0x1c..=0x1f | 0x7f)
}

/// Whether a stretch of some bytes is text, save for characters that are cut at its ends.
fn is_text(bytes: &[u8], stretch: Range<usize>) -> bool {
    let text = &bytes[stretch.clone()];
    let cut = if stretch.start > 0 {
        text.iter().take(3).take_while(|b| (0x80..0xc0).contains(*b)).count()
    } else {
        0
    };
    let is_cut = |error: std::str::Utf8Error| error.error_len().is_none();
    !text.iter().any(is_control) && std::str::from_utf8(&text[cut..]).err().is_none_or(is_cut)
}

/// What a text is around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    /// Lines for people and programs, in which what is no letter of a value ends it.
    Text,
    /// Bytes without control characters, as some serialisers write.
    Bytes,
    Binary,
}

/// What a pattern matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A UUID, a colon and a secret half.
    Uuid,
    /// Another id, a colon and a secret half.
    Pair,
    /// Something without a colon.
    Opaque,
}

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Where it may stand, best first; one at least.
    pub spans: Vec<Range<usize>>,
    /// Why it may be none of them.
    pub doubt: Option<Doubt>,
    /// Where that ends which stands before it: what states its length is neither.
    pub frame: usize,
    /// It is a piece of something with more colons: an ARN, a URN, an image reference.
    pub has_more_colons: bool,
}

/// A place where a value may begin or end, or a span that it may be, and how likely that is, in bits.
#[derive(Clone, Debug)]
struct Weighed<T> {
    place: T,
    bits: f64,
}

/// A span that a pattern matched, and what is known of it.
struct Candidate<'f> {
    field: Field<'f>,
    text: &'f [u8],
    raw: Range<usize>,
    shape: Shape,
    /// Where its secret half starts; `None` for what has no halves.
    secret: Option<usize>,
    /// What stands before it, and what stands behind, is a delimiter for certain.
    is_delimited: [bool; 2],
}

/// The bounds of the values that a pattern matches in a stretch of a text.
pub fn find(value: &Regex, field: Field<'_>, zone: Range<usize>) -> Vec<Bounds> {
    let mut found = Vec::new();
    let (text, mut at) = (field.bytes(), zone.start);
    // Where a delimiter ends that is one for certain.
    let mut behind = None;
    while let Some(raw) = value.find_at(&text[..zone.end], at).map(|raw| raw.range()) {
        let mut delimiters = delimiters::certain(&field, &raw);
        let starts_behind = behind == Some(raw.start) || delimiters.iter().any(|at| at + 1 == raw.start);
        let ends_before = delimiters.contains(&raw.end);
        delimiters.retain(|at| raw.contains(at));
        let Some(&last) = delimiters.last() else {
            let bounds = of(field, &raw, [starts_behind, ends_before]);
            // In a binary the next value may stand right behind it.
            at = bounds.as_ref().map_or(raw.end, |bounds| bounds.spans[0].end).max(raw.start + 1);
            found.extend(bounds);
            continue;
        };
        let starts = std::iter::once(raw.start).chain(delimiters.iter().map(|at| at + 1));
        for (start, end) in starts.zip(delimiters.iter().copied()).filter(|(start, end)| start < end) {
            for part in
                value.find_iter(&text[start..end]).map(|part| start + part.start()..start + part.end())
            {
                let starts_behind = part.start == start && (start > raw.start || starts_behind);
                found.extend(of(field, &part, [starts_behind, part.end == end]));
            }
        }
        (at, behind) = (last + 1, Some(last + 1));
    }
    found
}

/// The bounds of the value that a pattern matched at `raw`; `None` where it is only a part of something else. `is_delimited`
/// says whether what stands before it, and what stands behind, is a delimiter for certain.
fn of(field: Field<'_>, raw: &Range<usize>, is_delimited: [bool; 2]) -> Option<Bounds> {
    let text = field.bytes();
    let colon = memchr::memchr(b':', &text[raw.clone()]).map(|at| raw.start + at);
    let shape = match colon {
        Some(colon) if randomness::is_uuid(&text[raw.start..colon]) => Shape::Uuid,
        Some(_) => Shape::Pair,
        None => Shape::Opaque,
    };
    let secret = colon.map(|colon| colon + 1);
    let candidate = Candidate { field, text, raw: raw.clone(), shape, secret, is_delimited };
    match field.ground(raw) {
        Ground::Text => candidate.in_text(),
        ground => candidate.in_binary(ground == Ground::Binary),
    }
}

impl Candidate<'_> {
    /// Where the value ends at the earliest if it starts at a place.
    fn least_end(&self, start: usize) -> usize {
        self.secret.map_or(start + LEAST_KEY, |secret| secret + LEAST_SECRET)
    }
}

/// The likeliest first, as far as they are not less likely than it by more than `possible` bits; of equals, the first.
fn best_first<T>(mut found: Vec<Weighed<T>>, possible: f64) -> Vec<Weighed<T>> {
    found.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    let least = found.first().map_or(0.0, |best| best.bits - possible);
    found.retain(|weighed| weighed.bits >= least);
    found.truncate(1 + MAX_OTHER_READINGS);
    found
}

/// Whether a span is a string by itself although letters stand beside it: the byte before it is its length, with a mark of its
/// sort, in bytes that are no text, or the four bytes are; or it is a line with a mark before it, as Python's pickles write one.
pub fn is_string(text: &[u8], span: &Range<usize>) -> bool {
    let Some(&before) = text[..span.start].last() else { return false };
    let around = span.start.saturating_sub(BESIDE)..text.len().min(span.end + BESIDE);
    let ends_line = matches!(text[span.end..], [] | [b'\n' | b'\r', ..]);
    // A length in four bytes.
    let is_sized = u32::try_from(span.len()).is_ok_and(|length| {
        let before = &text[..span.start];
        before.ends_with(&length.to_le_bytes()) || before.ends_with(&length.to_be_bytes())
    });
    is_sized
        || ends_line && is_marked(text, span.start)
        || usize::from(before & 0xf) == span.len() && !is_text(text, around)
}

/// Whether a line of one of Python's pickles says that what starts at a place is a text: a `V` stands before it, behind nothing
/// but what is done with the values before.
pub fn is_marked(text: &[u8], at: usize) -> bool {
    let Some(before) = text[..at].strip_suffix(b"V") else { return false };
    let is_code =
        |b: &&u8| matches!(**b, b'(' | b')' | b']' | b'}' | b'0'..=b'2' | b'N' | b'R' | b'a'..=b'u');
    let codes = before.iter().rev().take(MAX_OPCODES).take_while(is_code).count();
    before[..before.len() - codes].last().is_none_or(|&b| b == b'\n')
}

/// Whether a UUID with a secret, at `span`, stands in a text as a value of its own.
pub fn stands_alone(text: &[u8], span: &Range<usize>) -> bool {
    let plain = Text::plain(text);
    let (field, raw, secret) = (Field::new(&plain), span.clone(), Some(span.start));
    let candidate = Candidate { field, text, raw, shape: Shape::Uuid, secret, is_delimited: [false; 2] };
    candidate.uuid_starts() && candidate.ends_well(span)
}

/// How many marks of a patch stand right before a place: its line starts with them.
pub fn patch_marks(text: &[u8], at: usize) -> usize {
    delimiters::patch_marks(text, at)
}

/// Whether a text is a patch up to its end: it has the head of a hunk.
pub fn is_patch(before: &[u8]) -> bool {
    delimiters::is_patch(before)
}

/// How likely a text is a secret half, in bits: only differences count.
pub fn secret_bits(secret: &[u8]) -> f64 {
    let padding = secret.iter().rev().take_while(|&&b| b == b'=').count();
    likely::secret_bits(Alphabet::of(secret), secret.len(), padding)
}

/// Whether a secret half has one of the few lengths that most have.
pub fn is_usual_length(secret: &[u8]) -> bool {
    let alphabet = Alphabet::of(secret);
    matches!(secret.len(), 32 | 64) || secret.len() == if alphabet.is_hex() { 40 } else { 43 }
}

/// Whether the value is a piece of something with more colons: an ARN, a URN, an image reference.
pub fn has_more_colons(text: &[u8], span: &Range<usize>) -> bool {
    let glue = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'_' | b'-' | b'.' | b'@');
    let before: Vec<u8> =
        text[..span.start].iter().rev().copied().take(200).take_while(|&b| glue(b)).collect();
    let colons = before.iter().filter(|&&b| b == b':').count();
    let behind =
        text.get(span.end) == Some(&b':') && text.get(span.end + 1).is_some_and(u8::is_ascii_alphanumeric);
    behind || colons > 1 || memchr::memmem::find(&before, b"//:").is_some()
}

#[cfg(test)]
mod tests;
