//! Bytes to tokens: a prefilter, the rules' patterns, the context that says whose a value is, and what tells a
//! token from a placeholder.
//!
//! Takes bytes and the path that they have below the scan's root; gives matches at byte offsets. Never knows
//! where the bytes came from, and reads nothing but files of rules.

mod attribution;
mod boundary;
mod excerpt;
mod explain;
pub(crate) mod names;
mod ocr_repair;
mod overlaps;
mod pattern_rules;
pub mod placeholder;
mod prefilter;
mod rule_values;
pub mod rules;
mod split_tokens;
mod sweep;

pub(crate) mod vocabulary;

pub use attribution::Evidence;
pub use excerpt::{LineCursor, Position, excerpt, lines_around, position, with_letters};
pub use explain::{Considered, Decision};
pub use sweep::{CopyKind, Sweep, TokenCopy};

use crate::rules::{Rule, RuleSet};
use aho_corasick::AhoCorasick;
use attribution::{Attribution, PathSays, Surroundings};
use boundary::Field;
use encoding_rs::Encoding;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::literals::{self, Joined};
use krea_scan_text::{Text, cells, charset, encoded, escapes, markup, ocr_output};
use krea_scan_token::{Confidence, Doubt, Readings, Token, TokenKind};
use overlaps::{Ranked, rank, without_overlaps};
use prefilter::Prefilter;
use split_tokens::SplitToken;
use std::cell::Cell;
use std::ops::Range;

/// An encoded run in an encoded run, and so on, is followed no further than this.
const MAX_DEPTH: usize = 6;
/// How much is decoded from one file, or one window of it, at all depths together, in bytes.
const MAX_DECODED_BYTES: usize = 32 << 20;
/// For so many encoded runs of a file it is asked whose they are; what is in the others has to say so itself.
const MAX_ATTRIBUTED_RUNS: usize = 4096;

/// A token in some bytes.
#[derive(Clone, Debug)]
pub struct Match {
    pub rule: String,
    pub confidence: Confidence,
    pub token: Token,
    /// Where it stands in the bytes: an encoded one, where it is encoded. For a token in pieces, where its secret half
    /// starts.
    pub span: Range<usize>,
    /// Every range that holds a part of it, for masking.
    pub pieces: Vec<Range<usize>>,
    /// What was decoded on the way.
    pub layers: Vec<Layer>,
    /// What says that it is Krea's.
    pub context: String,
    /// What else its text may be.
    pub readings: Readings,
}

/// What one file, or one window of it, holds.
#[derive(Debug, Default)]
pub struct Detection {
    /// In the order of their places; they do not overlap.
    pub matches: Vec<Match>,
    /// Values of a token's shape that were dropped.
    pub placeholders: u64,
    /// What was decided of each value of a token's shape; see [`Detector::explaining`].
    pub considered: Vec<Considered>,
}

/// The rules, ready to run.
#[derive(Debug)]
pub struct Detector {
    rules: Vec<Rule>,
    prefilter: Prefilter,
    keywords: Option<Keywords>,
    /// Everything is looked at, because a value needs no context to be wanted.
    everything: bool,
    /// What is decided of each value is told.
    explains: bool,
}

/// Which rules' keywords occur in a text.
#[derive(Debug)]
struct Keywords {
    automaton: AhoCorasick,
    /// The rules of each needle.
    rules: Vec<usize>,
}

impl Detector {
    /// Makes the rules ready. Matches below `least` may be left out; all others are found.
    pub fn new(set: RuleSet, least: Confidence) -> Self {
        let rules = set.rules;
        let custom =
            || rules.iter().enumerate().filter(|(_, rule)| rule.context.is_none() && rule.regex.is_some());
        let needles: Vec<(&str, usize)> =
            custom().flat_map(|(i, rule)| rule.keywords.iter().map(move |k| (k.as_str(), i))).collect();
        let keywords = (!needles.is_empty())
            .then(|| {
                AhoCorasick::builder().ascii_case_insensitive(true).build(needles.iter().map(|(k, _)| k)).ok()
            })
            .flatten()
            .map(|automaton| Keywords { automaton, rules: needles.iter().map(|(_, i)| *i).collect() });
        let everything = least == Confidence::Low || custom().any(|(_, rule)| rule.keywords.is_empty());
        let prefilter = if keywords.is_some() {
            Prefilter::with_keywords(needles.iter().map(|(k, _)| *k))
        } else {
            Prefilter::krea()
        };
        Detector { rules, prefilter, keywords, everything, explains: false }
    }

