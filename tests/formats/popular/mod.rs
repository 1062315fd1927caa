//! The most downloaded client libraries, as npm publishes them: no finding, and nothing that is not read.
//!
//! `.ci/popular` gets them.

use crate::support::Sandbox;
use needs::needs;
use std::path::Path;

/// As `.ci/popular` names them.
const PACKAGES: &str = include_str!("../../../.ci/popular");

#[needs("target/made/popular")]
#[test]
fn published_packages_are_no_false_alarm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/popular");
    let (_, list) = PACKAGES.split_once("packages=(").expect("the script's list");
    let (list, _) = list.split_once(')').expect("its end");
    let tarballs: Vec<String> = list
        .split_whitespace()
        .filter_map(|package| package.rsplit_once('@'))
        .map(|(name, version)| format!("{}-{version}.tgz", name.trim_start_matches('@').replace('/', "-")))
        .collect();
    assert!(tarballs.len() >= 10, "{tarballs:?}");
    let missing: Vec<_> = tarballs.iter().filter(|name| !folder.join(name).is_file()).collect();
    assert!(missing.is_empty(), "{missing:?} are not there: run `.ci/popular`");
    let paths: Vec<_> = tarballs.iter().map(|name| folder.join(name)).collect();
    let run = Sandbox::empty().jsonl(&paths).code(0);
    assert_eq!(run.incomplete(), "");
    assert_eq!(run.summary()["files"], tarballs.len());
    // What is inside was read, not the packed bytes alone.
    let packed: u64 = paths.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(run.summary()["bytes"].as_u64().unwrap() > 3 * packed);
}
