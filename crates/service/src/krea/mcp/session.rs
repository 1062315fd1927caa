//! One session with Krea's MCP server: opened, its tools listed, one of them called, closed. Takes what to do and a bearer
//! token, gives the tool's answer, or how far it came: what was certainly not done, and what may have been.
//!
//! With `sign_in.rs` the only asynchronous code; whoever calls from outside waits.

use super::answer::{Answer, Page};
use super::config::{KreaMcpConfig, Operation};
use super::schema::{self, Tool, ToolCall};
use crate::krea::authority::TokenList;
use crate::krea::http;
use crate::krea::liveness;
use krea_scan_http as http_words;
use krea_scan_token::common_words;
use reqwest::Url;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientCapabilities, ContentBlock, ErrorCode, ErrorData,
    Implementation, PaginatedRequestParams, ProtocolVersion,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RequestContext, RoleClient, RunningService,
    ServiceError,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::common::client_side_sse::NeverRetry;
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, HttpStatusError, InsufficientScopeError, StreamableHttpClientTransportConfig,
    StreamableHttpError,
};
use rmcp::{ClientHandler, model};
use serde_json::{Map, Value};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

/// More of an answer is not read, in bytes.
const ANSWER_BYTES: usize = 2 << 20;
/// Of an error that is no JSON, no more is read.
const ERROR_BYTES: usize = 4 << 10;
/// A session and all that is done in it takes no longer.
const SESSION: Duration = Duration::from_secs(45);
/// Its end takes no longer.
const GOODBYE: Duration = Duration::from_secs(2);
/// Pages of tokens, and of tools, that are read.
const PAGES: usize = 100;
const TOOL_PAGES: usize = 20;
/// Tools, and rows, that are read.
const MANY: usize = 10_000;
/// Characters of the server's own words that are shown.
const WORDS: usize = 160;

/// How far a session came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SessionError {
    /// The bearer token is not taken: nothing was done.
    Unauthorized,
    /// Certainly nothing was done; it may go well later, perhaps after this long.
    Busy(Option<Duration>, String),
    /// Whoever signed in may not do this: nothing was done.
    Forbidden(String),
    /// Certainly nothing was done.
    NotDone(String),
    /// It may have been done.
    MayBeDone(String),
}

impl SessionError {
    /// The same where nothing had been asked for yet.
    fn before(self) -> SessionError {
        match self {
            SessionError::MayBeDone(why) => SessionError::Busy(None, why),
            other => other,
        }
    }
}

/// Where a session goes, and with what.
pub(super) struct Endpoint {
    pub url: Url,
    pub client: reqwest::Client,
    /// How long one request may take.
    pub timeout: Duration,
}

type Session = RunningService<RoleClient, Refuses>;

/// A client that does nothing for the server: no sampling, no questions to the person, no folders.
#[derive(Clone)]
struct Refuses;

#[expect(deprecated, reason = "older servers speak and ask so")]
impl ClientHandler for Refuses {
    fn get_info(&self) -> model::ClientInfo {
        model::ClientInfo::new(
            ClientCapabilities::default(),
            Implementation::new("krea-scan", env!("CARGO_PKG_VERSION")),
        )
    }

    async fn list_roots(&self, _: RequestContext<RoleClient>) -> Result<model::ListRootsResult, ErrorData> {
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "refused", None))
    }

    async fn create_elicitation(
        &self,
        _: model::ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<model::ElicitResult, ErrorData> {
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "refused", None))
    }
}

impl Endpoint {
    /// Calls the tool of an operation with an id or a name. Gives its answer, and how it was called.
    pub async fn call(
        &self,
        bearer: &str,
        operation: Operation,
        value: &str,
        config: &KreaMcpConfig,
    ) -> Result<(Answer, ToolCall), SessionError> {
        self.within(bearer, async |session| {
            let tools = self.tools(session, config).await.map_err(SessionError::before)?;
            let call = schema::call(&tools, operation, config).map_err(SessionError::NotDone)?;
            let answer = self.answer(session, &call, call.arguments(value)).await?;
            Ok((answer, call))
        })
        .await
    }

