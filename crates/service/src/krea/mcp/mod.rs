//! Krea itself revokes, mints and lists tokens: through its MCP server, by tools that are found at run time. Takes a host, a
//! person who signs in or a credential from the environment, ids and names; gives what was done, or how sure it is that
//! nothing was. The secret half of a token is never an argument of a tool, and nothing that the server describes is obeyed.
//!
//! Nothing of the tools' arguments is published: [`schema`] finds out, and what it does not understand is refused in words
//! that say what settles it. The protocol and the sign-in are the official SDK's; the asynchronous code stays in `session.rs`
//! and `sign_in.rs`.

mod answer;
mod arguments;
mod config;
mod redirect;
mod schema;
mod session;
mod sign_in;

pub use config::KreaMcpConfig;

use super::authority::{MintError, Minted, Person, Revocation, RevokeError, TokenAuthority, TokenList};
use super::http::{self, ClientError, RequestOptions};
use super::{Host, Krea};
use config::Operation;
use krea_scan_http::{self as http_setup, SetupError};
use krea_scan_token::{MASK, Status, Token, TokenKind};
use session::{Endpoint, SessionError};
use sign_in::{Means, NoAccess, SignIn};
use std::cell::RefCell;
use std::future::Future;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use zeroize::Zeroizing;

/// Where it is below Krea's API, from Krea's documentation of its MCP server.
const PATH: &str = "/mcp";
/// How long a new token may take until Krea accepts it.
const NEW_TOKEN: Duration = Duration::from_secs(10);
/// Nothing is tried again after so long.
const OPERATION: Duration = Duration::from_secs(45);
/// How long the wait for another try is at most.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A client for Krea's MCP server.
pub struct KreaMcp<'a> {
    host: Host,
    config: KreaMcpConfig,
    options: RequestOptions,
    sign_in_wait: Duration,
    endpoint: Endpoint,
    krea: Krea,
    person: &'a dyn Person,
    runtime: Runtime,
    credential: Credential,
    session: RefCell<Option<SignIn>>,
    /// What is never an argument, and never shown.
    withheld: RefCell<Vec<Zeroizing<String>>>,
    /// Why nobody is asked to sign in any more, and why nothing is listed any more.
    no_sign_in: RefCell<Option<String>>,
    no_list: RefCell<Option<SessionError>>,
}

/// By what a session is allowed.
enum Credential {
    /// A person signs in.
    SignIn,
    /// The API token in this environment variable.
    Given(String, Zeroizing<String>),
}

/// What was done since a bearer token was refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refused {
    Never,
    Refreshed,
    SignedInAnew,
}

