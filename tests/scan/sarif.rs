//! What the program writes for code scanning is valid SARIF, with findings and without.

use crate::support::{Sandbox, tokens};
use serde_json::Value;
use tokens::Alphabet;

const SCHEMA: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sarif/sarif-schema-2.1.0.json"));

/// Scans, checks the log against the schema, and gives the number of results.
fn results(sandbox: &Sandbox, arguments: &[&str]) -> usize {
    let output = sandbox
        .command(env!("CARGO_BIN_EXE_krea-scan"), sandbox.root())
        .args(["--format", "sarif"])
        .args(arguments)
        .output()
        .unwrap();
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    // These two patterns have an unpaired bracket, and are no regular expressions. Reports have no `language`.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{arguments:?}: {errors:#?}");
    log["runs"][0]["results"].as_array().unwrap().len()
}

#[test]
fn every_way_to_scan_writes_a_valid_log() {
    let sandbox = Sandbox::new();
    sandbox.commit("src/krea.ts", "export const url = \"https://api.krea.ai\";\n", "Begin");
    assert_eq!(results(&sandbox, &[]), 0);
    assert_eq!(results(&sandbox, &["--staged"]), 0);
    let line = format!("KREA_API_KEY={}\n", tokens::pair(Alphabet::Base64Url, 1));
    sandbox.write("a folder/ü .env", line);
    sandbox.git(&["add", "--all"]);
    assert_eq!(results(&sandbox, &["--staged"]), 1);
    sandbox.git(&["commit", "--quiet", "--message", "Leak"]);
    assert_eq!(results(&sandbox, &[]), 1);
    assert_eq!(results(&sandbox, &["--history"]), 1);
    assert_eq!(results(&sandbox, &["--range", "HEAD~1..HEAD"]), 1);
}
