//! A leak, the emulator that knows the tokens, and places to keep replacements in; and what must hold at the end.

use crate::support::Sandbox;
use crate::support::emulator::{Emulator, Issued};
use crate::support::program::{self, Run};
use crate::support::unix::mode;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Where replacements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Into a file of variables.
    EnvFile,
    /// To a command, which keeps each in a file of its own.
    Command,
}

/// A leak and all around it.
pub struct Scene {
    pub sandbox: Sandbox,
    pub emulator: Arc<Emulator>,
    pub leaked: Vec<String>,
    /// Tokens that are somebody else's, and stay live whatever happens.
    pub innocent: Vec<String>,
    /// What standard input holds; nothing when there is none.
    pub pasted: Option<PathBuf>,
}

impl Scene {
    /// Leaks these tokens of [`program::token`], which are live.
    pub fn new(numbers: &[u64]) -> Scene {
        let leaked = numbers.iter().map(|&n| program::token(n)).collect();
        let (sandbox, emulator) = (Sandbox::empty(), Arc::new(Emulator::start()));
        let scene = Scene { sandbox, emulator, leaked, innocent: Vec::new(), pasted: None };
        for (token, n) in scene.leaked.iter().zip(numbers) {
            scene.emulator.issue(token, "leaked");
            scene.sandbox.write(&format!("app-{n}.env"), format!("KREA_API_KEY={token}\n"));
        }
        fs::write(scene.env_file(), "PORT=1\n").unwrap();
        fs::set_permissions(scene.env_file(), fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(scene.kept_by_command()).unwrap();
        scene
    }

    /// The file of variables.
    pub fn env_file(&self) -> PathBuf {
        self.sandbox.beside("secrets.env")
    }

    fn kept_by_command(&self) -> PathBuf {
        self.sandbox.beside("kept")
    }

    /// The folder of the state of incidents.
    pub fn incidents(&self) -> PathBuf {
        self.sandbox.beside("state").join("krea-scan/incidents")
    }

    /// The ids of all incidents, oldest first.
    pub fn ids(&self) -> Vec<String> {
        let entries = fs::read_dir(self.incidents()).map(|entries| entries.map(|entry| entry.unwrap()));
        let folders = entries.into_iter().flatten().filter(|entry| entry.file_type().unwrap().is_dir());
        let mut ids: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
        ids.sort();
        ids
    }

    /// The journal of an incident, a JSON value a line.
    pub fn journal(&self, id: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.incidents().join(id).join("journal.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The words for a sink.
    pub fn store(&self, keep: Keep) -> String {
        match keep {
            Keep::EnvFile => format!("env-file:{}", self.env_file().display()),
            Keep::Command => {
                format!("command:cat > {}/$KREA_SCAN_REPLACES", self.kept_by_command().display())
            }
        }
    }

    /// `--revoke` through the token API.
    pub fn revoke(&self, keep: Keep) -> Vec<String> {
        let mut args = self.revoke_only();
        args.extend(["--store".to_owned(), self.store(keep)]);
        args
    }

    /// `--revoke` through the token API, without a place for replacements.
    pub fn revoke_only(&self) -> Vec<String> {
        let (api, token_api) = (self.emulator.api(), self.emulator.token_api());
        let args = ["--revoke", "--yes", "-q", "-f", "json", "--api", &api, "--token-api", &token_api];
        args.map(str::to_owned).to_vec()
    }

    /// The environment of every run.
    pub fn dress<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("XDG_STATE_HOME", self.sandbox.beside("state"))
            .env("KREA_TOKEN_API_KEY", Emulator::CREDENTIAL)
            .env_remove("NO_COLOR")
            .stdin(self.pasted.as_ref().map_or(Stdio::null(), |path| fs::File::open(path).unwrap().into()))
    }

    /// A command that runs `krea-scan` here.
    pub fn command(&self, args: &[impl AsRef<std::ffi::OsStr>]) -> Command {
        let mut command = self.sandbox.scanner(self.sandbox.root());
        self.dress(&mut command).args(args);
        command
    }

    /// The same, and the file in which its process id is as soon as it runs.
    pub fn command_with_id(&self, args: &[String]) -> (Command, PathBuf) {
        // The shell tells its process id, which is the program's from then on.
        let note = self.sandbox.beside("pid");
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ > \"$0\"; exec \"$@\""]).arg(&note);
        command.arg(env!("CARGO_BIN_EXE_krea-scan")).args(args);
        command.current_dir(self.sandbox.root()).env("HOME", self.sandbox.beside("home"));
        self.dress(&mut command);
        (command, note)
    }

    /// Runs `krea-scan`; minted tokens, too, must not be shown.
    #[track_caller]
    pub fn run(&self, args: &[impl AsRef<std::ffi::OsStr>]) -> Run {
        self.checked(program::run(&mut self.command(args)))
    }

