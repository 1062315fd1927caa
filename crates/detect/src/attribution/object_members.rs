//! The members of a scope around a value: `vendor: krea` beside `secret: …`. Takes the bytes of an object, a call, a row, a
//! tag or some lines; gives each member that is a plain value, with its key. Says what such a member says of its object.

use super::assignment::is_name_byte;
use super::evidence::Says;
use crate::names::{self, NameKind};
use crate::vocabulary::vocabulary;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// No service's name is longer, in bytes, nor in words.
pub const MAX_SERVICE_NAME_BYTES: usize = 30;
const MAX_SERVICE_NAME_WORDS: usize = 4;

/// A longer value says nothing of whose its object is, in bytes.
const MAX_VALUE_BYTES: usize = 200;
/// How many members of a scope are looked at.
const MAX_MEMBERS: usize = 64;
/// The step of the keys that give a name.
const NAME_KEY: u8 = 1;
/// The step of a key that is not known; see `owner_keys` in `rules/names.toml`.
const UNKNOWN_KEY: u8 = 2;

/// A description is no longer, in bytes, and so many of a scope are looked at.
const MAX_DESCRIPTION_BYTES: usize = 1000;
const MAX_DESCRIPTIONS: usize = 4;

/// The start of an object that describes the one that it stands in; a request says where the answer beside it comes from.
static DESCRIPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)\b(?:info|metadata|meta|server|service|provider|connection|integration|request)["']?\s{0,5}[:=]\s{0,5}\{"#)
        .expect("a constant pattern")
});
/// A child element with nothing but text.
static CHILD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)<([A-Za-z][\w:.-]{0,60})(?:\s[^<>]{0,200})?>\s*([^<>]{1,200}?)\s*</")
        .expect("a constant pattern")
});
/// Two elements, the first of which says what the second is.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u)<(?:key|name)>([^<>]{1,60})</(?:key|name)>\s*<(?:value|string)>\s*([^<>]{1,200}?)\s*</",
    )
    .expect("a constant pattern")
});
/// An attribute of a tag.
static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)([A-Za-z][\w:.-]{0,60})\s*=\s*(?:"([^"]{1,200})"|'([^']{1,200})')"#)
        .expect("a constant pattern")
});
/// `key=value` or `key = 'value'` in a statement.
static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)\b([A-Za-z][\w.-]{0,40})(?:\s=\s|=)(?:"([^"\n]{1,80})"|'([^'\n]{1,80})'|([\w./:-]{1,80}))"#,
    )
    .expect("a constant pattern")
});
/// The start of a line that gives a name a value.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?-u)\s*(?:-\s+)?(?:export\s+|set\s+)?["']?([A-Za-z_][\w.-]{0,100})["']?\s*[:=]"#)
        .expect("a constant pattern")
});
/// `key: value` or `key = value` on a line of its own.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)^\s*(?:[-+~]\s+)?(?:export\s+|set\s+)?["']?([A-Za-z][\w./ -]{0,60}?)["']?\s*(?::=|=>|[:=])\s*["'`]?([^\s"'`][^"'`]{0,199}?)["'`]?[,;]?\s*$"#)
        .expect("a constant pattern")
});

/// A plain value in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its key; `None` for what has none, as a call's arguments and a row's cells.
    pub key: Option<String>,
    pub value: String,
    /// Where it starts.
    pub at: usize,
}

impl Member {
    /// What it says of the object that it stands in, and how surely: less is surer.
    pub fn says(&self) -> Option<(u8, NameKind, String)> {
        let (step, value) = (self.step()?, self.value.trim());
        if let Some(host) = host_in(value) {
            let kind = host_kind(&host);
            return Says::of(kind).map(|_| (step, kind, host));
        }
        // What has no key that is known says whose its object is only where it says nothing else.
        let says_more = step == UNKNOWN_KEY && names::has_unknown_word(value) && !names::is_service(value);
        let kind = named(value).filter(|_| !says_more)?;
        Says::of(kind).map(|_| (step, kind, super::shorten(value)))
    }

    /// The same, where an address that nobody knows is another's: what is beside it is sent there.
    fn says_where(&self) -> Option<(u8, NameKind, String)> {
        let address = || {
            let joined = names::words(self.key.as_deref()?).concat();
            let is_address = vocabulary().owner_key(&joined) == Some(0)
                && (self.value.contains("://") || matches!(joined.as_str(), "host" | "hostname" | "domain"));
            let value = self.value.trim();
            let plain = || is_plain_host(value).then(|| value.to_ascii_lowercase());
            let host = host_in(value).or_else(plain).filter(|host| is_address && is_public(host))?;
            let kind =
                if host_kind(&host) == NameKind::Krea { NameKind::Krea } else { NameKind::OtherService };
            Some((0, kind, host))
        };
        self.says().or_else(address)
    }

