//! `--tokens` lists what the workspace has, says what to look at, and changes nothing.

use super::person::{ALLOWS, DENIES};
use crate::revoke::scene::Scene;
use crate::support::emulator::{Route, Workspace};
use crate::support::program::{Run, token};
use jiff::{Timestamp, ToSpan};

/// What there is beside the leak.
fn workspace() -> Scene {
    let scene = Scene::new(&[0]);
    let emulator = &scene.emulator;
    let ago = |days: i64| (Timestamp::now() - (days * 24).hours()).to_string();
    for (n, name, used) in
        [(1, "never used at all", None), (2, "long unused", Some(120)), (3, "in use", Some(1))]
    {
        emulator.issue(&token(n), name);
        emulator.date(&token(n), &ago(400), used.map(ago).as_deref());
    }
    emulator.issue_in(Workspace::Lab, &token(4), "their automation");
    scene
}

fn listed(scene: &Scene) -> Run {
    let changes = || scene.asked(Route::McpRevoke).len() + scene.asked(Route::McpMint).len();
    let before = (scene.emulator.issued(), changes());
    let run = scene.run_as(ALLOWS, &["--tokens", "--api", &scene.emulator.api()].map(str::to_owned));
    assert_eq!((scene.emulator.issued(), changes()), before, "something was changed");
    assert_eq!(scene.emulator.sign_ins(), 0);
    run
}

/// The row of this name, and what is said of it.
#[track_caller]
fn row<'a>(run: &'a Run, name: &str) -> (&'a str, Vec<&'a str>) {
    let mut lines = run.stdout.lines().skip_while(|line| !line.contains(&format!("\"{name}\"")));
    let row = lines.next().unwrap_or_else(|| panic!("no row: {}", run.stdout));
    (row, lines.map(str::trim).take_while(|line| line.starts_with('!')).collect())
}

#[test]
fn what_nobody_uses_is_marked_and_nothing_is_changed() {
    let scene = workspace();
    let run = listed(&scene).code(0);
    let (used, notes) = row(&run, "in use");
    assert!(used.contains(&token(3)[..8]) && used.contains("sam@shop.example") && notes.is_empty(), "{used}");
    assert_eq!(row(&run, "never used at all").1, ["! never used"]);
    assert_eq!(row(&run, "long unused").1, ["! not used for 120 days"]);
    assert!(!run.stdout.contains("their automation"), "{}", run.stdout);
    assert_eq!(scene.ids(), [""; 0], "no incident is begun");
}

#[test]
fn a_token_that_leaked_is_marked_and_the_exit_code_tells() {
    let scene = workspace();
    scene.run_as(DENIES, &scene.via_krea_within("1s")).code(1);
    let run = listed(&scene).code(1);
    let (_, notes) = row(&run, "leaked");
    assert_eq!(notes, [format!("! found leaked: incident {}, not proven dead", scene.ids()[0])]);
    scene.resume_as(ALLOWS).code(0);
    let run = listed(&scene).code(0);
    assert!(!run.stdout.contains("found leaked"), "{}", run.stdout);
}

#[test]
fn a_sign_in_that_is_denied_says_where_the_list_is() {
    let scene = workspace();
    let args = ["--tokens", "--api", &scene.emulator.api()].map(str::to_owned);
    scene
        .run_as(DENIES, &args)
        .code(2)
        .says(&["declined (access_denied)", "https://www.krea.ai/app/api/tokens"]);
}
