//! Lines that nothing obeys. CI systems read a step's output for commands, terminals for control characters: both are
//! broken here so that they can still be read. Takes finished text, gives text; in JSON it keeps its value.
//!
//! What is obeyed, by the documentation and the sources of its readers: GitHub, Gitea and Forgejo `::name::` at the start of
//! a line, behind blanks, and `##[name]` anywhere; Azure Pipelines `##vso[` and `##[` anywhere; TeamCity `##teamcity[`;
//! GitLab `section_start:` and `section_end:`; Travis `travis_fold:` and `travis_time:`; Buildkite `---`, `+++`, `~~~` and
//! `^^^ +++` at the start of a line.

use crate::escape::is_unseen;
use regex::Regex;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::LazyLock;

/// What is obeyed wherever it stands. The last character of the first group that is there is written out.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(##)[a-z]*\[|((?:section_(?:start|end)|travis_(?:fold|time)):)")
        .expect("a constant pattern")
});

/// A text none of whose lines is obeyed. Tabs stay, and so does colour where we have put some.
pub fn harmless(text: &str, coloured: bool) -> String {
    let line = |line| ungrouped(&harmless_line(line, coloured)).into_owned();
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A text without the commands that are obeyed wherever they stand, for a format whose own lines are commands.
pub fn without_commands(text: &str) -> Cow<'_, str> {
    break_commands(text, |c| c.escape_unicode().to_string())
}

/// A line that begins no group of lines in a log, as that of a diff's header does.
pub fn ungrouped(line: &str) -> Cow<'_, str> {
    match line.split_at_checked(4) {
        Some(("--- " | "+++ " | "~~~ " | "^^^ ", _)) => Cow::Owned(written_out(line)),
        _ => Cow::Borrowed(line),
    }
}

/// A text with its first character written out.
fn written_out(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::escape_unicode);
    first.chain(rest).collect()
}

/// A line that neither a terminal nor a CI system takes for a command.
fn harmless_line(line: &str, coloured: bool) -> Cow<'_, str> {
    let broken = without_commands(line);
    let start = without_blanks(&broken, coloured);
    let acts = start.starts_with("::");
    if !acts && is_ordinary(&broken) {
        return broken;
    }
    let mut shown = String::with_capacity(broken.len() + 8);
    let broken = match acts {
        true => [&broken[..broken.len() - start.len()], &written_out(start)].concat(),
        false => broken.into_owned(),
    };
    let mut rest = broken.as_str();
    while let Some(c) = rest.chars().next() {
        let length = if coloured { colour(rest) } else { 0 };
        match length {
            0 if c != '\t' && (c.is_control() || is_unseen(c)) => shown.extend(c.escape_default()),
            0 => shown.push(c),
            length => shown.push_str(&rest[..length]),
        }
        rest = &rest[length.max(c.len_utf8())..];
    }
    Cow::Owned(shown)
}

/// Whether nothing in a line acts on a terminal.
fn is_ordinary(line: &str) -> bool {
    !line.contains(|c: char| c != '\t' && (c.is_control() || is_unseen(c)))
}

/// A line from its first character on that is seen.
fn without_blanks(line: &str, coloured: bool) -> &str {
    let mut rest = line.trim_start();
    while coloured && colour(rest) > 0 {
        rest = rest[colour(rest)..].trim_start();
    }
    rest
}

/// How long the colour at the start of a text is: `ESC [ 1 ; 31 m`.
fn colour(text: &str) -> usize {
    let Some(body) = text.strip_prefix("\u{1b}[") else { return 0 };
    let parameters = body.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
    if body[parameters..].starts_with('m') { 2 + parameters + 1 } else { 0 }
}

/// JSON of the same value that holds nothing of this kind: what would act is escaped. In JSON, such characters stand in
/// strings only.
pub fn harmless_json(json: &str) -> String {
    let escaped = |c: char| {
        let mut units = [0; 2];
        let mut text = String::new();
        for unit in c.encode_utf16(&mut units) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
        text
    };
    let broken = break_commands(json, escaped);
    let acts = |c: char| c != '\n' && (c.is_control() || is_unseen(c));
    if !broken.contains(acts) {
        return broken.into_owned();
    }
    let mut shown = String::with_capacity(broken.len() + 8);
    for c in broken.chars() {
        if acts(c) { shown.push_str(&escaped(c)) } else { shown.push(c) }
    }
    shown
}

