//! What a run comes to: exit codes, the report for programs, and that one token does not hold up another.

use super::scene::{Keep, Scene, files, report};
use crate::support::emulator::{Emulator, Fault, Issued, Route};
use crate::support::tokens::{self, Alphabet};
use crate::support::unix::mode;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn verify(scene: &Scene, more: &[&str]) -> (Option<i32>, Value) {
    let api = scene.emulator.api();
    let mut args = vec!["--verify", "-f", "json", "--api", &api];
    args.extend(more);
    let run = scene.run(&args);
    (run.code, serde_json::from_str(&run.stdout).unwrap())
}

fn minted(emulator: &Emulator) -> Vec<Issued> {
    emulator.issued().into_iter().filter(|issued| issued.minted).collect()
}

fn with(mut args: Vec<String>, more: &[&str]) -> Vec<String> {
    args.extend(more.iter().map(ToString::to_string));
    args
}

#[test]
fn verify_fails_on_what_is_not_proven_dead() {
    let scene = Scene::new(&[0, 1]);
    assert_eq!(verify(&scene, &[]).0, Some(1));
    assert_eq!(verify(&scene, &["--fail-on", "live"]).0, Some(1));
    scene.emulator.revoke(&scene.leaked[0]);
    let (code, document) = verify(&scene, &["--fail-on", "live"]);
    assert_eq!(code, Some(1));
    let statuses: Vec<_> =
        document["findings"].as_array().unwrap().iter().map(|finding| finding["status"].clone()).collect();
    assert_eq!(statuses, ["dead", "live"]);
    let verified = &document["summary"]["verified"];
    assert_eq!(
        (&verified["live"], &verified["dead"], &verified["unknown"]),
        (&1.into(), &1.into(), &0.into())
    );
    scene.emulator.revoke(&scene.leaked[1]);
    assert_eq!(verify(&scene, &[]).0, Some(0));
    assert_eq!(verify(&scene, &["--fail-on", "live"]).0, Some(0));
    assert_eq!(verify(&scene, &["--fail-on", "found"]).0, Some(1));
    let asked = scene.emulator.requests();
    let (jobs, rest): (Vec<_>, Vec<_>) = asked.iter().partition(|request| request.route() == Route::Jobs);
    assert!(jobs.iter().all(|request| request.method == "GET" && request.target == "/jobs?limit=1"));
    // What needs no token is sent none.
    assert!(
        rest.iter().all(|request| request.route() == Route::OpenApi && request.authorization().is_none())
    );
    // A live token is asked about once a run, a dead one until that is certain.
    assert_eq!((jobs.len(), rest.len()), (2 + 2 + (4 + 1) + 3 * (4 + 4), 1 + 3));
    assert!(!scene.incidents().exists(), "no journal for a question");
}

#[test]
fn a_token_without_money_is_live() {
    let scene = Scene::new(&[2]);
    scene.emulator.empty_balance(&scene.leaked[0]);
    let (code, document) = verify(&scene, &["--fail-on", "live"]);
    assert_eq!((code, document["findings"][0]["status"].as_str()), (Some(1), Some("live")));
    let run = scene.run(&scene.revoke(Keep::EnvFile)).code(0);
    scene.assert_done(&report(&run));
}

#[test]
fn the_secrets_of_a_teams_own_rules_are_never_sent() {
    let scene = Scene::new(&[]);
    let secret = tokens::material(Alphabet::Hex, 40, 77);
    scene.sandbox.write("acme.txt", format!("acme_{secret}\n"));
    let rules = "[[rules]]\nid = \"acme\"\ndescription = \"Acme\"\nregex = '''acme_([0-9a-f]{40})'''\n";
    fs::write(scene.sandbox.beside("rules.toml"), rules).unwrap();
    let rules = scene.sandbox.beside("rules.toml").to_str().unwrap().to_owned();
    let (code, document) = verify(&scene, &["--rules", &rules]);
    assert_eq!((code, document["findings"][0]["status"].as_str()), (Some(1), Some("unverified")));
    let run = scene.run(&with(scene.revoke(Keep::EnvFile), &["--rules", &rules])).code(1);
    assert!(report(&run).is_null());
    assert!(scene.emulator.requests().is_empty());
}

#[test]
fn a_token_that_cannot_be_revoked_does_not_hold_up_the_others() {
    let scene = Scene::new(&[3, 4, 5]);
    scene.emulator.fault(Route::Revoke, Fault::Status(403), 1);
    let revoke = scene.revoke(Keep::EnvFile);
    let run = scene.run(&revoke).code(1);
    let incident = report(&run);
    let states: Vec<_> =
        incident["tokens"].as_array().unwrap().iter().map(|case| case["state"].clone()).collect();
    assert_eq!(states, ["live", "done", "done"]);
    assert!(scene.emulator.is_live(&scene.leaked[0]));
    assert_eq!(scene.kept().len(), 2);
    scene.assert_done(&scene.finish(&revoke));
}

