//! What the tests of this folder share.

use crate::support::Sandbox;
use crate::support::program::Run;
use serde_json::Value;
use std::process::Command;

/// Whether a program is there. It may be missing, but not in CI.
pub fn is_there(program: &str, how: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{program} is not installed: `{how}`");
        println!("not tested: this needs {program}; get it with `{how}`");
    }
    there
}

/// Runs a program in the working tree.
#[track_caller]
pub fn sh(sandbox: &Sandbox, program: &str, args: &[&str]) {
    let output = sandbox.command(program, sandbox.root()).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The way to a finding: the file and the names of what it is in, from outside to inside.
pub fn way(finding: &Value) -> String {
    let layers = finding["layers"].as_array().unwrap().iter();
    let names = layers.map(|layer| layer["name"].as_str().unwrap()).filter(|name| !name.is_empty());
    let path = finding["location"]["path"].as_str().unwrap();
    std::iter::once(path).chain(names).collect::<Vec<_>>().join(" → ")
}

/// The ways to all findings of a run, sorted.
#[track_caller]
pub fn ways(run: &Run) -> Vec<String> {
    let mut ways: Vec<String> = run.findings().iter().map(way).collect();
    ways.sort();
    ways
}
