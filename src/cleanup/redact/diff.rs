//! The changes as a unified diff, for people to read before they agree. No secret is in it: the lines that go are shown
//! as reports show them.

use super::FileEdit;
use crate::shown;
use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Interner};
use krea_scan_token::Token;
use krea_scan_token::escape::visible_line;
use krea_scan_token::mask::{self, Masker};
use std::fmt::Write;
use std::ops::Range;

/// Lines around a change.
const CONTEXT: u32 = 3;
/// How many characters of a line are shown, and how many before the place where it changes.
const SHOWN: usize = 200;
const BEFORE: usize = 60;

/// The diff of one file.
pub fn of(edit: &FileEdit, tokens: &[Token], masker: &Masker) -> String {
    let path = shown::name(masker, edit.path());
    let mut diff = format!("--- {path}\n+++ {path}\n");
    let mut input = InternedInput { before: Vec::new(), after: Vec::new(), interner: Interner::new(0) };
    input.update_before(split(edit.before()));
    input.update_after(split(edit.after()));
    let mut changes = Diff::compute(Algorithm::Histogram, &input);
    changes.postprocess_lines(&input);
    let changes: Vec<Hunk> = changes.hunks().collect();
    // Changes whose lines around them meet are told together.
    let is_near = |a: &Hunk, b: &Hunk| b.before.start - a.before.end <= 2 * CONTEXT;
    for near in changes.chunk_by(is_near) {
        let lines = lines(&input, near);
        let (old, new) =
            (lines.iter().filter(|(sign, _)| *sign != '+'), lines.iter().filter(|(sign, _)| *sign != '-'));
        let above = near[0].before.start.min(CONTEXT);
        let (from, to) = (near[0].before.start - above + 1, near[0].after.start - above + 1);
        let _ = writeln!(diff, "@@ -{from},{} +{to},{} @@", old.count(), new.count());
        let text: Vec<&str> = lines.iter().map(|(_, line)| line.trim_end_matches(['\n', '\r'])).collect();
        let masked = mask::lines(&text.join("\n"), tokens);
        let of = |sign| {
            let lines = lines.iter().zip(&masked);
            lines.filter(move |((other, _), _)| *other == sign).map(|(_, line)| line.as_str())
        };
        let first = difference(of('-'), of('+'));
        for ((sign, _), line) in lines.iter().zip(&masked) {
            let at = if *sign == ' ' { 0 } else { first };
            let _ = writeln!(diff, "{}", shown::ungrouped(&format!("{sign}{}", cut(line, at))));
        }
    }
    diff
}

/// The lines of a text, which end in `\n`, `\r\n` or `\r`.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.find(['\r', '\n']).map_or(rest.len(), |at| {
            let end = if rest[at..].starts_with("\r\n") { 2 } else { 1 };
            at + end
        });
        let (line, next) = rest.split_at(end);
        rest = next;
        (!line.is_empty()).then_some(line)
    })
}

/// The lines of changes that are told together, and those around them, each behind its sign.
fn lines<'t>(input: &InternedInput<&'t str>, near: &[Hunk]) -> Vec<(char, &'t str)> {
    let text = |tokens: &[imara_diff::Token], range: Range<u32>, sign| {
        let range = range.start as usize..(range.end as usize).min(tokens.len());
        tokens[range].iter().map(|&token| (sign, input.interner[token])).collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    let mut at = near[0].before.start.saturating_sub(CONTEXT);
    for change in near {
        lines.extend(text(&input.before, at..change.before.start, ' '));
        lines.extend(text(&input.before, change.before.clone(), '-'));
        lines.extend(text(&input.after, change.after.clone(), '+'));
        at = change.before.end;
    }
    lines.extend(text(&input.before, at..at.saturating_add(CONTEXT), ' '));
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_any_system_ends_them() {
        let lines: Vec<&str> = split("a\rb\r\n\nc\r\r\nd").collect();
        assert_eq!(lines, ["a\r", "b\r\n", "\n", "c\r", "\r\n", "d"]);
        assert_eq!(split("").count(), 0);
    }
}
