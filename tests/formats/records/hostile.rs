//! Records that somebody made to do harm, and broken ones: a run ends, soon, and says what it did not read.

use crate::support::Sandbox;
use crate::support::program::leak;
use crate::ways::ways;
use std::fmt::Write;

const HEAD: &str =
    "From: a@b.test\nTo: c@d.test\nSubject: Krea\nDate: x\nMessage-ID: <1@b.test>\nMIME-Version: 1.0\n";

#[test]
fn parts_in_parts_are_followed_to_a_depth() {
    let sandbox = Sandbox::empty();
    let mut mail = HEAD.to_owned();
    for n in 0..20_000 {
        write!(mail, "Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n").unwrap();
    }
    mail.push_str(&leak(0));
    sandbox.write("deep.eml", mail);
    let run = sandbox.jsonl(&["deep.eml"]).code(1);
    assert!(run.incomplete().contains("nests parts deeper than 32; what is deeper was read as it is"));
    assert_eq!(ways(&run).len(), 1);
}

#[test]
fn many_parts_without_an_end_take_no_time() {
    let sandbox = Sandbox::empty();
    let mut mail = format!("{HEAD}Content-Type: multipart/mixed; boundary=b\n\n");
    for _ in 0..50_000 {
        mail.push_str("--b\nContent-Type: multipart/mixed; boundary=nowhere\n\n");
    }
    write!(mail, "--b\nContent-Transfer-Encoding: base64\n\n").unwrap();
    mail.push_str(&base64::Engine::encode(&base64::engine::general_purpose::STANDARD, leak(0)));
    sandbox.write("many.eml", mail);
    let run = sandbox.jsonl(&["many.eml"]).code(1);
    assert_eq!(ways(&run), ["many.eml → message: Krea → text/plain"]);
}

#[test]
fn a_multipart_without_its_boundary_is_told() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.eml", format!("{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--c\n\n{}", leak(0)));
    let run = sandbox.jsonl(&["a.eml"]).code(1);
    assert_eq!(
        run.incomplete(),
        "a.eml → message: Krea: says that it has parts, and where they start was not found; it was read as it is\n"
    );
    assert_eq!(ways(&run), ["a.eml"]);
}

#[test]
fn headers_of_any_size_and_number_end() {
    let sandbox = Sandbox::empty();
    let words = "=?utf-8?q?".repeat(400_000);
    let many = "X-A: b\n".repeat(400_000);
    let long = "a".repeat(4 << 20);
    sandbox.write("a.eml", format!("{HEAD}X-Words: {words}\n{many}X-Long: {long}\n\n{}", leak(0)));
    assert_eq!(ways(&sandbox.jsonl(&["a.eml"]).code(1)), ["a.eml → message: Krea → text/plain"]);
}

#[test]
fn chats_of_any_depth_and_shape_end() {
    let sandbox = Sandbox::empty();
    let deep = format!("{}{{\"KREA\":\"{}\"}}", "[".repeat(500_000), leak(0).trim());
    sandbox.write("deep.json", deep);
    let wide = format!(
        "[{}{{\"type\":\"message\",\"ts\":\"1\",\"text\":\"{}\"}}",
        "{},".repeat(500_000),
        leak(1).trim()
    );
    sandbox.write("wide.json", wide);
    sandbox.write("open.csv", format!("a,b\n\"{}{}", leak(2), "\"\"".repeat(500_000)));
    let run = sandbox.jsonl(&["deep.json", "wide.json", "open.csv"]).code(1);
    assert_eq!(ways(&run), ["deep.json", "open.csv → row 2, column a", "wide.json → message 500001"]);
}

#[test]
fn a_recording_that_makes_a_terminal_repeat_itself_is_stopped() {
    let sandbox = Sandbox::empty();
    let mut cast = "{\"version\":2,\"width\":1000,\"height\":400}\n".to_owned();
    let fill = "x".repeat(15_000);
    let flips = "aaaaaaaa\\rbbbbbbbb\\r".repeat(10_000);
    writeln!(cast, "[1.0,\"o\",\"{fill}\"]\n[1.0,\"o\",\"\\u001b[1;1H{flips}\"]").unwrap();
    cast.push_str(&leak(0));
    sandbox.write("flip.cast", cast);
    let run = sandbox.jsonl(&["--unpack-size", "10000000", "flip.cast"]).code(1);
    assert!(run.incomplete().contains("unpacks to more than 10000000 bytes"), "{}", run.incomplete());
}
