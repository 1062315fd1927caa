//! Revoking and minting over a token API.

use super::raw::{Raw, Then};
use super::{assert_hidden, closed_port, emulated, krea_at, quick, text};
use crate::support::child::in_child;
use crate::support::emulator::{Emulator, Fault, Request, Route};
use krea_scan_service::krea::{
    ClientError, MintError, RequestOptions, Revocation, TokenApi, TokenApiConfig, TokenAuthority as _,
};
use krea_scan_token::{Status, Token, TokenKind};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn api_at(base: &str, options: &RequestOptions) -> TokenApi {
    let config = TokenApiConfig::at(base).unwrap();
    TokenApi::with_credential(&config, Emulator::CREDENTIAL, options).unwrap()
}

fn id(token: &Token) -> String {
    String::from_utf8(token.id().unwrap().to_vec()).unwrap()
}

/// An emulator that knows one token, and a client for its token API.
fn with_api() -> (Emulator, TokenApi, Token) {
    let (emulator, _, token) = emulated();
    let api = api_at(&emulator.token_api(), &quick());
    (emulator, api, token)
}

fn minted(emulator: &Emulator) -> usize {
    emulator.issued().iter().filter(|issued| issued.minted).count()
}

#[test]
fn a_revoked_token_is_dead_and_then_gone() {
    let (emulator, api, token) = with_api();
    assert_eq!(api.name(), emulator.token_api());
    assert_eq!(api.revoke(&id(&token)), Ok(Revocation::Done));
    assert_eq!(krea_at(&emulator.api(), &quick()).liveness(&token).status, Status::Dead);
    assert_eq!(api.revoke(&id(&token)), Ok(Revocation::AlreadyGone));

    let request = &emulator.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("DELETE", &*format!("/v1/tokens/{}", id(&token)))
    );
    assert_eq!(request.bearer(), Some(Emulator::CREDENTIAL));
    assert_eq!(request.body, "");
    let secret = std::str::from_utf8(token.secret()).unwrap();
    let to_api = |request: &&Request| request.route() == Route::Revoke;
    for request in emulator.requests().iter().filter(to_api) {
        assert!(!format!("{request:?}").contains(secret), "a token API is not given tokens");
    }
}

#[test]
fn a_revocation_is_tried_again() {
    for fault in [
        Fault::Reset,
        Fault::Timeout,
        Fault::Status(500),
        Fault::Html(503),
        Fault::TooMany { retry_after: Some("0".to_owned()) },
    ] {
        let (emulator, api, token) = with_api();
        emulator.fault(Route::Revoke, fault.clone(), 2);
        assert_eq!(api.revoke(&id(&token)), Ok(Revocation::Done), "{fault:?}");
        assert_eq!(emulator.requests().len(), 3, "{fault:?}");
    }
    // Done, but not heard of: the second try finds it gone.
    for fault in [Fault::ResetAfterDoing, Fault::StatusAfterDoing(500), Fault::StatusAfterDoing(504)] {
        let (emulator, api, token) = with_api();
        emulator.fault(Route::Revoke, fault.clone(), 1);
        assert_eq!(api.revoke(&id(&token)), Ok(Revocation::AlreadyGone), "{fault:?}");
        assert!(!emulator.is_live(text(&token)));
    }
}