impl<'a> KreaMcp<'a> {
    /// Makes a client; nothing is sent yet. With `credential_env`, the API token in that environment variable is sent instead
    /// of signing in.
    ///
    /// # Errors
    /// A credential that is not there or cannot be sent, no certificate store, a proxy that cannot be used.
    pub fn new(
        host: Host,
        config: KreaMcpConfig,
        credential_env: Option<&str>,
        options: &RequestOptions,
        sign_in_wait: Duration,
        person: &'a dyn Person,
    ) -> Result<KreaMcp<'a>, ClientError> {
        let credential = match credential_env {
            None => Credential::SignIn,
            Some(name) => {
                let (text, what) = (http::credential_in(name)?, "an API token of the workspace");
                let (text, _) = http::checked_credential(&text, name, what)?;
                Credential::Given(name.to_owned(), text)
            }
        };
        let url = host
            .below(PATH)
            .ok_or(SetupError::Client("the address of the API has no room for /mcp".to_owned()))?;
        let client = http_setup::build_async(http::builder_for(&host, options, 1)?)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| SetupError::Client(error.to_string()))?;
        Ok(KreaMcp {
            endpoint: Endpoint { url, client, timeout: options.timeout },
            krea: Krea::new(host.clone(), options)?,
            host,
            config,
            options: options.clone(),
            sign_in_wait,
            person,
            runtime,
            credential,
            session: RefCell::default(),
            withheld: RefCell::default(),
            no_sign_in: RefCell::default(),
            no_list: RefCell::default(),
        })
    }

    /// What Krea's MCP server is called, for people.
    pub fn name_at(host: &Host) -> String {
        format!("Krea's MCP server at {host}{PATH}")
    }

    /// Signs in.
    fn sign_in(&self) -> Result<(), String> {
        let means = Means {
            runtime: &self.runtime,
            client: &self.endpoint.client,
            endpoint: &self.endpoint.url,
            hosts: &self.config.hosts,
            timeout: self.options.timeout,
            wait: self.sign_in_wait,
            person: self.person,
            stop: self.options.stop.as_deref(),
        };
        if let Some(why) = self.no_sign_in.borrow().clone() {
            return Err(why);
        }
        let signed_in = SignIn::with(&means).inspect_err(|why| {
            self.no_sign_in.borrow_mut().get_or_insert_with(|| why.clone());
        })?;
        self.person.tell(&format!("  Signed in at {}.", signed_in.issuer));
        *self.session.borrow_mut() = Some(signed_in);
        Ok(())
    }

    /// What goes into the `Authorization` header; a sign-in that is over is done again.
    fn bearer(&self) -> Result<Zeroizing<String>, String> {
        if let Credential::Given(_, text) = &self.credential {
            return Ok(text.clone());
        }
        let mut access = self.session.borrow().as_ref().map(|session| session.access(&self.runtime));
        if !matches!(access, Some(Ok(_) | Err(NoAccess::Failed(_)))) {
            self.sign_in()?;
            access = self.session.borrow().as_ref().map(|session| session.access(&self.runtime));
        }
        match access {
            Some(Ok(access)) => Ok(access),
            Some(Err(NoAccess::Failed(why))) => Err(why),
            Some(Err(NoAccess::SignInAgain)) | None => Err("the sign-in was over at once".to_owned()),
        }
    }

    /// Does something with a bearer token, and again with another one where that is refused: after a refresh, then after
    /// another sign-in. What was certainly not done is tried again within bounds; `again`: what may have been done, too.
    fn with_access<F: Future<Output = Result<T, SessionError>>, T>(
        &self,
        again: bool,
        work: impl Fn(Zeroizing<String>) -> F,
    ) -> Result<T, SessionError> {
        let (mut refused, mut tries, mut pause) = (Refused::Never, 0, self.options.backoff);
        let until = Instant::now() + OPERATION;
        loop {
            if self.options.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(SessionError::NotDone("the run is to end".to_owned()));
            }
            let bearer = self.bearer().map_err(SessionError::NotDone)?;
            let error = match self.runtime.block_on(work(bearer)) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let wait = match &error {
                SessionError::Unauthorized => match self.renewed(refused) {
                    Some(renewed) => {
                        refused = renewed;
                        continue;
                    }
                    None => return Err(error),
                },
                SessionError::Busy(wait, _) => *wait,
                SessionError::MayBeDone(_) if again => None,
                SessionError::NotDone(_) | SessionError::Forbidden(_) | SessionError::MayBeDone(_) => {
                    return Err(error);
                }
            };
            tries += 1;
            if tries >= self.options.tries || Instant::now() >= until {
                return Err(match error {
                    SessionError::Busy(_, why) => SessionError::NotDone(format!("{why} ({tries} tries)")),
                    other => other,
                });
            }
            thread::sleep(wait.unwrap_or(pause).min(MAX_PAUSE));
            pause *= 2;
        }
    }

    /// Sees to another bearer token after one was refused: by a refresh, else by another sign-in. `None` where there is no other.
    fn renewed(&self, refused: Refused) -> Option<Refused> {
        if matches!(self.credential, Credential::Given(..)) || refused == Refused::SignedInAnew {
            return None;
        }
        let refreshed = |session: &SignIn| session.refresh(&self.runtime).is_ok();
        if refused == Refused::Never && self.session.borrow().as_ref().is_some_and(refreshed) {
            return Some(Refused::Refreshed);
        }
        self.person.tell("  Krea does not take the sign-in any more; sign in once more.");
        self.session.borrow_mut().take();
        Some(Refused::SignedInAnew)
    }

    fn words(&self, error: &SessionError) -> String {
        match error {
            SessionError::Unauthorized => self.refused(),
            SessionError::Busy(_, why)
            | SessionError::NotDone(why)
            | SessionError::Forbidden(why)
            | SessionError::MayBeDone(why) => why.clone(),
        }
    }

    fn refused(&self) -> String {
        match &self.credential {
            Credential::Given(name, _) => format!(
                "{} refuses the credential in ${name} (401); its token tools may want somebody to sign in (--via krea without \
                 --krea-credential-env)",
                self.name()
            ),
            Credential::SignIn => format!("{} refuses the sign-in (401)", self.name()),
        }
    }

    fn listed(&self) -> Result<TokenList, SessionError> {
        if let Some(error) = self.no_list.borrow().clone() {
            return Err(error);
        }
        let listed = self.with_access(true, async |bearer: Zeroizing<String>| {
            let mut list = self.endpoint.list(&bearer, &self.config).await?;
            let half = bearer.split_once(':').map(|(_, secret)| Zeroizing::new(secret.to_owned()));
            let mut secrets: Vec<_> = half.into_iter().chain([bearer]).collect();
            secrets.extend(self.withheld.borrow().iter().cloned());
            list.rows.iter_mut().for_each(|row| row.hide(&secrets));
            Ok(list)
        });
        // What took all of its time takes it only once in a run.
        if let Err(error @ SessionError::MayBeDone(_)) = &listed {
            *self.no_list.borrow_mut() = Some(error.clone());
        }
        listed
    }

    /// The new token among what an answer holds: what Krea accepts, where that is one.
    fn token(&self, candidates: &[Zeroizing<String>]) -> Result<Token, String> {
        let tokens: Vec<Token> =
            candidates.iter().map(|text| Token::new(TokenKind::Pair, text.as_bytes())).collect();
        if tokens.is_empty() {
            return Err("the answer holds nothing of a token's shape".to_owned());
        }
        let until = Instant::now() + NEW_TOKEN;
        let mut pause = self.options.backoff;
        loop {
            let answers = self.krea.livenesses(&tokens);
            let mut live = tokens.iter().zip(&answers).filter(|(_, answer)| answer.status == Status::Live);
            match (live.next(), live.next()) {
                (Some((token, _)), None) => return Ok(token.clone()),
                (Some(_), Some(_)) => {
                    return Err("the answer holds several tokens that Krea accepts".to_owned());
                }
                (None, _) => {}
            }
            if Instant::now() >= until {
                let unknown = answers.iter().any(|answer| answer.status != Status::Dead);
                // What alone has a token's shape is the token, though Krea cannot be asked now: it is asked again.
                return match tokens.as_slice() {
                    [token] if unknown => Ok(token.clone()),
                    _ => Err("Krea accepts nothing of what the answer holds".to_owned()),
                };
            }
            thread::sleep(pause);
            pause *= 2;
        }
    }
}

