//! Reads Python's pickles of any protocol (<https://docs.python.org/3/library/pickletools.html>): gives the values as a program
//! would write them, `{"key": "text"}`. Nothing is made or called; what is no text is left out.
//!
//! All of a text must be pickles.

use super::{OriginStep, Text, TextBuilder};
use std::collections::HashMap;
use std::ops::Range;

/// What is nested deeper is none.
const MAX_DEPTH: usize = 64;
/// A text that is used again and again makes the values no longer than so many times the pickle.
const MAX_GROWTH: usize = 4;

/// A value on the machine's stack.
#[derive(Clone, Debug)]
enum PickleValue {
    /// Where the values of something start.
    Mark,
    /// A text, or a name of the program's.
    Text {
        place: Range<usize>,
        is_name: bool,
    },
    Many {
        kind: PickleOp,
        depth: usize,
        values: Vec<PickleValue>,
    },
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PickleOp {
    List,
    /// Keys, each followed by its value.
    Dict,
    /// What is called, and what with.
    Call,
}

/// The text as the values that its pickles hold; `None` where it is none.
pub fn read_pickle(text: &Text<'_>) -> Option<Text<'static>> {
    let bytes = text.bytes();
    let starts = matches!(bytes.first(), Some(b'(' | b'c' | b'V' | b'S' | b']' | b'}' | b')' | 0x80));
    if !starts || !bytes.trim_ascii_end().ends_with(b".") {
        return None;
    }
    let mut machine = Machine { bytes, at: 0, stack: Vec::new(), memo: HashMap::new() };
    let mut out = TextBuilder::default();
    while !bytes[machine.at..].trim_ascii().is_empty() {
        let value = machine.run()?;
        write(&mut out, bytes, &value)?;
        out.push(b"\n", machine.at - 1, OriginStep::NONE);
    }
    Some(text.derive(out))
}

/// The machine that a pickle is a program for.
struct Machine<'b> {
    bytes: &'b [u8],
    at: usize,
    stack: Vec<PickleValue>,
    /// Texts that may be used again.
    memo: HashMap<usize, PickleValue>,
}

impl<'b> Machine<'b> {
    /// The value of the pickle that starts here.
    fn run(&mut self) -> Option<PickleValue> {
        self.stack.clear();
        self.memo.clear();
        loop {
            let code = *self.bytes.get(self.at)?;
            self.at += 1;
            let value = match code {
                b'.' => return self.stack.pop(),
                b'(' => PickleValue::Mark,
                // What has a length before it: a text, a string or bytes.
                b'X' | b'T' | b'B' => self.sized(4)?,
                0x8c | b'U' | b'C' => self.sized(1)?,
                0x8d | 0x8e => self.sized(8)?,
                b'V' => PickleValue::Text { place: self.line()?, is_name: false },
                b'S' => PickleValue::Text { place: self.quoted()?, is_name: false },
                b'I' | b'L' | b'F' | b'P' => {
                    self.line()?;
                    PickleValue::Other
                }
                b'N' | 0x88 | 0x89 => PickleValue::Other,
                b'K' | b'M' | b'J' | b'G' | 0x8a => {
                    let width = match code {
                        b'K' => 1,
                        b'M' => 2,
                        b'J' => 4,
                        b'G' => 8,
                        _ => self.number(1)?,
                    };
                    self.skip(width)?;
                    PickleValue::Other
                }
                b'c' => self.name()?,
                b']' | b')' | 0x8f => many(PickleOp::List, Vec::new())?,
                b'}' => many(PickleOp::Dict, Vec::new())?,
                b'l' | b't' | 0x91 => many(PickleOp::List, self.marked()?)?,
                0x85..=0x87 => {
                    let values = self.stack.len().checked_sub(usize::from(code - 0x84))?;
                    many(PickleOp::List, self.stack.split_off(values))?
                }
                b'd' => many(PickleOp::Dict, self.marked()?)?,
                b'i' => {
                    let name = self.name()?;
                    let values = self.marked()?;
                    many(PickleOp::Call, std::iter::once(name).chain(values).collect())?
                }
                0x93 => {
                    let name = self.stack.pop()?;
                    self.stack.pop()?;
                    match name {
                        PickleValue::Text { place, .. } => PickleValue::Text { place, is_name: true },
                        _ => return None,
                    }
                }
                b'R' | b'b' | 0x81 => {
                    let with = self.stack.pop()?;
                    many(PickleOp::Call, vec![self.stack.pop()?, with])?
                }
                b'2' => self.stack.last()?.memorable(),
                b'g' | b'h' | b'j' => {
                    let key = self.key(code == b'g', code == b'j')?;
                    self.memo.get(&key).cloned().unwrap_or(PickleValue::Other)
                }
                b'p' | b'q' | b'r' | 0x94 => {
                    let key = match code {
                        0x94 => self.memo.len(),
                        _ => self.key(code == b'p', code == b'r')?,
                    };
                    let value = self.stack.last()?.memorable();
                    self.memo.insert(key, value);
                    continue;
                }
                // The protocol, and how much a frame holds.
                0x80 | 0x95 => {
                    self.skip(if code == 0x80 { 1 } else { 8 })?;
                    continue;
                }
                b'0' => {
                    self.stack.pop()?;
                    continue;
                }
                b'1' => {
                    self.marked()?;
                    continue;
                }
                b'a' => {
                    let value = self.stack.pop()?;
                    self.stack.last_mut()?.add([value])?;
                    continue;
                }
                b'e' | b'u' | 0x90 => {
                    let values = self.marked()?;
                    self.stack.last_mut()?.add(values)?;
                    continue;
                }
                b's' => {
                    let value = self.stack.pop()?;
                    let key = self.stack.pop()?;
                    self.stack.last_mut()?.add([key, value])?;
                    continue;
                }
                _ => return None,
            };
            self.stack.push(value);
        }
    }

