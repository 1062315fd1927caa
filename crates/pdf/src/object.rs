//! PDF's objects, and how they are written (ISO 32000-2, 7.2 and 7.3). Takes bytes, gives values.
//!
//! Whatever the bytes are, reading goes forward: what is no object is passed over, and what nests deeper or holds more
//! than anything real does is cut.

use std::rc::Rc;

/// Objects nest no deeper.
const MAX_DEPTH: usize = 64;
/// What stands in one object is cut behind so many values.
const MAX_VALUES: usize = 500_000;

#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// Nothing, or something that is no object.
    Null,
    /// True or false.
    Bool(bool),
    /// Whole or not.
    Number(f64),
    /// Without its slash.
    Name(Vec<u8>),
    /// Bytes, in whatever encoding.
    String(Vec<u8>),
    /// Values in order.
    Array(Vec<Object>),
    /// Names and values.
    Dict(Dict),
    /// Another object's number.
    Ref(u32),
    /// A dictionary with bytes behind it.
    Stream(Rc<Stream>),
}

/// A dictionary with bytes behind it.
#[derive(Debug, PartialEq)]
pub struct Stream {
    /// What says how to read them.
    pub dict: Dict,
    /// Where they are in the file.
    pub range: std::ops::Range<usize>,
    /// Its object's number and generation.
    pub id: (u32, u16),
}

/// Names and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dict(pub Vec<(Vec<u8>, Object)>);

impl Dict {
    /// The value of a name as it is written.
    pub fn get(&self, name: &str) -> &Object {
        let found = self.0.iter().rfind(|(key, _)| key == name.as_bytes());
        found.map_or(&Object::Null, |(_, value)| value)
    }

    /// Whether a name's value is such a name.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).name() == value.as_bytes()
    }
}

impl Object {
    /// A number's value.
    pub fn number(&self) -> Option<f64> {
        if let Object::Number(number) = self { Some(*number) } else { None }
    }

    /// A number that counts something.
    pub fn count(&self) -> Option<usize> {
        self.number().filter(|number| (0.0..=4e9).contains(number)).map(|number| number as usize)
    }

    /// A name; empty for everything else.
    pub fn name(&self) -> &[u8] {
        if let Object::Name(name) = self { name } else { &[] }
    }

    /// A dictionary, a stream's too.
    pub fn dict(&self) -> Option<&Dict> {
        match self {
            Object::Dict(dict) => Some(dict),
            Object::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    /// What an array holds; nothing for everything else.
    pub fn array(&self) -> &[Object] {
        if let Object::Array(array) = self { array } else { &[] }
    }
}

/// A piece of what is written.
#[derive(Debug, PartialEq)]
pub enum PdfToken<'d> {
    Number(f64),
    Name(Vec<u8>),
    String(Vec<u8>),
    /// `[`.
    ArrayStart,
    /// `]`.
    ArrayEnd,
    /// `<<`.
    DictStart,
    /// `>>`.
    DictEnd,
    /// A keyword or an operator.
    Word(&'d [u8]),
}

/// Reads tokens and objects from bytes.
#[derive(Clone, Debug)]
pub struct Lexer<'d> {
    /// The bytes.
    pub data: &'d [u8],
    /// How far it has come.
    pub at: usize,
    /// How many more values are kept.
    values: usize,
}

/// White space, by table 1.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'d> Lexer<'d> {
    /// Starts at an offset.
    pub fn new(data: &'d [u8], at: usize) -> Self {
        Lexer { data, at: at.min(data.len()), values: MAX_VALUES }
    }

    fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }

    /// Passes white space and comments.
    pub fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let rest = &self.data[self.at..];
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn regular(&mut self) -> &'d [u8] {
        let rest = &self.data[self.at..];
        let length = rest.iter().position(|&byte| !is_regular(byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// The next token; `None` at the end.
    pub fn token(&mut self) -> Option<PdfToken<'d>> {
        loop {
            self.skip_space();
            let byte = self.peek()?;
            self.at += 1;
            return Some(match (byte, self.peek()) {
                (b'/', _) => PdfToken::Name(unescape(self.regular())),
                (b'(', _) => PdfToken::String(self.literal()),
                (b'<', Some(b'<')) => {
                    self.at += 1;
                    PdfToken::DictStart
                }
                (b'<', _) => PdfToken::String(self.hex()),
                (b'>', Some(b'>')) => {
                    self.at += 1;
                    PdfToken::DictEnd
                }
                (b'[', _) => PdfToken::ArrayStart,
                (b']', _) => PdfToken::ArrayEnd,
                (b')' | b'>' | b'{' | b'}', _) => continue,
                _ => {
                    self.at -= 1;
                    let word = self.regular();
                    number(word).map_or(PdfToken::Word(word), PdfToken::Number)
                }
            });
        }
    }

    /// A string in parentheses, behind the first.
    fn literal(&mut self) -> Vec<u8> {
        let (mut text, mut open) = (Vec::new(), 1);
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\\' => {
                    self.escape(&mut text);
                    continue;
                }
                b'\r' => {
                    // A line's end is one character however it is written.
                    self.at += usize::from(self.peek() == Some(b'\n'));
                    text.push(b'\n');
                    continue;
                }
                _ => {}
            }
            if open == 0 {
                break;
            }
            text.push(byte);
        }
        text
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(0x0c),
            b'\n' => {}
            b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                text.push(code as u8);
            }
            other => text.push(other),
        }
    }

    /// A string of hex digits, behind `<`.
    fn hex(&mut self) -> Vec<u8> {
        let rest = &self.data[self.at..];
        let length = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.at += (length + 1).min(rest.len());
        let mut digits = rest[..length].iter().filter_map(|&byte| (byte as char).to_digit(16));
        let mut text = Vec::with_capacity(length / 2);
        while let Some(high) = digits.next() {
            text.push((high * 16 + digits.next().unwrap_or(0)) as u8);
        }
        text
    }

    /// The next object. `None` at the end, and where something else stands.
    pub fn object(&mut self) -> Option<Object> {
        let token = self.token()?;
        self.object_of(token, 0)
    }

    /// The object that a token starts.
    pub fn object_of(&mut self, token: PdfToken<'_>, depth: usize) -> Option<Object> {
        Some(match token {
            PdfToken::Number(number) => self.reference(number).unwrap_or(Object::Number(number)),
            PdfToken::Name(name) => Object::Name(name),
            PdfToken::String(text) => Object::String(text),
            PdfToken::Word(b"true") => Object::Bool(true),
            PdfToken::Word(b"false") => Object::Bool(false),
            PdfToken::Word(b"null") => Object::Null,
            PdfToken::ArrayStart if depth < MAX_DEPTH => Object::Array(self.array(depth)),
            PdfToken::DictStart if depth < MAX_DEPTH => Object::Dict(self.dict(depth)),
            PdfToken::ArrayStart | PdfToken::DictStart => Object::Null,
            PdfToken::Word(_) | PdfToken::ArrayEnd | PdfToken::DictEnd => return None,
        })
    }

    /// `12 0 R`, behind its first number.
    fn reference(&mut self, number: f64) -> Option<Object> {
        let id =
            (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number)?;
        let mut ahead = self.clone();
        // The cheap look first.
        ahead.skip_space();
        if !ahead.peek()?.is_ascii_digit() || ahead.regular().len() > 5 {
            return None;
        }
        ahead.skip_space();
        if ahead.peek()? != b'R' || ahead.regular() != b"R" {
            return None;
        }
        self.at = ahead.at;
        Some(Object::Ref(id as u32))
    }

    /// Whether there is room for one more value.
    fn has_room(&mut self) -> bool {
        self.values = self.values.saturating_sub(1);
        self.values > 0
    }

    fn array(&mut self, depth: usize) -> Vec<Object> {
        let mut values = Vec::new();
        loop {
            let before = self.at;
            match self.token() {
                None | Some(PdfToken::ArrayEnd) => return values,
                // The array has no end.
                Some(PdfToken::Word(b"endobj" | b"endstream" | b"stream" | b"obj")) => {
                    self.at = before;
                    return values;
                }
                Some(token) => {
                    let value = self.object_of(token, depth + 1);
                    values.extend(value.filter(|_| self.has_room()));
                }
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Dict {
        let mut entries = Vec::new();
        let mut before = self.at;
        while let Some(token) = self.token() {
            match token {
                PdfToken::DictEnd => break,
                PdfToken::Name(name) => {
                    let after = self.at;
                    let value = match self.token() {
                        // A name without a value.
                        Some(PdfToken::DictEnd) | None => break,
                        Some(token) => self.object_of(token, depth + 1),
                    };
                    if value.is_none() {
                        self.at = after;
                        self.token();
                    }
                    let has_room = self.has_room();
                    entries.extend(value.filter(|_| has_room).map(|value| (name, value)));
                }
                // The dictionary has no end.
                PdfToken::Word(b"endobj" | b"stream" | b"endstream" | b"obj") => {
                    self.at = before;
                    break;
                }
                _ => {}
            }
            before = self.at;
        }
        Dict(entries)
    }
}

/// A number: `12`, `-.5`, `4.`, and what some programs write for one: `--5`, `1.2.3`.
fn number(word: &[u8]) -> Option<f64> {
    let digits = word.iter().position(|byte| !matches!(byte, b'+' | b'-'))?;
    if digits > 2 || !matches!(word[digits], b'0'..=b'9' | b'.') || word.len() == digits {
        return None;
    }
    let (mut value, mut place, mut seen) = (0.0, None, false);
    for &byte in &word[digits..] {
        match (byte, place) {
            (b'0'..=b'9', None) => value = value * 10.0 + f64::from(byte - b'0'),
            (b'0'..=b'9', Some(step)) => {
                value += f64::from(byte - b'0') * step;
                place = Some(step / 10.0);
            }
            (b'.', None) => place = Some(0.1),
            (b'.' | b'-', _) => break,
            _ => return None,
        }
        seen |= byte.is_ascii_digit();
    }
    (seen || word.len() == digits + 1).then_some(if word[0] == b'-' { -value } else { value })
}

/// A name with its `#2f` undone.
fn unescape(written: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'#').and_then(|digits| {
            let digit = |byte: u8| (byte as char).to_digit(16);
            Some(digit(digits[0])? * 16 + digit(digits[1])?)
        });
        name.push(code.map_or(byte, |code| code as u8));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Object {
        Lexer::new(text.as_bytes(), 0).object().unwrap()
    }

    #[test]
    fn every_kind_of_object() {
        let text = "<< /A#20b [1 -.5 (a\\(b\\051(c)\\\n) <48 6> 12 0 R true null] /C<</D/E>> % x\n /F 2 >>";
        let object = read(text);
        let dict = object.dict().unwrap();
        let expected = [
            Object::Number(1.0),
            Object::Number(-0.5),
            Object::String(b"a(b)(c)".to_vec()),
            Object::String(b"H`".to_vec()),
            Object::Ref(12),
            Object::Bool(true),
            Object::Null,
        ];
        assert_eq!(dict.get("A b").array(), expected);
        assert!(dict.get("C").dict().unwrap().is("D", "E"));
        assert_eq!(dict.get("F").count(), Some(2));
    }

    #[test]
    fn what_has_no_end_or_too_much_in_it_is_cut() {
        assert_eq!(read("[1 2 endobj"), Object::Array(vec![Object::Number(1.0), Object::Number(2.0)]));
        let mut lexer = Lexer::new(b"<</A 1 /B endobj", 0);
        assert_eq!(lexer.object().unwrap().dict().unwrap().get("A").count(), Some(1));
        let deep = "[".repeat(1 << 20);
        assert!(matches!(read(&deep), Object::Array(_)));
        let many = format!("[{}]", "0 ".repeat(MAX_VALUES + 10));
        assert!(read(&many).array().len() < MAX_VALUES);
    }

    #[test]
    fn numbers_as_they_are_written() {
        let numbers =
            [("4.", 4.0), ("-12", -12.0), ("--5", -5.0), ("1.5.3", 1.5), ("+.25", 0.25), ("1-2", 1.0)];
        for (text, value) in numbers {
            assert_eq!(number(text.as_bytes()), Some(value), "{text}");
        }
        for word in ["Tj", "1x", "-", "obj"] {
            assert_eq!(number(word.as_bytes()).filter(|_| word != "-"), None, "{word}");
        }
    }
}
