//! `--history`: every object of real repositories, and who brought each token in.

use crate::support::Sandbox;
use crate::support::program::{Run, leak, run, token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn history(sandbox: &Sandbox) -> Run {
    sandbox.jsonl(&["--history"])
}

/// The same loose and packed.
fn loose_and_packed(sandbox: &Sandbox) -> Vec<Value> {
    let loose = history(sandbox).code(1).findings();
    sandbox.git(&["repack", "-adkfq"]);
    assert_eq!(loose, history(sandbox).code(1).findings());
    loose
}

fn object(sandbox: &Sandbox, id: &str) -> std::path::PathBuf {
    sandbox.git_dir().join("objects").join(&id[..2]).join(&id[2..])
}

#[test]
fn a_token_that_was_removed_is_found_with_who_brought_it_in() {
    let sandbox = Sandbox::new();
    sandbox.commit("other", "text", "before");
    let added = sandbox.commit("conf/.env", leak(1), "a token");
    let blob = sandbox.id("HEAD:conf/.env");
    let date = sandbox.git(&["show", "-s", "--format=%aI", &added]);
    sandbox.commit("conf/.env", "gone", "no token");
    let found = loose_and_packed(&sandbox);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["location"]["path"], "conf/.env");
    let expected = serde_json::json!({
        "blob": blob, "commit": added, "path": "conf/.env",
        "author": "Ann Author", "email": "ann@example.com", "date": date,
        "refs": ["refs/heads/main"], "in_head": false, "reachable": true,
    });
    assert_eq!(found[0]["git"], expected);
    sandbox.scan(&["--history"]).code(1).says(&["Ann Author <ann@example.com>; not in HEAD", "Revoke first"]);
    sandbox.scan::<&str>(&[]).code(0);
}

#[test]
fn many_versions_of_a_file_are_one_finding_in_the_first_commit() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.env", "nothing yet\n", "before");
    let first = sandbox.commit("a.env", leak(1), "a token");
    for n in 0..5 {
        sandbox.commit("a.env", format!("NUMBER={n}\n{}", leak(1)), "change");
    }
    let found = loose_and_packed(&sandbox);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["git"]["commit"], first.as_str());
    assert_eq!(found[0]["git"]["in_head"], true);
    sandbox.git(&["mv", "a.env", "b.env"]);
    sandbox.git(&["commit", "--quiet", "--message", "move"]);
    let moved = history(&sandbox);
    assert_eq!(moved.places(), ["a.env", "b.env"]);
    assert_eq!(moved.findings()[1]["git"]["in_head"], true);
}

#[test]
fn what_no_branch_holds_any_more_is_found() {
    let sandbox = Sandbox::new();
    sandbox.commit("a", "text", "first");
    sandbox.git(&["checkout", "--quiet", "-b", "side"]);
    sandbox.commit("side.env", leak(1), "on a branch");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.commit("reflog.env", leak(2), "only in the reflog");
    sandbox.git(&["reset", "--quiet", "--hard", "HEAD^"]);
    sandbox.write("a", leak(3));
    sandbox.git(&["stash", "--quiet"]);
    sandbox.write("dangling.env", leak(4));
    sandbox.git(&["add", "dangling.env"]);
    sandbox.git(&["rm", "--quiet", "--cached", "dangling.env"]);
    let found = loose_and_packed(&sandbox);
    let about: Vec<(&str, bool, String)> = found
        .iter()
        .map(|f| {
            let path = f["location"]["path"].as_str().unwrap();
            let path = path.split('/').next().unwrap();
            (path, f["git"]["reachable"].as_bool().unwrap(), f["git"]["refs"].to_string())
        })
        .collect();
    let expected = [
        ("a", true, "[\"refs/stash\"]".to_owned()),
        ("blob", false, "[]".to_owned()),
        ("reflog.env", false, "[]".to_owned()),
        ("side.env", true, "[\"refs/heads/side\"]".to_owned()),
    ];
    assert_eq!(about, expected);
}

