//! Whether one token is alive.

use super::raw::{Raw, Then};
use super::{assert_hidden, closed_port, emulated, krea_at, quick, text, token};
use crate::support::emulator::{Emulator, Fault, Route};
use krea_scan_service::krea::{Liveness, Question, RequestOptions};
use krea_scan_token::{Status, Token, TokenKind};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A 401 that would say *dead*, but for what a test does to it.
const DEAD: &str = r#"{"error":"Unauthorized"}"#;

fn liveness(status: Status, reason: &str) -> Liveness {
    Liveness { status, reason: reason.to_owned() }
}

/// What was asked for since so many requests.
fn asked(emulator: &Emulator, since: usize) -> Vec<String> {
    let path = |target: &str| target.trim_start_matches('/').split('?').next().unwrap_or_default().to_owned();
    emulator.requests()[since..].iter().map(|request| path(&request.target)).collect()
}

#[test]
fn live_dead_and_out_of_money() {
    let (emulator, krea, token) = emulated();
    assert_eq!(krea.liveness(&token), liveness(Status::Live, "answered 200"));
    emulator.empty_balance(text(&token));
    let empty = "answered 402: the balance is empty, the token is live";
    assert_eq!(krea.liveness(&token), liveness(Status::Live, empty));
    emulator.revoke(text(&token));
    for _ in 0..2 {
        let before = emulator.requests().len();
        assert_eq!(krea.liveness(&token), liveness(Status::Dead, "answered 401 4 times"));
        assert_eq!(asked(&emulator, before), ["jobs", "jobs", "jobs", "openapi.json", "jobs"]);
    }
}

#[test]
fn the_request_is_what_krea_documents_and_no_more() {
    let (emulator, krea, token) = emulated();
    krea.liveness(&token);
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
    krea_at(&base, &quick()).liveness(&token(1));
    assert_eq!(emulator.requests()[0].target, "/behind/a/gateway/jobs?limit=1");
}

