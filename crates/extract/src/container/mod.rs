//! Files that hold other files: what a file is, told by its content, and what is in it, nested to a depth.
//!
//! Everything is streamed. A format that must be read out of order (zip, 7z, asar) is read in place where the file
//! is on disk or in memory, and otherwise from a temporary file that has no name. One [`Budget`] holds for all that
//! comes out of one file. A part that cannot be read is told, and the rest is read.
//!
//! A format is one file here: a function that takes a `Walk` and an input, and hands each member to
//! `Walk::member` or, if it cannot, says so with `Walk::unread`. [`ContainerKind`] names it and tells it.

mod asar;
mod base64;
mod compressed;
mod cpio;
mod deb;
mod decoders;
pub mod document;
mod event;
mod foreign;
mod hermes;
mod json_lexer;
mod kind;
#[cfg(not(all(feature = "documents", feature = "images")))]
mod left_out;
mod oci_config;
mod packed_parts;
pub mod picture;
pub mod record;
mod rpm;
mod segments;
mod seven_zip;
mod tar;
#[cfg(test)]
mod testing;
mod wasm;
mod zip;

pub use event::{ContainedText, ContainerVisitor, Relation, Scope};
pub use kind::ContainerKind;
pub use packed_parts::{PackedParts, walk_parts};
pub use segments::SegmentNames;

use super::ocr::Ocr;
use krea_scan_bounds::limits::{Budget, Exceeded, Limits, Metered};
use krea_scan_bounds::memory::Memory;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use segments::{SegmentReader, SegmentSource};
use std::io::{self, Cursor, Read, Seek};

/// How much of a file tells what it is.
pub const HEAD: usize = 1024;
/// A member that must be read out of order is kept in memory up to this size, and in a nameless file beyond it.
/// Containers nest, so that many of them can be held at a time.
const MAX_IN_MEMORY: usize = 1 << 20;
/// A file is asked about in parts of this size, in bytes, and so much of each is seen again with the next one.
const PART: usize = 1 << 20;
const PART_OVERLAP: usize = 4 << 10;
/// Of one file not more than so many parts that were not read are told one by one.
const MAX_TOLD: usize = 100;

/// A file that can be read from any place.
pub trait Seekable: Read + Seek {}

impl<T: Read + Seek> Seekable for T {}

/// Hands all that is in a file to `visitor`. `size` is the file's, in bytes. With `ocr`, the text in pictures is a part of
/// them.
pub fn walk(
    kind: ContainerKind,
    name: &str,
    input: &mut dyn Seekable,
    size: u64,
    limits: Limits,
    ocr: Option<&Ocr>,
    visitor: &mut dyn ContainerVisitor,
) {
    with_walk(size, limits, ocr, visitor, |walk| match input.rewind() {
        Ok(()) => walk.open(kind, name, ContainerBytes::InPlace(input)),
        Err(error) => walk.unread(&error.to_string()),
    });
}

