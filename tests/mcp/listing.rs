//! What the list of tokens is good for.

use crate::browser::Person;
use crate::scene::Scene;
use crate::stand_in::ELSEWHERE;
use crate::stand_in::Sdk::{Python, TypeScript};
use crate::support::program::token;
use needs::needs;
use serde_json::json;

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn before_a_token_is_revoked_its_row_is_shown() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({}));
        let run = scene.run(&scene.revoke(), Person::Allows).code(0);
        let row = run.stderr.lines().find(|line| line.contains("website production")).expect("a row");
        for part in ["ann@example.com", "2026-03-01", "2026-06-30"] {
            assert!(row.contains(part), "no {part}: {row}");
        }
    }
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_token_of_another_workspace_is_said_to_be_one() {
    let scene = Scene::leaking(Python, &[0, Scene::FOREIGN], json!({}));
    let run =
        scene.run(&scene.revoke(), Person::Allows).code(1).says(&["another workspace owns it", "--resume"]);
    assert!(!scene.is_live(&token(0)) && scene.is_live(&token(Scene::FOREIGN)));
    scene.assert_nothing_lost(&run);
    let run = scene.resume(Person::AllowsWorkspace(ELSEWHERE)).code(0);
    scene.assert_done(&run);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn all_tokens_of_the_workspace_are_listed_and_nothing_is_changed() {
    for sdk in [Python, TypeScript] {
        let scene = Scene::new(sdk, json!({}));
        let args = ["--tokens", "--api", &scene.krea.api].map(str::to_owned);
        let run = scene.run(&args, Person::Allows).code(0).says(&["website production", "local experiments"]);
        assert!(!run.stdout.contains("their automation"), "{}", run.stdout);
        assert_eq!(scene.krea.calls("revoke_api_token") + scene.krea.calls("create_api_token"), 0);
        assert!(scene.krea.tokens().iter().all(|known| known.live));
    }
}
