//! Joins string literals that a program joins: `"a" + "b"`, `'a' . 'b'`, `"a" "b"`.

use super::{Text, TextBuilder};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Closing quote, an operator that joins strings, opening quote. The operators are those of the usual
/// languages: `+`, `.` (PHP, Perl), `..` (Lua), `&` (Visual Basic, Nix-like), `<>` (Elixir), `++` (Haskell, Erlang),
/// `~` (Raku, Twig), `||` (SQL), `^` (OCaml); with the marks that Visual Basic (`& _`) and Fortran (`// &`) want
/// where a line goes on.
static OPERATOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)["'`]\s{0,80}(?:\+\+?|\.\.?|&(?:[ \t]+_[ \t]*\r?\n)?|//[ \t]*&[ \t]*\r?\n|<>|~|\|\||\^)\s{0,80}[rbfuL@$]{0,2}["'`]"#)
        .expect("a constant pattern")
});

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
    let joint = match by {
        Joined::ByOperator => &OPERATOR,
        Joined::ByAdjacency => &ADJACENT,
    };
    let bytes = text.bytes();
    let mut out: Option<TextBuilder> = None;
    let mut copied = 0;
    for found in joint.find_iter(bytes) {
        let out = out.get_or_insert_default();
        out.push(&bytes[copied..found.start()], copied, 1);
        copied = found.end();
    }
    let mut out = out?;
    out.push(&bytes[copied..], copied, 1);
    Some(text.derive(out))
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
        assert_eq!(joined(r#"["x", "y"]"#, Joined::ByAdjacency), None);
    }
}
