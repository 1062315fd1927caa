//! An organisation's own API that revokes and mints tokens. Takes its configuration and the credential from the
//! environment, gives what was done, or how sure it is that nothing was. A mint is never sent again once the first may
//! have been done. Shows common words of what the API wrote, and nothing else of it.

pub(super) mod config;

pub use config::{CREDENTIAL_ENV, TokenApiConfig, TokenApiConfigError};

use super::authority::{MintError, Minted, Revocation, RevokeError, TokenAuthority};
use super::http::{
    self, ApiAnswer, ClientError, Failure, FailureKind, Http, Request, RequestOptions, printable,
};
use super::liveness;
use super::rate_limiter::{Attempt, CallBounds, RateLimiter, RetryDecision};
use config::{CheckedConfig, Operation};
use krea_scan_token::common_words;
use krea_scan_token::{Token, TokenKind};
use reqwest::header::HeaderValue;
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroize;

/// More of an answer is not read, in bytes.
const ANSWER_BYTES: usize = 1 << 20;
/// A longer token is none, in bytes.
const TOKEN_BYTES: usize = 4 << 10;
/// A longer id is none, in bytes.
const ID_BYTES: usize = 256;
/// Characters of an id that are shown.
const ID_PREFIX: usize = 8;
/// Characters of the API's own words that are shown.
const WORDS: usize = 120;

/// A client for a token API.
pub struct TokenApi {
    config: CheckedConfig,
    http: Http,
    limiter: RateLimiter,
    timeout: Duration,
    budget: Duration,
    authorization: HeaderValue,
}

impl TokenApi {
    /// Makes a client; nothing is sent yet. Reads the credential from the environment variable that the configuration
    /// names.
    ///
    /// # Errors
    /// A configuration that cannot be meant, a credential that is not there or cannot be sent, no certificate store, a
    /// proxy that cannot be used.
    pub fn new(config: &TokenApiConfig, options: &RequestOptions) -> Result<TokenApi, ClientError> {
        let credential = http::credential_in(config.credential_env())?;
        TokenApi::with_credential(config, &credential, options)
    }

    /// The same with a credential that comes from elsewhere than the environment.
    ///
    /// # Errors
    /// As [`TokenApi::new`].
    pub fn with_credential(
        config: &TokenApiConfig,
        credential: &str,
        options: &RequestOptions,
    ) -> Result<TokenApi, ClientError> {
        let checked = config.checked()?;
        let what = "the credential of the token API";
        let (_, authorization) = http::checked_credential(credential, config.credential_env(), what)?;
        Ok(TokenApi {
            http: Http::new(&checked.host, options, 0)?,
            config: checked,
            limiter: RateLimiter::new(options),
            timeout: options.timeout,
            budget: options.budget,
            authorization,
        })
    }

    fn send(
        &self,
        operation: &Operation,
        value: &str,
        again: impl Fn(&Result<ApiAnswer, Failure>) -> RetryDecision,
    ) -> Result<Attempt, String> {
        // An empty value would name the collection instead of a member.
        let filled = Some(value).filter(|value| !value.is_empty());
        let filled = filled.and_then(|value| operation.with(&self.config.host, value));
        let (url, body) = filled.ok_or("nothing was sent: the id or name is empty or makes no valid URL")?;
        let run = CallBounds::new(self.budget);
        Ok(self.limiter.retry(&run, again, || {
            self.http.send(Request {
                method: operation.method.clone(),
                url: url.clone(),
                authorization: Some(&self.authorization),
                body: body.clone(),
                most: ANSWER_BYTES,
                timeout: self.timeout,
            })
        }))
    }

