//! The texts of a package, and of a document in one file.

use super::flow::OfficeFlow;
use super::kind::{OfficePart, Root};
use super::lines::LineMaker;
use super::names::{self, PackageNames};
use super::package::Package;
use super::sheet::Sheet;
use super::strings::SharedStrings;
use super::xml::{Xml, XmlEvent};
use crate::container::document::embedded;
use crate::container::zip::directory::{ZipEnd, ZipEntry};
use crate::container::zip::locate::decoder;
use crate::container::{Seekable, Walk};
use krea_scan_bounds::read_error::{PackedSize, ReadError, Unpacked};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::collections::HashMap;
use std::io::{self, Read};

/// Reads the texts. `name` is the document's.
pub fn read_package(
    package: &Package,
    walk: &mut Walk<'_>,
    name: &str,
    input: &mut dyn Seekable,
    list: &ZipEnd,
) -> io::Result<()> {
    let mut reading = PackageReader { package, name, list, names: PackageNames::default(), strings: None };
    for path in ["META-INF/manifest.xml", "META-INF/encryption.xml"] {
        if reading.look(walk, input, path, |input| names::is_encrypted(input))?.unwrap_or(false) {
            walk.unread("is encrypted; open it with its password, save it without one and scan that");
            return Ok(());
        }
    }
    if package.is_cut {
        walk.unread("holds more files than are read as text; those were read only as they are");
    }
    reading.prepare(walk, input)?;
    for entry in &package.entries {
        reading.file(walk, input, entry)?;
    }
    match reading.strings.as_ref().and_then(SharedStrings::rest) {
        Some(rest) => {
            walk.segments(Layer::named(LayerKind::SharedStrings, "strings that no cell shows"), name, rest)
        }
        None => Ok(()),
    }
}

/// Reads an office document in one file. `name` is its own.
pub fn read_flat(walk: &mut Walk<'_>, name: &str, input: &mut dyn Seekable) -> io::Result<()> {
    let authors = HashMap::new();
    let mut source: &mut dyn Seekable = &mut *input;
    let mut xml = Xml::new(&mut source as &mut dyn Read);
    let Some(root) = root(&mut xml) else { return Ok(()) };
    let kind = if root.is_open_document() { OfficePart::OpenDocument } else { OfficePart::Document };
    let mut flow = OfficeFlow::new(xml, LineMaker::new(kind.family(), kind.element(), true, &authors));
    texts(walk, name, &Layer::named(LayerKind::DocumentText, "text"), &mut flow)?;
    if flow.is_unexpanded() {
        walk.unread(ENTITIES);
    }
    input.rewind()?;
    embedded::read_elements(
        walk,
        input,
        if kind == OfficePart::OpenDocument { "office:binary-data" } else { "binaryData" },
    )
}

/// A package whose texts are being read.
struct PackageReader<'p, 'm> {
    package: &'p Package,
    name: &'p str,
    list: &'p ZipEnd,
    names: PackageNames,
    strings: Option<SharedStrings<'m>>,
}

