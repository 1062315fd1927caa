//! Signing in: OAuth as the MCP specification has it, by the SDK. What the server's metadata names is contacted only after it
//! was said on screen, and only over HTTPS (or on this machine); the access and refresh tokens live in memory alone.

use super::redirect::{NoCode, Redirect};
use crate::krea::authority::Person;
use crate::krea::host;
use crate::krea::http::printable;
use krea_scan_http as http_words;
use krea_scan_token::{MASK, common_words};
use oauth2::TokenResponse as _;
use reqwest::Url;
use rmcp::transport::auth::{
    AuthError, AuthorizationCallback, AuthorizationManager, AuthorizationMetadata, OAuthHttpClient,
    OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRequest,
};
use std::collections::BTreeSet;
use std::error::Error;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

/// More of an answer is not read, in bytes.
const ANSWER_BYTES: usize = 1 << 20;
/// Characters of an error's code that are shown.
const CODE: usize = 40;
/// How the program is called where a person allows it.
const CLIENT: &str = "krea-scan";

/// What a sign-in needs.
pub(super) struct Means<'a> {
    pub runtime: &'a Runtime,
    pub client: &'a reqwest::Client,
    pub endpoint: &'a Url,
    /// Further hosts that a person named.
    pub hosts: &'a [String],
    pub timeout: Duration,
    /// How long to wait for the browser.
    pub wait: Duration,
    pub person: &'a dyn Person,
    pub stop: Option<&'a AtomicBool>,
}

/// A sign-in that went well.
pub(super) struct SignIn {
    manager: AuthorizationManager,
    web: Arc<Web>,
    /// Who signed in, for people: the authorization server.
    pub issuer: String,
    revocation: Option<Url>,
}

/// Why there is no access token.
pub(super) enum NoAccess {
    /// A person has to sign in again.
    SignInAgain,
    /// It may go well later.
    Failed(String),
}

/// Sends what the SDK asks for, to the hosts that may be asked. Follows no redirect.
struct Web {
    client: reqwest::Client,
    timeout: Duration,
    allowed: Mutex<Allowed>,
}

#[derive(Default)]
struct Allowed {
    origins: BTreeSet<String>,
    /// What was wanted and is not among them.
    wanted: Option<Url>,
}

/// Why a request of the sign-in was not sent.
#[derive(Debug, thiserror::Error)]
enum WebError {
    #[error("{0} may not be asked")]
    OtherHost(String),
    #[error("the answer is larger than {ANSWER_BYTES} bytes")]
    TooBig,
    #[error("{0}")]
    Failed(String),
}

impl Web {
    fn allowed(&self) -> MutexGuard<'_, Allowed> {
        self.allowed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may(&self, url: &Url) -> bool {
        let mut allowed = self.allowed();
        let is_allowed = allowed.origins.contains(&origin(url));
        if !is_allowed {
            allowed.wanted.get_or_insert_with(|| url.clone());
        }
        is_allowed
    }

    async fn send(&self, request: reqwest::Request) -> Result<oauth2::HttpResponse, WebError> {
        if !self.may(request.url()) {
            return Err(WebError::OtherHost(origin(request.url())));
        }
        let failed = |error: reqwest::Error| WebError::Failed(http_words::failure(&error, self.timeout).0);
        let mut response = self.client.execute(request).await.map_err(failed)?;
        let mut built = oauth2::http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            built = built.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(WebError::TooBig);
            }
            body.extend_from_slice(&chunk);
        }
        built.body(body).map_err(|_| WebError::Failed("what was answered is no HTTP".to_owned()))
    }
}

impl OAuthHttpClient for Web {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request.request)?;
            self.send(request).await.map_err(|error| Box::new(error) as OAuthHttpClientError)
        })
    }
}

