//! What a tool answered. Takes its structured content, else the JSON in its text, else the text; gives rows of tokens, or what
//! has a token's shape. A text from a server is shown only when it is fit for that, and a secret never.

use super::schema::{CURSORS, IDS, NAMES, plain};
use crate::krea::authority::TokenRow;
use crate::krea::http::printable;
use krea_scan_token::common_words;
use krea_scan_token::mask::{Masker, TextKind};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// Fields that say who made a token, when, and when it was last used: as the tables of schemas have them.
const MAKERS: [&str; 9] =
    ["createdby", "creator", "owner", "user", "author", "createdbyuser", "createdbyemail", "member", "email"];
const MADE: [&str; 5] = ["createdat", "created", "createdon", "creationdate", "createdtime"];
const USED: [&str; 6] = ["lastusedat", "lastused", "lastuse", "lastusedon", "lastseenat", "lastactivityat"];
/// Fields that say that a token is revoked: when, or a plain yes.
const REVOKED: [&str; 5] = ["revokedat", "revoked", "isrevoked", "deletedat", "disabled"];
/// Fields that say that a list goes on, without saying where.
const MORE: [&str; 6] = ["hasmore", "hasnext", "hasnextpage", "more", "next", "nextpage"];
/// Fields that say how many rows there are in all.
const TOTALS: [&str; 5] = ["total", "totalcount", "totalitems", "totalresults", "count"];

/// JSON is looked through this far.
const DEPTH: usize = 6;
/// Characters of a text from a server that are shown.
const SHOWN: usize = 80;
/// Characters of a tool's own words that are shown.
const WORDS: usize = 160;
/// A longer id is none, in bytes.
const ID_BYTES: usize = 256;
/// The halves of a token have at least so many characters, and a token no more than so many: as wide as the pattern in public use,
/// for Krea does not publish its own. What is one, `GET /jobs` decides.
const ID: usize = 8;
const SECRET: usize = 16;
const TOKEN: usize = 512;
/// What a text has more of is no answer about one token.
const CANDIDATES: usize = 8;

/// What a tool answered.
pub(super) struct Answer {
    pub is_error: bool,
    pub structured: Option<Value>,
    pub texts: Vec<Zeroizing<String>>,
}

/// A page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub rows: Vec<TokenRow>,
    /// Where it goes on.
    pub next: Option<String>,
    /// It goes on, and does not say where.
    pub is_cut: bool,
}

impl Answer {
    /// The JSON of it.
    fn json(&self) -> Option<Value> {
        if let Some(value) = self.structured.as_ref().filter(|value| !value.is_null()) {
            return Some(value.clone());
        }
        let parsed = |text: &Zeroizing<String>| {
            let value = serde_json::from_str::<Value>(text).ok()?;
            (value.is_object() || value.is_array()).then_some(value)
        };
        let mut values: Vec<Value> = self.texts.iter().filter_map(parsed).collect();
        match values.len() {
            0 => None,
            1 => values.pop(),
            // One text for each row.
            _ => Some(Value::Array(values)),
        }
    }

    /// What it says in words, as far as that is common words.
    pub fn words(&self) -> String {
        let said = self.texts.iter().find_map(|text| common_words::line(&printable(text, WORDS)));
        said.map(|text| format!(" (\"{text}\")")).unwrap_or_default()
    }

