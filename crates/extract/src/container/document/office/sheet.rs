//! The cells of a sheet of a workbook (ECMA-376 part 1, 18.3), row by row, as long as the sheet is: what each shows, and
//! the formula behind it. Numbers are left out.

use super::lines::{column, part};
use super::strings::SharedStrings;
use super::xml::{Xml, XmlEvent, XmlTag};
use crate::container::segments::{SegmentSource, TextSegment};
use krea_scan_text::LayerKind;
use std::io::{self, Read};

/// What is held of a cell, in bytes.
const MAX_HELD: usize = 1 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CellValue {
    /// Nothing that is told.
    #[default]
    Number,
    /// The number of a shared string.
    Shared,
    Text,
}

/// What the text that comes belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SheetText {
    #[default]
    None,
    Value,
    Formula,
    Inline,
    /// The header or the footer of its pages.
    Margin,
}

/// A sheet that is being read.
pub struct Sheet<'x, 's, 'm> {
    xml: Xml<&'x mut dyn Read>,
    strings: Option<&'s SharedStrings<'m>>,
    row: u64,
    column: u64,
    /// Elements that are open, and how many were when the cell began.
    depth: u64,
    cell: u64,
    kind: CellValue,
    place: SheetText,
    value: Vec<u8>,
    formula: Vec<u8>,
    /// The row has a cell that says something.
    is_said: bool,
    title: Option<String>,
    done: bool,
}

impl<'x, 's, 'm> Sheet<'x, 's, 'm> {
    /// Reads a sheet behind its outermost element. `title`: what it is called.
    pub fn new(
        xml: Xml<&'x mut dyn Read>,
        strings: Option<&'s SharedStrings<'m>>,
        title: Option<String>,
    ) -> Self {
        Sheet {
            xml,
            strings,
            row: 0,
            column: 0,
            depth: 0,
            cell: 0,
            kind: CellValue::Number,
            place: SheetText::None,
            value: Vec::new(),
            formula: Vec::new(),
            is_said: false,
            title,
            done: false,
        }
    }

    /// Whether it has entities that were not expanded.
    pub fn is_unexpanded(&self) -> bool {
        self.xml.unexpanded
    }

    fn write_cell(&mut self, segment: &mut TextSegment) {
        let number = || std::str::from_utf8(&self.value).ok()?.trim().parse().ok();
        match (self.kind, self.strings) {
            (CellValue::Shared, Some(strings)) => {
                segment.text.extend_from_slice(number().map_or(&[][..], |number| strings.show(number)));
            }
            (CellValue::Text, _) => segment.text.extend_from_slice(&self.value),
            _ => {}
        }
        if !self.formula.is_empty() {
            if !segment.text.is_empty() {
                segment.text.push(b' ');
            }
            segment.text.push(b'=');
            segment.text.extend_from_slice(&self.formula);
        }
        self.value.clear();
        self.formula.clear();
        if !segment.text.is_empty() {
            segment.part = Some(part(LayerKind::Cell, &format!("cell {}{}", column(self.column), self.row)));
            self.is_said = true;
        }
    }
}