#[test]
fn a_revocation_that_is_refused_says_why() {
    let (emulator, api, token) = with_api();
    for (fault, tries, reason) in [
        (
            Fault::Body(403, r#"{"error": "no role for this"}"#.into()),
            1,
            "answered 403: refused, whoever the token is (\"no role for this\")",
        ),
        (Fault::Html(400), 1, "answered 400"),
        (Fault::Status(500), 3, "answered 500: the server failed (3 tries)"),
        (Fault::Timeout, 3, "timed out after 0.6 s (3 tries)"),
        (Fault::Redirect(307, emulator.token_api()), 1, "answered 307"),
        (
            Fault::Body(
                401,
                format!(r#"{{"error": "bad credentials {} for {}"}}"#, Emulator::CREDENTIAL, text(&token)),
            ),
            1,
            "answered 401 (\"bad credentials •••• for ••••\")",
        ),
    ] {
        let before = emulator.requests().len();
        emulator.fault(Route::Revoke, fault.clone(), usize::MAX);
        let refused = api.revoke(&id(&token)).unwrap_err().to_string();
        assert_eq!(refused, reason, "{fault:?}");
        assert_hidden(&refused, &token);
        assert_eq!(emulator.requests().len() - before, tries, "{fault:?}");
        emulator.clear_faults();
    }
    assert!(emulator.is_live(text(&token)));
}

#[test]
fn an_id_is_escaped_into_the_path() {
    let (emulator, api, _) = with_api();
    assert_eq!(api.revoke("../keys?x=#/é"), Ok(Revocation::AlreadyGone));
    assert_eq!(emulator.requests()[0].target, "/v1/tokens/..%2Fkeys%3Fx%3D%23%2F%C3%A9");
    assert!(api.revoke("..").is_err() && api.revoke("").is_err());
    assert_eq!(emulator.requests().len(), 1);
}

#[test]
fn a_minted_token_is_live() {
    let (emulator, api, _) = with_api();
    let minted = api.mint("website \"production\" 2026").unwrap();
    assert_eq!(krea_at(&emulator.api(), &quick()).liveness(&minted.token).status, Status::Live);
    assert_eq!((minted.token.kind(), minted.id.as_str()), (TokenKind::Pair, &*id(&minted.token)));
    let issued = emulator.issued().pop().unwrap();
    assert_eq!(
        (issued.name.as_str(), issued.token.as_str()),
        ("website \"production\" 2026", text(&minted.token))
    );
    let request = &emulator.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/tokens"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.body, r#"{"name":"website \"production\" 2026"}"#);
    assert_hidden(&format!("{minted:?}"), &minted.token);
}

#[test]
fn what_certainly_made_nothing_says_so() {
    let (emulator, api, _) = with_api();
    for (fault, tries, expected) in [
        (Fault::Status(400), 1, "answered 400"),
        (Fault::Html(401), 1, "answered 401"),
        (
            Fault::Body(403, r#"{"error": "no role"}"#.into()),
            1,
            "answered 403: refused, whoever the token is (\"no role\")",
        ),
        (Fault::Status(409), 1, "answered 409"),
        (Fault::Status(422), 1, "answered 422"),
        (Fault::TooMany { retry_after: Some("0".to_owned()) }, 10, "answered 429: too many requests"),
    ] {
        let before = emulator.requests().len();
        emulator.fault(Route::Mint, fault.clone(), usize::MAX);
        let Err(MintError::NotDone(reason)) = api.mint("x") else { panic!("{fault:?}") };
        assert!(reason.starts_with(expected), "{fault:?}: {reason}");
        assert_eq!(emulator.requests().len() - before, tries, "{fault:?}");
        emulator.clear_faults();
    }
    assert_eq!(minted(&emulator), 0);

    let (emulator, api, _) = with_api();
    emulator.fault(Route::Mint, Fault::TooMany { retry_after: Some("0".to_owned()) }, 2);
    assert!(api.mint("x").is_ok());
    assert_eq!(minted(&emulator), 1);

    let nobody = api_at(&format!("http://127.0.0.1:{}", closed_port()), &quick()).mint("x");
    let Err(MintError::NotDone(reason)) = nobody else { panic!("{nobody:?}") };
    assert!(reason.starts_with("cannot connect: ") && reason.ends_with(" (3 tries)"), "{reason}");

    // Connected, but not heard: TLS is what does not come about, so that no request was sent.
    let hole = Raw::start("", Then::Hang);
    let closed = api_at(&hole.base().replace("http:", "https:"), &quick()).mint("x");
    let Err(MintError::NotDone(reason)) = closed else { panic!("{closed:?}") };
    assert_eq!(reason, "timed out while connecting (3 tries)");
}

#[test]
fn what_may_have_made_a_token_is_sent_once_and_says_so() {
    for (fault, made, expected) in [
        (Fault::ResetAfterDoing, 1, "the connection broke before an answer: "),
        (Fault::Reset, 0, "the connection broke before an answer: "),
        (Fault::Timeout, 0, "timed out after 0.6 s"),
        (Fault::Drip, 1, "timed out after 0.6 s"),
        (Fault::Truncated, 1, "answered 201, but the connection broke within the answer"),
        (Fault::Status(500), 0, "answered 500: the server failed"),
        (Fault::StatusAfterDoing(502), 1, "answered 502: the server failed"),
        (Fault::StatusAfterDoing(408), 1, "answered 408"),
        (Fault::Html(200), 0, "answered 200, but not with JSON"),
        (Fault::Html(303), 0, "answered 303"),
        (Fault::Huge(2 << 20), 0, "answered 200, but the answer is larger than 1048576 bytes"),
        (
            Fault::Body(201, "{}".into()),
            0,
            "answered 201, but the answer holds no token where token_api.mint.token points",
        ),
        (
            Fault::Body(202, r#"{"id": "0123456789"}"#.into()),
            0,
            "answered 202, but the answer holds no token where token_api.mint.token points; its id starts with 01234567",
        ),
        (
            Fault::Body(201, r#"{"id": "x", "token": "no token"}"#.into()),
            0,
            "answered 201, but the answer holds something with characters that no token has",
        ),
    ] {
        let (emulator, api, _) = with_api();
        emulator.fault(Route::Mint, fault.clone(), 1);
        let error = api.mint("x").unwrap_err();
        let MintError::MayBeDone(reason) = &error else { panic!("{fault:?}: {error}") };
        assert!(reason.starts_with(expected), "{fault:?}: {reason}");
        assert!(error.to_string().ends_with("; a token may have been created that nobody holds"), "{error}");
        assert_eq!((emulator.requests().len(), minted(&emulator)), (1, made), "{fault:?}");
        for issued in emulator.issued() {
            assert_hidden(&error.to_string(), &Token::new(TokenKind::Pair, issued.token.as_bytes()));
        }
    }
}

#[test]
fn a_redirect_takes_neither_the_credential_nor_a_body_along() {
    let (emulator, api, token) = with_api();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let other = format!("http://{}/", elsewhere.local_addr().unwrap());
    for status in [301, 302, 303, 307, 308] {
        emulator.fault(Route::Any, Fault::Redirect(status, other.clone()), 2);
        assert!(api.revoke(&id(&token)).is_err());
        assert!(matches!(api.mint("x"), Err(MintError::MayBeDone(_))));
    }
    assert_eq!(emulator.requests().len(), 10);
    assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn each_request_has_a_connection_of_its_own() {
    let raw = Raw::start("HTTP/1.1 204 X\r\n\r\n", Then::Hang);
    // On a connection that is used again nothing more would come.
    let api = api_at(&raw.base(), &RequestOptions { tries: 1, ..quick() });
    assert_eq!((api.revoke("a"), api.revoke("b")), (Ok(Revocation::Done), Ok(Revocation::Done)));
    assert_eq!(raw.connections(), 2);
}

#[test]
fn a_gateway_of_another_shape_can_be_told() {
    let (emulator, _, token) = with_api();
    let config: TokenApiConfig = toml::from_str(&format!(
        r#"
        base = "{}"
        [revoke]
        method = "POST"
        path = "/revoke"
        body = {{ key = "{{id}}" }}
        [mint]
        method = "PUT"
        path = "/keys"
        body = {{ label = "{{name}}" }}
        id = "/data/key/id"
        token = "/data/key/value"
        "#,
        emulator.gateway()
    ))
    .unwrap();
    config.validate().unwrap();
    let api = TokenApi::with_credential(&config, Emulator::CREDENTIAL, &quick()).unwrap();
    assert_eq!(api.revoke(&id(&token)), Ok(Revocation::Done));
    assert!(!emulator.is_live(text(&token)));
    let minted = api.mint("staging").unwrap();
    assert!(emulator.is_live(text(&minted.token)));
    assert_eq!(minted.id, id(&minted.token));
}

#[test]
fn the_credential_comes_from_the_environment() {
    if in_child(
        module_path!(),
        "the_credential_comes_from_the_environment",
        &[("KREA_SCAN_TEST_KEY", Emulator::CREDENTIAL)],
    ) {
        let emulator = Emulator::start();
        let config = |variable: &str| -> TokenApiConfig {
            toml::from_str(&format!("base = '{}'\ncredential_env = '{variable}'", emulator.token_api()))
                .unwrap()
        };
        let api = TokenApi::new(&config("KREA_SCAN_TEST_KEY"), &quick()).unwrap();
        assert!(api.mint("x").is_ok());
        let missing = TokenApi::new(&config("KREA_SCAN_TEST_NO_KEY"), &quick()).err().unwrap();
        assert!(
            matches!(&missing, ClientError::NoCredential(name, _) if name == "KREA_SCAN_TEST_NO_KEY"),
            "{missing}"
        );
    }
}

#[test]
fn a_stop_ends_the_tries() {
    let (emulator, _, token) = with_api();
    let stop = Arc::new(AtomicBool::new(false));
    let options =
        RequestOptions { stop: Some(Arc::clone(&stop)), backoff: Duration::from_secs(30), ..quick() };
    let options = RequestOptions { budget: Duration::from_secs(100), ..options };
    emulator.fault(Route::Revoke, Fault::Status(500), usize::MAX);
    emulator.on_request(move |_| stop.store(true, Ordering::SeqCst));
    let begun = Instant::now();
    let refused = api_at(&emulator.token_api(), &options).revoke(&id(&token)).unwrap_err();
    assert_eq!(refused.to_string(), "answered 500: the server failed");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
