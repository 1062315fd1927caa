//! One resource: asked for politely, followed through its redirects, decompressed, and read within bounds. Sends GET
//! requests without credentials, cookies or referrer; each address is checked before it is asked for.

use super::SiteOptions;
use super::address::{Gate, PrivateAddress};
use super::body::{self, Incoming};
use super::link::{LinkKind, resolve};
use krea_scan_http::Proxy;
use krea_scan_http::{self as http, MAX_PAUSE, SetupError};
use reqwest::blocking::{Client, Response};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// More redirects in a row are not followed.
const MAX_REDIRECTS: usize = 5;
/// A request is repeated this often, when the server asks for that or a connection breaks.
const MAX_REPEATS: u32 = 2;
/// A server that asks to wait longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// All waits of one site together.
const ALL_PATIENCE: Duration = Duration::from_secs(120);
/// How much is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// Why something was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// The host is a private address.
    Private(PrivateAddress),
    /// It leads to something that is not the site's; said in words.
    Elsewhere(String),
    /// No answer; said in words.
    NoAnswer(String),
}

/// The answer to one request.
#[derive(Debug)]
pub struct Answer {
    /// Where it came from, after redirects.
    pub url: Url,
    /// The heads of the redirects on the way.
    pub hops: Vec<(Url, HeaderMap)>,
    pub status: u16,
    pub headers: HeaderMap,
    /// The body of a successful answer, as far as it was read.
    pub body: Incoming,
    /// Why not all of the body was read.
    pub cut: Option<String>,
}

/// Whether an address may be asked for: what is said when it may not. `None` is a yes.
pub type May<'a> = dyn Fn(&Url) -> Option<String> + Sync + 'a;

/// Asks for resources.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    gate: Arc<Gate>,
    timeout: Duration,
    /// A body of more bytes is cut.
    most: u64,
    /// What is left to read of the whole site, in bytes.
    left: AtomicU64,
    deadline: Instant,
    /// Until when a host wants to be left alone.
    pauses: Mutex<HashMap<String, Instant>>,
    waited: Mutex<Duration>,
}

impl Fetcher {
    /// A client for one site.
    ///
    /// # Errors
    /// No certificate store, a proxy that cannot be used.
    pub fn new(options: &SiteOptions) -> Result<Self, SetupError> {
        let gate = Arc::new(Gate::new(options.allow_private, options.proxy != Proxy::None));
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, zstd, deflate"));
        let make = || {
            let builder = http::builder(options.timeout)
                .default_headers(headers.clone())
                .dns_resolver(Arc::clone(&gate));
            match &options.proxy {
                Proxy::None => Ok(builder.no_proxy()),
                Proxy::Environment => Ok(builder),
                Proxy::Url(text) => http::through(builder, http::proxy_url(text)?),
            }
        };
        let client = match http::build(make()?) {
            // A site over plain HTTP needs no certificates; with none, no other host is trusted.
            Err(SetupError::NoCertificates) if options.url.scheme() == "http" => {
                http::build(make()?.tls_certs_only([]))?
            }
            client => client?,
        };
        Ok(Fetcher {
            client,
            gate,
            timeout: options.timeout,
            most: options.most,
            left: AtomicU64::new(options.bytes),
            deadline: Instant::now() + options.time,
            pauses: Mutex::default(),
            waited: Mutex::default(),
        })
    }

