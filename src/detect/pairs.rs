//! The values that contextual rules look for in one text: `id:secret` pairs and opaque keys.

use super::attribution::{Attribution, Place, Surroundings};
use super::explain::{Considered, Decision};
use super::names;
use super::placeholder::{self, Scrutiny};
use super::vocabulary::vocabulary;
use crate::finding::{Confidence, Token, TokenKind};
use crate::rules::{ContextRule, Needs, Rule};
use crate::unpack::encoded::{base64, hex};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A longer secret is data, not a secret.
const MAX_SECRET: usize = 256;
/// A longer opaque string is data, or ciphertext, not a key.
const MAX_OPAQUE: usize = 128;
/// How far from a mention of Krea an opaque value is worth a look.
const OPAQUE_REACH: usize = 4096;

/// The start of a URL up to the value: its path is no place for a token, its query is.
static URL_PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s?#\x22'@]{0,300}/$").expect("a constant pattern")
});

/// A value that a rule accepts, in the text that was searched.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where it stands.
    pub span: Range<usize>,
    /// What it is.
    pub kind: TokenKind,
    /// How sure that is.
    pub confidence: Confidence,
    /// Whose it is.
    pub attribution: Attribution,
}

/// What a rule finds in a text.
#[derive(Debug, Default)]
pub struct Values {
    /// What it accepts.
    pub accepted: Vec<Value>,
    /// How many it drops as placeholders.
    pub placeholders: u64,
    /// What was decided of each value of a token's shape, where that is wanted.
    pub considered: Vec<Considered>,
}

/// Runs one contextual rule over a text.
pub fn find(
    rule: &Rule,
    context: &ContextRule,
    text: &[u8],
    around: &Surroundings<'_>,
    explains: bool,
) -> Values {
    let mut values = Values::default();
    if context.needs == Needs::Name && !around.is_related() {
        return values;
    }
    let zones = match context.needs {
        Needs::Name => around.zones(OPAQUE_REACH),
        _ => std::iter::once(0..text.len()).collect(),
    };
    let found = zones.into_iter().flat_map(|zone| {
        let start = zone.start;
        context.value.find_iter(&text[zone]).map(move |found| start + found.start()..start + found.end())
    });
    for found in found {
        let span = between_slashes(text, found);
        if context.needs == Needs::Name && !around.mentioned_within(span.start, OPAQUE_REACH) {
            continue;
        }
        let verdict = match context.token {
            TokenKind::Pair => pair(rule, context, text, span.clone(), around),
            _ => opaque(rule, context, text, span.clone(), around),
        };
        if let Some(decision) = verdict.decision().filter(|_| explains) {
            let token = Token::new(context.token, &text[span.clone()]);
            let evidence = around.evidence(&span);
            values.considered.push(Considered { rule: rule.id.clone(), token, span, decision, evidence });
        }
        match verdict {
            Verdict::Accepted(value) => values.accepted.push(value),
            Verdict::Placeholder => values.placeholders += 1,
            Verdict::Dropped(_) | Verdict::NoToken => {}
        }
    }
    values
}

/// The value without what stands behind a slash, where a slash starts it: `s/NAME/value/g`.
fn between_slashes(text: &[u8], span: Range<usize>) -> Range<usize> {
    if !text[..span.start].ends_with(b"/") {
        return span;
    }
    let end = memchr::memchr(b'/', &text[span.clone()]).map_or(span.end, |i| span.start + i);
    span.start..end
}

