//! Whether a line ends because it was full: at the width of a terminal, or of the other full lines around it.

use std::ops::Range;

/// Widths that terminals, mails and pages have, in characters.
const USUAL: [usize; 10] = [72, 76, 78, 79, 80, 100, 120, 132, 160, 200];
/// A line less wide is not full, in characters.
const LEAST: usize = 40;
/// So many lines to both sides are looked at for one of the same width, and so many for a wider one.
const ALIKE: usize = 20;
const WIDER: usize = 2;
/// A longer line is none that was wrapped, in bytes.
const MAX_LINE_BYTES: usize = 1024;

/// Whether the line that ends at `end` was full there.
pub fn is_full(text: &[u8], end: usize) -> bool {
    let Some(line) = line_at(text, end).filter(|line| trimmed_end(text, line) == end) else { return false };
    let width = width(text, &line);
    let above = || lines_above(text, line.start);
    let below = || lines_below(text, line.end);
    let widths = |reach: usize| {
        above()
            .take(reach)
            .chain(below().take(reach))
            .map(|line| self::width(text, &line))
            .collect::<Vec<_>>()
    };
    let is_usual = USUAL.contains(&width) || widths(ALIKE).contains(&width);
    width >= LEAST && is_usual && widths(WIDER).iter().all(|&other| other <= width)
}

/// Whether the line that ends at `end` is as wide as the one above it, so that both are full.
pub fn is_full_as_the_one_above(text: &[u8], end: usize) -> bool {
    let Some(line) = line_at(text, end).filter(|line| trimmed_end(text, line) == end) else { return false };
    let width = width(text, &line);
    width >= LEAST
        && lines_above(text, line.start).next().is_some_and(|above| self::width(text, &above) == width)
}

fn line_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let floor = at.saturating_sub(MAX_LINE_BYTES);
    let start = memchr::memrchr(b'\n', &text[floor..at]).map(|newline| floor + newline + 1);
    let start = start.or_else(|| (floor == 0).then_some(0))?;
    let ceiling = text.len().min(at + MAX_LINE_BYTES);
    let end = memchr::memchr(b'\n', &text[at..ceiling]).map_or(ceiling, |newline| at + newline);
    Some(start..end)
}

fn lines_above(text: &[u8], start: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    std::iter::successors(start.checked_sub(1).and_then(|end| line_at(text, end)), move |line| {
        line.start.checked_sub(1).and_then(|end| line_at(text, end))
    })
}

fn lines_below(text: &[u8], end: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let next = move |end: usize| (end + 1 < text.len()).then(|| line_at(text, end + 1)).flatten();
    std::iter::successors(next(end), move |line| next(line.end))
}

fn trimmed_end(text: &[u8], line: &Range<usize>) -> usize {
    line.start + text[line.clone()].strip_suffix(b"\r").map_or(line.len(), <[u8]>::len)
}

fn width(text: &[u8], line: &Range<usize>) -> usize {
    String::from_utf8_lossy(&text[line.start..trimmed_end(text, line)]).chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_full_at_a_usual_width_or_beside_its_like() {
        let (usual, odd) = ("x".repeat(80), "x".repeat(63));
        for text in [format!("a\n{usual}\nb\n"), format!("{usual}\r\nb\r\n"), format!("{odd}\n{odd}\nb")] {
            let end = text.find(['\r', '\n']).filter(|&end| end > 1).unwrap_or(2 + 80);
            assert!(is_full(text.as_bytes(), end), "{text}");
        }
        for text in [format!("{odd}\nb\n"), format!("{usual}\n{usual}x\n"), "short\nshort\n".to_owned()] {
            let end = text.find('\n').expect("a line");
            assert!(!is_full(text.as_bytes(), end), "{text}");
        }
    }

    #[test]
    fn two_lines_of_one_width_are_full() {
        let line = "x".repeat(63);
        let text = format!("{line}\n{line}\n{line}y\n");
        assert!(is_full_as_the_one_above(text.as_bytes(), 127));
        assert!(!is_full_as_the_one_above(text.as_bytes(), 63));
        assert!(!is_full_as_the_one_above(text.as_bytes(), 192));
    }
}
