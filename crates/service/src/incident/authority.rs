//! Who revokes and mints in a run: the organisation's token API, Krea itself, or a person. Takes what the user said, gives the
//! way that is taken, and why. Which one it is, no step knows.

use super::console::{self, Console};
use super::guided;
use crate::krea::{
    Host, KreaMcp, KreaMcpConfig, Person, RequestOptions, TokenApi, TokenApiConfig, TokenAuthority, Via,
};
use anyhow::{Context as _, Result, bail};
use std::time::Duration;

/// How long a person may take to sign in.
const SIGN_IN: Duration = Duration::from_secs(300);

/// Which ways there are to revoke and mint, as the user's own words and files say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ways {
    /// `--via`.
    pub via: Option<Via>,
    /// The organisation's API.
    pub token_api: Option<TokenApiConfig>,
    /// What was said of Krea's MCP server.
    pub krea_mcp: KreaMcpConfig,
    /// `--krea-credential-env`: the variable with an API token that is sent to it instead of signing in.
    pub krea_credential_env: Option<String>,
}

impl Ways {
    /// These, and where they say nothing what others say.
    pub(super) fn or(self, others: Ways) -> Ways {
        let credential = match self.via {
            // Who asks for a way now, asks for it as it is said now.
            Some(_) => self.krea_credential_env,
            None => self.krea_credential_env.or(others.krea_credential_env),
        };
        Ways {
            via: self.via.or(others.via),
            token_api: self.token_api.or(others.token_api),
            krea_mcp: if self.krea_mcp == KreaMcpConfig::default() { others.krea_mcp } else { self.krea_mcp },
            krea_credential_env: credential,
        }
    }

    /// The variables of the environment with credentials that nothing else is to see.
    pub(super) fn credential_envs(&self) -> Vec<String> {
        let token_api = self.token_api.as_ref().map(|config| config.credential_env().to_owned());
        self.krea_credential_env.iter().cloned().chain(token_api).collect()
    }

    /// Which way is taken, and why.
    pub(super) fn choose(&self, console: &Console) -> (Via, &'static str) {
        match (self.via, &self.token_api, &self.krea_credential_env) {
            (Some(via), ..) => (via, "as --via says"),
            (None, Some(_), _) => (Via::TokenApi, "a token API is configured"),
            (None, None, Some(_)) => (Via::Krea, "a credential for it is given"),
            (None, None, None) if console.is_terminal() && !console.is_piped() => {
                (Via::Krea, "no token API is configured, and you can sign in; --via hand goes without")
            }
            (None, None, None) => (
                Via::Hand,
                "no token API is configured, and nobody is at a terminal to sign in to Krea; --via krea prints the address to \
                 sign in at",
            ),
        }
    }
}

/// Who revokes and mints, and the words for it.
pub(super) struct Authority<'a> {
    pub authority: Option<Box<dyn TokenAuthority + 'a>>,
    pub why: String,
}

/// Makes the client for the way that is taken; nothing is sent yet. `requests`: how they are sent, and how long a person is waited
/// for.
pub(super) fn choose<'a>(
    ways: &Ways,
    api: &Host,
    requests: (&RequestOptions, Duration),
    console: &'a Console,
) -> Result<Authority<'a>> {
    let ((via, why), (http, wait)) = (ways.choose(console), requests);
    let authority: Option<Box<dyn TokenAuthority>> = match via {
        Via::Hand => None,
        Via::TokenApi => {
            let Some(config) = &ways.token_api else {
                bail!(
                    "--via token-api needs a token API: name it with --token-api, or in [token_api] of your own config.toml"
                );
            };
            Some(Box::new(TokenApi::new(config, http)?))
        }
        Via::Krea => {
            let (config, credential) = (ways.krea_mcp.clone(), ways.krea_credential_env.as_deref());
            let wait = SIGN_IN.min(wait);
            let client = KreaMcp::new(api.clone(), config, credential, http, wait, console);
            Some(Box::new(client.context("--via krea")?))
        }
    };
    let through = authority.as_ref().map_or("by hand, on the API Tokens page".to_owned(), |authority| {
        format!("through {}", authority.name())
    });
    Ok(Authority { authority, why: format!("Revoking and minting: {through} ({why}).") })
}

impl Person for Console {
    fn tell(&self, text: &str) {
        self.print_always(text);
    }

    fn forget_typed(&self) {
        console::discard_typed();
    }

    fn open_in_browser(&self, address: &str) {
        self.show_address(address);
        guided::open_page(address);
    }

    fn is_there(&self) -> bool {
        self.is_terminal()
    }

    fn typed(&self) -> Option<String> {
        self.typed_line()
    }
}
