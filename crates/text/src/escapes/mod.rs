//! Undoes what source code, JSON, URLs, logs, markup and terminals put around or into a value: each escape says the character
//! that it stands for, NUL and control characters too; sequences that colour a terminal, and what nobody sees, go.
//!
//! Mail says that it is in quoted-printable, and so do values of vCard 2.1; then `=3D` and a `=` at a line's end are undone as
//! well. Lines that their format folded are one again, Python's pickles are the values that they hold, and what Pygments coloured for
//! LaTeX is the code.
//!
//! Nested quoting (JSON in JSON) is undone layer by layer. What is no valid escape stays as it is.

mod code;
mod invisible;
mod latex;
mod prefilter;
mod spans;
mod terminal;
mod typing;

pub use code::{entity_number, hex, starts_as_uuid};
pub use prefilter::any_suspect;

use super::encoded::dump;
use super::{OriginStep, Text, TextBuilder, charset, folded, pickle};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;
use terminal::CONTROL;

static QUOTED_PRINTABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?im-u)^content-transfer-encoding:[ \t]*\"?quoted-printable").expect("a constant pattern")
});

/// More layers of quoting than this are left as they are.
const MAX_LAYERS: usize = 8;

/// No line of quoted-printable is longer, in bytes, with its end (RFC 2045, 6.7).
const MAX_QUOTED_LINE_BYTES: usize = 77;

/// An escape at the start of some bytes: what it stands for, and its length.
struct Escape {
    said: EscapeMeaning,
    length: usize,
}

enum EscapeMeaning {
    /// Nothing: what stands before and behind it is joined.
    Nothing,
    Byte(u8),
    Character(char),
    /// Nothing here, but a part of it, from where to where, can be read elsewhere.
    Aside(Range<usize>),
}

impl EscapeMeaning {
    /// A character by its number. A return ends a line.
    fn of(code: u32) -> Option<Self> {
        match char::from_u32(code)? {
            '\r' => Some(EscapeMeaning::Byte(b'\n')),
            character => Some(EscapeMeaning::Character(character)),
        }
    }
}

/// The text without its escapes, or `None` when it has none.
pub fn unescape<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let mut current = undo_quoted_printable(text);
    for step in [folded::unfold, pickle::read_pickle, latex::undo] {
        current = step(current.as_ref().unwrap_or(text)).or(current);
    }
    for _ in 0..MAX_LAYERS {
        let mut is_done = true;
        for step in [typing::undo, undo_one_layer] {
            if let Some(next) = step(current.as_ref().unwrap_or(text)) {
                current = Some(next);
                is_done = false;
            }
        }
        if is_done {
            break;
        }
    }
    for step in [invisible::remove, charset::narrow, spans::remove] {
        current = step(current.as_ref().unwrap_or(text)).or(current);
    }
    current
}

/// Whether a text is in quoted-printable though nothing in it says so: a part of a mail without its head. All its signs are escapes
/// or break a line, which no line is too long for; unless a blank at a line's end, or UTF-8, is spelt out.
fn is_quoted_printable(bytes: &[u8]) -> bool {
    let is_escape = |at: usize| match bytes[at + 1..] {
        [] | [b'\n', ..] | [b'\r', b'\n', ..] => true,
        [a, b, ..] => [a, b].iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')),
        _ => false,
    };
    memchr::memmem::find(bytes, b"=3D").is_some()
        && memchr::memchr_iter(b'=', bytes).all(is_escape)
        && (bytes.split(|&b| b == b'\n').all(|line| line.len() <= MAX_QUOTED_LINE_BYTES)
            || [&b"=20\n"[..], b"=20\r\n", b"=C3="]
                .iter()
                .any(|mark| memchr::memmem::find(bytes, mark).is_some()))
}

