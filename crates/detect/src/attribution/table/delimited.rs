//! Lines of cells: CSV, TSV, Markdown, psql, columns that blanks align, and rows whose cells stand on lines of their own.

use super::super::lines::line_range;
use super::super::object_members::{self, Member};
use super::cell::{
    MAX_LINE_BYTES, TableCell, header, headless, holds_only, is_blank, member, names_a_service,
};
use crate::names::{self, NameKind};
use krea_scan_text::cells;
use std::cell::RefCell;
use std::ops::Range;

/// How far above a row its header is looked for, in lines, where it is not the first line of the text.
const HEADER_LINES: usize = 200;
/// A record has no more lines.
const MAX_RECORD_LINES: usize = 8;
/// Delimiters of cells, the surest first.
const DELIMITERS: [&str; 5] = ["|", "│", "\t", ";", ","];

/// The header of the block of lines that was last looked at: the next value mostly stands in the same one.
#[derive(Debug, Default)]
pub struct LastHeader(RefCell<Option<TableHeader>>);

#[derive(Clone, Debug)]
struct TableHeader {
    delimiter: &'static str,
    cells: usize,
    /// From the first line of the block to the last one that was looked at.
    block: Range<usize>,
    head: Option<Vec<Range<usize>>>,
}

pub fn delimited(text: &[u8], span: &Range<usize>, last: &LastHeader) -> Option<TableCell> {
    let line = record(text, line_range(text, span.start));
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    DELIMITERS.into_iter().find_map(|delimiter| {
        let cells = split(text, &line, delimiter);
        let own = cells.iter().position(|cell| holds_only(text, cell, span)).filter(|_| cells.len() > 1)?;
        let is_tight = delimiter == "|" && cells.iter().all(|cell| is_tight(&text[cell.clone()]));
        let head = last.head_of(text, &line, delimiter, cells.len());
        let heads: Option<Vec<Option<String>>> =
            head.map(|head| head.into_iter().map(|cell| header(&text[cell])).collect());
        let Some(heads) =
            heads.filter(|heads| !(is_tight && heads.iter().flatten().any(|cell| names_a_service(cell))))
        else {
            return is_tight.then(|| headless(text, &cells, own, span)).flatten();
        };
        let members: Vec<Member> = cells
            .iter()
            .zip(&heads)
            .enumerate()
            .filter(|(i, _)| *i != own)
            .map(|(_, (cell, head))| member(text, cell, head.clone()))
            .collect();
        let header = heads.get(own).cloned().flatten().map(|header| own_header(header, &members));
        Some(TableCell {
            header,
            row: object_members::surest(&members, span.start),
            is_strangers: object_members::names_stranger(&members),
        })
    })
}

/// Whether no blank is around what a cell holds.
fn is_tight(cell: &[u8]) -> bool {
    let cell = cell.strip_suffix(b"\r").unwrap_or(cell);
    cell.trim_ascii().len() == cell.len()
}

/// The value of a field as the shell of Redis lists them: `1) "krea"`, and below it `2) "value"`.
pub fn numbered(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
    let item = |line: Range<usize>| {
        let close = memchr::memchr(b')', &text[line.clone()])?;
        let number = std::str::from_utf8(&text[line.start..line.start + close]).ok()?.trim_start();
        let cell = line.start + close + 2..line.end;
        let is_item = text[line.start + close..line.end].starts_with(b") \"");
        number.parse::<u32>().ok().filter(|_| is_item).map(|number| (number, cell))
    };
    let line = line_range(text, span.start);
    let (number, own) = item(line.clone())?;
    let (before, name) = item(line_range(text, line.start.checked_sub(1)?))?;
    let is_value = number.is_multiple_of(2) && before + 1 == number && holds_only(text, &own, span);
    is_value.then(|| headless(text, &[name, own], 1, span)).flatten()
}

/// A line with those above it that are in one record with it: a quoted cell may hold line breaks.
fn record(text: &[u8], line: Range<usize>) -> Range<usize> {
    let is_open = |range: &Range<usize>| memchr::memchr_iter(b'"', &text[range.clone()]).count() % 2 == 1;
    let mut record = line.clone();
    for _ in 0..MAX_RECORD_LINES {
        if !is_open(&record) || record.start == 0 {
            break;
        }
        record.start = line_range(text, record.start - 1).start;
    }
    if is_open(&record) { line } else { record }
}

