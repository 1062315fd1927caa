//! Runs the change of one text. Tokens are made at run time: no file holds one.

use super::change::Problem;
use super::{copies, language, rewritten};
use crate::finding::Token;
use crate::report::testing::{Tokens, finding};

/// Puts a token wherever `text` says `TOKEN`, changes the text as that of the file `path`, and gives what comes of it:
/// the new text, or the lines of the problems with their reasons.
pub fn redact(path: &str, text: &str) -> Result<String, Vec<(usize, String)>> {
    let token = Tokens::new().pair();
    let text = text.replace("TOKEN", std::str::from_utf8(token.expose()).unwrap());
    redact_token(path, &text, token)
}

/// As [`redact`], for a text that holds the token.
pub fn redact_token(path: &str, text: &str, token: Token) -> Result<String, Vec<(usize, String)>> {
    let language = language::of(path, text, "KREA_API_KEY").unwrap();
    let copies = copies(text, std::slice::from_ref(&token), &[finding(token.clone(), path)]);
    let line = |at: usize| 1 + text[..at].matches('\n').count();
    let lines = |problems: Vec<Problem>| problems.into_iter().map(|p| (line(p.at), p.reason)).collect();
    rewritten(language, path, text, &copies).map_err(lines)
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
