//! Input that is made to take long, and tokens in runs that are longer than a window.

use super::base64;
use crate::support::Sandbox;
use crate::support::program::token;
use std::time::{Duration, Instant};

#[test]
fn a_run_that_windows_cut_is_read_to_its_end() {
    let token = token(5);
    let filler = "function a(t,e){return t+e}".repeat(200_000);
    let named = format!("{filler};KREA_API_KEY={token};{}", &filler[..100_000]);
    let sandbox = Sandbox::empty();
    sandbox.write("app.js", format!("var x=\"{}\"", base64(&named)));
    let found = sandbox.jsonl(&["app.js"]).code(1).only();
    let at = 7 + (filler.len() + 14) * 4 / 3;
    assert_eq!(found["location"]["byte_offset"], serde_json::json!(at));
}

#[test]
fn five_hostile_megabytes_take_no_time() {
    const SIZE: usize = 5 << 20;
    let mut nested = "krea ".repeat(100_000);
    while nested.len() < SIZE {
        nested = base64(&nested);
    }
    for (name, text) in [
        ("base64 in base64", nested),
        ("short runs", format!("{} ", base64("krea is not a key 12345")).repeat(SIZE / 33)),
        ("hex", "6b726561".repeat(SIZE / 8)),
        ("numbers", "107,114,101,97,".repeat(SIZE / 15)),
        ("lists", "krea,1,2;".repeat(SIZE / 9)),
        ("joins", "[\"krea\",\"a\"].join(\":\");".repeat(SIZE / 23)),
        ("brackets", "\"]\n.join(\"\")[\"krea\",".repeat(SIZE / 20)),
        ("concat", "\"krea\".concat(\"a\",\"b\",".repeat(SIZE / 22)),
        ("templates", "`${\"krea\"}:${\"".repeat(SIZE / 14)),
        ("escapes", r"krea\\\\\\\\\\\\\\\\x3a".repeat(SIZE / 24)),
        ("percent", format!("krea{}", "%25".repeat(SIZE / 3))),
        ("octal", r"krea\072".repeat(SIZE / 8)),
    ] {
        let sandbox = Sandbox::empty();
        sandbox.write("app.js", text);
        let started = Instant::now();
        sandbox.jsonl(&["app.js"]).code(0);
        let taken = started.elapsed();
        println!("{name}: {taken:?}");
        // Measured in a tenth of that; machines that run tests are slow.
        assert!(taken < Duration::from_secs(15), "{name}: {taken:?}");
    }
}
