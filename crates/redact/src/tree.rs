//! Syntax trees: parsing within bounds, and the proof that two trees are the same but for some changes.

use crate::change::{LiteralSegments, Problem, TextChange, ValueCopy};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};
use tree_sitter::{Language, Node, ParseOptions, Parser, Tree, TreeCursor};

/// No file that people write takes nearly as long.
const MAX_TIME: Duration = Duration::from_secs(20);
/// Nor does anything that people write, or a bundler does, go nearly as deep.
const MAX_DEPTH: usize = 10_000;

/// Parses a text that has to be without a mistake.
pub fn parse(language: &Language, text: &str) -> Result<Tree, Problem> {
    let mut parser = Parser::new();
    let unfit = |e| Problem::new(0, format!("the parser cannot be used: {e}"));
    parser.set_language(language).map_err(unfit)?;
    let started = Instant::now();
    let mut in_time = |_: &_| {
        if started.elapsed() > MAX_TIME { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let bytes = text.as_bytes();
    let tree = parser.parse_with_options(
        &mut |at, _| bytes.get(at..).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut in_time)),
    );
    let tree = tree.ok_or_else(|| Problem::new(0, "takes too long to parse: replace it by hand"))?;
    if is_deeper(&tree, MAX_DEPTH) {
        return Err(Problem::new(0, "is nested too deeply: replace it by hand"));
    }
    match first_mistake(&tree) {
        Some(at) => Err(Problem::new(
            at,
            "the file does not parse here, so a change could not be checked: replace it by hand",
        )),
        None => Ok(tree),
    }
}

/// Whether a tree goes deeper than `most`.
fn is_deeper(tree: &Tree, most: usize) -> bool {
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        if cursor.goto_first_child() {
            depth += 1;
            if depth > most {
                return true;
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return false;
            }
            depth -= 1;
        }
    }
}

fn first_mistake(tree: &Tree) -> Option<usize> {
    let mut cursor = tree.walk();
    if !cursor.node().has_error() {
        return None;
    }
    // Down to the first node that is one; a node that has none in it is passed by.
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return Some(node.start_byte());
        }
        let inside = node.has_error() && cursor.goto_first_child();
        if !inside && !cursor.goto_next_sibling() {
            return Some(node.start_byte());
        }
    }
}

pub fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    node.children(&mut node.walk()).collect()
}

/// A node and its field in its parent.
type NodeStep<'t> = (Node<'t>, Option<&'static str>);

/// A node and all that are above it. The parser's own way upwards starts at the root each time.
#[derive(Clone, Copy)]
pub struct NodePath<'p, 't> {
    step: NodeStep<'t>,
    above: &'p [NodeStep<'t>],
}

impl<'p, 't> NodePath<'p, 't> {
    pub fn node(self) -> Node<'t> {
        self.step.0
    }

    pub fn kind(self) -> &'static str {
        self.step.0.kind()
    }

    /// The field of its parent that it is in.
    pub fn field(self) -> Option<&'static str> {
        self.step.1
    }

    /// Its parent.
    pub fn up(self) -> Option<NodePath<'p, 't>> {
        let (&step, above) = self.above.split_last()?;
        Some(NodePath { step, above })
    }

    /// Its parent's kind; nothing for the root.
    pub fn parent_kind(self) -> &'static str {
        self.up().map_or("", NodePath::kind)
    }

    /// It and all that are above it, from the inside out.
    pub fn upwards(self) -> impl Iterator<Item = NodePath<'p, 't>> {
        std::iter::successors(Some(self), |place| place.up())
    }
}

/// Goes through a tree, into the nodes that `enter` says; `leave` sees each node after what is in it.
fn visit<'t>(
    root: Node<'t>,
    mut enter: impl FnMut(Node<'t>) -> bool,
    mut leave: impl FnMut(NodePath<'_, 't>),
) {
    let mut cursor = root.walk();
    let mut above: Vec<NodeStep> = Vec::new();
    loop {
        let step = (cursor.node(), cursor.field_name());
        if enter(step.0) && cursor.goto_first_child() {
            above.push(step);
            continue;
        }
        leave(NodePath { step, above: &above });
        while !cursor.goto_next_sibling() {
            let Some(step) = above.pop() else { return };
            cursor.goto_parent();
            leave(NodePath { step, above: &above });
        }
    }
}