#[test]
fn a_legacy_key_is_sent_as_it_is() {
    let (emulator, krea, _) = emulated();
    let key = super::tokens::legacy(super::Alphabet::Base64, 7);
    emulator.issue(&key, "old");
    assert_eq!(krea.liveness(&Token::new(TokenKind::Legacy, key.as_bytes())).status, Status::Live);
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
        (Fault::Html(401), 3, "answered 401, but not with Krea's error"),
        (Fault::Body(401, "[]".into()), 3, "answered 401, but not with Krea's error"),
        (Fault::Body(401, String::new()), 3, "answered 401, but not with Krea's error"),
        (Fault::Body(401, "{}".into()), 1, "answered 401, but not with Krea's error"),
        (Fault::Body(401, r#"{"login": "https://x"}"#.into()), 1, "answered 401, but not with Krea's error"),
        (Fault::Body(401, r#"{"error": {"code": 1}}"#.into()), 1, "answered 401, but not with Krea's error"),
        (Fault::Html(402), 3, "answered 402, but not with Krea's error"),
        (Fault::Body(402, r#"{"pay": "here"}"#.into()), 1, "answered 402, but not with Krea's error"),
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
        let answer = krea.liveness(&token);
        assert_eq!(answer.status, Status::Unknown, "{fault:?}: {}", answer.reason);
        assert!(answer.reason.starts_with(reason), "{fault:?}: {}", answer.reason);
        assert!(begun.elapsed() < Duration::from_secs(10), "{fault:?}: {:?}", begun.elapsed());
        assert_hidden(&answer.reason, &token);
        assert_eq!(emulator.requests().len() - before, tries, "{fault:?}");
        emulator.clear_faults();
    }
    assert_eq!(krea.liveness(&token).status, Status::Dead);
}

#[test]
fn what_a_fault_hides_is_found_when_it_ends() {
    let (emulator, krea, token) = emulated();
    for fault in [Fault::Reset, Fault::Status(500), Fault::Html(401), Fault::Truncated, Fault::Timeout] {
        emulator.fault(Route::Jobs, fault.clone(), 2);
        assert_eq!(krea.liveness(&token), liveness(Status::Live, "answered 200 (3 tries)"), "{fault:?}");
    }
    let header = |value: &str| Fault::TooMany { retry_after: Some(value.to_owned()) };
    emulator.fault(Route::Jobs, header("1"), 1);
    emulator.fault(Route::Jobs, header("0"), 4);
    let begun = Instant::now();
    assert_eq!(krea.liveness(&token), liveness(Status::Live, "answered 200 (6 tries)"));
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
            assert_eq!(krea.liveness(&token), liveness(Status::Unknown, &reason));
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
        let answered = krea_at(&raw.base(), &quick()).liveness(&token(1));
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
        let answer = krea_at(&raw.base(), &quick()).liveness(&token(1));
        let start = &bytes[..bytes.len().min(40)];
        assert_eq!(answer.status, Status::Unknown, "{start}: {}", answer.reason);
        assert!(!answer.reason.contains("hidden") && answer.reason.len() < 250, "{start}: {}", answer.reason);
        assert_eq!(raw.connections(), 3, "{start}");
    }
    // A server that has nothing but this answer is none that tells a token from another.
    let whole = Raw::start(chunked + "0\r\n\r\n", Then::Close);
    let answer = krea_at(&whole.base(), &quick()).liveness(&token(1));
    assert_eq!(answer.status, Status::Unknown);
    assert!(answer.reason.starts_with("answered 401 4 times, but the host refuses"), "{}", answer.reason);
}

#[test]
fn nobody_there_is_unknown() {
    let nobody = krea_at(&format!("http://127.0.0.1:{}", closed_port()), &quick()).liveness(&token(1));
    assert_eq!(nobody.status, Status::Unknown);
    assert!(
        nobody.reason.starts_with("cannot connect: ") && nobody.reason.ends_with(" (3 tries)"),
        "{}",
        nobody.reason
    );

    // RFC 6761 keeps this name from ever being somebody's. Without a resolver the look-up may take its time.
    let options = RequestOptions { timeout: Duration::from_secs(3), ..quick() };
    let nowhere = krea_at("https://krea-scan.invalid", &options).liveness(&token(1));
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
            liveness(Status::Unknown, "not asked: the token holds spaces or bytes that no header can carry");
        assert_eq!(krea.liveness(&odd), expected);
        assert_eq!(krea.liveness(&odd), expected);
        assert_eq!(krea.livenesses(std::slice::from_ref(&odd)), std::slice::from_ref(&expected));
        assert_eq!(krea.usage(&odd, None).problem.as_deref(), Some(expected.reason.as_str()));
    }
    assert_eq!(emulator.requests().len(), 0);
}

#[test]
fn a_refusal_that_passes_does_not_decide() {
    for refusals in 1..=3 {
        let (emulator, krea, token) = emulated();
        emulator.fault(Route::Jobs, Fault::Status(401), refusals);
        let expected = "answered 200, after it answered 401";
        assert_eq!(krea.liveness(&token), liveness(Status::Live, expected), "{refusals}");
    }
    // Now this, now that.
    let (emulator, krea, token) = emulated();
    let (weak, count) = (std::sync::Arc::new(emulator), std::sync::atomic::AtomicUsize::new(0));
    let shared = std::sync::Arc::downgrade(&weak);
    weak.on_request(move |_| {
        if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst).is_multiple_of(2) {
            shared.upgrade().unwrap().fault(Route::Jobs, Fault::Status(401), 1);
        }
    });
    for _ in 0..5 {
        assert_eq!(krea.liveness(&token).status, Status::Live);
    }
}

#[test]
fn what_is_refused_and_then_gets_no_answer_is_unknown() {
    let (emulator, krea, token) = emulated();
    emulator.revoke(text(&token));
    for (fault, reason) in [
        (Fault::Status(503), "answered 503: the server failed (3 tries), after it answered 401"),
        (Fault::Status(403), "answered 403: refused, whoever the token is, after it answered 401"),
        (Fault::Html(401), "answered 401, but not with Krea's error in JSON"),
    ] {
        for refusals in 1..=3 {
            emulator.fault(Route::Jobs, Fault::Status(401), refusals);
            emulator.fault(Route::Jobs, fault.clone(), usize::MAX);
            let answer = krea.liveness(&token);
            assert_eq!(answer.status, Status::Unknown, "{fault:?}");
            assert!(answer.reason.starts_with(reason), "{}", answer.reason);
            emulator.clear_faults();
        }
    }
}

#[test]
fn a_portal_that_refuses_everything_is_told_apart() {
    let (emulator, krea, token) = emulated();
    emulator.revoke(text(&token));
    emulator.fault(Route::Any, Fault::Body(401, DEAD.to_owned()), usize::MAX);
    let answer = krea.liveness(&token);
    assert_eq!(answer.status, Status::Unknown);
    assert!(answer.reason.contains("it may be a portal"), "{}", answer.reason);
    emulator.clear_faults();

    let document = emulator.requests().into_iter().find(|request| request.route() == Route::OpenApi).unwrap();
    assert_eq!((document.target.as_str(), document.authorization()), ("/openapi.json", None));
    // A gateway may hide the document, but not refuse it, nor fail to answer.
    for (fault, status) in [
        (Fault::Status(404), Status::Dead),
        (Fault::Html(404), Status::Dead),
        (Fault::Status(405), Status::Dead),
        (Fault::Status(401), Status::Unknown),
        (Fault::Html(401), Status::Unknown),
        (Fault::Status(403), Status::Unknown),
        (Fault::Html(200), Status::Unknown),
        (Fault::Status(503), Status::Unknown),
        (Fault::Redirect(302, "https://portal.example.com/".to_owned()), Status::Unknown),
        (Fault::Timeout, Status::Unknown),
    ] {
        emulator.fault(Route::OpenApi, fault.clone(), usize::MAX);
        assert_eq!(krea.liveness(&token).status, status, "{fault:?}");
        emulator.clear_faults();
    }
}

/// Krea's real document is larger than a page of jobs may be.
#[test]
fn a_large_document_is_read() {
    let (emulator, krea, token) = emulated();
    emulator.revoke(text(&token));
    let document = format!("{{\"openapi\": \"3.1.0\", \"info\": \"{}\"}}", "x".repeat(5 << 20));
    emulator.fault(Route::OpenApi, Fault::Body(200, document), usize::MAX);
    assert_eq!(krea.liveness(&token).status, Status::Dead);
}

#[test]
fn who_takes_another_token_meanwhile_tells_them_apart() {
    let (emulator, krea, live) = emulated();
    emulator.fault(Route::OpenApi, Fault::Status(401), usize::MAX);
    let tokens = [token(2), live];
    let statuses: Vec<Status> = krea.livenesses(&tokens).into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [Status::Dead, Status::Live]);
    assert_eq!(krea.liveness(&tokens[0]).status, Status::Unknown);
}

#[test]
fn refused_tokens_are_asked_about_again_after_pauses_that_grow() {
    let (emulator, _, token) = emulated();
    emulator.revoke(text(&token));
    let pause = Duration::from_millis(60);
    krea_at(&emulator.api(), &RequestOptions { pause, ..quick() }).liveness(&token);
    let at: Vec<Instant> = emulator
        .requests()
        .into_iter()
        .filter(|request| request.route() == Route::Jobs)
        .map(|request| request.at)
        .collect();
    for (round, pair) in at.windows(2).enumerate() {
        let between = pair[1] - pair[0];
        assert!(between >= pause * (round as u32 + 1), "{between:?} before round {round}");
    }
    assert_eq!(RequestOptions::default().pause, Duration::from_secs(1));
}

#[test]
fn a_time_that_is_over_is_no_refusal() {
    let (emulator, _, token) = emulated();
    emulator.revoke(text(&token));
    let options =
        RequestOptions { pause: Duration::from_secs(9), budget: Duration::from_millis(300), ..quick() };
    let begun = Instant::now();
    let answer = krea_at(&emulator.api(), &options).liveness(&token);
    assert_eq!(answer.status, Status::Unknown);
    assert!(answer.reason.contains("the time for it (0.3 s) is over"), "{}", answer.reason);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn what_was_dead_is_still_dead_when_it_is_refused_once_more() {
    let (emulator, krea, token) = emulated();
    let still = |krea: &krea_scan_service::krea::Krea| {
        krea.answers(&[Question::still_dead(&token)], &|_| ()).of(&token).unwrap().clone()
    };
    assert_eq!(still(&krea), liveness(Status::Live, "answered 200"));
    emulator.revoke(text(&token));
    let before = emulator.requests().len();
    assert_eq!(still(&krea), liveness(Status::Dead, "answered 401"));
    assert_eq!(asked(&emulator, before), ["openapi.json", "jobs"]);
    emulator.fault(Route::Any, Fault::Status(401), usize::MAX);
    assert_eq!(still(&krea).status, Status::Unknown);
}
