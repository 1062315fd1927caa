//! A line of a file as it is shown beside a finding: tokens redacted, whatever else could be a secret masked, and only then
//! cut to what fits a screen.
//!
//! Takes a stretch of a file that is longer than what is shown, since a secret may begin or end outside the line.

use super::{Cover, TextKind, covers, push};
use crate::{MASK, Token};
use encoding_rs::Encoding;
use memchr::memmem;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

/// How much of a line is shown before a token, in characters.
const BEFORE: usize = 80;
/// How much of a line is shown behind a token, in characters.
const AFTER: usize = 60;
/// How far around a token a file is looked at, in characters of one unit.
const REACH: usize = 512;

/// A stretch of a file, all of it in offsets of the file.
pub struct Stretch<'b> {
    /// The file, or a window of it.
    pub bytes: &'b [u8],
    /// Its encoding, where it is UTF-16.
    pub encoding: Option<&'static Encoding>,
    /// The line to show, without its end.
    pub line: Range<usize>,
    /// The token that it is shown for.
    pub token: Range<usize>,
    /// Whether what follows the token may belong to it.
    pub may_go_on: bool,
}

impl Stretch<'_> {
    /// The line, with each of `tokens` shown as is said there. They are in the order of their places.
    pub fn shown(&self, tokens: &[(Range<usize>, String)]) -> String {
        let unit = if self.encoding.is_some() { 2 } else { 1 };
        let start = self.token.start.saturating_sub(REACH * unit);
        let end = (self.token.end + REACH * unit).min(self.bytes.len());
        let around = self.first_character(start)..self.first_character(end).max(self.token.end);
        let line = self.line.start.max(around.start)..self.line.end.min(around.end);
        let places = [around.start, line.start, line.end, self.token.start, self.token.end, around.end];
        let places = places.into_iter().chain(tokens.iter().flat_map(|(range, _)| [range.start, range.end]));
        let view = StretchView::new(self, places.map(|at| at.clamp(around.start, around.end)).collect());
        let tokens = tokens.iter().map(|(range, shown)| (view.range(range), shown.as_str()));
        let may_go_on = (around.start > 0, around.end < self.bytes.len());
        let masked = Masked::new(&view.text, tokens, may_go_on);
        let token = view.range(&self.token);
        let end = token.end.min(view.place(line.end)).max(token.start);
        let before = masked.part(view.place(line.start).min(token.start)..token.start);
        let own = masked.part(token.start..end);
        let behind = masked.part(end..view.place(line.end).max(end));

        let after = if self.may_go_on { 0 } else { AFTER };
        let first = before.char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
        let last = behind.char_indices().nth(after).map_or(behind.len(), |(at, _)| at);
        let is_cut =
            (first > 0 || line.start > self.line.start, last < behind.len() || line.end < self.line.end);
        let (before, behind) = (&before[first..], &behind[..last]);
        // One mask is enough for what stands together.
        let before = before.strip_suffix(MASK).filter(|_| own.starts_with(MASK)).unwrap_or(before);
        let behind = behind.strip_prefix(MASK).filter(|_| own.ends_with(MASK)).unwrap_or(behind);
        let shown = [before, &own, behind].concat();
        let ellipsis = |is_cut: bool| if is_cut { "…" } else { "" };
        format!("{}{}{}", ellipsis(is_cut.0), shown.trim(), ellipsis(is_cut.1))
    }

    /// The first place from `at` on where a character starts.
    fn first_character(&self, at: usize) -> usize {
        match self.encoding {
            Some(_) => at & !1,
            None => at + self.bytes[at..].iter().take(3).take_while(|&&b| b & 0xc0 == 0x80).count(),
        }
    }

    fn decoded(&self, range: Range<usize>) -> String {
        match self.encoding {
            None => String::from_utf8_lossy(&self.bytes[range]).into_owned(),
            Some(encoding) => encoding.decode_without_bom_handling(&self.bytes[range]).0.into_owned(),
        }
    }
}

