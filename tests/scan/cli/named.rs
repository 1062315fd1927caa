//! `--pre-commit NAMES`: what will be committed of files that others name, and what stands in them unstaged.

use crate::support::Sandbox;
use crate::support::program::{Run, leak, run, token};

/// A filter that nobody could read a token through, as git-crypt's is.
const FILTER: [[&str; 3]; 3] = [
    ["config", "filter.hide.clean", "tr A-Za-z N-ZA-Mn-za-m"],
    ["config", "filter.hide.smudge", "tr A-Za-z N-ZA-Mn-za-m"],
    ["config", "filter.hide.required", "true"],
];

fn named(sandbox: &Sandbox, names: &[&str]) -> Run {
    let args: Vec<&str> = ["--pre-commit", "--"].into_iter().chain(names.iter().copied()).collect();
    sandbox.jsonl(&args)
}

/// Paths and lines of the findings.
fn lines(run: &Run) -> Vec<String> {
    let at = |finding: &serde_json::Value| {
        let location = &finding["location"];
        format!("{}:{}", location["path"].as_str().unwrap(), location["line"])
    };
    run.findings().iter().map(at).collect()
}

#[cfg(unix)]
#[test]
fn what_a_filter_makes_of_a_file_is_what_counts() {
    let sandbox = Sandbox::new();
    FILTER.iter().for_each(|args| drop(sandbox.git(args)));
    sandbox.write(".gitattributes", "*.secret filter=hide\n");
    sandbox.write("dir/a.secret", leak(1));
    sandbox.git(&["add", "."]);
    for names in [&["dir/a.secret"][..], &["./dir/../dir/a.secret"], &["dir"], &["."]] {
        let clean = named(&sandbox, names).code(0);
        let files = if names[0] == "." { 2 } else { 1 };
        assert_eq!(clean.summary()["files"], files, "{names:?}");
    }
    // What a filter makes of a token may be one.
    sandbox.git(&["config", "filter.hide.clean", &format!("sed s/^.*/KREA_API_KEY={}/", token(2))]);
    sandbox.write("dir/a.secret", "clean\n");
    sandbox.git(&["add", "."]);
    assert_eq!(named(&sandbox, &["dir/a.secret"]).places(), ["dir/a.secret"]);
}

#[test]
fn what_is_staged_and_what_is_not_both_count_and_once() {
    let sandbox = Sandbox::new();
    for version in ["2", "4"] {
        sandbox.git(&["update-index", "--index-version", version]);
        sandbox.write("a.env", leak(1));
        sandbox.git(&["add", "."]);
        assert_eq!(lines(&named(&sandbox, &["a.env"])), ["a.env:1"]);
        // Gone from the working file, and it would be committed all the same.
        sandbox.write("a.env", "gone\n");
        assert_eq!(lines(&named(&sandbox, &["a.env"])), ["a.env:1"]);
        // `pre-commit run --all-files` is asked about what is not staged.
        sandbox.write("a.env", format!("{}{}", leak(1), leak(2)));
        assert_eq!(lines(&named(&sandbox, &["a.env"])), ["a.env:1", "a.env:2"]);
        sandbox.write("a.env", format!("\n{}", leak(1)));
        assert_eq!(lines(&named(&sandbox, &["a.env"])), ["a.env:1", "a.env:2"]);
        std::fs::remove_file(sandbox.root().join("a.env")).unwrap();
        assert_eq!(lines(&named(&sandbox, &["a.env"])), ["a.env:1"]);
        assert_eq!(lines(&named(&sandbox, &["."])), ["./a.env:1"]);
    }
}

#[test]
fn what_is_not_in_the_index_is_read_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox.commit("text", "1", "first");
    sandbox.write("new.env", leak(1));
    assert_eq!(named(&sandbox, &["new.env"]).places(), ["new.env"]);
    sandbox.git(&["add", "--intent-to-add", "new.env"]);
    assert_eq!(named(&sandbox, &["new.env"]).places(), ["new.env"]);
    assert!(named(&sandbox, &["absent", "text"]).code(2).incomplete().starts_with("absent: is not there"));
    let bare = Sandbox::empty();
    bare.write("a.env", leak(1));
    assert_eq!(named(&bare, &["a.env"]).places(), ["a.env"]);
}

