//! How an organisation's token API is spoken to. Takes `[token_api]` of the user's own configuration, gives methods, paths
//! and bodies with the placeholders filled in. Holds the name of the credential's variable, never the credential.

use crate::krea::host::{Host, HostError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The environment variable that holds the credential, unless the configuration names another.
pub const CREDENTIAL_ENV: &str = "KREA_TOKEN_API_KEY";

/// What is escaped in a placeholder's value within a path: all but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Methods that change something.
const METHODS: [Method; 4] = [Method::DELETE, Method::PATCH, Method::POST, Method::PUT];

/// What is wrong in `[token_api]`. Names the key, never a value that could be a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct TokenApiConfigError {
    key: &'static str,
    problem: String,
}

fn wrong(key: &'static str, problem: impl Into<String>) -> TokenApiConfigError {
    TokenApiConfigError { key, problem: problem.into() }
}

/// `[token_api]`: an API of the organisation's own that revokes and mints tokens. Krea publishes none.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TokenApiConfig {
    base: String,
    #[serde(default = "credential_env")]
    credential_env: String,
    #[serde(default)]
    revoke: Revoke,
    #[serde(default)]
    mint: Mint,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Revoke {
    method: String,
    path: String,
    body: Option<toml::Table>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Mint {
    method: String,
    path: String,
    body: toml::Table,
    /// JSON pointers (RFC 6901) into the answer.
    id: String,
    token: String,
}

fn credential_env() -> String {
    CREDENTIAL_ENV.to_owned()
}

impl Default for Revoke {
    fn default() -> Self {
        Revoke { method: "DELETE".to_owned(), path: "/{id}".to_owned(), body: None }
    }
}

impl Default for Mint {
    fn default() -> Self {
        let name = ("name".to_owned(), toml::Value::from("{name}"));
        Mint {
            method: "POST".to_owned(),
            path: String::new(),
            body: toml::Table::from_iter([name]),
            id: "/id".to_owned(),
            token: "/token".to_owned(),
        }
    }
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub(super) struct CheckedConfig {
    pub host: Host,
    pub revoke: Operation,
    pub mint: Operation,
    /// JSON pointers into the answer to a mint.
    pub id: String,
    pub token: String,
}

/// A request with one placeholder.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub method: Method,
    path: String,
    body: Option<Value>,
    placeholder: &'static str,
}

impl Operation {
    /// The URL and the body for a value; `None` when the value makes another URL of the path than what is written.
    pub fn with(&self, host: &Host, value: &str) -> Option<(Url, Option<Vec<u8>>)> {
        let escaped = utf8_percent_encode(value, ESCAPED).to_string();
        let url = host.below(&self.path.replace(self.placeholder, &escaped))?;
        let body = self.body.as_ref().map(|body| filled(body, self.placeholder, value).to_string());
        Some((url, body.map(String::into_bytes)))
    }
}

impl TokenApiConfig {
    /// The defaults for an API at this base: `DELETE {base}/{id}` revokes, `POST {base}` with `{"name": …}` mints.
    ///
    /// # Errors
    /// As [`Host::parse`].
    pub fn at(base: &str) -> Result<TokenApiConfig, HostError> {
        let base = Host::parse(base)?.to_string();
        let credential_env = credential_env();
        Ok(TokenApiConfig { base, credential_env, revoke: Revoke::default(), mint: Mint::default() })
    }

    /// The same operations at another base.
    ///
    /// # Errors
    /// As [`Host::parse`].
    pub fn with_base(self, base: &str) -> Result<TokenApiConfig, HostError> {
        Ok(TokenApiConfig { base: Host::parse(base)?.to_string(), ..self })
    }

    /// Where the API is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The environment variable that holds the credential.
    pub fn credential_env(&self) -> &str {
        &self.credential_env
    }

    /// Checks everything that can be checked without asking the API.
    ///
    /// # Errors
    /// The first key whose value cannot be meant.
    pub fn validate(&self) -> Result<(), TokenApiConfigError> {
        self.checked().map(drop)
    }

    pub(super) fn checked(&self) -> Result<CheckedConfig, TokenApiConfigError> {
        let host = Host::parse(&self.base).map_err(|error| wrong("token_api.base", error.to_string()))?;
        let mut name = self.credential_env.bytes();
        let starts = name.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !starts || !name.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(wrong(
                "token_api.credential_env",
                "not the name of an environment variable; the credential itself belongs into one, not into a file",
            ));
        }
        let revoke = Operation {
            method: method("token_api.revoke.method", &self.revoke.method)?,
            path: path("token_api.revoke.path", &self.revoke.path, "{id}", &host)?,
            body: match &self.revoke.body {
                Some(table) => Some(body("token_api.revoke.body", table, "{id}")?),
                None => None,
            },
            placeholder: "{id}",
        };
        if !self.revoke.path.contains("{id}") && !revoke.body.as_ref().is_some_and(|body| holds(body, "{id}"))
        {
            return Err(wrong(
                "token_api.revoke",
                "neither its path nor its body says {id}, so it names no token",
            ));
        }
        let mint = Operation {
            method: method("token_api.mint.method", &self.mint.method)?,
            path: path("token_api.mint.path", &self.mint.path, "{name}", &host)?,
            body: Some(body("token_api.mint.body", &self.mint.body, "{name}")?),
            placeholder: "{name}",
        };
        let id = pointer("token_api.mint.id", &self.mint.id)?;
        let token = pointer("token_api.mint.token", &self.mint.token)?;
        if id == token {
            return Err(wrong(
                "token_api.mint.id",
                "the same place as token_api.mint.token; an id is no secret",
            ));
        }
        Ok(CheckedConfig { host, revoke, mint, id, token })
    }
}

