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
