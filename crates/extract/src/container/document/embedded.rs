//! Files in texts: what `data:` URIs (RFC 2397) hold in base64, in saved pages, style sheets, Markdown and JSON. A
//! page that was saved as one file has thousands of them.
//!
//! Everything is streamed: no more is held than a piece of the text and a piece of what is decoded. A source map in such a
//! URL is not read here but by [`krea_scan_text::map_reference`], which needs all of it, and where in the file each byte stands.

use super::super::Walk;
use super::super::base64::{Base64Reader, Padding};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::encoded::base64::is_member;
use krea_scan_text::escapes::{entity_number, hex};
use std::io::{self, BufRead, Read};

/// What stands in front of the base64 of every such file.
pub const MARK: &[u8] = b";base64,";
/// How much of a text is held, in bytes.
const PIECE: usize = 64 << 10;
/// The longest media type with its parameters, in bytes.
const MAX_TYPE: usize = 200;
/// The longest way to write one character of base64, in bytes: `&#x0000002b;`.
const MAX_ESCAPE: usize = 12;
/// Shorter base64 holds nothing that counts.
const SHORTEST: usize = 24;

/// How names of texts end that people and programs put such files into.
const ENDINGS: [&str; 8] = ["html", "htm", "xhtml", "css", "md", "mdx", "markdown", "json"];

/// Whether a file is a text that may hold others, by its first bytes and its name.
pub fn is_text(head: &[u8], name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    ending.len() <= 8 && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)) || is_page(head)
}

/// Whether a file starts as a page does.
fn is_page(head: &[u8]) -> bool {
    let [b'<' | b' ' | b'\n' | b'\r' | b'\t' | 0xef, ..] = head else { return false };
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|start| text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start)))
}

/// Reads the files that stand in elements of XML whose names end in `element`.
#[cfg(feature = "documents")]
pub fn read_elements(walk: &mut Walk<'_>, input: &mut dyn Read, element: &str) -> io::Result<()> {
    let (mut text, mut count) = (EmbeddedText::new(input), 0u64);
    let mark = format!("{element}>");
    while text.find(mark.as_bytes(), 0)?.is_some() {
        text.consume(mark.len());
        if text.run()? < SHORTEST {
            continue;
        }
        count += 1;
        let mut file = embedded_file(&mut text, false);
        walk.member(Layer::named(LayerKind::EmbeddedFile, &format!("embedded file {count}")), "", &mut file)?;
        io::copy(&mut file, &mut io::sink())?;
    }
    Ok(())
}

/// Reads the files in a text.
pub fn read_embedded(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    let (mut text, mut count) = (EmbeddedText::new(input), 0u64);
    while let Some(kind) = text.next_file()? {
        if text.run()? < SHORTEST {
            continue;
        }
        count += 1;
        let kind = kind.split(';').next().unwrap_or_default();
        let name = format!("{count}.{}", ending(kind));
        let shown = format!("{kind} {count}");
        let mut file = embedded_file(&mut text, false);
        walk.member(Layer::named(LayerKind::DataUri, shown.trim_start()), &name, &mut file)?;
        io::copy(&mut file, &mut io::sink())?;
    }
    Ok(())
}

/// How the name of a file of a media type ends.
pub fn ending(kind: &str) -> &str {
    let name = kind.rsplit('/').next().unwrap_or_default();
    name.split('+').next().unwrap_or(name)
}

/// A text, of which a piece is held.
pub struct EmbeddedText<'i> {
    input: &'i mut dyn Read,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
    failed: Option<io::Error>,
}

impl<'i> EmbeddedText<'i> {
    /// A text from its start.
    pub fn new(input: &'i mut dyn Read) -> Self {
        EmbeddedText { input, piece: Vec::with_capacity(PIECE), at: 0, ended: false, failed: None }
    }

