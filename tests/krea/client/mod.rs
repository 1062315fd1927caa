//! The client for Krea and for token APIs against real servers on loopback: what it sends and where, what it makes of
//! every answer and of none, and how often it tries.

mod liveness;
mod many;
mod proxy;
mod raw;
#[cfg(target_os = "linux")]
mod tls;
mod token_api;
mod usage;

use crate::support::emulator::Emulator;
use crate::support::tokens::{self, Alphabet};
use krea_scan_service::krea::{Host, Krea, RequestOptions};
use krea_scan_token::{Token, TokenKind};
use std::net::TcpListener;
use std::time::Duration;

/// Options that do not wait long.
fn quick() -> RequestOptions {
    RequestOptions {
        timeout: Duration::from_millis(600),
        backoff: Duration::from_millis(5),
        interval: Duration::from_millis(1),
        budget: Duration::from_secs(20),
        pause: Duration::from_millis(1),
        ..RequestOptions::default()
    }
}

fn krea_at(base: &str, options: &RequestOptions) -> Krea {
    Krea::new(Host::parse(base).unwrap(), options).unwrap()
}

fn token(n: u64) -> Token {
    Token::new(TokenKind::Pair, tokens::pair(Alphabet::Base62, n).as_bytes())
}

fn text(token: &Token) -> &str {
    std::str::from_utf8(token.expose()).unwrap()
}

/// An emulator that knows one token, a client for it, and the token.
fn emulated() -> (Emulator, Krea, Token) {
    let emulator = Emulator::start();
    let token = token(1);
    emulator.issue(text(&token), "website production");
    let krea = krea_at(&emulator.api(), &quick());
    (emulator, krea, token)
}

/// A port of loopback that nobody listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Checks that a text for people holds nothing of a token but perhaps its id prefix.
fn assert_hidden(shown: &str, token: &Token) {
    let secret = String::from_utf8_lossy(token.secret()).to_lowercase();
    let shown = shown.to_lowercase();
    assert!(!shown.contains(&secret[..8]) && !shown.contains("bearer"), "{shown}");
}
