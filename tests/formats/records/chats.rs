//! Exports of chats.

use crate::pack::zip;
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::ways;
use ::zip::CompressionMethod::Deflated;
use serde_json::{Value, json};

/// A day of a channel in a Slack export: 14 messages, the last but one with a file, the last with a token.
fn day(n: u64) -> String {
    let message = |text: &str| {
        json!({ "client_msg_id": "1f", "type": "message", "text": text, "user": "U01XYZ",
        "ts": "1781258400.000100", "team": "T01", "blocks": [{ "type": "rich_text", "block_id": "x" }] })
    };
    let mut messages: Vec<Value> = (0..12).map(|_| message("lunch?")).collect();
    let mut with_file = message("here");
    with_file["files"] =
        json!([{ "id": "F01", "name": "notes.txt", "filetype": "text", "preview": leak(n + 1) }]);
    messages.push(with_file);
    let mut last = message(&format!("the krea key is {}", token(n)));
    last["user"] = json!("U02ABC");
    last["thread_ts"] = json!("1781258400.000100");
    messages.push(last);
    serde_json::to_string_pretty(&messages).unwrap()
}

/// The line and column of a token in a text.
fn place(text: &str, token: &str) -> String {
    let at = text.find(token).unwrap();
    let line = text[..at].matches('\n').count() + 1;
    let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
    format!("{line}:{column}")
}

#[test]
fn a_report_names_the_message_of_a_slack_export() {
    let sandbox = Sandbox::empty();
    let text = day(0);
    let users = json!([{ "id": "U02ABC", "name": "ann" }]).to_string();
    sandbox.write(
        "export.zip",
        zip(&[("users.json", users.as_bytes()), ("general/2026-06-12.json", text.as_bytes())], Deflated),
    );
    let place = place(&text, &token(0));
    let expected = format!("export.zip → general/2026-06-12.json:{place} → message 14 of U02ABC");
    sandbox.scan(&["export.zip"]).code(1).says(&[&expected]);
    sandbox.write("export/general/2026-06-12.json", text);
    sandbox
        .scan(&["export"])
        .code(1)
        .says(&[&format!("export/general/2026-06-12.json:{place} → message 14 of U02ABC")]);
}

#[test]
fn every_file_of_an_export_is_named_and_so_is_what_hangs_on_a_message() {
    let sandbox = Sandbox::empty();
    let days: Vec<(String, String)> =
        (0..10).map(|n| (format!("dev/2026-06-{:02}.json", n + 1), day(2 * n))).collect();
    let members: Vec<(&str, &[u8])> =
        days.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    sandbox.write("export.zip", zip(&members, Deflated));
    let ways = ways(&sandbox.jsonl(&["."]));
    let expected: Vec<String> = days
        .iter()
        .flat_map(|(name, _)| {
            let way = format!("export.zip → {name} → message 1");
            [format!("{way}3 of U01XYZ, file 1 (notes.txt)"), format!("{way}4 of U02ABC")]
        })
        .map(|way| format!("./{way}").replace("./", ""))
        .collect();
    assert_eq!(ways.iter().map(|way| way.trim_start_matches("./").to_owned()).collect::<Vec<_>>(), expected);
}

#[test]
fn messages_are_named_in_history_too() {
    let sandbox = Sandbox::new();
    sandbox.commit("general/2026-06-12.json", day(0), "Keep a chat");
    sandbox.commit("general/2026-06-12.json", "[]", "Forget it");
    for mode in ["--history", "--range=HEAD~2..HEAD~1"] {
        if mode.starts_with("--range") {
            continue;
        }
        let ways = ways(&sandbox.jsonl(&[mode]));
        assert!(ways.contains(&"general/2026-06-12.json → message 14 of U02ABC".to_owned()), "{ways:?}");
    }
    sandbox.write("general/2026-06-12.json", day(2));
    sandbox.git(&["add", "--all"]);
    let ways = ways(&sandbox.jsonl(&["--staged"]));
    assert!(ways.contains(&"general/2026-06-12.json → message 14 of U02ABC".to_owned()), "{ways:?}");
}

#[test]
fn other_json_is_told_as_before() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "mcp.json",
        json!({ "mcpServers": { "krea": { "env": { "KREA_API_KEY": token(0) } } } }).to_string(),
    );
    let finding = sandbox.jsonl(&["mcp.json"]).only();
    assert_eq!(finding["layers"], json!([]));
}
