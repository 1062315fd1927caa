//! Whether a token is live, and when that may be said. This is the one rule that everything rests on: `--verify`, the proof
//! after a revocation, the proof of a replacement, the last word of an incident.
//!
//! - *Live*: one answer 200 with a list of jobs, or one 402 with Krea's error (an empty balance).
//! - *Dead*: [`REFUSALS`] answers 401 with Krea's error, none of another kind between them, with growing pauses (1, 2 and
//!   3 s, see `RequestOptions::pause`): one 401 may come from a gateway that cannot look the token up just now. And the host is one
//!   that does not refuse everything, as a captive portal does: before the last of the answers it was asked for
//!   `/openapi.json`, which needs no token, and sent it or had no such page; or it took another token meanwhile.
//!   A token that was dead is still dead when it is refused once more.
//! - All else is *unknown*, with the reason.
//!
//! *Krea's error* is a JSON object with a text called `error`, which is how Krea documents it. The body's words are never
//! shown. That a host is the one it is called is TLS's part; plain HTTP goes to this machine only.

use super::host::Host;
use super::http::{ApiAnswer, Failure, FailureKind};
use super::rate_limiter::{Attempt, RetryDecision};
use krea_scan_token::{Status, Token};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// So many refusals, and no other answer, are *dead*.
pub(super) const REFUSALS: usize = 4;

/// Whether Krea accepts a token, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// [`Status::Live`], [`Status::Dead`] or [`Status::Unknown`].
    pub status: Status,
    /// In a few words: what was answered, or why there is no usable answer.
    pub reason: String,
}

impl Liveness {
    fn unknown(reason: impl Into<String>) -> Liveness {
        Liveness { status: Status::Unknown, reason: reason.into() }
    }
}

/// What one answer says of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerMeaning {
    /// The host takes it.
    Accepted,
    /// The host refuses it.
    Refused,
    /// Neither.
    Nothing,
}

/// One answer, or the lack of one, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observation {
    pub said: AnswerMeaning,
    pub reason: String,
}

impl Observation {
    pub fn nothing(reason: impl Into<String>) -> Observation {
        Observation { said: AnswerMeaning::Nothing, reason: reason.into() }
    }
}

/// What all answers about a token come to. `wanted` is how many refusals are *dead*; `tells_apart` whether the host is known
/// to do anything but refuse, or why not.
pub(super) fn conclude(
    observed: &[Observation],
    wanted: usize,
    tells_apart: &Result<(), String>,
) -> Liveness {
    let [first, .., last] = observed else {
        return match observed {
            [only] if only.said != AnswerMeaning::Refused => alone(only),
            [only] if wanted <= 1 => refused(only.reason.clone(), tells_apart),
            [only] => Liveness::unknown(format!("{}, and was not asked again", only.reason)),
            _ => Liveness::unknown("not asked"),
        };
    };
    match last.said {
        AnswerMeaning::Refused if observed.len() < wanted => {
            Liveness::unknown(format!("{}, and was not asked again", last.reason))
        }
        AnswerMeaning::Refused => refused(format!("{} {} times", last.reason, observed.len()), tells_apart),
        AnswerMeaning::Accepted | AnswerMeaning::Nothing => {
            let after = alone(last);
            let reason = format!("{}, after it {}", after.reason, first.reason);
            Liveness { reason, ..after }
        }
    }
}

fn alone(observed: &Observation) -> Liveness {
    let status = if observed.said == AnswerMeaning::Accepted { Status::Live } else { Status::Unknown };
    Liveness { status, reason: observed.reason.clone() }
}

fn refused(reason: String, tells_apart: &Result<(), String>) -> Liveness {
    match tells_apart {
        Ok(()) => Liveness { status: Status::Dead, reason },
        Err(why) => Liveness::unknown(format!("{reason}, but {why}")),
    }
}

/// What a list of jobs must have.
#[derive(Deserialize)]
struct JobList {
    #[serde(rename = "items")]
    _items: Vec<IgnoredAny>,
}

