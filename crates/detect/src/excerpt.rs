//! Where an offset is in lines and columns, and how its line looks with every secret masked.

use super::Match;
use encoding_rs::{Encoding, UTF_16LE};
use krea_scan_token::MASK;
use krea_scan_token::mask::Stretch;
use std::ops::Range;

/// How far before a place its line may begin, in characters.
const BEFORE: usize = 80;

/// A place in a text: a line, and a column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: u64,
    /// In characters, from 1. A byte that is not UTF-8 counts as one.
    pub column: u64,
}

/// The place of the byte at `offset` of a text that starts at the first line. A byte order mark takes no column.
pub fn position(bytes: &[u8], encoding: Option<&'static Encoding>, offset: usize) -> Position {
    let mut cursor = LineCursor::default();
    cursor.advance(&bytes[..offset.min(bytes.len())], encoding);
    cursor.position()
}

/// Counts lines and columns along a text, piece by piece.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineCursor {
    line: u64,
    column: u64,
    started: bool,
}

impl LineCursor {
    /// Where the counted pieces end.
    pub fn position(&self) -> Position {
        Position { line: self.line + 1, column: self.column + 1 }
    }

    /// Counts the next piece. It should not end inside a character.
    pub fn advance(&mut self, mut piece: &[u8], encoding: Option<&'static Encoding>) {
        let Some(encoding) = encoding else {
            if !self.started {
                piece = piece.strip_prefix(b"\xef\xbb\xbf").unwrap_or(piece);
            }
            self.started |= !piece.is_empty();
            if let Some(last) = memchr::memrchr(b'\n', piece) {
                self.line += memchr::memchr_iter(b'\n', piece).count() as u64;
                self.column = 0;
                piece = &piece[last + 1..];
            }
            self.column += characters(piece);
            return;
        };
        let little = encoding == UTF_16LE;
        for pair in piece.chunks_exact(2) {
            let unit = if little {
                u16::from_le_bytes([pair[0], pair[1]])
            } else {
                u16::from_be_bytes([pair[0], pair[1]])
            };
            match unit {
                0x000a => (self.line, self.column) = (self.line + 1, 0),
                0xfeff if !self.started => {}
                // The second half of a pair belongs to the first one's character.
                0xdc00..=0xdfff => {}
                _ => self.column += 1,
            }
            self.started = true;
        }
    }
}

/// How many characters some bytes are, each byte that is no UTF-8 counted as one.
pub fn characters(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() {
        return bytes.len() as u64;
    }
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum::<usize>()
        as u64
}

/// The line of `found`, with all matches of the file and everything else that looks like a secret masked, and then cut to
/// what fits a screen.
pub fn excerpt(bytes: &[u8], encoding: Option<&'static Encoding>, found: &Match, all: &[Match]) -> String {
    let mut tokens: Vec<(Range<usize>, String)> = Vec::new();
    for other in all {
        for (i, piece) in other.pieces.iter().enumerate() {
            // A token shows its id half once; what else belongs to it is masked.
            let shown = if i == 0 && other.layers.is_empty() && other.pieces.len() == 1 {
                other.token.redacted()
            } else {
                MASK.to_owned()
            };
            tokens.push((piece.clone(), shown));
        }
    }
    tokens.sort_by_key(|(range, _)| (range.start, range.end));
    let line = line_of(bytes, encoding, found.span.start);
    let may_go_on = found.readings.doubt().is_some();
    Stretch { bytes, encoding, line, token: found.span.clone(), may_go_on }.shown(&tokens)
}

/// A span with the letters that stand right behind it: what a token may go on with.
pub fn with_letters(bytes: &[u8], span: &Range<usize>) -> Range<usize> {
    let is_letter = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'/' | b'=');
    let behind = bytes[span.end..].iter().take(BEFORE).take_while(is_letter).count();
    span.start..span.end + behind
}

