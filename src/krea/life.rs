//! Whether a token is alive, judged from one answer. Takes a status and a body, gives [`Life`]; says *dead* on one kind of
//! answer only, and shows nothing of what a server wrote.

use super::host::Host;
use super::http::{Answer, Failure, FailureKind};
use super::pace::{Again, Tried};
use crate::finding::{Status, Token};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Whether Krea accepts a token, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// [`Status::Live`], [`Status::Dead`] or [`Status::Unknown`].
    pub status: Status,
    /// In a few words: what was answered, or why there is no usable answer.
    pub reason: String,
}

impl Life {
    pub(super) fn unknown(reason: impl Into<String>) -> Life {
        Life { status: Status::Unknown, reason: reason.into() }
    }
}

/// What a list of jobs must have.
#[derive(Deserialize)]
struct Jobs {
    #[serde(rename = "items")]
    _items: Vec<IgnoredAny>,
}

/// Judges what came of `GET /jobs?limit=1`.
pub(super) fn judge(tried: &Tried, host: &Host, token: &Token) -> Life {
    let life = match &tried.outcome {
        Ok(answer) => answered(answer, host, token),
        Err(failure) => Life::unknown(failure.words.clone()),
    };
    Life { reason: tried.told(&life.reason), ..life }
}

fn answered(answer: &Answer, host: &Host, token: &Token) -> Life {
    let status = answer.status;
    let body = match &answer.body {
        Ok(body) => body,
        Err(failure) => return Life::unknown(format!("answered {status}, but {}", failure.words)),
    };
    let live = |reason: String| Life { status: Status::Live, reason };
    match status {
        200 if is_list(body) => live("answered 200".to_owned()),
        200 => Life::unknown("answered 200, but not with a list of jobs: this is not Krea's API"),
        401 if is_object(body) => Life { status: Status::Dead, reason: "answered 401".to_owned() },
        402 if is_object(body) => live(words(402)),
        401 | 402 => Life::unknown(format!(
            "answered {status}, but without a JSON object, so it may not be Krea's API that answers"
        )),
        300..=399 => Life::unknown(redirected(answer, host, token)),
        _ => Life::unknown(words(status)),
    }
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
pub(super) fn redirected(answer: &Answer, host: &Host, token: &Token) -> String {
    let target = answer.location.as_deref().and_then(|location| host.leaves_to(location));
    let secret = String::from_utf8_lossy(token.secret()).to_ascii_lowercase();
    match target {
        Some(target) if !target.contains(&secret) => format!("redirected to {target} (not followed)"),
        Some(_) => "redirected to another host (not followed)".to_owned(),
        None => format!("answered {}: a redirect (not followed)", answer.status),
    }
}

/// Which outcomes of reading a list of jobs are tried again.
pub(super) fn again(outcome: &Result<Answer, Failure>) -> Again {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(_) => return Again::Retry,
    };
    match (answer.status, &answer.body) {
        (429, _) => Again::Slower(answer.retry_after),
        (500..=599, _) => Again::Retry,
        (200 | 401 | 402, Err(failure)) if failure.kind == FailureKind::TooBig => Again::No,
        (200 | 401 | 402, Err(_)) => Again::Retry,
        (200 | 401 | 402, Ok(body)) if !is_object(body) => Again::Retry,
        _ => Again::No,
    }
}

/// Whether a body is a JSON object and nothing else.
pub(super) fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

