//! What the real bundlers make of small apps with a token in them, and of the same apps without one.
//!
//! `.ci/builds` makes the builds.

mod binaries;
mod bundles;
#[cfg(unix)]
mod served;

use crate::support::Sandbox;
use crate::support::program::{Run, token};
use crate::ways::layers;
use needs::needs;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder of a build (`leaky/vite`).
#[track_caller]
fn build(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/builds").join(name);
    assert!(folder.is_dir(), "{} is missing: run `.ci/builds`", folder.display());
    folder
}

/// Scans a build, whatever ignores it.
#[track_caller]
fn scan(folder: &Path) -> Run {
    Sandbox::empty().jsonl(&["--no-ignore".as_ref(), folder.as_os_str()])
}

/// The finding in a build that has one token, and one only. Everything must have been read.
#[track_caller]
fn only(name: &str, n: u64) -> Value {
    let run = scan(&build(name)).code(1);
    assert_eq!(run.incomplete(), "");
    let finding = run.only();
    is_token(&finding, n);
    finding
}

/// Fails unless a finding is token number `n`.
#[track_caller]
fn is_token(finding: &Value, n: u64) {
    assert_eq!(finding["token"]["id_prefix"], token(n)[..8], "{finding}");
    let whole = krea_scan_token::Fingerprint::of(token(n).as_bytes());
    assert_eq!(finding["fingerprint"], whole.to_string(), "the token has its exact text: {finding}");
}

/// The line of a source file in `fixtures/builds` that holds a text.
#[track_caller]
fn line_of(source: &str, text: &str) -> u64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/builds").join(source);
    let content = std::fs::read_to_string(path).unwrap();
    let at = content.lines().position(|line| line.contains(text)).expect("the source holds the text");
    at as u64 + 1
}

#[needs("target/made/builds")]
#[test]
fn builds_without_a_token_hold_none() {
    for name in ["vite", "esbuild", "webpack", "literal", "next", "hermes", "wasm", "packed", "asar"] {
        let folder = build(&format!("clean/{name}"));
        let run = scan(&folder).code(0);
        assert_eq!(run.incomplete(), "", "{name}");
        assert!(run.findings().is_empty(), "{name}");
        assert!(run.summary()["files"].as_u64() > Some(0), "{name}");
    }
}
