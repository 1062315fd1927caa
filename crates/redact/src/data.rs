//! JSON and TOML: the token's text gives way to `${NAME}` inside the string that holds it.
//!
//! The proof is in the values: what the file parses to afterwards is what it parsed to before, with every token in a
//! string replaced. Keys, numbers, order and comments are left as they are.

use crate::change::{Problem, ValueCopy, replaced};
use serde_json::Value;

/// A token's text and what takes its place.
pub type ValueReference<'a> = (&'a str, String);

/// The changed JSON. `by` makes the reference for a variable.
///
/// # Errors
/// A text that is no JSON, or a token in a key.
pub fn json(text: &str, copies: &[ValueCopy], by: impl Fn(&str) -> String) -> Result<String, Problem> {
    let before = parse_json(text)?;
    substitute(text, copies, by, |pairs, changed| {
        let expected = before.iter().map(|value| value_with(value, pairs));
        let after = parse_json(changed).ok()?;
        Some(expected.eq(after))
    })
}

/// The changed TOML.
///
/// # Errors
/// A text that is no TOML, or a token in a key.
pub fn toml(text: &str, copies: &[ValueCopy], by: impl Fn(&str) -> String) -> Result<String, Problem> {
    let parse = |text: &str| text.parse::<toml::Table>();
    let before = parse(text).map_err(|e| {
        // The error's own text shows the line.
        let at = e.span().map_or(0, |span| span.start);
        Problem::new(at, "the file is no TOML from here on: replace it by hand")
    })?;
    substitute(text, copies, by, |pairs, changed| {
        let expected = table_with(&before, pairs);
        Some(expected == parse(changed).ok()?)
    })
}

/// Replaces the copies, if what comes of it is what it should be.
fn substitute(
    text: &str,
    copies: &[ValueCopy],
    by: impl Fn(&str) -> String,
    is_right: impl Fn(&[ValueReference<'_>], &str) -> Option<bool>,
) -> Result<String, Problem> {
    let pairs = pairs(text, copies, &by);
    let changed = replaced(text, 0..text.len(), copies, |copy| by(copy.variable));
    match is_right(&pairs, &changed) {
        Some(true) => Ok(changed),
        _ => {
            let at = copies.first().map_or(0, |copy| copy.range.start);
            let reason = "a token here is a key, or the file would not parse to the same without it: replace it by hand";
            Err(Problem::new(at, reason))
        }
    }
}

/// Each token among the copies with its reference, longest first: one can be a part of another.
pub fn pairs<'t>(
    text: &'t str,
    copies: &[ValueCopy],
    by: impl Fn(&str) -> String,
) -> Vec<ValueReference<'t>> {
    let mut pairs: Vec<ValueReference> =
        copies.iter().map(|copy| (&text[copy.range.clone()], by(copy.variable))).collect();
    pairs.sort_unstable_by(|a, b| (b.0.len(), b).cmp(&(a.0.len(), a)));
    pairs.dedup();
    pairs
}

/// A text with the tokens replaced.
pub fn text_with(text: &str, pairs: &[ValueReference<'_>]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (token, by)| text.replace(token, by))
}

fn value_with(value: &Value, pairs: &[ValueReference<'_>]) -> Value {
    match value {
        Value::String(text) => Value::String(text_with(text, pairs)),
        Value::Array(values) => values.iter().map(|value| value_with(value, pairs)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), value_with(value, pairs))).collect()
        }
        other => other.clone(),
    }
}

fn table_with(table: &toml::Table, pairs: &[ValueReference<'_>]) -> toml::Table {
    fn with(value: &toml::Value, pairs: &[ValueReference<'_>]) -> toml::Value {
        match value {
            toml::Value::String(text) => toml::Value::String(text_with(text, pairs)),
            toml::Value::Array(values) => {
                toml::Value::Array(values.iter().map(|value| with(value, pairs)).collect())
            }
            toml::Value::Table(table) => toml::Value::Table(table_with(table, pairs)),
            other => other.clone(),
        }
    }
    table.iter().map(|(key, value)| (key.clone(), with(value, pairs))).collect()
}

/// The documents of a file: one, several behind each other, or one with comments, as editors write it.
fn parse_json(text: &str) -> Result<Vec<Value>, Problem> {
    let strict: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    let error = match strict {
        Ok(values) => return Ok(values),
        Err(error) => error,
    };
    let options = jsonc_parser::ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    match jsonc_parser::parse_to_serde_value::<Option<Value>>(text, &options) {
        Ok(Some(value)) => Ok(vec![value]),
        _ => {
            let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len);
            Err(Problem::new(lines.sum(), "the file is no JSON from here on: replace it by hand"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{assert_becomes, assert_refused, redact};

    #[test]
    fn a_string_of_json_keeps_the_rest_of_it() {
        assert_becomes(
            "mcp.json",
            &[
                (
                    "{\n  \"headers\": {\"Authorization\": \"Bearer TOKEN\"},\n  \"n\": 1.50\n}\n",
                    "{\n  \"headers\": {\"Authorization\": \"Bearer ${KREA_API_KEY}\"},\n  \"n\": 1.50\n}\n",
                ),
                (
                    "// VS Code\n{\"a\": [\"TOKEN\",], /* TOKEN */}",
                    "// VS Code\n{\"a\": [\"${KREA_API_KEY}\",], /* ${KREA_API_KEY} */}",
                ),
            ],
        );
        assert_becomes(
            "log.jsonl",
            &[("{\"a\":1}\n{\"k\":\"TOKEN\"}\n", "{\"a\":1}\n{\"k\":\"${KREA_API_KEY}\"}\n")],
        );
        assert_becomes(".vscode/mcp.json", &[("[\"TOKEN\"]", "[\"${env:KREA_API_KEY}\"]")]);
    }

    #[test]
    fn a_string_of_toml_keeps_the_rest_of_it() {
        assert_becomes(
            "a.toml",
            &[(
                "# TOKEN\n[a]\nb = 'TOKEN'\nc = [\"\"\"\nx TOKEN\"\"\", 1979-05-27]\n",
                "# ${KREA_API_KEY}\n[a]\nb = '${KREA_API_KEY}'\nc = [\"\"\"\nx ${KREA_API_KEY}\"\"\", 1979-05-27]\n",
            )],
        );
    }

    #[test]
    fn keys_and_broken_files_are_left_alone() {
        assert_refused(
            "a.json",
            &[
                ("{\"TOKEN\": 1}", "a key"),
                ("{\"a\": \"TOKEN\"", "no JSON"),
                ("{'a': 'TOKEN'}", "no JSON"),
                (&("[".repeat(100_000) + "\"TOKEN\""), "no JSON"),
            ],
        );
        assert_refused("a.toml", &[("'TOKEN' = 1\n", "a key"), ("a = TOKEN\n", "no TOML")]);
        assert_eq!(redact("a.json", "{\n\"a\": 1\n\"b\": \"TOKEN\"}").unwrap_err()[0].0, 3);
        assert_eq!(redact("a.toml", "a = 1\nb = TOKEN\n").unwrap_err()[0].0, 2);
    }
}
