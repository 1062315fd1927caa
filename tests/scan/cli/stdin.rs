//! Standard input that holds a token of which nothing says whose it is.

use crate::support::Sandbox;
use crate::support::program::{Run, leak, run, token};
use crate::support::tokens::{Alphabet, legacy};
use std::process::Stdio;

/// Pipes a text in.
#[track_caller]
fn pipe(sandbox: &Sandbox, text: &str, args: &[&str]) -> Run {
    sandbox.write("../piped", text);
    let file = std::fs::File::open(sandbox.beside("piped")).unwrap();
    run(sandbox.scanner(sandbox.root()).args(args).stdin(Stdio::from(file)))
}

#[test]
fn a_token_alone_is_told_and_how_to_go_on() {
    let sandbox = Sandbox::new();
    let told = ["standard input is one value of a token's shape", "`--min-confidence low` reports it"];
    for text in [token(1), format!("  {}\r\n", token(2))] {
        for args in [&["--stdin"][..], &["-"], &["--stdin", "-f", "json"], &["--stdin", "-f", "github"]] {
            pipe(&sandbox, &text, args).code(0).says(&told);
        }
        pipe(&sandbox, &text, &["--stdin", "--min-confidence", "low"]).code(1).says(&["1 token in 1 place"]);
    }
    let old = format!("{}\n", legacy(Alphabet::ALL[0], 3));
    pipe(&sandbox, &old, &["--stdin"]).code(0).says(&["may be a key of Krea's", "KREA_API_KEY=…"]);
}

#[test]
fn values_that_are_too_unsure_are_counted() {
    let sandbox = Sandbox::new();
    let log = format!("got {}\nand {}\nand {}\n", token(1), token(2), token(1));
    pipe(&sandbox, &log, &["--stdin"])
        .code(0)
        .says(&["standard input holds 2 values of a token's shape", "`--min-confidence low` reports them"]);
}

#[test]
fn nothing_is_added_where_a_token_is_found_or_there_is_none() {
    let sandbox = Sandbox::new();
    for text in [leak(1), format!("{}{}", leak(1), token(2)), "no token\n".to_owned(), String::new()] {
        let run = pipe(&sandbox, &text, &["--stdin"]);
        assert!(!run.stdout.contains("min-confidence"), "{}", run.stdout);
    }
    let allowed = format!("{} # krea-scan:allow\n", token(1));
    let run = pipe(&sandbox, &allowed, &["--stdin"]).code(0);
    assert!(!run.stdout.contains("min-confidence"), "{}", run.stdout);
}
