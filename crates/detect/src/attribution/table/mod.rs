//! Values in columns: what stands at the head of a value's column, and in the other cells of its row. Takes a text and a
//! value's place. Reads delimited lines (CSV, TSV, Markdown, psql), the columns of an `INSERT`, lists on both sides of an
//! assignment, and rows whose cells stand on lines of their own (AsciiDoc).

mod cell;
mod delimited;
mod html;
mod lists;

use super::text_index::TextIndex;
pub use cell::TableCell;
pub use delimited::LastHeader;
use std::ops::Range;

/// The cell that holds nothing but the value at `span`.
pub fn cell(text: &[u8], span: &Range<usize>, last: &LastHeader, index: &TextIndex) -> Option<TableCell> {
    lists::statement_columns(text, span, index)
        .or_else(|| delimited::delimited(text, span, last))
        .or_else(|| delimited::aligned(text, span))
        .or_else(|| html::html(text, span))
        .or_else(|| html::definition(text, span))
        .or_else(|| delimited::cells_on_lines(text, span))
        .or_else(|| lists::records(text, span, index))
        .or_else(|| delimited::numbered(text, span))
}
