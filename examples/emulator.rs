//! A stand-in for Krea to try the incident against: `/jobs`, a token API and an MCP server with its sign-in page on
//! loopback, with two live tokens and the jobs of some days. Says what to run, shows each request as it comes, ends with
//! Ctrl-C. The tokens are made up and open nothing elsewhere.
//!
//! ```text
//! cargo run --example emulator                 # the server alone
//! cargo run --example emulator -- /tmp/leak    # and a new folder whose .env leaks both tokens
//! ```

#[path = "../fixtures/emulator.rs"]
mod emulator;
#[path = "../fixtures/tokens.rs"]
mod tokens;

use anyhow::{Context, Result};
use emulator::Emulator;
use jiff::{SignedDuration, Timestamp};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use tokens::Alphabet;

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // The receiver is gone only when the program ends anyway.
        let _ = stop.send(());
    })?;

    let leaked = [0, 1].map(|n| tokens::pair(Alphabet::Base62, n));
    if let Some(folder) = &folder {
        leak(folder, &leaked)?;
    }
    let emulator = Emulator::start();
    emulator.issue(&leaked[0], "website production");
    emulator.issue(&leaked[1], "local experiments");
    run_jobs(&emulator)?;
    emulator.on_request(|request| {
        // Nobody may be looking.
        let _ = writeln!(std::io::stdout(), "{} {}", request.method, request.target);
    });

    explain(&emulator, folder.as_deref());
    stopped.recv().context("the handler of Ctrl-C is gone")
}

/// Writes `.env` into the folder; one that is there is left alone.
fn leak(folder: &Path, leaked: &[String; 2]) -> Result<()> {
    let path = folder.join(".env");
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut file = std::fs::File::create_new(&path)
        .with_context(|| format!("cannot write {}; name a new folder", path.display()))?;
    write!(file, "KREA_API_KEY={}\nNEXT_PUBLIC_KREA_API_KEY={}\n", leaked[0], leaked[1])
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Three days with a job every four hours; each sixth failed.
fn run_jobs(emulator: &Emulator) -> Result<()> {
    let now = Timestamp::now();
    for n in 1..=18 {
        let created = now.checked_sub(SignedDuration::from_hours(4 * n))?;
        emulator.add_job(&created.to_string(), if n % 6 == 0 { "failed" } else { "completed" });
    }
    Ok(())
}

/// Says what is there and what to run.
fn explain(emulator: &Emulator, folder: Option<&Path>) {
    let (api, token_api, credential) = (emulator.api(), emulator.token_api(), Emulator::CREDENTIAL);
    println!("Krea's stand-in is at {api}; Ctrl-C ends it. Live tokens:");
    for issued in emulator.issued() {
        println!("  {}-…  {}", &issued.id[..8], issued.name);
    }
    let path = match folder {
        Some(folder) => {
            println!("Both are in {}.", folder.join(".env").display());
            folder.display().to_string()
        }
        None => {
            println!("Name a folder to have a .env written that leaks them.");
            "PATH".to_owned()
        }
    };
    println!("\nAsk which are live, or take them through the incident:\n");
    println!("  krea-scan --verify --api {api} {path}");
    println!("  export KREA_TOKEN_API_KEY={credential}");
    println!("  krea-scan --revoke --api {api} --token-api {token_api} --store env-file:{path}/.env {path}");
    println!("\nOr through its MCP server: sign in on the page whose address is printed, workspace Shop:\n");
    println!("  krea-scan --revoke --via krea --api {api} --store env-file:{path}/.env {path}");
    println!("\nRequests:");
}