/// Scheme, host and port.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl SignIn {
    /// Signs in with a person at a browser.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn with(means: &Means<'_>) -> Result<SignIn, String> {
        let Means { runtime, person, .. } = means;
        let redirect =
            Redirect::listen().map_err(|error| format!("no port on this machine is free: {error}"))?;
        let web =
            Arc::new(Web { client: means.client.clone(), timeout: means.timeout, allowed: Mutex::default() });
        web.allowed().origins.insert(origin(means.endpoint));
        for host in means.hosts {
            let host = host::Host::parse(host).map_err(|why| format!("krea_mcp.hosts: {why}"))?;
            web.allowed().origins.insert(host.origin());
        }
        let http: Arc<dyn OAuthHttpClient> = Arc::clone(&web) as _;
        let manager = AuthorizationManager::new_with_oauth_http_client(means.endpoint.as_str(), http);
        let mut manager = runtime.block_on(manager).map_err(|error| told(&error))?;
        let metadata = metadata(means, &web, &mut manager)?;
        let revocation = revocation_endpoint(&metadata).and_then(|url| Url::parse(url).ok());
        let issuer = metadata.issuer.as_deref().and_then(|issuer| Url::parse(issuer).ok());
        let issuer = issuer.map_or_else(|| origin(means.endpoint), |issuer| origin(&issuer));

        let address = runtime
            .block_on(async {
                let scopes = manager.select_initial_scopes(&[]).await;
                let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
                manager.register_client(CLIENT, redirect.address(), &scopes).await?;
                manager.get_authorization_url(&scopes).await
            })
            .map_err(|error| told(&error))?;
        let url = Url::parse(&address).map_err(|_| "the address to sign in at is no URL".to_owned())?;
        let state = url.query_pairs().find(|(key, _)| key == "state").map(|(_, state)| state.into_owned());
        let state = state.ok_or("the address to sign in at has no state")?;
        person.forget_typed();
        person.tell("  Sign in at this address, and choose the workspace that owns the token:");
        person.open_in_browser(&address);
        let typed = match person.is_there() {
            true => {
                " Where the browser cannot reach this computer (over SSH), paste here the address that it ended at. Enter alone \
                 goes on by hand."
            }
            false => "",
        };
        person.tell(&format!("  This goes on by itself once you have allowed it.{typed}"));
        let answered = redirect.wait(&state, means.wait, *person, means.stop).map_err(|why| match why {
            NoCode::Declined(code) => format!("the sign-in was declined ({})", printable(&code, CODE)),
            NoCode::ByHand => "you chose to go on by hand".to_owned(),
            NoCode::Late => format!("nobody signed in within {} s", means.wait.as_secs()),
            NoCode::Stopped => "the run is to end".to_owned(),
        })?;
        let callback =
            AuthorizationCallback::from_redirect_url(answered.as_str()).map_err(|error| told(&error))?;
        runtime
            .block_on(manager.exchange_code_for_token_with_issuer(
                &callback.code,
                &callback.csrf_token,
                callback.issuer.as_deref(),
            ))
            .map_err(|error| told(&error))?;
        Ok(SignIn { manager, web, issuer, revocation })
    }

    /// The access token; a new one where it is over.
    pub fn access(&self, runtime: &Runtime) -> Result<Zeroizing<String>, NoAccess> {
        runtime.block_on(self.manager.get_access_token()).map(Zeroizing::new).map_err(no_access)
    }

    /// Gets a new access token, after one was refused.
    pub fn refresh(&self, runtime: &Runtime) -> Result<(), NoAccess> {
        runtime.block_on(self.manager.refresh_token()).map(drop).map_err(no_access)
    }

    /// Ends it: at the authorization server where that can be done, else it says how.
    pub fn end(self, runtime: &Runtime) -> Option<String> {
        let by_hand = || {
            Some(format!(
                "The sign-in of krea-scan is still valid at {} until it ends by itself; to end it now, disconnect krea-scan \
                 in the settings of your account there.",
                self.issuer
            ))
        };
        let Some(url) = self.revocation.clone() else { return by_hand() };
        let revoked = runtime.block_on(async {
            let (client, tokens) = self.manager.get_credentials().await.ok()?;
            let tokens = tokens?;
            let refresh =
                tokens.refresh_token().map(|token| ("refresh_token", Zeroizing::new(token.secret().clone())));
            let access = ("access_token", Zeroizing::new(tokens.access_token().secret().clone()));
            for (kind, token) in refresh.into_iter().chain([access]) {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.append_pair("token", &token)
                    .append_pair("token_type_hint", kind)
                    .append_pair("client_id", &client)
                    // It has none, and some servers want to be told (RFC 6749, 2.3.1, lets it be empty).
                    .append_pair("client_secret", "");
                let request = self.web.client.post(url.clone()).body(form.finish());
                let kind = reqwest::header::HeaderValue::from_static("application/x-www-form-urlencoded");
                let request = request.header(reqwest::header::CONTENT_TYPE, kind).build().ok()?;
                let answer = self.web.send(request).await.ok()?;
                answer.status().is_success().then_some(())?;
            }
            Some(())
        });
        match revoked {
            Some(()) => None,
            None => by_hand(),
        }
    }
}

