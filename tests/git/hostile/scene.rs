//! Repositories with a token in history, one in HEAD and one staged, in each way that git keeps objects; and running every mode
//! on them.

use crate::support::Sandbox;
use crate::support::program::leak;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// No run may take longer.
pub const HANGS: Duration = Duration::from_secs(20);

/// The ways to run that read a repository.
pub const MODES: [&[&str]; 7] = [
    &["--staged"],
    &["--pre-commit"],
    &["--history"],
    &["--range", "base..main"],
    &["--range", "base...main"],
    &["--range", "0000000000000000000000000000000000000000..main"],
    &["."],
];

/// How the objects of a scene are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// One file each.
    Loose,
    /// In two packs, with everything that git adds to packs: a multi-pack index, bitmaps, a commit graph, packed refs.
    Packed,
    /// In a pack of the old kind: deltas name their bases by id, the index keeps no checksums. The index is split.
    OldPack,
    /// In another repository, from which this one borrows. The index has version 4.
    Borrowed,
    /// With ids of 64 digits.
    Sha256,
}

/// Builds a scene.
pub fn build(kept: Kept) -> Sandbox {
    let sandbox = Sandbox::empty();
    let format = if kept == Kept::Sha256 { "sha256" } else { "sha1" };
    sandbox.git(&["init", "--quiet", "--initial-branch=main", "--object-format", format, "."]);
    let lines = |version: usize| -> String {
        (0..200)
            .map(|line| {
                format!("line {line} of version {}\n", if line % 50 == version { version } else { 0 })
            })
            .collect()
    };
    sandbox.commit("src/deep/long.txt", lines(0), "base");
    sandbox.git(&["tag", "--annotate", "v1", "--message", "a tag"]);
    sandbox.git(&["branch", "base"]);
    for version in 1..5 {
        sandbox.commit("src/deep/long.txt", lines(version), "more lines");
    }
    sandbox.commit("src/old.env", leak(1), "a token");
    sandbox.commit("src/old.env", "gone", "no token");
    sandbox.commit("now.env", leak(2), "another token");
    match kept {
        Kept::Loose | Kept::Sha256 => {}
        Kept::Packed => {
            sandbox.git(&["repack", "-adfq", "--depth=50"]);
            sandbox.commit("src/deep/long.txt", lines(7), "in a second pack");
            sandbox.git(&["repack", "-dq"]);
            sandbox.git(&["multi-pack-index", "write", "--bitmap"]);
            sandbox.git(&["commit-graph", "write", "--reachable"]);
            sandbox.git(&["pack-refs", "--all"]);
        }
        Kept::OldPack => {
            let settings = ["-c", "repack.useDeltaBaseOffset=false", "-c", "pack.indexVersion=1"];
            sandbox.git(&[&settings[..], &["repack", "-adfq"]].concat());
            sandbox.git(&["config", "core.splitIndex", "true"]);
        }
        Kept::Borrowed => {
            let lender = sandbox.beside("lender.git");
            sandbox.git(&["clone", "--quiet", "--bare", ".", lender.to_str().unwrap()]);
            let alternates = sandbox.git_dir().join("objects/info/alternates");
            fs::write(alternates, format!("{}\n", lender.join("objects").display())).unwrap();
            sandbox.git(&["gc", "--quiet", "--prune=now"]);
            sandbox.git(&["repack", "-adlq"]);
            sandbox.git(&["config", "index.version", "4"]);
        }
    }
    sandbox.write("src/staged.env", leak(3));
    sandbox.git(&["add", "--all"]);
    sandbox
}

/// What a run came to.
pub struct Ran {
    pub code: i32,
    pub text: String,
    /// The fingerprints of the tokens that were found.
    pub found: BTreeSet<String>,
    /// Something could not be read, and that was told.
    pub is_incomplete: bool,
}

impl Ran {
    /// Whether it found all that another run found, or told that it could not.
    pub fn is_honest(&self, sound: &Ran) -> bool {
        self.is_incomplete || self.found.is_superset(&sound.found)
    }
}

/// Runs a mode; fails when it does not end by itself, with an exit code of its own.
#[track_caller]
pub fn run(sandbox: &Sandbox, mode: &[&str], what: &str) -> Ran {
    let mut command = sandbox.scanner(sandbox.root());
    command
        .args(["--format", "jsonl", "--threads", "2"])
        .args(mode)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |pipe: &mut dyn Read| {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    };
    let (out, error, status) = std::thread::scope(|scope| {
        let out = scope.spawn(|| read(&mut stdout));
        let error = scope.spawn(|| read(&mut stderr));
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if started.elapsed() > HANGS {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        (out.join().unwrap(), error.join().unwrap(), status)
    });
    let text = format!("{mode:?} after {what}: {out}{error}");
    let status = status.unwrap_or_else(|| panic!("it hangs: {text}"));
    assert!(!text.contains("panicked"), "{text}");
    let code = status.code().unwrap_or_else(|| panic!("it was ended by a signal ({status}): {text}"));
    assert!((0..=2).contains(&code), "exit code {code}: {text}");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let found = lines.iter().filter_map(|line| Some(line["fingerprint"].as_str()?.to_owned())).collect();
    // Without a summary the run ended with an error.
    let summary = lines.last().map(|last| &last["summary"]);
    let is_incomplete =
        summary.is_none_or(|summary| summary["incomplete"].as_array().is_some_and(|parts| !parts.is_empty()));
    assert!(summary.is_some() || (code == 2 && error.contains("krea-scan: ")), "{text}");
    Ran { code, text, found, is_incomplete }
}

/// The files below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