fn line_of(bytes: &[u8], encoding: Option<&'static Encoding>, at: usize) -> Range<usize> {
    match encoding {
        None => {
            let floor = at.saturating_sub(4 * BEFORE);
            let start = memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |i| floor + i + 1);
            let ceiling = (at + 1024).min(bytes.len());
            start..memchr::memchr(b'\n', &bytes[at..ceiling]).map_or(ceiling, |i| at + i)
        }
        Some(encoding) => {
            let newline = newline(encoding);
            let is_newline = |unit: usize| bytes[unit..].starts_with(&newline);
            let floor = at.saturating_sub(8 * BEFORE) / 2 * 2;
            let start = (floor..at).step_by(2).rfind(|&unit| is_newline(unit)).map_or(floor, |unit| unit + 2);
            let ceiling = (at + 2048).min(bytes.len());
            start..(at / 2 * 2..ceiling).step_by(2).find(|&unit| is_newline(unit)).unwrap_or(ceiling)
        }
    }
}

/// The line that holds a place, and the one above it, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinesAround {
    /// The line, cut to what is near.
    pub line: String,
    /// The line above; `None` where there is none, or where its beginning is too far away to be seen.
    pub above: Option<String>,
}

/// The line that holds `at` and the one above it, for comments that allow what is there.
pub fn lines_around(bytes: &[u8], encoding: Option<&'static Encoding>, at: usize) -> LinesAround {
    let line = line_of(bytes, encoding, at);
    let unit = if encoding.is_some() { 2 } else { 1 };
    let begins = |start: usize| match start.checked_sub(unit) {
        None => true,
        Some(end) => match encoding {
            None => bytes[end] == b'\n',
            Some(encoding) => bytes[end..start] == newline(encoding),
        },
    };
    let end = line.start.checked_sub(unit).filter(|_| begins(line.start));
    let above = end.map(|end| line_of(bytes, encoding, end).start..end).filter(|above| begins(above.start));
    LinesAround {
        line: decode(&bytes[line], encoding),
        above: above.map(|above| decode(&bytes[above], encoding)),
    }
}

/// A line break in UTF-16.
fn newline(encoding: &'static Encoding) -> [u8; 2] {
    if encoding == UTF_16LE { [b'\n', 0] } else { [0, b'\n'] }
}

fn decode(bytes: &[u8], encoding: Option<&'static Encoding>) -> String {
    match encoding {
        None => String::from_utf8_lossy(bytes).replace('\0', ""),
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::{Confidence, Token, TokenKind};

    #[test]
    fn places_count_characters() {
        let at = |text: &[u8], offset| {
            let place = position(text, None, offset);
            (place.line, place.column)
        };
        assert_eq!(at("äö\nüx=1".as_bytes(), 9), (2, 4));
        assert_eq!(at(b"\xef\xbb\xbfab", 4), (1, 2));
        assert_eq!(at(b"\xe4\xf6x", 2), (1, 3));
        let wide: Vec<u8> = "\u{feff}a\n😀b".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let place = position(&wide, Some(UTF_16LE), wide.len() - 2);
        assert_eq!((place.line, place.column), (2, 2));
    }

    #[test]
    fn an_excerpt_holds_no_secret() {
        let text = b"first\nA=abcd1234-x:s3cr3tOne B=k9Xv2Qm7Zp4Lt8Rw C=word\nlast";
        let token = Token::new(TokenKind::Pair, b"abcd1234-x:s3cr3tOne");
        let found = Match {
            rule: "r".into(),
            confidence: Confidence::High,
            token,
            span: 8..28,
            pieces: std::iter::once(8..28).collect(),
            layers: Vec::new(),
            context: String::new(),
            readings: Default::default(),
        };
        let shown = excerpt(text, None, &found, std::slice::from_ref(&found));
        assert_eq!(shown, "A=abcd1234-…:•••• B=•••• C=word");
    }
}
