//! Runs that are wrapped over lines, as tools for mail, keys and dumps write them, also where a patch adds or removes them.

use super::maximal;
use std::ops::Range;

/// The shortest line of a run that goes on in the next line.
const SHORTEST_LINE: usize = 40;

/// The margin of a line is no wider, in bytes.
const MARGIN: usize = 80;
/// A line before a run's first character is looked back over no further, in bytes.
const MAX_HEAD_BYTES: usize = 400;

/// Whether a character can stand in a run.
pub type IsRunByte = fn(u8) -> bool;

/// The lines that one run stands on.
#[derive(Debug)]
pub struct RunLines {
    lines: Vec<Range<usize>>,
    /// How many characters stand on the lines before each.
    before: Vec<usize>,
}

impl RunLines {
    /// The runs in some bytes, whose characters are each a `member`, of at least so many.
    pub fn all(bytes: &[u8], least: usize, member: IsRunByte) -> impl Iterator<Item = RunLines> + '_ {
        let mut done = 0;
        maximal(bytes, least, member).filter_map(move |first| {
            let lines = (first.start >= done).then(|| RunLines::from(bytes, first, member))?;
            done = lines.range().end;
            Some(lines)
        })
    }

    /// The run that starts on a line. It goes on where a line ends that is long, and the next one is of members throughout.
    pub fn from(bytes: &[u8], first: Range<usize>, member: IsRunByte) -> RunLines {
        let mark = mark(bytes, &first);
        // The mark is a letter of base64 as well; the first line would begin with it.
        let is_glued = mark.is_some() && bytes[..first.start].last().is_none_or(|&b| b == b'\n');
        let begins = Range { start: first.start + usize::from(is_glued), end: first.end };
        let mut lines = vec![begins];
        while let Some(line) = lines.last().filter(|line| line.len() >= SHORTEST_LINE) {
            let rest = &bytes[line.end..];
            let Some(after) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) else { break };
            let after = match mark {
                Some(mark) => match after.strip_prefix(&[mark]) {
                    Some(after) => after,
                    None => break,
                },
                None => after,
            };
            let indent = after.iter().take(80).take_while(|b| matches!(b, b' ' | b'\t')).count();
            let start = bytes.len() - after.len() + indent;
            let length = bytes[start..].iter().take_while(|&&b| member(b)).count();
            let behind = bytes.get(start + length);
            let ends = behind.is_none_or(|b| b.is_ascii_whitespace() || b"=\"'`<\\),;".contains(b));
            // All lines but the first, which may be glued to something, are as long as the one before or end the run.
            if length == 0 || !ends || (lines.len() > 1 && length > line.len()) {
                break;
            }
            lines.push(start..start + length);
        }
        let before =
            lines.iter().scan(0, |before, line| Some(std::mem::replace(before, *before + line.len())));
        RunLines { before: before.collect(), lines }
    }

    /// The lines from their marks on: all that is needed to read them once more.
    pub fn with_marks(&self, bytes: &[u8]) -> Range<usize> {
        let range = self.range();
        let before = &bytes[..range.start];
        let start = memchr::memrchr(b'\n', &before[before.len().saturating_sub(MARGIN)..])
            .map_or(range.start, |at| before.len().saturating_sub(MARGIN) + at + 1);
        let is_margin = bytes[start..range.start].iter().all(|b| matches!(b, b'+' | b'-' | b' ' | b'\t'));
        (if is_margin { start } else { range.start })..range.end
    }

    /// From the first character to behind the last.
    pub fn range(&self) -> Range<usize> {
        let (first, last) = (self.lines.first(), self.lines.last());
        first.map_or(0, |line| line.start)..last.map_or(0, |line| line.end)
    }

    pub fn is_one(&self) -> bool {
        self.lines.len() == 1
    }

    /// Its characters, without what stands between the lines.
    pub fn joined(&self, bytes: &[u8]) -> Vec<u8> {
        self.lines.iter().flat_map(|line| &bytes[line.clone()]).copied().collect()
    }

    /// Where one of its characters stands; its length is the place behind the last.
    pub fn place(&self, at: usize) -> usize {
        let line = self.before.partition_point(|&before| before <= at).saturating_sub(1);
        self.lines[line].start + at - self.before[line]
    }
}

/// The mark of a patch that the line of a run starts with, as the next one does: both were added, or both removed. Two lines of
/// one run that start with the same mark by chance are rare, and are read in parts.
fn mark(bytes: &[u8], run: &Range<usize>) -> Option<u8> {
    let floor = run.start.saturating_sub(MAX_HEAD_BYTES);
    let start = match memchr::memrchr(b'\n', &bytes[floor..run.start]) {
        Some(at) => floor + at + 1,
        None if floor == 0 => 0,
        None => return None,
    };
    let mark = bytes.get(start).copied().filter(|b| matches!(b, b'+' | b'-'))?;
    let next = bytes[run.end..].strip_prefix(b"\r\n").or_else(|| bytes[run.end..].strip_prefix(b"\n"))?;
    let is_marked = next.first() == Some(&mark) && next.get(1).is_some_and(|&b| b != mark);
    is_marked.then_some(mark)
}
