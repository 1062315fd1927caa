//! The ways to places in JSON: through which fields and items, and from where to where each of these goes.
//!
//! One pass over the bytes, without recursion, whatever they hold: a place in what is no JSON has a way as far as it
//! goes. Several values one after the other, as in JSON Lines, are items of a list that is not written down.

use krea_scan_text::json_string;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// What is deeper has no way of its own.
const MAX_DEPTH: usize = 64;
/// So many bytes of values are looked into for all places in one file.
const MAX_READ_BYTES: usize = 1 << 30;
/// More fields of an object are not looked at, nor values that are longer, in bytes.
const MAX_FIELDS: usize = 256;
const MAX_VALUE_BYTES: usize = 64 << 10;

/// A JSON file, held as its bytes, with what was looked up in it so far.
struct Json<'a> {
    bytes: &'a [u8],
    /// How much of it was looked into.
    read: Cell<usize>,
    /// Texts that were asked for, by where their objects start and what they were asked.
    texts: RefCell<HashMap<(usize, &'static str), Option<String>>>,
}

/// A place in a file.
pub struct JsonPlace<'a> {
    json: &'a Json<'a>,
    way: Vec<JsonStep>,
}

/// A step of a way: into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonStep {
    key: JsonKey,
    /// Where the value is.
    value: Range<usize>,
}

/// How a value is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
enum JsonKey {
    /// As a field: where its name stands, without quotes.
    Field(Range<usize>),
    /// As an item of a list, from 0.
    Item(usize),
}

impl JsonPlace<'_> {
    /// How many steps there are. The first leads into a value that is not in any other.
    pub fn depth(&self) -> usize {
        self.way.len()
    }

    /// The name of the field that a step leads into, as it is written.
    pub fn field(&self, step: usize) -> Option<&str> {
        match &self.way.get(step)?.key {
            JsonKey::Field(name) => std::str::from_utf8(self.json.bytes.get(name.clone())?).ok(),
            JsonKey::Item(_) => None,
        }
    }

    /// The number, from 1, of the item that a step leads into.
    pub fn number(&self, step: usize) -> Option<usize> {
        match self.way.get(step)?.key {
            JsonKey::Item(index) => Some(index + 1),
            JsonKey::Field(_) => None,
        }
    }

    /// The fields of the object that a step leads into; `None` for what is none.
    pub fn fields(&self, step: usize) -> Option<JsonFields<'_>> {
        let value = self.json.bytes.get(self.way.get(step)?.value.clone())?;
        if value.first() != Some(&b'{') || self.json.read.get() > MAX_READ_BYTES {
            return None;
        }
        self.json.read.set(self.json.read.get() + value.len());
        JsonFields::parse(value)
    }

    /// As [`JsonPlace::fields`], of an object that many places are in: it is read once for each question.
    pub fn ask(
        &self,
        step: usize,
        question: &'static str,
        answer: impl Fn(&JsonFields<'_>) -> Option<String>,
    ) -> Option<String> {
        let key = (self.way.get(step)?.value.start, question);
        if let Some(text) = self.json.texts.borrow().get(&key) {
            return text.clone();
        }
        let text = self.fields(step).and_then(|fields| answer(&fields));
        self.json.texts.borrow_mut().insert(key, text.clone());
        text
    }

    /// The text of the field that a step leads into, for people.
    pub fn field_text(&self, step: usize) -> Option<String> {
        self.field(step).map(|name| String::from_utf8_lossy(&json_string::text(name.as_bytes())).into_owned())
    }
}

/// The fields of an object.
#[derive(Debug)]
pub struct JsonFields<'d>(HashMap<Cow<'d, str>, &'d RawValue>);

impl<'d> JsonFields<'d> {
    fn parse(object: &'d [u8]) -> Option<Self> {
        let mut parser = serde_json::Deserializer::from_slice(object);
        parser.deserialize_map(FieldsVisitor).ok()
    }

