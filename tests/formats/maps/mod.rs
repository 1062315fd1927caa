//! Source maps: a token in a bundle is told at its original, and once. Maps are made here, by the `sourcemap` crate or
//! as text.

mod broken;
mod containers;
mod git;
mod kinds;
mod merging;
mod places;
mod reports;
mod respond;

use crate::support::Sandbox;
use crate::support::program::token;
use serde_json::{Value, json};
use sourcemap::SourceMapBuilder;

/// An original that holds a token: on line 3, from column 12 on.
fn original(n: u64) -> String {
    format!("// the client\nexport const client = new Krea({{\n  apiKey: \"{}\",\n}});\n", token(n))
}

/// A bundle that was built from [`original`], behind some other code.
fn bundle(n: u64, before: &str) -> String {
    format!("\"use strict\";\n{before}var c=new Krea({{apiKey:\"{}\"}});\n", token(n))
}

/// The map of [`bundle`].
struct Map<'m> {
    source: &'m str,
    content: Option<String>,
    root: Option<&'m str>,
    before: &'m str,
}

impl Map<'_> {
    /// A map with the content of the original.
    fn of(n: u64) -> Map<'static> {
        Map { source: "../src/krea.ts", content: Some(original(n)), root: None, before: "" }
    }

    /// As JSON.
    fn json(&self) -> String {
        let mut map = SourceMapBuilder::new(Some("app.js"));
        map.set_source_root(self.root);
        let source = map.add_source(self.source);
        map.set_source_contents(source, self.content.as_deref());
        let start = self.before.encode_utf16().count() as u32;
        for (column, line, original) in [(0, 1, 0), (6, 1, 22), (15, 2, 2), (22, 2, 10)] {
            map.add(1, start + column, line, original, Some(self.source), None, false);
        }
        let mut json = Vec::new();
        map.into_sourcemap().to_writer(&mut json).unwrap();
        String::from_utf8(json).unwrap()
    }
}

/// A bundle in `dist/`, its map beside it, and the comment that names it.
fn built(n: u64) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("dist/app.js", bundle(n, "") + "//# sourceMappingURL=app.js.map\n");
    sandbox.write("dist/app.js.map", Map::of(n).json());
    sandbox
}

/// The layer that names an original.
fn source(name: &str, line: u64, column: u64) -> Value {
    json!({"kind": "source-map", "name": name, "line": line, "column": column})
}

/// Where a finding or a place in `via` is: `path:line:column`.
fn at(place: &Value) -> String {
    let place = place.get("location").unwrap_or(place);
    format!("{}:{}:{}", place["path"].as_str().unwrap(), place["line"], place["column"])
}

/// Where the places in a finding's `via` are.
fn via(finding: &Value) -> Vec<String> {
    finding["via"].as_array().map(|via| via.iter().map(at).collect()).unwrap_or_default()
}
