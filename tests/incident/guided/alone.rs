//! Without a terminal: a job, a pipe, a cron table.

use super::Scene;
use crate::support::program::{Run, run, token};
use crate::support::terminal::prepared;
use needs::needs;
use std::io::{Seek, Write};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// Krea is asked long before.
const HANGS: Duration = Duration::from_secs(30);

/// Runs `krea-scan` with this on standard input. Each of `revoked` is revoked on the page once Krea was asked about it.
fn piped(scene: &Scene, args: &[&str], input: &str, revoked: &[u64]) -> Run {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for &n in revoked {
                let asked = || {
                    scene
                        .krea
                        .requests()
                        .iter()
                        .any(|it| it.bearer() == Some(&token(n)) && it.status.is_some())
                };
                let began = Instant::now();
                while !asked() {
                    assert!(began.elapsed() < HANGS, "Krea is not asked about token {n}");
                    thread::sleep(Duration::from_millis(5));
                }
                scene.krea.revoke(&token(n));
            }
        });
        // Without a session of its own, it would find the terminal of whoever runs the tests.
        let mut command = prepared(&scene.sandbox, "setsid");
        command.args(["--wait", env!("CARGO_BIN_EXE_krea-scan")]).args(args);
        run(command.stdin(Stdio::from(file)))
    })
}

fn revoke(scene: &Scene, more: &[&str], input: &str, revoked: &[u64]) -> Run {
    let args = scene.args(more);
    piped(scene, &args.iter().map(String::as_str).collect::<Vec<_>>(), input, revoked)
}

#[needs("setsid")]
#[test]
fn without_a_yes_nothing_is_done() {
    let scene = Scene::new(1);
    for args in [&[][..], &["--store", "env-file:new.env"], &["--replace-first"]] {
        revoke(&scene, args, "y\n", &[]).code(2).says(&["--yes"]);
    }
    assert_eq!(scene.krea.requests().len(), 0);
    assert!(!scene.sandbox.beside("state").exists());
}

#[needs("setsid")]
#[test]
fn the_replacement_comes_from_standard_input() {
    let scene = Scene::new(1);
    let input = format!("{}\n", scene.create(10));
    let ran = revoke(&scene, &["--yes", "--store", "env-file:new.env"], &input, &[0]).code(0);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
    assert_eq!(scene.escrow(), [""; 0]);
}

#[needs("setsid")]
#[test]
fn without_an_answer_it_is_said_how_to_give_one() {
    let scene = Scene::new(1);
    let ran = revoke(&scene, &["--yes", "--store", "env-file:new.env"], "", &[0]).code(1);
    ran.says(&["standard input", "krea-scan --resume "]);
    assert!(!scene.krea.is_live(&token(0)));

    // Standard input that is no terminal is no person either.
    piped(&scene, &["--resume", "latest"], "y\n", &[]).code(2).says(&["--yes"]);
    piped(&scene, &["--resume", "latest", "--yes"], "\n", &[]).code(1).says(&["krea-scan --resume "]);
    let input = scene.create(10);
    piped(&scene, &["--resume", "latest", "--yes"], &input, &[]).code(0);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(10)));
}

#[needs("setsid")]
#[test]
fn each_token_has_its_line_of_standard_input() {
    let scene = Scene::new(2);
    let input = format!("short\n{}\n", scene.create(11));
    let ran = revoke(&scene, &["--yes", "--store", "env-file:new.env"], &input, &[0, 1]).code(1);
    ran.says(&["krea-scan --resume "]);
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n", token(11)));
    let minted: Vec<String> =
        scene.journals().lines().filter(|line| line.contains("minted")).map(str::to_owned).collect();
    assert_eq!(minted.len(), 1);
    assert!(minted[0].contains(&Scene::id(1)), "the name says what it replaces: {minted:?}");

    piped(&scene, &["--resume", "latest", "--yes"], &scene.create(10), &[]).code(0);
    let first = format!("KREA_API_KEY_{}", Scene::id(0).to_ascii_uppercase());
    assert_eq!(scene.file("new.env"), format!("KREA_API_KEY={}\n{first}={}\n", token(11), token(10)));
}

#[needs("setsid")]
#[test]
fn what_nobody_revokes_is_not_waited_for_forever() {
    let scene = Scene::new(1);
    let ran = revoke(&scene, &["--yes", "--wait", "1s"], "", &[]).code(1);
    ran.says(&["still live", "krea-scan --resume ", &Scene::id(0)]);
    assert!(scene.krea.is_live(&token(0)));
    scene.krea.revoke(&token(0));
    piped(&scene, &["--resume", "latest", "--yes"], "", &[]).code(0);
    assert!(scene.journals().contains(r#""event":"closed""#));
}

#[needs("setsid")]
#[test]
fn what_is_scanned_is_no_answer() {
    let scene = Scene::new(1);
    let (api, input) = (scene.krea.api(), scene.file("leak/0.env"));
    let args = ["--stdin", "--revoke", "--api", &api, "--store", "env-file:new.env"];
    piped(&scene, &args, &input, &[]).code(2).says(&["--yes"]);
    let ran = piped(&scene, &[&args[..], &["--yes"]].concat(), &input, &[0]).code(1);
    ran.says(&["no terminal", "krea-scan --resume "]);
    assert_eq!(scene.file("new.env"), "");
}

#[needs("setsid")]
#[test]
fn a_dry_run_shows_the_plan_and_touches_nothing() {
    let scene = Scene::new(1);
    let ran = revoke(&scene, &["--dry-run", "--store", "env-file:new.env"], "", &[]).code(1);
    assert!(ran.stdout.contains("env-file:new.env") && ran.stdout.contains(&Scene::id(0)), "{}", ran.stdout);
    assert!(!ran.stdout.contains("What to do"), "{}", ran.stdout);
    assert_eq!(scene.krea.requests().len(), 0);
    assert!(!scene.sandbox.beside("state").exists());
}

#[needs("setsid")]
#[test]
fn what_leaked_is_not_taken_from_standard_input_either() {
    for disguise in ["{}", " {} ", "\"{}\"", "'{}'"] {
        let scene = Scene::new(1);
        let input = disguise.replace("{}", &token(0)) + "\n";
        let more = ["--yes", "--store", "env-file:new.env", "--replace-first"];
        revoke(&scene, &more, &input, &[])
            .code(1)
            .says(&["it is a token that leaked", "krea-scan --resume "]);
        assert_eq!(scene.file("new.env"), "");
        assert!(scene.krea.is_live(&token(0)), "nothing is revoked without a replacement");
        assert!(scene.escrow().iter().all(|name| name.starts_with("leaked-")), "{:?}", scene.escrow());
    }
}
