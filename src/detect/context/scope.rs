//! What a value stands in: the brackets, blocks, sections and tables around it, and the name beside it.

use crate::detect::context::chain;
use crate::detect::names::{self, NameKind};
use crate::unpack::label::bounded;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far brackets and blocks are followed, in bytes.
const REACH: usize = 4096;
/// A longer name is cut, in bytes.
const LONGEST_NAME: usize = 256;
/// How many enclosing brackets are followed.
const MAX_DEPTH: usize = 8;
/// How many lines of an indented block are followed.
const MAX_LINES: usize = 120;

/// `"name": "KREA_API_KEY"` beside a value, as environment lists and request tools write it.
static SIBLING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)(?:^|[\s{,(\["'<:-])(?:(?:secret|variable|env|var|parameter|setting|token|credential)[_-]?name|parameter_?key|key|name|variable|var|env|envvar|option|property|setting|title|label|field|parameter|service|provider)["']?\s*[:=]\s*["']?([A-Za-z][\w .:/-]{1,80})"#)
        .expect("a constant pattern")
});

/// The same as a line of its own.
static SIBLING_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)^\s*(?:-\s+)?["']?(?:(?:secret|variable|env|var|parameter|setting|token|credential)[_-]?name|parameter_?key|key|name|variable|var|env|envvar|option|property|setting|title|label|field|parameter|service|provider)["']?\s*[:=]\s*["']?([A-Za-z][\w .:/-]{1,80})["']?,?\s*$"#)
        .expect("a constant pattern")
});

/// A `[section]` of TOML, INI and their kin.
static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m-u)^[ \t]*\[{1,2}([^\]\n]{1,80})\]{1,2}[ \t]*(?:[#;].*)?\r?$"#)
        .expect("a constant pattern")
});

/// The innermost name around a value that says whose it is.
pub fn owner(text: &[u8], at: usize) -> Option<(NameKind, String)> {
    let enclosures = enclosures(text, at);
    let decides = |name: &str| {
        let kind = names::classify(name);
        matches!(kind, NameKind::Krea | NameKind::KreaOther | NameKind::OtherService)
            .then(|| (kind, shorten(name)))
    };
    if let Some(tag) = markup_tag(text, at)
        && let Some(found) =
            sibling(&text[tag.clone()], at.min(tag.end) - tag.start).and_then(|n| decides(&n))
    {
        return Some(found);
    }
    if let Some(found) = markup_parents(text, at).iter().find_map(|name| decides(name)) {
        return Some(found);
    }
    if let Some(innermost) = enclosures.first()
        && let Some(found) =
            sibling(&text[innermost.range.clone()], at - innermost.range.start).and_then(|n| decides(&n))
    {
        return Some(found);
    }
    if let Some(innermost) = enclosures.first()
        && let Some(found) = row(&text[innermost.range.clone()], at - innermost.range.start).and_then(decides)
    {
        return Some(found);
    }
    if let Some(found) = enclosures.iter().filter_map(|e| e.name.as_deref()).find_map(decides) {
        return Some(found);
    }
    if let Some(found) = sibling_line(text, at).and_then(|name| decides(&name)) {
        return Some(found);
    }
    if let Some(found) = block_names(text, at).iter().find_map(|name| decides(name)) {
        return Some(found);
    }
    section(text, at).and_then(|name| decides(&name))
}

/// Whether a block around `at` holds encrypted values (`encryptedData:`, `sops:`).
pub fn is_encrypted(text: &[u8], at: usize) -> bool {
    let encrypted = |name: &str| names::classify(name) == NameKind::Encrypted;
    block_names(text, at).iter().any(|name| encrypted(name))
        || enclosures(text, at).iter().filter_map(|e| e.name.as_deref()).any(encrypted)
}

/// The markup tag that a value is an attribute of, or the first text of.
fn markup_tag(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LONGEST: usize = 600;
    let floor = at.saturating_sub(LONGEST);
    let content = text[floor..at].trim_ascii_end();
    let end = if content.ends_with(b">") { floor + content.len() - 1 } else { at };
    let start = floor
        + text[floor..end]
            .iter()
            .rposition(|b| matches!(b, b'<' | b'>'))
            .filter(|&i| text[floor + i] == b'<')?;
    if !text.get(start + 1).is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let ceiling = (end + LONGEST).min(text.len());
    let close = text[end..ceiling].iter().position(|b| matches!(b, b'<' | b'>'))?;
    Some(start + 1..end + close)
}