impl TokenAuthority for KreaMcp<'_> {
    fn name(&self) -> String {
        KreaMcp::name_at(&self.host)
    }

    fn signs_in(&self) -> bool {
        matches!(self.credential, Credential::SignIn)
    }

    fn hands_over(&self) -> bool {
        true
    }

    fn withholds(&self, token: &Token) {
        let secret = String::from_utf8_lossy(token.secret()).into_owned();
        self.withheld.borrow_mut().push(Zeroizing::new(secret));
    }

    fn open(&self) -> Result<(), String> {
        match &self.credential {
            Credential::SignIn => self.bearer().map(drop),
            // Whether it may use the token tools, only asking tells.
            Credential::Given(..) => match self.listed() {
                Err(SessionError::Unauthorized) => Err(self.refused()),
                Err(SessionError::Forbidden(why)) => Err(why),
                Ok(_) | Err(_) => Ok(()),
            },
        }
    }

    fn close(&self) -> Option<String> {
        self.session.borrow_mut().take()?.end(&self.runtime)
    }

    fn revoke(&self, id: &str) -> Result<Revocation, RevokeError> {
        let failed = |error: SessionError| RevokeError(self.words(&error));
        let (row, is_listed_as_revoked) = match self.listed() {
            Ok(list) => match list.of(id) {
                Some(row) => (row.id.clone(), row.is_revoked),
                None if list.lacks(id) => {
                    let why = "the workspace that was signed in to has no such token: another workspace owns it, or it is \
                               gone; sign in there, or tell its owner";
                    return Err(RevokeError(why.to_owned()));
                }
                None => (id.to_owned(), false),
            },
            Err(error @ SessionError::Unauthorized) => return Err(failed(error)),
            // Without a list it goes by the token's own id.
            Err(_) => (id.to_owned(), false),
        };
        // A row whose id is a secret has it masked: then it goes by the token's own.
        let row = if row == MASK { id.to_owned() } else { row };
        if self.withheld.borrow().iter().any(|secret| row.contains(secret.as_str())) {
            return Err(RevokeError("nothing was sent: what is to be its id holds a secret".to_owned()));
        }
        let (answer, call) = self
            .with_access(true, async |bearer: Zeroizing<String>| {
                self.endpoint.call(&bearer, Operation::Revoke, &row, &self.config).await
            })
            .map_err(failed)?;
        if answer.is_error && is_listed_as_revoked {
            return Ok(Revocation::AlreadyGone);
        }
        if answer.is_error {
            return Err(RevokeError(format!("{} answered with an error{}", call.tool, answer.words())));
        }
        Ok(Revocation::Done)
    }

    fn mint(&self, name: &str) -> Result<Minted, MintError> {
        let (answer, call) = self
            .with_access(false, async |bearer: Zeroizing<String>| {
                self.endpoint.call(&bearer, Operation::Mint, name, &self.config).await
            })
            .map_err(|error| match error {
                SessionError::MayBeDone(why) => MintError::MayBeDone(why),
                other => MintError::NotDone(self.words(&other)),
            })?;
        if answer.is_error {
            return Err(MintError::MayBeDone(format!(
                "{} answered with an error{}",
                call.tool,
                answer.words()
            )));
        }
        let token = self.token(&answer.minted()).map_err(MintError::MayBeDone)?;
        let own = || token.id().map(|id| String::from_utf8_lossy(id).into_owned());
        let id = answer.minted_id("", token.secret()).or_else(own).unwrap_or_default();
        Ok(Minted { id, token })
    }

    fn list(&self) -> Option<Result<TokenList, String>> {
        Some(self.listed().map_err(|error| self.words(&error)))
    }
}