fn method(key: &'static str, text: &str) -> Result<Method, TokenApiConfigError> {
    let known = METHODS.into_iter().find(|method| method.as_str() == text);
    known.ok_or_else(|| wrong(key, "must be DELETE, PATCH, POST or PUT"))
}

fn path(
    key: &'static str,
    text: &str,
    placeholder: &'static str,
    host: &Host,
) -> Result<String, TokenApiConfigError> {
    only(key, text, placeholder)?;
    if !text.is_empty() && !text.starts_with('/') {
        return Err(wrong(key, "must be empty or start with /"));
    }
    if text.contains('#') || host.below(&text.replace(placeholder, "x")).is_none() {
        return Err(wrong(
            key,
            "not a path that a URL can have as it is written; escape what is special in it",
        ));
    }
    Ok(text.to_owned())
}

fn pointer(key: &'static str, text: &str) -> Result<String, TokenApiConfigError> {
    match text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err(wrong(key, "must be a JSON pointer, which starts with /, as /data/token does")),
    }
}

/// A TOML table as JSON.
fn body(
    key: &'static str,
    table: &toml::Table,
    placeholder: &'static str,
) -> Result<Value, TokenApiConfigError> {
    let entry = |(name, value): (&String, &toml::Value)| Ok((name.clone(), json(key, value, placeholder)?));
    table.iter().map(entry).collect::<Result<_, _>>().map(Value::Object)
}

fn json(
    key: &'static str,
    value: &toml::Value,
    placeholder: &'static str,
) -> Result<Value, TokenApiConfigError> {
    Ok(match value {
        toml::Value::String(text) => {
            only(key, text, placeholder)?;
            Value::from(text.as_str())
        }
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) if number.is_finite() => Value::from(*number),
        toml::Value::Float(_) => return Err(wrong(key, "JSON has no inf and no nan")),
        toml::Value::Boolean(yes) => Value::from(*yes),
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(values) => {
            Value::Array(values.iter().map(|value| json(key, value, placeholder)).collect::<Result<_, _>>()?)
        }
        toml::Value::Table(table) => body(key, table, placeholder)?,
    })
}

