//! A drill: takes a made-up leak in a made-up repository through the whole incident, against a stand-in for Krea on
//! loopback, with the real krea-scan. Shows each command and what it says; ends with 0 only when every step came out as
//! it should. Touches nothing of the user's, and leaves nothing behind, also on Ctrl-C.
//!
//! ```text
//! cargo run --example drill               # revoking and minting through a token API
//! cargo run --example drill -- --guided   # by hand, on a pretend API Tokens page
//! cargo run --example drill -- --krea     # through a pretend MCP server of Krea's, after a sign-in on a pretend page
//! ```

#[path = "../../fixtures/emulator.rs"]
mod emulator;
mod scene;
mod screen;
#[path = "../../fixtures/tokens.rs"]
mod tokens;

use anyhow::{Context, Result, bail, ensure};
use emulator::Workspace;
use scene::{Scene, Way};
use screen::Screen;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// What shells say of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let screen = match Screen::new() {
        Ok(screen) => screen,
        Err(error) => {
            eprintln!("drill: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    match run(&screen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if screen.is_stopped() => {
            screen.line("\nThe drill was left. Nothing of it remains.");
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("drill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(screen: &Screen) -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let way = match arguments.as_slice() {
        [] => Way::TokenApi,
        [option] if option == "--guided" => Way::Guided,
        [option] if option == "--krea" => Way::Krea,
        _ => bail!(
            "the only options are --guided, which revokes by hand, on a pretend page, and --krea, which revokes \
             through a pretend MCP server, after a sign-in on a pretend page"
        ),
    };
    let program = program()?;
    let started = Instant::now();
    screen.line("A token has leaked in a made-up repository. Nothing of yours is touched, nothing leaves this computer.");
    let scene = Scene::set(&program, screen, way)?;
    walk(&scene, screen, way)?;
    let commands = scene.commands();
    scene.remove()?;
    let seconds = started.elapsed().as_secs_f64();
    screen
        .line(&format!("\nThe drill is over: {commands} commands in {seconds:.1} s. Nothing of it remains."));
    Ok(())
}

/// Builds the program in this example's own profile; quick when it is built.
fn program() -> Result<PathBuf> {
    let here = std::env::current_exe().context("cannot tell where this program is")?;
    let folder = here.ancestors().nth(2).and_then(Path::file_name).and_then(|name| name.to_str());
    let profile = match folder {
        None | Some("debug") => "dev",
        Some(folder) => folder,
    };
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells this program of its package would have some build scripts run again.
    let told = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in told.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
        cargo.env_remove(name);
    }
    let built = cargo
        // With the example, which is built, the dependencies are those that it was built with.
        .args(["build", "--bin", "krea-scan", "--example", "drill", "--profile", profile])
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {} to build krea-scan", env!("CARGO")))?;
    let messages = String::from_utf8_lossy(&built.stdout);
    let executable = |message: &str| {
        let message: Value = serde_json::from_str(message).ok()?;
        (message["target"]["name"] == "krea-scan").then_some(())?;
        Some(PathBuf::from(message["executable"].as_str()?))
    };
    let found = messages.lines().find_map(executable).filter(|_| built.status.success());
    found.context("krea-scan could not be built")
}

/// The incident, step by step.
fn walk(scene: &Scene<'_>, screen: &Screen, way: Way) -> Result<()> {
    screen.line(&format!("  the repository   {}", scene.repository().display()));
    screen
        .line(&format!("  Krea's stand-in  {}, which this drill's config.toml names", scene.emulator.api()));

    screen.step("Where did it leak, who brought it in, since when?");
    scene.scan(&["--history"], 1)?;
    let found = scene.report(&["--history"])?;
    let brought: Vec<_> = found.iter().map(|finding| finding["git"]["author"].as_str()).collect();
    ensure!(
        brought.len() == 3 && brought.iter().filter(|author| **author == Some(scene::LEAKER)).count() == 2,
        "three places were to be found, two of them brought in by {}: {brought:?}",
        scene::LEAKER
    );

    screen.step("The last commit says that it is removed. Is it live?");
    scene.scan(&["--verify"], 1)?;
    ensure!(scene.is_live(), "the token was to be live before it is revoked");

    revoke(scene, screen, way)?;
    ensure!(!scene.is_live(), "the token was to be dead");
    scene.replacement_is_stored()?;

    screen.step("The proof is in the journal");
    scene.scan(&["--incidents"], 0)?;
    scene.proof_is_in_the_journal()?;

    screen.step("Take the text out of the files");
    scene.scan(&["--verify", "--redact", "--yes"], 0)?;
    scene.git(&["commit", "--quiet", "--all", "--message", "Take the token from the environment"])?;

    screen.step("The history still holds it, dead. To rewrite the history all the same:");
    scene.scan(&["--history", "--verify", "--replacements", "../replacements.txt"], 0)?;
    let found = scene.report(&["--history", "--verify"])?;
    ensure!(
        found.len() == 3 && found.iter().all(|finding| finding["status"] == "dead"),
        "every place in the history was to be known as dead"
    );

    screen.step("Is it over?");
    scene.scan(&["--verify"], 0)?;
    ensure!(scene.report(&[])?.is_empty(), "no file was to hold a token");
    Ok(())
}

/// The step that ends the token, and replaces it.
fn revoke(scene: &Scene<'_>, screen: &Screen, way: Way) -> Result<()> {
    match way {
        Way::TokenApi => {
            screen.step("Revoke, prove it dead, replace: through a token API");
            scene.incident(&["--history", "--revoke", "--yes", "--store", "env-file:.env"])
        }
        Way::Guided => {
            screen.step("Revoke, prove it dead, replace: by hand");
            screen.line(&format!(
                "Where krea-scan names Krea's page, use the pretend one: open {page}\n\
                 There, press Revoke. When krea-scan asks for the replacement, press New Token, and paste what it shows.\n\
                 Without a browser, in another terminal:\n  \
                 curl -d revoke={id} {page}\n  \
                 curl -d create=drill {page}",
                page = scene.emulator.page(),
                id = scene.id(),
            ));
            scene.incident(&["--history", "--revoke", "--store", "env-file:.env"])
        }
        Way::Krea => {
            screen.step("Revoke, prove it dead, replace: through Krea's MCP server");
            screen.line(&format!(
                "Open the address that krea-scan prints, choose the workspace {workspace}, and press Allow.\n\
                 Without a browser, in another terminal:\n  \
                 curl -L -d 'workspace={workspace}&consent=allow' 'ADDRESS'",
                workspace = Workspace::default().name(),
            ));
            scene.incident(&["--history", "--revoke", "--via", "krea", "--store", "env-file:.env"])?;
            ensure!(scene.emulator.sign_ins() == 0, "krea-scan was to sign out");
            Ok(())
        }
    }
}
