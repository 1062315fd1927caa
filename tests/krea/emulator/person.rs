//! A client that signs a person in and talks to the MCP server, and hides nothing: every step is a raw request.

use super::client::{Answer, ask, exchange};
use crate::support::browser::{self, Page};
use crate::support::emulator::Emulator;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const REDIRECT: &str = "http://127.0.0.1:9/callback";
pub const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

/// A form, or a query.
pub fn form(pairs: &[(&str, &str)]) -> String {
    let spelled = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", spelled(name), spelled(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The pairs, but for one that is other.
pub fn but<'a>(pairs: &[(&'a str, &'a str)], name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    pairs.iter().map(|pair| (pair.0, if pair.0 == name { value } else { pair.1 })).collect()
}

/// Registers a client; gives its id.
pub fn register(emulator: &Emulator) -> String {
    let body = json!({ "client_name": "a <test>", "redirect_uris": [REDIRECT] }).to_string();
    let answer = ask(emulator, "POST", "/oauth/register", "", Some(&body));
    assert_eq!(answer.status, 201);
    answer.json()["client_id"].as_str().unwrap().to_owned()
}

/// The address of the sign-in page.
pub fn address(emulator: &Emulator, query: &[(&str, &str)]) -> String {
    format!("{}/oauth/authorize?{}", emulator.api(), form(query))
}

/// What a good address of it asks for.
pub fn asked<'a>(client: &'a str, resource: &'a str, challenge: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
        ("state", "a state & more"),
        ("resource", resource),
    ]
}

pub fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The value of a parameter that the browser is sent back with.
pub fn sent_back(page: &Page, name: &str) -> Option<String> {
    let query = page.location.as_ref()?.strip_prefix(REDIRECT)?.strip_prefix('?')?;
    let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(pair).decode_utf8().unwrap().into_owned())
}

/// Registers, and presses a button of the sign-in page; gives the client's id and where that leads.
pub fn press(emulator: &Emulator, button: &str) -> (String, Page) {
    let (client, resource, challenge) = (register(emulator), emulator.mcp(), challenge());
    let address = address(emulator, &asked(&client, &resource, &challenge));
    let page = browser::press(&address, button);
    (client, page)
}

/// What a good exchange of the code says.
pub fn exchanged<'a>(client: &'a str, code: &'a str, resource: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT),
        ("resource", resource),
    ]
}

/// Asks the token endpoint.
pub fn token(emulator: &Emulator, pairs: &[(&str, &str)]) -> Answer {
    ask(emulator, "POST", "/oauth/token", "", Some(&form(pairs)))
}

/// Asks it for new tokens.
pub fn refresh(emulator: &Emulator, client: &str, refresh: &str) -> Answer {
    token(emulator, &[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", refresh)])
}

/// A person's sign-in.
pub struct SignIn {
    pub client: String,
    pub access: String,
    pub refresh: String,
}

/// Signs in to a workspace.
#[track_caller]
pub fn sign_in(emulator: &Emulator, workspace: &str) -> SignIn {
    let (client, page) = press(emulator, &format!("workspace={workspace}&consent=allow"));
    let code = sent_back(&page, "code").unwrap_or_else(|| panic!("no code: {page:?}"));
    let tokens = token(emulator, &exchanged(&client, &code, &emulator.mcp())).json();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    SignIn { client, access: text("access_token"), refresh: text("refresh_token") }
}

/// A client of the MCP server.
pub struct Session<'a> {
    pub emulator: &'a Emulator,
    pub bearer: String,
    pub id: String,
}

impl<'a> Session<'a> {
    /// Initializes a session.
    #[track_caller]
    pub fn begin(emulator: &'a Emulator, bearer: &str) -> Session<'a> {
        let mut session = Session { emulator, bearer: bearer.to_owned(), id: String::new() };
        let begun = session.call("initialize", json!({ "protocolVersion": "2025-06-18" }));
        assert_eq!(begun.json()["result"]["protocolVersion"], "2025-06-18");
        session.id = begun.header("mcp-session-id").unwrap().to_owned();
        assert_eq!(
            session.says(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).status,
            202
        );
        session
    }

    /// Sends a request of JSON-RPC.
    #[track_caller]
    pub fn call(&self, method: &str, parameters: Value) -> Answer {
        self.says(&json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": parameters }))
    }

    /// Sends a message.
    #[track_caller]
    pub fn says(&self, message: &Value) -> Answer {
        let accept = "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n";
        Answer::of(
            &exchange(self.emulator, self.request("POST", accept, &message.to_string()).as_bytes()).unwrap(),
        )
    }

    /// A request as it goes over the wire.
    pub fn request(&self, method: &str, headers: &str, body: &str) -> String {
        let mut text =
            format!("{method} /mcp HTTP/1.1\r\nAuthorization: Bearer {}\r\n{headers}", self.bearer);
        if !self.id.is_empty() {
            text += &format!("Mcp-Session-Id: {}\r\n", self.id);
        }
        format!("{text}Content-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Calls a tool; gives the result.
    #[track_caller]
    pub fn tool(&self, name: &str, arguments: Value) -> Value {
        let answer = self.call("tools/call", json!({ "name": name, "arguments": arguments })).json();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
        answer["result"].clone()
    }

    /// Calls a tool that must do what it is asked for; gives what it says, which is there twice.
    #[track_caller]
    pub fn done(&self, name: &str, arguments: Value) -> Value {
        let result = self.tool(name, arguments);
        assert_eq!(result["isError"], false, "{result}");
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"]);
        text
    }
}