#[test]
fn a_mint_that_is_refused_does_not_hold_up_the_others() {
    let scene = Scene::new(&[6, 7]);
    scene.emulator.fault(Route::Mint, Fault::Status(403), 1);
    let revoke = scene.revoke(Keep::EnvFile);
    let incident = report(&scene.run(&revoke).code(1));
    assert_eq!(
        (&incident["tokens"][0]["state"], &incident["tokens"][1]["state"]),
        (&"proven-dead".into(), &"done".into())
    );
    assert_eq!(minted(&scene.emulator).len(), 1);
    scene.assert_done(&scene.finish(&revoke));
}

#[test]
fn without_a_store_tokens_are_proven_dead_and_nothing_is_minted() {
    let scene = Scene::new(&[8]);
    let (api, token_api) = (scene.emulator.api(), scene.emulator.token_api());
    scene
        .run(&["--revoke", "--yes", "--api", &api, "--token-api", &token_api])
        .code(0)
        .says(&["no replacement was minted", "proven dead"]);
    assert!(!scene.emulator.is_live(&scene.leaked[0]));
    assert!(minted(&scene.emulator).is_empty());
    scene.assert_no_escrow();
}

#[test]
fn a_token_that_was_dead_before_needs_nothing() {
    let scene = Scene::new(&[9]);
    scene.emulator.revoke(&scene.leaked[0]);
    let incident = report(&scene.run(&scene.revoke(Keep::EnvFile)).code(0));
    assert_eq!(
        (&incident["tokens"][0]["state"], &incident["tokens"][0]["was_dead"]),
        (&"done".into(), &true.into())
    );
    assert!(scene.emulator.requests().iter().all(|request| request.method == "GET"));
    assert!(scene.kept().is_empty());
    scene.assert_no_escrow();
}

#[test]
fn a_sink_that_fails_leaves_the_replacement_in_escrow_and_one_command_finishes() {
    let scene = Scene::new(&[10]);
    let run = scene.run(&with(scene.revoke_only(), &["--store", "command:false"])).code(1);
    let incident = report(&run);
    let case = &incident["tokens"][0];
    assert_eq!(case["state"], "minted");
    let escrow = Path::new(case["escrow"].as_str().unwrap());
    assert_eq!(mode(escrow), 0o600);
    let minted = minted(&scene.emulator);
    assert!(fs::read_to_string(escrow).unwrap().contains(&minted[0].token));
    let id = incident["id"].as_str().unwrap();
    let resume = format!("krea-scan --resume {id}");
    assert_eq!(incident["resume"], resume.as_str());
    assert!(
        run.stderr.contains(&resume) && run.stderr.contains(case["escrow"].as_str().unwrap()),
        "{}",
        run.stderr
    );
    assert!(scene.run(&["--incidents"]).code(0).stdout.contains(&resume));

    let store = scene.store(Keep::EnvFile);
    let run = scene.run(&["--resume", id, "--yes", "-f", "json", "--store", &store]).code(0);
    scene.assert_done(&report(&run));
    assert_eq!(scene.kept(), [minted[0].token.as_str()], "and nothing was minted again");
    let listed = scene.run(&["--incidents"]).code(0).stdout;
    assert!(!listed.contains("--resume"), "{listed}");
}

#[test]
fn every_sink_has_to_confirm() {
    let scene = Scene::new(&[11]);
    let store = scene.store(Keep::EnvFile);
    let revoke = with(scene.revoke_only(), &["--store", &store, "--store", "command:false"]);
    let incident = report(&scene.run(&revoke).code(1));
    assert!(incident["tokens"][0]["escrow"].is_string(), "escrow ends with the last sink");
    assert_eq!(scene.kept().len(), 1);
    let stores = incident["tokens"][0]["replacement"]["stores"].as_object().unwrap();
    assert_eq!(stores[&store]["is"], "done");
    assert_eq!(stores["command:false"]["is"], "failed");
}

#[test]
fn a_legacy_key_is_revoked_by_a_person_even_with_a_token_api() {
    let scene = Scene::new(&[]);
    let legacy = tokens::legacy(Alphabet::Hex, 3);
    scene.emulator.issue(&legacy, "leaked");
    scene.sandbox.write("old.env", format!("KREA_API_KEY={legacy}\n"));
    let emulator = std::sync::Arc::downgrade(&scene.emulator);
    let key = legacy.clone();
    scene.emulator.on_request(move |_| {
        let emulator = emulator.upgrade().unwrap();
        // Verify, evidence, the first look; then the person is done.
        if emulator.requests().len() == 3 {
            emulator.revoke(&key);
        }
    });
    let incident = report(&scene.run(&scene.revoke(Keep::EnvFile)).code(0));
    assert_eq!(incident["tokens"][0]["state"], "done");
    assert!(scene.emulator.requests().iter().all(|request| request.method != "DELETE"));
    assert!(!scene.emulator.is_live(&legacy));
    assert_eq!(scene.kept(), [minted(&scene.emulator)[0].token.as_str()]);
    scene.assert_no_escrow();
    scene.assert_private();
}

