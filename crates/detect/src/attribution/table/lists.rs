//! Lists of names beside lists of values: the columns of an `INSERT`, both sides of an assignment, records in JSON.

use super::super::assignment::is_name_byte;
use super::super::lines::line_range;
use super::super::object_members::{self, Member};
use super::super::text_index::TextIndex;
use super::cell::{MAX_LINE_BYTES, TableCell, bare, holds_only, member};
use crate::names;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far back the list of columns may stand, in bytes.
const COLUMNS_REACH: usize = 4096;
/// The names of the columns of records in JSON.
static RECORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)"(?:columns|fields|headers?|names|keys)"\s{0,5}:\s{0,5}\[([^\[\]]{1,2000})\]"#)
        .expect("a constant pattern")
});

/// `INSERT INTO t (a, b) VALUES ('x', 'y')`, `[a, b] = ['x', 'y']`, `a, b = 'x', 'y'`: the name in the same place of the list.
pub fn statement_columns(text: &[u8], span: &Range<usize>, index: &TextIndex) -> Option<TableCell> {
    let floor = span.start.saturating_sub(COLUMNS_REACH);
    let brackets = index.bracket_ranges(text, span.start, 1);
    let list =
        brackets.first().filter(|(open, _)| matches!(open, b'(' | b'[')).map(|(_, range)| range.clone());
    let (values, names) = match list {
        Some(values) => {
            let before = text[floor..values.start - 1].trim_ascii_end();
            let names = if is_keyword(before, b"values") || before.ends_with(b",") {
                columns_of_insert(text, floor, values.start).or_else(|| names_beside(before))?
            } else {
                names_assigned(before)?
            };
            (values, names)
        }
        None => {
            let line = line_range(text, span.start);
            let equals =
                floor.max(line.start) + memchr::memchr(b'=', &text[floor.max(line.start)..span.start])?;
            let names = names_assigned(&text[floor.max(line.start)..=equals])?;
            (equals + 1..line.end, names)
        }
    };
    let cells = split_list(text, &values);
    let own = cells.iter().position(|cell| holds_only(text, cell, span))?;
    if cells.len() != names.len() || cells.len() < 2 {
        return None;
    }
    let members: Vec<Member> = cells
        .iter()
        .zip(&names)
        .enumerate()
        .filter(|(i, _)| *i != own)
        .map(|(_, (cell, name))| member(text, cell, Some(name.clone())))
        .collect();
    Some(TableCell {
        header: Some(names[own].clone()),
        row: object_members::surest(&members, span.start),
        is_strangers: object_members::names_stranger(&members),
    })
}

fn is_keyword(before: &[u8], keyword: &[u8]) -> bool {
    before.len() >= keyword.len() && before[before.len() - keyword.len()..].eq_ignore_ascii_case(keyword)
}

/// The columns in the brackets before `VALUES`.
fn columns_of_insert(text: &[u8], floor: usize, until: usize) -> Option<Vec<String>> {
    let lower = text[floor..until].to_ascii_lowercase();
    let values = memchr::memmem::rfind(&lower, b"values")?;
    let before = text[floor..floor + values].trim_ascii_end().strip_suffix(b")")?;
    let open = memchr::memrchr(b'(', before)?;
    names_in(&before[open + 1..])
}

/// The names in the list before the values': `zip(["fal", "krea"], ["x", "y"])`.
fn names_beside(before: &[u8]) -> Option<Vec<String>> {
    let list = before.strip_suffix(b",")?.trim_ascii_end();
    let list = list.strip_suffix(b"]")?;
    let open = memchr::memrchr(b'[', list)?;
    let names = names_in(&list[open + 1..])?;
    names.iter().any(|name| names::service_named(name).is_some()).then_some(names)
}

/// The names in the list that ends with `=` (or `:=`, `in`), with or without brackets.
fn names_assigned(before: &[u8]) -> Option<Vec<String>> {
    let before = before.trim_ascii_end().strip_suffix(b"=")?;
    let before = before.strip_suffix(b":").unwrap_or(before).trim_ascii_end();
    let list = match before.last() {
        Some(b']' | b')') => {
            let open = memchr::memrchr2(b'[', b'(', before)?;
            &before[open + 1..before.len() - 1]
        }
        _ => {
            let start = memchr::memrchr2(b'\n', b';', before).map_or(0, |i| i + 1);
            &before[start..]
        }
    };
    names_in(list)
}

/// The names of a list, the last word of each: `const krea`, `"krea_key"`, `krea_key: str`.
fn names_in(list: &[u8]) -> Option<Vec<String>> {
    if list.len() > MAX_LINE_BYTES {
        return None;
    }
    let name = |item: &[u8]| {
        let item = item.split(|&b| b == b':').next().unwrap_or(item);
        let item = bare(item);
        let start = item.iter().rposition(|&b| !is_name_byte(b)).map_or(0, |i| i + 1);
        let word = &item[start..];
        (!word.is_empty()).then(|| String::from_utf8_lossy(word).into_owned())
    };
    let names: Option<Vec<String>> = list.split(|&b| b == b',').map(name).collect();
    names.filter(|names| names.len() > 1)
}

/// The items of a list at its own depth.
fn split_list(text: &[u8], range: &Range<usize>) -> Vec<Range<usize>> {
    let (mut items, mut start, mut depth, mut quote) = (Vec::new(), range.start, 0usize, None);
    let mut i = range.start;
    while i < range.end {
        match (text[i], quote) {
            (b'\\', Some(_)) => i += 1,
            (b, Some(open)) if b == open => quote = None,
            (_, Some(_)) => {}
            (b @ (b'"' | b'\'' | b'`'), None) => quote = Some(b),
            (b'(' | b'[' | b'{', None) => depth += 1,
            (b')' | b']' | b'}', None) => depth = depth.saturating_sub(1),
            (b',', None) if depth == 0 => {
                items.push(start..i);
                start = i + 1;
            }
            _ => {}
        }
        i += 1;
    }
    items.push(start..range.end);
    items
}

/// `{"columns": ["a", "b"], "rows": [["x", "y"]]}`
pub fn records(text: &[u8], span: &Range<usize>, index: &TextIndex) -> Option<TableCell> {
    let (_, row) =
        index.bracket_ranges(text, span.start, 1).into_iter().next().filter(|(open, _)| *open == b'[')?;
    let floor = row.start.saturating_sub(COLUMNS_REACH);
    let columns = RECORDS.captures_iter(&text[floor..row.start]).last()?.get(1)?;
    let names = names_in(columns.as_bytes())?;
    let cells = split_list(text, &row);
    let own = cells.iter().position(|cell| holds_only(text, cell, span))?;
    (cells.len() == names.len()).then(|| TableCell {
        header: Some(names[own].clone()),
        row: None,
        is_strangers: false,
    })
}