enum Verdict {
    Accepted(Value),
    Placeholder,
    /// It has a token's shape; why it is none.
    Dropped(&'static str),
    /// It has not even the shape.
    NoToken,
}

impl Verdict {
    fn decision(&self) -> Option<Decision> {
        match self {
            Verdict::Accepted(value) => Some(Decision::Token(value.confidence)),
            Verdict::Placeholder => {
                Some(Decision::None("somebody typed it: a placeholder, words, a pattern"))
            }
            Verdict::Dropped(reason) => Some(Decision::None(reason)),
            Verdict::NoToken => None,
        }
    }
}

fn pair(
    rule: &Rule,
    context: &ContextRule,
    text: &[u8],
    span: Range<usize>,
    around: &Surroundings<'_>,
) -> Verdict {
    let value = &text[span.clone()];
    let Some(colon) = value.iter().position(|&b| b == b':') else { return Verdict::NoToken };
    let (id, secret) = (&value[..colon], &value[colon + 1..]);
    let uuid = placeholder::is_uuid(id);
    if secret.len() > MAX_SECRET
        || placeholder::is_uuid(&secret[..secret.len().min(36)])
        || !stands_alone(text, &span, uuid)
        || (!uuid && (!placeholder::is_plausible_id(id) || has_more_colons(text, &span)))
    {
        return Verdict::NoToken;
    }
    let scrutiny = if uuid { Scrutiny::Pair } else { Scrutiny::Opaque };
    if placeholder::is_placeholder_id(id)
        || is_weak(rule, secret)
        || placeholder::is_placeholder(secret, scrutiny)
    {
        return Verdict::Placeholder;
    }
    let attribution = around.attribute(&span);
    let Some(confidence) = attribution.pair_confidence() else { return Verdict::Dropped(ANOTHER_SERVICE) };
    // Digits alone are a time or a number; only a name makes them a secret.
    let digits_only = secret.iter().all(u8::is_ascii_digit);
    let may_be_near = context.needs != Needs::Name || (!uuid && placeholder::is_drawn_id(id));
    if (digits_only || !may_be_near || has_more_colons(text, &span)) && confidence < Confidence::High {
        return Verdict::Dropped("nothing names it as Krea's, which its shape alone does not say");
    }
    let is_drawn = uuid || (placeholder::is_drawn_id(id) && secret.len() >= MIN_DRAWN_SECRET);
    let stands_as_one = attribution.credential || is_alone_on_its_line(text, &span);
    let is_named = match confidence {
        Confidence::High => attribution.credential || is_drawn,
        _ => is_drawn && stands_as_one && confidence == Confidence::Medium,
    };
    if !uuid && (attribution.not_plain || !is_named) {
        return Verdict::Dropped("its id is no UUID, and it stands under no credential's name");
    }
    Verdict::Accepted(Value { span, kind: TokenKind::Pair, confidence, attribution })
}

/// A shorter secret half does not look drawn by itself, in bytes.
const MIN_DRAWN_SECRET: usize = 32;

/// Whether nothing else stands on the value's line.
fn is_alone_on_its_line(text: &[u8], span: &Range<usize>) -> bool {
    let start = memchr::memrchr(b'\n', &text[..span.start]).map_or(0, |at| at + 1);
    let end = memchr::memchr(b'\n', &text[span.end..]).map_or(text.len(), |at| span.end + at);
    let is_mark = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'>' | b'*');
    text[start..span.start].iter().chain(&text[span.end..end]).all(is_mark)
}

/// Why a value is not reported that belongs to somebody else.
const ANOTHER_SERVICE: &str = "it is another service's";