/// The elements around a text in markup, innermost first: `<krea><id>…`.
fn markup_parents(text: &[u8], at: usize) -> Vec<String> {
    const VOID: [&[u8]; 6] = [b"meta", b"link", b"input", b"img", b"br", b"hr"];
    let floor = at.saturating_sub(REACH);
    let mut parents = Vec::new();
    if !text[floor..at].trim_ascii_end().ends_with(b">") {
        return parents;
    }
    let mut closed = 0usize;
    for start in memchr::memrchr_iter(b'<', &text[floor..at]).map(|i| floor + i) {
        let tag = &text[start + 1..at];
        if tag.starts_with(b"/") {
            closed += 1;
            continue;
        }
        let name = &tag[..tag.iter().take_while(|&&b| chain::is_name_byte(b)).count()];
        let end = memchr::memchr(b'>', tag);
        let opens = end.is_some_and(|end| !tag[..end].ends_with(b"/")) && !VOID.contains(&name);
        if !opens || !name.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        if closed > 0 {
            closed -= 1;
            continue;
        }
        parents.push(String::from_utf8_lossy(name).into_owned());
        if parents.len() == MAX_DEPTH {
            break;
        }
    }
    parents
}

/// The service that a row of literals names beside a value: `('…', 'krea')`.
fn row(brackets: &[u8], at: usize) -> Option<&str> {
    const LONGEST: usize = 400;
    if brackets.len() > LONGEST {
        return None;
    }
    let fields = brackets.split(|&b| b == b',').scan(0, |start, field| {
        let range = *start..*start + field.len();
        *start = range.end + 1;
        Some((range, field))
    });
    fields
        .filter(|(range, _)| !range.contains(&at))
        .filter_map(|(_, field)| {
            let field = field.trim_ascii();
            // The last field of a row has its closing bracket.
            let field = field.strip_suffix(b")").or(field.strip_suffix(b"]")).unwrap_or(field).trim_ascii();
            let quoted = field.strip_prefix(b"'").and_then(|f| f.strip_suffix(b"'"));
            std::str::from_utf8(quoted.or(field.strip_prefix(b"\"").and_then(|f| f.strip_suffix(b"\"")))?)
                .ok()
        })
        .find(|field| names::is_service(field))
}

/// The ranges of the brackets around `at`, innermost first, cut at what is followed.
pub fn ranges(text: &[u8], at: usize) -> Vec<Range<usize>> {
    enclosures(text, at).into_iter().map(|enclosure| enclosure.range).collect()
}

struct Enclosure {
    range: Range<usize>,
    name: Option<String>,
}

