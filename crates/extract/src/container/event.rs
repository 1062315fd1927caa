//! What a walk through a file tells: texts, how they relate to each other, and what was not read.

use super::{ContainerKind, SegmentNames};
use krea_scan_text::Layer;
use std::io::{self, Read};

/// How a text relates to the others of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// No other text shows what it shows.
    Only,
    /// A text that people write and open. What follows in its [`Scope::File`] stands in it, as it is or encoded.
    Text,
    /// Bytes. What follows in its [`Scope::File`] is what they mean.
    Packed,
    /// A part of a document, as it is stored. The [`Scope::DocumentText`] of its [`Scope::Document`] says what it means.
    Part,
}

impl Relation {
    /// That of a file of a kind to what is in it.
    pub fn of(kind: Option<ContainerKind>) -> Self {
        match kind {
            None => Relation::Only,
            Some(kind) if kind.is_text() => Relation::Text,
            Some(_) => Relation::Packed,
        }
    }
}

/// What texts belong together for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A file that is read as it is, first, and then taken apart.
    File,
    /// A document: its parts, files in it, and then its text.
    Document,
    /// The text of the document around it, put together from its parts.
    DocumentText,
}

/// A text in a file.
pub struct ContainedText<'t> {
    /// The way to it, outermost first.
    pub layers: &'t [Layer],
    /// Its own name, for what its name says of it.
    pub name: &'t str,
    /// What it says. What is left unread is skipped.
    pub input: &'t mut dyn Read,
    /// How it relates to the others.
    pub relation: Relation,
    /// The names of the segments that it is made of, filled while it is read.
    pub segments: Option<&'t SegmentNames>,
}

/// Receives what is in a container.
pub trait ContainerVisitor {
    /// Here is a text.
    ///
    /// # Errors
    /// What reading it answers; it is told as [`ContainerVisitor::unread`] then.
    fn text(&mut self, text: ContainedText<'_>) -> io::Result<()>;

    /// What comes next, up to the [`ContainerVisitor::leave`] that belongs to it, belongs together.
    fn enter(&mut self, _scope: Scope) {}

    /// The innermost scope ends.
    fn leave(&mut self) {}

    /// Whether a part of a file is worth taking the whole file apart; `name` is the file's. A format whose members stand
    /// in it as they are asks before it goes to work.
    fn wants(&self, name: &str, part: &[u8]) -> bool;

    /// Something inside that was not read, or not to its end.
    fn unread(&mut self, layers: &[Layer], reason: String);
}
