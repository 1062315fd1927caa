//! A text as it is meant: without the escapes, percent-encodings, entities, colours and characters of no width that may
//! stand inside a secret, so that one look at its shape is enough. Takes a text, gives another one and where each byte
//! of it is from. What cannot be undone stays as it is.

use crate::escape::is_unseen;
use std::ops::Range;

/// A text and where it is from.
pub struct Plain {
    /// As it is meant.
    pub text: String,
    /// Where each byte of it starts and ends in the text that it was made of; `None` when nothing was undone.
    origins: Option<Vec<(usize, usize)>>,
}

impl Plain {
    /// Undoes what hides a text.
    pub fn of(text: &str) -> Plain {
        let is_plain = |b: u8| b.is_ascii() && !matches!(b, b'%' | b'\\' | b'&' | 0 | 0x1b);
        if text.bytes().all(is_plain) {
            return Plain { text: text.to_owned(), origins: None };
        }
        let mut plain = String::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            let (meant, length) = undone(text, at, first);
            if let Some(c) = meant {
                plain.push(c);
                origins.resize(plain.len(), (at, at + length));
            }
            at += length;
        }
        Plain { text: plain, origins: Some(origins) }
    }

    /// Where a range of the plain text is from.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        match &self.origins {
            Some(origins) if !range.is_empty() => origins[range.start].0..origins[range.end - 1].1,
            _ => range,
        }
    }
}

/// The character that is meant at a place, `None` for nothing, and how many bytes say so.
fn undone(text: &str, at: usize, first: char) -> (Option<char>, usize) {
    let rest = &text[at..];
    let as_it_is = (Some(first), first.len_utf8());
    match first {
        '%' => percent(rest).unwrap_or(as_it_is),
        '\\' => backslash(rest),
        '&' => entity(rest).unwrap_or(as_it_is),
        '\u{1b}' | '\u{9b}' => (None, sequence(rest, first)),
        '\0' => nul(text.as_bytes(), at),
        c if is_unseen(c) => (None, c.len_utf8()),
        // Full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => (char::from_u32(u32::from(first) - 0xfee0), first.len_utf8()),
        _ => as_it_is,
    }
}

/// `%2F`, and `%252F` for it.
fn percent(rest: &str) -> Option<(Option<char>, usize)> {
    let mut digits = 1;
    while rest[digits..].starts_with("25") && rest.get(digits + 2..).and_then(|rest| hex(rest, 2)).is_some() {
        digits += 2;
    }
    Some((Some(ascii(hex(rest.get(digits..)?, 2)?)), digits + 2))
}

/// `\u002f`, `\x2f`, `\57`, `\/` and the like, however often the backslash was escaped itself.
fn backslash(rest: &str) -> (Option<char>, usize) {
    let slashes = rest.len() - rest.trim_start_matches('\\').len();
    let behind = &rest[slashes..];
    let number = |prefix: usize, digits: usize| {
        let value = hex(behind.get(prefix..)?, digits)?;
        Some((Some(char::from_u32(value).unwrap_or('\u{fffd}')), slashes + prefix + digits))
    };
    let undone = match behind.as_bytes().first() {
        Some(b'u') if behind.starts_with("u{") => {
            let digits = behind[2..].bytes().take_while(u8::is_ascii_hexdigit).count();
            let closed = behind[2 + digits..].starts_with('}') && (1..=6).contains(&digits);
            if closed { number(2, digits).map(|(c, length)| (c, length + 1)) } else { None }
        }
        Some(b'u') => number(1, 4),
        Some(b'U') => number(1, 8),
        Some(b'x') => number(1, 2),
        Some(b'n') => Some((Some('\n'), slashes + 1)),
        Some(b'r') => Some((Some('\r'), slashes + 1)),
        Some(b't') => Some((Some('\t'), slashes + 1)),
        Some(b'/') => Some((Some('/'), slashes + 1)),
        Some(b'0'..=b'3') => behind
            .get(..3)
            .and_then(|digits| u32::from_str_radix(digits, 8).ok())
            .map(|value| (Some(ascii(value)), slashes + 3)),
        _ => None,
    };
    undone.unwrap_or((Some('\\'), slashes))
}

