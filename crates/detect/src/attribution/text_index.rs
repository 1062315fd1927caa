//! What is asked of a text again for each value in it, and answered once: where its brackets are, and which of its lines are
//! members. The lines around a value are those around the next one.

use super::lines::REACH;
use super::object_members::{self, Member};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

/// So many lines are remembered. They are those around a few values, which follow each other.
const MAX_LINES: usize = 4096;

/// What is known of a text.
#[derive(Debug, Default)]
pub struct TextIndex {
    brackets: OnceCell<Vec<u32>>,
    lines: RefCell<HashMap<Range<usize>, Option<Member>>>,
    /// What was found out of values, by where they start.
    values: RefCell<HashMap<usize, bool>>,
}

impl TextIndex {
    /// The member that a line of the text is, as [`object_members::line`].
    pub fn line(&self, text: &[u8], range: &Range<usize>) -> Option<Member> {
        let mut lines = self.lines.borrow_mut();
        if lines.len() >= MAX_LINES {
            lines.clear();
        }
        lines.entry(range.clone()).or_insert_with(|| object_members::line(text, range)).clone()
    }

    /// What `find_out` says of the value that starts at a place.
    pub fn of_value(&self, at: usize, find_out: impl FnOnce() -> bool) -> bool {
        let known = self.values.borrow().get(&at).copied();
        known.unwrap_or_else(|| {
            let found = find_out();
            self.values.borrow_mut().insert(at, found);
            found
        })
    }

    /// The ranges of the brackets around `at`, innermost first, `most` of them, cut at what is followed.
    pub fn bracket_ranges(&self, text: &[u8], at: usize, most: usize) -> Vec<(u8, Range<usize>)> {
        let places = self.brackets.get_or_init(|| brackets_in(text));
        let from = |at: usize| places.partition_point(|&place| (place as usize) < at);
        let floor = from(at.saturating_sub(REACH));
        let ceiling = (at + REACH).min(text.len());
        let mut behind = from(at);
        let mut found = Vec::new();
        let (mut depth, mut end_depth, mut end) = (0usize, 0usize, at);
        for open in places[floor..behind].iter().rev().map(|&place| place as usize) {
            match text[open] {
                b')' | b']' | b'}' => depth += 1,
                _ if depth > 0 => depth -= 1,
                _ => {
                    // The matching close of this scope lies behind that of the scope inside.
                    while end < ceiling {
                        let next = places.get(behind).map(|&place| place as usize);
                        let Some(next) = next.filter(|&next| next < ceiling) else {
                            end = ceiling;
                            break;
                        };
                        behind += 1;
                        end = next + 1;
                        match text[next] {
                            b'(' | b'[' | b'{' => end_depth += 1,
                            _ if end_depth > 0 => end_depth -= 1,
                            _ => break,
                        }
                    }
                    let close = end - usize::from(end > at && matches!(text[end - 1], b')' | b']' | b'}'));
                    found.push((text[open], open + 1..close.max(at)));
                    if found.len() == most {
                        break;
                    }
                }
            }
        }
        found
    }
}

/// Where brackets are. A text of which nothing is looked at but a window has none behind 4 GB.
fn brackets_in(text: &[u8]) -> Vec<u32> {
    let is_bracket = |b: u8| matches!(b, b'(' | b'[' | b'{' | b')' | b']' | b'}');
    let places = text.iter().enumerate().filter(|&(_, &b)| is_bracket(b));
    places.map_while(|(at, _)| u32::try_from(at).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_told_from_the_innermost_outwards() {
        let text = b"f(a, [b, {c: 1}, @], (d)) g(e)";
        let at = text.iter().position(|&b| b == b'@').unwrap_or_default();
        let told = |most| TextIndex::default().bracket_ranges(text, at, most);
        assert_eq!(told(8), [(b'[', 6..18), (b'(', 2..24)]);
        assert_eq!(told(1), [(b'[', 6..18)]);
        let open = TextIndex::default().bracket_ranges(b"{ [ @ ", 4, 8);
        assert_eq!(open, [(b'[', 3..6), (b'{', 1..6)]);
    }

    #[test]
    fn a_line_is_the_same_member_each_time() {
        let (text, index) = (b"a: 1\nnothing\n", TextIndex::default());
        for _ in 0..2 {
            assert_eq!(index.line(text, &(0..4)), object_members::line(text, &(0..4)));
            assert_eq!(index.line(text, &(5..12)), None);
        }
        assert!(index.line(text, &(0..4)).is_some());
    }
}
