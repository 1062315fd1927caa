//! The text, what stands beside it, and the bytes.

use super::groups::{Groups, Holds, VARIABLE};
use super::lexer::{RtfLexer, RtfToken};
use crate::container::segments::{SegmentSource, TextSegment};
use crate::container::{Seekable, Walk};
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::io::{self, BufReader, Cursor, Read};

/// Text is handed on in segments of this size, in bytes.
const SEGMENT_BYTES: usize = 16 << 10;
/// How much is read at once, in bytes.
const BUFFER: usize = 64 << 10;
/// How much of an object tells where its data starts, in bytes.
const OBJECT_HEAD: u64 = 4 << 10;

/// Reads an RTF. `name` is its own.
pub fn read_rtf(walk: &mut Walk<'_>, name: &str, mut input: &mut dyn Seekable) -> io::Result<()> {
    let mut text = RtfText::new(&mut input, false);
    walk.segments(Layer::named(LayerKind::Text, "text"), name, &mut text)?;
    let (has_asides, has_bytes, open) = (text.has_asides, text.has_bytes, text.groups.depth());
    if has_asides {
        input.rewind()?;
        walk.segments(Layer::named(LayerKind::Notes, "notes"), name, &mut RtfText::new(&mut input, true))?;
    }
    if has_bytes {
        input.rewind()?;
        members(walk, &mut input)?;
    }
    if open > 0 {
        return Err(ReadError::new("is cut short: its last group has no end").into());
    }
    Ok(())
}

/// The text of a document, or what stands beside it.
struct RtfText<R> {
    lexer: RtfLexer<BufReader<R>>,
    groups: Groups,
    /// What stands beside the text is read, and not the text.
    asides: bool,
    /// Bytes whose encoding is known, and which are not yet text.
    bytes: Vec<u8>,
    /// The first half of a character that has two.
    half: Option<u16>,
    /// How many characters are left out: they stand for one that is known.
    skip: u32,
    has_asides: bool,
    has_bytes: bool,
}

impl<R: Read> RtfText<R> {
    fn new(input: R, asides: bool) -> Self {
        RtfText {
            lexer: RtfLexer::new(BufReader::with_capacity(BUFFER, input)),
            groups: Groups::default(),
            asides,
            bytes: Vec::new(),
            half: None,
            skip: 0,
            has_asides: false,
            has_bytes: false,
        }
    }

    /// What a note is called where the wanted text goes on.
    fn wanted(&self) -> Option<&'static str> {
        match (self.groups.now().holds, self.asides) {
            (Holds::Text, false) => Some(""),
            (Holds::Aside(what), true) => Some(what),
            _ => None,
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.bytes.is_empty() {
            let (text, _) = self.groups.now().encoding.decode_without_bom_handling(&self.bytes);
            out.extend(text.as_bytes());
            self.bytes.clear();
        }
    }

