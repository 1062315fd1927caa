//! Tools of many schemas: done, or refused in words that say what to configure, and then done.

use crate::browser::Person;
use crate::scene::Scene;
use crate::stand_in::Sdk::{self, Python, TypeScript};
use needs::needs;
use serde_json::json;

/// The tools are understood as they are.
#[track_caller]
fn understood(sdk: Sdk, variant: &str) -> Scene {
    let scene = Scene::new(sdk, json!({ "variant": variant }));
    let run = scene.run(&scene.revoke(), Person::Allows).code(0);
    scene.assert_done(&run);
    scene
}

/// The tools are not understood: nothing is revoked, and what is said names these. With these lines in the configuration
/// it is done.
#[track_caller]
fn refused_until(sdk: Sdk, variant: &str, says: &[&str], lines: &str) {
    let scene = Scene::new(sdk, json!({ "variant": variant }));
    let run = scene.run(&scene.revoke(), Person::Allows).code(1).says(says).says(&["--resume"]);
    assert!(scene.leaked.iter().all(|token| scene.is_live(token)), "revoked after all");
    scene.assert_nothing_lost(&run);
    scene.configure(lines);
    let run = scene.resume(Person::Allows).code(0);
    scene.assert_done(&run);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn names_with_underscores_and_structured_content() {
    understood(Python, "plain");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn json_in_a_text_and_no_schema_of_it() {
    understood(Python, "unstructured");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn nothing_is_required_and_one_property_means_it() {
    understood(Python, "optional");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn one_tool_and_one_row_at_a_time() {
    let scene = understood(Python, "paged");
    // Three live rows of the workspace before anything is revoked.
    assert!(scene.krea.calls("list_api_tokens") >= 3);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn camel_case_inside_an_object() {
    understood(TypeScript, "plain");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn camel_case() {
    understood(TypeScript, "camel");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn structured_content_inside_objects() {
    understood(TypeScript, "structured");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_token_stands_in_a_sentence() {
    understood(TypeScript, "sentence");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_token_is_the_whole_answer() {
    understood(TypeScript, "alone");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_answer_is_a_block_of_code_in_a_text() {
    understood(TypeScript, "fenced");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn no_tool_lists() {
    understood(TypeScript, "no-list");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn a_choice_is_required() {
    let lines = "[krea_mcp.mint]\narguments = { scope = 'read' }\n[krea_mcp.revoke]\narguments = { reason = 'leaked' }";
    refused_until(Python, "enum", &["reason", "leaked", "[krea_mcp.revoke]", "arguments"], lines);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn more_than_one_text_is_required() {
    let lines = "[krea_mcp.mint]\narguments = { description = 'a replacement' }\n[krea_mcp.revoke]\narguments = { note = 'leaked' }";
    refused_until(Python, "several", &["note", "[krea_mcp.revoke]", "arguments"], lines);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn one_of_two_schemas() {
    let lines = "[krea_mcp.revoke]\nid = 'token_id'";
    refused_until(Python, "one-of", &["oneOf", "[krea_mcp.revoke]", "id ="], lines);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn two_properties_mean_an_id() {
    let lines = "[krea_mcp.revoke]\nid = 'token_id'";
    refused_until(Python, "two-ids", &["token_id", "[krea_mcp.revoke]", "id ="], lines);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_id_lies_two_objects_deep() {
    understood(TypeScript, "deep");
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn the_tools_have_other_names() {
    let lines = "[krea_mcp.mint]\ntool = 'keys.create'\n[krea_mcp.list]\ntool = 'keys.list'\n[krea_mcp.revoke]\ntool = 'keys.delete'";
    refused_until(TypeScript, "renamed", &["revoke_api_token", "[krea_mcp.revoke]", "tool ="], lines);
}

#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn of_two_texts_with_a_tokens_shape_krea_takes_one() {
    understood(TypeScript, "two-tokens");
}

/// The leaked tokens die; which of the two is the replacement, nobody can tell from the answer. None is left over, and
/// somebody else's is neither stored nor revoked.
#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn of_two_texts_with_a_tokens_shape_krea_takes_both() {
    let scene = Scene::new(TypeScript, json!({ "variant": "two-live" }));
    let run = scene.run(&scene.revoke(), Person::Allows).code(1).says(&["--resume"]);
    assert!(scene.leaked.iter().all(|token| !scene.is_live(token)));
    assert_eq!(scene.stored(), [""; 0]);
    scene.assert_nothing_lost(&run);
}

/// A server may ask its client for a text, for what a model says, and for folders.
#[needs("node", "setsid", "target/made/mcp")]
#[test]
fn nothing_that_the_server_asks_for_is_given() {
    let scene = understood(TypeScript, "asks");
    let refused = scene.krea.requests().iter().filter(|it| it.body.contains("-32601")).count();
    assert!(refused >= 3, "{refused}");
}