#[test]
fn messages_of_commits_and_tags_are_read() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit("a", "text", &format!("use {}", leak(1)));
    sandbox.git(&["tag", "-a", "-m", &leak(2), "v1"]);
    let tag = sandbox.id("v1");
    let mut places = loose_and_packed(&sandbox);
    places.sort_by_key(|found| found["fingerprint"].to_string());
    let mut paths: Vec<String> = history(&sandbox).places();
    let mut expected = [format!("commit-message/{commit}"), format!("commit-message/{tag}")];
    paths.sort();
    expected.sort();
    assert_eq!(paths, expected);
}

#[test]
fn lines_of_a_message_are_those_that_people_see() {
    let sandbox = Sandbox::new();
    let allowed = leak(3).replace('\n', " # krea-scan:allow");
    sandbox.commit("a", "text", &format!("subject\n\nthird\n{}\n{allowed}\n", leak(1)));
    sandbox.git(&["tag", "-a", "-m", &format!("tag\n\n{}", leak(2)), "v1"]);
    let zeros = "0".repeat(40);
    for args in [&["--history"][..], &["--range", &format!("{zeros}..v1")]] {
        let run = sandbox.jsonl(args).code(1);
        let place = |found: &Value| (found["location"]["line"].clone(), found["location"]["column"].clone());
        let mut places: Vec<String> =
            run.findings().iter().map(|found| format!("{:?}", place(found))).collect();
        places.sort();
        assert_eq!(places, ["(Number(3), Number(14))", "(Number(4), Number(14))"], "{args:?}");
        assert_eq!(run.summary()["allowances"][0]["line"], 6, "{args:?}");
        assert_eq!(run.findings().iter().filter(|found| found["location"]["byte_offset"] == 28).count(), 1);
    }
}

#[test]
fn a_files_name_and_encoding_count_in_the_history_too() {
    let sandbox = Sandbox::new();
    sandbox.commit("credentials/krea.json", format!("{{\"apiKey\": \"{}\"}}\n", token(1)), "named");
    let wide: Vec<u8> = leak(2).encode_utf16().flat_map(u16::to_le_bytes).collect();
    sandbox.commit("wide.env", [&b"\xff\xfe"[..], &wide].concat(), "UTF-16");
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: krea\ndata:\n  KREA_API_KEY: {}\n",
        STANDARD.encode(token(3))
    );
    sandbox.commit("k8s/secret.yaml", secret, "base64");
    for path in ["credentials", "wide.env", "k8s"] {
        sandbox.git(&["rm", "-r", "--quiet", path]);
    }
    sandbox.git(&["commit", "--quiet", "--message", "remove"]);
    let found = loose_and_packed(&sandbox);
    let paths: Vec<_> = found.iter().map(|found| found["location"]["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["credentials/krea.json", "k8s/secret.yaml", "wide.env"]);
    for (found, n) in found.iter().zip([1, 3, 2]) {
        let fingerprint = krea_scan_token::Fingerprint::of(token(n).as_bytes());
        assert_eq!(found["fingerprint"], fingerprint.as_str());
    }
}

#[test]
fn a_copy_without_context_is_found_elsewhere_in_the_history() {
    let sandbox = Sandbox::new();
    sandbox.commit("notes.txt", format!("remember {}\n", token(1)), "a copy");
    sandbox.commit("notes.txt", "nothing", "gone");
    sandbox.commit("a.env", leak(1), "a token");
    let places: Vec<_> =
        loose_and_packed(&sandbox).iter().map(|f| f["location"]["path"].to_string()).collect();
    assert_eq!(places, ["\"a.env\"", "\"notes.txt\""]);
}

#[test]
fn bare_repositories_worktrees_and_alternates_are_read() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.env", leak(1), "a token");
    sandbox.commit("a.env", "gone", "no token");
    let [bare, linked, borrower] = ["bare.git", "linked", "borrower"].map(|name| sandbox.beside(name));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    sandbox.git(&["clone", "--quiet", "--bare", ".", &text(&bare)]);
    sandbox.git(&["worktree", "add", "--quiet", "--detach", &text(&linked)]);
    sandbox.git(&["clone", "--quiet", "--shared", ".", &text(&borrower)]);
    for path in [bare, linked, borrower] {
        assert_eq!(sandbox.places(&["--history", &text(&path)]), ["a.env"]);
        let inside = run(sandbox.scanner(&path).args(["-f", "jsonl", "--history"])).code(1);
        assert_eq!(inside.places(), ["a.env"]);
    }
}

