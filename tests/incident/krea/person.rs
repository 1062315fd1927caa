//! A person who signs in when the program asks for it, and goes on by hand where it says so.

use crate::revoke::scene::{Keep, Scene, report};
use crate::support::browser;
use crate::support::emulator::{Issued, Request, Route};
use crate::support::program::{self, Run};
use crate::support::tokens::{self, Alphabet};
use serde_json::Value;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::thread;

/// What a person presses on the sign-in page.
pub const ALLOWS: &str = "workspace=Shop&consent=allow";
/// The same, for the other workspace.
pub const ALLOWS_LAB: &str = "workspace=Lab&consent=allow";
/// No.
pub const DENIES: &str = "workspace=Shop&consent=deny";

/// The address to sign in at, when a line is one.
pub fn sign_in_address(line: &str) -> Option<&str> {
    Some(line.trim()).filter(|line| line.starts_with("http") && line.contains("response_type=code"))
}

/// The arguments of a run, and more.
pub fn with(mut args: Vec<String>, more: &[&str]) -> Vec<String> {
    args.extend(more.iter().map(ToString::to_string));
    args
}

impl Scene {
    /// `--revoke` through Krea itself.
    pub fn via_krea(&self) -> Vec<String> {
        self.via_krea_within("8s")
    }

    /// The same, where neither a sign-in nor a person at the page is waited for much longer than this.
    pub fn via_krea_within(&self, wait: &str) -> Vec<String> {
        with(self.revoke_within(wait), &["--via", "krea", "--yes", "-f", "json"])
    }

    /// The same without a word about the way, and with questions.
    pub fn revoke_within(&self, wait: &str) -> Vec<String> {
        let (api, store) = (self.emulator.api(), self.store(Keep::EnvFile));
        let args = ["--revoke", "--timeout", "1s", "--wait", wait, "--api", &api, "--store", &store];
        args.map(str::to_owned).to_vec()
    }

    /// A person has made a replacement on the page, and holds it ready on the program's standard input.
    pub fn has_made(&mut self, n: u64) {
        let new = tokens::pair(Alphabet::Base64Url, n);
        self.emulator.issue(&new, "made on the page");
        let pasted = self.sandbox.beside("pasted");
        fs::write(&pasted, format!("{new}\n")).unwrap();
        self.pasted = Some(pasted);
    }

    /// Runs with a person who presses this on every sign-in page.
    #[track_caller]
    pub fn run_as(&self, form: &'static str, args: &[String]) -> Run {
        let run = self.watched(form, &mut self.command(args));
        assert!(run.code.is_some(), "it was killed: {}", run.stderr);
        run
    }

    /// The same with a command, which may be killed.
    #[track_caller]
    pub fn watched(&self, form: &'static str, command: &mut Command) -> Run {
        let browser = move |line: &str| {
            if let Some(address) = sign_in_address(line) {
                // A run that is killed does not wait for the browser.
                let _ = browser::try_sign_in(address, form);
            }
        };
        self.checked(program::run_watched(command, browser))
    }

    /// The same; the person takes over when the program says that it goes on by hand: revokes on the page.
    #[track_caller]
    pub fn run_and_take_over(&self, form: &'static str, args: &[String]) -> Run {
        let (emulator, leaked) = (Arc::clone(&self.emulator), self.leaked.clone());
        let run = program::run_watched(&mut self.command(args), move |line| {
            if let Some(address) = sign_in_address(line) {
                browser::sign_in(address, form);
            }
            if line.contains("goes on by hand") {
                leaked
                    .iter()
                    .filter(|token| emulator.is_live(token))
                    .for_each(|token| emulator.revoke(token));
            }
        });
        self.checked(run)
    }

    /// `--resume latest`, with a person who signs in.
    #[track_caller]
    pub fn resume_as(&self, form: &'static str) -> Run {
        self.run_as(form, &["--resume", "latest", "--yes", "-f", "json", "--wait", "15s"].map(str::to_owned))
    }

    /// What finishes the job after whatever happened, as [`Scene::finish`] does.
    #[track_caller]
    pub fn finish_as(&self, form: &'static str, revoke: &[String]) -> Value {
        let resumed = self.resume_as(form);
        if resumed.code == Some(2) && resumed.stderr.contains("no incident is open") {
            return report(&self.run_as(form, revoke).code(0));
        }
        report(&resumed.code(0))
    }

    /// What must hold after any run: no token is called dead that is not, and what was minted and lives is kept, in escrow, or
    /// named.
    #[track_caller]
    pub fn assert_truthful(&self, run: &Run) {
        self.assert_private();
        assert!(self.innocent.iter().all(|token| self.emulator.is_live(token)), "an innocent token is dead");
        let (incident, kept) = (report(run), self.kept());
        let cases = incident["tokens"].as_array().unwrap();
        for case in cases.iter().filter(|case| case["dead_at"].is_string()) {
            let prefix = case["id_prefix"].as_str().unwrap().trim_end_matches('…');
            let lives = |token: &&String| token.starts_with(prefix) && self.emulator.is_live(token);
            assert_eq!(self.leaked.iter().find(lives), None, "called dead, and is not: {case}");
        }
        let escrow = cases.iter().any(|case| case["escrow"].is_string());
        let orphans: Vec<&Value> =
            cases.iter().flat_map(|case| case["orphans"].as_array().unwrap()).collect();
        for orphan in &orphans {
            assert!(
                run.stderr.contains(orphan.as_str().unwrap()),
                "{orphan} is not on screen: {}",
                run.stderr
            );
        }
        for issued in self.minted().iter().filter(|issued| issued.live && !kept.contains(&issued.token)) {
            let is_named = orphans.contains(&&Value::from(issued.name.as_str()));
            assert!(escrow || is_named, "lost: {:?} {}", issued.name, run.stderr);
        }
    }

    /// What the tool that mints made.
    pub fn minted(&self) -> Vec<Issued> {
        self.emulator.issued().into_iter().filter(|issued| issued.minted).collect()
    }

    /// The requests for this.
    pub fn asked(&self, route: Route) -> Vec<Request> {
        self.emulator.requests().into_iter().filter(|request| request.route() == route).collect()
    }
}

/// Does something for each, on a few threads: what takes long is to wait.
pub fn for_each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    const THREADS: usize = 6;
    thread::scope(|scope| {
        for first in 0..THREADS {
            let work = &work;
            scope.spawn(move || all.iter().skip(first).step_by(THREADS).for_each(work));
        }
    });
}

/// The argument of a call of a tool.
#[track_caller]
pub fn argument(request: &Request) -> String {
    let message: Value = serde_json::from_str(&request.body).unwrap();
    let arguments = message["params"]["arguments"].as_object().unwrap();
    let [value] = arguments.values().collect::<Vec<_>>()[..] else { panic!("{arguments:?}") };
    value.as_str().unwrap().to_owned()
}