    fn minted(&self, answer: &ApiAnswer) -> Result<Minted, MintError> {
        let status = answer.status;
        let body = answer
            .body
            .as_ref()
            .map_err(|failure| MintError::MayBeDone(format!("answered {status}, but {}", failure.words)))?;
        let mut json = serde_json::from_slice::<Value>(body)
            .map_err(|_| MintError::MayBeDone(format!("answered {status}, but not with JSON")))?;
        let token = json.pointer(&self.config.token).and_then(Value::as_str).map(token);
        let id = json.pointer(&self.config.id).and_then(|id| match id {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        wipe(&mut json);
        let id = id
            .filter(|id| !id.is_empty() && id.len() <= ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic()));
        match token {
            Some(Ok(token)) => {
                // A secret is no id, whatever the pointer says: ids are shown and written down.
                let text = String::from_utf8_lossy(token.secret());
                let id = id.filter(|id| !id.contains(&*text));
                let own = || token.id().map(|own| String::from_utf8_lossy(own).into_owned());
                let id = id.or_else(own).unwrap_or_default();
                Ok(Minted { id, token })
            }
            odd => {
                let problem = match odd {
                    Some(Err(problem)) => problem,
                    _ => "holds no token where token_api.mint.token points",
                };
                let id = match id {
                    Some(id) => {
                        format!("; its id starts with {}", id.chars().take(ID_PREFIX).collect::<String>())
                    }
                    None => String::new(),
                };
                Err(MintError::MayBeDone(format!("answered {status}, but the answer {problem}{id}")))
            }
        }
    }

    /// A status, and what the API says of it, as far as that is common words.
    fn refusal(&self, answer: &ApiAnswer) -> String {
        let words = liveness::words(answer.status);
        let body = answer.body.as_ref().ok().filter(|_| matches!(answer.status, 400..=499));
        let json = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
        match json.as_ref().and_then(|json| json.get("error")).and_then(Value::as_str) {
            Some(text) => match common_words::line(&printable(text, WORDS)) {
                Some(text) => format!("{words} (\"{text}\")"),
                None => words,
            },
            None => words,
        }
    }
}

impl TokenAuthority for TokenApi {
    fn name(&self) -> String {
        self.config.host.to_string()
    }

    /// Tried again within bounds on 429, 5xx, time-outs and broken connections.
    fn revoke(&self, id: &str) -> Result<Revocation, RevokeError> {
        let again = |outcome: &Result<ApiAnswer, Failure>| match outcome {
            Ok(answer) if answer.status == 429 => RetryDecision::Slower(answer.retry_after),
            Ok(answer) if answer.status >= 500 => RetryDecision::Retry,
            Ok(_) => RetryDecision::No,
            Err(_) => RetryDecision::Retry,
        };
        let tried = self.send(&self.config.revoke, id, again).map_err(RevokeError)?;
        match &tried.outcome {
            Ok(answer) => match answer.status {
                200..=299 => Ok(Revocation::Done),
                404 | 410 => Ok(Revocation::AlreadyGone),
                _ => Err(RevokeError(tried.told(&self.refusal(answer)))),
            },
            Err(failure) => Err(RevokeError(tried.told(&failure.words))),
        }
    }

    /// Sent again only after 429 and after failed connections, which created nothing.
    fn mint(&self, name: &str) -> Result<Minted, MintError> {
        let again = |outcome: &Result<ApiAnswer, Failure>| match outcome {
            Ok(answer) if answer.status == 429 => RetryDecision::Slower(answer.retry_after),
            Err(failure) if failure.kind == FailureKind::NotSent => RetryDecision::Retry,
            _ => RetryDecision::No,
        };
        let tried = self.send(&self.config.mint, name, again).map_err(MintError::NotDone)?;
        match &tried.outcome {
            Ok(answer) => match answer.status {
                200..=299 => self.minted(answer),
                // 408 is what some gateways answer for a server that is still at work.
                400..=499 if answer.status != 408 => {
                    Err(MintError::NotDone(tried.told(&self.refusal(answer))))
                }
                status => Err(MintError::MayBeDone(liveness::words(status))),
            },
            Err(failure) => {
                let words = tried.told(&failure.words);
                Err(match failure.kind {
                    FailureKind::NotSent => MintError::NotDone(words),
                    FailureKind::Lost | FailureKind::TooBig => MintError::MayBeDone(words),
                })
            }
        }
    }
}

/// Checks that a text looks like a token.
fn token(text: &str) -> Result<Token, &'static str> {
    if text.is_empty() {
        return Err("holds an empty token");
    }
    if text.len() > TOKEN_BYTES {
        return Err("holds something too long to be a token");
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("holds something with characters that no token has");
    }
    if text.starts_with(':') || text.ends_with(':') {
        return Err("holds only half of a token");
    }
    let kind = if text.contains(':') { TokenKind::Pair } else { TokenKind::Legacy };
    Ok(Token::new(kind, text.as_bytes()))
}

