//! Who revokes and mints in this run: the organisation's token API, Krea itself, or a person. Chooses, signs in, and looks up
//! what the workspace has; where any of that fails, a person does it by hand. Which one it is, no other step knows.

use super::begin::IncidentOptions;
use super::case::Case;
use super::console::Console;
use super::guided;
use super::journal::JournalEvent;
use super::run::{IncidentRun, RunPart};
use super::terminal_text::Tone;
use crate::krea::{Host, KreaMcp, KreaMcpConfig, Person, TokenApi, TokenApiConfig, TokenAuthority, Via};
use anyhow::{Context as _, Result, bail};
use jiff::ToSpan as _;
use krea_scan_token::{Fingerprint, Token};
use std::time::Duration;

/// How long a person may take to sign in.
const SIGN_IN: Duration = Duration::from_secs(300);
/// Names that are tried until one is free.
const NAMES: usize = 20;

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
        Ways {
            via: self.via.or(others.via),
            token_api: self.token_api.or(others.token_api),
            krea_mcp: if self.krea_mcp == KreaMcpConfig::default() { others.krea_mcp } else { self.krea_mcp },
            krea_credential_env: self.krea_credential_env.or(others.krea_credential_env),
        }
    }

    /// The variable of the environment with a credential that nothing else is to see.
    pub(super) fn credential_env(&self) -> Option<String> {
        let token_api = self.token_api.as_ref().map(|config| config.credential_env().to_owned());
        self.krea_credential_env.clone().or(token_api)
    }

    /// Which way is gone, and why.
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

