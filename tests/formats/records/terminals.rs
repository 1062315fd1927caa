//! Recordings of terminals, made by `script` and asciinema.

use crate::pack::run_tool;
use crate::support::Sandbox;
use crate::support::program::token;
use crate::ways::way;
use needs::needs;
use serde_json::json;

/// A line of shell that prints a token letter by letter, in colours.
fn printing(n: u64) -> String {
    format!(
        "t={}; printf '\\033[32mKREA_API_KEY\\033[0m='; for ((i=0; i<${{#t}}; i++)); do printf '\\033[1m%s\\033[0m' \
         \"${{t:i:1}}\"; sleep 0.003; done; echo; sleep 0.1; seq 40",
        token(n)
    )
}

#[needs("asciinema")]
#[test]
fn a_token_that_is_printed_letter_by_letter_is_found_in_a_cast() {
    let sandbox = Sandbox::empty();
    sandbox.write("print.sh", printing(0));
    let args = ["rec", "-q", "--cols", "40", "--rows", "10", "-c", "bash print.sh", "demo.cast"];
    run_tool(&sandbox, "asciinema", &args);
    let finding = sandbox.jsonl(&["demo.cast"]).only();
    assert_eq!(finding["layers"][0]["kind"], "terminal");
    assert_eq!(finding["token"]["id_prefix"], token(0)[..8]);
    assert_eq!(finding["confidence"], "high");
    let at = finding["layers"][1]["name"].as_str().unwrap();
    assert!(at.starts_with("at ") && at.ends_with(" s"), "{at}");
    sandbox.scan(&["demo.cast"]).code(1).says(&[&format!("demo.cast:1:14 → {at}")]);
}

#[needs("script")]
#[test]
fn a_token_that_is_printed_letter_by_letter_is_found_in_a_typescript() {
    let sandbox = Sandbox::empty();
    sandbox.write("print.sh", printing(1));
    run_tool(&sandbox, "script", &["-q", "-c", "bash print.sh", "typescript"]);
    let finding = sandbox.jsonl(&["typescript"]).only();
    assert_eq!(finding["layers"][0]["kind"], "terminal");
    assert_eq!(finding["token"]["id_prefix"], token(1)[..8]);
}

/// What `script` writes of a shell that was given a line in steps: what the terminal got.
fn typescript(columns: usize, steps: &[&str]) -> String {
    let head = format!(
        "Script started on 2026-11-28 11:35:33+00:00 [TERM=\"xterm\" COLUMNS=\"{columns}\" LINES=\"24\"]"
    );
    format!("{head}\n\u{1b}[?2004h$ {}\r\n\u{1b}[?2004l\rdone\r\n", steps.concat())
}

#[test]
fn a_line_that_was_edited_holds_one_token() {
    for number in 0..8 {
        let token = token(number);
        let (start, end) = token.split_at(30);
        let typed = format!("export KREA_API_KEY={start}");
        let (back, erase) = ("\u{8}".repeat(5), "\u{8}\u{1b}[K".repeat(5));
        let (left, right) = ("\u{1b}[5D", "\u{1b}[5C");
        let (last, rest) = start.split_at(25);
        let inserted = format!("export KREA_API_KEY={last}");
        let edits = [
            // Erased by the kernel, by readline, and a word at once.
            vec![
                &*typed,
                "QQQQQ",
                "\u{8} \u{8}",
                "\u{8} \u{8}",
                "\u{8} \u{8}",
                "\u{8} \u{8}",
                "\u{8} \u{8}",
                end,
            ],
            vec![&typed, "QQQQQ", &erase, end],
            vec![&typed, "-x-y-", &back, "\u{1b}[K", end],
            // Written over, pushed in, taken out.
            vec![&inserted, "QQQQQ", left, rest, end],
            vec![&inserted, "Q", rest, "\u{1b}[6D\u{1b}[P", right, end],
            // Marked as pasted and written once more, from the row that it starts in.
            vec!["\u{1b}[7m", &typed, end, "\u{1b}[27m\r\u{1b}[2C", &typed, end],
        ];
        for (which, steps) in edits.iter().enumerate() {
            let sandbox = Sandbox::empty();
            sandbox.write("typescript", typescript(300, steps));
            let finding = sandbox.jsonl(&["typescript"]).only();
            let expected = krea_scan_token::Fingerprint::of(token.as_bytes()).to_string();
            assert_eq!(finding["fingerprint"], *expected, "{number} {which}");
        }
    }
}

