//! Names that others choose, in a tree, an index or an environment: none of them is an option.

use crate::support::Sandbox;
use crate::support::program::{leak, run};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

/// Names that mean something elsewhere on a command line.
const NAMES: [&str; 16] = [
    "--help",
    "--version",
    "-V",
    "-h",
    "-q",
    "--",
    "-",
    "@list",
    "--write-baseline=x.json",
    "--config=gate.toml",
    "--min-confidence=high",
    "--output=report",
    "-dash.env",
    "--pre-commit",
    "--stdin",
    "-vvv",
];

#[test]
fn under_pre_commit_every_name_is_a_file() {
    let sandbox = Sandbox::new();
    sandbox.write("leak.env", leak(1));
    for name in NAMES {
        sandbox.write(name, "harmless");
        for before in [&["--pre-commit"][..], &["--pre-commit", "--"]] {
            let args: Vec<&str> = before.iter().copied().chain([name, "leak.env"]).collect();
            let found = sandbox.scan(&args).code(1);
            found.says(&["leak.env:1:14", "Read 2 files"]);
        }
        sandbox.write(name, leak(2));
        for before in [&["--pre-commit"][..], &["--pre-commit", "--"]] {
            let args: Vec<&str> = before.iter().copied().chain([name, "leak.env"]).collect();
            sandbox.scan(&args).code(1).says(&["leak.env:1:14", &format!("{name}:1:14")]);
        }
        fs::remove_file(sandbox.root().join(name)).unwrap();
        let left: Vec<_> = fs::read_dir(sandbox.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{name} made it write a file: {left:?}");
    }
}

#[test]
fn no_name_says_where_tokens_go() {
    let sandbox = Sandbox::new();
    sandbox.write("leak.env", leak(1));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    let api = format!("--api=http:/{host}/x");
    sandbox.write(&api, "harmless");
    sandbox.write("--verify", "harmless");
    sandbox.scan(&["--pre-commit", &api, "--verify", "leak.env"]).code(1).says(&["Read 3 files"]);
    listener.set_nonblocking(true).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(listener.accept().is_err(), "somebody was asked");
}

#[test]
fn an_option_that_would_not_count_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("clean", "text");
    for option in ["--verify", "-q", "--config=gate.toml"] {
        for before in [&["--pre-commit"][..], &["--pre-commit", "--"]] {
            let args: Vec<&str> = before.iter().copied().chain([option, "clean"]).collect();
            let told = format!("entry: krea-scan {option} --pre-commit --");
            sandbox.scan(&args).code(2).says(&["is no file here", &told]);
        }
    }
    // Also where the names do not matter, because it is a push.
    let mut push = sandbox.scanner(sandbox.root());
    push.args(["--pre-commit", "--", "--verify"])
        .env("PRE_COMMIT_FROM_REF", "a")
        .env("PRE_COMMIT_TO_REF", "b");
    run(&mut push).code(2).says(&["is no file here"]);
    let quiet = sandbox.scan(&["-q", "--pre-commit", "--", "clean"]).code(0);
    assert_eq!(quiet.stdout, "");
}

#[test]
fn standard_input_is_not_read_for_a_file_named_dash() {
    let sandbox = Sandbox::new();
    sandbox.write("-", leak(1));
    let mut command = sandbox.scanner(sandbox.root());
    let (mut reader, writer) = std::io::pipe().unwrap();
    // It would wait for ever: the other end stays open.
    let (input, held) = std::io::pipe().unwrap();
    command.args(["--pre-commit", "-"]).stdin(Stdio::from(input)).stdout(Stdio::from(writer));
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(text.contains("-:1:14"), "{text}");
    drop(held);
}

#[test]
fn names_from_an_index_and_a_history_are_names() {
    let sandbox = Sandbox::new();
    sandbox.commit("clean", "text", "first");
    for name in NAMES {
        sandbox.write(name, leak(1));
    }
    sandbox.git(&["add", "--all"]);
    let mut expected = NAMES.map(str::to_owned).to_vec();
    expected.sort_unstable();
    assert_eq!(sandbox.places(&["--staged"]), expected);
    sandbox.git(&["commit", "--quiet", "--message", "names"]);
    for args in [&["--range", "HEAD~1.."][..], &["--history"], &[]] {
        assert_eq!(sandbox.places(args), expected, "{args:?}");
    }
}

#[test]
fn revisions_from_the_environment_are_revisions() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit("clean", "text", "first");
    sandbox.commit("leak.env", leak(1), "a token");
    let push = |from: &str, to: &str| {
        let mut command = sandbox.scanner(sandbox.root());
        command.arg("--pre-commit").env("PRE_COMMIT_FROM_REF", from).env("PRE_COMMIT_TO_REF", to);
        run(&mut command)
    };
    push(&first, "HEAD").code(1);
    for (from, to) in [
        ("--all", "HEAD"),
        (&*first, "--not"),
        ("HEAD..HEAD", "HEAD"),
        ("HEAD.", "HEAD"),
        (&*first, "HEAD..HEAD"),
        ("-", "HEAD"),
    ] {
        push(from, to).code(2).says(&["names no commit here"]);
    }
    // On the command line such a range is told as what it is.
    sandbox.scan(&["--range=--all..HEAD"]).code(2).says(&["names no commit here"]);
    sandbox.scan(&["--range", "--output=x..HEAD"]).code(2);
    assert!(!sandbox.root().join("x..HEAD").exists());
}
