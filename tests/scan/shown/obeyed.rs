//! Names and contents that a terminal or a CI system would obey, in everything that the program reads: in every format, on
//! both streams, every byte is looked at.

use super::FORMATS;
use crate::support::Sandbox;
use crate::support::program::{Run, leak, run};
use std::io::Write;

/// What is obeyed by somebody.
pub const OBEYED: [&str; 22] = [
    "::stop-commands::zz",
    " \u{3000}::add-mask::e",
    "x\n::add-mask::e",
    "x\r::add-mask::e",
    "x\u{85}::add-mask::e",
    "x\u{2028}::add-mask::e",
    "##[add-mask]a",
    "a##[group]b",
    "##vso[task.setvariable variable=PATH]evil",
    "#\u{200b}#vso[task.complete]",
    "##teamcity[buildStop]",
    "section_start:1:x\r\u{1b}[0K",
    "section_end:1:x",
    "travis_fold:start:x",
    "--- x",
    "+++ x",
    "^^^ +++",
    "\u{1b}]0;pwned\u{7}",
    "\u{1b}[2J\u{1b}[31m",
    "\u{9b}2J\u{8}\u{7f}",
    "\u{202e}gpj.\u{2066}exe",
    "z\u{feff}\u{200d}\u{e0041}\u{34f}",
];

/// Whether a character acts without being seen.
fn is_unseen(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Fails when anything in an output is obeyed. `own` tells the lines that are commands of our own.
#[track_caller]
pub fn is_harmless(output: &str, own: fn(&str) -> bool) {
    for line in output.split('\n') {
        let start = line.trim_start();
        assert!(!line.contains(is_unseen), "a character acts: {line:?}");
        assert!(own(line) || !start.starts_with("::"), "a command: {line:?}");
        let lower = line.to_lowercase();
        for command in ["##[", "##vso[", "##teamcity[", "section_start:", "section_end:", "travis_fold:"] {
            assert!(!lower.contains(command), "a command: {line:?}");
        }
        let groups = ["--- ", "+++ ", "~~~ ", "^^^ "];
        assert!(own(line) || !groups.iter().any(|group| line.starts_with(group)), "a group: {line:?}");
    }
}

/// What an output is without our own colours.
fn plain(output: &str) -> String {
    let mut parts = output.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let length = part.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
        assert!(part[length..].starts_with('m'), "no colour: {part:?}");
        plain.push_str(&part[length + 1..]);
    }
    plain
}

fn is_annotation(line: &str) -> bool {
    ["::error file=", "::warning file=", "::warning title=", "::notice file=", "::notice title="]
        .iter()
        .any(|own| line.starts_with(own))
}

#[track_caller]
fn every_format_is_harmless(sandbox: &Sandbox, args: &[&str], least: usize) {
    assert!(sandbox.jsonl(args).findings().len() >= least, "{}", sandbox.jsonl(args).stdout);
    for format in FORMATS {
        let Run { stdout, stderr, .. } = sandbox.scan(&[&["-v", "-f", format], args].concat());
        let own = if format == "github" { is_annotation } else { |_: &str| false };
        is_harmless(&stdout, own);
        is_harmless(&stderr, |_| false);
        if format.starts_with("json") {
            stdout.lines().for_each(|line| assert!(serde_json::from_str::<serde_json::Value>(line).is_ok()));
        }
    }
    let coloured = sandbox.scan(&[&["-v", "--color", "always"], args].concat());
    is_harmless(&plain(&coloured.stdout), |_| false);
}

#[test]
fn names_and_lines_of_files_are_not_obeyed() {
    let sandbox = Sandbox::new();
    for (n, obeyed) in OBEYED.iter().enumerate() {
        let name = obeyed.replace('/', "");
        let line = leak(n as u64);
        let line = line.trim_end();
        sandbox.write(&format!("{n}/{name}"), line);
        sandbox.write(&name, line);
        sandbox.write(&format!("{name}d/a.env"), line);
        sandbox.write(&format!("{n}.env"), format!("{obeyed} {line} {obeyed}\n{obeyed}\n"));
        sandbox.write(&format!("{n}.txt"), format!("{obeyed}\n{line}{obeyed}\n"));
        sandbox.write(&format!("{n}.csv"), format!("{obeyed},krea key\n{obeyed},{}\n", &line[13..]));
        sandbox.write(&format!("{n}.vtt"), format!("WEBVTT\n\n{obeyed}\n00:01.000 --> 00:02.000\n{line}\n"));
        sandbox.write(&format!("{n}.eml"), format!("Subject: {obeyed}\n\n{line}\n"));
        sandbox.write(&format!("{name}.zip"), "PK\u{3}\u{4}krea");
    }
    every_format_is_harmless(&sandbox, &[], 6 * OBEYED.len());
    every_format_is_harmless(&sandbox, &["--no-ignore"], 6 * OBEYED.len());
    let redacted = sandbox.scan(&["--redact", "--dry-run"]);
    is_harmless(&redacted.stdout, |line| ["--- ", "+++ "].iter().any(|own| line.starts_with(own)));
    is_harmless(&redacted.stderr, |_| false);
}

