//! A value in its context: what stands before and around it is read at most once, however much is asked of it. Decides whose the
//! value is, from what [`gather`](super::gather) finds.

use super::Surroundings;
use super::assignment::{self, Assignment};
use super::evidence::{Attribution, Evidence, EvidencePlace, Says, Strength, Words};
use super::label;
use super::object_members::{self, Member};
use super::scope::{EnclosingScope, ScopeKind};
use super::scopes;
use super::statement;
use super::table::{self, TableCell};
use crate::names::{self, NameKind};
use std::cell::OnceCell;
use std::ops::Range;

/// A value in its surroundings.
#[derive(Debug)]
pub struct ValueContext<'s> {
    pub(super) around: &'s Surroundings<'s>,
    pub(super) span: Range<usize>,
    own: OnceCell<Assignment>,
    cell: OnceCell<Option<TableCell>>,
    scopes: OnceCell<Vec<EnclosingScope>>,
    label: OnceCell<Option<Words>>,
    pub(super) is_named_a_stranger: OnceCell<bool>,
}

impl<'s> ValueContext<'s> {
    pub(super) fn new(around: &'s Surroundings<'s>, span: Range<usize>) -> Self {
        ValueContext {
            around,
            span,
            own: OnceCell::new(),
            cell: OnceCell::new(),
            scopes: OnceCell::new(),
            label: OnceCell::new(),
            is_named_a_stranger: OnceCell::new(),
        }
    }

    /// What the names before it say.
    pub(super) fn own(&self) -> &Assignment {
        self.own.get_or_init(|| {
            let before = assignment::before(self.around.text, self.span.start);
            let has_name = before.credential || before.kind().is_some_and(|kind| kind != NameKind::Unknown);
            let compared = || {
                assignment::compared(self.around.text, self.span.end)
                    .or_else(|| assignment::asserted(self.around.text, &self.span))
            };
            if has_name { before } else { compared().unwrap_or(before) }
        })
    }

    /// The cell of a table that holds it.
    pub(super) fn cell(&self) -> Option<&TableCell> {
        let cell = || table::cell(self.around.text, &self.span, &self.around.header, &self.around.index);
        self.cell.get_or_init(cell).as_ref()
    }

    /// The words before or behind it that name a credential of Krea's, unless its own name says that it is something else.
    pub(super) fn label(&self) -> Option<&Words> {
        let own = self.own();
        let is_something_else = || {
            own.decided.as_ref().is_some_and(|(kind, name)| {
                matches!(kind, NameKind::KreaOther | NameKind::OtherService)
                    && own.nearest.as_ref() == Some(name)
            })
        };
        let may_be = || self.around.nearest_mention(self.span.start).is_some() && !is_something_else();
        let label = || may_be().then(|| label::of(self.around.text, &self.span)).flatten();
        self.label.get_or_init(label).as_ref()
    }

    /// The scopes around it, the smallest first.
    pub(super) fn scopes(&self) -> &[EnclosingScope] {
        self.scopes.get_or_init(|| scopes::around(self.around.text, self.span.start, &self.around.index))
    }

    /// Whether it stands in a block of encrypted values.
    pub fn is_encrypted(&self) -> bool {
        // What is given to a vault is not yet encrypted: `vault.write(…)`, `new KeyVaultSecret(…)`.
        let encrypted = |scope: &EnclosingScope, name: &String| match scope.kind {
            ScopeKind::Call => names::is_encrypted_form(name),
            _ => names::classify(name) == NameKind::Encrypted,
        };
        self.scopes().iter().any(|scope| scope.names.iter().any(|name| encrypted(scope, name)))
    }

    /// Whether it may stand where a credential stands: behind a credential's name, as an authorization, before a host, in a
    /// cell, or behind a word such as `value` whose neighbour may name it. Cheap; what it turns down needs no further look.
    pub fn may_be_credential(&self) -> bool {
        let (own, text) = (self.own(), self.around.text);
        let holder = |name: &String| {
            name.len() > 2
                && name.bytes().any(|b| b.is_ascii_alphabetic())
                && names::classify(name) == NameKind::Neutral
        };
        own.credential
            || self.around.outer.is_some()
            || text[self.span.end..].starts_with(b"@")
            || own.nearest.as_ref().is_some_and(holder)
            || statement::is_piped(text, &self.span)
            || self.has_header()
            || self.is_credential_by_place()
            || self.label().is_some()
    }

    /// Whether it has a name of its own, or stands in a column that has one. Cheap.
    pub fn has_name(&self) -> bool {
        self.own().nearest.is_some() || self.has_header()
    }

    /// Whether it has no name, but stands in a row that is said to be somebody's, or is given to a call beside an address of
    /// Krea's.
    fn is_credential_by_place(&self) -> bool {
        self.cell().is_some_and(|cell| cell.header.is_none() && cell.row.is_some())
            || self.is_given_with_host()
    }