    /// The same, telling in [`Detection::considered`] what it decides of each value, and why. Slower.
    pub fn explaining(self) -> Self {
        Detector { explains: true, everything: true, ..self }
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether some bytes deserve [`Detector::detect`]. One pass at memory speed; nearly everything ends here.
    #[inline]
    pub fn wants(&self, bytes: &[u8]) -> bool {
        self.everything || self.prefilter.hits(bytes)
    }

    /// The longest stretch of bytes that [`Detector::wants`] needs to see in one piece; `None` when it wants
    /// everything.
    pub fn reach(&self) -> Option<usize> {
        (!self.everything).then(|| self.prefilter.reach())
    }

    /// Whether a path alone makes a file worth a look, whatever it holds.
    pub fn wants_path(&self, path: &str) -> bool {
        PathSays::of(path) != PathSays::Nothing
            || self.rules.iter().any(|rule| pattern_rules::matches_path(rule, path))
    }

    /// Finds the tokens in a file, or a window of one. `path` is the path below the scan's root; `encoding` is set
    /// for UTF-16 (see [`charset::utf16`]).
    pub fn detect(&self, bytes: &[u8], path: &str, encoding: Option<&'static Encoding>) -> Detection {
        let budget =
            DecodeBudget { bytes: Cell::new(MAX_DECODED_BYTES), runs: Cell::new(MAX_ATTRIBUTED_RUNS) };
        let mut run = DetectionRun {
            rules: &self.rules,
            path,
            says: PathSays::of(path),
            budget: &budget,
            explains: self.explains,
            found: Vec::new(),
            considered: Vec::new(),
            placeholders: 0,
        };
        let text = charset::text(bytes, encoding);
        run.text(Field::new(&text), None, 0);
        self.run_custom(&text, path, &mut run.found);
        Detection {
            matches: without_overlaps(run.found),
            placeholders: run.placeholders,
            considered: run.considered,
        }
    }

    fn run_custom(&self, text: &Text<'_>, path: &str, found: &mut Vec<Ranked>) {
        let bytes = text.bytes();
        let mut hit = vec![false; self.rules.len()];
        if let Some(keywords) = &self.keywords {
            for found in keywords.automaton.find_overlapping_iter(bytes) {
                hit[keywords.rules[found.pattern().as_usize()]] = true;
            }
        }
        let spans_of = |rule: &Rule| pattern_rules::find(rule, bytes, path);
        for (i, rule) in self.rules.iter().enumerate() {
            if rule.context.is_some() || rule.skip_report {
                continue;
            }
            if pattern_rules::matches_path(rule, path) {
                let token = Token::new(TokenKind::Custom, path.as_bytes());
                found.push(Ranked::new(rule, rank::CUSTOM, rule.confidence, token, 0..0, String::new()));
            }
            if !(rule.keywords.is_empty() || hit[i]) {
                continue;
            }
            for custom in spans_of(rule) {
                let at = position(bytes, None, custom.span.start);
                let near = |required: &crate::rules::Required| {
                    let others = self.rules.iter().filter(|other| other.id == required.id).flat_map(spans_of);
                    let places: Vec<_> = others
                        .map(|c| position(bytes, None, c.span.start))
                        .map(|p| (p.line, p.column))
                        .collect();
                    pattern_rules::is_near(required, (at.line, at.column), &places)
                };
                if rule.required.iter().all(near) {
                    let token = Token::new(TokenKind::Custom, &bytes[custom.span.clone()]);
                    let span = text.origin_range(custom.span.start, custom.span.end);
                    found.push(Ranked::new(rule, rank::CUSTOM, rule.confidence, token, span, String::new()));
                }
            }
        }
    }
}

/// What is left to be decoded of one file.
struct DecodeBudget {
    bytes: Cell<usize>,
    runs: Cell<usize>,
}

impl DecodeBudget {
    /// Takes so much, or says that it is not there any more.
    fn takes(left: &Cell<usize>, amount: usize) -> bool {
        let rest = left.get().checked_sub(amount);
        left.set(rest.unwrap_or_default());
        rest.is_some()
    }
}

/// One file's detection.
struct DetectionRun<'a> {
    rules: &'a [Rule],
    path: &'a str,
    says: PathSays,
    budget: &'a DecodeBudget,
    explains: bool,
    found: Vec<Ranked>,
    considered: Vec<Considered>,
    placeholders: u64,
}