    /// Fails when a run showed a minted token.
    #[track_caller]
    pub fn checked(&self, run: Run) -> Run {
        for issued in self.emulator.issued() {
            let secret = secret(&issued.token);
            assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "a token is shown");
        }
        run
    }

    /// `--resume latest`.
    #[track_caller]
    pub fn resume(&self) -> Run {
        self.run(&["--resume", "latest", "--yes", "-q", "-f", "json"])
    }

    /// What finishes the job after whatever happened: goes on with the incident, or begins one when none had begun.
    #[track_caller]
    pub fn finish(&self, revoke: &[String]) -> Value {
        let resumed = self.resume();
        if resumed.code == Some(2) && resumed.stderr.contains("no incident is open") {
            return report(&self.run(revoke).code(0));
        }
        report(&resumed.code(0))
    }

    /// The tokens that are kept.
    pub fn kept(&self) -> Vec<String> {
        let file = fs::read_to_string(self.env_file()).unwrap();
        assert!(file.starts_with("PORT=1\n"), "other lines are gone");
        let values = file.lines().filter_map(|line| line.split_once('='));
        let mut kept: Vec<String> = values
            .map(|(_, value)| value.trim_matches(['"', '\'']).to_owned())
            .filter(|v| v != "1")
            .collect();
        for entry in fs::read_dir(self.kept_by_command()).unwrap() {
            kept.push(fs::read_to_string(entry.unwrap().path()).unwrap());
        }
        kept.sort();
        kept
    }

    /// What replaces, or was to replace, a leaked token.
    pub fn replacements(&self) -> Vec<Issued> {
        let replaces = |issued: &Issued| {
            ![&self.leaked, &self.innocent].iter().any(|known| known.contains(&issued.token))
        };
        self.emulator.issued().into_iter().filter(replaces).collect()
    }

    /// What must hold when everything is done: every leaked token is dead and replaced, no replacement is lost, and
    /// nothing is left of any token.
    #[track_caller]
    pub fn assert_done(&self, incident: &Value) {
        for token in &self.leaked {
            assert!(!self.emulator.is_live(token), "a leaked token is live");
        }
        assert!(self.innocent.iter().all(|token| self.emulator.is_live(token)), "an innocent token is dead");
        let cases = incident["tokens"].as_array().unwrap();
        let mut orphans: Vec<&str> = Vec::new();
        for case in cases {
            assert_eq!(case["state"], "done", "{case}");
            assert!(case["dead_at"].is_string() && case["escrow"].is_null(), "{case}");
            orphans.extend(case["orphans"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()));
        }
        let journal = self.journal(incident["id"].as_str().unwrap());
        let mints =
            journal.iter().filter(|record| record["event"] == "begun" && record["step"] == "mint").count();
        let replaced = cases.iter().filter(|case| case["replacement"].is_object()).count();
        if incident["through"].is_string() {
            assert!(replaced + orphans.len() <= mints, "more are named than were asked for: {orphans:?}");
        }
        assert!(incident["resume"].is_null(), "{incident}");
        let kept = self.kept();
        assert_eq!(kept.len(), self.leaked.len(), "one replacement for each, and each in a place of its own");
        let live: Vec<Issued> = self.replacements().into_iter().filter(|issued| issued.live).collect();
        let held: BTreeSet<&str> = live.iter().map(|issued| issued.token.as_str()).collect();
        assert!(
            kept.iter().all(|token| held.contains(token.as_str())),
            "a live replacement is kept for each"
        );
        for issued in live.iter().filter(|issued| !kept.contains(&issued.token)) {
            assert!(orphans.contains(&issued.name.as_str()), "lost: {:?}; named: {orphans:?}", issued.name);
        }
        for issued in live.iter().filter(|issued| kept.contains(&issued.token)) {
            assert!(!orphans.contains(&issued.name.as_str()), "{:?} is in use, and called lost", issued.name);
        }
        self.assert_no_escrow();
        self.assert_private();
        assert!(!self.sandbox.beside("secrets.env.krea-scan-unfinished").exists());
    }

    /// Fails when any incident still holds a token.
    #[track_caller]
    pub fn assert_no_escrow(&self) {
        let files = files(&self.incidents());
        let escrow: Vec<_> = files
            .iter()
            .filter(|path| !["lock", "journal.jsonl"].iter().any(|name| path.ends_with(name)))
            .collect();
        assert!(escrow.is_empty(), "escrow is left: {escrow:?}");
    }

    /// Fails unless all state is for its owner alone, and no token is in it but in escrow.
    #[track_caller]
    pub fn assert_private(&self) {
        let issued = self.emulator.issued();
        let state = self.sandbox.beside("state/krea-scan");
        for folder in folders(&state) {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        }
        for path in files(&state) {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with("leaked-") || name.starts_with("replacement-") {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            program::assert_no_secret(&text);
            assert!(
                issued.iter().all(|issued| !text.contains(secret(&issued.token))),
                "{name} holds a token"
            );
        }
    }
}

/// The incident of `-f json`.
#[track_caller]
pub fn report(run: &Run) -> Value {
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    document["incident"].clone()
}

/// What must never be shown of a token.
pub fn secret(token: &str) -> &str {
    token.split_once(':').map_or(token, |(_, secret)| secret)
}

/// Every file below a folder, which need not be there.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    below(folder).into_iter().filter(|path| !path.is_dir()).collect()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    below(folder).into_iter().filter(|path| path.is_dir()).collect()
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop().filter(|path| path.exists()) {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        found.push(path);
    }
    found
}
