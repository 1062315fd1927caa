//! Cells of tables: CSV and its dialects with semicolons and tabs, as spreadsheets and trackers export them (RFC 4180).
//!
//! The first row names the columns, and rows are counted from it, as a spreadsheet does.

use super::PartFormat;
use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;
use std::collections::HashMap;

/// Tables, told by their names.
pub const FORMAT: PartFormat = PartFormat { endings: &[".csv", ".tsv", ".tab"], is: |_| true, name };

/// The columns that say what a row is about, in lower case, the most telling first.
const KEYS: [&str; 9] =
    ["issue key", "key", "identifier", "task id", "issue id", "number", "iid", "id", "summary"];
/// More columns have no names.
const MAX_COLUMNS: usize = 4096;
/// So many bytes of a field are looked at for a name.
const MAX_NAME_BYTES: usize = 256;

#[derive(Default)]
struct FirstRow {
    columns: Vec<String>,
    /// The column that says what a row is about.
    key: Option<usize>,
}

fn name(_: &str, bytes: &[u8], offsets: &[usize]) -> Vec<Vec<Layer>> {
    let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut table = PartTable::new(bytes, start);
    let (mut names, mut header) = (Vec::with_capacity(offsets.len()), None);
    while names.len() < offsets.len() {
        let Some(row) =
            table.row(&offsets[names.len()..], header.as_ref().and_then(|header: &FirstRow| header.key))
        else {
            break;
        };
        for &column in &row.found {
            let column = match &header {
                Some(header) => header.name(column),
                None => format!("column {}", column + 1),
            };
            let key = row.key.as_deref().map(|key| format!(" ({key})")).unwrap_or_default();
            names.push(vec![Layer::named(LayerKind::Cell, &format!("row {}, {column}{key}", row.number))]);
        }
        header.get_or_insert_with(|| FirstRow::new(row.first));
    }
    names.resize(offsets.len(), Vec::new());
    names
}

impl FirstRow {
    fn new(names: Vec<String>) -> Self {
        // Trackers repeat a column for each comment.
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut numbers = Vec::with_capacity(names.len());
        for name in &names {
            let count = counts.entry(name).or_default();
            *count += 1;
            numbers.push(*count);
        }
        let key = KEYS.iter().find_map(|key| names.iter().position(|name| name.eq_ignore_ascii_case(key)));
        let numbered = |(name, number): (&String, usize)| match number {
            _ if name.is_empty() => String::new(),
            number if counts[name.as_str()] > 1 => format!("{name} {number}"),
            _ => name.clone(),
        };
        FirstRow { columns: names.iter().zip(numbers).map(numbered).collect(), key }
    }

    fn name(&self, column: usize) -> String {
        match self.columns.get(column).filter(|name| !name.is_empty()) {
            Some(name) => format!("column {name}"),
            None => format!("column {}", column + 1),
        }
    }
}

/// A row that was read.
struct TableRow {
    /// From 1.
    number: usize,
    /// The columns that places are in.
    found: Vec<usize>,
    /// What it is about.
    key: Option<String>,
    /// The fields of the first row.
    first: Vec<String>,
}

/// A table that is read row by row.
struct PartTable<'b> {
    bytes: &'b [u8],
    at: usize,
    reader: Reader,
    number: usize,
}

impl<'b> PartTable<'b> {
    fn new(bytes: &'b [u8], at: usize) -> Self {
        let delimiter = delimiter(&bytes[at..]);
        PartTable { bytes, at, reader: ReaderBuilder::new().delimiter(delimiter).build(), number: 0 }
    }

    /// Reads a row. `offsets` are those that no row had yet, `key` the column that says what it is about.
    fn row(&mut self, offsets: &[usize], key: Option<usize>) -> Option<TableRow> {
        self.number += 1;
        let mut row = TableRow { number: self.number, found: Vec::new(), key: None, first: Vec::new() };
        let (mut column, mut field, mut buffer) = (0, Vec::new(), [0; 1024]);
        loop {
            let (result, read, written) = self.reader.read_field(&self.bytes[self.at..], &mut buffer);
            self.at += read;
            let room = MAX_NAME_BYTES - field.len();
            field.extend_from_slice(&buffer[..written.min(room)]);
            while offsets.get(row.found.len()).is_some_and(|&offset| offset < self.at) {
                row.found.push(column);
            }
            match result {
                ReadFieldResult::Field { record_end } => {
                    let text = || one_line(&String::from_utf8_lossy(&field));
                    if self.number == 1 && column < MAX_COLUMNS {
                        row.first.push(text());
                    }
                    if key == Some(column) {
                        row.key = Some(text()).filter(|key| !key.is_empty());
                    }
                    column += 1;
                    field.clear();
                    if record_end {
                        return Some(row);
                    }
                }
                // Called once more with nothing, it gives what it holds.
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                ReadFieldResult::End => return None,
            }
        }
    }
}

/// What parts the fields of the first line: what it has most of, outside quotes.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for &byte in bytes.iter().take(64 << 10) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            byte if !is_quoted => {
                counts.iter_mut().filter(|(of, _)| *of == byte).for_each(|(_, count)| *count += 1);
            }
            _ => {}
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |&(of, _)| of)
}

#[cfg(test)]
mod tests {
    use crate::parts;

    /// The names of the cells that hold `HERE`.
    fn names(text: &str) -> Vec<String> {
        let offsets: Vec<usize> = memchr::memmem::find_iter(text.as_bytes(), b"HERE").collect();
        let ways = parts::name("any.csv", text.as_bytes(), &offsets);
        ways.into_iter().map(|way| way.into_iter().map(|layer| layer.name).collect()).collect()
    }

    #[test]
    fn cells_are_told_by_row_and_column() {
        let text = "Summary,Issue key,Description,Comment,Comment\n\
            a,KREA-1,\"two\nlines, HERE \"\"\",x,y\n\
            b,KREA-2,,x,\"HERE\nHERE\"\n,,HERE";
        assert_eq!(
            names(text),
            [
                "row 2, column Description (KREA-1)",
                "row 3, column Comment 2 (KREA-2)",
                "row 3, column Comment 2 (KREA-2)",
                "row 4, column Description"
            ]
        );
        assert_eq!(names("\u{feff}Name;Key\r\nAnn;HERE\r\n"), ["row 2, column Key (HERE)"]);
        assert_eq!(names("Name\tValue\nAnn\tHERE\n"), ["row 2, column Value"]);
        assert_eq!(names("HERE,b\nc,HERE,HERE\n"), ["row 1, column 1", "row 2, column b", "row 2, column 3"]);
    }

    #[test]
    fn broken_tables_are_read_as_far_as_they_go() {
        assert_eq!(names("a,b\n\"HERE"), ["row 2, column a"]);
        assert_eq!(names("HERE"), ["row 1, column 1"]);
        let long = format!("a,b\n{},HERE\n", "x".repeat(1 << 20));
        assert_eq!(names(&long), ["row 2, column b"]);
    }
}
