//! Undoes the escapes that source code, JSON, URLs, properties files and markup put around or into a value:
//! `\"`, `\/`, `\:`, `\n`, `\u003a`, `\x3a`, `\u{3a}`, `\72`, `%3A`, `&#58;`, a backslash at a line's end, and the
//! sequences that colour a terminal, set its title or step back over what it shows.
//!
//! Mail says that it is in quoted-printable; then `=3D` and a `=` at a line's end are undone as well.
//!
//! Nested quoting (JSON in JSON) is undone layer by layer. What is no valid escape stays as it is. Characters that take no
//! place between two letters (soft hyphens, joiners, marks of direction) are taken out.

use super::{Step, Text, TextBuilder};
use regex::bytes::Regex;
use std::sync::LazyLock;

static QUOTED_PRINTABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?im-u)^content-transfer-encoding:[ \t]*\"?quoted-printable").expect("a constant pattern")
});

/// Characters that take no place: the soft hyphen, joiners and marks of direction, selectors of variants, the mark of the
/// order of bytes.
static INVISIBLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)(?:\xc2\xad|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4\xa6-\xaf]|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf)+")
        .expect("a constant pattern")
});

/// More layers of quoting than this are left as they are.
const MAX_LAYERS: usize = 8;

/// ESC, which starts the sequences that colour a terminal.
const CONTROL: u8 = 0x1b;
const BACKSPACE: u8 = 8;
const BELL: u8 = 7;
/// No title of a terminal is longer, in bytes.
const LONGEST_TITLE: usize = 512;

/// The text without its escapes, or `None` when it has none.
pub fn unescape<'a>(text: &Text<'a>) -> Option<Text<'a>> {
    let mut current = undo_quoted_printable(text).or_else(|| undo_backspaces(text));
    if let Some(next) = undo_invisible(current.as_ref().unwrap_or(text)) {
        current = Some(next);
    }
    for _ in 0..MAX_LAYERS {
        match undo_one_layer(current.as_ref().unwrap_or(text)) {
            Some(next) => current = Some(next),
            None => break,
        }
    }
    current
}

/// Undoes quoted-printable in a text that names it as its encoding.
fn undo_quoted_printable<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    if !QUOTED_PRINTABLE.is_match(bytes) {
        return None;
    }
    let mut out = TextBuilder::default();
    let mut copied = 0;
    for at in memchr::memchr_iter(b'=', bytes) {
        let (character, length) = match &bytes[at + 1..] {
            [b'\r', b'\n', ..] => (None, 3),
            [b'\n', ..] => (None, 2),
            [a, b, ..] => match hex(&[*a, *b]).and_then(printable) {
                Some(character) => (Some(character), 3),
                None => continue,
            },
            _ => continue,
        };
        out.push(&bytes[copied..at], copied, Step::ONE);
        if let Some(character) = character {
            out.push(&[character], at, Step::NONE);
        }
        copied = at + length;
    }
    out.push(&bytes[copied..], copied, Step::ONE);
    Some(text.derive(out))
}

/// Takes out the characters that take no place between two letters of a word: what is copied from pages and chats has them.
fn undo_invisible<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'+' | b'/' | b'=');
    let between = |range: &std::ops::Range<usize>| {
        range.start > 0
            && is_letter(bytes[range.start - 1])
            && bytes.get(range.end).copied().is_some_and(is_letter)
    };
    let mut out = TextBuilder::default();
    let mut copied = 0;
    for found in INVISIBLE.find_iter(bytes).map(|found| found.range()).filter(between) {
        out.push(&bytes[copied..found.start], copied, Step::ONE);
        copied = found.end;
    }
    if copied == 0 {
        return None;
    }
    out.push(&bytes[copied..], copied, Step::ONE);
    Some(text.derive(out))
}

