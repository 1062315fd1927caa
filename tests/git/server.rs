//! A server's hooks are told zeros for what a push makes or deletes: what is scanned is what it adds to the refs that are there.

#![cfg(unix)]

use crate::support::Sandbox;
use crate::support::program::leak;
use crate::support::unix::write_program;
use std::fs;
use std::path::PathBuf;

/// A clone of a bare repository, whose history has a leak that everybody knows.
struct Server {
    sandbox: Sandbox,
    bare: PathBuf,
}

impl Server {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.commit("old.env", leak(1), "revoked long ago");
        sandbox.git(&["rm", "--quiet", "old.env"]);
        sandbox.commit("text", "1", "clean");
        // Git puts a folder with a colon in quotes where it lists folders.
        let bare = sandbox.beside("a:server.git");
        sandbox.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
        sandbox.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
        Server { sandbox, bare }
    }

    /// Sets a hook that scans every change of a ref; `each` runs `scan OLD NEW` for it, and ends with its exit code.
    fn hook(&self, name: &str, each: &str) {
        let script = format!(
            "#!/bin/sh\nscan() {{ '{}' -f jsonl --range \"$1..$2\" >> '{}'; }}\n{each}\n",
            env!("CARGO_BIN_EXE_krea-scan"),
            self.report().display(),
        );
        write_program(&self.bare.join("hooks").join(name), &script);
    }

    fn report(&self) -> PathBuf {
        self.sandbox.beside("report")
    }

    /// Pushes without any remote-tracking branch, and gives whether it was taken and what the hook found.
    fn push(&self, refspec: &str) -> (bool, Vec<String>) {
        let output = self.sandbox.try_git(&["push", "--quiet", self.bare.to_str().unwrap(), refspec]);
        let said = String::from_utf8_lossy(&output.stderr);
        let report = fs::read_to_string(self.report()).unwrap_or_else(|_| panic!("no hook ran: {said}"));
        fs::remove_file(self.report()).unwrap();
        let lines = report.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let paths = lines.filter_map(|line| Some(line["location"]["path"].as_str()?.to_owned()));
        (output.status.success(), paths.collect())
    }

    /// Pushes what every such hook has to tell apart.
    fn pushes(&self, refuses: bool) {
        let nothing = (true, Vec::new());
        self.sandbox.commit("text", "2", "clean too");
        assert_eq!(self.push("main:clean"), nothing, "a new branch with a clean commit");
        self.sandbox.commit("new.env", leak(2), "a leak");
        self.sandbox.git(&["rm", "--quiet", "new.env"]);
        self.sandbox.commit("text", "3", "and gone");
        let found = (!refuses, vec!["new.env".to_owned()]);
        assert_eq!(self.push("main:leaks"), found, "a new branch with a leak on the way");
        self.sandbox.git(&["tag", "--annotate", "v1", "--message", "one"]);
        assert_eq!(self.push("v1").1, if refuses { found.1 } else { Vec::new() }, "a new tag");
        assert_eq!(self.push(":clean"), nothing, "a deleted branch");
    }
}

#[test]
fn pre_receive_scans_what_no_ref_has() {
    let server = Server::new();
    server.hook("pre-receive", "while read old new ref; do scan $old $new || exit 1; done");
    server.pushes(true);
    // Nothing has moved yet, so what is there is there.
    assert_eq!(server.push("main~3:refs/heads/again"), (true, Vec::new()));
    // Several refs for one commit are told before any of them moves.
    server.sandbox.commit("more.env", leak(3), "a leak");
    let output = server.sandbox.try_git(&["push", "--quiet", "origin", "main:one", "main:two"]);
    assert!(!output.status.success());
    assert!(fs::read_to_string(server.report()).unwrap().contains("more.env"));
}

#[test]
fn update_scans_what_no_other_branch_has() {
    let server = Server::new();
    server.hook("update", "scan $2 $3");
    server.pushes(true);
}

#[test]
fn post_receive_scans_what_no_other_branch_has() {
    let server = Server::new();
    server.hook("post-receive", "while read old new ref; do scan $old $new; done");
    let nothing = (true, Vec::new());
    server.sandbox.commit("text", "2", "clean too");
    assert_eq!(server.push("main:clean"), nothing);
    server.sandbox.commit("new.env", leak(2), "a leak");
    assert_eq!(server.push("main:leaks"), (true, vec!["new.env".to_owned()]));
    assert_eq!(server.push(":leaks"), nothing);
    // Two new refs in one push have both moved: neither hides the other.
    server.sandbox.commit("text", "3", "more");
    let url = server.bare.to_str().unwrap();
    server.sandbox.git(&["push", "--quiet", url, "main:one", "main:refs/tags/two"]);
    assert_eq!(fs::read_to_string(server.report()).unwrap().matches("new.env").count(), 2 * 2);
}

#[test]
fn a_deleted_ref_is_said_to_bring_nothing_in() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.env", leak(1), "a leak");
    let zeros = "0".repeat(40);
    for range in [format!("HEAD..{zeros}"), format!("HEAD...{zeros}"), format!("{zeros}..{zeros}")] {
        sandbox.scan(&["--range", &range]).code(0).says(&["a deleted ref", "brings nothing in"]);
    }
    sandbox.scan(&["--range", &format!("..{zeros}")]).code(2).says(&["names no commit to start from"]);
}
