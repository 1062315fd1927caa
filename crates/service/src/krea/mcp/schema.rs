//! Which tool does what, and how its arguments are filled: by what `tools/list` says of it, never by what anybody assumes.
//! Takes the tools with their input schemas and what a person said of them, gives a [`ToolCall`], or a refusal that shows
//! the schema and the line of configuration that settles it. Only an id or a name ever goes into an argument.

use super::arguments::{self, Argument, Kind, NAME, SHOWN};
use super::config::{KreaMcpConfig, Operation, Said};
use crate::krea::http::printable;
use serde_json::{Map, Value};

/// Names of arguments and fields that mean a token's id: in lower case, without `_` and `-`. The first that is there
/// counts where several fields of an answer do.
pub(super) const IDS: [&str; 14] = [
    "id",
    "tokenid",
    "apitokenid",
    "keyid",
    "apikeyid",
    "accesstokenid",
    "uuid",
    "tokenuuid",
    "apitokenuuid",
    "uid",
    "identifier",
    "tokenidentifier",
    "apitokenidentifier",
    "publicid",
];
/// The same for a token's name.
pub(super) const NAMES: [&str; 10] = [
    "name",
    "tokenname",
    "apitokenname",
    "keyname",
    "apikeyname",
    "label",
    "tokenlabel",
    "title",
    "displayname",
    "nickname",
];
/// The same for the place where a list goes on.
pub(super) const CURSORS: [&str; 8] = [
    "cursor",
    "nextcursor",
    "pagetoken",
    "nextpagetoken",
    "after",
    "startingafter",
    "startcursor",
    "endcursor",
];

/// Objects that an argument may stand in, as the tables have them: what stands in another may mean something else, as the id of
/// a workspace does.
const WRAPPERS: [&str; 16] = [
    "input",
    "params",
    "parameters",
    "args",
    "arguments",
    "data",
    "body",
    "payload",
    "request",
    "options",
    "token",
    "apitoken",
    "accesstoken",
    "key",
    "apikey",
    "target",
];
/// A name as the tables have it.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// A tool, as a server describes it. What it says in words is not looked at.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    pub name: String,
    pub schema: Map<String, Value>,
}

/// How a tool is called.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolCall {
    pub tool: String,
    /// Where the id or the name goes; empty for a list.
    path: Vec<String>,
    constants: Map<String, Value>,
    /// Where a list goes on.
    pub cursor: Option<String>,
}

impl ToolCall {
    /// The arguments, with this id or name.
    pub fn arguments(&self, value: &str) -> Map<String, Value> {
        let mut arguments = self.constants.clone();
        put(&mut arguments, &self.path, value);
        arguments
    }

    /// The arguments for the page of a list.
    pub fn page(&self, cursor: Option<&str>) -> Map<String, Value> {
        let mut arguments = self.constants.clone();
        if let (Some(name), Some(cursor)) = (&self.cursor, cursor) {
            arguments.insert(name.clone(), Value::String(cursor.to_owned()));
        }
        arguments
    }

    /// What the argument for the id is called, as the tables have it.
    pub fn argument(&self) -> String {
        self.path.last().map(|name| plain(name)).unwrap_or_default()
    }
}

