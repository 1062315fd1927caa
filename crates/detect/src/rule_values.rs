//! The values that contextual rules look for in one text: `id:secret` pairs and opaque keys.

use super::attribution::{Attribution, EvidencePlace, Surroundings};
use super::boundary::{self, Bounds, Field};
use super::explain::{Considered, Decision};
use super::names;
use super::placeholder::{self, Scrutiny};
use super::vocabulary::vocabulary;
use crate::rules::{ContextRule, Needs, Rule};
use krea_scan_bounds::work;
use krea_scan_text::encoded::{base32, base64, hex};
use krea_scan_token::randomness;
use krea_scan_token::{Confidence, Doubt, Token, TokenKind};
use std::ops::Range;

/// A longer secret is data, not a secret.
const MAX_SECRET: usize = 256;
/// A longer opaque string is data, or ciphertext, not a key.
const MAX_OPAQUE: usize = 128;
/// How far from a mention of Krea an opaque value is worth a value_context.
const OPAQUE_REACH: usize = 4096;

/// A value that a rule accepts, in the text that was searched.
#[derive(Clone, Debug)]
pub struct RuleValue {
    pub span: Range<usize>,
    /// Where else it may stand, best first.
    pub others: Vec<Range<usize>>,
    /// Why it may stand nowhere of these.
    pub doubt: Option<Doubt>,
    pub kind: TokenKind,
    pub confidence: Confidence,
    pub attribution: Attribution,
}

impl RuleValue {
    fn new(bounds: &Bounds, kind: TokenKind, confidence: Confidence, attribution: Attribution) -> Self {
        let mut spans = bounds.spans.iter().cloned();
        let span = spans.next().unwrap_or_default();
        RuleValue { span, others: spans.collect(), doubt: bounds.doubt, kind, confidence, attribution }
    }
}

/// What a rule finds in a text.
#[derive(Debug, Default)]
pub struct Values {
    pub accepted: Vec<RuleValue>,
    /// How many it drops as placeholders.
    pub placeholders: u64,
    /// What was decided of each value of a token's shape, where that is wanted.
    pub considered: Vec<Considered>,
}

/// Runs one contextual rule over a text.
pub fn find(
    rule: &Rule,
    context: &ContextRule,
    field: Field<'_>,
    around: &Surroundings<'_>,
    explains: bool,
) -> Values {
    let mut values = Values::default();
    if context.needs == Needs::Name && !around.is_related() {
        return values;
    }
    let text = field.bytes();
    let zones = match context.needs {
        Needs::Name => around.zones(OPAQUE_REACH),
        _ => std::iter::once(0..text.len()).collect(),
    };
    for bounds in zones.into_iter().flat_map(|zone| boundary::find(&context.value, field, zone)) {
        if work::is_over() {
            break;
        }
        let best = &bounds.spans[0];
        if context.needs == Needs::Name && !around.mentioned_within(best.start, OPAQUE_REACH) {
            continue;
        }
        let verdict = match context.token {
            TokenKind::Pair => pair(rule, context, text, &bounds, around),
            _ => opaque(rule, context, text, &bounds, around),
        };
        if let Some(decision) = verdict.decision().filter(|_| explains) {
            let span = best.clone();
            let token = Token::new(context.token, &text[span.clone()]);
            let evidence = around.value_context(&(bounds.frame..span.end)).evidence();
            values.considered.push(Considered { rule: rule.id.clone(), token, span, decision, evidence });
        }
        match verdict {
            ValueVerdict::Accepted(value) => values.accepted.push(value),
            ValueVerdict::Placeholder => values.placeholders += 1,
            ValueVerdict::Dropped(_) | ValueVerdict::NoToken => {}
        }
    }
    values
}

