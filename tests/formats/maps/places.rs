//! Which place of which original.

use super::{Map, at, built, bundle, original, source, via};
use crate::support::Sandbox;
use crate::support::program::token;
use serde_json::json;

#[test]
fn a_bundle_is_told_with_its_original_and_its_map() {
    let found = built(0).jsonl::<&str>(&[]).code(1).only();
    assert_eq!(at(&found), "dist/app.js:2:25");
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
    assert_eq!(via(&found), ["dist/app.js.map:1:".to_owned() + &column_of(&Map::of(0).json(), 0)]);
    assert_eq!(found["via"][0]["layers"], json!([source("src/krea.ts", 3, 12)]));
    let offset = found["via"][0]["byte_offset"].as_u64().unwrap() as usize;
    assert!(Map::of(0).json()[offset..].starts_with(&token(0)));
}

fn column_of(text: &str, n: u64) -> String {
    (1 + text.find(&token(n)).unwrap()).to_string()
}

#[test]
fn a_token_that_only_a_map_holds_is_found() {
    let sandbox = Sandbox::empty();
    sandbox.write("dist/app.js", "var c;\n//# sourceMappingURL=app.js.map\n");
    sandbox.write("dist/app.js.map", Map::of(1).json());
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(at(&found), format!("dist/app.js.map:1:{}", column_of(&Map::of(1).json(), 1)));
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
    assert!(found.get("via").is_none());
    assert_eq!(found["excerpt"], json!(format!("apiKey: \"{}-…:••••\",", &token(1)[..8])));
}

#[test]
fn the_name_of_a_source_counts_as_a_file_s_name() {
    // Nothing in the text says Krea, and it is far from the name in the map.
    let text = format!("{}export const auth = \"{}\";\n", "// nothing\n".repeat(3000), token(1));
    let map = |name: &str| json!({"version": 3, "sourcesContent": [text], "sources": [name], "mappings": ""});
    let sandbox = Sandbox::empty();
    sandbox.write("a.js.map", map("src/krea.ts").to_string());
    sandbox.write("b.js.map", map("src/other.ts").to_string());
    let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
    let first = found.iter().find(|found| found["location"]["path"] == "a.js.map").unwrap();
    assert_eq!(first["layers"], json!([source("src/krea.ts", 3001, 22)]));
    assert_eq!(first["confidence"], "medium");
    assert!(!first["context"].as_str().unwrap().starts_with("the same token"), "{first}");
}

#[test]
fn columns_are_units_of_utf16_in_maps_and_characters_here() {
    let before = "var s=\"\u{1f600}\u{1f600}\u{e9}\u{4e16}\";";
    let sandbox = Sandbox::empty();
    sandbox.write("dist/app.js", bundle(2, before) + "//# sourceMappingURL=app.js.map");
    // The source has no content: the mapped place itself is told.
    let map = Map { content: None, before, ..Map::of(2) };
    sandbox.write("dist/app.js.map", map.json());
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(at(&found), format!("dist/app.js:2:{}", 25 + before.chars().count()));
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 11)]));

    // And in the original, where the token is not: an expression became a literal.
    let content = "\n\n/* \u{1f600}\u{1f600} */ import.meta.env.VITE_KREA_API_KEY\n".to_owned();
    let map = Map { content: Some(content), before, ..Map::of(2) };
    sandbox.write("dist/app.js.map", map.json());
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 9)]));
}

#[test]
fn the_value_of_a_variable_is_told_where_the_code_asks_for_it() {
    let sandbox = built(3);
    let asks = "// the client\nexport const client = new Krea({\n  apiKey: import.meta.env.VITE_KREA_API_KEY,\n});\n";
    let map = Map { content: Some(asks.to_owned()), ..Map::of(3) };
    sandbox.write("dist/app.js.map", map.json());
    sandbox.write(".env.production", format!("VITE_KREA_API_KEY={}\n", token(3)));
    let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
    let places: Vec<String> = found.iter().map(at).collect();
    assert_eq!(places, [".env.production:1:19", "dist/app.js:2:25"]);
    assert_eq!(found[1]["layers"], json!([source("src/krea.ts", 3, 11)]));
}

