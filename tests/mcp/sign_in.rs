//! Ways to a session: a browser, an address that is pasted, a credential in a variable, or none.

use crate::browser::{Person, consent, sign_in_address};
use crate::scene::{Scene, incident};
use crate::stand_in::Sdk::{Python, TypeScript};
use crate::stand_in::WORKSPACE;
use crate::support::program::token;
use crate::support::terminal::Terminal;
use crate::support::unix::write_program;
use needs::needs;
use serde_json::json;

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_authorization_server_is_named_before_it_is_asked() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({ "separate_issuer": true }));
        let run = scene.run(&scene.revoke(), Person::Allows).code(0);
        scene.assert_done(&run);
        let mut lines = run.stderr.lines();
        let named = lines.position(|line| line.contains(&scene.krea.issuer)).expect("it is named");
        let address = run.stderr.lines().position(|line| sign_in_address(line).is_some()).unwrap();
        assert!(named < address, "{}", run.stderr);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_sign_in_is_bound_to_the_server_by_a_challenge_and_the_resource() {
    let scene = Scene::new(Python, json!({}));
    scene.run(&scene.revoke(), Person::Allows).code(0);
    let requests = scene.krea.requests();
    let asked = &requests.iter().find(|request| request.path == "/authorize").unwrap().whole;
    for part in ["code_challenge_method=S256", "code_challenge=", "state=", "resource=http%3A%2F%2F127.0.0.1"]
    {
        assert!(asked.contains(part), "no {part}: {asked}");
    }
    let redeemed = requests.iter().find(|request| request.path == "/token").unwrap();
    assert!(redeemed.body.contains("code_verifier=") && redeemed.body.contains("resource="));
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn what_else_a_browser_asks_for_does_not_disturb() {
    let scene = Scene::new(TypeScript, json!({}));
    let run = scene.run(&scene.revoke(), Person::AllowsWithNoise).code(0);
    scene.assert_done(&run);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn without_a_person_and_a_credential_it_is_done_by_hand() {
    let scene = Scene::new(Python, json!({}));
    let run = scene.run(&scene.revoke_by_default(), Person::Allows).code(1).says(&["by hand", "--via krea"]);
    scene.assert_nothing_lost(&run);
    assert!(scene.krea.requests().iter().all(|request| request.path != "/mcp"));
}

/// The arguments of a run at a terminal.
fn texts(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn with_a_person_krea_itself_is_the_way_and_the_address_can_be_pasted() {
    let scene = Scene::new(Python, json!({}));
    let args = scene.revoke_by_default();
    let mut terminal = Terminal::run(&scene.sandbox, &texts(&args));
    let line = terminal.until_line("response_type=code");
    let ended_at = consent(sign_in_address(&line).expect("a line of its own"), WORKSPACE, "allow");
    terminal.types(&format!("{ended_at}\r"));
    let ended = terminal.end().code(0);
    assert!(ended.screen.contains("workspace"), "{}", ended.screen);
    assert!(scene.leaked.iter().all(|token| !scene.is_live(token)));
    assert_eq!(scene.stored().len(), 2);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn an_address_of_another_sign_in_is_not_taken() {
    let scene = Scene::new(TypeScript, json!({}));
    let args = scene.revoke();
    let mut terminal = Terminal::run(&scene.sandbox, &texts(&args));
    let line = terminal.until_line("response_type=code");
    let ended_at = consent(sign_in_address(&line).unwrap(), WORKSPACE, "allow");
    let (before, _) = ended_at.split_once("state=").unwrap();
    terminal.types(&format!("{before}state=somebody-elses\r"));
    terminal.types(&format!("{ended_at}\r"));
    let ended = terminal.end();
    assert!(ended.code == Some(0) || scene.krea.requests().iter().all(|request| request.path != "/token"));
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_terminal_that_closes_at_the_sign_in_is_gone_on_from() {
    let scene = Scene::new(Python, json!({}));
    let args = scene.revoke();
    let mut terminal = Terminal::run(&scene.sandbox, &texts(&args));
    terminal.until_line("response_type=code");
    terminal.close();
    assert!(scene.leaked.iter().all(|token| scene.is_live(token)));
    let run = scene.resume(Person::Allows).code(0);
    scene.assert_done(&run);
}

#[needs("chromium", "node", "setsid", "target/made/mcp")]
#[test]
fn a_real_browser_signs_in() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({ "submits": WORKSPACE, "separate_issuer": true }));
        let (programs, profile) = (scene.sandbox.beside("programs"), scene.sandbox.beside("chromium"));
        let flags = "--headless --no-sandbox --disable-gpu --remote-debugging-port=0";
        let script = format!(
            "#!/bin/sh\nexec timeout 40 chromium {flags} --user-data-dir='{}' \"$1\" >'{}' 2>&1\n",
            profile.display(),
            scene.sandbox.beside("chromium.log").display()
        );
        write_program(&programs.join("xdg-open"), &script);
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let args = scene.revoke();
        let variables = [("DISPLAY", ":99"), ("PATH", &path)];
        Terminal::with(&scene.sandbox, &texts(&args), &variables).end().code(0);
        assert!(scene.leaked.iter().all(|token| !scene.is_live(token)));
        assert_eq!(scene.stored().len(), 2);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_credential_in_a_variable_needs_no_sign_in() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({ "accepts_tokens": true }));
        let mut args = scene.revoke_by_default();
        args.extend(["--krea-credential-env", "WORKSPACE_TOKEN"].map(str::to_owned));
        let own = token(8);
        let run = scene.run_with(&args, &[("WORKSPACE_TOKEN", &own)], Person::Leaves).code(0);
        scene.assert_done(&run);
        let signs_in = |path: &str| path.starts_with("/.well-known") || path == "/register";
        assert!(!scene.krea.requests().iter().any(|request| signs_in(&request.path)));
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_credential_that_the_tools_refuse_leaves_the_job_to_a_hand() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({}));
        let mut args = scene.revoke();
        args.extend(["--krea-credential-env", "WORKSPACE_TOKEN"].map(str::to_owned));
        let own = token(8);
        let run = scene.run_with(&args, &[("WORKSPACE_TOKEN", &own)], Person::Leaves).code(1);
        let run = run.says(&["WORKSPACE_TOKEN", "--resume", &token(0)[..8], &token(1)[..8]]);
        scene.assert_nothing_lost(&run);
        assert!(scene.leaked.iter().all(|token| scene.is_live(token)));
        assert_eq!(incident(&run)["tokens"].as_array().unwrap().len(), 2);
    }
}
