//! With somebody at the terminal.

use super::Scene;
use crate::support::emulator::{Emulator, Route};
use crate::support::program::token;
use crate::support::terminal::{CTRL_C, Terminal};
use crate::support::tokens::{Alphabet, legacy};
use needs::needs;

/// Where the replacement is to be kept.
const STORE: [&str; 2] = ["--store", "env-file:new.env"];

#[needs("setsid")]
#[test]
fn one_token_is_revoked_by_hand_and_replaced() {
    let scene = Scene::new(1);
    let mut terminal = scene.revoke(&STORE);
    // Which page, which row, and where it was found, before anything is waited for.
    terminal.until("https://www.krea.ai/app/api/tokens");
    terminal.until(&Scene::id(0));
    terminal.until("leak/0.env:1:14");
    terminal.until("--resume");
    terminal.until("waiting");
    scene.krea.revoke(&token(0));
    terminal.until("dead");
    assert!(scene.escrow().iter().any(|name| name.starts_with("leaked-")), "{:?}", scene.escrow());
    terminal.pastes(&scene.create(10));
    let ended = terminal.end().code(0);

    assert!(ended.echoes);
    let next = ended.screen.split("Next:").nth(1).expect("what to do next");
    assert!(!next.contains("--resume"), "{}", ended.screen);
    assert!(ended.last_line().contains("everything was read."), "{}", ended.screen);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
    assert_eq!(scene.escrow(), [""; 0], "nothing is kept of a job that is done");
    assert!(scene.journals().contains(r#""event":"closed""#));
    let asks = |route| matches!(route, Route::Jobs | Route::OpenApi);
    assert!(scene.krea.requests().iter().all(|request| asks(request.route())));
}

#[needs("setsid")]
#[test]
fn two_tokens_are_proven_and_replaced_one_by_one() {
    let scene = Scene::new(2);
    let mut terminal = scene.revoke(&STORE);
    for n in 0..2 {
        terminal.until(&format!("starts with {}", Scene::id(n)));
        terminal.until(&format!("leak/{n}.env:1:14"));
    }
    terminal.until("waiting");
    scene.krea.revoke(&token(1));
    terminal.until(&format!("{}  dead", Scene::id(1)));
    // The other one is still waited for.
    terminal.until("waiting");
    terminal.until(&Scene::id(0));
    scene.krea.revoke(&token(0));
    terminal.until(&format!("{}  dead", Scene::id(0)));
    for n in 0..2 {
        terminal.until(&format!("For {}", Scene::id(n)));
        terminal.pastes(&scene.create(10 + n));
    }
    terminal.end().code(0);
    let second = format!("KREA_API_KEY_{}", Scene::id(1).to_ascii_uppercase());
    let expected = format!("KREA_API_KEY={}\n{second}={}\n", token(10), token(11));
    assert_eq!(scene.file("new.env"), expected);
}

#[needs("setsid")]
#[test]
fn a_legacy_key_is_told_by_its_places() {
    let scene = Scene::new(0);
    let key = legacy(Alphabet::Base62, 3);
    scene.sandbox.write("leak/.env", format!("KREA_API_KEY={key}\n"));
    scene.krea.issue(&key, "leaked");
    let mut terminal = scene.revoke(&[]);
    terminal.until("legacy key");
    terminal.until("leak/.env:1:14");
    terminal.until("waiting");
    scene.krea.revoke(&key);
    let ended = terminal.end().code(0);
    let next = ended.screen.split("Next:").nth(1).expect("what to do next");
    assert!(next.contains("https://www.krea.ai/app/api/tokens"), "{}", ended.screen);
}

#[needs("setsid")]
#[test]
fn what_is_no_usable_replacement_is_not_taken() {
    let scene = Scene::new(2);
    scene.krea.revoke(&token(1));
    let dead = scene.create(9);
    scene.krea.revoke(&dead);
    let mut terminal = scene.revoke(&STORE);
    terminal.until("waiting");
    scene.krea.revoke(&token(0));
    let [spaced, named] =
        [format!("{} {}", &token(10)[..20], &token(10)[20..]), format!("KREA_API_KEY={dead}")];
    for wrong in ["", "short", &spaced, &named] {
        terminal.pastes(wrong);
        terminal.until("Not taken");
    }
    assert_eq!(scene.krea.requests().iter().filter(|request| request.bearer() == Some(&named)).count(), 0);
    terminal.pastes(&token(0));
    terminal.end().code(1);

    // Another go: the attempts are counted anew.
    let mut terminal = scene.resume();
    terminal.pastes(&token(1));
    terminal.until("Not taken");
    terminal.pastes(&dead);
    terminal.until("Not taken");
    terminal.pastes(&format!("  {}  ", scene.create(10)));
    terminal.end().code(0);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
}

#[needs("setsid")]
#[test]
fn the_rest_of_a_paste_of_several_lines_goes_nowhere() {
    let scene = Scene::new(1);
    let mut terminal = scene.revoke(&STORE);
    terminal.until("waiting");
    // Typed too early: no answer to a question that comes later.
    terminal.types("too early, and long enough\r");
    scene.krea.revoke(&token(0));
    terminal.pastes(&format!("token:\r{}\r{}", scene.create(10), scene.create(11)));
    terminal.until("Not taken");
    terminal.pastes(&scene.create(12));
    let ended = terminal.end().code(0);
    assert_eq!(ended.screen.matches("Not taken").count(), 1, "{}", ended.screen);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(12)));
}

