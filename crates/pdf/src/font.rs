//! Fonts: which letters the codes of a string stand for, and how far each goes (ISO 32000-2, 9.6 and 9.7).

use crate::cmap::{Cmap, code};
use crate::encoding;
use crate::file::PdfFile;
use crate::object::{Dict, Object};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

/// The largest CMap that is read, in bytes.
const MAX_CMAP: u64 = 4 << 20;
/// A letter is taken to be so wide where the font does not say, in thousandths of its size.
const WIDTH: f32 = 500.0;

/// How codes stand in a string.
#[derive(Debug)]
enum Coding {
    /// A byte each.
    Bytes,
    /// Two bytes each.
    Pairs,
    /// Two bytes each, which are UTF-16.
    Utf16,
    /// ASCII, and two bytes for the rest: how East Asian encodings begin.
    Mixed,
    /// As the font's own CMap says.
    Own(Cmap),
}

#[derive(Debug)]
pub struct Font {
    coding: Coding,
    unicode: Cmap,
    /// What the codes of a simple font stand for where the CMap does not say.
    letters: HashMap<u32, String>,
    widths: HashMap<u32, f32>,
    /// A width for all others; none where it is a standard font's.
    default: Option<f32>,
    standard: Standard,
    /// From units of the widths to the font's size.
    scale: f32,
    known: RefCell<HashMap<u32, Option<Rc<str>>>>,
}

/// Fonts that a document need not describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standard {
    Courier,
    Helvetica,
    Times,
}

/// A letter of a string.
#[derive(Debug)]
pub struct Glyph {
    /// What it says; nothing where that is not known.
    pub text: Option<Rc<str>>,
    /// How far it goes, for a size of 1.
    pub width: f32,
    /// Whether it is one byte that is a space, which word spacing makes wider.
    pub is_space: bool,
}

impl Font {
    /// A font that a document does not describe: letters are what they are in ASCII.
    pub fn unknown() -> Self {
        Font {
            coding: Coding::Bytes,
            unicode: Cmap::default(),
            letters: simple_letters(&Object::Null, false, &[], &|value| value.clone()),
            widths: HashMap::new(),
            default: None,
            standard: Standard::Helvetica,
            scale: 0.001,
            known: RefCell::default(),
        }
    }

    pub fn read(file: &PdfFile<'_>, dict: &Dict) -> Self {
        let mut font = Font::unknown();
        font.unicode =
            stream(file, dict.get("ToUnicode")).map(|bytes| Cmap::read(&bytes)).unwrap_or_default();
        let name = dict.get("BaseFont").name().to_ascii_lowercase();
        let has = |part: &[u8]| memchr::memmem::find(&name, part).is_some();
        font.standard = match () {
            () if has(b"courier") || has(b"mono") => Standard::Courier,
            () if has(b"times") || has(b"serif") => Standard::Times,
            () => Standard::Helvetica,
        };
        if dict.is("Subtype", "Type0") {
            font.composite(file, dict);
        } else {
            font.simple(file, dict);
        }
        font
    }

