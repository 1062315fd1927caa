//! The text of a document as a person reads it. Takes XML, gives pieces with the names of their parts.

use super::lines::Lines;
use super::xml::{Event, Xml};
use crate::finding::Layer;
use crate::unpack::container::pieces::{NextPiece, Piece};
use std::io::{self, Read};

/// A document whose text is being made.
pub struct Flow<'x, 'm> {
    xml: Xml<&'x mut dyn Read>,
    lines: Lines<'m>,
    done: bool,
    /// Why there is no more, told behind what there is.
    failed: Option<io::Error>,
}

impl<'x, 'm> Flow<'x, 'm> {
    /// Reads a document behind its outermost element.
    pub fn new(xml: Xml<&'x mut dyn Read>, lines: Lines<'m>) -> Self {
        Flow { xml, lines, done: false, failed: None }
    }

    /// Whether there is another text, and what it is called where the document has several.
    pub fn next_text(&mut self) -> Option<Option<Layer>> {
        (!self.done).then(|| self.lines.section())
    }

    /// Whether it has entities that were not expanded.
    pub fn is_unexpanded(&self) -> bool {
        self.xml.unexpanded
    }
}

impl NextPiece for &mut Flow<'_, '_> {
    fn next_piece(&mut self, piece: &mut Piece) -> io::Result<bool> {
        loop {
            if let Some(next) = self.lines.ready() {
                *piece = next;
                return Ok(true);
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.done || self.lines.is_at_section() {
                return Ok(false);
            }
            let read = match self.xml.next() {
                Ok(Event::Start(tag)) => self.lines.start(&tag).map(|()| false),
                Ok(Event::End) => {
                    self.lines.end();
                    Ok(false)
                }
                Ok(Event::Text(text)) => {
                    self.lines.text(text);
                    Ok(false)
                }
                Ok(Event::Other) => Ok(false),
                Ok(Event::Done) => Ok(true),
                Err(error) => Err(error),
            };
            if !matches!(read, Ok(false)) {
                self.failed = read.err();
                self.done = true;
                self.lines.close();
            }
        }
    }
}