    /// The name that it gives its object: `"key": NAME`.
    pub fn names_its_object(&self) -> Option<String> {
        let value = self.value.trim();
        let is_name = self.key.is_some() && self.step() == Some(NAME_KEY) && value.bytes().all(is_name_byte);
        (is_name && !value.is_empty() && value.len() <= 80).then(|| value.to_owned())
    }

    /// Whether its key is one whose value says whose the object is: not what sort of thing it is (`type: text`), unless that
    /// is the name of a credential.
    pub fn names_its_owner(&self) -> bool {
        let last = self.key.as_deref().and_then(|key| names::words(key).pop());
        let is_sort = last.is_some_and(|last| vocabulary().word(&last).sort_key);
        let may_name = !is_sort || names::ends_like_credential(self.value.trim());
        self.key.is_some() && may_name && self.step().is_some_and(|step| step < UNKNOWN_KEY)
    }

    /// Whether it says by a name which service its object is of: `provider: nebula`.
    pub fn names_its_service(&self) -> bool {
        self.key.is_some() && self.step() == Some(0) && !self.value.contains('.')
    }

    /// Whether it says that what it stands in is a credential: `type: API token`.
    pub fn is_of_credential(&self) -> bool {
        let is_kind = self
            .key
            .as_deref()
            .is_some_and(|key| matches!(key.to_lowercase().as_str(), "type" | "kind" | "category"));
        is_kind && names::classify(self.value.trim()) == NameKind::Credential
    }

    /// Whether it names what an id is of (`job`), so that what stands beside it is no credential.
    pub fn names_an_id(&self) -> bool {
        self.key.is_none() && vocabulary().word(&self.value.to_lowercase()).other_id
    }

    /// Whether its key is one whose value says nothing of whose the object is: `tags`.
    pub fn is_content(&self) -> bool {
        let words = names::words(self.key.as_deref().unwrap_or_default());
        words.last().is_some_and(|last| vocabulary().word(last).content_key)
    }

    /// How surely its value says whose its object is; `None` where it says nothing of that.
    fn step(&self) -> Option<u8> {
        let Some(key) = &self.key else { return Some(UNKNOWN_KEY) };
        let words = names::words(key);
        let last = words.last()?;
        let joined = words.concat();
        let is_credential = names::ends_like_credential(key);
        let by_last = || vocabulary().owner_key(last).filter(|_| !is_credential);
        let known = vocabulary().owner_key(&joined).or_else(by_last);
        let is_content = |word: &str| vocabulary().word(word).content_key;
        // What another credential is, or refers to, says nothing of the values beside it.
        match known {
            _ if is_reference(self.value.trim()) => None,
            None if is_credential => None,
            Some(step) if !is_content(&joined) => Some(step),
            _ if is_content(&joined) || is_content(last) => None,
            _ => Some(UNKNOWN_KEY),
        }
    }
}

/// Whether a value is kept elsewhere: `$NAME`, `${NAME}`, `process.env.NAME`.
fn is_reference(value: &str) -> bool {
    const STARTS: [&str; 6] = ["$", "{", "process.env.", "import.meta.env.", "os.environ", "secrets."];
    STARTS.iter().any(|start| value.starts_with(start))
}

/// Whose a value is that is a name itself: `Krea API`, `KREA_API_KEY`, `FalKontext`.
fn named(value: &str) -> Option<NameKind> {
    if value.len() > 60 || names::is_random(value) {
        return None;
    }
    let is_identifier = value.bytes().all(is_name_byte);
    if is_identifier && names::ends_like_credential(value) {
        return Some(names::classify(value));
    }
    names::service_named(value)
}