    /// The rows of a list. `wanted`: what the argument that revokes is called, whose field is the id where there are several.
    ///
    /// # Errors
    /// Why it is no list, in words.
    pub fn page(&self, wanted: &str) -> Result<Page, String> {
        let json = self.json().ok_or("its answer holds no JSON")?;
        let mut lists = Vec::new();
        lists_in(&json, &mut lists, DEPTH);
        // Some servers give a list of one as that one.
        let only =
            json.as_object().filter(|json| ids(json, wanted).is_some() && field(json, &NAMES).is_some());
        let single = only.filter(|_| lists.is_empty()).map(|_| vec![json.clone()]);
        let rows = match lists.as_slice() {
            [one] => *one,
            [] => single.as_ref().ok_or("its answer holds no list")?,
            several => match several.iter().filter(|list| !list.is_empty()).collect::<Vec<_>>().as_slice() {
                [one] => one,
                _ => return Err("its answer holds several lists".to_owned()),
            },
        };
        let rows: Option<Vec<TokenRow>> =
            rows.iter().map(|row| self::row(row.as_object()?, wanted)).collect();
        let rows = rows.ok_or("its answer has rows without a usable id")?;
        let field = |names: &[&str]| json.as_object().and_then(|json| field_within(json, names, 2));
        let next = field(&CURSORS).and_then(Value::as_str).filter(|next| !next.is_empty()).map(str::to_owned);
        let says =
            |value: &Value| !matches!(value, Value::Bool(false) | Value::Null) && value != "" && value != 0;
        let total = field(&TOTALS).and_then(Value::as_u64);
        let goes_on = field(&CURSORS).is_some_and(says) || field(&MORE).is_some_and(says);
        let is_cut = next.is_none() && (goes_on || total.is_some_and(|total| total > rows.len() as u64));
        Ok(Page { rows, next, is_cut })
    }

    /// All that may be the new token: what has the shape of one; else a half beside an id. Each text once.
    pub fn minted(&self) -> Vec<Zeroizing<String>> {
        let mut found: Vec<Zeroizing<String>> = Vec::new();
        let mut add = |text: String| {
            let text = Zeroizing::new(text);
            if !found.contains(&text) && found.len() <= CANDIDATES {
                found.push(text);
            }
        };
        let json = self.json();
        let mut strings = Vec::new();
        if let Some(json) = &json {
            strings_in(json, &mut strings, DEPTH);
        }
        strings.extend(self.texts.iter().map(|text| text.as_str()));
        strings
            .iter()
            .flat_map(|text| words(text))
            .filter(|word| is_pair(word))
            .for_each(|word| add(word.to_owned()));
        if found.is_empty()
            && let Some(Value::Object(json)) = &json
        {
            halves(json, DEPTH).into_iter().for_each(|pair| {
                if !found.contains(&pair) {
                    found.push(pair);
                }
            });
        }
        found
    }

    /// The id that the answer gives beside the token.
    pub fn minted_id(&self, wanted: &str, secret: &[u8]) -> Option<String> {
        let json = self.json()?;
        let holds = |text: &str| memchr::memmem::find(text.as_bytes(), secret).is_some();
        let object = object_with_id(&json, wanted, DEPTH)?;
        let (id, _) = ids(object, wanted)?;
        Some(id).filter(|id| !holds(id))
    }
}

/// The words of a text that may be tokens.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    text.split(move |c: char| !is_part(c)).map(|word| word.trim_matches([':', '-', '_']))
}

/// Whether a text is an id and a secret.
fn is_pair(text: &str) -> bool {
    let Some((id, secret)) = text.split_once(':') else { return false };
    text.len() <= TOKEN && id.len() >= ID && is_secret(secret)
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_secret(text: &str) -> bool {
    text.len() >= SECRET && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// An id and a secret in fields of one object, as a pair. Whether it is one, only Krea can say.
fn halves(object: &Map<String, Value>, depth: usize) -> Vec<Zeroizing<String>> {
    let texts = || object.values().filter_map(Value::as_str);
    let ids: Vec<&str> = texts().filter(|text| is_uuid(text)).collect();
    let secrets: Vec<&str> =
        texts().filter(|text| is_secret(text) && text.len() >= 2 * SECRET && !is_uuid(text)).collect();
    let pair = |id: &&str| {
        secrets.iter().map(move |secret| Zeroizing::new(format!("{id}:{secret}"))).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = ids.iter().flat_map(pair).take(CANDIDATES).collect();
    if depth > 0 {
        found.extend(object.values().filter_map(Value::as_object).flat_map(|inner| halves(inner, depth - 1)));
    }
    found
}

fn strings_in<'a>(json: &'a Value, found: &mut Vec<&'a str>, depth: usize) {
    match json {
        Value::String(text) => found.push(text),
        Value::Array(values) if depth > 0 => {
            values.iter().for_each(|value| strings_in(value, found, depth - 1))
        }
        Value::Object(fields) if depth > 0 => {
            fields.values().for_each(|value| strings_in(value, found, depth - 1))
        }
        _ => {}
    }
}

/// The arrays whose members are objects, or that are empty.
fn lists_in<'a>(json: &'a Value, found: &mut Vec<&'a Vec<Value>>, depth: usize) {
    match json {
        Value::Array(values) if values.iter().all(Value::is_object) => found.push(values),
        Value::Object(fields) if depth > 0 => {
            fields.values().for_each(|value| lists_in(value, found, depth - 1))
        }
        _ => {}
    }
}

fn field<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let of = |name: &&str| object.iter().find(|(key, value)| plain(key) == **name && !value.is_null());
    names.iter().find_map(of).map(|(_, value)| value)
}