/// Undoes what a terminal undoes: a backspace takes the character before it, as long as the line has one.
fn undo_backspaces<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    memchr::memchr(BACKSPACE, bytes)?;
    if memchr::memchr(0, bytes).is_some() {
        return None;
    }
    let mut kept: Vec<std::ops::Range<usize>> = Vec::new();
    let mut start = 0;
    for at in memchr::memchr_iter(BACKSPACE, bytes) {
        if start < at {
            kept.push(start..at);
        }
        start = at + 1;
        if let Some(last) = kept.last_mut() {
            let is_inside = |b: u8| (0x80..0xc0).contains(&b);
            let mut end = last.end - 1;
            while end > last.start && is_inside(bytes[end]) {
                end -= 1;
            }
            if bytes[end] != b'\n' {
                last.end = end;
            }
            if last.start == last.end {
                kept.pop();
            }
        }
    }
    kept.push(start..bytes.len());
    let mut out = TextBuilder::default();
    for range in kept {
        out.push(&bytes[range.clone()], range.start, Step::ONE);
    }
    Some(text.derive(out))
}

fn undo_one_layer<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let mut out: Option<TextBuilder> = None;
    let mut copied = 0;
    let mut from = 0;
    let escape = |from: usize| memchr::memchr3(b'\\', b'%', b'&', &bytes[from..]).map(|i| from + i);
    let control = |from: usize| memchr::memchr(CONTROL, &bytes[from..]).map(|i| from + i);
    let (mut next_escape, mut next_control) = (escape(0), control(0));
    loop {
        if next_escape.is_some_and(|at| at < from) {
            next_escape = escape(from);
        }
        if next_control.is_some_and(|at| at < from) {
            next_control = control(from);
        }
        let Some(at) = next_escape.into_iter().chain(next_control).min() else { break };
        match decode(bytes, at) {
            Some(Escape { character, length }) => {
                let out = out.get_or_insert_default();
                out.push(&bytes[copied..at], copied, Step::ONE);
                if let Some(character) = character {
                    out.push(&[character], at, Step::NONE);
                }
                copied = at + length;
                from = copied;
            }
            None => from = at + 1,
        }
    }
    let mut out = out?;
    out.push(&bytes[copied..], copied, Step::ONE);
    Some(text.derive(out))
}

/// An escape at the start of some bytes: what it stands for (nothing, for a joined line) and its length.
struct Escape {
    character: Option<u8>,
    length: usize,
}