/// `&#47;`, `&#x2f;`, `&sol;`.
fn entity(rest: &str) -> Option<(Option<char>, usize)> {
    const NAMED: [(&str, char); 14] = [
        ("amp", '&'),
        ("quot", '"'),
        ("apos", '\''),
        ("lt", '<'),
        ("gt", '>'),
        ("nbsp", ' '),
        ("sol", '/'),
        ("plus", '+'),
        ("equals", '='),
        ("lowbar", '_'),
        ("hyphen", '-'),
        ("colon", ':'),
        ("commat", '@'),
        ("NewLine", '\n'),
    ];
    let end = rest.bytes().take(12).position(|b| b == b';')?;
    let name = rest.get(1..end)?;
    let meant = match name.strip_prefix('#').map(|digits| (digits, digits.strip_prefix(['x', 'X']))) {
        Some((_, Some(digits))) => u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?,
        Some((digits, None)) => digits.parse().ok().and_then(char::from_u32)?,
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((Some(meant), end + 1))
}

/// How long a sequence for a terminal is: one that colours, `ESC [ … m`, or one that names, `ESC ] … BEL`.
fn sequence(rest: &str, first: char) -> usize {
    let bytes = rest.as_bytes();
    let start = first.len_utf8();
    let (kind, body) = match (first, bytes.get(start)) {
        ('\u{9b}', _) => (b'[', start),
        (_, Some(&kind)) if kind.is_ascii() => (kind, start + 1),
        _ => return start,
    };
    let end = match kind {
        b'[' => bytes[body..].iter().position(|b| !(0x20..=0x3f).contains(b)).map(|end| body + end + 1),
        b']' => bytes[body..].iter().position(|&b| b == 7 || b == 0x1b).map(|end| body + end + 1),
        _ => Some(body),
    };
    end.filter(|&end| rest.is_char_boundary(end)).unwrap_or(body)
}

/// Zeros between single characters are those of a wider encoding; others end a text.
fn nul(bytes: &[u8], at: usize) -> (Option<char>, usize) {
    let length = bytes[at..].iter().take_while(|&&b| b == 0).count();
    let zeros = |bytes: &[u8]| bytes.iter().take_while(|&&b| b == 0).count();
    let behind = bytes.get(at + length + 1..).map_or(0, zeros);
    let before = match bytes[..at].split_last() {
        Some((_, before)) => before.iter().rev().take_while(|&&b| b == 0).count(),
        None => 0,
    };
    match length == behind || length == before {
        true => (None, length),
        false => (Some('\0'), length),
    }
}

/// The number that so many hex digits are.
fn hex(text: &str, digits: usize) -> Option<u32> {
    let digits = text.get(..digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

fn ascii(value: u32) -> char {
    char::from_u32(value).filter(char::is_ascii).unwrap_or('\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_a_text_is_undone() {
        for hidden in [
            "a/b-c",
            "a%2Fb%2dc",
            "a%252Fb-c",
            "a\\/b\\u002dc",
            "a\\\\/b\\x2dc",
            "a\\57b\\055c",
            "a\\u{2f}b-c",
            "a&#47;b&#x2D;c",
            "a&sol;b&hyphen;c",
            "\u{1b}[01;31m\u{1b}[Ka/b\u{1b}[m-c",
            "\u{1b}]0;title\u{7}a/b-c",
            "a\u{200b}/b\u{ad}-c",
            "a\0/\0b\0-\0c\0",
            "a\0\0\0/\0\0\0b\0\0\0-\0\0\0c\0\0\0",
            "\u{ff41}/b\u{ff0d}c",
        ] {
            // Octal is three digits.
            let hidden = hidden.replace("\\57", "\\057");
            assert_eq!(Plain::of(&hidden).text, "a/b-c", "{hidden:?}");
        }
        assert_eq!(Plain::of("A=bc\0DE=f\0").text, "A=bc\0DE=f\0");
        assert_eq!(Plain::of("100% \\d &co; %zz \\").text, "100% \\d &co; %zz \\");
    }

    #[test]
    fn each_place_is_known() {
        let text = "x=%41\\u0042\u{e9}C";
        let plain = Plain::of(text);
        assert_eq!(plain.text, "x=AB\u{e9}C");
        assert_eq!(&text[plain.origin(2..4)], "%41\\u0042");
        assert_eq!(&text[plain.origin(6..7)], "C");
        assert_eq!(Plain::of("abc").origin(1..2), 1..2);
    }
}
