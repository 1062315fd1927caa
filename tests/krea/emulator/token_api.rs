//! The token API: the default shape, and one that has to be configured.

use super::client::{ask, id, jobs, token_api, with_token};
use crate::support::emulator::Emulator;
use crate::support::tokens::{self, Alphabet};
use serde_json::json;

#[test]
fn a_token_is_revoked_once() {
    let (emulator, token) = with_token();
    let path = format!("/{}", id(&token));
    let answer = token_api(&emulator, "DELETE", &path, None);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("content-length"), None);
    jobs(&emulator, "", &token).is_error(401);
    token_api(&emulator, "DELETE", &path, None).is_error(404);
}

#[test]
fn an_unknown_id_is_404_and_a_tokens_text_is_no_id() {
    let (emulator, token) = with_token();
    token_api(&emulator, "DELETE", &format!("/{}", tokens::uuid(9)), None).is_error(404);
    token_api(&emulator, "DELETE", &format!("/{token}"), None).is_error(404);
    token_api(&emulator, "DELETE", "/%ff", None).is_error(400);
    assert!(emulator.is_live(&token));
}

#[test]
fn an_id_may_be_percent_encoded() {
    let emulator = Emulator::start();
    let token = format!("team/ops:{}", tokens::secret(Alphabet::Base62, 1));
    emulator.issue(&token, "odd");
    assert_eq!(token_api(&emulator, "DELETE", "/team%2Fops", None).status, 204);
    assert!(!emulator.is_live(&token));
}

#[test]
fn a_minted_token_is_live_at_once() {
    let emulator = Emulator::start();
    let answer = token_api(&emulator, "POST", "", Some(r#"{"name":"website production"}"#));
    assert_eq!(answer.status, 201);
    let minted = answer.json();
    let token = minted["token"].as_str().unwrap();
    assert_eq!(minted["id"], id(token));
    assert_eq!(jobs(&emulator, "", token).status, 200);
    let issued = &emulator.issued()[0];
    assert_eq!((issued.name.as_str(), issued.token.as_str()), ("website production", token));
    assert!(issued.live && issued.minted);
    assert_eq!(token_api(&emulator, "DELETE", &format!("/{}", id(token)), None).status, 204);
    assert!(!emulator.issued()[0].live);
}

#[test]
fn minted_tokens_differ_and_each_run_mints_the_same() {
    let mint = || {
        let emulator = Emulator::start();
        for _ in 0..3 {
            token_api(&emulator, "POST", "", Some(r#"{"name":"same"}"#));
        }
        emulator.issued().into_iter().map(|issued| issued.token).collect::<Vec<_>>()
    };
    let mut minted = mint();
    assert_eq!(minted, mint());
    minted.dedup();
    assert_eq!(minted.len(), 3);
    assert!(!minted.contains(&tokens::pair(Alphabet::Base62, 0)));
}

#[test]
fn a_name_is_required() {
    let emulator = Emulator::start();
    for body in ["", "{}", r#"{"name":""}"#, r#"{"name":7}"#, "[]", "\"name\"", "name=x", "{\"name\":\"x\""] {
        token_api(&emulator, "POST", "", Some(body)).is_error(400);
    }
    token_api(&emulator, "POST", "", None).is_error(400);
    assert_eq!(emulator.issued(), []);
}

#[test]
fn nothing_is_done_without_the_credential() {
    let (emulator, token) = with_token();
    for bearer in ["", "wrong", token.as_str()] {
        ask(&emulator, "DELETE", &format!("/v1/tokens/{}", id(&token)), bearer, None).is_error(401);
        ask(&emulator, "POST", "/v1/tokens", bearer, Some(r#"{"name":"x"}"#)).is_error(401);
        ask(&emulator, "POST", "/gateway/revoke", bearer, Some("{}")).is_error(401);
        ask(&emulator, "PUT", "/gateway/keys", bearer, Some(r#"{"label":"x"}"#)).is_error(401);
    }
    assert!(emulator.is_live(&token));
    assert_eq!(emulator.issued().len(), 1);
}

#[test]
fn the_gateway_says_the_same_in_another_shape() {
    let (emulator, token) = with_token();
    assert_eq!(emulator.gateway(), format!("{}/gateway", emulator.api()));
    let call = |method: &str, path: &str, body: String| {
        ask(&emulator, method, &format!("/gateway{path}"), Emulator::CREDENTIAL, Some(&body))
    };
    let key = json!({ "key": id(&token) }).to_string();
    let revoked = call("POST", "/revoke", key.clone());
    assert_eq!((revoked.status, revoked.json()), (200, json!({ "ok": true })));
    assert!(!emulator.is_live(&token));
    call("POST", "/revoke", key).is_error(404);
    call("POST", "/revoke", json!({ "id": id(&token) }).to_string()).is_error(400);
    let minted = call("PUT", "/keys", json!({ "label": "new" }).to_string());
    assert_eq!(minted.status, 200);
    let minted = minted.json();
    let minted = &minted["data"]["key"];
    let value = minted["value"].as_str().unwrap();
    assert_eq!(minted["id"], id(value));
    assert!(emulator.is_live(value));
    call("PUT", "/keys", json!({ "name": "new" }).to_string()).is_error(400);
    call("POST", "", "{}".to_owned()).is_error(404);
}
