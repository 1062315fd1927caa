//! Reports as a whole: repeatable, complete, and where they were asked for.

use crate::support::Sandbox;
use crate::support::program::{leak, run};
use serde_json::Value;
use std::fs;

/// A tree with enough files for threads to finish out of order.
fn many() -> Sandbox {
    let sandbox = Sandbox::new();
    for n in 0..60 {
        sandbox.write(&format!("d{}/f{n}.env", n % 7), leak(n % 20));
        sandbox.write(&format!("d{}/plain{n}.txt", n % 7), "nothing here\n".repeat(n as usize * 50));
    }
    sandbox
}

#[test]
fn two_runs_are_equal_to_the_byte_whatever_the_threads() {
    let sandbox = many();
    let without_time = |text: String| {
        let at = text.find("\"seconds\":").unwrap_or(text.len());
        text[..at].to_owned()
    };
    for format in ["human", "json", "jsonl", "sarif", "github"] {
        let report =
            |threads| without_time(sandbox.scan(&["-f", format, "--threads", threads]).code(1).stdout);
        let first = report("1");
        assert!(!first.is_empty());
        assert_eq!(first, report("8"), "{format}");
        assert_eq!(first, report("8"), "{format}");
    }
}

#[test]
fn findings_are_sorted_and_the_summary_is_last() {
    let sandbox = many();
    let places = sandbox.places::<&str>(&[]);
    assert!(places.is_sorted() && places.len() == 60, "{places:?}");
    let human = sandbox.scan::<&str>(&[]).stdout;
    let last = human.lines().last().unwrap();
    assert!(last.starts_with("20 tokens in 60 places. Read 120 files"), "{last}");
    let json: Value = serde_json::from_str(&sandbox.scan(&["-f", "json"]).stdout).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 60);
    assert_eq!((&json["summary"]["files"], &json["summary"]["tokens"]), (&120.into(), &20.into()));
}

#[test]
fn quiet_says_nothing_when_there_is_nothing_to_say() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", "nothing");
    let silent = sandbox.scan(&["-q"]).code(0);
    assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("", ""));
    sandbox.scan(&["-q", "nowhere"]).code(2).says(&["nowhere: is not there"]);
    sandbox.write("a.env", leak(1));
    sandbox.scan(&["-q"]).code(1).says(&["a.env:1:14"]);
    sandbox.scan(&["-q", "-v"]).code(2);
}

#[test]
fn a_report_goes_to_the_file_that_was_named() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    let run = sandbox.scan(&["-f", "sarif", "-o", "../out.sarif"]).code(1);
    assert_eq!(run.stdout, "");
    let text = fs::read_to_string(sandbox.beside("out.sarif")).unwrap();
    let sarif: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 1);
}

#[test]
fn colour_is_used_when_it_is_wanted() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    let colour = |args: &[&str]| sandbox.scan(args).code(1).stdout.contains('\u{1b}');
    assert!(colour(&["--color", "always"]));
    assert!(!colour(&["--color", "never"]) && !colour(&["--color", "auto"]) && !colour(&[]));
    // Somebody who asks on the command line means it.
    let asked = run(sandbox.scanner(sandbox.root()).args(["--color", "always"]).env("NO_COLOR", "1"));
    assert!(asked.stdout.contains('\u{1b}'));
}

#[test]
fn sarif_and_annotations_name_files_from_the_repositorys_root() {
    let sandbox = Sandbox::new();
    sandbox.write("web/src/a.env", leak(1));
    for (folder, args) in
        [("web", &[][..]), ("web", &["."][..]), ("web/src", &["../src"][..]), ("", &["./web"][..])]
    {
        let folder = sandbox.root().join(folder);
        let sarif = run(sandbox.scanner(&folder).args(["-f", "sarif"]).args(args)).code(1);
        let sarif: Value = serde_json::from_str(&sarif.stdout).unwrap();
        let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(place["uri"], "web/src/a.env", "{args:?}");
        run(sandbox.scanner(&folder).args(["-f", "github"]).args(args)).code(1).says(&["file=web/src/a.env"]);
    }
    let outside = sandbox.beside("home");
    fs::create_dir_all(&outside).unwrap();
    let given = run(sandbox.scanner(&outside).args(["-f", "sarif", "../work"])).code(1);
    assert!(given.stdout.contains("web/src/a.env"), "{}", given.stdout);
}

/// Without an answer nothing is live, and the gate would pass whatever leaked.
#[test]
fn a_gate_for_live_tokens_has_to_ask_which_are_live() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", leak(0));
    sandbox.scan(&["--fail-on", "live"]).code(2).says(&["--verify"]);
    sandbox.scan(&["--fail-on", "found"]).code(1);
}