fn put(arguments: &mut Map<String, Value>, path: &[String], value: &str) {
    match path {
        [] => {}
        [name] => _ = arguments.insert(name.clone(), Value::String(value.to_owned())),
        [outer, rest @ ..] => {
            let inner = arguments.entry(outer.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// How an operation is done with what the server has.
///
/// # Errors
/// Why not, in words for a person.
pub(super) fn call(tools: &[Tool], operation: Operation, config: &KreaMcpConfig) -> Result<ToolCall, String> {
    let said = config.said(operation);
    let wanted = said.tool.unwrap_or(operation.known_tool());
    let mut named = tools.iter().filter(|tool| tool.name == wanted);
    let (tool, second) = (named.next(), named.next());
    let (Some(tool), None) = (tool, second) else {
        if second.is_some() {
            return Err(format!(
                "Krea's MCP server lists several tools named {wanted}, so that it is not known which is meant"
            ));
        }
        if tools.is_empty() {
            return Err("Krea's MCP server lists no tools".to_owned());
        }
        let there: Vec<String> = tools.iter().take(SHOWN).map(|tool| printable(&tool.name, NAME)).collect();
        return Err(format!(
            "Krea's MCP server lists no tool named {wanted} (among its {}: {}); where another one does it, name it in \
             your own config.toml:\n      [{}]\n      tool = \"…\"",
            tools.len(),
            there.join(", "),
            operation.table()
        ));
    };
    let (arguments, is_plain) = arguments::of(&tool.schema);
    let refused = |why: &str| refusal(tool, &arguments, operation, why);
    let is_given = |argument: &Argument| {
        let mut steps = argument.path.iter();
        let first = steps.next().and_then(|step| said.constants.get(step));
        first.is_some_and(|first| steps.try_fold(first, |inside, step| inside.get(step)).is_some())
    };
    if !is_plain && said.argument.is_none() && said.constants.is_empty() {
        return Err(refused(
            "its arguments are described in a way that leaves a choice (oneOf, anyOf or the like)",
        ));
    }
    let path = path(&arguments, operation, said, &is_given).map_err(|why| refused(&why))?;
    let is_open = |argument: &&Argument| argument.is_required && argument.path != path && !is_given(argument);
    let open: Vec<String> = arguments.iter().filter(is_open).take(SHOWN).map(Argument::shown).collect();
    if !open.is_empty() {
        return Err(refused(&format!("nothing here says what goes into {}", open.join(", "))));
    }
    let cursor = arguments.iter().find(|argument| {
        argument.path.len() == 1
            && argument.kind == Kind::Text
            && CURSORS.contains(&plain(&argument.path[0]).as_str())
    });
    Ok(ToolCall {
        tool: tool.name.clone(),
        path,
        constants: said.constants.clone(),
        cursor: cursor.filter(|_| operation == Operation::List).map(|argument| argument.path[0].clone()),
    })
}

/// Where the id or the name goes.
fn path(
    arguments: &[Argument],
    operation: Operation,
    said: Said<'_>,
    is_given: &dyn Fn(&Argument) -> bool,
) -> Result<Vec<String>, String> {
    let meanings: &[&str] = match operation {
        Operation::List => return Ok(Vec::new()),
        Operation::Revoke => &IDS,
        Operation::Mint => &NAMES,
    };
    if let Some(argument) = said.argument {
        let path: Vec<String> = argument.split('.').map(str::to_owned).collect();
        return match arguments.iter().find(|known| known.path == path) {
            Some(known) if known.kind == Kind::Text => Ok(path),
            Some(_) => Err(format!("{argument}, which your configuration names, is no plain text")),
            None => Err(format!("it has no argument {argument}, which your configuration names")),
        };
    }
    let means = |argument: &&Argument| {
        let (name, outer) = match argument.path.split_last() {
            Some((name, outer)) => (plain(name), outer),
            None => return false,
        };
        let is_wrapped = outer.iter().all(|name| WRAPPERS.contains(&plain(name).as_str()));
        is_wrapped && argument.kind == Kind::Text && meanings.contains(&name.as_str()) && !is_given(argument)
    };
    let candidates = |is_required: bool| -> Vec<&Argument> {
        arguments.iter().filter(means).filter(|argument| argument.is_required == is_required).collect()
    };
    let mut found = candidates(true);
    if found.is_empty() {
        found = candidates(false);
    }
    let what = operation.key().unwrap_or_default();
    match found.as_slice() {
        [one] => Ok(one.path.clone()),
        [] => Err(format!("none of its arguments is known to take {}", article(what))),
        several => {
            let names: Vec<String> = several.iter().map(|argument| argument.shown()).collect();
            Err(format!("several of its arguments may take the {what}: {}", names.join(", ")))
        }
    }
}

fn article(what: &str) -> String {
    if what == "id" { "an id".to_owned() } else { format!("a {what}") }
}

/// Why a tool is not called, what it wants, and what settles it.
fn refusal(tool: &Tool, arguments: &[Argument], operation: Operation, why: &str) -> String {
    let shown: Vec<String> = arguments
        .iter()
        .take(SHOWN)
        .map(|argument| {
            let required = if argument.is_required { "required" } else { "optional" };
            let kind = match argument.choices.as_slice() {
                [] if argument.kind == Kind::Text => "text".to_owned(),
                [] => "no plain text".to_owned(),
                choices => format!("one of {}", choices.join(", ")),
            };
            format!("{} ({required}, {kind})", argument.shown())
        })
        .collect();
    let shown = if shown.is_empty() { "none that can be read".to_owned() } else { shown.join(", ") };
    let name = printable(&tool.name, NAME);
    let argument = operation.key().map(|key| format!("\n      {key} = \"…\"")).unwrap_or_default();
    format!(
        "{name} is not called: {why}. Its arguments: {shown}. What is meant can be said in your own config.toml:\n      \
         [{}]\n      tool = \"{name}\"{argument}\n      arguments = {{ … = \"…\" }}",
        operation.table()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &str, schema: Value) -> Tool {
        let Value::Object(schema) = schema else { panic!("a schema is an object") };
        Tool { name: name.to_owned(), schema }
    }

    fn planned(operation: Operation, schema: Value, config: &str) -> Result<Value, String> {
        let config: KreaMcpConfig = toml::from_str(config).unwrap();
        let tools = [tool("other", json!({})), tool(operation.known_tool(), schema)];
        call(&tools, operation, &config).map(|call| Value::Object(call.arguments("VALUE")))
    }

    fn strings(required: &[&str], optional: &[&str]) -> Value {
        let all = required.iter().chain(optional);
        let properties: Map<String, Value> =
            all.map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "object", "properties": properties, "required": required})
    }

    #[test]
    fn the_one_argument_that_means_an_id_or_a_name_is_filled() {
        for (schema, arguments) in [
            (strings(&["token_id"], &["reason"]), json!({"token_id": "VALUE"})),
            (strings(&["tokenId"], &["id"]), json!({"tokenId": "VALUE"})),
            (strings(&[], &["api_token_id", "reason"]), json!({"api_token_id": "VALUE"})),
            (
                json!({"type": "object", "required": ["input"],
                    "properties": {"input": strings(&["keyId"], &["dry_run"])}}),
                json!({"input": {"keyId": "VALUE"}}),
            ),
            (
                json!({"type": "object", "required": ["input"], "$defs": {"Input": strings(&["id"], &[])},
                    "properties": {"input": {"$ref": "#/$defs/Input"}}}),
                json!({"input": {"id": "VALUE"}}),
            ),
            (
                json!({"type": "object", "required": ["id"],
                    "properties": {"id": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}}}),
                json!({"id": "VALUE"}),
            ),
        ] {
            assert_eq!(planned(Operation::Revoke, schema.clone(), ""), Ok(arguments), "{schema}");
        }
        let label = strings(&["label"], &["workspace_id"]);
        assert_eq!(planned(Operation::Mint, label, ""), Ok(json!({"label": "VALUE"})));
        assert_eq!(planned(Operation::List, strings(&[], &["cursor", "id"]), ""), Ok(json!({})));
    }

    #[test]
    fn what_leaves_a_choice_is_refused_and_can_be_settled() {
        let with = |extra: Value| {
            let mut schema = strings(&["name"], &[]);
            schema["properties"]["scope"] = extra;
            schema["required"] = json!(["name", "scope"]);
            schema
        };
        let choice = with(json!({"type": "string", "enum": ["read", "write"]}));
        for (operation, schema, why, config, settled) in [
            (
                Operation::Revoke,
                strings(&["id", "token_id"], &[]),
                "several of its arguments may take the id: id, token_id",
                "[revoke]\nid = 'id'\narguments = { token_id = 'x' }",
                json!({"id": "VALUE", "token_id": "x"}),
            ),
            (
                Operation::Revoke,
                strings(&["which"], &[]),
                "none of its arguments is known to take an id",
                "[revoke]\nid = 'which'",
                json!({"which": "VALUE"}),
            ),
            (
                Operation::Mint,
                choice,
                "nothing here says what goes into scope",
                "[mint]\narguments = { scope = 'read' }",
                json!({"name": "VALUE", "scope": "read"}),
            ),
            (
                Operation::Revoke,
                json!({"type": "object", "oneOf": [{"required": ["id"]}, {"required": ["name"]}],
                    "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}),
                "leaves a choice",
                "[revoke]\nid = 'id'",
                json!({"id": "VALUE"}),
            ),
        ] {
            let refused = planned(operation, schema.clone(), "").unwrap_err();
            assert!(refused.contains(why), "{refused}");
            assert!(refused.contains(&format!("[{}]", operation.table())), "{refused}");
            assert_eq!(planned(operation, schema, config), Ok(settled), "{config}");
        }
        let nothing = planned(Operation::Revoke, json!({"type": "object"}), "").unwrap_err();
        assert!(nothing.contains("none that can be read"), "{nothing}");
        let wrong = planned(Operation::Revoke, strings(&["id"], &[]), "[revoke]\nid = 'ids'").unwrap_err();
        assert!(wrong.contains("it has no argument ids"), "{wrong}");
    }

    #[test]
    fn a_tool_is_taken_by_its_name_alone() {
        let config = KreaMcpConfig::default();
        let schema = strings(&["id"], &[]);
        let other = [tool("revoke_api_token\u{1b}[2J", schema.clone()), tool("x", schema.clone())];
        let refused = call(&other, Operation::Revoke, &config).unwrap_err();
        assert!(
            refused.contains("no tool named revoke_api_token") && !refused.contains('\u{1b}'),
            "{refused}"
        );
        let twice = [tool("revoke_api_token", schema.clone()), tool("revoke_api_token", schema)];
        assert!(call(&twice, Operation::Revoke, &config).unwrap_err().contains("several tools named"));
        let config: KreaMcpConfig = toml::from_str("[revoke]\ntool = 'x'").unwrap();
        assert_eq!(call(&other, Operation::Revoke, &config).unwrap().tool, "x");
    }

    #[test]
    fn what_a_person_says_is_checked() {
        for wrong in ["[revoke]\nname = 'x'", "credential_env = 'X'", "url = 'x'", "[list]\nid = 'x'"] {
            assert!(toml::from_str::<KreaMcpConfig>(wrong).is_err(), "{wrong}");
        }
    }
}
