//! The strings that the cells of a workbook share (ECMA-376 part 1, 18.4): each is stored once and cells name it by its
//! number. Held in memory up to a bound.

use super::xml::{Xml, XmlEvent};
use crate::container::segments::{SegmentSource, TextSegment};
use krea_scan_bounds::memory::{Held, Memory};
use std::cell::RefCell;
use std::io::{self, Read};

/// What is held at most, in bytes.
const MAX_HELD_BYTES: usize = 64 << 20;
/// Memory is asked for in steps of this size, in bytes.
const STEP: usize = 4 << 20;

/// Strings by their numbers.
#[derive(Debug, Default)]
pub struct SharedStrings<'m> {
    text: Vec<u8>,
    ends: Vec<u32>,
    /// Which of them a cell shows, a bit each.
    shown: RefCell<Vec<u64>>,
    held: Vec<Held<'m>>,
    /// Why there are no more.
    pub failed: Option<io::Error>,
}

impl<'m> SharedStrings<'m> {
    /// Reads all strings; `None` when they are too many to hold.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn read(input: &mut dyn Read, memory: &'m Memory<'m>) -> io::Result<Option<Self>> {
        let (mut strings, mut xml) = (SharedStrings::default(), Xml::new(input));
        let (mut depth, mut is_text, mut phonetic) = (0u64, false, None);
        loop {
            match xml.next() {
                Ok(XmlEvent::Start(tag)) => {
                    depth += 1;
                    is_text = tag.name() == "t" && phonetic.is_none();
                    if tag.name() == "rPh" && phonetic.is_none() {
                        phonetic = Some(depth);
                    }
                }
                Ok(XmlEvent::End) => {
                    if phonetic == Some(depth) {
                        phonetic = None;
                    }
                    // The outermost element holds strings, and each is an element.
                    if depth == 2 {
                        strings.ends.push(strings.text.len() as u32);
                    }
                    (depth, is_text) = (depth.saturating_sub(1), false);
                }
                Ok(XmlEvent::Text(text)) if is_text => strings.text.extend_from_slice(text),
                Ok(XmlEvent::Text(_) | XmlEvent::Other) => {}
                Ok(XmlEvent::Done) => break,
                Err(error) => {
                    strings.failed = Some(error);
                    break;
                }
            }
            let size = strings.text.len() + 4 * strings.ends.len();
            if size > MAX_HELD_BYTES {
                return Ok(None);
            }
            if size / STEP >= strings.held.len() {
                strings.held.push(memory.take(STEP as u64)?);
            }
        }
        strings.shown = RefCell::new(vec![0; strings.ends.len().div_ceil(64)]);
        Ok(Some(strings))
    }

    /// The string of a number, which a cell shows.
    pub fn show(&self, number: usize) -> &[u8] {
        if let Some(bits) = self.shown.borrow_mut().get_mut(number / 64) {
            *bits |= 1 << (number % 64);
        }
        self.get(number).unwrap_or_default()
    }

    fn get(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)? as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }

    /// Those that no cell shows, if there are any.
    pub fn rest(&self) -> Option<UnshownStrings<'_, 'm>> {
        let mut rest = UnshownStrings { strings: self, number: 0 };
        rest.find().then_some(rest)
    }
}

/// Strings that no cell shows: those of cells whose text was removed.
pub struct UnshownStrings<'s, 'm> {
    strings: &'s SharedStrings<'m>,
    number: usize,
}

impl UnshownStrings<'_, '_> {
    /// Goes to the next one.
    fn find(&mut self) -> bool {
        let shown = self.strings.shown.borrow();
        let is_rest = |&number: &usize| shown[number / 64] & 1 << (number % 64) == 0;
        match (self.number..self.strings.ends.len()).find(is_rest) {
            Some(number) => {
                self.number = number;
                true
            }
            None => false,
        }
    }
}

impl SegmentSource for UnshownStrings<'_, '_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        if !self.find() {
            return Ok(false);
        }
        segment.text.extend_from_slice(self.strings.get(self.number).unwrap_or_default());
        segment.text.push(b'\n');
        self.number += 1;
        Ok(true)
    }
}
