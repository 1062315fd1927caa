//! Whose is this value? Gathers what speaks for it and decides by one written order.
//!
//! Takes a text, where a value stands in it, and what the path and the surroundings of an encoded text say; gives an
//! [`Attribution`]. The order is in [`evidence`]; the words are data, in `rules/names.toml` and `rules/services.toml`. Where the
//! value begins and ends, and whether it looks random, is not decided here.

mod assignment;
mod blocks;
mod evidence;
mod hosts;
mod levels;
mod members;
mod statement;
mod table;
mod uses;

use super::boundary;
use super::names::{self, NameKind};
use crate::unpack::label::bounded;
use assignment::Assignment;
use levels::{Level, LevelKind};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub use blocks::line_range;
pub use evidence::{Attribution, Evidence, Place, Says, Tie};

/// `krea` this near says something, in bytes and in lines.
const NEARBY_BYTES: usize = 8192;
const NEARBY_LINES: usize = 50;
/// The same for a value under a credential's name of unknown ownership.
const CLOSE_BYTES: usize = 600;
const CLOSE_LINES: usize = 10;
/// How far a request may stand from the header that it sends.
const REQUEST_REACH: usize = 2000;
/// How far from the use of a variable in a header its request may stand, in bytes.
const USE_REACH: usize = 400;
/// How far above a value a heading is looked for, in lines.
const HEADING_LINES: usize = 30;

static KREA: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i-u)krea").expect("a constant pattern"));
/// The one service whose keys have the shape of Krea's, fal.ai, by its names.
static LOOKALIKE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\b(?i:fal)(?:\b|[_.-]|Key|Api|AI|Client|Token|Secret|Cred)")
        .expect("a constant pattern")
});

/// A longer name is cut, in bytes.
const LONGEST_NAME: usize = 256;
/// No value that counts is longer, in bytes.
const LONGEST: usize = 1024;

/// What is known of a text before any of its values is looked at.
#[derive(Debug)]
pub struct Surroundings<'a> {
    text: &'a [u8],
    /// Where `krea` stands as a word.
    mentions: Vec<usize>,
    /// The file's name says Krea; only a folder's name does.
    path: PathSays,
    /// For a decoded text: whose the encoded value was.
    outer: Option<&'a Attribution>,
    /// The header of the table that was last looked at.
    header: table::LastHeader,
}

/// What a path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathSays {
    /// Nothing.
    Nothing,
    /// A folder is Krea's.
    Folder,
    /// The file itself is.
    File,
}

impl PathSays {
    /// Reads the components of a path below the scan's root.
    pub fn of(path: &str) -> Self {
        let says = |part: &str| {
            KREA.find_iter(part.as_bytes()).any(|m| names::is_krea_mention(part.as_bytes(), m.start()))
        };
        let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
        if says(file) {
            PathSays::File
        } else if says(folders) {
            PathSays::Folder
        } else {
            PathSays::Nothing
        }
    }
}

/// Adds the evidence of one place.
type Stage<'s> = &'s dyn Fn(&mut Vec<Evidence>);

impl<'a> Surroundings<'a> {
    /// Looks a text over.
    pub fn new(text: &'a [u8], path: PathSays, outer: Option<&'a Attribution>) -> Self {
        let mentions = KREA
            .find_iter(text)
            .map(|found| found.start())
            .filter(|&at| names::is_krea_mention(text, at) || boundary::is_string(text, &(at..at + 4)))
            .collect();
        Surroundings { text, mentions, path, outer, header: table::LastHeader::default() }
    }

    /// Whether anything at all ties this text to Krea.
    pub fn is_related(&self) -> bool {
        !self.mentions.is_empty() || self.path != PathSays::Nothing || self.outer.is_some()
    }

    /// Whether `krea` stands within `reach` bytes of `at`, or the file's name says it.
    pub fn mentioned_within(&self, at: usize, reach: usize) -> bool {
        self.path == PathSays::File
            || self.outer.is_some()
            || self.nearest_mention(at).is_some_and(|mention| mention.abs_diff(at) <= reach)
    }

