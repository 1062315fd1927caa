//! Messages: what a command line, a path or an address quotes is neither obeyed nor a secret.

use super::neighbours;
use super::obeyed::{OBEYED, is_harmless};
use super::secrets::Secrets;
use crate::support::Sandbox;
use crate::support::tokens::{self, Alphabet};
use std::collections::BTreeSet;

/// Ways to make the program quote something.
fn quoting(what: &str) -> Vec<Vec<String>> {
    let option = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<String>>();
    let mut all = vec![option(&[what]), vec![format!("--{what}")], vec![format!("--forma={what}")]];
    for name in [
        "--format",
        "--color",
        "--max-size",
        "--threads",
        "--config",
        "--baseline",
        "--rules",
        "--range",
        "--url",
        "--min-confidence",
        "--output",
        "--resume",
        "--max-depth",
    ] {
        all.push(vec![name.to_owned(), what.to_owned()]);
        all.push(vec![format!("{name}={what}")]);
    }
    for (name, with) in [
        ("--api", "--verify"),
        ("--timeout", "--verify"),
        ("--proxy", "--verify"),
        ("--fail-on", "--verify"),
        ("--token-api", "--revoke"),
        ("--store", "--revoke"),
        ("--wait", "--revoke"),
    ] {
        all.push(option(&[with, name, what]));
    }
    all.push(option(&["--staged", what]));
    all.push(option(&["--history", what, what]));
    all.push(option(&["--output", &format!("nowhere/{what}"), "a.txt"]));
    all.push(option(&["--write-baseline", &format!("nowhere/{what}"), "a.txt"]));
    all.push(option(&["--replacements", &format!("nowhere/{what}"), "a.txt"]));
    all
}

#[test]
fn no_message_is_obeyed() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.txt", "nothing");
    for obeyed in OBEYED {
        for args in quoting(obeyed) {
            let run = sandbox.scan(&args);
            is_harmless(&run.stderr, |_| false);
            is_harmless(&run.stdout, |_| false);
        }
    }
}

#[test]
fn no_message_shows_a_secret() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.txt", "nothing");
    let mut secrets = Secrets::default();
    let mut quoted = Vec::new();
    for alphabet in Alphabet::ALL {
        secrets.add(&tokens::secret(alphabet, 30_000), "the token");
        quoted.push(tokens::pair(alphabet, 30_000));
        quoted.push(format!("KREA_API_KEY={}", tokens::pair(alphabet, 30_000)));
    }
    for neighbour in neighbours::all(30_001) {
        neighbour.secrets.iter().for_each(|secret| secrets.add(secret, neighbour.kind));
        quoted.push(format!("{}={}", neighbour.name, neighbour.text));
        if !matches!(neighbour.kind, "webhook" | "password") {
            quoted.push(neighbour.text);
        }
    }
    for text in quoted {
        for args in quoting(&text) {
            let run = sandbox.scan(&args);
            secrets.are_not_in(&format!("{}\n{}", run.stdout, run.stderr), &BTreeSet::new());
        }
    }
}
