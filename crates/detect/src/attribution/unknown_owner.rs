//! Whether a value belongs to something that nobody knows, beside which Krea is named: another provider of a list, another
//! client, another row of a table, another heading. Takes a value and a mention of Krea; what the mention labels is then
//! another's, and says nothing of the value.

use super::assignment::is_name_byte;
use super::blocks;
use super::lines::{HEADING_LINES, line_range};
use super::object_members::{self, MAX_SERVICE_NAME_BYTES, is_stranger, names_stranger};
use super::parallel;
use super::scope::{EnclosingScope, ScopeKind};
use super::scopes;
use super::value_context::ValueContext;
use crate::names::{self, NameKind};
use std::ops::Range;

/// How many words may follow Krea's name in a label: `Krea API key:`.
const WORDS_BEHIND: usize = 3;

/// Whether a mention of Krea stands in the name of what another service makes: `flux-krea`.
pub fn is_in_another_name(text: &[u8], mention: usize) -> bool {
    let is_inside = text[..mention].last().is_some_and(|b| matches!(b, b'-' | b'_' | b'.'));
    is_inside && names::is_made_by_another(&String::from_utf8_lossy(&text[name_at(text, mention)]))
}

impl ValueContext<'_> {
    /// Whether what a mention of Krea names is another entry than the one that the value stands in.
    pub(super) fn is_of_another(&self, mention: usize) -> bool {
        let text = self.around.text;
        let name = name_at(text, mention);
        let label = label(text, &name);
        let opens = matches!(label, Some(Label::Opens));
        let is_closed = text[..name.start].ends_with(b"</") && mention < self.span.start;
        is_closed
            || self.has_strangers_name() && names_a_credential(text, &name)
            || label.is_some() && self.is_named_a_stranger()
            || opens && self.has_label_like(&name)
            || self.stands_in_strangers(mention) && (opens || self.is_in_kreas(mention))
            || self.is_below_another(mention)
            || parallel::is_anothers(text, &self.span, mention)
    }

    /// Whether it is something else's than Krea's, by its own name or entry, or because what Krea's name near it labels is another
    /// entry.
    pub(super) fn is_anothers(&self) -> bool {
        self.has_strangers_name()
            || self.is_named_a_stranger()
            || self.around.mentions_around(self.span.start).any(|mention| self.is_of_another(mention))
    }

    /// Whether its own name is that of a credential of something that nobody knows: `NEBULA_TOKEN`.
    pub(super) fn has_strangers_name(&self) -> bool {
        let own = self.own().decided.as_ref();
        own.is_some_and(|(kind, name)| *kind == NameKind::Unknown && names::ends_like_credential(name))
    }

    /// Whether something around it is called what nobody knows, or a member of that says so.
    pub fn is_strangers(&self) -> bool {
        self.is_named_a_stranger() || self.stands_in_strangers(usize::MAX)
    }

    /// Whether a section, a block, an object or a call around it, but not around the mention, is called something that nobody
    /// knows.
    fn stands_in_strangers(&self, mention: usize) -> bool {
        let text = self.around.text;
        let is_named = |scope: &&EnclosingScope| match scope.kind {
            ScopeKind::Paragraph => false,
            // `name: {`, and not `\name{`.
            ScopeKind::Object => {
                let before = text[..scope.range.start - 1].trim_ascii_end();
                matches!(before.last(), Some(b':' | b'=' | b'>'))
            }
            _ => true,
        };
        let apart = self.scopes().iter().filter(|scope| !scope.range.contains(&mention));
        let mut names = apart.filter(is_named).filter_map(|scope| scope.names.first());
        names.any(|name| is_stranger(name))
    }

    /// Whether a mention stands in something that is called Krea, and the value does not.
    fn is_in_kreas(&self, mention: usize) -> bool {
        let around = scopes::around(self.around.text, mention, &self.around.index);
        let mut apart = around.iter().filter(|scope| !scope.range.contains(&self.span.start));
        apart.any(|scope| scope.names.first().is_some_and(|name| names::says_krea(name)))
    }

    /// Whether a member beside it, or a cell of its row, says that it is of something that nobody knows.
    pub(super) fn is_named_a_stranger(&self) -> bool {
        *self.is_named_a_stranger.get_or_init(|| self.finds_a_stranger())
    }

    fn finds_a_stranger(&self) -> bool {
        let (text, at) = (self.around.text, self.span.start);
        let names = |scope: &EnclosingScope| match scope.kind {
            // Lines that have little to do with each other.
            ScopeKind::Paragraph => scope
                .members
                .iter()
                .any(|member| member.names_its_service() && is_stranger(member.value.trim())),
            _ => names_stranger(&scope.members),
        };
        self.scopes().iter().any(names)
            || names_stranger(&object_members::assigned(text, &line_range(text, at), at))
            || names_stranger(&blocks::described(text, at))
            || self.cell().is_some_and(|cell| cell.is_strangers)
    }

    /// Whether the value has a label of its own as Krea's name near it is one: `{'krea': …, 'nebula': …}`.
    pub(super) fn has_label_beside_kreas(&self) -> bool {
        let text = self.around.text;
        let mut names = self.around.mentions_around(self.span.start).map(|mention| name_at(text, mention));
        names.any(|name| matches!(label(text, &name), Some(Label::Opens)) && self.has_label_like(&name))
    }

    /// Whether the value has a label of its own where Krea's name labels another one: `krea: …`, and below it `nebula: …`.
    fn has_label_like(&self, other: &Range<usize>) -> bool {
        let (text, own) = (self.around.text, self.own());
        let Some((_, name)) = own.decided.as_ref().filter(|(kind, _)| *kind == NameKind::Unknown) else {
            return false;
        };
        let is_first = |at: usize| {
            let start = line_range(text, at).start;
            let is_lead = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'-' | b'*' | b'>' | b'"' | b':');
            text[start..at].iter().all(is_lead) || text[..at].ends_with(b"<")
        };
        let line = line_range(text, self.span.start);
        let before = &text[line.start.min(self.span.start)..self.span.start];
        let Some(at) = memchr::memmem::rfind(before, name.as_bytes()).map(|at| line.start + at) else {
            return false;
        };
        // Words of what it is may follow it: `Nebula token:`.
        let words = |b: &&u8| b.is_ascii_alphabetic() || matches!(**b, b' ' | b'_' | b'-');
        let gap = &text[at + name.len()..self.span.start];
        let rest = &gap[gap.iter().take_while(words).count().min(MAX_SERVICE_NAME_BYTES)..];
        let is_label = matches!(rest, [b':' | b'>', ..] | [b'"' | b'\'', b':', ..] | [b'=', b'>', ..])
            || is_column(gap) && gap.trim_ascii().is_empty();
        // Words of one label: `Krea token created: …`.
        let between = text.get(other.end..at).unwrap_or(b",");
        let is_apart = between.iter().any(|b| matches!(b, b'\n' | b',' | b';' | b'{' | b'}' | b'<'));
        is_apart && is_label && is_stranger(name) && is_first(at) == is_first(other.start)
    }

    /// Whether a heading that nobody knows stands between the one at `mention` and the value, as high as that one.
    pub(super) fn is_below_another(&self, mention: usize) -> bool {
        let text = self.around.text;
        let own = line_range(text, mention);
        let headings = |from: Range<usize>| {
            let above = |line: &Range<usize>| Some(line_range(text, line.start.checked_sub(1)?));
            let lines = std::iter::successors(Some(from), above).take(HEADING_LINES);
            lines.filter_map(|line| heading(text, &line).map(|(depth, title)| (line, depth, title)))
        };
        let section = headings(own.clone()).next().filter(|(_, _, title)| names::says_krea(title));
        let Some((_, depth, _)) = section else { return false };
        let mut between =
            headings(line_range(text, self.span.start)).take_while(|(line, ..)| line.start > own.start);
        between.find(|(_, other, _)| *other <= depth).is_some_and(|(.., title)| is_stranger(&title))
    }
}

