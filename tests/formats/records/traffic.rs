//! Recordings of browsers' traffic, and what browsers store.

use crate::pack::gzip;
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::ways;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn entry(url: &str, headers: Value, content: Value) -> Value {
    json!({ "startedDateTime": "2026-06-12T10:00:00Z", "request": { "method": "GET", "url": url, "headers": headers },
        "response": { "status": 200, "content": content } })
}

#[test]
fn headers_and_bodies_of_a_har_file_are_named() {
    let sandbox = Sandbox::empty();
    let bearer = json!([{ "name": "accept", "value": "*/*" }, { "name": "authorization", "value": format!("Bearer {}", token(0)) }]);
    let packed = json!({ "mimeType": "application/gzip", "text": STANDARD.encode(gzip(leak(1).as_bytes())), "encoding": "base64" });
    let har = json!({ "log": { "version": "1.2", "creator": { "name": "WebInspector", "version": "537.36" }, "pages": [],
        "entries": [
            entry("https://api.krea.ai/jobs?limit=1", bearer, json!({ "text": "{}" })),
            entry("https://cdn.test/dump.gz", json!([]), packed),
            entry("https://www.krea.ai/env", json!([]), json!({ "text": leak(2) })),
        ] } });
    sandbox.write("session.har", serde_json::to_string_pretty(&har).unwrap());
    let expected = [
        "session.har → entry 1 (GET https://api.krea.ai/jobs), request header authorization",
        "session.har → entry 2 (GET https://cdn.test/dump.gz), response body",
        "session.har → entry 3 (GET https://www.krea.ai/env), response body",
    ];
    assert_eq!(ways(&sandbox.jsonl(&["session.har"])), expected);
}

#[test]
fn what_a_browser_stores_is_named() {
    let sandbox = Sandbox::empty();
    let state = json!({ "cookies": [{ "name": "krea_api_key", "value": token(0), "domain": ".krea.ai", "path": "/", "httpOnly": true }],
        "origins": [{ "origin": "https://www.krea.ai", "localStorage": [{ "name": "krea_api_key", "value": token(1) }] }] });
    sandbox.write("state.json", state.to_string());
    let expected = [
        "state.json → cookie krea_api_key of .krea.ai",
        "state.json → local storage of https://www.krea.ai, key krea_api_key",
    ];
    assert_eq!(ways(&sandbox.jsonl(&["state.json"])), expected);
}
