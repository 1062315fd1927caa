//! Values in columns: what stands at the head of a value's column, and in the other cells of its row. Takes a text and a
//! value's place. Reads delimited lines (CSV, TSV, Markdown, psql), the columns of an `INSERT`, lists on both sides of an
//! assignment, and rows whose cells stand on lines of their own (AsciiDoc).

use super::assignment::is_name_byte;
use super::lines::line_range;
use super::object_members::{self, Member};
use super::scopes::bracket_ranges;
use crate::names::{self, NameKind};
use krea_scan_text::cells;
use regex::bytes::Regex;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::LazyLock;

/// A line with cells is no longer, in bytes.
const MAX_LINE_BYTES: usize = 4000;
/// How far above a row its header is looked for, in lines, where it is not the first line of the text.
const HEADER_LINES: usize = 200;
/// A header's cell is no longer, in bytes.
const MAX_HEADER_BYTES: usize = 80;
/// How far back the list of columns may stand, in bytes.
const COLUMNS_REACH: usize = 4096;
/// A record has no more lines.
const MAX_RECORD_LINES: usize = 8;
/// Delimiters of cells, the surest first.
const DELIMITERS: [&str; 5] = ["|", "│", "\t", ";", ","];
/// How far back the table of a cell in HTML may start, in bytes.
const HTML_REACH: usize = 32 << 10;
/// How far before a definition its term may start, in bytes.
const MAX_DEFINITION_BYTES: usize = 800;
/// The names of the columns of records in JSON.
static RECORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)"(?:columns|fields|headers?|names|keys)"\s{0,5}:\s{0,5}\[([^\[\]]{1,2000})\]"#)
        .expect("a constant pattern")
});
/// Marks of rows and cells in HTML.
static HTML_ROW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i-u)<tr\b").expect("a constant pattern"));
/// A term with its definition in HTML, which inline marks may stand around.
static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?is-u)<dt\b[^>]{0,200}>(?:\s*<[a-z][^<>]{0,200}>)*([^<]{1,200})(?:</[a-z]+>\s*)*\s*<dd\b[^>]{0,200}>\s*(?:<[a-z][^<>]{0,200}>\s*)*$")
        .expect("a constant pattern")
});
static HTML_CELL: LazyLock<Regex> = LazyLock::new(|| {
    // Inline marks may stand around what a cell holds.
    Regex::new(r"(?i-u)<t[dh]\b[^>]{0,200}>(?:\s*<[a-su-z][^<>]{0,200}>)*([^<]{0,400})")
        .expect("a constant pattern")
});

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCell {
    /// What its column is called, where that is told.
    pub header: Option<String>,
    /// What the other cells of its row say of whose the row is.
    pub row: Option<(NameKind, String)>,
    /// The row is that of something that nobody knows.
    pub is_strangers: bool,
}

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

/// The cell that holds nothing but the value at `span`.
pub fn cell(text: &[u8], span: &Range<usize>, last: &LastHeader) -> Option<TableCell> {
    statement_columns(text, span)
        .or_else(|| delimited(text, span, last))
        .or_else(|| aligned(text, span))
        .or_else(|| html(text, span))
        .or_else(|| definition(text, span))
        .or_else(|| cells_on_lines(text, span))
        .or_else(|| records(text, span))
        .or_else(|| numbered(text, span))
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

fn is_blank(cell: &[u8]) -> bool {
    cell.trim_ascii().is_empty()
}

/// A cell without its blanks, quotes and marks.
fn bare(cell: &[u8]) -> &[u8] {
    let is_mark = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'*');
    let start = cell.iter().take_while(|b| is_mark(b)).count();
    let end = cell.len() - cell[start..].iter().rev().take_while(|b| is_mark(b)).count();
    &cell[start..end]
}

/// Whether a cell holds the value and nothing else but quotes, blanks and marks.
fn holds_only(text: &[u8], cell: &Range<usize>, span: &Range<usize>) -> bool {
    cell.start <= span.start && span.end <= cell.end && {
        let value = bare(&text[cell.clone()]);
        value.len() <= span.len() + 3
    }
}

/// What a cell of a header may be: a short name.
fn header(cell: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(bare(cell)).ok()?;
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
        && name.len() <= MAX_HEADER_BYTES
        && !names::is_random(name)
        && !name.contains([':', '=', '<', '{', '(', ')', '[', ']', '"', '\'', ';']);
    is_name.then(|| name.to_owned())
}