    /// The stretches of the text that hold all that stands within `reach` bytes of a mention, in order: the text itself where
    /// its path or what it was decoded from says Krea. What starts at the very beginning of a stretch may be cut.
    pub fn zones(&self, reach: usize) -> Vec<Range<usize>> {
        // A value that starts in reach may reach further, and one that starts before it is not to be cut.
        let reach = reach + LONGEST;
        if self.path == PathSays::File || self.outer.is_some() {
            return std::iter::once(0..self.text.len()).collect();
        }
        let mut zones: Vec<Range<usize>> = Vec::new();
        for &at in &self.mentions {
            let zone = at.saturating_sub(reach)..(at + reach).min(self.text.len());
            match zones.last_mut() {
                Some(last) if zone.start <= last.end => last.end = zone.end,
                _ => zones.push(zone),
            }
        }
        zones
    }

    /// Whether the value at `at` stands in a block of encrypted values.
    pub fn is_encrypted(&self, at: usize) -> bool {
        let encrypted = |name: &String| names::classify(name) == NameKind::Encrypted;
        levels::around(self.text, at).iter().flat_map(|level| &level.names).any(encrypted)
    }

    /// Whether the value at `span` may stand where a credential stands: behind a credential's name, as an authorization,
    /// before a host, in a cell, or behind a word such as `value` whose neighbour may name it. Cheap; what it turns down
    /// needs no further look.
    pub fn may_be_credential(&self, span: &Range<usize>) -> bool {
        let own = assignment::before(self.text, span.start);
        let holder = |name: &String| {
            name.len() > 2
                && name.bytes().any(|b| b.is_ascii_alphabetic())
                && names::classify(name) == NameKind::Neutral
        };
        own.credential
            || self.outer.is_some()
            || self.text[span.end..].starts_with(b"@")
            || own.nearest.as_ref().is_some_and(holder)
            || statement::is_piped(self.text, span)
            || table::cell(self.text, span, &self.header).is_some_and(|cell| cell.header.is_some())
    }

    /// Whether the value at `span` has a name of its own, or stands in a column that has one. Cheap.
    pub fn has_name(&self, span: &Range<usize>) -> bool {
        assignment::before(self.text, span.start).nearest.is_some()
            || table::cell(self.text, span, &self.header).is_some_and(|cell| cell.header.is_some())
    }

    /// Decides whose the value at `span` is.
    pub fn attribute(&self, span: &Range<usize>) -> Attribution {
        let own = assignment::before(self.text, span.start);
        let cell = table::cell(self.text, span, &self.header);
        let evidence = self.gather(span, &own, cell.as_ref(), false);
        self.decide(span, &own, cell.as_ref(), &evidence)
    }

    /// All that speaks for whose the value at `span` is, in the order in which it decides.
    pub fn evidence(&self, span: &Range<usize>) -> Vec<Evidence> {
        let own = assignment::before(self.text, span.start);
        let mut told: Vec<Evidence> = Vec::new();
        for evidence in self.gather(span, &own, table::cell(self.text, span, &self.header).as_ref(), true) {
            if !told.contains(&evidence) {
                told.push(evidence);
            }
        }
        told
    }