/// Undoes quoted-printable in a text that names it as its encoding, or in the values that do.
fn undo_quoted_printable<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let quoted = match QUOTED_PRINTABLE.is_match(bytes) || is_quoted_printable(bytes) {
        true => std::iter::once(0..bytes.len()).collect(),
        false => folded::quoted_values(bytes),
    };
    if quoted.is_empty() {
        return None;
    }
    let mut out = TextBuilder::default();
    let mut copied = 0;
    let signs = |range: &Range<usize>| {
        let start = range.start;
        memchr::memchr_iter(b'=', &bytes[range.clone()]).map(move |at| start + at)
    };
    for at in quoted.iter().flat_map(signs) {
        let (said, length) = match &bytes[at + 1..] {
            [b'\r', b'\n', ..] => (EscapeMeaning::Nothing, 3),
            [b'\n', ..] => (EscapeMeaning::Nothing, 2),
            [a, b, ..] => match code::hex(&[*a, *b]) {
                Some(byte) => (EscapeMeaning::Byte(byte as u8), 3),
                None => continue,
            },
            _ => continue,
        };
        if at >= copied {
            out.push(&bytes[copied..at], copied, OriginStep::ONE);
            out.say(&said, at);
            copied = at + length;
        }
    }
    out.push(&bytes[copied..], copied, OriginStep::ONE);
    Some(text.derive(out))
}

impl TextBuilder {
    /// Appends what an escape at `origin` stands for.
    fn say(&mut self, said: &EscapeMeaning, origin: usize) {
        match said {
            EscapeMeaning::Nothing | EscapeMeaning::Aside(_) => {}
            EscapeMeaning::Byte(byte) => self.push(&[*byte], origin, OriginStep::NONE),
            EscapeMeaning::Character(character) => {
                self.push(character.encode_utf8(&mut [0; 4]).as_bytes(), origin, OriginStep::NONE);
            }
        }
    }
}

/// Finds what may start an escape, in order.
struct Introducers<'a> {
    bytes: &'a [u8],
    finders: [Finder; 4],
    /// Where each finder's next hit is.
    next: [usize; 4],
}

/// Finds a kind of introducers.
type Finder = fn(&[u8]) -> Option<usize>;

impl<'a> Introducers<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let finders: [Finder; 4] = [
            |bytes| memchr::memchr3(b'\\', b'%', b'&', bytes),
            |bytes| memchr::memchr2(CONTROL, 0xc2, bytes),
            |bytes| memchr::memchr3(b'#', b'^', b'`', bytes),
            |bytes| memchr::memmem::find(bytes, b"_x00"),
        ];
        let mut introducers = Introducers { bytes, finders, next: [0; 4] };
        (0..finders.len()).for_each(|i| introducers.find(i, 0));
        introducers
    }

    fn find(&mut self, i: usize, from: usize) {
        self.next[i] = (self.finders[i])(&self.bytes[from..]).map_or(usize::MAX, |at| from + at);
    }

    /// The next one at or behind a place.
    fn from(&mut self, from: usize) -> Option<usize> {
        for i in 0..self.next.len() {
            if self.next[i] < from {
                self.find(i, from);
            }
        }
        self.next.into_iter().min().filter(|&at| at != usize::MAX)
    }
}

fn undo_one_layer<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let is_binary = memchr::memchr(0, bytes).is_some();
    let mut out: Option<TextBuilder> = None;
    let mut asides: Vec<Range<usize>> = Vec::new();
    let mut introducers = Introducers::new(bytes);
    let (mut copied, mut from) = (0, 0);
    while let Some(at) = introducers.from(from) {
        let is_cell = bytes[at] == b'\\' && dump::is_cell(bytes, at);
        let Some(escape) = decode(bytes, at, is_binary).filter(|_| !is_cell) else {
            from = at + 1;
            continue;
        };
        let out = out.get_or_insert_default();
        out.push(&bytes[copied..at], copied, OriginStep::ONE);
        out.say(&escape.said, at);
        if let EscapeMeaning::Aside(range) = escape.said {
            asides.push(at + range.start..at + range.end);
        }
        copied = at + escape.length;
        from = copied;
    }
    let mut out = out?;
    out.push(&bytes[copied..], copied, OriginStep::ONE);
    for aside in asides.into_iter().filter(|aside| !aside.is_empty()) {
        out.push(b"\n", aside.start, OriginStep::NONE);
        out.push(&bytes[aside.clone()], aside.start, OriginStep::ONE);
    }
    Some(text.derive(out))
}

