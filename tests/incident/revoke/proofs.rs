//! What may be wrong with a proof: a token API that lies, a replacement that is none or dies, a gateway that refuses for a
//! while, a portal. Nothing of it ends green, it is said what is wrong, and it goes on rightly.

use super::scene::{Keep, Scene, report, secret};
use crate::support::emulator::{Fault, Issued, Route};
use crate::support::program::{self, Run};
use crate::support::tokens::{self, Alphabet};
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn with(mut args: Vec<String>, more: &[&str]) -> Vec<String> {
    args.extend(more.iter().map(ToString::to_string));
    args
}

fn minted(scene: &Scene) -> Vec<Issued> {
    scene.emulator.issued().into_iter().filter(|issued| issued.minted).collect()
}

/// Fails unless a run says this, on screen or in its report.
#[track_caller]
fn assert_said(run: &Run, text: &str) {
    assert!(run.stderr.contains(text) || run.stdout.contains(text), "{text}: {}{}", run.stderr, run.stdout);
}

/// What a run says of its one token.
fn case(run: &Run) -> Value {
    let incident = report(run);
    assert_eq!(incident["tokens"].as_array().unwrap().len(), 1);
    incident["tokens"][0].clone()
}

/// The events of the only incident, with their steps.
fn events(scene: &Scene) -> Vec<String> {
    let ids = scene.ids();
    let told = |record: &Value| match record["step"].as_str() {
        Some(step) => format!("{} {step}", record["event"].as_str().unwrap()),
        None => record["event"].as_str().unwrap().to_owned(),
    };
    scene.journal(&ids[0]).iter().map(told).collect()
}

/// A scene whose own file of variables leaks: where the replacement is to go, the leaked token stands.
fn leaks_where_it_is_kept(number: u64) -> Scene {
    let scene = Scene::new(&[number]);
    fs::write(scene.env_file(), format!("PORT=1\nFIRST={}\n", scene.leaked[0])).unwrap();
    scene
}

#[test]
fn a_token_api_that_hands_out_the_leaked_token_again_replaces_nothing() {
    for first in [&["--replace-first"][..], &[]] {
        let scene = leaks_where_it_is_kept(0);
        let leaked = scene.leaked[0].clone();
        scene.emulator.fault(Route::Mint, Fault::HandsOut(leaked.clone()), usize::MAX);
        let run = scene.run(&with(scene.revoke(Keep::EnvFile), first)).code(1);
        let case = case(&run);
        let problem = case["problem"].as_str().unwrap();
        assert_said(&run, "it is a token that leaked");
        assert!(case["replacement"].is_null() && case["escrow"].is_null(), "{case}");
        assert_eq!(scene.kept(), [leaked.as_str()], "nothing was stored");
        assert!(!events(&scene).iter().any(|event| event == "minted" || event == "closed"));
        assert!(events(&scene).iter().any(|event| event == "failed mint"));
        // Where one has to go before the other comes, the person is told how.
        let gives_one = !first.is_empty();
        assert_eq!(scene.emulator.is_live(&leaked), gives_one);
        if gives_one {
            assert_said(&run, "revoke its row by hand");
            // Again, and nothing changes: it cannot be talked into ending green.
            assert_eq!(scene.resume().code, Some(1));
            scene.emulator.revoke(&leaked);
        } else {
            assert!(problem.contains("ask its owner why"), "{problem}");
        }
        scene.emulator.clear_faults();
        scene.assert_done(&report(&scene.resume().code(0)));
        assert!(fs::read_to_string(scene.env_file()).unwrap().contains("FIRST="));
    }
}