    fn decide(
        &self,
        span: &Range<usize>,
        own: &Assignment,
        cell: Option<&table::Cell>,
        evidence: &[Evidence],
    ) -> Attribution {
        let decisive = evidence.iter().find(|evidence| evidence.decides());
        // A mention that decides nothing is better than nothing.
        let weak = evidence.iter().find(|evidence| evidence.tie() > Tie::None);
        let chosen = decisive.or(weak);
        let says_something = |name: &&String| names::classify(name) != NameKind::Neutral;
        let decided = own.decided.as_ref().map(|(_, name)| name);
        let is_neutral = own.nearest.as_ref().is_none_or(|name| !says_something(&name));
        let named_by_member = is_neutral.then(|| levels::sibling_name(self.text, span.start)).flatten();
        let sibling_is_credential = named_by_member.as_deref().is_some_and(|name| {
            names::classify(name) == NameKind::Credential || names::ends_like_credential(name)
        });
        let own_name = cell
            .and_then(|cell| cell.header.clone())
            .or(named_by_member)
            .or_else(|| own.nearest.iter().chain(&own.passed).chain(decided).find(says_something).cloned())
            .or_else(|| own.nearest.clone());
        let label = chosen.map(|evidence| evidence.label.clone()).unwrap_or_default();
        let header_is_credential = cell.and_then(|cell| cell.header.as_deref()).is_some_and(|name| {
            names::ends_like_credential(name) || names::classify(name) == NameKind::Credential
        });
        let named_by_neighbour = chosen.is_some_and(|evidence| {
            let holds = |name: &String| {
                names::classify(name) == NameKind::Neutral || statement::is_piped(self.text, span)
            };
            names::ends_like_credential(&evidence.label)
                && matches!(evidence.place, Place::Member | Place::LevelName | Place::Statement)
                && (own.nearest.as_ref().is_none_or(holds) || statement::is_piped(self.text, span))
        });
        let host_behind = chosen.is_some_and(|evidence| evidence.place == Place::HostBehind);
        let is_in_row = cell.is_some_and(|cell| cell.header.is_none() && cell.row.is_some());
        let last_of = |name: &String| names::ends_like_something_else(name);
        let mut found = Attribution {
            tie: chosen.map_or(Tie::None, Evidence::tie),
            other_service: chosen.is_some_and(|evidence| evidence.says == Says::AnotherService),
            credential: own.credential
                || header_is_credential
                || named_by_neighbour
                || host_behind
                || sibling_is_credential
                || is_in_row,
            not_plain: !own.authorization
                && (own.passed.iter().chain(&own.nearest).any(last_of)
                    || matches!(own.kind(), Some(NameKind::Encrypted | NameKind::KreaOther))),
            no_credential: evidence.iter().any(|evidence| evidence.says == Says::NoCredential)
                || own_name.as_deref().is_some_and(names::is_digest),
            place: chosen.map(|evidence| evidence.place),
            own_name,
            label,
        };
        if let Some(outer) = self.outer.filter(|_| found.place == Some(Place::Outside)) {
            found.credential |= outer.credential;
            found.tie = outer.tie;
            found.place = outer.place;
        }
        found
    }

    /// Gathers evidence in the order in which it decides; no more than is needed to decide, unless `all` is wanted.
    fn gather(
        &self,
        span: &Range<usize>,
        own: &Assignment,
        cell: Option<&table::Cell>,
        all: bool,
    ) -> Vec<Evidence> {
        let mut found: Vec<Evidence> = Vec::new();
        let stages: [Stage<'_>; 8] = [
            &|found| self.host_behind(span, found),
            &|found| self.column(cell, found),
            &|found| self.own_name(span, own, cell, found),
            &|found| self.uses(span, own, found),
            &|found| self.levels(span, own, all, found),
            &|found| found.extend(self.outside()),
            &|found| found.extend(self.heading(span)),
            &|found| found.extend(self.around(span, own)),
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
    fn is_key(&self, span: &Range<usize>) -> bool {
        let quote = self.text[..span.start].last().copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
        let behind = quote.and_then(|quote| self.text[span.end..].strip_prefix(&[quote]));
        let is_first = || {
            let before = self.text[..span.start - 1].trim_ascii_end().last();
            matches!(before, None | Some(b'{' | b','))
        };
        behind.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":")) && is_first()
    }

