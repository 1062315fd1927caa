//! What people call the place of a byte in a text: the message of a chat, the cell of a notebook, the row of a table.
//!
//! Takes a whole file and places in it, gives a layer for each place that has such a name. A format is one file here: a
//! `PartFormat` in `FORMATS`, or, if it is JSON, a function in `json_shapes::SHAPES`.

mod captions;
mod chat;
mod hocr;
mod issue;
mod jira_xml;
pub mod json;
mod json_shapes;
mod storage;
mod table;
#[cfg(test)]
mod testing;
mod whatsapp;

use crate::has_ending;
use krea_scan_text::Layer;
use krea_scan_text::charset;

/// Files above this size, in bytes, are not looked into.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// For each place the way to it, from the file on.
type Ways = Vec<Vec<Layer>>;

/// A kind of text whose parts have names.
struct PartFormat {
    /// How names of such files end, in lower case.
    endings: &'static [&'static str],
    /// Whether a file is one.
    is: fn(&[u8]) -> bool,
    /// The ways to the bytes at these sorted offsets in a file with this name; see [`name`].
    name: fn(&str, &[u8], &[usize]) -> Ways,
}

/// What is known. The first that a file is counts.
const FORMATS: &[PartFormat] =
    &[json_shapes::FORMAT, table::FORMAT, jira_xml::FORMAT, captions::FORMAT, hocr::FORMAT, whatsapp::FORMAT];

/// Whether a file's name says that its parts may have names.
pub fn may_have(name: &str) -> bool {
    FORMATS.iter().any(|format| format.may_be(name))
}

/// The ways to the bytes at these sorted offsets in a file, from the file on. `name` is the file's.
pub fn name(name: &str, bytes: &[u8], offsets: &[usize]) -> Vec<Vec<Layer>> {
    // Offsets in UTF-16 are not those in the text.
    let format = FORMATS.iter().find(|format| format.may_be(name) && (format.is)(bytes));
    match format.filter(|_| charset::utf16(bytes).is_none()) {
        Some(format) => (format.name)(name, bytes, offsets),
        None => vec![Vec::new(); offsets.len()],
    }
}

impl PartFormat {
    fn may_be(&self, name: &str) -> bool {
        self.endings.iter().any(|ending| has_ending(name, ending))
    }
}
