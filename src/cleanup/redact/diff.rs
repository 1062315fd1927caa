//! The changes as a unified diff, for people to read before they agree. No secret is in it: the lines that go are shown
//! as reports show them.

use super::Edit;
use crate::escape::{visible, visible_line};
use crate::finding::Token;
use crate::mask::Masker;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write;

/// Lines around a change.
const CONTEXT: usize = 3;
/// How many characters of a line are shown, and how many before the place where it changes.
const SHOWN: usize = 200;
const BEFORE: usize = 60;

/// The diff of one file.
pub fn of(edit: &Edit, tokens: &[Token], masker: &Masker) -> String {
    let mask = |text: &str| {
        let text = tokens.iter().fold(text.to_owned(), |text, token| {
            text.replace(&*String::from_utf8_lossy(token.expose()), &token.redacted())
        });
        masker.text(text)
    };
    let (before, after) = (mask(edit.before()), mask(edit.after()));
    let path = mask(&visible(edit.path()));
    let mut shown = format!("--- {path}\n+++ {path}\n");
    for hunk in TextDiff::from_lines(&before, &after).unified_diff().context_radius(CONTEXT).iter_hunks() {
        let _ = writeln!(shown, "{}", hunk.header());
        let changes: Vec<_> = hunk.iter_changes().collect();
        let lines =
            |tag| changes.iter().filter(move |change| change.tag() == tag).map(|change| change.value());
        let first = difference(lines(ChangeTag::Delete), lines(ChangeTag::Insert));
        for change in &changes {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value().trim_end_matches(['\n', '\r']);
            let at = if change.tag() == ChangeTag::Equal { 0 } else { first };
            let _ = writeln!(shown, "{sign}{}", cut(line, at));
        }
    }
    shown
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
