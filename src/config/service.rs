//! Which hosts tokens are sent to, and which sinks keep new ones: merged from the command line, the file that it names, and
//! the user's own file. Never from a file of the scanned tree.

use super::parse_time;
use super::trusted::{TrustedFile, read_trusted};
use anyhow::Context as _;
use krea_scan_detect::Detector;
use krea_scan_detect::rules::RuleSet;
use krea_scan_files::ScannedTrees;
use krea_scan_service::incident::Ways;
use krea_scan_service::incident::sink::Sink;
use krea_scan_service::krea::{Host, Proxy, RequestOptions, TokenApiConfig, Via};
use krea_scan_token::Confidence;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where tokens go: the hosts and the sinks.
#[derive(Clone, Debug)]
pub struct Service {
    /// Krea's API.
    pub api: Host,
    /// Whether something names it, so that it is not by default what it is.
    pub api_is_given: bool,
    /// Who may revoke and mint.
    pub ways: Ways,
    /// Where replacements are kept.
    pub stores: Vec<Sink>,
    /// How requests are sent.
    pub http: RequestOptions,
}

/// The sink that a text names.
///
/// # Errors
/// When it names none, or holds what looks like a token; no message repeats the text.
pub fn sink(text: &str) -> anyhow::Result<Sink> {
    let sink = text.parse()?;
    let rules = RuleSet::built_in().context("cannot tell whether it holds a token")?;
    let detector = Detector::new(rules, Confidence::Low);
    anyhow::ensure!(
        detector.detect(text.as_bytes(), "", None).matches.is_empty(),
        "it holds what looks like a token; the command reads the replacement from its standard input, and a token \
         written on a command line is shown to every process of the machine: leave it out"
    );
    Ok(sink)
}

