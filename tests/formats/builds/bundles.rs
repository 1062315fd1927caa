//! Bundles: the token is found once, where it is shipped, and the line of the source that put it there is named.

use super::*;

/// Fails unless a finding stands in a bundle, and a source map leads to a line of a source file.
#[track_caller]
fn leads_to(finding: &Value, bundle: &str, source: &str, text: &str) {
    let path = finding["location"]["path"].as_str().unwrap();
    assert!(path.contains(bundle), "{path} is not {bundle}");
    let map = finding["layers"].as_array().unwrap().iter().find(|layer| layer["kind"] == "source-map");
    let map = map.unwrap_or_else(|| panic!("no source map leads to the original: {finding}"));
    let name = source.split_once('/').unwrap().1;
    assert!(map["name"].as_str().unwrap().ends_with(name), "{map} does not name {name}");
    assert_eq!(map["line"], line_of(source, text), "{map}");
}

#[needs("target/made/builds")]
#[test]
fn vite_with_its_map_beside_it_inline_and_hidden() {
    for (name, bundle) in [
        ("leaky/vite", "assets/index-"),
        ("leaky/vite-inline", "assets/index-"),
        ("leaky/vite-hidden", "assets/index-"),
    ] {
        let finding = only(name, 0);
        leads_to(&finding, bundle, "web/src/krea.ts", "VITE_KREA_API_KEY");
    }
}

#[needs("target/made/builds")]
#[test]
fn esbuild_with_its_map_beside_it_and_inline() {
    for name in ["leaky/esbuild", "leaky/esbuild-inline"] {
        let finding = only(name, 1);
        leads_to(&finding, "main.js", "web/src/krea.ts", "VITE_KREA_API_KEY");
    }
}

#[needs("target/made/builds")]
#[test]
fn webpack_with_its_map_beside_it_and_hidden() {
    for name in ["leaky/webpack", "leaky/webpack-hidden"] {
        let finding = only(name, 2);
        // The minifier folds the variable into the header; the map leads to one of the two.
        let map = finding["layers"].as_array().unwrap().iter().find(|layer| layer["kind"] == "source-map");
        let map = map.unwrap_or_else(|| panic!("no source map leads to the original: {finding}"));
        assert!(map["name"].as_str().unwrap().ends_with("src/client.ts"), "{map}");
        let lines = ["process.env.REACT_APP_KREA_API_KEY", "Authorization"]
            .map(|text| line_of("web/src/client.ts", text));
        assert!(lines.contains(&map["line"].as_u64().unwrap()), "{map}");
    }
}

#[needs("target/made/builds")]
#[test]
fn a_token_that_stands_in_a_source_is_reported_once_with_its_place_in_the_source() {
    let finding = only("leaky/literal", 3);
    let map = &finding["layers"][0];
    // The build writes the token over the variable in a copy of the sources.
    assert!(map["name"].as_str().unwrap().ends_with("literal/client.ts"), "{finding}");
    assert_eq!(map["line"], line_of("web/src/client.ts", "process.env.REACT_APP_KREA_API_KEY"));
    let path = finding["location"]["path"].as_str().unwrap();
    assert!(path.ends_with("plain.js"), "{path}");
    let via = finding["via"][0]["path"].as_str().unwrap_or_default();
    assert!(via.ends_with("plain.js.map"), "the map is named as another place: {finding}");
}

#[needs("target/made/builds")]
#[test]
fn next_ships_its_public_variable_in_a_chunk() {
    let folder = build("leaky/next");
    let run = scan(&folder).code(1);
    assert_eq!(run.incomplete(), "");
    let findings = run.findings();
    let chunks: Vec<&Value> = findings.iter().filter(|finding| is(finding, 4)).collect();
    assert_eq!(chunks.len(), 1, "{}", run.stdout);
    is_token(chunks[0], 4);
    leads_to(chunks[0], "_next/static/chunks/app/page-", "next/lib/krea.js", "NEXT_PUBLIC_KREA_API_KEY");
}

#[needs("target/made/builds")]
#[test]
fn next_ships_what_a_server_component_hands_on_in_the_page_s_payload() {
    let places = places_in_next(5);
    assert_eq!(places, ["index.html", "index.txt"]);
}

#[needs("target/made/builds")]
#[test]
fn next_ships_the_properties_of_a_page_in_its_next_data() {
    let places = places_in_next(6);
    assert_eq!(places, ["settings.html", "settings.json"]);
}

/// The files in which Next.js ships token number `n`.
fn places_in_next(n: u64) -> Vec<String> {
    let run = scan(&build("leaky/next")).code(1);
    let of_token = run.findings().into_iter().filter(|finding| is(finding, n));
    let mut files: Vec<String> = of_token
        .map(|finding| {
            is_token(&finding, n);
            let path = finding["location"]["path"].as_str().unwrap().to_owned();
            path.rsplit('/').next().unwrap().to_owned()
        })
        .collect();
    files.sort();
    files.dedup();
    files
}

fn is(finding: &Value, n: u64) -> bool {
    finding["token"]["id_prefix"] == token(n)[..8]
}

#[needs("target/made/builds")]
#[test]
fn what_npm_packs_names_the_member_and_the_source() {
    let finding = only("leaky/packed", 1);
    leads_to(&finding, "pictures-1.0.0.tgz", "web/src/krea.ts", "VITE_KREA_API_KEY");
    assert_eq!(layers(&finding)[..2], ["gzip", "tar package/dist/main.js"]);
}

#[needs("target/made/builds")]
#[test]
fn what_asar_packs_names_the_member_and_the_source() {
    let finding = only("leaky/asar", 0);
    leads_to(&finding, "app.asar", "web/src/krea.ts", "VITE_KREA_API_KEY");
    let member = &layers(&finding)[0];
    assert!(member.starts_with("asar assets/index-") && member.ends_with(".js"), "{member}");
}
