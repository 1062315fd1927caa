//! What names a place in JSON: the shapes of files that people know by their parts. A new shape is a function of a [`JsonPlace`]
//! in a file of its own, and its line in [`SHAPES`].

use super::json::{self, JsonPlace};
use super::{PartFormat, chat, issue, storage};
use crate::container::document::notebook::names as notebook;
use crate::container::record::har::names as har;
use krea_scan_text::Layer;

/// JSON, told by its first character.
pub const FORMAT: PartFormat =
    PartFormat { endings: &[".json", ".jsonl", ".ndjson", ".har", notebook::ENDING], is, name };

/// What can name a place in JSON; the first that does counts.
const SHAPES: &[fn(&JsonPlace<'_>) -> Option<Layer>] =
    &[notebook::name, har::name, chat::name, issue::name, storage::name];

fn is(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    matches!(text.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['))
}

fn name(_: &str, bytes: &[u8], offsets: &[usize]) -> Vec<Vec<Layer>> {
    json::each(bytes, offsets, |place| SHAPES.iter().find_map(|shape| shape(place)).into_iter().collect())
}
