//! Tokens that are somebody else's: one that has the replacement's name, and a leaked one of another workspace.

use super::person::{ALLOWS, ALLOWS_LAB, argument, with};
use crate::revoke::scene::{Scene, report};
use crate::support::emulator::{Fault, Route, Workspace};
use crate::support::program::token;
use std::sync::Arc;

const NAME: &str = "website production";

/// A leak, and somebody else's token that has the name already.
fn taken() -> (Scene, Vec<String>) {
    let mut scene = Scene::new(&[0]);
    scene.innocent = vec![token(9)];
    scene.emulator.issue(&token(9), NAME);
    let revoke = with(scene.via_krea(), &["--name", NAME]);
    (scene, revoke)
}

#[test]
fn a_name_that_is_taken_is_left_alone() {
    let (scene, revoke) = taken();
    scene.assert_done(&report(&scene.run_as(ALLOWS, &revoke).code(0)));
    let names: Vec<String> = scene.minted().into_iter().map(|minted| minted.name).collect();
    assert!(names.len() == 1 && names[0] != NAME && names[0].starts_with(NAME), "{names:?}");
}

#[test]
fn a_name_that_is_taken_is_left_alone_when_the_answer_is_lost() {
    for fault in [Fault::ResetAfterDoing, Fault::Reset] {
        let (scene, revoke) = taken();
        scene.emulator.fault(Route::McpMint, fault, 1);
        scene.assert_done(&report(&scene.run_as(ALLOWS, &revoke).code(0)));
        let minted = scene.minted();
        assert!(minted.iter().all(|minted| minted.name != NAME), "{minted:?}");
        assert_eq!(minted.iter().filter(|minted| minted.live).count(), 1);
    }
}

/// Somebody takes the name while the replacement is minted: nobody can tell the two apart, so neither is revoked, and both are
/// named.
#[test]
fn of_two_tokens_of_one_name_none_is_revoked() {
    let mut scene = Scene::new(&[1]);
    scene.innocent = vec![token(9)];
    let emulator = Arc::downgrade(&scene.emulator);
    scene.emulator.on_request(move |request| {
        let emulator = emulator.upgrade().unwrap();
        let theirs = token(9);
        let is_there = emulator.issued().iter().any(|issued| issued.token == theirs);
        if request.route() == Route::McpMint && !is_there {
            emulator.issue(&theirs, &argument(request));
            emulator.fault(Route::McpMint, Fault::ResetAfterDoing, 1);
        }
    });
    let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
    scene.assert_truthful(&run);
    let incident = report(&run);
    assert_eq!(incident["tokens"][0]["orphans"][0], scene.minted()[0].name.as_str());
    scene.assert_done(&incident);
}

#[test]
fn a_token_of_another_workspace_is_said_to_be_one_and_not_called_dead() {
    let scene = Scene::new(&[2]);
    scene.emulator.issue_in(Workspace::Lab, &scene.leaked[0], "their automation");
    let run = scene
        .run_as(ALLOWS, &scene.via_krea_within("3s"))
        .code(1)
        .says(&["another workspace owns it", "--resume"]);
    scene.assert_truthful(&run);
    let case = report(&run)["tokens"][0].clone();
    assert_eq!(case["status"], "live");
    assert!(case["dead_at"].is_null() && scene.emulator.is_live(&scene.leaked[0]));
    assert!(scene.minted().is_empty() && scene.asked(Route::McpRevoke).is_empty());
    // Whoever signs in to the right one goes on.
    scene.assert_done(&report(&scene.resume_as(ALLOWS_LAB).code(0)));
}