fn field_within<'a>(object: &'a Map<String, Value>, names: &[&str], depth: usize) -> Option<&'a Value> {
    field(object, names).or_else(|| {
        let mut inner = object.values().filter_map(Value::as_object).filter(|_| depth > 0);
        inner.find_map(|inner| field_within(inner, names, depth - 1))
    })
}

fn object_with_id<'a>(json: &'a Value, wanted: &str, depth: usize) -> Option<&'a Map<String, Value>> {
    let object = json.as_object()?;
    if ids(object, wanted).is_some() {
        return Some(object);
    }
    object.values().filter(|_| depth > 0).find_map(|inner| object_with_id(inner, wanted, depth - 1))
}

/// What revokes a token, and every id that its row has.
fn ids(object: &Map<String, Value>, wanted: &str) -> Option<(String, Vec<String>)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let usable =
        |id: &String| !id.is_empty() && id.len() <= ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic());
    let known: Vec<(String, String)> = object
        .iter()
        .filter(|(key, _)| IDS.contains(&plain(key).as_str()))
        .filter_map(|(key, value)| Some((plain(key), text(value).filter(usable)?)))
        // Not even a server may have a whole token taken for an id.
        .filter(|(_, id)| !is_pair(id))
        .collect();
    let of = |name: &str| known.iter().find(|(key, _)| key == name).map(|(_, id)| id.clone());
    let id = of(wanted).or_else(|| IDS.iter().find_map(|name| of(name)))?;
    Some((id, known.into_iter().map(|(_, id)| id).collect()))
}

/// A row of a list; `None` where it has no id.
fn row(object: &Map<String, Value>, wanted: &str) -> Option<TokenRow> {
    let (id, ids) = ids(object, wanted)?;
    let text = |names: &[&str]| field(object, names).and_then(shown);
    let is_revoked = REVOKED.iter().any(|name| match field(object, &[name]) {
        Some(Value::Bool(is)) => *is,
        Some(Value::String(text)) => !matches!(text.trim(), "" | "0" | "false" | "no" | "never"),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        _ => false,
    });
    let state = field(object, &["status", "state"]).and_then(Value::as_str).unwrap_or_default();
    Some(TokenRow {
        id,
        ids,
        name: text(&NAMES),
        exact_name: field(object, &NAMES).and_then(Value::as_str).map(str::to_owned),
        created_by: text(&MAKERS),
        created_at: text(&MADE),
        last_used_at: text(&USED),
        is_revoked: is_revoked || state.eq_ignore_ascii_case("revoked"),
        tells_use: object.keys().any(|key| USED.contains(&plain(key).as_str())),
    })
}

