//! `--staged`: what `git commit` would commit, and nothing else.

use crate::support::Sandbox;
use crate::support::program::{leak, run};
use serde_json::Value;

#[test]
fn the_index_counts_and_not_the_working_tree() {
    let sandbox = Sandbox::new();
    sandbox.commit("both.env", "nothing", "first");
    sandbox.write("both.env", leak(1));
    sandbox.scan(&["--staged"]).code(0);
    sandbox.git(&["add", "both.env"]);
    sandbox.write("both.env", "nothing again");
    let run = sandbox.jsonl(&["--staged"]).code(1);
    let found = run.only();
    assert_eq!(found["location"]["path"], "both.env");
    assert_eq!(found["git"]["blob"], sandbox.id(":both.env").as_str());
    assert_eq!(found["git"]["path"], "both.env");
    assert_eq!(found["git"]["commit"], Value::Null);
    sandbox.scan(&["--staged"]).says(&["staged, in no commit yet"]);
}

#[test]
fn an_unborn_branch_has_everything_staged() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    sandbox.scan(&["--staged"]).code(0);
    sandbox.git(&["add", "."]);
    assert_eq!(sandbox.places(&["--staged"]), ["a.env"]);
}

#[test]
fn renames_intentions_and_deletions_are_what_git_makes_of_them() {
    let sandbox = Sandbox::new();
    sandbox.commit("old.env", leak(1), "a token");
    sandbox.write("old.env", "changed and not staged");
    sandbox.git(&["mv", "old.env", "new.env"]);
    assert_eq!(sandbox.places(&["--staged"]), ["new.env"]);
    sandbox.git(&["reset", "--quiet", "--hard"]);
    sandbox.git(&["rm", "--quiet", "old.env"]);
    sandbox.scan(&["--staged"]).code(0);
    sandbox.write("intended.env", leak(2));
    sandbox.git(&["add", "--intent-to-add", "intended.env"]);
    sandbox.scan(&["--staged"]).code(0);
    sandbox.git(&["add", "intended.env"]);
    assert_eq!(sandbox.places(&["--staged"]), ["intended.env"]);
}

#[test]
fn odd_names_are_kept() {
    let sandbox = Sandbox::new();
    let names = if cfg!(unix) { &["a b/c\nd.env", "caf\u{e9}.env"][..] } else { &["a b.env"] };
    names.iter().for_each(|name| sandbox.write(name, leak(1)));
    sandbox.git(&["add", "."]);
    assert_eq!(sandbox.places(&["--staged"]), names);
}

#[test]
fn a_repository_may_be_given_and_a_folder_stands_for_all_of_it() {
    let sandbox = Sandbox::new();
    sandbox.write("sub/a.env", leak(1));
    sandbox.write("b.env", leak(1));
    sandbox.git(&["add", "."]);
    let elsewhere = sandbox.beside("home");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let root = sandbox.root().to_str().unwrap();
    let given = run(sandbox.scanner(&elsewhere).args(["-f", "jsonl", "--staged", root])).code(1);
    assert_eq!(given.places(), ["b.env", "sub/a.env"]);
    let below = run(sandbox.scanner(&sandbox.root().join("sub")).args(["-f", "jsonl", "--staged"])).code(1);
    assert_eq!(below.places(), ["b.env", "sub/a.env"]);
}

#[test]
fn the_repositorys_own_allowances_apply() {
    let sandbox = Sandbox::new();
    sandbox.write("fixtures/a.env", leak(1));
    sandbox.write("b.env", leak(2));
    sandbox.write(".krea-scan.toml", "[[allow]]\npaths = [\"fixtures/\"]\nreason = \"made up\"\n");
    sandbox.git(&["add", "."]);
    let below = run(sandbox.scanner(&sandbox.root().join("fixtures")).args(["-f", "jsonl", "--staged"]));
    assert_eq!(below.places(), ["b.env"]);
    assert_eq!(below.summary()["allowed"], 1);
}
