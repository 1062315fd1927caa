//! With somebody at the terminal, who signs in, pastes an address, goes on by hand, or leaves.

use super::person::{ALLOWS, sign_in_address, with};
use crate::revoke::scene::{Scene, report};
use crate::support::browser;
use crate::support::emulator::{Fault, Route};
use crate::support::program::token;
use crate::support::terminal::{CTRL_C, Terminal};
use needs::needs;

const WHY: &str = "no token API is configured, and you can sign in; --via hand goes without";

fn at_terminal(scene: &Scene, args: &[String]) -> Terminal {
    Terminal::run(&scene.sandbox, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The address that is shown, in a line of its own.
#[track_caller]
fn address(terminal: &mut Terminal) -> String {
    let line = terminal.until_line("response_type=code");
    sign_in_address(&line).unwrap_or_else(|| panic!("no address alone: {line}")).to_owned()
}

#[needs("setsid")]
#[test]
fn with_somebody_there_krea_itself_is_the_way_and_it_says_why() {
    let scene = Scene::new(&[0]);
    let mut terminal = at_terminal(&scene, &with(scene.revoke_within("15s"), &["--yes"]));
    terminal.until(WHY);
    let page = browser::sign_in(&address(&mut terminal), ALLOWS);
    assert!(page.status == 200 && page.text.contains("Signed in"), "{page:?}");
    terminal.end().code(0);
    assert!(!scene.emulator.is_live(&scene.leaked[0]));
    assert_eq!(scene.kept().len(), 1);
}

#[needs("setsid")]
#[test]
fn by_hand_nobody_is_asked_to_sign_in() {
    let scene = Scene::new(&[1]);
    let mut terminal = at_terminal(&scene, &with(scene.revoke_within("15s"), &["--via", "hand"]));
    terminal.until("as --via says");
    terminal.until("waiting");
    terminal.types(CTRL_C);
    let ended = terminal.end().code(130);
    assert!(!ended.screen.contains("Sign in"), "{}", ended.screen);
    assert!(
        scene
            .emulator
            .requests()
            .iter()
            .all(|request| request.route() == Route::Jobs || request.route() == Route::OpenApi)
    );
}

/// Over SSH: what the browser's address bar shows is pasted; what is another sign-in's is not taken.
#[needs("setsid")]
#[test]
fn a_pasted_address_signs_in() {
    let scene = Scene::new(&[2]);
    let mut terminal = at_terminal(&scene, &with(scene.revoke_within("15s"), &["--yes"]));
    let address = address(&mut terminal);
    terminal.until("paste here the address");
    let ended_at = browser::press(&address, ALLOWS).location.unwrap();
    let (before, _) = ended_at.split_once("state=").unwrap();
    terminal.types(&format!("{before}state=somebody-elses\r"));
    terminal.until("not the address that this sign-in ends at");
    terminal.types(&format!("{ended_at}\r"));
    terminal.until("Signed in at");
    terminal.end().code(0);
    assert!(!scene.emulator.is_live(&scene.leaked[0]));
    assert_eq!(scene.kept().len(), 1);
}

#[needs("setsid")]
#[test]
fn enter_alone_goes_on_by_hand() {
    let scene = Scene::new(&[3]);
    let mut terminal = at_terminal(&scene, &scene.revoke_within("15s"));
    address(&mut terminal);
    terminal.until("Enter alone goes on by hand");
    terminal.types("\r");
    terminal.until("you chose to go on by hand");
    terminal.until("https://www.krea.ai/app/api/tokens");
    terminal.until("waiting");
    scene.emulator.revoke(&scene.leaked[0]);
    let new = token(10);
    scene.emulator.issue(&new, "made on the page");
    terminal.pastes(&new);
    terminal.end().code(0);
    assert_eq!(scene.kept(), [new]);
    assert!(scene.asked(Route::McpInitialize).is_empty());
}

/// What a person made by hand under the name that was to be given is not taken for a mint that was lost.
#[needs("setsid")]
#[test]
fn a_replacement_that_a_person_made_is_not_revoked_by_its_name() {
    let mut scene = Scene::new(&[5]);
    let (name, theirs) = ("website production", token(11));
    scene.emulator.fault(Route::McpMint, Fault::ToolError("Not now.".to_owned()), 2);
    let revoke = with(scene.revoke_within("15s"), &["--via", "krea", "--yes", "--name", name]);
    let mut terminal = at_terminal(&scene, &revoke);
    browser::sign_in(&address(&mut terminal), ALLOWS);
    terminal.until("It goes on by hand");
    terminal.until(name);
    terminal.until_hidden();
    scene.innocent = vec![theirs.clone()];
    scene.emulator.issue(&theirs, name);
    terminal.close();
    let incident = report(&scene.resume_as(ALLOWS).code(0));
    scene.assert_done(&incident);
    assert_eq!(scene.minted().len(), 1);
}

#[needs("setsid")]
#[test]
fn ctrl_c_while_it_waits_for_the_browser_leaves_and_says_how_to_go_on() {
    let scene = Scene::new(&[4]);
    let mut terminal = at_terminal(&scene, &scene.revoke_within("15s"));
    address(&mut terminal);
    terminal.until("goes on by itself");
    terminal.types(CTRL_C);
    let ended = terminal.end().code(130);
    let id = scene.ids().remove(0);
    assert!(
        ended.echoes && ended.last_line().contains(&format!("krea-scan --resume {id}")),
        "{}",
        ended.screen
    );
    assert!(ended.screen.contains("Nothing was revoked by this run."), "{}", ended.screen);
    assert!(scene.emulator.is_live(&scene.leaked[0]));

    let mut terminal = at_terminal(&scene, &["--resume", "latest", "--yes"].map(str::to_owned));
    browser::sign_in(&address(&mut terminal), ALLOWS);
    terminal.end().code(0);
    assert!(!scene.emulator.is_live(&scene.leaked[0]));
    assert_eq!(scene.kept().len(), 1);
}
