//! What a page draws: its texts, each with its place, and the pictures (ISO 32000-2, 8 and 9).

use crate::file::PdfFile;
use crate::font::Font;
use crate::layout::{self, Chunk};
use crate::object::{Dict, Object, Stream};
use crate::operations::Operations;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::rc::Rc;

/// Drawings in drawings.
const MAX_DEPTH: usize = 16;
/// Graphics states that are kept.
const MAX_STATES: usize = 256;
/// So many pieces of text are put in order together.
const MAX_CHUNKS: usize = 200_000;
/// And so many bytes.
const MAX_CHUNK_BYTES: usize = 8 << 20;
/// The longest text of a page, in bytes.
const MAX_TEXT: usize = 32 << 20;
/// Fonts are kept until they weigh so much.
const MAX_FONTS: usize = 400_000;

/// A transformation, as six numbers.
pub type Matrix = [f32; 6];
/// The one that does nothing.
pub const UNMOVED: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First `one`, then `other`.
pub fn then(one: Matrix, other: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = one;
    let [g, h, i, j, k, l] = other;
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

/// Six numbers.
pub fn matrix(values: &[Object]) -> Option<Matrix> {
    let numbers: Vec<f32> =
        values.iter().filter_map(|value| value.number().map(|number| number as f32)).collect();
    numbers.try_into().ok()
}

/// Fonts that were read, by the numbers of their objects.
#[derive(Default)]
pub struct Fonts {
    known: HashMap<u32, Rc<Font>>,
    weight: usize,
}

impl Fonts {
    fn get(&mut self, file: &PdfFile<'_>, value: &Object) -> Option<Rc<Font>> {
        if let Object::Ref(number) = value
            && let Some(known) = self.known.get(number)
        {
            return Some(known.clone());
        }
        let font = Rc::new(Font::read(file, &file.dict(value)?));
        if let Object::Ref(number) = value {
            self.weight += font.weight();
            if self.weight > MAX_FONTS {
                self.known.clear();
                self.weight = font.weight();
            }
            self.known.insert(*number, font.clone());
        }
        Some(font)
    }
}

#[derive(Clone)]
struct GraphicsState {
    matrix: Matrix,
    font: Rc<Font>,
    size: f32,
    letter_space: f32,
    word_space: f32,
    stretch: f32,
    leading: f32,
    rise: f32,
}

/// What is drawn on a page.
pub struct Drawing<'p, 'd> {
    file: &'p PdfFile<'d>,
    fonts: &'p mut Fonts,
    /// Fonts by their names on other pages, for drawings that name none of their own.
    pub named: HashMap<Vec<u8>, Object>,
    chunks: Vec<Chunk>,
    chunk_bytes: usize,
    text: String,
    /// Drawings that are used, each once.
    pub forms: HashSet<u32>,
    /// Pictures that are shown, by their objects' numbers.
    pub pictures: Vec<(u32, Rc<Stream>)>,
    /// Letters that were read, and letters of which nobody knows what they say.
    pub letters: (usize, usize),
    /// There is more text than is read.
    pub has_more: bool,
}

impl<'p, 'd> Drawing<'p, 'd> {
    /// An empty page.
    pub fn new(file: &'p PdfFile<'d>, fonts: &'p mut Fonts) -> Self {
        Drawing {
            file,
            fonts,
            named: HashMap::new(),
            chunks: Vec::new(),
            chunk_bytes: 0,
            text: String::new(),
            forms: HashSet::new(),
            pictures: Vec::new(),
            letters: (0, 0),
            has_more: false,
        }
    }

    /// All that the page says, in lines.
    pub fn into_text(mut self) -> (String, Vec<(u32, Rc<Stream>)>) {
        self.flush();
        (self.text, self.pictures)
    }

    fn flush(&mut self) {
        self.chunk_bytes = 0;
        let text = layout::text(std::mem::take(&mut self.chunks));
        self.file.spend(text.len());
        if self.text.len() + text.len() > MAX_TEXT {
            self.has_more = true;
        } else {
            self.text.push_str(&text);
        }
    }

    /// Draws a content stream.
    ///
    /// # Errors
    /// What reading it answers; what came before is drawn.
    pub fn run(&mut self, input: impl Read, resources: &Dict, start: Matrix, depth: usize) -> io::Result<()> {
        let mut state = GraphicsState {
            matrix: start,
            font: Rc::new(Font::unknown()),
            size: 1.0,
            letter_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let (mut stack, mut operands) = (Vec::new(), Vec::new());
        let (mut line, mut place) = (UNMOVED, UNMOVED);
        let mut operations = Operations::new(input);
        let fonts = self.file.dict(resources.get("Font")).unwrap_or_default();
        let drawings = self.file.dict(resources.get("XObject")).unwrap_or_default();
        while let Some(operator) = operations.next(&mut operands)? {
            let number = |at: usize| operands.get(at).and_then(Object::number).unwrap_or(0.0) as f32;
            let mut next_line = |x: f32, y: f32| {
                line = then([1.0, 0.0, 0.0, 1.0, x, y], line);
                line
            };
            match operator.as_slice() {
                b"q" if stack.len() < MAX_STATES => stack.push(state.clone()),
                b"Q" => state = stack.pop().unwrap_or(state),
                b"cm" => state.matrix = matrix(&operands).map_or(state.matrix, |own| then(own, state.matrix)),
                b"BT" => (line, place) = (UNMOVED, UNMOVED),
                b"Tc" => state.letter_space = number(0),
                b"Tw" => state.word_space = number(0),
                b"Tz" => state.stretch = number(0) / 100.0,
                b"TL" => state.leading = number(0),
                b"Ts" => state.rise = number(0),
                b"Tf" => {
                    state.size = number(1);
                    let name = operands.first().map(Object::name).unwrap_or_default();
                    state.font = self.font(&fonts, name);
                }
                b"Td" => place = next_line(number(0), number(1)),
                b"TD" => {
                    state.leading = -number(1);
                    place = next_line(number(0), number(1));
                }
                b"Tm" => {
                    line = matrix(&operands).unwrap_or(line);
                    place = line;
                }
                b"T*" => place = next_line(0.0, -state.leading),
                b"Tj" => self.show(&state, &mut place, &operands),
                b"TJ" => {
                    self.show(&state, &mut place, operands.first().map(Object::array).unwrap_or_default())
                }
                b"'" => {
                    place = next_line(0.0, -state.leading);
                    self.show(&state, &mut place, &operands);
                }
                b"\"" => {
                    (state.word_space, state.letter_space) = (number(0), number(1));
                    place = next_line(0.0, -state.leading);
                    self.show(&state, &mut place, operands.get(2..).unwrap_or_default());
                }
                b"Do" => {
                    let name = operands.first().map(Object::name).unwrap_or_default();
                    let drawing = std::str::from_utf8(name).map(|name| drawings.get(name).clone());
                    self.draw(&drawing.unwrap_or(Object::Null), resources, state.matrix, depth)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn font(&mut self, fonts: &Dict, name: &[u8]) -> Rc<Font> {
        let own = fonts.0.iter().rfind(|(own, _)| own == name).map(|(_, font)| font);
        let value = own.or_else(|| self.named.get(name)).cloned();
        if self.named.len() < 1000
            && let Some(own) = own
        {
            self.named.insert(name.to_vec(), own.clone());
        }
        let font = value.and_then(|value| self.fonts.get(self.file, &value));
        font.unwrap_or_else(|| Rc::new(Font::unknown()))
    }

    /// Draws a drawing in the drawing, each one once: drawn again it says the same.
    ///
    /// # Errors
    /// What reading it answers.
    pub fn draw(&mut self, value: &Object, outer: &Dict, start: Matrix, depth: usize) -> io::Result<()> {
        let Object::Stream(stream) = self.file.get(value) else { return Ok(()) };
        let number = stream.id.0;
        if depth >= MAX_DEPTH || !self.forms.insert(number) {
            return Ok(());
        }
        if stream.dict.is("Subtype", "Image") {
            self.pictures.push((number, stream));
            return Ok(());
        }
        let Some(input) = self.file.decoded(&stream) else { return Ok(()) };
        let own = matrix(self.file.get(stream.dict.get("Matrix")).array()).unwrap_or(UNMOVED);
        let resources = self.file.dict(stream.dict.get("Resources"));
        self.run(input, resources.as_ref().unwrap_or(outer), then(own, start), depth + 1)
    }

    /// Shows strings, with the numbers between them that move what comes next.
    fn show(&mut self, state: &GraphicsState, place: &mut Matrix, pieces: &[Object]) {
        for piece in pieces {
            match piece {
                Object::Number(back) => {
                    let by = -(*back as f32) / 1000.0 * state.size * state.stretch;
                    *place = then([1.0, 0.0, 0.0, 1.0, by, 0.0], *place);
                }
                Object::String(bytes) => self.string(state, place, bytes),
                _ => {}
            }
        }
    }

    fn string(&mut self, state: &GraphicsState, place: &mut Matrix, bytes: &[u8]) {
        let (mut text, mut moved, mut last) = (String::new(), 0.0, 0.0);
        let (mut read, mut unknown) = self.letters;
        state.font.glyphs(bytes, |glyph| {
            match &glyph.text {
                Some(letters) => {
                    text.push_str(letters);
                    read += 1;
                }
                None => {
                    text.push('\u{fffd}');
                    unknown += 1;
                }
            }
            let word_space = if glyph.is_space { state.word_space } else { 0.0 };
            moved += (glyph.width * state.size + state.letter_space + word_space) * state.stretch;
            last = state.letter_space * state.stretch;
        });
        self.letters = (read, unknown);
        let whole = then(*place, state.matrix);
        *place = then([1.0, 0.0, 0.0, 1.0, moved, 0.0], *place);
        let [a, b, c, d, ..] = whole;
        let (along, across) = (a.hypot(b), c.hypot(d));
        // Text that is set from right to left by a matrix that mirrors is read as it is drawn.
        let up = if a * d - b * c < 0.0 { -1.0 } else { 1.0 };
        let (cos, sin) = (a / along, b / along);
        let [.., x, y] = then([1.0, 0.0, 0.0, 1.0, 0.0, state.rise], whole);
        let start = x * cos + y * sin;
        let chunk = Chunk {
            start,
            end: start + (moved - last) * along,
            base: (y * cos - x * sin) * up,
            size: (state.size * across).abs(),
            angle: (b.atan2(a).to_degrees() / 2.0).round() as i16 * 2,
            text,
        };
        self.chunk_bytes += chunk.text.len();
        self.chunks.push(chunk);
        if self.chunks.len() >= MAX_CHUNKS || self.chunk_bytes >= MAX_CHUNK_BYTES {
            self.flush();
        }
    }
}
