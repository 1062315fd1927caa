//! Halves under two names: an id half under `KREA_KEY_ID`, or a UUID under `KREA_API_KEY`, and near it a secret half under
//! `KREA_KEY_SECRET`, `apiSecret`, `--secret`. Names need not say which half is which; the shapes do.

use super::{MAX_SECRET, REACH, SplitToken};
use crate::attribution::{Attribution, Strength, Surroundings};
use crate::names;
use crate::placeholder::{self, Scrutiny};
use crate::vocabulary::vocabulary;
use krea_scan_bounds::work;
use krea_scan_token::randomness;
use krea_scan_token::{Readings, Token, TokenKind};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far apart the halves may stand whose names do not say Krea themselves, in bytes.
const NEAR: usize = 400;
/// How near an id-shaped value makes it doubtful that an opaque one is a whole key, in bytes.
const BESIDE: usize = 600;
/// Shortest secret half.
const MIN_SECRET: usize = 16;
/// More values than this in one text are data.
const MAX_VALUES: usize = 4096;

static VALUE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)[A-Za-z0-9_\-+/]{8,}={0,2}").expect("a constant pattern"));
static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\b[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\b")
        .expect("a constant pattern")
});

/// One half, and what its name says.
struct Half {
    span: Range<usize>,
    attribution: Attribution,
    /// The words of its name that tell one token's halves from another's.
    stem: Vec<String>,
    /// Its name says which half it is.
    is_told: bool,
    names_krea: bool,
    /// It is an application's, which gets tokens with it.
    is_clients: bool,
}

/// Finds the tokens whose halves stand under two names.
pub fn find(text: &[u8], around: &Surroundings<'_>) -> Vec<SplitToken> {
    let values = around.zones(REACH).into_iter().flat_map(|zone| {
        let start = zone.start;
        VALUE.find_iter(&text[zone]).map(move |found| start + found.start()..start + found.end())
    });
    let values: Vec<Range<usize>> = values
        .filter(|span| {
            span.len() <= MAX_SECRET
                && around.mentioned_within(span.start, REACH)
                && ends_here(text, span.end)
        })
        .take(MAX_VALUES)
        .collect();
    let ids: Vec<Half> = values.iter().filter_map(|span| id_half(text, span, around)).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let is_near_id = |span: &&Range<usize>| {
        let next = ids.partition_point(|id| id.span.start + REACH < span.start);
        ids.get(next).is_some_and(|id| id.span.start <= span.start + REACH)
    };
    let secrets: Vec<Half> =
        values.iter().filter(is_near_id).filter_map(|span| secret_half(text, span, around)).collect();
    secrets.iter().filter_map(|secret| join(text, &ids, secret)).collect()
}

/// The id half that belongs to a secret half, and the two together.
fn join(text: &[u8], ids: &[Half], secret: &Half) -> Option<SplitToken> {
    let distance = |id: &Half| id.span.start.abs_diff(secret.span.start);
    let fits = |id: &&Half| {
        let reach = if id.names_krea && secret.names_krea { REACH } else { NEAR };
        let (both_told, one_told) = (id.is_told && secret.is_told, id.is_told || secret.is_told);
        let are_alike = both_told || (one_told && id.names_krea == secret.names_krea);
        distance(id) <= reach && id.stem == secret.stem && are_alike && id.is_clients == secret.is_clients
    };
    let mut fitting: Vec<&Half> = ids.iter().filter(fits).collect();
    fitting.sort_by_key(|id| distance(id));
    let (id, others) = fitting.split_first()?;
    let attribution = [&id.attribution, &secret.attribution].into_iter().max_by_key(|a| a.strength)?.clone();
    let is_told = id.is_told && secret.is_told;
    if attribution.strength < Strength::Path && !is_told && !(id.names_krea || secret.names_krea) {
        return None;
    }
    let secret_text = &text[secret.span.clone()];
    let token =
        |id: &Half| Token::new(TokenKind::Pair, &[&text[id.span.clone()], b":", secret_text].concat());
    let best = token(id);
    let mut readings = Readings::default();
    others.iter().map(|id| token(id)).filter(|token| *token != best).for_each(|token| readings.add(token));
    if !(id.is_told && secret.is_told) {
        readings.add(Token::new(TokenKind::Legacy, secret_text));
    }
    Some(SplitToken { id: id.span.clone(), secret: secret.span.clone(), attribution, readings })
}

fn id_half(text: &[u8], span: &Range<usize>, around: &Surroundings<'_>) -> Option<Half> {
    let value = &text[span.clone()];
    let uuid = randomness::is_uuid(value);
    if placeholder::is_placeholder_id(value)
        || vocabulary().is_ciphertext(value)
        || vocabulary().is_foreign(value)
        || !(uuid || placeholder::is_plausible_id(value))
    {
        return None;
    }
    named(span, around, |name| {
        let words = words(name);
        let last = words.last()?;
        let is_user = uuid && matches!(last.as_str(), "username" | "login" | "user");
        let is_told = last.ends_with("id") || last == "identifier" || is_user || name == "-i";
        let is_other = words.iter().any(|word| vocabulary().word(word).other_id);
        let may_be_key = uuid && vocabulary().word(last).credential;
        (!is_other && (is_told || may_be_key)).then_some(is_told)
    })
}

