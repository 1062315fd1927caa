//! A call of a tool goes wrong: the run finishes or says what is left, nothing is dead that is not, and a replacement whose
//! answer was lost is found, revoked, and another one made.

use super::person::{ALLOWS, argument, for_each};
use crate::revoke::scene::{Scene, report};
use crate::support::emulator::{Fault, Request, Route};
use crate::support::program::token;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Lets the `nth` such request go wrong.
fn fault_at(
    scene: &Scene,
    is_it: impl Fn(&Request) -> bool + Send + Sync + 'static,
    nth: usize,
    fault: &Fault,
) {
    let emulator = Arc::downgrade(&scene.emulator);
    let (seen, fault) = (AtomicUsize::new(0), fault.clone());
    scene.emulator.on_request(move |request| {
        if is_it(request) && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            emulator.upgrade().unwrap().fault(request.route(), fault.clone(), 1);
        }
    });
}

#[test]
fn with_any_one_call_gone_wrong_an_incident_finishes() {
    let faults = [
        Fault::Reset,
        Fault::ResetAfterDoing,
        Fault::Half,
        Fault::Status(500),
        Fault::StatusAfterDoing(500),
        Fault::TooMany { retry_after: Some("0".to_owned()) },
        Fault::SessionLost,
        Fault::Expired,
        Fault::ToolError("Something went wrong.".to_owned()),
        Fault::RpcError(-32603, "Internal error".to_owned()),
    ];
    // The list is read when it begins, before a revocation and before a mint.
    let calls = [
        (Route::McpList, 1),
        (Route::McpList, 2),
        (Route::McpList, 3),
        (Route::McpRevoke, 1),
        (Route::McpMint, 1),
    ];
    let all: Vec<_> = faults.iter().flat_map(|fault| calls.map(|call| (fault, call))).collect();
    for_each(&all, |&(fault, (route, nth))| {
        let scene = Scene::new(&[nth as u64]);
        let revoke = scene.via_krea();
        fault_at(&scene, move |request| request.route() == route, nth, fault);
        let run = scene.run_as(ALLOWS, &revoke);
        assert!(scene.asked(route).len() >= nth, "nothing went wrong");
        println!("{fault:?} at {route:?} {nth}: {:?} {}", run.code, run.stderr);
        scene.assert_truthful(&run);
        let incident = match run.code {
            Some(0) => report(&run),
            _ => {
                assert!(report(&run.code(1))["resume"].is_string());
                scene.finish_as(ALLOWS, &revoke)
            }
        };
        scene.assert_done(&incident);
        let live = scene.minted().iter().filter(|minted| minted.live).count();
        assert_eq!(live, 1, "{incident}");
    });
}

/// Whatever is asked within a session: what opens it, the tools, a call, what ends it.
#[test]
fn with_any_one_request_of_a_session_gone_wrong_an_incident_finishes() {
    let whole = Scene::new(&[0]);
    whole.assert_done(&report(&whole.run_as(ALLOWS, &whole.via_krea()).code(0)));
    let is_it = |request: &Request| request.target == "/mcp";
    let requests = whole.emulator.requests().iter().filter(|request| is_it(request)).count();
    assert!(requests >= 20, "{requests}");
    let faults = [Fault::ResetAfterDoing, Fault::Status(503)];
    for_each(&(1..=requests).collect::<Vec<_>>(), |&nth| {
        let fault = &faults[nth % 2];
        let scene = Scene::new(&[nth as u64 % 8]);
        let revoke = scene.via_krea();
        fault_at(&scene, is_it, nth, fault);
        let run = scene.run_as(ALLOWS, &revoke);
        println!("{fault:?} at {nth}: {:?}", run.code);
        scene.assert_truthful(&run);
        let incident = match run.code {
            Some(0) => report(&run),
            _ => scene.finish_as(ALLOWS, &revoke),
        };
        scene.assert_done(&incident);
    });
}

#[test]
fn a_mint_whose_answer_is_lost_is_found_by_its_name_and_revoked_by_its_id() {
    let faults = [Fault::ResetAfterDoing, Fault::Half, Fault::StatusAfterDoing(500)];
    for_each(&faults, |fault| {
        let scene = Scene::new(&[2]);
        scene.emulator.fault(Route::McpMint, fault.clone(), 1);
        let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
        let incident = report(&run);
        scene.assert_done(&incident);
        let minted = scene.minted();
        let [lost, kept] = minted.as_slice() else { panic!("{minted:?}") };
        assert!(!lost.live && kept.live && lost.name != kept.name);
        assert_eq!(scene.kept(), [kept.token.as_str()]);
        assert_eq!(incident["tokens"][0]["orphans"].as_array().map(Vec::len), Some(0));
        assert_eq!(incident["tokens"][0]["revoked_orphans"][0], lost.name.as_str());
        let revoked: Vec<String> = scene.asked(Route::McpRevoke).iter().map(argument).collect();
        let leaked = scene.leaked[0].split(':').next().unwrap();
        assert_eq!(revoked, [leaked, lost.id.as_str()]);
    });
}

/// The list, too, is gone: what may exist is named.
#[test]
fn a_mint_whose_answer_and_list_are_lost_is_named() {
    let scene = Scene::new(&[3]);
    let emulator = Arc::downgrade(&scene.emulator);
    scene.emulator.on_request(move |request| {
        let emulator = emulator.upgrade().unwrap();
        if request.route() == Route::McpMint {
            emulator.fault(Route::McpMint, Fault::ResetAfterDoing, 1);
            emulator.fault(Route::McpList, Fault::Status(500), usize::MAX);
        }
    });
    let run = scene.run_as(ALLOWS, &scene.via_krea()).code(1);
    scene.assert_truthful(&run);
    let names: Vec<String> = scene.minted().into_iter().map(|minted| minted.name).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(report(&run)["tokens"][0]["orphans"], serde_json::Value::from(names));
    scene.emulator.on_request(|_| ());
    scene.emulator.clear_faults();
    scene.assert_done(&scene.finish_as(ALLOWS, &[]));
}

/// The client has given up when the token comes to be, and the list had none of that name before.
#[test]
fn a_mint_that_outlasts_the_wait_for_its_answer_is_named() {
    let scene = Scene::new(&[5]);
    let emulator = Arc::downgrade(&scene.emulator);
    let (asked, late) = (AtomicUsize::new(0), Arc::new(Mutex::new(None)));
    let begun = Arc::clone(&late);
    scene.emulator.on_request(move |request| {
        if request.route() == Route::McpMint && asked.fetch_add(1, Ordering::SeqCst) == 0 {
            let (emulator, name) = (emulator.upgrade().unwrap(), argument(request));
            emulator.fault(Route::McpMint, Fault::Timeout, 1);
            *begun.lock().unwrap() = Some(thread::spawn(move || {
                thread::sleep(Duration::from_secs(4));
                emulator.issue(&token(12), &name);
            }));
        }
    });
    let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
    late.lock().unwrap().take().unwrap().join().unwrap();
    assert_eq!(scene.replacements().iter().filter(|issued| issued.live).count(), 2);
    scene.assert_truthful(&run);
    scene.assert_done(&report(&run));
}

#[test]
fn a_revocation_whose_answer_is_lost_is_proven_all_the_same() {
    for fault in [Fault::ResetAfterDoing, Fault::StatusAfterDoing(500)] {
        let scene = Scene::new(&[4]);
        scene.emulator.fault(Route::McpRevoke, fault, usize::MAX);
        let run = scene.run_as(ALLOWS, &scene.via_krea()).code(0);
        scene.assert_done(&report(&run));
    }
}
