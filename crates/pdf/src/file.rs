//! The objects of a PDF file, found by looking through the file rather than in its own tables: so a damaged table does no
//! harm, and what an earlier version of the document said and nothing points to any more is read as well.
//!
//! Takes the file's bytes, gives objects by number. Where a number is given twice, the later one counts, as when a
//! document was changed by adding to it. Streams are unpacked under the budget of the walk.

use crate::crypt::{self, Crypt, Locked};
use crate::filter::{self, Filter};
use crate::object::{Dict, Lexer, Object, Stream, is_space};
use krea_scan_bounds::limits::Budget;
use krea_scan_bounds::read_error::{PackedSize, Unpacked};
use memchr::memmem;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, Read};
use std::rc::Rc;

/// Objects behind so many are not read. The largest real documents have some hundred thousand.
pub const MAX_OBJECTS: usize = 1_000_000;
/// References lead no further from one to the next.
const MAX_REFERENCES: usize = 16;
/// So many objects are kept when they were read once.
const MAX_KEPT: usize = 2_000;
/// And so many bytes of streams of objects.
const MAX_UNPACKED: usize = 24 << 20;
/// The largest stream of objects that is read, in bytes. Real ones hold some hundred objects.
const MAX_OBJECT_STREAM: u64 = 16 << 20;

#[derive(Clone, Copy, Debug)]
enum ObjectPlace {
    /// In the file, behind `obj`.
    Plain { at: usize, generation: u16 },
    /// In a stream of objects: which of the entries that is, and where in it.
    Packed { stream: u32, at: u32 },
}

/// An object of the file.
#[derive(Clone, Copy, Debug)]
pub struct ObjectEntry {
    pub number: u32,
    place: ObjectPlace,
    /// Where its stream ends, if it is one.
    end: u32,
}

impl ObjectEntry {
    pub fn is_stream(self) -> bool {
        self.end > 0
    }
}

pub struct PdfFile<'d> {
    data: &'d [u8],
    budget: &'d Budget,
    /// Every object, in the order of the file; those in streams of objects behind the others.
    pub entries: Vec<ObjectEntry>,
    /// The entry that counts for each number.
    latest: HashMap<u32, u32>,
    /// What the trailers say, and where each stands; the last one first.
    pub trailers: Vec<(usize, Dict)>,
    crypt: Option<Crypt>,
    kept: RefCell<HashMap<u32, Object>>,
    unpacked: RefCell<Vec<(u32, Rc<[u8]>)>>,
    /// Streams of objects that could not be read to their end.
    pub damaged: Cell<usize>,
    /// How many steps lead to the file.
    level: usize,
    /// There are more objects than are read.
    pub has_more: bool,
}

