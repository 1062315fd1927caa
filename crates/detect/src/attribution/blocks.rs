//! The blocks of lines around a value: by indentation (YAML, Python), by `[section]`, by blank lines. Takes a text and a
//! place; gives each block with its range, its name and its members, innermost first.

use super::assignment::is_name_byte;
use super::lines::{REACH, line_range};
use super::object_members::{self, Member};
use super::scope::{EnclosingScope, ScopeKind};
use super::text_index::TextIndex;
use crate::boundary;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How many lines of a block are followed, each way.
const MAX_LINES: usize = 120;
/// How many blocks are followed outwards.
const MAX_BLOCKS: usize = 8;
/// How many lines a paragraph has at the most, each way.
const PARAGRAPH_LINES: usize = 30;
/// How many words of the line that opens a block are its name.
const NAME_WORDS: usize = 6;

/// A `[section]` of TOML, INI and their kin.
static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m-u)^[ \t]*\[{1,2}([^\]\n]{1,80})\]{1,2}[ \t]*(?:[#;].*)?\r?$")
        .expect("a constant pattern")
});

/// The line that opens a block of values, which another block describes.
static HOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i-u)^\s*(?:string|binary)?data:\s*$").expect("a constant pattern"));

/// A line and how far it is indented.
struct IndentedLine {
    range: Range<usize>,
    /// Where its first mark stands, a list item's dash included.
    column: usize,
    /// Where its content starts: behind the dash of a list item.
    content: usize,
}

impl IndentedLine {
    fn of(text: &[u8], range: Range<usize>) -> Self {
        let line = &text[range.clone()];
        // The mark of a patch stands for a space.
        let above = &text[range.start.saturating_sub(REACH)..range.start];
        let mark = usize::from(matches!(line, [b'+' | b'-', b' ', ..]) && boundary::is_patch(above));
        let column = mark + line[mark..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let dash = if line[column..].starts_with(b"- ") { 2 } else { 0 };
        IndentedLine { range, column, content: column + dash }
    }

    fn is_item(&self) -> bool {
        self.content > self.column
    }

    /// Whether nothing is on it, or what parts the documents of a stream of YAML.
    fn is_blank(&self, text: &[u8]) -> bool {
        matches!(text[self.range.clone()].trim_ascii(), [] | b"---")
    }
}

/// The lines from `at` upwards, or downwards, as far as blocks are followed.
fn lines(text: &[u8], from: Range<usize>, upwards: bool) -> impl Iterator<Item = IndentedLine> + '_ {
    let origin = from.start;
    let next = move |last: &Range<usize>| {
        let at = match upwards {
            true => last.start.checked_sub(1)?,
            false => Some(last.end + 1).filter(|&at| at < text.len())?,
        };
        (origin.abs_diff(at) <= REACH).then(|| line_range(text, at))
    };
    std::iter::successors(next(&from), move |last| next(last))
        .take(MAX_LINES)
        .map(|range| IndentedLine::of(text, range))
}

/// The indented blocks around `at`, innermost first.
pub fn indented(text: &[u8], at: usize, index: &TextIndex) -> Vec<EnclosingScope> {
    let mut found = Vec::new();
    let mut own = IndentedLine::of(text, line_range(text, at));
    let mut excluded: Vec<Range<usize>> = Vec::new();
    for _ in 0..MAX_BLOCKS {
        let depth = own.content;
        // The first line of the block, and the line that opens it.
        let (mut first, mut opener) = (own.range.clone(), None);
        let mut item = own.is_item().then_some(own.column);
        if item.is_none() {
            for line in lines(text, own.range.clone(), true).filter(|line| !line.is_blank(text)) {
                if line.content < depth {
                    opener = Some(line);
                    break;
                }
                first = line.range.clone();
                if line.is_item() && line.content == depth {
                    item = Some(line.column);
                    break;
                }
            }
        }
        let mut end = own.range.end;
        for line in lines(text, own.range.clone(), false).filter(|line| !line.is_blank(text)) {
            if line.column < depth {
                break;
            }
            end = line.range.end;
        }
        if depth == 0 && item.is_none() {
            break;
        }
        let range = first.start..end;
        if let Some(dash) = item {
            // The other items of the list are neighbours: what they say is theirs.
            let before = lines(text, first.clone(), true).find(|line| {
                !line.is_blank(text) && (line.content < dash || (line.content == dash && !line.is_item()))
            });
            let behind = lines(text, range.clone(), false)
                .take_while(|line| line.is_blank(text) || line.column >= dash)
                .last()
                .map_or(end, |line| line.range.end);
            let list_start = before.as_ref().map_or(first.start.saturating_sub(REACH), |line| line.range.end);
            excluded.push(list_start.min(first.start)..first.start);
            excluded.push(end..behind.max(end));
            opener = before;
        }
        let names = opener.as_ref().map(|line| opener_names(text, line)).unwrap_or_default();
        let members = block_members(text, &range, depth, at, index);
        found.push(EnclosingScope {
            range,
            kind: ScopeKind::Block,
            names,
            members,
            excluded: excluded.clone(),
        });
        match opener {
            Some(line) => own = line,
            None => break,
        }
    }
    found
}

