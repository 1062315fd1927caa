//! What a tool takes, by its input schema. Takes JSON Schema as a server wrote it, gives the arguments with where they stand and
//! whether they are required, and whether that is all there is to say. Looks so deep and at so many as any real tool has.

use crate::krea::http::printable;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Schemas that refer to each other are followed this far.
const DEPTH: usize = 4;
/// A tool of more arguments is none of those that are looked for.
const MAX_ARGUMENTS: usize = 200;
/// Characters of a name from a server that are shown.
pub(super) const NAME: usize = 60;
/// Arguments that are shown.
pub(super) const SHOWN: usize = 8;

/// An argument of a schema.
pub(super) struct Argument {
    pub path: Vec<String>,
    pub is_required: bool,
    pub kind: Kind,
    /// The texts that it has to be one of; often none.
    pub choices: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text that anything can be.
    Text,
    /// Something else: a choice, a number, a list.
    Other,
}

impl Argument {
    /// Where it stands, fit to be shown.
    pub fn shown(&self) -> String {
        printable(&self.path.join("."), NAME)
    }
}

/// The arguments of a schema, and whether they are all that it says: `false` where it leaves a choice.
pub(super) fn of(schema: &Map<String, Value>) -> (Vec<Argument>, bool) {
    let mut found = Vec::new();
    let is_plain = look(schema, schema, &mut Vec::new(), true, &mut found, DEPTH);
    (found, is_plain)
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
