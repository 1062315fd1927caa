//! Texts of nothing but tokens: how many places of them are told, how long they are looked at, and that it is said.

use crate::support::Sandbox;
use crate::support::program::leak;

#[test]
fn of_many_places_some_are_listed_and_no_token_is_lost() {
    let sandbox = Sandbox::empty();
    let (many, late) = (leak(1), leak(2));
    sandbox.write("a.env", format!("{}{late}{}{late}", many.repeat(10_200), many.repeat(100)));
    let run = sandbox.jsonl(&["--unpack-time", "10m", "a.env"]).code(1);
    assert_eq!(run.findings().len(), 10_001);
    assert_eq!(run.summary()["tokens"], 2);
    let told = run.incomplete();
    let more: Vec<&str> = told.lines().map(|line| line.split(" of token ").next().unwrap()).collect();
    assert_eq!(more.len(), 2, "{told}");
    for count in ["300 more places", "1 more place"] {
        assert!(more.contains(&format!("a.env: {count}").as_str()), "{told}");
    }
}

#[test]
fn a_text_that_takes_too_long_is_told_and_its_start_is_read() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", format!("{}{}", leak(1), leak(2).repeat(60_000)));
    let run = sandbox.jsonl(&["--unpack-time", "2s", "a.env"]).code(1);
    let slow = "a.env: takes more processor time than files of its size may; --unpack-time raises that; what came before \
                was read\n";
    assert!(run.incomplete().contains(slow), "{}", run.incomplete());
    assert!(!run.findings().is_empty());
    sandbox.write("b.env", leak(1));
    assert_eq!(sandbox.jsonl(&["--unpack-time", "2s", "b.env"]).code(1).incomplete(), "");
}
