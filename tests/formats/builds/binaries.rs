//! Binaries that apps ship: Hermes bytecode and WebAssembly.

use super::*;

#[needs("target/made/builds")]
#[test]
fn hermes_bytecode_and_the_app_package_that_holds_it() {
    let folder = build("leaky/hermes");
    let run = scan(&folder).code(1);
    assert_eq!(run.incomplete(), "");
    let findings = run.findings();
    let ways: Vec<(&str, Vec<String>)> = findings
        .iter()
        .map(|finding| {
            is_token(finding, 7);
            let path = finding["location"]["path"].as_str().unwrap();
            (path.rsplit('/').next().unwrap(), layers(finding))
        })
        .collect();
    let table = "hermes string table".to_owned();
    assert_eq!(
        ways,
        [
            ("app.apk", vec!["zip index.android.bundle".to_owned(), table.clone()]),
            ("index.android.bundle", vec![table]),
        ]
    );
}

#[needs("target/made/builds")]
#[test]
fn webassembly_with_strings_in_utf16() {
    let finding = only("leaky/wasm", 8);
    assert_eq!(layers(&finding), ["wasm data segments"]);
    assert_eq!(finding["location"]["column"], 1, "the string has a line of its own: {finding}");
}
