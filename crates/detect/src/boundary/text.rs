//! The bounds of a value in a text: what is no letter of a value is its border, and some letters may be.

use super::{
    Bounds, Candidate, LEAST_SECRET, POSSIBLE, SURE, Shape, URL_PATH, Weighed, best_first, delimiters,
    has_more_colons, length_prefix,
};
use krea_scan_token::Doubt;
use krea_scan_token::randomness;
use std::ops::Range;

/// So many delimiters may stand at one end of a value that are letters as well.
const MAX_EDGE_CHARS: usize = 8;
/// What a delimiter is worth that opens or closes, what one is that may be a letter as well and that nothing says more of,
/// and what the end of a value is worth that nothing but its alphabet shows, in bits.
const PAIRED: f64 = 8.0;
const EDGE: f64 = -4.0;
const UNEXPLAINED: f64 = -12.0;

impl Candidate<'_> {
    pub(super) fn in_text(&self) -> Option<Bounds> {
        let starts = self.text_starts();
        let stated = self.stated_in_text();
        let ends = self.text_ends(stated);
        let mut spans: Vec<Weighed<Range<usize>>> = Vec::new();
        for start in &starts {
            for end in ends.iter().filter(|end| end.place >= self.least_end(start.place)) {
                let span = start.place..end.place;
                if !self.is_delimited[1] && stated.is_none() && !self.ends_well(&span) {
                    continue;
                }
                let bits =
                    start.bits + end.bits + self.edge_bits(&span) + self.secret_bits(span.start, span.end);
                spans.push(Weighed { place: span, bits });
            }
        }
        let spans = best_first(spans, POSSIBLE);
        let best = spans.first()?.place.clone();
        let is_cut = self.is_elided(best.end);
        Some(Bounds {
            doubt: is_cut.then_some(Doubt::Cut),
            frame: self.frame(best.start),
            has_more_colons: stated != Some(best.end) && has_more_colons(self.text, &best),
            spans: spans.into_iter().map(|span| span.place).collect(),
        })
    }

    /// How likely the letters from the start of the secret up to `end` are one.
    fn secret_bits(&self, start: usize, end: usize) -> f64 {
        super::secret_bits(&self.text[self.secret.unwrap_or(start)..end])
    }

    /// Where the value may start in a text.
    fn text_starts(&self) -> Vec<Weighed<usize>> {
        let (text, at) = (self.text, self.raw.start);
        if self.shape == Shape::Uuid {
            let starts = self.is_delimited[0] || self.uuid_starts() || self.operator_end(at).is_some();
            return if starts { vec![Weighed { place: at, bits: 0.0 }] } else { Vec::new() };
        }
        let before = text[..at].last().copied();
        let is_escape = before == Some(b'\\') && text[at].is_ascii_alphanumeric();
        let behind_operator = delimiters::behind_operator(text, at);
        // The number of a group is a letter of values as well.
        let is_reference = delimiters::is_reference(text, at + 1);
        let starts = match before {
            _ if is_reference => true,
            Some(b'.' | b'$' | b'%' | b'@') => false,
            // The rest of a path, unless it is one mark of two.
            Some(b'/') => {
                text[..at - 1].last().is_none_or(u8::is_ascii_whitespace)
                    && text[self.raw.clone()].contains(&b'/')
            }
            Some(b) => !b.is_ascii_alphanumeric(),
            None => true,
        };
        if !starts && !self.is_delimited[0] && behind_operator.is_none() {
            return Vec::new();
        }
        let lead = text[self.raw.clone()]
            .iter()
            .take(MAX_EDGE_CHARS)
            .take_while(|&&b| delimiters::is_both(b))
            .count();
        let patch = (1..=lead.min(2)).rev().find(|&marks| delimiters::patch_marks(text, at + marks) == marks);
        let mut found = vec![Weighed { place: at + usize::from(is_reference), bits: 0.0 }];
        for start in at + 1..=at + lead {
            let is_sure = delimiters::is_default(text, start) || patch == Some(start - at);
            found.push(Weighed { place: start, bits: if is_sure { SURE } else { EDGE } });
        }
        if is_escape {
            found.push(Weighed { place: at + 1, bits: PAIRED });
        }
        if lead == 1 && delimiters::is_option(text, at + 2) {
            found.push(Weighed { place: at + 2, bits: if self.shape == Shape::Pair { -EDGE } else { EDGE } });
        }
        if lead == 0 && self.is_behind_a_mark(at + 1) {
            found.push(Weighed { place: at + 1, bits: 2.0 * SURE });
        }
        if let Some(id) = self.uuid_at_end_of_id() {
            let is_marked = text[at..id].iter().all(|&b| delimiters::is_both(b));
            let is_sure = is_marked || self.operator_end(id).is_some();
            found.retain(|start| start.place != id);
            found.push(Weighed { place: id, bits: if is_sure { SURE } else { 2.0 * EDGE } });
        }
        if let Some(start) = behind_operator.filter(|&start| self.operator_end(start).is_some()) {
            found.retain(|found| found.place != start);
            found.push(Weighed { place: start, bits: SURE });
        }
        found
    }

    /// Where the value ends that starts at a place behind a quoting operator: where the operator's character comes again.
    fn operator_end(&self, start: usize) -> Option<usize> {
        let end = delimiters::operator_end(self.text, start)?;
        (self.least_end(start)..=self.raw.end).contains(&end).then_some(end)
    }

    /// Where the UUID starts that a longer id ends with.
    pub(super) fn uuid_at_end_of_id(&self) -> Option<usize> {
        let colon = self.secret.filter(|_| self.shape == Shape::Pair)? - 1;
        let start = colon.checked_sub(36).filter(|&start| start > self.raw.start)?;
        randomness::is_uuid(&self.text[start..colon]).then_some(start)
    }

    /// Whether a UUID in a text is all there is from its start on.
    pub(super) fn uuid_starts(&self) -> bool {
        let (text, at) = (self.text, self.raw.start);
        let Some(before) = text[..at].last() else { return true };
        match before {
            b'/' => !URL_PATH.is_match(&text[at.saturating_sub(330)..at]),
            b if b.is_ascii_alphanumeric() => {
                delimiters::is_escape(text, at)
                    || delimiters::is_reference(text, at)
                    || delimiters::is_option(text, at)
                    || self.is_behind_a_mark(at)
            }
            b'-' | b'_' => {
                let marks = text[..at].iter().rev().take_while(|b| matches!(b, b'-' | b'_')).count();
                delimiters::is_default(text, at)
                    || marks <= MAX_EDGE_CHARS
                        && text[..at - marks].last().is_none_or(|b| !b.is_ascii_alphanumeric())
            }
            _ => true,
        }
    }

    /// Whether a line is a mark and the value, before a number that it is known by, as Python's pickles write it.
    fn is_behind_a_mark(&self, start: usize) -> bool {
        let behind = self.text[self.raw.end..].strip_prefix(b"\np").unwrap_or_default();
        let digits = behind.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        super::is_marked(self.text, start) && digits > 0 && behind.get(digits) == Some(&b'\n')
    }

    /// The end that the text itself states in digits: `69:value`.
    fn stated_in_text(&self) -> Option<usize> {
        let start = self.raw.start;
        let is_number = matches!(self.text[..start], [.., b'0'..=b'9', b':']);
        let stated = || length_prefix::lengths(self.text, start, self.least_end(start), self.text.len());
        let is_decimal = |stated: &length_prefix::LengthPrefix| {
            stated.field.end == start && self.text[stated.field.end - 1] == b':' && stated.bits >= SURE
        };
        is_number
            .then(stated)?
            .into_iter()
            .find(is_decimal)
            .map(|stated| stated.end)
            .filter(|&end| end <= self.raw.end)
    }

    /// Where the value may end in a text. `stated` is where the text says that it does.
    fn text_ends(&self, stated: Option<usize>) -> Vec<Weighed<usize>> {
        let (text, raw) = (self.text, &self.raw);
        let secret = self.secret.unwrap_or(raw.start)..raw.end;
        let trail = text[secret.clone()]
            .iter()
            .rev()
            .take(MAX_EDGE_CHARS)
            .take_while(|&&b| delimiters::is_both(b))
            .count();
        let mut found: Vec<Weighed<usize>> =
            (raw.end - trail..=raw.end).map(|place| Weighed { place, bits: 0.0 }).collect();
        let mut add = |place: usize, bits: f64| {
            found.retain(|end| end.place != place);
            found.push(Weighed { place, bits });
        };
        // Digits in base 16 go on until another letter comes.
        let hex = hex_run(&text[secret.clone()]);
        if hex >= 2 * LEAST_SECRET && hex < secret.len() - trail {
            for length in [64, 40, 32].into_iter().filter(|&length| length < hex).chain([hex]) {
                add(secret.start + length, UNEXPLAINED);
            }
        }
        let is_slash =
            |&at: &usize| text[at] == b'/' && self.field.is_made(at) == self.field.is_made(raw.start - 1);
        let between_slashes = text[..raw.start].ends_with(b"/").then(|| raw.clone().find(is_slash)).flatten();
        if let Some(end) = between_slashes {
            add(end, PAIRED);
        }
        if let Some(end) = stated {
            add(end, 2.0 * SURE);
        }
        found
    }

    /// What the delimiters say that a span leaves out of what the pattern matched.
    fn edge_bits(&self, span: &Range<usize>) -> f64 {
        let rest = &self.text[span.end..self.raw.end];
        let paired = delimiters::pairs(self.text, span.start, span.end);
        let pair = match rest {
            _ if delimiters::operator_end(self.text, span.start) == Some(span.end) => 2.0 * PAIRED,
            [mark] if delimiters::ends_change(self.text, span, *mark) => 2.0 * PAIRED,
            _ if paired >= rest.len() => PAIRED * paired.min(2) as f64,
            _ => 0.0,
        };
        let is_edge = !rest.is_empty() && rest.iter().all(|&b| delimiters::is_both(b));
        let arrow = delimiters::arrow(self.text, span.end);
        pair + match is_edge {
            true if arrow > 0 => SURE + arrow as f64,
            true if pair == 0.0 => EDGE,
            _ => 0.0,
        }
    }

    /// Whether what follows in a text leaves the value one of its own.
    pub(super) fn ends_well(&self, span: &Range<usize>) -> bool {
        let (text, uuid, end) = (self.text, self.shape == Shape::Uuid, self.raw.end);
        match text.get(end).copied() {
            None => true,
            Some(b) if b.is_ascii_alphanumeric() => false,
            // So logs of what goes over the wire, `cat -A` and editors show a line's end.
            Some(b'[') if text[end + 1..].starts_with(b"\n]") => true,
            Some(b'$') if matches!(text[end + 1..], [] | [b'\n', ..] | [b'\r', b'\n', ..]) => true,
            Some(b'(' | b'*' | b'[' | b'{' | b'$' | b'%' | b'~') if !uuid => {
                delimiters::pairs(text, span.start, span.end) > 0
            }
            // The end of a sentence, not a path.
            Some(b'.') => text
                .get(end + 1)
                .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b')' | b'<' | b'.')),
            Some(b) if b >= 0x80 && !uuid => !text[end..].starts_with("…".as_bytes()),
            Some(_) => true,
        }
    }

    /// Whether dots say that there is more of it.
    fn is_elided(&self, end: usize) -> bool {
        self.text[end..].starts_with("…".as_bytes()) || self.text[end..].starts_with(b"...")
    }

    /// Where what stands before the value ends: a letter of an escape or of a number is no name.
    fn frame(&self, start: usize) -> usize {
        match self.text[..start].last() {
            _ if delimiters::is_reference(self.text, start) => start - 2,
            Some(b) if b.is_ascii_alphanumeric() && self.shape == Shape::Uuid => start - 1,
            _ if delimiters::is_escape(self.text, start) => start - 2,
            _ => start,
        }
    }
}

/// How many digits in base 16 of one case a text starts with.
fn hex_run(text: &[u8]) -> usize {
    let lower = text.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count();
    let upper = text.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')).count();
    lower.max(upper)
}
