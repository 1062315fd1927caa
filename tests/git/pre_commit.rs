//! The hook under the real pre-commit framework: each way to run it scans what the person thinks it scans.
//!
//! Needs `pre-commit` (`pip install pre-commit`). Without it these tests only say so; under `CI` they fail.

#![cfg(unix)]

use crate::support::{Lcg, Sandbox};
use needs::needs;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// A repository with the hook installed for commits and pushes, and a remote to push to.
struct Hooked {
    sandbox: Sandbox,
    path: OsString,
}

/// Whether a command succeeded, and all that it printed.
struct Ran {
    passed: bool,
    output: String,
}

impl Hooked {
    fn new() -> Self {
        let hooked = Self::with("");
        hooked.commit("first").assert_passed();
        hooked
    }

    /// With more lines about the hook, and nothing committed yet.
    fn with(more: &str) -> Self {
        let hooks = Sandbox::new();
        let rev =
            hooks.commit(".pre-commit-hooks.yaml", include_str!("../../.pre-commit-hooks.yaml"), "Add hooks");

        let binary = Path::new(env!("CARGO_BIN_EXE_krea-scan")).parent().unwrap();
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = [binary.to_owned()].into_iter().chain(std::env::split_paths(&inherited));
        let hooked = Hooked { sandbox: Sandbox::new(), path: std::env::join_paths(path).unwrap() };
        let config = format!(
            "repos:\n- repo: {}\n  rev: {rev}\n  hooks:\n  - id: krea-scan-system\n{more}",
            hooks.root().display()
        );
        hooked.sandbox.write(".pre-commit-config.yaml", config);
        hooked.sandbox.git(&["add", "."]);
        let remote = hooked.sandbox.beside("remote.git");
        hooked.sandbox.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
        hooked.sandbox.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        // Installing the environment needs the folder of hooks, so it is done while that still exists.
        hooked
            .run("pre-commit", &["install", "--install-hooks", "-t", "pre-commit", "-t", "pre-push"])
            .assert_passed();
        hooked
    }

    fn run(&self, program: &str, args: &[&str]) -> Ran {
        let mut command = self.sandbox.command(program, self.sandbox.root());
        command.args(args).env("PATH", &self.path).env("PRE_COMMIT_HOME", self.sandbox.beside("cache"));
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        Ran { passed: output.status.success(), output: String::from_utf8_lossy(&text).into_owned() }
    }

    fn commit(&self, message: &str) -> Ran {
        self.run("git", &["commit", "--message", message])
    }

    fn stage(&self, path: &str, content: &str) {
        self.sandbox.write(path, content);
        self.sandbox.git(&["add", path]);
    }

    /// Commits past the hook.
    fn slip(&self, path: &str, content: &str) -> String {
        self.sandbox.commit(path, content, "slipped through")
    }

    fn push(&self, refspec: &str) -> Ran {
        self.run("git", &["push", "origin", refspec])
    }

    fn push_unseen(&self) {
        self.sandbox.git(&["push", "--quiet", "--no-verify", "origin", "HEAD"]);
    }
}

impl Ran {
    #[track_caller]
    fn assert_passed(&self) {
        assert!(self.passed, "{}", self.output);
    }

    #[track_caller]
    fn assert_blocked(&self, token: &str) {
        assert!(!self.passed, "it was let through: {}", self.output);
        assert!(self.output.contains("hook id: krea-scan-system"), "{}", self.output);
        assert!(self.output.contains(&token[..8]), "the token's id prefix is shown: {}", self.output);
        assert!(!self.output.contains(&token[37..]), "the secret is shown");
    }
}

/// A line that leaks a token, and the token.
fn leak(seed: u64) -> (String, String) {
    let token = Lcg(seed).token();
    (format!("KREA_API_KEY={token}\n"), token)
}

#[needs("pre-commit")]
#[test]
fn a_staged_token_blocks_the_commit() {
    let hooked = Hooked::new();
    let (line, token) = leak(1);
    hooked.stage("app/.env", &line);
    hooked.commit("leak").assert_blocked(&token);
    // Also when the working tree has been cleaned since.
    hooked.sandbox.write("app/.env", "KREA_API_KEY=\n");
    hooked.commit("leak").assert_blocked(&token);
    hooked.sandbox.git(&["add", "app/.env"]);
    hooked.commit("no leak").assert_passed();
}

#[needs("pre-commit")]
#[test]
fn a_token_in_the_working_tree_alone_does_not_block() {
    let hooked = Hooked::new();
    let (line, token) = leak(2);
    hooked.stage("tracked", "clean\n");
    hooked.stage("other", "clean\n");
    hooked.commit("clean").assert_passed();
    hooked.sandbox.write("tracked", &line);
    hooked.sandbox.write("untracked", &line);
    hooked.stage("other", "changed\n");
    hooked.commit("other").assert_passed();
    assert_eq!(fs::read_to_string(hooked.sandbox.root().join("tracked")).unwrap(), line);

    // `-a` and a named file take it along.
    hooked.run("git", &["commit", "--all", "--message", "all"]).assert_blocked(&token);
    hooked.run("git", &["commit", "--message", "one", "tracked"]).assert_blocked(&token);
}

#[needs("pre-commit")]
#[test]
fn a_commit_that_only_deletes_passes() {
    let hooked = Hooked::new();
    hooked.slip("leaked", &leak(3).0);
    hooked.sandbox.git(&["rm", "--quiet", "leaked"]);
    hooked.commit("remove").assert_passed();
}

