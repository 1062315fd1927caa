//! What a team allows: by configuration, by comment, by baseline.

use crate::support::Sandbox;
use crate::support::program::{leak, token};
use krea_scan_token::Fingerprint;
use std::fs;
use std::path::Path;

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
fn a_comment_allows_its_line_or_has_its_line_to_itself_and_allows_the_next() {
    let sandbox = Sandbox::empty();
    for (text, left) in [
        (format!("KREA_API_KEY={} # krea-scan:allow\n", token(1)), 0),
        (format!("# krea-scan:allow\n{}", leak(1)), 0),
        (format!("# krea-scan:allow\r\n{}", leak(1)), 0),
        (format!("# krea-scan:allow\n\n{}", leak(1)), 1),
        (format!("{}# krea-scan:allow\n", leak(1)), 1),
        // One behind a value is meant for that value, and a longer word is another word.
        (format!("KREA_TEST={} # krea-scan:allow\n{}", token(2), leak(1)), 1),
        (format!("DOCS=https://wiki.example.com/krea-scan:allow\n{}", leak(1)), 1),
        (format!("# krea-scan:allowlist\n{}", leak(1)), 1),
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
    sandbox
        .scan(&["--write-baseline", "known.json"])
        .code(0)
        .says(&["2 findings are allowed (2 by a baseline) and not shown"]);
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
fn a_baseline_counts_from_the_repositorys_top_wherever_a_scan_starts() {
    let sandbox = Sandbox::new();
    sandbox.commit("text", "clean", "first");
    let files = ["top.env", "sub/a.env", "sub/deep/b.env"];
    files.iter().zip(1..).for_each(|(file, number)| sandbox.write(file, leak(number)));
    sandbox.git(&["add", "."]);
    let (root, sub) = (sandbox.root().to_owned(), sandbox.root().join("sub"));
    let [known, absolute] =
        [sandbox.beside("known.json"), root.clone()].map(|path| path.display().to_string());
    let above = sandbox.beside("");
    // Written so, and read so: where, and with what.
    let writers: [(&Path, &[&str]); 5] =
        [(&root, &[]), (&root, &["./"]), (&sub, &[".."]), (&above, &["work"]), (&root, &["--staged"])];
    let readers: [(&Path, &[&str]); 8] = [
        (&root, &[]),
        (&root, &[&absolute]),
        (&root, &["./sub/deep/../a.env"]),
        (&sub, &[]),
        (&sub, &["../top.env", "deep"]),
        (&sub, &["--staged"]),
        (&sub, &["--pre-commit", "--", "../top.env", "a.env"]),
        (&above, &["work/sub"]),
    ];
    for (folder, args) in writers {
        sandbox.scan_in(folder, &[&["--write-baseline", &known][..], args].concat()).code(0);
        for (folder, args) in readers {
            let read = sandbox.scan_in(folder, &[&["-v", "--baseline", &known][..], args].concat()).code(0);
            assert!(!read.stdout.contains("no longer matches"), "{args:?}: {}", read.stdout);
        }
        // A file of the same name in another folder is another place.
        sandbox.write("sub/top.env", leak(1));
        let found = sandbox.scan_in(&sub, &["--baseline", &known]).code(1);
        std::fs::remove_file(sub.join("top.env")).unwrap();
        found.says(&["top.env:1:14"]);
    }
    std::fs::remove_file(sub.join("a.env")).unwrap();
    sandbox.scan_in(&sub, &["-v", "--baseline", &known]).says(&["in sub/a.env no longer matches anything"]);
}

#[test]
fn a_folder_that_a_path_leaves_allows_nothing_in_it() {
    let sandbox = Sandbox::new();
    sandbox.write("a/b/.krea-scan.toml", "[[allow]]\nreason = \"made up\"\nrules = [\"krea-api-token\"]\n");
    sandbox.write("a/c/x.env", leak(1));
    sandbox.scan_in(&sandbox.root().join("a/b"), &["../c/x.env"]).code(1);
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
    assert!(!sandbox.scan(&["-v"]).stdout.contains("number 1 (used) no longer"));
}

#[test]
fn an_entry_is_called_unused_only_where_all_that_it_could_allow_was_read() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    sandbox.write("sub/b.env", leak(2));
    let entry = |path: &str| format!("[[allow]]\nreason = \"made up\"\npaths = [\"{path}\"]\n");
    sandbox.write(".krea-scan.toml", entry("a.env") + &entry("sub/b.env"));
    sandbox.commit("clean", "text", "all of it");
    sandbox.scan(&["--write-baseline", "../known.json", "--config", "/dev/null", "."]).code(0);
    for args in [&["a.env"][..], &["sub"], &["sub/b.env"], &["--staged"], &["--range", "HEAD.."], &["."]] {
        let mut all = vec!["-v", "--baseline", "../known.json"];
        all.extend(args);
        let run = sandbox.scan(&all).code(0);
        assert!(!run.stdout.contains("no longer matches"), "{args:?}: {}", run.stdout);
    }
    sandbox.write("a.env", "gone");
    let told = sandbox.scan(&["-v", "--baseline", "../known.json"]).code(0);
    told.says(&["[[allow]] number 1 (made up) no longer matches anything", "in a.env no longer matches"]);
}

#[test]
fn what_is_allowed_is_counted_and_listed_with_its_reason() {
    let sandbox = Sandbox::empty();
    sandbox.write("commented.env", format!("# krea-scan:allow\n{}", leak(1)));
    sandbox.write("configured.env", leak(2));
    sandbox.write(".krea-scan.toml", "[[allow]]\nreason = \"a fixture\"\npaths = [\"configured.env\"]\n");
    sandbox.write("known.env", leak(3));
    sandbox.scan(&["--write-baseline", "known.json"]).code(0);
    sandbox.write("known.env", format!("other=line\n{}", leak(3)));
    let args = ["--baseline", "known.json"];
    let counted =
        "3 findings are allowed (1 by a comment, 1 by .krea-scan.toml, 1 by a baseline) and not shown";
    let told = sandbox.scan(&args).code(0).says(&[counted]);
    assert!(!told.stdout.contains("known.env"), "only -v lists them");
    sandbox.scan(&["--baseline", "known.json", "-v"]).code(0).says(&[
        counted,
        "commented.env:2:14  krea-scan:allow on the line above",
        ".krea-scan.toml: [[allow]] number 1: a fixture",
        "known.env:2:14  the baseline knows it",
    ]);
    let run = sandbox.jsonl(&args).code(0);
    let summary = run.summary();
    assert_eq!(summary["allowed"], 3);
    let allowances = summary["allowances"].as_array().unwrap();
    let of = |key: &str| allowances.iter().map(|a| a[key].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(of("path"), ["commented.env", "configured.env", "known.env"]);
    assert_eq!(of("by"), ["comment", ".krea-scan.toml", "baseline"]);
    assert_eq!(of("fingerprint"), [1, 2, 3].map(|n| fingerprint(n).as_str().to_owned()));
    assert_eq!((&allowances[0]["line"], &allowances[0]["column"]), (&2.into(), &14.into()));
}

#[test]
fn our_own_ignore_file_counts_alike_in_every_mode() {
    let sandbox = Sandbox::new();
    sandbox.commit("clean", "text", "first");
    sandbox.write("fix/t.env", leak(1));
    sandbox.write("fix/deep/er/t.env", leak(2));
    sandbox.write("own.env", leak(3));
    sandbox.write(".krea-scan-ignore", "fix/\n");
    sandbox.git(&["add", "--all"]);
    let ignored = |run: &crate::support::program::Run| run.summary()["left_out"]["paths"].as_u64().unwrap();
    let staged = sandbox.jsonl(&["--staged"]).code(1);
    assert_eq!((staged.places(), ignored(&staged)), (vec!["own.env".to_owned()], 2));
    let named = sandbox.jsonl(&["--pre-commit", "--", "fix/t.env", "fix/deep/er/t.env", "own.env"]).code(1);
    assert_eq!((named.places(), ignored(&named)), (vec!["own.env".to_owned()], 2));
    sandbox.git(&["commit", "--quiet", "--message", "second"]);
    let tree = sandbox.jsonl::<&str>(&[]).code(1);
    assert_eq!((tree.places(), ignored(&tree)), (vec!["own.env".to_owned()], 1));
    for args in [&["--range", "HEAD~1.."][..], &["--history"]] {
        let run = sandbox.jsonl(args).code(1);
        assert_eq!((run.places(), ignored(&run)), (vec!["own.env".to_owned()], 2), "{args:?}");
        let mut all = args.to_vec();
        all.push("--no-ignore");
        assert_eq!(sandbox.places(&all).len(), 3, "{args:?}");
    }
    // What a person names is read.
    assert_eq!(sandbox.places(&["fix/t.env"]), ["fix/t.env"]);
    // Nothing is taken for left out that another folder's file says.
    sandbox.write("sub/.krea-scan-ignore", "*\n");
    assert_eq!(sandbox.places(&["--history"]), ["own.env"]);
}

#[test]
fn a_fixture_that_cannot_be_read_can_be_left_out_in_every_mode() {
    let sandbox = Sandbox::new();
    sandbox.commit("clean", "text", "first");
    // The name of a member, and a flag that says that it is encrypted.
    let zip = b"PK\x03\x04\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0\x01\0\0\0sabcd";
    sandbox.write("fix/enc.zip", zip);
    sandbox.git(&["add", "--all"]);
    sandbox.scan(&["--staged"]).code(2);
    sandbox.write(".krea-scan-ignore", "fix/\n");
    sandbox.git(&["add", "--all"]);
    sandbox.scan(&["--staged"]).code(0);
    sandbox.git(&["commit", "--quiet", "--message", "second"]);
    for args in [&["--history"][..], &["--range", "HEAD~1.."], &["."]] {
        // The ignore file itself is read.
        sandbox.scan(args).code(0).says(&["everything was read but what ignore files name (1 path"]);
    }
}

#[test]
fn left_out_paths_are_counted_and_listed() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "*.log\nbuild/\n");
    sandbox.write(".krea-scan-ignore", "fixtures/\n");
    for path in ["a.log", "build/x", "build/y", "fixtures/z", "read.txt"] {
        sandbox.write(path, "text");
    }
    let told = sandbox.scan::<&str>(&[]).code(0);
    told.says(&["everything was read but what ignore files name (3 paths; -v lists it)."]);
    sandbox
        .scan(&["-v"])
        .code(0)
        .says(&["  a.log  .gitignore\n  build/  .gitignore\n  fixtures/  .krea-scan-ignore\n"]);
    let all = sandbox.scan(&["--no-ignore", "-q"]).code(0);
    assert_eq!(all.stdout, "");
    // What git tracks is read, and only the rest is left out.
    sandbox.git(&["add", "--force", "a.log", "build/x"]);
    let left_out = sandbox.jsonl::<&str>(&[]).code(0).summary()["left_out"].clone();
    assert_eq!(left_out["paths"], 2);
    assert_eq!(left_out["listed"][0]["path"], "build/y");
}

#[test]
fn a_list_without_measure_is_refused_and_not_worked_through() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    let entry = |n: u32| format!("[[allow]]\nreason = \"x\"\npaths = [\"*a*a*a*a*a*b{n}\"]\n");
    sandbox.write(".krea-scan.toml", (0..1001).map(entry).collect::<String>());
    sandbox.scan::<&str>(&[]).code(1).says(&[".krea-scan.toml: allows nothing", "more than 1000 paths"]);
    sandbox.write(".krea-scan.toml", "#".repeat((1 << 20) + 1));
    sandbox.scan::<&str>(&[]).code(1).says(&[".krea-scan.toml: allows nothing", "larger than 1 MiB"]);
    // Fingerprints are looked up, not tried one by one.
    let entry = |n: u32| format!("[[allow]]\nreason='x'\nfingerprints=['{n:032x}']\n");
    sandbox.write(".krea-scan.toml", (0..10_000).map(entry).collect::<String>());
    sandbox.write("a.env", leak(1).repeat(2000));
    sandbox.scan::<&str>(&[]).code(1).says(&["in 2,000 places"]);
}