    fn character(&mut self, character: char, out: &mut Vec<u8>) {
        self.flush(out);
        out.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// `\u`: half a character or a whole one of UTF-16, written as a number with a sign.
    fn unicode(&mut self, number: i32, out: &mut Vec<u8>) {
        let unit = number as u16;
        if matches!(unit, 0xd800..=0xdbff) {
            self.half = Some(unit);
            return;
        }
        let units = self.half.take().into_iter().chain([unit]);
        for character in char::decode_utf16(units).map(|decoded| decoded.unwrap_or('\u{fffd}')) {
            self.character(character, out);
        }
    }

    /// What the last control word asks for.
    fn word(&mut self, number: Option<i32>, is_wanted: bool, out: &mut Vec<u8>) -> io::Result<()> {
        match (self.lexer.word(), number) {
            ("u", Some(number)) => {
                if is_wanted {
                    self.unicode(number, out);
                }
                self.skip = self.groups.now().fallback;
            }
            ("bin", length) => self.lexer.skip(length.unwrap_or(0).max(0) as u64)?,
            (word, number) => match character(word).filter(|_| is_wanted) {
                Some(text) => self.character(text, out),
                None => {
                    self.flush(out);
                    self.groups.word(self.lexer.word(), number);
                }
            },
        }
        match self.groups.now().holds {
            Holds::Aside(_) => self.has_asides = true,
            Holds::Bytes(_) => self.has_bytes = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether the next character is left out.
    fn is_skipped(&mut self) -> bool {
        let is_skipped = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        is_skipped
    }
}

impl<R: Read> SegmentSource for &mut RtfText<R> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        let start = self.wanted();
        loop {
            let out = &mut segment.text;
            let Some(token) = self.lexer.next()? else {
                self.flush(out);
                name(segment, start);
                return Ok(!segment.text.is_empty());
            };
            let (before, is_wanted) = (self.wanted(), self.wanted().is_some());
            let ends_part = matches!(token, RtfToken::Close) && before == Some(VARIABLE);
            match token {
                RtfToken::Byte(byte) | RtfToken::Hex(byte) => {
                    if is_wanted && !self.is_skipped() {
                        self.bytes.push(byte);
                    }
                    if self.bytes.len() < SEGMENT_BYTES {
                        continue;
                    }
                    self.flush(out);
                }
                RtfToken::Open => {
                    self.skip = 0;
                    self.flush(out);
                    self.groups.open();
                }
                RtfToken::Close => {
                    self.skip = 0;
                    self.flush(out);
                    self.groups.close();
                }
                RtfToken::Symbol(b'*') => self.groups.optional(),
                RtfToken::Symbol(symbol) if is_wanted => {
                    let text = match symbol {
                        b'~' => Some(' '),
                        b'_' => Some('-'),
                        b'\r' | b'\n' => Some('\n'),
                        b'\t' => Some('\t'),
                        b'\\' | b'{' | b'}' => Some(symbol as char),
                        _ => None,
                    };
                    if let Some(text) = text
                        && !self.is_skipped()
                    {
                        match text {
                            '\\' | '{' | '}' => self.bytes.push(symbol),
                            text => self.character(text, out),
                        }
                    }
                }
                RtfToken::Symbol(_) => {}
                RtfToken::Word(number) => self.word(number, is_wanted, out)?,
            }
            // Notes stand apart from each other; the text goes on behind them.
            let is_apart = self.asides && before.is_some() && (ends_part || self.wanted() != before);
            let out = &mut segment.text;
            if is_apart && out.last().is_some_and(|&last| last != b'\n') {
                out.push(b'\n');
            }
            if out.len() >= SEGMENT_BYTES || (is_apart && !out.is_empty()) {
                name(segment, before);
                return Ok(true);
            }
        }
    }
}

/// Gives a segment the name of what it is.
fn name(segment: &mut TextSegment, what: Option<&'static str>) {
    segment.part = what.filter(|what| !what.is_empty()).map(|what| Layer::named(LayerKind::Entry, what));
}

/// The character that a control word stands for.
fn character(word: &str) -> Option<char> {
    Some(match word {
        "par" | "line" | "sect" | "page" | "row" | "nestrow" | "column" | "softline" => '\n',
        "tab" | "cell" | "nestcell" => '\t',
        "emdash" => '—',
        "endash" => '–',
        "bullet" => '•',
        "lquote" => '‘',
        "rquote" => '’',
        "ldblquote" => '“',
        "rdblquote" => '”',
        "emspace" | "enspace" | "qmspace" => ' ',
        _ => return None,
    })
}

/// Hands on the pictures and objects.
fn members(walk: &mut Walk<'_>, input: &mut impl Read) -> io::Result<()> {
    let mut members = RtfObjects::new(input);
    let mut count = 0;
    while let Some(what) = members.next_member()? {
        count += 1;
        let name = format!("{what} {count}");
        let mut head = Vec::new();
        (&mut members).take(OBJECT_HEAD).read_to_end(&mut head)?;
        let start = if what == "object" { native(&head).unwrap_or(0) } else { 0 };
        walk.member(
            Layer::named(LayerKind::Object, &name),
            &name,
            &mut Cursor::new(&head[start..]).chain(&mut members),
        )?;
        members.inside = None;
    }
    Ok(())
}

/// Where the data of an object starts, behind what says which program it belongs to (MS-OLEDS, 2.2.5).
fn native(head: &[u8]) -> Option<usize> {
    let number = |at: usize| {
        head.get(at..at + 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    };
    // Embedded; a linked one has no data.
    number(4).filter(|&format| format == 2)?;
    let mut at = 8;
    for _ in 0..3 {
        at += 4 + number(at)? as usize;
    }
    (at + 4 <= head.len()).then_some(at + 4)
}

/// The pictures and objects, one after the other: what is read are the bytes of the one that was found last.
struct RtfObjects<R> {
    lexer: RtfLexer<BufReader<R>>,
    groups: Groups,
    /// How many groups are open in the one whose bytes are read.
    inside: Option<u64>,
    /// The first digit of a byte.
    high: Option<u32>,
    /// How much of bytes that are written as they are is to come.
    plain: u64,
}

impl<R: Read> RtfObjects<R> {
    fn new(input: R) -> Self {
        let lexer = RtfLexer::new(BufReader::with_capacity(BUFFER, input));
        RtfObjects { lexer, groups: Groups::default(), inside: None, high: None, plain: 0 }
    }

    /// Goes to the next one, and says what it is.
    fn next_member(&mut self) -> io::Result<Option<&'static str>> {
        while let Some(token) = self.lexer.next()? {
            let depth = self.groups.depth();
            let before = self.groups.now().holds;
            self.take_in(&token)?;
            if let (Holds::Bytes(what), RtfToken::Word(_)) = (self.groups.now().holds, token)
                && before != Holds::Bytes(what)
            {
                (self.inside, self.high) = (Some(depth), None);
                return Ok(Some(what));
            }
        }
        Ok(None)
    }

    /// Takes in what changes the groups. Passes bytes that are written as they are where nobody reads them.
    fn take_in(&mut self, token: &RtfToken) -> io::Result<()> {
        match token {
            RtfToken::Open => self.groups.open(),
            RtfToken::Close => self.groups.close(),
            RtfToken::Symbol(b'*') => self.groups.optional(),
            RtfToken::Word(length) if self.lexer.word() == "bin" => {
                let length = length.unwrap_or(0).max(0) as u64;
                match self.inside {
                    Some(depth) if depth == self.groups.depth() => self.plain = length,
                    _ => self.lexer.skip(length)?,
                }
            }
            RtfToken::Word(number) => self.groups.word(self.lexer.word(), *number),
            _ => {}
        }
        Ok(())
    }
}

impl<R: Read> Read for RtfObjects<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(depth) = self.inside.filter(|_| filled < buffer.len()) {
            if self.plain > 0 {
                let mut bytes = Vec::new();
                let most = self.plain.min((buffer.len() - filled) as u64);
                let read = self.lexer.bytes(most, &mut bytes)?;
                buffer[filled..filled + read].copy_from_slice(&bytes);
                filled += read;
                self.plain = if read == 0 { 0 } else { self.plain - read as u64 };
                continue;
            }
            let Some(token) = self.lexer.next()? else {
                self.inside = None;
                break;
            };
            if let RtfToken::Byte(byte) = token
                && self.groups.depth() == depth
                && let Some(digit) = (byte as char).to_digit(16)
            {
                match self.high.take() {
                    Some(high) => {
                        buffer[filled] = (high * 16 + digit) as u8;
                        filled += 1;
                    }
                    None => self.high = Some(digit),
                }
            }
            self.take_in(&token)?;
            if self.groups.depth() < depth {
                self.inside = None;
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    fn members(rtf: &str) -> Vec<(String, String)> {
        let collected = collect("a.rtf", rtf.as_bytes());
        assert_eq!(collected.unread, [""; 0], "{rtf}");
        collected.members
    }

    fn text(rtf: &str) -> String {
        members(rtf).swap_remove(0).1
    }

    #[test]
    fn formatting_does_not_break_words() {
        let rtf = r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}\pard ab{\b cd}\cf1 ef\'e4{\f1\'e4}\u8364?\u55357 ?\u56593 ?{\field{\*\fldinst HYPERLINK x}{\fldrslt gh}}\_i\~j\{\par\tab k}";
        assert_eq!(text(rtf), "abcdefäд€🔑gh-i j{\n\tk");
        assert_eq!(text(r"{\rtf1\uc2\u228 xxy{\uc0\u228 z}\par}"), "äyäz\n");
        assert_eq!(text(r"{\rtf1{\fonttbl{\f0\fcharset128 M;}}\f0\'8a\'bf\par}"), "漢\n");
    }