/// The escape that starts at `at`.
fn decode(bytes: &[u8], at: usize, is_binary: bool) -> Option<Escape> {
    code::decode(bytes, at)
        .or_else(|| terminal::end_of_removed(bytes, at))
        .or_else(|| terminal::sequence(&bytes[at..], is_binary))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A text without its escapes.
    pub fn undone(text: &str) -> String {
        let plain = Text::plain(text.as_bytes());
        let text = unescape(&plain).unwrap_or(plain);
        String::from_utf8(text.bytes().to_vec()).expect("UTF-8")
    }

    #[test]
    fn nested_quotes_are_undone_to_the_bottom() {
        assert_eq!(undone(r#"{\\\"key\\\":\\\"v\\\"}"#), r#"{"key":"v"}"#);
        assert_eq!(undone(r#""A=1\nB=2""#), "\"A=1\nB=2\"");
        assert_eq!(undone(r"\\u001b[1mA\\x08B"), "B");
    }

    #[test]
    fn what_has_another_meaning_is_no_escape() {
        let bytes = r"('\x4b5245415f4150495f4b4559')";
        assert_eq!(undone(bytes), bytes);
        assert_eq!(undone(r#"id\x3a4b5245415f41504""#), "id:4b5245415f41504\"");
        assert_eq!(undone(r"\fBKREA_API_KEY\fR is \fBx\fP"), "KREA_API_KEY is x");
    }

    #[test]
    fn lines_are_joined_as_their_format_joins_them() {
        assert_eq!(undone("krea.key=ab\\\n    cd\\\n  ef\nx"), "krea.key=abcdef\nx");
        assert_eq!(undone("key: \"ab\\\n    cd\""), "key: \"abcd\"");
        assert_eq!(undone("run -e A=b\\\n  image"), "run -e A=b image");
        assert_eq!(undone("run \\\n  -e=A\\\n  image"), "run  -e=A image");
    }

    #[test]
    fn quoted_printable_is_undone_where_it_is_named() {
        let mail = "Content-Transfer-Encoding: quoted-printable\n\n";
        assert_eq!(undone(&format!("{mail}A=3Dxy=\r\nz=zz=C3=A9==3D")), format!("{mail}A=xyz=zzé=="));
        assert_eq!(undone("A=3Dx=\ny=C3=A9"), "A=xyé");
        let long = "x".repeat(80);
        assert_eq!(undone(&format!("Hi,=20\nA=3D{long}\n")), format!("Hi, \nA={long}\n"));
        for text in ["A=3Dx=\ny=z", "A=3dx", "A=1\n"] {
            assert_eq!(undone(text), text);
        }
        let card = "BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:A=3Dx=\ny\nURL:http://x?a=3Db\n";
        assert_eq!(undone(card), "BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:A=xy\nURL:http://x?a=3Db\n");
    }

    #[test]
    fn folded_lines_are_one_and_point_into_the_file() {
        let card = format!("BEGIN:VCARD\r\nNOTE:{}\r\n yz\r\nEND:VCARD\r\n", "x".repeat(70));
        let plain = Text::plain(card.as_bytes());
        let text = unescape(&plain).expect("a fold");
        assert_eq!(text.bytes(), card.replace("\r\n y", "y").as_bytes());
        assert_eq!([87, 88, 89].map(|at| text.origin(at)), [87, 91, 92]);
    }

    #[test]
    fn utf16_in_escapes_is_read() {
        let escaped: String = "KREA_API_KEY=x".chars().map(|c| format!(r"{c}\x00")).collect();
        assert_eq!(undone(&format!("b'{escaped}'")), "b'KREA_API_KEY=x'");
    }

    #[test]
    fn offsets_point_into_the_file() {
        let plain = Text::plain(br#"x\u003a\"yz"#);
        let text = unescape(&plain).expect("escapes");
        assert_eq!(text.bytes(), b"x:\"yz");
        assert_eq!((0..5).map(|at| text.origin(at)).collect::<Vec<_>>(), [0, 1, 7, 9, 10]);
    }
}