/// A cell's name: that of its column, or what its row calls it where the columns are `key` and `value`.
fn own_header(header: String, row: &[Member]) -> String {
    let is_neutral = names::classify(&header) == NameKind::Neutral;
    let name = row.iter().find_map(Member::names_its_object).filter(|_| is_neutral);
    name.unwrap_or(header)
}

impl LastHeader {
    fn head_of(
        &self,
        text: &[u8],
        line: &Range<usize>,
        delimiter: &'static str,
        cells: usize,
    ) -> Option<Vec<Range<usize>>> {
        let mut last = self.0.borrow_mut();
        if let Some(header) = last.as_mut()
            && (header.delimiter, header.cells) == (delimiter, cells)
            && (header.block.start..=header.block.end + 1).contains(&line.start)
        {
            header.block.end = header.block.end.max(line.end);
            return header.head.clone();
        }
        let head = head_of(text, line, delimiter, cells);
        *last = Some(TableHeader { delimiter, cells, block: line.clone(), head: head.clone() });
        head
    }
}

/// The cells of the header: the first line of the text, or the first of the lines above with as many cells.
fn head_of(text: &[u8], line: &Range<usize>, delimiter: &str, cells: usize) -> Option<Vec<Range<usize>>> {
    let fits = |range: &Range<usize>| {
        let head = split(text, range, delimiter);
        let named = head.iter().filter(|cell| header(&text[(*cell).clone()]).is_some()).count();
        (head.len() == cells && named * 2 >= cells).then_some(head)
    };
    let first = line_range(text, 0);
    if first.end < line.start
        && first.len() <= MAX_LINE_BYTES
        && let Some(head) = fits(&first)
    {
        return Some(head);
    }
    let (mut above, mut topmost, mut blanks) = (line.clone(), None, 0);
    for _ in 0..HEADER_LINES {
        if above.start == 0 {
            break;
        }
        above = line_range(text, above.start - 1);
        // AsciiDoc has a blank line behind the header.
        if is_blank(&text[above.clone()]) && blanks == 0 && delimiter == "|" {
            blanks += 1;
            continue;
        }
        if cells::is_rule(text[above.clone()].trim_ascii()) {
            continue;
        }
        if delimiter == "\t"
            && let Some(columns) = columns_of_copy(text, &above)
        {
            return Some(columns);
        }
        if above.len() > MAX_LINE_BYTES || split(text, &above, delimiter).len() != cells {
            break;
        }
        topmost = Some(above.clone());
    }
    topmost.and_then(|range| fits(&range))
}

/// The columns of `COPY t (a, b) FROM stdin;`, whose rows follow.
fn columns_of_copy(text: &[u8], line: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let bytes = &text[line.clone()];
    if !bytes.trim_ascii_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"copy ")) {
        return None;
    }
    let (open, close) = (memchr::memchr(b'(', bytes)?, memchr::memchr(b')', bytes)?);
    (open < close).then(|| split(text, &(line.start + open + 1..line.start + close), ","))
}

/// The cells of a line as ranges of the text.
fn split(text: &[u8], line: &Range<usize>, delimiter: &str) -> Vec<Range<usize>> {
    let (mut cells, mut start, mut quoted) = (Vec::new(), line.start, false);
    let is_bar = matches!(delimiter, "|" | "│");
    let mut i = line.start;
    while i < line.end {
        if text[i] == b'"' && !is_bar {
            quoted = !quoted;
        } else if !quoted && text[i..line.end].starts_with(delimiter.as_bytes()) {
            cells.push(start..i);
            i += delimiter.len();
            start = i;
            continue;
        }
        i += 1;
    }
    cells.push(start..line.end);
    if is_bar {
        // `| a | b |` has two cells.
        cells.retain(|cell| {
            !(cell.start == line.start || cell.end == line.end) || !is_blank(&text[cell.clone()])
        });
    }
    cells
}

