//! Joins what tables and panels wrap: SQLite's shell and others put a text that is wider than its column on several rows. Takes
//! a text; gives one with each record of such a table on a line, its cells behind `|`.

use super::{OriginStep, Text, TextBuilder};
use std::ops::Range;

/// A narrower cell wraps nothing that counts, in bytes.
const LEAST: usize = 16;
/// No longer line is a row, in bytes.
const MAX_LINE_BYTES: usize = 4000;

/// A cell: all of it, and what it holds.
struct Cell {
    whole: Range<usize>,
    text: Range<usize>,
}

type CellRow = Vec<Cell>;

/// How the cells of a row are told apart.
enum Layout {
    /// By bars, so many cells on a line of so many characters.
    Bars { cells: usize, width: usize },
    /// By where they stand in the line.
    Columns(Vec<Range<usize>>),
    /// The same, with a bar between them; a dot ends a cell that goes on, and starts what goes on.
    Dotted(Vec<Range<usize>>),
}

/// The text with wrapped cells joined; `None` where no table has any.
pub fn join<'a>(text: &Text<'_>) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let has_bars =
        || memchr::memchr(b'|', bytes).is_some() || memchr::memmem::find(bytes, "│".as_bytes()).is_some();
    if memchr::memmem::find(bytes, b"---").is_none() && !has_bars() {
        return None;
    }
    let lines = lines(bytes);
    let mut out = TextBuilder::default();
    let (mut copied, mut at) = (0, 0);
    while at < lines.len() {
        let Some(layout) = layout(bytes, &lines[at]) else {
            at += 1;
            continue;
        };
        let (first, rows) = match layout {
            Layout::Columns(_) | Layout::Dotted(_) => (at.saturating_sub(1), at + 1),
            Layout::Bars { .. } => (at, at),
        };
        let count = lines[rows..].iter().take_while(|line| is_part(bytes, line, &layout)).count();
        at = rows + count.max(1);
        let table = &lines[rows..rows + count];
        let records = records(bytes, table, &layout);
        if lines[first].start < copied || records.iter().all(|record| record.len() == 1) {
            continue;
        }
        out.push(&bytes[copied..lines[first].start], copied, OriginStep::ONE);
        let head = (first < rows).then(|| vec![row(bytes, &lines[first], &layout)]);
        for record in head.iter().chain(&records) {
            push(&mut out, bytes, record);
        }
        copied = table.last().map_or(lines[first].start, |last| last.end);
    }
    if copied == 0 {
        return None;
    }
    out.push(&bytes[copied..], copied, OriginStep::ONE);
    Some(text.derive(out))
}

/// The lines of a text, without their ends.
fn lines(bytes: &[u8]) -> Vec<Range<usize>> {
    let ends = memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    let mut start = 0;
    ends.map(|end| std::mem::replace(&mut start, end + 1)..end).collect()
}

/// The table that a line is the rule, or the first row, of.
fn layout(bytes: &[u8], line: &Range<usize>) -> Option<Layout> {
    let text = bytes[line.clone()].trim_ascii_end();
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    if text.starts_with(b"--") && text.iter().all(|b| matches!(b, b'-' | b' ')) {
        let mut columns: Vec<Range<usize>> = Vec::new();
        for at in (0..text.len()).filter(|&at| text[at] == b'-') {
            match columns.last_mut().filter(|column| column.end == at) {
                Some(column) => column.end = at + 1,
                None => columns.push(at..at + 1),
            }
        }
        return (columns.len() > 1).then_some(Layout::Columns(columns));
    }
    if text.starts_with(b"--") && text.contains(&b'+') && text.iter().all(|b| matches!(b, b'-' | b'+')) {
        let mut start = 0;
        let ends = memchr::memchr_iter(b'+', text).chain(std::iter::once(text.len()));
        return Some(Layout::Dotted(ends.map(|end| std::mem::replace(&mut start, end + 1)..end).collect()));
    }
    let cells = bars(bytes, line)?;
    let is_panel = text.trim_ascii().starts_with("│".as_bytes());
    (cells.len() > usize::from(!is_panel)).then(|| Layout::Bars { cells: cells.len(), width: width(text) })
}

fn width(line: &[u8]) -> usize {
    String::from_utf8_lossy(line).chars().count()
}

