//! Copies of a found token that are encoded in another file, where nothing says whose they are.

use super::{base64, hex};
use crate::support::Sandbox;
use crate::support::program::token;

#[test]
fn an_encoded_copy_is_a_leak_too() {
    let token = token(3);
    for (n, (copy, kind)) in [
        (hex(&token), "hex"),
        (hex(&token).to_uppercase(), "hex"),
        (base64(&token), "base64"),
        (base64(&format!("x{token}")), "base64"),
        (base64(&format!("xy{token}")), "base64"),
        (token.replace(':', "%3A").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"), "escapes"),
    ]
    .into_iter()
    .enumerate()
    {
        let sandbox = Sandbox::empty();
        sandbox.write("a.env", format!("KREA_API_KEY={token}\n"));
        sandbox.write("b.txt", format!("\n\nsee {copy}\n"));
        let run = sandbox.jsonl(&["."]).code(1);
        let findings = run.findings();
        assert_eq!(findings.len(), 2, "{n}: {}", run.stdout);
        let found = &findings[1];
        assert_eq!(found["location"]["path"], "./b.txt");
        assert_eq!(found["location"]["line"], 3);
        assert_eq!(found["layers"][0]["kind"], kind);
        assert!(!run.stdout.contains(&copy[copy.len() - 20..copy.len() - 4]), "{n}: {}", found["excerpt"]);
    }
}

#[test]
fn what_detection_found_is_not_found_again() {
    let token = token(2);
    let sandbox = Sandbox::empty();
    for n in 0..3 {
        let named = format!("{}KREA_API_KEY={token}", &"xy"[..n]);
        sandbox.write(&format!("{n}.js"), format!("x=\"{}\"", base64(&named)));
    }
    sandbox.write("hex.js", format!("kreaKey=\"{}\"", hex(&token)));
    assert_eq!(sandbox.jsonl(&["."]).code(1).findings().len(), 4);
}
