//! A leak, a stand-in that knows the tokens, and what must hold at the end.

use crate::browser::{Person, sign_in_address};
use crate::stand_in::{ELSEWHERE, Known, Sdk, StandIn, WORKSPACE, row};
use crate::support::Sandbox;
use crate::support::program::{self, Run, leak, token};
use crate::support::terminal::prepared;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The tokens that are there and do not leak: one of the same workspace, one of another.
const INNOCENT: u64 = 8;
const FOREIGN: u64 = 9;

/// A leak and all around it.
pub struct Scene {
    pub sandbox: Sandbox,
    pub krea: StandIn,
    pub leaked: Vec<String>,
}

impl Scene {
    /// Two tokens of the workspace leak; the stand-in has these further options.
    pub fn new(sdk: Sdk, options: Value) -> Scene {
        Scene::leaking(sdk, &[0, 1], options)
    }

    /// These tokens of [`token`] leak.
    pub fn leaking(sdk: Sdk, numbers: &[u64], mut options: Value) -> Scene {
        let sandbox = Sandbox::empty();
        let leaked: Vec<String> = numbers.iter().map(|&n| token(n)).collect();
        let mut rows: Vec<Value> = leaked
            .iter()
            .map(|token| match *token == program::token(FOREIGN) {
                true => row(token, "their automation", ELSEWHERE),
                false => row(token, "website production", WORKSPACE),
            })
            .collect();
        for (n, name, workspace) in
            [(INNOCENT, "local experiments", WORKSPACE), (FOREIGN, "their automation", ELSEWHERE)]
        {
            if !numbers.contains(&n) {
                rows.push(row(&token(n), name, workspace));
            }
        }
        options["tokens"] = json!(rows);
        for &n in numbers {
            sandbox.write(&format!("app-{n}.env"), leak(n));
        }
        let krea = StandIn::start(&sandbox, sdk, options);
        let scene = Scene { sandbox, krea, leaked };
        fs::write(scene.env_file(), "PORT=1\n").unwrap();
        fs::set_permissions(scene.env_file(), fs::Permissions::from_mode(0o600)).unwrap();
        scene
    }

    /// The number of a token that leaks here and belongs to another workspace.
    pub const FOREIGN: u64 = FOREIGN;

    /// Adds to the user's own configuration.
    pub fn configure(&self, lines: &str) {
        let path = self.sandbox.beside("home/.config/krea-scan/config.toml");
        let text = fs::read_to_string(&path).unwrap() + lines + "\n";
        fs::write(path, text).unwrap();
    }

    fn env_file(&self) -> PathBuf {
        self.sandbox.beside("secrets.env")
    }

    /// `--revoke` of what leaks in the folder, through the stand-in.
    pub fn revoke(&self) -> Vec<String> {
        let mut args = self.revoke_by_default();
        args.extend(["--via", "krea"].map(str::to_owned));
        args
    }

    /// The same without a word about the way. A browser that never comes back, and a token that does not die, are waited
    /// for as long as a test may.
    pub fn revoke_by_default(&self) -> Vec<String> {
        let store = format!("env-file:{}", self.env_file().display());
        let args =
            ["--revoke", "--yes", "-f", "json", "--wait", "10s", "--api", &self.krea.api, "--store", &store];
        args.map(str::to_owned).to_vec()
    }

    /// Runs `krea-scan` without a terminal.
    #[track_caller]
    pub fn run(&self, args: &[String], person: Person) -> Run {
        self.run_with(args, &[], person)
    }

    /// The same, with variables.
    #[track_caller]
    pub fn run_with(&self, args: &[String], variables: &[(&str, &str)], person: Person) -> Run {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        let mut pages = 0;
        let run = program::run_watched(&mut command, move |line| {
            if let Some(address) = sign_in_address(line) {
                person.sees(address, pages);
                pages += 1;
            }
        });
        assert!(run.code.is_some(), "it was killed: {}", run.stderr);
        self.checked(run)
    }

    /// Goes on with what was left.
    #[track_caller]
    pub fn resume(&self, person: Person) -> Run {
        self.run(&["--resume", "latest", "--yes", "-f", "json"].map(str::to_owned), person)
    }