fn opaque(
    rule: &Rule,
    context: &ContextRule,
    text: &[u8],
    span: Range<usize>,
    around: &Surroundings<'_>,
) -> Verdict {
    let value = &text[span.clone()];
    if value.len() > MAX_OPAQUE
        || is_half_of_pair(text, &span)
        || !stands_alone(text, &span, false)
        || has_more_colons(text, &span)
    {
        return Verdict::NoToken;
    }
    if context.needs == Needs::Name && !around.may_be_credential(&span) {
        return Verdict::NoToken;
    }
    let weak = is_weak(rule, value) || placeholder::is_placeholder(value, Scrutiny::Opaque);
    let uuid = placeholder::is_uuid(value);
    let attribution = around.attribute(&span);
    if attribution.other_service {
        return Verdict::Dropped(ANOTHER_SERVICE);
    }
    if attribution.not_plain || attribution.no_credential {
        return Verdict::Dropped("its name is that of no credential, of a digest or of something encrypted");
    }
    if context.needs == Needs::Name && !(attribution.is_named() && attribution.credential) {
        return Verdict::Dropped("without a colon it is a key only under a credential's name of Krea's");
    }
    // What encodes a text is not itself the key; the text is looked at on its own.
    if vocabulary().ends_with_mark(&text[..span.start])
        || around.is_encrypted(span.start)
        || base64::is_encoded_text(value)
        || hex::is_encoded_text(value)
    {
        return Verdict::Dropped("it is encrypted, or encodes a text");
    }
    match weak {
        // A UUID under a key's name is an id half more often than a key.
        true if uuid && !placeholder::is_placeholder_id(value) => {
            Verdict::Accepted(Value { span, kind: context.token, confidence: Confidence::Low, attribution })
        }
        true => Verdict::Placeholder,
        false => {
            // `KREA_ZORBLAX_API_KEY` may be the key of a service that nobody has told us of.
            let is_qualified = names::is_qualified(&attribution.label)
                || (matches!(attribution.place, Some(Place::OwnName | Place::LevelName | Place::Member))
                    && !names::ends_like_credential(&attribution.label)
                    && names::has_unknown_word(&attribution.label));
            let confidence = if is_qualified { Confidence::Low } else { rule.confidence };
            Verdict::Accepted(Value { span, kind: context.token, confidence, attribution })
        }
    }
}

/// Whether the value stands behind an id half and a colon: a pair is one token, not a key as well.
fn is_half_of_pair(text: &[u8], span: &Range<usize>) -> bool {
    const UUID: usize = 36;
    text[..span.start]
        .strip_suffix(b":")
        .and_then(|before| before.get(before.len().checked_sub(UUID)?..))
        .is_some_and(placeholder::is_uuid)
}

fn is_weak(rule: &Rule, secret: &[u8]) -> bool {
    // The floor in the rule is for scanners that know no more; a short secret of few letters stays below it by
    // chance, so what `placeholder` says counts here.
    rule.entropy.is_some_and(|least| placeholder::entropy(secret) <= least.min(2.2))
}

/// Whether the value is all there is between two delimiters.
pub(super) fn stands_alone(text: &[u8], span: &Range<usize>, uuid: bool) -> bool {
    let before = text[..span.start].last().copied();
    let after = text.get(span.end).copied();
    let starts = match before {
        None => true,
        Some(b) if b.is_ascii_alphanumeric() => false,
        Some(b'-') => is_shell_default(&text[..span.start]),
        Some(b'_') => false,
        Some(b'/') => uuid && !URL_PATH.is_match(&text[span.start.saturating_sub(330)..span.start]),
        Some(b'.' | b'$' | b'%' | b'@') if !uuid => false,
        Some(_) => true,
    };
    let ends = match after {
        None => true,
        Some(b) if b.is_ascii_alphanumeric() => false,
        Some(b'(' | b'*' | b'[' | b'{' | b'$' | b'%' | b'~') if !uuid => false,
        // The end of a sentence, not a path.
        Some(b'.') => text
            .get(span.end + 1)
            .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b')' | b'<' | b'.')),
        Some(b) if b >= 0x80 && !uuid => !text[span.end..].starts_with("…".as_bytes()),
        Some(_) => true,
    };
    starts && ends
}

/// `${NAME:-` and `${NAME-`
fn is_shell_default(before: &[u8]) -> bool {
    let before = before.strip_suffix(b"-").unwrap_or(before);
    let before = before.strip_suffix(b":").unwrap_or(before);
    let name = before.iter().rev().take(100).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    name > 0 && before[..before.len() - name].ends_with(b"${")
}

/// Whether the value is a piece of something with more colons: an ARN, a URN, an image reference.
pub(super) fn has_more_colons(text: &[u8], span: &Range<usize>) -> bool {
    let glue = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'_' | b'-' | b'.' | b'@');
    let before: Vec<u8> =
        text[..span.start].iter().rev().copied().take(200).take_while(|&b| glue(b)).collect();
    let colons = before.iter().filter(|&&b| b == b':').count();
    let behind =
        text.get(span.end) == Some(&b':') && text.get(span.end + 1).is_some_and(u8::is_ascii_alphanumeric);
    behind || colons > 1 || memchr::memmem::find(&before, b"//:").is_some()
}
