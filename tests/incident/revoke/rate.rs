//! Many tokens at once: they are all asked about within the rate that the server allows.

use super::scene::Scene;
use crate::support::tokens::{self, Alphabet};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many.
const TOKENS: u64 = 200;

fn verified(retry_after: bool) {
    let scene = Scene::new(&[]);
    let mut text = String::new();
    let mut expected = BTreeMap::new();
    for n in 0..TOKENS {
        let token = tokens::pair(Alphabet::Hex, 1000 + n);
        writeln!(text, "KREA_API_KEY={token}").unwrap();
        if n % 2 == 0 {
            scene.emulator.issue(&token, "leaked");
        }
        expected.insert(token[..8].to_owned(), if n % 2 == 0 { "live" } else { "dead" });
    }
    scene.sandbox.write("all.env", text);
    scene.emulator.rate(20.0, 5, retry_after);
    let run = scene.run(&["--verify", "-f", "json", "--api", &scene.emulator.api()]).code(1);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let found: BTreeMap<String, &str> = findings
        .iter()
        .map(|finding| {
            let id = finding["token"]["id_prefix"].as_str().unwrap().to_owned();
            (id, finding["status"].as_str().unwrap())
        })
        .collect();
    assert_eq!(found, expected);
    let requests = scene.emulator.requests();
    let refused = requests.iter().filter(|request| request.status == Some(429)).count();
    println!("{} requests, {refused} refused", requests.len());
    assert!(refused > 0, "the rate was never met");
    assert!(refused < 100, "{refused} of {} were refused", requests.len());
}

#[test]
fn two_hundred_tokens_stay_within_a_rate_that_the_server_tells() {
    verified(true);
}

#[test]
fn two_hundred_tokens_stay_within_a_rate_that_the_server_does_not_tell() {
    verified(false);
}
