//! The pages of a document, in order, and what they say.

use super::super::super::Walk;
use super::pictures;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_pdf::content::{Drawing, Fonts, UNMOVED};
use krea_scan_pdf::file::PdfFile;
use krea_scan_pdf::object::{Dict, Object};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::collections::{HashMap, HashSet};
use std::io;

/// A tree of pages is no deeper.
const MAX_DEPTH: usize = 64;
/// No more pages are read. The longest documents have some ten thousand.
const MAX_PAGES: usize = 200_000;

/// What was read with the pages.
#[derive(Default)]
pub struct SeenObjects {
    /// The numbers of objects that need no second look.
    pub objects: HashSet<u32>,
    /// The page that a note or a form field stands on.
    pub pages: HashMap<u32, usize>,
    /// Fonts by their names on the pages.
    pub named: HashMap<Vec<u8>, Object>,
    /// Letters that were read, and letters of which nobody knows what they say.
    pub letters: (usize, usize),
}

/// A page, with what it has from the ones above.
struct PdfPage {
    dict: Dict,
    resources: Dict,
}

/// Reads all pages. `name` is the document's.
pub fn read_pages(walk: &mut Walk<'_>, file: &PdfFile<'_>, name: &str) -> io::Result<SeenObjects> {
    let (mut seen, mut fonts) = (SeenObjects::default(), Fonts::default());
    let mut count = 0;
    each_page(file, |page| {
        count += 1;
        one(walk, file, name, &page, count, &mut seen, &mut fonts)
    })?;
    if count == MAX_PAGES {
        walk.unread("has more than 200000 pages; those behind were not read");
    }
    Ok(seen)
}

/// Goes through the tree of pages, or through all pages there are where that has none.
fn each_page(file: &PdfFile<'_>, mut each: impl FnMut(PdfPage) -> io::Result<()>) -> io::Result<()> {
    let mut visited = HashSet::new();
    let mut left = MAX_PAGES;
    let root = file.dict(&file.trailer("Root")).unwrap_or_default();
    // What is still to be visited, the next one last: a value, what its resources are, and how deep it is.
    let mut stack = vec![(root.get("Pages").clone(), Dict::default(), 0)];
    while let Some((value, outer, depth)) = stack.pop() {
        let number = if let Object::Ref(number) = value { Some(number) } else { None };
        if left == 0 || depth > MAX_DEPTH || number.is_some_and(|number| !visited.insert(number)) {
            continue;
        }
        let Some(dict) = file.dict(&value) else { continue };
        let resources = file.dict(dict.get("Resources")).unwrap_or(outer);
        match file.get(dict.get("Kids")) {
            Object::Array(kids) if !dict.is("Type", "Page") => {
                stack.extend(kids.into_iter().rev().map(|kid| (kid, resources.clone(), depth + 1)));
            }
            _ => {
                left -= 1;
                each(PdfPage { dict, resources })?;
            }
        }
    }
    // Pages that the tree does not lead to: it is damaged, or they were taken out of it.
    for index in 0..file.entries.len() as u32 {
        let entry = file.entries[index as usize];
        if left == 0 || entry.is_stream() || visited.contains(&entry.number) {
            continue;
        }
        if let Object::Dict(dict) = file.object_at(index)
            && dict.is("Type", "Page")
        {
            left -= 1;
            let above = file.dict(dict.get("Parent")).unwrap_or_default();
            let inherited = || file.dict(above.get("Resources")).unwrap_or_default();
            let resources = file.dict(dict.get("Resources")).unwrap_or_else(inherited);
            each(PdfPage { dict, resources })?;
        }
    }
    Ok(())
}

