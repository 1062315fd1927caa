//! What a person can say about Krea's MCP server: `[krea_mcp]` of the user's own configuration. Needed only where what the
//! server lists at run time leaves a choice.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `[krea_mcp]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KreaMcpConfig {
    /// Further hosts of the authorization server, where its metadata names several.
    pub hosts: Vec<String>,
    pub revoke: RevokeTool,
    pub mint: MintTool,
    pub list: ListTool,
}

/// `[krea_mcp.revoke]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RevokeTool {
    /// The tool's name.
    pub tool: Option<String>,
    /// The argument that takes the id; with dots where it is nested.
    pub id: Option<String>,
    /// Arguments that are always the same.
    pub arguments: Map<String, Value>,
}

/// `[krea_mcp.mint]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MintTool {
    /// The tool's name.
    pub tool: Option<String>,
    /// The argument that takes the name; with dots where it is nested.
    pub name: Option<String>,
    /// Arguments that are always the same.
    pub arguments: Map<String, Value>,
}

/// `[krea_mcp.list]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListTool {
    /// The tool's name.
    pub tool: Option<String>,
    /// Arguments that are always the same.
    pub arguments: Map<String, Value>,
}

/// What is done with a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Revoke,
    Mint,
    List,
}

/// What a person said about the tool of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub tool: Option<&'a str>,
    /// The argument that takes the id or the name.
    pub argument: Option<&'a str>,
    pub constants: &'a Map<String, Value>,
}

impl Operation {
    /// What the tool is called, as far as that is known: from one public project's notes on the server (README, "Krea itself").
    pub fn known_tool(self) -> &'static str {
        match self {
            Operation::Revoke => "revoke_api_token",
            Operation::Mint => "create_api_token",
            Operation::List => "list_api_tokens",
        }
    }

    /// Its table in the configuration.
    pub fn table(self) -> &'static str {
        match self {
            Operation::Revoke => "krea_mcp.revoke",
            Operation::Mint => "krea_mcp.mint",
            Operation::List => "krea_mcp.list",
        }
    }

    /// The key of that table that names the argument.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Operation::Revoke => Some("id"),
            Operation::Mint => Some("name"),
            Operation::List => None,
        }
    }
}

impl KreaMcpConfig {
    /// Whether a tool of this name may be called at all.
    pub fn may_call(&self, tool: &str) -> bool {
        let operations = [Operation::Revoke, Operation::Mint, Operation::List];
        operations
            .into_iter()
            .any(|operation| self.said(operation).tool.unwrap_or(operation.known_tool()) == tool)
    }

    pub fn said(&self, operation: Operation) -> Said<'_> {
        let (tool, argument, constants) = match operation {
            Operation::Revoke => (&self.revoke.tool, self.revoke.id.as_deref(), &self.revoke.arguments),
            Operation::Mint => (&self.mint.tool, self.mint.name.as_deref(), &self.mint.arguments),
            Operation::List => (&self.list.tool, None, &self.list.arguments),
        };
        Said { tool: tool.as_deref(), argument, constants }
    }
}