    /// Passes so many bytes over.
    fn skip(&mut self, width: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(width).filter(|end| *end <= self.bytes.len())?;
        Some(std::mem::replace(&mut self.at, end)..end)
    }

    /// A number of so many bytes, the last byte first.
    fn number(&mut self, width: usize) -> Option<usize> {
        let field = self.skip(width)?;
        let number = self.bytes[field].iter().rev().fold(0u64, |number, &b| number << 8 | u64::from(b));
        usize::try_from(number).ok()
    }

    /// A text behind a length of so many bytes.
    fn sized(&mut self, width: usize) -> Option<PickleValue> {
        let length = self.number(width)?;
        Some(PickleValue::Text { place: self.skip(length)?, is_name: false })
    }

    /// Under what a value is kept: a line, one byte or four.
    fn key(&mut self, is_line: bool, is_long: bool) -> Option<usize> {
        if is_line {
            let line = self.line()?;
            return std::str::from_utf8(&self.bytes[line]).ok()?.parse().ok();
        }
        self.number(if is_long { 4 } else { 1 })
    }

    /// The rest of a line.
    fn line(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let end = start + memchr::memchr(b'\n', &self.bytes[start..])?;
        self.at = end + 1;
        Some(start..end - usize::from(self.bytes[start..end].ends_with(b"\r")))
    }

    /// A line between quotes.
    fn quoted(&mut self) -> Option<Range<usize>> {
        let line = self.line()?;
        match self.bytes[line.clone()] {
            [first @ (b'\'' | b'"'), .., last] if first == last => Some(line.start + 1..line.end - 1),
            _ => None,
        }
    }

    /// The name of a class or a function behind the one of its module.
    fn name(&mut self) -> Option<PickleValue> {
        self.line()?;
        Some(PickleValue::Text { place: self.line()?, is_name: true })
    }

    /// What was put on the stack since the last mark.
    fn marked(&mut self) -> Option<Vec<PickleValue>> {
        let mark = self.stack.iter().rposition(|value| matches!(value, PickleValue::Mark))?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Some(values)
    }
}

fn many(kind: PickleOp, values: Vec<PickleValue>) -> Option<PickleValue> {
    let mut all = PickleValue::Many { kind, depth: 1, values: Vec::new() };
    all.add(values)?;
    Some(all)
}

impl PickleValue {
    /// What is kept of it to be used again.
    fn memorable(&self) -> PickleValue {
        match self {
            text @ PickleValue::Text { .. } => text.clone(),
            _ => PickleValue::Other,
        }
    }

