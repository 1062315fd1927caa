//! The network fails at any request: nothing is lost, nothing is done twice without a word, and only what Krea refuses again
//! and again is dead.

use super::scene::{Keep, Scene, report};
use crate::support::emulator::{Fault, Route};
use crate::support::program::Run;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Lets the `nth` request from now on go wrong.
fn fault_at(scene: &Scene, nth: usize, fault: &Fault) {
    let emulator = Arc::downgrade(&scene.emulator);
    let (seen, fault) = (AtomicUsize::new(0), fault.clone());
    scene.emulator.on_request(move |_| {
        if seen.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            emulator.upgrade().unwrap().fault(Route::Any, fault.clone(), 1);
        }
    });
}

fn with<'a>(mut args: Vec<String>, more: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    args.extend(more.into_iter().map(str::to_owned));
    args
}

/// One fault at each request of a run in turn. Gives at how many.
fn at_every(fault: &Fault, more: &[&str]) -> usize {
    for nth in 1.. {
        let scene = Scene::new(&[nth as u64 % 8]);
        let revoke = with(scene.revoke(Keep::EnvFile), ["--timeout", "400ms", "--wait", "1s"]);
        let revoke = with(revoke, more.iter().copied());
        fault_at(&scene, nth, fault);
        let run = scene.run(&revoke);
        scene.emulator.on_request(|_| ());
        scene.emulator.clear_faults();
        if scene.emulator.requests().len() < nth {
            scene.assert_done(&report(&run.code(0)));
            return nth - 1;
        }
        println!("{fault:?} at request {nth}: {:?} {}", run.code, run.stderr);
        assert_orphans_are_said(&scene, &run);
        match run.code {
            Some(0) => scene.assert_done(&report(&run)),
            _ => {
                assert_eq!(run.code, Some(1), "{}", run.stderr);
                assert!(report(&run)["resume"].is_string(), "{}", run.stdout);
            }
        }
        // A run that is done leaves nothing to go on with; the other way, what it did stays done.
        if run.code == Some(1) {
            scene.assert_done(&scene.finish(&revoke));
        }
    }
    unreachable!("a run has an end");
}