    fn command(&self, args: &[String]) -> Command {
        // Without a session of its own, it would find the terminal of whoever runs the tests.
        let mut command = prepared(&self.sandbox, "setsid");
        command.args(["--wait", env!("CARGO_BIN_EXE_krea-scan")]).args(args).stdin(Stdio::null());
        command
    }

    /// Fails when a run showed a minted token, or something of the session.
    #[track_caller]
    fn checked(&self, run: Run) -> Run {
        for known in self.krea.tokens() {
            self.assert_hidden(&run, secret(&known.token), "a token");
        }
        for request in self.krea.requests() {
            let bearer = request.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
            if let Some(bearer) = bearer {
                self.assert_hidden(&run, bearer, "a credential");
            }
        }
        run
    }

    #[track_caller]
    fn assert_hidden(&self, run: &Run, secret: &str, what: &str) {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{what} is shown");
    }

    /// The replacements that are stored.
    pub fn stored(&self) -> Vec<String> {
        let file = fs::read_to_string(self.env_file()).unwrap();
        assert!(file.starts_with("PORT=1\n"), "other lines are gone");
        let values = file.lines().skip(1).filter_map(|line| line.split_once('='));
        values.map(|(_, value)| value.trim_matches(['"', '\'']).to_owned()).collect()
    }

    /// What was minted.
    pub fn minted(&self) -> Vec<Known> {
        let there = |known: &Known| (0..24).any(|n| token(n) == known.token);
        self.krea.tokens().into_iter().filter(|known| !there(known)).collect()
    }

    pub fn is_live(&self, token: &str) -> bool {
        self.krea.tokens().iter().any(|known| known.token == token && known.live)
    }

    /// What must hold when everything is done: each leaked token is dead and has one live replacement, which is stored.
    #[track_caller]
    pub fn assert_done(&self, run: &Run) {
        let incident = incident(run);
        for case in incident["tokens"].as_array().unwrap() {
            assert_eq!(case["state"], "done", "{case} {}", run.stderr);
        }
        assert!(self.leaked.iter().all(|token| !self.is_live(token)), "a leaked token is live");
        let live: Vec<Known> = self.minted().into_iter().filter(|minted| minted.live).collect();
        assert_eq!(live.len(), self.leaked.len(), "one live replacement for each");
        assert_eq!(self.stored().len(), self.leaked.len(), "each in a place of its own");
        self.assert_nothing_lost(run);
    }

    /// What must hold whatever happened: each minted token that is live is stored or in escrow, no token is called dead
    /// that is not, the innocent ones live, and no more is kept of any token than there must be.
    #[track_caller]
    pub fn assert_nothing_lost(&self, run: &Run) {
        let known = self.krea.tokens();
        let stored = self.stored();
        let state = files(&self.sandbox.beside("state"));
        let (escrow, rest): (Vec<_>, Vec<_>) = state
            .into_iter()
            .partition(|(name, _)| name.starts_with("leaked-") || name.starts_with("replacement-"));
        for minted in self.minted().iter().filter(|minted| minted.live && !stored.contains(&minted.token)) {
            let held = escrow.iter().any(|(_, text)| text.contains(secret(&minted.token)));
            assert!(held, "{:?} is lost: {}{}", minted.name, run.stdout, run.stderr);
        }
        for token in [token(INNOCENT), token(FOREIGN)] {
            assert!(self.leaked.contains(&token) || self.is_live(&token), "an innocent token is dead");
        }
        for (name, text) in &rest {
            let bare = known.iter().all(|known| !text.contains(secret(&known.token)));
            assert!(bare, "{name} holds a token");
        }
        let Ok(report) = serde_json::from_str::<Value>(&run.stdout) else { return };
        for case in report["incident"]["tokens"].as_array().into_iter().flatten() {
            if case["dead_at"].is_string() {
                let prefix = case["id_prefix"].as_str().unwrap_or_else(|| panic!("{case}"));
                let live = known.iter().any(|known| known.live && known.id.starts_with(prefix));
                assert!(!live, "called dead, and is not: {case}");
            }
        }
    }
}

/// The incident of `-f json`.
#[track_caller]
pub fn incident(run: &Run) -> Value {
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    document["incident"].clone()
}

/// What must never be shown of a token.
pub fn secret(token: &str) -> &str {
    token.split_once(':').unwrap().1
}

/// The name and the text of every file below a folder, which need not be there.
fn files(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            found.push((name, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()));
        }
    }
    found
}
