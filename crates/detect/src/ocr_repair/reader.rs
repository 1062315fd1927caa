//! Reads a text character by character, over what pictures and typesetters put between two characters of a token.
//!
//! Takes bytes and a place; gives characters, and how much of a [`NoiseGap`] lies before the next one: space, broken lines with
//! their margins, the head of a subtitle. Bytes that are no UTF-8 are characters that stand for nothing.

use super::glyphs;

/// More space in a row than this, in characters, parts two columns.
const MAX_SPACES: usize = 3;
/// How much space a margin may have.
const MARGIN: usize = 200;
/// How many empty cells of a table a line may start with.
const MAX_EMPTY_CELLS: usize = 4;

/// What lies between two characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoiseGap {
    /// Spaces within a line.
    pub spaces: usize,
    /// Line breaks, each with the margins at both sides of it.
    pub lines: usize,
    /// Characters that take no place.
    pub nothing: usize,
}

impl NoiseGap {
    pub fn is_empty(self) -> bool {
        self == NoiseGap::default()
    }

    /// Whether space or a line break does.
    pub fn is_wide(self) -> bool {
        self.spaces + self.lines > 0
    }

    pub fn add(&mut self, other: NoiseGap) {
        self.spaces += other.spaces;
        self.lines += other.lines;
        self.nothing += other.nothing;
    }
}

/// A place in a text.
#[derive(Clone, Copy, Debug)]
pub struct NoiseReader<'t> {
    text: &'t [u8],
    /// The place, in bytes.
    pub at: usize,
}

impl<'t> NoiseReader<'t> {
    /// A place in a text.
    pub fn new(text: &'t [u8], at: usize) -> Self {
        NoiseReader { text, at }
    }

    #[inline]
    pub fn peek(&self) -> Option<char> {
        char_at(self.text, self.at).map(|(c, _)| c)
    }

    #[inline]
    pub fn next(&mut self) -> Option<char> {
        let (c, length) = char_at(self.text, self.at)?;
        self.at += length;
        Some(c)
    }

    /// Takes what lies before the next character, at most one broken line.
    pub fn gap(&mut self) -> NoiseGap {
        let mut gap = NoiseGap::default();
        while let Some((c, length)) = char_at(self.text, self.at) {
            if let Some(next) = (gap.lines == 0).then(|| line_break(self.text, self.at)).flatten() {
                gap.lines += 1;
                self.at = next;
            } else if glyphs::is_nothing(c) {
                gap.nothing += 1;
                self.at += length;
            } else if glyphs::is_space(c) && gap.spaces < MAX_SPACES {
                gap.spaces += 1;
                self.at += length;
            } else {
                break;
            }
        }
        gap
    }
}

/// The character at a place, and its length in bytes.
#[inline]
pub fn char_at(text: &[u8], at: usize) -> Option<(char, usize)> {
    let first = *text.get(at)?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    let chunk = text[at..text.len().min(at + 4)].utf8_chunks().next()?;
    let c = chunk.valid().chars().next();
    Some(c.map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8())))
}

/// Where the next line's text starts, if the line ends here: what stands in the margins is left out, and so is an empty
/// line, or the head of the next subtitle.
fn line_break(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + space(text, at);
    if let Some((c, length)) = char_at(text, end)
        && glyphs::is_margin(c)
    {
        end += length;
        end += space(text, end);
    }
    let mut next = newline(text, end)?;
    let mut is_empty = false;
    if let Some(after) = newline(text, next + space(text, next)) {
        (next, is_empty) = (after, true);
    }
    if let Some(after) = cue_head(text, next) {
        next = after;
    } else if is_empty && newline(text, next + space(text, next)).is_some() {
        // Two empty lines part what belongs to nothing else.
        return None;
    }
    Some(next + margin(text, next))
}

/// What stands before a line's text: indentation, a frame, empty cells, a mark of quoting or of a comment, a line number
/// before a frame.
fn margin(text: &[u8], at: usize) -> usize {
    let mut end = at + space(text, at);
    for _ in 0..MAX_EMPTY_CELLS {
        let number = text[end..].iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        let mark = end + number + if number > 0 { space(text, end + number) } else { 0 };
        let length = match char_at(text, mark) {
            Some((c, length)) if glyphs::is_margin(c) => length,
            Some(('/', _)) if text[mark..].starts_with(b"// ") => 2,
            _ => break,
        };
        match space(text, mark + length) {
            0 => break,
            more => end = mark + length + more,
        }
    }
    end - at
}

/// Where the text of a subtitle starts whose head is here: `14`, `00:01:12.000 --> 00:01:14.000`.
fn cue_head(text: &[u8], at: usize) -> Option<usize> {
    let line = |at: usize| {
        let rest = &text[at..text.len().min(at + 200)];
        memchr::memchr(b'\n', rest).map(|end| (&rest[..end], at + end + 1))
    };
    let is_time =
        |line: &[u8]| memchr::memmem::find(line, b"-->").is_some() && line.iter().any(u8::is_ascii_digit);
    let (first, next) = line(at)?;
    if is_time(first) {
        return Some(next);
    }
    let (second, next) = line(next)?;
    (first.len() < 40 && is_time(second)).then_some(next)
}

/// How many bytes of space there are.
fn space(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some((c, length)) = char_at(text, end)
        && (glyphs::is_space(c) || glyphs::is_nothing(c))
        && end - at < MARGIN
    {
        end += length;
    }
    end - at
}

/// Where the next line starts, if a line ends at this very place.
fn newline(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..)? {
        [b'\r', b'\n', ..] => Some(at + 2),
        [b'\n' | b'\r', ..] => Some(at + 1),
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => Some(at + 3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(text: &str) -> (NoiseGap, usize) {
        let mut reader = NoiseReader::new(text.as_bytes(), 0);
        (reader.gap(), reader.at)
    }

    #[test]
    fn a_gap_leads_over_margins_and_heads_of_subtitles() {
        for text in [
            "\nx",
            "\r\n    x",
            "  │\n  │ x",
            " |\n | x",
            "\n> x",
            "\n# x",
            "\n// x",
            "\n\nx",
            "\n 12 │ x",
            "\n\n14\n00:01:12.000 --> 00:01:14.000\nx",
            "\r\n\r\n00:12.000 --> 00:14.000 align:start\r\nx",
        ] {
            let (gap, at) = gap(text);
            assert_eq!(gap.lines, 1, "{text:?}");
            assert_eq!(&text[at..], "x", "{text:?}");
        }
    }

    #[test]
    fn what_is_far_away_stays_there() {
        assert_eq!(gap("      x").0.spaces, MAX_SPACES);
        assert_eq!(gap("\n\n\nx").0.lines, 0);
        assert_eq!(gap("\u{ad}\u{200b} x"), (NoiseGap { spaces: 1, lines: 0, nothing: 2 }, 6));
    }
}
