//! What was run with a token, page by page.

use super::{assert_hidden, emulated, krea_at, quick, text, token};
use crate::support::emulator::{Emulator, Fault, Route};
use jiff::{SignedDuration, Timestamp};
use krea_scan_service::krea::{RequestOptions, Usage};
use serde_json::json;
use std::time::{Duration, Instant};

const NEWEST: &str = "2026-07-10T00:00:00Z";

/// So many jobs, an hour apart, the newest first; every fifth failed.
fn add_jobs(emulator: &Emulator, count: i64) {
    for n in 0..count {
        let created = NEWEST.parse::<Timestamp>().unwrap() - SignedDuration::from_hours(n);
        emulator.add_job(&created.to_string(), if n % 5 == 0 { "failed" } else { "completed" });
    }
}

fn targets(emulator: &Emulator) -> Vec<String> {
    emulator.requests().into_iter().map(|request| request.target).collect()
}

/// A page of one job, and where the next is.
fn page(created: &str, next: Option<&str>) -> Fault {
    let job =
        json!({"job_id": "1", "status": "completed", "created_at": created, "result": {"urls": ["hidden"]}});
    Fault::Body(200, json!({"items": [job], "next_cursor": next}).to_string())
}

#[test]
fn every_page_is_read_and_nothing_of_a_result_is_kept() {
    let (emulator, krea, token) = emulated();
    add_jobs(&emulator, 2400);
    let usage = krea.usage(&token, None);
    assert_eq!((usage.jobs, usage.complete, &usage.problem), (2400, true, &None));
    assert_eq!((usage.by_status["completed"], usage.by_status["failed"]), (1920, 480));
    assert_eq!(usage.last.as_deref(), Some(NEWEST));
    assert_eq!(usage.first.as_deref(), Some("2026-04-01T01:00:00Z"));
    // The newest job is the first of its day, the oldest day lacks its first hour.
    assert_eq!(usage.by_day.len(), 101);
    assert_eq!(usage.by_day["2026-07-10"], [("failed".to_owned(), 1)].into());
    assert_eq!(usage.by_day["2026-07-09"].values().sum::<u64>(), 24);
    assert_eq!(usage.by_day["2026-04-01"].values().sum::<u64>(), 23);
    assert_eq!(
        targets(&emulator),
        [
            "/jobs?limit=1000",
            "/jobs?limit=1000&cursor=2026%2D05%2D29T09%3A00%3A00Z",
            "/jobs?limit=1000&cursor=2026%2D04%2D17T17%3A00%3A00Z",
        ]
    );
    let told = serde_json::to_string(&usage).unwrap() + &usage.to_string();
    assert!(!told.contains("urls") && !told.contains("result"), "{told}");
}

#[test]
fn reading_ends_at_the_moment_of_the_leak() {
    let (emulator, krea, token) = emulated();
    add_jobs(&emulator, 3000);
    let since: Timestamp = "2026-07-09T00:00:00Z".parse().unwrap();
    let usage = krea.usage(&token, Some(since));
    assert_eq!((usage.jobs, usage.complete, usage.problem), (25, true, None));
    assert_eq!(usage.since.as_deref(), Some("2026-07-09T00:00:00Z"));
    assert_eq!(usage.first.as_deref(), Some("2026-07-09T00:00:00Z"));
    assert_eq!(emulator.requests().len(), 1);
}

#[test]
fn no_jobs_are_complete() {
    let (emulator, krea, token) = emulated();
    let usage = krea.usage(&token, None);
    assert_eq!(usage, Usage { complete: true, ..Usage::default() });
    // An empty page ends it, whatever its cursor says.
    emulator.fault(Route::Jobs, Fault::Body(200, json!({"items": [], "next_cursor": "more"}).to_string()), 1);
    assert_eq!(krea.usage(&token, None), usage);
    assert_eq!(emulator.requests().len(), 2);
}

#[test]
fn a_cursor_is_used_as_it_is_given() {
    let (emulator, krea, token) = emulated();
    emulator.fault(Route::Jobs, page("2026-07-02T00:00:00Z", Some("opaque/+ &ä=?#")), 1);
    emulator.fault(Route::Jobs, page("2026-07-01T00:00:00Z", None), 1);
    let usage = krea.usage(&token, None);
    assert_eq!((usage.jobs, usage.complete), (2, true));
    assert_eq!(targets(&emulator)[1], "/jobs?limit=1000&cursor=opaque%2F%2B%20%26%C3%A4%3D%3F%23");
    assert!(!format!("{usage:?}").contains("hidden"));
}