enum ValueVerdict {
    Accepted(RuleValue),
    Placeholder,
    /// It has a token's shape; why it is none.
    Dropped(&'static str),
    /// It has not even the shape.
    NoToken,
}

impl ValueVerdict {
    fn decision(&self) -> Option<Decision> {
        match self {
            ValueVerdict::Accepted(value) => Some(Decision::Token(value.confidence)),
            ValueVerdict::Placeholder => {
                Some(Decision::None("somebody typed it: a placeholder, words, a pattern"))
            }
            ValueVerdict::Dropped(reason) => Some(Decision::None(reason)),
            ValueVerdict::NoToken => None,
        }
    }
}

fn pair(
    rule: &Rule,
    context: &ContextRule,
    text: &[u8],
    bounds: &Bounds,
    around: &Surroundings<'_>,
) -> ValueVerdict {
    let span = bounds.spans[0].clone();
    let value = &text[span.clone()];
    let Some(colon) = value.iter().position(|&b| b == b':') else { return ValueVerdict::NoToken };
    let (id, secret) = (&value[..colon], &value[colon + 1..]);
    let uuid = randomness::is_uuid(id);
    if secret.len() > MAX_SECRET
        || randomness::is_uuid(&secret[..secret.len().min(36)])
        || (!uuid && (!placeholder::is_plausible_id(id) || bounds.has_more_colons))
    {
        return ValueVerdict::NoToken;
    }
    let scrutiny = if uuid { Scrutiny::Pair } else { Scrutiny::Opaque };
    if placeholder::is_placeholder_id(id)
        || is_weak(rule, secret)
        || placeholder::is_placeholder(secret, scrutiny)
    {
        return ValueVerdict::Placeholder;
    }
    let attribution = around.attribute(&(bounds.frame..span.end));
    let Some(confidence) = attribution.pair_confidence() else {
        return ValueVerdict::Dropped(ANOTHER_SERVICE);
    };
    // Digits alone are a time or a number; only a name makes them a secret.
    let digits_only = secret.iter().all(u8::is_ascii_digit);
    let may_be_near = context.needs != Needs::Name || (!uuid && placeholder::is_drawn_id(id));
    if (digits_only || !may_be_near || bounds.has_more_colons) && confidence < Confidence::High {
        return ValueVerdict::Dropped("nothing names it as Krea's, which its shape alone does not say");
    }
    let is_drawn = uuid || (placeholder::is_drawn_id(id) && secret.len() >= MIN_DRAWN_SECRET);
    let stands_as_one = attribution.credential || is_alone_on_its_line(text, &span);
    let is_named = match confidence {
        Confidence::High => attribution.credential || is_drawn,
        _ => is_drawn && stands_as_one && confidence == Confidence::Medium,
    };
    if !uuid && (attribution.not_plain || !is_named) {
        return ValueVerdict::Dropped("its id is no UUID, and it stands under no credential's name");
    }
    ValueVerdict::Accepted(RuleValue::new(bounds, TokenKind::Pair, confidence, attribution))
}

/// A shorter secret half does not look drawn by itself, in bytes.
const MIN_DRAWN_SECRET: usize = 32;

/// No more beside a value on its line is looked at, in bytes.
const MAX_MARGIN_BYTES: usize = 400;

/// Whether nothing else stands on the value's line, or in its element.
fn is_alone_on_its_line(text: &[u8], span: &Range<usize>) -> bool {
    if text[..span.start].ends_with(b">") && text[span.end..].starts_with(b"</") {
        return true;
    }
    let floor = span.start.saturating_sub(MAX_MARGIN_BYTES);
    let start = memchr::memrchr(b'\n', &text[floor..span.start]).map_or(floor, |at| floor + at + 1);
    let before = span.start - boundary::patch_marks(text, span.start);
    let ceiling = text.len().min(span.end + MAX_MARGIN_BYTES);
    let end = memchr::memchr(b'\n', &text[span.end..ceiling]).map_or(ceiling, |at| span.end + at);
    let is_mark = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'>' | b'*');
    text[start..before].iter().chain(&text[span.end..end]).all(is_mark)
}

/// Why a value is not reported that belongs to somebody else.
const ANOTHER_SERVICE: &str = "it is another service's";

fn opaque(
    rule: &Rule,
    context: &ContextRule,
    text: &[u8],
    bounds: &Bounds,
    around: &Surroundings<'_>,
) -> ValueVerdict {
    let span = bounds.spans[0].clone();
    let value = &text[span.clone()];
    let value_context = around.value_context(&(bounds.frame..span.end));
    if value.len() > MAX_OPAQUE || is_half_of_pair(text, &span) || bounds.has_more_colons {
        return ValueVerdict::NoToken;
    }
    if context.needs == Needs::Name && !value_context.may_be_credential() {
        return ValueVerdict::NoToken;
    }
    let weak = is_weak(rule, value) || placeholder::is_placeholder(value, Scrutiny::Opaque);
    let uuid = randomness::is_uuid(value);
    let attribution = value_context.attribution();
    if attribution.other_service {
        return ValueVerdict::Dropped(ANOTHER_SERVICE);
    }
    if attribution.not_plain || attribution.no_credential {
        return ValueVerdict::Dropped(
            "its name is that of no credential, of a digest or of something encrypted",
        );
    }
    if context.needs == Needs::Name && !(attribution.is_named() && attribution.credential) {
        return ValueVerdict::Dropped("without a colon it is a key only under a credential's name of Krea's");
    }
    // What encodes a text is not itself the key; the text is looked at on its own.
    if vocabulary().ends_with_mark(&text[..span.start])
        || value_context.is_encrypted()
        || base64::is_encoded_text(value)
        || base32::is_encoded_text(value)
        || hex::is_encoded_text(value)
    {
        return ValueVerdict::Dropped("it is encrypted, or encodes a text");
    }
    match weak {
        // A UUID under a key's name is an id half more often than a key.
        true if uuid && !placeholder::is_placeholder_id(value) => {
            ValueVerdict::Accepted(RuleValue::new(bounds, context.token, Confidence::Low, attribution))
        }
        true => ValueVerdict::Placeholder,
        false => {
            // `JWT_SECRET` in something of Krea's is the application's own.
            let is_in_kreas = matches!(
                attribution.place,
                Some(EvidencePlace::ScopeName | EvidencePlace::Member | EvidencePlace::FileName)
            );
            let is_own =
                is_in_kreas && attribution.own_name.as_deref().is_some_and(names::names_another_credential);
            let confidence =
                if attribution.is_qualified() || is_own { Confidence::Low } else { rule.confidence };
            ValueVerdict::Accepted(RuleValue::new(bounds, context.token, confidence, attribution))
        }
    }
}

/// Whether the value stands behind an id half and a colon: a pair is one token, not a key as well.
fn is_half_of_pair(text: &[u8], span: &Range<usize>) -> bool {
    const UUID: usize = 36;
    text[..span.start]
        .strip_suffix(b":")
        .and_then(|before| before.get(before.len().checked_sub(UUID)?..))
        .is_some_and(randomness::is_uuid)
}

fn is_weak(rule: &Rule, secret: &[u8]) -> bool {
    // The floor in the rule is for scanners that know no more; a short secret of few letters stays below it by
    // chance, so what `placeholder` says counts here.
    rule.entropy.is_some_and(|least| randomness::entropy(secret) <= least.min(2.2))
}
