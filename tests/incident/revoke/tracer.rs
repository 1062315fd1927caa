//! Runs `krea-scan` under strace, which kills it at a chosen system call on a chosen file, or lets the call fail. The
//! program has no hook for that: what is tested is what is shipped.

use super::scene::Scene;
use crate::support::program::{self, Run};
use jiff::{Timestamp, ToSpan};
use krea_scan_token::Fingerprint;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Every call that changes what is on the disk. Each is counted on its own.
pub const CALLS: [&str; 9] =
    ["mkdir", "openat", "write", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "fchmod"];
/// No run takes as many seconds; its incident's id is the second that it begins in.
const SECONDS: i64 = 8;

/// Runs with something injected into the `nth` such call on a file that matters: `signal=KILL` or `error=ENOSPC`.
#[track_caller]
pub fn run(scene: &Scene, args: &[String], call: &str, nth: usize, inject: &str) -> Run {
    let mut command = scene.sandbox.command("strace", scene.sandbox.root());
    // No text is logged: it would be the tokens'.
    command.args(["-f", "-qq", "-s", "0", "-e", &format!("trace={call}"), "-o"]).arg(log(scene));
    command.args(["-e", &format!("inject={call}:{inject}:when={nth}")]);
    for path in paths(scene) {
        command.arg("-P").arg(path);
    }
    command.arg(env!("CARGO_BIN_EXE_krea-scan")).args(args);
    scene.checked(program::run_or_kill(scene.dress(&mut command)))
}

/// Whether the last run met what was to be injected.
pub fn injected(scene: &Scene) -> bool {
    std::fs::read_to_string(log(scene)).unwrap().contains("(INJECTED)")
}

fn log(scene: &Scene) -> PathBuf {
    scene.sandbox.beside("strace.log")
}

/// The files and folders that an incident writes to.
fn paths(scene: &Scene) -> Vec<PathBuf> {
    let now = Timestamp::now();
    let soon = (0..SECONDS).map(|second| (now + second.seconds()).strftime("%Y%m%d-%H%M%S").to_string());
    let ids: Vec<String> = soon.chain(scene.ids()).collect();
    let incidents = scene.incidents();
    let program = incidents.parent().unwrap();
    let secrets = scene.sandbox.beside("secrets.env.krea-scan-unfinished");
    let mut paths = vec![
        program.parent().unwrap().to_owned(),
        program.to_owned(),
        incidents.join("lock"),
        incidents.clone(),
        secrets.parent().unwrap().to_owned(),
        secrets,
    ];
    for id in ids {
        let folder = incidents.join(id);
        paths.extend(["lock", "journal.jsonl"].map(|name| folder.join(name)));
        for token in &scene.leaked {
            let fingerprint = Fingerprint::of(token.as_bytes());
            paths.extend(["leaked", "replacement"].map(|what| folder.join(format!("{what}-{fingerprint}"))));
        }
        paths.push(folder);
    }
    paths
}

/// Runs with every call logged that makes, removes, writes or flushes a file.
#[track_caller]
pub fn watched(scene: &Scene, args: &[String]) -> Run {
    let mut command = scene.sandbox.command("strace", scene.sandbox.root());
    let calls = "trace=mkdir,openat,write,fsync,fdatasync,rename,unlink";
    command.args(["-f", "-qq", "-y", "-s", "0", "-e", calls, "-o"]).arg(log(scene));
    command.arg(env!("CARGO_BIN_EXE_krea-scan")).args(args);
    scene.checked(program::run_or_kill(scene.dress(&mut command)))
}

/// Fails unless, in the run that was watched, all that was made, removed or written among the incidents was on the disk
/// before the journal said the next word, and at the end. Gives how many names were made or removed.
#[track_caller]
pub fn assert_flushed(scene: &Scene) -> usize {
    let incidents = scene.incidents();
    let (mut known, mut waiting, mut names) = (BTreeSet::new(), BTreeSet::new(), 0);
    let text = std::fs::read_to_string(log(scene)).unwrap();
    for line in text.lines().filter(|line| !line.contains(" = -1 ")) {
        let Some((call, rest)) = line.split_once('(') else { continue };
        let between = |from, to| rest.split_once(from).and_then(|(_, rest)| rest.split_once(to));
        let quoted = || between('"', '"').map(|(path, _)| PathBuf::from(path));
        let opened = || between('<', '>').map(|(path, _)| PathBuf::from(path));
        let call = call.rsplit(' ').next().unwrap();
        let path = if matches!(call, "write" | "fsync" | "fdatasync") { opened() } else { quoted() };
        let Some(path) = path.filter(|path| path.starts_with(&incidents)) else { continue };
        if path.ends_with("lock") || (path == incidents && call == "mkdir") {
            continue;
        }
        let folder = path.parent().unwrap().to_owned();
        let is_change = match call {
            "openat" => rest.contains("O_CREAT") && known.insert(path.clone()),
            "mkdir" => known.insert(path.clone()),
            "rename" | "unlink" => {
                known.remove(&path);
                true
            }
            _ => false,
        };
        match call {
            "fsync" | "fdatasync" => drop(waiting.remove(&path)),
            "write" => {
                if path.ends_with("journal.jsonl") {
                    assert!(waiting.is_empty(), "not on the disk when the journal goes on: {waiting:?}");
                }
                waiting.insert(path);
            }
            _ if is_change => {
                names += 1;
                waiting.remove(&path);
                waiting.insert(folder);
            }
            _ => {}
        }
    }
    assert!(waiting.is_empty(), "not on the disk at the end: {waiting:?}");
    names
}