#[test]
fn nothing_that_leaked_in_the_run_is_taken_for_a_replacement() {
    let other = program::token(2);
    let same_row =
        format!("{}:{}", program::token(1).split(':').next().unwrap(), tokens::secret(Alphabet::Hex, 9));
    let quoted = format!("\"{}\"", program::token(1));
    for handed in [other, same_row.clone(), same_row.to_uppercase(), quoted] {
        let scene = Scene::new(&[1, 2]);
        scene.emulator.issue(&handed, "handed out");
        // The second token is not revoked, so that it is live when it is handed out for the first.
        scene.emulator.fault(Route::Mint, Fault::HandsOut(handed.clone()), 1);
        let run = scene.run(&with(scene.revoke(Keep::Command), &["--replace-first"])).code(1);
        let incident = report(&run);
        assert!(incident["tokens"][0]["replacement"].is_null(), "{incident}");
        assert!(incident["tokens"][0]["problem"].as_str().unwrap().contains("leaked"), "{incident}");
        assert_eq!(incident["tokens"][1]["state"], "done");
        assert!(!scene.kept().contains(&handed));
        let named = incident["tokens"][0]["orphans"].as_array().unwrap().len();
        let is_new = handed.to_lowercase() == same_row.to_lowercase();
        assert_eq!(named, usize::from(is_new), "a new token that nobody holds is named: {handed}");
    }
}

#[test]
fn a_replacement_that_dies_with_the_old_row_is_not_done_and_another_one_is_made() {
    let scene = leaks_where_it_is_kept(3);
    scene.emulator.fault(Route::Revoke, Fault::RevokesEverything, 1);
    let run = scene.run(&with(scene.revoke(Keep::EnvFile), &["--replace-first"])).code(1);
    let case = case(&run);
    assert_eq!((&case["status"], &case["replacement"]["status"]), (&"dead".into(), &"dead".into()));
    assert_ne!(case["state"], "done");
    assert_said(&run, "it may have died with the token that it replaces");
    let first = minted(&scene)[0].token.clone();
    assert_eq!(scene.kept(), [first.as_str()]);
    let told = events(&scene);
    assert!(told.ends_with(&["replacement".into(), "failed renew".into()]), "{told:?}");

    let run = scene.resume().code(0);
    scene.assert_done(&report(&run));
    // In the place of the dead one.
    let file = fs::read_to_string(scene.env_file()).unwrap();
    assert_eq!(file, format!("PORT=1\nFIRST={}\n", minted(&scene)[1].token));
    assert!(events(&scene).contains(&"given-up".to_owned()));
    let names: Vec<String> = minted(&scene).into_iter().map(|issued| issued.name).collect();
    assert_ne!(names[0], names[1]);
}

#[test]
fn a_replacement_that_krea_never_took_is_not_done_and_another_one_is_made() {
    for first in [&["--replace-first"][..], &[]] {
        let scene = leaks_where_it_is_kept(4);
        let made_up = tokens::pair(Alphabet::Hex, 400);
        scene.emulator.fault(Route::Mint, Fault::HandsOut(made_up.clone()), 1);
        let run = scene.run(&with(scene.revoke(Keep::EnvFile), first)).code(1);
        let case = case(&run);
        assert_eq!(case["replacement"]["status"], "dead");
        assert!(!run.stdout.contains(secret(&made_up)) && !run.stderr.contains(secret(&made_up)));
        // Not revoked before there is something that works.
        assert_eq!(scene.emulator.is_live(&scene.leaked[0]), !first.is_empty());
        scene.assert_done(&report(&scene.resume().code(0)));
        assert!(!scene.kept().contains(&made_up));
    }
}

#[test]
fn a_gateway_that_refuses_for_a_moment_decides_nothing() {
    for refusals in 1..=3 {
        let scene = Scene::new(&[5]);
        scene.emulator.fault(Route::Jobs, Fault::Status(401), refusals);
        let run = scene.run(&scene.revoke(Keep::EnvFile)).code(0);
        assert_eq!(case(&run)["was_dead"], false);
        scene.assert_done(&report(&run));

        let scene = Scene::new(&[5]);
        scene.emulator.fault(Route::Jobs, Fault::Status(401), refusals);
        let verified = scene.run(&["--verify", "-f", "json", "--api", &scene.emulator.api()]).code(1);
        let document: Value = serde_json::from_str(&verified.stdout).unwrap();
        assert_eq!(document["findings"][0]["status"], "live");
    }
}