    /// What is held from here on: at least so many bytes, unless the text ends before.
    pub fn ahead(&mut self, least: usize) -> io::Result<&[u8]> {
        if self.piece.len() - self.at < least && !self.ended {
            self.piece.drain(..self.at);
            self.at = 0;
            let room = (PIECE - self.piece.len().min(PIECE)) as u64;
            match (&mut *self.input).take(room).read_to_end(&mut self.piece) {
                Ok(read) => self.ended = (read as u64) < room,
                Err(error) => (self.ended, self.failed) = (true, Some(error)),
            }
        }
        if self.at == self.piece.len()
            && let Some(error) = self.failed.take()
        {
            return Err(error);
        }
        Ok(&self.piece[self.at..])
    }

    /// Goes to the next place of a mark. Gives what stands in front of it, at most `before` bytes.
    fn find(&mut self, mark: &[u8], before: usize) -> io::Result<Option<Vec<u8>>> {
        loop {
            let piece = self.ahead(PIECE / 2)?;
            if let Some(found) = memchr::memmem::find(piece, mark) {
                let front = piece[found.saturating_sub(before)..found].to_vec();
                self.consume(found);
                return Ok(Some(front));
            }
            let gone = piece.len().saturating_sub(before + mark.len());
            if gone == 0 || self.ended {
                return Ok(None);
            }
            self.consume(gone);
        }
    }

    /// Goes to the base64 of the next file. Gives its media type, with its parameters.
    fn next_file(&mut self) -> io::Result<Option<String>> {
        while let Some(before) = self.find(MARK, MAX_TYPE)? {
            self.consume(MARK.len());
            let kind =
                memchr::memmem::rfind(&before.to_ascii_lowercase(), b"data:").map(|at| &before[at + 5..]);
            if let Some(kind) = kind.filter(|kind| kind.iter().all(|&byte| is_type(byte))) {
                return Ok(Some(String::from_utf8_lossy(kind).into_owned()));
            }
        }
        Ok(None)
    }

    /// How much base64 there is at the least, of what is looked at.
    fn run(&mut self) -> io::Result<usize> {
        let ahead = self.ahead(SHORTEST)?;
        Ok(ahead
            .iter()
            .take(SHORTEST)
            .take_while(|&&byte| !matches!(byte, b'"' | b'\'' | b')' | b'=' | b'<'))
            .count())
    }
}

impl Read for EmbeddedText<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.ahead(1)?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for EmbeddedText<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.ahead(1)
    }

    fn consume(&mut self, length: usize) {
        self.at += length;
    }
}

/// Whether a byte may stand in a media type or its parameters.
fn is_type(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&-^_.+/;=%,*'\\".contains(&byte)
}

/// The letters of a file in a text. They end where the base64 does.
pub struct Base64Letters<'t, 'i> {
    text: &'t mut EmbeddedText<'i>,
    /// It is written as a list of lines in JSON.
    in_list: bool,
    ended: bool,
}

/// Decodes the file that comes next in a text. `in_list`: it may go on in the next string of a list in JSON.
pub fn embedded_file<'t, 'i>(
    text: &'t mut EmbeddedText<'i>,
    in_list: bool,
) -> Base64Reader<Base64Letters<'t, 'i>> {
    Base64Reader::new(Base64Letters { text, in_list, ended: false }, Padding::SaysNothing)
}

