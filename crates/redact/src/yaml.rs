//! YAML: the token's text gives way to a reference inside the scalar that holds it, which gets quotes where braces
//! would mean something else.
//!
//! The proof is in the parser's events: afterwards they are the same, styles, tags and anchors included, with every
//! token in a value replaced. A template that is no YAML yet does not parse, and is left alone.

use crate::change::{Problem, ValueCopy, braced, replaced};
use crate::data::{ValueReference, pairs, text_with};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::borrow::Cow;
use std::ops::Range;

/// The changed YAML.
///
/// # Errors
/// A text that is no YAML, or a token in a key.
pub fn yaml(path: &str, text: &str, copies: &[ValueCopy]) -> Result<String, Problem> {
    let by = |variable: &str| match is_workflow(path) {
        // GitHub fills it in wherever an expression can stand, also in a script.
        true => format!("${{{{ secrets.{variable} }}}}"),
        false => braced(variable),
    };
    let before = parse(text)?;
    let offsets = Offsets::of(text);
    let pairs = pairs(text, copies, by);
    let expected = expected(&before, &pairs);
    if let Some(number) = expected.iter().position(Option::is_none) {
        let at = offsets.range(&before[number].1).start;
        return Err(Problem::new(at, "it is a key: replace it by hand"));
    }
    let quoted = in_flow(text, &offsets, &before, copies);
    let at = copies.first().map_or(0, |copy| copy.range.start);
    let changed = match quoted.is_empty() {
        true => replaced(text, 0..text.len(), copies, |copy| by(copy.variable)),
        false => with_quotes(text, copies, &quoted, by),
    };
    let after = parse(&changed).unwrap_or_default();
    let same = expected.len() == after.len()
        && expected
            .iter()
            .flatten()
            .zip(&after)
            .all(|(expected, (event, _))| is_same(expected, event, !quoted.is_empty()));
    match same {
        true => Ok(changed),
        false => Err(Problem::new(
            at,
            "the file would not parse to the same with a reference here: replace it by hand",
        )),
    }
}

/// Whether GitHub runs the file.
pub fn is_workflow(path: &str) -> bool {
    format!("/{path}").contains("/.github/workflows/")
}

type Events<'t> = Vec<(Event<'t>, Span)>;

fn parse(text: &str) -> Result<Events<'_>, Problem> {
    Parser::new_from_str(text).collect::<Result<_, _>>().map_err(|e| {
        let at = Offsets::of(text).bytes(e.marker().index());
        Problem::new(at, "the file is no YAML from here on: replace it by hand")
    })
}

/// Turns the parser's offsets, in characters, into ours, in bytes.
struct Offsets {
    length: usize,
    /// Where each character starts; `None` when each is one byte.
    starts: Option<Vec<usize>>,
}

impl Offsets {
    fn of(text: &str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Offsets { length: text.len(), starts }
    }

    fn bytes(&self, characters: usize) -> usize {
        let at = self.starts.as_ref().map_or(Some(characters), |starts| starts.get(characters).copied());
        at.map_or(self.length, |at| at.min(self.length))
    }

    fn range(&self, span: &Span) -> Range<usize> {
        self.bytes(span.start.index())..self.bytes(span.end.index())
    }
}

/// The events with every token in a value replaced; `None` for a key that holds one.
fn expected<'t>(events: &[(Event<'t>, Span)], pairs: &[ValueReference<'_>]) -> Vec<Option<Event<'t>>> {
    // What is open: for a mapping, whether a key comes next.
    let mut open: Vec<Option<bool>> = Vec::new();
    let mut expected = Vec::with_capacity(events.len());
    for (event, _) in events {
        let is_key = open.last() == Some(&Some(true));
        expected.push(match event {
            Event::Scalar(text, style, anchor, tag)
                if pairs.iter().any(|(token, _)| text.contains(token)) =>
            {
                let text = Cow::Owned(text_with(text, pairs));
                (!is_key).then(|| Event::Scalar(text, *style, *anchor, tag.clone()))
            }
            event => Some(event.clone()),
        });
        match event {
            Event::MappingStart(..) => open.push(Some(true)),
            Event::SequenceStart(..) => open.push(None),
            Event::Scalar(..) | Event::Alias(_) | Event::MappingEnd | Event::SequenceEnd => {
                if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
                    open.pop();
                }
                if let Some(Some(key)) = open.last_mut() {
                    *key = !*key;
                }
            }
            _ => {}
        }
    }
    expected
}

