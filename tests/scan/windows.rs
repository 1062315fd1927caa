//! Files that are read in several windows: what stands at the border of two, or across it, is found once and in its place.

use crate::support::Sandbox;
use crate::support::program::{Run, leak, token};
use krea_scan::source::reader::{OVERLAP, WINDOW};

/// From here on a token belongs to the second window.
const BORDER: usize = WINDOW - OVERLAP / 2;

/// Lines without a token, so many bytes.
fn filler(length: usize) -> String {
    let line = "nothing to see here, and no name of anybody\n";
    let mut text = line.repeat(length / line.len());
    text.extend(std::iter::repeat_n('.', (length - text.len()).saturating_sub(1)));
    text.extend((text.len() < length).then_some('\n'));
    text
}

/// Where each finding begins, in bytes and lines.
fn places(run: &Run) -> Vec<(u64, u64)> {
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    let place = |found: &serde_json::Value| {
        (number(&found["location"]["byte_offset"]), number(&found["location"]["line"]))
    };
    run.findings().iter().map(place).collect()
}

/// Places of a token around the border of two windows and the end of the first.
fn around_the_edges() -> Vec<usize> {
    let length = token(1).len();
    [BORDER, WINDOW, WINDOW - OVERLAP]
        .iter()
        .flat_map(|&edge| [edge - length, edge - length + 1, edge - length / 2, edge - 1, edge, edge + 1])
        .collect()
}

#[test]
fn a_token_at_the_edge_of_a_window_is_found_once_and_whole() {
    let sandbox = Sandbox::empty();
    let name = "KREA_API_KEY=";
    for at in around_the_edges() {
        let before = filler(at - name.len());
        sandbox.write("a.log", format!("{before}{}{}", leak(1), filler(OVERLAP)));
        let line = before.lines().count() as u64 + 1;
        assert_eq!(places(&sandbox.jsonl(&["a.log"]).code(1)), [(at as u64, line)], "{at}");
    }
}

#[test]
fn what_says_whose_a_token_is_may_stand_in_the_window_before() {
    let sandbox = Sandbox::empty();
    for at in [BORDER - 1, BORDER, BORDER + 1] {
        // Nothing but this line says Krea.
        let name = format!("# the krea token\n{}", filler(2000));
        let text = format!("{}{name}{}\n{}", filler(at - name.len()), token(1), filler(OVERLAP));
        sandbox.write("a.log", &text);
        let offsets: Vec<u64> =
            places(&sandbox.jsonl(&["a.log"]).code(1)).iter().map(|place| place.0).collect();
        assert_eq!(offsets, [at as u64]);
    }
}

#[test]
fn a_further_copy_of_a_known_token_at_the_edge_of_a_window_is_found_once() {
    let sandbox = Sandbox::empty();
    sandbox.write(".env", leak(1));
    for at in around_the_edges() {
        let before = filler(at);
        sandbox.write("a.log", format!("{before}{}\n{}", token(1), filler(OVERLAP)));
        let line = before.lines().count() as u64 + 1;
        let run = sandbox.jsonl(&[".env", "a.log"]).code(1);
        let copies: Vec<_> = places(&run).into_iter().filter(|place| place.0 != 13).collect();
        assert_eq!(copies, [(at as u64, line)], "{at}");
    }
}