fn decode(text: &[u8], at: usize) -> Option<Escape> {
    let bytes = &text[at..];
    let found = |character, length| Some(Escape { character: Some(character), length });
    match bytes {
        [b'\\', b'\r', b'\n', ..] => Some(joined_line(text, at, 3)),
        [b'\\', b'\n', ..] => Some(joined_line(text, at, 2)),
        [b'\\', b'n' | b'r', ..] => found(b'\n', 2),
        [b'\\', b't', ..] => found(b'\t', 2),
        [
            b'\\',
            c @ (b'"' | b'\'' | b'`' | b'\\' | b'/' | b':' | b'=' | b'+' | b'-' | b'_' | b'&' | b'$'),
            ..,
        ] => found(*c, 2),
        [b'\\', b'u', b'{', rest @ ..] => {
            let close = rest.iter().take(7).position(|&b| b == b'}')?;
            found(printable(hex(&rest[..close])?)?, close + 4)
        }
        [b'\\', b'u', digits @ ..] => found(printable(hex(digits.get(..4)?)?)?, 6),
        [b'\\', b'x', digits @ ..] => found(printable(hex(digits.get(..2)?)?)?, 4),
        [CONTROL, b'[', rest @ ..] => {
            let parameters =
                rest.iter().take(24).take_while(|b| matches!(b, b'0'..=b'9' | b';' | b':' | b'?'));
            let length = parameters.count();
            rest.get(length).filter(|b| b.is_ascii_alphabetic())?;
            Some(Escape { character: None, length: length + 3 })
        }
        // Titles and links, up to a bell or `ESC \\`.
        [CONTROL, b']', rest @ ..] => {
            let rest = &rest[..rest.len().min(LONGEST_TITLE)];
            let end = rest.iter().position(|&b| b == BELL || b == CONTROL)?;
            let closes = if rest[end] == BELL { 1 } else { 2 };
            Some(Escape { character: None, length: 2 + end + closes })
        }
        // Which letters are drawn, and what the keys send.
        [CONTROL, b'(' | b')', b'0' | b'A' | b'B', ..] => Some(Escape { character: None, length: 3 }),
        [CONTROL, b'=' | b'>' | b'7' | b'8', ..] => Some(Escape { character: None, length: 2 }),
        [b'\\', b'e', b'[', ..] => found(CONTROL, 2),
        [b'\\', b'0', b'3', b'3', b'[', ..] => found(CONTROL, 4),
        // Octal, as far as it is a character that can be read: `\72`, `\072`.
        [b'\\', first @ (b'0' | b'1'), a @ b'0'..=b'7', b @ b'0'..=b'7', rest @ ..] => {
            // A part of an expression that replaces text stands before other digits: `\1` and `72`.
            if *first == b'1' && rest.first() != Some(&b'\\') && !ends_with_octal(&text[..at]) {
                return None;
            }
            found(printable(u32::from(bytes[1] - b'0') << 6 | octal(*a, *b))?, 4)
        }
        [b'\\', a @ b'4'..=b'7', b @ b'0'..=b'7', ..] => found(printable(octal(*a, *b))?, 3),
        [b'%', digits @ ..] => found(printable(hex(digits.get(..2)?)?)?, 3),
        [b'&', rest @ ..] => {
            let close = rest.iter().take(8).position(|&b| b == b';')?;
            found(entity(&rest[..close])?, close + 2)
        }
        _ => None,
    }
}

/// A backslash at a line's end joins the lines. In a quoted string of YAML nothing comes between them; in a command
/// the indentation of the second line does.
fn joined_line(text: &[u8], at: usize, newline: usize) -> Escape {
    let indent = text[at + newline..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let floor = at.saturating_sub(512);
    let line = memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |i| floor + i + 1);
    let quoted = memchr::memchr_iter(b'"', &text[line..at]).count() % 2 == 1;
    let inside_word = quoted && !text[line..at].ends_with(b" ");
    Escape { character: (indent > 0 && !inside_word).then_some(b' '), length: newline + indent }
}

fn ends_with_octal(text: &[u8]) -> bool {
    matches!(text, [.., b'\\', b'0' | b'1', b'0'..=b'7', b'0'..=b'7'])
}

