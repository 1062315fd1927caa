//! What was run with a token: evidence for the time since it leaked. Takes pages of jobs, gives counts by day and
//! status; never keeps what a job made.

use super::http::{ApiAnswer, printable};
use super::liveness::{self, redirected, words};
use super::rate_limiter::CallBounds;
use super::{Krea, UNSENDABLE, http};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use krea_scan_token::Token;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderValue;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

/// Jobs that are asked for at a time: the most that Krea gives.
const PAGE: usize = 1000;
/// A page with more jobs than this is not taken; it is no answer to the question.
const MAX_JOBS_IN_PAGE: usize = 10 * PAGE;
/// More pages than this are not read.
const PAGES: usize = 20;
/// Pages are not read for longer than this.
const TIME: Duration = Duration::from_secs(30);
/// More of a page is not read, in bytes.
const PAGE_BYTES: usize = 64 << 20;
/// Distinct statuses that are counted under their own name.
const STATUSES: usize = 50;
/// Where further statuses are counted.
const OTHER: &str = "other";
/// What a job without a status is counted as.
const UNNAMED: &str = "no status";
/// Characters of a status that are kept.
const STATUS_CHARS: usize = 32;
/// Distinct days that are counted: over ten years.
const DAYS: usize = 4000;
/// Days that are told to people, the last ones.
const DAYS_SHOWN: usize = 31;
/// A longer cursor is none.
const CURSOR_BYTES: usize = 1024;

/// What was run under a token's identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub jobs: u64,
    /// When the first of them was created, RFC 3339.
    pub first: Option<String>,
    /// When the last of them was created, RFC 3339.
    pub last: Option<String>,
    /// By day (UTC, `2026-07-01`) and status.
    pub by_day: BTreeMap<String, BTreeMap<String, u64>>,
    pub by_status: BTreeMap<String, u64>,
    /// Only jobs created at this moment or later were counted, RFC 3339.
    pub since: Option<String>,
    /// Whether every such job that Krea lists was seen.
    pub complete: bool,
    /// Why not all were seen.
    pub problem: Option<String>,
}

impl Usage {
    /// What no list of jobs can tell.
    pub const UNKNOWN: [&str; 2] = [
        "Krea does not say who ran a job or from where; the owner's own are among them.",
        "What was only read leaves no trace in this list.",
    ];

    /// How many and when, in one line. Times are to the second.
    pub fn line(&self) -> String {
        self.told(", ")
    }

    fn told(&self, then: &str) -> String {
        let jobs = if self.jobs == 1 { "job" } else { "jobs" };
        let mut text = format!("{} {jobs} under this token's identity", self.jobs);
        if let Some(since) = &self.since {
            text.push_str(&format!(" since {}", second(since)));
        }
        if let (Some(first), Some(last)) = (&self.first, &self.last) {
            text.push_str(&format!("{then}the first {}, the last {}", second(first), second(last)));
        }
        if let Some(problem) = &self.problem {
            text.push_str(&format!("{then}not complete: {problem}"));
        }
        text
    }
}

