//! Killed at every request that Krea gets, `--resume` finishes: it signs in again, no replacement is lost, every leaked token
//! is dead.

use super::person::{ALLOWS, for_each};
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

/// Kills the process whose id is noted there, and waits until it is gone.
fn kill(note: &Path) {
    let id = fs::read_to_string(note).unwrap().trim().parse().ok().and_then(Pid::from_raw).unwrap();
    kill_process(id, Signal::KILL).unwrap();
    let killed = Instant::now();
    while test_kill_process(id).is_ok() && killed.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Kills a run at its `nth` request, which is done or not, and gives the scene as it is then; `None` when the run was over
/// before.
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
                emulator.upgrade().unwrap().fault(Route::Any, Fault::Reset, 1);
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

#[test]
fn killed_at_any_request_a_run_finishes() {
    let whole = Scene::new(&[0]);
    whole.assert_done(&report(&whole.run_as(ALLOWS, &whole.via_krea()).code(0)));
    let requests = whole.emulator.requests().len();
    assert!(requests >= 40, "{requests}");
    let places: Vec<(usize, bool)> = (1..=requests).flat_map(|nth| [(nth, true), (nth, false)]).collect();
    let kills = AtomicUsize::new(0);
    for_each(&places, |&(nth, is_done)| {
        let scene = Scene::new(&[nth as u64 % 8]);
        let revoke = scene.via_krea();
        if killed(&scene, &revoke, |_| true, nth, is_done) {
            println!("killed at request {nth}, done: {is_done}");
            kills.fetch_add(1, Ordering::SeqCst);
            scene.assert_done(&scene.finish_as(ALLOWS, &revoke));
        }
    });
    let kills = kills.into_inner();
    assert!(kills + 8 >= places.len(), "{kills} of {}", places.len());
}

/// What a run that was killed has minted, the next one finds by its name, and revokes before it mints another.
#[test]
fn killed_while_it_mints_a_run_leaves_no_live_orphan() {
    for is_done in [true, false] {
        let scene = Scene::new(&[1]);
        let revoke = scene.via_krea();
        assert!(killed(&scene, &revoke, |route| route == Route::McpMint, 1, is_done));
        let incident = scene.finish_as(ALLOWS, &revoke);
        scene.assert_done(&incident);
        assert_eq!(incident["tokens"][0]["orphans"].as_array().map(Vec::len), Some(0), "{incident}");
        let live: Vec<bool> = scene.minted().iter().map(|minted| minted.live).collect();
        assert_eq!(live, if is_done { vec![false, true] } else { vec![true] });
    }
}