    /// The host in `value@host`.
    fn host_behind(&self, span: &Range<usize>, found: &mut Vec<Evidence>) {
        let Some(rest) = self.text[span.end..].strip_prefix(b"@") else { return };
        let is_host = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'.' | b'-');
        let length = rest.iter().take(100).take_while(is_host).count();
        let host = String::from_utf8_lossy(&rest[..length]).into_owned();
        if host.contains('.') {
            let says = match members::host_kind(&host) {
                NameKind::Krea => Says::Krea,
                _ => Says::AnotherService,
            };
            found.push(Evidence { place: Place::HostBehind, says, label: host });
        }
    }

    fn own_name(
        &self,
        span: &Range<usize>,
        own: &Assignment,
        cell: Option<&table::Cell>,
        found: &mut Vec<Evidence>,
    ) {
        if cell.is_some_and(|cell| cell.header.is_some()) {
            return;
        }
        if let Some((kind, name)) = &own.decided
            && let Some(says) = Says::of(*kind)
        {
            found.push(Evidence { place: Place::OwnName, says, label: shorten(name) });
        }
        // A command is no name of its option's value.
        let is_own = !own.nearest.as_ref().is_some_and(|name| name.starts_with('-'));
        let is_other_key = own.decided.as_ref().is_some_and(|(_, name)| is_own && names::names_no_pair(name))
            || own.nearest.as_deref().is_some_and(names::names_no_pair);
        if self.is_key(span) {
            found.push(Evidence {
                place: Place::OwnName,
                says: Says::NoCredential,
                label: "a key of an object".to_owned(),
            });
        }
        if own.no_credential || is_other_key {
            let label = own.nearest.as_deref().map(shorten).unwrap_or_default();
            found.push(Evidence { place: Place::OwnName, says: Says::NoCredential, label });
        }
    }

    fn column(&self, cell: Option<&table::Cell>, found: &mut Vec<Evidence>) {
        let Some(cell) = cell else { return };
        if let Some(header) = &cell.header {
            let kind = names::classify(header);
            if let Some(says) = Says::of(kind) {
                found.push(Evidence { place: Place::Column, says, label: shorten(header) });
            }
            if names::names_no_pair(header) {
                found.push(Evidence {
                    place: Place::Column,
                    says: Says::NoCredential,
                    label: shorten(header),
                });
            }
        }
        if let Some((kind, label)) = &cell.row
            && let Some(says) = Says::of(*kind)
        {
            found.push(Evidence { place: Place::Member, says, label: label.clone() });
        }
    }

    /// What the uses of the value's variable say, the nearest that says something.
    fn uses(&self, span: &Range<usize>, own: &Assignment, found: &mut Vec<Evidence>) {
        if own.decided.as_ref().is_some_and(|(kind, _)| Says::of(*kind).is_some()) {
            return;
        }
        let Some((name, defined)) = own.variable(self.text, span.start) else { return };
        let said = uses::of(self.text, name, defined).into_iter().find_map(|used| {
            let name = assignment::before(self.text, used.start);
            let told = name.decided.as_ref().and_then(|(kind, name)| Some((Says::of(*kind)?, shorten(name))));
            told.filter(|(says, _)| *says != Says::MentionsKrea).or_else(|| {
                let in_brackets =
                    levels::bracket_ranges(self.text, used.start, 2).into_iter().map(|(_, range)| range);
                let request =
                    used.start.saturating_sub(USE_REACH)..(used.end + USE_REACH).min(self.text.len());
                let zones = in_brackets
                    .take(2)
                    .chain(std::iter::once(statement::range(self.text, &used)))
                    .chain(name.authorization.then_some(request));
                let host = zones
                    .into_iter()
                    .find_map(|zone| hosts::nearest(self.text, &zone, &[], &used, name.authorization));
                host.and_then(|(kind, host)| Some((Says::of(kind)?, host)))
            })
        });
        if let Some((says, label)) = said {
            found.push(Evidence { place: Place::Use, says, label });
        }
    }

    /// What the levels around the value say, the smallest first: its statement is one of them.
    fn levels(&self, span: &Range<usize>, own: &Assignment, all: bool, found: &mut Vec<Evidence>) {
        let mut levels = levels::around(self.text, span.start);
        let line = statement::range(self.text, span);
        let line_at = levels.partition_point(|level| level.range.len() < line.len());
        let outer = levels.split_off(line_at);
        let is_done = |found: &[Evidence]| !all && found.iter().any(Evidence::decides);
        for level in &levels {
            self.level(level, span, own, found);
            if is_done(found) {
                return;
            }
        }
        let assigned = members::assigned(self.text, &line, span.start);
        if let Some((kind, label)) = members::surest(&assigned, span.start) {
            found.extend(Says::of(kind).map(|says| Evidence { place: Place::Member, says, label }));
        }
        if is_done(found) {
            return;
        }
        let excluded = levels.last().map_or(&[][..], |level| &level.excluded);
        if let Some((kind, label)) = hosts::nearest(self.text, &line, excluded, span, own.authorization) {
            found.extend(Says::of(kind).map(|says| Evidence { place: Place::Host, says, label }));
        }
        if is_done(found) {
            return;
        }
        found.extend(statement::nearest_name(self.text, &line, span, own));
        for level in &outer {
            if is_done(found) {
                return;
            }
            self.level(level, span, own, found);
        }
        if own.authorization && !is_done(found) {
            let reach =
                span.start.saturating_sub(REQUEST_REACH)..(span.end + REQUEST_REACH).min(self.text.len());
            if let Some((kind, label)) = hosts::nearest(self.text, &reach, &[], span, true) {
                found.extend(Says::of(kind).map(|says| Evidence { place: Place::Host, says, label }));
            }
        }
    }

    fn level(&self, level: &Level, span: &Range<usize>, own: &Assignment, found: &mut Vec<Evidence>) {
        let surest = match level.kind {
            LevelKind::Paragraph => members::surest_owner(&level.members, span.start),
            _ => members::surest(&level.members, span.start),
        };
        if let Some((kind, label)) = surest {
            let is_host = label.contains('.');
            let place = if is_host { Place::Host } else { Place::Member };
            let label = if is_host { sent_to(own, kind, label) } else { label };
            found.extend(Says::of(kind).map(|says| Evidence { place, says, label }));
        }
        if level.kind == LevelKind::List && level.members.iter().any(members::Member::names_an_id) {
            let label = "a key in pieces".to_owned();
            found.push(Evidence { place: Place::Member, says: Says::NoCredential, label });
        }
        // The lines of a paragraph have little to do with each other: their members have spoken.
        let host = (level.kind != LevelKind::Paragraph || own.authorization)
            .then(|| hosts::nearest(self.text, &level.range, &level.excluded, span, own.authorization))
            .flatten();
        if let Some((kind, host)) = host {
            let label = sent_to(own, kind, host);
            found.extend(Says::of(kind).map(|says| Evidence { place: Place::Host, says, label }));
        }
        if level.kind == LevelKind::Object {
            let described = members::described(self.text, &level.range, span.start);
            if let Some((kind, label)) = members::surest(&described, span.start) {
                found.extend(Says::of(kind).map(|says| Evidence { place: Place::Member, says, label }));
            }
        }
        // Names of one level that disagree say nothing.
        let said: Vec<(Says, &str)> = level
            .names
            .iter()
            .map(|name| last_segment(name))
            .filter(|name| !names::names_both(name))
            .filter_map(|name| Some((Says::of(names::classify(name))?, name)))
            .collect();
        let agree = said.windows(2).all(|pair| {
            let is_other = |says: Says| says == Says::AnotherService;
            is_other(pair[0].0) == is_other(pair[1].0)
        });
        if let Some((says, name)) = said.first().filter(|_| agree) {
            found.push(Evidence { place: Place::LevelName, says: *says, label: shorten(name) });
        }
    }

    /// What was around the encoded run that this text was decoded from.
    fn outside(&self) -> Option<Evidence> {
        let outer = self.outer?;
        let says = match () {
            () if outer.other_service => Says::AnotherService,
            () if outer.tie > Tie::None => Says::Krea,
            () => return None,
        };
        Some(Evidence { place: Place::Outside, says, label: outer.label.clone() })
    }

    /// The nearest heading or comment above that names a service.
    fn heading(&self, span: &Range<usize>) -> Option<Evidence> {
        let mut line = line_range(self.text, span.start);
        for _ in 0..HEADING_LINES {
            if line.start == 0 {
                return None;
            }
            line = line_range(self.text, line.start - 1);
            let text = self.text[line.clone()].trim_ascii();
            let marks: [&[u8]; 7] = [b"#", b"//", b"--", b";", b"/*", b"=", b"<!--"];
            if line.len() > 200 || !marks.iter().any(|mark| text.starts_with(mark)) {
                continue;
            }
            let krea = self.mentions.iter().any(|at| line.contains(at));
            let lookalike = LOOKALIKE.is_match(text);
            let says = match (krea, lookalike) {
                (true, false) => Says::Krea,
                (false, true) => Says::AnotherService,
                (true, true) => return None,
                (false, false) => continue,
            };
            let label = if krea { "krea in the comment above" } else { "fal in the comment above" };
            return Some(Evidence { place: Place::Heading, says, label: label.to_owned() });
        }
        None
    }

    /// The file's name, what is nearby, a folder's name.
    fn around(&self, span: &Range<usize>, own: &Assignment) -> Option<Evidence> {
        let krea = |place, label: &str| Some(Evidence { place, says: Says::Krea, label: label.to_owned() });
        if own.foreign_scheme {
            let label = "its authorization scheme".to_owned();
            return Some(Evidence { place: Place::Nearby, says: Says::AnotherService, label });
        }
        if self.path == PathSays::File {
            return krea(Place::FileName, "the file's name");
        }
        let unknown_credential = own.kind() == Some(NameKind::Unknown)
            && own.decided.as_ref().is_some_and(|(_, name)| names::ends_like_credential(name));
        if self.is_near(span.start, unknown_credential) {
            return krea(Place::Nearby, "krea nearby");
        }
        (self.path == PathSays::Folder).then(|| krea(Place::Folder, "the folder's name")).flatten()
    }

    fn nearest_mention(&self, at: usize) -> Option<usize> {
        let next = self.mentions.partition_point(|&mention| mention < at);
        let before = next.checked_sub(1).map(|i| self.mentions[i]);
        let after = self.mentions.get(next).copied();
        [before, after].into_iter().flatten().min_by_key(|mention| mention.abs_diff(at))
    }

    /// Whether `krea` is nearby and no service whose keys look the same is nearer.
    fn is_near(&self, at: usize, unknown_credential: bool) -> bool {
        let Some(mention) = self.nearest_mention(at) else { return false };
        let (bytes, lines) =
            if unknown_credential { (CLOSE_BYTES, CLOSE_LINES) } else { (NEARBY_BYTES, NEARBY_LINES) };
        let distance = mention.abs_diff(at);
        let between = &self.text[mention.min(at)..mention.max(at)];
        let rival_zone = &self.text[at.saturating_sub(distance)..(at + distance).min(self.text.len())];
        distance <= bytes
            && memchr::memchr_iter(b'\n', between).take(lines + 1).count() <= lines
            && !LOOKALIKE.is_match(rival_zone)
    }
}