#[needs("setsid")]
#[test]
fn a_person_leaves_while_it_waits_and_comes_back() {
    let scene = Scene::new(1);
    let mut terminal = scene.revoke(&STORE);
    terminal.until("waiting");
    terminal.types(CTRL_C);
    let ended = terminal.end().code(130);
    assert!(ended.last_line().contains("krea-scan --resume "), "{}", ended.screen);
    scene.krea.revoke(&token(0));

    let mut terminal = scene.resume();
    terminal.until(&format!("{}  dead", Scene::id(0)));
    terminal.pastes(&scene.create(10));
    terminal.end().code(0);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
}

#[needs("setsid")]
#[test]
fn ctrl_c_at_the_hidden_prompt_shows_typed_characters_again() {
    let scene = Scene::new(1);
    let mut terminal = scene.revoke(&STORE);
    terminal.until("waiting");
    scene.krea.revoke(&token(0));
    terminal.until_hidden();
    // Half a paste is not shown, nor kept.
    terminal.types(&token(10)[..40]);
    terminal.types(CTRL_C);
    let ended = terminal.end().code(130);
    assert!(ended.echoes, "the terminal is as it was");
    assert!(ended.last_line().contains("krea-scan --resume "), "{}", ended.screen);
    assert!(!ended.screen.contains(&token(10)[..40]));
    assert!(!scene.journals().contains("failed"), "leaving is no failure");
    assert_eq!(scene.file("new.env"), "");

    let mut terminal = scene.resume();
    terminal.pastes(&scene.create(10));
    terminal.end().code(0);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
}

#[needs("setsid")]
#[test]
fn a_terminal_that_is_closed_loses_nothing() {
    let scene = Scene::new(1);
    let mut terminal = scene.revoke(&STORE);
    terminal.until("waiting");
    terminal.close();
    scene.krea.revoke(&token(0));
    let mut terminal = scene.resume();
    terminal.until_hidden();
    terminal.close();
    let mut terminal = scene.resume();
    terminal.pastes(&scene.create(10));
    terminal.end().code(0);
    assert_eq!(scene.escrow(), [""; 0]);
}

#[needs("setsid")]
#[test]
fn questions_are_asked_at_the_terminal_when_standard_input_is_scanned() {
    let scene = Scene::new(1);
    let line = format!(
        "cat leak/0.env | $SCAN --stdin --revoke --via hand --api {} --store env-file:new.env",
        scene.krea.api()
    );
    let mut terminal = Terminal::shell(&scene.sandbox, &line);
    terminal.until("waiting");
    scene.krea.revoke(&token(0));
    terminal.pastes(&scene.create(10));
    terminal.end().code(0);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
}