    fn simple(&mut self, file: &PdfFile<'_>, dict: &Dict) {
        let encoding = file.get(dict.get("Encoding"));
        let descriptor = file.dict(dict.get("FontDescriptor"));
        let program = match (&encoding, &descriptor, self.unicode.is_empty()) {
            // What the font itself says matters only where nobody else says anything.
            (Object::Null, Some(descriptor), true) => {
                stream(file, descriptor.get("FontFile")).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let is_true_type = dict.is("Subtype", "TrueType");
        self.letters = simple_letters(&encoding, is_true_type, &program, &|value| file.get(value));
        let first = file.get(dict.get("FirstChar")).count().unwrap_or(0) as u32;
        if let Object::Array(widths) = file.get(dict.get("Widths")) {
            for (code, width) in (first..256).zip(&widths) {
                self.widths.extend(file.get(width).number().map(|width| (code, width as f32)));
            }
            let missing = descriptor.and_then(|descriptor| descriptor.get("MissingWidth").number());
            self.default = Some(missing.unwrap_or(0.0) as f32);
        }
        if dict.is("Subtype", "Type3") {
            let matrix = file.get(dict.get("FontMatrix"));
            self.scale = matrix.array().first().and_then(Object::number).unwrap_or(0.001) as f32;
        }
    }

    fn composite(&mut self, file: &PdfFile<'_>, dict: &Dict) {
        self.coding = match file.get(dict.get("Encoding")) {
            Object::Name(name) => {
                let has = |part: &[u8]| memchr::memmem::find(&name, part).is_some();
                match () {
                    () if has(b"Identity") => Coding::Pairs,
                    () if has(b"UCS2") || has(b"UTF16") => Coding::Utf16,
                    () => Coding::Mixed,
                }
            }
            encoding @ Object::Stream(_) => match stream(file, &encoding).map(|bytes| Cmap::read(&bytes)) {
                Some(cmap) if cmap.length(&[0, 0, 0, 0]).is_some() => Coding::Own(cmap),
                _ => Coding::Pairs,
            },
            _ => Coding::Pairs,
        };
        let descendants = file.get(dict.get("DescendantFonts"));
        let below = descendants.array().first().and_then(|font| file.dict(font)).unwrap_or_default();
        self.letters.clear();
        self.default = Some(file.get(below.get("DW")).number().unwrap_or(1000.0) as f32);
        let widths = file.get(below.get("W"));
        let mut values = widths.array().iter().map(|value| file.get(value));
        while let (Some(Object::Number(first)), Some(second)) = (values.next(), values.next()) {
            let first = first as u32;
            match second {
                Object::Array(widths) => {
                    let widths = widths.iter().map(|width| file.get(width).number().unwrap_or(0.0) as f32);
                    self.widths.extend((first..=0xffff).zip(widths));
                }
                last => {
                    let (last, width) = (last.number().unwrap_or(0.0) as u32, values.next());
                    let width = width.and_then(|width| width.number()).unwrap_or(0.0) as f32;
                    self.widths.extend((first..=last.min(0xffff)).map(|code| (code, width)));
                }
            }
        }
        if let (true, Coding::Pairs) = (self.unicode.is_empty(), &self.coding) {
            let descriptor = file.dict(below.get("FontDescriptor")).unwrap_or_default();
            let program = stream(file, descriptor.get("FontFile2"));
            self.letters = program.map(|program| crate::truetype::letters(&program)).unwrap_or_default();
        }
    }

    /// How much of memory it takes, roughly, in entries.
    pub fn weight(&self) -> usize {
        self.unicode.len() + self.widths.len() + self.letters.len() + 64
    }

    /// The letters of a string, one after the other.
    pub fn glyphs(&self, mut bytes: &[u8], mut each: impl FnMut(Glyph)) {
        while let Some(&first) = bytes.first() {
            let length = match &self.coding {
                Coding::Bytes => 1,
                Coding::Pairs | Coding::Utf16 => 2,
                Coding::Mixed if first < 0x80 => 1,
                Coding::Mixed => 2,
                Coding::Own(cmap) => cmap.length(bytes).unwrap_or(1),
            };
            let (one, rest) = bytes.split_at(length.min(bytes.len()));
            let code = code(one);
            each(Glyph {
                text: self.text(code),
                width: self.width(code) * self.scale,
                is_space: one == b" ",
            });
            bytes = rest;
        }
    }

    fn text(&self, code: u32) -> Option<Rc<str>> {
        if let Some(known) = self.known.borrow().get(&code) {
            return known.clone();
        }
        let plain = || match self.coding {
            Coding::Utf16 => {
                Some(encoding::text(&[&[0xfe, 0xff], &(code as u16).to_be_bytes()[..]].concat()))
            }
            Coding::Mixed if code < 0x80 => char::from_u32(code).map(String::from),
            _ => self.letters.get(&code).cloned(),
        };
        let text = self.unicode.text(code).or_else(|| plain().map(|text| encoding::as_drawn(&text)));
        let text: Option<Rc<str>> = text.map(Into::into);
        self.known.borrow_mut().insert(code & 0xffff, text.clone());
        text
    }

    fn width(&self, code: u32) -> f32 {
        let standard = || {
            let letter = usize::try_from(code).ok().and_then(|code| code.checked_sub(0x20));
            let of = |widths: &[u16; 95]| {
                letter.and_then(|at| widths.get(at)).map_or(WIDTH, |&width| f32::from(width))
            };
            match self.standard {
                Standard::Courier => 600.0,
                Standard::Helvetica => of(&HELVETICA),
                Standard::Times => of(&TIMES),
            }
        };
        self.widths.get(&code).copied().or(self.default).unwrap_or_else(standard)
    }
}

/// A stream's bytes; what comes before damage of it.
fn stream(file: &PdfFile<'_>, value: &Object) -> Option<Vec<u8>> {
    let Object::Stream(stream) = file.get(value) else { return None };
    let mut bytes = Vec::new();
    let _ = file.decoded(&stream)?.take(MAX_CMAP).read_to_end(&mut bytes);
    Some(bytes)
}

/// What the codes of a simple font stand for. `program`: the font itself, if it is to be asked.
fn simple_letters(
    encoding: &Object,
    is_true_type: bool,
    program: &[u8],
    get: &dyn Fn(&Object) -> Object,
) -> HashMap<u32, String> {
    let base = match encoding {
        Object::Name(name) => name.clone(),
        Object::Dict(dict) => get(dict.get("BaseEncoding")).name().to_vec(),
        _ => Vec::new(),
    };
    let base = if base.is_empty() && is_true_type { b"WinAnsiEncoding".to_vec() } else { base };
    let letters = encoding::simple(&base);
    let mut letters: HashMap<u32, String> =
        (0..).zip(letters).filter_map(|(code, letter)| Some((code, String::from(letter?)))).collect();
    // A name that says nothing leaves the letter that the code stands for in ASCII, as viewers do.
    let mut name = |code: u32, name: &[u8]| letters.extend(encoding::glyph(name).map(|text| (code, text)));
    if let Object::Dict(dict) = encoding {
        let mut code = 0;
        for difference in get(dict.get("Differences")).array() {
            match get(difference) {
                Object::Number(number) => code = number as u32,
                Object::Name(glyph) => {
                    name(code, &glyph);
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }
    for (code, glyph) in own_names(program) {
        name(code, glyph);
    }
    letters
}

/// The encoding that a Type 1 font has of its own: `dup 65 /A put`.
fn own_names(program: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let clear = memchr::memmem::find(program, b"eexec").unwrap_or(program.len().min(64 << 10));
    let program = &program[..clear];
    memchr::memmem::find_iter(program, b"dup ").take(256).filter_map(move |at| {
        let line = &program[at + 4..(at + 64).min(program.len())];
        let mut words = line.split(|&byte| crate::object::is_space(byte)).filter(|word| !word.is_empty());
        let code = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        let name = words.next()?.strip_prefix(b"/")?;
        (words.next()? == b"put").then_some((code, name))
    })
}

/// Widths of Helvetica's ASCII letters, from the font's metrics.
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Widths of Times's ASCII letters, from the font's metrics.
const TIMES: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500,
    500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333,
    389, 722, 611, 889, 722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469,
    500, 333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389,
    278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
];
