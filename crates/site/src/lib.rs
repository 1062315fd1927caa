//! A deployed site: its pages, and what they load. Takes an address and bounds, gives every resource with its head and its
//! body, and says what could not be read. Fetches once and keeps the bodies. Knows nothing of tokens: whoever calls says
//! which texts may not be a part of a request.

mod address;
mod body;
mod chunks;
mod crawl;
mod fetch;
mod link;
mod page;
mod queue;
mod scope;
mod script;

pub use body::{BodySection, KeptBody};

use body::Store;
use krea_scan_files::Incomplete;
use krea_scan_http::{Proxy, SetupError};
use link::resolve;
use reqwest::header::HeaderMap;
use std::collections::HashMap;
use std::io::{self, Read};
use std::time::Duration;
use url::Url;

/// What to read of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteOptions {
    /// Where to start.
    pub url: Url,
    /// How many links away from the first page.
    pub depth: usize,
    pub resources: usize,
    /// How many bytes of all of it, decompressed.
    pub bytes: u64,
    /// How many bytes of one resource, decompressed.
    pub most: u64,
    /// For all of it.
    pub time: Duration,
    /// For one request.
    pub timeout: Duration,
    /// How requests are sent.
    pub proxy: Proxy,
    /// Whether addresses of this machine and of networks that are not the Internet are read.
    pub allow_private: bool,
    /// Hosts, or `host:port`, that are asked for nothing.
    pub forbidden: Vec<String>,
}

impl SiteOptions {
    /// How many links away from the first page, unless told otherwise: a build loads a part of its scripts only on the
    /// pages that need them, and the first page links to most of those.
    pub const DEPTH: usize = 1;
    /// How many resources, unless told otherwise.
    pub const RESOURCES: usize = 500;
    /// How many bytes of all of it, unless told otherwise.
    pub const BYTES: u64 = 1 << 30;
    /// How many bytes of one resource, unless told otherwise.
    pub const MAX_RESOURCE_BYTES: u64 = 64 << 20;
    /// How long for all of it, unless told otherwise.
    pub const TIME: Duration = Duration::from_secs(600);
    /// How long for one request, unless told otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// The default options for an address that a person wrote.
    ///
    /// # Errors
    /// What is wrong with it; the text is not repeated.
    pub fn new(url: &str) -> Result<Self, UrlError> {
        let url = Url::parse(url.trim()).map_err(|_| UrlError::NotAUrl)?;
        match url.scheme() {
            "http" | "https" => {}
            _ => return Err(UrlError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::UserInfo);
        }
        let url = resolve(&url, "").ok_or(UrlError::NotAUrl)?;
        Ok(SiteOptions {
            url,
            depth: Self::DEPTH,
            resources: Self::RESOURCES,
            bytes: Self::BYTES,
            most: Self::MAX_RESOURCE_BYTES,
            time: Self::TIME,
            timeout: Self::TIMEOUT,
            proxy: Proxy::None,
            allow_private: false,
            forbidden: Vec::new(),
        })
    }
}

impl SiteOptions {
    /// The site's scheme, host and port.
    pub fn origin(&self) -> String {
        scope::origin(&self.url)
    }
}

/// Why a text is no site. Says what to write, never what was written: it may hold a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a URL with a host.
    #[error("not a URL; write it as https://app.example.com")]
    NotAUrl,
    /// Neither HTTP nor HTTPS.
    #[error("only http:// and https:// are read; write it as https://app.example.com")]
    Scheme,
    /// A user or a password in front of the host.
    #[error("a user or password does not belong into the URL: krea-scan sends no credentials")]
    UserInfo,
}

/// Why nothing of a site was read.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// There is no HTTP client.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The first page cannot be read.
    #[error("cannot read {url}: {why}")]
    FirstPage {
        url: String,
        /// Why, and what to do.
        why: String,
    },
}

/// What may not be a part of a request. It is shown all that is read before anything that this names is asked for.
pub trait Withheld: Sync {
    /// Looks at a text.
    fn see(&mut self, name: &str, text: &[u8]);

    /// Whether an address holds what may not be sent.
    fn is_in(&self, url: &Url) -> bool;
}

/// One answer.
#[derive(Debug)]
pub struct Resource {
    /// Where it came from.
    pub url: Url,
    pub headers: HeaderMap,
    /// Its body; a redirect has none.
    pub body: Option<KeptBody>,
}

/// What was read of a site.
#[derive(Debug, Default)]
pub struct Site {
    resources: Vec<Resource>,
    store: Store,
    by_url: HashMap<String, usize>,
    /// What was not read.
    pub incomplete: Vec<Incomplete>,
    /// What is good to know of how it was read.
    pub notes: Vec<String>,
}

impl Site {
    /// Reads a site. `counter` is told the size of each resource.
    ///
    /// # Errors
    /// When its first page cannot be read.
    pub fn read(
        options: &SiteOptions,
        withheld: &mut dyn Withheld,
        counter: &(dyn Fn(u64) + Sync),
    ) -> Result<Site, SiteError> {
        crawl::run(options, withheld, counter)
    }

    /// All that was read, in the order in which it was found.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Opens a resource's body.
    ///
    /// # Errors
    /// What the temporary file answers that holds it.
    pub fn open<'s>(&'s self, body: &'s KeptBody) -> io::Result<BodySection<'s>> {
        self.store.open(body)
    }

    /// Opens the body of the resource at an address, if it was read.
    pub fn open_at(&self, url: &str) -> Option<BodySection<'_>> {
        self.open(self.resources[*self.by_url.get(url)?].body.as_ref()?).ok()
    }

    /// What `reference` names as seen from the resource at `url`, as far as it was read: its address, and its first `most`
    /// bytes. With an empty reference, the resource itself. Where the reference is what a map of the resource would be
    /// called (`app.js.map`) and the server named another one in its `SourceMap` header, it is that.
    pub fn beside(&self, url: &str, reference: &str, most: u64) -> Option<(String, Vec<u8>)> {
        let from = &self.resources[*self.by_url.get(url)?];
        let mut target = match reference {
            "" => from.url.clone(),
            reference => resolve(&from.url, reference)?,
        };
        if target.path().strip_suffix(".map") == Some(from.url.path())
            && let Some(named) = crawl::source_map(&from.url, &from.headers)
        {
            target = named;
        }
        let mut bytes = Vec::new();
        self.open_at(target.as_str())?.take(most).read_to_end(&mut bytes).ok()?;
        Some((target.to_string(), bytes))
    }

    fn add(&mut self, url: Url, headers: HeaderMap, body: Option<KeptBody>) {
        if body.is_some() {
            self.by_url.insert(url.to_string(), self.resources.len());
        }
        self.resources.push(Resource { url, headers, body });
    }
}