impl<'a> DetectionRun<'a> {
    /// Searches one text in all its readings: as it is, with its literals joined, with what is encoded in it decoded.
    fn text(&mut self, field: Field<'_>, outer: Option<&Attribution>, depth: usize) {
        let text = field.text();
        let unescaped = escapes::unescape(text);
        let view = unescaped.as_ref().unwrap_or(text);
        let around = Surroundings::new(view.bytes(), self.says, outer);
        let read = DerivedText { field: Field::new(view), base: text, made: TextOrigin::AsItStands };
        self.values(&read, &around);
        if around.is_related() {
            for by in [Joined::ByOperator, Joined::ByAdjacency] {
                if let Some(joined) = literals::join(view, by) {
                    let around = Surroundings::new(joined.bytes(), self.says, outer);
                    let read =
                        DerivedText { field: Field::new(&joined), base: text, made: TextOrigin::Joined(by) };
                    self.values(&read, &around);
                    if by == Joined::ByOperator {
                        self.encoded(&read, &around, depth);
                    }
                }
            }
            self.split_tokens(view, &around, None);
            if let Some(decoded) = encoded::in_place(view) {
                let around = Surroundings::new(decoded.bytes(), self.says, outer);
                self.split_tokens(&decoded, &around, Some(encoded::base64::KIND));
            }
            self.noisy(&read, &around);
            if let Some(joined) = cells::join(view) {
                let around = Surroundings::new(joined.bytes(), self.says, outer);
                let read = DerivedText { field: Field::new(&joined), base: text, made: TextOrigin::Cells };
                self.values(&read, &around);
            }
            let shown = markup::read_markup(view).map(|text| (text, TextOrigin::Markup));
            let lines = ocr_output::lines(text).map(|text| (text, TextOrigin::Lines));
            for (other, made) in shown.into_iter().chain(lines) {
                let around = Surroundings::new(other.bytes(), self.says, outer);
                let read = DerivedText { field: Field::new(&other), base: text, made };
                if made == TextOrigin::Markup {
                    self.values(&read, &around);
                }
                self.noisy(&read, &around);
            }
        }
        self.encoded(&read, &around, depth);
    }

