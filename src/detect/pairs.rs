//! The values that contextual rules look for in one text: `id:secret` pairs and opaque keys.

use super::boundary::{self, Bounds, Field};
use super::context::{Attribution, Evidence, Surroundings};
use super::placeholder::{self, Scrutiny};
use crate::finding::{Confidence, Doubt, TokenKind};
use crate::rules::{ContextRule, Needs, Rule};
use crate::unpack::encoded::{base64, hex};
use std::ops::Range;

/// A longer secret is data, not a secret.
const MAX_SECRET: usize = 256;
/// A longer opaque string is data, or ciphertext, not a key.
const MAX_OPAQUE: usize = 128;
/// How far from a mention of Krea an opaque value is worth a look.
const OPAQUE_REACH: usize = 4096;

/// A value that a rule accepts, in the text that was searched.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where it stands.
    pub span: Range<usize>,
    /// Where else it may stand, best first.
    pub others: Vec<Range<usize>>,
    /// Why it may stand nowhere of these.
    pub doubt: Option<Doubt>,
    /// What it is.
    pub kind: TokenKind,
    /// How sure that is.
    pub confidence: Confidence,
    /// Whose it is.
    pub attribution: Attribution,
}

impl Value {
    fn new(bounds: &Bounds, kind: TokenKind, confidence: Confidence, attribution: Attribution) -> Self {
        let mut spans = bounds.spans.iter().cloned();
        let span = spans.next().unwrap_or_default();
        Value { span, others: spans.collect(), doubt: bounds.doubt, kind, confidence, attribution }
    }
}

/// What a rule finds in a text.
#[derive(Debug, Default)]
pub struct Values {
    /// What it accepts.
    pub accepted: Vec<Value>,
    /// How many it drops as placeholders.
    pub placeholders: u64,
}

/// Runs one contextual rule over a text.
pub fn find(rule: &Rule, context: &ContextRule, field: Field<'_>, around: &Surroundings<'_>) -> Values {
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
        let best = &bounds.spans[0];
        if context.needs == Needs::Name && !around.mentioned_within(best.start, OPAQUE_REACH) {
            continue;
        }
        let accepted = match context.token {
            TokenKind::Pair => pair(rule, context, text, &bounds, around),
            _ => opaque(rule, context, text, &bounds, around),
        };
        match accepted {
            Verdict::Accepted(value) => values.accepted.push(value),
            Verdict::Placeholder => values.placeholders += 1,
            Verdict::Dropped => {}
        }
    }
    values
}

enum Verdict {
    Accepted(Value),
    Placeholder,
    Dropped,
}

fn pair(
    rule: &Rule,
    context: &ContextRule,
    text: &[u8],
    bounds: &Bounds,
    around: &Surroundings<'_>,
) -> Verdict {
    let span = bounds.spans[0].clone();
    let value = &text[span.clone()];
    let Some(colon) = value.iter().position(|&b| b == b':') else { return Verdict::Dropped };
    let (id, secret) = (&value[..colon], &value[colon + 1..]);
    let uuid = placeholder::is_uuid(id);
    if secret.len() > MAX_SECRET
        || placeholder::is_uuid(&secret[..secret.len().min(36)])
        || (!uuid && (!placeholder::is_plausible_id(id) || bounds.has_more_colons))
    {
        return Verdict::Dropped;
    }
    let scrutiny = if uuid { Scrutiny::Pair } else { Scrutiny::Opaque };
    if placeholder::is_placeholder_id(id)
        || is_weak(rule, secret)
        || placeholder::is_placeholder(secret, scrutiny)
    {
        return Verdict::Placeholder;
    }
    let attribution = around.attribute(&(bounds.frame..span.end));
    let Some(confidence) = attribution.pair_confidence() else { return Verdict::Dropped };
    // Digits alone are a time or a number; only a name makes them a secret.
    let digits_only = secret.iter().all(u8::is_ascii_digit);
    if (digits_only || context.needs == Needs::Name || bounds.has_more_colons)
        && confidence < Confidence::High
    {
        return Verdict::Dropped;
    }
    if !uuid && (attribution.not_plain || !attribution.credential) {
        return Verdict::Dropped;
    }
    Verdict::Accepted(Value::new(bounds, TokenKind::Pair, confidence, attribution))
}

fn opaque(
    rule: &Rule,
    context: &ContextRule,
    text: &[u8],
    bounds: &Bounds,
    around: &Surroundings<'_>,
) -> Verdict {
    let span = bounds.spans[0].clone();
    let value = &text[span.clone()];
    let framed = bounds.frame..span.end;
    if value.len() > MAX_OPAQUE || bounds.has_more_colons {
        return Verdict::Dropped;
    }
    if context.needs == Needs::Name && !around.may_be_credential(&framed) {
        return Verdict::Dropped;
    }
    let weak = is_weak(rule, value) || placeholder::is_placeholder(value, Scrutiny::Opaque);
    let uuid = placeholder::is_uuid(value);
    let attribution = around.attribute(&framed);
    let named = attribution.evidence == Evidence::Stated || attribution.label == "the file's name";
    if attribution.other_service
        || attribution.not_plain
        || (context.needs == Needs::Name && !(named && attribution.credential))
    {
        return Verdict::Dropped;
    }
    // What encodes a text is not itself the key; the text is looked at on its own.
    if around.is_encrypted(span.start) || base64::is_encoded_text(value) || hex::is_encoded_text(value) {
        return Verdict::Dropped;
    }
    match weak {
        // A UUID under a key's name is an id half more often than a key.
        true if uuid && !placeholder::is_placeholder_id(value) => {
            Verdict::Accepted(Value::new(bounds, context.token, Confidence::Low, attribution))
        }
        true => Verdict::Placeholder,
        false => Verdict::Accepted(Value::new(bounds, context.token, rule.confidence, attribution)),
    }
}

fn is_weak(rule: &Rule, secret: &[u8]) -> bool {
    // The floor in the rule is for scanners that know no more; a short secret of few letters stays below it by
    // chance, so what `placeholder` says counts here.
    rule.entropy.is_some_and(|least| placeholder::entropy(secret) <= least.min(2.2))
}