fn secret_half(text: &[u8], span: &Range<usize>, around: &Surroundings<'_>) -> Option<Half> {
    let value = &text[span.clone()];
    if value.len() < MIN_SECRET
        || is_behind_id(text, span.start)
        || starts_as_uuid(value)
        || randomness::is_uuid(value)
        || placeholder::is_placeholder(value, Scrutiny::Pair)
        || vocabulary().is_foreign(value)
        || vocabulary().is_ciphertext(value)
    {
        return None;
    }
    named(span, around, |name| {
        let words = names::words(name);
        let is_told = words.iter().any(|word| word.ends_with("secret")) || name == "-s";
        let is_credential = words.last().is_some_and(|last| vocabulary().word(last).credential);
        (is_told || is_credential).then_some(is_told)
    })
}

/// Whether a colon and an id, or the end of one, stand right before: what follows is that id's secret half.
fn is_behind_id(text: &[u8], at: usize) -> bool {
    let Some(before) = text[..at].trim_ascii_end().strip_suffix(b":") else { return false };
    let before = before.trim_ascii_end();
    let length =
        before.iter().rev().take(40).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let word = &before[before.len() - length..];
    word.len() >= 8
        && word.iter().any(u8::is_ascii_digit)
        && word.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-')
}

/// Whether a value is a UUID that is cut.
fn starts_as_uuid(value: &[u8]) -> bool {
    let groups: Vec<&[u8]> = value.split(|b| *b == b'-').collect();
    groups.len() > 2
        && groups[0].len() == 8
        && groups[1].len() == 4
        && groups[..2].iter().all(|group| group.iter().all(u8::is_ascii_hexdigit))
}

/// A value under a name that says Krea, or in something that does. `may_be` is asked of its name first: it says whether that
/// is a half's, and which one's it says it is.
fn named(
    span: &Range<usize>,
    around: &Surroundings<'_>,
    may_be: impl Fn(&str) -> Option<bool>,
) -> Option<Half> {
    if work::is_over() {
        return None;
    }
    let value_context = around.value_context(span);
    let name = value_context.has_name().then(|| value_context.own_name())??;
    let is_told = may_be(&name)?;
    let attribution = value_context.attribution();
    let name = name.as_str();
    let names_krea = names::says_krea(name);
    if attribution.other_service || (attribution.strength < Strength::Nearby && !names_krea) {
        return None;
    }
    if attribution.strength == Strength::Nearby
        && !names_krea
        && (names::has_unknown_word(name) || value_context.is_strangers())
    {
        return None;
    }
    let is_short_option = matches!(name.as_bytes(), [b'-', _]);
    let stem = match is_short_option {
        true => Vec::new(),
        false => words(name).into_iter().filter(|word| !is_filler(word)).collect(),
    };
    let is_clients = names::words(name).iter().any(|word| word.starts_with("client"));
    Some(Half { span: span.clone(), attribution, stem, is_told, names_krea, is_clients })
}

/// The words of a half's name, in which `UserName` is one.
fn words(name: &str) -> Vec<String> {
    let mut words = names::words(name);
    if words.ends_with(&["user".to_owned(), "name".to_owned()]) {
        words.truncate(words.len() - 2);
        words.push("username".to_owned());
    }
    words
}

/// Whether a word does not tell one token's names from another's.
fn is_filler(word: &str) -> bool {
    const FILLERS: &[&str] = &[
        "id",
        "identifier",
        "keyid",
        "keysecret",
        "apisecret",
        "clientid",
        "client",
        "access",
        "api",
        "value",
        "my",
        "the",
        "user",
        "username",
        "login",
    ];
    word.starts_with("krea") || vocabulary().word(word).credential || FILLERS.contains(&word)
}

/// Whether an opaque value under a name may be the secret half of a token alone: its name says so, or an id-shaped value
/// stands beside it under a name of Krea's.
pub fn is_half_alone(
    text: &[u8],
    span: &Range<usize>,
    own_name: Option<&str>,
    around: &Surroundings<'_>,
) -> bool {
    let says_secret =
        |name: &str| names::words(name).iter().any(|word| word.ends_with("secret") || word == "secretkey");
    if own_name.is_some_and(says_secret) {
        return true;
    }
    let zone = span.start.saturating_sub(BESIDE)..(span.end + BESIDE).min(text.len());
    UUID.find_iter(&text[zone.clone()])
        .map(|found| zone.start + found.start()..zone.start + found.end())
        .filter(|id| text.get(id.end) != Some(&b':') && !placeholder::is_placeholder_id(&text[id.clone()]))
        .any(|id| around.is_named_kreas(&id))
}

fn ends_here(text: &[u8], end: usize) -> bool {
    text.get(end).is_none_or(|&b| !(b.is_ascii_alphanumeric() || matches!(b, b':' | b'(' | b'.' | b'@')))
}