    /// The contextual rules. In a text with joined literals only what spans a joint is new.
    fn values(&mut self, read: &DerivedText<'_>, around: &Surroundings<'_>) {
        let text = read.field.text();
        for (order, rule) in self.rules.iter().enumerate() {
            let Some(context) = &rule.context else { continue };
            if !pattern_rules::runs_on(rule, self.path) {
                continue;
            }
            let values = rule_values::find(rule, context, read.field, around, self.explains);
            if read.made == TextOrigin::AsItStands {
                self.placeholders += values.placeholders;
                let in_origin = |considered: Considered| {
                    let span = text.origin_range(considered.span.start, considered.span.end);
                    Considered { span, ..considered }
                };
                self.considered.extend(values.considered.into_iter().map(in_origin));
            }
            for value in values.accepted {
                if pattern_rules::is_allowed(rule, text.bytes(), self.path, &value.span, &value.span) {
                    continue;
                }
                let span = text.origin_range(value.span.start, value.span.end);
                let is_id = value.kind == TokenKind::Legacy && value.confidence == Confidence::Low;
                let rank = match read.made {
                    TextOrigin::AsItStands if is_id => rank::ID,
                    TextOrigin::AsItStands if order == 0 => rank::EXACT,
                    TextOrigin::AsItStands => rank::NAMED,
                    _ if text.is_one_piece(&value.span) => continue,
                    TextOrigin::Markup if is_id => rank::ID,
                    TextOrigin::Joined(Joined::ByOperator)
                    | TextOrigin::Markup
                    | TextOrigin::Lines
                    | TextOrigin::Cells => rank::JOINED,
                    TextOrigin::Joined(Joined::ByAdjacency) if joins_adjacent_literals(self.path) => {
                        rank::JOINED
                    }
                    TextOrigin::Joined(Joined::ByAdjacency) => rank::ADJACENT,
                };
                let token = |span: &Range<usize>| Token::new(value.kind, &text.bytes()[span.clone()]);
                let is_half = value.kind == TokenKind::Legacy
                    && split_tokens::is_half_alone(
                        text.bytes(),
                        &value.span,
                        value.attribution.own_name.as_deref(),
                        around,
                    );
                let label = value.attribution.context();
                let mut ranked = Ranked::new(rule, rank, value.confidence, token(&value.span), span, label);
                ranked.found.readings = Readings::one_of(value.others.iter().map(token).collect());
                if let Some(doubt) = value.doubt {
                    ranked.found.readings.add_doubt(doubt);
                }
                // No letter of any reading is shown.
                let start = value.others.iter().map(|span| span.start).fold(value.span.start, usize::min);
                let end = value.others.iter().map(|span| span.end).fold(value.span.end, usize::max);
                ranked.found.pieces = match read.made {
                    TextOrigin::Cells => text.origin_ranges(&(start..end)),
                    _ => vec![text.origin_range(start, end)],
                };
                ranked.found.layers.extend(read.layer(&value.span));
                if is_half {
                    ranked.found.readings.add_doubt(Doubt::Half);
                }
                let exact = rank == rank::EXACT && value.kind == TokenKind::Pair && around.is_related();
                if let Some(rest) = exact.then(|| ocr_repair::rest(text.bytes(), &value.span)).flatten() {
                    ranked.goes_on(&rest.token, rest.is_likelier);
                    ranked.found.pieces = vec![text.origin_range(start, end.max(rest.hidden))];
                }
                self.found.push(ranked);
            }
        }
    }

    /// Tokens in two pieces. In a text with decoded values, only those are new of which a piece was decoded.
    fn split_tokens(&mut self, text: &Text<'_>, around: &Surroundings<'_>, decoded: Option<LayerKind>) {
        let Some(rule) = self.pair_rule() else { return };
        for split in split_tokens::find(text.bytes(), around) {
            let Some(confidence) = split.attribution.pair_confidence() else { continue };
            let is_decoded = |half: &Range<usize>| text.origin(half.start) == text.origin(half.end - 1);
            if decoded.is_some() && !is_decoded(&split.id) && !is_decoded(&split.secret) {
                continue;
            }
            let token = [&text.bytes()[split.id.clone()], b":", &text.bytes()[split.secret.clone()]].concat();
            let secret = text.origin_range(split.secret.start, split.secret.end);
            let id = text.origin_range(split.id.start, split.id.end);
            if self.explains && decoded.is_none() {
                self.explain_halves(rule, confidence, text, &split, around);
            }
            let label = format!("{} (in two pieces)", split.attribution.context());
            let token = Token::new(TokenKind::Pair, &token);
            let rank = if decoded.is_some() { rank::JOINED } else { rank::EXACT };
            let mut ranked = Ranked::new(rule, rank, confidence, token, secret, label);
            ranked.found.pieces.push(id);
            ranked.found.layers.extend(decoded.map(Layer::unnamed));
            ranked.found.readings = split.readings;
            self.found.push(ranked);
        }
    }