fn delimited(text: &[u8], span: &Range<usize>, last: &LastHeader) -> Option<TableCell> {
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

/// Whether a cell is the name of a service and not that of its key, as in a row of values.
fn names_a_service(cell: &str) -> bool {
    names::service_named(cell).is_some() && !names::ends_like_credential(cell)
}

/// A cell of a row that has no header: the cell before it is its name where that is a credential's, or says whose the row is.
/// So SQLite's shell lists rows: `1|krea|value`.
fn headless(text: &[u8], cells: &[Range<usize>], own: usize, span: &Range<usize>) -> Option<TableCell> {
    let others = cells.iter().enumerate().filter(|(i, _)| *i != own);
    let members: Vec<Member> = others.map(|(_, cell)| member(text, cell, None)).collect();
    let row = object_members::surest(&members, span.start);
    let label = header(&text[cells[own.checked_sub(1)?].clone()]);
    let is_strangers = row.is_none() && label.as_deref().is_some_and(object_members::is_stranger);
    let header = label.filter(|label| names::ends_like_credential(label));
    (row.is_some() || header.is_some() || is_strangers).then_some(TableCell { header, row, is_strangers })
}

/// The value of a field as the shell of Redis lists them: `1) "krea"`, and below it `2) "value"`.
fn numbered(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
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

fn member(text: &[u8], cell: &Range<usize>, key: Option<String>) -> Member {
    Member { key, value: String::from_utf8_lossy(bare(&text[cell.clone()])).into_owned(), at: cell.start }
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

/// Columns that blanks alone keep apart: the word of the header that starts where the value's cell does.
fn aligned(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
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

/// `{"columns": ["a", "b"], "rows": [["x", "y"]]}`
fn records(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
    let (_, row) =
        bracket_ranges(text, span.start, 1).into_iter().next().filter(|(open, _)| *open == b'[')?;
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

/// A cell of a table in HTML.
fn html(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
    if !text[..span.start].trim_ascii_end().ends_with(b">") {
        return None;
    }
    let floor = span.start.saturating_sub(HTML_REACH);
    let rows: Vec<usize> =
        HTML_ROW.find_iter(&text[floor..span.start]).map(|row| floor + row.start()).collect();
    let (row, above) = rows.split_last()?;
    let table = memchr::memmem::rfind(&text[floor..span.start], b"<table").map_or(floor, |at| floor + at);
    let cells = |range: Range<usize>| -> Vec<Range<usize>> {
        let captured = HTML_CELL.captures_iter(&text[range.clone()]).filter_map(|cell| cell.get(1));
        captured.map(|cell| range.start + cell.start()..range.start + cell.end()).collect()
    };
    let ceiling = (span.end + MAX_LINE_BYTES).min(text.len());
    let end = HTML_ROW.find(&text[span.end..ceiling]).map_or(ceiling, |next| span.end + next.start());
    let own_row = cells(*row..end);
    let own = own_row.iter().position(|cell| holds_only(text, cell, span))?;
    let first = above.iter().find(|row| **row >= table);
    let first = first.and_then(|first| Some(*first..*rows.iter().find(|row| *row > first)?));
    let head = first.map(|first| {
        let heads: Vec<Option<String>> =
            cells(first.clone()).into_iter().map(|cell| header(&text[cell])).collect();
        let own = heads.get(own).cloned().flatten();
        let names_values = own.is_some_and(|own| {
            let kind = names::classify(&own);
            matches!(kind, NameKind::Neutral | NameKind::Credential) || names::ends_like_credential(&own)
        });
        // Two columns without a mark of a header are names and their values, in the first row too.
        let is_head = memchr::memmem::find(&text[first], b"<th").is_some() || heads.len() > 2 || names_values;
        (heads, is_head)
    });
    let Some((heads, true)) = head else { return headless(text, &own_row, own, span) };
    let others = own_row.iter().zip(heads.iter().cloned().chain(std::iter::repeat(None))).enumerate();
    let members: Vec<Member> =
        others.filter(|(i, _)| *i != own).map(|(_, (cell, head))| member(text, cell, head)).collect();
    Some(TableCell {
        header: heads.get(own).cloned().flatten(),
        row: object_members::surest(&members, span.start),
        is_strangers: object_members::names_stranger(&members),
    })
}

/// The term that the value is the definition of: `<dt>Krea API key</dt><dd><code>…</code></dd>`.
fn definition(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
    let before = &text[span.start.saturating_sub(MAX_DEFINITION_BYTES)..span.start];
    if !before.trim_ascii_end().ends_with(b">") {
        return None;
    }
    let start = memchr::memmem::rfind(before, b"<dt")?;
    let term = DEFINITION.captures(&before[start..])?.get(1)?;
    let header = header(term.as_bytes());
    let is_strangers = header.as_deref().is_some_and(object_members::is_stranger);
    header.is_some().then_some(TableCell { header, row: None, is_strangers })
}

/// `INSERT INTO t (a, b) VALUES ('x', 'y')`, `[a, b] = ['x', 'y']`, `a, b = 'x', 'y'`: the name in the same place of the list.
fn statement_columns(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
    let floor = span.start.saturating_sub(COLUMNS_REACH);
    let brackets = bracket_ranges(text, span.start, 1);
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

/// The cells above and below in a row whose cells stand on lines of their own, each behind a `|`, or behind a dash in a list of
/// lists (`* - fal`, `  - value`), as reStructuredText has it.
fn cells_on_lines(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
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