/// What Krea's errors must have.
#[derive(Deserialize)]
struct KreaError {
    #[serde(rename = "error")]
    _error: String,
}

/// What an OpenAPI document must have.
#[derive(Deserialize)]
struct OpenApi {
    #[serde(rename = "openapi")]
    _version: String,
}

/// Judges what came of `GET /jobs?limit=1`.
pub(super) fn observe(tried: &Attempt, host: &Host, token: &Token) -> Observation {
    let observed = match &tried.outcome {
        Ok(answer) => answered(answer, host, token),
        Err(failure) => Observation::nothing(failure.words.clone()),
    };
    Observation { reason: tried.told(&observed.reason), ..observed }
}

fn answered(answer: &ApiAnswer, host: &Host, token: &Token) -> Observation {
    let status = answer.status;
    let body = match &answer.body {
        Ok(body) => body,
        Err(failure) => return Observation::nothing(format!("answered {status}, but {}", failure.words)),
    };
    match status {
        200 if is_list(body) => {
            Observation { said: AnswerMeaning::Accepted, reason: "answered 200".to_owned() }
        }
        200 => Observation::nothing("answered 200, but not with a list of jobs: this is not Krea's API"),
        401 if is_error(body) => {
            Observation { said: AnswerMeaning::Refused, reason: "answered 401".to_owned() }
        }
        402 if is_error(body) => Observation { said: AnswerMeaning::Accepted, reason: words(402) },
        401 | 402 => Observation::nothing(format!(
            "answered {status}, but not with Krea's error in JSON, so it may not be Krea's API that answers"
        )),
        300..=399 => Observation::nothing(redirected(answer, host, token)),
        _ => Observation::nothing(words(status)),
    }
}

/// Judges what came of `GET /openapi.json` without a token: whether the host does anything but refuse. A portal answers
/// this as it answers everything; Krea sends it, and a gateway that hides it says that there is no such page.
pub(super) fn tells_apart(tried: &Attempt) -> Result<(), String> {
    let reason = match &tried.outcome {
        Ok(ApiAnswer { status: 404 | 405 | 410, .. }) => return Ok(()),
        Ok(ApiAnswer { status: 200, body: Ok(body), .. }) if is_open_api(body) => return Ok(()),
        Ok(ApiAnswer { status: 401, .. }) => {
            return Err("the host refuses what needs no token as well (/openapi.json): it may be a portal or a gateway \
                        that answers, not Krea"
                .to_owned());
        }
        Ok(ApiAnswer { status: 200, .. }) => "answered 200, but not with an OpenAPI document".to_owned(),
        Ok(answer) => words(answer.status),
        Err(failure) => failure.words.clone(),
    };
    Err(format!(
        "it may not be Krea that answers (/openapi.json, which needs no token: {})",
        tried.told(&reason)
    ))
}

/// A status in words.
pub(super) fn words(status: u16) -> String {
    let meaning = match status {
        402 => ": the balance is empty, the token is live",
        403 => ": refused, whoever the token is",
        404 => ": there is no such address at this host",
        429 => ": too many requests",
        500..=599 => ": the server failed",
        _ => "",
    };
    format!("answered {status}{meaning}")
}

/// Where a redirect leads, as scheme, host and port; unless these hold the token.
pub(super) fn redirected(answer: &ApiAnswer, host: &Host, token: &Token) -> String {
    let target = answer.location.as_deref().and_then(|location| host.leaves_to(location));
    let secret = String::from_utf8_lossy(token.secret()).to_ascii_lowercase();
    match target {
        Some(target) if !target.contains(&secret) => format!("redirected to {target} (not followed)"),
        Some(_) => "redirected to another host (not followed)".to_owned(),
        None => format!("answered {}: a redirect (not followed)", answer.status),
    }
}

