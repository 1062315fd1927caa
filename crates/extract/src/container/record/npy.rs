//! An array of numpy: texts that all have the same room, with zeros behind those that are shorter
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>). Where one fills its room, nothing but the header
//! says where it ends. Arrays of numbers hold no texts.

use crate::container::segments::{SegmentSource, TextSegment};
use crate::container::{Seekable, Walk};
use krea_scan_bounds::read_error::ReadError;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use regex::Regex;
use std::io;
use std::sync::LazyLock;

pub const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header that is read, in bytes.
const MAX_HEADER: usize = 64 << 10;
/// The most room that a text has for its array to be read, in bytes.
const MAX_ROOM: usize = 1 << 20;

/// What a header says of an array of texts, and of its dimensions.
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"'descr':\s*'(?P<order>[<>|=]?)(?P<kind>[US])(?P<length>\d{1,9})'")
        .expect("a constant pattern")
});
static COLUMNS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"'shape':\s*\([^)]*\d\s*,\s*(\d+)\s*\)").expect("a constant pattern"));

/// How an array's texts are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TextLayout {
    /// Bytes of one character: four, or one.
    width: usize,
    is_big_endian: bool,
    /// The room of one text, in bytes.
    room: usize,
    /// How many texts make a row.
    columns: u64,
}

/// Reads the texts of an array: each row is a line, with tabs between the texts.
pub fn read_npy(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let Some(layout) = TextLayout::of(&header(input)?) else { return Ok(()) };
    if layout.room > MAX_ROOM {
        let reason = format!("has room for texts of {} bytes, and {MAX_ROOM} are the most", layout.room);
        return Err(ReadError::new(reason).into());
    }
    let array = TextArray { input, layout, room: vec![0; layout.room], count: 0 };
    walk.segments(Layer::named(LayerKind::Npy, ""), "array.tsv", array)
}

fn header(input: &mut dyn Seekable) -> io::Result<String> {
    let mut start = [0; 8];
    input.read_exact(&mut start)?;
    // The first version has two bytes for the header's length.
    let (mut length, digits) = ([0; 4], if start[6] == 1 { 2 } else { 4 });
    input.read_exact(&mut length[..digits])?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_HEADER {
        let reason = format!("has a header of {length} bytes, and {MAX_HEADER} are the most");
        return Err(ReadError::new(reason).into());
    }
    let mut header = vec![0; length];
    input.read_exact(&mut header)?;
    Ok(String::from_utf8_lossy(&header).into_owned())
}

impl TextLayout {
    /// That of an array with a header; `None` when it holds no texts.
    fn of(header: &str) -> Option<Self> {
        let found = HEADER.captures(header)?;
        let (width, length) =
            (if &found["kind"] == "U" { 4 } else { 1 }, found["length"].parse::<usize>().ok()?);
        let columns = COLUMNS.captures(header).and_then(|found| found[1].parse().ok());
        let is_big_endian = &found["order"] == ">";
        let layout = TextLayout { width, is_big_endian, room: width * length, columns: columns.unwrap_or(1) };
        (length > 0).then_some(layout)
    }

    /// The text in some room.
    fn text(self, room: &[u8]) -> String {
        let character = |four: &[u8]| {
            let four = [four[0], four[1], four[2], four[3]];
            let code = if self.is_big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
        };
        let text = match self.width {
            1 => String::from_utf8_lossy(room).into_owned(),
            _ => room.chunks_exact(4).map(character).collect(),
        };
        text.trim_end_matches('\0').to_owned()
    }
}

/// The texts of an array, one after the other.
struct TextArray<'i> {
    input: &'i mut dyn Seekable,
    layout: TextLayout,
    /// The room of one text.
    room: Vec<u8>,
    /// How many were read.
    count: u64,
}

impl SegmentSource for TextArray<'_> {
    fn next_segment(&mut self, segment: &mut TextSegment) -> io::Result<bool> {
        let mut read = 0;
        while read < self.room.len() {
            match self.input.read(&mut self.room[read..])? {
                0 if read == 0 => return Ok(false),
                0 => return Err(ReadError::new("is cut short: its last text is not whole").into()),
                more => read += more,
            }
        }
        self.count += 1;
        let ends_row = self.layout.columns <= 1 || self.count.is_multiple_of(self.layout.columns);
        segment.text.extend(self.layout.text(&self.room).as_bytes());
        segment.text.push(if ends_row { b'\n' } else { b'\t' });
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    /// As `numpy.save` writes it.
    fn array(descr: &str, shape: &str, texts: &[Vec<u8>]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
        [&b"\x93NUMPY\x01\0"[..], &length, header.as_bytes(), &texts.concat()].concat()
    }

    fn wide(text: &str, room: usize, big: bool) -> Vec<u8> {
        let codes = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(room);
        codes.flat_map(|code| if big { code.to_be_bytes() } else { code.to_le_bytes() }).collect()
    }

    #[test]
    fn a_text_ends_where_its_room_does() {
        for big in [false, true] {
            let texts = ["key", "whole", "a", "b"].map(|text| wide(text, 5, big));
            let bytes = array(if big { ">U5" } else { "<U5" }, "(2, 2)", &texts);
            let collected = collect("a.npy", &bytes);
            assert_eq!(collected.members, [("npy ".to_owned(), "key\twhole\na\tb\n".to_owned())]);
            assert_eq!(collect("a.npy", &bytes[..bytes.len() - 3]).unread.len(), 1);
        }
        let bytes = array("|S3", "(2,)", &[b"one".to_vec(), b"tw\0".to_vec()]);
        assert_eq!(collect("a.npy", &bytes).members[0].1, "one\ntw\n");
        let collected = collect("a.npy", &array("<f8", "(1,)", &[vec![0; 8]]));
        assert_eq!((collected.members.len(), collected.unread.len()), (0, 0));
    }
}
