//! One request, with a credential or without. Takes a URL, a credential and bounds, gives the answer's status and bounded body, or a
//! [`Failure`] in words. Never puts a header or a text of the server into an error.

use super::host::{self, Host};
use super::token_api::config::TokenApiConfigError;
use krea_scan_http::{self as http, SetupError};
use reqwest::ClientBuilder;
use reqwest::blocking::{Client, Response};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use std::env::VarError;
use std::fmt;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use zeroize::{Zeroize as _, Zeroizing};

pub use krea_scan_http::Proxy;
pub(super) use krea_scan_http::printable;

/// How requests are sent.
#[derive(Clone, Debug)]
pub struct RequestOptions {
    /// For one request, from the name's lookup to the last byte of the body. 15 s.
    pub timeout: Duration,
    /// [`Proxy::None`].
    pub proxy: Proxy,
    /// How often a request is sent at most when servers or connections fail (429 has a bound of its own). 3.
    pub tries: u32,
    /// The wait before the second try; it doubles from there. 0.3 s.
    pub backoff: Duration,
    /// The shortest time between the starts of two requests; it grows when the server asks for that. 20 ms.
    pub interval: Duration,
    /// For one call with all its tries and waits, and for all that is asked with one [`super::Krea::answers`]. 5 min.
    pub budget: Duration,
    /// The pause before a refused token is asked about again; twice and three times that before the next. 1 s.
    pub pause: Duration,
    /// Once this is set, nothing more is sent and no wait goes on.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Default for RequestOptions {
    fn default() -> Self {
        RequestOptions {
            timeout: Duration::from_secs(15),
            proxy: Proxy::None,
            tries: 3,
            backoff: Duration::from_millis(300),
            interval: Duration::from_millis(20),
            budget: Duration::from_secs(300),
            pause: Duration::from_secs(1),
            stop: None,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no HTTP client for any host.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A credential is missing.
    #[error("${0} is not set or empty; set it to {1}")]
    NoCredential(String, &'static str),
    /// A credential cannot be sent.
    #[error("${0} holds spaces or bytes that no header can carry")]
    OddCredential(String),
    /// The token API's configuration cannot be used.
    #[error(transparent)]
    Config(#[from] TokenApiConfigError),
}

/// An answer whose head arrived.
pub(super) struct ApiAnswer {
    pub status: u16,
    /// What `Retry-After` asks for.
    pub retry_after: Option<Duration>,
    /// Where a redirect points.
    pub location: Option<String>,
    /// Not read for redirects and for errors of the server, which are judged by their status alone.
    pub body: Result<AnswerBody, Failure>,
}

/// An answer's body; it may hold a token, so it is wiped.
pub(super) type AnswerBody = Zeroizing<Vec<u8>>;

/// Why there is no answer, or no whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub kind: FailureKind,
    /// Short words that are safe to show.
    pub words: String,
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// No connection was made: certainly not sent.
    NotSent,
    /// Perhaps sent, perhaps done.
    Lost,
    /// The answer was larger than wanted.
    TooBig,
}

impl Failure {
    pub fn new(kind: FailureKind, words: impl Into<String>) -> Failure {
        Failure { kind, words: words.into() }
    }
}

/// What goes out.
pub(super) struct Request<'a> {
    pub method: Method,
    pub url: Url,
    /// The value of `Authorization`; `None` for what needs no token.
    pub authorization: Option<&'a HeaderValue>,
    /// JSON.
    pub body: Option<Vec<u8>>,
    /// A body of more bytes is not read.
    pub most: usize,
    /// For the whole of it.
    pub timeout: Duration,
}

/// A client for one host.
pub(super) struct Http {
    client: Client,
}

impl Http {
    /// Keeps at most so many idle connections. With none, a request never meets a connection that the other end is just
    /// closing, which would look as if it had been sent.
    pub fn new(host: &Host, options: &RequestOptions, idle: usize) -> Result<Http, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let builder = builder_for(host, options, idle)?.default_headers(headers);
        Ok(Http { client: http::build(builder)? })
    }

    /// Sends once.
    pub fn send(&self, request: Request) -> Result<ApiAnswer, Failure> {
        let mut builder = self.client.request(request.method, request.url).timeout(request.timeout);
        if let Some(authorization) = request.authorization {
            builder = builder.header(header::AUTHORIZATION, authorization);
        }
        if let Some(body) = request.body {
            builder = builder.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let response = builder.send().map_err(|error| failure(&error, request.timeout))?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let retry_after = text(header::RETRY_AFTER).and_then(http::retry_after);
        let location = text(header::LOCATION).map(str::to_owned);
        let body = match status {
            200..=299 | 400..=499 => read_answer(response, request.most, request.timeout),
            _ => Ok(AnswerBody::default()),
        };
        Ok(ApiAnswer { status, retry_after, location, body })
    }
}

/// Starts a client that speaks to a host as it has to be spoken to, and keeps at most so many idle connections.
pub(super) fn builder_for(
    host: &Host,
    options: &RequestOptions,
    idle: usize,
) -> Result<ClientBuilder, ClientError> {
    let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    let builder = http::builder(options.timeout)
        .https_only(!host.is_plain())
        .pool_max_idle_per_host(idle)
        .resolve_to_addrs("localhost", &here);
    let builder = through(builder, &options.proxy, host)?;
    // Plain HTTP needs no certificates; with none, nothing else is trusted either.
    Ok(if host.is_plain() { builder.tls_certs_only([]) } else { builder })
}

/// Sets the proxy. A token goes to a host in plain text on this machine only, so the proxy for that must be here too.
fn through(builder: ClientBuilder, proxy: &Proxy, host: &Host) -> Result<ClientBuilder, ClientError> {
    let url = match proxy {
        Proxy::Environment if !host.is_plain() => return Ok(builder),
        Proxy::None | Proxy::Environment => return Ok(builder.no_proxy()),
        Proxy::Url(text) => http::proxy_url(text)?,
    };
    if host.is_plain() && !host::is_loopback(&url) {
        let why = "it would see the token, for the host is spoken to over plain HTTP";
        return Err(SetupError::Proxy(why).into());
    }
    Ok(http::through(builder, url)?)
}

/// Reads a body of at most `most` bytes. The request's time-out goes on while it is read.
fn read_answer(mut response: Response, most: usize, timeout: Duration) -> Result<AnswerBody, Failure> {
    let too_big = || Failure::new(FailureKind::TooBig, format!("the answer is larger than {most} bytes"));
    let announced = response.content_length().unwrap_or(0);
    if announced > most as u64 {
        return Err(too_big());
    }
    // Room for what is announced, within reason: a buffer that grows leaves copies behind.
    let mut body = AnswerBody::new(Vec::with_capacity(announced.min(1 << 16) as usize));
    let mut chunk = Zeroizing::new(vec![0; 1 << 14]);
    loop {
        match response.read(&mut chunk) {
            Ok(0) => return Ok(body),
            Ok(n) if body.len() + n > most => return Err(too_big()),
            Ok(n) => body.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
                return Err(match inner {
                    Some(inner) if inner.is_timeout() => {
                        Failure::new(FailureKind::Lost, http::timed_out(timeout))
                    }
                    _ => Failure::new(FailureKind::Lost, "the connection broke within the answer"),
                });
            }
        }
    }
}

/// What went wrong before the answer's head arrived.
fn failure(error: &reqwest::Error, timeout: Duration) -> Failure {
    let (words, not_sent) = http::failure(error, timeout);
    Failure::new(if not_sent { FailureKind::NotSent } else { FailureKind::Lost }, words)
}

/// A duration in seconds, for people.
pub(super) struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_millis() as f64 / 1000.0)
    }
}