impl SegmentSource for &mut Sheet<'_, '_, '_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        if let Some(title) = self.title.take() {
            segment.text = format!("{title}\n").into_bytes();
            return Ok(true);
        }
        while !self.done {
            match self.xml.next()? {
                XmlEvent::Start(tag) => {
                    self.depth += 1;
                    match tag.name() {
                        "c" => {
                            self.cell = self.depth;
                            (self.row, self.column) = place(&tag, self.row, self.column);
                            self.kind = kind(&tag);
                            self.place = SheetText::None;
                        }
                        "v" => self.place = SheetText::Value,
                        "f" => self.place = SheetText::Formula,
                        "t" if self.kind == CellValue::Text => self.place = SheetText::Inline,
                        "row" => {
                            let row = tag.attribute("r").and_then(|row| row.parse().ok());
                            (self.row, self.column) = (row.unwrap_or(self.row + 1), 0);
                            if std::mem::take(&mut self.is_said) {
                                segment.text.push(b'\n');
                                return Ok(true);
                            }
                        }
                        "oddHeader" | "oddFooter" | "evenHeader" | "evenFooter" | "firstHeader"
                        | "firstFooter" => {
                            self.place = SheetText::Margin;
                        }
                        "rPh" => self.place = SheetText::None,
                        _ => {}
                    }
                }
                XmlEvent::Text(text) => {
                    match self.place {
                        SheetText::None => continue,
                        SheetText::Formula => self.formula.extend_from_slice(text),
                        SheetText::Value | SheetText::Inline | SheetText::Margin => {
                            self.value.extend_from_slice(text)
                        }
                    }
                    if self.value.len() + self.formula.len() > MAX_HELD {
                        self.write_cell(segment);
                        return Ok(true);
                    }
                }
                XmlEvent::End => {
                    let is_cell = self.depth == self.cell;
                    if self.place == SheetText::Margin {
                        segment.text = without_codes(&std::mem::take(&mut self.value));
                        segment.text.push(b'\n');
                    }
                    self.depth = self.depth.saturating_sub(1);
                    self.place = SheetText::None;
                    if !segment.text.is_empty() {
                        return Ok(true);
                    }
                    if is_cell {
                        self.write_cell(segment);
                        if !segment.text.is_empty() {
                            segment.text.push(b'\t');
                            return Ok(true);
                        }
                    }
                }
                XmlEvent::Other => {}
                XmlEvent::Done => self.done = true,
            }
        }
        Ok(false)
    }
}

/// A header or footer without the codes in it, each of its sections on a line (ECMA-376 part 1, 18.3.1.46): `&L`, `&"Arial,Bold"`,
/// `&12`, `&K00FF00`.
fn without_codes(mut text: &[u8]) -> Vec<u8> {
    let mut said = Vec::with_capacity(text.len());
    while let Some(at) = memchr::memchr(b'&', text) {
        said.extend_from_slice(&text[..at]);
        let code = &text[at + 1..];
        let digits = code.iter().take_while(|b| b.is_ascii_digit()).count();
        let length = match code {
            [b'&', ..] => {
                said.push(b'&');
                1
            }
            [b'L' | b'C' | b'R', ..] => {
                said.push(b'\n');
                1
            }
            [b'"', font @ ..] => memchr::memchr(b'"', font).map_or(code.len(), |end| end + 2),
            [b'K', ..] => 7.min(code.len()),
            [b'0'..=b'9', ..] => digits,
            [] => 0,
            // A page's number, a date, the name of the file.
            _ => {
                said.push(b' ');
                1
            }
        };
        text = &code[length..];
    }
    said.extend_from_slice(text);
    said
}

/// What a cell's value is, by its attribute `t`.
fn kind(tag: &XmlTag<'_>) -> CellValue {
    match tag.attribute("t").as_deref() {
        Some("s") => CellValue::Shared,
        Some("str" | "inlineStr" | "d") => CellValue::Text,
        _ => CellValue::Number,
    }
}

/// A cell's row and column: those it says, or those behind the last one.
fn place(tag: &XmlTag<'_>, row: u64, column: u64) -> (u64, u64) {
    let said = tag.attribute("r").and_then(|place| {
        let letters = place.bytes().take_while(u8::is_ascii_uppercase).count();
        let (letters, digits) = place.split_at(letters);
        let number = letters.bytes().take(8).fold(0, |number, letter| number * 26 + u64::from(letter - b'@'));
        Some((digits.parse().ok()?, number))
    });
    said.unwrap_or((row, column + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_no_part_of_a_header() {
        for (header, says) in [
            ("&Lkrea key&Cpage &P of &N", "\nkrea key\npage   of  "),
            ("&L&\"Arial,Bold\"&12&K00FF00krea && co", "\nkrea & co"),
            ("plain &", "plain "),
            ("&K00", ""),
            ("&\"open", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&without_codes(header.as_bytes())), says, "{header}");
        }
    }
}
