//! One place of a token: where it is, what it is inside of, who brought it in, and the line itself.

use super::palette::{Palette, paint};
use crate::finding::Finding;
use crate::location::Location;
use crate::report::words::{bounded, decoded, original, place_in_pieces, reading, short, way};
use crate::report::{Context, Mode};
use krea_scan_git::GitOrigin;
use krea_scan_text::Layer;
use krea_scan_token::MASK;
use krea_scan_token::escape::{visible, visible_line};
use std::fmt::{self, Write};

/// One place: where, why, since when, through what, and the line itself. Where an original is known it comes first, and
/// then the bundle that was built from it.
pub fn place(out: &mut String, finding: &Finding, palette: &Palette, context: &Context) -> fmt::Result {
    let here = at(&finding.location, &finding.layers, palette);
    let mut via: Vec<String> =
        finding.via.iter().map(|via| at(&via.location, &via.layers, palette)).collect();
    match finding.original() {
        Some(layer) => {
            let (path, numbers) = (visible(&layer.name), original(layer));
            let numbers = numbers.strip_prefix(&*path).unwrap_or_default();
            write!(out, "  {}{}", paint(palette.path, path), paint(palette.number, numbers))?;
            via.insert(0, here);
        }
        None => write!(out, "  {here}")?,
    }
    let mut via = via.into_iter();
    if let Some(first) = via.next() {
        write!(out, "  via {first}")?;
    }
    if !finding.context.is_empty() {
        write!(out, "  {}", visible(&finding.context))?;
    }
    writeln!(out)?;
    let more: Vec<String> = via.collect();
    let (listed, rest) = bounded(&more, context.verbose);
    for place in listed {
        writeln!(out, "    via {place}")?;
    }
    if let Some(rest) = rest {
        writeln!(out, "    {rest}")?;
    }
    if let Some(git) = &finding.git {
        writeln!(out, "    {}", origin(git, context))?;
        if context.verbose && !git.refs.is_empty() {
            writeln!(out, "    reached from {}", visible(&git.refs.join(", ")))?;
        }
    }
    let decoded = decoded(&finding.layers);
    if !decoded.is_empty() {
        writeln!(out, "    inside: {}", way(&decoded))?;
    }
    if let Some(reading) = reading(finding) {
        writeln!(out, "    {reading}")?;
    }
    if context.verbose {
        writeln!(out, "    rule: {}, {} confidence", visible(&finding.rule), finding.confidence)?;
    }
    if !finding.excerpt.is_empty() {
        writeln!(out, "    | {}", excerpt(finding, palette))?;
    }
    writeln!(out)
}

/// A place, coloured: `dist.tgz → package/dist/app.js:1:20480`.
pub fn at(location: &Location, layers: &[Layer], palette: &Palette) -> String {
    let [text, numbers, part] = place_in_pieces(location, layers);
    format!("{}{}{part}", paint(palette.path, text), paint(palette.number, numbers))
}

/// The line, with what stands for the token made to stand out.
fn excerpt(finding: &Finding, palette: &Palette) -> String {
    let line = visible_line(&finding.excerpt);
    if palette.is_plain() {
        return line.into_owned();
    }
    let redacted = finding.token.redacted();
    let shown = if line.contains(&redacted) { redacted.as_str() } else { MASK };
    line.replace(shown, &paint(palette.secret, shown))
}

/// Who brought it in, and whether it is still there.
fn origin(git: &GitOrigin, context: &Context) -> String {
    let Some(commit) = &git.commit else {
        return match context.mode {
            Mode::Staged => "staged, in no commit yet".to_owned(),
            _ => format!("blob {}, in no commit", visible(short(&git.blob))),
        };
    };
    let mut text = format!("commit {}", visible(short(commit)));
    if let Some(date) = &git.date {
        // RFC 3339: the day is what stands before the `T`.
        let day = date.split('T').next().unwrap_or(date);
        text.push_str(&format!(", {}", visible(day)));
    }
    match (&git.author, &git.email) {
        (Some(author), Some(email)) => text.push_str(&format!(", {} <{}>", visible(author), visible(email))),
        (Some(who), None) | (None, Some(who)) => text.push_str(&format!(", {}", visible(who))),
        (None, None) => {}
    }
    text.push_str(match (git.in_head, git.reachable) {
        (true, _) => "; still in HEAD",
        (false, true) => "; not in HEAD",
        (false, false) => "; no ref reaches it",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn what_no_commit_holds_is_said() {
        let staged = GitOrigin { commit: None, ..testing::origin() };
        let mode = |mode| Context { mode, ..Context::default() };
        assert_eq!(origin(&staged, &mode(Mode::Staged)), "staged, in no commit yet");
        assert_eq!(origin(&staged, &mode(Mode::History)), "blob b10bb10bb10b, in no commit");
        let lost = GitOrigin { reachable: false, author: None, ..testing::origin() };
        let text = "commit c0ffee12c0ff, 2026-06-01, jane@example.com; no ref reaches it";
        assert_eq!(origin(&lost, &mode(Mode::History)), text);
    }
}
