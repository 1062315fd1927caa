//! All that is looked for in one file, or one window of it: each of its readings, and what is encoded in it.

use super::attribution::{Attribution, PathSays, Surroundings};
use super::boundary::Field;
use super::derived_text::{DerivedText, TextOrigin};
use super::excerpt::LineCursor;
use super::explain::{Considered, Decision};
use super::overlaps::{Ranked, rank, without_overlaps};
use super::rules::Rule;
use super::split_tokens::SplitToken;
use super::{ocr_repair, pattern_rules, rule_values, split_tokens};
use krea_scan_bounds::work;
use krea_scan_text::encoded::packed::Packing;
use krea_scan_text::literals::{self, Joined};
use krea_scan_text::{Layer, LayerKind, Text, cells, charset, encoded, escapes, markup, ocr_output};
use krea_scan_token::{Confidence, Doubt, Readings, Token, TokenKind};
use std::cell::Cell;
use std::ops::Range;

/// An encoded run in an encoded run, and so on, is followed no further than this.
pub const MAX_DEPTH: usize = 6;
/// How much is decoded from one file, or one window of it, at all depths together, in bytes.
const MAX_DECODED_BYTES: usize = 32 << 20;
/// For so many encoded runs of a file it is asked whose they are; what is in the others has to say so itself.
const MAX_ATTRIBUTED_RUNS: usize = 4096;

/// What is left to be decoded of one file.
pub struct DecodeBudget {
    bytes: Cell<usize>,
    runs: Cell<usize>,
}

impl Default for DecodeBudget {
    fn default() -> Self {
        DecodeBudget { bytes: Cell::new(MAX_DECODED_BYTES), runs: Cell::new(MAX_ATTRIBUTED_RUNS) }
    }
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
pub struct DetectionRun<'a> {
    rules: &'a [Rule],
    path: &'a str,
    says: PathSays,
    budget: &'a DecodeBudget,
    explains: bool,
    pub found: Vec<Ranked>,
    pub considered: Vec<Considered>,
    pub placeholders: u64,
}

impl<'a> DetectionRun<'a> {
    pub fn new(rules: &'a [Rule], path: &'a str, budget: &'a DecodeBudget, explains: bool) -> Self {
        DetectionRun {
            rules,
            path,
            says: PathSays::of(path),
            budget,
            explains,
            found: Vec::new(),
            considered: Vec::new(),
            placeholders: 0,
        }
    }

    /// Searches one text in all its readings: as it is, with its literals joined, with what is encoded in it decoded.
    pub fn text(&mut self, field: Field<'_>, outer: Option<&Attribution>, depth: usize) {
        let text = field.text();
        // Nothing is an escape in what is packed. A file that is packed as a whole is taken apart as a container.
        let is_packed = depth > 0 && Packing::of(text.bytes()).is_some();
        let unescaped = if is_packed { None } else { escapes::unescape(text) };
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
        let text = read.field.text();
        let is_container = || Packing::marked(text.bytes()).is_some_and(|packing| packing != Packing::Zlib);
        if depth == MAX_DEPTH || (depth == 0 && is_container()) {
            return;
        }
        for run in encoded::runs(text.bytes(), self.budget.bytes.get()) {
            if work::is_over() {
                return;
            }
            let is_new = read.made == TextOrigin::AsItStands || !text.is_one_piece(&run.range);
            if !is_new || !DecodeBudget::takes(&self.budget.bytes, run.text.bytes().len()) {
                continue;
            }
            let asks = around.is_related() && DecodeBudget::takes(&self.budget.runs, 1);
            let outer = asks.then(|| around.attribute(&run.range));
            let mut inner = DetectionRun {
                says: PathSays::Nothing,
                ..DetectionRun::new(self.rules, self.path, self.budget, self.explains)
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
            let (mut cursor, mut at) = (LineCursor::default(), 0);
            for mut found in without_overlaps(inner.found) {
                cursor.advance(&decoded[at..found.span.start.max(at)], None);
                at = found.span.start.max(at);
                let inside = cursor.position();
                let (line, column) = (Some(inside.line), Some(inside.column));
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

/// Whether the file's language joins literals that stand next to each other.
fn joins_adjacent_literals(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["py", "pyi", "ipynb", "c", "h", "cc", "cpp", "cxx", "hpp", "m", "mm", "d", "dart", "rb", "pyw"]
        .iter()
        .any(|e| extension.eq_ignore_ascii_case(e))
}
