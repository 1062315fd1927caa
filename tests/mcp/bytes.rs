//! Every byte that the servers got.

use crate::browser::{Person, client};
use crate::scene::{Scene, secret};
use crate::stand_in::Sdk::{Python, TypeScript};
use needs::needs;
use serde_json::json;

/// Where a credential may go.
const TAKES_CREDENTIALS: [&str; 4] = ["/mcp", "/jobs", "/token", "/revoke"];

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn nothing_but_ids_and_names_reaches_the_tools() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({}));
        let run = scene.run(&scene.revoke(), Person::Allows).code(0);
        scene.assert_done(&run);
        let known = scene.krea.tokens();
        let requests = scene.krea.requests();
        for request in requests.iter().filter(|request| request.path != "/jobs") {
            for known in &known {
                let secret = secret(&known.token);
                assert!(!request.whole.contains(secret), "{} got a secret half", request.path);
            }
        }
        for request in requests.iter().filter(|request| request.authorization.is_some()) {
            assert!(TAKES_CREDENTIALS.contains(&request.path.as_str()), "{}", request.path);
        }
        // Only one API token at a time is asked about, and no session's token is tried as one.
        let sessions: Vec<&str> = requests
            .iter()
            .filter(|request| request.path == "/mcp")
            .filter_map(|request| request.authorization.as_deref())
            .collect();
        let tried = requests.iter().filter(|request| request.path == "/jobs");
        assert!(tried.filter_map(|it| it.authorization.as_deref()).all(|it| !sessions.contains(&it)));
        assert_eq!(scene.krea.calls("revoke_api_token"), 2);
        assert_eq!(scene.krea.calls("create_api_token"), 2);
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_session_is_revoked_at_the_end() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({}));
        scene.run(&scene.revoke(), Person::Allows).code(0);
        let requests = scene.krea.requests();
        let last = requests.iter().rposition(|request| request.path == "/revoke").expect("a revocation");
        let calls = requests.iter().rposition(|request| request.tool().is_some()).unwrap();
        assert!(last > calls);
        // What it was is refused now.
        let bearer = requests.iter().find_map(|it| it.authorization.clone().filter(|_| it.path == "/mcp"));
        let address = format!("{}/mcp", scene.krea.api);
        let answer = client().post(address).header("authorization", bearer.unwrap()).send().unwrap();
        assert_eq!(answer.status(), 401, "{sdk:?}");
    }
}
