//! A stand-in for Krea, in a process of its own, and what it has seen.

use crate::support::Sandbox;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The workspace that owns the leaked tokens.
pub const WORKSPACE: &str = "Studio North";
/// Another one.
pub const ELSEWHERE: &str = "Another Team";

/// The SDK that a stand-in is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    Python,
    TypeScript,
}

/// Ends when dropped.
pub struct StandIn {
    child: Child,
    /// For `--api`.
    pub api: String,
    /// Where people sign in.
    pub issuer: String,
    log: PathBuf,
}

/// A token that is there, live or not.
pub struct Known {
    pub id: String,
    pub token: String,
    pub name: String,
    pub live: bool,
}

/// A request that came in.
pub struct Seen {
    pub path: String,
    /// As it was sent: the path with what is behind it, all headers and the body.
    pub whole: String,
    pub authorization: Option<String>,
    pub body: String,
}

impl Seen {
    /// The tool that is called.
    pub fn tool(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        (body["method"] == "tools/call").then(|| body["params"]["name"].as_str().unwrap().to_owned())
    }
}

/// A row of the table of tokens.
pub fn row(token: &str, name: &str, workspace: &str) -> Value {
    let id = token.split_once(':').unwrap().0;
    let (created_at, last_used_at) = ("2026-03-01T09:30:00Z", "2026-06-30T17:00:00Z");
    let created_by = "ann@example.com";
    json!({ "id": id, "token": token, "name": name, "created_by": created_by, "created_at": created_at,
            "last_used_at": last_used_at, "workspace": workspace })
}

impl StandIn {
    /// Starts one beside the sandbox's folder, with the options of `fixtures/mcp/start.mjs`.
    pub fn start(sandbox: &Sandbox, sdk: Sdk, mut options: Value) -> StandIn {
        let log = sandbox.beside("requests.jsonl");
        options["server"] = json!(if sdk == Sdk::Python { "python" } else { "typescript" });
        options["log"] = json!(log);
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mcp/start.mjs");
        let mut command = Command::new("node");
        command.arg(program).arg(options.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the stand-in is ready");
        let address = |name: &str| ready[name].as_str().unwrap().to_owned();
        StandIn { api: address("api"), issuer: address("issuer"), child, log }
    }

    /// Ends the fault.
    pub fn heal(&self) {
        let answer = crate::browser::client().delete(format!("{}/fault", self.api)).send().unwrap();
        assert!(answer.status().is_success());
    }

    /// Every token there ever was.
    pub fn tokens(&self) -> Vec<Known> {
        let answer = crate::browser::get(&format!("{}/tokens", self.api)).text().unwrap();
        let rows: Vec<Value> = serde_json::from_str(&answer).unwrap();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let known = |row: &Value| Known {
            id: text(row, "id"),
            token: text(row, "token"),
            name: text(row, "name"),
            live: row["live"] == true,
        };
        rows.iter().map(known).collect()
    }

    /// The requests that came in, in order.
    pub fn requests(&self) -> Vec<Seen> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let seen = |line: &str| {
            let request: Value = serde_json::from_str(line).unwrap();
            let text = |value: &Value| value.as_str().map(str::to_owned);
            Seen {
                path: text(&request["path"]).unwrap(),
                whole: format!("{} {} {}", request["url"], request["headers"], request["body"]),
                authorization: text(&request["headers"]["authorization"]),
                body: text(&request["body"]).unwrap(),
            }
        };
        log.lines().map(seen).collect()
    }

    /// How often a tool was called.
    pub fn calls(&self, tool: &str) -> usize {
        self.requests().iter().filter(|request| request.tool().as_deref() == Some(tool)).count()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // Its standard input ends, and so does all that it has started.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
