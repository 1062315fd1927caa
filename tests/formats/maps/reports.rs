//! What each format says of a bundle, its map and its original.

use super::{Map, built, bundle, original};
use crate::support::Sandbox;
use crate::support::program::token;
use serde_json::{Value, json};
use std::io::{Cursor, Write};

/// An archive that holds a bundle and its map.
fn packed() -> Sandbox {
    let sandbox = Sandbox::empty();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in [("dist/app.js", bundle(0, "")), ("dist/app.js.map", Map::of(0).json())] {
        zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    sandbox.write("dist.zip", zip.finish().unwrap().into_inner());
    sandbox
}

fn sarif(sandbox: &Sandbox) -> Value {
    let log: Value = serde_json::from_str(&sandbox.scan(&["-f", "sarif"]).code(1).stdout).unwrap();
    log["runs"][0]["results"][0].clone()
}

#[test]
fn people_read_the_original_first_and_then_the_way() {
    let sandbox = built(0);
    let map = Map::of(0).json().find(&token(0)).unwrap() + 1;
    let text = sandbox.scan::<&str>(&[]).code(1).stdout;
    let places = format!(
        "  src/krea.ts:3:12  via dist/app.js:2:25  Krea\n    via dist/app.js.map:1:{map}\n    | var c"
    );
    assert!(text.contains(&places), "{text}");
    assert!(text.contains("in 1 place, not verified") && text.contains("1 token in 1 place."), "{text}");
    sandbox.write("src/krea.ts", original(0));
    let merged = sandbox.scan::<&str>(&[]).code(1).stdout;
    let places = format!(
        "  src/krea.ts:3:12  via dist/app.js:2:25  Krea\n    via dist/app.js.map:1:{map}\n    | apiKey"
    );
    assert!(merged.contains(&places), "{merged}");

    let text = packed().scan::<&str>(&[]).code(1).stdout;
    let places = format!(
        "  src/krea.ts:3:12  via dist.zip → dist/app.js:2:25  Krea\n    via dist.zip → dist/app.js.map:1:{map}\n    |"
    );
    assert!(text.contains(&places), "{text}");
    assert!(!text.contains("inside:"), "{text}");
}

#[test]
fn long_ways_are_cut_without_v() {
    let sandbox = built(0);
    sandbox.write("src/krea.ts", original(0));
    for n in 0..30 {
        sandbox.write(&format!("dist/{n}.js"), bundle(0, "") + "//# sourceMappingURL=app.js.map\n");
    }
    let text = sandbox.scan::<&str>(&[]).code(1).stdout;
    assert!(text.contains("    and 11 more; -v lists all\n"), "{text}");
    assert_eq!(text.matches("    via dist/").count(), 20);
    assert_eq!(sandbox.scan(&["-v"]).stdout.matches("via dist/").count(), 32);
}

#[test]
fn code_scanning_gets_a_place_that_the_repository_has() {
    let sandbox = built(0);
    let result = sarif(&sandbox);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "dist/app.js");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&json!(2), &json!(25)));
    assert_eq!(place["region"]["endColumn"], json!(25 + token(0).len()));
    assert!(result["message"]["text"].as_str().unwrap().contains("from src/krea.ts:3:12"));
    let related = result["relatedLocations"].as_array().unwrap();
    let uris: Vec<&Value> =
        related.iter().map(|place| &place["physicalLocation"]["artifactLocation"]["uri"]).collect();
    assert_eq!(uris, ["src/krea.ts", "dist/app.js.map"]);
    assert_eq!(related[0]["physicalLocation"]["region"], json!({"startLine": 3, "startColumn": 12}));

    sandbox.write("src/krea.ts", original(0));
    let result = sarif(&sandbox);
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "src/krea.ts");
    assert_eq!(result["relatedLocations"].as_array().unwrap().len(), 2);
}

#[test]
fn an_archive_has_no_lines_in_code_scanning_and_annotations() {
    let sandbox = packed();
    let result = sarif(&sandbox);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "dist.zip");
    assert!(place.get("region").is_none(), "{place}");
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains("in dist.zip → dist/app.js:2:25, from src/krea.ts:3:12"), "{message}");
    let via = &result["relatedLocations"][0];
    assert_eq!(
        via["physicalLocation"],
        json!({"artifactLocation": {"uri": "dist.zip", "uriBaseId": "%SRCROOT%"}})
    );
    assert!(via["message"]["text"].as_str().unwrap().starts_with("via dist.zip → dist/app.js.map:1:"));

    let text = sandbox.scan(&["-f", "github"]).code(1).stdout;
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("::error file=dist.zip,title=Krea token"), "{first}");
    assert!(first.contains(
        ", in dist.zip → dist/app.js:2:25, from src/krea.ts:3:12, via dist.zip → dist/app.js.map:1:"
    ));
}

#[test]
fn logs_follow_the_schema() {
    let mut schema: Value =
        serde_json::from_str(include_str!("../../../fixtures/sarif/sarif-schema-2.1.0.json")).unwrap();
    // These two patterns have an unpaired bracket, and are no regular expressions. Reports have no `language`.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for sandbox in [built(0), packed()] {
        let log: Value = serde_json::from_str(&sandbox.scan(&["-f", "sarif"]).code(1).stdout).unwrap();
        let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn annotations_name_the_file_and_the_original() {
    let text = built(0).scan(&["-f", "github"]).code(1).stdout;
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("::error file=dist/app.js,line=2,col=25,title=Krea token"), "{first}");
    assert!(first.contains(", from src/krea.ts:3:12, via dist/app.js.map:1:"), "{first}");
}

#[test]
fn names_in_maps_do_not_act_on_a_terminal_or_a_log() {
    let sandbox = Sandbox::empty();
    sandbox.write("app.js", bundle(0, ""));
    let name = "src/\u{1b}[2J\n::error::x\u{202e}.ts";
    sandbox.write("app.js.map", Map { source: name, ..Map::of(0) }.json());
    for format in ["human", "github"] {
        let text = sandbox.scan(&["-f", format]).code(1).stdout;
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("\n::error::x"), "{text}");
        assert!(text.contains("\\u{1b}[2J\\n::error::x\\u{202e}.ts:3:12"), "{text}");
    }
    // A name that is a token is masked.
    sandbox.write("app.js.map", Map { source: &token(0), ..Map::of(0) }.json());
    for format in ["human", "json", "jsonl", "sarif", "github"] {
        sandbox.scan(&["-f", format]).code(1);
    }
}
