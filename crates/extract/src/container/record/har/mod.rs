//! The bodies in HAR files that are in base64: of pictures, archives, and what a browser could not show as text. What
//! stands in the file as text is read there.

pub mod names;

use crate::container::base64::{Base64Reader, Padding};
use crate::container::json_lexer::{JsonLexer, JsonToken};
use crate::container::{Seekable, Walk};
use krea_scan_bounds::limits::Metered;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::json_string;
use memchr::memmem;
use std::io::{self, BufReader, Read, SeekFrom};
use std::ops::Range;

/// How much is read at once, in bytes.
const BUFFER: usize = 64 << 10;
/// What is nested deeper is no part of an entry that is looked at.
const MAX_DEPTH: usize = 16;

/// Whether a file is one (HAR 1.2: an object with the field `log`).
pub fn is(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let Some(object) = text.trim_ascii_start().strip_prefix(b"{") else { return false };
    let has = |name: &[u8]| memmem::find(object, name).is_some();
    object.trim_ascii_start().starts_with(b"\"log\"") && (has(b"\"creator\"") || has(b"\"entries\""))
}

pub fn read_har(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let mut entries = HarEntries::default();
    // Bodies are elsewhere in the file: they are read between entries.
    while let Some(entry) = entries.next(walk, input)? {
        let request = names::request(&entry.method, &entry.url);
        let request = Some(request.as_str()).filter(|_| !entry.url.is_empty());
        let name = names::entry(entries.number, request);
        for (range, what) in entry.bodies {
            input.seek(SeekFrom::Start(range.start))?;
            let body = Base64Reader::new((&mut *input).take(range.end - range.start), Padding::EndsGroup);
            let mut body = Metered::new(walk.budget, body);
            walk.member(
                Layer::named(LayerKind::Har, &format!("{name}, {what}")),
                file_name(&entry.url),
                &mut body,
            )?;
        }
    }
    Ok(())
}