/// What the server says of how to sign in. The authorization server that it names is contacted once that was said.
fn metadata(
    means: &Means<'_>,
    web: &Web,
    manager: &mut AuthorizationManager,
) -> Result<AuthorizationMetadata, String> {
    let mut found = means.runtime.block_on(manager.resolve_metadata());
    let wanted = web.allowed().wanted.take();
    if let Some(wanted) = wanted {
        let name = allowed_scheme(&wanted, means.endpoint)?;
        means
            .person
            .tell(&format!("  Krea's MCP server names {name} for signing in; that is contacted now, too."));
        web.allowed().origins.insert(name);
        found = means.runtime.block_on(manager.resolve_metadata());
    }
    let found = found.map_err(|error| told(&error))?;
    if !found.source.is_discovered() {
        return Err("it does not say how to sign in (no metadata of an authorization server)".to_owned());
    }
    let metadata = found.metadata;
    if metadata.code_challenge_methods_supported.is_none() {
        return Err(
            "its metadata does not say that it knows PKCE with S256, without which nobody may sign in"
                .to_owned(),
        );
    }
    let named = [
        Some(metadata.authorization_endpoint.as_str()),
        Some(metadata.token_endpoint.as_str()),
        metadata.registration_endpoint.as_deref(),
        revocation_endpoint(&metadata),
    ];
    for address in named.into_iter().flatten() {
        let url =
            Url::parse(address).map_err(|_| "its metadata names an address that is no URL".to_owned())?;
        if !web.allowed().origins.contains(&origin(&url)) {
            let other = allowed_scheme(&url, means.endpoint)?;
            return Err(format!(
                "its metadata names another host, {other}, which is not contacted; where it belongs to Krea, name it in your \
                 own config.toml:\n      [krea_mcp]\n      hosts = [\"{other}\"]"
            ));
        }
    }
    manager.set_metadata(metadata.clone());
    Ok(metadata)
}

/// Where a sign-in is ended, if that is told.
fn revocation_endpoint(metadata: &AuthorizationMetadata) -> Option<&str> {
    metadata.additional_fields.get("revocation_endpoint")?.as_str()
}

/// The origin of an address, where it may be spoken to: over HTTPS, or on this machine as the server itself.
fn allowed_scheme(url: &Url, endpoint: &Url) -> Result<String, String> {
    let is_local = url.scheme() == "http" && host::is_loopback(url) && host::is_loopback(endpoint);
    if (url.scheme() == "https" && url.host_str().is_some()) || is_local {
        return Ok(printable(&origin(url), 200));
    }
    let named = match url.host_str() {
        Some(_) if matches!(url.scheme(), "http" | "https") => printable(&origin(url), 200),
        _ => format!("an address of {}:", printable(url.scheme(), 40)),
    };
    Err(format!(
        "its metadata names {named}, which is not contacted: only https:// is (and http:// on this machine)"
    ))
}

fn no_access(error: AuthError) -> NoAccess {
    match error {
        AuthError::AuthorizationRequired | AuthError::TokenRefreshRejected(_) | AuthError::TokenExpired => {
            NoAccess::SignInAgain
        }
        other => NoAccess::Failed(told(&other)),
    }
}

/// What went wrong with a sign-in, in words of ours; of the server's, its common words.
fn told(error: &AuthError) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<WebError>() {
            return format!("the sign-in failed: {error}");
        }
        cause = error.source();
    }
    if let AuthError::AuthorizationServersUnavailable { authorization_servers, .. } = error {
        let names = printable(&authorization_servers.join(", "), 200);
        return format!(
            "the sign-in failed: its metadata names {names} for signing in, which does not say how"
        );
    }
    let what = match error {
        AuthError::PkceUnsupported => "the authorization server does not know PKCE with S256",
        AuthError::RegistrationFailed(_) => "krea-scan could not be registered there",
        AuthError::TokenExchangeFailed(_) => "the code that the browser brought was not taken",
        AuthError::AuthorizationServerMismatch { .. }
        | AuthError::AuthorizationServerMissingIssuer { .. } => {
            "the answer came from another authorization server than the one that was asked"
        }
        AuthError::NoAuthorizationSupport => "it does not say how to sign in",
        _ => "the authorization server did not answer as it should",
    };
    // Half of what it says helps nobody.
    let said = common_words::line(&printable(&error.to_string(), 200)).filter(|said| !said.contains(MASK));
    match said {
        Some(said) => format!("the sign-in failed: {what} ({said})"),
        None => format!("the sign-in failed: {what}"),
    }
}
