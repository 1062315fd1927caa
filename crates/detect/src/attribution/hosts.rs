//! The hosts that a stretch of text names: where its request goes. `Referer` and `Origin` say nothing of that.

use super::assignment::is_name_byte;
use super::object_members::host_kind;
use crate::names::{self, NameKind};
use crate::vocabulary::vocabulary;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far from a value a host is looked for, in bytes.
const REACH: usize = 4096;

static HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)(?:(?:https?|wss?)://(?:[^\s/@]{1,300}@)?|\bhost[\x22']?\s*[:=]\s*[\x22']?|\bmachine\s+)([a-z0-9][a-z0-9.-]{2,100})|\b((?:[a-z0-9-]{1,40}\.){0,3}(?:krea\.ai|fal\.(?:ai|run)))\b")
        .expect("a constant pattern")
});

/// What stands before a value that a member beside it names: `{"name": "referer", "value": "`.
static NAMED_BESIDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)["']name["']\s{0,5}:\s{0,5}["']([\w-]{1,60})["']\s{0,5},\s{0,80}["']value["']\s{0,5}:\s{0,5}["']$"#)
        .expect("a constant pattern")
});
/// No more before a host is looked at for what names it, in bytes.
const NAMED_REACH: usize = 240;

/// The host that is nearest to the value at `span` in a stretch of text, and whose it is. Hosts that nobody knows count only
/// for an authorization, which goes to them.
pub fn nearest(
    text: &[u8],
    zone: &Range<usize>,
    excluded: &[Range<usize>],
    span: &Range<usize>,
    authorization: bool,
) -> Option<(NameKind, String)> {
    let zone =
        zone.start.max(span.start.saturating_sub(REACH))..zone.end.min(span.end + REACH).min(text.len());
    if zone.is_empty() {
        return None;
    }
    HOST.captures_iter(&text[zone.clone()])
        .filter_map(|captures| Some((captures.get(0)?.start(), captures.get(1).or(captures.get(2))?)))
        .filter_map(|(start, host)| {
            let at = zone.start + host.start();
            let name = String::from_utf8_lossy(host.as_bytes()).to_ascii_lowercase();
            let is_elsewhere = excluded.iter().any(|range| range.contains(&at)) || span.contains(&at);
            if is_elsewhere || is_content(&text[zone.start..zone.start + start]) {
                return None;
            }
            let kind = match host_kind(&name) {
                kind @ (NameKind::Krea | NameKind::OtherService) => kind,
                _ if authorization && !matches!(name.as_str(), "localhost" | "127.0.0.1") => {
                    NameKind::OtherService
                }
                _ => return None,
            };
            Some((at.abs_diff(span.start), kind, name))
        })
        .min_by_key(|(distance, ..)| *distance)
        .map(|(_, kind, name)| (kind, name))
}

/// Whether the name before a host says that no request goes there: `Referer: `, `"origin": "`.
fn is_content(before: &[u8]) -> bool {
    let is_mark = |b: &&u8| matches!(**b, b'"' | b'\'' | b'`' | b':' | b'=' | b' ' | b'[' | b'(');
    let end = before.len() - before.iter().rev().take(8).take_while(is_mark).count();
    let start = end - before[..end].iter().rev().take(60).take_while(|b| is_name_byte(**b)).count();
    let beside = NAMED_BESIDE.captures(&before[before.len().saturating_sub(NAMED_REACH)..]);
    let name = beside.and_then(|beside| beside.get(1)).map_or(&before[start..end], |name| name.as_bytes());
    let name = String::from_utf8_lossy(name);
    let words = names::words(&name);
    words.last().is_some_and(|last| {
        vocabulary().word(last).content_key || vocabulary().word(&words.concat()).content_key
    })
}
