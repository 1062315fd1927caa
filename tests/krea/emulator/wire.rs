//! What comes in: the list of requests, the watcher, and clients that do not keep to HTTP.

use super::client::{Answer, ask, connect, exchange, id, jobs, request, token_api, with_token};
use crate::support::Lcg;
use crate::support::emulator::{Emulator, Fault, Route};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn requests_are_listed_as_they_came() {
    let (emulator, token) = with_token();
    let before = Instant::now();
    jobs(&emulator, "?limit=1", &token);
    token_api(&emulator, "POST", "", Some(r#"{"name":"x"}"#));
    ask(&emulator, "GET", "/nowhere", "", None);
    let requests = emulator.requests();
    let [jobs, mint, nowhere] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((jobs.method.as_str(), jobs.target.as_str()), ("GET", "/jobs?limit=1"));
    assert_eq!(jobs.authorization(), Some(format!("Bearer {token}").as_str()));
    assert_eq!(jobs.bearer(), Some(token.as_str()));
    assert_eq!(jobs.header("user-agent"), Some("a-test"));
    assert_eq!((jobs.route(), jobs.status), (Route::Jobs, Some(200)));
    assert!(before < jobs.at && jobs.at < mint.at);
    assert_eq!(mint.body, r#"{"name":"x"}"#);
    assert_eq!((mint.route(), mint.status), (Route::Mint, Some(201)));
    assert_eq!((nowhere.authorization(), nowhere.bearer()), (None, None));
    assert_eq!((nowhere.route(), nowhere.status), (Route::Any, Some(404)));
}

#[test]
fn a_request_through_a_proxy_is_answered_and_listed_with_its_host() {
    let (emulator, token) = with_token();
    let answer = ask(&emulator, "GET", "http://krea.example/jobs?limit=0", &token, None);
    answer.is_error(400);
    assert_eq!(ask(&emulator, "GET", "http://krea.example/jobs", &token, None).status, 200);
    ask(&emulator, "GET", "http://krea.example", &token, None).is_error(404);
    assert_eq!(emulator.requests()[0].target, "http://krea.example/jobs?limit=0");
}

#[test]
fn the_watcher_sees_a_request_before_it_is_done() {
    let (emulator, token) = with_token();
    let (seen, sees) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let may_go = std::sync::Mutex::new(may_go);
    emulator.on_request(move |request| {
        seen.send((request.method.clone(), request.route())).unwrap();
        may_go.lock().unwrap().recv().unwrap();
    });
    thread::scope(|scope| {
        let revoking =
            scope.spawn(|| token_api(&emulator, "DELETE", &format!("/{}", id(&token)), None).status);
        assert_eq!(sees.recv().unwrap(), ("DELETE".to_owned(), Route::Revoke));
        assert!(emulator.is_live(&token));
        assert_eq!(emulator.requests()[0].status, None);
        go.send(()).unwrap();
        assert_eq!(revoking.join().unwrap(), 204);
    });
    assert!(!emulator.is_live(&token));
}

#[test]
fn what_is_no_request_is_400_and_harms_nobody() {
    let (emulator, token) = with_token();
    for bytes in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET /jobs\r\n\r\n",
        "GET /jobs HTTP/9.9\r\n\r\n",
        "GET /jobs HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /jobs HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "GET /jobs HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET /jobs HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    ] {
        let answer = exchange(&emulator, bytes.as_bytes()).unwrap();
        assert_eq!(Answer::of(&answer).status, 400, "{bytes:?}");
    }
    assert_eq!(emulator.requests(), []);
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

#[test]
fn what_is_too_big_is_refused() {
    let emulator = Emulator::start();
    let status = |text: String| Answer::of(&exchange(&emulator, text.as_bytes()).unwrap()).status;
    let long = "x".repeat(20_000);
    assert_eq!(status(format!("GET /jobs HTTP/1.1\r\nX: {long}\r\n\r\n")), 431);
    assert_eq!(status(format!("GET /{long} HTTP/1.1\r\n\r\n")), 431);
    assert_eq!(status(format!("GET /jobs HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100))), 431);
    assert_eq!(status(request("POST", "/v1/tokens", "", Some(&"x".repeat(70_000)))), 413);
    assert_eq!(status("POST /v1/tokens HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into()), 411);
}

#[test]
fn a_request_may_come_in_pieces_and_a_body_may_be_cut() {
    let emulator = Emulator::start();
    let whole = request("POST", "/v1/tokens", Emulator::CREDENTIAL, Some(r#"{"name":"x"}"#));
    let mut stream = connect(&emulator);
    for part in whole.as_bytes().chunks(40) {
        stream.write_all(part).unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(Answer::of(&answer).status, 201);

    let mut stream = connect(&emulator);
    stream.write_all(&whole.as_bytes()[..whole.len() - 2]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    answer.clear();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.is_empty());
    assert_eq!(emulator.issued().len(), 1);
}

#[test]
fn noise_does_not_end_it() {
    let (emulator, token) = with_token();
    let mut random = Lcg(1);
    let good = request("POST", "/gateway/revoke?a=%zz&&=", &token, Some(r#"{"key":{}}"#));
    for _ in 0..200 {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..1 + random.below(8) {
            let place = random.below(bytes.len());
            bytes[place] = u8::try_from(random.below(256)).unwrap();
        }
        bytes.truncate(1 + random.below(bytes.len()));
        let mut stream = connect(&emulator);
        // What comes back, if anything, does not matter here.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

/// Waits until so many requests came in.
#[track_caller]
fn until_asked(emulator: &Emulator, requests: usize) {
    let start = Instant::now();
    while emulator.requests().len() < requests {
        assert!(start.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn stopping_waits_for_nobody_and_closes_the_port() {
    let (emulator, token) = with_token();
    emulator.fault(Route::Any, Fault::Timeout, 1);
    emulator.fault(Route::Any, Fault::Drip, 1);
    emulator.fault(Route::Any, Fault::Huge(u64::MAX), 1);
    // One that says nothing, one that stops half way, and three that wait for their answers without reading.
    let silent = connect(&emulator);
    let mut half = connect(&emulator);
    half.write_all(b"GET /jobs HTTP/1.1\r\nHost").unwrap();
    let mut waiting = Vec::new();
    for asked in 1..=3 {
        let mut stream = connect(&emulator);
        stream.write_all(request("GET", "/jobs", &token, None).as_bytes()).unwrap();
        waiting.push(stream);
        until_asked(&emulator, asked);
    }
    let address = emulator.api().replace("http://", "");
    let start = Instant::now();
    drop(emulator);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(TcpStream::connect(address).is_err());
    drop((silent, half, waiting));
}
