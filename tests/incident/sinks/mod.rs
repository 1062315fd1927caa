//! Sinks, from what `--store` says to the place where the token is kept.

#[cfg(unix)]
mod command;
mod env_file;
#[cfg(unix)]
mod pass;

use crate::support::child;
use crate::support::tokens::{self, Alphabet};
use krea_scan::config;
use krea_scan_service::incident::sink::{Delivery, ParseSinkError, Sink, SinkError, Stored};
use krea_scan_token::{Token, TokenKind};
use std::error::Error;
use std::path::Path;
use std::process::Command;

/// Says to a test that it is the inner half of one, and in which folder.
const FOLDER: &str = "KREA_SCAN_TEST_FOLDER";

/// A command that runs a test again, in a process that is told its folder.
fn again(module: &str, test: &str, folder: &Path) -> Command {
    let mut command = child::again(module, test);
    command.env(FOLDER, folder);
    command
}

/// The token that leaked, and its replacement.
struct Tokens {
    old: Token,
    new: Token,
}

impl Tokens {
    fn new() -> Self {
        Self::of(Alphabet::Base64Url)
    }

    fn of(alphabet: Alphabet) -> Self {
        let token = |n| Token::new(TokenKind::Pair, tokens::pair(alphabet, n).as_bytes());
        Tokens { old: token(1), new: token(2) }
    }

    fn delivery(&self) -> Delivery<'_> {
        Delivery::new(&self.new, Some(&self.old), "shop production 2026-07-01")
    }

    /// Stores the replacement.
    fn store(&self, sink: &str) -> Result<Stored, SinkError> {
        parse(sink).store(&self.delivery())
    }

    /// The error of a store that must fail. It shows no part of a secret.
    #[track_caller]
    fn refused(&self, sink: &str) -> String {
        self.words(&self.store(sink).unwrap_err())
    }

    /// An error, its causes and what is shown of the sink's own words; none of it shows a part of a secret.
    #[track_caller]
    fn words(&self, error: &SinkError) -> String {
        let said = error.said().map(ToString::to_string).unwrap_or_default();
        let mut words = format!("{error} {error:?} {said}");
        let mut cause = error.source();
        while let Some(error) = cause {
            words += &format!(" {error} {error:?}");
            cause = error.source();
        }
        self.assert_hidden(&words);
        words
    }

    /// Fails when eight characters of a secret half are in the text.
    #[track_caller]
    fn assert_hidden(&self, text: &str) {
        for token in [&self.old, &self.new] {
            let secret = token.secret();
            assert!(secret.windows(8).all(|part| !text.contains(str(part))), "it shows a secret");
        }
    }
}

#[track_caller]
fn parse(sink: &str) -> Sink {
    sink.parse().unwrap()
}

fn str(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_sink_is_shown_as_it_was_written() {
    for text in [
        "env-file:.env",
        "env-file:a b/.env#KREA_API_KEY",
        "env-file:odd#name#KREA_API_KEY",
        "env-file:C:\\app\\.env",
        "command:gh secret set KREA_API_KEY",
        "command: vault kv put secret/krea token=- # a:b",
    ] {
        assert_eq!(parse(text).to_string(), text);
        let json = serde_json::to_string(&parse(text)).unwrap();
        assert_eq!(serde_json::from_str::<Sink>(&json).unwrap(), parse(text));
    }
    let named = Sink::EnvFile { path: "odd#name".into(), name: Some("KREA_API_KEY".into()) };
    assert_eq!(parse("env-file:odd#name#KREA_API_KEY"), named);
}

#[test]
fn what_is_no_sink_is_refused() {
    use ParseSinkError::{BadName, NoCommand, NoPath, UnknownKind};
    for (text, expected) in [
        ("", UnknownKind),
        (".env", UnknownKind),
        ("file:.env", UnknownKind),
        ("ENV-FILE:.env", UnknownKind),
        ("env-file", UnknownKind),
        ("env-file:", NoPath),
        ("env-file:#NAME", NoPath),
        ("env-file:.env#", BadName),
        ("env-file:.env#1A", BadName),
        ("env-file:.env#A-B", BadName),
        ("env-file:my#file.env", BadName),
        ("command:", NoCommand),
        ("command: \t", NoCommand),
    ] {
        assert_eq!(text.parse::<Sink>().unwrap_err(), expected, "{text}");
    }
    let unknown = ParseSinkError::UnknownKind.to_string();
    assert!(unknown.contains("env-file:PATH") && unknown.contains("command:CMD"), "{unknown}");
}

#[test]
fn a_token_in_a_sink_is_refused_and_not_repeated() {
    for alphabet in Alphabet::ALL {
        let (pair, legacy) = (tokens::pair(alphabet, 3), tokens::legacy(alphabet, 3));
        for text in [
            format!("command:gh secret set KREA_API_KEY --body {pair}"),
            format!("command:gh secret set KREA_API_KEY --body='{pair}'"),
            format!("command:KREA_API_KEY={legacy} ./deploy"),
            format!("env-file:{pair}"),
            format!("env-file:KREA_API_KEY={pair}"),
        ] {
            let error = config::sink(&text).unwrap_err();
            assert!(error.to_string().contains("looks like a token"), "{alphabet:?}");
            let words = format!("{error} {error:?}");
            assert!(!words.contains(&pair) && !words.contains(&legacy), "{alphabet:?}");
        }
        // As a mistaken text without a kind.
        let words = pair.parse::<Sink>().unwrap_err().to_string();
        assert!(!words.contains(&pair), "{alphabet:?}");
    }
}

#[test]
fn commands_that_look_a_little_like_tokens_are_taken() {
    for text in [
        "command:docker run --rm -i ghcr.io/acme/vault-tool:3f2a9c81b7d64e0f9a1c2d3e4f5a6b7c8d9e0f1a put",
        "command:aws secretsmanager put-secret-value --secret-string file:///dev/stdin \
         --secret-id arn:aws:secretsmanager:us-east-1:123456789012:secret:krea/prod-AbCdEf",
        "command:KREA_API_KEY=$(cat) ./deploy production-europe:production-environment-main",
    ] {
        assert!(config::sink(text).is_ok(), "{text}");
    }
}