    #[test]
    fn what_stands_beside_the_text_has_its_own_names() {
        let rtf = r"{\rtf1{\info{\title The title}{\*\userprops{\propname key}{\staticval value of it}}}text{\footnote below}{\*\annotation said}{\pict\pngblip 6869{\*\blipuid 00}\bin2 }}20}{\object{\*\objdata 01050000 02000000 02000000 4100 00000000 00000000 03000000 414243}}}";
        let members = members(rtf);
        let expected = [
            ("text text", "text"),
            ("notes notes", "The title\nkey\nvalue of it\nbelow\nsaid\n"),
            ("object picture 1", "hi}} "),
            ("object object 2", "ABC"),
        ];
        assert_eq!(members, expected.map(|(way, text)| (way.to_owned(), text.to_owned())));
    }

    #[test]
    fn what_means_harm_does_none() {
        let deep = format!("{{\\rtf1{} text", "{\\b".repeat(1 << 20));
        let collected = collect("a.rtf", deep.as_bytes());
        assert_eq!(collected.members[0].1, "text");
        assert_eq!(collected.unread, [": is cut short: its last group has no end"]);
        let long = r"{\rtf1 before\bin2147483647 after}";
        assert_eq!(collect("a.rtf", long.as_bytes()).members[0].1, "before");
        let many = format!("{{\\rtf1\\b a{}b}}", "}".repeat(1000));
        assert!(collect("a.rtf", many.as_bytes()).members[0].1.starts_with('a'));
    }
}
