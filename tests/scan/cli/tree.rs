//! The working tree: which files are read, and what they are called.

use crate::support::Sandbox;
use crate::support::program::{leak, run, token};
use needs::needs;
use std::fs;
use std::path::Path;
use std::process::Stdio;

#[test]
fn ignore_files_are_honoured_hidden_files_are_read_and_git_is_not() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "ignored/\n*.log\n!kept.log\n");
    sandbox.write("sub/.gitignore", "local.env\n");
    sandbox.write(".krea-scan-ignore", "fixtures/\n");
    sandbox.write(".git/info/exclude", "excluded.env\n");
    sandbox.write("../home/.config/git/ignore", "global.env\n/top.env\n");
    let read = [".hidden/.env", "kept.log", "local.env", "plain.env", "sub/top.env"];
    let unread = [
        "a.log",
        "excluded.env",
        "fixtures/a.env",
        "global.env",
        "ignored/a.env",
        "sub/local.env",
        "top.env",
    ];
    for path in read.iter().chain(&unread).chain(&[".git/leak.env"]) {
        sandbox.write(path, leak(1));
    }
    assert_eq!(sandbox.places::<&str>(&[]), read);
    let all = sandbox.places(&["--no-ignore"]);
    assert_eq!(all.len(), read.len() + unread.len() + 1, "{all:?}");
    assert!(all.contains(&".git/leak.env".to_owned()));
    // What is given by name is read, whatever ignores it.
    let mut named = unread.to_vec();
    named.push(".git/leak.env");
    named.sort_unstable();
    assert_eq!(sandbox.places(&named), named);
    assert_eq!(sandbox.places(&["ignored"]), ["ignored/a.env"]);
}

#[test]
fn a_file_that_git_tracks_is_read_although_it_is_ignored() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "*.env\nfolder/\n");
    sandbox.commit_file("tracked.env", leak(1));
    sandbox.commit_file("folder/deep/tracked.txt", leak(1));
    sandbox.write("untracked.env", leak(1));
    sandbox.commit_file("ours.env", leak(1));
    sandbox.write(".krea-scan-ignore", "ours.env\n");
    assert_eq!(sandbox.places::<&str>(&[]), ["folder/deep/tracked.txt", "tracked.env"]);
    assert_eq!(sandbox.places(&["."]), ["./folder/deep/tracked.txt", "./tracked.env"]);
    assert_eq!(sandbox.places(&["--max-depth", "1"]), ["tracked.env"]);
    let from_below = run(sandbox.scanner(&sandbox.root().join("folder")).args(["-f", "jsonl"]));
    assert_eq!(from_below.places(), ["deep/tracked.txt"]);
    fs::remove_file(sandbox.root().join("tracked.env")).unwrap();
    assert_eq!(sandbox.places::<&str>(&[]), ["folder/deep/tracked.txt"]);
}

#[test]
fn nested_repositories_submodules_and_worktrees_are_read_as_git_sees_them() {
    let library = Sandbox::new();
    library.commit_file(".gitignore", "*.env\n");
    library.commit_file("tracked.env", leak(1));
    let sandbox = Sandbox::new();
    let from = library.root().to_str().unwrap();
    sandbox.git(&["clone", "--quiet", from, "nested"]);
    sandbox.git(&["submodule", "--quiet", "add", from, "module"]);
    sandbox.git(&["commit", "--quiet", "--message", "a submodule"]);
    sandbox.write("nested/untracked.env", leak(1));
    // The outer repository's ignore files do not count in the inner ones, nor theirs here.
    sandbox.write("own.env", leak(1));
    assert_eq!(sandbox.places::<&str>(&[]), ["module/tracked.env", "nested/tracked.env", "own.env"]);
    assert_eq!(sandbox.places(&["module"]), ["module/tracked.env"]);
    let linked = library.beside("linked");
    library.git(&["worktree", "add", "--quiet", "--detach", linked.to_str().unwrap()]);
    assert_eq!(run(library.scanner(&linked).args(["-f", "jsonl"])).places(), ["tracked.env"]);
}

