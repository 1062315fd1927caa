//! A gate that names its own file with `--config`: what it looks at has no say in what it finds, but for what that file
//! names.

use crate::support::Sandbox;
use crate::support::program::{Run, leak, run, token};
use std::fs;

/// A repository whose newest commit leaks three tokens, each hidden in another way, and one that is ignored and not
/// tracked; beside it, two files for gates.
fn hidden() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("clean", "text", "first");
    sandbox.write("commented.env", format!("KREA_API_KEY={} # krea-scan:allow\n", token(1)));
    sandbox.write("configured.env", leak(2));
    sandbox.write(".krea-scan.toml", "[[allow]]\nreason = \"mine\"\npaths = [\"configured.env\"]\n");
    sandbox.write("sub/ignored.env", leak(3));
    sandbox.write("sub/.krea-scan-ignore", "*.env\n");
    sandbox.write(".gitignore", "*.log\ntracked.env\n");
    sandbox.write("tracked.env", leak(4));
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["add", "--force", "tracked.env"]);
    sandbox.git(&["commit", "--quiet", "--message", "second"]);
    sandbox.write("untracked.log", leak(5));
    sandbox.write("../gate.toml", "[[allow]]\nreason = \"x\"\npaths = [\"/none\"]\n");
    sandbox.write("../nothing.toml", "");
    sandbox
}

const TRACKED: [&str; 4] = ["commented.env", "configured.env", "sub/ignored.env", "tracked.env"];

/// Every way to look at the repository.
fn modes(sandbox: &Sandbox, config: &[&str]) -> Vec<Run> {
    let scan = |args: &[&str]| {
        let all: Vec<&str> = ["-f", "jsonl"].iter().chain(config).chain(args).copied().collect();
        sandbox.scan(&all)
    };
    let mut runs = vec![scan(&["--history"]), scan(&["--range", "HEAD~1.."])];
    let named: Vec<&str> = ["--pre-commit", "--"].into_iter().chain(TRACKED).collect();
    runs.push(scan(&named));
    sandbox.git(&["reset", "--quiet", "--soft", "HEAD~1"]);
    runs.push(scan(&["--staged"]));
    runs.push(scan(&["--pre-commit"]));
    sandbox.git(&["commit", "--quiet", "--message", "second"]);
    runs
}

#[test]
fn without_a_file_of_its_own_the_tree_has_its_say() {
    let sandbox = hidden();
    for run in modes(&sandbox, &[]) {
        assert_eq!(run.places(), ["tracked.env"]);
    }
    assert_eq!(sandbox.places::<&str>(&[]), ["tracked.env"]);
}

#[test]
fn with_one_the_tree_has_none() {
    let sandbox = hidden();
    for config in ["../gate.toml", "../nothing.toml", "/dev/null"] {
        for run in modes(&sandbox, &["--config", config]) {
            assert_eq!(run.places(), TRACKED, "{config}");
            assert_eq!(
                (&run.summary()["allowed"], &run.summary()["left_out"]["paths"]),
                (&0.into(), &0.into())
            );
        }
        let mut tree = TRACKED.map(str::to_owned).to_vec();
        tree.push("untracked.log".to_owned());
        assert_eq!(sandbox.places(&["--config", config]), tree, "{config}");
        let mut stdin = sandbox.scanner(sandbox.root());
        let input = fs::File::open(sandbox.root().join("commented.env")).unwrap();
        run(stdin.args(["--config", config, "--stdin"]).stdin(input)).code(1);
    }
    // Also for further copies of a token, which are looked for in a second pass.
    sandbox.write("copy.txt", format!("{} # krea-scan:allow\n", token(4)));
    assert!(sandbox.places(&["--config", "../gate.toml"]).contains(&"copy.txt".to_owned()));
    assert!(!sandbox.places::<&str>(&[]).contains(&"copy.txt".to_owned()));
}

#[test]
fn the_file_says_what_the_tree_may_say() {
    let sandbox = hidden();
    for (heed, hidden) in [
        ("comments", "commented.env"),
        (".krea-scan.toml", "configured.env"),
        (".krea-scan-ignore", "sub/ignored.env"),
        (".gitignore", "untracked.log"),
    ] {
        sandbox.write("../gate.toml", format!("heed = ['{heed}']\n"));
        let mut left: Vec<&str> = TRACKED.into_iter().chain(["untracked.log"]).collect();
        left.retain(|path| *path != hidden);
        assert_eq!(sandbox.places(&["--config", "../gate.toml"]), left, "{heed}");
        left.retain(|path| *path != "untracked.log");
        for run in modes(&sandbox, &["--config", "../gate.toml"]) {
            assert_eq!(run.places(), left, "{heed}");
        }
    }
    // Its own list counts besides, and says that it is its own.
    sandbox.write(
        "../gate.toml",
        "heed = ['comments', '.krea-scan.toml', '.krea-scan-ignore', '.gitignore']\n\
         [[allow]]\nreason = 'known to the gate'\npaths = ['tracked.env']\n",
    );
    let told = sandbox.scan(&["--config", "../gate.toml", "-v"]).code(0);
    told.says(&[
        "3 findings are allowed (1 by a comment, 1 by .krea-scan.toml, 1 by the file of --config)",
        "gate.toml: [[allow]] number 1: known to the gate",
        "what ignore files name (2 paths",
    ]);
}

#[test]
fn what_acts_on_findings_leaves_alone_what_git_ignores() {
    let sandbox = hidden();
    sandbox.write("../gate.toml", "");
    let redacted = sandbox.scan(&["--config", "../gate.toml", "--redact", "--dry-run"]);
    redacted.says(&["commented.env", "configured.env"]);
    let redacted = sandbox.scan(&["--config", "../gate.toml", "--redact", "--yes"]);
    assert!(!redacted.stdout.contains("untracked.log"), "{}", redacted.stdout);
    assert_eq!(fs::read_to_string(sandbox.root().join("untracked.log")).unwrap(), leak(5));
}

#[test]
fn what_cannot_be_heeded_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("clean", "text");
    for (config, told) in [
        ("heed = ['attributes']", "unknown variant `attributes`"),
        ("heed = 'comments'", "invalid type"),
        ("heeds = []", "holds [[allow]], heed,"),
    ] {
        sandbox.write("../gate.toml", config);
        sandbox.scan(&["--config", "../gate.toml"]).code(2).says(&["gate.toml: line 1: ", told]);
    }
    // The tree's own file has no say in what is heeded.
    sandbox.write(".krea-scan.toml", "heed = ['comments']\n");
    sandbox.scan::<&str>(&[]).code(2).says(&[".krea-scan.toml: allows nothing", "unknown field `heed`"]);
}

#[test]
fn outside_of_a_repository_no_file_of_the_tree_makes_gits_rules_count() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    sandbox.write(".gitignore", "*\n");
    fs::create_dir(sandbox.root().join(".jj")).unwrap();
    assert_eq!(sandbox.places::<&str>(&[]), ["a.env"]);
}