#[needs("setsid")]
#[test]
fn a_token_api_is_used_after_a_yes() {
    let scene = Scene::new(1);
    let (api, token_api) = (scene.krea.api(), scene.krea.token_api());
    let all = ["--revoke", "--api", &api, "--token-api", &token_api, "--store", "env-file:new.env", "leak"];
    let credential = [("KREA_TOKEN_API_KEY", Emulator::CREDENTIAL)];
    let resume = ["--resume", "latest", "--token-api", &token_api];

    let mut terminal = Terminal::with(&scene.sandbox, &all, &credential);
    terminal.until("[y/N]");
    terminal.types(CTRL_C);
    terminal.end().code(130);
    for no in ["n\r", "\r", "yess\r"] {
        let mut terminal = Terminal::with(&scene.sandbox, &resume, &credential);
        terminal.until("[y/N]");
        terminal.types(no);
        let ended = terminal.end().code(1);
        assert!(ended.last_line().contains("krea-scan --resume "), "{}", ended.screen);
    }
    assert!(scene.krea.is_live(&token(0)));
    assert_eq!(scene.krea.issued().len(), 1);

    let mut terminal = Terminal::with(&scene.sandbox, &resume, &credential);
    terminal.until("[y/N]");
    terminal.types("y\r");
    terminal.end().code(0);
    assert!(!scene.krea.is_live(&token(0)));
    assert_eq!(scene.krea.issued().len(), 2);
}

#[needs("setsid")]
#[test]
fn quiet_hides_no_row_and_no_way_back() {
    let scene = Scene::new(1);
    let mut terminal = scene.revoke(&["--quiet"]);
    terminal.until("https://www.krea.ai/app/api/tokens");
    terminal.until(&Scene::id(0));
    terminal.until("leak/0.env:1:14");
    terminal.until("krea-scan --resume ");
    scene.krea.revoke(&token(0));
    let ended = terminal.end().code(0);
    assert!(!ended.screen.contains("Verify"), "{}", ended.screen);
}

#[needs("setsid")]
#[test]
fn colour_and_moving_lines_are_for_terminals_that_want_them() {
    let scene = Scene::new(1);
    let args = scene.args(&[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let left = |variables: &[(&str, &str)], args: &[&str]| {
        let mut terminal = Terminal::with(&scene.sandbox, args, variables);
        terminal.until("krea-scan --resume ");
        terminal.types(CTRL_C);
        terminal.end().code(130).screen
    };
    assert!(left(&[], &args).contains("\u{1b}[1m"), "a heading is bold");
    let resume = ["--resume", "latest"];
    assert!(!left(&[("TERM", "dumb")], &resume).contains('\u{1b}'));
    assert!(!left(&[("NO_COLOR", "1")], &resume).contains("\u{1b}[1m"));
}

#[needs("setsid")]
#[test]
fn on_a_narrow_terminal_lines_end_between_words() {
    let scene = Scene::new(1);
    let args = scene.args(&["--no-progress", "--color", "never"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut terminal = Terminal::open(&scene.sandbox, &args, 60);
    terminal.until("krea-scan --resume ");
    terminal.types(CTRL_C);
    let ended = terminal.end().code(130);
    let long = |line: &&str| line.chars().count() > 60 && line.trim().contains(' ');
    assert_eq!(ended.screen.lines().find(long), None, "{}", ended.screen);
    assert!(!ended.screen.contains('\u{1b}'));
}

#[needs("setsid")]
#[test]
fn the_leaked_token_is_never_its_own_replacement() {
    let scene = Scene::new(1);
    let leaked = token(0);
    let (id, secret) = leaked.split_once(':').unwrap();
    // Before it is revoked, so that Krea would take it.
    let mut terminal = scene.revoke(&[&STORE[..], &["--replace-first"]].concat());
    for disguise in [leaked.clone(), format!("  {leaked} "), format!("\"{leaked}\""), format!("'{leaked}',")]
    {
        terminal.pastes(&disguise);
        terminal.until("Not taken: it is a token that leaked");
    }
    terminal.pastes(&format!("KREA_API_KEY={leaked}"));
    terminal.end().code(1);
    let mut terminal = scene.resume();
    for disguise in [secret.to_owned(), format!("`{leaked}`"), format!("{}:{secret}x", id.to_uppercase())] {
        terminal.pastes(&disguise);
        terminal.until("Not taken: it is a token that leaked");
    }
    terminal.pastes(&format!("{id}:{}", token(9).split_once(':').unwrap().1));
    terminal.until("so it is the same row");
    terminal.pastes(&scene.create(10));
    terminal.until("waiting");
    scene.krea.revoke(&leaked);
    terminal.end().code(0);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
    // It is never asked about by the name of a replacement: every request with it is about the leak.
    let sent: Vec<_> = scene.krea.requests().iter().filter_map(|it| it.bearer().map(str::to_owned)).collect();
    assert!(sent.iter().all(|text| *text == leaked || *text == token(10)), "a disguise was sent");
}
