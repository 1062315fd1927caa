//! Ctrl-C and a request to end, at any time: exit code 130, a word on how to go on, and it goes on.

use super::scene::{Keep, Scene};
use crate::support::emulator::{Fault, Route};
use crate::support::program::{self, Run};
use rustix::process::{Pid, Signal, kill_process};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for any run here.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts a run, sends it the signal as soon as `when` holds, and gives how it ended.
fn interrupted(scene: &Scene, args: &[String], signal: Signal, when: impl Fn() -> bool) -> Run {
    let (mut command, note) = scene.command_with_id(args);
    let started = Instant::now();
    thread::scope(|scope| {
        let run = scope.spawn(move || program::run_or_kill(&mut command));
        while !when() {
            assert!(started.elapsed() < PATIENCE && !run.is_finished(), "the moment never came");
            thread::sleep(Duration::from_millis(5));
        }
        let pid = std::fs::read_to_string(&note).unwrap().trim().parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        scene.checked(run.join().unwrap())
    })
}

/// What must hold after the signal: it is said how to go on, and that leads to the end.
fn goes_on(scene: &Scene, revoke: &[String], run: Run) {
    let id = scene.ids().remove(0);
    run.code(130).says(&[&format!("--resume {id}")]);
    scene.assert_private();
    scene.emulator.clear_faults();
    scene.assert_done(&scene.finish(revoke));
}

fn asked(scene: &Scene, route: Route) -> usize {
    scene.emulator.requests().iter().filter(|request| request.route() == route).count()
}

#[test]
fn while_krea_is_asked() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = Scene::new(&[0]);
        scene.emulator.fault(Route::Jobs, Fault::Drip, usize::MAX);
        let revoke = scene.revoke(Keep::EnvFile);
        let run = interrupted(&scene, &revoke, signal, || asked(&scene, Route::Jobs) > 0);
        goes_on(&scene, &revoke, run);
    }
}

#[test]
fn while_a_revocation_is_waited_for() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = Scene::new(&[1]);
        scene.emulator.fault(Route::Revoke, Fault::LateRevoke(Duration::from_secs(2)), 1);
        let revoke = scene.revoke(Keep::EnvFile);
        // Verify, evidence, and twice the proof.
        let run = interrupted(&scene, &revoke, signal, || asked(&scene, Route::Jobs) >= 4);
        goes_on(&scene, &revoke, run);
    }
}

#[test]
fn while_a_replacement_is_minted_which_is_not_lost() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = Scene::new(&[2]);
        scene.emulator.on_request(|request| {
            if request.route() == Route::Mint {
                thread::sleep(Duration::from_millis(700));
            }
        });
        let revoke = scene.revoke(Keep::EnvFile);
        let run = interrupted(&scene, &revoke, signal, || asked(&scene, Route::Mint) > 0);
        goes_on(&scene, &revoke, run);
        assert_eq!(asked(&scene, Route::Mint), 1, "the answer was waited for, and kept");
    }
}

#[test]
fn while_a_command_stores_which_is_ended_too() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = Scene::new(&[3]);
        let (begun, over) = (scene.sandbox.beside("begun"), scene.sandbox.beside("over"));
        let slow = format!(
            "command:test -e {0} || {{ touch {0}; sleep 3; touch {1}; }}; cat > {2}/$KREA_SCAN_REPLACES",
            begun.display(),
            over.display(),
            scene.sandbox.beside("kept").display()
        );
        let revoke = [scene.revoke_only(), vec!["--store".to_owned(), slow]].concat();
        let started = Instant::now();
        let run = interrupted(&scene, &revoke, signal, || begun.exists());
        goes_on(&scene, &revoke, run);
        thread::sleep(Duration::from_secs(4).saturating_sub(started.elapsed()));
        assert!(!over.exists(), "the command went on");
    }
}

#[test]
fn while_a_token_is_revoked_whose_answer_is_lost_with_the_run() {
    for signal in [Signal::INT, Signal::KILL] {
        let scene = Scene::new(&[4]);
        let (emulator, leaked) = (Arc::downgrade(&scene.emulator), scene.leaked[0].clone());
        scene.emulator.on_request(move |request| {
            if request.route() == Route::Revoke {
                emulator.upgrade().unwrap().revoke(&leaked);
                thread::sleep(Duration::from_millis(700));
            }
        });
        let revoke = scene.revoke(Keep::EnvFile);
        let run = interrupted(&scene, &revoke, signal, || !scene.emulator.is_live(&scene.leaked[0]));
        assert_ne!(run.code, Some(0));
        scene.emulator.on_request(|_| ());
        let incident = scene.finish(&revoke);
        scene.assert_done(&incident);
        // What was begun and is proven is written down as done, and by what.
        let journal = scene.journal(incident["id"].as_str().unwrap());
        let revoked: Vec<&str> = journal
            .iter()
            .filter(|record| record["event"] == "revoked")
            .map(|record| record["by"].as_str().unwrap())
            .collect();
        assert_eq!(revoked, [format!("by {}, whose answer was lost", scene.emulator.token_api())]);
    }
}
