//! What every HTTP client here has in common: who it says it is, that it follows no redirect, uses no proxy that nobody
//! asked for and sends nothing twice, and what it says when something fails. Never puts a header, a URL or a text of the
//! server into an error, but for the innermost cause.

use jiff::Timestamp;
use reqwest::blocking::Client;
use reqwest::{ClientBuilder, Url, redirect, retry};
use std::error::Error;
use std::time::Duration;

/// Sent with every request.
const USER_AGENT: &str = concat!("krea-scan/", env!("CARGO_PKG_VERSION"));
/// A connection takes no longer than this, and never more than two thirds of a request's time: what times out while
/// it connects was certainly not sent.
const CONNECT: Duration = Duration::from_secs(10);
/// More characters of an error are not shown.
const WORDS: usize = 160;
/// What `Retry-After` asks for beyond this is cut to it.
pub const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Whether requests go through a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Straight to the host, whatever the environment says.
    #[default]
    None,
    /// What `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say. Requests that carry a token to this machine over plain HTTP go
    /// straight.
    Environment,
    /// This one: `http://host:port` or `https://host:port`, perhaps with a user and a password.
    Url(String),
}

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// This machine holds no list of the authorities that vouch for hosts.
    #[error(
        "no certificate store was found, so no HTTPS host can be checked; install the package `ca-certificates`, \
         or set SSL_CERT_FILE to a file of certificates"
    )]
    NoCertificates,
    /// The proxy cannot be used; the text says why and does not repeat it.
    #[error("the proxy cannot be used: {0}")]
    Proxy(&'static str),
    /// The HTTP client cannot be made.
    #[error("cannot set up HTTP: {0}")]
    Client(String),
}

/// Starts a client whose requests may take so long.
pub fn builder(timeout: Duration) -> ClientBuilder {
    // An error says that a provider is there already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClientBuilder::new()
        .timeout(timeout)
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(CONNECT.min(timeout * 2 / 3))
}

/// Finishes a client.
pub fn build(builder: ClientBuilder) -> Result<Client, SetupError> {
    reqwest::blocking::ClientBuilder::from(builder).build().map_err(setup)
}

/// Finishes a client for asynchronous code.
pub fn build_async(builder: ClientBuilder) -> Result<reqwest::Client, SetupError> {
    builder.build().map_err(setup)
}

fn setup(error: reqwest::Error) -> SetupError {
    match cause(&error) {
        words if words.contains("No CA certificates") => SetupError::NoCertificates,
        words => SetupError::Client(words),
    }
}

/// The URL of a proxy that a person wrote.
pub fn proxy_url(text: &str) -> Result<Url, SetupError> {
    let url = Url::parse(text)
        .map_err(|_| SetupError::Proxy("not a URL; write it as http://host:port or https://host:port"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(SetupError::Proxy("write it as http://host:port or https://host:port")),
    }
}

/// Sends everything through one proxy.
pub fn through(builder: ClientBuilder, proxy: Url) -> Result<ClientBuilder, SetupError> {
    let proxy =
        reqwest::Proxy::all(proxy).map_err(|_| SetupError::Proxy("not a URL that a proxy can have"))?;
    Ok(builder.no_proxy().proxy(proxy))
}

/// What went wrong before an answer's head arrived, in words, and whether the request was certainly not sent.
pub fn failure(error: &reqwest::Error, timeout: Duration) -> (String, bool) {
    let not_sent = error.is_connect() || error.is_builder();
    let words = match (error.is_timeout(), error.is_dns(), not_sent) {
        (true, _, true) => "timed out while connecting".to_owned(),
        (true, _, false) => timed_out(timeout),
        (false, true, _) => format!("the host's name cannot be looked up: {}", cause(error)),
        (false, false, true) => format!("cannot connect: {}", cause(error)),
        (false, false, false) => format!("the connection broke before an answer: {}", cause(error)),
    };
    (words, not_sent)
}

/// That a request took longer than it may.
pub fn timed_out(timeout: Duration) -> String {
    format!("timed out after {} s", timeout.as_millis() as f64 / 1000.0)
}

/// The innermost cause, on one line and short. None of the layers below puts a header into its errors; URLs stand in
/// the outermost one only.
pub fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    printable(&innermost.to_string(), WORDS)
}

/// A text from elsewhere, on one line, without characters that act on a terminal, cut to so many characters.
pub fn printable(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    // Marks that turn the direction of writing around hide what a line says.
    line.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')).take(most).collect()
}

/// How long `Retry-After` asks to wait: seconds, or a date (RFC 9110, 10.2.3).
pub fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are more than a minute.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(MAX_PAUSE));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    let wait = Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default();
    Some(wait.min(MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_elsewhere_stays_on_one_line() {
        assert_eq!(printable(" a\r\n\tb\u{1b}[31m\u{202e}c ", 99), "a b [31mc");
        assert_eq!(printable("äöüß", 2), "äö");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_a_minute() {
        let seconds = |value| retry_after(value).map(|wait| wait.as_secs());
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 7 "), Some(7));
        assert_eq!(seconds("61"), Some(60));
        assert_eq!(seconds("99999999999999999999999999"), Some(60));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
        assert_eq!(seconds("Fri, 06 Nov 2893 08:49:37 GMT"), Some(60));
        let soon = Timestamp::now() + Duration::from_secs(30);
        let soon = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&soon).unwrap();
        assert!(matches!(seconds(&soon), Some(20..=30)), "{soon}");
        for odd in ["", "-1", "1.5", "soon", "1 2"] {
            assert_eq!(seconds(odd), None, "{odd}");
        }
    }
}
