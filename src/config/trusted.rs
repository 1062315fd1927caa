//! A file that the user vouches for: one that the command line names with `--config`, or
//! `$XDG_CONFIG_HOME/krea-scan/config.toml`. What it says of hosts and sinks is read here and counts in `service.rs`.

use super::allow::AllowTable;
use super::{ConfigError, read_named, tree_directives};
use krea_scan_files::ScannedTrees;
#[cfg(feature = "incident")]
use krea_scan_service::krea::{KreaMcpConfig, TokenApiConfig};
use serde::Deserialize;
#[cfg(not(feature = "incident"))]
use serde::de::{IgnoredAny as TokenApiConfig, IgnoredAny as KreaMcpConfig};
use std::path::Path;

/// What a file that the user vouches for may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    not(feature = "incident"),
    expect(dead_code, reason = "a program that sends no token asks nobody where to")
)]
pub(super) struct TrustedFile {
    #[serde(default)]
    pub allow: Vec<AllowTable>,
    #[serde(default)]
    pub heed: Vec<tree_directives::TreeDirective>,
    pub api: Option<String>,
    pub proxy: Option<String>,
    #[serde(default)]
    pub store: Vec<String>,
    pub token_api: Option<TokenApiConfig>,
    #[serde(default)]
    pub krea_mcp: Option<KreaMcpConfig>,
    pub refusal_pause: Option<String>,
}

pub(super) fn read_trusted(trees: &ScannedTrees, path: &Path) -> Result<TrustedFile, ConfigError> {
    read_named(trees, path, |unknown_field| match unknown_field {
        true => {
            "; a configuration holds [[allow]], heed, api, proxy, store, refusal_pause, [token_api] and [krea_mcp]"
        }
        false => "",
    })
}
