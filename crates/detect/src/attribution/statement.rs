//! The statement or command that a value stands in: its line, with the lines that continue it, and the names in it.

use super::assignment::{Assignment, is_control, is_name_byte};
use super::evidence::{Evidence, EvidencePlace, Says, Witness};
use super::lines::line_range;
use super::{LOOKALIKE, shorten};
use crate::names::{self, NameKind};
use crate::vocabulary::vocabulary;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far the lines of one statement or command are followed, back and forward.
const BEFORE: usize = 2000;
const AFTER: usize = 600;

/// What a name has to hold to say anything of a value in its statement: a first look, as most words say nothing.
static TELLING: LazyLock<Regex> = LazyLock::new(|| {
    let names = vocabulary().lookalikes();
    Regex::new(&format!("(?i-u)krea|{names}|key|token|secret|auth|bearer|basic|cred|pass|pwd|pat"))
        .expect("names are words")
});
/// What stands beside the key of a record.
static RECORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)\b(?:partition|offset|(?:de-?dup(?:e|lication)?|idempotency|partition)[_-]?(?:key|id))["']?\s{0,3}[:=]"#)
        .expect("a constant pattern")
});
/// A value that a command prints or is given: `echo VALUE |`, `<<< VALUE`.
static PRINTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)(?:(?:^|[\s;|&(])(?:echo|printf|print|write-output|write-host)(?:\s+-[a-z]+)*(?:\s+["']?%s(?:\\n)?["']?)?\s+["']?|<<<\s*["']?)$"#)
        .expect("a constant pattern")
});

/// The line of the value with the lines that continue it (PowerShell's backtick, cmd's caret; a backslash at a line's end
/// is undone before), without a comment behind the value. In binary data a control byte ends a line.
pub fn range(text: &[u8], span: &Range<usize>) -> Range<usize> {
    let floor = span.start.saturating_sub(BEFORE);
    let ceiling = (span.end + AFTER).min(text.len());
    let continues =
        |line: &[u8]| line.trim_ascii_end().ends_with(b" `") || line.trim_ascii_end().ends_with(b"^");
    let mut range = line_range(text, span.start);
    range.end = line_range(text, span.end.min(text.len())).end;
    while range.start > floor {
        let above = line_range(text, range.start - 1);
        if !continues(&text[above.clone()]) {
            break;
        }
        range.start = above.start;
    }
    if is_heredoc(text, &range, span) {
        range.start = line_range(text, range.start - 1).start;
    }
    while range.end + 1 < ceiling && continues(&text[range.clone()]) {
        range.end = line_range(text, range.end + 1).end;
    }
    let mut range = range.start.max(floor)..range.end.min(ceiling).max(span.end);
    if let Some(last) = text[range.start..span.start].iter().rposition(is_control) {
        range.start += last + 1;
    }
    let behind = &text[span.end..range.end];
    let comment = [&b" #"[..], b" //", b" -- ", b"\t#", b" /*"]
        .into_iter()
        .filter_map(|mark| memchr::memmem::find(behind, mark))
        .chain(behind.iter().position(is_control))
        .min();
    if let Some(comment) = comment {
        range.end = span.end + comment;
    }
    range
}

/// Whether the value is what a command prints for another one, or is given on standard input.
pub fn is_piped(text: &[u8], span: &Range<usize>) -> bool {
    let line = line_range(text, span.start);
    let before = &text[line.start.max(span.start.saturating_sub(200))..span.start];
    let behind = text[span.end..].strip_prefix(b"\"").or(text[span.end..].strip_prefix(b"'"));
    // PowerShell: `"value" | command`.
    let is_literal = matches!(before.trim_ascii(), b"\"" | b"'")
        && behind.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"|"));
    is_literal || is_heredoc(text, &line, span) || PRINTED.is_match(before)
}

/// Whether the value is all that a here-document gives a command: `command <<EOF`.
fn is_heredoc(text: &[u8], line: &Range<usize>, span: &Range<usize>) -> bool {
    let is_all = text[line.clone()].trim_ascii() == &text[span.clone()];
    is_all && line.start > 0 && {
        let above = line_range(text, line.start - 1);
        memchr::memmem::find(&text[above], b"<<").is_some()
    }
}

/// The nearest name in the value's statement that says whose it is, with its place.
pub fn nearest_name(
    text: &[u8],
    range: &Range<usize>,
    span: &Range<usize>,
    own: &Assignment,
) -> Option<(usize, Evidence)> {
    let is_option = own.nearest.as_ref().is_some_and(|name| name.starts_with('-'));
    let has_own = own.nearest.as_deref().is_some_and(names::names_another_credential);
    let mut best: Option<(usize, usize, Evidence)> = None;
    let mut at = range.start;
    let mut options = false;
    while at < range.end {
        if span.contains(&at) {
            at = span.end;
            continue;
        }
        let length = text[at..range.end].iter().take_while(|&&b| is_name_byte(b)).count();
        if length == 0 {
            at += 1;
            continue;
        }
        options |= text[at] == b'-';
        let name = String::from_utf8_lossy(&text[at..at + length.min(200)]);
        if !TELLING.is_match(name.as_bytes()) {
            at += length;
            continue;
        }
        // The name of another value: this one has its own.
        if has_own && is_assigned(text, at + length) {
            at += length;
            continue;
        }
        // `krea-proxy --token …`, `python krea.py --token …`
        let is_program = !options
            || text[at + length..].trim_ascii_start().starts_with(b"-")
            || text[..at].ends_with(b"@");
        let is_command = (is_option && is_program && text[at] != b'-') || is_login(text, at + length);
        let says = match names::classify(&name) {
            NameKind::Krea
                if names::ends_like_credential(&name) || name.contains("krea.ai") || is_command =>
            {
                Some(Says::Krea)
            }
            NameKind::KreaOther if is_command => Some(Says::Krea),
            NameKind::Krea | NameKind::KreaOther => Some(Says::MentionsKrea),
            NameKind::OtherService if names::is_random(&name) => None,
            NameKind::OtherService
                if names::ends_like_credential(&name) || LOOKALIKE.is_match(name.as_bytes()) =>
            {
                Some(Says::AnotherService)
            }
            _ => None,
        };
        if let Some(says) = says {
            // What stands behind a value says less than what stands before it.
            let distance = if at < span.start { span.start - at } else { 2 * (at - span.start) };
            if best.as_ref().is_none_or(|(least, ..)| distance < *least) {
                let witness = match says {
                    Says::MentionsKrea => Witness::KreaNearby,
                    _ => Witness::Name(shorten(&name)),
                };
                best = Some((distance, at, Evidence { place: EvidencePlace::Statement, says, witness }));
            }
        }
        at += length;
    }
    best.map(|(_, at, evidence)| (at, evidence))
}

/// Whether the statement says of a plain `key` in it that it finds a record, beside it: `partition=3 key=… offset=118`.
pub fn names_a_record(text: &[u8], span: &Range<usize>) -> bool {
    RECORD.is_match(&text[range(text, span)])
}

/// Whether the name that ends at a place is given a value.
fn is_assigned(text: &[u8], end: usize) -> bool {
    let rest = &text[end..];
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    matches!(rest.trim_ascii_start().first(), Some(b'=' | b':'))
}

/// `krea auth login --api-key …`: Krea's own command line tool.
fn is_login(text: &[u8], end: usize) -> bool {
    let rest = text[end..].trim_ascii_start();
    rest.starts_with(b"auth ") || rest.starts_with(b"login ")
}
