//! Runs the change of one text. Tokens are made at run time: no file holds one.

use crate::change::{Problem, ValueCopy};
use crate::{language, rewrite};
use krea_scan_token::testing::Tokens;

/// Puts a token wherever `text` says `TOKEN`, changes the text as that of the file `path`, and gives what comes of it:
/// the new text, or the lines of the problems with their reasons.
pub fn redact(path: &str, text: &str) -> Result<String, Vec<(usize, String)>> {
    let token = Tokens::new().text();
    redact_value(path, &text.replace("TOKEN", &token), &token)
}

/// As [`redact`], for a text that holds the value.
pub fn redact_value(path: &str, text: &str, value: &str) -> Result<String, Vec<(usize, String)>> {
    let variable = "KREA_API_KEY";
    let language = language::of(path, text, variable).unwrap();
    let copy = |(at, value): (usize, &str)| ValueCopy { range: at..at + value.len(), variable };
    let copies: Vec<ValueCopy> = text.match_indices(value).map(copy).collect();
    let line = |at: usize| 1 + text[..at].matches('\n').count();
    let lines = |problems: Vec<Problem>| problems.into_iter().map(|p| (line(p.at), p.reason)).collect();
    rewrite(language, path, text, &copies).map_err(lines)
}

/// Fails unless each text becomes the other.
#[track_caller]
pub fn assert_becomes(path: &str, cases: &[(&str, &str)]) {
    for (before, after) in cases {
        assert_eq!(redact(path, before).as_deref(), Ok(*after), "{before}");
    }
}

/// Fails unless each text is refused with a reason that says so.
#[track_caller]
pub fn assert_refused(path: &str, cases: &[(&str, &str)]) {
    for (text, reason) in cases {
        match redact(path, text) {
            Ok(changed) => panic!("{text}\nbecame\n{changed}"),
            Err(problems) => assert!(problems[0].1.contains(reason), "{text}\n{problems:?}"),
        }
    }
}