fn is_list(body: &[u8]) -> bool {
    is_object(body) && serde_json::from_slice::<Jobs>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krea::http::Body;
    use crate::report::testing::Tokens;
    use std::time::Duration;

    const JOBS: &str = r#" {"items": [{"job_id": "1", "status": "completed"}], "next_cursor": null}"#;
    const ERROR: &str = r#"{"error": "nobody reads this"}"#;
    const HTML: &str = "<!doctype html><title>{}</title>";

    fn answer(status: u16, body: &str) -> Answer {
        let body = Ok(Body::new(body.as_bytes().to_vec()));
        Answer { status, retry_after: None, location: None, body }
    }

    fn judged(answer: Answer) -> (Status, String) {
        let host = Host::parse("https://api.example.com").unwrap();
        let life = judge(&Tried { outcome: Ok(answer), tries: 1 }, &host, &Tokens::new().pair());
        assert!(!life.reason.contains("nobody"), "{}", life.reason);
        (life.status, life.reason)
    }

    fn status(status: u16, body: &str) -> Status {
        judged(answer(status, body)).0
    }

    #[test]
    fn dead_is_401_with_a_json_object_and_nothing_else() {
        assert_eq!(status(401, ERROR), Status::Dead);
        assert_eq!(status(401, "\r\n {} \n"), Status::Dead);
        let bodies =
            [ERROR, HTML, "", "[]", "{", "{} {}", "null", "\"{}\"", "\u{feff}{}", JOBS, "{\"a\":\"\u{1}\"}"];
        for code in 100..600 {
            for body in bodies {
                let expected = code == 401 && (body == ERROR || body == JOBS);
                assert_eq!(status(code, body) == Status::Dead, expected, "{code} {body}");
            }
        }
        assert_ne!(
            judged(Answer { body: Ok(Body::new(b"\xff{}".to_vec())), ..answer(401, "") }).0,
            Status::Dead
        );
    }

    #[test]
    fn live_is_a_list_of_jobs_or_an_empty_balance() {
        assert_eq!(judged(answer(200, JOBS)), (Status::Live, "answered 200".to_owned()));
        assert_eq!(
            judged(answer(402, ERROR)),
            (Status::Live, "answered 402: the balance is empty, the token is live".to_owned())
        );
        assert_eq!(status(200, r#"{"items":[]}"#), Status::Live);
        for body in
            [ERROR, HTML, "", "[]", "[[]]", "{}", r#"{"items": {}}"#, r#"{"items": null}"#, r#"{"items":[]"#]
        {
            assert_eq!(status(200, body), Status::Unknown, "{body}");
        }
        for body in [HTML, "", "[]"] {
            assert_eq!(status(402, body), Status::Unknown, "{body}");
        }
        for code in (100..600).filter(|code| !matches!(code, 200 | 402)) {
            assert_ne!(status(code, JOBS), Status::Live, "{code}");
        }
    }

    #[test]
    fn what_is_unknown_says_why() {
        let reason = |status, body| judged(answer(status, body)).1;
        assert_eq!(reason(403, ERROR), "answered 403: refused, whoever the token is");
        assert_eq!(reason(404, HTML), "answered 404: there is no such address at this host");
        assert_eq!(reason(503, HTML), "answered 503: the server failed");
        assert_eq!(reason(418, ERROR), "answered 418");
        assert!(reason(401, HTML).contains("without a JSON object"));
        assert!(reason(200, HTML).contains("not Krea's API"));
        let broken = Failure::new(FailureKind::Lost, "the connection broke within the answer");
        let broken = Answer { body: Err(broken), ..answer(401, "") };
        assert_eq!(
            judged(broken),
            (Status::Unknown, "answered 401, but the connection broke within the answer".to_owned())
        );
    }

    #[test]
    fn a_redirect_is_told_by_its_host_without_the_token() {
        let token = Tokens::new().pair();
        let secret = String::from_utf8(token.secret().to_vec()).unwrap();
        let reason =
            |location: &str| judged(Answer { location: Some(location.to_owned()), ..answer(302, ERROR) }).1;
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
            assert_eq!(again_for(code, body), Again::No, "{code}");
        }
        for (code, body) in [(200, HTML), (401, HTML), (402, ""), (500, ERROR), (503, HTML), (599, "")] {
            assert_eq!(again_for(code, body), Again::Retry, "{code}");
        }
        let pause = Some(Duration::from_secs(3));
        assert_eq!(again(&Ok(Answer { retry_after: pause, ..answer(429, "") })), Again::Slower(pause));
        for kind in [FailureKind::NotSent, FailureKind::Lost] {
            assert_eq!(again(&Err(Failure::new(kind, ""))), Again::Retry);
        }
        let with = |kind| Answer { body: Err(Failure::new(kind, "")), ..answer(200, "") };
        assert_eq!(again(&Ok(with(FailureKind::Lost))), Again::Retry);
        assert_eq!(again(&Ok(with(FailureKind::TooBig))), Again::No);
    }

    #[test]
    fn tries_are_told() {
        let host = Host::parse("https://api.example.com").unwrap();
        let reason = |tries| {
            let outcome = Err(Failure::new(FailureKind::Lost, "timed out"));
            judge(&Tried { outcome, tries }, &host, &Tokens::new().pair()).reason
        };
        assert_eq!(reason(0), "not asked: timed out");
        assert_eq!(reason(1), "timed out");
        assert_eq!(reason(3), "timed out (3 tries)");
    }
}