/// The plain scalars in `[…]` and `{…}` that hold a copy, as ranges of bytes.
fn in_flow(
    text: &str,
    offsets: &Offsets,
    events: &[(Event<'_>, Span)],
    copies: &[ValueCopy],
) -> Vec<Range<usize>> {
    let mut flow: Vec<bool> = Vec::new();
    let mut found = Vec::new();
    for (event, span) in events {
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                flow.push(text[offsets.range(span).start..].starts_with(['{', '[']));
            }
            Event::MappingEnd | Event::SequenceEnd => _ = flow.pop(),
            Event::Scalar(_, ScalarStyle::Plain, ..) if flow.last() == Some(&true) => {
                let range = offsets.range(span);
                if copies.iter().any(|copy| range.start <= copy.range.start && copy.range.end <= range.end) {
                    found.push(range);
                }
            }
            _ => {}
        }
    }
    found
}

/// The changed text, with double quotes around some scalars.
fn with_quotes(
    text: &str,
    copies: &[ValueCopy],
    quoted: &[Range<usize>],
    by: impl Fn(&str) -> String,
) -> String {
    let mut changed = String::new();
    let mut at = 0;
    for scalar in quoted {
        let within = |range: Range<usize>| -> Vec<ValueCopy> {
            copies.iter().filter(|copy| range.contains(&copy.range.start)).cloned().collect()
        };
        let reference = |copy: &ValueCopy| by(copy.variable);
        changed.push_str(&replaced(text, at..scalar.start, &within(at..scalar.start), reference));
        let inside = replaced(text, scalar.clone(), &within(scalar.clone()), reference);
        changed.push_str(&format!("\"{}\"", inside.replace('\\', "\\\\").replace('"', "\\\"")));
        at = scalar.end;
    }
    let rest: Vec<ValueCopy> = copies.iter().filter(|copy| copy.range.start >= at).cloned().collect();
    changed + &replaced(text, at..text.len(), &rest, |copy| by(copy.variable))
}

/// Whether an event is what it should be. A plain scalar may have got quotes if some did; no value of a token's length
/// is a number or a boolean, so it stays text.
fn is_same(expected: &Event<'_>, event: &Event<'_>, quotes: bool) -> bool {
    match (expected, event) {
        (Event::Scalar(a, style, b, c), Event::Scalar(x, now, y, z)) => {
            let quoted = quotes && *style == ScalarStyle::Plain && *now == ScalarStyle::DoubleQuoted;
            a == x && b == y && c == z && (style == now || quoted)
        }
        (expected, event) => expected == event,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{assert_becomes, assert_refused, redact};

    #[test]
    fn a_scalar_keeps_its_style() {
        assert_becomes(
            "docker-compose.yml",
            &[
                (
                    "# TOKEN\nservices:\n  web:\n    environment:\n      - KREA_API_KEY=TOKEN\n      - x\n",
                    "# ${KREA_API_KEY}\nservices:\n  web:\n    environment:\n      - KREA_API_KEY=${KREA_API_KEY}\n      - x\n",
                ),
                (
                    "k: &a !x 'TOKEN'\nl: \"Bearer TOKEN\"\n---\nm: |\n  curl TOKEN\n",
                    "k: &a !x '${KREA_API_KEY}'\nl: \"Bearer ${KREA_API_KEY}\"\n---\nm: |\n  curl ${KREA_API_KEY}\n",
                ),
                ("é: TOKEN # TOKEN\n", "é: ${KREA_API_KEY} # ${KREA_API_KEY}\n"),
            ],
        );
    }

    #[test]
    fn braces_get_quotes_where_they_would_be_a_mapping() {
        assert_becomes(
            "a.yaml",
            &[
                (
                    "é: {k: TOKEN, l: [a, TOKEN]}\nm: TOKEN\n",
                    "é: {k: \"${KREA_API_KEY}\", l: [a, \"${KREA_API_KEY}\"]}\nm: ${KREA_API_KEY}\n",
                ),
                ("{\"k\": 'TOKEN'}\n", "{\"k\": '${KREA_API_KEY}'}\n"),
            ],
        );
    }

    #[test]
    fn a_workflow_reads_a_secret() {
        assert_becomes(
            ".github/workflows/ci.yml",
            &[(
                "env:\n  KREA_API_KEY: TOKEN\nsteps:\n  - run: |\n      curl -H 'Bearer TOKEN'\n",
                "env:\n  KREA_API_KEY: ${{ secrets.KREA_API_KEY }}\nsteps:\n  - run: |\n      curl -H 'Bearer ${{ secrets.KREA_API_KEY }}'\n",
            )],
        );
    }

    #[test]
    fn keys_and_templates_are_left_alone() {
        assert_refused(
            "a.yml",
            &[
                ("TOKEN: 1\n", "a key"),
                ("a:\n  ? - b\n    - c\n  : d\n  TOKEN: e\n", "a key"),
                ("a: {{ .Values.x }}\nb: TOKEN\n{{- end }}\n", "no YAML"),
            ],
        );
        assert_eq!(redact("a.yml", "é: 1\nb: *c\nd: TOKEN\n").unwrap_err()[0].0, 2);
    }
}