/// The lines of a text as they are shown, tokens redacted and whatever else could be a secret masked.
pub fn lines(text: &str, tokens: &[Token]) -> Vec<String> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    for token in tokens {
        let places = memmem::find_iter(text.as_bytes(), token.expose());
        let ranges = places.map(|at| at..at + token.expose().len());
        let whole =
            |range: &Range<usize>| [range.start, range.end].iter().all(|&at| text.is_char_boundary(at));
        found.extend(ranges.filter(whole).map(|range| (range, token.redacted())));
    }
    found.sort_by_key(|(range, _)| (range.start, Reverse(range.end)));
    let tokens = found.iter().map(|(range, shown)| (range.clone(), shown.as_str()));
    let masked = Masked::new(text, tokens, (false, false));
    let mut start = 0;
    let line = |line: &str| {
        let range = start..start + line.len();
        start = range.end + 1;
        masked.part(range)
    };
    text.split('\n').map(line).collect()
}

/// A stretch as text, and where places of the file are in it.
struct StretchView {
    text: String,
    /// Offsets in the file and in the text, in order.
    places: Vec<(usize, usize)>,
}

impl StretchView {
    /// Decodes what is between the first and the last of some places.
    fn new(stretch: &Stretch<'_>, places: BTreeSet<usize>) -> StretchView {
        let mut view = StretchView { text: String::new(), places: Vec::with_capacity(places.len()) };
        let mut last = None;
        for place in places {
            if let Some(last) = last.replace(place) {
                view.text.push_str(&stretch.decoded(last..place));
            }
            view.places.push((place, view.text.len()));
        }
        view
    }

    /// Where one of the places is in the text; of others, where the last one before it is.
    fn place(&self, at: usize) -> usize {
        let next = self.places.partition_point(|&(place, _)| place <= at);
        next.checked_sub(1).map_or(0, |last| self.places[last].1)
    }

    fn range(&self, range: &Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end)
    }
}

/// A text with what is shown of it, all of it in offsets of the text.
struct Masked<'t> {
    text: &'t str,
    /// In order and apart.
    tokens: Vec<(Range<usize>, &'t str)>,
    /// In order and apart.
    covers: Vec<Cover>,
}

impl<'t> Masked<'t> {
    /// `tokens` are in the order of their places. Of those that overlap, the first is shown.
    fn new(
        text: &'t str,
        tokens: impl Iterator<Item = (Range<usize>, &'t str)>,
        is_cut: (bool, bool),
    ) -> Self {
        let mut apart: Vec<(Range<usize>, &str)> = Vec::new();
        for (range, shown) in tokens {
            match apart.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => apart.push((range, shown)),
            }
        }
        Masked { text, tokens: apart, covers: covers(text, TextKind::Line, is_cut) }
    }

    /// What is shown of a part.
    fn part(&self, part: Range<usize>) -> String {
        let mut shown = String::new();
        let mut at = part.start;
        while at < part.end {
            let token = self.tokens.get(self.tokens.partition_point(|(token, _)| token.end <= at));
            let cover = self.covers.get(self.covers.partition_point(|cover| cover.range.end <= at));
            let next = token.map_or(part.end, |(token, _)| token.start.max(at)).min(part.end);
            let next_cover = cover.map_or(part.end, |cover| cover.range.start.max(at)).min(next);
            if let Some((token, mask)) = token.filter(|(token, _)| token.start <= at) {
                // Whatever of a token stands before this part was shown with it.
                if token.start == at && !(shown.ends_with(MASK) && *mask == MASK) {
                    shown.push_str(mask);
                }
                at = token.end.min(part.end);
            } else if let Some(cover) = cover.filter(|cover| cover.range.start <= at) {
                let end = cover.range.end.min(next);
                let is_whole = (at..end) == cover.range;
                push(&mut shown, &self.text[at..end], if is_whole { cover.shown } else { 0 });
                at = end;
            } else {
                // A zero that ends a text is as good as a space.
                shown.extend(self.text[at..next_cover].chars().map(|c| if c == '\0' { ' ' } else { c }));
                at = next_cover;
            }
        }
        shown
    }
}
