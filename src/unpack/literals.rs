//! Joins string literals that a program joins: `"a" + "b"`, `'a' . 'b'`, `"a".concat("b")`, `["a", "b"].join(":")`,
//! `"a" "b"`.

use super::{Text, TextBuilder};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Closing quote, an operator that joins strings, opening quote. The operators are those of the usual
/// languages: `+`, `.` (PHP, Perl), `..` (Lua), `&` (Visual Basic, Nix-like), `<>` (Elixir), `++` (Haskell, Erlang),
/// `~` (Raku, Twig), `||` (SQL), `^` (OCaml); with the marks that Visual Basic (`& _`) and Fortran (`// &`) want
/// where a line goes on.
static OPERATOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)["'`]\s{0,80}(?:\+\+?|\.\.?|&(?:[ \t]+_[ \t]*\r?\n)?|//[ \t]*&[ \t]*\r?\n|<>|~|\|\||\^)\s{0,80}[rbfuL@$]{0,2}["'`]"#)
        .expect("a constant pattern")
});

/// `"a".concat("b")` and `"a".concat("b", "c")`, once more behind a closing parenthesis.
static CONCAT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)["'`]\s{0,10}\)?\s{0,10}\.concat\(\s{0,10}["'`](?:[^"'`\\\n]*["'`]\s{0,10},\s{0,10}["'`])*"#,
    )
    .expect("a constant pattern")
});

/// `["a", "b"].join(":")`: the list, and what comes between its parts.
static LIST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)\[\s*(["'`][^"'`\\\n]*["'`](?:\s*,\s*["'`][^"'`\\\n]*["'`])+)\s*,?\s*\]\s*\.join\(\s*["'`]([^"'`\\\n]{0,4})["'`]\s*\)"#,
    )
    .expect("a constant pattern")
});

/// What stands between two parts of a list or between two arguments.
static COMMA: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?-u)["'`]\s{0,80},\s{0,80}["'`]"#).expect("a constant pattern"));

/// Two literals with nothing between them but space, as in C and Python.
static ADJACENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)(?:"\s{1,80}[rbfuL@]{0,2}"|'\s{1,80}[rbfu]{0,2}')"#).expect("a constant pattern")
});

/// What joins the literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// An operator: the program says that the parts are one string.
    ByOperator,
    /// Nothing: one string in C and Python, two arguments in a shell.
    ByAdjacency,
}

/// The text with the joints between its literals taken out, or `None` when there are none.
pub fn join<'a>(text: &Text<'_>, by: Joined) -> Option<Text<'a>> {
    let bytes = text.bytes();
    let joints = match by {
        Joined::ByOperator => by_operator(bytes),
        Joined::ByAdjacency => ADJACENT.find_iter(bytes).map(|found| (found.range(), &b""[..])).collect(),
    };
    if joints.is_empty() {
        return None;
    }
    let mut out = TextBuilder::default();
    let mut copied = 0;
    for (joint, between) in joints {
        // Of two that overlap the first counts.
        if joint.start >= copied {
            out.push(&bytes[copied..joint.start], copied, 1);
            out.push(between, joint.start, 0);
            copied = joint.end;
        }
    }
    out.push(&bytes[copied..], copied, 1);
    Some(text.derive(out))
}

/// The joints that a program names, in order, and what comes in their place.
fn by_operator(bytes: &[u8]) -> Vec<(Range<usize>, &[u8])> {
    let mut joints: Vec<(Range<usize>, &[u8])> =
        OPERATOR.find_iter(bytes).map(|found| (found.range(), &b""[..])).collect();
    let commas = |start: usize, end: usize| {
        COMMA.find_iter(&bytes[start..end]).map(move |comma| start + comma.start()..start + comma.end())
    };
    if memchr::memmem::find(bytes, b".concat(").is_some() {
        for call in CONCAT.find_iter(bytes) {
            let open = call.start() + memchr::memchr(b'(', call.as_bytes()).unwrap_or(0);
            let first = bytes[open..].iter().position(|b| matches!(b, b'"' | b'\'' | b'`')).unwrap_or(0);
            joints.push((call.start()..open + first + 1, b""));
            joints.extend(commas(open, call.end()).map(|comma| (comma, &b""[..])));
        }
    }
    if memchr::memmem::find(bytes, b".join(").is_some() {
        for list in LIST.captures_iter(bytes) {
            if let (Some(parts), Some(between)) = (list.get(1), list.get(2)) {
                joints.extend(commas(parts.start(), parts.end()).map(|comma| (comma, between.as_bytes())));
            }
        }
    }
    joints.sort_by_key(|(joint, _)| joint.start);
    joints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str, by: Joined) -> Option<String> {
        join(&Text::plain(text.as_bytes()), by).map(|t| String::from_utf8_lossy(t.bytes()).into_owned())
    }

    #[test]
    fn literals_are_joined_as_the_language_does() {
        assert_eq!(joined(r#"a = "x" + "y";"#, Joined::ByOperator).as_deref(), Some(r#"a = "xy";"#));
        assert_eq!(joined("$a = 'x' . ':' .\n  'y';", Joined::ByOperator).as_deref(), Some("$a = 'x:y';"));
        assert_eq!(joined("a = \"x\" & _\r\n  \"y\"", Joined::ByOperator).as_deref(), Some("a = \"xy\""));
        assert_eq!(joined("a = 'x' // &\n  'y'", Joined::ByOperator).as_deref(), Some("a = 'xy'"));
        assert_eq!(joined("a = 'x' // 'y'", Joined::ByOperator), None);
        assert_eq!(joined("(\"x\"\n \"y\")", Joined::ByAdjacency).as_deref(), Some("(\"xy\")"));
        assert_eq!(joined(r#"["x", "y"]"#, Joined::ByOperator), None);
        for (text, expected) in [
            (r#""x".concat("y")"#, r#""xy")"#),
            (r#""x".concat("y").concat('z')"#, r#""xyz')"#),
            (r#""x".concat("y", "z")"#, r#""xyz")"#),
            (r#"["x", "y"].join("")"#, r#"["xy"].join("")"#),
            (r#"["x","y",'z'].join(":")"#, r#"["x:y:z'].join(":")"#),
        ] {
            assert_eq!(joined(text, Joined::ByOperator).as_deref(), Some(expected));
        }
        assert_eq!(joined(r#"["x", y].join("")"#, Joined::ByOperator), None);
        assert_eq!(joined(r#"["x", "y"]"#, Joined::ByAdjacency), None);
    }
}