    /// Tells of both halves what was decided, in place of what each may be alone.
    fn explain_halves(
        &mut self,
        rule: &Rule,
        confidence: Confidence,
        text: &Text<'_>,
        split: &SplitToken,
        around: &Surroundings<'_>,
    ) {
        let bytes = text.bytes();
        let token = [&bytes[split.id.clone()], b":", &bytes[split.secret.clone()]].concat();
        for half in [&split.id, &split.secret] {
            let span = text.origin_range(half.start, half.end);
            self.considered.retain(|other| other.span.end <= span.start || span.end <= other.span.start);
            let mut evidence = around.value_context(half).evidence();
            // What both halves have in common may stand at the other one.
            let decisive = split.attribution.evidence().filter(|decisive| !evidence.contains(decisive));
            evidence.extend(decisive);
            self.considered.push(Considered {
                rule: rule.id.clone(),
                token: Token::new(TokenKind::Pair, &token),
                span,
                decision: Decision::Half(confidence),
                evidence,
            });
        }
    }

    /// The rule that tokens belong to which are put together from pieces.
    fn pair_rule(&self) -> Option<&'a Rule> {
        let is_pair = |rule: &&Rule| {
            rule.context.as_ref().is_some_and(|context| context.token == TokenKind::Pair)
                && pattern_rules::runs_on(rule, self.path)
        };
        self.rules.iter().find(is_pair)
    }

    /// What can only be guessed at.
    fn noisy(&mut self, read: &DerivedText<'_>, around: &Surroundings<'_>) {
        let Some(rule) = self.pair_rule() else { return };
        let text = read.field.text();
        for noisy in ocr_repair::find(text.bytes(), around) {
            let is_new = read.made == TextOrigin::AsItStands || !text.is_one_piece(&noisy.span);
            if !is_new || pattern_rules::is_allowed(rule, text.bytes(), self.path, &noisy.span, &noisy.span) {
                continue;
            }
            let span = text.origin_range(noisy.span.start, noisy.span.end);
            let hidden = text.origin_range(noisy.hidden.start, noisy.hidden.end);
            let token = Token::new(TokenKind::Pair, &noisy.token);
            let label = noisy.attribution.context();
            let mut ranked = Ranked::new(rule, rank::NOISY, noisy.confidence, token, span, label);
            ranked.found.pieces = vec![hidden];
            ranked.found.readings = Readings::guessed(Doubt::Repaired, noisy.as_read);
            ranked.found.layers.extend(read.layer(&noisy.span));
            self.found.push(ranked);
        }
    }

    /// Decodes what is encoded in a text. What is found in it stands where it is encoded.
    fn encoded(&mut self, read: &DerivedText<'_>, around: &Surroundings<'_>, depth: usize) {
        if depth == MAX_DEPTH {
            return;
        }
        let text = read.field.text();
        for run in encoded::runs(text.bytes(), self.budget.bytes.get()) {
            let is_new = read.made == TextOrigin::AsItStands || !text.is_one_piece(&run.range);
            if !is_new || !DecodeBudget::takes(&self.budget.bytes, run.text.bytes().len()) {
                continue;
            }
            let asks = around.is_related() && DecodeBudget::takes(&self.budget.runs, 1);
            let outer = asks.then(|| around.attribute(&run.range));
            let mut inner = DetectionRun {
                rules: self.rules,
                path: self.path,
                says: PathSays::Nothing,
                budget: self.budget,
                explains: self.explains,
                found: Vec::new(),
                considered: Vec::new(),
                placeholders: 0,
            };
            let decoded = run.text.bytes();
            inner.text(Field::new(&charset::text(decoded, None)), outer.as_ref(), depth + 1);
            self.placeholders += inner.placeholders;
            let considered = std::mem::take(&mut inner.considered);
            let place = |range: &Range<usize>| {
                let range = run.place(range);
                text.origin_range(range.start, range.end)
            };
            self.considered
                .extend(considered.into_iter().map(|inner| Considered { span: place(&inner.span), ..inner }));
            for mut found in without_overlaps(inner.found) {
                let at = position(decoded, None, found.span.start);
                let (line, column) = (Some(at.line), Some(at.column));
                let layer = Layer { kind: run.kind, name: String::new(), line, column };
                found.layers.insert(0, layer);
                found.layers.splice(0..0, read.layer(&run.range));
                found.span = place(&found.span);
                found.pieces = found.pieces.iter().map(place).collect();
                self.found.push(Ranked { rank: rank::JOINED, found });
            }
        }
    }
}

