//! What is one finding, and what is not.

use super::{Map, at, built, bundle, original, source, via};
use crate::support::Sandbox;
use crate::support::program::token;
use serde_json::json;

/// Where the findings of a scan are, and how many places each has beside its own.
fn places(sandbox: &Sandbox) -> Vec<(String, usize)> {
    let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
    found.iter().map(|found| (at(found), via(found).len())).collect()
}

fn expected(places: &[(&str, usize)]) -> Vec<(String, usize)> {
    places.iter().map(|&(place, via)| (place.to_owned(), via)).collect()
}

#[test]
fn a_bundle_its_map_and_the_original_are_one_finding_at_the_original() {
    let sandbox = built(0);
    sandbox.write("src/krea.ts", original(0));
    let run = sandbox.jsonl::<&str>(&[]).code(1);
    let found = run.only();
    assert_eq!(at(&found), "src/krea.ts:3:12");
    assert_eq!((&found["layers"], &found["confidence"]), (&json!([]), &json!("high")));
    let via = found["via"].as_array().unwrap();
    assert_eq!(
        (via[0]["path"].as_str(), via[1]["path"].as_str()),
        (Some("dist/app.js"), Some("dist/app.js.map"))
    );
    assert!(via.iter().all(|via| via["layers"] == json!([source("src/krea.ts", 3, 12)])));
    assert_eq!((&run.summary()["findings"], &run.summary()["tokens"]), (&json!(1), &json!(1)));
}

#[test]
fn every_pair_is_one_finding() {
    let sandbox = Sandbox::empty();
    sandbox.write("src/krea.ts", original(0));
    sandbox.write("dist/app.js.map", Map::of(0).json());
    assert_eq!(places(&sandbox), expected(&[("src/krea.ts:3:12", 1)]));
    std::fs::remove_file(sandbox.root().join("dist/app.js.map")).unwrap();
    sandbox.write("dist/app.js", bundle(0, ""));
    // Without a map nothing says where the bundle came from.
    assert_eq!(places(&sandbox), expected(&[("dist/app.js:2:25", 0), ("src/krea.ts:3:12", 0)]));
}

#[test]
fn two_places_in_one_original_stay_two() {
    let sandbox = Sandbox::empty();
    let twice = original(0) + &original(0);
    sandbox.write("src/krea.ts", &twice);
    let mut map = sourcemap::SourceMapBuilder::new(None);
    let id = map.add_source("../src/krea.ts");
    map.set_source_contents(id, Some(&twice));
    for (line, original) in [(0, 2), (1, 6)] {
        map.add(line, 0, original, 0, Some("../src/krea.ts"), None, false);
    }
    let mut json = Vec::new();
    map.into_sourcemap().to_writer(&mut json).unwrap();
    sandbox.write("dist/app.js.map", json);
    let line = format!("new Krea({{apiKey:\"{}\"}});\n", token(0));
    sandbox.write("dist/app.js", line.repeat(2));
    assert_eq!(places(&sandbox), expected(&[("src/krea.ts:3:12", 2), ("src/krea.ts:7:12", 2)]));
}

#[test]
fn a_token_twice_in_a_line_stays_two() {
    let sandbox = Sandbox::empty();
    let line = format!("a=new Krea({{apiKey:\"{0}\"}});b=new Krea({{apiKey:\"{0}\"}});\n", token(0));
    sandbox.write("src/krea.ts", &line);
    sandbox.write(
        "dist/app.js.map",
        json!({"version": 3, "sources": ["../src/krea.ts"], "sourcesContent": [line], "mappings": ""})
            .to_string(),
    );
    let found = places(&sandbox);
    assert_eq!(found.iter().map(|(_, via)| via).collect::<Vec<_>>(), [&1, &1], "{found:?}");
}

#[test]
fn the_same_token_in_another_file_stays_a_finding_of_its_own() {
    let sandbox = built(0);
    sandbox.write("src/krea.ts", original(0));
    sandbox.write("other/krea.ts", original(0));
    sandbox.write("notes.env", format!("KREA_API_KEY={}\n", token(0)));
    let found = places(&sandbox);
    assert_eq!(found, expected(&[("notes.env:1:14", 0), ("other/krea.ts:3:12", 0), ("src/krea.ts:3:12", 2)]));
}