/// Walks through a file of `size` bytes as `read` says, and tells what is told of it as a whole.
fn with_walk(
    size: u64,
    limits: Limits,
    ocr: Option<&Ocr>,
    visitor: &mut dyn ContainerVisitor,
    read: impl FnOnce(&mut Walk<'_>),
) {
    let budget = Budget::new(limits, size);
    let memory = Memory::new(&budget);
    let mut walk = Walk {
        budget: &budget,
        memory: &memory,
        ocr,
        layers: Vec::new(),
        depth: 0,
        visitor,
        stopped: None,
        told: 0,
        muted: false,
    };
    read(&mut walk);
    walk.end();
}

/// A container's bytes.
enum ContainerBytes<'s> {
    InPlace(&'s mut dyn Seekable),
    /// As they come out of another container.
    Stream(&'s mut dyn Read),
}

/// A way into a file.
pub struct Walk<'w> {
    budget: &'w Budget,
    memory: &'w Memory<'w>,
    /// Reads the text in pictures.
    #[cfg_attr(not(feature = "ocr"), expect(dead_code, reason = "nothing reads them"))]
    ocr: Option<&'w Ocr>,
    /// The way so far.
    layers: Vec<Layer>,
    /// Containers that are open.
    depth: usize,
    visitor: &'w mut dyn ContainerVisitor,
    /// Where a limit was passed.
    stopped: Option<Vec<Layer>>,
    /// How many parts were told that were not read.
    told: usize,
    /// Nothing is told: why something is missing has been told already.
    muted: bool,
}

impl<'w> Walk<'w> {
    /// Opens a container and reads all that is in it. `name` is its own.
    fn open(&mut self, kind: ContainerKind, name: &str, source: ContainerBytes<'_>) {
        if let Some(reason) = kind.unreadable() {
            return self.unread(reason);
        }
        if let Err(exceeded) = self.budget.depth(self.depth + 1) {
            return self.unread(&exceeded.to_string());
        }
        self.depth += 1;
        let read = match (kind, source) {
            (ContainerKind::Zip, source) => {
                self.in_any_order(source, |walk, input| zip::read_zip(walk, name, input))
            }
            (ContainerKind::SevenZip, source) => self.in_any_order(source, seven_zip::read_7z),
            (ContainerKind::Asar, source) => self.in_any_order(source, asar::read_asar),
            (ContainerKind::Wasm, source) => {
                self.in_any_order(source, |walk, input| walk.if_wanted(name, input, wasm::read_wasm))
            }
            (ContainerKind::Hermes, source) => {
                self.in_any_order(source, |walk, input| walk.if_wanted(name, input, hermes::read_hermes))
            }
            #[cfg(feature = "images")]
            (ContainerKind::Picture(format), source) => {
                self.in_any_order(source, |walk, input| picture::read_picture(walk, format, name, input))
            }
            (ContainerKind::Document(format), source) => {
                self.in_any_order(source, |walk, input| document::read_document(walk, format, name, input))
            }
            (ContainerKind::Record(format), source) => {
                self.in_any_order(source, |walk, input| record::read_record(walk, format, name, input))
            }
            (kind, ContainerBytes::InPlace(mut input)) => self.in_order(kind, name, &mut input),
            (kind, ContainerBytes::Stream(input)) => self.in_order(kind, name, input),
        };
        self.depth -= 1;
        if let Err(error) = read {
            self.failed(&error);
        }
    }

    /// Reads a format that can be read from its start to its end.
    fn in_order(&mut self, kind: ContainerKind, name: &str, input: &mut dyn Read) -> io::Result<()> {
        match kind {
            ContainerKind::Tar => tar::read_tar(self, input),
            ContainerKind::Cpio => cpio::read_cpio(self, input),
            ContainerKind::Deb => deb::read_deb(self, input),
            ContainerKind::Rpm => rpm::read_rpm(self, input),
            ContainerKind::ImageConfig => oci_config::read_image_config(self, name, input),
            _ => compressed::read_compressed(self, kind, name, input),
        }
    }

    /// Reads a format whose members stand in it as they are, if there is anything in it that is wanted.
    fn if_wanted(
        &mut self,
        name: &str,
        input: &mut dyn Seekable,
        read: impl FnOnce(&mut Self, &mut dyn Seekable) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut buffer = vec![0; PART];
        let mut kept = 0;
        loop {
            let length = kept + input.read(&mut buffer[kept..])?;
            if self.visitor.wants(name, &buffer[..length]) {
                return read(self, input);
            }
            if length == kept {
                return Ok(());
            }
            self.budget.spend(0)?;
            kept = length.min(PART_OVERLAP);
            buffer.copy_within(length - kept..length, 0);
        }
    }

    /// Reads a format that must be read out of order.
    fn in_any_order(
        &mut self,
        source: ContainerBytes<'_>,
        read: impl FnOnce(&mut Self, &mut dyn Seekable) -> io::Result<()>,
    ) -> io::Result<()> {
        match source {
            ContainerBytes::InPlace(input) => read(self, input),
            ContainerBytes::Stream(input) => {
                let mut spool = tempfile::spooled_tempfile(MAX_IN_MEMORY);
                let copied = io::copy(input, &mut spool);
                spool.rewind()?;
                let Err(error) = copied else { return read(self, &mut spool) };
                if self.budget.exceeded().is_some() {
                    return Err(error);
                }
                // What has come through is read, and why there is no more is told once.
                self.failed(&error);
                let muted = std::mem::replace(&mut self.muted, true);
                let read = read(self, &mut spool);
                self.muted = muted;
                match self.budget.exceeded() {
                    Some(_) => read,
                    None => Ok(()),
                }
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
        let kind = ContainerKind::of(&head, name).filter(|kind| head.len() == HEAD || kind.may_hold(&head));
        let mut all = Cursor::new(&head).chain(input);
        match (read, kind) {
            (Ok(_), Some(kind)) if kind.is_read_as_it_is() => self.twice(kind, name, &mut all),
            (Ok(_), Some(kind)) => self.open(kind, name, ContainerBytes::Stream(&mut all)),
            // What was read before an error is handed on: the reader gives the error again.
            _ => self.hand_on(name, &mut all),
        }
        self.left()
    }

    /// Reads a file as it is, and then takes it apart.
    fn twice(&mut self, kind: ContainerKind, name: &str, input: &mut dyn Read) {
        self.visitor.enter(Scope::File);
        let read = self.in_any_order(ContainerBytes::Stream(input), |walk, input| {
            walk.text(name, input, Relation::of(Some(kind)))?;
            input.rewind()?;
            walk.open(kind, name, ContainerBytes::InPlace(input));
            Ok(())
        });
        if let Err(error) = read {
            self.failed(&error);
        }
        self.visitor.leave();
    }

    /// A member that is a part of a document: it is read as it is stored, and what its text says is told behind all of them.
    ///
    /// # Errors
    /// As [`Walk::member`].
    fn part(&mut self, layer: Layer, name: &str, input: &mut dyn Read) -> io::Result<()> {
        self.budget.member()?;
        self.layers.push(layer);
        if let Err(error) = self.text(name, input, Relation::Part) {
            self.failed(&error);
        }
        self.left()
    }

    /// Hands on what the way leads to.
    fn text(&mut self, name: &str, input: &mut dyn Read, relation: Relation) -> io::Result<()> {
        let layers = &self.layers;
        self.visitor.text(ContainedText { layers, name, input, relation, segments: None })
    }

    /// A text made of segments, which is a step of the way.
    ///
    /// # Errors
    /// As [`Walk::member`].
    fn segments<N: SegmentSource>(&mut self, layer: Layer, name: &str, source: N) -> io::Result<()> {
        self.budget.member()?;
        self.layers.push(layer);
        let reader = SegmentReader::new(source);
        let segments = reader.parts();
        let text = ContainedText {
            layers: &self.layers,
            name,
            input: &mut Metered::new(self.budget, reader),
            relation: Relation::Only,
            segments: Some(&segments),
        };
        if let Err(error) = self.visitor.text(text) {
            self.failed(&error);
        }
        self.left()
    }

    /// Goes back from a member.
    fn left(&mut self) -> io::Result<()> {
        let exceeded = self.budget.exceeded();
        if exceeded.is_some() && self.stopped.is_none() {
            self.stopped = Some(self.layers.clone());
        }
        self.layers.pop();
        exceeded.map_or(Ok(()), |exceeded| Err(exceeded.into()))
    }

    /// Hands on what the way leads to, which is no container.
    fn hand_on(&mut self, name: &str, input: &mut dyn Read) {
        if let Err(error) = self.text(name, input, Relation::Only) {
            self.failed(&error);
        }
    }

    /// How many steps lead to where the walk is.
    fn level(&self) -> usize {
        self.layers.len()
    }

    /// Tells what went wrong, if nobody has told it yet.
    fn failed(&mut self, error: &io::Error) {
        if let Some(reason) = ReadError::of(error).tell(self.level()) {
            self.unread(&reason);
        }
    }

    /// Tells that what the way leads to was not read. A budget that is used up is told once, at the end.
    fn unread(&mut self, reason: &str) {
        if self.budget.exceeded().is_some() || self.muted {
            return;
        }
        self.told += 1;
        if self.told <= MAX_TOLD {
            self.visitor.unread(&self.layers, reason.to_owned());
        }
    }

    /// As [`Walk::unread`], of a member.
    fn unread_member(&mut self, layer: Layer, reason: &str) {
        self.layers.push(layer);
        self.unread(reason);
        self.layers.pop();
    }

    /// Tells what is told of the file as a whole.
    fn end(&mut self) {
        // Whoever counts the time of the whole file tells that.
        if let Some(exceeded) = self.budget.exceeded().filter(|exceeded| *exceeded != Exceeded::Work) {
            let place = self.stopped.take().unwrap_or_default();
            self.visitor.unread(&place, format!("{exceeded}; what came before was read"));
        }
        if let Some(more) = self.told.checked_sub(MAX_TOLD).filter(|&more| more > 0) {
            self.visitor.unread(&[], format!("{more} more parts of it were not read"));
        }
    }
}

/// Members of an archive that are not read for one reason, and told together.
#[derive(Default)]
struct UnreadGroup {
    first: String,
    count: u64,
}

/// What is encrypted, and what to do about it.
const ENCRYPTED: &str = "encrypted; unpack it with its password and scan what comes out";

impl UnreadGroup {
    fn add(&mut self, name: &str) {
        if self.count == 0 {
            name.clone_into(&mut self.first);
        }
        self.count += 1;
    }

    /// Tells what they are: one under its own name, several under the archive's.
    fn tell(&self, walk: &mut Walk<'_>, kind: LayerKind, what: &str) {
        match self.count {
            0 => {}
            1 => walk.unread_member(Layer::named(kind, &self.first), &format!("is {what}")),
            count => walk.unread(&format!("{count} of its members, {} for one, are {what}", self.first)),
        }
    }
}
