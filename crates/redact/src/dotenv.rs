//! Files of `NAME=value` lines: the token's value becomes empty, and a token inside a longer value `${NAME}`.
//!
//! Empty, because every loader reads that alike, as "to be filled in here": some send a `${NAME}` to Krea as it is, and
//! for those that expand it a variable that names itself is never set. What loaders read differently (a value over
//! several lines without quotes, a line that assigns nothing) is not guessed at: such a file is left alone.

use crate::change::{Problem, ValueCopy, braced, replaced};
use std::ops::Range;

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DotenvAssignment<'t> {
    name: &'t str,
    quote: Option<char>,
    /// Without the quotes.
    value: Range<usize>,
}

/// The changed file.
///
/// # Errors
/// A line that loaders read differently, or a place where no reference can stand.
pub fn dotenv(text: &str, copies: &[ValueCopy]) -> Result<String, Problem> {
    let before = parse(text)?;
    let mut expected: Vec<String> = before.iter().map(|a| text[a.value.clone()].to_owned()).collect();
    let mut by = Vec::with_capacity(copies.len());
    for copy in copies {
        let problem = |reason: &str| Problem::new(copy.range.start, reason);
        let within =
            |a: &DotenvAssignment| a.value.start <= copy.range.start && copy.range.end <= a.value.end;
        let Some(number) = before.iter().position(within) else {
            let line = text[..copy.range.start].rfind('\n').map_or(0, |newline| newline + 1);
            // A comment is text.
            if text[line..copy.range.start].contains('#') {
                by.push(braced(copy.variable));
                continue;
            }
            return Err(problem("it is no part of a value: replace it by hand"));
        };
        let assignment = &before[number];
        let whole = assignment.value == copy.range;
        if !whole && assignment.name == copy.variable {
            return Err(problem("its variable holds more than the token: replace it by hand"));
        }
        if !whole && assignment.quote == Some('\'') {
            return Err(problem("nothing is expanded in single quotes: replace it by hand"));
        }
        let reference = if whole { String::new() } else { braced(copy.variable) };
        let token = &text[copy.range.clone()];
        expected[number] = expected[number].replace(token, &reference);
        by.push(reference);
    }
    let mut by = by.into_iter();
    let changed = replaced(text, 0..text.len(), copies, |_| by.next().unwrap_or_default());
    let after = parse(&changed).unwrap_or_default();
    let same = before.len() == after.len()
        && before.iter().zip(&after).zip(&expected).all(|((old, new), value)| {
            old.name == new.name && old.quote == new.quote && changed[new.value.clone()] == **value
        });
    match same {
        true => Ok(changed),
        false => {
            let at = copies.first().map_or(0, |copy| copy.range.start);
            Err(Problem::new(
                at,
                "the file would not read the same with a reference here: replace it by hand",
            ))
        }
    }
}

/// The assignments of a file in which every line is one, a comment or empty.
fn parse(text: &str) -> Result<Vec<DotenvAssignment<'_>>, Problem> {
    let mut assignments = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        let line = text[at..end].trim();
        if line.is_empty() || line.starts_with('#') {
            at = end + 1;
            continue;
        }
        let (assignment, past) = assignment(text, at, end).ok_or_else(|| {
            Problem::new(at, "this line is no NAME=value that all programs read alike: replace it by hand")
        })?;
        assignments.push(assignment);
        at = past;
    }
    Ok(assignments)
}

/// The assignment that starts on the line from `start` to `end`, and where the line after it starts.
fn assignment(text: &str, start: usize, end: usize) -> Option<(DotenvAssignment<'_>, usize)> {
    let equals = start + text[start..end].find('=')?;
    let head = text[start..equals].trim();
    let name = head.strip_prefix("export ").unwrap_or(head).trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let rest = &text[equals + 1..];
    let value = equals + 1 + rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let quote = text[value..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let Some(quote) = quote else {
        let line = &text[value.min(end)..end];
        let comment = line.find(" #").or_else(|| line.starts_with('#').then_some(0)).unwrap_or(line.len());
        let value = value.min(end)..value.min(end) + line[..comment].trim_end().len();
        return Some((DotenvAssignment { name, quote: None, value }, end + 1));
    };
    let inside = value + 1;
    let mut escaped = false;
    let closing = text[inside..].char_indices().find(|&(_, c)| {
        let closes = c == quote && !escaped;
        escaped = quote == '"' && c == '\\' && !escaped;
        closes
    });
    let closing = inside + closing?.0;
    let end = text[closing..].find('\n').map_or(text.len(), |newline| closing + newline);
    let tail = text[closing + 1..end].trim();
    let clean = tail.is_empty() || tail.starts_with('#');
    clean.then_some((DotenvAssignment { name, quote: Some(quote), value: inside..closing }, end + 1))
}

#[cfg(test)]
mod tests {
    use crate::testing::{assert_becomes, assert_refused, redact};

    #[test]
    fn a_value_becomes_empty_and_its_line_stays() {
        assert_becomes(
            ".env",
            &[
                ("A=1\nKREA_API_KEY=TOKEN\nB='x y' # z\n", "A=1\nKREA_API_KEY=\nB='x y' # z\n"),
                (
                    "export NEXT_PUBLIC_KREA_API_KEY=\"TOKEN\" # TOKEN",
                    "export NEXT_PUBLIC_KREA_API_KEY=\"\" # ${KREA_API_KEY}",
                ),
                (
                    "# old TOKEN\r\nK = 'TOKEN'\r\nP=\"-----BEGIN\nx\\\"=\n-----END\"\n",
                    "# old ${KREA_API_KEY}\r\nK = ''\r\nP=\"-----BEGIN\nx\\\"=\n-----END\"\n",
                ),
            ],
        );
    }

    #[test]
    fn in_a_longer_value_a_reference_comes() {
        assert_becomes(
            "prod.env",
            &[
                ("AUTH=\"Bearer TOKEN\"\n", "AUTH=\"Bearer ${KREA_API_KEY}\"\n"),
                ("URL=https://TOKEN@api.krea.ai\n", "URL=https://${KREA_API_KEY}@api.krea.ai\n"),
            ],
        );
    }

    #[test]
    fn what_programs_read_differently_is_left_alone() {
        assert_refused(
            ".env",
            &[
                ("KREA_API_KEY=\"Bearer TOKEN\"\n", "more than the token"),
                ("AUTH='Bearer TOKEN'\n", "single quotes"),
                ("TOKEN\n", "no NAME=value"),
                ("K=TOKEN\nset -a\n", "no NAME=value"),
                ("K: TOKEN\n", "no NAME=value"),
                ("K=TOKEN\nP=\"open\n", "no NAME=value"),
                ("K=TOKEN\nP=\"a\"b\n", "no NAME=value"),
            ],
        );
        assert_eq!(redact(".env", "A=1\nsource x\nK=TOKEN\n").unwrap_err()[0].0, 2);
    }
}
