//! CMaps: how the bytes of a string make codes, and what text the codes stand for (ISO 32000-2, 9.7.5 and 9.10.3).

use crate::encoding::as_drawn;
use crate::object::{Lexer, Object, PdfToken};

/// No more ranges are kept. A code has two bytes at most in practice.
const MAX_RANGES: usize = 100_000;

/// What codes stand for.
#[derive(Debug, Default)]
pub struct Cmap {
    /// How many bytes the codes between two have.
    spaces: Vec<(usize, u32, u32)>,
    /// The first code, the last one, and what the first one stands for. Sorted by the last step of reading.
    ranges: Vec<(u32, u32, Vec<u16>)>,
}

impl Cmap {
    pub fn read(bytes: &[u8]) -> Self {
        let (mut cmap, mut lexer) = (Cmap::default(), Lexer::new(bytes, 0));
        while let Some(token) = lexer.token() {
            match token {
                PdfToken::Word(b"begincodespacerange") => while cmap.space(&mut lexer).is_some() {},
                PdfToken::Word(b"beginbfchar") => while cmap.char(&mut lexer).is_some() {},
                PdfToken::Word(b"beginbfrange") => while cmap.range(&mut lexer).is_some() {},
                _ => {}
            }
        }
        cmap.ranges.sort_by_key(|range| range.0);
        cmap
    }

    /// How many ranges it has.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    fn space(&mut self, lexer: &mut Lexer<'_>) -> Option<()> {
        let (first, last) = (string(lexer)?, string(lexer)?);
        if self.spaces.len() < 256 && (1..=4).contains(&first.len()) {
            self.spaces.push((first.len(), code(&first), code(&last)));
        }
        Some(())
    }

    fn char(&mut self, lexer: &mut Lexer<'_>) -> Option<()> {
        let from = code(&string(lexer)?);
        let to = lexer.object()?;
        if let Object::String(text) = to {
            self.add(from, from, units(&text));
        }
        Some(())
    }

    fn range(&mut self, lexer: &mut Lexer<'_>) -> Option<()> {
        let (first, last) = (code(&string(lexer)?), code(&string(lexer)?));
        match lexer.object()? {
            Object::String(text) => self.add(first, last, units(&text)),
            Object::Array(texts) => {
                for (code, text) in (first..=last).zip(texts) {
                    if let Object::String(text) = text {
                        self.add(code, code, units(&text));
                    }
                }
            }
            _ => {}
        }
        Some(())
    }

    fn add(&mut self, first: u32, last: u32, text: Vec<u16>) {
        if self.ranges.len() < MAX_RANGES && first <= last && !text.is_empty() && text.len() <= 64 {
            self.ranges.push((first, last, text));
        }
    }

    /// What a code stands for, as it looks when it is drawn.
    pub fn text(&self, code: u32) -> Option<String> {
        let behind = self.ranges.partition_point(|range| range.0 <= code);
        let (first, _, text) = self.ranges[..behind].iter().rev().take(4).find(|range| code <= range.1)?;
        let mut text = text.clone();
        if let Some(last) = text.last_mut() {
            *last = last.wrapping_add((code - first) as u16);
        }
        let text = String::from_utf16_lossy(&text);
        (!text.starts_with(['\u{fffd}', '\0'])).then(|| as_drawn(&text))
    }

    /// How many bytes the next code has.
    pub fn length(&self, bytes: &[u8]) -> Option<usize> {
        let fits = |&&(length, first, last): &&(usize, u32, u32)| {
            bytes.len() >= length && (first..=last).contains(&code(&bytes[..length]))
        };
        self.spaces.iter().find(fits).map(|space| space.0)
    }
}

/// A code's number.
pub fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, &byte| code << 8 | u32::from(byte))
}

fn units(text: &[u8]) -> Vec<u16> {
    match text {
        [one] => vec![u16::from(*one)],
        _ => text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
    }
}

/// The next token, if it is a string. What ends a list is none.
fn string(lexer: &mut Lexer<'_>) -> Option<Vec<u8>> {
    if let PdfToken::String(text) = lexer.token()? { Some(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_text() {
        let cmap = Cmap::read(
            b"/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> endcodespacerange
            2 beginbfchar <0003> <0020> <0010> <00660069> endbfchar
            2 beginbfrange <0024><0026><0041> <0030> <0031> [<0061> <00AD>] endbfrange",
        );
        let text = |code| cmap.text(code);
        assert_eq!(text(3).as_deref(), Some(" "));
        assert_eq!(text(0x10).as_deref(), Some("fi"));
        assert_eq!(text(0x26).as_deref(), Some("C"));
        assert_eq!(text(0x31).as_deref(), Some("-"));
        assert_eq!(text(0x27), None);
        assert_eq!(cmap.length(&[0, 3, 0]), Some(2));
        assert_eq!(cmap.length(&[0]), None);
        assert_eq!(
            Cmap::read(b"beginbfrange <00> <ffffffff> <0041> beginbfchar <01>").text(1).as_deref(),
            Some("B")
        );
    }
}
