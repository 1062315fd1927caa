//! Signing in: metadata, registration, the page, codes and tokens.

use super::client::{ask, jobs};
use super::person::{
    REDIRECT, Session, address, asked, but, challenge, exchanged, form, press, refresh, register, sent_back,
    sign_in, token,
};
use crate::support::browser;
use crate::support::emulator::{Emulator, Fault, Route};
use serde_json::json;
use std::time::Duration;

#[test]
fn metadata_lead_from_the_refusal_to_every_endpoint() {
    let emulator = Emulator::start();
    let refused = ask(&emulator, "POST", "/mcp", "", Some("{}"));
    refused.is_error(401);
    let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", emulator.api());
    assert_eq!(
        refused.header("www-authenticate"),
        Some(format!("Bearer resource_metadata=\"{metadata}\"").as_str())
    );
    let get = |path: &str| ask(&emulator, "GET", path, "", None).json();
    let resource = get(metadata.strip_prefix(&emulator.api()).unwrap());
    assert_eq!(resource, get("/.well-known/oauth-protected-resource"));
    assert_eq!(resource["resource"], emulator.mcp());
    assert_eq!(resource["authorization_servers"], json!([emulator.api()]));
    let server = get("/.well-known/oauth-authorization-server");
    assert_eq!(server["issuer"], emulator.api());
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    for name in ["authorization", "token", "registration", "revocation"] {
        let endpoint = server[format!("{name}_endpoint")].as_str().unwrap();
        let path = endpoint.strip_prefix(&emulator.api()).unwrap();
        assert_ne!(ask(&emulator, "POST", path, "", Some("")).status, 404, "{endpoint}");
    }
}

#[test]
fn other_methods_are_405_and_other_paths_404() {
    let emulator = Emulator::start();
    for path in ["/oauth/register", "/oauth/token", "/oauth/revoke", "/mcp"] {
        ask(&emulator, "GET", path, "", None).is_error(405);
    }
    ask(&emulator, "POST", "/.well-known/oauth-authorization-server", "", None).is_error(405);
    for path in ["/oauth", "/.well-known/oauth-protected-resource/x", "/.well-known/openid-configuration"] {
        ask(&emulator, "GET", path, "", None).is_error(404);
    }
}

#[test]
fn a_client_without_an_address_to_go_back_to_is_not_registered() {
    let emulator = Emulator::start();
    for body in ["", "[]", "{}", r#"{"redirect_uris":[]}"#, r#"{"redirect_uris":[7]}"#] {
        let answer = ask(&emulator, "POST", "/oauth/register", "", Some(body));
        assert_eq!(
            (answer.status, answer.json()),
            (400, json!({ "error": "invalid_redirect_uri" })),
            "{body}"
        );
    }
}

#[test]
fn the_page_says_who_asks_and_lets_a_workspace_be_picked() {
    let emulator = Emulator::start();
    let (client, resource, challenge) = (register(&emulator), emulator.mcp(), challenge());
    let page = browser::open(&address(&emulator, &asked(&client, &resource, &challenge)));
    assert_eq!(page.status, 200);
    for text in ["a &lt;test&gt;", REDIRECT, "<option>Shop</option>", "<option>Lab</option>", "Allow", "Deny"]
    {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
}

#[test]
fn nobody_is_sent_to_an_address_that_was_not_registered() {
    let emulator = Emulator::start();
    let (client, resource, challenge) = (register(&emulator), emulator.mcp(), challenge());
    let good = asked(&client, &resource, &challenge);
    for (name, value) in
        [("client_id", "client-9"), ("redirect_uri", "http://127.0.0.1:9/other"), ("redirect_uri", "")]
    {
        let address = address(&emulator, &but(&good, name, value));
        for page in [browser::open(&address), browser::press(&address, "workspace=Shop&consent=allow")] {
            assert_eq!((page.status, page.location), (400, None), "{name}");
        }
    }
    let twice = form(&good) + "&redirect_uri=http%3A%2F%2Fevil.example%2F";
    assert_eq!(browser::open(&format!("{}/oauth/authorize?{twice}", emulator.api())).status, 400);
}

#[test]
fn what_is_asked_for_wrongly_is_said_to_the_client() {
    let emulator = Emulator::start();
    let (client, resource, challenge) = (register(&emulator), emulator.mcp(), challenge());
    let good = asked(&client, &resource, &challenge);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("resource", "https://other.example/mcp", "invalid_target"),
    ] {
        let page = browser::open(&address(&emulator, &but(&good, name, value)));
        assert_eq!(page.status, 302, "{name}");
        assert_eq!(sent_back(&page, "error").as_deref(), Some(error), "{name}");
        assert_eq!(sent_back(&page, "state").as_deref(), Some("a state & more"), "{name}");
        assert_eq!(sent_back(&page, "code"), None, "{name}");
    }
}

