//! Killed at every step that touches the disk, `--resume` finishes: no replacement is lost, none is minted twice without a
//! word, every leaked token is dead.

use super::scene::{Keep, Scene};
use super::tracer::{self, CALLS};
use crate::support::emulator::{Fault, Route};
use crate::support::tokens::{self, Alphabet};
use needs::needs;
use serde_json::Value;
use std::fs;
use std::sync::Arc;

const KILL: &str = "signal=KILL";
/// More calls of one kind than any of these runs makes.
const ENDLESS: usize = 400;

/// Kills a run before a call, and finishes what `revoke` begins; `None` when the run was over before that call.
fn killed(scene: &Scene, args: &[String], call: &str, nth: usize, revoke: &[String]) -> Option<Value> {
    let killed = tracer::run(scene, args, call, nth, KILL);
    scene.assert_private();
    if killed.code.is_some() {
        killed.code(0);
        return None;
    }
    println!("killed before {call} {nth}");
    Some(scene.finish(revoke))
}

/// Kills a run before each call of each kind, and finishes it. Gives how often it was killed.
fn at_every(calls: &[&str], numbers: &[u64], keep: Keep, more: &[&str]) -> usize {
    let through_the_token_api = || {
        let scene = Scene::new(numbers);
        let mut revoke = scene.revoke(keep);
        revoke.extend(more.iter().map(ToString::to_string));
        (scene, revoke)
    };
    at_every_of(calls, through_the_token_api)
}

/// The same for whatever kind of run.
fn at_every_of(calls: &[&str], begin: impl Fn() -> (Scene, Vec<String>)) -> usize {
    let mut kills = 0;
    for call in calls {
        for nth in 1..ENDLESS {
            let (scene, revoke) = begin();
            let Some(report) = killed(&scene, &revoke, call, nth, &revoke) else { break };
            kills += 1;
            scene.assert_done(&report);
            scene.resume().code(2).says(&["no incident is open"]);
        }
    }
    kills
}

#[needs("strace")]
#[test]
fn killed_at_any_write_or_flush_of_the_journal_a_run_finishes() {
    // Two tokens take 40 records, each written and flushed.
    assert!(at_every(&["fdatasync"], &[0, 1], Keep::EnvFile, &[]) >= 38);
}

#[needs("strace")]
#[test]
fn killed_at_any_write_a_run_finishes() {
    assert!(at_every(&["write"], &[0, 1], Keep::EnvFile, &[]) >= 40);
}

#[needs("strace")]
#[test]
fn killed_at_any_other_call_a_run_finishes() {
    let calls: Vec<&str> = CALLS.into_iter().filter(|call| !["fdatasync", "write"].contains(call)).collect();
    assert!(at_every(&calls, &[0, 1], Keep::EnvFile, &[]) >= 60);
}

#[needs("strace")]
#[test]
fn killed_at_any_call_a_run_that_replaces_first_finishes() {
    let calls = ["fdatasync", "write", "fsync", "unlink", "rename"];
    assert!(at_every(&calls, &[2], Keep::EnvFile, &["--replace-first"]) >= 50);
}

#[needs("strace")]
#[test]
fn killed_at_any_call_a_run_that_stores_with_a_command_finishes() {
    assert!(at_every(&["fdatasync", "write", "fsync", "unlink"], &[3], Keep::Command, &[]) >= 40);
}

/// Without a token API: a person revokes on the page while Krea is asked the third time, and pastes a replacement.
fn by_hand() -> (Scene, Vec<String>) {
    let mut scene = Scene::new(&[5]);
    let new = tokens::pair(Alphabet::Base64Url, 500);
    scene.emulator.issue(&new, "made on the page");
    let pasted = scene.sandbox.beside("pasted");
    fs::write(&pasted, format!("{new}\n")).unwrap();
    scene.pasted = Some(pasted);
    let (emulator, leaked) = (Arc::downgrade(&scene.emulator), scene.leaked[0].clone());
    scene.emulator.on_request(move |_| {
        let emulator = emulator.upgrade().unwrap();
        if emulator.requests().len() >= 3 && emulator.is_live(&leaked) {
            emulator.revoke(&leaked);
        }
    });
    let (api, store) = (scene.emulator.api(), scene.store(Keep::EnvFile));
    let args = ["--revoke", "--yes", "-q", "-f", "json", "--api", &api, "--store", &store];
    (scene, args.map(str::to_owned).to_vec())
}

#[needs("strace")]
#[test]
fn killed_at_any_call_a_guided_run_finishes() {
    assert!(at_every_of(&["fdatasync", "write", "fsync", "unlink"], by_hand) >= 40);
}

/// Whatever the first run came to, the second is killed as well, and the third finishes.
#[needs("strace")]
#[test]
fn killed_again_while_it_goes_on_an_incident_finishes() {
    let resume = ["--resume", "latest", "--yes", "-q", "-f", "json"].map(str::to_owned);
    let mut kills = 0;
    // What the journal ends with then: evidence, revoked, a mint that is begun, minted, a replacement that is live, and of
    // the last word that it is begun, that the leaked token is dead, and that all is proven.
    for first in [6, 8, 11, 12, 16, 17, 18, 20] {
        for (call, step) in [("fdatasync", 1), ("fsync", 2), ("unlink", 1)] {
            for again in (1..ENDLESS).step_by(step) {
                let scene = Scene::new(&[4]);
                let revoke = scene.revoke(Keep::EnvFile);
                let killed = tracer::run(&scene, &revoke, "fdatasync", first, KILL);
                assert_eq!(killed.code, None, "{}", killed.stderr);
                println!("killed before fdatasync {first}");
                let Some(report) = self::killed(&scene, &resume, call, again, &revoke) else { break };
                kills += 1;
                scene.assert_done(&report);
            }
        }
    }
    assert!(kills >= 60, "{kills}");
}

/// The replacement died with the row that it replaced; the run that gets another one is killed, at some of its steps: before each a
/// run has to wait until it is sure that the replacement is dead.
#[needs("strace")]
#[test]
fn killed_while_it_gives_a_dead_replacement_up_an_incident_finishes() {
    let resume = ["--resume", "latest", "--yes", "-q", "-f", "json"].map(str::to_owned);
    let mut kills = 0;
    for (call, step) in [("fdatasync", 4), ("unlink", 1)] {
        for nth in (1..ENDLESS).step_by(step) {
            let scene = Scene::new(&[6]);
            let mut revoke = scene.revoke(Keep::EnvFile);
            revoke.push("--replace-first".to_owned());
            scene.emulator.fault(Route::Revoke, Fault::RevokesEverything, 1);
            scene.run(&revoke).code(1);
            let Some(report) = killed(&scene, &resume, call, nth, &revoke) else { break };
            kills += 1;
            // What the journal holds of the end already, a new incident does not tell.
            if report["tokens"][0]["was_dead"] == false {
                scene.assert_done(&report);
            }
            scene.assert_no_escrow();
        }
    }
    assert!(kills >= 5, "{kills}");
}
