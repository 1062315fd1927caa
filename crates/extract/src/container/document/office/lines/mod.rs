//! Lines as a person reads them, made of tags and texts: paragraphs whole whatever they are made of, the cells of a row
//! beside each other, what hangs on a paragraph (text boxes, comments, notes) as lines of their own.
//!
//! A paragraph whose changes are tracked gives two lines: what is there now, and what was there before.

mod table;

pub use table::column;

use super::words::{self, Element, Family};
use super::xml::XmlTag;
use crate::container::segments::TextSegment;
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;
use std::collections::{HashMap, VecDeque};
use std::io;
use table::TablePlace;

/// Elements in elements.
const MAX_DEPTH: usize = 10_000;
/// What is held of lines that have not ended, in bytes.
const MAX_HELD: usize = 1 << 20;
/// So many spaces are written where a document asks for more.
const MAX_SPACES: usize = 100;
/// So many authors are known by name.
const MAX_AUTHORS: usize = 1000;

/// A line that has not ended.
#[derive(Debug, Default)]
struct OpenLine {
    /// It is made of cells, and what ends in it goes into it.
    is_row: bool,
    text: Vec<u8>,
    /// As it was before changes that are tracked, once there is one.
    before: Option<Vec<u8>>,
    /// Where its last cell starts.
    cell: usize,
    part: Option<Layer>,
}

/// Something that hangs on a line.
#[derive(Debug)]
struct Aside {
    /// Lines that were open before.
    lines: usize,
    part: Layer,
}

#[derive(Debug)]
pub struct LineMaker<'m> {
    family: Family,
    /// Paragraphs and rows are called by their numbers.
    is_numbered: bool,
    /// Names of authors, by what stands for them in the document.
    authors: &'m HashMap<String, String>,
    own_authors: Vec<String>,
    elements: Vec<Element>,
    /// How many elements lead to where nothing is read.
    skipped: usize,
    lines: Vec<OpenLine>,
    asides: Vec<Aside>,
    tables: Vec<TablePlace>,
    held: usize,
    verbatim: u32,
    deleted: u32,
    inserted: u32,
    paragraphs: u64,
    table_count: u64,
    slides: u64,
    in_sheets: bool,
    ready: VecDeque<TextSegment>,
    /// A row has a cell that says something.
    is_row_said: bool,
    section: Option<Layer>,
    /// What the section begins with.
    first: Vec<u8>,
    is_at_section: bool,
}

impl<'m> LineMaker<'m> {
    /// Lines of a document whose outermost element is `root`.
    pub fn new(
        family: Family,
        root: Element,
        is_numbered: bool,
        authors: &'m HashMap<String, String>,
    ) -> Self {
        LineMaker {
            family,
            is_numbered,
            authors,
            own_authors: Vec::new(),
            elements: vec![root],
            skipped: 0,
            lines: Vec::new(),
            asides: Vec::new(),
            tables: Vec::new(),
            held: 0,
            verbatim: 0,
            deleted: 0,
            inserted: 0,
            paragraphs: 0,
            table_count: 0,
            slides: 0,
            in_sheets: false,
            ready: VecDeque::new(),
            is_row_said: false,
            section: None,
            first: Vec::new(),
            is_at_section: false,
        }
    }

    /// The next line.
    pub fn ready(&mut self) -> Option<TextSegment> {
        self.ready.pop_front()
    }

    /// Whether what comes next is a text of its own: a sheet, a slide.
    pub fn is_at_section(&self) -> bool {
        self.is_at_section
    }

    /// Goes on with the next text. Gives what it is called.
    pub fn section(&mut self) -> Option<Layer> {
        self.is_at_section = false;
        if !self.first.is_empty() {
            self.ready.push_back(TextSegment { text: std::mem::take(&mut self.first), part: None });
        }
        self.section.clone()
    }

