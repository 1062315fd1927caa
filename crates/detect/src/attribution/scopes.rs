//! The scopes that a value stands in: its line, the brackets, tags, blocks and sections around it. Takes a text and a place;
//! gives the scopes innermost first, each with its members and its names.

use super::assignment::is_name_byte;
use super::blocks;
use super::lines::REACH;
use super::object_members::{self, Member};
use super::scope::{EnclosingScope, ScopeKind};
use super::text_index::TextIndex;
use std::ops::Range;

/// How many enclosing brackets are followed.
const MAX_DEPTH: usize = 8;
/// A tag is no longer, in bytes.
const MAX_TAG_BYTES: usize = 600;
/// A row of plain cells is no longer, in bytes.
const MAX_ROW_BYTES: usize = 1200;

/// All scopes around `at`, smallest first.
pub fn around(text: &[u8], at: usize, index: &TextIndex) -> Vec<EnclosingScope> {
    let mut scopes = brackets(text, at, index);
    scopes.extend(tag(text, at));
    scopes.extend(elements(text, at));
    scopes.extend(blocks::indented(text, at, index));
    scopes.extend(blocks::section(text, at, index));
    scopes.push(blocks::paragraph(text, at, index));
    scopes.sort_by_key(|scope| scope.range.len());
    scopes
}

/// The name in `{"key": NAME, "value": …}`, or in the tag or the item that a value stands in.
pub fn sibling_name(scopes: &[EnclosingScope]) -> Option<String> {
    let is_small =
        |scope: &&EnclosingScope| matches!(scope.kind, ScopeKind::Object | ScopeKind::Tag | ScopeKind::Block);
    let innermost = scopes.iter().find(is_small)?;
    innermost.members.iter().find_map(Member::names_its_object)
}

/// Whether a line beside a value says that it is a credential's: `Type: API token`.
pub fn is_of_credential(scopes: &[EnclosingScope]) -> bool {
    let paragraph = scopes.iter().find(|scope| scope.kind == ScopeKind::Paragraph);
    paragraph.is_some_and(|lines| lines.members.iter().any(Member::is_of_credential))
}

fn brackets(text: &[u8], at: usize, index: &TextIndex) -> Vec<EnclosingScope> {
    let mut scopes = Vec::new();
    let mut excluded: Vec<Range<usize>> = Vec::new();
    let mut inner: Option<Range<usize>> = None;
    for (open, range) in index.bracket_ranges(text, at, MAX_DEPTH) {
        let kind = match open {
            b'{' => ScopeKind::Object,
            b'(' => ScopeKind::Call,
            _ => ScopeKind::List,
        };
        let (found, is_direct) = object_members::between_brackets(text, &range, at);
        // What stands beside the value's own item in a list, or in a row of rows, is a neighbour's.
        let is_list = kind == ScopeKind::List || (kind == ScopeKind::Call && !is_call(text, range.start));
        let members = match is_list {
            true if inner.is_some() || !is_direct || range.len() > MAX_ROW_BYTES => Vec::new(),
            _ => found,
        };
        if let Some(inner) = inner.as_ref().filter(|_| kind == ScopeKind::List) {
            excluded.push(range.start..inner.start);
            excluded.push(inner.end..range.end);
        }
        let names = names_before(text, range.start - 1);
        inner = Some(range.clone());
        scopes.push(EnclosingScope { range, kind, names, members, excluded: excluded.clone() });
    }
    scopes
}

/// Whether the bracket that ends before `start` belongs to a name: `f(`.
fn is_call(text: &[u8], start: usize) -> bool {
    text[..start - 1].last().is_some_and(|&b| is_name_byte(b))
}

