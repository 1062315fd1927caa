//! The Krea service: whether a token is alive, what was run with it, and who revokes and mints tokens: Krea itself, or the
//! token API that an organisation configures.
//!
//! Takes a [`Token`] and a [`Host`], sends the one to the other and to nowhere else, gives answers as values. When a token
//! is *live* and when it is *dead* is said in one place, `liveness.rs`. Knows nothing of scans and files; never shows a
//! token, a header or what a server wrote, but for the words of a token API's error that cannot be a secret.

mod authority;
mod host;
mod http;
mod liveness;
mod mcp;
mod questions;
mod rate_limiter;
mod token_api;
mod usage;

pub use authority::{
    MintError, Minted, Person, Revocation, RevokeError, TokenAuthority, TokenList, TokenRow, Via,
};
pub use host::{Host, HostError};
pub use http::{ClientError, Proxy, RequestOptions};
pub use liveness::Liveness;
pub use mcp::{KreaMcp, KreaMcpConfig};
pub use questions::{Answers, Question};
pub use token_api::{CREDENTIAL_ENV, TokenApi, TokenApiConfig, TokenApiConfigError};
pub use usage::Usage;

use http::{ApiAnswer, Failure, FailureKind, Http, Request};
use krea_scan_token::Token;
use liveness::Observation;
use rate_limiter::{CallBounds, RateLimiter};
use reqwest::Method;
use reqwest::header::HeaderValue;
use std::time::Duration;

/// The line that comes before anything is sent: to which host.
pub fn announcement(api: &Host) -> String {
    format!("Tokens that are found are sent to {api}, to ask whether they are live, and to nowhere else.")
}

/// How many tokens are asked about at the same time.
const WORKERS: usize = 4;
/// More of an answer about a token is not read, in bytes.
const LIVENESS_BYTES: usize = 1 << 20;
/// More of Krea's OpenAPI document is not read, in bytes.
const OPEN_API_BYTES: usize = 16 << 20;
/// The reason for a token that cannot be sent.
const UNSENDABLE: &str = "not asked: the token holds spaces or bytes that no header can carry";

/// A client for one host that speaks Krea's API. All its workers share one limiter.
pub struct Krea {
    host: Host,
    http: Http,
    limiter: RateLimiter,
    timeout: Duration,
    budget: Duration,
    pause: Duration,
}

impl Krea {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// No certificate store, or a proxy that cannot be used.
    pub fn new(host: Host, options: &RequestOptions) -> Result<Krea, ClientError> {
        let http = Http::new(&host, options, WORKERS)?;
        let (timeout, budget, pause) = (options.timeout, options.budget, options.pause);
        Ok(Krea { host, http, limiter: RateLimiter::new(options), timeout, budget, pause })
    }

    /// Where tokens are sent.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What was run under the token's identity, since a moment or ever: `GET /jobs` by cursor, newest first, within
    /// bounds.
    pub fn usage(&self, token: &Token, since: Option<jiff::Timestamp>) -> Usage {
        usage::collect(self, token, since)
    }

    /// Sends one token, again within bounds when there is no usable answer.
    fn observe(&self, token: &Token, run: &CallBounds) -> Observation {
        let Some(authorization) = http::bearer(token.expose()) else {
            return Observation::nothing(UNSENDABLE);
        };
        let jobs = || self.get("/jobs?limit=1", Some(&authorization), LIVENESS_BYTES, self.timeout);
        liveness::observe(&self.limiter.retry(run, liveness::again, jobs), &self.host, token)
    }

    /// Whether the host does anything but refuse; see [`liveness`]. Sends no token.
    fn tells_apart(&self, run: &CallBounds) -> Result<(), String> {
        let document = || self.get("/openapi.json", None, OPEN_API_BYTES, self.timeout);
        liveness::tells_apart(&self.limiter.retry(run, liveness::again, document))
    }

    fn get(
        &self,
        path: &str,
        by: Option<&HeaderValue>,
        most: usize,
        timeout: Duration,
    ) -> Result<ApiAnswer, Failure> {
        let url = self.host.below(path).ok_or_else(|| {
            Failure::new(FailureKind::NotSent, "not asked: the address cannot be written as a URL")
        })?;
        self.http.send(Request { method: Method::GET, url, authorization: by, body: None, most, timeout })
    }
}
