//! The Krea service: whether a token is alive, what was run with it, and the token API that an organisation configures.
//!
//! Takes a [`Token`] and a [`Host`], sends the one to the other and to nowhere else, gives answers as values. A token
//! is *dead* on one kind of answer only: 401 with a JSON object from that host. Knows nothing of scans and files; never
//! shows a token, a header or what a server wrote, but for the error texts of a token API with everything masked that
//! could be a secret.

mod host;
mod http;
mod life;
mod pace;
mod token_api;
mod usage;

pub use host::{Host, HostError};
pub use http::{ClientError, Options, Proxy};
pub use life::Life;
pub use token_api::{
    CREDENTIAL_ENV, MintError, Minted, Revocation, TokenApi, TokenApiConfig, TokenApiConfigError,
    TokenApiError,
};
pub use usage::Usage;

use crate::finding::Token;
use http::{Answer, Failure, FailureKind, Http, Request};
use pace::{Pace, Run};
use reqwest::Method;
use reqwest::header::HeaderValue;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Where people revoke and create tokens, as Krea's own guide says (also reached as
/// `https://www.krea.ai/settings/api-tokens`).
pub const TOKENS_PAGE: &str = "https://www.krea.ai/app/api/tokens";

/// The line that comes before anything is sent: to which hosts.
pub fn announcement(api: &Host, token_api: Option<&TokenApiConfig>) -> String {
    let token_api = token_api.map(|config| format!(" Revoking and minting: {}.", config.base()));
    format!(
        "Tokens that are found are sent to {api}, to ask whether they are live, and to nowhere else.{}",
        token_api.unwrap_or_default()
    )
}

/// How many tokens are asked about at the same time.
const WORKERS: usize = 4;
/// More of an answer about a token's life is not read, in bytes.
const LIFE_BYTES: usize = 1 << 20;
/// The reason for a token that cannot be sent.
const UNSENDABLE: &str = "not asked: the token holds spaces or bytes that no header can carry";

/// A client for one host that speaks Krea's API. All its workers share one pace.
pub struct Krea {
    host: Host,
    http: Http,
    pace: Pace,
    timeout: Duration,
    budget: Duration,
}

impl Krea {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// No certificate store, or a proxy that cannot be used.
    pub fn new(host: Host, options: &Options) -> Result<Krea, ClientError> {
        let http = Http::new(&host, options, WORKERS)?;
        Ok(Krea { host, http, pace: Pace::new(options), timeout: options.timeout, budget: options.budget })
    }

    /// Where tokens are sent.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Asks whether a token is alive, again within bounds when there is no usable answer.
    pub fn life(&self, token: &Token) -> Life {
        self.life_within(token, &Run::new(self.budget))
    }

    /// Asks about each token once, a few at a time; `told` hears each answer at once, from a worker's thread, with the
    /// token's index. Answers are in the order of `tokens`. When the host is silent, the rest is given up.
    pub fn lives(&self, tokens: &[Token], told: &(dyn Fn(usize, &Life) + Sync)) -> Vec<Life> {
        let run = Run::new(self.budget);
        let next = AtomicUsize::new(0);
        let answers = Mutex::new(Vec::with_capacity(tokens.len()));
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(token) = tokens.get(index) else { return };
                let life = self.life_within(token, &run);
                told(index, &life);
                answers.lock().unwrap_or_else(PoisonError::into_inner).push((index, life));
            }
        };
        thread::scope(|scope| {
            for _ in 0..WORKERS.min(tokens.len()) {
                scope.spawn(work);
            }
        });
        let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        answers.sort_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, life)| life).collect()
    }

    /// What was run under the token's identity, since a moment or ever: `GET /jobs` by cursor, newest first, within
    /// bounds.
    pub fn usage(&self, token: &Token, since: Option<jiff::Timestamp>) -> Usage {
        usage::collect(self, token, since)
    }

    fn life_within(&self, token: &Token, run: &Run) -> Life {
        self.asked(token, |authorization| self.pace.insist(run, life::again, || self.jobs(authorization)))
    }

    fn asked(&self, token: &Token, ask: impl Fn(&HeaderValue) -> pace::Tried) -> Life {
        match http::bearer(token.expose()) {
            Some(authorization) => life::judge(&ask(&authorization), &self.host, token),
            None => Life::unknown(UNSENDABLE),
        }
    }

    fn jobs(&self, authorization: &HeaderValue) -> Result<Answer, Failure> {
        self.get("/jobs?limit=1", authorization, LIFE_BYTES, self.timeout)
    }

    fn get(&self, path: &str, by: &HeaderValue, most: usize, timeout: Duration) -> Result<Answer, Failure> {
        let url = self.host.below(path).ok_or_else(|| {
            Failure::new(FailureKind::NotSent, "not asked: the address cannot be written as a URL")
        })?;
        self.http.send(Request { method: Method::GET, url, authorization: by, body: None, most, timeout })
    }
}
