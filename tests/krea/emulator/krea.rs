//! `/jobs`, as Krea documents it.

use super::client::{Answer, ask, exchange, jobs, with_token};
use crate::support::emulator::Emulator;
use crate::support::tokens::{self, Alphabet};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// The times of the jobs on a page, and the cursor to the next.
#[track_caller]
fn page(emulator: &Emulator, query: &str, token: &str) -> (Vec<String>, Value) {
    let answer = jobs(emulator, query, token);
    assert_eq!(answer.status, 200, "{answer:?}");
    let page = answer.json();
    let times = page["items"].as_array().unwrap().iter();
    let times = times.map(|item| item["created_at"].as_str().unwrap().to_owned()).collect();
    (times, page["next_cursor"].clone())
}

#[test]
fn a_live_token_sees_no_jobs_when_there_are_none() {
    let (emulator, token) = with_token();
    let answer = jobs(&emulator, "?limit=1", &token);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({ "items": [], "next_cursor": null }));
}

#[test]
fn jobs_come_newest_first_in_pages() {
    let (emulator, token) = with_token();
    // Not in order, and in other time zones.
    for time in ["2026-07-02T10:00:00Z", "2026-07-01T10:00:00Z", "2026-07-03T12:30:00+02:00"] {
        emulator.add_job(time, "completed");
    }
    let (first, next) = page(&emulator, "?limit=2", &token);
    assert_eq!(first, ["2026-07-03T10:30:00Z", "2026-07-02T10:00:00Z"]);
    assert_eq!(next, "2026-07-02T10:00:00Z");
    let (second, next) = page(&emulator, &format!("?limit=2&cursor={}", next.as_str().unwrap()), &token);
    assert_eq!(second, ["2026-07-01T10:00:00Z"]);
    assert_eq!(next, Value::Null);
}

#[test]
fn a_page_that_ends_with_the_last_job_has_no_next() {
    let (emulator, token) = with_token();
    emulator.add_job("2026-07-01T10:00:00Z", "completed");
    assert_eq!(page(&emulator, "?limit=1", &token).1, Value::Null);
}

#[test]
fn a_cursor_gives_jobs_created_before_it_and_not_at_it() {
    let (emulator, token) = with_token();
    emulator.add_job("2026-07-01T10:00:00Z", "completed");
    emulator.add_job("2026-07-01T10:00:00.5Z", "completed");
    let (times, _) = page(&emulator, "?cursor=2026-07-01T10%3A00%3A00.5Z", &token);
    assert_eq!(times, ["2026-07-01T10:00:00Z"]);
    assert!(page(&emulator, "?cursor=2026-07-01T10:00:00Z", &token).0.is_empty());
}

#[test]
fn jobs_are_told_apart_by_status() {
    let (emulator, token) = with_token();
    emulator.add_job("2026-07-01T10:00:00Z", "completed");
    emulator.add_job("2026-07-02T10:00:00Z", "failed");
    emulator.add_job("2026-07-03T10:00:00Z", "completed");
    let (times, next) = page(&emulator, "?status=completed&limit=1", &token);
    assert_eq!(times, ["2026-07-03T10:00:00Z"]);
    let query = format!("?status=completed&limit=1&cursor={}", next.as_str().unwrap());
    assert_eq!(page(&emulator, &query, &token), (vec!["2026-07-01T10:00:00Z".to_owned()], Value::Null));
    let item = jobs(&emulator, "?status=failed", &token).json()["items"][0].clone();
    assert_eq!((&item["status"], &item["completed_at"]), (&json!("failed"), &Value::Null));
    assert!(item["job_id"].is_string());
}

#[test]
fn limits_and_cursors_that_are_none_are_refused() {
    let (emulator, token) = with_token();
    for limit in ["1", "1000"] {
        assert_eq!(jobs(&emulator, &format!("?limit={limit}"), &token).status, 200, "{limit}");
    }
    for query in ["limit=0", "limit=1001", "limit=-1", "limit=", "limit=many", "cursor=yesterday", "cursor="]
    {
        jobs(&emulator, &format!("?{query}"), &token).is_error(400);
    }
    // A plus that is not encoded is a space.
    jobs(&emulator, "?cursor=2026-07-01T10:00:00+02:00", &token).is_error(400);
    assert_eq!(jobs(&emulator, "?cursor=2026-07-01T10:00:00%2B02:00", &token).status, 200);
}

