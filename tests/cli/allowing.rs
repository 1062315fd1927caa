//! What a team allows: by configuration, by comment, by baseline.

use super::support::Sandbox;
use super::support::program::{leak, token};
use krea_scan::finding::Fingerprint;
use std::fs;

fn fingerprint(n: u64) -> Fingerprint {
    Fingerprint::of(token(n).as_bytes())
}

#[test]
fn every_kind_of_entry_allows_and_kinds_are_combined() {
    let sandbox = Sandbox::empty();
    sandbox.write("a/one.env", leak(1));
    sandbox.write("b/one.env", leak(1));
    sandbox.write("b/two.env", leak(2));
    let all = ["a/one.env", "b/one.env", "b/two.env"];
    assert_eq!(sandbox.places::<&str>(&[]), all);
    let one = fingerprint(1);
    for (entry, left) in [
        ("paths = [\"a/\"]".to_owned(), &all[1..]),
        ("paths = [\"*.env\", \"!two.env\"]".to_owned(), &all[2..]),
        ("paths = [\"/one.env\"]".to_owned(), &all[..]),
        (format!("fingerprints = [\"{one}\"]"), &all[2..]),
        ("rules = [\"krea-api-token\"]".to_owned(), &[]),
        ("rules = [\"another\"]".to_owned(), &all[..]),
        (format!("paths = [\"b/\"]\nfingerprints = [\"{one}\"]"), &["a/one.env", "b/two.env"][..]),
        (format!("paths = [\"b/\"]\nfingerprints = [\"{one}\"]\nrules = [\"another\"]"), &all[..]),
    ] {
        sandbox.write(".krea-scan.toml", format!("[[allow]]\nreason = \"made up\"\n{entry}\n"));
        let run = sandbox.jsonl::<&str>(&[]);
        assert_eq!(run.places(), left, "{entry}");
        assert_eq!(run.summary()["allowed"], (all.len() - left.len()) as u64, "{entry}");
        // The same from elsewhere, and with the path spelled differently.
        let root = sandbox.root().to_str().unwrap();
        assert_eq!(sandbox.scan_in(&sandbox.beside("."), &["-f", "jsonl", root]).places().len(), left.len());
        assert_eq!(sandbox.places(&["./b/../"]).len(), left.len(), "{entry}");
    }
}

#[test]
fn the_nearest_configuration_counts_up_to_the_repositorys_root() {
    let sandbox = Sandbox::empty();
    sandbox.write("outer/inner/a.env", leak(1));
    sandbox.write("outer/b.env", leak(2));
    let allow = "[[allow]]\nreason = \"made up\"\npaths = [\"*.env\"]\n";
    sandbox.write(".krea-scan.toml", allow);
    sandbox.scan(&["outer/inner"]).code(0).says(&["1 finding is allowed"]);
    fs::create_dir(sandbox.root().join("outer/.git")).unwrap();
    sandbox.scan(&["outer/inner"]).code(1);
    sandbox.write("outer/inner/.krea-scan.toml", allow);
    assert_eq!(sandbox.places(&["outer"]), ["outer/b.env"]);
    // One that is given stands for all of them.
    sandbox.write("none.toml", "");
    assert_eq!(sandbox.places(&["--config", "none.toml"]).len(), 2);
}

#[test]
fn a_comment_allows_its_line_and_the_next() {
    let sandbox = Sandbox::empty();
    for (text, left) in [
        (format!("KREA_API_KEY={} # krea-scan:allow\n", token(1)), 0),
        (format!("# krea-scan:allow\n{}", leak(1)), 0),
        (format!("# krea-scan:allow\r\n{}", leak(1)), 0),
        (format!("# krea-scan:allow\n\n{}", leak(1)), 1),
        (format!("{}# krea-scan:allow\n", leak(1)), 1),
    ] {
        sandbox.write("a.env", &text);
        assert_eq!(sandbox.places::<&str>(&[]).len(), left, "line of the comment: {:?}", text.find('#'));
    }
}

#[test]
fn a_baseline_silences_what_it_knows_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    sandbox.write("b.env", leak(2));
    sandbox.scan(&["--write-baseline", "known.json"]).code(0).says(&["2 findings are allowed"]);
    for path in [
        &["--baseline", "known.json"][..],
        &["--baseline", "known.json", "."],
        &["--baseline", "known.json", "./"],
    ] {
        sandbox.scan(path).code(0).says(&["2 findings are allowed"]);
    }
    // Lines may move; another file or another token is news.
    sandbox.write("a.env", format!("\n\n{}", leak(1)));
    sandbox.scan(&["--baseline", "known.json"]).code(0);
    sandbox.write("c.env", leak(1));
    sandbox.write("b.env", leak(3));
    assert_eq!(sandbox.places(&["--baseline", "known.json"]), ["b.env", "c.env"]);
    let gone = format!("baseline: {} in b.env no longer matches anything", fingerprint(2));
    sandbox.scan(&["--baseline", "known.json", "-v"]).code(1).says(&[&gone]);
}

#[test]
fn a_baseline_of_the_history_silences_the_history() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.env", leak(1), "a token");
    sandbox.commit("a.env", "gone", "no token");
    sandbox.scan(&["--history", "--write-baseline", "known.json"]).code(0);
    sandbox.scan(&["--history", "--baseline", "known.json"]).code(0).says(&["1 finding is allowed"]);
}

#[test]
fn entries_that_match_nothing_are_told_when_asked() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    let used = "[[allow]]\nreason = \"used\"\npaths = [\"a.env\"]\n";
    sandbox.write(".krea-scan.toml", format!("{used}[[allow]]\nreason = \"stale\"\npaths = [\"b.env\"]\n"));
    sandbox.scan(&["-v"]).code(0).says(&["[[allow]] number 2 (stale) no longer matches anything"]);
    let silent = sandbox.scan::<&str>(&[]).code(0);
    assert!(!silent.stdout.contains("no longer matches"));
    assert!(!sandbox.scan(&["-v"]).stdout.contains("number 1"));
}
