//! Bundles and maps in commits and in the index.

use super::{Map, at, bundle, original, source, via};
use crate::support::Sandbox;
use serde_json::json;

/// A repository in which one commit brings an original, its bundle and the map.
fn committed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("README.md", "nothing\n", "Start");
    sandbox.write("dist/app.js", bundle(0, "") + "//# sourceMappingURL=app.js.map\n");
    sandbox.write("dist/app.js.map", Map::of(0).json());
    sandbox.commit("src/krea.ts", original(0), "Build");
    sandbox
}

#[test]
fn what_is_staged_is_one_finding() {
    let sandbox = Sandbox::new();
    sandbox.commit("README.md", "nothing\n", "Start");
    sandbox.write("dist/app.js", bundle(0, ""));
    sandbox.write("dist/app.js.map", Map::of(0).json());
    sandbox.git(&["add", "--all"]);
    // What is staged counts, not what is on disk.
    std::fs::remove_dir_all(sandbox.root().join("dist")).unwrap();
    let found = sandbox.jsonl(&["--staged"]).code(1).only();
    assert_eq!((at(&found).as_str(), via(&found).len()), ("dist/app.js:2:25", 1));
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 12)]));
    sandbox.write("src/krea.ts", original(0));
    sandbox.git(&["add", "src"]);
    let found = sandbox.jsonl(&["--staged"]).code(1).only();
    assert_eq!((at(&found).as_str(), via(&found).len()), ("src/krea.ts:3:12", 2));
}

#[test]
fn a_map_that_is_in_the_index_already_serves_a_bundle_that_is_staged() {
    let sandbox = Sandbox::new();
    sandbox.commit("dist/app.js.map", Map { content: None, ..Map::of(0) }.json(), "Build");
    sandbox.write("dist/app.js", bundle(0, ""));
    sandbox.git(&["add", "--all"]);
    let found = sandbox.jsonl(&["--staged"]).code(1).only();
    assert_eq!(found["layers"], json!([source("src/krea.ts", 3, 11)]));
}

#[test]
fn a_commit_s_bundle_is_one_finding_with_its_original() {
    let sandbox = committed();
    let commit = sandbox.head();
    // The files are gone since: the commit's own map counts.
    sandbox.git(&["rm", "--quiet", "-r", "dist", "src"]);
    sandbox.git(&["commit", "--quiet", "--no-verify", "--message", "Remove"]);
    for args in [vec!["--range", "HEAD~2..HEAD"], vec!["--history"]] {
        let found = sandbox.jsonl(&args).code(1).only();
        assert_eq!((at(&found).as_str(), via(&found).len()), ("src/krea.ts:3:12", 2), "{args:?}");
        assert_eq!(found["git"]["commit"], json!(commit));
    }
}

#[test]
fn what_another_commit_brought_stays_a_finding_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.commit("src/krea.ts", original(0), "Leak");
    sandbox.write("dist/app.js.map", Map::of(0).json());
    sandbox.commit("dist/app.js", bundle(0, ""), "Build");
    let found = sandbox.jsonl(&["--history"]).code(1).findings();
    let places: Vec<(String, usize)> = found.iter().map(|found| (at(found), via(found).len())).collect();
    assert_eq!(places, [("dist/app.js:2:25".to_owned(), 1), ("src/krea.ts:3:12".to_owned(), 0)]);
    assert_eq!(found[0]["layers"], json!([source("src/krea.ts", 3, 12)]));
}

#[test]
fn what_head_still_holds_is_not_hidden_by_what_it_does_not() {
    let sandbox = committed();
    sandbox.git(&["rm", "--quiet", "src/krea.ts"]);
    sandbox.git(&["commit", "--quiet", "--no-verify", "--message", "Remove"]);
    let found = sandbox.jsonl(&["--history"]).code(1).findings();
    let heads: Vec<(String, bool)> =
        found.iter().map(|found| (at(found), found["git"]["in_head"].as_bool().unwrap())).collect();
    assert_eq!(heads, [("dist/app.js:2:25".to_owned(), true), ("src/krea.ts:3:12".to_owned(), false)]);
}
