//! Source maps of a deployed site: what is found in a bundle is named by its original.

use crate::leak;
use crate::scan;
use crate::server::{Reply, Server};
use crate::support::program::token;

/// A bundle of one line, and its map: all of the line is the second line of `src/config.ts`.
fn bundle() -> (String, String) {
    let bundle = format!("let a=1;{}", leak(1).trim_end());
    let original = format!("// settings\n{}", leak(1));
    let map = serde_json::json!({
        "version": 3, "file": "a.js", "sources": ["../src/config.ts"], "sourcesContent": [original],
        // The eighth column of the bundle is the start of the second line of the original.
        "names": [], "mappings": "QACA",
    });
    (bundle, map.to_string())
}

#[test]
fn a_bundles_finding_is_at_its_original_and_once() {
    let (bundle, map) = bundle();
    let commented = format!("{bundle}\n//# sourceMappingURL=../maps/a.js.map");
    for (bundle, header, map_at) in [
        (commented.as_str(), None, "/maps/a.js.map"),
        (&bundle, Some("../maps/a.map"), "/maps/a.map"),
        (&bundle, None, "/js/a.js.map"),
    ] {
        let mut script = Reply::file("/a.js", bundle);
        if let Some(header) = header {
            script = script.with("SourceMap", header);
        }
        let server = Server::replies(vec![
            ("/", Reply::file("/", "<script src='/js/a.js?v=2'></script>")),
            ("/js/a.js", script),
            (map_at, Reply::file("/a.map", &map)),
        ]);
        let run = scan(&server, &[]).code(1);
        let finding = run.only();
        assert_eq!(finding["location"]["path"], server.url("/js/a.js?v=2"), "{map_at}: {}", run.stdout);
        let layer = &finding["layers"][0];
        assert_eq!((&layer["kind"], &layer["line"]), (&"source-map".into(), &2.into()), "{finding}");
        assert!(layer["name"].as_str().unwrap().ends_with("src/config.ts"), "{finding}");
    }
}

#[test]
fn a_map_alone_names_its_original() {
    let (_, map) = bundle();
    let server = Server::with(&[
        ("/", "<script src=/a.js></script>"),
        ("/a.js", "let a=1\n//# sourceMappingURL=a.js.map"),
        ("/a.js.map", &map),
    ]);
    let finding = scan(&server, &[]).code(1).only();
    assert_eq!(finding["location"]["path"], server.url("/a.js.map"));
    assert!(finding["layers"][0]["name"].as_str().unwrap().ends_with("src/config.ts"), "{finding}");
}

#[test]
fn a_header_of_a_script_is_not_looked_up_in_its_map() {
    let (bundle, map) = bundle();
    let server = Server::replies(vec![
        ("/", Reply::file("/", "<script src=/a.js></script>")),
        ("/a.js", Reply::file("/a.js", bundle).with("X-Krea-Key", token(2))),
        ("/a.js.map", Reply::file("/a.js.map", map)),
    ]);
    let findings = scan(&server, &[]).code(1).findings();
    let layers: Vec<_> =
        findings.iter().map(|finding| finding["layers"][0]["kind"].as_str().unwrap()).collect();
    assert_eq!(layers, ["header", "source-map"]);
    assert_eq!(findings[0]["layers"].as_array().unwrap().len(), 1);
}