    /// All tokens that are listed.
    pub async fn list(&self, bearer: &str, config: &KreaMcpConfig) -> Result<TokenList, SessionError> {
        self.within(bearer, async |session| {
            let tools = self.tools(session, config).await?;
            let call = schema::call(&tools, Operation::List, config).map_err(SessionError::NotDone)?;
            // A row's id is what the tool that revokes goes by.
            let revokes = schema::call(&tools, Operation::Revoke, config).map(|call| call.argument());
            let revokes = revokes.unwrap_or_default();
            let (mut list, mut at) = (TokenList::default(), None);
            for _ in 0..PAGES {
                let answer = self.answer(session, &call, call.page(at.as_deref())).await?;
                if answer.is_error {
                    let words = answer.words();
                    return Err(SessionError::NotDone(format!(
                        "{} answered with an error{words}",
                        call.tool
                    )));
                }
                let told = |why| SessionError::NotDone(format!("{} is not understood: {why}", call.tool));
                let Page { rows, next, is_cut } = answer.page(&revokes).map_err(told)?;
                list.rows.extend(rows);
                // What comes again is no further page.
                if next.is_none() || next == at || call.cursor.is_none() || list.rows.len() > MANY {
                    list.is_whole = next.is_none() && !is_cut;
                    break;
                }
                at = next;
            }
            Ok(list)
        })
        .await
    }

    /// Opens a session, does something in it, and closes it.
    async fn within<T>(
        &self,
        bearer: &str,
        work: impl AsyncFnOnce(&Session) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        let until = Instant::now() + SESSION;
        let late = |_| {
            let seconds = SESSION.as_secs();
            SessionError::MayBeDone(format!("Krea's MCP server took longer than {seconds} s"))
        };
        let session = timeout_at(until, self.open(bearer))
            .await
            .map_err(|over| late(over).before())
            .and_then(|opened| opened)?;
        let done = timeout_at(until, work(&session)).await.map_err(late).and_then(|done| done);
        // The server forgets it in time, too.
        let _ = timeout(GOODBYE, session.cancel()).await;
        done
    }

