//! What was merged is not lost for whoever has to act: allowing, baselines, redacting, replacing.

use super::{at, built, original, via};
use crate::support::Sandbox;
use crate::support::program::token;
use std::fs;

/// An original, its bundle and the map.
fn all() -> Sandbox {
    let sandbox = built(0);
    sandbox.write("src/krea.ts", original(0));
    sandbox
}

/// Where the findings are, and how many places each has beside its own.
fn places(sandbox: &Sandbox, args: &[&str]) -> Vec<(String, usize)> {
    sandbox.jsonl(args).findings().iter().map(|found| (at(found), via(found).len())).collect()
}

fn allow(paths: &str) -> String {
    format!("[[allow]]\nreason = \"test\"\npaths = [\"{paths}\"]\n")
}

#[test]
fn an_allowed_original_does_not_silence_its_bundle() {
    let sandbox = all();
    sandbox.write(".krea-scan.toml", allow("src/**"));
    let left = [("dist/app.js:2:25".to_owned(), 1)];
    assert_eq!(places(&sandbox, &[]), left);
    assert_eq!(sandbox.jsonl::<&str>(&[]).code(1).summary()["allowed"], 1);
    sandbox.write(".krea-scan.toml", allow("dist/**"));
    assert_eq!(places(&sandbox, &[]), [("src/krea.ts:3:12".to_owned(), 0)]);
    sandbox.write(".krea-scan.toml", allow("dist/*.map"));
    assert_eq!(places(&sandbox, &[]), [("src/krea.ts:3:12".to_owned(), 1)]);
    sandbox.write(".krea-scan.toml", allow("**"));
    let run = sandbox.jsonl::<&str>(&[]).code(0);
    assert_eq!((run.findings().len(), &run.summary()["allowed"]), (0, &3.into()));
}

#[test]
fn a_comment_in_the_original_allows_it_in_the_map_as_well() {
    let sandbox = Sandbox::empty();
    let text = original(0).replace("\",\n", "\", // krea-scan:allow\n");
    sandbox.write("dist/app.js.map", super::Map { content: Some(text), ..super::Map::of(0) }.json());
    let run = sandbox.jsonl::<&str>(&[]).code(0);
    assert_eq!((run.findings().len(), &run.summary()["allowed"]), (0, &1.into()));
}

#[test]
fn a_baseline_knows_each_place_by_itself() {
    let sandbox = all();
    sandbox.scan(&["--write-baseline", "known.json"]);
    assert_eq!(places(&sandbox, &["--baseline", "known.json"]), []);
    let text = fs::read_to_string(sandbox.root().join("known.json")).unwrap();
    for path in ["dist/app.js\"", "dist/app.js.map\"", "src/krea.ts\""] {
        assert!(text.contains(path), "{path}: {text}");
    }
    // A new bundle of what is known is new.
    fs::rename(sandbox.root().join("dist"), sandbox.root().join("public")).unwrap();
    let left = places(&sandbox, &["--baseline", "known.json"]);
    assert_eq!(left, [("public/app.js:2:25".to_owned(), 1)]);
}

#[test]
fn redacting_goes_to_every_place() {
    let sandbox = all();
    let run = sandbox.scan(&["--redact", "--yes"]).code(1);
    let left = |path: &str| fs::read_to_string(sandbox.root().join(path)).unwrap().contains(&token(0));
    assert!(!left("src/krea.ts"), "{}", run.stdout);
    for path in ["dist/app.js", "dist/app.js.map"] {
        let said = run.stdout.contains(&format!("left alone: {path}:"));
        assert!(said == left(path), "{path} is changed or told: {}", run.stdout);
    }
}

#[test]
fn the_steps_that_are_left_name_every_place() {
    let sandbox = Sandbox::new();
    sandbox.write("dist/app.js", super::bundle(0, ""));
    sandbox.write("dist/app.js.map", super::Map::of(0).json());
    sandbox.commit("src/krea.ts", original(0), "Leak");
    let file = sandbox.beside("replacements");
    let run = sandbox.scan(&["--history", "--replacements", file.to_str().unwrap()]).code(1);
    run.says(&["src/krea.ts:3:12", "dist/app.js:2:25", "dist/app.js.map:1:"]);
    assert!(fs::read_to_string(&file).unwrap().contains(&token(0)));
}
