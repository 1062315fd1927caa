//! Lines of a text, and how far one looks along them.

use std::ops::Range;

/// How far lines and blocks are followed, in bytes, each way.
pub(super) const REACH: usize = 4096;
/// How far above a value a heading is looked for, in lines.
pub(super) const HEADING_LINES: usize = 30;

/// The line that holds `at`, without its end.
pub fn line_range(text: &[u8], at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let floor = at.saturating_sub(REACH);
    let start = memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |i| floor + i + 1);
    let ceiling = (at + REACH).min(text.len());
    let end = memchr::memchr(b'\n', &text[at..ceiling]).map_or(ceiling, |i| at + i);
    start..end
}