impl Base64Letters<'_, '_> {
    /// Takes the next letter, or what may stand between two, however it is written.
    fn next(&mut self) -> io::Result<Option<u8>> {
        let in_list = self.in_list;
        let ahead = self.text.ahead(if in_list { MAX_TYPE } else { MAX_ESCAPE })?;
        let Some(&first) = ahead.first() else { return Ok(None) };
        let byte_of = |code: u32| u8::try_from(code).ok();
        let (byte, length) = match first {
            b'\\' => match ahead.get(1) {
                Some(b'u') => (ahead.get(2..6).and_then(hex).and_then(byte_of), 6),
                Some(b'n' | b'r' | b't') => (Some(b'\n'), 2),
                Some(b'/') => (Some(b'/'), 2),
                // A line that goes on in the next one, in a style sheet.
                Some(b'\n' | b'\r') => (Some(b'\n'), 2),
                _ => (None, 1),
            },
            b'%' => (ahead.get(1..3).and_then(hex).and_then(byte_of), 3),
            b'&' => {
                let end = ahead.iter().take(MAX_ESCAPE).position(|&byte| byte == b';').unwrap_or(0);
                (entity_number(&ahead[1..end.max(1)]).and_then(byte_of), end + 1)
            }
            b'"' if in_list => {
                let space = |from: usize| {
                    ahead[from..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|more| from + more)
                };
                let comma = space(1).filter(|&at| ahead[at] == b',');
                let next = comma.and_then(|at| space(at + 1)).filter(|&at| ahead[at] == b'"');
                (next.map(|_| b'\n'), next.unwrap_or(0) + 1)
            }
            byte => (Some(byte), 1),
        };
        let byte = byte.filter(|&byte| byte.is_ascii_whitespace() || byte == b'=' || is_member(byte));
        self.text.consume(if byte.is_some() { length } else { 0 });
        Ok(byte)
    }
}

impl Read for Base64Letters<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < buffer.len() && !self.ended {
            let ahead = self.text.ahead(MAX_ESCAPE)?;
            let plain = ahead.iter().zip(&mut buffer[written..]).map_while(|(&byte, place)| {
                *place = standard(byte);
                is_member(byte).then_some(())
            });
            let plain = plain.count();
            self.text.consume(plain);
            written += plain;
            if plain == 0 {
                match self.next()? {
                    Some(byte) => {
                        buffer[written] = standard(byte);
                        written += 1;
                    }
                    None => self.ended = true,
                }
            }
        }
        Ok(written)
    }
}

/// A letter of base64url as base64 has it.
fn standard(letter: u8) -> u8 {
    match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    /// The files in a page.
    fn files(page: &[u8]) -> Vec<(String, String)> {
        collect("page.html", page).members.into_iter().filter(|(way, _)| !way.is_empty()).collect()
    }

    const TEXT: &str = "a file of some length >>>???";
    const BASE64: &str = "YSBmaWxlIG9mIHNvbWUgbGVuZ3RoID4+Pj8/Pw==";

    #[test]
    fn files_in_pages_are_decoded_however_they_are_written() {
        let one = |base64: &str| {
            files(format!("<img src='data:text/plain;charset=utf-8;base64,{base64}'>").as_bytes())
        };
        let expected = vec![("data-uri text/plain 1".to_owned(), TEXT.to_owned())];
        assert_eq!(one(BASE64), expected);
        assert_eq!(one(&BASE64.replace('+', "%2B").replace('=', "%3D")), expected);
        assert_eq!(one(&BASE64.replace('+', "-").replace('/', "_").replace('=', "")), expected);
        assert_eq!(one(&BASE64.replace('+', "&#43;").replace('/', "&#x2F;")), expected);
        assert_eq!(
            one(&BASE64.replace('+', "\\u002b").replace('/', "\\/").replace("bHl", "bHl\\n")),
            expected
        );
        assert_eq!(one(&BASE64.replace("IHN", "\n    IHN")), expected);
    }

    #[test]
    fn no_file_is_missed_where_one_piece_ends_and_the_next_begins() {
        let file = format!("url(data:text/plain;base64,{BASE64}) ");
        for shift in (0..100).chain(65_400..65_600) {
            let page = format!("<html>{}{}", " ".repeat(shift), file.repeat(3));
            let found = files(page.as_bytes());
            assert_eq!(found.len(), 3, "{shift}");
            assert!(found.iter().all(|(_, text)| text == TEXT), "{shift}");
        }
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let none = [
            "<html>;base64,",
            "<html>data:;base64,",
            "<html>data: a thing;base64,YSBmaWxlIG9mIHNvbWUgbGVuZ3RoID4+Pj8",
            "<html>data:image/png;base64,YQ==",
        ];
        for page in none {
            assert_eq!(files(page.as_bytes()), [], "{page}");
        }
    }
}
