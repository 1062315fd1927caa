//! What only the user may say, on the command line, in a file that it names with `--config`, or in
//! `$XDG_CONFIG_HOME/krea-scan/config.toml`: which hosts tokens are sent to, and which sinks keep new ones. Takes those
//! files, gives one value. Never reads a file of the scanned tree.

use super::allow::AllowTable;
use super::{ConfigError, read_toml};
use crate::incident::sink::Sink;
use crate::krea::{Host, Options, Proxy, TokenApiConfig};
use anyhow::Context as _;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a file that the user vouches for may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustedFile {
    #[serde(default)]
    pub allow: Vec<AllowTable>,
    api: Option<String>,
    proxy: Option<String>,
    #[serde(default)]
    store: Vec<String>,
    token_api: Option<TokenApiConfig>,
}

pub(super) fn read(path: &Path) -> Result<TrustedFile, ConfigError> {
    read_toml(path, |unknown_field| match unknown_field {
        true => "; a configuration holds [[allow]], api, proxy, store and [token_api]",
        false => "",
    })
}

/// Where tokens go: the hosts and the sinks.
#[derive(Clone, Debug)]
pub struct Service {
    /// Krea's API.
    pub api: Host,
    /// Whether something names it, so that it is not by default what it is.
    pub api_is_given: bool,
    /// The organisation's own API that revokes and mints; `None` is the guided way.
    pub token_api: Option<TokenApiConfig>,
    /// Where replacements are kept.
    pub stores: Vec<Sink>,
    /// How requests are sent.
    pub http: Options,
}

/// What the command line says of the service; it wins over every file.
#[derive(Debug, Default)]
pub struct Flags<'a> {
    /// `--config`.
    pub config: Option<&'a Path>,
    /// `--api`.
    pub api: Option<&'a str>,
    /// `--token-api`.
    pub token_api: Option<&'a str>,
    /// `--store`.
    pub stores: &'a [String],
    /// `--proxy`.
    pub proxy: Option<&'a str>,
    /// `--timeout`.
    pub timeout: Option<Duration>,
}

impl Service {
    /// Merges the command line, the file that it names, and the user's own file, in this order.
    ///
    /// # Errors
    /// A file that cannot be read or says what it cannot say; an address that tokens must not be sent to; a sink
    /// that is none.
    pub fn resolve(flags: &Flags<'_>) -> anyhow::Result<Self> {
        let mut files: Vec<(PathBuf, TrustedFile)> = Vec::new();
        if let Some(path) = flags.config {
            files.push((path.to_owned(), read(path)?));
        }
        if let Some(path) = user_file().filter(|path| path.is_file()) {
            let file = read(&path)?;
            if !file.allow.is_empty() {
                anyhow::bail!(
                    "{}: [[allow]] has no place here: what is allowed belongs to a tree, in its .krea-scan.toml",
                    path.display()
                );
            }
            files.push((path, file));
        }
        let from = |path: &Path, key: &str| format!("{}: {key}", path.display());
        // The first that says something counts.
        let text = |flag: Option<&str>, name: &str, key: &str, of: fn(&TrustedFile) -> Option<&String>| {
            let said = flag.map(|text| (text.to_owned(), name.to_owned()));
            said.or_else(|| files.iter().find_map(|(path, file)| Some((of(file)?.clone(), from(path, key)))))
        };
        let given = match text(flags.api, "--api", "api", |file| file.api.as_ref()) {
            Some((url, whence)) => Some(Host::parse(&url).context(whence)?),
            None => None,
        };
        let api_is_given = given.is_some();
        let api = given.map_or_else(|| Host::parse(Host::KREA), Ok)?;
        let proxy = match text(flags.proxy, "--proxy", "proxy", |file| file.proxy.as_ref()) {
            None => Proxy::None,
            Some((word, _)) if word == "none" => Proxy::None,
            Some((word, _)) if word == "env" => Proxy::Environment,
            Some((url, _)) => Proxy::Url(url),
        };
        let configured = files.iter().find_map(|(path, file)| Some((path, file.token_api.as_ref()?)));
        if let Some((path, config)) = configured {
            config.validate().with_context(|| path.display().to_string())?;
        }
        let token_api = match (flags.token_api, configured) {
            (Some(base), Some((_, config))) => Some(config.clone().with_base(base).context("--token-api")?),
            (Some(base), None) => Some(TokenApiConfig::at(base).context("--token-api")?),
            (None, configured) => configured.map(|(_, config)| config.clone()),
        };
        let (stores, whence) = match files.iter().find(|(_, file)| !file.store.is_empty()) {
            _ if !flags.stores.is_empty() => (flags.stores, "--store".to_owned()),
            Some((path, file)) => (file.store.as_slice(), from(path, "store")),
            None => (flags.stores, String::new()),
        };
        let stores = stores.iter().map(|text| text.parse()).collect::<Result<_, _>>().context(whence)?;
        let mut http = Options { proxy, ..Options::default() };
        if let Some(timeout) = flags.timeout {
            http.timeout = timeout;
        }
        Ok(Service { api, api_is_given, token_api, stores, http })
    }
}

/// `$XDG_CONFIG_HOME/krea-scan/config.toml`, or where that is by default.
fn user_file() -> Option<PathBuf> {
    crate::place::config().map(|folder| folder.join("config.toml"))
}
