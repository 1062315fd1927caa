//! Maps that lie, are broken, or are not there: a finding is never lost, and nothing breaks.

use super::{Map, at, built, bundle, source};
use crate::support::Sandbox;
use crate::support::program::token;
use serde_json::json;

/// A bundle with this map beside it.
fn with(map: impl AsRef<[u8]>) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("dist/app.js", bundle(0, "") + "//# sourceMappingURL=app.js.map\n");
    sandbox.write("dist/app.js.map", map);
    sandbox
}

#[test]
fn a_map_that_cannot_be_used_takes_nothing_away() {
    let good = Map::of(1).json();
    let cases: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"[]".to_vec(),
        b"{\"version\":3}".to_vec(),
        good.as_bytes()[..good.len() - 20].to_vec(),
        good.replace("krea.ts", "kr\u{fffd}a.ts").replace('\u{fffd}', "\\ud800").into_bytes(),
        [good.as_bytes(), b"\xff"].concat(),
        good.replace("\"version\":3", "\"version\":\"x\"").into_bytes(),
        b"{\"version\":3,\"sources\":7,\"sourcesContent\":{},\"mappings\":[]}".to_vec(),
        b"{\"version\":3,\"sources\":[null,1,{}],\"sourcesContent\":[null,2,[]],\"mappings\":\"AAAA;AAAA\"}"
            .to_vec(),
        b"{\"version\":3,\"sections\":[1,{},{\"offset\":{\"line\":-1,\"column\":1e99},\"map\":null}]}"
            .to_vec(),
    ];
    for map in cases {
        let sandbox = with(&map);
        let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
        let bundle = found.iter().find(|found| found["location"]["path"] == "dist/app.js").unwrap();
        assert_eq!(at(bundle), "dist/app.js:2:25", "{}", String::from_utf8_lossy(&map));
    }
}

#[test]
fn mappings_that_lie_lead_nowhere() {
    for mappings in [
        // A source that is not there, a line below none, a column past all, values past any bound, no base64.
        ";AEAA",
        ";A9999999A",
        ";AAD",
        ";AAAD",
        ";AAAA////////////////////////8B",
        ";ggggggggggggggggggggggA",
        ";!!!!",
        ";A",
        ";AA",
        ";AAAAAAAAAA",
        ";,,,,",
        ";gB",
        ";AAgggggggggggggE",
        "",
    ] {
        let map = json!({"version": 3, "sources": ["../src/krea.ts"], "sourcesContent": ["x"], "mappings": mappings});
        let found = with(map.to_string()).jsonl::<&str>(&[]).code(1).only();
        assert_eq!(at(&found), "dist/app.js:2:25", "{mappings}");
    }
}

#[test]
fn a_map_that_holds_the_token_once_counts_even_when_its_mappings_lie() {
    let mut map: serde_json::Value = serde_json::from_str(&Map::of(0).json()).unwrap();
    map["mappings"] = json!(";!!!");
    let found = with(map.to_string()).jsonl::<&str>(&[]).code(1).only();
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
}

#[test]
fn a_field_that_stands_twice_hides_nothing() {
    let map = format!(
        "{{\"version\":3,\"sources\":[\"a.ts\"],\"sourcesContent\":[\"KREA_API_KEY={}\"],\"mappings\":\"\",\"sourcesContent\":[\"\"]}}",
        token(0)
    );
    let sandbox = Sandbox::empty();
    sandbox.write("app.js.map", map);
    assert_eq!(sandbox.jsonl::<&str>(&[]).code(1).only()["location"]["path"], "app.js.map");
}

#[test]
fn a_map_that_is_named_and_missing_is_a_note_and_no_gap() {
    let sandbox = Sandbox::empty();
    sandbox.write("dist/app.js", bundle(0, "") + "//# sourceMappingURL=lost.js.map\n");
    let run = sandbox.jsonl::<&str>(&[]).code(1);
    assert_eq!((run.incomplete().as_str(), &run.only()["layers"]), ("", &json!([])));
    sandbox.scan(&["-v"]).code(1).says(&["dist/app.js: its source map lost.js.map is not there"]);
    sandbox.write("dist/lost.js.map", "{");
    sandbox.scan(&["-v"]).code(1).says(&["dist/app.js: its source map in dist/lost.js.map cannot be read"]);
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_what_is_scanned_is_read() {
    let outside = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::empty();
    let map = Map::of(0).json();
    sandbox.write("scanned/app.js", bundle(0, "") + "//# sourceMappingURL=../secret/app.js.map\n");
    sandbox.write("secret/app.js.map", &map);
    assert_eq!(sandbox.jsonl(&["scanned"]).code(1).only()["layers"], json!([]));
    // Nor through a link, nor from something that is no file.
    std::fs::write(outside.path().join("app.js.map"), &map).unwrap();
    std::os::unix::fs::symlink(outside.path().join("app.js.map"), sandbox.root().join("scanned/app.js.map"))
        .unwrap();
    assert_eq!(sandbox.jsonl(&["scanned"]).code(1).only()["layers"], json!([]));
    std::fs::remove_file(sandbox.root().join("scanned/app.js.map")).unwrap();
    std::fs::create_dir(sandbox.root().join("scanned/app.js.map")).unwrap();
    assert_eq!(sandbox.jsonl(&["scanned"]).code(1).only()["layers"], json!([]));
    // With both given, it is.
    let found = sandbox.jsonl(&["scanned", "secret"]).code(1).only();
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
}

#[test]
fn thousands_of_copies_in_one_line_take_no_time() {
    let statement = format!("new Krea({{apiKey:\"{}\"}});", token(0));
    let sandbox = Sandbox::empty();
    sandbox.write("app.js", statement.repeat(10_000));
    let lines = format!("{statement}\n").repeat(10_000);
    let mappings = "AAAA,gCACA,".repeat(10_000);
    let map = json!({"version": 3, "sources": ["krea.ts"], "sourcesContent": [lines], "mappings": mappings});
    sandbox.write("app.js.map", map.to_string());
    let run = sandbox.jsonl::<&str>(&[]).code(1);
    let places: usize = run.findings().iter().map(|found| 1 + super::via(found).len()).sum();
    assert_eq!(places, 20_000);
    assert!(run.summary()["seconds"].as_f64().unwrap() < 20.0, "{}", run.summary());
}

#[test]
fn a_map_is_read_as_text_where_its_sources_say_less() {
    // The key stands in one source and what says whose it is in another: the map as a whole says it.
    let sandbox = built(0);
    let contents = [format!("export const x = \"{}\";", token(2)), "// the key for krea".to_owned()];
    let map = json!({"version": 3, "sources": ["a.ts", "b.ts"], "sourcesContent": contents, "mappings": ""});
    sandbox.write("dist/other.js.map", map.to_string());
    let found = sandbox.jsonl(&["dist/other.js.map"]).code(1).only();
    assert_eq!(found["layers"], json!([source("dist/a.ts", 1, 19)]));
}