/// Paths as a command line gives them, and how each is shown.
fn each_way_to_give_a_path(check: impl Fn(&Sandbox, &Path, &[&str], &str)) {
    let sandbox = Sandbox::empty();
    sandbox.write("dir/src/a.env", leak(1));
    let root = sandbox.root().join("dir");
    let absolute = root.join("src").to_str().unwrap().to_owned();
    let file = format!("{absolute}/a.env");
    let expected: [(&[&str], &str); 10] = [
        (&[], "src/a.env"),
        (&["."], "./src/a.env"),
        (&["./"], "./src/a.env"),
        (&["src"], "src/a.env"),
        (&["src/"], "src/a.env"),
        (&["./src"], "./src/a.env"),
        (&["../dir"], "../dir/src/a.env"),
        (&["src/a.env"], "src/a.env"),
        (&["./src/a.env"], "./src/a.env"),
        (&[&absolute], &file),
    ];
    for (paths, shown) in expected {
        check(&sandbox, &root, paths, shown);
    }
}

#[test]
fn paths_are_shown_as_they_were_given() {
    each_way_to_give_a_path(|sandbox, root, paths, shown| {
        let run = run(sandbox.scanner(root).args(["-f", "jsonl"]).args(paths));
        assert_eq!(run.code(1).places(), [shown], "{paths:?}");
    });
}

#[needs("rg")]
#[test]
fn paths_are_shown_as_ripgrep_shows_them() {
    each_way_to_give_a_path(|sandbox, root, paths, shown| {
        let mut command = sandbox.command("rg", root);
        command.args(["--files-with-matches", "KREA"]).args(paths).stdin(Stdio::null());
        assert_eq!(String::from_utf8_lossy(&command.output().unwrap().stdout).trim(), shown, "{paths:?}");
    });
}

#[test]
fn a_file_that_several_paths_lead_to_is_read_once() {
    let sandbox = Sandbox::empty();
    sandbox.write("src/a.env", leak(1));
    sandbox.write("b.env", leak(1));
    assert_eq!(sandbox.places(&["src", "src"]), ["src/a.env"]);
    assert_eq!(sandbox.places(&["src", "src/a.env"]), ["src/a.env"]);
    let all = sandbox.places(&["src", ".", "./src/../src"]);
    assert_eq!(all, ["./b.env", "src/a.env"]);
    assert_eq!(sandbox.places(&["src", "b.env"]), ["b.env", "src/a.env"]);
    // A folder that is ignored from outside is read when it is given.
    sandbox.write(".krea-scan-ignore", "src/\n");
    assert_eq!(sandbox.places(&[".", "src"]), ["./b.env", "src/a.env"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_is_given_is_followed() {
    let sandbox = Sandbox::empty();
    sandbox.write("src/a.env", leak(1));
    std::os::unix::fs::symlink("src", sandbox.root().join("folder")).unwrap();
    std::os::unix::fs::symlink("src/a.env", sandbox.root().join("file")).unwrap();
    assert_eq!(sandbox.places(&["folder"]), ["folder/a.env"]);
    assert_eq!(sandbox.places(&["folder/"]), ["folder/a.env"]);
    assert_eq!(sandbox.places(&["file"]), ["file"]);
    assert_eq!(sandbox.places::<&str>(&[]), ["src/a.env"]);
}

#[test]
fn a_second_copy_without_context_is_found_anywhere_in_the_tree() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    sandbox.write("z/notes.txt", format!("remember {}\n", token(1)));
    sandbox.write("z/other.txt", format!("remember {}\n", token(2)));
    let run = sandbox.jsonl::<&str>(&[]);
    assert_eq!(run.places(), ["a.env", "z/notes.txt"]);
    assert_eq!(run.findings()[1]["context"], "the same token as in a.env:1");
}
