//! Which tool does what, and how its arguments are filled: by what `tools/list` says of it, never by what anybody assumes.
//! Takes the tools with their input schemas and what a person said of them, gives a [`ToolCall`], or a refusal that shows
//! the schema and the line of configuration that settles it. Only an id or a name ever goes into an argument.

use super::config::{KreaMcpConfig, Operation, Said};
use crate::krea::http::printable;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

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

/// Schemas that refer to each other are followed this far.
const DEPTH: usize = 4;
/// A tool of more arguments is none of those that are looked for.
const MAX_ARGUMENTS: usize = 200;
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
/// Characters of a name from a server that are shown.
const NAME: usize = 60;
/// Arguments that are shown.
const SHOWN: usize = 8;

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

/// An argument of a schema.
struct Argument {
    path: Vec<String>,
    is_required: bool,
    kind: Kind,
    /// The texts that it has to be one of; often none.
    choices: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text that anything can be.
    Text,
    /// Something else: a choice, a number, a list.
    Other,
}

impl Argument {
    fn shown(&self) -> String {
        printable(&self.path.join("."), NAME)
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
    let refused = |why: &str| refusal(tool, operation, why);
    let mut arguments = Vec::new();
    let is_plain = look(&tool.schema, &tool.schema, &mut Vec::new(), true, &mut arguments, DEPTH);
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

/// Collects the arguments of a schema; `false` where it leaves a choice.
fn look(
    schema: &Map<String, Value>,
    root: &Map<String, Value>,
    path: &mut Vec<String>,
    is_required: bool,
    found: &mut Vec<Argument>,
    depth: usize,
) -> bool {
    let is_plain = !["oneOf", "anyOf", "allOf", "not", "if"].iter().any(|key| schema.contains_key(*key));
    let Some(Value::Object(properties)) = schema.get("properties") else { return is_plain };
    let required: BTreeSet<&str> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    };
    let mut is_plain = is_plain;
    // What is required and not described is there all the same.
    for name in required.iter().filter(|name| !properties.contains_key(**name)).take(MAX_ARGUMENTS) {
        let path = path.iter().cloned().chain([(*name).to_owned()]).collect();
        found.push(Argument { path, is_required, kind: Kind::Other, choices: Vec::new() });
    }
    for (name, property) in properties {
        if found.len() >= MAX_ARGUMENTS {
            return false;
        }
        let is_required = is_required && required.contains(name.as_str());
        let property = resolved(property, root);
        path.push(name.clone());
        let inner = property.and_then(|property| {
            let is_object = type_of(property) == Some("object") && property.contains_key("properties");
            is_object.then_some(property).filter(|_| depth > 0)
        });
        match inner {
            Some(inner) => is_plain &= look(inner, root, path, is_required, found, depth - 1) || !is_required,
            None => {
                let kind = property.map_or(Kind::Other, kind);
                let choices = property.map(choices).unwrap_or_default();
                found.push(Argument { path: path.clone(), is_required, kind, choices });
            }
        }
        path.pop();
    }
    is_plain
}

/// What a schema says, or the one that it refers to within the same document.
fn resolved<'a>(schema: &'a Value, root: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
    let mut schema = schema.as_object()?;
    for _ in 0..DEPTH {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema) };
        let mut steps = reference.strip_prefix("#/")?.split('/');
        let first = root.get(steps.next()?)?;
        schema = steps.try_fold(first, |inside, step| inside.get(step))?.as_object()?;
    }
    None
}

/// The type, also of what may be null as well.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => {
            let mut names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.next().filter(|_| names.next().is_none())
        }
        _ => None,
    }
}

fn kind(schema: &Map<String, Value>) -> Kind {
    let or_null = |key: &str| -> Option<&Map<String, Value>> {
        let choices = schema.get(key)?.as_array()?;
        let mut others = choices.iter().filter(|choice| choice.get("type").is_none_or(|name| name != "null"));
        others.next().filter(|_| others.next().is_none())?.as_object()
    };
    if let Some(only) = or_null("anyOf").or_else(|| or_null("oneOf")) {
        return kind(only);
    }
    let is_free = !["enum", "const", "anyOf", "oneOf", "allOf"].iter().any(|key| schema.contains_key(*key));
    match type_of(schema) {
        Some("string") if is_free => Kind::Text,
        _ => Kind::Other,
    }
}

/// The texts that a schema leaves to choose from, as they can be shown.
fn choices(schema: &Map<String, Value>) -> Vec<String> {
    let choices = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    choices.filter_map(Value::as_str).take(SHOWN).map(|choice| printable(choice, NAME)).collect()
}

/// Why a tool is not called, what it wants, and what settles it.
fn refusal(tool: &Tool, operation: Operation, why: &str) -> String {
    let mut arguments = Vec::new();
    look(&tool.schema, &tool.schema, &mut Vec::new(), true, &mut arguments, DEPTH);
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
