//! Tables and sheets: rows as lines, with the cells beside each other.

use super::{LineMaker, OpenLine, part};
use crate::container::document::office::xml::XmlTag;
use crate::container::segments::TextSegment;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;

/// Where in a table or a sheet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TablePlace {
    number: u64,
    row: u64,
    column: u64,
    /// How many rows and columns what is there stands for.
    rows: u64,
    columns: u64,
}

impl LineMaker<'_> {
    /// A table or a sheet begins.
    pub(super) fn table(&mut self, tag: &XmlTag<'_>) {
        self.table_count += 1;
        if self.in_sheets && self.tables.is_empty() {
            let name = one_line(&tag.attribute("name").unwrap_or_default());
            self.begin_section(LayerKind::Sheet, &format!("sheet {name}"));
            self.first = format!("{name}\n").into_bytes();
        }
        self.tables.push(TablePlace {
            number: self.table_count,
            rows: 1,
            columns: 1,
            ..TablePlace::default()
        });
    }

    /// A row begins.
    pub(super) fn row(&mut self, tag: &XmlTag<'_>) {
        let repeated = repeated(tag, "number-rows-repeated");
        if let Some(table) = self.tables.last_mut() {
            (table.row, table.rows) = (table.row.saturating_add(table.rows), repeated);
            (table.column, table.columns) = (0, 1);
        }
        if !self.in_sheets {
            let table = self.tables.last().copied().unwrap_or_default();
            let name = format!("row {} of table {}", table.row, table.number);
            let part = self.is_numbered.then(|| part(LayerKind::Row, &name));
            self.lines.push(OpenLine { is_row: true, part, ..OpenLine::default() });
        }
    }

    pub(super) fn end_row(&mut self) {
        if !self.in_sheets {
            self.shut();
        } else if std::mem::take(&mut self.is_row_said) {
            self.ready.push_back(TextSegment { text: b"\n".to_vec(), part: None });
        }
    }

    /// A cell begins.
    pub(super) fn cell(&mut self, tag: &XmlTag<'_>) {
        let repeated = repeated(tag, "number-columns-repeated");
        let Some(table) = self.tables.last_mut() else { return };
        table.column = table.column.saturating_add(table.columns);
        table.columns = repeated;
        if self.in_sheets {
            let name = format!("cell {}{}", column(table.column), table.row);
            self.lines.push(OpenLine {
                is_row: true,
                part: Some(part(LayerKind::Cell, &name)),
                ..OpenLine::default()
            });
        } else if let Some(line) = self.lines.last_mut() {
            line.cell = line.text.len();
        }
    }

    pub(super) fn end_cell(&mut self) {
        if self.in_sheets {
            let Some(line) = self.lines.pop() else { return };
            self.held = self.held.saturating_sub(line.text.len());
            self.is_row_said |= !line.text.is_empty();
            self.give(line.text, line.part, b"\t");
        } else {
            self.add(b"\t");
            if let Some(line) = self.lines.last_mut() {
                line.cell = line.text.len();
            }
        }
    }
}

/// How often an attribute says that something stands there.
fn repeated(tag: &XmlTag<'_>, name: &str) -> u64 {
    tag.attribute(name).and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// The letters of a column, from 1.
pub fn column(mut number: u64) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.push(char::from(b'A' + (number % 26) as u8));
        number /= 26;
    }
    letters.into_iter().rev().collect()
}
