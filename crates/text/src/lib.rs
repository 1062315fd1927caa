//! A text, what is written in it in disguise, and where in the file each of its bytes stands.
//!
//! A step takes a [`Text`] and gives another one that remembers, for every byte, where in the file it came from: the whole
//! text without its [`escapes`] or with its [`literals`] joined, or each [`encoded`] run of it. A [`Layer`] names a step, for
//! people. Nothing here opens a file, and nothing knows what a token is.

pub mod cells;
pub mod charset;
pub mod encoded;
pub mod escapes;
mod folded;
pub mod json_string;
pub mod label;
mod layer;
pub mod literals;
pub mod map_reference;
pub mod markup;
pub mod ocr_output;
mod pickle;
pub mod terminal;

pub use layer::{Layer, LayerKind, containers};

use std::borrow::Cow;

/// A stretch of text whose bytes follow each other in the origin as well.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Where the stretch starts in the text.
    at: usize,
    /// Where it starts in the origin.
    origin: usize,
    step: OriginStep,
}

/// How far one goes on in the origin from one byte of a text to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OriginStep {
    origin: usize,
    text: usize,
}

impl OriginStep {
    /// All of a stretch stands for one place.
    const NONE: OriginStep = OriginStep { origin: 0, text: 1 };
    /// The stretch stands in the origin as it is.
    const ONE: OriginStep = OriginStep { origin: 1, text: 1 };
    /// Two bytes for each: UTF-16, hex digits.
    const TWO: OriginStep = OriginStep { origin: 2, text: 1 };
    /// Four bytes for each: UTF-32.
    const FOUR: OriginStep = OriginStep { origin: 4, text: 1 };
    /// Four characters for three bytes: base64.
    const BASE64: OriginStep = OriginStep { origin: 4, text: 3 };
    /// Eight characters for five bytes: base32.
    const BASE32: OriginStep = OriginStep { origin: 8, text: 5 };

    fn times(self, count: usize) -> usize {
        count * self.origin / self.text
    }
}

/// Readable bytes, and where each came from.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    bytes: Cow<'a, [u8]>,
    /// One list a step that was undone, innermost last; no list means that the text is the file.
    maps: Vec<Vec<Segment>>,
}

impl<'a> Text<'a> {
    /// The file's own bytes.
    pub fn plain(bytes: &'a [u8]) -> Self {
        Text { bytes: Cow::Borrowed(bytes), maps: Vec::new() }
    }

    /// The bytes to search.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The offset in the file of the byte at `at`.
    pub fn origin(&self, at: usize) -> usize {
        self.before(0, at)
    }

    /// Where the byte at `at` was before the steps from number `first` on.
    fn before(&self, first: usize, at: usize) -> usize {
        self.maps[first..].iter().rev().fold(at, |at, map| {
            let next = map.partition_point(|segment| segment.at <= at);
            match next.checked_sub(1).map(|i| map[i]) {
                Some(segment) => segment.origin + segment.step.times(at - segment.at),
                None => at,
            }
        })
    }

    /// The range in the file that the non-empty range `start..end` stands for.
    pub fn origin_range(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        let first = self.origin(start);
        let last = self.origin(end.saturating_sub(1).max(start));
        let after = if end < self.bytes.len() { self.origin(end) } else { last + 1 };
        first..after.clamp(last + 1, (last + 1).max(first + 8 * (end - start)))
    }

    /// The ranges in the file that a range stands for, where what it was made from has other things between them.
    pub fn origin_ranges(&self, range: &std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
        let mut found: Vec<std::ops::Range<usize>> = Vec::new();
        for at in range.clone().map(|at| self.origin(at)) {
            match found.last_mut().filter(|last| (last.start..=last.end).contains(&at)) {
                Some(last) => last.end = last.end.max(at + 1),
                None => found.push(at..at + 1),
            }
        }
        found
    }

    /// Whether the byte at `at` does not stand in the file, but something that it is made from.
    pub fn is_made(&self, at: usize) -> bool {
        let mut at = at;
        self.maps.iter().rev().any(|map| {
            let next = map.partition_point(|segment| segment.at <= at);
            let segment = next.checked_sub(1).map(|i| map[i]);
            if let Some(segment) = segment {
                at = segment.origin + segment.step.times(at - segment.at);
            }
            segment.is_some_and(|segment| segment.step == OriginStep::NONE)
        })
    }

    /// Whether a range was in one piece before the last step that made this text.
    pub fn is_one_piece(&self, range: &std::ops::Range<usize>) -> bool {
        let Some(map) = self.maps.last() else { return true };
        let segment = |at: usize| map.partition_point(|segment| segment.at <= at);
        segment(range.start) == segment(range.end.saturating_sub(1).max(range.start))
    }

    /// Whether a range stands in `base`, which this text was made from, as it is.
    pub fn is_verbatim(&self, base: &Text<'_>, range: &std::ops::Range<usize>) -> bool {
        let place = |at: usize| self.before(base.maps.len(), at);
        range.is_empty() || place(range.end - 1) == place(range.start) + range.len() - 1
    }

    /// The text with stretches of it, in order, replaced by what is given for each; `None` where there are none.
    fn replaced(
        &self,
        stretches: impl Iterator<Item = (std::ops::Range<usize>, &'static [u8])>,
    ) -> Option<Text<'static>> {
        let bytes = self.bytes();
        let mut out = TextBuilder::default();
        let mut copied = 0;
        for (stretch, by) in stretches {
            out.push(&bytes[copied..stretch.start], copied, OriginStep::ONE);
            out.push(by, stretch.start, OriginStep::NONE);
            copied = stretch.end;
        }
        if copied == 0 {
            return None;
        }
        out.push(&bytes[copied..], copied, OriginStep::ONE);
        Some(self.derive(out))
    }

    /// A text that was made from this one, byte stretches and all.
    fn derive(&self, builder: TextBuilder) -> Text<'static> {
        let mut maps = self.maps.clone();
        maps.push(builder.map);
        Text { bytes: Cow::Owned(builder.bytes), maps }
    }
}

/// Collects a derived text together with its map.
#[derive(Debug, Default)]
struct TextBuilder {
    bytes: Vec<u8>,
    map: Vec<Segment>,
}

impl TextBuilder {
    /// Appends bytes that stand in the origin from `origin` on, a `step` apart.
    fn push(&mut self, bytes: &[u8], origin: usize, step: OriginStep) {
        if bytes.is_empty() {
            return;
        }
        let at = self.bytes.len();
        let goes_on = self
            .map
            .last()
            .is_some_and(|last| last.step == step && last.origin + step.times(at - last.at) == origin);
        if !goes_on {
            self.map.push(Segment { at, origin, step });
        }
        self.bytes.extend_from_slice(bytes);
    }
}