#[test]
fn line_endings_and_marks_of_byte_order_move_nothing() {
    let sandbox = Sandbox::empty();
    let crlf = bundle(4, "").replace('\n', "\r\n") + "//# sourceMappingURL=app.js.map\r\n";
    sandbox.write("dist/app.js", format!("\u{feff}{crlf}"));
    let content = Some(format!("\u{feff}{}", original(4).replace('\n', "\r\n")));
    sandbox.write("dist/app.js.map", format!("\u{feff}{}", Map { content, ..Map::of(4) }.json()));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(at(&found), "dist/app.js:2:25");
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
    assert_eq!(via(&found).len(), 1);

    // A bundle in one line behind a mark: its columns start behind it as well.
    sandbox.write("dist/app.js", format!("\u{feff}\n{}", &bundle(4, "")["\"use strict\";\n".len()..]));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(
        (at(&found).as_str(), &found["layers"]),
        ("dist/app.js:2:25", &json!([source("src/krea.ts", 3, 12)]))
    );
}

#[test]
fn escapes_in_a_map_are_undone_and_places_kept() {
    let text = format!("// \u{1f600} \"quoted\" \\ \t\u{e9}\nconst KREA_API_KEY = \"{}\";\n", token(5));
    let json =
        json!({"version": 3, "sources": ["a.ts"], "sourcesContent": [text], "mappings": ""}).to_string();
    let ascii: String = json
        .chars()
        .map(|c| match c.is_ascii() {
            true => c.to_string(),
            false => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        })
        .collect();
    for json in [json, ascii] {
        let sandbox = Sandbox::empty();
        sandbox.write("a.js.map", &json);
        let found = sandbox.jsonl::<&str>(&[]).code(1).only();
        assert_eq!(found["layers"], json!([source("a.ts", 2, 23)]));
        let offset = json.find(&token(5)).unwrap();
        assert_eq!(found["location"]["byte_offset"], json!(offset));
        assert_eq!(found["location"]["column"], json!(json[..offset].chars().count() + 1));
    }
}

#[test]
fn a_map_larger_than_a_window_is_read_whole() {
    let filler = "const nothing = 'to see here';\n".repeat(1 << 16);
    for place in [0, 1, 2] {
        let mut contents = vec![filler.clone(); 3];
        contents[place] = format!("{filler}export const KREA_API_KEY = \"{}\";\n", token(6));
        let sources = ["a.ts", "b.ts", "c.ts"];
        let json = json!({"version": 3, "sources": sources, "sourcesContent": contents, "mappings": ""});
        let sandbox = Sandbox::empty();
        sandbox.write("app.js.map", json.to_string());
        let found = sandbox.jsonl::<&str>(&[]).code(1).only();
        assert_eq!(found["layers"], json!([source(sources[place], (1 << 16) + 1, 30)]));
        assert_eq!(found["location"]["line"], 1);
        let offset = found["location"]["byte_offset"].as_u64().unwrap() as usize;
        assert!(json.to_string()[offset..].starts_with(&token(6)));
    }
}

#[test]
fn a_map_of_seventy_megabytes_is_read_whole() {
    let filler = "const nothing = 'to see here';\n".repeat(70 << 15);
    let contents = json!([filler, original(7)]);
    let json =
        json!({"version": 3, "sources": ["big.ts", "krea.ts"], "sourcesContent": contents, "mappings": ""});
    let sandbox = Sandbox::empty();
    sandbox.write("app.js.map", json.to_string());
    let run = sandbox.jsonl::<&str>(&[]).code(1);
    assert_eq!(run.only()["layers"], json!([source("krea.ts", 3, 12)]));
    assert_eq!(run.incomplete(), "");
}

#[test]
fn a_map_too_large_to_take_apart_says_so_and_is_searched() {
    let filler = "const nothing = 'to see here';\n".repeat(100 << 15);
    let sandbox = Sandbox::empty();
    let json =
        json!({"version": 3, "sources": ["a.ts"], "sourcesContent": [original(7) + &filler], "mappings": ""});
    sandbox.write("app.js.map", json.to_string());
    let run = sandbox.jsonl::<&str>(&[]).code(1);
    assert_eq!((run.only()["layers"].clone(), run.only()["location"]["line"].clone()), (json!([]), json!(1)));
    assert!(run.incomplete().starts_with("app.js.map: is, or holds, a source map and is larger than 96 MB"));
    // One that holds nothing that is looked for is no loss.
    let json = json!({"version": 3, "sources": ["a.ts"], "sourcesContent": [filler], "mappings": ""});
    sandbox.write("app.js.map", json.to_string());
    assert_eq!(sandbox.jsonl::<&str>(&[]).code(0).incomplete(), "");
}