    /// Whether there is neither time nor room for more.
    pub fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0 || Instant::now() >= self.deadline
    }

    /// Asks for a resource and follows its redirects.
    ///
    /// # Errors
    /// When there is no answer, or none may be asked for.
    pub fn follow(&self, url: &Url, kind: LinkKind, may: &May<'_>) -> Result<Answer, FetchFailure> {
        let (mut url, mut hops) = (url.clone(), Vec::new());
        loop {
            let response = self.ask(&url)?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let target = match status {
                301 | 302 | 303 | 307 | 308 => headers.get(header::LOCATION),
                _ => None,
            };
            let Some(target) = target else {
                let (body, cut) = self.body(response, kind);
                return Ok(Answer { url, hops, status, headers, body, cut });
            };
            let next = target.to_str().ok().and_then(|target| resolve(&url, target));
            let Some(next) = next else {
                return Err(FetchFailure::Elsewhere("redirects to what is no address of HTTP".to_owned()));
            };
            if let Some(why) = may(&next) {
                return Err(FetchFailure::Elsewhere(why));
            }
            hops.push((url, headers));
            if hops.len() > MAX_REDIRECTS {
                return Err(FetchFailure::NoAnswer(format!("redirects more than {MAX_REDIRECTS} times")));
            }
            url = next;
        }
    }

    /// Asks once, and again where that may help.
    fn ask(&self, url: &Url) -> Result<Response, FetchFailure> {
        let host = url.host().ok_or_else(|| FetchFailure::NoAnswer("has no host".to_owned()))?;
        if let Err(private) = self.gate.check(host) {
            return Err(FetchFailure::Private(private));
        }
        let mut repeats = 0;
        loop {
            self.wait_for(url);
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FetchFailure::NoAnswer(
                    "there was no time left for it; --url-time raises that".to_owned(),
                ));
            }
            let sent = self.client.get(url.clone()).timeout(self.timeout.min(left)).send();
            repeats += 1;
            match sent {
                Ok(response) if matches!(response.status().as_u16(), 429 | 503) => {
                    let wait =
                        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                    let wait =
                        wait.and_then(http::retry_after).unwrap_or(Duration::from_secs(repeats.into()));
                    if repeats > MAX_REPEATS || !self.pause(url, wait) {
                        return Ok(response);
                    }
                }
                Ok(response) => return Ok(response),
                Err(error) => {
                    if let Some(private) = PrivateAddress::of(&error) {
                        return Err(FetchFailure::Private(private));
                    }
                    let (words, not_sent) = http::failure(&error, self.timeout);
                    // A connection that was kept open may close just when it is used again.
                    if not_sent || error.is_timeout() || repeats > 1 {
                        return Err(FetchFailure::NoAnswer(words));
                    }
                }
            }
        }
    }

    /// Leaves a host alone for a while, if there is patience left for that.
    fn pause(&self, url: &Url, wait: Duration) -> bool {
        const { assert!(PATIENCE.as_secs() < MAX_PAUSE.as_secs()) };
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        if wait > PATIENCE || *waited + wait > ALL_PATIENCE {
            return false;
        }
        let until = Instant::now() + wait;
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let from = pauses.get(&host_of(url)).copied().unwrap_or(until - wait).max(until - wait);
        // Workers that are sent away together wait together.
        if from < until {
            *waited += until - from;
            pauses.insert(host_of(url), until);
        }
        true
    }

    fn wait_for(&self, url: &Url) {
        let until = self.pauses.lock().unwrap_or_else(PoisonError::into_inner).get(&host_of(url)).copied();
        if let Some(until) = until {
            std::thread::sleep(until.min(self.deadline).saturating_duration_since(Instant::now()));
        }
    }

    /// Reads the body of a successful answer, as far as there is room.
    fn body(&self, response: Response, kind: LinkKind) -> (Incoming, Option<String>) {
        let mut body = Incoming::default();
        if !response.status().is_success() || (kind.is_page() && is_media(response.headers())) {
            return (body, None);
        }
        let codings = text(response.headers(), &header::CONTENT_ENCODING).unwrap_or_default();
        let until = (Instant::now() + self.timeout).min(self.deadline);
        let mut reader = match body::decoded(&codings, response) {
            Ok(reader) => reader,
            Err(why) => return (body, Some(why)),
        };
        let (mut chunk, mut read) = (vec![0; CHUNK], 0_u64);
        loop {
            let got = match reader.read(&mut chunk) {
                Ok(0) => return (body, None),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return (body, Some(self.broke_off(&error))),
            };
            let of_site = self.take(got as u64);
            let of_body = self.most - read;
            let kept = (got as u64).min(of_site).min(of_body);
            // At most `got`, which is a usize.
            if let Err(error) = body.push(&chunk[..kept as usize]) {
                return (body, Some(format!("cannot be kept: {error}")));
            }
            read += kept;
            if of_body < got as u64 {
                let why = format!(
                    "is larger than {} bytes; what came before was read; --max-size raises that",
                    self.most
                );
                return (body, Some(why));
            }
            if of_site < got as u64 {
                let why = "the site is larger than --url-size; what came before was read";
                return (body, Some(why.to_owned()));
            }
            if Instant::now() > until {
                return (body, Some(self.broke_off(&ErrorKind::TimedOut.into())));
            }
        }
    }

    /// Takes so many bytes of what is left for the whole site, or what there is.
    fn take(&self, wanted: u64) -> u64 {
        let rest = |left: u64| Some(left.saturating_sub(wanted));
        let (Ok(left) | Err(left)) = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        left.min(wanted)
    }

    fn broke_off(&self, error: &std::io::Error) -> String {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
        if error.kind() == ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout) {
            return format!(
                "{}; what came before was read; --timeout raises that",
                http::timed_out(self.timeout)
            );
        }
        let why = http::cause(error);
        format!("broke off: {why}; what came before was read")
    }
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// A header as text.
pub fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// What an answer is said to be, in lower case and without parameters.
pub fn media_type(headers: &HeaderMap) -> String {
    let said = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether an answer is a picture, a film or the like, which no page is.
fn is_media(headers: &HeaderMap) -> bool {
    let said = media_type(headers);
    ["image/", "video/", "audio/", "font/"]
        .iter()
        .any(|kind| said.starts_with(kind) && said != "image/svg+xml")
}