/// Refuses a placeholder that nothing is known for: `{word}`, where the word is not the one that is known.
fn only(key: &'static str, text: &str, placeholder: &'static str) -> Result<(), TokenApiConfigError> {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        let Some(end) = rest.find(['{', '}']).filter(|&end| rest.as_bytes()[end] == b'}') else { continue };
        let word = &rest[..end];
        let is_word =
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if is_word && word != placeholder.trim_matches(['{', '}']) {
            // A long word may be anything; a placeholder that somebody meant is short.
            let shown = if word.len() <= 16 { format!("{{{word}}}") } else { "a word in braces".to_owned() };
            return Err(wrong(key, format!("{shown} is not known here; only {placeholder} is")));
        }
    }
    Ok(())
}

/// A body with the placeholder's value in its strings.
fn filled(body: &Value, placeholder: &str, value: &str) -> Value {
    match body {
        Value::String(text) => Value::String(text.replace(placeholder, value)),
        Value::Array(values) => values.iter().map(|inner| filled(inner, placeholder, value)).collect(),
        Value::Object(entries) => {
            let entry = |(name, inner): (&String, &Value)| (name.clone(), filled(inner, placeholder, value));
            entries.iter().map(entry).collect()
        }
        other => other.clone(),
    }
}

fn holds(body: &Value, placeholder: &str) -> bool {
    match body {
        Value::String(text) => text.contains(placeholder),
        Value::Array(values) => values.iter().any(|inner| holds(inner, placeholder)),
        Value::Object(entries) => entries.values().any(|inner| holds(inner, placeholder)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<CheckedConfig, String> {
        let text = format!("base = 'https://gateway.example/v1/'\n{text}");
        let config: TokenApiConfig = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
        config.checked().map_err(|error| error.to_string())
    }

    fn request(operation: &Operation, host: &Host, value: &str) -> Option<(String, Option<Value>)> {
        let (url, body) = operation.with(host, value)?;
        Some((url.into(), body.map(|body| serde_json::from_slice(&body).unwrap())))
    }

    #[test]
    fn the_defaults_are_delete_and_post() {
        for checked in
            [read("").unwrap(), TokenApiConfig::at("https://gateway.example/v1").unwrap().checked().unwrap()]
        {
            assert_eq!(checked.host.to_string(), "https://gateway.example/v1");
            assert_eq!((checked.revoke.method.as_str(), checked.mint.method.as_str()), ("DELETE", "POST"));
            assert_eq!(
                request(&checked.revoke, &checked.host, "a b/ä?#%").unwrap(),
                ("https://gateway.example/v1/a%20b%2F%C3%A4%3F%23%25".to_owned(), None)
            );
            assert_eq!(
                request(&checked.mint, &checked.host, "a \"b\"").unwrap(),
                ("https://gateway.example/v1".to_owned(), Some(json!({"name": "a \"b\""})))
            );
            assert_eq!((checked.id.as_str(), checked.token.as_str()), ("/id", "/token"));
        }
        assert_eq!(TokenApiConfig::at("https://a.example").unwrap().credential_env(), "KREA_TOKEN_API_KEY");
        let moved =
            TokenApiConfig::at("https://a.example").unwrap().with_base("https://b.example/x/").unwrap();
        assert_eq!(moved.checked().unwrap().host.to_string(), "https://b.example/x");
        assert!(TokenApiConfig::at("http://a.example").is_err());
    }

    #[test]
    fn every_part_can_be_told() {
        let checked = read(
            r#"
            credential_env = "GATEWAY_KEY"
            [revoke]
            method = "POST"
            path = "/revoke?why=leak"
            body = { keys = ["k/{id}"], hard = true, depth = 2, since = 2026-07-01T00:00:00Z, rate = 0.5 }
            [mint]
            method = "PUT"
            path = "/keys/{name}"
            body = { label = { text = "for {name}" } }
            id = "/data/0/id"
            token = "/data/0/value"
            "#,
        )
        .unwrap();
        assert_eq!(
            request(&checked.revoke, &checked.host, "x}{name}").unwrap(),
            (
                "https://gateway.example/v1/revoke?why=leak".to_owned(),
                Some(json!({
                    "keys": ["k/x}{name}"], "hard": true, "depth": 2, "since": "2026-07-01T00:00:00Z", "rate": 0.5
                }))
            )
        );
        assert_eq!(
            request(&checked.mint, &checked.host, "a&b").unwrap(),
            ("https://gateway.example/v1/keys/a%26b".to_owned(), Some(json!({"label": {"text": "for a&b"}})))
        );
    }

    #[test]
    fn an_id_never_changes_the_path() {
        let checked = read("").unwrap();
        for id in [".", ".."] {
            assert_eq!(request(&checked.revoke, &checked.host, id), None, "{id}");
        }
        let (url, _) = request(&checked.revoke, &checked.host, "../admin").unwrap();
        assert_eq!(url, "https://gateway.example/v1/..%2Fadmin");
    }

    #[test]
    fn what_cannot_be_meant_is_told_by_its_key() {
        for (text, expected) in [
            ("revoke.method = 'GET'", "token_api.revoke.method: must be DELETE, PATCH, POST or PUT"),
            ("mint.method = 'post'", "token_api.mint.method: must be"),
            ("mint.method = 'hidden'", "token_api.mint.method: must be"),
            ("revoke.path = '{id}'", "token_api.revoke.path: must be empty or start with /"),
            ("revoke.path = '/{foo}'", "token_api.revoke.path: {foo} is not known here; only {id} is"),
            ("revoke.path = '/{id}/{name}'", "token_api.revoke.path: {name} is not known here"),
            ("revoke.path = '/../{id}'", "token_api.revoke.path: not a path"),
            ("revoke.path = '/{id}#x'", "token_api.revoke.path: not a path"),
            ("revoke.path = '/ {id}'", "token_api.revoke.path: not a path"),
            ("revoke.path = '/all'", "token_api.revoke: neither its path nor its body says {id}"),
            ("revoke.path = ''\nrevoke.body = {'{id}' = 'x'}", "token_api.revoke: neither"),
            (
                "revoke.body = {a = ['{name}']}",
                "token_api.revoke.body: {name} is not known here; only {id} is",
            ),
            (
                "mint.body = {a = {b = '{ {id}'}}",
                "token_api.mint.body: {id} is not known here; only {name} is",
            ),
            (
                "mint.body = {a = '{hiddenhiddenhiddenhidden}'}",
                "token_api.mint.body: a word in braces is not known",
            ),
            ("mint.body = {a = inf}", "token_api.mint.body: JSON has no inf"),
            ("mint.id = 'id'", "token_api.mint.id: must be a JSON pointer"),
            ("mint.token = ''", "token_api.mint.token: must be a JSON pointer"),
            ("mint.token = '/id'", "token_api.mint.id: the same place"),
            ("credential_env = 'hidden:hidden'", "token_api.credential_env: not the name of an environment"),
            ("credential_env = ''", "token_api.credential_env: not the name"),
            ("credential_env = '1A'", "token_api.credential_env: not the name"),
            ("credential = 'hidden'", "unknown field `credential`"),
            ("mint.name = 'hidden'", "unknown field `name`"),
            ("revoke.token = 'hidden'", "unknown field `token`"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.starts_with(expected), "{text}: {refused}");
            assert!(!refused.contains("hidden"), "{text}: {refused}");
        }
        let config: TokenApiConfig = toml::from_str("base = 'http://hidden.example'").unwrap();
        let refused = config.validate().unwrap_err().to_string();
        assert!(refused.starts_with("token_api.base: plain http://"), "{refused}");
        assert!(!refused.contains("hidden"), "{refused}");
    }

    #[test]
    fn braces_that_are_no_placeholders_stay() {
        let checked = read(r#"mint.body = { filter = '{"a": {}} { {name} } {x y}' }"#).unwrap();
        let (_, body) = request(&checked.mint, &checked.host, "N").unwrap();
        assert_eq!(body.unwrap()["filter"], r#"{"a": {}} { N } {x y}"#);
    }
}