    /// Adds values to a list, a dict or an object.
    fn add(&mut self, more: impl IntoIterator<Item = PickleValue>) -> Option<()> {
        let PickleValue::Many { depth, values, .. } = self else { return None };
        for value in more {
            if let PickleValue::Many { depth: inner, .. } = value {
                *depth = (*depth).max(inner + 1);
            }
            values.push(value);
        }
        (*depth <= MAX_DEPTH).then_some(())
    }
}

/// Writes a value; gives up where it becomes too long.
fn write(out: &mut TextBuilder, bytes: &[u8], value: &PickleValue) -> Option<()> {
    let at = |out: &TextBuilder| out.map.last().map_or(0, |last| last.origin);
    let say = |out: &mut TextBuilder, text: &str| {
        let origin = at(out);
        out.push(text.as_bytes(), origin, OriginStep::NONE);
    };
    match value {
        PickleValue::Mark => return None,
        PickleValue::Other => say(out, "None"),
        PickleValue::Text { place, is_name: true } => {
            out.push(&bytes[place.clone()], place.start, OriginStep::ONE)
        }
        PickleValue::Text { place, .. } => {
            // The mark before it and the end of its line stand for the quotes.
            out.push(b"\"", place.start - 1, OriginStep::ONE);
            out.push(&bytes[place.clone()], place.start, OriginStep::ONE);
            out.push(b"\"", place.end, OriginStep::ONE);
        }
        PickleValue::Many { kind, values, .. } => {
            let (open, close) = match kind {
                PickleOp::List => ("[", "]"),
                PickleOp::Dict => ("{", "}"),
                PickleOp::Call => ("", if values.len() > 1 { ")" } else { "" }),
            };
            say(out, open);
            for (number, value) in values.iter().enumerate() {
                match (kind, number) {
                    (_, 0) => {}
                    (PickleOp::Dict, _) if number % 2 == 1 => say(out, ": "),
                    (PickleOp::Call, 1) => say(out, "("),
                    _ => say(out, ",\n"),
                }
                write(out, bytes, value)?;
            }
            say(out, close);
        }
    }
    (out.bytes.len() <= MAX_GROWTH * bytes.len()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pickle: &str) -> Option<String> {
        read_pickle(&Text::plain(pickle.as_bytes()))
            .map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
    }

    #[test]
    fn values_are_written_as_a_program_writes_them() {
        for (pickle, values) in [
            ("(dp0\nVa\np1\n(dp2\nVb\np3\nVc d\np4\nss.", r#"{"a": {"b": "c d"}}"#),
            ("(dp0\nS'a'\np1\nS\"b\"\np2\nsS'n'\np3\nI5\ns.", "{\"a\": \"b\",\n\"n\": None}"),
            ("(lp0\nVa\np1\nag1\na.", "[\"a\",\n\"a\"]"),
            ("(Va\nVb\ntp0\n.", "[\"a\",\n\"b\"]"),
            ("(ikrea\nClient\np0\n(dp1\nS'key'\np2\nS'x'\np3\nsb.", "Client({\"key\": \"x\"})"),
            ("Va\r\np0\r\n.Vb\np0\n.\n", "\"a\"\n\"b\""),
        ] {
            assert_eq!(shown(pickle), Some(format!("{values}\n")), "{pickle:?}");
        }
    }

    #[test]
    fn protocols_with_lengths_are_read() {
        let show = |pickle: &[u8]| {
            read_pickle(&Text::plain(pickle)).map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
        };
        for pickle in [
            &b"}q\0X\x01\0\0\0aq\x01}q\x02X\x01\0\0\0bq\x03X\x03\0\0\0c dq\x04ss."[..],
            b"\x80\x02}q\0U\x01aq\x01}q\x02U\x01bq\x03U\x03c dq\x04ss.",
            b"\x80\x04\x95\x14\0\0\0\0\0\0\0}\x94\x8c\x01a\x94}\x94\x8c\x01b\x94\x8c\x03c d\x94ss.",
        ] {
            assert_eq!(show(pickle).as_deref(), Some("{\"a\": {\"b\": \"c d\"}}\n"), "{pickle:?}");
        }
        let objects = b"\x80\x04\x8c\x01m\x94\x8c\x04Krea\x94\x93\x94)\x81\x94}\x94(\x8c\x03key\x94\x8c\x01x\x94\x8c\x01n\x94K\x05ub.";
        assert_eq!(show(objects).as_deref(), Some("Krea([])({\"key\": \"x\",\n\"n\": None})\n"));
        for text in [
            &b"\x80\x04X\xff\0\0\0a."[..],
            b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.",
            b"\x80\x04\x87.",
        ] {
            assert_eq!(show(text), None, "{text:?}");
        }
    }

    #[test]
    fn places_are_those_of_the_pickle() {
        let pickle = "(lp0\nVab\np1\na.";
        let text = read_pickle(&Text::plain(pickle.as_bytes())).expect("a pickle");
        let at = memchr::memmem::find(text.bytes(), b"ab").expect("the text");
        assert_eq!(text.origin_range(at, at + 2), 6..8);
    }

    #[test]
    fn what_is_no_pickle_stays_as_it_is() {
        let deep = format!("{}Va\n{}.", "(".repeat(100), "l".repeat(100));
        let shared = format!("(lV{}\np1\na{}.", "x".repeat(50), "g1\na".repeat(50));
        for text in [
            "Verily, this is text.",
            "Some words\nand more of them.",
            "(see below)\n\nVarious things.",
            "Va\n",
            "(dVa\ns.",
            "a.",
            ".",
            "",
            &deep,
            &shared,
        ] {
            assert_eq!(shown(text), None, "{text:?}");
        }
    }
}