/// What may have been minted and is not kept is named on screen, and in the report.
fn assert_orphans_are_said(scene: &Scene, run: &Run) {
    let kept = scene.kept();
    let incident = report(run);
    let orphans: Vec<&Value> = incident["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|case| case["orphans"].as_array().unwrap())
        .collect();
    for orphan in &orphans {
        assert!(run.stderr.contains(orphan.as_str().unwrap()), "{orphan} is not on screen: {}", run.stderr);
    }
    for issued in scene.emulator.issued() {
        let held = kept.contains(&issued.token) || !issued.live || !issued.minted;
        let escrow = incident["tokens"].as_array().unwrap().iter().any(|case| case["escrow"].is_string());
        assert!(held || escrow || orphans.contains(&&Value::from(issued.name.as_str())), "{:?}", issued.name);
    }
}

#[test]
fn with_any_one_request_gone_wrong_an_incident_finishes() {
    let faults = [
        Fault::Reset,
        Fault::ResetAfterDoing,
        Fault::StatusAfterDoing(500),
        Fault::Timeout,
        Fault::Truncated,
        Fault::Html(200),
        Fault::Status(401),
        Fault::Status(403),
    ];
    thread::scope(|scope| {
        for fault in &faults {
            scope.spawn(move || assert!(at_every(fault, &[]) >= 12, "{fault:?}"));
        }
    });
}

#[test]
fn with_any_one_request_gone_wrong_an_incident_that_replaces_first_finishes() {
    let faults = [Fault::ResetAfterDoing, Fault::StatusAfterDoing(500), Fault::Status(401), Fault::Html(200)];
    thread::scope(|scope| {
        for fault in &faults {
            scope.spawn(move || assert!(at_every(fault, &["--replace-first"]) >= 12, "{fault:?}"));
        }
    });
}

#[test]
fn a_mint_whose_answer_is_lost_is_named_and_tried_under_another_name() {
    let scene = Scene::new(&[5]);
    scene.emulator.fault(Route::Mint, Fault::ResetAfterDoing, 1);
    let run = scene.run(&scene.revoke(Keep::EnvFile)).code(0);
    let incident = report(&run);
    let minted: Vec<_> = scene.emulator.issued().into_iter().filter(|issued| issued.minted).collect();
    assert_eq!(minted.len(), 2);
    assert_ne!(minted[0].name, minted[1].name);
    assert_eq!(incident["tokens"][0]["orphans"], Value::from(vec![minted[0].name.as_str()]));
    assert_eq!(scene.kept(), [minted[1].token.as_str()]);
    assert!(run.stderr.contains(&minted[0].name), "{}", run.stderr);
    scene.assert_done(&incident);
}

#[test]
fn a_mint_that_is_never_answered_stops_after_two_tries_and_both_are_named() {
    let scene = Scene::new(&[6]);
    scene.emulator.fault(Route::Mint, Fault::ResetAfterDoing, usize::MAX);
    let revoke = scene.revoke(Keep::EnvFile);
    let run = scene.run(&revoke).code(1);
    let names: Vec<String> = scene
        .emulator
        .issued()
        .into_iter()
        .filter(|issued| issued.minted)
        .map(|issued| issued.name)
        .collect();
    assert_eq!(names.len(), 2);
    assert_eq!(report(&run)["tokens"][0]["orphans"], Value::from(names));
    assert!(!scene.emulator.is_live(&scene.leaked[0]), "the leaked token is dead all the same");
    scene.emulator.clear_faults();
    scene.assert_done(&scene.finish(&revoke));
}

#[test]
fn a_revocation_that_answers_500_and_was_done_ends_in_proof() {
    let scene = Scene::new(&[7]);
    scene.emulator.fault(Route::Revoke, Fault::StatusAfterDoing(500), usize::MAX);
    let run = scene.run(&scene.revoke(Keep::EnvFile)).code(0);
    scene.assert_done(&report(&run));
}

#[test]
fn a_revocation_that_takes_effect_late_is_waited_for() {
    let scene = Scene::new(&[8]);
    let late = Duration::from_millis(1500);
    scene.emulator.fault(Route::Revoke, Fault::LateRevoke(late), 1);
    let begun = Instant::now();
    let run = scene.run(&scene.revoke(Keep::EnvFile)).code(0);
    assert!(begun.elapsed() >= late);
    scene.assert_done(&report(&run));
}

#[test]
fn a_token_that_does_not_die_in_time_is_said_to_live_and_can_be_gone_on_with() {
    let scene = Scene::new(&[9]);
    scene.emulator.fault(Route::Revoke, Fault::LateRevoke(Duration::from_secs(4)), 1);
    let revoke = with(scene.revoke(Keep::EnvFile), ["--wait", "500ms"]);
    let run = scene.run(&revoke).code(1);
    let incident = report(&run);
    assert_eq!(incident["tokens"][0]["status"], "live");
    assert!(incident["tokens"][0]["dead_at"].is_null() && scene.kept().is_empty());
    assert!(incident["resume"].as_str().unwrap().contains(incident["id"].as_str().unwrap()));
    scene.assert_done(&scene.finish(&revoke));
}

#[test]
fn a_second_revocation_that_fails_takes_nothing_back_from_the_first() {
    let scene = Scene::new(&[10]);
    scene.emulator.fault(Route::Revoke, Fault::LateRevoke(Duration::from_secs(8)), 1);
    let revoke = with(scene.revoke(Keep::EnvFile), ["--wait", "500ms"]);
    scene.run(&revoke).code(1);
    scene.emulator.fault(Route::Revoke, Fault::Status(500), usize::MAX);
    let run = scene.run(&["--resume", "latest", "--yes", "-f", "json"]).code(0);
    let asked = scene.emulator.requests().iter().filter(|request| request.route() == Route::Revoke).count();
    assert!(asked > 1 && run.stderr.contains("revoked before, and not again by"), "{asked}: {}", run.stderr);
    scene.assert_done(&report(&run));
}

/// `--verify` with one kind of answer only: the status of the one finding, and the exit code.
fn verified(route: Route, fault: &Fault, fail_on: Option<&str>) -> (Value, Option<i32>) {
    // It is dead in truth, so every answer that reaches the program whole would say so.
    let scene = Scene::new(&[10]);
    scene.emulator.revoke(&scene.leaked[0]);
    scene.emulator.fault(route, fault.clone(), usize::MAX);
    let api = scene.emulator.api();
    let mut args = vec!["--verify", "-f", "json", "--api", &api, "--timeout", "400ms"];
    args.extend(fail_on.iter().flat_map(|on| ["--fail-on", on]));
    let run = scene.run(&args);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    (document["findings"][0]["status"].clone(), run.code)
}

#[test]
fn nothing_but_krea_that_refuses_is_dead() {
    let elsewhere = "https://krea.example.com/login".to_owned();
    let faults = [
        Fault::Timeout,
        Fault::Reset,
        Fault::ResetAfterDoing,
        Fault::Truncated,
        Fault::TooMany { retry_after: Some("0".to_owned()) },
        Fault::Status(403),
        Fault::Status(404),
        Fault::Status(500),
        Fault::Status(503),
        Fault::StatusAfterDoing(502),
        Fault::Html(200),
        Fault::Html(401),
        Fault::Html(403),
        Fault::Redirect(302, elsewhere),
        Fault::Body(401, String::new()),
        Fault::Body(401, "[]".to_owned()),
        Fault::Body(401, "{}".to_owned()),
        Fault::Body(401, "{\"login\": \"here\"}".to_owned()),
        // A portal that speaks as Krea does, but to everybody.
        Fault::Body(401, "{\"error\": \"no\"}".to_owned()),
        Fault::Body(200, "{}".to_owned()),
        Fault::Huge(8 << 20),
    ];
    thread::scope(|scope| {
        for fault in &faults {
            scope.spawn(move || {
                assert_eq!(verified(Route::Any, fault, None), ("unknown".into(), Some(1)), "{fault:?}");
                let live = verified(Route::Any, fault, Some("live"));
                assert_eq!(live, ("unknown".into(), Some(2)), "{fault:?}");
            });
        }
    });
    // The same where only tokens are refused.
    let whole = Fault::Body(401, "{\"error\": \"no\"}".to_owned());
    assert_eq!(verified(Route::Jobs, &whole, None), ("dead".into(), Some(0)));
}
