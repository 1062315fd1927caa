//! A scope that a value stands in.

use super::object_members::Member;
use crate::names;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// Between `{` and `}`.
    Object,
    /// Between `(` and `)`.
    Call,
    /// Between `[` and `]`.
    List,
    /// A tag with its attributes, and the text right behind it.
    Tag,
    /// An element with its children.
    Element,
    /// Lines of one indentation, an item of a list.
    Block,
    /// The lines behind a `[section]`.
    Section,
    /// The lines between two blank ones.
    Paragraph,
}

/// One scope around a value.
#[derive(Clone, Debug)]
pub struct EnclosingScope {
    /// Where it stands in the text.
    pub range: Range<usize>,
    pub kind: ScopeKind,
    /// What it is called, nearest first.
    pub names: Vec<String>,
    /// Its plain members, but for the one with the value.
    pub members: Vec<Member>,
    /// What belongs to neighbours: the other items of a list that the value stands in.
    pub excluded: Vec<Range<usize>>,
}

impl EnclosingScope {
    /// What it is called, where an application keeps secrets of its own in what is called so: `cookie: { password: … }`.
    pub fn keeps_own_secrets(&self) -> Option<&str> {
        let is_plain = matches!(self.kind, ScopeKind::Object | ScopeKind::Block | ScopeKind::Section);
        let name = self.names.first().filter(|name| is_plain && names::names_own_secret(name))?;
        // A client's own tokens lie there as well.
        (!names::words(name).iter().any(|word| word == "oauth" || word == "session")).then_some(name)
    }
}