#[test]
fn an_original_that_no_longer_holds_the_token_is_not_taken_for_another_file() {
    let sandbox = built(0);
    sandbox.write("src/krea.ts", "// mended\n");
    sandbox.write("old/src/krea.ts", original(0));
    assert_eq!(places(&sandbox), expected(&[("dist/app.js:2:25", 1), ("old/src/krea.ts:3:12", 0)]));
}

#[test]
fn of_several_files_of_one_name_the_nearest_is_the_original() {
    let sandbox = Sandbox::empty();
    for package in ["a", "b"] {
        sandbox.write(&format!("packages/{package}/src/krea.ts"), original(0));
    }
    sandbox.write("packages/b/dist/app.js", bundle(0, ""));
    let map = Map { source: "webpack://shop/./src/krea.ts", ..Map::of(0) };
    sandbox.write("packages/b/dist/app.js.map", map.json());
    let near = [("packages/a/src/krea.ts:3:12", 0), ("packages/b/src/krea.ts:3:12", 2)];
    assert_eq!(places(&sandbox), expected(&near));
    // From where nothing tells them apart, none is it.
    std::fs::rename(sandbox.root().join("packages/b/dist"), sandbox.root().join("dist")).unwrap();
    let apart =
        [("dist/app.js:2:25", 1), ("packages/a/src/krea.ts:3:12", 0), ("packages/b/src/krea.ts:3:12", 0)];
    assert_eq!(places(&sandbox), expected(&apart));
}

#[test]
fn two_bundles_of_one_original_are_one_finding() {
    let sandbox = built(0);
    sandbox.write("dist/legacy.js", bundle(0, ""));
    sandbox.write("dist/legacy.js.map", Map::of(0).json());
    assert_eq!(places(&sandbox), expected(&[("dist/app.js:2:25", 3)]));
    sandbox.write("src/krea.ts", original(0));
    assert_eq!(places(&sandbox), expected(&[("src/krea.ts:3:12", 4)]));
    // Two projects that call a source the same are two.
    let map = Map { source: "webpack://x/./krea.ts", ..Map::of(0) }.json();
    let sandbox = Sandbox::empty();
    for project in ["a", "b"] {
        sandbox.write(&format!("{project}/app.js"), bundle(0, ""));
        sandbox.write(&format!("{project}/app.js.map"), &map);
    }
    assert_eq!(places(&sandbox), expected(&[("a/app.js:2:25", 1), ("b/app.js:2:25", 1)]));
}

#[test]
fn a_constant_that_went_into_another_module_is_told_where_it_is_written() {
    let sandbox = Sandbox::empty();
    let keys = format!("export const KREA_API_KEY = \"{}\";\n", token(0));
    let map = json!({
        "version": 3,
        "sources": ["../src/api.ts", "../src/keys.ts"],
        "sourcesContent": ["import { KREA_API_KEY } from './keys';\ncall(KREA_API_KEY);\n", keys],
        // Column 0 is line 2, column 6 of api.ts.
        "mappings": "AACA",
    });
    sandbox.write("dist/app.js", format!("call({{krea:\"{}\"}});\n", token(0)));
    sandbox.write("dist/app.js.map", map.to_string());
    sandbox.write("src/keys.ts", &keys);
    assert_eq!(places(&sandbox), expected(&[("src/keys.ts:1:30", 2)]));
}

#[test]
fn scans_from_elsewhere_name_what_was_given() {
    let sandbox = built(0);
    sandbox.write("src/krea.ts", original(0));
    for (args, place) in [
        (vec!["."], "./src/krea.ts:3:12"),
        (vec!["dist", "src"], "src/krea.ts:3:12"),
        (vec!["dist/app.js"], "dist/app.js:2:25"),
    ] {
        let found = sandbox.jsonl(&args).code(1).only();
        assert_eq!(at(&found), place, "{args:?}");
    }
    // The map beside a file that was given is read; what lies above it is not.
    let found = sandbox.jsonl(&["dist/app.js"]).only();
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
}