/// A host as a report shows it: Krea's with what is sent to it.
fn sent_to(own: &Assignment, kind: NameKind, host: String) -> String {
    if own.authorization && kind == NameKind::Krea { format!("Authorization, {host}") } else { host }
}

/// The last part of a dotted name that says whose it is: `openai.alternatives.krea` is Krea's.
fn last_segment(name: &str) -> &str {
    name.rsplit('.').find(|part| Says::of(names::classify(part)).is_some()).unwrap_or(name)
}

/// A name as a report shows it: the last part of a dotted path when that part says it all.
pub fn shorten(name: &str) -> String {
    let name = name.trim_matches(|c: char| matches!(c, '.' | '-' | '$') || c.is_whitespace());
    let last = name.rsplit('.').next().unwrap_or(name);
    let kept = if names::classify(last) == NameKind::Krea && names::ends_like_credential(last) {
        last
    } else {
        name
    };
    bounded(kept, LONGEST_NAME).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Confidence;

    fn attribute(text: &str) -> Attribution {
        let at = text.find("@@@@").expect("a marked value");
        Surroundings::new(text.as_bytes(), PathSays::Nothing, None).attribute(&(at..at + 4))
    }

    #[test]
    fn requests_say_whose_a_header_is() {
        for text in [
            "curl https://api.krea.ai/jobs -H 'Authorization: Bearer @@@@'",
            "fetch('https://api.krea.ai/jobs', { headers: { Authorization: 'Bearer @@@@' } })",
            "h = {'Authorization': 'Bearer @@@@'}\nrequests.get('https://api.krea.ai/jobs', headers=h)",
            "{\"url\": \"https://api.krea.ai/mcp\", \"headers\": {\"Authorization\": \"Bearer @@@@\"}}",
            "GET https://api.krea.ai/jobs?api_key=@@@@",
            "curl -u @@@@ https://api.krea.ai/jobs",
            "krea auth login --api-key @@@@",
            "GET /jobs HTTP/1.1\nHost: api.krea.ai\nAuthorization: Bearer @@@@\n",
        ] {
            assert_eq!(attribute(text).tie, Tie::Stated, "{text}");
        }
    }

    #[test]
    fn another_service_takes_its_value_away() {
        for text in [
            "KREA_API_KEY=$K\nFAL_KEY=@@@@",
            "krea: 1\ncurl https://fal.run/x -H 'Authorization: Key @@@@'",
            "import krea\nfal.config({ credentials: '@@@@' })",
            "# krea uses redis\nurl = 'https://cache.example.com/x?y=1 redis://@@@@@cache.example.com'",
        ] {
            assert!(attribute(text).other_service, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn krea_nearby_is_weaker_than_a_name() {
        assert_eq!(attribute("# for krea\nx = '@@@@'").tie, Tie::Nearby);
        assert_eq!(attribute("# for krea and fal\nx = '@@@@'").tie, Tie::None);
        assert_eq!(attribute("# kreativ\nx = '@@@@'").tie, Tie::None);
        assert_eq!(attribute("# for krea\nETag: '@@@@'").pair_confidence(), Some(Confidence::Low));
        assert_eq!(attribute("# for krea\n# more\nACME_TOKEN = '@@@@'").tie, Tie::Nearby);
    }

    #[test]
    fn levels_members_and_columns_say_whose_it_is() {
        for text in [
            "krea:\n  url: x\n  api_key: @@@@\n",
            "services:\n  krea:\n    auth:\n      token: @@@@",
            "[krea]\nmodel = 1\napi_key = \"@@@@\"",
            "[tool.krea]\nkey = @@@@",
            "new Krea({ model: x({a: 1}), apiKey: \"@@@@\" })",
            "{\"krea\": {\"x\": [1, {}], \"apiKey\": \"@@@@\"}}",
            "- name: KREA_API_KEY\n  value: @@@@\n",
            "- value: @@@@\n  name: KREA_API_KEY\n",
            "VALUES ('fal', 'x'), ('@@@@', 'krea')",
            "<krea><id>x</id><token>@@@@</token></krea>",
            "<entry><id>krea-api-key</id><secret>@@@@</secret></entry>",
            "{\"value\": \"@@@@\", \"type\": \"secret\", \"key\": \"kreaApiKey\"}",
            "class KreaClient:\n    def __init__(self):\n        self.key = \"@@@@",
            "[{\"secret\":\"x\",\"vendor\":\"fal\"},{\"secret\":\"@@@@\",\"vendor\":\"krea\"}]",
            "{\"items\": [{\"login\": {\"uri\": \"https://fal.ai\"}}, {\"name\": \"Krea API\", \"login\": {\"password\": \"@@@@\"}}]}",
            "env,FAL_KEY,KREA_API_KEY\nprod,x,@@@@\n",
            "INSERT INTO cfg (fal_key, krea_key) VALUES ('x', '@@@@');",
            "const [falKey, kreaKey] = ['x', '@@@@'];",
            "dict(zip([\"fal\", \"krea\"], [\"x\", \"@@@@\"]))",
            "| Service | Key |\n|---|---|\n| fal | x |\n| krea | @@@@ |\n",
            "|===\n|fal.ai\n|x\n\n|Krea\n|@@@@\n|===",
            "<table><tr><th>Fal key</th><th>Krea key</th></tr>\n<tr><td>x</td><td>@@@@</td></tr></table>",
            "COPY s (fal_key, krea_key) FROM stdin;\nx\t@@@@\n",
            "const TOKEN = '@@@@';\nky.create({ prefixUrl: 'https://api.krea.ai', headers: { A: `Bearer ${TOKEN}` } });",
            "krea-proxy --listen :8080 --token @@@@",
            "label = x\nsecret = @@@@\nattribute.service = krea",
            "~ \"KREA_API_KEY\" = \"5d1b8c3e-7f20-4a96:6e1d9c4b7a2f80\" -> \"@@@@\"",
            "java -Dkrea.api.key=@@@@ -jar app.jar",
            "KreaのAPIキー: @@@@",
        ] {
            assert_eq!(attribute(text).tie, Tie::Stated, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn the_nearer_evidence_wins() {
        for text in [
            "krea:\n  x: 1\nfal:\n  key: @@@@",
            "{\"krea\": {\"a\": 1}, \"fal\": {\"key\": \"@@@@\"}}",
            "[krea]\nx=1\n[fal]\nkey=@@@@",
            "('krea', 'x'), ('@@@@', 'fal')",
            "<krea><token>x</token></krea><fal><token>@@@@</token></fal>",
            "function kreaOrFal() {\n  const key = '@@@@';\n  fal.config({ credentials: key });\n}",
            "flux_krea:\n  url: https://fal.run/fal-ai/flux/krea\n  key: @@@@\n",
            "async function krea(p) {\n  await fetch('https://fal.run/x', { headers: { Authorization: 'Key @@@@' } });\n}",
            "GET /v1/me HTTP/1.1\nHost: api.example.com\nOrigin: https://www.krea.ai\nAuthorization: Bearer @@@@\n",
            "KREA_FAL_KEY=@@@@",
            "{\"inputs\": {\"api_key\": \"@@@@\", \"prompt\": \"a krea style fox\"}, \"class_type\": \"FalKontext\"}",
            "env,KREA_API_KEY,FAL_KEY\nprod,x,@@@@\n",
            "const [falKey, kreaKey] = ['@@@@', 'x'];",
        ] {
            assert!(attribute(text).other_service, "{text}: {:?}", attribute(text));
        }
        assert_eq!(
            attribute("- name: KREA_API_KEY\n  valueFrom: x\n- name: OTHER\n  value: @@@@").tie,
            Tie::Nearby
        );
    }

    #[test]
    fn what_is_no_credential_is_told() {
        for text in [
            "krea: 1\nGET cache key=@@@@ hit",
            "{\"krea\": {\"correlation\": \"@@@@\"}}",
            "sha256(KREA_API_KEY) = @@@@",
            "krea_cache_key: @@@@",
            "krea = {\"@@@@\": 0}",
            "kreaQueryKey = [\"krea\", \"job\", \"@@@@\"]",
        ] {
            assert!(attribute(text).no_credential, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn paths_speak() {
        assert_eq!(PathSays::of("credentials/krea.json"), PathSays::File);
        assert_eq!(PathSays::of("krea/config.json"), PathSays::Folder);
        assert_eq!(PathSays::of("kreativ/config.json"), PathSays::Nothing);
    }
}
