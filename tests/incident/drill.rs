//! The drill that the README opens its incident with, run as it says there.

#![cfg(unix)]

use crate::support::browser;
use crate::support::emulator::Emulator;
use crate::support::program::assert_no_secret;
use krea_scan_token::TOKENS_PAGE;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What the README promises.
const QUICK: Duration = Duration::from_secs(10);

/// A drill that runs, cut off from the user's folders.
struct Drill {
    child: Child,
    output: BufReader<ChildStdout>,
    said: String,
    /// Where temporary files, configuration and state would be.
    folders: TempDir,
}

const FOLDERS: [&str; 3] = ["TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"];

/// A command of cargo for the drill, in the profile that this test was built in.
fn cargo(command: &str) -> Command {
    let profile = Path::new(env!("CARGO_BIN_EXE_krea-scan")).parent().and_then(Path::file_name).unwrap();
    let profile = if profile == "debug" { "dev".as_ref() } else { profile };
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells a test of its package would have some build scripts run again.
    let told = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in told.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
        cargo.env_remove(name);
    }
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        command,
        "--quiet",
        "--example",
        "drill",
        "--profile",
    ]);
    cargo.arg(profile);
    cargo
}

impl Drill {
    fn begin(arguments: &[&str]) -> Drill {
        static BUILT: Once = Once::new();
        BUILT.call_once(|| {
            let built = cargo("build").args(["--bin", "krea-scan"]).status().unwrap();
            assert!(built.success());
        });
        let folders = tempfile::tempdir().unwrap();
        let mut command = cargo("run");
        for name in FOLDERS {
            let folder = folders.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            command.env(name, folder);
        }
        command.arg("--").args(arguments).process_group(0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Drill { child, output, said: String::new(), folders }
    }

    /// Reads up to a line that holds this text, and gives the line.
    #[track_caller]
    fn until(&mut self, text: &str) -> String {
        loop {
            let from = self.said.len();
            assert!(
                self.output.read_line(&mut self.said).unwrap() > 0,
                "it never says {text:?}: {}",
                self.said
            );
            if self.said[from..].contains(text) {
                return self.said[from..].trim().to_owned();
            }
        }
    }

    /// Reads to the end; nothing may be left, and no secret shown.
    fn end(&mut self) -> ExitStatus {
        self.output.read_to_string(&mut self.said).unwrap();
        let status = self.child.wait().unwrap();
        assert_no_secret(&self.said);
        for name in FOLDERS {
            let left = std::fs::read_dir(self.folders.path().join(name)).unwrap().count();
            assert_eq!(left, 0, "the drill left something in {name}: {}", self.said);
        }
        status
    }
}

impl Drop for Drill {
    fn drop(&mut self) {
        // A test that failed leaves it waiting.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
    }
}

#[test]
fn the_drill_takes_the_leak_through_the_whole_incident_in_seconds() {
    let mut drill = Drill::begin(&[]);
    // What comes before it is building.
    drill.until("A token has leaked");
    let started = Instant::now();
    let status = drill.end();
    let took = started.elapsed();
    assert!(status.success(), "{status}: {}", drill.said);
    assert!(took < QUICK, "{took:?}");
    // Each step is a command that can be copied.
    let mut rest = drill.said.as_str();
    for command in
        ["--history", "--verify", "--history --revoke", "--incidents", "--verify --redact", "--verify"]
    {
        let shown = format!("$ krea-scan {command}");
        rest = rest.split_once(&shown).unwrap_or_else(|| panic!("{shown}: {}", drill.said)).1;
    }
}

#[test]
fn the_guided_drill_goes_on_when_the_row_is_revoked_and_the_replacement_pasted() {
    let mut drill = Drill::begin(&["--guided"]);
    let line = drill.until("curl -d revoke=");
    let (revoke, page) = line.strip_prefix("curl -d ").unwrap().split_once(' ').unwrap();
    drill.until("$ krea-scan --history --revoke");
    // What is revoked before this would be dead from the start, and need no replacement.
    drill.until(TOKENS_PAGE);
    browser::press(page, revoke);
    let created = browser::press(page, "create=drill");
    let (_, rest) = created.text.split_once("id=\"token\">").unwrap();
    let token = rest.split('<').next().unwrap();
    writeln!(drill.child.stdin.take().unwrap(), "{token}").unwrap();
    let status = drill.end();
    assert!(status.success(), "{status}: {}", drill.said);
    assert!(!drill.said.contains(token.split_once(':').unwrap().1), "the replacement is shown");
}

#[test]
fn the_drill_through_krea_goes_on_when_a_browser_has_signed_in() {
    let mut drill = Drill::begin(&["--krea"]);
    let line = drill.until("curl -L -d ");
    let form = line.split('\'').nth(1).unwrap();
    drill.until("$ krea-scan --history --revoke --via krea");
    let line = drill.until("response_type=code");
    assert!(line.starts_with("http://127.0.0.1:"), "no address alone: {line}");
    let page = browser::sign_in(&line, form);
    assert_eq!(page.status, 200, "{page:?}");
    // By hand, nobody would come.
    let revoking = drill.until("Revoke: ");
    assert!(revoking.contains("MCP server"), "{revoking}: {}", drill.said);
    let status = drill.end();
    assert!(status.success(), "{status}: {}", drill.said);
    // What its row in the list says.
    for text in ["shop production", Emulator::COLLEAGUE] {
        assert!(drill.said.contains(text), "{text}: {}", drill.said);
    }
    for text in ["access-", "refresh-", "code-"] {
        assert!(!drill.said.contains(text), "{text}: {}", drill.said);
    }
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let mut drill = Drill::begin(&["--guided"]);
    drill.until("$ krea-scan --history --revoke");
    drill.until(TOKENS_PAGE);
    kill_process_group(Pid::from_child(&drill.child), Signal::INT).unwrap();
    let status = drill.end();
    assert_eq!(status.code(), Some(130), "{}", drill.said);
}