    /// Whether there is such a field, which is not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.get() != "null")
    }

    /// The text or the number that a JSON pointer (RFC 6901) leads to, unless it says nothing.
    pub fn text(&self, pointer: &str) -> Option<String> {
        let pointer = pointer.strip_prefix('/')?;
        let end = pointer.find('/').unwrap_or(pointer.len());
        let value = self.0.get(&pointer[..end]).filter(|value| value.get().len() <= MAX_VALUE_BYTES)?;
        let value: Value = serde_json::from_str(value.get()).ok()?;
        let text = match value.pointer(&pointer[end..])? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

/// Takes the fields of an object apart no further than asked.
struct FieldsVisitor;

impl<'d> Visitor<'d> for FieldsVisitor {
    type Value = JsonFields<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = HashMap::new();
        while fields.len() < MAX_FIELDS {
            match map.next_entry()? {
                Some((name, value)) => fields.insert(name, value),
                None => return Ok(JsonFields(fields)),
            };
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(JsonFields(fields))
    }
}

/// Asks of the place of each offset in a JSON text what it is called.
pub fn each<T>(bytes: &[u8], offsets: &[usize], ask: impl Fn(&JsonPlace<'_>) -> T) -> Vec<T> {
    let json = Json { bytes, read: Cell::new(0), texts: RefCell::default() };
    ways(bytes, offsets).into_iter().map(|way| ask(&JsonPlace { json: &json, way })).collect()
}

/// A list or an object that is open.
struct OpenValue {
    step: JsonStep,
    is_object: bool,
    /// What is next in it.
    index: usize,
    name: Option<Range<usize>>,
    wants_name: bool,
    /// The first way that goes through it.
    first: usize,
}

/// The ways to these sorted offsets.
fn ways(bytes: &[u8], offsets: &[usize]) -> Vec<Vec<JsonStep>> {
    let mut ways: Vec<Vec<JsonStep>> = Vec::with_capacity(offsets.len());
    let mut open: Vec<OpenValue> = Vec::new();
    // How many lists and objects are open that have no way.
    let (mut deeper, mut index, mut at) = (0usize, 0, 0);
    if bytes.starts_with(b"\xef\xbb\xbf") {
        at = 3;
    }
    while at < bytes.len() && ways.len() < offsets.len() {
        let mut end = at + 1;
        let mut value = None;
        match bytes[at] {
            byte @ (b'{' | b'[') if open.len() < MAX_DEPTH && deeper == 0 => {
                let step = JsonStep { key: key(&open, index), value: at..bytes.len() };
                let is_object = byte == b'{';
                let first = ways.len();
                open.push(OpenValue { step, is_object, index: 0, name: None, wants_name: is_object, first });
            }
            b'{' | b'[' => deeper += 1,
            b'}' | b']' if deeper > 0 => deeper -= 1,
            b'}' | b']' => {
                if let Some(closed) = open.pop() {
                    for way in &mut ways[closed.first..] {
                        way[open.len()].value.end = end;
                    }
                }
                index += usize::from(open.is_empty());
            }
            b',' if deeper == 0 => {
                if let Some(open) = open.last_mut() {
                    open.index += 1;
                    open.wants_name = open.is_object;
                }
            }
            b':' if deeper == 0 => {
                if let Some(open) = open.last_mut() {
                    open.wants_name = false;
                }
            }
            b'"' => {
                end = string_end(bytes, at);
                match open.last_mut().filter(|open| open.wants_name && deeper == 0) {
                    Some(open) => open.name = Some(at + 1..end.saturating_sub(1).max(at + 1)),
                    None => value = Some(at..end),
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => {
                let ends =
                    |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']' | b':');
                end = bytes[at..].iter().position(ends).map_or(bytes.len(), |length| at + length.max(1));
                value = Some(at..end);
            }
        }
        while offsets.get(ways.len()).is_some_and(|&offset| offset < end) {
            let mut way: Vec<JsonStep> = open.iter().map(|open| open.step.clone()).collect();
            if let Some(value) = value.clone().filter(|_| deeper == 0) {
                way.push(JsonStep { key: key(&open, index), value });
            }
            ways.push(way);
        }
        index += usize::from(open.is_empty() && value.is_some());
        at = end;
    }
    close_all(bytes, &mut ways, open, deeper, at);
    ways.resize(offsets.len(), Vec::new());
    ways
}

/// How the next value is reached; `index` is the number of values before it that are in no other.
fn key(open: &[OpenValue], index: usize) -> JsonKey {
    match open.last() {
        Some(open) if open.is_object => JsonKey::Field(open.name.clone().unwrap_or(0..0)),
        Some(open) => JsonKey::Item(open.index),
        None => JsonKey::Item(index),
    }
}

/// Finds the ends of what is open still, when the last offset has been passed.
fn close_all(bytes: &[u8], ways: &mut [Vec<JsonStep>], mut open: Vec<OpenValue>, deeper: usize, from: usize) {
    let (mut deeper, mut at) = (deeper, from);
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| b"\"{}[]".contains(b))) {
        at += next;
        match bytes[at] {
            b'"' => at = string_end(bytes, at) - 1,
            b'{' | b'[' => deeper += 1,
            _ if deeper > 0 => deeper -= 1,
            _ => {
                let Some(closed) = open.pop() else { return };
                for way in &mut ways[closed.first..] {
                    way[open.len()].value.end = at + 1;
                }
            }
        }
        at += 1;
    }
}

/// Where the string that starts at `at` is over, its quote included.
fn string_end(bytes: &[u8], at: usize) -> usize {
    json_string::end(bytes, at + 1).map_or(bytes.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A way as people write it, with the text of each value.
    fn way(text: &str, offset: usize) -> String {
        let way = ways(text.as_bytes(), &[offset]).remove(0);
        let step = |step: &JsonStep| match &step.key {
            JsonKey::Field(name) => format!("{}={}", &text[name.clone()], &text[step.value.clone()]),
            JsonKey::Item(index) => format!("{index}={}", &text[step.value.clone()]),
        };
        way.iter().map(step).collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn a_place_has_a_way() {
        let text = r#" [1, {"a": [true, "b\"}]c"], "d": {}}, "e"] "#;
        let at = |what: &str| text.find(what).unwrap();
        assert_eq!(
            way(text, at("}]c")),
            r#"0=[1, {"a": [true, "b\"}]c"], "d": {}}, "e"] / 1={"a": [true, "b\"}]c"], "d": {}} / a=[true, "b\"}]c"] / 1="b\"}]c""#
        );
        assert_eq!(way(text, at("e\"")), r#"0=[1, {"a": [true, "b\"}]c"], "d": {}}, "e"] / 2="e""#);
        assert_eq!(way("{\"a\":1}\n{\"b\":2}\n", 13), "1={\"b\":2} / b=2");
        assert_eq!(way("7 8 \"nine\"", 6), "2=\"nine\"");
        assert_eq!(way("nothing", 99), "");
    }

    #[test]
    fn what_is_no_json_has_a_way_as_far_as_it_goes() {
        for text in ["]]}}\"key", "{\"a\":[\"key", "{:,,{\"key\"", "[[[[[key"] {
            let at = text.find("key").unwrap();
            assert!(ways(text.as_bytes(), &[at]).remove(0).iter().all(|step| step.value.end <= text.len()));
        }
        let deep = "[".repeat(1 << 20) + "\"key\"" + &"]".repeat(1 << 20);
        assert_eq!(ways(deep.as_bytes(), &[(1 << 20) + 1]).remove(0).len(), MAX_DEPTH);
    }

    #[test]
    fn many_places_share_one_pass() {
        let text = format!("[{}]", vec![r#"{"text":"key"}"#; 10_000].join(","));
        let offsets: Vec<usize> = memchr::memmem::find_iter(text.as_bytes(), b"key").collect();
        let ways = ways(text.as_bytes(), &offsets);
        assert!(ways.iter().enumerate().all(|(i, way)| way[1].key == JsonKey::Item(i)));
        assert!(ways.iter().all(|way| &text[way[1].value.clone()] == r#"{"text":"key"}"#));
    }
}