fn enclosures(text: &[u8], at: usize) -> Vec<Enclosure> {
    let floor = at.saturating_sub(REACH);
    let ceiling = (at + REACH).min(text.len());
    let mut found: Vec<Enclosure> = Vec::new();
    let (mut depth, mut end_depth, mut end) = (0usize, 0usize, at);
    for open in (floor..at).rev() {
        match text[open] {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' | b'[' | b'{' => {
                // The matching close of this level lies behind that of the level inside.
                while end < ceiling {
                    let b = text[end];
                    end += 1;
                    match b {
                        b'(' | b'[' | b'{' => end_depth += 1,
                        b')' | b']' | b'}' if end_depth > 0 => end_depth -= 1,
                        b')' | b']' | b'}' => break,
                        _ => {}
                    }
                }
                found.push(Enclosure { range: open + 1..end.max(at), name: name_before(text, open) });
                if found.len() == MAX_DEPTH {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// The identifier right before an opening bracket: `krea: {`, `"krea" = (`, `new Krea(`, `class Krea {`.
fn name_before(text: &[u8], open: usize) -> Option<String> {
    let floor = open.saturating_sub(160);
    let gap = text[floor..open].iter().rev().take_while(|&&b| !chain::is_name_byte(b)).count();
    let end = open - gap;
    if gap > 24 || text[end..open].iter().any(|b| matches!(b, b';' | b',' | b'}' | b'{' | b'[' | b'(' | b'/'))
    {
        return None;
    }
    let start = end - text[floor..end].iter().rev().take_while(|&&b| chain::is_name_byte(b)).count();
    (start < end).then(|| String::from_utf8_lossy(&text[start..end]).into_owned())
}

/// The name in `{"key": NAME, "value": …}`, before or behind the value, in the same object.
fn sibling(object: &[u8], at: usize) -> Option<String> {
    let near = at.saturating_sub(600)..(at + 600).min(object.len());
    let named = |captures: regex::bytes::Captures<'_>| {
        captures.get(1).map(|name| String::from_utf8_lossy(name.as_bytes()).trim().to_owned())
    };
    SIBLING.captures_iter(&object[near]).filter_map(named).find(|name| {
        matches!(names::classify(name), NameKind::Krea | NameKind::KreaOther | NameKind::OtherService)
    })
}

/// The same in a block of lines: `- name: NAME` above or below `value: …`.
fn sibling_line(text: &[u8], at: usize) -> Option<String> {
    let line = line_range(text, at);
    let column = |range: &Range<usize>| {
        text[range.clone()].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'-')).count()
    };
    let own = column(&line);
    let same_block =
        |range: &Range<usize>| !text[range.clone()].trim_ascii().is_empty() && column(range) == own;
    let named = |range: &Range<usize>| {
        let name = SIBLING_LINE.captures(&text[range.clone()])?.get(1)?;
        Some(String::from_utf8_lossy(name.as_bytes()).trim().to_owned())
    };
    let starts_item = |range: &Range<usize>| text[range.clone()].trim_ascii_start().starts_with(b"-");
    let mut range = line.clone();
    for _ in 0..3 {
        if starts_item(&range) || range.start == 0 {
            break;
        }
        range = line_range(text, range.start - 1);
        if !same_block(&range) {
            break;
        }
        if let Some(name) = named(&range) {
            return Some(name);
        }
    }
    let mut range = line;
    for _ in 0..3 {
        if range.end + 1 >= text.len() {
            break;
        }
        range = line_range(text, range.end + 1);
        if !same_block(&range) || starts_item(&range) {
            break;
        }
        if let Some(name) = named(&range) {
            return Some(name);
        }
    }
    None
}

/// The line that holds `at`, without its end.
pub fn line_range(text: &[u8], at: usize) -> Range<usize> {
    let floor = at.saturating_sub(REACH);
    let start = memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |i| floor + i + 1);
    let ceiling = (at + REACH).min(text.len());
    let end = memchr::memchr(b'\n', &text[at..ceiling]).map_or(ceiling, |i| at + i);
    start..end
}

/// The names that open the indented blocks around `at`, innermost first: `krea:`, `class KreaClient:`.
fn block_names(text: &[u8], at: usize) -> Vec<String> {
    let mut found = Vec::new();
    let line = line_range(text, at);
    let indent = |range: &Range<usize>| {
        let line = &text[range.clone()];
        let spaces = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        // The dash of a list item counts as indentation of what stands behind it.
        spaces + if line[spaces..].starts_with(b"- ") { 2 } else { 0 }
    };
    let mut least = indent(&line);
    let mut start = line.start;
    for _ in 0..MAX_LINES {
        if start == 0 || least == 0 || at - start > REACH {
            break;
        }
        let range = line_range(text, start - 1);
        start = range.start;
        let line = text[range.clone()].trim_ascii();
        let own = text[range.clone()].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if line.is_empty() || own >= least || line.starts_with(b"#") || line.starts_with(b"//") {
            continue;
        }
        least = own;
        if matches!(line.last(), Some(b':' | b'{' | b'(' | b'[' | b'>' | b'|' | b'=' | b'-' | b'"' | b'o')) {
            // A part of a path names a place, not a block.
            let opener = line.split(|&b| !chain::is_name_byte(b) && b != b'/');
            let names = opener.filter(|word| !word.is_empty() && !word.contains(&b'/'));
            found.extend(names.take(6).map(|word| String::from_utf8_lossy(word).into_owned()));
        }
    }
    found
}

fn section(text: &[u8], at: usize) -> Option<String> {
    let floor = at.saturating_sub(REACH);
    let name = SECTION.captures_iter(&text[floor..at]).last()?.get(1)?;
    Some(String::from_utf8_lossy(name.as_bytes()).into_owned())
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

    fn owner_of(text: &str) -> Option<NameKind> {
        owner(text.as_bytes(), text.find('@').expect("a marked value")).map(|(kind, _)| kind)
    }

    #[test]
    fn blocks_sections_and_neighbours_say_whose_it_is() {
        for text in [
            "krea:\n  url: x\n  api_key: @\n",
            "services:\n  krea:\n    auth:\n      token: @",
            "[krea]\nmodel = 1\napi_key = \"@\"",
            "[tool.krea]\nkey = @",
            "new Krea({ model: x({a: 1}), apiKey: \"@\" })",
            "{\"krea\": {\"x\": [1, {}], \"apiKey\": \"@\"}}",
            "- name: KREA_API_KEY\n  value: @\n",
            "- value: @\n  name: KREA_API_KEY\n",
            "VALUES ('fal', 'x'), ('@', 'krea')",
            "<krea><id>x</id><token>@</token></krea>",
            "{\"value\": \"@\", \"type\": \"secret\", \"key\": \"kreaApiKey\"}",
            "class KreaClient:\n    def __init__(self):\n        self.key = \"@",
        ] {
            assert_eq!(owner_of(text), Some(NameKind::Krea), "{text}");
        }
    }

    #[test]
    fn the_innermost_name_wins() {
        for text in [
            "krea:\n  x: 1\nfal:\n  key: @",
            "{\"krea\": {\"a\": 1}, \"fal\": {\"key\": \"@\"}}",
            "[krea]\nx=1\n[fal]\nkey=@",
        ] {
            assert_eq!(owner_of(text), Some(NameKind::OtherService), "{text}");
        }
        assert_eq!(owner_of("('krea', 'x'), ('@', 'fal')"), Some(NameKind::OtherService));
        assert_eq!(
            owner_of("<krea><token>x</token></krea><fal><token>@</token></fal>"),
            Some(NameKind::OtherService)
        );
        assert_eq!(owner_of("- name: KREA_API_KEY\n  valueFrom: x\n- name: OTHER\n  value: @"), None);
    }
}