#[needs("pre-commit")]
#[test]
fn all_files_and_named_files_are_what_they_say() {
    let hooked = Hooked::new();
    let (line, token) = leak(4);
    hooked.slip("clean", "nothing\n");
    hooked.run("pre-commit", &["run", "--all-files"]).assert_passed();
    hooked.slip("deep/er/leaked", &line);
    hooked.run("pre-commit", &["run"]).assert_passed();
    hooked.run("pre-commit", &["run", "--all-files"]).assert_blocked(&token);
    hooked.run("pre-commit", &["run", "--files", "clean"]).assert_passed();
    hooked.run("pre-commit", &["run", "--files", "clean", "deep/er/leaked"]).assert_blocked(&token);
    let manual = ["run", "--hook-stage", "manual", "--all-files"];
    hooked.run("pre-commit", &manual).assert_blocked(&token);
}

#[needs("pre-commit")]
#[test]
fn between_two_revisions_every_commit_counts() {
    let hooked = Hooked::new();
    let (line, token) = leak(5);
    let before = hooked.sandbox.head();
    hooked.slip("config", &line);
    let removed = hooked.slip("config", "clean\n");
    let run = |from: &str, to: &str| hooked.run("pre-commit", &["run", "--from-ref", from, "--to-ref", to]);
    run(&before, "HEAD").assert_blocked(&token);
    hooked.slip("more", "clean\n");
    run(&removed, "HEAD").assert_passed();
}

#[needs("pre-commit")]
#[test]
fn a_push_is_blocked_by_a_token_that_a_later_commit_removes() {
    let hooked = Hooked::new();
    let (line, token) = leak(6);
    // The first push of all: the root commit is among what is pushed.
    hooked.push("main").assert_passed();
    // A branch that the remote knows.
    hooked.slip("config", &line);
    hooked.slip("config", "clean\n");
    hooked.push("main").assert_blocked(&token);
    hooked.push_unseen();
    // What the remote has is no longer pushed.
    hooked.slip("config", "cleaner\n");
    hooked.push("main").assert_passed();
    // A new branch.
    let (line, token) = leak(7);
    hooked.sandbox.git(&["checkout", "--quiet", "-b", "feature"]);
    hooked.slip("feature", &line);
    hooked.slip("feature", "clean\n");
    hooked.push("feature").assert_blocked(&token);
    hooked.push("feature:another-name").assert_blocked(&token);
    hooked.push_unseen();
    // A branch is deleted: nothing is pushed.
    hooked.push(":feature").assert_passed();
}

#[needs("pre-commit")]
#[test]
fn the_first_push_of_a_history_is_scanned_whole() {
    let hooked = Hooked::new();
    let (line, token) = leak(8);
    hooked.slip("config", &line);
    hooked.slip("config", "clean\n");
    hooked.push("main").assert_blocked(&token);
    hooked.push("HEAD:refs/heads/other").assert_blocked(&token);
}

#[needs("pre-commit")]
#[test]
fn names_of_staged_files_are_never_options() {
    let hooked = Hooked::new();
    let (line, token) = leak(9);
    hooked.stage("leaked.env", &line);
    for name in ["--help", "--version", "-V", "-h", "-", "@list", "--", "--min-confidence=high", "-dash.env"]
    {
        hooked.sandbox.write(name, "harmless\n");
        hooked.sandbox.git(&["add", "--", name]);
        hooked.commit("leak").assert_blocked(&token);
        hooked.sandbox.git(&["rm", "--quiet", "--force", "--", name]);
    }
    hooked.sandbox.git(&["rm", "--quiet", "--force", "leaked.env"]);
    // Nor are they passed over.
    for name in ["--", "-", "--version", "@list"] {
        hooked.sandbox.write(name, &line);
        hooked.sandbox.git(&["add", "--", name]);
        let blocked = hooked.commit("leak");
        blocked.assert_blocked(&token);
        assert!(blocked.output.contains(&format!("{name}:1:14")), "{}", blocked.output);
        hooked.sandbox.git(&["rm", "--quiet", "--force", "--", name]);
    }
}

#[needs("pre-commit")]
#[test]
fn options_go_before_the_names_and_nowhere_else() {
    let hooked = Hooked::with("    entry: krea-scan --min-confidence high --pre-commit --\n");
    // Nothing but the word nearby says whose it is: medium confidence.
    let token = leak(10).1;
    hooked.stage("notes.md", &format!("We make pictures with krea.\n\n\n{token}\n"));
    hooked.commit("medium").assert_passed();
    let (line, token) = leak(11);
    hooked.stage("leaked.env", &line);
    hooked.commit("leak").assert_blocked(&token);

    let hooked = Hooked::with("    args: [--min-confidence=high]\n");
    let said = hooked.commit("first");
    assert!(!said.passed, "{}", said.output);
    let told = "\"--min-confidence=high\" is no file here";
    assert!(said.output.contains(told) && said.output.contains("entry: krea-scan"), "{}", said.output);
}

#[test]
fn both_hooks_run_alike() {
    let manifest = include_str!("../../.pre-commit-hooks.yaml");
    for setting in [
        "entry: krea-scan --pre-commit --\n",
        "pass_filenames: true",
        "require_serial: true",
        "always_run: true",
        "stages: [pre-commit, pre-push, manual]",
    ] {
        assert_eq!(manifest.matches(setting).count(), 2, "{setting}");
    }
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_krea-scan"));
    assert_eq!(binary.file_stem().unwrap(), "krea-scan");
}
