//! Whose is this value? Weighs what stands around it.
//!
//! In order of weight: the host behind an `@`; the name it is assigned to; the call or block it is in; the request
//! it is a part of; its line; the file's name; `krea` nearby; a folder's name. Another service in one of those places
//! takes the value away.

mod chain;
mod scope;

use super::boundary;
use super::names::{self, NameKind};
use crate::finding::Confidence;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

pub use chain::{before as names_before, is_name_byte};
pub use scope::{line_range, owner as block_owner, shorten};

/// `krea` this near says something, in bytes and in lines.
const NEARBY_BYTES: usize = 8192;
const NEARBY_LINES: usize = 50;
/// The same for a value under a credential's name of unknown ownership.
const CLOSE_BYTES: usize = 600;
const CLOSE_LINES: usize = 10;
/// How far the lines of one statement or command are followed, back and forward.
const STATEMENT_BEFORE: usize = 2000;
const STATEMENT_AFTER: usize = 600;
/// How far a request may stand from the header that it sends.
const REQUEST_REACH: usize = 2000;

static HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)(?:(?:https?|wss?)://(?:[^\s/@]{1,300}@)?|\bhost[\x22']?\s*[:=]\s*[\x22']?|\bmachine\s+)([a-z0-9][a-z0-9.-]{2,100})|\b((?:[a-z0-9-]{1,40}\.){0,3}krea\.ai)\b")
        .expect("a constant pattern")
});
static KREA: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i-u)krea").expect("a constant pattern"));
/// The one service whose keys have the shape of Krea's, fal.ai, by its names.
static LOOKALIKE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\b(?i:fal)(?:\b|[_.-]|Key|Api|AI|Client|Token|Secret|Cred)")
        .expect("a constant pattern")
});

/// What a name has to hold to say anything of a value in its statement: a first look, as most words say nothing.
static TELLING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i-u)krea|fal|key|token|secret|auth|bearer|basic|cred|pass|pwd|pat")
        .expect("a constant pattern")
});

/// What says that a value is Krea's, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Nothing does.
    None,
    /// `krea` is nearby.
    Nearby,
    /// The file's name, or a folder's.
    Path,
    /// A name, a header, a call or a block.
    Stated,
}

/// Whose a value is, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// How strongly it is tied to Krea.
    pub evidence: Evidence,
    /// Another service's name stands closer.
    pub other_service: bool,
    /// It stands where a credential stands: behind a credential's name, or as an authorization.
    pub credential: bool,
    /// What stands before it says that it is encrypted, a digest or an id.
    pub not_plain: bool,
    /// The nearest name is that of a digest.
    pub digest: bool,
    /// What a report shows as the context.
    pub label: String,
}

impl Attribution {
    /// The confidence in an `id:secret` pair; `None` when it is another service's.
    pub fn pair_confidence(&self) -> Option<Confidence> {
        match self.evidence {
            _ if self.other_service => None,
            Evidence::Stated => Some(Confidence::High),
            _ if self.digest => Some(Confidence::Low),
            Evidence::Path | Evidence::Nearby => Some(Confidence::Medium),
            Evidence::None => Some(Confidence::Low),
        }
    }
}

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

impl<'a> Surroundings<'a> {
    /// Looks a text over.
    pub fn new(text: &'a [u8], path: PathSays, outer: Option<&'a Attribution>) -> Self {
        let mentions = KREA
            .find_iter(text)
            .map(|found| found.start())
            .filter(|&at| names::is_krea_mention(text, at) || boundary::is_string(text, &(at..at + 4)))
            .collect();
        Surroundings { text, mentions, path, outer }
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
        scope::is_encrypted(self.text, at)
    }

    /// Whether the value at `span` stands where a credential can stand: behind a credential's name, as an
    /// authorization, before a host, or behind a word such as `value` whose neighbour may name it. Cheap; what it
    /// turns down needs no further look.
    pub fn may_be_credential(&self, span: &Range<usize>) -> bool {
        let chain = chain::before(self.text, span.start);
        let holder = |name: &String| {
            name.len() > 2
                && name.bytes().any(|b| b.is_ascii_alphabetic())
                && names::classify(name) == NameKind::Neutral
        };
        chain.credential
            || self.outer.is_some()
            || self.text[span.end..].starts_with(b"@")
            || chain.nearest.as_ref().is_some_and(holder)
    }

