//! The forms that maps come in.

use super::{Map, at, bundle, original, source, via};
use crate::support::Sandbox;
use crate::support::program::token;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// The only finding in a bundle of this name with this comment, and these files beside it.
fn found(name: &str, comment: &str, files: &[(&str, String)]) -> Value {
    let sandbox = Sandbox::empty();
    sandbox.write(name, bundle(0, "") + comment);
    files.iter().for_each(|(path, text)| sandbox.write(path, text));
    sandbox.jsonl::<&str>(&[]).code(1).only()
}

#[test]
fn comments_of_every_form_lead_to_the_map() {
    for comment in [
        "//# sourceMappingURL=app.js.map",
        "//@ sourceMappingURL=app.js.map\n",
        "/*# sourceMappingURL=app.js.map */\n",
        "//# sourceMappingURL=app.js.map?v=1#x\n\n",
        "//# sourceMappingURL=./%61pp.js.map\r\n",
        "//# sourceMappingURL=first.js.map\n//# sourceMappingURL=app.js.map\n",
        "//# sourceMappingURL=https://cdn.example.com/assets/app.js.map\n",
        "//# sourceMappingURL=/assets/app.js.map\n",
        // Hidden maps, and names that lead nowhere.
        "",
        "//# sourceMappingURL=nowhere.map\n",
    ] {
        let found = found("dist/app.js", comment, &[("dist/app.js.map", Map::of(0).json())]);
        assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]), "{comment}");
        assert_eq!((at(&found).as_str(), via(&found).len()), ("dist/app.js:2:25", 1), "{comment}");
    }
}

#[test]
fn a_map_in_another_folder_is_found_by_its_comment() {
    let map = Map { source: "../src/krea.ts", ..Map::of(0) }.json();
    let found = found("dist/app.js", "//# sourceMappingURL=../maps/x.json\n", &[("maps/x.json", map)]);
    assert_eq!((&found["layers"], via(&found).len()), (&json!([source("src/krea.ts", 3, 12)]), 1));
}

#[test]
fn style_sheets_and_modules_have_maps_as_well() {
    for name in ["dist/app.css", "dist/app.mjs", "dist/app.cjs", "dist/app.jsx"] {
        let found = found(name, "", &[(&format!("{name}.map"), Map::of(0).json())]);
        assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]), "{name}");
    }
}

#[test]
fn maps_inside_the_bundle_are_read() {
    let json = Map::of(0).json();
    let base64 = format!("data:application/json;charset=utf-8;base64,{}", STANDARD.encode(&json));
    let percent = format!("data:application/json,{}", utf8_percent_encode(&json, NON_ALPHANUMERIC));
    for (url, encoding) in [(base64, "base64"), (percent, "percent")] {
        for (open, close) in [("//# ", "\n"), ("/*# ", " */\n")] {
            let comment = format!("{open}sourceMappingURL={url}{close}");
            let found = found("dist/app.js", &comment, &[]);
            assert_eq!(
                found["layers"],
                json!([source("dist/../src/krea.ts".trim_start_matches("dist/../"), 3, 12)])
            );
            assert_eq!(via(&found).len(), 1, "{found}");
            let inside = &found["via"][0];
            assert_eq!(inside["line"], 3);
            assert_eq!(
                inside["layers"],
                json!([{"kind": encoding, "name": ""}, source("src/krea.ts", 3, 12)])
            );
            // The place of the encoded token: decoded from there on, the text is the token.
            let offset = inside["byte_offset"].as_u64().unwrap() as usize;
            let text = bundle(0, "") + &comment;
            assert!(text[..offset].contains(&url[..40]) && offset < text.len());
            if encoding == "percent" {
                assert!(text[offset..].starts_with(&token(0)[..8]));
            }
        }
    }
}

#[test]
fn a_token_that_only_an_inline_map_holds_is_found_also_behind_a_window() {
    let filler = "var nothing='to see';".repeat(1 << 17);
    let text = format!("{filler}\nexport const KREA_API_KEY = \"{}\";\n", token(1));
    let json =
        json!({"version": 3, "sources": ["a.ts"], "sourcesContent": [text], "mappings": ""}).to_string();
    let sandbox = Sandbox::empty();
    let url = format!("data:application/json;base64,{}", STANDARD.encode(json));
    sandbox.write("app.js", format!("{filler}\n//# sourceMappingURL={url}\n"));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!((&found["location"]["line"], &found["location"]["path"]), (&json!(2), &json!("app.js")));
    assert_eq!(found["layers"][1], source("a.ts", 2, 30));
}

#[test]
fn standard_input_has_its_map_inside() {
    let url = format!("data:application/json;base64,{}", STANDARD.encode(Map::of(0).json()));
    let sandbox = Sandbox::empty();
    sandbox.write("in", bundle(0, "") + &format!("//# sourceMappingURL={url}\n"));
    let mut command = sandbox.scanner(sandbox.root());
    command.args(["--stdin", "-f", "jsonl"]);
    command.stdin(std::fs::File::open(sandbox.root().join("in")).unwrap());
    let found = crate::support::program::run(&mut command).code(1).only();
    assert_eq!(found["location"]["path"], "<stdin>");
    assert_eq!(found["layers"].as_array().unwrap().last(), Some(&source("../src/krea.ts", 3, 12)));
}