/// Reads a page, which is number `count`.
fn one(
    walk: &mut Walk<'_>,
    file: &PdfFile<'_>,
    name: &str,
    page: &PdfPage,
    count: usize,
    seen: &mut SeenObjects,
    fonts: &mut Fonts,
) -> io::Result<()> {
    let mut drawing = Drawing::new(file, fonts);
    drawing.named = std::mem::take(&mut seen.named);
    let contents = match file.get(page.dict.get("Contents")) {
        Object::Array(parts) => parts,
        _ => vec![page.dict.get("Contents").clone()],
    };
    let mut streams = Vec::new();
    for part in &contents {
        if let Object::Stream(stream) = file.get(part) {
            seen.objects.insert(stream.id.0);
            streams.push(stream);
        }
    }
    let mut drawn = drawing.run(ContentParts::new(file, streams), &page.resources, UNMOVED, 0);
    if let Object::Array(notes) = file.get(page.dict.get("Annots")) {
        for note in &notes {
            if let Object::Ref(number) = note {
                seen.pages.insert(*number, count);
            }
            let Some(note) = file.dict(note) else { continue };
            // What is drawn for a note says what the note says, if it says anything itself.
            let says = |key| file.get(note.get(key)) != Object::Null;
            if !says("Contents") && !says("V") {
                let look = file.dict(note.get("AP")).unwrap_or_default();
                let looks = match file.get(look.get("N")) {
                    Object::Dict(Dict(states)) => states.into_iter().map(|(_, state)| state).collect(),
                    _ => vec![look.get("N").clone()],
                };
                for look in looks {
                    drawn = drawn.and(drawing.draw(&look, &page.resources, UNMOVED, 1));
                }
            }
        }
    }
    // A picture is read with the first page that shows it.
    drawing.pictures.retain(|(number, _)| !seen.objects.contains(number));
    seen.objects.extend(&drawing.forms);
    seen.letters.0 += drawing.letters.0;
    seen.letters.1 += drawing.letters.1;
    seen.named = std::mem::take(&mut drawing.named);
    let has_more = drawing.has_more;
    let (text, shown) = drawing.into_text();
    let place = || Layer::named(LayerKind::Page, &format!("page {count}"));
    if !text.is_empty() {
        walk.member(place(), name, &mut text.as_bytes())?;
    }
    if has_more {
        walk.unread_member(place(), "holds more than 32 MB of text; what comes behind was not read");
    }
    if let Err(error) = drawn {
        if let Some(exceeded) = walk.budget.exceeded() {
            return Err(exceeded.into());
        }
        if let Some(reason) = ReadError::of(&error).tell(walk.level() + 1) {
            walk.unread_member(place(), &reason);
        }
    }
    pictures::read_page_pictures(walk, file, name, count, &shown)
}

/// The parts of a page's content, one after the other with white space between them. What goes wrong in one of them shows
/// when all were read.
struct ContentParts<'p, 'd> {
    file: &'p PdfFile<'d>,
    streams: std::vec::IntoIter<std::rc::Rc<krea_scan_pdf::object::Stream>>,
    current: Option<Box<dyn io::Read + 'd>>,
    failed: Option<io::Error>,
}

impl<'p, 'd> ContentParts<'p, 'd> {
    fn new(file: &'p PdfFile<'d>, streams: Vec<std::rc::Rc<krea_scan_pdf::object::Stream>>) -> Self {
        ContentParts { file, streams: streams.into_iter(), current: None, failed: None }
    }
}

impl io::Read for ContentParts<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(current) = &mut self.current {
                match current.read(buffer) {
                    Ok(0) => {}
                    Ok(read) => return Ok(read),
                    Err(error) => self.failed = self.failed.take().or(Some(error)),
                }
                self.current = None;
                if let Some(space) = buffer.first_mut() {
                    *space = b'\n';
                    return Ok(1);
                }
            }
            let Some(stream) = self.streams.next() else {
                return self.failed.take().map_or(Ok(0), Err);
            };
            self.current = self.file.decoded(&stream).map(|decoded| Box::new(decoded) as Box<dyn io::Read>);
        }
    }
}
