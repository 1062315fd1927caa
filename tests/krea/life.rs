//! Whether one token is alive.

use crate::raw::{Raw, Then};
use crate::support::emulator::{Emulator, Fault, Route};
use crate::{assert_hidden, closed_port, emulated, krea_at, quick, text, token};
use krea_scan::finding::{Status, Token, TokenKind};
use krea_scan::krea::{Life, Options};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A 401 that would say *dead*, but for what a test does to it.
const DEAD: &str = r#"{"error":"Unauthorized"}"#;

fn life(status: Status, reason: &str) -> Life {
    Life { status, reason: reason.to_owned() }
}

#[test]
fn live_dead_and_out_of_money() {
    let (emulator, krea, token) = emulated();
    assert_eq!(krea.life(&token), life(Status::Live, "answered 200"));
    emulator.empty_balance(text(&token));
    let empty = "answered 402: the balance is empty, the token is live";
    assert_eq!(krea.life(&token), life(Status::Live, empty));
    emulator.revoke(text(&token));
    assert_eq!(krea.life(&token), life(Status::Dead, "answered 401"));
    assert_eq!(krea.life(&token), life(Status::Dead, "answered 401"));
    assert_eq!(emulator.requests().len(), 4);
}

#[test]
fn the_request_is_what_krea_documents_and_no_more() {
    let (emulator, krea, token) = emulated();
    krea.life(&token);
    let request = &emulator.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/jobs?limit=1"));
    let mut headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
    headers.sort();
    let expected = [
        ("accept", "application/json".to_owned()),
        ("authorization", format!("Bearer {}", text(&token))),
        ("host", emulator.api()["http://".len()..].to_owned()),
        ("user-agent", format!("krea-scan/{}", env!("CARGO_PKG_VERSION"))),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(request.body, "");
}

#[test]
fn a_path_in_front_of_the_api_is_kept_and_localhost_is_here() {
    let emulator = Emulator::start();
    let base = emulator.api().replace("127.0.0.1", "localhost") + "/behind/a/gateway/";
    krea_at(&base, &quick()).life(&token(1));
    assert_eq!(emulator.requests()[0].target, "/behind/a/gateway/jobs?limit=1");
}

#[test]
fn a_legacy_key_is_sent_as_it_is() {
    let (emulator, krea, _) = emulated();
    let key = crate::tokens::legacy(crate::Alphabet::Base64, 7);
    emulator.issue(&key, "old");
    assert_eq!(krea.life(&Token::new(TokenKind::Legacy, key.as_bytes())).status, Status::Live);
}

#[test]
fn no_fault_makes_a_token_dead_or_live() {
    let (emulator, krea, token) = emulated();
    // Dead, as far as the emulator knows: only the fault stands between.
    emulator.revoke(text(&token));
    let faults = [
        (Fault::Html(200), 3, "answered 200, but not with a list of jobs: this is not Krea's API"),
        (
            Fault::Body(200, "{}".into()),
            1,
            "answered 200, but not with a list of jobs: this is not Krea's API",
        ),
        (
            Fault::Body(200, "[]".into()),
            3,
            "answered 200, but not with a list of jobs: this is not Krea's API",
        ),
        (Fault::Html(401), 3, "answered 401, but without a JSON object"),
        (Fault::Body(401, "[]".into()), 3, "answered 401, but without a JSON object"),
        (Fault::Body(401, String::new()), 3, "answered 401, but without a JSON object"),
        (Fault::Html(402), 3, "answered 402, but without a JSON object"),
        (Fault::Status(400), 1, "answered 400"),
        (Fault::Status(403), 1, "answered 403: refused, whoever the token is"),
        (Fault::Html(403), 1, "answered 403: refused, whoever the token is"),
        (Fault::Status(404), 1, "answered 404: there is no such address at this host"),
        (Fault::Status(407), 1, "answered 407"),
        (Fault::Status(500), 3, "answered 500: the server failed (3 tries)"),
        (Fault::Html(502), 3, "answered 502: the server failed (3 tries)"),
        (Fault::Status(503), 3, "answered 503: the server failed (3 tries)"),
        (Fault::Reset, 3, "the connection broke before an answer: "),
        (Fault::Truncated, 3, "answered 401, but the connection broke within the answer (3 tries)"),
        (Fault::Huge(2 << 20), 1, "answered 200, but the answer is larger than 1048576 bytes"),
        (Fault::Huge(1 << 40), 1, "answered 200, but the answer is larger than 1048576 bytes"),
        (Fault::Timeout, 3, "timed out after 0.6 s (3 tries)"),
        (Fault::Drip, 3, "timed out after 0.6 s (3 tries)"),
    ];
    for (fault, tries, reason) in faults {
        let before = emulator.requests().len();
        emulator.fault(Route::Jobs, fault.clone(), usize::MAX);
        let begun = Instant::now();
        let life = krea.life(&token);
        assert_eq!(life.status, Status::Unknown, "{fault:?}: {}", life.reason);
        assert!(life.reason.starts_with(reason), "{fault:?}: {}", life.reason);
        assert!(begun.elapsed() < Duration::from_secs(10), "{fault:?}: {:?}", begun.elapsed());
        assert_hidden(&life.reason, &token);
        assert_eq!(emulator.requests().len() - before, tries, "{fault:?}");
        emulator.clear_faults();
    }
    assert_eq!(krea.life(&token).status, Status::Dead);
}

#[test]
fn what_a_fault_hides_is_found_when_it_ends() {
    let (emulator, krea, token) = emulated();
    for fault in [Fault::Reset, Fault::Status(500), Fault::Html(401), Fault::Truncated, Fault::Timeout] {
        emulator.fault(Route::Jobs, fault.clone(), 2);
        assert_eq!(krea.life(&token), life(Status::Live, "answered 200 (3 tries)"), "{fault:?}");
    }
    let header = |value: &str| Fault::TooMany { retry_after: Some(value.to_owned()) };
    emulator.fault(Route::Jobs, header("1"), 1);
    emulator.fault(Route::Jobs, header("0"), 4);
    let begun = Instant::now();
    assert_eq!(krea.life(&token), life(Status::Live, "answered 200 (6 tries)"));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn a_redirect_is_not_followed_and_its_target_hears_nothing() {
    let (emulator, krea, token) = emulated();
    emulator.revoke(text(&token));
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let other = format!("http://{}", elsewhere.local_addr().unwrap());
    for status in [301, 302, 303, 307, 308] {
        for (target, reason) in [
            (format!("{other}/jobs?limit=1"), format!("redirected to {other} (not followed)")),
            ("/jobs?limit=1".to_owned(), format!("answered {status}: a redirect (not followed)")),
            (emulator.api() + "/jobs", format!("answered {status}: a redirect (not followed)")),
        ] {
            let before = emulator.requests().len();
            emulator.fault(Route::Jobs, Fault::Redirect(status, target), 1);
            assert_eq!(krea.life(&token), life(Status::Unknown, &reason));
            assert_eq!(emulator.requests().len() - before, 1);
        }
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_body_that_never_ends_is_left_in_time() {
    for (then, reason) in [
        (Then::Drip, "answered 401, but timed out after 0.6 s"),
        (Then::Hang, "answered 401, but timed out after 0.6 s"),
        (Then::Close, "answered 401, but the connection broke within the answer"),
    ] {
        let raw = Raw::half(401, DEAD, then);
        let begun = Instant::now();
        let answered = krea_at(&raw.base(), &quick()).life(&token(1));
        assert_eq!(answered.status, Status::Unknown);
        assert!(answered.reason.starts_with(reason), "{}", answered.reason);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
}

#[test]
fn what_is_not_http_is_unknown() {
    let many = format!("HTTP/1.1 401 X\r\n{}\r\n{DEAD}", "X-Header: y\r\n".repeat(5000));
    let long = format!("HTTP/1.1 401 X\r\nX-Header: {}\r\n\r\n{DEAD}", "y".repeat(8 << 20));
    let chunked =
        format!("HTTP/1.1 401 X\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{DEAD}\r\n", DEAD.len());
    for bytes in
        ["SSH-2.0-hidden\r\n", "", "HTTP/1.1 401", "HTTP/1.1 999999 X\r\n\r\n", &many, &long, &chunked]
    {
        let raw = Raw::start(bytes, Then::Close);
        let life = krea_at(&raw.base(), &quick()).life(&token(1));
        let start = &bytes[..bytes.len().min(40)];
        assert_eq!(life.status, Status::Unknown, "{start}: {}", life.reason);
        assert!(!life.reason.contains("hidden") && life.reason.len() < 250, "{start}: {}", life.reason);
        assert_eq!(raw.connections(), 3, "{start}");
    }
    let whole = Raw::start(chunked + "0\r\n\r\n", Then::Close);
    assert_eq!(krea_at(&whole.base(), &quick()).life(&token(1)).status, Status::Dead);
}

#[test]
fn nobody_there_is_unknown() {
    let nobody = krea_at(&format!("http://127.0.0.1:{}", closed_port()), &quick()).life(&token(1));
    assert_eq!(nobody.status, Status::Unknown);
    assert!(
        nobody.reason.starts_with("cannot connect: ") && nobody.reason.ends_with(" (3 tries)"),
        "{}",
        nobody.reason
    );

    // RFC 6761 keeps this name from ever being somebody's. Without a resolver the look-up may take its time.
    let options = Options { timeout: Duration::from_secs(3), ..quick() };
    let nowhere = krea_at("https://krea-scan.invalid", &options).life(&token(1));
    assert_eq!(nowhere.status, Status::Unknown);
    let looked = nowhere.reason.starts_with("the host's name cannot be looked up");
    assert!(looked || nowhere.reason == "timed out while connecting", "{}", nowhere.reason);
    assert_hidden(&nowhere.reason, &token(1));
}

#[test]
fn a_token_that_no_header_carries_is_not_sent() {
    let (emulator, krea, _) = emulated();
    for odd in [
        &b"a:b c"[..],
        b"a:b\r\nX-Injected: 1",
        b"a:\0",
        b"a:\xff",
        b"",
        "a:\u{e9}".as_bytes(),
        b" a:b",
        b"a:b\n",
    ] {
        let odd = Token::new(TokenKind::Custom, odd);
        let expected =
            life(Status::Unknown, "not asked: the token holds spaces or bytes that no header can carry");
        assert_eq!(krea.life(&odd), expected);
        assert_eq!(krea.life(&odd), expected);
        assert_eq!(krea.lives(std::slice::from_ref(&odd), &|_, _| ()), std::slice::from_ref(&expected));
        assert_eq!(krea.usage(&odd, None).problem.as_deref(), Some(expected.reason.as_str()));
    }
    assert_eq!(emulator.requests().len(), 0);
}
