//! A cell, and what may stand in one.

use super::super::object_members::{self, Member};
use crate::names::{self, NameKind};
use std::ops::Range;

/// A line with cells is no longer, in bytes.
pub const MAX_LINE_BYTES: usize = 4000;
/// A header's cell is no longer, in bytes.
const MAX_HEADER_BYTES: usize = 80;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCell {
    /// What its column is called, where that is told.
    pub header: Option<String>,
    /// What the other cells of its row say of whose the row is.
    pub row: Option<(NameKind, String)>,
    /// The row is that of something that nobody knows.
    pub is_strangers: bool,
}

pub fn is_blank(cell: &[u8]) -> bool {
    cell.trim_ascii().is_empty()
}

/// A cell without its blanks, quotes and marks.
pub fn bare(cell: &[u8]) -> &[u8] {
    let is_mark = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'*');
    let start = cell.iter().take_while(|b| is_mark(b)).count();
    let end = cell.len() - cell[start..].iter().rev().take_while(|b| is_mark(b)).count();
    &cell[start..end]
}

/// Whether a cell holds the value and nothing else but quotes, blanks and marks.
pub fn holds_only(text: &[u8], cell: &Range<usize>, span: &Range<usize>) -> bool {
    cell.start <= span.start && span.end <= cell.end && {
        let value = bare(&text[cell.clone()]);
        value.len() <= span.len() + 3
    }
}

/// What a cell of a header may be: a short name.
pub fn header(cell: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(bare(cell)).ok()?;
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
        && name.len() <= MAX_HEADER_BYTES
        && !names::is_random(name)
        && !name.contains([':', '=', '<', '{', '(', ')', '[', ']', '"', '\'', ';']);
    is_name.then(|| name.to_owned())
}

/// Whether a cell is the name of a service and not that of its key, as in a row of values.
pub fn names_a_service(cell: &str) -> bool {
    names::service_named(cell).is_some() && !names::ends_like_credential(cell)
}

/// A cell as a member of an object: its row.
pub fn member(text: &[u8], cell: &Range<usize>, key: Option<String>) -> Member {
    Member { key, value: String::from_utf8_lossy(bare(&text[cell.clone()])).into_owned(), at: cell.start }
}

/// A cell of a row that has no header: the cell before it is its name where that is a credential's, or says whose the row is.
/// So SQLite's shell lists rows: `1|krea|value`.
pub fn headless(text: &[u8], cells: &[Range<usize>], own: usize, span: &Range<usize>) -> Option<TableCell> {
    let others = cells.iter().enumerate().filter(|(i, _)| *i != own);
    let members: Vec<Member> = others.map(|(_, cell)| member(text, cell, None)).collect();
    let row = object_members::surest(&members, span.start);
    let label = header(&text[cells[own.checked_sub(1)?].clone()]);
    let is_strangers = row.is_none() && label.as_deref().is_some_and(object_members::is_stranger);
    let header = label.filter(|label| names::ends_like_credential(label));
    (row.is_some() || header.is_some() || is_strangers).then_some(TableCell { header, row, is_strangers })
}