/// Calls `with` for each copy, by its number, with the smallest node around it. The copies are sorted.
pub fn each_copy<'t>(root: Node<'t>, copies: &[ValueCopy], mut with: impl FnMut(usize, NodePath<'_, 't>)) {
    let mut seen = vec![false; copies.len()];
    let inside = |node: Node<'_>| {
        let start = copies.partition_point(|copy| copy.range.start < node.start_byte());
        let end = copies.partition_point(|copy| copy.range.end <= node.end_byte());
        start..end
    };
    let holds = |node| {
        let inside = inside(node);
        inside.start < inside.end
    };
    visit(root, holds, |place| {
        for number in inside(place.node()) {
            if !std::mem::replace(&mut seen[number], true) {
                with(number, place);
            }
        }
    });
}

/// Calls `with` for every named leaf that is spelled `name`.
pub fn each_named<'t>(root: Node<'t>, name: &str, text: &str, mut with: impl FnMut(NodePath<'_, 't>)) {
    let is_named =
        |node: Node<'_>| node.child_count() == 0 && node.is_named() && &text[node.byte_range()] == name;
    visit(
        root,
        |_| true,
        |place| {
            if is_named(place.node()) {
                with(place);
            }
        },
    );
}

/// Whether `after` is `before` with exactly these changes: every replaced node has given way to one node that reads as
/// it should, all that was put in is new, and the rest is of the same shape, kind for kind and field for field.
///
/// `places` says where each change's text stands in the new text; `read` says what a node of the new tree comes to.
pub fn is_changed_so(
    before: &Tree,
    after: &Tree,
    changes: &[TextChange],
    places: &[Range<usize>],
    read: impl Fn(Node<'_>) -> Option<LiteralSegments>,
) -> bool {
    let put_in: Vec<_> = changes
        .iter()
        .zip(places)
        .filter(|(change, _)| change.range.is_empty())
        .map(|(_, place)| place)
        .collect();
    let is_put_in = |node: Node<'_>| {
        put_in.iter().any(|place| place.start <= node.start_byte() && node.end_byte() <= place.end)
    };
    let replacement = |old: Range<usize>| {
        let key = |change: &TextChange| (change.range.start, change.range.end);
        let at = changes.binary_search_by_key(&(old.start, old.end), key).ok()?;
        Some((&changes[at], &places[at]))
    };
    let mut replaced = 0;
    let (mut old, mut new) = (before.walk(), after.walk());
    loop {
        let (a, b) = (old.node(), new.node());
        let is_replaced = replacement(a.byte_range()).is_some_and(|(change, place)| {
            let node = place.start + change.node.start..place.start + change.node.end;
            b.byte_range() == node && change.reads.is_some() && read(b) == change.reads
        });
        let descended = if is_replaced {
            replaced += 1;
            false
        } else {
            if a.kind_id() != b.kind_id() || old.field_id() != new.field_id() {
                return false;
            }
            let descended = old.goto_first_child();
            if descended != new.goto_first_child() || (descended && !skip(&mut new, is_put_in)) {
                return false;
            }
            descended
        };
        if descended {
            continue;
        }
        loop {
            let more = old.goto_next_sibling();
            if more != (new.goto_next_sibling() && skip(&mut new, is_put_in)) {
                return false;
            }
            if more {
                break;
            }
            if !old.goto_parent() {
                return replaced == changes.iter().filter(|change| change.reads.is_some()).count();
            }
            new.goto_parent();
        }
    }
}

/// Goes on to the first sibling, from this one on, that was not put in; says whether there is one.
fn skip(cursor: &mut TreeCursor<'_>, is_put_in: impl Fn(Node<'_>) -> bool) -> bool {
    loop {
        if !is_put_in(cursor.node()) {
            return true;
        }
        if !cursor.goto_next_sibling() {
            return false;
        }
    }
}