/// The cells between bars, which also stand at both ends of a line.
fn bars(bytes: &[u8], line: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let text = bytes[line.clone()].trim_ascii();
    let bar = ["|", "│"].into_iter().find(|bar| text.starts_with(bar.as_bytes()))?;
    text.strip_prefix(bar.as_bytes())?.strip_suffix(bar.as_bytes())?;
    let start = line.start + bytes[line.clone()].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let bars: Vec<usize> = memchr::memmem::find_iter(text, bar).map(|at| start + at).collect();
    Some(bars.windows(2).map(|pair| pair[0] + bar.len()..pair[1]).collect())
}

/// Whether a line belongs to a table: as a row, a rule between rows, or a blank line between records.
fn is_part(bytes: &[u8], line: &Range<usize>, layout: &Layout) -> bool {
    let text = bytes[line.clone()].trim_ascii_end();
    match layout {
        Layout::Columns(columns) => {
            let is_apart =
                |(at, b): (usize, &u8)| *b == b' ' || columns.iter().any(|column| column.contains(&at));
            text.is_ascii() && text.len() <= MAX_LINE_BYTES && text.iter().enumerate().all(is_apart)
        }
        Layout::Dotted(columns) => {
            let bars = columns.iter().skip(1).map(|column| text.get(column.start - 1));
            text.is_ascii() && text.len() <= MAX_LINE_BYTES && bars.into_iter().all(|bar| bar == Some(&b'|'))
        }
        Layout::Bars { cells, width } => {
            is_rule(text)
                || (bars(bytes, line).is_some_and(|found| found.len() == *cells)
                    && self::width(text) == *width)
        }
    }
}

/// Whether a line, without blanks at its ends, is drawn between the rows of a table.
pub fn is_rule(text: &[u8]) -> bool {
    let is_mark = |c: char| matches!(c, '|' | '-' | '+' | ':' | '=' | ' ' | '\u{2500}'..='\u{257f}');
    text.len() > 2 && text.len() <= MAX_LINE_BYTES && {
        let text = String::from_utf8_lossy(text);
        text.chars().all(is_mark) && text.contains(['-', '=', '─', '═'])
    }
}

fn row(bytes: &[u8], line: &Range<usize>, layout: &Layout) -> CellRow {
    let cells = match layout {
        Layout::Columns(columns) => {
            let cell = |column: &Range<usize>| {
                (line.start + column.start).min(line.end)..(line.start + column.end).min(line.end)
            };
            columns.iter().map(cell).collect()
        }
        Layout::Dotted(columns) => {
            let inner = |column: &Range<usize>| {
                let end = (line.start + column.end - 1).min(line.end);
                (line.start + column.start + 1).min(end)..end
            };
            columns.iter().map(inner).collect()
        }
        // A space stands beside each bar.
        Layout::Bars { .. } => {
            let bare = |cell: Range<usize>| match bytes[cell.clone()] {
                [b' ', .., b' '] => cell.start + 1..cell.end - 1,
                _ => cell,
            };
            bars(bytes, line).unwrap_or_default().into_iter().map(bare).collect::<Vec<_>>()
        }
    };
    let held = |whole: Range<usize>| {
        let text = &bytes[whole.clone()];
        let start = whole.start + (text.len() - text.trim_ascii_start().len());
        let end = start + text.trim_ascii().len();
        Cell { whole, text: start..end }
    };
    cells.into_iter().map(held).collect()
}

/// The rows of a table, those of one record together.
fn records(bytes: &[u8], table: &[Range<usize>], layout: &Layout) -> Vec<Vec<CellRow>> {
    let mut records: Vec<Vec<CellRow>> = Vec::new();
    // Such a table has a rule below each record.
    let is_ruled = table.iter().any(|line| bytes[line.clone()].trim_ascii().starts_with(b"+="));
    let mut is_open = false;
    for line in table {
        let text = bytes[line.clone()].trim_ascii();
        if text.is_empty() || is_rule(text) {
            is_open = false;
            continue;
        }
        let row = row(bytes, line, layout);
        let goes_on = |record: &[CellRow]| match layout {
            Layout::Dotted(_) => is_dotted(bytes, record, &row),
            _ => goes_on(bytes, record, &row, is_ruled),
        };
        match records.last_mut().filter(|record| is_open && goes_on(record)) {
            Some(record) => record.push(row),
            None => records.push(vec![row]),
        }
        is_open = true;
    }
    records
}

/// Whether dots say that a row goes on a record.
fn is_dotted(bytes: &[u8], record: &[CellRow], row: &CellRow) -> bool {
    let Some(above) = record.last() else { return false };
    let goes_on = |(cell, above): (&Cell, &Cell)| {
        bytes[..cell.whole.start].ends_with(b".") && bytes.get(above.whole.end) == Some(&b'.')
    };
    row.iter().zip(above).any(goes_on)
}