    /// Decides whose the value at `span` is.
    pub fn attribute(&self, span: &Range<usize>) -> Attribution {
        let own = self.attribute_here(span);
        match self.outer {
            Some(outer) if own.evidence < Evidence::Stated && !own.other_service => {
                let credential = outer.credential || own.credential;
                let not_plain = own.not_plain;
                if outer.evidence >= own.evidence || outer.other_service {
                    Attribution { credential, not_plain, ..outer.clone() }
                } else {
                    own
                }
            }
            _ => own,
        }
    }

    fn attribute_here(&self, span: &Range<usize>) -> Attribution {
        let chain = chain::before(self.text, span.start);
        let verdict = |evidence, label: String| Attribution {
            evidence,
            other_service: false,
            credential: chain.credential,
            not_plain: chain
                .passed
                .iter()
                .chain(&chain.nearest)
                .any(|name| names::ends_like_something_else(name))
                && !chain.authorization
                || matches!(chain.kind(), Some(NameKind::Encrypted | NameKind::KreaOther)),
            digest: chain.nearest.as_deref().is_some_and(names::is_digest),
            label,
        };
        let taken = |label: String| Attribution { other_service: true, ..verdict(Evidence::None, label) };

        // user:password@host
        if let Some(host) = self.host_behind(span.end) {
            return match is_krea_host(&host) {
                true => Attribution { credential: true, ..verdict(Evidence::Stated, host) },
                false => taken(host),
            };
        }
        match &chain.decided {
            Some((NameKind::Krea, name)) => return verdict(Evidence::Stated, shorten(name)),
            Some((NameKind::OtherService, name)) => return taken(shorten(name)),
            _ => {}
        }
        if let Some((kind, label)) = scope::owner(self.text, span.start) {
            match kind {
                NameKind::Krea => {
                    // `name: KREA_API_KEY` beside `value: …`.
                    let holds = |name: &String| names::classify(name) == NameKind::Neutral;
                    let credential = chain.credential
                        || names::ends_like_credential(&label) && chain.nearest.as_ref().is_some_and(holds);
                    return Attribution { credential, ..verdict(Evidence::Stated, label) };
                }
                NameKind::OtherService => return taken(label),
                _ => {}
            }
        }
        if let Some((krea, host)) = self.request_host(span, chain.authorization) {
            return if krea {
                let label = if chain.authorization { format!("Authorization, {host}") } else { host };
                verdict(Evidence::Stated, label)
            } else {
                taken(host)
            };
        }
        match self.statement(span) {
            Some((NameKind::Krea, name)) => return verdict(Evidence::Stated, name),
            Some((NameKind::OtherService, name)) => return taken(name),
            Some(_) => return verdict(Evidence::Nearby, "krea nearby".to_owned()),
            None => {}
        }
        if self.path == PathSays::File {
            return verdict(Evidence::Path, "the file's name".to_owned());
        }
        let unknown_credential = chain.kind() == Some(NameKind::Unknown)
            && chain.decided.as_ref().is_some_and(|(_, name)| names::ends_like_credential(name));
        if self.is_near(span.start, unknown_credential) {
            return verdict(Evidence::Nearby, "krea nearby".to_owned());
        }
        if self.path == PathSays::Folder {
            return verdict(Evidence::Path, "the folder's name".to_owned());
        }
        verdict(Evidence::None, String::new())
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

    /// The host in `value@host`.
    fn host_behind(&self, end: usize) -> Option<String> {
        let rest = self.text[end..].strip_prefix(b"@")?;
        let host: Vec<u8> = rest
            .iter()
            .copied()
            .take(100)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            .collect();
        host.contains(&b'.').then(|| String::from_utf8_lossy(&host).into_owned())
    }

    /// The host of the request that a value is a part of: nearest in the brackets around it, then in its
    /// statement; for an authorization header also the nearest one around. Other hosts than Krea's count only
    /// when they belong to a service that is known, or when an authorization goes to them.
    fn request_host(&self, span: &Range<usize>, authorization: bool) -> Option<(bool, String)> {
        let mut zones = scope::ranges(self.text, span.start);
        zones.push(self.statement_range(span));
        if authorization {
            let reach =
                span.start.saturating_sub(REQUEST_REACH)..(span.end + REQUEST_REACH).min(self.text.len());
            zones.push(reach);
        }
        zones.into_iter().find_map(|zone| self.nearest_host(&zone, span, authorization))
    }

    fn nearest_host(
        &self,
        zone: &Range<usize>,
        span: &Range<usize>,
        authorization: bool,
    ) -> Option<(bool, String)> {
        let zone = zone.start.max(span.start.saturating_sub(4096))..zone.end.min(span.end + 4096);
        HOST.captures_iter(&self.text[zone.clone()])
            .filter_map(|captures| captures.get(1).or(captures.get(2)))
            .filter_map(|host| {
                let at = zone.start + host.start();
                let name = String::from_utf8_lossy(host.as_bytes()).to_ascii_lowercase();
                let krea = is_krea_host(&name);
                let counts = krea
                    || names::classify(&name) == NameKind::OtherService
                    || (authorization && !matches!(name.as_str(), "localhost" | "127.0.0.1"));
                counts.then(|| (at.abs_diff(span.start), krea, name))
            })
            .min_by_key(|(distance, ..)| *distance)
            .map(|(_, krea, name)| (krea, name))
    }

    /// The line of the value with the lines that continue it (PowerShell's backtick, cmd's caret; a backslash at
    /// a line's end is undone before).
    fn statement_range(&self, span: &Range<usize>) -> Range<usize> {
        let floor = span.start.saturating_sub(STATEMENT_BEFORE);
        let ceiling = (span.end + STATEMENT_AFTER).min(self.text.len());
        let continues = |line: &[u8]| matches!(line.trim_ascii_end().last(), Some(b'`' | b'^'));
        let mut range = line_range(self.text, span.start);
        range.end = line_range(self.text, span.end.min(self.text.len())).end;
        while range.start > floor {
            let above = line_range(self.text, range.start - 1);
            if !continues(&self.text[above.clone()]) {
                break;
            }
            range.start = above.start;
        }
        while range.end + 1 < ceiling && continues(&self.text[range.clone()]) {
            range.end = line_range(self.text, range.end + 1).end;
        }
        range.start.max(floor)..range.end.min(ceiling)
    }

    /// The nearest name in the value's statement that says whose it is; [`NameKind::Unknown`] when that is Krea's,
    /// but names nothing that holds a credential.
    fn statement(&self, span: &Range<usize>) -> Option<(NameKind, String)> {
        let range = self.statement_range(span);
        let mut best: Option<(usize, NameKind, String)> = None;
        let mut at = range.start;
        while at < range.end {
            if span.contains(&at) {
                at = span.end;
                continue;
            }
            let length = self.text[at..range.end].iter().take_while(|&&b| is_name_byte(b)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let name = String::from_utf8_lossy(&self.text[at..at + length.min(200)]);
            if !TELLING.is_match(name.as_bytes()) {
                at += length;
                continue;
            }
            let kind = names::classify(&name);
            let decides = match kind {
                NameKind::Krea
                    if names::ends_like_credential(&name)
                        || name.contains("krea.ai")
                        || self.is_command(at, length) =>
                {
                    Some(NameKind::Krea)
                }
                NameKind::Krea | NameKind::KreaOther => Some(NameKind::Unknown),
                NameKind::OtherService if names::is_random(&name) => None,
                NameKind::OtherService
                    if names::ends_like_credential(&name) || LOOKALIKE.is_match(name.as_bytes()) =>
                {
                    Some(NameKind::OtherService)
                }
                _ => None,
            };
            if let Some(kind) = decides {
                // What stands behind a value says less than what stands before it.
                let distance = if at < span.start { span.start - at } else { 2 * (at - span.start) };
                if best.as_ref().is_none_or(|(least, ..)| distance < *least) {
                    best = Some((distance, kind, shorten(&name)));
                }
            }
            at += length;
        }
        best.map(|(_, kind, name)| (kind, name))
    }

    /// `krea auth login --api-key …`: Krea's own command line tool.
    fn is_command(&self, at: usize, length: usize) -> bool {
        let rest = self.text[at + length..].trim_ascii_start();
        rest.starts_with(b"auth ") || rest.starts_with(b"login ")
    }
}

fn is_krea_host(host: &str) -> bool {
    host.split('.').any(|label| names::classify(label) == NameKind::Krea)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(attribute(text).evidence, Evidence::Stated, "{text}");
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
        assert_eq!(attribute("# for krea\nx = '@@@@'").evidence, Evidence::Nearby);
        assert_eq!(attribute("# for krea and fal\nx = '@@@@'").evidence, Evidence::None);
        assert_eq!(attribute("# kreativ\nx = '@@@@'").evidence, Evidence::None);
        assert_eq!(attribute("# for krea\nETag: '@@@@'").pair_confidence(), Some(Confidence::Low));
        assert_eq!(attribute("# for krea\n# more\nACME_TOKEN = '@@@@'").evidence, Evidence::Nearby);
    }

    #[test]
    fn paths_speak() {
        assert_eq!(PathSays::of("credentials/krea.json"), PathSays::File);
        assert_eq!(PathSays::of("krea/config.json"), PathSays::Folder);
        assert_eq!(PathSays::of("kreativ/config.json"), PathSays::Nothing);
    }
}
