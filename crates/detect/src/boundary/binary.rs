//! The bounds of a value in a binary, where it stands beside lengths and other values, often without anything between.

use super::length_prefix::{self, LengthPrefix};
use super::likely::{self, Alphabet};
use super::{
    AROUND, Bounds, Candidate, LEAST_KEY, POSSIBLE, SURE, Shape, URL_PATH, Weighed, best_first,
    has_more_colons,
};
use krea_scan_token::Doubt;
use std::ops::Range;

/// A longer secret is data, in characters.
const MAX_SECRET_CHARS: usize = 256;
/// The least an id half has, in characters.
const LEAST_ID: usize = 8;
/// The words before a value are no longer, in characters.
const MAX_PREFIX_CHARS: usize = 48;
/// So many places at most are looked at where a value may start: its own first one, and those behind the likeliest words.
const MAX_STARTS: usize = 8;
/// By so much, in bits, a reading has to be likelier than all others to be certain.
const CERTAIN: f64 = 8.0;
/// What states an end for certain, what does so beside a value whose length is likely, and what one letter says.
const STATED: f64 = 12.0;
const HINTED: f64 = 6.0;
const FITTING: f64 = 4.0;

/// A span that a value may be, and what states its end.
#[derive(Clone, Debug)]
struct StatedSpan {
    span: Range<usize>,
    says: Option<LengthPrefix>,
}

