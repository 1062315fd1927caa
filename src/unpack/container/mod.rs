//! Files that hold other files: what a file is, told by its content, and what is in it, nested to a depth.
//!
//! Everything is streamed. A format that must be read out of order (zip, 7z, asar) is read in place where the file
//! is on disk or in memory, and otherwise from a temporary file that has no name. One [`Budget`] holds for all that
//! comes out of one file. A part that cannot be read is told, and the rest is read.
//!
//! A format is one file here: a function that takes a [`Walk`] and an input, and hands each member to
//! [`Walk::member`] or, if it cannot, says so with [`Walk::unread`]. [`Kind`] names it and tells it.

mod compressed;
mod hermes;
mod kind;
mod tar;
mod wasm;
mod zip;

pub use kind::Kind;

use super::limits::{Budget, Limits};
use crate::finding::Layer;
use std::io::{self, Cursor, Read, Seek};

/// How much of a file tells what it is.
pub const HEAD: usize = 1024;
/// A member that must be read out of order is kept in memory up to this size, and in a nameless file beyond it.
const MAX_IN_MEMORY: usize = 8 << 20;

/// A file that can be read from any place.
pub trait Seekable: Read + Seek {}

impl<T: Read + Seek> Seekable for T {}

/// Receives what is in a container.
pub trait Visitor {
    /// A file inside, and the way to it, outermost first. `name` is its own, for what its name says of it. What is
    /// left unread is skipped.
    ///
    /// # Errors
    /// What reading it answers; it is told as [`Visitor::unread`] then.
    fn member(&mut self, layers: &[Layer], name: &str, input: &mut dyn Read) -> io::Result<()>;

    /// Something inside that was not read, or not to its end.
    fn unread(&mut self, layers: &[Layer], reason: String);
}

/// Hands all that is in a file to `visitor`. `size` is the file's, in bytes.
pub fn walk(
    kind: Kind,
    name: &str,
    input: &mut dyn Seekable,
    size: u64,
    limits: Limits,
    visitor: &mut dyn Visitor,
) {
    let budget = Budget::new(limits, size);
    let mut walk = Walk { budget: &budget, layers: Vec::new(), depth: 0, visitor };
    match input.rewind() {
        Ok(()) => walk.open(kind, name, Source::InPlace(input)),
        Err(error) => walk.unread(&error.to_string()),
    }
    if let Some(exceeded) = budget.exceeded() {
        visitor.unread(&[], format!("{exceeded}; what came before was read"));
    }
}

/// A container's bytes.
enum Source<'s> {
    /// Where they are.
    InPlace(&'s mut dyn Seekable),
    /// As they come out of another container.
    Stream(&'s mut dyn Read),
}

/// A way into a file.
struct Walk<'w> {
    budget: &'w Budget,
    /// The way so far.
    layers: Vec<Layer>,
    /// Containers that are open.
    depth: usize,
    visitor: &'w mut dyn Visitor,
}

impl<'w> Walk<'w> {
    /// Opens a container and reads all that is in it. `name` is its own.
    fn open(&mut self, kind: Kind, name: &str, source: Source<'_>) {
        if let Some(reason) = kind.unreadable() {
            return self.unread(reason);
        }
        if let Err(exceeded) = self.budget.depth(self.depth + 1) {
            return self.unread(&exceeded.to_string());
        }
        self.depth += 1;
        let read = match (kind, source) {
            (Kind::Zip, source) => self.in_any_order(source, zip::read),
            (Kind::Wasm, source) => self.in_any_order(source, wasm::read),
            (Kind::Hermes, source) => self.in_any_order(source, hermes::read),
            (Kind::Tar, Source::InPlace(input)) => tar::read(self, input),
            (Kind::Tar, Source::Stream(input)) => tar::read(self, input),
            (kind, Source::InPlace(input)) => compressed::read(self, kind, name, input),
            (kind, Source::Stream(input)) => compressed::read(self, kind, name, input),
        };
        self.depth -= 1;
        if let Err(error) = read {
            self.unread(&format!("is damaged or cut short: {error}"));
        }
    }

    /// Reads a format that must be read out of order.
    fn in_any_order(
        &mut self,
        source: Source<'_>,
        read: impl FnOnce(&mut Self, &mut dyn Seekable) -> io::Result<()>,
    ) -> io::Result<()> {
        match source {
            Source::InPlace(input) => read(self, input),
            Source::Stream(input) => {
                let mut spool = tempfile::spooled_tempfile(MAX_IN_MEMORY);
                io::copy(input, &mut spool)?;
                spool.rewind()?;
                read(self, &mut spool)
            }
        }
    }

    /// A member: a container itself, or something to hand on. `name` is the member's own.
    ///
    /// # Errors
    /// When a limit is passed. What else goes wrong is the member's own, and told.
    fn member(&mut self, layer: Layer, name: &str, input: &mut dyn Read) -> io::Result<()> {
        self.budget.member()?;
        self.layers.push(layer);
        let mut head = Vec::with_capacity(HEAD);
        let read = input.take(HEAD as u64).read_to_end(&mut head);
        let kind = Kind::of(&head, name);
        let mut all = Cursor::new(&head).chain(input);
        match (read, kind) {
            (Ok(_), Some(kind)) => self.open(kind, name, Source::Stream(&mut all)),
            (Ok(_), None) => {
                if let Err(error) = self.visitor.member(&self.layers, name, &mut all) {
                    self.unread(&format!("is damaged or cut short: {error}"));
                }
            }
            (Err(error), _) => self.unread(&format!("is damaged or cut short: {error}")),
        }
        self.layers.pop();
        if let Some(exceeded) = self.budget.exceeded() {
            return Err(exceeded.into());
        }
        Ok(())
    }

    /// Tells that what the way leads to was not read. A budget that is used up is told once, at the end.
    fn unread(&mut self, reason: &str) {
        if self.budget.exceeded().is_none() {
            self.visitor.unread(&self.layers, reason.to_owned());
        }
    }
}

/// One step of a way.
fn layer(kind: &str, name: &str) -> Layer {
    Layer { kind: kind.to_owned(), name: name.to_owned(), line: None, column: None }
}