/// The host of a URL, or a host alone.
fn host_in(value: &str) -> Option<String> {
    let behind = value.split_once("://").map(|(_, rest)| rest);
    let host = match behind {
        Some(rest) => {
            let authority = rest.split(['/', '?', '#']).next()?;
            authority.rsplit('@').next()?.split(':').next()?
        }
        None => value.split(['/', ':']).next().filter(|host| {
            let mut labels = host.split('.');
            host.contains('.')
                && labels.all(|label| {
                    !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                })
                && names::is_host(host)
        })?,
    };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Whether a host is one of Krea's own, and not only called after it.
pub fn is_krea_host(host: &str) -> bool {
    host == "krea.ai" || host.ends_with(".krea.ai")
}

/// Whether a value is a host and nothing else, of whatever domain.
fn is_plain_host(value: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    value.len() <= MAX_VALUE_BYTES && value.split('.').count() > 2 && value.split('.').all(is_label)
}

pub fn host_kind(host: &str) -> NameKind {
    if host.split('.').any(|label| names::classify(label) == NameKind::Krea) {
        NameKind::Krea
    } else {
        names::classify(host)
    }
}

/// Whether a host is one on the internet, and not a machine's own or one of a net of its own.
fn is_public(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && last.bytes().all(|b| b.is_ascii_alphabetic())
        && !matches!(last, "local" | "internal" | "localhost" | "lan" | "test")
}

/// The surest of the members that say whose their object is; of two as sure, the nearer one to `at`. Where something that nobody
/// knows has the same key nearer, or a surer one, it is that one's: `name="krea" …, name="nebula" …`.
pub fn surest(members: &[Member], at: usize) -> Option<(NameKind, String)> {
    let said = members.iter().filter_map(|member| {
        let (step, kind, label) = member.says_where()?;
        Some((step, member.at.abs_diff(at), kind, label, member))
    });
    let (step, distance, kind, label, surest) = said.min_by_key(|(step, distance, ..)| (*step, *distance))?;
    let is_nearer = |member: &Member| {
        (member.at.abs_diff(at) < distance && member.key == surest.key || member.step() < Some(step))
            && member.names_its_owner()
            && is_stranger(member.value.trim())
    };
    (!members.iter().any(is_nearer)).then_some((kind, label))
}

/// The same where a scope holds what has little to do with each other: only the surest keys count.
pub fn surest_owner(members: &[Member], at: usize) -> Option<(NameKind, String)> {
    let sure: Vec<Member> = members
        .iter()
        .filter(|member| member.step() == Some(0) && !member.value.contains("://"))
        .cloned()
        .collect();
    surest(&sure, at)
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The plain members between two brackets, but for the one that `at` stands in. Second: whether `at` stands right in it,
/// and not in a bracket further inside.
pub fn between_brackets(text: &[u8], range: &Range<usize>, at: usize) -> (Vec<Member>, bool) {
    let mut members: Vec<Member> = Vec::new();
    let mut is_direct = true;
    let (mut key, mut depth, mut i): (Option<String>, usize, usize) = (None, 0, range.start);
    let mut last: Option<Member> = None;
    let mut take = |last: &mut Option<Member>, key: &mut Option<String>| {
        if let Some(mut member) = last.take()
            && members.len() < MAX_MEMBERS
        {
            member.key = key.take();
            members.push(member);
        }
        *key = None;
    };
    while i < range.end {
        let b = text[i];
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' | b'\'' | b'`' => {
                let start = i + 1;
                let end = string_end(text, start, range.end, b);
                if (start..=end).contains(&at) && depth > 0 {
                    is_direct = false;
                }
                if depth == 0 && !(start..=end).contains(&at) && end - start <= MAX_VALUE_BYTES {
                    last.get_or_insert_with(|| Member {
                        key: None,
                        value: text_of(&text[start..end]),
                        at: start,
                    });
                }
                i = end + 1;
                continue;
            }
            _ if depth > 0 => is_direct &= i != at,
            b',' | b';' => take(&mut last, &mut key),
            b'\n' if last.is_some() => take(&mut last, &mut key),
            b':' | b'=' => {
                if let Some(member) = last.take() {
                    key = Some(member.value);
                }
            }
            _ if is_name_byte(b) => {
                let end =
                    i + text[i..range.end].iter().take_while(|&&b| is_name_byte(b) || b == b'/').count();
                if !(i..end).contains(&at) && end - i <= MAX_VALUE_BYTES {
                    last.get_or_insert_with(|| Member { key: None, value: text_of(&text[i..end]), at: i });
                }
                i = end;
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    take(&mut last, &mut key);
    (members, is_direct)
}

/// Whether a line opens a block that describes the one beside it.
pub fn describes(line: &[u8]) -> bool {
    let name = line.split(|&b| b == b':').next().unwrap_or_default().trim_ascii();
    name.eq_ignore_ascii_case(b"metadata") || name.eq_ignore_ascii_case(b"info")
}

/// The pairs of elements in an element: `<Key>Title</Key><Value>Krea</Value>`, the one of them with the key of the other.
pub fn pairs(text: &[u8], range: &Range<usize>, at: usize) -> Vec<Member> {
    captured(text, range, at, &PAIR)
}

/// The members of the objects that describe a scope: `info: { name: … }` beside what the value stands in.
pub fn described(text: &[u8], range: &Range<usize>, at: usize) -> Vec<Member> {
    let found = DESCRIPTION.find_iter(&text[range.clone()]).map(|found| range.start + found.end());
    let objects = found.filter_map(|start| {
        let ceiling = (start + MAX_DESCRIPTION_BYTES).min(range.end);
        let length = memchr::memchr2(b'{', b'}', &text[start..ceiling])?;
        let object = start..start + length;
        (!object.contains(&at)).then(|| between_brackets(text, &object, at).0)
    });
    objects.take(MAX_DESCRIPTIONS).flatten().collect()
}

/// Where a string ends that starts at `start`, or where the scope does.
fn string_end(text: &[u8], start: usize, limit: usize, quote: u8) -> usize {
    let mut i = start;
    while i < limit {
        match text[i] {
            b'\\' => i += 1,
            b'\n' if quote != b'`' => return i,
            b if b == quote => return i,
            _ => {}
        }
        i += 1;
    }
    limit
}

fn captured(text: &[u8], range: &Range<usize>, at: usize, pattern: &Regex) -> Vec<Member> {
    let found = pattern.captures_iter(&text[range.clone()]).filter_map(|captures| {
        let value = captures.get(2).or_else(|| captures.get(3)).or_else(|| captures.get(4))?;
        let whole = range.start + value.start()..=range.start + value.end();
        (!whole.contains(&at)).then(|| Member {
            key: captures.get(1).map(|key| text_of(key.as_bytes())),
            value: text_of(value.as_bytes()),
            at: *whole.start(),
        })
    });
    found.take(MAX_MEMBERS).collect()
}

/// What a statement assigns to keys that say whose it is: `provider=krea key=…`, `WHERE provider = 'krea'`.
pub fn assigned(text: &[u8], range: &Range<usize>, at: usize) -> Vec<Member> {
    let tag = |at: usize| {
        let before = &text[range.start.min(at)..at];
        before.iter().rposition(|b| matches!(b, b'<' | b'>')).filter(|&mark| before[mark] == b'<')
    };
    // What is said in another tag is said of that one's element.
    let is_ours = |member: &Member| tag(member.at).is_none_or(|start| tag(at) == Some(start));
    let is_call = |member: &Member| text.get(member.at + member.value.len()) == Some(&b'(');
    let says = |member: &Member| {
        member.step().is_some_and(|step| step < UNKNOWN_KEY) && is_ours(member) && !is_call(member)
    };
    captured(text, range, at, &ASSIGNED).into_iter().filter(says).collect()
}

/// The attributes of a tag, but for the one that `at` stands in, and those that only tell a page's elements apart.
pub fn attributes(text: &[u8], range: &Range<usize>, at: usize) -> Vec<Member> {
    let mut found = captured(text, range, at, &ATTRIBUTE);
    found.retain(|member| !matches!(member.key.as_deref(), Some("id" | "class" | "style")));
    found
}

/// The child elements with nothing but text, but for the one that `at` stands in.
pub fn children(text: &[u8], range: &Range<usize>, at: usize) -> Vec<Member> {
    captured(text, range, at, &CHILD)
}

/// The name that a line gives a value, also where the value is empty.
pub fn name_of_line(text: &[u8], line: &Range<usize>) -> Option<Range<usize>> {
    let name = NAMED.captures(&text[line.clone()])?.get(1)?;
    Some(line.start + name.start()..line.start + name.end())
}

/// A line that is `key: value` or `key = value`.
pub fn line(text: &[u8], range: &Range<usize>) -> Option<Member> {
    let captures = LINE.captures(&text[range.clone()])?;
    let (key, value) = (captures.get(1)?, captures.get(2)?);
    let at = range.start + value.start();
    Some(Member { key: Some(text_of(key.as_bytes())), value: text_of(value.as_bytes()), at })
}
/// Whether a text may be the name of a service that nobody knows.
pub fn is_stranger(name: &str) -> bool {
    let is_word = name.len() <= MAX_SERVICE_NAME_BYTES && name.bytes().all(|b| is_name_byte(b) || b == b' ');
    is_word
        && names::words(name).len() <= MAX_SERVICE_NAME_WORDS
        && names::has_unknown_word(name)
        && !names::says_krea(name)
        && !names::is_random(name)
}

/// Whether one of some members says that what they stand in is of something that nobody knows.
pub fn names_stranger(members: &[Member]) -> bool {
    members.iter().any(|member| member.names_its_owner() && is_stranger(member.value.trim()))
}
