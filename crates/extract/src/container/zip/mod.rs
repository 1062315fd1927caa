//! zip, and what is a zip: by its list of members or, where that is missing, by the members' own headers.

mod cut;
pub mod directory;
pub mod locate;
mod member;
mod name;

#[cfg(feature = "documents")]
use super::Scope;
use super::document::office::{self, Package};
use super::{ENCRYPTED, Seekable, UnreadGroup, Walk};
use directory::{ZipEnd, ZipEntry};
use krea_scan_bounds::read_error::{ReadError, SizedReader};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use locate::go_to;
use std::collections::BTreeMap;
use std::io;

/// More stretches of a file than this are not kept, to tell members that share bytes.
const MAX_STRETCHES: usize = 250_000;

/// Whether a zip ends where the file ends.
pub fn is_at_end(input: &mut dyn Seekable) -> bool {
    let found = directory::end(input).is_ok_and(|end| end.is_some_and(|end| end.members > 0));
    input.rewind().is_ok() && found
}

#[cfg_attr(not(feature = "documents"), expect(unused_variables, reason = "only documents go by a name"))]
pub fn read_zip(walk: &mut Walk<'_>, name: &str, input: &mut dyn Seekable) -> io::Result<()> {
    let Some(end) = directory::end(input)? else {
        return cut::read_cut_zip(walk, input);
    };
    if end.part > 0 {
        let reason = "is the last part of a split archive; join the parts (zip -s 0) and scan that";
        return Err(ReadError::new(reason).into());
    }
    if !end.comment.is_empty() {
        walk.member(Layer::named(LayerKind::ZipComment, ""), "", &mut &end.comment[..])?;
    }
    #[cfg(feature = "documents")]
    if let Some(package) = Package::of(walk, input, &end)? {
        return read_package(walk, name, input, &end, &package);
    }
    #[cfg(not(feature = "documents"))]
    if Package::of(walk, input, &end)?.is_some() {
        walk.unread(super::left_out::DOCUMENTS);
    }
    members(walk, input, &end, false)
}

/// Reads a document: its parts as they are stored, and then as a person reads them.
#[cfg(feature = "documents")]
fn read_package(
    walk: &mut Walk<'_>,
    name: &str,
    input: &mut dyn Seekable,
    end: &ZipEnd,
    package: &Package,
) -> io::Result<()> {
    walk.visitor.enter(Scope::Document);
    let read = members(walk, input, end, true);
    walk.visitor.enter(Scope::DocumentText);
    let read = read.and_then(|()| office::read_package(package, walk, name, input, end));
    walk.visitor.leave();
    walk.visitor.leave();
    read
}

/// Reads what the list of members leads to. `in_package`: it is a document, whose parts are told apart.
fn members(walk: &mut Walk<'_>, input: &mut dyn Seekable, end: &ZipEnd, in_package: bool) -> io::Result<()> {
    let mut entries = end.entries();
    let (mut taken, mut shared, mut count) = (TakenStretches::default(), 0u64, 0u64);
    let (mut locked, mut foreign, mut method) = (UnreadGroup::default(), UnreadGroup::default(), 0);
    while let Some(mut entry) = entries.next(input)? {
        count += 1;
        entry.is_part = in_package && office::is_xml(&entry.name);
        if !entry.comment.is_empty() {
            walk.member(Layer::named(LayerKind::ZipComment, &entry.name), "", &mut entry.comment.as_bytes())?;
        }
        if entry.packed == 0 {
            // It has its name.
            walk.member(Layer::named(LayerKind::Zip, &entry.name), &entry.name, &mut io::empty())?;
        } else if entry.is_encrypted() {
            locked.add(&entry.name);
        } else if !member::is_known(entry.method) {
            method = entry.method;
            foreign.add(&entry.name);
        } else if taken.take(entry.offset..entry.offset.saturating_add(entry.packed)) {
            read_member(walk, input, &entry, end.before)?;
        } else {
            shared += 1;
        }
    }
    locked.tell(walk, LayerKind::Zip, ENCRYPTED);
    foreign.tell(walk, LayerKind::Zip, &member::foreign(method));
    if shared > 0 {
        walk.unread(&format!(
            "{shared} of its members share bytes with others, as in an archive bomb; the first of them was read"
        ));
    }
    if !entries.is_done() {
        walk.unread(&format!("has a damaged list of members; the first {count} were read"));
    } else if count & 0xffff != end.members & 0xffff {
        let said = end.members;
        walk.unread(&format!("says that it has {said} members and lists {count}; those were read"));
    }
    Ok(())
}

/// Reads a member that the list names.
fn read_member(
    walk: &mut Walk<'_>,
    input: &mut dyn Seekable,
    entry: &ZipEntry,
    before: u64,
) -> io::Result<()> {
    if !go_to(input, entry, before)? {
        walk.unread_member(
            Layer::named(LayerKind::Zip, &entry.name),
            "is damaged: it is not where the list of members says",
        );
        return Ok(());
    }
    let part = SizedReader::new(input, entry.packed, walk.level() + 1);
    member::read_zip_member(walk, entry, part)
}

/// The stretches of a file that members took.
#[derive(Default)]
struct TakenStretches(BTreeMap<u64, u64>);

impl TakenStretches {
    /// Takes a stretch; says whether it was free.
    fn take(&mut self, stretch: std::ops::Range<u64>) -> bool {
        if self.0.range(..stretch.end).next_back().is_some_and(|(_, &end)| end > stretch.start) {
            return false;
        }
        if self.0.len() < MAX_STRETCHES {
            self.0.insert(stretch.start, stretch.end);
        }
        true
    }
}