impl Candidate<'_> {
    /// `is_sure`: it is no text of an old encoding.
    pub(super) fn in_binary(&self, is_sure: bool) -> Option<Bounds> {
        let (text, raw) = (self.text, &self.raw);
        let before = &text[..raw.start];
        let is_marked = matches!(before.last(), Some(b'-' | b'_'));
        let is_in_path =
            before.ends_with(b"/") && URL_PATH.is_match(&before[raw.start.saturating_sub(330)..]);
        if is_in_path || !is_sure && is_marked && self.shape == Shape::Uuid && !self.uuid_starts() {
            return None;
        }
        let starts = self.binary_starts();
        let ends = starts.iter().flat_map(|start| self.binary_ends(start, is_sure));
        let spans = best_first(ends.collect(), POSSIBLE);
        let Weighed { place: StatedSpan { span: best, says }, bits } = spans.first()?.clone();
        // What is too long is data, unless the value's end can be told in it.
        if best.end != raw.end && self.most_end(best.start) < raw.end && bits < 0.0 {
            return None;
        }
        let is_whole = best.end == raw.end;
        let said = says.as_ref().map_or(0.0, |says| says.bits);
        let ahead = spans.get(1).map_or(f64::INFINITY, |next| bits - next.bits);
        let field = says.filter(|says| says.bits >= FITTING && says.field.end == best.start);
        let is_certain = match (is_whole, said) {
            _ if field.is_none() && !self.has_border_before(best.start) => false,
            (_, STATED..) => true,
            (true, HINTED..) => ahead >= CERTAIN / 2.0,
            (false, HINTED..) => ahead >= CERTAIN,
            (true, _) => ahead >= CERTAIN && (said >= FITTING || self.border_bits(is_sure, false) >= HINTED),
            (false, _) => false,
        };
        let is_glued = text[..best.start].last().is_some_and(u8::is_ascii_alphanumeric);
        Some(Bounds {
            doubt: (!is_certain).then_some(Doubt::NoBorder),
            frame: field.map_or_else(|| self.binary_frame(best.start), |says| says.field.start),
            // What is glued to a value in a binary is another one.
            has_more_colons: said < HINTED && !is_glued && has_more_colons(text, &best),
            spans: match said {
                STATED.. if is_certain => vec![best],
                _ => spans.into_iter().map(|weighed| weighed.place.span).collect(),
            },
        })
    }

    /// Where the value ends at the latest if it starts at a place.
    fn most_end(&self, start: usize) -> usize {
        self.raw.end.min(self.secret.unwrap_or(start) + MAX_SECRET_CHARS)
    }

    /// All ends that the value may have which starts at a place.
    fn binary_ends(&self, start: &Weighed<usize>, is_sure: bool) -> Vec<Weighed<StatedSpan>> {
        let (text, least) = (self.text, self.least_end(start.place));
        let stated = length_prefix::lengths(text, start.place, least, self.most_end(start.place));
        let goes_on = stated.iter().any(|stated| stated.bits >= STATED && stated.end > self.raw.end);
        let mut alphabet = Alphabet::default();
        let secret = self.secret.unwrap_or(start.place);
        let most = self.most_end(start.place);
        // What says most of each end, of equals the last.
        let mut says_most: Vec<Option<&LengthPrefix>> = vec![None; most.saturating_sub(secret)];
        for stated in stated.iter().filter(|stated| (secret + 1..=most).contains(&stated.end)) {
            let place = &mut says_most[stated.end - secret - 1];
            *place = place.filter(|most| most.bits > stated.bits).or(Some(stated));
        }
        let mut found = Vec::new();
        for end in secret + 1..=most {
            alphabet.add(text[end - 1]);
            if end < least {
                continue;
            }
            let says = says_most[end - secret - 1];
            let border = match self.raw.end - end {
                0 => self.border_bits(is_sure, goes_on),
                inside => likely::neighbour_bits(&text[end..], inside),
            };
            let length = end - secret;
            let padding = text[secret..end].iter().rev().take_while(|&&b| b == b'=').count();
            let bits = start.bits + likely::secret_bits(alphabet, length, padding) + border;
            let said = says.map_or(0.0, |says| says.bits);
            found.push(Weighed {
                place: StatedSpan { span: start.place..end, says: says.cloned() },
                bits: bits + said,
            });
        }
        found
    }

    /// Where the value may start in a binary: at a UUID, behind a letter that is the length of what follows it, behind a word.
    fn binary_starts(&self) -> Vec<Weighed<usize>> {
        let (text, raw) = (self.text, &self.raw);
        let mut found = vec![Weighed { place: raw.start, bits: 0.0 }];
        if let Some(id) = self.uuid_at_end_of_id() {
            found.push(Weighed { place: id, bits: 2.0 * SURE });
        } else if self.shape != Shape::Uuid {
            let last = self.secret.map_or(raw.end - LEAST_KEY.min(raw.len()), |secret| {
                secret - LEAST_ID.min(secret - raw.start)
            });
            for start in raw.start + 1..=last.min(raw.start + MAX_PREFIX_CHARS) {
                let is_stated = || {
                    let lengths = length_prefix::lengths(text, start, self.least_end(start), raw.end);
                    lengths.iter().any(|stated| stated.field.end == start && stated.end <= raw.end)
                };
                let words = likely::written_before_bits(&text[raw.start..start]);
                if words > 0.0 {
                    found.push(Weighed { place: start, bits: words });
                } else if start <= raw.start + 2 && is_stated() {
                    found.push(Weighed { place: start, bits: 0.0 });
                }
            }
        }
        if found.len() > MAX_STARTS {
            found[1..].sort_by(|a, b| b.bits.total_cmp(&a.bits));
            found.truncate(MAX_STARTS);
            found.sort_by_key(|start| start.place);
        }
        found
    }

    /// Whether what stands before a place says that a value starts there.
    fn has_border_before(&self, start: usize) -> bool {
        let is_border = |b: &u8| {
            b.is_ascii_whitespace() || matches!(b, 0 | b'=' | b'"' | b'\'' | b'`' | b'>' | b',' | b'(')
        };
        self.shape == Shape::Uuid
            || start == self.raw.start && self.text[..start].last().is_none_or(is_border)
    }

    /// How much what follows in a binary says that the value ends there. `is_inside`: the string that holds it goes on.
    fn border_bits(&self, is_sure: bool, is_inside: bool) -> f64 {
        let (text, end) = (self.text, self.raw.end);
        let bits = match text.get(end) {
            None => HINTED,
            // A letter before a UUID is a length, not a string's first one.
            Some(0)
                if self.shape == Shape::Uuid
                    && text[..self.raw.start].last().is_some_and(u8::is_ascii_alphanumeric) =>
            {
                2.0
            }
            Some(0) => {
                let is_printable = |b: &&u8| matches!(b, b' '..=b'~');
                let start = self.raw.start
                    - text[..self.raw.start].iter().rev().take(AROUND).take_while(is_printable).count();
                // A string of C.
                HINTED + if start == 0 || text[start - 1] == 0 { 3.0 } else { 0.0 }
            }
            Some(b) if b.is_ascii_whitespace() && self.field.is_made(end) => 3.0,
            Some(
                b'"' | b'\'' | b'`' | b'<' | b'>' | b',' | b';' | b')' | b']' | b'}' | b'&' | b' ' | b'\t'
                | b'\n' | b'\r',
            ) => {
                if is_sure {
                    HINTED
                } else {
                    9.0
                }
            }
            Some(0x80..) if !is_sure => 4.0,
            Some(b) if !is_sure && b.is_ascii_punctuation() => HINTED,
            Some(_) => 0.0,
        };
        bits + if is_inside { 4.0 } else { 0.0 }
    }

    /// Where what stands before a value in a binary ends: one letter or two beside it are a number.
    fn binary_frame(&self, start: usize) -> usize {
        let letters =
            self.text[..start].iter().rev().take(3).take_while(|b| b.is_ascii_alphanumeric()).count();
        if letters < 3 { start - letters } else { start }
    }
}