/// What the command line says of the service; it wins over every file.
#[derive(Debug)]
pub struct ServiceOverrides<'a> {
    /// What strangers may have written.
    pub trees: &'a ScannedTrees,
    /// `--config`.
    pub config: Option<&'a Path>,
    /// `--api`.
    pub api: Option<&'a str>,
    /// `--token-api`.
    pub token_api: Option<&'a str>,
    /// `--via`.
    pub via: Option<Via>,
    /// `--krea-credential-env`.
    pub krea_credential_env: Option<&'a str>,
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
    pub fn resolve(overrides: &ServiceOverrides<'_>) -> anyhow::Result<Self> {
        let mut files: Vec<(PathBuf, TrustedFile)> = Vec::new();
        if let Some(path) = overrides.config {
            files.push((path.to_owned(), read_trusted(overrides.trees, path)?));
        }
        if let Some(path) = user_file().filter(|path| path.is_file()) {
            let file = read_trusted(overrides.trees, &path)?;
            if !file.allow.is_empty() || !file.heed.is_empty() {
                anyhow::bail!(
                    "{}: [[allow]] and heed have no place here: what is allowed belongs to a tree, in its \
                     .krea-scan.toml, or to a gate, in the file that it names with --config",
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
        let given = match text(overrides.api, "--api", "api", |file| file.api.as_ref()) {
            Some((url, whence)) => Some(Host::parse(&url).context(whence)?),
            None => None,
        };
        let api_is_given = given.is_some();
        let api = given.map_or_else(|| Host::parse(Host::KREA), Ok)?;
        let proxy = match text(overrides.proxy, "--proxy", "proxy", |file| file.proxy.as_ref()) {
            None => Proxy::None,
            Some((word, _)) if word == "none" => Proxy::None,
            Some((word, _)) if word == "env" => Proxy::Environment,
            Some((url, _)) => Proxy::Url(url),
        };
        let configured = files.iter().find_map(|(path, file)| Some((path, file.token_api.as_ref()?)));
        if let Some((path, config)) = configured {
            config.validate().with_context(|| path.display().to_string())?;
        }
        let token_api = match (overrides.token_api, configured) {
            (Some(base), Some((_, config))) => Some(config.clone().with_base(base).context("--token-api")?),
            (Some(base), None) => Some(TokenApiConfig::at(base).context("--token-api")?),
            (None, configured) => configured.map(|(_, config)| config.clone()),
        };
        let (stores, whence) = match files.iter().find(|(_, file)| !file.store.is_empty()) {
            _ if !overrides.stores.is_empty() => (overrides.stores, "--store".to_owned()),
            Some((path, file)) => (file.store.as_slice(), from(path, "store")),
            None => (overrides.stores, String::new()),
        };
        let stores = stores.iter().map(|text| sink(text)).collect::<anyhow::Result<_>>().context(whence)?;
        let mut http = RequestOptions { proxy, ..RequestOptions::default() };
        if let Some((time, whence)) = text(None, "", "refusal_pause", |file| file.refusal_pause.as_ref()) {
            http.pause = parse_time(&time).map_err(anyhow::Error::msg).context(whence)?;
        }
        if let Some(timeout) = overrides.timeout {
            http.timeout = timeout;
        }
        let krea_mcp = files.iter().find_map(|(_, file)| file.krea_mcp.clone()).unwrap_or_default();
        let krea_credential_env = overrides.krea_credential_env.map(str::to_owned);
        let ways = Ways { via: overrides.via, token_api, krea_mcp, krea_credential_env };
        Ok(Service { api, api_is_given, ways, stores, http })
    }

    /// Where Krea's API is, by default and as configured: a host, and a host with its port. No scan of a site asks them
    /// for anything.
    pub fn api_hosts(&self) -> Vec<String> {
        vec!["api.krea.ai".to_owned(), self.api.host_and_port()]
    }
}

/// `$XDG_CONFIG_HOME/krea-scan/config.toml`, or where that is by default.
fn user_file() -> Option<PathBuf> {
    krea_scan_files::user_dirs::config().map(|folder| folder.join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    static NO_TREES: LazyLock<ScannedTrees> = LazyLock::new(ScannedTrees::default);

    fn nothing() -> ServiceOverrides<'static> {
        let trees = &NO_TREES;
        ServiceOverrides {
            trees,
            config: None,
            api: None,
            token_api: None,
            via: None,
            krea_credential_env: None,
            stores: &[],
            proxy: None,
            timeout: None,
        }
    }

    fn resolve(text: &str, overrides: ServiceOverrides<'_>) -> anyhow::Result<Service> {
        let file = file(text);
        Service::resolve(&ServiceOverrides { config: Some(file.path()), ..overrides })
    }

    const FULL: &str = "api = 'https://krea.example.com'\nproxy = 'env'\nstore = ['command:cat']\n\
                        refusal_pause = '5s'\n\
                        [token_api]\nbase = 'https://tokens.example.com/v1'\ncredential_env = 'GATEWAY'\n";

    #[test]
    fn a_file_that_the_user_names_says_where_tokens_go() {
        let service = resolve(FULL, nothing()).unwrap();
        assert_eq!(service.api.to_string(), "https://krea.example.com");
        assert!(service.api_is_given);
        assert_eq!(service.http.proxy, Proxy::Environment);
        assert_eq!(service.http.pause, Duration::from_secs(5));
        assert_eq!(service.stores, ["command:cat".parse().unwrap()]);
        assert_eq!(service.ways.token_api.unwrap().base(), "https://tokens.example.com/v1");
    }

    #[test]
    fn the_command_line_wins() {
        let stores = ["env-file:.env".to_owned()];
        let overrides = ServiceOverrides {
            api: Some("http://127.0.0.1:1"),
            token_api: Some("http://127.0.0.1:2"),
            stores: &stores,
            proxy: Some("none"),
            timeout: Some(Duration::from_secs(3)),
            ..nothing()
        };
        let service = resolve(FULL, overrides).unwrap();
        assert_eq!(service.api.to_string(), "http://127.0.0.1:1");
        assert_eq!(service.stores, ["env-file:.env".parse().unwrap()]);
        assert_eq!(service.http.proxy, Proxy::None);
        assert_eq!(service.http.timeout, Duration::from_secs(3));
        let token_api = service.ways.token_api.unwrap();
        // The operations and the credential's name stay those of the file.
        assert_eq!((token_api.base(), token_api.credential_env()), ("http://127.0.0.1:2", "GATEWAY"));
    }

    #[test]
    fn by_default_tokens_go_to_krea_alone() {
        let service = resolve("", nothing()).unwrap();
        assert_eq!(service.api.to_string(), Host::KREA);
        assert!(!service.api_is_given && service.ways.token_api.is_none() && service.stores.is_empty());
    }

    #[test]
    fn what_cannot_be_meant_names_the_place() {
        for (text, says) in [
            ("api = 'http://krea.example.com'", "api"),
            (
                "apis = ''",
                "holds [[allow]], heed, api, proxy, store, refusal_pause, [token_api] and [krea_mcp]",
            ),
            ("store = ['s3:bucket']", "store"),
            ("refusal_pause = '0s'", "refusal_pause"),
            ("refusal_pause = 'never'", "refusal_pause"),
            ("refusal_pause = 1", "line 1"),
            ("[token_api]\nbase = 'ftp://x'", "token_api.base"),
            ("[token_api]\nbase = 'https://x'\ncredential = 'hidden'", "unknown field"),
        ] {
            let error = format!("{:#}", resolve(text, nothing()).unwrap_err());
            assert!(error.contains(says) && !error.contains("hidden"), "{error}");
        }
        let overrides = ServiceOverrides { api: Some("http://example.com"), ..nothing() };
        assert!(format!("{:#}", resolve("", overrides).unwrap_err()).starts_with("--api: "));
    }
}