/// Makes the client for the way that is gone; nothing is sent yet.
pub(super) fn choose<'a>(
    ways: &Ways,
    api: &Host,
    options: &IncidentOptions,
    console: &'a Console,
) -> Result<Authority<'a>> {
    let (via, why) = ways.choose(console);
    let authority: Option<Box<dyn TokenAuthority>> = match via {
        Via::Hand => None,
        Via::TokenApi => {
            let Some(config) = &ways.token_api else {
                bail!(
                    "--via token-api needs a token API: name it with --token-api, or in [token_api] of your own config.toml"
                );
            };
            Some(Box::new(TokenApi::new(config, &options.http)?))
        }
        Via::Krea => {
            let (config, credential) = (ways.krea_mcp.clone(), ways.krea_credential_env.as_deref());
            let wait = SIGN_IN.min(options.wait);
            let client = KreaMcp::new(api.clone(), config, credential, &options.http, wait, console);
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

    fn open_in_browser(&self, address: &str) {
        self.show_address(address);
        guided::open_page(address);
    }

    fn typed(&self) -> Option<String> {
        self.typed_line()
    }
}

impl IncidentRun<'_> {
    /// Makes ready to revoke and mint: signs in where that is needed, and looks the leaked tokens up. Where that fails, a person
    /// goes on.
    pub(super) fn open_authority(&mut self) -> Result<()> {
        let sinks = self.sink_names();
        let revokes = self.select(|case| !case.is_dead()).iter().any(|token| self.by_authority(token));
        let mints = |case: &Case| case.wants_replacement(&sinks) && !case.is_replaced(&sinks);
        if !revokes && !self.cases.iter().any(mints) {
            return Ok(());
        }
        let Some(at) = self.authority.as_ref().map(|authority| authority.name()) else { return Ok(()) };
        if self.signs_in {
            self.heading(RunPart::SignIn, &format!("to {at}"));
            self.record(JournalEvent::SigningIn { server: at.clone() })?;
        }
        self.at_interrupt("Nothing was revoked by this run.");
        let opened = self.authority.as_ref().map_or(Ok(()), |authority| authority.open());
        self.at_interrupt("");
        if let Err(reason) = opened {
            self.console.insist_as(Tone::Bad, format!("  Not through {at}: {reason}"));
            self.console.print_always("  It goes on by hand.");
            self.authority = None;
            return Ok(self.record(JournalEvent::NotSignedIn { server: at, reason })?);
        }
        self.record(JournalEvent::SignedIn { server: at })?;
        self.look_up()
    }

    /// Looks up what the list says of the leaked tokens.
    fn look_up(&mut self) -> Result<()> {
        let list = match self.authority.as_ref().and_then(|authority| authority.list()) {
            None => return Ok(()),
            Some(Ok(list)) => list,
            Some(Err(why)) => {
                self.console.print_always(format!("  The workspace's tokens could not be listed: {why}"));
                return Ok(());
            }
        };
        // Servers tell the second.
        let begun = self.started.checked_sub(2.seconds()).unwrap_or(self.started);
        for token in self.select(|case| !case.is_dead()) {
            let id = self
                .leaked
                .get(&token)
                .and_then(Token::id)
                .map(|id| String::from_utf8_lossy(id).into_owned());
            let Some(id) = id else { continue };
            let row = list.of(&id).cloned();
            match &row {
                // The list is read after it was asked whether the token is live.
                Some(row) if row.last_used().is_some_and(|last| last >= begun) => {
                    self.say(&token, Tone::Plain, &format!("{} (which this run's own question may be)", row.line()));
                }
                Some(row) => self.say(&token, Tone::Plain, &row.line()),
                None if list.is_whole => self.say(
                    &token,
                    Tone::Bad,
                    "is not among this workspace's tokens: another workspace owns it; sign in there, or tell its owner",
                ),
                None => {
                    self.say(&token, Tone::Plain, "is not among the tokens that were listed, which are not all");
                    continue;
                }
            }
            self.record(JournalEvent::Listed { token, row })?;
        }
        Ok(())
    }

    /// A name for the replacement that no token of the workspace has, as far as they can be listed. Only then whatever is called
    /// so afterwards is known to be the replacement.
    pub(super) fn unused_name(&mut self, token: &Fingerprint) -> Result<String> {
        let first = self.next_name(token);
        if self.case(token).is_some_and(|case| case.free_name.is_some()) {
            return Ok(first);
        }
        let Some(Ok(list)) = self.authority.as_ref().and_then(|authority| authority.list()) else {
            return Ok(first);
        };
        let names = std::iter::once(first.clone()).chain((1..NAMES).map(|n| super::naming::again(&first, n)));
        let free = names.filter(|_| list.is_whole).find(|name| list.named(name).next().is_none());
        let Some(name) = free else { return Ok(first) };
        self.record(JournalEvent::NameFree { token: token.clone(), name: name.clone() })?;
        Ok(name)
    }

    /// Whether it is known what became of a mint whose answer was lost: by the list, nothing of that name is there, or one that
    /// nothing but this mint can have made, and that is revoked now.
    pub(super) fn is_settled(&mut self, token: &Fingerprint, name: &str) -> Result<bool> {
        let was_free = self.case(token).is_some_and(|case| case.free_name.as_deref() == Some(name));
        let Some(authority) = self.authority.as_ref().filter(|_| was_free) else { return Ok(false) };
        let listed = || authority.list().and_then(Result::ok).filter(|list| list.is_whole);
        let Some(list) = listed() else { return Ok(false) };
        let rows: Vec<_> = list.named(name).filter(|row| !row.is_revoked).collect();
        let [row] = rows.as_slice() else {
            if rows.is_empty() {
                self.say(
                    token,
                    Tone::Plain,
                    &format!("no token named \"{name}\" was created: the list has none"),
                );
            }
            return Ok(rows.is_empty());
        };
        let revoked = authority.revoke(&row.id);
        let is_gone = listed().is_some_and(|list| list.named(name).all(|row| row.is_revoked));
        match revoked {
            Ok(_) if is_gone => {
                let said = format!(
                    "\"{name}\" had been created, and nobody holds it: it was found in the list, and revoked"
                );
                self.say(token, Tone::Good, &said);
                self.record(JournalEvent::OrphanRevoked { token: token.clone(), name: name.to_owned() })?;
                Ok(true)
            }
            Ok(_) | Err(_) => Ok(false),
        }
    }
}