/// A text of a row as it can be shown; of a person, the name or the address.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(fields) => {
            return field(fields, &["name", "displayname", "fullname", "email", "id"]).and_then(shown);
        }
        _ => return None,
    };
    let text = printable(&text, SHOWN);
    Some(Masker::new([]).mask(&text, TextKind::Name)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::testing::Tokens;
    use serde_json::json;

    fn structured(value: Value) -> Answer {
        Answer { is_error: false, structured: Some(value), texts: Vec::new() }
    }

    fn text(text: &str) -> Answer {
        Answer { is_error: false, structured: None, texts: vec![Zeroizing::new(text.to_owned())] }
    }

    #[test]
    fn a_minted_token_is_found_by_its_shape() {
        let pair = Tokens::new().text();
        let (id, secret) = pair.split_once(':').unwrap();
        let found = |answer: Answer| answer.minted().iter().map(|text| text.to_string()).collect::<Vec<_>>();
        for answer in [
            structured(json!({"token": pair, "id": id})),
            structured(json!({"result": {"apiToken": {"value": pair}}, "note": "keep it"})),
            structured(json!({"id": id, "secret": secret, "name": "website production"})),
            text(&json!({"key": pair}).to_string()),
            text(&format!("Created. Your token is `{pair}`, copy it now: {pair}.")),
            Answer { structured: Some(json!({"token": pair})), ..text(&format!("Token: {pair}")) },
        ] {
            assert_eq!(found(answer), std::slice::from_ref(&pair));
        }
        let other = Tokens::new().pair();
        let other = String::from_utf8(other.expose().to_vec()).unwrap();
        let several = text(&format!("{pair} or {}x", other.replace(':', ":x")));
        assert_eq!(found(several).len(), 2);
        for nothing in ["", "Done.", &format!("id {id}"), &secret[..8]] {
            assert!(found(text(nothing)).is_empty(), "{nothing}");
        }
        let answer = structured(json!({"token": {"token_id": "row-1", "id": id, "value": pair}}));
        assert_eq!(answer.minted_id("tokenid", secret.as_bytes()).as_deref(), Some("row-1"));
        assert_eq!(answer.minted_id("x", secret.as_bytes()).as_deref(), Some(id));
        assert_eq!(structured(json!({"id": secret})).minted_id("id", secret.as_bytes()), None);
    }

    #[test]
    fn rows_are_read_by_what_their_fields_mean() {
        let pair = Tokens::new().text();
        let whole = json!({"tokens": [
            {"id": "1", "token_id": "a-b", "name": "website\u{1b}[2J production", "createdBy": {"email": "x@example.com"},
                "created_at": "2026-01-02T03:04:05Z", "last_used_at": null},
            {"id": 2, "name": pair, "lastUsed": "2026-02-01", "revoked_at": "2026-03-01"},
        ], "nextCursor": "c2"});
        let page = structured(whole.clone()).page("tokenid").unwrap();
        assert_eq!(page, text(&whole.to_string()).page("tokenid").unwrap());
        assert_eq!(page.next.as_deref(), Some("c2"));
        let [first, second] = page.rows.as_slice() else { panic!("two rows") };
        assert_eq!((first.id.as_str(), first.ids.len()), ("a-b", 2));
        assert_eq!(
            first.line(),
            "\"website [2J production\", made by x@example.com, made 2026-01-02T03:04:05Z, never used"
        );
        let id = pair.split(':').next().unwrap();
        assert_eq!(second.line(), format!("\"{id}:••••\", last used 2026-02-01, listed as revoked"));
        let nested = structured(json!({"result": [], "page": {"has_more": true}})).page("id").unwrap();
        assert_eq!(nested, Page { is_cut: true, ..Page::default() });
        let rows = Answer {
            texts: ["{\"id\": \"1\"}", "{\"id\": \"2\"}"].map(|row| Zeroizing::new(row.to_owned())).to_vec(),
            ..text("")
        };
        assert_eq!(rows.page("id").unwrap().rows.len(), 2);
    }

    #[test]
    fn an_id_is_whatever_is_no_token() {
        let usable = |id: &str| structured(json!([{"id": id, "name": "x"}])).page("id").is_ok();
        for id in [
            "7",
            "key-17",
            "64f1c0e2a7b3d4e5f6a7b8c9",
            "tok_01HZXK5V9QJ3M8N7P2R4S6T8W0",
            "cm3q2v8zk0000v7l8h2xw9d3f",
            "V1StGXR8_Z5jdHi6B-myT",
        ] {
            assert!(usable(id), "{id}");
        }
        assert!(!usable(&Tokens::new().text()));
    }

    #[test]
    fn what_is_no_list_is_told() {
        for (answer, why) in [
            (text("You have 2 tokens."), "holds no JSON"),
            (structured(json!({"ok": true})), "holds no list"),
            (structured(json!({"a": [{"id": 1}], "b": [{"id": 2}]})), "several lists"),
            (structured(json!([{"name": "x"}])), "without a usable id"),
            (structured(json!([{"id": Tokens::new().text()}])), "without a usable id"),
        ] {
            assert!(answer.page("id").unwrap_err().contains(why), "{why}");
        }
    }
}