/// What is known of an entry.
#[derive(Default)]
struct HarEntry {
    method: String,
    url: String,
    /// Bodies in base64, and what they are.
    bodies: Vec<(Range<u64>, &'static str)>,
    /// The text that may be one, and whether it is.
    text: Option<Range<u64>>,
    is_base64: bool,
}

/// A list or an object that is open.
struct OpenJson {
    /// The field that it is in, if it is in one.
    name: Vec<u8>,
    is_object: bool,
    wants_name: bool,
    /// The name of the field that comes.
    next: Vec<u8>,
}

/// Goes through the entries.
#[derive(Default)]
struct HarEntries {
    open: Vec<OpenJson>,
    /// How many lists and objects are open that are not looked at.
    deeper: u64,
    /// Where in the file it is.
    at: u64,
    /// The number of the last entry, from 1.
    number: usize,
    entry: HarEntry,
}

impl HarEntries {
    /// The next entry that has a body in base64.
    fn next(&mut self, walk: &Walk<'_>, input: &mut dyn Seekable) -> io::Result<Option<HarEntry>> {
        input.seek(SeekFrom::Start(self.at))?;
        let mut lexer = JsonLexer::new(BufReader::with_capacity(BUFFER, input), self.at);
        let mut count = 0u32;
        while let Some(token) = lexer.next()? {
            count = count.wrapping_add(1);
            if count.is_multiple_of(1024) {
                walk.budget.spend(0)?;
            }
            if self.take(token) {
                let entry = std::mem::take(&mut self.entry);
                if !entry.bodies.is_empty() {
                    self.at = lexer.place();
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// Takes a token; says whether an entry is over.
    fn take(&mut self, token: JsonToken) -> bool {
        match token {
            JsonToken::Open { is_object } if self.open.len() < MAX_DEPTH && self.deeper == 0 => {
                let name = self.open.last_mut().map(|level| std::mem::take(&mut level.next));
                let name = name.unwrap_or_default();
                self.open.push(OpenJson { name, is_object, wants_name: is_object, next: Vec::new() });
            }
            JsonToken::Open { .. } => self.deeper += 1,
            JsonToken::Close if self.deeper > 0 => self.deeper -= 1,
            JsonToken::Close => return self.close(),
            JsonToken::Comma => self.between(|level| level.wants_name = level.is_object),
            JsonToken::Colon => self.between(|level| level.wants_name = false),
            JsonToken::Text(range, text) if self.deeper == 0 => self.text(range, text),
            JsonToken::Text(..) | JsonToken::Other => {}
        }
        false
    }

    fn between(&mut self, change: impl FnOnce(&mut OpenJson)) {
        if self.deeper == 0 {
            self.open.last_mut().map(change);
        }
    }

    fn close(&mut self) -> bool {
        if let Some(what) = self.body()
            && let Some(text) = self.entry.text.take()
            && std::mem::take(&mut self.entry.is_base64)
        {
            self.entry.bodies.push((text, what));
        }
        self.open.pop();
        let is_entry = self.open.len() == 3 && self.is_at(&["log", "entries"]);
        self.number += usize::from(is_entry);
        is_entry
    }

    /// Takes a string: a field's name, or what is to be known of an entry.
    fn text(&mut self, range: Range<u64>, text: Vec<u8>) {
        if let Some(level) = self.open.last_mut().filter(|level| level.wants_name) {
            level.next = text;
            return;
        }
        let is_body = self.body().is_some();
        let is_request = self.open.len() == 5 && self.is_at(&["log", "entries", "", "request"]);
        let Some(level) = self.open.last() else { return };
        let text_of = || String::from_utf8_lossy(&json_string::text(&text)).into_owned();
        match &level.next[..] {
            b"method" if is_request => self.entry.method = text_of(),
            b"url" if is_request => self.entry.url = text_of(),
            b"text" if is_body => self.entry.text = Some(range),
            b"encoding" if is_body => self.entry.is_base64 = text == b"base64",
            _ => {}
        }
    }

    /// What a body is that is being read.
    fn body(&self) -> Option<&'static str> {
        let is = |names: &[&str]| self.open.len() == 6 && self.is_at(names);
        if is(&["log", "entries", "", "response", "content"]) {
            Some("response body")
        } else if is(&["log", "entries", "", "request", "postData"]) {
            Some("request body")
        } else {
            None
        }
    }

    /// Whether these fields lead to where it is.
    fn is_at(&self, names: &[&str]) -> bool {
        self.open.iter().skip(1).zip(names).all(|(level, name)| level.name == name.as_bytes())
    }
}

/// The name of the file that an address leads to.
fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    #[test]
    fn bodies_in_base64_are_decoded() {
        let har = r#"{"log":{"version":"1.2","creator":{"name":"x"},"pages":[{"content":{"text":"YQ==",
            "encoding":"base64"}}],"entries":[
            {"request":{"method":"GET","url":"https://a.test/b.js?c=d"},"response":{"content":{"text":"plain"}}},
            {"response":{"content":{"encoding":"base64","mimeType":"text/plain","text":"a3JlYQ=="}},
             "request":{"url":"https:\/\/a.test\/d.bin?key=1","method":"POST",
             "postData":{"text":"a3JlYQ","encoding":"base64","params":[{"encoding":"base64"}]}}},
            {"response":{"content":{"text":"a3Jl"#;
        let collected = collect("any.har", har.as_bytes());
        let way =
            |what: &str| (format!("har entry 2 (POST https://a.test/d.bin), {what}"), "krea".to_owned());
        assert_eq!(collected.members, [way("response body"), way("request body")]);
        assert!(collected.unread.is_empty());
    }

    #[test]
    fn what_is_nested_deep_is_passed_over() {
        let deep = format!(r#"{{"log":{{"creator":{}{}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
        assert!(collect("any.har", deep.as_bytes()).members.is_empty());
    }
}