#[test]
fn a_line_over_two_rows_is_one_wherever_the_cursor_leaves_it() {
    let sandbox = Sandbox::empty();
    let token = token(1);
    let (start, end) = token.split_at(40);
    let left = "\u{8}".repeat(9);
    let steps = [
        "export KREA_API_KEY=",
        start,
        "QQQ",
        "\u{8}\u{1b}[K\u{8}\u{1b}[K\u{8}\u{1b}[K",
        end,
        "\u{1b}[A",
        &left,
        "\r\n\r\u{1b}[C\u{1b}[C",
    ];
    sandbox.write("typescript", typescript(70, &steps));
    let finding = sandbox.jsonl(&["typescript"]).only();
    assert_eq!(finding["token"]["id_prefix"], token[..8]);
    assert_eq!(finding["confidence"], "high");
}

#[test]
fn a_token_that_gave_way_to_another_one_was_to_be_read() {
    let sandbox = Sandbox::empty();
    let (one, two) = (token(0), token(1));
    let back = "\u{8}\u{1b}[K".repeat(one.len());
    sandbox.write("typescript", typescript(300, &["export KREA_API_KEY=", &one, &back, &two]));
    assert_eq!(sandbox.jsonl(&["typescript"]).findings().len(), 2);
}

/// A cast of the second format.
fn cast(events: &[(f64, &str, &str)]) -> String {
    let mut text = json!({ "version": 2, "width": 40, "height": 10 }).to_string() + "\n";
    for (at, code, data) in events {
        text.push_str(&format!("{}\n", json!([at, code, data])));
    }
    text
}

#[test]
fn a_finding_says_when_it_was_to_be_seen() {
    let sandbox = Sandbox::empty();
    let token = token(0);
    let (start, end) = token.split_at(20);
    let before = format!("export KREA_API_KEY={start}");
    let events = [
        (1.0, "o", "$ "),
        (12.0, "o", &before),
        (12.44, "o", end),
        (13.0, "o", "\r\n"),
        (75.0, "o", "\u{1b}[2Jbye"),
    ];
    sandbox.write("demo.cast", cast(&events));
    sandbox.scan(&["demo.cast"]).code(1).says(&["demo.cast:1:23 → at 12.4 s"]);
}

#[test]
fn what_was_typed_and_not_shown_is_found() {
    let sandbox = Sandbox::empty();
    let token = token(0);
    let mut events = vec![(1.0, "o", "Paste your Krea API key: ")];
    let letters: Vec<String> = token.chars().map(String::from).collect();
    events.extend(letters.iter().map(|letter| (2.0, "i", letter.as_str())));
    events.extend([(3.5, "i", "\r"), (3.6, "o", "\r\nThank you\r\n")]);
    sandbox.write("demo.cast", cast(&events));
    let finding = sandbox.jsonl(&["demo.cast"]).only();
    assert_eq!(way(&finding), "demo.cast → at 2.0 s");
    assert_eq!(finding["excerpt"], format!("Paste your Krea API key: {}-…:••••", &token[..8]));
}

#[test]
fn all_formats_of_casts_are_read() {
    let sandbox = Sandbox::empty();
    let token = token(0);
    let (start, end) = token.split_at(50);
    let start = format!("KREA_API_KEY={start}");
    sandbox.write(
        "1.json",
        json!({ "version": 1, "width": 40, "height": 10, "duration": 3.5, "stdout": [[1.0, start], [1.5, end]] }).to_string(),
    );
    sandbox.write("2.cast", cast(&[(1.0, "o", &start), (2.5, "o", end)]));
    let header = json!({ "version": 3, "term": { "cols": 40, "rows": 10 } });
    let events = [json!([1.0, "o", start]), json!([1.0, "m", "here"]), json!([0.5, "o", end])]
        .map(|event| event.to_string());
    sandbox.write("3.cast", format!("{header}\n# a comment\n{}\n", events.join("\n")));
    let findings = sandbox.jsonl(&["1.json", "2.cast", "3.cast"]).findings();
    let ways: Vec<String> = findings.iter().map(way).collect();
    assert_eq!(ways, ["1.json → at 2.5 s", "2.cast → at 2.5 s", "3.cast → at 2.5 s"]);
}

#[test]
fn lines_that_are_no_events_are_told() {
    let sandbox = Sandbox::empty();
    sandbox.write("demo.cast", cast(&[(1.0, "o", "hello\r\n")]) + "[2.0, \"o\", \"cut o");
    let run = sandbox.jsonl(&["demo.cast"]).code(2);
    assert_eq!(
        run.incomplete(),
        "demo.cast: 1 of its lines are no events of a cast; they were read as they are\n"
    );
}
