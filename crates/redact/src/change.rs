//! Changes to a text, and what a literal or an expression reads as: what the check after a change compares.

use std::ops::Range;

/// A copy of a token in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueCopy {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// The variable that takes its place.
    pub variable: &'static str,
}

/// Why a file is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the file, in bytes from its start.
    pub at: usize,
    /// Why, and what to do.
    pub reason: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(at: usize, reason: impl Into<String>) -> Self {
        Problem { at, reason: reason.into() }
    }
}

/// A piece of what a literal or an expression comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralSegment {
    /// Text, with the escapes undone that depend on the kind of literal.
    Text(String),
    /// An expression, as it is written.
    Code(String),
}

/// What a literal or an expression comes to: never two texts in a row, never an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiteralSegments(Vec<LiteralSegment>);

impl LiteralSegments {
    /// Text alone.
    pub fn text(text: &str) -> Self {
        let mut pieces = LiteralSegments::default();
        pieces.push_text(text);
        pieces
    }

    /// An expression alone.
    pub fn code(code: &str) -> Self {
        LiteralSegments(vec![LiteralSegment::Code(code.to_owned())])
    }

    pub fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(LiteralSegment::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(LiteralSegment::Text(text.to_owned())),
        }
    }

    /// Adds an expression.
    pub fn push_code(&mut self, code: &str) {
        self.0.push(LiteralSegment::Code(code.to_owned()));
    }

    /// Adds all of `other`.
    pub fn append(&mut self, other: LiteralSegments) {
        for piece in other.0 {
            match piece {
                LiteralSegment::Text(text) => self.push_text(&text),
                code => self.0.push(code),
            }
        }
    }

    /// The same with another piece wherever `find` stands in a text.
    pub fn replace(self, find: &str, by: &LiteralSegment) -> LiteralSegments {
        let mut pieces = LiteralSegments::default();
        for piece in self.0 {
            let LiteralSegment::Text(text) = piece else {
                pieces.0.push(piece);
                continue;
            };
            for (number, part) in text.split(find).enumerate() {
                match (number, by) {
                    (0, _) => {}
                    (_, LiteralSegment::Text(by)) => pieces.push_text(by),
                    (_, code) => pieces.0.push(code.clone()),
                }
                pieces.push_text(part);
            }
        }
        pieces
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// What is replaced; empty for what is put in.
    pub range: Range<usize>,
    /// The text that takes its place.
    pub text: String,
    /// The part of `text` that is the new node.
    pub node: Range<usize>,
    /// What the new node reads as; `None` for what is put in.
    pub reads: Option<LiteralSegments>,
}

/// The text after some changes, which are sorted and do not overlap, and where each one's text then stands.
pub fn apply(text: &str, changes: &[TextChange]) -> (String, Vec<Range<usize>>) {
    let mut changed = String::with_capacity(text.len() + 64 * changes.len());
    let mut places = Vec::with_capacity(changes.len());
    let mut at = 0;
    for change in changes {
        changed.push_str(&text[at..change.range.start]);
        let start = changed.len();
        changed.push_str(&change.text);
        places.push(start..changed.len());
        at = change.range.end;
    }
    changed.push_str(&text[at..]);
    (changed, places)
}

/// The text with every copy replaced by what `by` makes of it. The copies are sorted and stand in `range`, and only that
/// part of the text is given back.
pub fn replaced(
    text: &str,
    range: Range<usize>,
    copies: &[ValueCopy],
    mut by: impl FnMut(&ValueCopy) -> String,
) -> String {
    let mut changed = String::new();
    let mut at = range.start;
    for copy in copies {
        changed.push_str(&text[at..copy.range.start]);
        changed.push_str(&by(copy));
        at = copy.range.end;
    }
    changed.push_str(&text[at..range.end]);
    changed
}

/// The reference that shells, and most that read configuration, understand: `${NAME}`.
pub fn braced(variable: &str) -> String {
    format!("${{{variable}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_same_however_they_came_together() {
        let mut pieces = LiteralSegments::text("a");
        pieces.append(LiteralSegments::text("b"));
        pieces.push_text("");
        assert_eq!(pieces, LiteralSegments::text("ab"));
        let code = LiteralSegment::Code("x".into());
        let mut expected = LiteralSegments::text("a");
        expected.push_code("x");
        expected.push_code("x");
        assert_eq!(LiteralSegments::text("abb").replace("b", &code), expected);
        assert_eq!(
            LiteralSegments::text("abc").replace("b", &LiteralSegment::Text("d".into())),
            LiteralSegments::text("adc")
        );
    }

    #[test]
    fn changes_keep_what_is_around_them() {
        let change = |range: Range<usize>, text: &str| TextChange {
            range,
            text: text.into(),
            node: 0..text.len(),
            reads: None,
        };
        let (text, places) = apply("abcdef", &[change(0..0, "<"), change(1..3, "X"), change(6..6, ">")]);
        assert_eq!((text.as_str(), places), ("<aXdef>", vec![0..1, 2..3, 6..7]));
    }
}