/// The lines of a block, at its own depth, that are members.
fn block_members(
    text: &[u8],
    range: &Range<usize>,
    depth: usize,
    at: usize,
    index: &TextIndex,
) -> Vec<Member> {
    let first = line_range(text, range.start);
    let rest = lines(text, first.clone(), false).take_while(|line| line.range.start <= range.end);
    std::iter::once(IndentedLine::of(text, first.clone()))
        .chain(rest)
        .filter(|line| line.content == depth && !(line.range.start..=line.range.end).contains(&at))
        .filter_map(|line| index.line(text, &line.range))
        .collect()
}

/// The members of the block that describes the one around `at`, which holds data: `metadata:` beside `stringData:`.
pub fn described(text: &[u8], at: usize) -> Vec<Member> {
    let own = IndentedLine::of(text, line_range(text, at));
    let holder =
        lines(text, own.range.clone(), true).find(|line| !line.is_blank(text) && line.content < own.content);
    let Some(holder) = holder.filter(|holder| HOLDER.is_match(&text[holder.range.clone()])) else {
        return Vec::new();
    };
    let is_same = |line: &IndentedLine| {
        !text[line.range.clone()].starts_with(b"---") && (line.is_blank(text) || line.column >= holder.column)
    };
    let above = lines(text, holder.range.clone(), true).take_while(is_same);
    let below = lines(text, holder.range.clone(), false).take_while(is_same);
    let describes = |line: &IndentedLine| {
        line.column == holder.column && object_members::describes(&text[line.range.clone()])
    };
    let Some(head) = above.chain(below).find(describes) else { return Vec::new() };
    if let Some(open) = memchr::memchr(b'{', &text[head.range.clone()]) {
        return object_members::between_brackets(text, &(head.range.start + open + 1..head.range.end), at).0;
    }
    let inside = lines(text, head.range.clone(), false).take_while(|line| line.column > head.column);
    let mut inside = inside.peekable();
    let Some(depth) = inside.peek().map(|line| line.column) else { return Vec::new() };
    inside
        .filter(|line| line.column == depth)
        .filter_map(|line| object_members::line(text, &line.range))
        .collect()
}

/// What the line that opens a block calls it. A part of a path names a place, not a block; and a line that says where a
/// request goes is a call, which speaks with its host before its name.
fn opener_names(text: &[u8], line: &IndentedLine) -> Vec<String> {
    let line = text[line.range.clone()].trim_ascii();
    let is_comment = line.starts_with(b"#") || line.starts_with(b"//");
    let opens =
        matches!(line.last(), Some(b':' | b'{' | b'(' | b'[' | b'>' | b'|' | b'=' | b'-' | b'"' | b'o'));
    let is_request = memchr::memmem::find(line, b"://").is_some();
    if is_comment || !opens || is_request {
        return Vec::new();
    }
    let words = line.split(|&b| !is_name_byte(b) && b != b'/');
    let names = words.filter(|word| !word.is_empty() && !word.contains(&b'/'));
    names.take(NAME_WORDS).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The section that `at` stands in.
pub fn section(text: &[u8], at: usize, index: &TextIndex) -> Option<EnclosingScope> {
    let floor = at.saturating_sub(REACH);
    let head = SECTION.captures_iter(&text[floor..at]).last()?;
    let name = String::from_utf8_lossy(head.get(1)?.as_bytes()).into_owned();
    let start = floor + head.get(0)?.end();
    let ceiling = (at + REACH).min(text.len());
    let end = SECTION.find(&text[at..ceiling]).map_or(ceiling, |next| at + next.start());
    let range = start..end;
    let members = flat_members(text, lines_of(text, &range), at, index);
    Some(EnclosingScope { range, kind: ScopeKind::Section, names: vec![name], members, excluded: Vec::new() })
}

/// The lines around `at` up to the next blank ones, or those that only open or close something.
pub fn paragraph(text: &[u8], at: usize, index: &TextIndex) -> EnclosingScope {
    let own = line_range(text, at);
    let is_bracket = |b: &u8| matches!(b, b'{' | b'}' | b'[' | b']' | b'(' | b')' | b',' | b';');
    let is_text = |line: &IndentedLine| {
        !text[line.range.clone()].trim_ascii().iter().all(is_bracket) && !line.is_blank(text)
    };
    let above = lines(text, own.clone(), true).take_while(is_text).take(PARAGRAPH_LINES).last();
    let below = lines(text, own.clone(), false).take_while(is_text).take(PARAGRAPH_LINES).last();
    let range =
        above.map_or(own.start, |line| line.range.start)..below.map_or(own.end, |line| line.range.end);
    let members = flat_members(text, lines_of(text, &range), at, index);
    EnclosingScope { range, kind: ScopeKind::Paragraph, names: Vec::new(), members, excluded: Vec::new() }
}

fn lines_of(text: &[u8], range: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end && found.len() < 2 * MAX_LINES {
        let line = line_range(text, at);
        at = line.end + 1;
        found.push(line);
    }
    found
}

fn flat_members(text: &[u8], lines: Vec<Range<usize>>, at: usize, index: &TextIndex) -> Vec<Member> {
    let own = IndentedLine::of(text, line_range(text, at)).content;
    let others = lines.into_iter().filter(|line| !(line.start..=line.end).contains(&at));
    let as_deep = others.filter(|line| IndentedLine::of(text, line.clone()).content == own);
    as_deep.filter_map(|line| index.line(text, &line)).collect()
}
