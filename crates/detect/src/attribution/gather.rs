//! Gathers the evidence of whose a value is, place by place, nearest first.

use super::assignment::{self, Assignment};
use super::blocks;
use super::evidence::{Evidence, EvidencePlace, Says, Strength, Witness};
use super::hosts;
use super::lines::{HEADING_LINES, line_range};
use super::scope::{EnclosingScope, ScopeKind};
use super::value_context::ValueContext;
use super::{LOOKALIKE, PathSays, shorten};
use super::{object_members, statement, uses};
use crate::names::{self, NameKind};

/// How far a request may stand from the header that it sends.
const REQUEST_REACH: usize = 2000;
/// How far from the use of a variable in a header its request may stand, in bytes.
const USE_REACH: usize = 400;
/// How far before a call the variable stands that its result is assigned to, in bytes.
const RESULT_REACH: usize = 200;

/// Adds the evidence of one place.
type Stage<'s> = &'s dyn Fn(&mut Vec<Evidence>);

impl ValueContext<'_> {
    /// Gathers evidence in the order in which it decides; no more than is needed to decide, unless `all` is wanted.
    pub(super) fn gather(&self, all: bool) -> Vec<Evidence> {
        let mut found: Vec<Evidence> = Vec::new();
        let stages: [Stage<'_>; 9] = [
            &|found| found.extend(self.host_behind()),
            &|found| self.column(found),
            &|found| self.own_name_says(found),
            &|found| found.extend(self.words_before()),
            &|found| found.extend(self.uses()),
            &|found| self.levels_around(all, found),
            &|found| found.extend(self.outside()),
            &|found| found.extend(self.heading()),
            &|found| found.extend(self.nearby()),
        ];
        for stage in stages {
            stage(&mut found);
            if !all && found.iter().any(Evidence::decides) {
                break;
            }
        }
        found
    }

    /// Whether the value is a key itself: `{"value": …`.
    fn is_key(&self) -> bool {
        let (text, span) = (self.around.text, &self.span);
        let quote = text[..span.start].last().copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
        let behind = quote.and_then(|quote| text[span.end..].strip_prefix(&[quote]));
        let is_first = || {
            let before = text[..span.start - 1].trim_ascii_end().last();
            matches!(before, None | Some(b'{' | b','))
        };
        behind.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":")) && is_first()
    }

    /// The host in `value@host`.
    fn host_behind(&self) -> Option<Evidence> {
        let rest = self.around.text[self.span.end..].strip_prefix(b"@")?;
        let is_host = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'.' | b'-');
        let length = rest.iter().take(100).take_while(is_host).count();
        let host = String::from_utf8_lossy(&rest[..length]).into_owned();
        let says = match object_members::host_kind(&host) {
            NameKind::Krea => Says::Krea,
            _ => Says::AnotherService,
        };
        let is_host = host.contains('.');
        is_host.then(|| Evidence { place: EvidencePlace::HostBehind, says, witness: Witness::host(host) })
    }

    fn own_name_says(&self, found: &mut Vec<Evidence>) {
        let own = self.own();
        if self.cell().is_some_and(|cell| cell.header.is_some()) {
            return;
        }
        if let Some((kind, name)) = &own.decided
            && let Some(says) = Says::of(*kind)
        {
            found.push(Evidence {
                place: EvidencePlace::OwnName,
                says,
                witness: Witness::Name(shorten(name)),
            });
        }
        // A command is no name of its option's value.
        let is_own = !own.nearest.as_ref().is_some_and(|name| name.starts_with('-'));
        let is_other_key = own.decided.as_ref().is_some_and(|(_, name)| is_own && names::names_no_pair(name))
            || own.nearest.as_deref().is_some_and(names::names_no_pair);
        if self.is_key() {
            found.push(Evidence {
                place: EvidencePlace::OwnName,
                says: Says::NoCredential,
                witness: Witness::ObjectKey,
            });
        }
        let is_records_key = own.nearest.as_deref() == Some("key")
            && (statement::names_a_record(self.around.text, &self.span) || self.is_key_of_a_component());
        let store = || self.store().filter(|_| !own.credential && !own.authorization);
        // A word of what Krea's key is for names nothing itself.
        if own.no_credential || is_other_key && self.label().is_none() || is_records_key {
            let witness = Witness::Name(own.nearest.as_deref().map(shorten).unwrap_or_default());
            found.push(Evidence { place: EvidencePlace::OwnName, says: Says::NoCredential, witness });
        } else if let Some(name) = store() {
            let witness = Witness::Name(name);
            found.push(Evidence { place: EvidencePlace::OwnName, says: Says::NoCredential, witness });
        }
    }

    /// Whether it is the `key` by which React tells one component from another: `<Image key="…" src={url} />`.
    fn is_key_of_a_component(&self) -> bool {
        let tag = self.scopes().iter().find(|scope| scope.kind == ScopeKind::Tag);
        tag.is_some_and(|tag| memchr::memmem::find(&self.around.text[tag.range.clone()], b"={").is_some())
    }

    /// What keeps ids with digests and holds the value: `{"cache": {…: "…"}}`, `SETNX lock:krea:render "…"`, `krea.cache hit …`.
    fn store(&self) -> Option<String> {
        let text = self.around.text;
        let object = self.scopes().iter().find(|scope| scope.kind == ScopeKind::Object);
        let object = object.and_then(|object| object.names.first().cloned());
        let line = line_range(text, self.span.start);
        let before = text[line.start.min(self.span.start)..self.span.start].trim_ascii_end();
        let before = before.strip_suffix(b"\"").or(before.strip_suffix(b"'")).unwrap_or(before);
        let mut words = before.trim_ascii_end().rsplit(|b| matches!(b, b' ' | b'\t' | b'"' | b'\''));
        let name = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let (own, before) = (words.next().map(name)?, words.next().map(name));
        let own = own.trim_end_matches([':', '=']);
        let is_event = !own.is_empty() && own.bytes().all(|b| b.is_ascii_lowercase());
        let event = before.filter(|_| is_event);
        let record = own.split_once(':').map(|(first, _)| first.to_owned());
        let is_kreas = names::ends_like_credential(own)
            || self.own().kind() == Some(NameKind::Krea) && !own.contains(':');
        let said = [object, record, event].into_iter().flatten().filter(|_| !is_kreas);
        said.into_iter().find(|name| names::names_a_store(name))
    }

    fn column(&self, found: &mut Vec<Evidence>) {
        let Some(cell) = self.cell() else { return };
        if let Some(header) = &cell.header {
            let kind = names::classify(header);
            if let Some(says) = Says::of(kind) {
                let witness = Witness::Name(shorten(header));
                found.push(Evidence { place: EvidencePlace::Column, says, witness });
            }
            if names::names_no_pair(header) {
                found.push(Evidence {
                    place: EvidencePlace::Column,
                    says: Says::NoCredential,
                    witness: Witness::Name(shorten(header)),
                });
            }
        }
        if let Some((kind, label)) = &cell.row
            && let Some(says) = Says::of(*kind)
        {
            found.push(Evidence {
                place: EvidencePlace::Member,
                says,
                witness: Witness::Name(label.clone()),
            });
        }
    }

    /// The words before it, unless a credential's name that nobody knows stands nearer.
    fn words_before(&self) -> Option<Evidence> {
        let witness = Witness::Words(self.label()?.clone());
        let is_named = self.own().nearest.as_deref().is_some_and(names::names_another_credential);
        (!is_named).then_some(Evidence { place: EvidencePlace::Label, says: Says::Krea, witness })
    }

    /// What the uses of the value's variable say, the nearest that says something.
    fn uses(&self) -> Option<Evidence> {
        let (text, own) = (self.around.text, self.own());
        if own.decided.as_ref().is_some_and(|(kind, _)| Says::of(*kind).is_some()) {
            return None;
        }
        let variable = own.variable(text, self.span.start);
        let result = if variable.is_none() { self.result() } else { None };
        let (name, defined) =
            variable.or(result.as_ref().map(|(name, defined)| (name.as_str(), *defined)))?;
        let said = uses::of(text, name, defined).into_iter().find_map(|used| {
            let name = assignment::before(text, used.start);
            let told = name
                .decided
                .as_ref()
                .and_then(|(kind, name)| Some((Says::of(*kind)?, Witness::Name(shorten(name)))));
            told.filter(|(says, _)| *says != Says::MentionsKrea).or_else(|| {
                let in_brackets =
                    self.around.index.bracket_ranges(text, used.start, 2).into_iter().map(|(_, range)| range);
                let request = used.start.saturating_sub(USE_REACH)..(used.end + USE_REACH).min(text.len());
                let zones = in_brackets
                    .take(2)
                    .chain(std::iter::once(statement::range(text, &used)))
                    .chain(name.authorization.then_some(request));
                let host = zones
                    .into_iter()
                    .find_map(|zone| hosts::nearest(text, &zone, &[], &used, name.authorization));
                host.and_then(|(kind, host)| Some((Says::of(kind)?, Witness::host(host))))
            })
        });
        said.map(|(says, witness)| Evidence { place: EvidencePlace::Use, says, witness })
    }

    /// What the result of the outermost call is assigned to that is given the value as a credential, and where that stands:
    /// `source := StaticTokenSource(&Token{AccessToken: "…"})`.
    fn result(&self) -> Option<(String, usize)> {
        if !self.own().credential {
            return None;
        }
        let calls = self.scopes().iter().filter(|scope| scope.kind == ScopeKind::Call);
        let call = calls.rev().find(|scope| scope.names.len() > 1)?;
        let name = call.names.last().filter(|name| name.len() >= assignment::SHORTEST_VARIABLE)?;
        let before = &self.around.text[..call.range.start];
        let floor = before.len().saturating_sub(RESULT_REACH);
        let at = floor + memchr::memmem::rfind(&before[floor..], name.as_bytes())?;
        Some((name.clone(), at))
    }

    /// What the scopes around the value say, the smallest first: its statement is one of them.
    fn levels_around(&self, all: bool, found: &mut Vec<Evidence>) {
        let (text, span, own, scopes) = (self.around.text, &self.span, self.own(), self.scopes());
        let line = statement::range(text, span);
        let line_at = scopes.partition_point(|scope| scope.range.len() < line.len());
        let (inner, outer) = scopes.split_at(line_at);
        let is_done = |found: &[Evidence]| !all && found.iter().any(Evidence::decides);
        for scope in inner {
            self.scope(scope, found);
            if is_done(found) {
                return;
            }
        }
        let assigned = object_members::assigned(text, &line, span.start);
        if let Some((kind, name)) = object_members::surest(&assigned, span.start) {
            found.extend(said(EvidencePlace::Member, kind, Witness::Name(name)));
        }
        if is_done(found) {
            return;
        }
        let excluded = inner.last().map_or(&[][..], |scope| &scope.excluded);
        if let Some((kind, host)) = hosts::nearest(text, &line, excluded, span, own.authorization) {
            found.extend(said(EvidencePlace::Host, kind, Witness::host(host)));
        }
        if is_done(found) {
            return;
        }
        let named = statement::nearest_name(text, &line, span, own);
        let is_ours = |(at, evidence): &(usize, Evidence)| match evidence.says {
            Says::MentionsKrea => !self.is_of_another(*at),
            Says::Krea => !self.is_named_a_stranger() && !self.has_label_beside_kreas(),
            _ => true,
        };
        found.extend(named.filter(is_ours).map(|(_, evidence)| evidence));
        for scope in outer {
            if is_done(found) {
                return;
            }
            self.scope(scope, found);
        }
        // What a token endpoint answers stands below the request.
        let is_answer = own.nearest.as_deref().is_some_and(names::names_oauth_token);
        if (own.authorization || is_answer) && !is_done(found) {
            let behind = if own.authorization { REQUEST_REACH } else { 0 };
            let reach = span.start.saturating_sub(REQUEST_REACH)..(span.end + behind).min(text.len());
            if let Some((kind, host)) = hosts::nearest(text, &reach, &[], span, true) {
                found.extend(said(EvidencePlace::Host, kind, Witness::host(host)));
            }
        }
    }

    fn scope(&self, scope: &EnclosingScope, found: &mut Vec<Evidence>) {
        let (text, span, own) = (self.around.text, &self.span, self.own());
        if let Some(name) = scope.keeps_own_secrets() {
            let witness = Witness::Name(shorten(name));
            found.push(Evidence { place: EvidencePlace::ScopeName, says: Says::AnotherService, witness });
            return;
        }
        let surest = match scope.kind {
            ScopeKind::Paragraph => object_members::surest_owner(&scope.members, span.start),
            _ => object_members::surest(&scope.members, span.start),
        };
        if let Some((kind, label)) = surest {
            let is_host = label.contains('.');
            found.extend(match is_host {
                true => said(EvidencePlace::Host, kind, sent_to(own, kind, label)),
                false => said(EvidencePlace::Member, kind, Witness::Name(label)),
            });
        }
        if scope.kind == ScopeKind::List && scope.members.iter().any(object_members::Member::names_an_id) {
            let witness = Witness::KeyInPieces;
            found.push(Evidence { place: EvidencePlace::Member, says: Says::NoCredential, witness });
        }
        // The lines of a paragraph have little to do with each other: their members have spoken.
        let host = (scope.kind != ScopeKind::Paragraph || own.authorization)
            .then(|| hosts::nearest(text, &scope.range, &scope.excluded, span, own.authorization))
            .flatten();
        if let Some((kind, host)) = host {
            found.extend(said(EvidencePlace::Host, kind, sent_to(own, kind, host)));
        }
        if scope.kind == ScopeKind::Object {
            let described = object_members::described(text, &scope.range, span.start);
            if let Some((kind, name)) = object_members::surest(&described, span.start) {
                found.extend(said(EvidencePlace::Member, kind, Witness::Name(name)));
            }
        }
        if scope.kind == ScopeKind::Block
            && self
                .scopes()
                .iter()
                .find(|scope| scope.kind == ScopeKind::Block)
                .is_some_and(|own| own.range == scope.range)
        {
            let described = blocks::described(text, span.start);
            let surest = object_members::surest(&described, span.start)
                .filter(|(_, name)| !names::names_own_secret(name));
            found.extend(
                surest.and_then(|(kind, name)| said(EvidencePlace::Member, kind, Witness::Name(name))),
            );
        }
        // Names of one scope that disagree say nothing.
        let told: Vec<(Says, &str)> = scope
            .names
            .iter()
            .map(|name| last_segment(name))
            .filter(|name| !names::names_both(name))
            .filter_map(|name| Some((Says::of(names::classify(name))?, name)))
            .collect();
        let agree = told.windows(2).all(|pair| {
            let is_other = |says: Says| says == Says::AnotherService;
            is_other(pair[0].0) == is_other(pair[1].0)
        });
        if let Some((says, name)) = told.first().filter(|_| agree) {
            let witness = Witness::Name(shorten(name));
            found.push(Evidence { place: EvidencePlace::ScopeName, says: *says, witness });
        }
    }

    /// What was around the encoded run that this text was decoded from.
    fn outside(&self) -> Option<Evidence> {
        let outer = self.around.outer?;
        let says = match () {
            () if outer.other_service => Says::AnotherService,
            () if outer.strength > Strength::None => Says::Krea,
            () => return None,
        };
        Some(Evidence { place: EvidencePlace::Outside, says, witness: outer.witness.clone()? })
    }

    /// The nearest heading or comment above that names a service.
    fn heading(&self) -> Option<Evidence> {
        let text = self.around.text;
        let mut line = line_range(text, self.span.start);
        for _ in 0..HEADING_LINES {
            if line.start == 0 {
                return None;
            }
            line = line_range(text, line.start - 1);
            let heading = text[line.clone()].trim_ascii();
            let marks: [&[u8]; 7] = [b"#", b"//", b"--", b";", b"/*", b"=", b"<!--"];
            if line.len() > 200 || !marks.iter().any(|mark| heading.starts_with(mark)) {
                continue;
            }
            let krea = self.around.mentions.iter().any(|at| line.contains(at));
            let lookalike = LOOKALIKE.is_match(heading);
            if krea && self.is_below_another(line.start) {
                return None;
            }
            let says = match (krea, lookalike) {
                (true, false) => Says::Krea,
                (false, true) => Says::AnotherService,
                (true, true) => return None,
                (false, false) => continue,
            };
            let witness = if krea { Witness::KreaAbove } else { Witness::LookalikeAbove };
            return Some(Evidence { place: EvidencePlace::Heading, says, witness });
        }
        None
    }

    /// The file's name, what is nearby, a folder's name.
    fn nearby(&self) -> Option<Evidence> {
        let own = self.own();
        let krea = |place, witness| Some(Evidence { place, says: Says::Krea, witness });
        if own.foreign_scheme {
            let witness = Witness::Scheme;
            return Some(Evidence { place: EvidencePlace::Nearby, says: Says::AnotherService, witness });
        }
        let at = self.span.start;
        if self.around.path == PathSays::File && !self.is_named_a_stranger() {
            return krea(EvidencePlace::FileName, Witness::FileName);
        }
        if self.around.is_near(at) && !self.is_anothers() {
            return krea(EvidencePlace::Nearby, Witness::KreaNearby);
        }
        (self.around.path == PathSays::Folder)
            .then(|| krea(EvidencePlace::Folder, Witness::FolderName))
            .flatten()
    }
}

/// A host: Krea's with whether the value is sent to it.
fn sent_to(own: &Assignment, kind: NameKind, host: String) -> Witness {
    Witness::Host { host, is_authorization: own.authorization && kind == NameKind::Krea }
}

/// What something at a place says, if its kind says anything of whose a value is.
fn said(place: EvidencePlace, kind: NameKind, witness: Witness) -> Option<Evidence> {
    Says::of(kind).map(|says| Evidence { place, says, witness })
}

/// The last part of a dotted name that says whose it is: `openai.alternatives.krea` is Krea's.
fn last_segment(name: &str) -> &str {
    name.rsplit('.').find(|part| Says::of(names::classify(part)).is_some()).unwrap_or(name)
}
