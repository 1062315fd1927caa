//! `--range`: what some commits bring in.

use crate::support::Sandbox;
use crate::support::program::{leak, token};

#[test]
fn what_the_commits_bring_in_is_found_and_nothing_older() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit("old.env", leak(1), "an old token");
    sandbox.commit("new.env", leak(2), "a new token");
    let third = sandbox.commit("later.env", leak(3), "a third");
    assert_eq!(sandbox.places(&["--range", &format!("{first}..{third}^")]), ["new.env"]);
    assert_eq!(sandbox.places(&["--range", &format!("{first}..")]), ["later.env", "new.env"]);
    assert_eq!(sandbox.places(&["--range", "HEAD..HEAD"]), [""; 0]);
    // An empty variable of a CI system is no all-clear.
    for empty in ["..HEAD", "...HEAD", &format!("..{third}")] {
        sandbox.scan(&["--range", empty]).code(2).says(&["names no commit to start from", "it is empty"]);
    }
    let zeros = "0".repeat(40);
    assert_eq!(sandbox.places(&["--range", &format!("{zeros}..HEAD")]).len(), 3);
    let found = sandbox.jsonl(&["--range", "HEAD~1.."]).code(1).only();
    assert_eq!(found["git"]["commit"], third.as_str());
    assert_eq!(found["git"]["author"], "Ann Author");
}

#[test]
fn tokens_that_were_there_before_are_not_brought_in() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.env", leak(1), "a token");
    sandbox.commit("a.env", format!("OTHER=1\n{}", leak(1)), "another line");
    sandbox.git(&["mv", "a.env", "b.env"]);
    sandbox.git(&["commit", "--quiet", "--message", "move"]);
    sandbox.commit("b.env", format!("{}OTHER=1\n", leak(1)), "moved in its file");
    sandbox.scan(&["--range", "HEAD~3.."]).code(0);
}

#[test]
fn a_token_that_is_added_and_removed_inside_the_range_is_found() {
    let sandbox = Sandbox::new();
    sandbox.commit("a", "text", "first");
    let added = sandbox.commit("a.env", leak(1), "a token");
    sandbox.commit("a.env", "gone", "no token");
    let found = sandbox.jsonl(&["--range", "HEAD~2.."]).code(1).only();
    assert_eq!(found["git"]["commit"], added.as_str());
    assert_eq!(found["git"]["in_head"], false);
}

#[test]
fn merges_bring_in_what_their_other_side_has() {
    let sandbox = Sandbox::new();
    sandbox.commit("a", "text", "first");
    sandbox.git(&["checkout", "--quiet", "-b", "side"]);
    sandbox.commit("side.env", leak(1), "on the side");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.commit("main.txt", "text", "on main");
    sandbox.git(&["merge", "--quiet", "--no-ff", "--no-commit", "side"]);
    // An evil merge: it has what neither side had.
    sandbox.write("evil.env", leak(2));
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message", "merge"]);
    assert_eq!(sandbox.places(&["--range", "HEAD~1.."]), ["evil.env", "side.env"]);
    assert_eq!(sandbox.places(&["--range", "HEAD~1...side"]), ["side.env"]);
}

#[test]
fn commit_messages_are_read_and_copies_without_context_found() {
    let sandbox = Sandbox::new();
    sandbox.commit("a", "text", "first");
    let id = sandbox.commit("a", format!("remember {}\n", token(1)), &format!("use {}", leak(1)));
    assert_eq!(sandbox.places(&["--range", "HEAD~1.."]), ["a".to_owned(), format!("commit-message/{id}")]);
}

#[test]
fn revisions_that_are_not_there_are_named() {
    let sandbox = Sandbox::new();
    sandbox.scan(&["--range", "HEAD~1.."]).code(2).says(&["HEAD has no commit yet"]);
    sandbox.scan(&["--range", "A..B"]).code(2).says(&["\"B\" names no commit here"]);
    sandbox.commit("a", "text", "first");
    for (range, told) in [
        ("nowhere..HEAD", "\"nowhere\" names no commit here; `git log --oneline --all` lists them"),
        ("A..HEAD", "\"A\" names no commit here"),
        ("HEAD~5..HEAD", "names no commit here"),
        ("HEAD", "is no range of commits: write A..B, or HEAD^..HEAD"),
        ("..", "is no range of commits"),
        ("HEAD:a..HEAD", "is a blob, not a commit"),
    ] {
        sandbox.scan(&["--range", range]).code(2).says(&[told]);
    }
}

#[test]
fn a_shallow_clone_says_how_to_fetch_more() {
    let origin = Sandbox::new();
    let first = origin.commit("a", "one", "first");
    origin.commit("a", "two", "second");
    let clone = origin.beside("clone").to_str().unwrap().to_owned();
    origin.git(&["clone", "--quiet", "--depth=1", &format!("file://{}", origin.root().display()), &clone]);
    origin
        .scan(&["--range", &format!("{first}..HEAD"), &clone])
        .code(2)
        .says(&["shallow clone", "fetch-depth: 0"]);
}