#[test]
fn allow_gives_a_code_and_deny_none() {
    let emulator = Emulator::start();
    let (_, page) = press(&emulator, "workspace=Lab&consent=allow");
    assert_eq!(page.status, 302);
    assert!(sent_back(&page, "code").is_some() && sent_back(&page, "error").is_none());
    for page in [page, press(&emulator, "workspace=Lab&consent=deny").1] {
        assert_eq!(sent_back(&page, "state").as_deref(), Some("a state & more"));
        assert_eq!(sent_back(&page, "iss"), Some(emulator.api()));
    }
    let (_, page) = press(&emulator, "consent=deny");
    assert_eq!(sent_back(&page, "error").as_deref(), Some("access_denied"));
    assert_eq!(sent_back(&page, "code"), None);
    for button in ["", "consent=allow", "workspace=Moon&consent=allow", "workspace=Shop&consent=perhaps"] {
        assert_eq!(press(&emulator, button).1.status, 400, "{button}");
    }
    assert_eq!(emulator.sign_ins(), 0);
}

#[test]
fn a_code_is_good_once_and_for_whom_it_was_made() {
    let emulator = Emulator::start();
    let other = register(&emulator);
    let resource = emulator.mcp();
    for (name, value, error) in [
        ("grant_type", "password", "unsupported_grant_type"),
        ("client_id", "client-99", "invalid_client"),
        ("client_id", other.as_str(), "invalid_grant"),
        ("code", "code-x", "invalid_grant"),
        ("code_verifier", "another-verifier-that-is-long-enough-to-be-one-0123456789", "invalid_grant"),
        ("code_verifier", "short", "invalid_grant"),
        ("redirect_uri", "http://127.0.0.1:10/callback", "invalid_grant"),
        ("resource", "https://other.example/mcp", "invalid_target"),
    ] {
        let (client, page) = press(&emulator, "workspace=Shop&consent=allow");
        let code = sent_back(&page, "code").unwrap();
        let answer = token(&emulator, &but(&exchanged(&client, &code, &resource), name, value));
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": error })), "{name}={value}");
    }
    assert_eq!(emulator.sign_ins(), 0);
    let (client, page) = press(&emulator, "workspace=Shop&consent=allow");
    let code = sent_back(&page, "code").unwrap();
    let good = exchanged(&client, &code, &resource);
    let answer = token(&emulator, &good);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(
        (&answer.json()["token_type"], &answer.json()["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    assert_eq!(token(&emulator, &good).json(), json!({ "error": "invalid_grant" }));
    assert_eq!(emulator.sign_ins(), 1);
}

#[test]
fn an_access_token_is_taken_by_krea_too_until_it_expires() {
    let emulator = Emulator::start();
    let person = sign_in(&emulator, "Shop");
    assert_eq!(jobs(&emulator, "?limit=1", &person.access).status, 200);
    jobs(&emulator, "?limit=1", &person.refresh).is_error(401);
    emulator.fault(Route::Mcp, Fault::Expired, 1);
    let session = Session { emulator: &emulator, bearer: person.access.clone(), id: String::new() };
    for _ in 0..2 {
        let expired = session.call("initialize", json!({}));
        expired.is_error(401);
        assert!(expired.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    }
    jobs(&emulator, "?limit=1", &person.access).is_error(401);
    assert_eq!(emulator.sign_ins(), 1);
    assert_eq!(refresh(&emulator, &person.client, &person.refresh).status, 200);
}

#[test]
fn access_tokens_may_last_for_no_time() {
    let emulator = Emulator::start();
    emulator.access_lasts(Duration::ZERO);
    let person = sign_in(&emulator, "Shop");
    jobs(&emulator, "", &person.access).is_error(401);
    let refreshed = refresh(&emulator, &person.client, &person.refresh).json();
    assert_eq!(refreshed["expires_in"], 0);
}

#[test]
fn refreshing_rotates_and_a_spent_refresh_token_ends_the_sign_in() {
    let emulator = Emulator::start();
    let person = sign_in(&emulator, "Shop");
    let other = register(&emulator);
    assert_eq!(refresh(&emulator, &other, &person.refresh).json(), json!({ "error": "invalid_grant" }));
    let fresh = refresh(&emulator, &person.client, &person.refresh).json();
    jobs(&emulator, "", &person.access).is_error(401);
    let access = fresh["access_token"].as_str().unwrap();
    assert_eq!(jobs(&emulator, "", access).status, 200);
    assert_eq!(
        refresh(&emulator, &person.client, &person.refresh).json(),
        json!({ "error": "invalid_grant" })
    );
    assert_eq!(emulator.sign_ins(), 0);
    jobs(&emulator, "", access).is_error(401);
    let rotated = fresh["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&emulator, &person.client, rotated).json(), json!({ "error": "invalid_grant" }));
}

#[test]
fn signing_out_ends_the_sign_in_by_either_token() {
    let emulator = Emulator::start();
    let out = |client: &str, token: &str| {
        let body = form(&[("client_id", client), ("token", token)]);
        ask(&emulator, "POST", "/oauth/revoke", "", Some(&body)).status
    };
    for by_refresh in [false, true] {
        let person = sign_in(&emulator, "Shop");
        let token = if by_refresh { &person.refresh } else { &person.access };
        assert_eq!(out("client-99", token), 400);
        assert_eq!(out(&register(&emulator), token), 200);
        assert_eq!(emulator.sign_ins(), 1, "another client's");
        assert_eq!((out(&person.client, token), out(&person.client, token)), (200, 200));
        assert_eq!(emulator.sign_ins(), 0);
        jobs(&emulator, "", &person.access).is_error(401);
    }
}

#[test]
fn each_step_has_faults_of_its_own() {
    let emulator = Emulator::start();
    let get = |path: &str| ask(&emulator, "GET", path, "", None);
    emulator.fault(Route::ServerMetadata, Fault::Without("revocation_endpoint"), 1);
    emulator.fault(Route::ResourceMetadata, Fault::Status(500), 1);
    get("/.well-known/oauth-protected-resource/mcp").is_error(500);
    let path = "/.well-known/oauth-authorization-server";
    let lacking = get(path).json();
    assert!(lacking["token_endpoint"].is_string() && lacking.get("revocation_endpoint").is_none());
    assert!(get(path).json()["revocation_endpoint"].is_string());

    let other = Fault::SentBack { name: "state", value: "of another".to_owned() };
    emulator.fault(Route::Consent, other, 1);
    let (client, page) = press(&emulator, "workspace=Shop&consent=allow");
    assert_eq!(sent_back(&page, "state").as_deref(), Some("of another"));
    let code = sent_back(&page, "code").unwrap();
    emulator.fault(Route::Exchange, Fault::OAuthError("server_error".to_owned()), 1);
    let resource = emulator.mcp();
    let exchanged = exchanged(&client, &code, &resource);
    assert_eq!(token(&emulator, &exchanged).json(), json!({ "error": "server_error" }));
    let tokens = token(&emulator, &exchanged).json();
    emulator.fault(Route::Refresh, Fault::OAuthError("invalid_grant".to_owned()), 1);
    let refreshed = refresh(&emulator, &client, tokens["refresh_token"].as_str().unwrap());
    assert_eq!((refreshed.status, refreshed.json()), (400, json!({ "error": "invalid_grant" })));
    let routes: Vec<Route> = emulator.requests().iter().map(|request| request.route()).collect();
    assert_eq!(
        routes,
        [
            Route::ResourceMetadata,
            Route::ServerMetadata,
            Route::ServerMetadata,
            Route::Register,
            Route::Consent,
            Route::Exchange,
            Route::Exchange,
            Route::Refresh
        ]
    );
}