#[test]
fn names_count_from_the_current_folder() {
    let sandbox = Sandbox::new();
    for path in ["top.env", "sub/a.env", "sub/deep/b.env"] {
        sandbox.write(path, leak(1));
    }
    sandbox.git(&["add", "."]);
    for path in ["top.env", "sub/a.env", "sub/deep/b.env"] {
        sandbox.write(path, "gone");
    }
    let absolute = sandbox.root().join("sub/a.env").to_str().unwrap().to_owned();
    let names = ["../top.env", "./a.env", "deep", &absolute];
    let sub = sandbox.root().join("sub");
    let found = run(sandbox.scanner(&sub).args(["-f", "jsonl", "--pre-commit", "--"]).args(names));
    // One file by two names is told by one of them.
    assert_eq!(found.places().len(), 3, "{:?}", found.places());
    assert!(["../top.env", "deep/b.env"].iter().all(|name| found.places().contains(&(*name).to_owned())));
}

#[test]
fn all_sides_of_a_conflict_are_read() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.env", "base\n", "base");
    sandbox.git(&["checkout", "--quiet", "-b", "side"]);
    sandbox.commit("a.env", leak(1), "side");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.commit("a.env", "main\n", "main");
    assert!(!sandbox.try_git(&["merge", "side"]).status.success());
    sandbox.write("a.env", "half way\n");
    assert_eq!(named(&sandbox, &["a.env"]).places(), ["a.env"]);
    sandbox.scan(&["-v", "--pre-commit", "--", "a.env"]).says(&["a.env: has a conflict"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_committed_as_what_it_names() {
    let sandbox = Sandbox::new();
    sandbox.write("../outside.env", leak(1));
    std::os::unix::fs::symlink("../outside.env", sandbox.root().join("link")).unwrap();
    sandbox.git(&["add", "."]);
    named(&sandbox, &["link"]).code(0);
}

#[test]
fn a_working_tree_may_lie_apart_from_its_repository() {
    let sandbox = Sandbox::empty();
    let git_dir = sandbox.beside("apart.git");
    sandbox.git(&["init", "--quiet", "--bare", git_dir.to_str().unwrap()]);
    sandbox.write("sub/a.env", leak(1));
    sandbox.write("made-up/new.env", leak(2));
    sandbox.write(".krea-scan-ignore", "/made-up/\n");
    let apart = [("GIT_DIR", &*git_dir), ("GIT_WORK_TREE", sandbox.root())];
    let add = sandbox.command("git", sandbox.root()).envs(apart).args(["add", "sub"]).status();
    assert!(add.unwrap().success());
    sandbox.write("sub/a.env", "gone");
    let sub = sandbox.root().join("sub");
    let args = ["-f", "sarif", "--pre-commit", "--", "a.env", "../made-up/new.env"];
    let found = run(sandbox.scanner(&sub).envs(apart).args(args)).code(1);
    let sarif: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{}", found.stdout);
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "sub/a.env");
    assert_eq!(sarif["runs"][0]["properties"]["leftOut"], 1);
}

#[test]
fn ignore_files_count_for_names_from_everywhere() {
    let sandbox = Sandbox::new();
    sandbox.write(".krea-scan-ignore", "/made-up/\n");
    sandbox.write("made-up/a.env", leak(1));
    sandbox.write("sub/b", "text");
    sandbox.git(&["add", "."]);
    sandbox.write("made-up/unstaged.env", leak(1));
    let sub = sandbox.root().join("sub");
    for (folder, up) in [(sandbox.root(), ""), (&sub, "../")] {
        let names = ["made-up/a.env", "made-up/unstaged.env"].map(|name| format!("{up}{name}"));
        let scan =
            run(sandbox.scanner(folder).args(["-f", "jsonl", "--pre-commit", "--"]).args(&names)).code(0);
        assert_eq!(scan.summary()["left_out"]["paths"], 2);
        assert_eq!(scan.summary()["left_out"]["listed"][0]["path"], names[0].as_str());
    }
}

#[test]
fn the_file_that_git_lfs_keeps_is_read() {
    let sandbox = Sandbox::new();
    let (id, text) = ("ab".repeat(32), leak(1));
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize {}\n", text.len());
    sandbox.write("big.env", pointer);
    sandbox.git(&["add", "."]);
    assert!(named(&sandbox, &["big.env"]).code(2).incomplete().contains("Git LFS"));
    sandbox.write(&format!(".git/lfs/objects/ab/ab/{id}"), text);
    assert_eq!(named(&sandbox, &["big.env"]).places(), ["big.env"]);
}