/// A text as it is searched, and the text that it is another reading of.
struct DerivedText<'t> {
    field: Field<'t>,
    base: &'t Text<'t>,
    made: TextOrigin,
}

/// How a reading of a text was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextOrigin {
    /// It is the text, without its escapes.
    AsItStands,
    /// Its literals are joined.
    Joined(Joined),
    /// It is what its markup shows.
    Markup,
    /// It is the lines that its strings are.
    Lines,
    /// What tables wrap is joined.
    Cells,
}

impl DerivedText<'_> {
    /// What was undone to read a range; nothing where it stands as it is.
    fn layer(&self, range: &Range<usize>) -> Option<Layer> {
        let kind = match self.made {
            TextOrigin::Markup if !self.field.text().is_one_piece(range) => LayerKind::Markup,
            TextOrigin::Cells if !self.field.text().is_one_piece(range) => LayerKind::Cells,
            TextOrigin::Joined(_) | TextOrigin::Lines if !self.field.text().is_one_piece(range) => {
                LayerKind::Literals
            }
            _ if self.field.text().is_verbatim(self.base, range) => return None,
            _ => LayerKind::Escapes,
        };
        Some(Layer::unnamed(kind))
    }
}

/// Whether the file's language joins literals that stand next to each other.
fn joins_adjacent_literals(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["py", "pyi", "ipynb", "c", "h", "cc", "cpp", "cxx", "hpp", "m", "mm", "d", "dart", "rb", "pyw"]
        .iter()
        .any(|e| extension.eq_ignore_ascii_case(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Allowlist;
    use krea_scan_token::testing::Tokens;
    use regex::bytes::Regex;

    const TOKEN: [&str; 2] = ["0d39c392-6dc9-4d71-aa42-fcd790990ab4", "kX9vQ2mZ7pL4tR8wB3nY6cJ1"];

    #[test]
    fn a_rule_with_context_keeps_to_its_path_and_its_allowlists() {
        let text = format!("KREA_API_KEY={}", TOKEN.join(":"));
        let count = |change: fn(&mut Rule)| {
            let mut set = RuleSet::built_in().expect("the built-in rules load");
            set.rules.iter_mut().for_each(change);
            Detector::new(set, Confidence::Medium).detect(text.as_bytes(), "a.env", None).matches.len()
        };
        assert_eq!(count(|_| {}), 1);
        assert_eq!(count(|rule| rule.path = Regex::new("[.]yaml$").ok()), 0);
        let by_path = |rule: &mut Rule| {
            rule.allowlists = vec![Allowlist {
                paths: Regex::new("[.]env$").into_iter().collect(),
                ..Allowlist::default()
            }];
        };
        assert_eq!(count(by_path), 0);
    }

    #[test]
    fn both_halves_of_a_token_are_explained() {
        let text = format!("KREA_API_KEY={}\nKREA_API_SECRET={}\n", TOKEN[0], TOKEN[1]);
        let detector =
            Detector::new(RuleSet::built_in().expect("the built-in rules load"), Confidence::Medium);
        let told = detector.explaining().detect(text.as_bytes(), "a.env", None).considered;
        let halves: Vec<usize> = told.iter().map(|half| half.span.start).collect();
        assert_eq!(halves, [13, 66], "{told:?}");
        for half in &told {
            assert!(matches!(half.decision, Decision::Half(_)) && !half.evidence.is_empty(), "{half:?}");
        }
    }

    #[test]
    fn words_behind_a_value_are_told_as_such() {
        let text = format!("Use \"{}\" as the Krea API key.", TOKEN.join(":"));
        let detector =
            Detector::new(RuleSet::built_in().expect("the built-in rules load"), Confidence::Medium);
        let told = detector.explaining().detect(text.as_bytes(), "a.txt", None).considered;
        let evidence = told.iter().flat_map(|value| &value.evidence).map(ToString::to_string);
        let words: Vec<String> = evidence.filter(|told| told.starts_with("the words")).collect();
        assert!(words.iter().all(|told| told.starts_with("the words behind it: Krea's")), "{words:?}");
        assert!(!words.is_empty());
    }

    #[test]
    fn places_count_from_the_file_s_first_byte() {
        let text = format!("\u{feff}KREA_API_KEY={}", TOKEN.join(":"));
        let detector =
            Detector::new(RuleSet::built_in().expect("the built-in rules load"), Confidence::Medium);
        let found = detector.detect(text.as_bytes(), "a.env", None).matches;
        assert_eq!(found.first().map(|found| found.span.clone()), Some(16..text.len()));
    }

    /// The tokens that a text holds, as they are read.
    fn tokens(text: &str) -> Vec<String> {
        let detector = Detector::new(RuleSet::built_in().expect("the built-in rules load"), Confidence::Low);
        let found = detector.detect(text.as_bytes(), "a.txt", None).matches;
        found.iter().map(|found| String::from_utf8_lossy(found.token.expose()).into_owned()).collect()
    }

    #[test]
    fn a_secret_of_digits_only_needs_a_name() {
        let mut made = Tokens::new();
        let (id, _) = made.text().split_once(':').map(|(id, _)| (id.to_owned(), ())).expect("a pair");
        let digits = format!("{id}:{}", made.drawn(b"0123456789", 24));
        let mixed = format!("{id}:{}", made.drawn(b"0123456789abcdef", 24));
        assert_eq!(tokens(&format!("# krea\n{digits}\n")), Vec::<String>::new());
        assert_eq!(tokens(&format!("# krea\n{mixed}\n")), [mixed]);
        assert_eq!(tokens(&format!("KREA_API_KEY={digits}\n")), [digits]);
    }

    #[test]
    fn a_short_secret_of_few_letters_is_one_under_a_name() {
        // 2.5 bits a letter: below the rule's own floor, which is for scanners that know no more.
        let token = format!("{}:{}", TOKEN[0], "4c9a7cc9e74ac49a");
        assert_eq!(tokens(&format!("KREA_API_KEY={token}\n")), [token]);
        let ruler = format!("{}:4c9a7e0{}b2d518f", TOKEN[0], "-".repeat(60));
        assert_eq!(tokens(&format!("KREA_API_KEY={ruler}\n")), Vec::<String>::new());
    }

    #[test]
    fn an_opaque_key_is_looked_for_near_the_name_only_and_is_whole_there() {
        let key = Tokens::new().drawn(b"0123456789abcdefghijklmnopqrstuvwxyz", 40);
        let at = |distance: usize| {
            let (head, tail) = ("{\"krea\": {\n", "\"apiKey\": \"");
            let mut text = head.to_owned();
            let end = 2 + distance - tail.len();
            while text.len() < end {
                let most = (end - text.len()).min(100);
                let length = if (end - text.len() - most) < 20 { end - text.len() } else { most };
                text += &format!("\"note\": \"{}\",\n", ".".repeat(length - 12));
            }
            text += &format!("{tail}{key}\"}}}}\n");
            assert_eq!(text.find(&key), Some(distance + 2));
            tokens(&text)
        };
        assert_eq!(at(2000), [key.as_str()]);
        assert_eq!(at(4096), [key.as_str()]);
        assert_eq!(at(4097), Vec::<String>::new());
    }

    #[test]
    fn a_value_may_stand_behind_marks_that_are_letters_of_its_own() {
        let token = Tokens::new().text();
        for marks in ["_", "__", "-", "--", "_-_"] {
            for text in [format!("krea: {marks}{token}\n"), format!("KREA_API_KEY={marks}{token}{marks}\n")] {
                assert_eq!(tokens(&text), [token.as_str()], "{text}");
            }
        }
        assert_eq!(tokens(&format!("krea: name_{token}\n")), Vec::<String>::new());
    }
}