/// A credential from the environment; empty where the variable is not set.
pub(super) fn credential_in(variable: &str) -> Result<Zeroizing<String>, ClientError> {
    match std::env::var(variable) {
        Ok(credential) => Ok(Zeroizing::new(credential)),
        Err(VarError::NotPresent) => Ok(Zeroizing::default()),
        Err(VarError::NotUnicode(text)) => {
            text.into_encoded_bytes().zeroize();
            Err(ClientError::OddCredential(variable.to_owned()))
        }
    }
}

/// A credential as it is sent, without what surrounds it: the text, and the header. `what` it is says the error where there is
/// none in the variable.
pub(super) fn checked_credential(
    credential: &str,
    variable: &str,
    what: &'static str,
) -> Result<(Zeroizing<String>, HeaderValue), ClientError> {
    // A line break at the end is what files and commands leave.
    let credential = Zeroizing::new(credential.trim().to_owned());
    if credential.is_empty() {
        return Err(ClientError::NoCredential(variable.to_owned(), what));
    }
    let header =
        bearer(credential.as_bytes()).ok_or_else(|| ClientError::OddCredential(variable.to_owned()))?;
    Ok((credential, header))
}

/// The header value `Bearer …`, marked so that nothing prints it; `None` for a credential that a header cannot carry
/// as it is. Only visible ASCII goes (RFC 6750 allows no more): a server that trims or splits a value would judge
/// another credential.
pub(super) fn bearer(credential: &[u8]) -> Option<HeaderValue> {
    if credential.is_empty() || !credential.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let mut text = Zeroizing::new(Vec::with_capacity(credential.len() + 7));
    text.extend_from_slice(b"Bearer ");
    text.extend_from_slice(credential);
    let mut value = HeaderValue::from_bytes(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_carries_visible_ascii_and_hides_it() {
        let value = bearer(b"a:b+/=~").unwrap();
        assert_eq!(value.as_bytes(), b"Bearer a:b+/=~");
        assert_eq!(format!("{value:?}"), "Sensitive");
        for odd in [&b""[..], b"a b", b"a\n", b"a\r\nX: y", b"\0", b"\xff", "ä".as_bytes(), b"a\t", b"\x7f"]
        {
            assert!(bearer(odd).is_none(), "{odd:?}");
        }
    }

    #[test]
    fn a_plain_host_has_a_proxy_on_this_machine_or_none() {
        let with = |host: &str, proxy: &str| {
            let options = RequestOptions { proxy: Proxy::Url(proxy.to_owned()), ..RequestOptions::default() };
            Http::new(&Host::parse(host).unwrap(), &options, 0).err().map(|error| error.to_string())
        };
        assert_eq!(with("http://127.0.0.1:1", "http://127.0.0.1:2"), None);
        assert!(
            with("http://127.0.0.1:1", "http://hidden.example:2").unwrap().contains("would see the token")
        );
        for proxy in ["hidden", "socks5://hidden:1", "http://"] {
            let refused = with("http://127.0.0.1:1", proxy).unwrap();
            assert!(refused.contains("http://host:port") && !refused.contains("hidden"), "{refused}");
        }
    }
}
