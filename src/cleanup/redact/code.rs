//! Programs: the literal around each token gives way to what reads the variable, and the file is proven to parse to the
//! same tree but for that.
//!
//! Takes a text, the copies of tokens in it and a language's [`Syntax`]; gives the changed text. Whatever is unclear is
//! a [`Problem`], and then nothing is changed.

use super::change::{self, Change, Copy, Piece, Pieces, Problem};
use super::tree;
use std::cmp::Reverse;
use std::ops::Range;
use tree_sitter::{Language, Node};

/// What a language's grammar calls things, and how it reads the environment.
pub trait Syntax {
    /// The grammar.
    fn grammar(&self) -> Language;

    /// The node to change, given the smallest one around a copy: a literal or a comment.
    ///
    /// # Errors
    /// Why no reference can stand there.
    fn target<'t>(&self, innermost: Node<'t>, text: &str) -> Result<Target<'t>, String>;

    /// Writes the node anew, with references for the copies in it.
    ///
    /// # Errors
    /// Why that cannot be done safely.
    fn rewrite(&self, node: Node<'_>, copies: &[Copy], text: &str) -> Result<String, String>;

    /// What a literal, or an expression that [`Syntax::rewrite`] writes, comes to; `None` for any other node.
    fn read(&self, node: Node<'_>, text: &str) -> Option<Pieces>;

    /// The expression that reads a variable, as [`Syntax::read`] gives it.
    fn reference(&self, variable: &str) -> String;

    /// What else the file needs, such as an import, given the first place that needs it.
    ///
    /// # Errors
    /// Why it is unclear what is needed.
    fn needs(&self, _root: Node<'_>, _text: &str, _first: usize) -> Result<Option<(usize, String)>, Problem> {
        Ok(None)
    }
}

/// What is to be changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'t> {
    /// A literal, which is evaluated.
    Literal(Node<'t>),
    /// A comment, or a string that nobody evaluates: a reference in it is only text.
    Text(Node<'t>),
}

/// A node to change, with the copies in it.
struct Work<'t, 'c> {
    target: Target<'t>,
    copies: &'c [Copy],
}

/// The text with references for the copies, which are sorted.
///
/// # Errors
/// Everything that keeps the file from being changed.
pub fn redact(text: &str, copies: &[Copy], syntax: &dyn Syntax) -> Result<String, Vec<Problem>> {
    let one = |problem| vec![problem];
    let before = tree::parse(&syntax.grammar(), text).map_err(one)?;
    let root = before.root_node();

    let mut problems = Vec::new();
    let mut works: Vec<Work> = Vec::new();
    for (number, copy) in copies.iter().enumerate() {
        let innermost = root.descendant_for_byte_range(copy.range.start, copy.range.end);
        let target = innermost
            .ok_or_else(|| "nothing is here for the parser".to_owned())
            .and_then(|node| syntax.target(node, text));
        match (target, works.last_mut()) {
            (Ok(target), Some(last)) if last.target == target => {
                last.copies = &copies[number - last.copies.len()..=number];
            }
            (Ok(target), _) => works.push(Work { target, copies: &copies[number..=number] }),
            (Err(reason), _) => problems.push(Problem::new(copy.range.start, reason)),
        }
    }

    let mut changes = Vec::new();
    let mut needed = None;
    for work in &works {
        let at = work.copies[0].range.start;
        match change_for(work, text, syntax) {
            Ok(change) => {
                if matches!(work.target, Target::Literal(_)) {
                    needed.get_or_insert(change.range.start);
                }
                changes.push(change);
            }
            Err(reason) => problems.push(Problem::new(at, reason)),
        }
    }
    let needs = needed.map_or(Ok(None), |first| syntax.needs(root, text, first));
    match needs {
        Ok(Some((at, put_in))) => {
            changes.push(Change { range: at..at, node: 0..put_in.len(), text: put_in, reads: None })
        }
        Ok(None) => {}
        Err(problem) => problems.push(problem),
    }
    changes.sort_by_key(|change| (change.range.start, change.range.end));
    for pair in changes.windows(2).filter(|pair| pair[1].range.start < pair[0].range.end) {
        problems.push(Problem::new(
            pair[1].range.start,
            "one copy is in an expression inside another's text: replace it by hand",
        ));
    }
    if !problems.is_empty() {
        return Err(problems);
    }

    let (changed, places) = change::apply(text, &changes);
    let at = copies.first().map_or(0, |copy| copy.range.start);
    let unproven = || {
        vec![Problem::new(
            at,
            "the file would not parse to the same with a reference here: replace it by hand",
        )]
    };
    let after = tree::parse(&syntax.grammar(), &changed).map_err(|_| unproven())?;
    let read = |node: Node<'_>| syntax.read(node, &changed);
    match tree::is_changed_so(&before, &after, &changes, &places, read) {
        true => Ok(changed),
        false => Err(unproven()),
    }
}

fn change_for(work: &Work<'_, '_>, text: &str, syntax: &dyn Syntax) -> Result<Change, String> {
    let (node, rewritten, reference): (_, _, fn(&dyn Syntax, &str) -> Piece) = match work.target {
        Target::Literal(node) => {
            let rewritten = syntax.rewrite(node, work.copies, text)?;
            (node, rewritten, |syntax, variable| Piece::Code(syntax.reference(variable)))
        }
        Target::Text(node) => {
            let by = |copy: &Copy| change::braced(copy.variable);
            let rewritten = change::replaced(text, node.byte_range(), work.copies, by);
            (node, rewritten, |_, variable| Piece::Text(change::braced(variable)))
        }
    };
    let mut reads = syntax
        .read(node, text)
        .ok_or_else(|| "what stands here is no literal: replace it by hand".to_owned())?;
    // Longest first: one token can be a part of another.
    let mut by_length: Vec<&Copy> = work.copies.iter().collect();
    by_length.sort_by_key(|copy| Reverse(copy.range.len()));
    for copy in by_length {
        reads = reads.replace(&text[copy.range.clone()], &reference(syntax, copy.variable));
    }
    let range = node.byte_range();
    let (before, after) = match work.target {
        Target::Literal(_) => (
            glued(text[..range.start].chars().next_back(), rewritten.chars().next()),
            glued(rewritten.chars().next_back(), text[range.end..].chars().next()),
        ),
        Target::Text(_) => ("", ""),
    };
    let node = before.len()..before.len() + rewritten.len();
    Ok(Change { range, text: format!("{before}{rewritten}{after}"), node, reads: Some(reads) })
}

/// What keeps two characters from becoming one word: quotes did where a string stood.
fn glued(left: Option<char>, right: Option<char>) -> &'static str {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$');
    if is_word(left) && is_word(right) { " " } else { "" }
}

/// What a literal comes to: `inside` is the range between its delimiters, `codes` are the ranges of the expressions in
/// it, each with the expression itself, and `cook` undoes escapes.
pub fn read_literal(
    text: &str,
    inside: Range<usize>,
    codes: &[(Range<usize>, String)],
    cook: impl Fn(&str) -> String,
) -> Pieces {
    let mut pieces = Pieces::default();
    let mut at = inside.start;
    for (range, code) in codes {
        pieces.push_text(&cook(&text[at..range.start]));
        pieces.push_code(code);
        at = range.end;
    }
    pieces.push_text(&cook(&text[at..inside.end]));
    pieces
}

/// The text without the backslash before each of `plain`, which mean themselves with and without it.
pub fn unescape(text: &str, plain: &[char]) -> String {
    let mut cooked = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some(next)) if plain.contains(&next) => cooked.push(next),
            (c, next) => {
                cooked.push(c);
                cooked.extend(next);
            }
        }
    }
    cooked
}