#[test]
fn a_given_name_is_the_replacements_and_several_are_told_apart() {
    let scene = Scene::new(&[12]);
    scene.run(&with(scene.revoke(Keep::EnvFile), &["--name", "website production"])).code(0);
    assert_eq!(minted(&scene.emulator)[0].name, "website production");

    let scene = Scene::new(&[13, 14]);
    scene.run(&with(scene.revoke(Keep::EnvFile), &["--name", "website production"])).code(0);
    let minted = minted(&scene.emulator);
    for (token, issued) in scene.leaked.iter().zip(&minted) {
        assert!(issued.name.starts_with("website production"), "{}", issued.name);
        assert!(issued.name.contains(&token[..8]), "{}", issued.name);
    }
}

#[test]
fn a_name_that_nobody_gave_says_what_is_replaced_and_when() {
    let scene = Scene::new(&[15]);
    scene.run(&scene.revoke(Keep::EnvFile)).code(0);
    let name = minted(&scene.emulator)[0].name.clone();
    let today = jiff::Timestamp::now().strftime("%Y-%m-").to_string();
    assert!(name.contains(&scene.leaked[0][..8]) && name.contains(&today), "{name}");
}

#[test]
fn two_replacements_in_one_variable_of_one_file_become_two_variables() {
    let scene = Scene::new(&[16, 17]);
    let store = format!("env-file:{}#WEBSITE_KEY", scene.env_file().display());
    let incident = report(&scene.run(&with(scene.revoke_only(), &["--store", &store])).code(0));
    scene.assert_done(&incident);
    let file = fs::read_to_string(scene.env_file()).unwrap();
    let names: Vec<&str> = file.lines().filter_map(|line| Some(line.split_once('=')?.0)).skip(1).collect();
    let second = format!("WEBSITE_KEY_{}", scene.leaked[1][..8].to_ascii_uppercase());
    assert_eq!(names, ["WEBSITE_KEY", second.as_str()]);
}

#[test]
fn a_replacement_takes_the_place_of_the_leaked_token_in_a_file() {
    let scene = Scene::new(&[18, 19]);
    let lines = format!("PORT=1\nFIRST={}\nSECOND={}\n", scene.leaked[0], scene.leaked[1]);
    fs::write(scene.env_file(), lines).unwrap();
    let incident = report(&scene.run(&scene.revoke(Keep::EnvFile)).code(0));
    scene.assert_done(&incident);
    let file = fs::read_to_string(scene.env_file()).unwrap();
    let names: Vec<&str> = file.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert_eq!(names, ["PORT", "FIRST", "SECOND"]);
}

#[test]
fn a_dry_run_sends_nothing_and_writes_nothing() {
    let scene = Scene::new(&[20]);
    let before = fs::read(scene.env_file()).unwrap();
    for more in [&[][..], &["--replace-first"][..]] {
        let revoke: Vec<String> =
            with(scene.revoke(Keep::EnvFile), more).into_iter().filter(|arg| arg != "--yes").collect();
        let run = scene.run(&with(revoke, &["--dry-run"])).code(1);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        let plan: Vec<&str> =
            document["plan"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
        let at = |word: &str| {
            plan.iter().position(|step| step.contains(word)).unwrap_or_else(|| panic!("{plan:?}"))
        };
        assert_eq!(at("Mint") < at("revoke each"), !more.is_empty(), "{plan:?}");
    }
    assert!(scene.emulator.requests().is_empty());
    assert!(files(&scene.sandbox.beside("state")).is_empty() && !scene.incidents().exists());
    assert_eq!(fs::read(scene.env_file()).unwrap(), before);
    assert!(scene.emulator.is_live(&scene.leaked[0]));
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_begun() {
    let scene = Scene::new(&[21]);
    let revoke: Vec<String> = scene.revoke(Keep::EnvFile).into_iter().filter(|arg| arg != "--yes").collect();
    scene.run(&revoke).code(2).says(&["--yes"]);
    assert!(scene.emulator.requests().is_empty() && !scene.incidents().exists());
}

#[test]
fn the_journal_tells_every_step_before_and_after_it_is_done() {
    let scene = Scene::new(&[22]);
    scene.run(&scene.revoke(Keep::EnvFile)).code(0);
    let told: Vec<String> = scene
        .journal(&scene.ids()[0])
        .iter()
        .map(|record| {
            assert!(record["at"].as_str().unwrap().ends_with('Z'));
            let event = record["event"].as_str().unwrap().to_owned();
            match (&record["step"], record["step"].as_object()) {
                (Value::String(step), _) => format!("{event} {step}"),
                (_, Some(step)) => format!("{event} {}", step.keys().next().unwrap()),
                _ => event,
            }
        })
        .collect();
    let expected = [
        "opened",
        "found",
        "begun verify",
        "liveness",
        "begun evidence",
        "evidence",
        "begun revoke",
        "revoked",
        "begun prove-dead",
        "liveness",
        "begun mint",
        "minted",
        "begun store",
        "stored",
        "begun prove-live",
        "replacement",
        "begun renew",
        "liveness",
        "replacement",
        "proven",
        "closed",
    ];
    assert_eq!(told, expected);
}
