//! Each fault, on the wire and in what it leaves behind.

use super::client::{Answer, ask, connect, exchange, id, jobs, request, token_api, with_token};
use crate::support::emulator::{Emulator, Fault, Route};
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// An emulator with one token, where the next request goes wrong.
fn with_fault(fault: Fault) -> (Emulator, String) {
    let (emulator, token) = with_token();
    emulator.fault(Route::Any, fault, 1);
    (emulator, token)
}

/// Revokes over the token API; gives what comes back to the end.
fn revoke(emulator: &Emulator, token: &str) -> io::Result<Vec<u8>> {
    let text = request("DELETE", &format!("/v1/tokens/{}", id(token)), Emulator::CREDENTIAL, None);
    exchange(emulator, text.as_bytes())
}

/// Mints over the token API; gives what comes back to the end.
fn mint(emulator: &Emulator) -> io::Result<Vec<u8>> {
    let text = request("POST", "/v1/tokens", Emulator::CREDENTIAL, Some(r#"{"name":"x"}"#));
    exchange(emulator, text.as_bytes())
}

#[test]
fn faults_come_in_order_to_their_routes_and_end() {
    let (emulator, token) = with_token();
    emulator.fault(Route::Revoke, Fault::Status(500), 1);
    emulator.fault(Route::Jobs, Fault::Status(503), 2);
    emulator.fault(Route::Any, Fault::Status(418), 1);
    emulator.fault(Route::Jobs, Fault::Status(403), 1);
    let statuses: Vec<u16> = (0..5).map(|_| jobs(&emulator, "", &token).status).collect();
    assert_eq!(statuses, [503, 503, 418, 403, 200]);
    ask(&emulator, "DELETE", "/v1/tokens/x", Emulator::CREDENTIAL, None).is_error(500);
    ask(&emulator, "DELETE", "/v1/tokens/x", Emulator::CREDENTIAL, None).is_error(404);
}

#[test]
fn a_fault_for_good_lasts_until_it_is_cleared() {
    let (emulator, token) = with_token();
    emulator.fault(Route::Jobs, Fault::Status(500), usize::MAX);
    assert!((0..20).all(|_| jobs(&emulator, "", &token).status == 500));
    emulator.clear_faults();
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

#[test]
fn zero_times_is_never() {
    let (emulator, token) = with_token();
    emulator.fault(Route::Jobs, Fault::Status(500), 0);
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

#[test]
fn a_route_that_is_not_there_has_faults_too() {
    let (emulator, _) = with_fault(Fault::Html(200));
    assert_eq!(ask(&emulator, "GET", "/nowhere", "", None).status, 200);
}

#[test]
fn timeout_does_nothing_and_says_nothing() {
    let (emulator, token) = with_fault(Fault::Timeout);
    let mut stream = connect(&emulator);
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let text = request("DELETE", &format!("/v1/tokens/{}", id(&token)), Emulator::CREDENTIAL, None);
    stream.write_all(text.as_bytes()).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    assert!(emulator.is_live(&token));
    assert_eq!(emulator.requests()[0].status, None);
}

#[test]
fn reset_does_nothing() {
    let (emulator, token) = with_fault(Fault::Reset);
    assert_eq!(revoke(&emulator, &token).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(emulator.is_live(&token));
    assert_eq!(emulator.requests()[0].status, None);
}

#[test]
fn reset_after_doing_loses_the_answer_to_a_revoke() {
    let (emulator, token) = with_fault(Fault::ResetAfterDoing);
    assert_eq!(revoke(&emulator, &token).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(!emulator.is_live(&token));
    assert_eq!(Answer::of(&revoke(&emulator, &token).unwrap()).status, 404);
}

#[test]
fn reset_after_doing_loses_a_minted_token() {
    let (emulator, _) = with_fault(Fault::ResetAfterDoing);
    assert_eq!(mint(&emulator).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(Answer::of(&mint(&emulator).unwrap()).status, 201);
    let minted: Vec<bool> = emulator.issued().iter().filter(|row| row.minted).map(|row| row.live).collect();
    assert_eq!(minted, [true, true]);
}

#[test]
fn too_many_says_when_to_come_again_or_not() {
    let (emulator, token) = with_token();
    for retry_after in [None, Some("2"), Some("Wed, 21 Oct 2026 07:28:00 GMT"), Some("soon")] {
        let fault = Fault::TooMany { retry_after: retry_after.map(str::to_owned) };
        emulator.fault(Route::Jobs, fault, 1);
        let answer = jobs(&emulator, "", &token);
        answer.is_error(429);
        assert_eq!(answer.header("retry-after"), retry_after);
    }
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

#[test]
fn status_does_nothing() {
    for status in [400, 401, 402, 403, 404, 500, 502, 503, 504] {
        let (emulator, token) = with_fault(Fault::Status(status));
        Answer::of(&revoke(&emulator, &token).unwrap()).is_error(status);
        assert!(emulator.is_live(&token));
        assert_eq!(emulator.requests()[0].status, Some(status));
    }
}

#[test]
fn status_without_a_body_has_none() {
    let (emulator, token) = with_fault(Fault::Status(204));
    let answer = Answer::of(&revoke(&emulator, &token).unwrap());
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert!(emulator.is_live(&token), "it only says so");
}

#[test]
fn status_after_doing_is_a_lie() {
    let (emulator, token) = with_fault(Fault::StatusAfterDoing(500));
    Answer::of(&revoke(&emulator, &token).unwrap()).is_error(500);
    assert!(!emulator.is_live(&token));
    emulator.fault(Route::Mint, Fault::StatusAfterDoing(502), 1);
    Answer::of(&mint(&emulator).unwrap()).is_error(502);
    assert!(emulator.issued()[1].live);
}

#[test]
fn html_comes_with_any_status() {
    for status in [200, 401, 502] {
        let (emulator, token) = with_fault(Fault::Html(status));
        let answer = jobs(&emulator, "", &token);
        assert_eq!(answer.status, status);
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        assert!(answer.body.starts_with("<!doctype html>"));
    }
}

#[test]
fn redirect_points_elsewhere() {
    for status in [301, 302, 303, 307, 308] {
        let (emulator, token) = with_fault(Fault::Redirect(status, "http://other.example/jobs".to_owned()));
        let answer = jobs(&emulator, "", &token);
        assert_eq!((answer.status, answer.header("location")), (status, Some("http://other.example/jobs")));
    }
}

#[test]
fn truncated_promises_more_than_it_gives() {
    let (emulator, token) = with_fault(Fault::Truncated);
    let answer = jobs(&emulator, "", &token);
    assert_eq!(answer.status, 200);
    let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert!(promised > answer.body.len());
    // What comes is well-formed: only the length tells.
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).unwrap()["items"].is_array());
    emulator.fault(Route::Mint, Fault::Truncated, 1);
    assert_eq!(Answer::of(&mint(&emulator).unwrap()).status, 201);
    assert!(emulator.issued()[1].minted);
}

#[test]
fn truncated_is_an_error_to_an_http_client() {
    let (emulator, token) = with_fault(Fault::Truncated);
    // Without a provider for TLS the client does not even build; one that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let get =
        || client.get(emulator.api() + "/jobs").header("Authorization", format!("Bearer {token}")).send();
    let answer = get().unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().unwrap_err();
    assert_eq!(get().unwrap().text().unwrap(), r#"{"items":[],"next_cursor":null}"#);
}

#[test]
fn huge_is_well_formed_and_says_no_length() {
    let (emulator, token) = with_fault(Fault::Huge(3_000_000));
    let answer = jobs(&emulator, "", &token);
    assert_eq!((answer.status, answer.header("content-length")), (200, None));
    assert_eq!(answer.body.len(), 3_000_000);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).unwrap()["items"].is_array());
}

#[test]
fn huge_without_end_ends_when_the_client_leaves() {
    let (emulator, token) = with_fault(Fault::Huge(u64::MAX));
    let mut stream = connect(&emulator);
    stream.write_all(request("GET", "/jobs", &token, None).as_bytes()).unwrap();
    stream.read_exact(&mut vec![0; 4_000_000]).unwrap();
    drop(stream);
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

#[test]
fn drip_comes_byte_by_byte() {
    let (emulator, token) = with_fault(Fault::Drip);
    let mut stream = connect(&emulator);
    let text = request("DELETE", &format!("/v1/tokens/{}", id(&token)), Emulator::CREDENTIAL, None);
    let start = Instant::now();
    stream.write_all(text.as_bytes()).unwrap();
    let mut buffer = [0; 64];
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0);
        seen.extend_from_slice(&buffer[..read]);
    }
    assert!(start.elapsed() >= Duration::from_millis(600), "{:?}", start.elapsed());
    assert!(b"HTTP/1.1 204 ".starts_with(&seen));
    assert!(!emulator.is_live(&token));
}

#[test]
fn late_revoke_takes_effect_late() {
    let (emulator, token) = with_token();
    emulator.fault(Route::Revoke, Fault::LateRevoke(Duration::from_millis(600)), 1);
    let start = Instant::now();
    let path = format!("/{}", id(&token));
    assert_eq!(token_api(&emulator, "DELETE", &path, None).status, 204);
    let early = jobs(&emulator, "", &token).status;
    if start.elapsed() < Duration::from_millis(600) {
        assert_eq!(early, 200);
    }
    token_api(&emulator, "DELETE", &path, None).is_error(404);
    while jobs(&emulator, "", &token).status == 200 {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    assert!(start.elapsed() >= Duration::from_millis(600));
}

#[test]
fn a_revoke_may_be_late_for_ever() {
    let (emulator, token) = with_fault(Fault::LateRevoke(Duration::MAX));
    assert_eq!(token_api(&emulator, "DELETE", &format!("/{}", id(&token)), None).status, 204);
    assert!(emulator.is_live(&token));
}

#[test]
fn body_is_sent_as_it_is() {
    let (emulator, token) = with_token();
    for (status, body) in [(200, "[]"), (401, "null"), (200, r#"{"items":{}}"#), (201, "{"), (200, "")] {
        emulator.fault(Route::Any, Fault::Body(status, body.to_owned()), 1);
        let answer = jobs(&emulator, "", &token);
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}
