//! Where requests may go. Takes the text of a base URL, gives a checked [`Host`] or the reason why it is none. Never
//! repeats a text that it refused: somebody may have put a credential into it.

use reqwest::Url;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A checked base URL: HTTPS, or plain HTTP to this machine. A path in front of the API is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Without a slash at its end.
    text: String,
    url: Url,
}

/// Why a text cannot be a [`Host`]. Says what to write, never what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Not a URL with a host.
    #[error("not a URL; write it as https://api.example.com")]
    NotAUrl,
    /// Neither HTTP nor HTTPS.
    #[error("only https:// is spoken (and http:// to this machine)")]
    Scheme,
    /// Plain HTTP to another machine.
    #[error(
        "plain http:// would show the token to everybody on the way; use https:// (http:// is for localhost, \
         127.0.0.0/8 and [::1] only)"
    )]
    PlainHttp,
    /// A user or a password in front of the host.
    #[error("a user or password does not belong into the URL")]
    UserInfo,
    /// Something behind a `?`.
    #[error("a query (after ?) does not belong into the URL")]
    Query,
    /// Something behind a `#`.
    #[error("a fragment (after #) does not belong into the URL")]
    Fragment,
}

impl Host {
    /// Krea's public API, from its OpenAPI document.
    pub const KREA: &str = "https://api.krea.ai";

    /// Checks a base URL. HTTPS goes anywhere, plain HTTP to 127.0.0.0/8, `[::1]` and `localhost`, which never leaves
    /// this machine whatever a resolver says.
    ///
    /// # Errors
    /// A text that is no such URL, or that holds a user, a password, a query or a fragment.
    pub fn parse(text: &str) -> Result<Host, HostError> {
        let mut url = Url::parse(text.trim()).map_err(|_| HostError::NotAUrl)?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(HostError::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HostError::UserInfo);
        }
        if url.query().is_some() {
            return Err(HostError::Query);
        }
        if url.fragment().is_some() {
            return Err(HostError::Fragment);
        }
        if plain && !is_loopback(&url) {
            return Err(HostError::PlainHttp);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Host { text: url.as_str().trim_end_matches('/').to_owned(), url })
    }

    /// Whether requests go unencrypted, which they do to this machine only.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    pub fn host_and_port(&self) -> String {
        let port = self.url.port_or_known_default().unwrap_or_default();
        format!("{}:{port}", self.url.host_str().unwrap_or_default())
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The URL of something below the base: `path` starts with `/` or is empty. `None` when a parser reads another
    /// URL than what is written, as it does for `/..`.
    pub(super) fn below(&self, path: &str) -> Option<Url> {
        if !path.is_empty() && !path.starts_with('/') {
            return None;
        }
        let written = format!("{}{path}", self.text);
        let url = Url::parse(&written).ok()?;
        let bare = path.is_empty() && url.as_str().strip_suffix('/') == Some(&written);
        (bare || url.as_str() == written).then_some(url)
    }

    /// Scheme, host and port of a redirect's target, when it leaves this host; `None` when it stays, or goes nowhere.
    pub(super) fn leaves_to(&self, location: &str) -> Option<String> {
        let target = self.url.join(location).ok()?;
        let (here, there) = (self.url.origin(), target.origin());
        (here != there && there.is_tuple()).then(|| there.ascii_serialization())
    }
}

/// Whether a URL names this machine: by a loopback address, or by the name `localhost`.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_https_or_this_machine() {
        for (text, shown) in [
            (Host::KREA, "https://api.krea.ai"),
            ("https://API.example.com/", "https://api.example.com"),
            (" https://api.example.com:8443/krea/v1// ", "https://api.example.com:8443/krea/v1"),
            ("https://api.example.com:443", "https://api.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.200.3.4", "http://127.200.3.4"),
            ("http://127.1/x", "http://127.0.0.1/x"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("http://localhost:9", "http://localhost:9"),
            ("http://LOCALHOST", "http://localhost"),
        ] {
            assert_eq!(Host::parse(text).map(|host| host.to_string()).as_deref(), Ok(shown), "{text}");
        }
        assert_eq!(Host::parse("https://a.example/"), Host::parse("https://A.example"));
        assert!(Host::parse("http://localhost").unwrap().is_plain());
        assert!(!Host::parse("https://localhost").unwrap().is_plain());
    }

    #[test]
    fn anything_else_is_refused_and_not_repeated() {
        for (text, error) in [
            ("", HostError::NotAUrl),
            ("api.krea.ai", HostError::NotAUrl),
            ("https://", HostError::NotAUrl),
            ("ftp://hidden.example", HostError::Scheme),
            ("file:///hidden", HostError::Scheme),
            ("localhost:80", HostError::Scheme),
            ("http://hidden.example", HostError::PlainHttp),
            ("http://localhost.hidden.example", HostError::PlainHttp),
            ("http://hidden.localhost", HostError::PlainHttp),
            ("http://localhost.", HostError::PlainHttp),
            ("http://128.0.0.1", HostError::PlainHttp),
            ("http://0.0.0.0", HostError::PlainHttp),
            ("http://10.0.0.1", HostError::PlainHttp),
            ("http://[::]", HostError::PlainHttp),
            ("http://[::ffff:127.0.0.1]", HostError::PlainHttp),
            ("http://127.0.0.1.hidden.example", HostError::PlainHttp),
            ("http://127.0.0.1@hidden.example", HostError::UserInfo),
            ("https://hidden@a.example", HostError::UserInfo),
            ("https://:hidden@a.example", HostError::UserInfo),
            ("https://a.example?hidden", HostError::Query),
            ("https://a.example/?", HostError::Query),
            ("https://a.example#hidden", HostError::Fragment),
        ] {
            let refused = Host::parse(text).unwrap_err();
            assert_eq!(refused, error, "{text}");
            assert!(!refused.to_string().contains("hidden"), "{text}: {refused}");
        }
    }

    #[test]
    fn what_is_below_a_host_stays_below_it() {
        let host = Host::parse("https://a.example/tokens").unwrap();
        let below = |path| host.below(path).map(String::from);
        assert_eq!(below("").as_deref(), Some("https://a.example/tokens"));
        assert_eq!(below("/%2Fx?a=b").as_deref(), Some("https://a.example/tokens/%2Fx?a=b"));
        for path in ["/..", "/.", "/%2e%2E/x", "/a/../b", "\\x", "/a b"] {
            assert_eq!(below(path), None, "{path}");
        }
        let bare = Host::parse("https://a.example").unwrap();
        assert_eq!(bare.below("").map(String::from).as_deref(), Some("https://a.example/"));
        assert_eq!(bare.below("@b.example/"), None);
        assert_eq!(bare.below(".b.example/"), None);
    }

    #[test]
    fn a_redirect_is_told_by_its_origin() {
        let host = Host::parse("https://a.example/x").unwrap();
        assert_eq!(host.leaves_to("/login?secret").as_deref(), None);
        assert_eq!(host.leaves_to("https://a.example:443/y").as_deref(), None);
        assert_eq!(host.leaves_to("//b.example/secret").as_deref(), Some("https://b.example"));
        assert_eq!(host.leaves_to("http://a.example/secret").as_deref(), Some("http://a.example"));
        assert_eq!(host.leaves_to("https://u:secret@b.example:8/").as_deref(), Some("https://b.example:8"));
        assert_eq!(host.leaves_to("data:secret"), None);
        assert_eq!(host.leaves_to("https://["), None);
    }
}