impl<'m> PackageReader<'_, 'm> {
    /// Looks into a file of the package, if it is there.
    fn look<T>(
        &self,
        walk: &mut Walk<'_>,
        input: &mut dyn Seekable,
        path: &str,
        read: impl FnOnce(&mut dyn Read) -> T,
    ) -> io::Result<Option<T>> {
        let Some(entry) = self.package.paths.get(path).map(|&at| &self.package.entries[at]) else {
            return Ok(None);
        };
        let Some(input) = decoder(input, entry, self.list.before)? else { return Ok(None) };
        let mut input =
            Quiet(Unpacked::new(walk.budget, walk.level(), PackedSize::Known(entry.packed), input));
        let result = read(&mut input);
        walk.budget.spend(0)?;
        Ok(Some(result))
    }

    /// The relations of a file.
    fn relations(
        &self,
        walk: &mut Walk<'_>,
        input: &mut dyn Seekable,
        path: &str,
    ) -> io::Result<Vec<names::Relation>> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let slash = if folder.is_empty() { "" } else { "/" };
        let of = format!("{folder}{slash}_rels/{file}.rels");
        Ok(self.look(walk, input, &of, |input| names::relations(path, input))?.unwrap_or_default())
    }

    /// Learns the names of slides, sheets and authors, and the strings that cells share.
    fn prepare<'w: 'm>(&mut self, walk: &mut Walk<'w>, input: &mut dyn Seekable) -> io::Result<()> {
        let package = self.relations(walk, input, "")?;
        let Some(main) = names::target(&package, "officeDocument").map(str::to_owned) else { return Ok(()) };
        let relations = self.relations(walk, input, &main)?;
        if !relations.iter().any(names::Relation::is_listed) {
            return Ok(());
        }
        let listed = self.look(walk, input, &main, |input| names::list(input))?.unwrap_or_default();
        for path in self.names.list(&listed, &relations) {
            let relations = self.relations(walk, input, &path)?;
            self.names.add(&path, &relations);
        }
        for path in names::targets(&relations, &["commentAuthors", "authors", "person"]) {
            let mut authors = std::mem::take(&mut self.names.authors);
            self.look(walk, input, path, |input| names::authors(input, &mut authors))?;
            self.names.authors = authors;
        }
        if let Some(path) = names::target(&relations, "sharedStrings") {
            let memory = walk.memory;
            let strings = self.look(walk, input, path, |input| SharedStrings::read(input, memory))?;
            self.strings = strings.transpose()?.flatten();
        }
        Ok(())
    }

    /// Reads the text of a file, and what a chapter of a book holds besides.
    fn file(&self, walk: &mut Walk<'_>, input: &mut dyn Seekable, entry: &ZipEntry) -> io::Result<()> {
        let Some(chapter) = self.text(walk, input, entry)? else { return Ok(()) };
        let Some(input) = decoder(input, entry, self.list.before)? else { return Ok(()) };
        let mut input =
            Quiet(Unpacked::new(walk.budget, walk.level(), PackedSize::Known(entry.packed), input));
        walk.layers.push(chapter);
        let read = embedded::read_embedded(walk, &mut input);
        walk.layers.pop();
        read
    }

    /// Reads the text of a file. Gives the layer of a chapter.
    fn text(
        &self,
        walk: &mut Walk<'_>,
        input: &mut dyn Seekable,
        entry: &ZipEntry,
    ) -> io::Result<Option<Layer>> {
        let Some(input) = decoder(input, entry, self.list.before)? else { return Ok(None) };
        let mut input =
            Quiet(Unpacked::new(walk.budget, walk.level(), PackedSize::Known(entry.packed), input));
        let mut xml = Xml::new(&mut input as &mut dyn Read);
        let Some(root) = root(&mut xml) else { return Ok(walk.budget.spend(0).map(|()| None)?) };
        let Some(kind) = OfficePart::of(&root) else { return Ok(None) };
        let layer = self.names.of(&entry.name).cloned().unwrap_or_else(|| kind.layer(&root, &entry.name));
        let layer = root.shown(layer);
        let unexpanded = match kind {
            OfficePart::Sheet => {
                let title = layer.name.strip_prefix("hidden ").unwrap_or(&layer.name).strip_prefix("sheet ");
                let mut sheet = Sheet::new(xml, self.strings.as_ref(), title.map(str::to_owned));
                walk.segments(layer.clone(), self.name, &mut sheet)?;
                sheet.is_unexpanded()
            }
            // They are told where cells show them.
            OfficePart::Strings if self.strings.is_some() => {
                if let Some(error) = self.strings.as_ref().and_then(|strings| strings.failed.as_ref()) {
                    walk.unread_member(layer.clone(), &ReadError::of(error).to_string());
                }
                false
            }
            kind => {
                let lines =
                    LineMaker::new(kind.family(), kind.element(), kind.is_numbered(), &self.names.authors);
                let mut flow = OfficeFlow::new(xml, lines);
                texts(walk, self.name, &layer, &mut flow)?;
                flow.is_unexpanded()
            }
        };
        if unexpanded {
            walk.unread_member(layer.clone(), ENTITIES);
        }
        Ok((kind == OfficePart::Web).then_some(layer))
    }
}

/// What is said of a file that defines entities.
const ENTITIES: &str = "defines entities of its own, which are not expanded; all else in it was read";

/// Reads all texts of a document: its sheets and slides each, or the one that it is.
fn texts(walk: &mut Walk<'_>, name: &str, whole: &Layer, flow: &mut OfficeFlow<'_, '_>) -> io::Result<()> {
    while let Some(section) = flow.next_text() {
        walk.segments(section.unwrap_or_else(|| whole.clone()), name, &mut *flow)?;
    }
    Ok(())
}

/// Reads up to the outermost element; `None` where there is none.
fn root(xml: &mut Xml<&mut dyn Read>) -> Option<Root> {
    loop {
        match xml.next().ok()? {
            XmlEvent::Start(tag) => return Some(Root::of(&tag)),
            XmlEvent::Done => return None,
            _ => {}
        }
    }
}

/// Ends where an error is: it was told when the file was read as any member.
struct Quiet<R>(R);

impl<R: Read> Read for Quiet<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Ok(0),
            read => read,
        }
    }
}