/// Which outcomes of reading what Krea has are tried again.
pub(super) fn again(outcome: &Result<ApiAnswer, Failure>) -> RetryDecision {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(_) => return RetryDecision::Retry,
    };
    match (answer.status, &answer.body) {
        (429, _) => RetryDecision::Slower(answer.retry_after),
        (500..=599, _) => RetryDecision::Retry,
        (200 | 401 | 402, Err(failure)) if failure.kind == FailureKind::TooBig => RetryDecision::No,
        (200 | 401 | 402, Err(_)) => RetryDecision::Retry,
        (200 | 401 | 402, Ok(body)) if !is_object(body) => RetryDecision::Retry,
        _ => RetryDecision::No,
    }
}

/// Whether a body is a JSON object and nothing else.
pub(super) fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

fn is_list(body: &[u8]) -> bool {
    is_object(body) && serde_json::from_slice::<JobList>(body).is_ok()
}

fn is_error(body: &[u8]) -> bool {
    is_object(body) && serde_json::from_slice::<KreaError>(body).is_ok()
}

fn is_open_api(body: &[u8]) -> bool {
    is_object(body) && serde_json::from_slice::<OpenApi>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krea::http::AnswerBody;
    use krea_scan_token::testing::Tokens;
    use std::time::Duration;

    const JOBS: &str = r#" {"items": [{"job_id": "1", "status": "completed"}], "next_cursor": null}"#;
    const ERROR: &str = r#"{"error": "nobody reads this"}"#;
    const HTML: &str = "<!doctype html><title>{}</title>";

    fn answer(status: u16, body: &str) -> ApiAnswer {
        let body = Ok(AnswerBody::new(body.as_bytes().to_vec()));
        ApiAnswer { status, retry_after: None, location: None, body }
    }

    fn tried(answer: ApiAnswer) -> Attempt {
        Attempt { outcome: Ok(answer), tries: 1 }
    }

    fn observed(answer: ApiAnswer) -> (AnswerMeaning, String) {
        let host = Host::parse("https://api.example.com").unwrap();
        let observed = observe(&tried(answer), &host, &Tokens::new().pair());
        assert!(!observed.reason.contains("nobody"), "{}", observed.reason);
        (observed.said, observed.reason)
    }

    fn said(status: u16, body: &str) -> AnswerMeaning {
        observed(answer(status, body)).0
    }

    #[test]
    fn a_refusal_is_401_with_kreas_error_and_nothing_else() {
        assert_eq!(said(401, ERROR), AnswerMeaning::Refused);
        assert_eq!(said(401, "\r\n {\"error\":\"\",\"more\":[1]} \n"), AnswerMeaning::Refused);
        let bodies = [
            ERROR,
            HTML,
            "",
            "[]",
            "{",
            "{}",
            "{} {}",
            "null",
            "\"{}\"",
            "\u{feff}{}",
            JOBS,
            "{\"a\":\"\u{1}\"}",
            r#"{"error": null}"#,
            r#"{"error": {"code": 401}}"#,
            r#"{"error": ["x"]}"#,
            r#"{"message": "log in", "errors": ["x"]}"#,
            r#"[{"error": "x"}]"#,
            r#"["x"]"#,
            r#"{"error": "x", "error": "y"}"#,
        ];
        for code in 100..600 {
            for body in bodies {
                let expected = code == 401 && body == ERROR;
                assert_eq!(said(code, body) == AnswerMeaning::Refused, expected, "{code} {body}");
            }
        }
        let broken =
            ApiAnswer { body: Ok(AnswerBody::new(b"\xff{\"error\":\"x\"}".to_vec())), ..answer(401, "") };
        assert_eq!(observed(broken).0, AnswerMeaning::Nothing);
    }

    #[test]
    fn accepted_is_a_list_of_jobs_or_an_empty_balance() {
        assert_eq!(observed(answer(200, JOBS)), (AnswerMeaning::Accepted, "answered 200".to_owned()));
        assert_eq!(
            observed(answer(402, ERROR)),
            (AnswerMeaning::Accepted, "answered 402: the balance is empty, the token is live".to_owned())
        );
        assert_eq!(said(200, r#"{"items":[]}"#), AnswerMeaning::Accepted);
        for body in
            [ERROR, HTML, "", "[]", "[[]]", "{}", r#"{"items": {}}"#, r#"{"items": null}"#, r#"{"items":[]"#]
        {
            assert_eq!(said(200, body), AnswerMeaning::Nothing, "{body}");
        }
        for body in [HTML, "", "[]", "{}", r#"{"pay": "here"}"#] {
            assert_eq!(said(402, body), AnswerMeaning::Nothing, "{body}");
        }
        for code in (100..600).filter(|code| !matches!(code, 200 | 402)) {
            assert_ne!(said(code, JOBS), AnswerMeaning::Accepted, "{code}");
        }
    }

    #[test]
    fn what_is_unknown_says_why() {
        let reason = |status, body| observed(answer(status, body)).1;
        assert_eq!(reason(403, ERROR), "answered 403: refused, whoever the token is");
        assert_eq!(reason(404, HTML), "answered 404: there is no such address at this host");
        assert_eq!(reason(503, HTML), "answered 503: the server failed");
        assert_eq!(reason(418, ERROR), "answered 418");
        assert!(reason(401, HTML).contains("not with Krea's error"));
        assert!(reason(401, "{}").contains("not with Krea's error"));
        assert!(reason(200, HTML).contains("not Krea's API"));
        let broken = Failure::new(FailureKind::Lost, "the connection broke within the answer");
        let broken = ApiAnswer { body: Err(broken), ..answer(401, "") };
        assert_eq!(
            observed(broken),
            (AnswerMeaning::Nothing, "answered 401, but the connection broke within the answer".to_owned())
        );
    }

    /// The rule, row by row: what was observed, whether the host tells requests apart, and what that is.
    #[test]
    fn only_refusals_that_agree_from_a_host_that_tells_apart_are_dead() {
        use AnswerMeaning::{Accepted, Nothing, Refused};
        let alone = "answered 401, and was not asked again";
        let rows: &[(&[AnswerMeaning], usize, bool, Status, &str)] = &[
            (&[], REFUSALS, true, Status::Unknown, "not asked"),
            (&[Accepted], REFUSALS, true, Status::Live, "answered 200"),
            (&[Accepted], REFUSALS, false, Status::Live, "answered 200"),
            (&[Nothing], REFUSALS, true, Status::Unknown, "answered 503"),
            (&[Refused], REFUSALS, true, Status::Unknown, alone),
            (&[Refused; 3], REFUSALS, true, Status::Unknown, alone),
            (&[Refused; 4], REFUSALS, true, Status::Dead, "answered 401 4 times"),
            (&[Refused; 4], REFUSALS, false, Status::Unknown, "answered 401 4 times, but it is a portal"),
            (&[Refused, Accepted], REFUSALS, true, Status::Live, "answered 200, after it answered 401"),
            (&[Refused, Refused, Refused, Accepted], REFUSALS, true, Status::Live, "answered 200, after"),
            (&[Refused, Nothing], REFUSALS, true, Status::Unknown, "answered 503, after it answered 401"),
            (&[Refused, Refused, Refused, Nothing], REFUSALS, true, Status::Unknown, "answered 503, after"),
            (&[Refused], 1, true, Status::Dead, "answered 401"),
            (&[Refused], 1, false, Status::Unknown, "answered 401, but it is a portal"),
            (&[Accepted], 1, true, Status::Live, "answered 200"),
            (&[Nothing], 1, true, Status::Unknown, "answered 503"),
        ];
        for (said, wanted, tells, status, reason) in rows {
            let of = |said: &AnswerMeaning| {
                let reason = match said {
                    Accepted => "answered 200",
                    Refused => "answered 401",
                    Nothing => "answered 503",
                };
                Observation { said: *said, reason: reason.to_owned() }
            };
            let observed: Vec<Observation> = said.iter().map(of).collect();
            let tells = if *tells { Ok(()) } else { Err("it is a portal".to_owned()) };
            let liveness = conclude(&observed, *wanted, &tells);
            assert_eq!(liveness.status, *status, "{said:?}");
            assert!(liveness.reason.starts_with(reason), "{said:?}: {}", liveness.reason);
        }
    }

    #[test]
    fn a_host_tells_apart_when_what_needs_no_token_is_not_refused() {
        let document = r#"{"openapi": "3.1.0", "paths": {"/jobs": {}}}"#;
        for (code, body) in [(200, document), (404, ERROR), (404, HTML), (405, ""), (410, "")] {
            assert_eq!(tells_apart(&tried(answer(code, body))), Ok(()), "{code} {body}");
        }
        let portal = tells_apart(&tried(answer(401, ERROR))).unwrap_err();
        assert!(portal.contains("portal") && portal.contains("/openapi.json"), "{portal}");
        for (code, body) in [
            (200, HTML),
            (200, "{}"),
            (200, r#"{"openapi": 3}"#),
            (204, ""),
            (302, ""),
            (400, ERROR),
            (402, ERROR),
            (403, ERROR),
            (407, ERROR),
            (429, ERROR),
            (500, ERROR),
            (511, HTML),
        ] {
            assert!(tells_apart(&tried(answer(code, body))).is_err(), "{code} {body}");
        }
        let lost = Attempt { outcome: Err(Failure::new(FailureKind::Lost, "timed out")), tries: 3 };
        assert_eq!(
            tells_apart(&lost).unwrap_err(),
            "it may not be Krea that answers (/openapi.json, which needs no token: timed out (3 tries))"
        );
    }

    #[test]
    fn a_redirect_is_told_by_its_host_without_the_token() {
        let token = Tokens::new().pair();
        let secret = String::from_utf8(token.secret().to_vec()).unwrap();
        let reason = |location: &str| {
            observed(ApiAnswer { location: Some(location.to_owned()), ..answer(302, ERROR) }).1
        };
        assert_eq!(reason("/login"), "answered 302: a redirect (not followed)");
        assert_eq!(
            reason(&format!("https://u:{secret}@evil.example/{secret}?{secret}")),
            "redirected to https://evil.example (not followed)"
        );
        assert_eq!(
            reason(&format!("https://{}.evil.example", secret.to_uppercase())),
            "redirected to another host (not followed)"
        );
    }

    #[test]
    fn only_what_may_change_is_asked_again() {
        let again_for = |status, body| again(&Ok(answer(status, body)));
        for (code, body) in
            [(200, JOBS), (401, ERROR), (402, ERROR), (403, ERROR), (404, HTML), (302, ""), (200, "{}")]
        {
            assert_eq!(again_for(code, body), RetryDecision::No, "{code}");
        }
        for (code, body) in [(200, HTML), (401, HTML), (402, ""), (500, ERROR), (503, HTML), (599, "")] {
            assert_eq!(again_for(code, body), RetryDecision::Retry, "{code}");
        }
        let pause = Some(Duration::from_secs(3));
        assert_eq!(
            again(&Ok(ApiAnswer { retry_after: pause, ..answer(429, "") })),
            RetryDecision::Slower(pause)
        );
        for kind in [FailureKind::NotSent, FailureKind::Lost] {
            assert_eq!(again(&Err(Failure::new(kind, ""))), RetryDecision::Retry);
        }
        let with = |kind| ApiAnswer { body: Err(Failure::new(kind, "")), ..answer(200, "") };
        assert_eq!(again(&Ok(with(FailureKind::Lost))), RetryDecision::Retry);
        assert_eq!(again(&Ok(with(FailureKind::TooBig))), RetryDecision::No);
    }

    #[test]
    fn tries_are_told() {
        let host = Host::parse("https://api.example.com").unwrap();
        let reason = |tries| {
            let outcome = Err(Failure::new(FailureKind::Lost, "timed out"));
            observe(&Attempt { outcome, tries }, &host, &Tokens::new().pair()).reason
        };
        assert_eq!(reason(0), "not asked: timed out");
        assert_eq!(reason(1), "timed out");
        assert_eq!(reason(3), "timed out (3 tries)");
    }
}
