//! A sign-in that does not come about: it is said why, in words that a person can act on, and the job goes on by hand.

use super::person::{ALLOWS, DENIES, for_each, sign_in_address};
use crate::revoke::scene::{Scene, report};
use crate::support::browser;
use crate::support::emulator::{Fault, Route};
use crate::support::program::{self, Run};
use needs::needs;
use serde_json::{Value, json};
use std::fs;

/// An address that is nobody's (RFC 5737), without TLS.
const ELSEWHERE: &str = "http://198.51.100.7";

/// A leak, and a person who holds a replacement ready.
fn with_a_replacement(n: u64) -> Scene {
    let mut scene = Scene::new(&[n]);
    scene.has_made(500);
    scene
}

/// Nobody gets in: that and why is said, no tool was called, and a person finishes the job.
#[track_caller]
fn goes_on_by_hand(scene: &Scene, form: &'static str, says: &[&str]) -> Run {
    let run = scene.run_and_take_over(form, &scene.via_krea_within("3s")).code(0);
    let run = run.says(&["It goes on by hand"]).says(says);
    scene.assert_done(&report(&run));
    assert!(scene.asked(Route::Mcp).is_empty() && scene.asked(Route::McpList).is_empty());
    assert_eq!(scene.emulator.sign_ins(), 0);
    run
}

#[test]
fn a_sign_in_that_fails_is_told_and_the_job_goes_on_by_hand() {
    let sent_back = |name, value: &str| (Route::Consent, Fault::SentBack { name, value: value.to_owned() });
    let other_issuer = sent_back("iss", "https://login.example.com");
    let refused = |code: &str| Fault::OAuthError(code.to_owned());
    let all = [
        (Some(sent_back("state", "somebody-elses")), ALLOWS, "nobody signed in within 3 s"),
        (Some(other_issuer), ALLOWS, "from another authorization server"),
        (None, DENIES, "the sign-in was declined (access_denied)"),
        (
            Some((Route::Register, refused("invalid_client_metadata"))),
            ALLOWS,
            "could not be registered there",
        ),
        (
            Some((Route::Exchange, refused("invalid_grant"))),
            ALLOWS,
            "the code that the browser brought was not taken",
        ),
        (Some((Route::ServerMetadata, Fault::Status(404))), ALLOWS, "for signing in, which does not say how"),
    ];
    for_each(&all, |(fault, form, says)| {
        println!("{fault:?} {form}");
        let scene = with_a_replacement(0);
        if let Some((route, fault)) = fault {
            scene.emulator.fault(*route, fault.clone(), usize::MAX);
        }
        goes_on_by_hand(&scene, form, &[*says]);
    });
}

#[test]
fn an_authorization_server_without_the_challenge_is_refused() {
    let scene = with_a_replacement(0);
    let fault = metadata(&scene, "oauth-authorization-server", |metadata| {
        metadata["code_challenge_methods_supported"] = json!(["plain"]);
    });
    scene.emulator.fault(Route::ServerMetadata, fault, usize::MAX);
    goes_on_by_hand(&scene, ALLOWS, &["does not know PKCE with S256"]);
}

/// The metadata of the emulator, changed.
fn metadata(scene: &Scene, name: &str, change: impl Fn(&mut Value)) -> Fault {
    let page = browser::open(&format!("{}/.well-known/{name}", scene.emulator.api()));
    let mut metadata: Value = serde_json::from_str(&page.text).unwrap();
    change(&mut metadata);
    Fault::Body(200, metadata.to_string())
}

/// The places of the metadata that can name another host without TLS.
fn names_elsewhere(scene: &Scene) -> Vec<(Route, Fault)> {
    let resource = metadata(scene, "oauth-protected-resource", |metadata| {
        metadata["authorization_servers"] = json!([ELSEWHERE]);
    });
    let server = |endpoint: &'static str| {
        let changed = metadata(scene, "oauth-authorization-server", |metadata| {
            metadata[endpoint] = json!(format!("{ELSEWHERE}/{endpoint}"));
        });
        (Route::ServerMetadata, changed)
    };
    let endpoints =
        ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"];
    let mut all: Vec<_> = endpoints.into_iter().map(server).collect();
    all.push((Route::ResourceMetadata, resource));
    all
}

#[test]
fn metadata_that_names_a_host_without_tls_is_refused_in_words() {
    let names = names_elsewhere(&Scene::new(&[1])).len();
    for_each(&(0..names).collect::<Vec<_>>(), |&at| {
        let scene = with_a_replacement(1);
        let (route, fault) = names_elsewhere(&scene).swap_remove(at);
        println!("{fault:?}");
        scene.emulator.fault(route, fault, usize::MAX);
        goes_on_by_hand(&scene, ALLOWS, &[ELSEWHERE, "which is not contacted"]);
        assert!(scene.asked(Route::Register).is_empty());
    });
}