/// The whole name that holds the mention.
fn name_at(text: &[u8], mention: usize) -> Range<usize> {
    let line = line_range(text, mention);
    let before = text[line.start..mention].iter().rev().take_while(|&&b| is_name_byte(b)).count();
    let behind = text[mention..line.end].iter().take_while(|&&b| is_name_byte(b)).count();
    mention - before..mention + behind
}

/// Whether a name, or the one that its line starts with, is that of a credential of Krea's which has a value of its own:
/// `KREA_API_KEY=`, `${KREA_API_KEY}`.
fn names_a_credential(text: &[u8], name: &Range<usize>) -> bool {
    let is_kreas = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        names::says_krea(&name) && names::ends_like_credential(&name)
    };
    let first = object_members::name_of_line(text, &line_range(text, name.start));
    first.is_some_and(|first| is_kreas(&text[first]))
        || is_kreas(&text[name.clone()]) && has_value(text, name)
}

/// Whether what has a name has its value there, or is one that is kept elsewhere.
fn has_value(text: &[u8], name: &Range<usize>) -> bool {
    let rest = &text[name.end..];
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    matches!(rest.trim_ascii_start().first(), Some(b'=' | b':' | b'}' | b'{'))
}

/// How a name is all that something is called.
enum Label {
    /// What it is called follows: a section, a block, a client, a heading.
    Opens,
    /// It is said of what it stands in: a member, a cell of a table.
    Says,
}

