//! The changes as a unified diff, for people to read before they agree. No secret is in it: the lines that go are shown
//! as reports show them.

use super::FileEdit;
use crate::shown;
use krea_scan_token::Token;
use krea_scan_token::escape::visible_line;
use krea_scan_token::mask::{self, Masker};
use similar::{Change, ChangeTag, TextDiff};
use std::fmt::Write;

/// Lines around a change.
const CONTEXT: usize = 3;
/// How many characters of a line are shown, and how many before the place where it changes.
const SHOWN: usize = 200;
const BEFORE: usize = 60;

/// The diff of one file.
pub fn of(edit: &FileEdit, tokens: &[Token], masker: &Masker) -> String {
    let path = shown::name(masker, edit.path());
    let mut diff = format!("--- {path}\n+++ {path}\n");
    let changes = TextDiff::from_lines(edit.before(), edit.after());
    for hunk in changes.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let _ = writeln!(diff, "{}", hunk.header());
        let changes: Vec<_> = hunk.iter_changes().collect();
        let whole = |change: &Change<&str>| change.value().trim_end_matches(['\n', '\r']).to_owned();
        let text = changes.iter().map(whole).collect::<Vec<_>>().join("\n");
        let lines = mask::lines(&text, tokens);
        let of = |tag| {
            let lines = changes.iter().zip(&lines);
            lines.filter(move |(change, _)| change.tag() == tag).map(|(_, line)| line.as_str())
        };
        let first = difference(of(ChangeTag::Delete), of(ChangeTag::Insert));
        for (change, line) in changes.iter().zip(&lines) {
            let (sign, at) = match change.tag() {
                ChangeTag::Delete => ('-', first),
                ChangeTag::Insert => ('+', first),
                ChangeTag::Equal => (' ', 0),
            };
            let _ = writeln!(diff, "{}", shown::ungrouped(&format!("{sign}{}", cut(line, at))));
        }
    }
    diff
}

/// How many characters the changed lines have in common at their beginnings, at least.
fn difference<'t>(old: impl Iterator<Item = &'t str>, new: impl Iterator<Item = &'t str>) -> usize {
    let common = |(a, b): (&str, &str)| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    old.zip(new).map(common).min().unwrap_or(0)
}

/// The part of a line, safe to show, around the place where it changes.
fn cut(line: &str, at: usize) -> String {
    let length = line.chars().count();
    if length <= SHOWN {
        return visible_line(line).into_owned();
    }
    let start = at.saturating_sub(BEFORE).min(length - SHOWN);
    let part: String = line.chars().skip(start).take(SHOWN).collect();
    let (left, right) = (if start > 0 { "…" } else { "" }, if start + SHOWN < length { "…" } else { "" });
    format!("{left}{}{right}", visible_line(&part))
}
