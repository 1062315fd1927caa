//! Programs: the literal around each token gives way to what reads the variable, and the file is proven to parse to the
//! same tree but for that.
//!
//! Takes a text, the copies of tokens in it and a language's [`Syntax`]; gives the changed text. Whatever is unclear is
//! a [`Problem`], and then nothing is changed.

use crate::change::{self, LiteralSegment, LiteralSegments, Problem, TextChange, ValueCopy};
use crate::tree::{self, NodePath};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use tree_sitter::{Language, Node};

/// In bytes. A syntax tree takes a hundred times the memory of its text.
const MAX_SIZE: usize = 2 << 20;
/// No program that people write holds as many.
const MAX_COPIES: usize = 1000;

/// What a language's grammar calls things, and how it reads the environment.
pub trait Syntax {
    fn grammar(&self) -> Language;

    /// The node to change, given the smallest one around a copy: a literal or a comment.
    ///
    /// # Errors
    /// Why no reference can stand there.
    fn target<'p, 't>(&self, innermost: NodePath<'p, 't>, text: &str)
    -> Result<RedactTarget<'p, 't>, String>;

    /// Writes the node anew, with references for the copies in it.
    ///
    /// # Errors
    /// Why that cannot be done safely.
    fn rewrite(&self, place: NodePath<'_, '_>, copies: &[ValueCopy], text: &str) -> Result<String, String>;

    /// What a literal, or an expression that [`Syntax::rewrite`] writes, comes to; `None` for any other node.
    fn read_expression(&self, node: Node<'_>, text: &str) -> Option<LiteralSegments>;

    /// The expression that reads a variable, as [`Syntax::read_expression`] gives it.
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
#[derive(Clone, Copy)]
pub enum RedactTarget<'p, 't> {
    /// A literal, which is evaluated.
    Literal(NodePath<'p, 't>),
    /// A comment, or a string that nobody evaluates: a reference in it is only text.
    Text(NodePath<'p, 't>),
}

impl<'p, 't> RedactTarget<'p, 't> {
    fn node(self) -> Node<'t> {
        match self {
            RedactTarget::Literal(place) | RedactTarget::Text(place) => place.node(),
        }
    }
}

/// The text with references for the copies, which are sorted.
///
/// # Errors
/// Everything that keeps the file from being changed.
pub fn redact(text: &str, copies: &[ValueCopy], syntax: &dyn Syntax) -> Result<String, Vec<Problem>> {
    let one = |problem| vec![problem];
    if text.len() > MAX_SIZE {
        let reason =
            "it is in a program larger than people write: if it is built, build it again from clean sources";
        return Err(vec![Problem::new(copies.first().map_or(0, |copy| copy.range.start), reason)]);
    }
    if let Some(copy) = copies.get(MAX_COPIES) {
        let reason = format!("is one of more than {MAX_COPIES} copies: replace them by hand");
        return Err(vec![Problem::new(copy.range.start, reason)]);
    }
    let before = tree::parse(&syntax.grammar(), text).map_err(one)?;
    let root = before.root_node();

    let mut problems = Vec::new();
    // The copies by the node to change; a first look, as a node's change needs all the copies in it.
    let mut of_node: BTreeMap<usize, Vec<ValueCopy>> = BTreeMap::new();
    tree::each_copy(root, copies, |number, innermost| {
        let copy = &copies[number];
        match target_of(innermost, copy, text, syntax) {
            Ok(target) => of_node.entry(target.node().id()).or_default().push(copy.clone()),
            Err(reason) => problems.push(Problem::new(copy.range.start, reason)),
        }
    });
    let mut changes = Vec::new();
    let mut needed: Option<usize> = None;
    tree::each_copy(root, copies, |number, innermost| {
        let Ok(target) = target_of(innermost, &copies[number], text, syntax) else { return };
        let Some(mut own) = of_node.remove(&target.node().id()) else { return };
        own.sort_by_key(|copy| copy.range.start);
        match change_for(target, &own, text, syntax) {
            Ok(change) => {
                if matches!(target, RedactTarget::Literal(_)) {
                    needed = Some(needed.map_or(change.range.start, |first| first.min(change.range.start)));
                }
                changes.push(change);
            }
            Err(reason) => problems.push(Problem::new(copies[number].range.start, reason)),
        }
    });
    let needs = needed.map_or(Ok(None), |first| syntax.needs(root, text, first));
    match needs {
        Ok(Some((at, put_in))) => {
            changes.push(TextChange { range: at..at, node: 0..put_in.len(), text: put_in, reads: None })
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
    let read = |node: Node<'_>| syntax.read_expression(node, &changed);
    match tree::is_changed_so(&before, &after, &changes, &places, read) {
        true => Ok(changed),
        false => Err(unproven()),
    }
}

/// The node to change for a copy.
fn target_of<'p, 't>(
    innermost: NodePath<'p, 't>,
    copy: &ValueCopy,
    text: &str,
    syntax: &dyn Syntax,
) -> Result<RedactTarget<'p, 't>, String> {
    match cuts_an_escape(innermost, copy) {
        true => Err("it is written with escapes: replace it by hand".to_owned()),
        false => syntax.target(innermost, text),
    }
}

/// Whether an escape before a copy, or in it, takes some of its characters.
fn cuts_an_escape(innermost: NodePath<'_, '_>, copy: &ValueCopy) -> bool {
    tree::children(innermost.node()).iter().any(|part| {
        part.kind() == "escape_sequence"
            && part.start_byte() < copy.range.end
            && copy.range.start < part.end_byte()
    })
}

/// The change of one node.
fn change_for(
    target: RedactTarget<'_, '_>,
    copies: &[ValueCopy],
    text: &str,
    syntax: &dyn Syntax,
) -> Result<TextChange, String> {
    let node = target.node();
    let range = node.byte_range();
    let rewritten = match target {
        RedactTarget::Literal(place) => syntax.rewrite(place, copies, text)?,
        RedactTarget::Text(_) => {
            change::replaced(text, range.clone(), copies, |copy| change::braced(copy.variable))
        }
    };
    let reference = |variable: &str| match target {
        RedactTarget::Literal(_) => LiteralSegment::Code(syntax.reference(variable)),
        RedactTarget::Text(_) => LiteralSegment::Text(change::braced(variable)),
    };
    let mut reads = syntax
        .read_expression(node, text)
        .ok_or_else(|| "what stands here is no literal: replace it by hand".to_owned())?;
    // Longest first: one token can be a part of another.
    let mut by_length: Vec<&ValueCopy> = copies.iter().collect();
    by_length.sort_by_key(|copy| Reverse(copy.range.len()));
    for copy in by_length {
        reads = reads.replace(&text[copy.range.clone()], &reference(copy.variable));
    }
    let (before, after) = match target {
        RedactTarget::Literal(_) => (
            glued(text[..range.start].chars().next_back(), rewritten.chars().next()),
            glued(rewritten.chars().next_back(), text[range.end..].chars().next()),
        ),
        RedactTarget::Text(_) => ("", ""),
    };
    let node = before.len()..before.len() + rewritten.len();
    Ok(TextChange { range, text: format!("{before}{rewritten}{after}"), node, reads: Some(reads) })
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
) -> LiteralSegments {
    let mut pieces = LiteralSegments::default();
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