#[test]
fn a_revocation_that_did_nothing_is_found_out_though_the_gateway_refuses_now_and_then() {
    let scene = Scene::new(&[6]);
    scene.emulator.fault(Route::Revoke, Fault::Body(200, "{}".to_owned()), usize::MAX);
    let (emulator, count) = (Arc::downgrade(&scene.emulator), AtomicUsize::new(0));
    scene.emulator.on_request(move |request| {
        if request.route() == Route::Jobs && count.fetch_add(1, Ordering::SeqCst) % 3 == 2 {
            emulator.upgrade().unwrap().fault(Route::Jobs, Fault::Status(401), 2);
        }
    });
    let run = scene.run(&with(scene.revoke(Keep::EnvFile), &["--wait", "600ms"])).code(1);
    let case = case(&run);
    assert!(case["dead_at"].is_null() && case["replacement"].is_null(), "{case}");
    assert!(scene.emulator.is_live(&scene.leaked[0]) && scene.kept().is_empty());
}

#[test]
fn a_portal_that_comes_up_after_a_revocation_proves_nothing() {
    let scene = Scene::new(&[7]);
    scene.emulator.fault(Route::Revoke, Fault::Body(200, "{}".to_owned()), 1);
    let emulator = Arc::downgrade(&scene.emulator);
    scene.emulator.on_request(move |request| {
        if request.route() == Route::Revoke {
            let emulator = emulator.upgrade().unwrap();
            let portal = Fault::Body(401, "{\"error\": \"log in\"}".to_owned());
            emulator.fault(Route::Jobs, portal.clone(), usize::MAX);
            emulator.fault(Route::OpenApi, portal, usize::MAX);
        }
    });
    let revoke = with(scene.revoke(Keep::EnvFile), &["--wait", "300ms"]);
    let run = scene.run(&revoke).code(1);
    let told = case(&run);
    assert_eq!((&told["status"], &told["dead_at"]), (&"unknown".into(), &Value::Null));
    assert!(run.stdout.contains("it may be a portal"), "{}", run.stdout);
    assert!(scene.emulator.is_live(&scene.leaked[0]) && scene.kept().is_empty());
    scene.emulator.on_request(|_| ());
    scene.emulator.clear_faults();
    scene.assert_done(&scene.finish(&revoke));
}

/// Lets something happen when the last step of a run begins.
fn at_the_last_word(scene: &Scene, happen: impl Fn() + Send + Sync + 'static) {
    let journal = scene.incidents();
    let done = AtomicUsize::new(0);
    scene.emulator.on_request(move |_| {
        let folders = fs::read_dir(&journal).into_iter().flatten().flatten();
        let texts = folders.filter_map(|folder| fs::read_to_string(folder.path().join("journal.jsonl")).ok());
        if texts.into_iter().any(|text| text.contains("\"renew\""))
            && done.fetch_add(1, Ordering::SeqCst) == 0
        {
            happen();
        }
    });
}

#[test]
fn a_token_that_is_live_again_at_the_end_is_not_dead() {
    for was_dead in [false, true] {
        let scene = Scene::new(&[8]);
        if was_dead {
            scene.emulator.revoke(&scene.leaked[0]);
        }
        let (emulator, leaked) = (Arc::downgrade(&scene.emulator), scene.leaked[0].clone());
        at_the_last_word(&scene, move || emulator.upgrade().unwrap().issue(&leaked, "leaked"));
        let revoke = scene.revoke(Keep::EnvFile);
        let run = scene.run(&revoke).code(1);
        let told = case(&run);
        assert_eq!((&told["status"], &told["dead_at"]), (&"live".into(), &Value::Null));
        assert_said(&run, "it is live again");
        scene.emulator.on_request(|_| ());
        scene.assert_done(&scene.finish(&revoke));
    }
}