/// Writes out one character of each command.
fn break_commands(text: &str, escaped: impl Fn(char) -> String) -> Cow<'_, str> {
    COMMAND.replace_all(text, |found: &regex::Captures<'_>| {
        let start = found.get_match().start();
        let group = found.iter().skip(1).flatten().next();
        let end = group.map_or(0, |group| group.end() - start);
        let (kept, rest) = found[0].split_at(end);
        let mut kept = kept.to_owned();
        let last = kept.pop().map(&escaped).unwrap_or_default();
        kept + &last + rest
    })
}

/// Writes lines none of which is taken for a command; those that begin a group are left to whoever writes them, as a diff
/// has some. What is no whole line yet goes out with a flush.
pub struct LineWriter<W: Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> LineWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        LineWriter { out, line: Vec::new() }
    }

    fn pass(&mut self, end: usize) -> io::Result<()> {
        let text = String::from_utf8_lossy(&self.line[..end]).into_owned();
        self.line.drain(..end);
        let lines: Vec<_> = text.split('\n').map(|line| harmless_line(line, false)).collect();
        self.out.write_all(lines.join("\n").as_bytes())
    }
}

impl<W: Write> Write for LineWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(last) = memchr::memrchr(b'\n', &self.line) {
            self.pass(last + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(self.line.len())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a CI system or a terminal would obey.
    const OBEYED: [&str; 16] = [
        "::add-mask::x",
        " \t\u{3000}::stop-commands::x",
        "x ##vso[task.setvariable variable=PATH]x",
        "##[add-mask]x",
        "x##TeamCity[x]",
        "a###[group]x",
        "x section_start:1:x",
        "Section_End:1:x",
        "travis_fold:start:x",
        "--- x",
        "+++ x",
        "^^^ +++",
        "~~~ x",
        "\u{1b}[2J\u{9b}2J\u{7f}\r",
        "\u{202e}\u{200b}\u{feff}",
        "\u{1b}]0;x\u{7}",
    ];

    #[test]
    fn no_line_is_obeyed() {
        for line in OBEYED {
            let shown = harmless(line, false);
            assert_ne!(shown, line);
            assert!(is_ordinary(&shown), "{shown:?}");
            assert_eq!(harmless(&shown, false), shown, "a second look changes nothing");
            assert!(!shown.trim_start().starts_with("::") && !shown.contains("##["), "{shown}");
        }
        assert_eq!(harmless_line("::add-mask::x", false), "\\u{3a}:add-mask::x");
        assert_eq!(harmless_line("a ##vso[x] b", false), "a #\\u{23}vso[x] b");
        for line in ["## Heading", "a::b", "# [x]", "\tx", "---", "caf\u{e9} \u{2022}", "a -> b"] {
            assert_eq!(harmless(line, false), line);
        }
    }

    #[test]
    fn our_own_colour_stays_and_no_other_sequence_does() {
        let coloured = "\u{1b}[1m\u{1b}[31mx\u{1b}[0m";
        assert_eq!(harmless_line(coloured, true), coloured);
        assert_eq!(harmless_line("\u{1b}[2J\u{1b}[31m", true), "\\u{1b}[2J\u{1b}[31m");
        assert_eq!(harmless_line("\u{1b}[31m", false), "\\u{1b}[31m");
        assert_eq!(harmless_line(" \u{1b}[1m ::x::", true), " \u{1b}[1m \\u{3a}:x::");
    }

    #[test]
    fn json_keeps_its_value() {
        for line in OBEYED.into_iter().chain(["\\##[x]\\\\##[y]\"", "\u{e0041}\u{2028}"]) {
            let json = serde_json::to_string(&[line]).unwrap();
            let shown = harmless_json(&json);
            assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [line]);
            assert!(is_ordinary(&shown), "{shown:?}");
            assert!(!shown.contains("##[") && !shown.contains("##vso["), "{shown}");
        }
    }

    #[test]
    fn what_is_written_piece_by_piece_is_judged_by_the_line() {
        let mut out = Vec::new();
        let mut lines = LineWriter::new(&mut out);
        write!(lines, "a\n:").unwrap();
        write!(lines, ":add-mask::x\n##").unwrap();
        write!(lines, "[x]").unwrap();
        lines.flush().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\n\\u{3a}:add-mask::x\n#\\u{23}[x]");
    }
}
