//! `--explain`: what is decided of a value, and from what.

use crate::support::Sandbox;
use crate::support::tokens::{self, Alphabet};

/// A sandbox with a token of Krea's, another service's key of the same shape, and a cache key.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    let [krea, fal, cached] = [1, 2, 3].map(|seed| tokens::pair(Alphabet::Hex, seed));
    sandbox
        .write("a.env", format!("KREA_API_KEY={krea}\nKREA_FAL_KEY={fal}\nkrea_cache_key={cached}\nx=1\n"));
    sandbox
}

#[test]
fn every_value_is_told_with_its_decision_and_the_evidence() {
    let run = sandbox().scan(&["--explain", "a.env"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for said in [
        "a.env:1:14",
        "a Krea token, confidence high",
        "its own name: Krea's (KREA_API_KEY)",
        "a.env:2:14",
        "no finding: it is another service's",
        "its own name: another service's (KREA_FAL_KEY)",
        "a.env:3:16",
        "its own name: no credential (krea_cache_key)",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    let secret = tokens::pair(Alphabet::Hex, 2);
    let secret = secret.split_once(':').expect("a pair").1;
    assert!(!run.stdout.contains(&secret[..6]), "{}", run.stdout);
}

#[test]
fn one_line_alone_can_be_asked_about() {
    let sandbox = sandbox();
    let line = sandbox.scan(&["--explain", "a.env:2"]).stdout;
    assert!(line.contains("a.env:2:14") && !line.contains("a.env:1:"), "{line}");
    let nothing = sandbox.scan(&["--explain", "a.env:4"]).stdout;
    assert!(nothing.contains("No value on line 4 has the shape of a token"), "{nothing}");
    assert_eq!(sandbox.scan(&["--explain", "no-such-file"]).code, Some(2));
}