#[test]
fn without_an_answer_at_the_end_nothing_is_done() {
    let scene = Scene::new(&[9]);
    let emulator = Arc::downgrade(&scene.emulator);
    at_the_last_word(&scene, move || {
        emulator.upgrade().unwrap().fault(Route::Any, Fault::Status(503), usize::MAX);
    });
    let revoke = scene.revoke(Keep::EnvFile);
    let run = scene.run(&revoke).code(1);
    assert_said(&run, "could not be proven again");
    let told = case(&run);
    assert!(told["escrow"].is_string() && told["dead_at"].is_null(), "{told}");
    scene.emulator.on_request(|_| ());
    scene.emulator.clear_faults();
    scene.assert_done(&scene.finish(&revoke));
    assert_eq!(minted(&scene).len(), 1, "nothing is minted twice");
}

#[test]
fn what_something_else_wrote_over_at_the_end_is_stored_again() {
    let scene = Scene::new(&[10]);
    let file = scene.env_file();
    let done = AtomicUsize::new(0);
    let new = tokens::pair(Alphabet::Base62, 0x6d69_6e74_0000);
    scene.emulator.on_request(move |request| {
        // The first time that the replacement is asked about.
        if request.bearer() == Some(&new) && done.fetch_add(1, Ordering::SeqCst) == 0 {
            fs::write(&file, "PORT=1\n").unwrap();
        }
    });
    let revoke = scene.revoke(Keep::EnvFile);
    let run = scene.run(&revoke).code(1);
    assert_said(&run, "does not hold the replacement any more");
    assert!(case(&run)["escrow"].is_string());
    scene.assert_done(&scene.finish(&revoke));
    assert_eq!(minted(&scene).len(), 1);
}

#[test]
fn a_sink_that_did_not_read_the_token_has_not_stored_it() {
    for sink in ["command:true", "command:cat </dev/null", "command:head -c 5 >/dev/null"] {
        let scene = Scene::new(&[11]);
        let run = scene.run(&with(scene.revoke_only(), &["--store", sink])).code(1);
        let told = case(&run);
        assert_eq!(told["state"], "minted");
        let escrow = told["escrow"].as_str().unwrap();
        assert!(fs::read_to_string(escrow).unwrap().contains(&minted(&scene)[0].token));
        run.says(&["without reading the token", escrow, "krea-scan --resume "]);
        let (id, store) = (scene.ids().remove(0), scene.store(Keep::EnvFile));
        let run = scene.run(&["--resume", &id, "--yes", "-f", "json", "--store", &store]).code(0);
        scene.assert_done(&report(&run));
    }
}

#[test]
fn what_a_sink_prints_of_the_token_is_neither_shown_nor_kept() {
    for print in
        ["xxd -p", "od -An -tx1", "fold -w 7", "sed 's/./& /g'", "rev", "tr a-z A-Z", "base64", "cat"]
    {
        let scene = Scene::new(&[12]);
        // In a file, for the journal knows the command by its text.
        let script = scene.sandbox.beside("sink.sh");
        fs::write(&script, format!("{print}\necho 'error: the request was refused' >&2\nexit 3\n")).unwrap();
        let sink = format!("command:sh {}", script.display());
        let run = scene.run(&with(scene.revoke_only(), &["--store", &sink])).code(1);
        let token = minted(&scene)[0].token.clone();
        let journal =
            fs::read_to_string(scene.incidents().join(&scene.ids()[0]).join("journal.jsonl")).unwrap();
        let letters = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
        };
        let hex: String = secret(&token).bytes().map(|byte| format!("{byte:02x}")).collect();
        let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &token);
        let reversed: String = secret(&token).chars().rev().collect();
        for shown in [&run.stderr, &run.stdout, &journal] {
            let shown = letters(shown);
            for form in [secret(&token), &hex, &reversed, &base64[48..]] {
                let form = letters(form);
                assert!(!shown.contains(&form[4..14]), "{print}: {}", run.stderr);
            }
        }
        assert_said(&run, "| error: the request was refused");
        assert!(!journal.contains("the request was refused") && !run.stdout.contains("| error"), "{journal}");
    }
}
