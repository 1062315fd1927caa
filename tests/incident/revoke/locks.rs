//! Two at a time: no two processes work on one incident, or on one token.

use super::scene::{Keep, Scene, report};
use crate::support::emulator::{Emulator, Fault, Route};
use crate::support::program::{self, Run};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// Long enough for any run here.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stops the world at the next request. Gives what tells that it came, and what lets it go on.
fn stop_at_a_request(emulator: &Emulator) -> (Receiver<()>, Sender<()>) {
    let (came, has_come) = channel();
    let (go, may_go) = channel::<()>();
    let once = Mutex::new(Some((came, may_go)));
    emulator.on_request(move |_| {
        let first = once.lock().unwrap().take();
        if let Some((came, may_go)) = first {
            came.send(()).unwrap();
            // A test that failed lets go as well.
            let _ = may_go.recv_timeout(PATIENCE);
        }
    });
    (has_come, go)
}

/// Runs the first up to its first request, then the second to its end, then the first to its end.
fn one_within_the_other(scene: &Scene, first: &[String], second: &[String]) -> (Run, Run) {
    let (has_come, go) = stop_at_a_request(&scene.emulator);
    let mut outer = scene.command(first);
    thread::scope(|scope| {
        let outer = scope.spawn(move || program::run(&mut outer));
        has_come.recv_timeout(PATIENCE).unwrap();
        let inner = scene.run(second);
        let _ = go.send(());
        (scene.checked(outer.join().unwrap()), inner)
    })
}

#[test]
fn a_token_that_is_dealt_with_is_not_dealt_with_by_another_run() {
    let scene = Scene::new(&[0, 1]);
    let revoke = scene.revoke(Keep::EnvFile);
    let (first, second) = one_within_the_other(&scene, &revoke, &revoke);
    let ids = scene.ids();
    assert_eq!(ids.len(), 1, "one incident");
    second.code(2).says(&[&format!("--resume {}", ids[0])]);
    scene.assert_done(&report(&first.code(0)));
}

#[test]
fn an_incident_is_gone_on_with_by_one_process_at_a_time() {
    let scene = Scene::new(&[2]);
    scene.emulator.fault(Route::Revoke, Fault::Status(403), 1);
    scene.run(&scene.revoke(Keep::EnvFile)).code(1);
    let id = scene.ids().remove(0);
    let resume = ["--resume", &id, "--yes", "-q", "-f", "json"].map(str::to_owned);
    let (first, second) = one_within_the_other(&scene, &resume, &resume);
    second.code(2).says(&[&id, "another krea-scan"]);
    scene.assert_done(&report(&first.code(0)));
}

#[test]
fn two_leaks_are_dealt_with_at_the_same_time() {
    let scene = Scene::new(&[3, 4]);
    let only = |n| [scene.revoke(Keep::Command), vec![format!("app-{n}.env")]].concat();
    let (first, second) = one_within_the_other(&scene, &only(3), &only(4));
    let (first, second) = (report(&first.code(0)), report(&second.code(0)));
    assert_ne!(first["id"], second["id"]);
    for incident in [&first, &second] {
        assert_eq!(incident["tokens"].as_array().unwrap().len(), 1);
        scene.assert_done(incident);
    }
}

/// Half of what is found is in another incident: the other half is dealt with, and the exit code tells.
#[test]
fn what_another_incident_deals_with_is_named_and_the_rest_is_done() {
    let scene = Scene::new(&[5, 6]);
    let all = scene.revoke(Keep::Command);
    let one = [scene.revoke(Keep::Command), vec!["app-5.env".to_owned()]].concat();
    let (first, second) = one_within_the_other(&scene, &one, &all);
    let id = report(&first.code(0))["id"].as_str().unwrap().to_owned();
    let second = second.says(&[&format!("--resume {id}")]).code(1);
    assert_eq!(report(&second)["tokens"].as_array().unwrap().len(), 1);
    assert!(scene.leaked.iter().all(|token| !scene.emulator.is_live(token)));
    assert_eq!(scene.kept().len(), 2);
    scene.assert_no_escrow();
}
