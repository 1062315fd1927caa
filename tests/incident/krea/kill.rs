//! Killed at every request that Krea gets, `--resume` finishes: it signs in again, no replacement is lost, every leaked token
//! is dead.

use super::person::{ALLOWS, DENIES, for_each, with};
use crate::revoke::scene::{Scene, report};
use crate::support::emulator::{Fault, Route};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a process to be gone that was killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The id that a process noted there.
fn id(note: &Path) -> Pid {
    fs::read_to_string(note).unwrap().trim().parse().ok().and_then(Pid::from_raw).unwrap()
}

/// Kills the process whose id is noted there, and waits until it is gone.
fn kill(note: &Path) {
    let id = id(note);
    kill_process(id, Signal::KILL).unwrap();
    let killed = Instant::now();
    while test_kill_process(id).is_ok() && killed.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Kills a run at its `nth` such request, which is done or not. Gives whether the run was not over before: then it must have
/// finished.
#[track_caller]
fn killed(
    scene: &Scene,
    revoke: &[String],
    is_it: impl Fn(Route) -> bool + Send + Sync + 'static,
    nth: usize,
    is_done: bool,
) -> bool {
    let (mut command, note) = scene.command_with_id(revoke);
    let (emulator, seen) = (Arc::downgrade(&scene.emulator), AtomicUsize::new(0));
    scene.emulator.on_request(move |request| {
        if is_it(request.route()) && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            if !is_done {
                emulator.upgrade().unwrap().fault(request.route(), Fault::Reset, 1);
            }
            kill(&note);
        }
    });
    let run = scene.watched(ALLOWS, &mut command);
    scene.emulator.on_request(|_| ());
    scene.emulator.clear_faults();
    scene.assert_private();
    if run.code.is_some() {
        scene.assert_done(&report(&run.code(0)));
        return false;
    }
    true
}

/// Kills such a run at every request, or at every so many, and finishes it.
#[track_caller]
fn at_every(step: usize, more: &[&str]) {
    let whole = Scene::new(&[0]);
    whole.assert_done(&report(&whole.run_as(ALLOWS, &with(whole.via_krea(), more)).code(0)));
    let requests = whole.emulator.requests().len();
    assert!(requests >= 40, "{requests}");
    // What was not done is as if the run had been killed a moment before; every other place will do for that.
    let done = (1..=requests).step_by(step).map(|nth| (nth, true));
    let not_done = (1..=requests).step_by(2 * step).map(|nth| (nth, false));
    let places: Vec<(usize, bool)> = done.chain(not_done).collect();
    let kills = AtomicUsize::new(0);
    for_each(&places, |&(nth, is_done)| {
        let scene = Scene::new(&[nth as u64 % 8]);
        let revoke = with(scene.via_krea(), more);
        if killed(&scene, &revoke, |_| true, nth, is_done) {
            println!("killed at request {nth}, done: {is_done}");
            kills.fetch_add(1, Ordering::SeqCst);
            scene.assert_done(&scene.finish_as(ALLOWS, &revoke));
        }
    });
    // How often it is asked whether a token is dead depends on the time.
    let kills = kills.into_inner();
    assert!(kills + 8 >= places.len(), "{kills} of {}", places.len());
}

#[test]
fn killed_at_any_request_a_run_finishes() {
    at_every(1, &[]);
}

#[test]
fn killed_at_a_request_a_run_that_replaces_first_finishes() {
    at_every(3, &["--replace-first"]);
}

/// What a run that was killed has minted, the next one finds by its name, and revokes before it mints another.
#[test]
fn killed_while_it_mints_a_run_leaves_no_live_orphan() {
    for_each(&[(1, true), (1, false), (2, true), (2, false)], |&(nth, is_done)| {
        let scene = Scene::new(&[1, 2]);
        let revoke = scene.via_krea();
        assert!(killed(&scene, &revoke, |route| route == Route::McpMint, nth, is_done));
        let incident = scene.finish_as(ALLOWS, &revoke);
        scene.assert_done(&incident);
        let cases = incident["tokens"].as_array().unwrap();
        let count =
            |key: &str| cases.iter().map(|case| case[key].as_array().map_or(0, Vec::len)).sum::<usize>();
        let (named, found) = (count("orphans"), count("revoked_orphans"));
        // That a list has none says nothing: it may come late, so that it is named. The request may have been done, too, before
        // it was to fail.
        assert!(named + found == 1 && (!is_done || found == 1), "{incident}");
        let dead = scene.minted().iter().filter(|minted| !minted.live).count();
        assert_eq!((dead, scene.minted().len()), (found, 2 + found));
    });
}

/// Nobody signs in again: what may exist is named, and the job is finished by hand.
#[test]
fn killed_while_it_mints_and_gone_on_with_by_hand_a_run_names_the_orphan() {
    let mut scene = Scene::new(&[4]);
    let revoke = scene.via_krea();
    assert!(killed(&scene, &revoke, |route| route == Route::McpMint, 1, true));
    scene.has_made(500);
    let run = scene.resume_as(DENIES).code(0);
    scene.assert_truthful(&run);
    let incident = report(&run);
    scene.assert_done(&incident);
    assert_eq!(incident["tokens"][0]["orphans"][0], scene.minted()[0].name.as_str());
}

/// Ctrl-C, or a request to end: the answer is waited for, and kept.
#[test]
fn interrupted_while_it_mints_a_run_keeps_the_replacement() {
    for_each(&[Signal::INT, Signal::TERM], |&signal| {
        let scene = Scene::new(&[5]);
        let revoke = scene.via_krea();
        let (mut command, note) = scene.command_with_id(&revoke);
        scene.emulator.on_request(move |request| {
            if request.route() == Route::McpMint {
                kill_process(id(&note), signal).unwrap();
                thread::sleep(Duration::from_millis(500));
            }
        });
        let run = scene.watched(ALLOWS, &mut command).code(130);
        run.says(&[&format!("--resume {}", scene.ids()[0])]);
        scene.assert_private();
        scene.emulator.on_request(|_| ());
        scene.assert_done(&scene.finish_as(ALLOWS, &revoke));
        assert_eq!(scene.minted().len(), 1);
    });
}

/// The run that finds the lost replacement is killed as well, at some of its requests; the third finishes.
#[test]
fn killed_again_while_it_goes_on_an_incident_finishes() {
    let resume = ["--resume", "latest", "--yes", "-f", "json", "--wait", "8s"].map(str::to_owned);
    let kills = AtomicUsize::new(0);
    for_each(&(1..60).step_by(3).collect::<Vec<_>>(), |&nth| {
        let scene = Scene::new(&[3]);
        let revoke = scene.via_krea();
        assert!(killed(&scene, &revoke, |route| route == Route::McpMint, 1, true));
        if killed(&scene, &resume, |_| true, nth, true) {
            println!("killed again at request {nth}");
            kills.fetch_add(1, Ordering::SeqCst);
            scene.assert_done(&scene.finish_as(ALLOWS, &revoke));
        }
        assert_eq!(scene.minted().iter().filter(|minted| minted.live).count(), 1);
    });
    assert!(kills.into_inner() >= 10);
}