fn wipe(json: &mut Value) {
    match json {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(entries) => entries.values_mut().for_each(wipe),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::TokenKind;
    use krea_scan_token::testing::Tokens;

    fn api(config: &str, credential: &str) -> TokenApi {
        let config = toml::from_str(&format!("base = 'http://127.0.0.1:9'\n{config}")).unwrap();
        TokenApi::with_credential(&config, credential, &RequestOptions::default()).unwrap()
    }

    fn answer(status: u16, body: &str) -> ApiAnswer {
        let body = Ok(http::AnswerBody::new(body.as_bytes().to_vec()));
        ApiAnswer { status, retry_after: None, location: None, body }
    }

    fn minted(body: &str) -> Result<(String, TokenKind, String), String> {
        let minted = api("", "credential").minted(&answer(201, body));
        match minted {
            Ok(Minted { id, token }) => {
                Ok((id, token.kind(), String::from_utf8(token.expose().to_vec()).unwrap()))
            }
            Err(MintError::MayBeDone(reason)) => Err(reason),
            Err(MintError::NotDone(reason)) => panic!("something may be done: {reason}"),
        }
    }

    #[test]
    fn a_minted_token_is_taken_as_it_is() {
        let pair = Tokens::new().text();
        let (own_id, secret) = pair.split_once(':').unwrap();
        let kept = |id: &str| Ok((id.to_owned(), TokenKind::Pair, pair.clone()));
        assert_eq!(minted(&format!(r#"{{"id": "row-1", "token": "{pair}"}}"#)), kept("row-1"));
        assert_eq!(minted(&format!(r#"{{"id": 17, "token": "{pair}"}}"#)), kept("17"));
        // A token is kept whatever its id looks like, and a secret is never an id.
        for id in [
            "null",
            "\"\"",
            "{}",
            "\"a b\"",
            "\"\\u001b\"",
            &format!("\"{secret}\""),
            &format!("\"x{pair}\""),
        ] {
            assert_eq!(minted(&format!(r#"{{"id": {id}, "token": "{pair}"}}"#)), kept(own_id), "{id}");
        }
        let long = "i".repeat(ID_BYTES + 1);
        assert_eq!(minted(&format!(r#"{{"id": "{long}", "token": "{pair}"}}"#)), kept(own_id));
        assert_eq!(
            minted(&format!(r#"{{"token": "{secret}"}}"#)),
            Ok((String::new(), TokenKind::Legacy, secret.to_owned()))
        );
    }

    #[test]
    fn an_answer_without_a_usable_token_may_have_made_one() {
        let long = format!(r#"{{"token": "{}"}}"#, "t".repeat(TOKEN_BYTES + 1));
        for (body, expected) in [
            ("<html>hidden</html>", "answered 201, but not with JSON"),
            ("", "answered 201, but not with JSON"),
            ("[\"hidden\"]", "answered 201, but the answer holds no token where token_api.mint.token points"),
            ("{\"token\": null}", "answered 201, but the answer holds no token where"),
            ("{\"token\": [\"hidden\"]}", "answered 201, but the answer holds no token where"),
            ("{\"token\": \"\"}", "answered 201, but the answer holds an empty token"),
            (
                "{\"token\": \"hidden hidden\"}",
                "answered 201, but the answer holds something with characters",
            ),
            ("{\"token\": \"hidden\\n\"}", "answered 201, but the answer holds something with characters"),
            (
                "{\"token\": \"hidden\\u0000\"}",
                "answered 201, but the answer holds something with characters",
            ),
            ("{\"token\": \"hidden:\"}", "answered 201, but the answer holds only half"),
            ("{\"token\": \":hidden\"}", "answered 201, but the answer holds only half"),
            (&long, "answered 201, but the answer holds something too long"),
        ] {
            let reason = minted(body).unwrap_err();
            assert!(reason.starts_with(expected), "{body}: {reason}");
            assert!(!reason.contains("hidden"), "{reason}");
        }
        let reason = minted(r#"{"id": "0123456789abcdef", "token": ""}"#).unwrap_err();
        assert!(reason.ends_with("an empty token; its id starts with 01234567"), "{reason}");
    }

    #[test]
    fn an_apis_words_are_shown_without_secrets() {
        let mut tokens = Tokens::new();
        let (credential, other) = (tokens.text(), tokens.text());
        let (id, secret) = credential.split_once(':').unwrap();
        let api = api("", &credential);
        let said = |text: &str| {
            let body = serde_json::json!({ "error": text }).to_string();
            api.refusal(&answer(403, &body))
        };
        assert_eq!(said("no such\n role"), "answered 403: refused, whoever the token is (\"no such role\")");
        assert_eq!(
            said("the key abc1 is wrong"),
            "answered 403: refused, whoever the token is (\"the key •••• is wrong\")"
        );
        for text in [
            format!("bad key {credential}"),
            format!("bad key \"{secret}\"!"),
            format!("bad{secret}key"),
            format!("bad key id={id}, secret=({secret})"),
            format!("bad token {other}"),
            format!("bad token {},{}", &other[..20], &other[20..]),
            format!("bad {}", "abcdefghij".repeat(3)),
            format!("bad request for {}", secret.chars().rev().collect::<String>()),
            format!("bad request for {}", secret.to_uppercase()),
            secret.chars().map(|c| format!("{c} ")).collect(),
        ] {
            let said = said(&text);
            let said = said.replace(' ', "").to_lowercase();
            let reversed: String = secret.chars().rev().collect();
            for part in
                [id, &secret[..8], &reversed[..8], &other[..12], &other[other.len() - 16..], "abcdefghij"]
            {
                assert!(!said.contains(part), "{said}");
            }
        }
        let long = said(&"word ".repeat(100));
        assert!(long.contains("word word"), "{long}");
        assert!(long.chars().count() < WORDS + 60, "{long}");
        assert_eq!(api.refusal(&answer(400, "{\"error\": {\"a\": 1}}")), "answered 400");
        assert_eq!(api.refusal(&answer(400, "<html>")), "answered 400");
    }

    #[test]
    fn a_credential_is_there_and_can_be_sent() {
        let with = |credential: &str| {
            let config = toml::from_str("base = 'http://127.0.0.1:9'\ncredential_env = 'GATEWAY'").unwrap();
            TokenApi::with_credential(&config, credential, &RequestOptions::default())
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(with("fine\n"), None);
        for nothing in ["", " \n"] {
            assert_eq!(
                with(nothing).unwrap(),
                "$GATEWAY is not set or empty; set it to the credential of the token API"
            );
        }
        for odd in ["hidden hidden", "hidden\0", "hiddenä"] {
            assert_eq!(with(odd).unwrap(), "$GATEWAY holds spaces or bytes that no header can carry");
        }
    }

    #[test]
    fn nothing_is_sent_without_an_id_or_a_name() {
        let api = api("", "credential");
        for id in ["", ".", ".."] {
            let refused = api.revoke(id).unwrap_err();
            assert!(refused.0.starts_with("nothing was sent"), "{refused}");
        }
        assert!(
            matches!(api.mint(""), Err(MintError::NotDone(reason)) if reason.starts_with("nothing was sent"))
        );
    }
}
