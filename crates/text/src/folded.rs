//! Undoes the folding of long lines in formats that have a name and a value a line (vCard, iCalendar, LDIF, the manifests
//! of Java): a line that starts with a space goes on the one before it. What vCard 2.1 writes in quoted-printable goes on
//! behind a `=` at a line's end.
//!
//! No format is known by name: all lines of a text must look so, and the lines that go on must be full.

use super::Text;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How wide the formats let lines be, in bytes, and some programs in characters.
const FULL: Range<usize> = 68..81;
/// A character that takes so many bytes leaves up to one less of a line empty.
const MAX_CHARACTER_BYTES: usize = 4;
/// So much of a text decides whether it has such lines, in bytes.
const SAMPLE: usize = 64 << 10;

/// The name that a line starts with, and what qualifies it.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?-u)[A-Za-z][A-Za-z0-9.-]{0,60}(?:;[^:\n]{0,200})?:").expect("a constant pattern")
});
/// A name whose value is in quoted-printable.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?im-u)^[a-z][a-z0-9.-]{0,60};(?:[^:\n]{0,200};)?(?:encoding=)?quoted-printable[^:\n]{0,200}:",
    )
    .expect("a constant pattern")
});

/// The text with its folded lines in one piece; `None` where it has none.
pub fn unfold(text: &Text<'_>) -> Option<Text<'static>> {
    let bytes = text.bytes();
    let folds = if memchr::memmem::find(bytes, b"\n ").is_some() { folds(bytes) } else { Vec::new() };
    text.replaced(folds.into_iter().map(|fold| (fold, &b""[..])))
}

/// The values of a text that are in quoted-printable because their names say so.
pub fn quoted_values(bytes: &[u8]) -> Vec<Range<usize>> {
    let value = |start: usize| {
        let mut end = start;
        loop {
            let line = memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |newline| end + newline + 1);
            let goes_on = bytes[end..line].trim_ascii_end().ends_with(b"=");
            end = line;
            if !goes_on || end == bytes.len() {
                return start..end;
            }
        }
    };
    let is_named =
        [&b"PRINTABLE"[..], b"rintable"].iter().any(|end| memchr::memmem::find(bytes, end).is_some());
    let names = is_named.then(|| QUOTED.find_iter(bytes)).into_iter().flatten();
    names.map(|name| value(name.end())).collect()
}

/// What parts the pieces of folded lines: a line's end and one space.
fn folds(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut sample = &bytes[..bytes.len().min(SAMPLE)];
    if bytes.len() > SAMPLE {
        // Its last line may be cut.
        sample = &sample[..memchr::memrchr(b'\n', sample).unwrap_or(0)];
    }
    let is_such = |line: &[u8]| {
        matches!(line.trim_ascii_end(), [] | [b'#' | b'-', ..] | [b' ' | b'\t', ..]) || NAME.is_match(line)
    };
    if !sample.split(|&b| b == b'\n').all(is_such) {
        return Vec::new();
    }
    let found = folds_by(bytes, <[u8]>::len);
    match found.is_empty() && !bytes.is_ascii() {
        true => folds_by(bytes, |line| line.iter().filter(|b| !(0x80..0xc0).contains(*b)).count()),
        false => found,
    }
}

/// The same where lines are measured so; none unless all of them are as wide as a line may be.
fn folds_by(bytes: &[u8], width: impl Fn(&[u8]) -> usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut widest, mut narrowest) = (0, 0, usize::MAX);
    for newline in memchr::memchr_iter(b'\n', bytes) {
        let end = newline - usize::from(bytes[start..newline].ends_with(b"\r"));
        let width = width(&bytes[start..end]);
        widest = widest.max(width);
        if let [b' ' | b'\t', next, ..] = bytes[newline + 1..]
            && !next.is_ascii_whitespace()
            && FULL.contains(&width)
        {
            narrowest = narrowest.min(width);
            found.push(end..newline + 2);
        }
        start = newline + 1;
    }
    match widest < FULL.end && narrowest.saturating_add(MAX_CHARACTER_BYTES) > widest {
        true => found,
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(text: &str) -> Option<String> {
        unfold(&Text::plain(text.as_bytes())).map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
    }

    #[test]
    fn a_line_that_starts_with_a_space_goes_on_a_full_one() {
        let value = "x".repeat(100);
        for (head, name, width, tail) in [
            ("BEGIN:VCARD\r\nFN:Krea\r\n", "NOTE:", 75, "\r\nEND:VCARD\r\n"),
            ("dn: cn=shop,dc=example\n", "kreaApiKey: ", 78, "\nsn: x\n"),
            ("Manifest-Version: 1.0\r\n", "Krea-Api-Key: ", 72, "\r\n\r\n"),
            ("BEGIN:VCARD\r\n", "NOTE:\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}", 82, "\r\nEND:VCARD\r\n"),
        ] {
            let line = format!("{name}{value}");
            let newline = if tail.starts_with('\r') { "\r\n" } else { "\n" };
            let folded = format!("{head}{}{newline} {}{tail}", &line[..width], &line[width..]);
            assert_eq!(unfolded(&folded), Some(format!("{head}{line}{tail}")), "{folded}");
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        let full = "x".repeat(66);
        for text in [
            format!("name: {full}\n x: y\nwider: {full}abcdef\n"),
            format!("name: {full}\nno name in this line\n x\n"),
            format!("name: short\n x\nother: {full}\n"),
            format!("name: {full}{full}\n x\n"),
            format!("name: {full}\n  x: two spaces\n"),
            "name: x\n".to_owned(),
        ] {
            assert_eq!(unfolded(&text), None, "{text}");
        }
    }

    #[test]
    fn values_in_quoted_printable_are_told_by_their_names() {
        let card =
            "FN:a=3Db\nNOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:x=3D=\ny=\nz\nTITLE;QUOTED-PRINTABLE:t\n";
        let values: Vec<&str> =
            quoted_values(card.as_bytes()).into_iter().map(|range| &card[range]).collect();
        assert_eq!(values, ["x=3D=\ny=\nz\n", "t\n"]);
    }
}