fn octal(a: u8, b: u8) -> u32 {
    u32::from(a - b'0') << 3 | u32::from(b - b'0')
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Only what can be part of a token, its name or its surroundings is decoded; the rest keeps its escape.
fn printable(code: u32) -> Option<u8> {
    match u8::try_from(code).ok()? {
        c @ (b'\n' | b'\t' | CONTROL | 0x20..=0x7e) => Some(c),
        b'\r' => Some(b'\n'),
        _ => None,
    }
}

fn entity(name: &[u8]) -> Option<u8> {
    match name {
        b"quot" => Some(b'"'),
        b"apos" => Some(b'\''),
        b"amp" => Some(b'&'),
        b"lt" => Some(b'<'),
        b"gt" => Some(b'>'),
        b"colon" => Some(b':'),
        b"equals" => Some(b'='),
        b"plus" => Some(b'+'),
        b"sol" => Some(b'/'),
        b"nbsp" => Some(b' '),
        [b'#', b'x' | b'X', digits @ ..] => printable(hex(digits)?),
        [b'#', digits @ ..] => printable(std::str::from_utf8(digits).ok()?.parse().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(text: &str) -> String {
        let plain = Text::plain(text.as_bytes());
        let text = unescape(&plain).unwrap_or(plain);
        String::from_utf8(text.bytes().to_vec()).expect("UTF-8")
    }

    #[test]
    fn every_escape_of_a_colon_is_undone() {
        for escaped in [
            r"a\:b",
            r"a\u003ab",
            r"a\u003Ab",
            r"a\x3ab",
            r"a\u{3a}b",
            r"a\72b",
            r"a\072b",
            "a%3Ab",
            "a&#58;b",
            "a&#x3a;b",
            "a&colon;b",
        ] {
            assert_eq!(undone(escaped), "a:b", "{escaped}");
        }
    }

    #[test]
    fn what_takes_no_place_between_letters_is_taken_out() {
        for text in ["a:\u{200b}b", "a\u{ad}:b", "a\u{2060}\u{200d}:\u{feff}b", "a\u{fe0f}:b", "a:\u{202c}b"]
        {
            assert_eq!(undone(text), "a:b", "{text:?}");
        }
        for text in ["a \u{200b}b", "\u{feff}a:b", "a:b\u{200b}\n", "é\u{200d}a"] {
            assert_eq!(undone(text), text, "{text:?}");
        }
    }

    #[test]
    fn a_part_of_an_expression_is_no_octal_digit() {
        for text in [r"s/(K=).*/\172ab/", r"\1", r"\137x"] {
            assert_eq!(undone(text), text);
        }
        assert_eq!(undone(r"\141\142\143"), "abc");
    }

    #[test]
    fn terminal_colours_are_taken_out() {
        for text in ["\u{1b}[1mA\u{1b}[0m=\u{1b}[38;5;12mx", r"\x1b[1mA\u001b[0m=\033[36mx", r"\e[1mA=x"] {
            assert_eq!(undone(text), "A=x");
        }
    }

    #[test]
    fn titles_links_and_backspaces_are_undone() {
        for text in [
            "\u{1b}]0;a title\u{7}A=x",
            "\u{1b}]8;;https://example.com\u{1b}\\A\u{1b}]8;;\u{1b}\\=x",
            "A\u{1b}(B=\u{1b}=x",
            "AB\u{8}=x",
            "A\u{e4}\u{8}=xyz\u{8}\u{8}",
            "A\u{8}A=\u{8}=x\u{8}x",
        ] {
            assert_eq!(undone(text), "A=x", "{text:?}");
        }
        assert_eq!(undone("\u{8}\u{8}A\n\u{8}B"), "A\nB");
        assert_eq!(undone("\u{1b}]0;no end"), "\u{1b}]0;no end");
    }

    #[test]
    fn nested_quotes_are_undone_to_the_bottom() {
        assert_eq!(undone(r#"{\\\"key\\\":\\\"v\\\"}"#), r#"{"key":"v"}"#);
        assert_eq!(undone(r#""A=1\nB=2""#), "\"A=1\nB=2\"");
    }

    #[test]
    fn quoted_printable_is_undone_where_it_is_named() {
        let mail = "Content-Transfer-Encoding: quoted-printable\n\n";
        assert_eq!(undone(&format!("{mail}A=3Dxy=\r\nz=zz")), format!("{mail}A=xyz=zz"));
        assert_eq!(undone("A=3Dx=\ny"), "A=3Dx=\ny");
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in ["100%", "%zz", r"C:\users", "a & b", "&unknown;", r"\u12", "%e4"] {
            assert_eq!(undone(text), text);
        }
    }

    #[test]
    fn joined_lines_lose_their_indentation() {
        assert_eq!(undone("curl \\\n   -H x"), "curl  -H x");
        assert_eq!(undone("abc\\\ndef"), "abcdef");
        assert_eq!(undone("k: \"abc\\\n   def\""), "k: \"abcdef\"");
    }

    #[test]
    fn offsets_point_into_the_file() {
        let plain = Text::plain(br#"x\u003a\"yz"#);
        let text = unescape(&plain).expect("escapes");
        assert_eq!(text.bytes(), b"x:\"yz");
        assert_eq!((0..5).map(|at| text.origin(at)).collect::<Vec<_>>(), [0, 1, 7, 9, 10]);
    }
}