#[test]
fn a_cursor_that_does_not_move_on_ends_it() {
    for cursors in [
        &["same", "same"][..],
        &["a", "b", "a"],
        &["2026-07-01T00:00:00Z", "2026-07-01T00:00:01Z"],
        &["2026-07-01T00:00:00Z", "2026-07-01T02:00:00+02:00"],
    ] {
        let (emulator, krea, token) = emulated();
        for cursor in cursors {
            emulator.fault(Route::Jobs, page("2026-07-01T00:00:00Z", Some(cursor)), 1);
        }
        let usage = krea.usage(&token, None);
        assert_eq!(usage.problem.as_deref(), Some("the server's cursor does not move on"));
        assert_eq!((usage.jobs, usage.complete), (cursors.len() as u64, false));
        assert_eq!(emulator.requests().len(), cursors.len());
    }
    let (emulator, krea, token) = emulated();
    emulator.fault(Route::Jobs, page("2026-07-01T00:00:00Z", Some(&"x".repeat(2000))), 1);
    assert!(krea.usage(&token, None).problem.unwrap().contains("too long"));
}

#[test]
fn twenty_pages_are_enough() {
    let (emulator, krea, token) = emulated();
    for n in 0..30 {
        emulator.fault(Route::Jobs, page("2026-07-01T00:00:00Z", Some(&format!("cursor {n}"))), 1);
    }
    let usage = krea.usage(&token, None);
    assert_eq!((usage.jobs, usage.complete, emulator.requests().len()), (20, false, 20));
    assert_eq!(
        usage.problem.as_deref(),
        Some("there are more than 20 pages of jobs; the older ones were not read")
    );
    assert!(usage.to_string().contains("  not complete: there are more than 20 pages"), "{usage}");
}

#[test]
fn what_is_refused_is_said() {
    let (emulator, krea, token) = emulated();
    emulator.add_job(NEWEST, "completed");
    for (fault, times, problem) in [
        (Fault::Status(401), 1, "answered 401: a dead token's jobs are not listed"),
        (Fault::Status(402), 1, "answered 402: the balance is empty, so no jobs are listed"),
        (Fault::Status(403), 1, "answered 403: refused, whoever the token is"),
        (Fault::Status(500), 3, "answered 500: the server failed"),
        (Fault::Html(200), 3, "answered 200, but not with a list of jobs"),
        (Fault::Body(200, r#"{"items": 1}"#.into()), 1, "answered 200, but not with a list of jobs"),
        (Fault::Truncated, 3, "answered 200, but the connection broke within the answer"),
        (Fault::Timeout, 3, "timed out after 0.6 s"),
        (
            Fault::Redirect(302, "https://a.example/x".into()),
            1,
            "redirected to https://a.example (not followed)",
        ),
    ] {
        emulator.fault(Route::Jobs, fault.clone(), times);
        let usage = krea.usage(&token, None);
        assert_eq!(usage.problem.as_deref(), Some(problem), "{fault:?}");
        assert_eq!((usage.jobs, usage.complete), (0, false), "{fault:?}");
        assert_hidden(&format!("{usage:?}"), &token);
        // The fault was met as often as it was there for.
        assert!(krea.usage(&token, None).complete, "{fault:?}");
    }
}

#[test]
fn what_was_read_before_a_failure_counts() {
    let (emulator, krea, token) = emulated();
    emulator.fault(Route::Jobs, page("2026-07-02T00:00:00Z", Some("next")), 1);
    emulator.fault(Route::Jobs, Fault::Status(403), 1);
    let usage = krea.usage(&token, None);
    assert_eq!((usage.jobs, usage.complete), (1, false));
    assert_eq!(usage.problem.as_deref(), Some("answered 403: refused, whoever the token is"));
}

#[test]
fn a_huge_page_is_not_read() {
    let (emulator, _, token) = emulated();
    let krea = krea_at(&emulator.api(), &RequestOptions { timeout: Duration::from_secs(15), ..quick() });
    // Larger than what the answer about a token may be, and still a page.
    emulator.fault(Route::Jobs, Fault::Huge(4 << 20), 1);
    assert!(krea.usage(&token, None).complete);
    emulator.fault(Route::Jobs, Fault::Huge(1 << 40), 1);
    let problem = krea.usage(&token, None).problem.unwrap();
    assert_eq!(problem, "answered 200, but the answer is larger than 67108864 bytes");
}

#[test]
fn reading_ends_when_the_time_is_over() {
    let emulator = Emulator::start();
    emulator.issue(text(&token(1)), "x");
    emulator.fault(Route::Jobs, page("2026-07-02T00:00:00Z", Some("next")), 1);
    emulator.fault(Route::Jobs, Fault::Timeout, usize::MAX);
    let options =
        RequestOptions { budget: Duration::from_secs(1), timeout: Duration::from_secs(10), ..quick() };
    let begun = Instant::now();
    let usage = krea_at(&emulator.api(), &options).usage(&token(1), None);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!((usage.jobs, usage.complete), (1, false));
    assert!(usage.problem.as_deref().unwrap().starts_with("timed out after "), "{usage:?}");
}
