//! The project's own text holds made-up tokens only, and `.krea-scan.toml` allows exactly those.

use crate::support::tokens::{self, Alphabet};
use krea_scan_token::Fingerprint;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

/// How many of each kind are tried.
const TRIED: u64 = 32;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn krea_scan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_krea-scan")).args(arguments).current_dir(ROOT).output().unwrap()
}

/// The fingerprints of what a scan of the project finds when nothing is allowed.
fn found() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("allows-nothing.toml");
    // What is built here is no part of the project.
    std::fs::write(&nothing, "heed = ['.gitignore']").unwrap();
    let output = krea_scan(&["--config", nothing.to_str().unwrap(), "--format", "json", "."]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["incomplete"], serde_json::json!([]));
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
}

/// The fingerprints that `.krea-scan.toml` allows, each for some paths.
fn allowed() -> Vec<(Value, String)> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(".krea-scan.toml")).unwrap();
    let file: Value = toml::from_str(&text).unwrap();
    let entries = file["allow"].as_array().unwrap().iter();
    let of_entry = |entry: &Value| {
        let fingerprints = entry["fingerprints"].as_array().unwrap().iter();
        let text = |fingerprint: &Value| (entry["paths"].clone(), fingerprint.as_str().unwrap().to_owned());
        fingerprints.map(text).collect::<Vec<_>>()
    };
    entries.flat_map(of_entry).collect()
}

/// The fingerprints of everything that `fixtures/tokens.rs` makes.
fn made() -> BTreeSet<String> {
    let numbers = || Alphabet::ALL.into_iter().flat_map(|alphabet| (0..TRIED).map(move |n| (alphabet, n)));
    let pairs = numbers().map(|(alphabet, n)| tokens::pair(alphabet, n));
    let plain =
        numbers().map(|(alphabet, n)| format!("{}:{}", tokens::plain_id(n), tokens::secret(alphabet, n)));
    let legacy = numbers().map(|(alphabet, n)| tokens::legacy(alphabet, n));
    let texts = pairs.chain(plain).chain(legacy);
    texts.map(|text| Fingerprint::of(text.as_bytes()).as_str().to_owned()).collect()
}

#[test]
fn every_token_in_the_project_is_made_up() {
    let made = made();
    let strange: Vec<_> = found().into_iter().filter(|fingerprint| !made.contains(fingerprint)).collect();
    assert!(strange.is_empty(), "not made by fixtures/tokens.rs: {strange:?}");
}

#[test]
fn the_allowed_fingerprints_are_those_that_are_found() {
    let allowed = allowed();
    let once: BTreeSet<_> =
        allowed.iter().map(|(paths, fingerprint)| (paths.to_string(), fingerprint)).collect();
    assert_eq!(once.len(), allowed.len(), "a fingerprint is allowed twice");
    let allowed: BTreeSet<_> = allowed.into_iter().map(|(_, fingerprint)| fingerprint).collect();
    assert_eq!(allowed, found());
}

#[test]
fn the_project_scans_clean() {
    let output = krea_scan(&["."]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("; everything was read"), "{text}");
}