/// Whether a row goes on a record: what it holds stands below full cells, and at least one of the record's cells is done.
/// `is_ruled`: so does all down to the next rule, where a cell is full.
fn goes_on(bytes: &[u8], record: &[CellRow], row: &CellRow, is_ruled: bool) -> bool {
    let (Some(first), Some(above)) = (record.first(), record.last()) else { return false };
    let is_full = |cell: &Cell| cell.text == cell.whole && cell.whole.len() >= LEAST;
    if is_ruled {
        return row.iter().zip(above).any(|(cell, above)| is_full(above) && !cell.text.is_empty());
    }
    let mut goes_on = false;
    for ((cell, above), first) in row.iter().zip(above).zip(first) {
        if cell.text.is_empty() {
            continue;
        }
        let starts_anew = cell.text.start > cell.whole.start
            || bytes[cell.text.clone()].iter().any(|b| matches!(b, b':' | b' '))
            || first.text.is_empty();
        if !is_full(above) || starts_anew {
            return false;
        }
        goes_on = true;
    }
    let is_done = |(cell, first): (&Cell, &Cell)| cell.text.is_empty() && !first.text.is_empty();
    // A panel is one cell.
    goes_on && (row.len() == 1 || row.iter().zip(first).any(is_done))
}

/// Appends a record as one line.
fn push(out: &mut TextBuilder, bytes: &[u8], record: &[CellRow]) {
    let Some(first) = record.first() else { return };
    for (number, cell) in first.iter().enumerate() {
        out.push(b"| ", cell.whole.start, OriginStep::NONE);
        let mut is_whole = false;
        for cell in record.iter().filter_map(|row| row.get(number)).filter(|cell| !cell.text.is_empty()) {
            if is_whole {
                out.push(b" ", cell.text.start, OriginStep::NONE);
            }
            is_whole = cell.text.end < cell.whole.end;
            out.push(&bytes[cell.text.clone()], cell.text.start, OriginStep::ONE);
        }
        out.push(b" ", cell.text.end, OriginStep::NONE);
    }
    let end = first.last().map_or(0, |cell| cell.whole.end);
    out.push(b"|\n", end, OriginStep::NONE);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> Option<String> {
        join(&Text::plain(text.as_bytes())).map(|text| String::from_utf8_lossy(text.bytes()).into_owned())
    }

    #[test]
    fn wrapped_cells_are_joined_whatever_parts_them() {
        let said = "| env | key |\n| dev | 0123456789abcdefghij |\n| prod | short |\n";
        for (text, rule) in [
            (
                "env   key             \n----  ----------------\ndev   0123456789abcdef\n      ghij\n\nprod  short\n",
                "",
            ),
            (
                "| env  |       key        |\n|------|------------------|\n| dev  | 0123456789abcdef |\n|      | ghij             |\n| prod | short            |\n",
                "",
            ),
            (
                "│ env  │       key        │\n├──────┼──────────────────┤\n│ dev  │ 0123456789abcdef │\n│      │ ghij             │\n├──────┼──────────────────┤\n│ prod │ short            │\n",
                "",
            ),
            (
                " env  |       key        \n------+------------------\n dev  | 0123456789abcdef.\n      |.ghij             \n prod | short            \n",
                "",
            ),
        ] {
            assert_eq!(
                joined(text).map(|text| text.trim_end().to_owned() + "\n"),
                Some(said.to_owned()),
                "{text}{rule}"
            );
        }
    }

    #[test]
    fn what_a_panel_wraps_is_joined() {
        let panel = "╭────── token ──────╮\n│ Krea key          │\n│ 0123456789abcdefg │\n│ hij               │\n╰───────────────────╯\n";
        let text = joined(panel).expect("a panel");
        assert!(text.contains("| Krea key |\n| 0123456789abcdefghij |\n"), "{text}");
    }

    #[test]
    fn other_tables_stay_as_they_are() {
        for text in [
            "| env  | key              |\n|------|------------------|\n| dev  | 0123456789abcdef |\n| prod | ghij             |\n",
            "| env  | key              |\n|------|------------------|\n| dev  | 0123456789abcdef |\n|      | id:ghij          |\n",
            "| env  | key              |\n|------|------------------|\n| dev  | 0123456789abcde  |\n|      | ghij             |\n",
            "a | b\n---\n",
            "no table\n",
        ] {
            assert_eq!(joined(text), None, "{text}");
        }
    }
}