#[test]
fn damaged_and_missing_objects_are_told_and_the_rest_is_read() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.txt", "a text that will be damaged", "first");
    let id = sandbox.id("HEAD:a.txt");
    let good = fs::read(object(&sandbox, &id)).unwrap();
    fs::remove_file(object(&sandbox, &id)).unwrap();
    sandbox.scan(&["--history"]).code(2).says(&[&format!("object {id} is missing")]);
    fs::write(object(&sandbox, &id), &good[..good.len() - 6]).unwrap();
    sandbox.scan(&["--history"]).code(2).says(&[&format!("object {id} cannot be read")]);
    sandbox.commit("b.env", leak(1), "a token");
    let both = history(&sandbox).code(1);
    assert_eq!(both.places(), ["b.env"]);
    assert!(both.incomplete().contains(&id), "{}", both.incomplete());
}

#[test]
fn shallow_and_partial_clones_are_incomplete() {
    let origin = Sandbox::new();
    origin.commit("a.env", leak(1), "a token");
    origin.commit("a.env", "gone", "no token");
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", origin.root().display());
    let [shallow, partial] =
        ["shallow", "partial"].map(|name| origin.beside(name).to_str().unwrap().to_owned());
    origin.git(&["clone", "--quiet", "--depth=1", &from, &shallow]);
    origin.git(&["clone", "--quiet", "--filter=blob:none", &from, &partial]);
    origin.scan(&["--history", &shallow]).code(2).says(&["shallow clone", "git fetch --unshallow"]);
    origin.scan(&["--history", &partial]).code(2).says(&["partial clone: 1 object"]);
    let fetched = origin.scan(&["--range", "HEAD~1..", &shallow]).code(2);
    fetched.says(&["fetch-depth: 0"]);
}

#[test]
fn paths_and_fingerprints_can_be_allowed() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.env", leak(1), "one");
    sandbox.commit("b.env", leak(2), "two");
    sandbox.git(&["rm", "--quiet", "a.env", "b.env"]);
    sandbox.git(&["commit", "--quiet", "--message", "gone"]);
    let fingerprint = krea_scan_token::Fingerprint::of(token(2).as_bytes());
    sandbox.write(
        ".krea-scan.toml",
        format!("[[allow]]\nreason=\"a\"\npaths=[\"a.env\"]\n[[allow]]\nreason=\"b\"\nfingerprints=[\"{fingerprint}\"]\n"),
    );
    sandbox.scan(&["--history"]).code(0).says(&["2 findings are allowed"]);
}

#[test]
fn two_runs_are_equal_to_the_byte_whatever_the_threads() {
    let sandbox = Sandbox::new();
    for n in 0..12 {
        sandbox.commit(&format!("{n}.env"), leak(n), "a token");
    }
    for format in ["human", "sarif", "github"] {
        let report =
            |threads| sandbox.scan(&["--history", "-f", format, "--threads", threads]).code(1).stdout;
        let first = report("1");
        assert_eq!(first, report("8"), "{format}");
        assert_eq!(first, report("8"), "{format}");
    }
}

#[test]
fn an_empty_repository_has_no_history() {
    Sandbox::new().scan(&["--history"]).code(0).says(&["because nothing was read"]);
}