/// Two authorization servers: the one that may be asked is, and the other is not contacted.
#[needs("strace")]
#[test]
fn of_two_authorization_servers_the_other_is_not_contacted() {
    for is_first in [true, false] {
        let scene = Scene::new(&[2]);
        let api = scene.emulator.api();
        let servers = if is_first { json!([ELSEWHERE, api]) } else { json!([api, ELSEWHERE]) };
        let fault = metadata(&scene, "oauth-protected-resource", |metadata| {
            metadata["authorization_servers"] = servers.clone();
        });
        scene.emulator.fault(Route::ResourceMetadata, fault, usize::MAX);
        let log = scene.sandbox.beside("strace.log");
        let mut command = scene.sandbox.command("strace", scene.sandbox.root());
        command.args(["-f", "-qq", "-e", "trace=connect,sendto", "-o"]).arg(&log);
        command.arg(env!("CARGO_BIN_EXE_krea-scan")).args(scene.via_krea_within("3s"));
        let run = scene.watched(ALLOWS, scene.dress(&mut command));
        match is_first {
            true => {
                _ = run.code(1).says(&[ELSEWHERE, "which is not contacted", "goes on by hand", "--resume"])
            }
            false => scene.assert_done(&report(&run.code(0))),
        }
        let calls = fs::read_to_string(log).unwrap();
        assert!(calls.contains("127.0.0.1") && !calls.contains("198.51.100.7"), "{calls}");
    }
}

/// In the middle of a run the sign-in is over: a refused refresh is no end, the person signs in once more.
#[test]
fn a_refused_refresh_in_mid_run_is_a_sign_in_more() {
    for route in [Route::McpRevoke, Route::McpMint] {
        let scene = Scene::new(&[3]);
        scene.emulator.fault(route, Fault::Expired, 1);
        scene.emulator.fault(Route::Refresh, Fault::OAuthError("invalid_grant".to_owned()), 1);
        let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0).says(&["sign in once more"]);
        scene.assert_done(&report(&run));
        assert_eq!(scene.asked(Route::Exchange).len(), 2);
    }
}

/// The same, and the person does not want to any more: what is done stays done, and the rest goes by hand.
#[test]
fn a_sign_in_more_that_is_denied_leaves_the_rest_to_a_hand() {
    let scene = with_a_replacement(3);
    scene.emulator.fault(Route::McpMint, Fault::Expired, 1);
    scene.emulator.fault(Route::Refresh, Fault::OAuthError("invalid_grant".to_owned()), 1);
    let mut forms = [ALLOWS, DENIES].into_iter();
    let run = program::run_watched(&mut scene.command(&scene.via_krea()), move |line| {
        if let Some(address) = sign_in_address(line) {
            browser::sign_in(address, forms.next().expect("a third sign-in"));
        }
    });
    let run = scene.checked(run).code(0);
    let run =
        run.says(&["nothing was minted: the sign-in was declined (access_denied)", "It goes on by hand"]);
    scene.assert_done(&report(&run));
    assert!(scene.minted().is_empty());
}

/// What comes with another state is told so in the browser, and the right one is waited for.
#[test]
fn an_answer_with_another_state_is_not_the_end() {
    let scene = Scene::new(&[4]);
    let other = Fault::SentBack { name: "state", value: "somebody-elses".to_owned() };
    scene.emulator.fault(Route::Consent, other, 1);
    let run = program::run_watched(&mut scene.command(&scene.via_krea()), |line| {
        if let Some(address) = sign_in_address(line) {
            let page = browser::sign_in(address, ALLOWS);
            assert!(
                page.status == 404 && page.text.contains("at the address that the terminal shows"),
                "{page:?}"
            );
            assert_eq!(browser::sign_in(address, ALLOWS).status, 200);
        }
    });
    scene.assert_done(&report(&scene.checked(run).code(0)));
    assert_eq!(scene.asked(Route::Exchange).len(), 1);
}

/// Access tokens that end at once are renewed without a person.
#[test]
fn an_access_token_that_is_over_is_refreshed() {
    let scene = Scene::new(&[4]);
    scene.emulator.fault(Route::McpRevoke, Fault::Expired, 1);
    let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
    scene.assert_done(&report(&run));
    assert_eq!((scene.asked(Route::Exchange).len(), scene.asked(Route::Refresh).len()), (1, 1));
}

#[test]
fn the_sign_in_is_ended_and_where_that_cannot_be_it_is_said_how() {
    let scene = Scene::new(&[5]);
    let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
    scene.assert_done(&report(&run));
    assert_eq!((scene.emulator.sign_ins(), scene.emulator.sessions()), (0, 0));
    assert!(!run.stderr.contains("disconnect krea-scan"), "{}", run.stderr);

    let no_endpoint = (Route::ServerMetadata, Fault::Without("revocation_endpoint"));
    for (route, fault) in [no_endpoint, (Route::SignOut, Fault::Status(500))] {
        let scene = Scene::new(&[5]);
        scene.emulator.fault(route, fault, usize::MAX);
        let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
        let run = run.says(&["disconnect krea-scan", &scene.emulator.api()]);
        scene.assert_done(&report(&run));
        assert_eq!(scene.emulator.sign_ins(), 1);
    }
}

/// Nobody comes, and nobody revokes: the run ends, says what is left, and is gone on with.
#[test]
fn where_nobody_signs_in_nothing_is_lost() {
    let scene = Scene::new(&[6]);
    let run = program::run(&mut scene.command(&scene.via_krea_within("1s")));
    let run = scene.checked(run).code(1).says(&["nobody signed in within 1 s", "--resume"]);
    scene.assert_truthful(&run);
    assert!(scene.emulator.is_live(&scene.leaked[0]));
    scene.assert_done(&scene.finish_as(ALLOWS, &scene.via_krea()));
}
