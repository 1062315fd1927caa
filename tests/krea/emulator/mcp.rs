//! The MCP server: sessions, tools, whose tokens they see, and what goes wrong on request.

use super::client::{Answer, exchange, id, jobs, with_token};
use super::person::{Session, sign_in};
use crate::support::emulator::{Emulator, Fault, Route, Workspace};
use crate::support::tokens::{self, Alphabet};
use serde_json::{Value, json};
use std::io::ErrorKind;

/// A session in the workspace Shop.
fn session(emulator: &Emulator) -> Session<'_> {
    Session::begin(emulator, &sign_in(emulator, "Shop").access)
}

/// The data of each event.
fn events(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let data = answer.body.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn a_version_with_sessions_is_agreed_on() {
    let emulator = Emulator::start();
    let bearer = sign_in(&emulator, "Shop").access;
    let session = Session { emulator: &emulator, bearer, id: String::new() };
    for (asked, given) in [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let begun = session.call("initialize", json!({ "protocolVersion": asked }));
        assert_eq!(begun.json()["result"]["protocolVersion"], given);
        assert!(begun.json()["result"]["capabilities"]["tools"].is_object());
    }
    assert_eq!(emulator.sessions(), 5);
}

#[test]
fn a_session_is_needed_belongs_to_its_caller_and_ends() {
    let emulator = Emulator::start();
    let mut session = session(&emulator);
    assert_eq!(session.call("ping", json!({})).json(), json!({ "jsonrpc": "2.0", "id": 7, "result": {} }));
    let own = session.id.clone();
    for (id, status) in [("", 400), ("session-99", 404)] {
        session.id = id.to_owned();
        let refused = session.call("ping", json!({}));
        assert_eq!((refused.status, &refused.json()["id"]), (status, &json!(7)));
    }
    session.id = own;
    let other =
        Session { emulator: &emulator, bearer: sign_in(&emulator, "Lab").access, id: session.id.clone() };
    assert_eq!(other.call("tools/list", json!({})).status, 404);
    let ended = exchange(&emulator, session.request("DELETE", "", "").as_bytes()).unwrap();
    assert_eq!(Answer::of(&ended).status, 204);
    assert_eq!(session.call("ping", json!({})).status, 404);
    assert_eq!(emulator.sessions(), 0);
}

#[test]
fn what_it_does_not_know_is_no_method_also_without_a_session() {
    let emulator = Emulator::start();
    let bearer = sign_in(&emulator, "Shop").access;
    let session = Session { emulator: &emulator, bearer, id: String::new() };
    for method in ["server/discover", "resources/list", ""] {
        let answer = session.call(method, json!({}));
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (200, &json!(-32601)), "{method}");
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let emulator = Emulator::start();
    let session = session(&emulator);
    let both = "Accept: application/json, text/event-stream\r\n";
    let kind = "Content-Type: application/json\r\n";
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (headers, body, status) in [
        (format!("{both}{kind}"), "{", 400),
        (format!("{both}{kind}"), "[]", 400),
        (format!("{both}{kind}"), r#"{"id":1,"method":"ping"}"#, 400),
        (format!("{both}{kind}MCP-Protocol-Version: 2026-07-28\r\n"), ping, 400),
        (format!("{both}Content-Type: text/plain\r\n"), ping, 415),
        (format!("Accept: application/json\r\n{kind}"), ping, 406),
        (format!("{both}{kind}MCP-Protocol-Version: 2025-06-18\r\n"), ping, 200),
    ] {
        let answer = exchange(&emulator, session.request("POST", &headers, body).as_bytes()).unwrap();
        assert_eq!(Answer::of(&answer).status, status, "{headers}{body}");
    }
    assert_eq!(session.says(&json!({ "jsonrpc": "2.0", "id": "x", "result": {} })).status, 202);
}

#[test]
fn the_tools_say_what_they_take_and_give() {
    let emulator = Emulator::start();
    let tools = session(&emulator).call("tools/list", json!({})).json();
    let tools = tools["result"]["tools"].as_array().unwrap();
    let required = |tool: &Value| (tool["name"].clone(), tool["inputSchema"]["required"].clone());
    assert_eq!(
        tools.iter().map(required).collect::<Vec<_>>(),
        [
            (json!("list_api_tokens"), json!([])),
            (json!("create_api_token"), json!(["name"])),
            (json!("revoke_api_token"), json!(["token_id"])),
        ]
    );
    for tool in tools {
        assert_eq!(tool["outputSchema"]["type"], "object");
        jsonschema::meta::validate(&tool["inputSchema"]).unwrap();
        jsonschema::meta::validate(&tool["outputSchema"]).unwrap();
    }
}

#[test]
fn tokens_are_listed_minted_and_revoked_as_the_schemas_say() {
    let (emulator, token) = with_token();
    emulator.date(&token, "2026-05-01T10:00:00Z", None);
    let session = session(&emulator);
    let tools = session.call("tools/list", json!({})).json();
    let given = |n: usize, answer: &Value| {
        let tool = &tools["result"]["tools"][n];
        jsonschema::validate(&tool["outputSchema"], answer).unwrap();
    };
    let list = session.done("list_api_tokens", json!({}));
    given(0, &list);
    let row = json!({
        "id": id(&token),
        "name": "website production",
        "created_by": Emulator::COLLEAGUE,
        "created_at": "2026-05-01T10:00:00Z",
        "last_used_at": null,
    });
    assert_eq!(list, json!({ "tokens": [row] }));
    jobs(&emulator, "", &token);
    let list = session.done("list_api_tokens", json!({}));
    given(0, &list);
    assert!(list["tokens"][0]["last_used_at"].is_string(), "it was just used: {list}");
    assert!(!list.to_string().contains(token.split_once(':').unwrap().1));

    let minted = session.done("create_api_token", json!({ "name": "shop" }));
    given(1, &minted);
    let new = minted["token"].as_str().unwrap();
    assert_eq!((minted["id"].as_str(), jobs(&emulator, "", new).status), (Some(id(new)), 200));
    assert!(emulator.issued()[1].minted);
    let list = session.done("list_api_tokens", json!({}));
    assert_eq!(list["tokens"][1]["created_by"], Emulator::PERSON);

    let revoked = session.done("revoke_api_token", json!({ "token_id": id(&token) }));
    given(2, &revoked);
    jobs(&emulator, "", &token).is_error(401);
    assert_eq!(session.done("list_api_tokens", json!({}))["tokens"].as_array().unwrap().len(), 1);
    assert_eq!(session.tool("revoke_api_token", json!({ "token_id": id(&token) }))["isError"], true);
}

#[test]
fn wrong_arguments_are_a_tools_error_and_a_wrong_tool_an_error() {
    let (emulator, token) = with_token();
    let session = session(&emulator);
    for (tool, arguments) in [
        ("create_api_token", json!({})),
        ("create_api_token", json!({ "name": 7 })),
        ("create_api_token", json!({ "name": "" })),
        ("create_api_token", json!({ "name": "x", "scope": "all" })),
        ("revoke_api_token", json!({ "id": id(&token) })),
        ("revoke_api_token", json!({ "token_id": token })),
        ("revoke_api_token", json!([])),
        ("list_api_tokens", json!({ "workspace": "Lab" })),
    ] {
        assert_eq!(session.tool(tool, arguments.clone())["isError"], true, "{tool} {arguments}");
    }
    let answer = session.call("tools/call", json!({ "name": "delete_everything" }));
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (200, &json!(-32602)));
    assert!(emulator.is_live(&token) && emulator.issued().len() == 1);
}

#[test]
fn a_workspace_sees_its_own_tokens_only() {
    let (emulator, token) = with_token();
    let other = tokens::pair(Alphabet::Hex, 2);
    emulator.issue_in(Workspace::Lab, &other, "experiments");
    let shop = session(&emulator);
    let lab = Session::begin(&emulator, &sign_in(&emulator, "Lab").access);
    let ids = |session: &Session<'_>| {
        let list = session.done("list_api_tokens", json!({}));
        list["tokens"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((ids(&shop), ids(&lab)), (vec![json!(id(&token))], vec![json!(id(&other))]));
    assert_eq!(shop.tool("revoke_api_token", json!({ "token_id": id(&other) }))["isError"], true);
    assert!(emulator.is_live(&other));
    lab.done("create_api_token", json!({ "name": "more" }));
    assert_eq!(emulator.issued()[2].workspace, Workspace::Lab);
    assert_eq!(ids(&shop).len(), 1);
}

#[test]
fn an_api_token_speaks_for_its_workspace_unless_it_is_not_taken() {
    let emulator = Emulator::start();
    let token = tokens::pair(Alphabet::Hex, 2);
    emulator.issue_in(Workspace::Lab, &token, "experiments");
    let session = Session::begin(&emulator, &token);
    session.done("create_api_token", json!({ "name": "more" }));
    let new = &emulator.issued()[1];
    assert_eq!((new.workspace, emulator.is_live(&new.token)), (Workspace::Lab, true));
    session.done("revoke_api_token", json!({ "token_id": id(&token) }));
    session.call("ping", json!({})).is_error(401);
    emulator.takes_api_tokens(false);
    let session = Session { emulator: &emulator, bearer: new.token.clone(), id: String::new() };
    session.call("initialize", json!({})).is_error(401);
    assert_eq!(jobs(&emulator, "", &new.token).status, 200);
}

#[test]
fn answers_come_as_events_on_request() {
    let emulator = Emulator::start();
    let session = session(&emulator);
    emulator.streams(true);
    let answer = session.call("ping", json!({}));
    assert_eq!(events(&answer), [json!({ "jsonrpc": "2.0", "id": 7, "result": {} })]);
    assert_eq!(session.says(&json!({ "jsonrpc": "2.0", "method": "notifications/x" })).status, 202);
    for streams in [true, false] {
        emulator.streams(streams);
        emulator.fault(Route::Mcp, Fault::Twice, 1);
        let twice = events(&session.call("ping", json!({})));
        assert_eq!((twice.len(), &twice[0]), (2, &twice[1]));
        emulator.fault(Route::Mcp, Fault::Asks("sampling/createMessage".to_owned()), 1);
        let asks = events(&session.call("ping", json!({})));
        assert_eq!((asks.len(), &asks[0]["method"]), (2, &json!("sampling/createMessage")));
        assert!(asks[0]["id"].is_string() && asks[1]["result"].is_object());
    }
}

#[test]
fn faults_come_to_the_tool_that_they_are_for() {
    let (emulator, token) = with_token();
    let session = session(&emulator);
    let mint =
        || session.call("tools/call", json!({ "name": "create_api_token", "arguments": { "name": "x" } }));
    emulator.fault(Route::McpMint, Fault::Scope("tokens:write".to_owned()), 1);
    emulator.fault(Route::McpMint, Fault::Status(403), 1);
    emulator.fault(Route::McpMint, Fault::ToolError("No seats left.".to_owned()), 1);
    emulator.fault(Route::McpMint, Fault::RpcError(-32603, "Internal error".to_owned()), 1);
    emulator.fault(Route::McpMint, Fault::HandsOut(token.clone()), 1);
    assert_eq!(session.done("list_api_tokens", json!({}))["tokens"].as_array().unwrap().len(), 1);
    let scope = mint();
    scope.is_error(403);
    assert!(scope.header("www-authenticate").unwrap().contains("scope=\"tokens:write\""));
    mint().is_error(403);
    let error = mint().json();
    assert_eq!((&error["result"]["isError"], &error["id"]), (&json!(true), &json!(7)));
    let error = mint().json();
    assert_eq!((&error["error"]["code"], &error["id"]), (&json!(-32603), &json!(7)));
    assert_eq!(mint().json()["result"]["structuredContent"]["token"], token);
    assert_eq!(emulator.issued().len(), 1);
    assert!(mint().json()["result"]["structuredContent"]["token"].is_string());
    assert_eq!(emulator.issued().len(), 2);
}

#[test]
fn a_mint_may_lose_its_answer_whole_or_half() {
    let emulator = Emulator::start();
    let session = session(&emulator);
    let message = json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "create_api_token", "arguments": { "name": "lost" } },
    });
    let headers = "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n";
    let request = session.request("POST", headers, &message.to_string());
    emulator.fault(Route::McpMint, Fault::ResetAfterDoing, 1);
    let error = exchange(&emulator, request.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    for streams in [false, true] {
        emulator.streams(streams);
        emulator.fault(Route::McpMint, Fault::Half, 1);
        let half = Answer::of(&exchange(&emulator, request.as_bytes()).unwrap());
        let promised: usize = half.header("content-length").unwrap().parse().unwrap();
        assert_eq!((half.status, half.body.len()), (200, promised / 2));
    }
    assert_eq!(emulator.issued().iter().filter(|token| token.live && token.name == "lost").count(), 3);
}

#[test]
fn a_session_may_be_lost_and_begun_again() {
    let emulator = Emulator::start();
    let session = session(&emulator);
    emulator.fault(Route::McpList, Fault::SessionLost, 1);
    for _ in 0..2 {
        let lost = session.call("tools/call", json!({ "name": "list_api_tokens" }));
        assert_eq!((lost.status, &lost.json()["error"]["code"]), (404, &json!(-32001)));
    }
    Session::begin(&emulator, &session.bearer).done("list_api_tokens", json!({}));
}

#[test]
fn every_byte_that_came_is_kept() {
    let (emulator, token) = with_token();
    let session = session(&emulator);
    session.done("revoke_api_token", json!({ "token_id": id(&token) }));
    let last = emulator.requests().pop().unwrap();
    assert_eq!((last.route(), last.status), (Route::McpRevoke, Some(200)));
    assert_eq!(
        (last.bearer(), last.header("mcp-session-id")),
        (Some(session.bearer.as_str()), Some(session.id.as_str()))
    );
    let said: Value = serde_json::from_str(&last.body).unwrap();
    assert_eq!(said["params"]["arguments"], json!({ "token_id": id(&token) }));
}
