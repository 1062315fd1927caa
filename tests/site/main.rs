//! `krea-scan --url` against sites on loopback: every way from a page to a resource, what is asked for and what never is,
//! and what becomes of answers that are broken, endless or somebody else's.

mod answers;
mod bounds;
mod frameworks;
mod hosts;
mod maps;
mod reports;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod ways;

use crate::support::Sandbox;
use crate::support::program::{Run, token};
use server::Server;

/// Reads a site on loopback, from `/` on.
#[track_caller]
fn scan(server: &Server, args: &[&str]) -> Run {
    scan_at(&server.url("/"), args)
}

/// Reads a site on loopback.
#[track_caller]
fn scan_at(url: &str, args: &[&str]) -> Run {
    let mut all = vec!["--url", url, "--allow-private"];
    all.extend(args);
    Sandbox::empty().jsonl(&all)
}

/// A script that gives token number `n` away.
fn leak(n: u64) -> String {
    format!("const config={{KREA_API_KEY:\"{}\"}};\n", token(n))
}

/// The paths of the findings, without the origin.
fn paths(run: &Run, server: &Server) -> Vec<String> {
    let origin = server.url("");
    run.places().iter().map(|place| place.strip_prefix(&origin).unwrap_or(place).to_owned()).collect()
}