#[test]
fn names_of_members_are_not_obeyed() {
    let sandbox = Sandbox::empty();
    for (n, obeyed) in OBEYED.iter().enumerate() {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in [obeyed.to_string(), format!("{obeyed}.zip")] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(leak(n as u64).as_bytes()).unwrap();
        }
        std::fs::write(sandbox.root().join(format!("{n}.zip")), zip.finish().unwrap().into_inner()).unwrap();
    }
    every_format_is_harmless(&sandbox, &[], OBEYED.len());
}

#[test]
fn authors_and_names_in_a_history_are_not_obeyed() {
    let sandbox = Sandbox::new();
    for (n, obeyed) in OBEYED.iter().enumerate() {
        sandbox.write(&format!("{n}/{obeyed}.env"), leak(n as u64));
        sandbox.git(&["add", "--all"]);
        // Git takes neither line breaks nor angle brackets.
        let who = obeyed.replace('\n', "");
        let commit =
            ["commit", "--quiet", "--message", obeyed, "--author", &format!("A{who} <a{who}@example.com>")];
        sandbox.git(&commit);
        let branch: String = obeyed.chars().filter(|c| !c.is_control() && !" :[".contains(*c)).collect();
        sandbox.try_git(&["branch", &format!("x{branch}")]);
    }
    for mode in [&["--history"][..], &["--range", "HEAD~5..HEAD"]] {
        every_format_is_harmless(&sandbox, mode, 5);
    }
    sandbox.git(&["rm", "-r", "--quiet", "--cached", "."]);
    sandbox.git(&["commit", "--quiet", "--message", "x"]);
    sandbox.git(&["add", "--all"]);
    every_format_is_harmless(&sandbox, &["--staged"], OBEYED.len());
}

#[test]
fn what_is_wrong_with_files_of_ours_is_not_obeyed() {
    for obeyed in OBEYED {
        let sandbox = Sandbox::new();
        sandbox.write("a.env", leak(1));
        let quoted = serde_json::to_string(obeyed).unwrap();
        let toml = quoted.replace("\\u007f", "\\u007F");
        sandbox.write("allow.toml", format!("[[allow]]\nreason = {toml}\npaths = [{toml}]\n{toml} = 1\n"));
        sandbox.write(
            "rules.toml",
            format!("[[rules]]\nid = {toml}\ndescription = {toml}\nregex = \"AK[A-Z]+\"\n"),
        );
        sandbox.write("broken.toml", format!("[[rules]]\nid = {toml}\nregex = \"(\"\n"));
        sandbox.write("baseline.json", format!("{{\"version\": 1, {quoted}: 2}}"));
        sandbox.write("b.env", "AKIAX\n");
        for args in [
            &["--config", "allow.toml"][..],
            &["--rules", "rules.toml", "-v"],
            &["--rules", "rules.toml", "-f", "sarif"],
            &["--rules", "rules.toml", "-f", "json"],
            &["--rules", "broken.toml"],
            &["--rules", "rules.toml", "--check-rules"],
            &["--baseline", "baseline.json"],
        ] {
            let Run { stdout, stderr, .. } = sandbox.scan(args);
            is_harmless(&stdout, |_| false);
            is_harmless(&stderr, |_| false);
        }
        sandbox.write(".krea-scan.toml", format!("[[allow]]\nreason = {toml}\npaths = [{toml}]\n"));
        every_format_is_harmless(&sandbox, &[], 1);
    }
}

#[test]
fn what_git_says_is_not_obeyed() {
    for obeyed in OBEYED {
        let sandbox = Sandbox::empty();
        sandbox.write("a/.git", format!("gitdir: {obeyed}"));
        sandbox.git_in(sandbox.root(), &["init", "--quiet", "b"]);
        let quoted = obeyed.replace('\n', "\\n").replace('\r', "");
        let config = format!("[core]\nrepositoryformatversion=1\n[extensions]\nrefStorage = \"{quoted}\"\n");
        sandbox.write("b/.git/config", config);
        for folder in ["a", "b"] {
            for mode in [&["--staged"][..], &["--history"], &["--range", "a..b"], &["--revoke", "--dry-run"]]
            {
                let folder = sandbox.root().join(folder);
                let Run { stdout, stderr, .. } = run(sandbox.scanner(&folder).args(mode));
                is_harmless(&stdout, |_| false);
                is_harmless(&stderr, |_| false);
            }
        }
    }
}
