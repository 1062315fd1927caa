//! Cells and definitions in HTML.

use super::super::object_members::{self, Member};
use super::cell::{MAX_LINE_BYTES, TableCell, header, headless, holds_only, member};
use crate::names::{self, NameKind};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far back the table of a cell in HTML may start, in bytes.
const HTML_REACH: usize = 32 << 10;
/// How far before a definition its term may start, in bytes.
const MAX_DEFINITION_BYTES: usize = 800;
/// Marks of rows and cells in HTML.
static HTML_ROW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i-u)<tr\b").expect("a constant pattern"));
static HTML_CELL: LazyLock<Regex> = LazyLock::new(|| {
    // Inline marks may stand around what a cell holds.
    Regex::new(r"(?i-u)<t[dh]\b[^>]{0,200}>(?:\s*<[a-su-z][^<>]{0,200}>)*([^<]{0,400})")
        .expect("a constant pattern")
});
/// A term with its definition in HTML, which inline marks may stand around.
static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?is-u)<dt\b[^>]{0,200}>(?:\s*<[a-z][^<>]{0,200}>)*([^<]{1,200})(?:</[a-z]+>\s*)*\s*<dd\b[^>]{0,200}>\s*(?:<[a-z][^<>]{0,200}>\s*)*$")
        .expect("a constant pattern")
});

/// A cell of a table in HTML.
pub fn html(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
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
pub fn definition(text: &[u8], span: &Range<usize>) -> Option<TableCell> {
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