    /// Whether a call is given the value, without a name, beside an address of Krea's: `connect("https://api.krea.ai", "…")`.
    fn is_given_with_host(&self) -> bool {
        let text = self.around.text;
        let quote = text[..self.span.start].last().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
        let is_argument = quote.is_some_and(|quote| {
            let before = text[..self.span.start - 1].trim_ascii_end().last();
            matches!(before, Some(b',' | b'(')) && text.get(self.span.end) == Some(quote)
        });
        let is_kreas = |member: &Member| {
            member.key.is_none()
                && member.value.contains("://")
                && member.says().is_some_and(|(_, _, host)| object_members::is_krea_host(&host))
        };
        let call = is_argument
            .then(|| self.around.index.bracket_ranges(text, self.span.start, 1))
            .and_then(|mut all| all.pop());
        let call = call.filter(|(open, range)| {
            *open == b'(' && memchr::memmem::find(&text[range.clone()], b"://").is_some()
        });
        call.is_some_and(|(_, range)| {
            object_members::between_brackets(text, &range, self.span.start).0.iter().any(is_kreas)
        })
    }

    fn has_header(&self) -> bool {
        self.cell().is_some_and(|cell| cell.header.is_some())
    }

    /// All that speaks for whose it is, in the order in which it decides.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut told: Vec<Evidence> = Vec::new();
        for evidence in self.gather(true) {
            if !told.contains(&evidence) {
                told.push(evidence);
            }
        }
        told
    }

    /// Whether no name before it says anything.
    fn is_named_by_nothing(&self) -> bool {
        self.own().nearest.as_ref().is_none_or(|name| names::classify(name) == NameKind::Neutral)
    }

    /// What it is called. Cheap, beside [`ValueContext::attribution`].
    pub fn own_name(&self) -> Option<String> {
        let own = self.own();
        let decided = own.decided.as_ref().map(|(_, name)| name);
        let named_by_member =
            || self.is_named_by_nothing().then(|| scopes::sibling_name(self.scopes())).flatten();
        let says_something = |name: &&String| names::classify(name) != NameKind::Neutral;
        let header = self.cell().and_then(|cell| cell.header.clone());
        header
            .or_else(named_by_member)
            // The name before an option is that of its program.
            .or_else(|| own.nearest.clone().filter(|name| matches!(name.as_bytes(), [b'-', _])))
            .or_else(|| own.nearest.iter().chain(&own.passed).chain(decided).find(says_something).cloned())
            .or_else(|| own.nearest.clone())
    }

    /// Decides whose the value is.
    pub fn attribution(&self) -> Attribution {
        let (own, cell, evidence) = (self.own(), self.cell(), self.gather(false));
        let is_piped = || statement::is_piped(self.around.text, &self.span);
        let decisive = evidence.iter().find(|evidence| evidence.decides());
        // A mention that decides nothing is better than nothing.
        let weak = evidence.iter().find(|evidence| evidence.strength() > Strength::None);
        let chosen = decisive.or(weak);
        let is_neutral = self.is_named_by_nothing();
        let named_by_member = is_neutral.then(|| scopes::sibling_name(self.scopes())).flatten();
        let sibling_is_credential = named_by_member.as_deref().is_some_and(|name| {
            names::classify(name) == NameKind::Credential || names::ends_like_credential(name)
        });
        // `Type: API token`, and below it `Value: …`.
        let is_of_credential = is_neutral && own.nearest.is_some() && scopes::is_of_credential(self.scopes());
        let own_name = self.own_name();
        let header_is_credential = cell.and_then(|cell| cell.header.as_deref()).is_some_and(|name| {
            names::ends_like_credential(name) || names::classify(name) == NameKind::Credential
        });
        let named_by_neighbour = chosen.is_some_and(|evidence| {
            let holds = |name: &String| names::classify(name) == NameKind::Neutral || is_piped();
            evidence.witness.name().is_some_and(names::ends_like_credential)
                && matches!(
                    evidence.place,
                    EvidencePlace::Member | EvidencePlace::ScopeName | EvidencePlace::Statement
                )
                && (own.nearest.as_ref().is_none_or(holds) || is_piped())
        });
        let host_behind = chosen.is_some_and(|evidence| evidence.place == EvidencePlace::HostBehind);
        let is_labelled = chosen.is_some_and(|evidence| evidence.place == EvidencePlace::Label);
        let last_of = |name: &String| names::ends_like_something_else(name);
        let mut found = Attribution {
            strength: chosen.map_or(Strength::None, Evidence::strength),
            other_service: chosen.is_some_and(|evidence| evidence.says == Says::AnotherService),
            credential: own.credential
                || header_is_credential
                || named_by_neighbour
                || host_behind
                || sibling_is_credential
                || is_of_credential
                || is_labelled
                || self.is_credential_by_place(),
            not_plain: !own.authorization
                && !is_labelled
                && (own.passed.iter().chain(&own.nearest).any(last_of)
                    || matches!(own.kind(), Some(NameKind::Encrypted | NameKind::KreaOther))),
            no_credential: evidence.iter().any(|evidence| evidence.says == Says::NoCredential)
                || own_name.as_deref().is_some_and(names::is_digest),
            place: chosen.map(|evidence| evidence.place),
            own_name,
            witness: chosen.map(|evidence| evidence.witness.clone()),
        };
        if let Some(outer) = self.around.outer.filter(|_| found.place == Some(EvidencePlace::Outside)) {
            found.credential |= outer.credential;
            found.strength = outer.strength;
            found.place = outer.place;
        }
        found
    }
}