#[test]
fn indexed_maps_are_read_section_by_section() {
    let part = |n: u64| serde_json::from_str::<Value>(&Map::of(n).json()).unwrap();
    let section = |line: u64, map: Value| json!({"offset": {"line": line, "column": 0}, "map": map});
    let nested = json!({"version": 3, "sections": [section(0, part(1))]});
    let map = json!({"version": 3, "sections": [section(0, part(0)), section(3, nested)]});
    let sandbox = Sandbox::empty();
    sandbox.write("dist/app.js", format!("{}\n{}", bundle(0, ""), bundle(1, "")));
    sandbox.write("dist/app.js.map", map.to_string());
    let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
    let places: Vec<String> = found.iter().map(at).collect();
    assert_eq!(places, ["dist/app.js:2:25", "dist/app.js:5:25"]);
    for found in &found {
        assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
        assert_eq!(via(found).len(), 1);
    }
}

#[test]
fn a_map_without_content_leads_to_the_original_on_disk() {
    let without = Map { content: None, ..Map::of(0) }.json();
    let sandbox = Sandbox::empty();
    sandbox.write("dist/app.js", bundle(0, ""));
    sandbox.write("dist/app.js.map", &without);
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 11)]));
    // With the original there, the token's own place; and one finding.
    sandbox.write("src/krea.ts", original(0));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!((at(&found).as_str(), via(&found)), ("src/krea.ts:3:12", vec!["dist/app.js:2:25".to_owned()]));
    assert_eq!(found["via"][0]["layers"], json!([source("src/krea.ts", 3, 12)]));
}

#[test]
fn names_of_every_bundler_are_read() {
    for (name, root, shown) in [
        ("../src/krea.ts", None, "src/krea.ts"),
        ("src/krea.ts", Some(".."), "src/krea.ts"),
        ("krea.ts", Some("../src/"), "src/krea.ts"),
        ("../../src/krea.ts", Some("https://example.com/assets/js"), "src/krea.ts"),
        ("webpack://shop/./src/krea.ts", None, "src/krea.ts"),
        ("webpack:///./src/krea.ts?1a2b", None, "src/krea.ts"),
        ("webpack:///src/krea.ts", None, "src/krea.ts"),
        ("webpack-internal:///(app-pages-browser)/./src/krea.ts", None, "src/krea.ts"),
        ("turbopack:///[project]/src/krea.ts", None, "src/krea.ts"),
        ("file:///home/me/shop/src/krea.ts", None, "/home/me/shop/src/krea.ts"),
        ("/home/me/shop/src/krea.ts", None, "/home/me/shop/src/krea.ts"),
        ("ng:///src/krea.ts", None, "src/krea.ts"),
    ] {
        let map = Map { source: name, root, ..Map::of(0) };
        let sandbox = Sandbox::empty();
        sandbox.write("dist/app.js", bundle(0, ""));
        sandbox.write("dist/app.js.map", map.json());
        let found = sandbox.jsonl::<&str>(&[]).code(1).only();
        assert_eq!((&found["layers"], via(&found).len()), (&json!([source(shown, 3, 12)]), 1), "{name}");
        // And the original is known by any of these names.
        sandbox.write("src/krea.ts", original(0));
        let found = sandbox.jsonl::<&str>(&[]).code(1).only();
        assert_eq!((at(&found).as_str(), via(&found).len()), ("src/krea.ts:3:12", 2), "{name}");
    }
}

#[test]
fn bundles_that_evaluate_their_modules_have_a_map_for_each() {
    let module = |n: u64| {
        let json = Map::of(n).json();
        let url = format!("data:application/json;charset=utf-8;base64,{}", STANDARD.encode(json));
        let code = format!("new Krea({{apiKey:\\\"{}\\\"}});\\n//# sourceURL=[module]\\n", token(n));
        format!(
            "eval(\"{code}//# sourceMappingURL={url}\\n//# sourceURL=webpack-internal:///./a{n}.js\\n\");\n"
        )
    };
    let sandbox = Sandbox::empty();
    sandbox.write("dist/main.js", module(0) + &module(1));
    let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
    assert_eq!(found.len(), 2);
    for (line, found) in (1..).zip(&found) {
        assert_eq!((&found["location"]["line"], via(found).len()), (&json!(line), 1));
        assert_eq!(found["layers"].as_array().unwrap().last(), Some(&source("src/krea.ts", 3, 12)));
    }
}

#[test]
fn maps_of_metro_and_guarded_maps_are_read() {
    let mut map: Value = serde_json::from_str(&Map::of(0).json()).unwrap();
    map["x_facebook_sources"] = json!([[{"names": ["<global>"], "mappings": "AAA"}]]);
    for (name, text) in
        [("index.bundle", map.to_string()), ("app.js", format!(")]}}'\n{}", Map::of(0).json()))]
    {
        let found = found(&format!("dist/{name}"), "", &[(&format!("dist/{name}.map"), text)]);
        assert_eq!(
            (&found["layers"], via(&found).len()),
            (&json!([source("src/krea.ts", 3, 12)]), 1),
            "{name}"
        );
    }
}