/// How a name is all that something is called, if it is.
fn label(text: &[u8], name: &Range<usize>) -> Option<Label> {
    let said = String::from_utf8_lossy(&text[name.clone()]);
    // The name of a credential whose value may be the one that is asked about.
    if names::ends_like_credential(&said) && !has_value(text, name) {
        return None;
    }
    let is_mark = |b: &u8| matches!(b, b' ' | b'"' | b'\'' | b'`' | b'*');
    let line = line_range(text, name.start);
    let before = &text[line.start..name.start];
    let before = &before[..before.len() - before.iter().rev().take_while(|b| is_mark(b)).count()];
    let mut behind = &text[name.end..line.end.max(name.end)];
    for _ in 0..=WORDS_BEHIND {
        let marks = behind.iter().take_while(|b| is_mark(b)).count();
        let rest = &behind[marks..];
        let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        // ` :` starts something else.
        if word == 0 {
            behind = if behind[..marks].contains(&b' ') && rest.starts_with(b":") { behind } else { rest };
            break;
        }
        behind = &rest[word..];
    }
    // `->`, the end of a tag, a column's width.
    let points = is_column(&text[name.end..line.end.max(name.end)])
        || matches!(behind, [b'>', ..] | [b'-' | b'/', b'>', ..]);
    let closes = points
        || matches!(
            behind,
            [] | [
                b':' | b'=' | b'|' | b',' | b']' | b'}' | b')' | b'(' | b';' | b'\t' | b'\r' | b'{' | b'<',
                ..
            ]
        );
    let opens = points || matches!(behind, [b':' | b'=' | b'(' | b'{', ..]) || before.ends_with(b"[");
    match before {
        _ if !closes => None,
        _ if opens => is_start(before).then_some(Label::Opens),
        [.., b'|' | b',' | b'{' | b'(' | b'=' | b':' | b'\t' | b'>'] => Some(Label::Says),
        _ => is_start(before).then_some(Label::Opens),
    }
}

/// Whether what stands behind a name parts it from the next column.
fn is_column(behind: &[u8]) -> bool {
    behind.starts_with(b"  ") || behind.starts_with(b"\t")
}

/// Whether what stands before a name on its line lets it be the first one of something.
fn is_start(before: &[u8]) -> bool {
    matches!(before.trim_ascii(), [] | b"-")
        || matches!(before, [.., b'|' | b',' | b'[' | b'{' | b'(' | b'=' | b':' | b'\t' | b';' | b'<'])
}

/// The depth and the title of a heading in Markdown, AsciiDoc, reStructuredText and their kin.
fn heading(text: &[u8], line: &Range<usize>) -> Option<(usize, String)> {
    let said = text[line.clone()].trim_ascii();
    let title =
        |title: &[u8]| String::from_utf8_lossy(title).trim_end_matches(['#', '=', ' ', ':']).to_owned();
    if let Some(depth) = underline(text, line).filter(|_| !said.is_empty()) {
        return Some((depth, title(said)));
    }
    let mark = *said.first().filter(|b| matches!(b, b'#' | b'='))?;
    let depth = said.iter().take_while(|b| **b == mark).count();
    let rest = said[depth..].strip_prefix(b" ")?.trim_ascii();
    let is_rule = |b: &&u8| matches!(**b, b'-' | b'=' | b'*' | b'~');
    let rule = rest.iter().take_while(is_rule).count();
    let title = title(rest[rule..].trim_ascii());
    let title = title
        .split_once(" (")
        .map_or(title.as_str(), |(title, _)| title)
        .trim_end_matches(['-', '*', '~', ' ']);
    // A comment is a heading where it starts as one.
    let is_title = depth > 1 || rule > 1 || title.starts_with(char::is_uppercase);
    (is_title && depth <= 6).then(|| (depth, title.to_owned()))
}

/// The depth of what is underlined by the next line.
fn underline(text: &[u8], line: &Range<usize>) -> Option<usize> {
    const MARKS: &[u8] = b"=-~^";
    let next = text.get(line.end + 1..).map(|_| line_range(text, line.end + 1))?;
    let rule = text[next].trim_ascii_end();
    let depth = MARKS.iter().position(|mark| rule.first() == Some(mark))?;
    (rule.len() >= 3 && rule.iter().all(|b| *b == MARKS[depth])).then_some(depth + 1)
}