    /// An element begins.
    ///
    /// # Errors
    /// When there are too many in each other.
    pub fn start(&mut self, tag: &XmlTag<'_>) -> io::Result<()> {
        if self.elements.len() >= MAX_DEPTH {
            let reason = format!(
                "has elements nested deeper than {MAX_DEPTH}; what stands behind that was read only as it is"
            );
            return Err(ReadError::new(reason).into());
        }
        let parent = self.elements.last().copied().unwrap_or(Element::Plain);
        let element = match self.skipped {
            0 => words::element(self.family, tag, parent),
            _ => Element::Plain,
        };
        self.elements.push(element);
        if self.skipped > 0 {
            return Ok(());
        }
        if parent == Element::Property {
            self.gap();
        }
        match element {
            Element::Skipped => self.skipped = self.elements.len(),
            Element::Block => self.open(None),
            Element::Verbatim => {
                self.open(None);
                self.verbatim += 1;
            }
            Element::Table => self.table(tag),
            Element::Row => self.row(tag),
            Element::Cell => self.cell(tag),
            Element::Tab => self.add(b"\t"),
            Element::Break => self.add(b"\n"),
            Element::Hyphen => self.add(b"-"),
            Element::Gap => self.gap(),
            Element::Spaces => {
                let count = tag.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1);
                self.add(&[b' '; MAX_SPACES][..MAX_SPACES.min(count)]);
            }
            Element::Comment => self.comment(tag),
            Element::Note => {
                let number = tag.attribute("id").unwrap_or_default();
                let number = number.trim_start_matches(|c: char| !c.is_ascii_digit());
                self.aside(LayerKind::Note, &format!("{} {number}", tag.name()));
            }
            Element::SlideNotes => self.aside(LayerKind::Note, "notes"),
            Element::Deleted | Element::Inserted => self.change(element, 1),
            Element::Variable => {
                let [name, value] = ["name", "val"].map(|name| tag.attribute(name).unwrap_or_default());
                self.open(Some(part(LayerKind::Property, &format!("document variable {name}"))));
                self.add(format!("{name}: {value}").as_bytes());
                self.shut();
            }
            Element::Described => {
                let texts = ["title", "descr"].map(|name| tag.attribute(name).unwrap_or_default());
                let text = texts.join(" ");
                if !text.trim().is_empty() {
                    let name = tag.attribute("name").unwrap_or_default();
                    self.say(text.trim(), part(LayerKind::AltText, &format!("alt text of {name}")));
                }
            }
            Element::Label => {
                let text = format!("{}: ", tag.attribute("val").unwrap_or_default());
                match self.lines.is_empty() {
                    true => self.give(text.into_bytes(), None, b"\n"),
                    false => self.add(text.as_bytes()),
                }
            }
            Element::Property => {
                let name = tag.attribute("name").unwrap_or_else(|| tag.name().to_owned());
                let what = if tag.name() == "definedName" { "defined name" } else { "property" };
                self.open(Some(part(LayerKind::Property, &format!("{what} {name}"))));
                self.add(format!("{name}: ").as_bytes());
            }
            Element::Link => {
                if tag.attribute("TargetMode").is_some_and(|mode| mode == "External") {
                    let target = tag.attribute("Target").unwrap_or_default();
                    self.open(None);
                    self.add(target.as_bytes());
                    self.shut();
                }
            }
            Element::Sheets => self.in_sheets = true,
            Element::Slides => self.is_numbered = false,
            Element::Slide => {
                self.slides += 1;
                self.begin_section(LayerKind::Slide, &format!("slide {}", self.slides));
            }
            Element::Plain | Element::Text | Element::Author | Element::Properties => {}
        }
        Ok(())
    }

    /// An element ends.
    pub fn end(&mut self) {
        // The outermost stays, whatever ends.
        if self.elements.len() < 2 {
            return;
        }
        let element = self.elements.pop().unwrap_or(Element::Plain);
        if self.skipped > self.elements.len() {
            self.skipped = 0;
            return;
        }
        if self.skipped > 0 {
            return;
        }
        match element {
            Element::Block | Element::Property => self.shut(),
            Element::Verbatim => {
                self.verbatim -= 1;
                self.shut();
            }
            Element::Table => drop(self.tables.pop()),
            Element::Row => self.end_row(),
            Element::Cell => self.end_cell(),
            Element::Comment | Element::Note | Element::SlideNotes => drop(self.asides.pop()),
            Element::Deleted | Element::Inserted => self.change(element, 0),
            _ => {}
        }
    }

    pub fn text(&mut self, text: &[u8]) {
        if self.skipped > 0 {
            return;
        }
        let element = self.elements.last().copied().unwrap_or(Element::Plain);
        let is_blank = || text.trim_ascii().is_empty();
        match (element, self.family) {
            (Element::Author, _) => return self.author(text),
            // What lays out the file, not the text.
            (element, Family::Microsoft) if element != Element::Text && is_blank() => return,
            _ if self.lines.is_empty() && is_blank() => return,
            _ => {}
        }
        if self.lines.is_empty() && element == Element::Plain && self.elements.len() > 1 {
            // Text outside of all that is known: its element is a line.
            self.open(None);
            if let Some(last) = self.elements.last_mut() {
                *last = Element::Block;
            }
        }
        if self.family == Family::Microsoft || self.verbatim > 0 {
            return self.add(text);
        }
        let mut words = text.split(u8::is_ascii_whitespace).peekable();
        while let Some(word) = words.next() {
            self.add(word);
            if words.peek().is_some() {
                self.gap();
            }
        }
    }

    /// All has ended.
    pub fn close(&mut self) {
        while !self.lines.is_empty() {
            self.shut();
        }
    }

    /// A line begins.
    fn open(&mut self, part: Option<Layer>) {
        if self.family == Family::Web {
            self.flush();
        }
        self.lines.push(OpenLine { part, ..OpenLine::default() });
    }

    /// Gives what there is of a line around another one.
    fn flush(&mut self) {
        let is_block = self.lines.last().is_some_and(|line| !line.is_row && !line.text.is_empty());
        if is_block {
            self.shut();
            self.lines.push(OpenLine::default());
        }
    }

    /// The last line ends.
    fn shut(&mut self) {
        let Some(mut line) = self.lines.pop() else { return };
        let length = line.text.len() + line.before.as_ref().map_or(0, Vec::len);
        self.held = self.held.saturating_sub(length);
        let is_own = self.asides.last().is_some_and(|aside| aside.lines == self.lines.len());
        if line.is_row {
            let length = line.text.trim_ascii_end().len();
            line.text.truncate(length);
        }
        if !line.is_row
            && !self.in_sheets
            && line.part.is_none()
            && self.is_numbered
            && self.asides.is_empty()
        {
            let in_row = self.lines.iter().any(|line| line.is_row);
            self.paragraphs += u64::from(!in_row);
            line.part =
                (!in_row).then(|| part(LayerKind::Paragraph, &format!("paragraph {}", self.paragraphs)));
        }
        if let Some(before) = line.before.take().filter(|before| *before != line.text) {
            self.give(before, line.part.clone(), b"\n");
        }
        match self.lines.last_mut().filter(|outer| outer.is_row && !is_own) {
            Some(row) => {
                let had = row.text.len();
                if row.text.len() > row.cell && !line.text.is_empty() {
                    row.text.push(b'\n');
                }
                row.text.append(&mut line.text);
                self.held += row.text.len() - had;
            }
            None => self.give(line.text, line.part, b"\n"),
        }
    }

    /// Gives a segment of a text.
    fn give(&mut self, mut text: Vec<u8>, part: Option<Layer>, end: &[u8]) {
        if text.trim_ascii().is_empty() {
            return;
        }
        text.extend_from_slice(end);
        let part = self.asides.last().map(|aside| aside.part.clone()).or(part);
        self.ready.push_back(TextSegment { text, part });
    }

    /// Gives a line that stands by itself.
    fn say(&mut self, text: &str, part: Layer) {
        let segment = TextSegment { text: format!("{text}\n").into_bytes(), part: Some(part) };
        self.ready.push_back(segment);
    }

    /// Adds to the last line.
    fn add(&mut self, text: &[u8]) {
        let (is_deleted, is_inserted) = (self.deleted > 0, self.inserted > 0);
        let Some(line) = self.lines.last_mut() else { return };
        if (is_deleted || is_inserted) && line.before.is_none() && !text.is_empty() {
            line.before = Some(line.text.clone());
            self.held += line.text.len();
        }
        if !is_deleted {
            line.text.extend_from_slice(text);
            self.held += text.len();
        }
        if let Some(before) = line.before.as_mut().filter(|_| is_deleted || !is_inserted) {
            before.extend_from_slice(text);
            self.held += text.len();
        }
        if self.held > MAX_HELD {
            self.release();
        }
    }

    /// Gives what is held of all lines, so that there is room.
    fn release(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        for line in &mut lines {
            let (text, before) = (std::mem::take(&mut line.text), line.before.take());
            line.cell = 0;
            if let Some(before) = before.filter(|before| *before != text) {
                self.give(before, line.part.clone(), b"\n");
            }
            self.give(text, line.part.clone(), b"");
        }
        (self.lines, self.held) = (lines, 0);
    }

    /// Parts two words.
    fn gap(&mut self) {
        let is_parted = |line: &OpenLine| line.text.last().is_none_or(u8::is_ascii_whitespace);
        if self.lines.last().is_some_and(|line| !is_parted(line)) {
            self.add(b" ");
        }
    }

    /// A change that is tracked begins or ends.
    fn change(&mut self, element: Element, begins: u32) {
        let count = if element == Element::Deleted { &mut self.deleted } else { &mut self.inserted };
        *count = if begins == 1 { *count + 1 } else { count.saturating_sub(1) };
    }

    /// Something begins that hangs on a line.
    fn aside(&mut self, kind: LayerKind, name: &str) {
        self.asides.push(Aside { lines: self.lines.len(), part: part(kind, name.trim_end()) });
    }

    fn comment(&mut self, tag: &XmlTag<'_>) {
        let id = ["authorId", "personId"].iter().find_map(|name| tag.attribute(name));
        let own = |id: &String| id.parse().ok().and_then(|id: usize| self.own_authors.get(id));
        let author = id.as_ref().and_then(|id| own(id).or_else(|| self.authors.get(id)).cloned());
        let mut name = "comment".to_owned();
        if let Some(author) = author.or_else(|| tag.attribute("author")).filter(|author| !author.is_empty()) {
            name.push_str(&format!(" by {author}"));
        }
        if let Some(cell) = tag.attribute("ref") {
            name.push_str(&format!(" on {cell}"));
        }
        self.aside(LayerKind::Comment, &name);
    }

    /// Who wrote something.
    fn author(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        match self.asides.last_mut() {
            Some(aside) => {
                let by = if aside.part.name.contains(" by ") { "" } else { " by " };
                aside.part.name = one_line(&format!("{}{by}{text}", aside.part.name));
            }
            None if self.own_authors.len() < MAX_AUTHORS => self.own_authors.push(one_line(&text)),
            None => {}
        }
    }

    fn begin_section(&mut self, kind: LayerKind, name: &str) {
        self.section = Some(part(kind, name));
        self.is_at_section = true;
    }
}

/// A layer whose name is not too long.
pub fn part(kind: LayerKind, name: &str) -> Layer {
    Layer::named(kind, &one_line(name))
}