impl<'d> PdfFile<'d> {
    /// Looks through a file. `level`: how many steps lead to it.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn read(data: &'d [u8], level: usize, budget: &'d Budget) -> io::Result<Self> {
        let mut file = PdfFile {
            data,
            budget,
            entries: Vec::new(),
            latest: HashMap::new(),
            trailers: Vec::new(),
            crypt: None,
            kept: RefCell::default(),
            unpacked: RefCell::default(),
            damaged: Cell::new(0),
            level,
            has_more: false,
        };
        file.look_through()?;
        Ok(file)
    }

    /// Finds what stands in the file as it is.
    fn look_through(&mut self) -> io::Result<()> {
        let mut from = 0;
        let finder = memmem::Finder::new("obj");
        while let Some(found) = finder.find(&self.data[from..]) {
            let at = from + found + 3;
            from = at;
            let Some((number, generation)) = id_before(self.data, at - 3) else { continue };
            if self.entries.len() == MAX_OBJECTS {
                self.has_more = true;
                return Ok(());
            }
            self.budget.spend(0)?;
            let mut lexer = Lexer::new(self.data, at);
            let object = lexer.object();
            let mut entry = ObjectEntry { number, place: ObjectPlace::Plain { at, generation }, end: 0 };
            if let Some(Object::Dict(dict)) = object
                && let Some(start) = stream_start(&lexer)
            {
                from = stated_end(self.data, start, dict.get("Length").count()).unwrap_or_else(|| {
                    let length = memmem::find(&self.data[start..], b"endstream");
                    length.map_or(self.data.len(), |length| start + length)
                });
                entry.end = from as u32;
                if dict.is("Type", "XRef") {
                    self.trailers.push((start, dict));
                }
            }
            self.latest.insert(number, self.entries.len() as u32);
            self.entries.push(entry);
        }
        for at in memmem::find_iter(self.data, "trailer") {
            self.budget.spend(0)?;
            if let Some(Object::Dict(dict)) = Lexer::new(self.data, at + 7).object() {
                self.trailers.push((at, dict));
            }
        }
        self.trailers.sort_by_key(|trailer| std::cmp::Reverse(trailer.0));
        Ok(())
    }

    /// What a trailer says under a name: the last one that says anything.
    pub fn trailer(&self, name: &str) -> Object {
        let values = self.trailers.iter().map(|(_, trailer)| self.get(trailer.get(name)));
        values.into_iter().find(|value| *value != Object::Null).unwrap_or(Object::Null)
    }

    /// Opens an encrypted file without a password.
    ///
    /// # Errors
    /// Why that is not possible.
    pub fn unlock(&mut self) -> Result<(), Locked> {
        // An earlier version may have been encrypted and this one not.
        let last = self.trailers.iter().find(|(_, trailer)| *trailer.get("Root") != Object::Null);
        let encrypt = last.map(|(_, trailer)| self.resolved(trailer.get("Encrypt"), 0));
        if let Some(Object::Dict(dict)) = encrypt {
            let id = self.trailer("ID");
            let first = id.array().first().map(|first| self.get(first));
            let id = if let Some(Object::String(id)) = first { id } else { Vec::new() };
            self.kept.borrow_mut().clear();
            self.crypt = Some(Crypt::open(&dict, &id)?);
        }
        Ok(())
    }

    /// A value, and all that it holds, without references; to some depth.
    fn resolved(&self, value: &Object, depth: usize) -> Object {
        match self.get(value) {
            Object::Dict(Dict(entries)) if depth < 4 => {
                let entries =
                    entries.into_iter().map(|(name, value)| (name, self.resolved(&value, depth + 1)));
                Object::Dict(Dict(entries.collect()))
            }
            value => value,
        }
    }

    /// Finds what stands in streams of objects.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn open_object_streams(&mut self) -> io::Result<()> {
        for index in 0..self.entries.len() as u32 {
            let entry = self.entries[index as usize];
            if !entry.is_stream() {
                continue;
            }
            let Object::Stream(stream) = self.object_at(index) else { continue };
            if !stream.dict.is("Type", "ObjStm") {
                continue;
            }
            let data = self.object_stream(index, &stream)?;
            let count = stream.dict.get("N").count().unwrap_or(0);
            let first = self.get(stream.dict.get("First")).count().unwrap_or(0);
            let mut head = Lexer::new(&data, 0);
            for _ in 0..count {
                let mut next = || head.object()?.count();
                let (Some(number), Some(at)) = (next(), next()) else { break };
                if self.entries.len() == MAX_OBJECTS {
                    self.has_more = true;
                    return Ok(());
                }
                let (number, place) = (number as u32, (first + at) as u32);
                // What was written later counts, wherever it was written.
                let is_newer = self.latest.get(&number).is_none_or(|&other| self.written(other) <= index);
                if is_newer {
                    self.latest.insert(number, self.entries.len() as u32);
                }
                let place = ObjectPlace::Packed { stream: index, at: place };
                self.entries.push(ObjectEntry { number, place, end: 0 });
            }
        }
        self.kept.borrow_mut().clear();
        Ok(())
    }

    /// The entry that stands in the file as it is and holds an entry.
    fn written(&self, index: u32) -> u32 {
        match self.entries[index as usize].place {
            ObjectPlace::Plain { .. } => index,
            ObjectPlace::Packed { stream, .. } => stream,
        }
    }

    /// A stream of objects, unpacked.
    fn object_stream(&self, index: u32, stream: &Rc<Stream>) -> io::Result<Rc<[u8]>> {
        let mut unpacked = self.unpacked.borrow_mut();
        if let Some((_, data)) = unpacked.iter().find(|(other, _)| *other == index) {
            return Ok(data.clone());
        }
        let mut data = Vec::new();
        if let Some(reader) = self.decoded(stream) {
            let read = reader.take(MAX_OBJECT_STREAM).read_to_end(&mut data);
            if self.budget.exceeded().is_some() {
                read?;
            } else if read.is_err() || data.len() as u64 == MAX_OBJECT_STREAM {
                self.damaged.set(self.damaged.get() + 1);
            }
        }
        let data: Rc<[u8]> = data.into();
        unpacked.push((index, data.clone()));
        let mut size: usize = unpacked.iter().map(|(_, data)| data.len()).sum();
        while size > MAX_UNPACKED && unpacked.len() > 1 {
            size -= unpacked.remove(0).1.len();
        }
        Ok(data)
    }

    /// The number of the entry that counts for an object's number.
    pub fn index(&self, number: u32) -> Option<u32> {
        self.latest.get(&number).copied()
    }

    /// The object of an entry.
    pub fn object_at(&self, index: u32) -> Object {
        let entry = self.entries[index as usize];
        match entry.place {
            ObjectPlace::Plain { at, generation } => self.plain(entry, generation, at),
            ObjectPlace::Packed { stream, at } => {
                let Object::Stream(stream_object) = self.object_at(stream) else { return Object::Null };
                let Ok(data) = self.object_stream(stream, &stream_object) else { return Object::Null };
                Lexer::new(&data, at as usize).object().unwrap_or(Object::Null)
            }
        }
    }

    fn plain(&self, entry: ObjectEntry, generation: u16, at: usize) -> Object {
        let mut lexer = Lexer::new(self.data, at);
        let object = lexer.object().unwrap_or(Object::Null);
        let id = (entry.number, generation);
        match (self.decrypted(id, object), stream_start(&lexer).filter(|_| entry.is_stream())) {
            (Object::Dict(dict), Some(start)) => {
                let length = match dict.get("Length") {
                    // The length of a length would lead nowhere.
                    Object::Ref(number) => {
                        let index =
                            self.index(*number).filter(|&index| !self.entries[index as usize].is_stream());
                        index.and_then(|index| self.object_at(index).count())
                    }
                    length => length.count(),
                };
                let end = stated_end(self.data, start, length).unwrap_or(entry.end as usize).max(start);
                Object::Stream(Rc::new(Stream { dict, range: start..end, id }))
            }
            (object, _) => object,
        }
    }

    /// Whether the file is over before its last stream is.
    pub fn ends_in_stream(&self) -> bool {
        self.entries.iter().any(|entry| entry.end as usize == self.data.len())
    }

    /// Counts text that was made.
    pub fn spend(&self, bytes: usize) {
        // Once a limit is passed, every reader on the budget says so.
        let _ = self.budget.spend(bytes as u64);
    }

    fn decrypted(&self, id: (u32, u16), object: Object) -> Object {
        let Some(crypt) = &self.crypt else { return object };
        match object {
            Object::String(text) => Object::String(crypt.string(id, text)),
            Object::Array(values) => {
                Object::Array(values.into_iter().map(|value| self.decrypted(id, value)).collect())
            }
            Object::Dict(Dict(entries)) => {
                let entries = entries.into_iter().map(|(name, value)| (name, self.decrypted(id, value)));
                Object::Dict(Dict(entries.collect()))
            }
            other => other,
        }
    }

    /// What a value stands for: itself, or the object that it refers to.
    pub fn get(&self, value: &Object) -> Object {
        let mut value = value.clone();
        for _ in 0..MAX_REFERENCES {
            let Object::Ref(number) = value else { return value };
            if let Some(kept) = self.kept.borrow().get(&number) {
                return kept.clone();
            }
            let Some(index) = self.index(number) else { return Object::Null };
            if self.budget.spend(0).is_err() {
                return Object::Null;
            }
            value = self.object_at(index);
            let mut kept = self.kept.borrow_mut();
            if kept.len() >= MAX_KEPT {
                kept.clear();
            }
            kept.insert(number, value.clone());
        }
        Object::Null
    }

    /// The dictionary that a value stands for.
    pub fn dict(&self, value: &Object) -> Option<Dict> {
        match self.get(value) {
            Object::Dict(dict) => Some(dict),
            Object::Stream(stream) => Some(stream.dict.clone()),
            _ => None,
        }
    }

    /// The text of a string, in whichever of the three encodings it is.
    pub fn text(&self, value: &Object) -> Option<String> {
        match self.get(value) {
            Object::String(bytes) => Some(crate::encoding::text(&bytes)),
            Object::Stream(stream) => {
                let mut bytes = Vec::new();
                self.decoded(&stream)?.take(1 << 20).read_to_end(&mut bytes).ok()?;
                Some(crate::encoding::text(&bytes))
            }
            _ => None,
        }
    }

    /// The filters of a stream.
    pub fn filters(&self, dict: &Dict) -> Vec<Filter> {
        let either = |long: &str, short: &str| match self.get(dict.get(long)) {
            Object::Null => self.get(dict.get(short)),
            value => value,
        };
        let list = |value: Object| match value {
            Object::Array(values) => values,
            Object::Null => Vec::new(),
            value => vec![value],
        };
        let parameters = list(either("DecodeParms", "DP"));
        let names = list(either("Filter", "F")).into_iter().take(filter::MAX_FILTERS + 1);
        names
            .enumerate()
            .map(|(i, name)| {
                let dict = parameters.get(i).and_then(|value| self.dict(value)).unwrap_or_default();
                let resolved = dict.0.iter().map(|(name, value)| (name.clone(), self.get(value))).collect();
                (self.get(&name).name().to_vec(), Dict(resolved))
            })
            .collect()
    }

    /// A stream's bytes as they are in the file, decrypted. `None` where they want a password that nothing else wants.
    pub fn raw(&self, stream: &Stream, filters: &[Filter]) -> Option<Box<dyn Read + 'd>> {
        let raw = &self.data[stream.range.clone()];
        let Some(crypt) = &self.crypt else { return Some(Box::new(raw)) };
        let own = filters.first().filter(|(name, _)| name == b"Crypt");
        let is = |kind| stream.dict.is("Type", kind);
        match own {
            Some((_, parameters)) => {
                crypt.stream(stream.id, crypt::StreamCipher::Named(parameters.get("Name").name()), raw)
            }
            None if is("XRef") || (is("Metadata") && !crypt.metadata) => Some(Box::new(raw)),
            None if is("EmbeddedFile") => crypt.stream(stream.id, crypt::StreamCipher::Attached, raw),
            None => crypt.stream(stream.id, crypt::StreamCipher::Usual, raw),
        }
    }

    /// Whether a stream wants a password that nothing else wants.
    pub fn is_locked(&self, stream: &Stream) -> bool {
        self.raw(stream, &self.filters(&stream.dict)).is_none()
    }

    /// A stream's bytes, unpacked and counted. `None` where they make a picture, or are packed in a way that is not known.
    pub fn decoded(&self, stream: &Stream) -> Option<Unpacked<'d, Box<dyn Read + 'd>>> {
        let filters = self.filters(&stream.dict);
        if filters.len() > filter::MAX_FILTERS {
            return None;
        }
        let decoder = filter::undo(self.raw(stream, &filters)?, &filters)?;
        Some(self.counted(stream, decoder))
    }

    /// Counts what comes out of a stream.
    pub fn counted<R: Read>(&self, stream: &Stream, decoder: R) -> Unpacked<'d, R> {
        Unpacked::new(self.budget, self.level + 1, PackedSize::Known(stream.range.len() as u64), decoder)
    }
}