    async fn open(&self, bearer: &str) -> Result<Session, SessionError> {
        let mut config = StreamableHttpClientTransportConfig::with_uri(self.url.as_str())
            .auth_header(bearer)
            .max_sse_event_size(ANSWER_BYTES)
            .max_json_response_size(ANSWER_BYTES)
            .max_error_response_size(ERROR_BYTES);
        // Whatever breaks off is tried again by whoever asked, within bounds.
        config.retry_config = Arc::new(NeverRetry::default());
        let transport = StreamableHttpClientTransport::with_client(self.client.clone(), config);
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: None,
        };
        let opened = Refuses.serve_with_lifecycle(transport, lifecycle).await;
        opened.map_err(|error| self.not_opened(&error).before())
    }

    /// Waits for an answer as long as one may take. What answers a request without saying which one is never told to belong
    /// to it.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, SessionError> {
        match timeout(self.timeout, asked).await {
            Ok(answered) => answered.map_err(|error| self.not_called(&error)),
            Err(_) => Err(SessionError::MayBeDone(http_words::timed_out(self.timeout))),
        }
    }

    async fn tools(&self, session: &Session, config: &KreaMcpConfig) -> Result<Vec<Tool>, SessionError> {
        let (mut tools, mut at) = (Vec::new(), None::<String>);
        for _ in 0..TOOL_PAGES {
            let page = PaginatedRequestParams::default().with_cursor(at.clone());
            let listed = self.in_time(session.list_tools(Some(page))).await?;
            // What tools of other names take is not looked at.
            tools.extend(listed.tools.into_iter().map(|tool| {
                let is_wanted = config.may_call(&tool.name);
                let schema = if is_wanted { (*tool.input_schema).clone() } else { Map::new() };
                Tool { name: tool.name.into_owned(), schema }
            }));
            let next = listed.next_cursor.filter(|next| !next.is_empty() && Some(next) != at.as_ref());
            if next.is_none() || tools.len() > MANY {
                break;
            }
            at = next;
        }
        Ok(tools)
    }

    async fn answer(
        &self,
        session: &Session,
        call: &ToolCall,
        arguments: Map<String, Value>,
    ) -> Result<Answer, SessionError> {
        let params = CallToolRequestParams::new(call.tool.clone()).with_arguments(arguments);
        // An SDK tells what it does not like in a tool's own answer by the codes for what it does not like in a question.
        let called = self.in_time(session.call_tool_once(params)).await.map_err(|error| match error {
            SessionError::NotDone(why) => SessionError::MayBeDone(why),
            other => other,
        });
        let result = match called? {
            CallToolResponse::Complete(result) => result,
            _ => {
                let why = format!("{} asks for something first, which is refused", call.tool);
                return Err(SessionError::MayBeDone(why));
            }
        };
        let text = |content: ContentBlock| match content {
            ContentBlock::Text(text) => Some(Zeroizing::new(text.text)),
            _ => None,
        };
        Ok(Answer {
            is_error: result.is_error == Some(true),
            structured: result.structured_content,
            texts: result.content.into_iter().filter_map(text).collect(),
        })
    }

    fn not_opened(&self, error: &ClientInitializeError) -> SessionError {
        match error {
            ClientInitializeError::LegacyFallbackFailed { fallback, .. } => self.not_opened(fallback),
            ClientInitializeError::TransportError { error, .. } => self.not_sent(error.error.as_ref()),
            ClientInitializeError::JsonRpcError(error) => refusal(error),
            ClientInitializeError::NoCompatibleProtocolVersion { .. } => SessionError::NotDone(
                "Krea's MCP server speaks no version of the protocol that is known here".to_owned(),
            ),
            _ => SessionError::NotDone("Krea's MCP server did not answer as MCP servers do".to_owned()),
        }
    }

    fn not_called(&self, error: &ServiceError) -> SessionError {
        match error {
            ServiceError::McpError(error) => refusal(error),
            ServiceError::TransportSend(error) => self.not_sent(error.error.as_ref()),
            ServiceError::Timeout { timeout } => SessionError::MayBeDone(http_words::timed_out(*timeout)),
            ServiceError::TransportClosed => {
                SessionError::MayBeDone("the connection broke before an answer".to_owned())
            }
            _ => SessionError::MayBeDone("Krea's MCP server did not answer as MCP servers do".to_owned()),
        }
    }

    /// What became of a request, by what the transport says of it.
    fn not_sent(&self, error: &(dyn Error + 'static)) -> SessionError {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<AuthRequiredError>() {
                return SessionError::Unauthorized;
            }
            if error.is::<InsufficientScopeError>() {
                return SessionError::Forbidden(liveness::words(403));
            }
            if let Some(error) = error.downcast_ref::<reqwest::Error>() {
                let (words, not_sent) = http_words::failure(error, self.timeout);
                return if not_sent {
                    SessionError::Busy(None, words)
                } else {
                    SessionError::MayBeDone(words)
                };
            }
            if let Some(error) = error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
                match error {
                    // It is no source of the error that it is in.
                    StreamableHttpError::HttpStatus(error) => return answered(error),
                    StreamableHttpError::SessionExpired => {
                        return SessionError::Busy(None, "the session is over (404)".to_owned());
                    }
                    StreamableHttpError::ResponseBodyTooLarge { max_size } => {
                        return SessionError::MayBeDone(format!(
                            "the answer is larger than {max_size} bytes"
                        ));
                    }
                    StreamableHttpError::UnexpectedServerResponse(text) => {
                        return unexpected(text);
                    }
                    _ => {}
                }
            }
            cause = error.source();
        }
        SessionError::MayBeDone("the connection broke before an answer".to_owned())
    }
}

/// A status that says that it may go well later, or that something went wrong there.
fn answered(error: &HttpStatusError) -> SessionError {
    let words = liveness::words(error.status);
    match error.status {
        429 => SessionError::Busy(error.retry_after.as_deref().and_then(http_words::retry_after), words),
        _ => SessionError::MayBeDone(words),
    }
}

/// An answer that is no message of the protocol: its status says whether anything was done.
fn unexpected(text: &str) -> SessionError {
    let status =
        text.strip_prefix("HTTP ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    match status {
        Some(401) => SessionError::Unauthorized,
        Some(403) => SessionError::Forbidden(liveness::words(403)),
        // 408 is what some gateways answer for a server that is still at work.
        Some(status @ 300..=499) if status != 408 => SessionError::NotDone(liveness::words(status)),
        Some(status) => SessionError::MayBeDone(liveness::words(status)),
        None => SessionError::MayBeDone(
            "what Krea's MCP server answered is no message of the protocol".to_owned(),
        ),
    }
}

/// An error of the protocol. What the server could not even understand it did not do.
fn refusal(error: &ErrorData) -> SessionError {
    let said = common_words::line(&http::printable(&error.message, WORDS));
    let said = said.map(|text| format!(" (\"{text}\")")).unwrap_or_default();
    let words = format!("Krea's MCP server answered with error {}{said}", error.code.0);
    match error.code {
        ErrorCode::METHOD_NOT_FOUND
        | ErrorCode::INVALID_PARAMS
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::PARSE_ERROR => SessionError::NotDone(words),
        _ => SessionError::MayBeDone(words),
    }
}
