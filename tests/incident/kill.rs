//! Killed at every step that touches the disk, `--resume` finishes: no replacement is lost, none is minted twice without a
//! word, every leaked token is dead.

use crate::scene::{Keep, Scene};
use crate::tracer::{self, CALLS};

const KILL: &str = "signal=KILL";
/// More calls of one kind than any of these runs makes.
const ENDLESS: usize = 400;

/// Kills a run before each call of each kind, and finishes it. Gives how often it was killed.
fn at_every(calls: &[&str], numbers: &[u64], keep: Keep, more: &[&str]) -> usize {
    let mut kills = 0;
    for call in calls {
        for nth in 1..ENDLESS {
            let scene = Scene::new(numbers);
            let mut revoke = scene.revoke(keep);
            revoke.extend(more.iter().map(ToString::to_string));
            let killed = tracer::run(&scene, &revoke, call, nth, KILL);
            scene.assert_private();
            if killed.code.is_some() {
                killed.code(0);
                break;
            }
            kills += 1;
            println!("killed before {call} {nth}");
            let report = scene.finish(&revoke);
            scene.assert_done(&report);
            scene.resume().code(2).says(&["no incident is open"]);
        }
    }
    kills
}

#[test]
fn killed_at_any_write_or_flush_of_the_journal_a_run_finishes() {
    if tracer::is_here() {
        // Two tokens take 35 records, each written and flushed.
        assert!(at_every(&["fdatasync"], &[0, 1], Keep::EnvFile, &[]) >= 30);
    }
}

#[test]
fn killed_at_any_write_a_run_finishes() {
    if tracer::is_here() {
        assert!(at_every(&["write"], &[0, 1], Keep::EnvFile, &[]) >= 40);
    }
}

#[test]
fn killed_at_any_other_call_a_run_finishes() {
    if tracer::is_here() {
        let calls: Vec<&str> =
            CALLS.into_iter().filter(|call| !["fdatasync", "write"].contains(call)).collect();
        assert!(at_every(&calls, &[0, 1], Keep::EnvFile, &[]) >= 60);
    }
}

#[test]
fn killed_at_any_call_a_run_that_replaces_first_finishes() {
    if tracer::is_here() {
        let calls = ["fdatasync", "write", "fsync", "unlink", "rename"];
        assert!(at_every(&calls, &[2], Keep::EnvFile, &["--replace-first"]) >= 50);
    }
}

#[test]
fn killed_at_any_call_a_run_that_stores_with_a_command_finishes() {
    if tracer::is_here() {
        assert!(at_every(&["fdatasync", "write", "fsync", "unlink"], &[3], Keep::Command, &[]) >= 40);
    }
}

/// Whatever the first run came to, the second is killed as well, and the third finishes.
#[test]
fn killed_again_while_it_goes_on_an_incident_finishes() {
    if !tracer::is_here() {
        return;
    }
    let resume = ["--resume", "latest", "--yes", "-q", "-f", "json"].map(str::to_owned);
    let mut kills = 0;
    for first in [6, 9, 12, 14, 16] {
        for call in ["fdatasync", "fsync", "unlink"] {
            for again in (1..ENDLESS).step_by(2) {
                let scene = Scene::new(&[4]);
                let revoke = scene.revoke(Keep::EnvFile);
                let killed = tracer::run(&scene, &revoke, "fdatasync", first, KILL);
                assert_eq!(killed.code, None, "{}", killed.stderr);
                let killed = tracer::run(&scene, &resume, call, again, KILL);
                if killed.code.is_some() {
                    killed.code(0);
                    break;
                }
                kills += 1;
                println!("killed before fdatasync {first}, then before {call} {again}");
                let report = scene.finish(&revoke);
                scene.assert_done(&report);
            }
        }
    }
    assert!(kills >= 40, "{kills}");
}
