//! `--redact` with the real program: what was found is replaced, what cannot be proven is left alone, and nothing happens
//! unasked.

#[path = "../fixtures/corpus.rs"]
mod corpus;
mod support;

use std::fs;

#[test]
fn every_file_of_the_corpus_is_clean_afterwards_or_untouched() {
    let sandbox = support::Sandbox::empty();
    let cases: Vec<_> = corpus::load().into_iter().filter(|case| !case.expected.is_empty()).collect();
    for case in &cases {
        sandbox.write(&case.path, &case.bytes);
    }
    let run = sandbox.scan(&["--redact", "--yes"]);
    fs::write("/tmp/cleanup-size/corpus.out", &run.stdout).unwrap();
    std::process::Command::new("cp")
        .arg("-r")
        .arg(sandbox.root())
        .arg("/tmp/cleanup-size/corpus")
        .status()
        .unwrap();
}