/// The number and the generation that stand before `obj`.
fn id_before(data: &[u8], at: usize) -> Option<(u32, u16)> {
    let before = &data[at.saturating_sub(32)..at];
    let (rest, generation) = number_before(before)?;
    let (_, number) = number_before(rest)?;
    Some((number, u16::try_from(generation).unwrap_or(0)))
}

/// The digits at the end of some bytes, white space behind them.
fn number_before(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let end = bytes.iter().rposition(|&byte| !is_space(byte))? + 1;
    let start = bytes[..end].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let number = std::str::from_utf8(&bytes[start..end]).ok()?.parse().ok()?;
    Some((&bytes[..start], number))
}

/// Where a stream starts, if one does.
fn stream_start(lexer: &Lexer<'_>) -> Option<usize> {
    let mut lexer = lexer.clone();
    lexer.skip_space();
    let rest = lexer.data[lexer.at..].strip_prefix(b"stream")?;
    let ending = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        [b' ', b'\r', b'\n', ..] => 3,
        [b' ', b'\n', ..] => 2,
        _ => 0,
    };
    Some(lexer.at + 6 + ending)
}

/// Where a stream says that it ends, if it does.
fn stated_end(data: &[u8], start: usize, length: Option<usize>) -> Option<usize> {
    let end = length.and_then(|length| start.checked_add(length)).filter(|&end| end <= data.len())?;
    let rest = &data[end..];
    let space = rest.iter().take(8).position(|&byte| !is_space(byte)).unwrap_or(0);
    let ends = rest[space..].starts_with(b"endstream") || rest[space..].starts_with(b"endobj");
    ends.then_some(end)
}