/// The identifiers right before an opening bracket, nearest first: `krea: {`, `"krea" = (`, `new Krea(`, `class Krea {`; and
/// what a call's result is assigned to: `krea = Client(`.
fn names_before(text: &[u8], open: usize) -> Vec<String> {
    let Some((name, start)) = name_before(text, open) else { return Vec::new() };
    let floor = start.saturating_sub(60);
    let before = text[floor..start].trim_ascii_end();
    let before =
        before.strip_suffix(b"new").or(before.strip_suffix(b"await")).unwrap_or(before).trim_ascii_end();
    let target = before
        .strip_suffix(b"=")
        .and_then(|rest| name_before(text, floor + rest.len() + 1))
        .map(|(name, _)| name);
    std::iter::once(name).chain(target).collect()
}

fn name_before(text: &[u8], open: usize) -> Option<(String, usize)> {
    let floor = open.saturating_sub(160);
    let gap = text[floor..open].iter().rev().take_while(|&&b| !is_name_byte(b)).count();
    let end = open - gap;
    if gap > 24 || text[end..open].iter().any(|b| matches!(b, b';' | b',' | b'}' | b'{' | b'[' | b'(' | b'/'))
    {
        return None;
    }
    let start = end - text[floor..end].iter().rev().take_while(|&&b| is_name_byte(b)).count();
    (start < end).then(|| (String::from_utf8_lossy(&text[start..end]).into_owned(), start))
}

/// The markup tag that a value is an attribute of, or the first text of.
fn tag(text: &[u8], at: usize) -> Option<EnclosingScope> {
    let floor = at.saturating_sub(MAX_TAG_BYTES);
    let content = text[floor..at].trim_ascii_end();
    let end = if content.ends_with(b">") { floor + content.len() - 1 } else { at };
    let opens = text[floor..end].iter().rposition(|b| matches!(b, b'<' | b'>'));
    let start = floor + opens.filter(|&i| text[floor + i] == b'<')?;
    if !text.get(start + 1).is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let ceiling = (end + MAX_TAG_BYTES).min(text.len());
    let close = text[end..ceiling].iter().position(|b| matches!(b, b'<' | b'>'))?;
    let range = start + 1..end + close;
    let members = object_members::attributes(text, &range, at);
    Some(EnclosingScope { range, kind: ScopeKind::Tag, names: Vec::new(), members, excluded: Vec::new() })
}

/// The elements around a text in markup, innermost first: `<krea><id>…`.
fn elements(text: &[u8], at: usize) -> Vec<EnclosingScope> {
    const VOID: [&[u8]; 6] = [b"meta", b"link", b"input", b"img", b"br", b"hr"];
    let floor = at.saturating_sub(REACH);
    let mut found: Vec<EnclosingScope> = Vec::new();
    if !text[floor..at].trim_ascii_end().ends_with(b">") {
        return found;
    }
    let mut closed = 0usize;
    for start in memchr::memrchr_iter(b'<', &text[floor..at]).map(|i| floor + i) {
        let tag = &text[start + 1..at];
        if tag.starts_with(b"/") {
            closed += 1;
            continue;
        }
        let name = &tag[..tag.iter().take_while(|&&b| is_name_byte(b)).count()];
        let end = memchr::memchr(b'>', tag);
        let opens = end.is_some_and(|end| !tag[..end].ends_with(b"/")) && !VOID.contains(&name);
        if !opens || !name.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        if closed > 0 {
            closed -= 1;
            continue;
        }
        let ceiling = (at + REACH).min(text.len());
        let closing = [b"</", name].concat();
        let close = memchr::memmem::find(&text[at..ceiling], &closing).map_or(ceiling, |i| at + i);
        let range = start + 1..close;
        // The element right around the value has no children; a list of many elements is none of its own.
        let members = match found.len() {
            // Terms and their definitions are pairs of their own.
            1 if !name.eq_ignore_ascii_case(b"dl") => object_members::children(text, &range, at),
            2 if range.len() <= MAX_ROW_BYTES => object_members::pairs(text, &range, at),
            _ => Vec::new(),
        };
        let names = vec![String::from_utf8_lossy(name).into_owned()];
        found.push(EnclosingScope { range, kind: ScopeKind::Element, names, members, excluded: Vec::new() });
        if found.len() == MAX_DEPTH {
            break;
        }
    }
    found
}
