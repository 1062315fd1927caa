//! Names that others choose, in a tree, an index or an environment: none of them is an option.

use super::support::Sandbox;
use super::support::program::leak;
use std::fs;
use std::net::TcpListener;
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