#[test]
fn only_live_tokens_are_let_in() {
    let (emulator, token) = with_token();
    jobs(&emulator, "", "").is_error(401);
    jobs(&emulator, "", &tokens::pair(Alphabet::Base62, 2)).is_error(401);
    jobs(&emulator, "", Emulator::CREDENTIAL).is_error(401);
    jobs(&emulator, "", &token[..token.len() - 1]).is_error(401);
    // Without a token, a bad request is no better.
    jobs(&emulator, "?limit=0", "").is_error(401);
    let basic = format!("GET /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n\r\n");
    Answer::of(&exchange(&emulator, basic.as_bytes()).unwrap()).is_error(401);
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

#[test]
fn a_token_revoked_on_the_page_is_dead_and_stays_listed() {
    let (emulator, token) = with_token();
    let other = tokens::pair(Alphabet::Hex, 2);
    emulator.issue(&other, "local experiments");
    emulator.revoke(&token);
    jobs(&emulator, "", &token).is_error(401);
    assert!(!emulator.is_live(&token));
    assert_eq!(jobs(&emulator, "", &other).status, 200);
    emulator.revoke(other.split_once(':').unwrap().0);
    jobs(&emulator, "", &other).is_error(401);
    let issued = emulator.issued();
    assert_eq!(issued.iter().map(|row| row.live).collect::<Vec<_>>(), [false, false]);
    assert_eq!((issued[0].token.as_str(), issued[0].name.as_str()), (token.as_str(), "website production"));
    emulator.issue(&token, "website production");
    assert_eq!(jobs(&emulator, "", &token).status, 200);
}

#[test]
#[should_panic(expected = "no live token")]
fn revoking_what_is_not_there_is_the_tests_mistake() {
    with_token().0.revoke("nobody");
}

#[test]
fn a_legacy_key_is_let_in_and_has_an_id_of_its_own() {
    let emulator = Emulator::start();
    let key = tokens::legacy(Alphabet::Base62, 1);
    emulator.issue(&key, "an old project");
    assert_eq!(jobs(&emulator, "", &key).status, 200);
    let id = emulator.issued()[0].id.clone();
    assert!(!key.contains(&id));
    emulator.revoke(&id);
    jobs(&emulator, "", &key).is_error(401);
}

#[test]
fn an_empty_balance_is_402_until_the_token_is_revoked() {
    let (emulator, token) = with_token();
    emulator.empty_balance(&token);
    jobs(&emulator, "", &token).is_error(402);
    assert!(emulator.is_live(&token));
    emulator.revoke(&token);
    jobs(&emulator, "", &token).is_error(401);
}

#[test]
fn what_is_not_there_is_404_and_other_methods_are_405() {
    let (emulator, token) = with_token();
    for path in ["/", "/jobs/", "/jobs/1", "/job", "/v1", "/v1/tokensx", "/v1/tokens/", "/v1/tokens/a/b", "*"]
    {
        ask(&emulator, "GET", path, &token, None).is_error(404);
    }
    ask(&emulator, "POST", "/jobs", &token, Some("{}")).is_error(405);
    ask(&emulator, "GET", "/v1/tokens", &token, None).is_error(405);
}

#[test]
fn more_than_the_rate_is_429_and_says_when_to_come_again() {
    let (emulator, token) = with_token();
    emulator.rate(0.1, 2, true);
    assert_eq!(jobs(&emulator, "", &token).status, 200);
    assert_eq!(jobs(&emulator, "", &token).status, 200);
    let refused = jobs(&emulator, "", &token);
    refused.is_error(429);
    assert_eq!(refused.header("retry-after"), Some("10"));
    // Whoever asks: the limit is in front of the tokens. The token API has none.
    jobs(&emulator, "", "nobody").is_error(429);
    ask(&emulator, "DELETE", "/v1/tokens/nobody", Emulator::CREDENTIAL, None).is_error(404);
}

#[test]
fn the_rate_lets_more_in_as_time_goes_by() {
    let (emulator, token) = with_token();
    let start = Instant::now();
    emulator.rate(20.0, 1, false);
    let mut taken = 0;
    while start.elapsed() < Duration::from_millis(500) {
        let answer = jobs(&emulator, "", &token);
        match answer.status {
            200 => taken += 1,
            status => assert_eq!((status, answer.header("retry-after")), (429, None)),
        }
        thread::sleep(Duration::from_millis(2));
    }
    // One at once and one for each 50 ms; a busy machine may miss some.
    let most = 1 + start.elapsed().as_millis() / 50;
    assert!((3..=most).contains(&taken), "{taken} of at most {most}");
}

#[test]
fn many_ask_at_once() {
    let (emulator, token) = with_token();
    thread::scope(|scope| {
        let asking: Vec<_> =
            (0..100).map(|_| scope.spawn(|| jobs(&emulator, "?limit=1", &token).status)).collect();
        assert!(asking.into_iter().all(|asked| asked.join().unwrap() == 200));
    });
    assert_eq!(emulator.requests().len(), 100);
}
