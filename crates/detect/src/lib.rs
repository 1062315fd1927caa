//! Bytes to tokens: a prefilter, the rules' patterns, the context that says whose a value is, and what tells a
//! token from a placeholder.
//!
//! Takes bytes and the path that they have below the scan's root; gives matches at byte offsets. Never knows
//! where the bytes came from, and reads nothing but files of rules.

mod attribution;
mod boundary;
mod derived_text;
mod detection_run;
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
use attribution::PathSays;
use boundary::Field;
use detection_run::{DecodeBudget, DetectionRun};
use encoding_rs::Encoding;
use krea_scan_bounds::work;
use krea_scan_text::{Layer, Text, charset};
use krea_scan_token::{Confidence, Readings, Token, TokenKind};
use overlaps::{Ranked, rank, without_overlaps};
use prefilter::Prefilter;
use std::ops::Range;

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
        let budget = DecodeBudget::default();
        let mut run = DetectionRun::new(&self.rules, path, &budget, self.explains);
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
                if work::is_over() {
                    return;
                }
                let near = |required: &crate::rules::Required| {
                    let at = position(bytes, None, custom.span.start);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Allowlist;
    use base64::Engine as _;
    use krea_scan_token::testing::Tokens;
    use regex::bytes::Regex;
    use std::io::Write as _;

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
    fn nothing_is_an_escape_in_what_is_packed() {
        let detector =
            Detector::new(RuleSet::built_in().expect("the built-in rules load"), Confidence::Medium);
        let mut tokens = Tokens::new();
        // Bytes of what is packed look like a backspace, a colour, a wrapped line, as they do in one of a few dozen texts.
        for length in 0..200 {
            let token = String::from_utf8_lossy(tokens.pair().expose()).into_owned();
            let text = format!("{}KREA_API_KEY={token}\n{}", "\0".repeat(length), "\0".repeat(3 * length));
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            let packed =
                packer.write_all(text.as_bytes()).and_then(|()| packer.finish()).expect("memory takes it");
            let encoded = base64::engine::general_purpose::STANDARD.encode(packed);
            let found = detector.detect(encoded.as_bytes(), "", None).matches;
            assert!(found.len() == 1 && found[0].token.expose() == token.as_bytes(), "{length}");
        }
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