/// A moment as RFC 3339 has it, without fractions of a second.
fn second(moment: &str) -> String {
    let parsed = moment.parse::<Timestamp>();
    parsed.map_or_else(|_| moment.to_owned(), |moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// For people: how many and when, and a line for each of the last days.
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told("\n  "))?;
        let before = self.by_day.len().saturating_sub(DAYS_SHOWN);
        if before > 0 {
            write!(f, "\n  {before} days before these")?;
        }
        for (day, statuses) in self.by_day.iter().skip(before) {
            let counts: Vec<_> = statuses.iter().map(|(status, count)| format!("{status} {count}")).collect();
            write!(f, "\n  {day}  {}", counts.join(", "))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct JobsPage {
    items: Jobs,
    next_cursor: Option<String>,
}

/// The jobs of a page; at most [`MAX_JOBS_IN_PAGE`].
struct Jobs(Vec<Job>);

/// What is kept of a job. The rest is skipped while reading.
#[derive(Deserialize)]
struct Job {
    #[serde(default, deserialize_with = "short")]
    status: String,
    #[serde(default, deserialize_with = "moment")]
    created_at: Option<Timestamp>,
}

impl<'de> Deserialize<'de> for Jobs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Jobs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of jobs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Jobs, A::Error> {
                let mut jobs = Vec::new();
                while let Some(job) = list.next_element()? {
                    if jobs.len() == MAX_JOBS_IN_PAGE {
                        return Err(A::Error::custom("too many jobs in a page"));
                    }
                    jobs.push(job);
                }
                Ok(Jobs(jobs))
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}

fn short<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    Ok(printable(&text, STATUS_CHARS))
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
}

/// Reads pages until the last, a job from before `since`, or the bounds.
pub(super) fn collect(krea: &Krea, token: &Token, since: Option<Timestamp>) -> Usage {
    let mut tally = UsageTally { since, ..UsageTally::default() };
    let end = match http::bearer(token.expose()) {
        Some(authorization) => tally.read(krea, token, &authorization),
        None => Err(UNSENDABLE.to_owned()),
    };
    tally.usage(end.err())
}

#[derive(Default)]
struct UsageTally {
    since: Option<Timestamp>,
    jobs: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    by_day: BTreeMap<String, BTreeMap<String, u64>>,
    by_status: BTreeMap<String, u64>,
    undated: u64,
    /// Jobs on days beyond [`DAYS`].
    beyond: u64,
}

impl UsageTally {
    /// An error says in words why the list was not read to its end.
    fn read(&mut self, krea: &Krea, token: &Token, authorization: &HeaderValue) -> Result<(), String> {
        let run = CallBounds::new(TIME.min(krea.budget));
        let mut cursor: Option<String> = None;
        let mut seen = HashSet::new();
        for _ in 0..PAGES {
            let path = match &cursor {
                None => format!("/jobs?limit={PAGE}"),
                Some(cursor) => {
                    format!("/jobs?limit={PAGE}&cursor={}", utf8_percent_encode(cursor, NON_ALPHANUMERIC))
                }
            };
            let tried = krea.limiter.retry(&run, liveness::again, || {
                krea.get(&path, Some(authorization), PAGE_BYTES, krea.timeout.min(run.left()))
            });
            let answer = tried.outcome.map_err(|failure| failure.words)?;
            let page = page(&answer).ok_or_else(|| refused(&answer, krea, token))?;
            let empty = page.items.0.is_empty();
            if self.add(page.items) || empty {
                return Ok(());
            }
            let Some(next) = page.next_cursor.filter(|next| !next.is_empty()) else { return Ok(()) };
            if next.len() > CURSOR_BYTES {
                return Err("the server's cursor is too long to be one".to_owned());
            }
            if !older(&next, cursor.as_deref()) || !seen.insert(next.clone()) {
                return Err("the server's cursor does not move on".to_owned());
            }
            cursor = Some(next);
        }
        Err(format!("there are more than {PAGES} pages of jobs; the older ones were not read"))
    }

    /// Counts a page; whether it holds a job from before `since`, so that no page behind it matters.
    fn add(&mut self, jobs: Jobs) -> bool {
        let mut behind = false;
        for job in jobs.0 {
            let Some(created) = job.created_at else {
                self.undated += 1;
                continue;
            };
            if self.since.is_some_and(|since| created < since) {
                behind = true;
                continue;
            }
            self.jobs += 1;
            self.first = Some(self.first.map_or(created, |first| first.min(created)));
            self.last = Some(self.last.map_or(created, |last| last.max(created)));
            let job_status = if job.status.is_empty() { UNNAMED.to_owned() } else { job.status };
            let known = self.by_status.contains_key(&job_status) || self.by_status.len() < STATUSES;
            let status = if known { job_status } else { OTHER.to_owned() };
            let day = created.to_zoned(TimeZone::UTC).date().to_string();
            if self.by_day.len() < DAYS || self.by_day.contains_key(&day) {
                *self.by_day.entry(day).or_default().entry(status.clone()).or_default() += 1;
            } else {
                self.beyond += 1;
            }
            *self.by_status.entry(status).or_default() += 1;
        }
        behind
    }

    fn usage(self, problem: Option<String>) -> Usage {
        let mut problems: Vec<String> = problem.into_iter().collect();
        if self.undated > 0 {
            problems.push(format!("{} jobs have no date that can be read and are not counted", self.undated));
        }
        if self.beyond > 0 {
            problems
                .push(format!("{} jobs are not told by day: there are more than {DAYS} days", self.beyond));
        }
        Usage {
            jobs: self.jobs,
            first: self.first.map(|first| first.to_string()),
            last: self.last.map(|last| last.to_string()),
            by_day: self.by_day,
            by_status: self.by_status,
            since: self.since.map(|since| since.to_string()),
            complete: problems.is_empty(),
            problem: (!problems.is_empty()).then(|| problems.join("; ")),
        }
    }
}

/// Cursors are moments in Krea's API, each older than the one before; of others nothing is known.
fn older(next: &str, cursor: Option<&str>) -> bool {
    let moments = (next.parse::<Timestamp>(), cursor.map(str::parse::<Timestamp>));
    match moments {
        (Ok(next), Some(Ok(cursor))) => next < cursor,
        _ => true,
    }
}

fn page(answer: &ApiAnswer) -> Option<JobsPage> {
    let body = answer.body.as_ref().ok().filter(|_| answer.status == 200)?;
    serde_json::from_slice(body).ok().filter(|_| body.trim_ascii_start().first() == Some(&b'{'))
}

fn refused(answer: &ApiAnswer, krea: &Krea, token: &Token) -> String {
    match (answer.status, &answer.body) {
        (status, Err(failure)) => format!("answered {status}, but {}", failure.words),
        (200, Ok(_)) => "answered 200, but not with a list of jobs".to_owned(),
        (300..=399, _) => redirected(answer, &krea.host, token),
        (401, _) => "answered 401: a dead token's jobs are not listed".to_owned(),
        (402, _) => "answered 402: the balance is empty, so no jobs are listed".to_owned(),
        (status, _) => words(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(text: &str) -> Jobs {
        serde_json::from_str(text).unwrap()
    }

    fn tally(since: Option<&str>, pages: &[&str]) -> Usage {
        let mut tally =
            UsageTally { since: since.map(|since| since.parse().unwrap()), ..UsageTally::default() };
        for page in pages {
            tally.add(jobs(page));
        }
        tally.usage(None)
    }

    #[test]
    fn jobs_are_counted_by_day_and_status() {
        let usage = tally(
            Some("2026-06-30T23:00:00Z"),
            &[
                r#"[{"status":"completed","created_at":"2026-07-02T00:30:00+02:00","result":{"urls":["x"]}},
                    {"status":"failed","created_at":"2026-07-01T09:00:00.123Z"}]"#,
                r#"[{"status":"completed","created_at":"2026-06-30T23:00:00Z"},
                    {"status":"completed","created_at":"2026-06-30T22:59:59Z"}]"#,
            ],
        );
        assert_eq!(
            serde_json::to_value(&usage).unwrap(),
            serde_json::json!({
                "jobs": 3, "first": "2026-06-30T23:00:00Z", "last": "2026-07-01T22:30:00Z",
                "by_day": {"2026-06-30": {"completed": 1}, "2026-07-01": {"completed": 1, "failed": 1}},
                "by_status": {"completed": 2, "failed": 1},
                "since": "2026-06-30T23:00:00Z", "complete": true, "problem": null
            })
        );
        let text = usage.to_string();
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "3 jobs under this token's identity since 2026-06-30T23:00:00Z",
                "  the first 2026-06-30T23:00:00Z, the last 2026-07-01T22:30:00Z",
                "  2026-06-30  completed 1",
                "  2026-07-01  completed 1, failed 1",
            ]
        );
    }

    #[test]
    fn a_job_from_before_ends_the_reading() {
        let add = |since: &str, page| {
            UsageTally { since: since.parse().ok(), ..UsageTally::default() }.add(jobs(page))
        };
        let page = r#"[{"created_at":"2026-07-02T00:00:00Z"},{"created_at":"2026-07-01T00:00:00Z"}]"#;
        assert!(add("2026-07-01T12:00:00Z", page));
        assert!(!add("2026-07-01T00:00:00Z", page));
    }

    #[test]
    fn what_a_server_sends_stays_small() {
        let long =
            format!(r#"[{{"status":"{}\u001b[2J","created_at":"2026-07-01T00:00:00Z"}}]"#, "é".repeat(99));
        assert_eq!(tally(None, &[&long]).by_status.keys().next().unwrap(), &"é".repeat(STATUS_CHARS));

        let job = |n: i64| {
            let created = Timestamp::from_second(n * 86_400).unwrap();
            format!(r#"{{"status":"s{n}","created_at":"{created}"}}"#)
        };
        let page = |from: i64, to: i64| format!("[{}]", (from..to).map(job).collect::<Vec<_>>().join(","));
        let usage = tally(None, &[&page(0, 3000), &page(3000, 6000)]);
        assert_eq!((usage.jobs, usage.by_status.len(), usage.by_day.len()), (6000, STATUSES + 1, DAYS));
        assert_eq!(usage.by_status[OTHER], 6000 - STATUSES as u64);
        assert!(!usage.complete && usage.problem.unwrap().starts_with("2000 jobs are not told by day"));

        let body = format!(r#"{{"items": [{}{{}}]}}"#, "{},".repeat(MAX_JOBS_IN_PAGE - 1));
        assert_eq!(serde_json::from_str::<JobsPage>(&body).unwrap().items.0.len(), MAX_JOBS_IN_PAGE);
        let body = format!(r#"{{"items": [{}{{}}]}}"#, "{},".repeat(MAX_JOBS_IN_PAGE));
        assert!(serde_json::from_str::<JobsPage>(&body).is_err());
    }

    #[test]
    fn jobs_without_a_date_are_said() {
        let usage =
            tally(None, &[r#"[{}, {"created_at": null, "status": null}, {"created_at": "yesterday"}]"#]);
        assert_eq!((usage.jobs, usage.complete), (0, false));
        assert_eq!(usage.problem.unwrap(), "3 jobs have no date that can be read and are not counted");
        let usage = tally(None, &[r#"[{"created_at":"2026-07-01T00:00:00Z"}]"#]);
        assert_eq!(usage.by_status[UNNAMED], 1);
    }

    #[test]
    fn cursors_go_back_in_time() {
        assert!(older("2026-07-01T00:00:00Z", None));
        assert!(older("2026-07-01T00:00:00Z", Some("2026-07-01T00:00:01Z")));
        assert!(!older("2026-07-01T00:00:01Z", Some("2026-07-01T00:00:01Z")));
        assert!(!older("2026-07-01T02:00:00+02:00", Some("2026-07-01T00:00:00Z")));
        assert!(older("opaque", Some("2026-07-01T00:00:00Z")));
    }
}
