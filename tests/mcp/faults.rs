//! Whatever a server does wrong: no token is lost, none is called dead that is not, and the run ends.

use crate::browser::Person;
use crate::scene::Scene;
use crate::stand_in::Sdk::{self, Python, TypeScript};
use crate::support::program::Run;
use needs::needs;
use serde_json::{Value, json};

/// Ways to say no to a tool's call.
const REFUSALS: [&str; 4] = ["forbidden", "insufficient-scope", "is-error", "rpc-error"];

/// A run with a fault.
#[track_caller]
fn with(sdk: Sdk, fault: &Value, person: Person) -> (Scene, Run) {
    let scene = Scene::new(sdk, json!({ "fault": fault }));
    let run = scene.run(&scene.revoke(), person);
    scene.assert_nothing_lost(&run);
    (scene, run)
}

/// It gets over the fault, with a person who signs in once.
#[track_caller]
fn gets_over(sdk: Sdk, fault: &Value) -> Scene {
    let (scene, run) = with(sdk, fault, Person::AllowsOnce);
    let run = run.code(0);
    scene.assert_done(&run);
    scene
}

/// It stops at the fault and says these; once the fault is gone it goes on and everything is done.
#[track_caller]
fn stops_at(sdk: Sdk, fault: &Value, says: &[&str]) {
    let (scene, run) = with(sdk, fault, Person::AllowsOnce);
    run.code(1).says(says).says(&["--resume"]);
    scene.krea.heal();
    let run = scene.resume(Person::Allows).code(0);
    scene.assert_done(&run);
}

/// Whether it stops or not, in the end everything is done.
#[track_caller]
fn done_in_the_end(sdk: Sdk, fault: &Value) -> Scene {
    let (scene, run) = with(sdk, fault, Person::AllowsOnce);
    if run.code == Some(0) {
        scene.assert_done(&run);
    } else {
        let run = scene.resume(Person::Allows).code(0);
        scene.assert_done(&run);
    }
    scene
}

/// No session is to be had: no token tool was called.
#[track_caller]
fn no_session(sdk: Sdk, fault: &Value, person: Person, says: &[&str]) -> Scene {
    let (scene, run) = with(sdk, fault, person);
    run.code(1).says(says);
    assert!(scene.krea.requests().iter().all(|request| request.tool().is_none()));
    assert!(scene.leaked.iter().all(|token| scene.is_live(token)));
    scene
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn an_access_token_that_expires_is_refreshed() {
    for (sdk, tool) in [(Python, "revoke_api_token"), (TypeScript, "create_api_token")] {
        gets_over(sdk, &json!({ "name": "expired", "at": tool }));
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_server_that_is_busy_is_asked_again_when_it_says() {
    for (sdk, tool) in [(Python, "revoke_api_token"), (TypeScript, "create_api_token")] {
        let scene = gets_over(sdk, &json!({ "name": "busy", "at": tool }));
        assert_eq!(scene.minted().len(), 2);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn access_tokens_that_live_for_a_second_are_refreshed() {
    gets_over(TypeScript, &json!({ "name": "short-lived" }));
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_session_that_is_not_known_any_more_begins_anew() {
    for (sdk, tool) in [(Python, "revoke_api_token"), (TypeScript, "create_api_token")] {
        gets_over(sdk, &json!({ "name": "session-gone", "at": tool }));
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_same_answer_twice_is_one_answer() {
    for (sdk, tool) in [(Python, "revoke_api_token"), (TypeScript, "create_api_token")] {
        let scene = gets_over(sdk, &json!({ "name": "twice", "at": tool }));
        assert_eq!(scene.minted().len(), 2);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_session_that_cannot_be_refreshed_is_signed_in_anew() {
    for tool in ["revoke_api_token", "create_api_token"] {
        let (scene, run) = with(Python, &json!({ "name": "expired-for-good", "at": tool }), Person::Allows);
        let run = run.code(0);
        scene.assert_done(&run);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_revocation_that_is_refused_is_for_a_hand_or_for_later() {
    for fault in REFUSALS {
        stops_at(
            Python,
            &json!({ "name": fault, "at": "revoke_api_token", "times": 1000 }),
            &["not revoked"],
        );
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_replacement_that_is_refused_is_for_later() {
    for fault in REFUSALS {
        stops_at(TypeScript, &json!({ "name": fault, "at": "create_api_token", "times": 1000 }), &[]);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_words_of_a_server_are_shown_without_their_controls() {
    let fault = json!({ "name": "is-error", "times": 1000 });
    let (_scene, run) = with(TypeScript, &fault, Person::AllowsOnce);
    assert!(!run.stderr.contains('\u{1b}') && !run.stdout.contains('\u{1b}'), "{}", run.stderr);
    run.code(1).says(&["revoke_api_token answered with an error"]);
}

/// A mint whose answer does not come has happened: the list tells, and what it made is revoked before another is made.
#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_replacement_whose_answer_is_lost_is_revoked() {
    for (sdk, fault) in [(Python, "lost"), (TypeScript, "lost"), (Python, "breaks"), (TypeScript, "breaks")] {
        let scene = done_in_the_end(sdk, &json!({ "name": fault }));
        let minted = scene.minted();
        assert_eq!(minted.len(), 3, "two replacements and the lost one");
        assert!(!minted[0].live, "{fault}: the lost one is live");
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_revocation_whose_answer_is_lost_is_proven_all_the_same() {
    for (sdk, fault) in [(Python, "lost"), (TypeScript, "breaks")] {
        gets_over(sdk, &json!({ "name": fault, "at": "revoke_api_token" }));
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn an_answer_that_is_too_big_is_not_read_to_its_end() {
    for tool in ["create_api_token", "list_api_tokens", "tools/list"] {
        done_in_the_end(TypeScript, &json!({ "name": "huge", "at": tool }));
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn an_answer_that_drips_or_does_not_come_ends_the_wait() {
    for fault in ["drips", "silent"] {
        done_in_the_end(Python, &json!({ "name": fault, "at": "create_api_token" }));
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn metadata_that_names_a_host_without_tls_is_not_followed() {
    for (sdk, fault) in [(Python, "other-host"), (TypeScript, "other-token-host")] {
        let fault = json!({ "name": fault });
        no_session(sdk, &fault, Person::Allows, &["198.51.100.7"]);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_redirect_is_not_followed() {
    let scene = no_session(TypeScript, &json!({ "name": "token-redirect" }), Person::Allows, &[]);
    assert!(scene.krea.requests().iter().all(|request| request.path != "/elsewhere"));
    let options = json!({ "separate_issuer": true, "fault": { "name": "redirect" } });
    let scene = Scene::new(Python, options);
    let run = scene.run(&scene.revoke(), Person::Allows).code(1);
    scene.assert_nothing_lost(&run);
    assert!(scene.krea.requests().iter().all(|request| request.path != "/elsewhere"));
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_state_that_is_somebody_elses_is_refused() {
    let scene = no_session(Python, &json!({ "name": "wrong-state" }), Person::Allows, &[]);
    let redeemed = scene.krea.requests().iter().any(|request| request.path == "/token");
    assert!(!redeemed, "the code was used");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_person_who_denies_it_or_closes_the_browser_leaves_everything_as_it_is() {
    for sdk in [Python, TypeScript] {
        no_session(sdk, &Value::Null, Person::Denies, &["denied"]);
    }
    no_session(Python, &Value::Null, Person::Leaves, &[]);
}