/// Columns that blanks alone keep apart: the word of the header that starts where the value's cell does.
pub fn aligned(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
    let line = line_range(text, span.start);
    let before = &text[line.start..span.start];
    let stands_apart = before.is_empty() || before.ends_with(b"  ");
    if line.len() > MAX_LINE_BYTES || !stands_apart || text[line.clone()].contains(&b'\t') {
        return None;
    }
    let column = span.start - line.start;
    let (mut above, mut topmost) = (line.clone(), None);
    for _ in 0..HEADER_LINES {
        if above.start == 0 || above.len() > MAX_LINE_BYTES {
            break;
        }
        above = line_range(text, above.start - 1);
        if cells::is_rule(text[above.clone()].trim_ascii()) {
            topmost = (above.start > 0).then(|| line_range(text, above.start - 1));
            break;
        }
        if text[above.clone()].trim_ascii().is_empty() {
            continue;
        }
        topmost = Some(above.clone());
    }
    let head = &text[topmost?];
    let starts_there = column == 0 || head.get(..column).is_some_and(|before| before.ends_with(b"  "));
    let rest = head.get(column..).filter(|_| starts_there)?;
    let end = memchr::memmem::find(rest, b"  ").unwrap_or(rest.len());
    let has_more = head.trim_ascii().len() > end;
    let name = header(&rest[..end]).filter(|name| has_more && !name.contains(' '))?;
    let members: Vec<Member> = apart(&text[line.clone()])
        .into_iter()
        .filter(|cell| !(line.start + cell.start..line.start + cell.end).contains(&span.start))
        .map(|cell| {
            let key = apart(head).into_iter().find(|name| name.start == cell.start);
            let key = key.and_then(|key| header(&head[key]));
            member(text, &(line.start + cell.start..line.start + cell.end), key)
        })
        .collect();
    Some(TableCell {
        header: Some(own_header(name, &members)),
        row: object_members::surest(&members, span.start),
        is_strangers: object_members::names_stranger(&members),
    })
}

/// What two blanks or more keep apart in a line.
fn apart(line: &[u8]) -> Vec<Range<usize>> {
    let mut cells: Vec<Range<usize>> = Vec::new();
    for (i, _) in line.iter().enumerate().filter(|(_, b)| !b.is_ascii_whitespace()) {
        match cells.last_mut() {
            Some(last) if i - last.end < 2 => last.end = i + 1,
            _ => cells.push(i..i + 1),
        }
    }
    cells
}

/// The cells above and below in a row whose cells stand on lines of their own, each behind a `|`, or behind a dash in a list of
/// lists (`* - fal`, `  - value`), as reStructuredText has it.
pub fn cells_on_lines(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
    let own = line_range(text, span.start);
    let line_of = |range: &Range<usize>| text[range.clone()].trim_ascii_start();
    let is_list = line_of(&own).starts_with(b"- ");
    let is_cell = |range: &Range<usize>| match is_list {
        true => line_of(range).starts_with(b"- ") || line_of(range).starts_with(b"* - "),
        // A line with more bars is a row of its own.
        false => line_of(range).strip_prefix(b"|").is_some_and(|cell| !cell.contains(&b'|')),
    };
    if !is_cell(&own) {
        return None;
    }
    let mut members = Vec::new();
    let add = |range: &Range<usize>, members: &mut Vec<Member>| {
        let line = &text[range.clone()];
        let mark = if is_list { b'-' } else { b'|' };
        let mark = line.iter().position(|&b| b == mark).map_or(range.start, |i| range.start + i + 1);
        members.push(member(text, &(mark..range.end), None));
    };
    let mut line = own.clone();
    let mut starts_row = !is_list;
    while line.start > 0 && members.len() < 16 {
        line = line_range(text, line.start - 1);
        if !is_cell(&line) {
            break;
        }
        add(&line, &mut members);
        if line_of(&line).starts_with(b"* - ") {
            starts_row = true;
            break;
        }
    }
    line = own;
    while line.end + 1 < text.len() && members.len() < 32 {
        line = line_range(text, line.end + 1);
        if !is_cell(&line) || line_of(&line).starts_with(b"* - ") {
            break;
        }
        add(&line, &mut members);
    }
    let row = object_members::surest(&members, span.start).filter(|_| starts_row)?;
    Some(TableCell { header: None, row: Some(row), is_strangers: false })
}
