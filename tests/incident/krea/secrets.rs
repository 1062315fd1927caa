//! Nothing but ids and names reaches the tools, and nothing of the sign-in is left anywhere.

use super::person::{ALLOWS, argument};
use crate::revoke::scene::{Scene, files, report, secret};
use crate::support::emulator::{Fault, Request, Route};
use crate::support::program::Run;
use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};

/// Everything that a request says.
fn text(request: &Request) -> String {
    format!("{} {} {:?} {}", request.method, request.target, request.headers, request.body)
}

/// What a sign-in is made of, as the requests and the answers to them have it.
fn credentials(requests: &[Request]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for request in requests {
        let text = text(request);
        for purpose in ["access-", "refresh-", "code-"] {
            found.extend(text.match_indices(purpose).map(|(at, _)| {
                let is_of_it = |c: char| c.is_ascii_alphanumeric() || c == '-';
                text[at..].chars().take_while(|c| is_of_it(*c)).collect::<String>()
            }));
        }
    }
    // What is as long as the emulator makes them.
    found.retain(|text| text.len() > 40);
    found
}

#[track_caller]
fn assert_secret(scene: &Scene, runs: &[Run]) {
    let (requests, issued) = (scene.emulator.requests(), scene.emulator.issued());
    for request in &requests {
        let text = text(request);
        let holds: Vec<_> = issued.iter().filter(|issued| text.contains(secret(&issued.token))).collect();
        let is_question = request.route() == Route::Jobs
            && holds.iter().all(|issued| request.bearer() == Some(issued.token.as_str()));
        assert!(holds.is_empty() || is_question, "a token reached {:?} {}", request.route(), request.target);
    }
    // The tools are given ids of rows and names of replacements, and nothing else.
    for request in requests.iter().filter(|request| request.route() == Route::McpRevoke) {
        assert!(issued.iter().any(|issued| issued.id == argument(request)), "{}", request.body);
    }
    for request in requests.iter().filter(|request| request.route() == Route::McpMint) {
        assert!(issued.iter().any(|issued| issued.name == argument(request)), "{}", request.body);
    }
    let credentials = credentials(&requests);
    for purpose in ["access-", "refresh-", "code-"] {
        assert!(credentials.iter().any(|text| text.starts_with(purpose)), "{purpose} {credentials:?}");
    }
    let folder = scene.sandbox.root().parent().unwrap();
    let kept = files(folder).into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap()));
    let kept = kept.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()));
    let shown = runs.iter().flat_map(|run| [&run.stdout, &run.stderr]);
    for (place, text) in kept.chain(shown.map(|text| ("the output".to_owned(), text.clone()))) {
        for credential in &credentials {
            assert!(!text.contains(credential.as_str()), "{place} holds {credential}");
        }
    }
}

#[test]
fn only_ids_and_names_reach_the_tools_and_nothing_of_a_sign_in_is_kept() {
    let scene = Scene::new(&[0, 1]);
    // A refresh, and a mint that is lost.
    scene.emulator.fault(Route::McpRevoke, Fault::Expired, 1);
    scene.emulator.fault(Route::McpMint, Fault::ResetAfterDoing, 1);
    let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
    scene.assert_done(&report(&run));
    assert_eq!(scene.asked(Route::Refresh).len(), 1);
    let list = scene.run_as(ALLOWS, &["--tokens", "--api", &scene.emulator.api()].map(str::to_owned));
    let incidents = scene.run(&["--incidents"]).code(0);
    assert_secret(&scene, &[run, list, incidents]);
}

/// While a run is under way, too: all files are looked through at each request.
#[test]
fn at_no_time_is_anything_of_a_sign_in_on_the_disk() {
    let scene = Scene::new(&[2]);
    let state = scene.sandbox.beside("state");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let looks = Arc::clone(&seen);
    scene.emulator.on_request(move |_| {
        let text = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let texts = files(&state).into_iter().filter_map(|path| text(path).ok());
        looks.lock().unwrap().extend(texts);
    });
    let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
    scene.assert_done(&report(&run));
    let credentials = credentials(&scene.emulator.requests());
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 40 && credentials.len() >= 3, "{} {credentials:?}", seen.len());
    for text in seen.iter() {
        assert!(credentials.iter().all(|credential| !text.contains(credential.as_str())));
    }
}

/// The leaked token is shown to `/jobs` alone.
#[test]
fn the_leaked_token_goes_to_jobs_alone() {
    let scene = Scene::new(&[3]);
    scene.run_as(ALLOWS, &scene.via_krea()).code(0);
    let requests = scene.emulator.requests();
    let with_it: Vec<Route> = requests
        .iter()
        .filter(|request| request.bearer() == Some(scene.leaked[0].as_str()))
        .map(Request::route)
        .collect();
    assert!(!with_it.is_empty() && with_it.iter().all(|route| *route == Route::Jobs), "{with_it:?}");
}
