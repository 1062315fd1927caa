//! Bundles and maps in archives.

use super::{Map, at, bundle, original, source, via};
use crate::pack::zip;
use crate::support::Sandbox;
use ::zip::CompressionMethod::Deflated;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::io::Write;

/// A tar, gzipped, as `npm pack` makes them.
fn tgz(files: &[(&str, String)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn package() -> Vec<(&'static str, String)> {
    vec![
        ("package/dist/app.js", bundle(0, "") + "//# sourceMappingURL=app.js.map\n"),
        ("package/dist/app.js.map", Map::of(0).json()),
    ]
}

#[test]
fn a_packed_bundle_is_told_with_its_original() {
    let sandbox = Sandbox::empty();
    sandbox.write("x.tgz", tgz(&package()));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(at(&found), "x.tgz:2:25");
    let member = json!({"kind": "tar", "name": "package/dist/app.js", "line": 2, "column": 25});
    assert_eq!(
        found["layers"],
        json!([{"kind": "gzip", "name": ""}, member, source("package/src/krea.ts", 3, 12)])
    );
    let map = &found["via"][0]["layers"];
    assert_eq!((&map[1]["name"], &map[1]["line"]), (&json!("package/dist/app.js.map"), &json!(1)));
    assert_eq!(map[1]["column"], found["via"][0]["column"]);
    assert_eq!(map[2], source("package/src/krea.ts", 3, 12));
    assert_eq!(via(&found).len(), 1);
}

#[test]
fn an_original_in_the_archive_is_the_finding() {
    let mut files = package();
    files.push(("package/src/krea.ts", original(0)));
    let sandbox = Sandbox::empty();
    sandbox.write("x.tgz", tgz(&files));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!((&found["layers"][1]["name"], via(&found).len()), (&json!("package/src/krea.ts"), 2));
}

#[test]
fn an_original_in_the_tree_is_the_finding_and_another_archive_is_not() {
    let sandbox = Sandbox::empty();
    sandbox.write("x.tgz", tgz(&package()));
    sandbox.write("src/krea.ts", original(0));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!((at(&found).as_str(), via(&found).len()), ("src/krea.ts:3:12", 2));
    std::fs::remove_file(sandbox.root().join("src/krea.ts")).unwrap();
    sandbox.write("y.tgz", tgz(&[("package/src/krea.ts", original(0))]));
    assert_eq!(sandbox.jsonl::<&str>(&[]).code(1).findings().len(), 2);
}

#[test]
fn archives_in_archives_and_compressed_bundles_are_followed() {
    let sandbox = Sandbox::empty();
    sandbox.write("outer.zip", zip(&[("inner/x.tgz", &tgz(&package()))], Deflated));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(found["layers"].as_array().unwrap().last(), Some(&source("package/src/krea.ts", 3, 12)));
    assert_eq!(via(&found).len(), 1);

    let sandbox = Sandbox::empty();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bundle(0, "").as_bytes()).unwrap();
    sandbox.write("dist/app.js.gz", gz.finish().unwrap());
    sandbox.write("dist/app.js.map", Map::of(0).json());
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(
        found["layers"],
        json!([{"kind": "gzip", "name": "", "line": 2, "column": 25}, source("src/krea.ts", 3, 12)])
    );
    assert_eq!((at(&found).as_str(), via(&found).len()), ("dist/app.js.gz:2:25", 1));
}

#[test]
fn a_map_in_an_archive_that_is_larger_than_a_window_is_read_whole() {
    let filler = "const nothing = 'to see here';\n".repeat(1 << 17);
    let contents = json!([filler, original(1)]);
    let map =
        json!({"version": 3, "sources": ["a.ts", "src/b.ts"], "sourcesContent": contents, "mappings": ""});
    let sandbox = Sandbox::empty();
    sandbox.write("x.tgz", tgz(&[("package/app.js.map", map.to_string())]));
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(found["layers"][2], source("package/src/b.ts", 3, 12));
    let inline = format!("{filler}\n{}", bundle(0, ""));
    use base64::Engine as _;
    let url = base64::engine::general_purpose::STANDARD.encode(map.to_string());
    let inline = format!("{inline}//# sourceMappingURL=data:application/json;base64,{url}\n");
    sandbox.write("x.tgz", tgz(&[("package/app.js", inline)]));
    let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["layers"].as_array().unwrap().last(), Some(&source("package/src/b.ts", 3, 12)));
}

#[test]
fn many_bundles_in_one_archive_are_each_told_with_their_originals() {
    let mut files = Vec::new();
    for n in 0..40 {
        let map = Map { source: "../src/krea.ts", ..Map::of(n % 20) }.json();
        files.push((format!("package/{n}/dist/app.js"), bundle(n % 20, "")));
        files.push((format!("package/{n}/dist/app.js.map"), map));
    }
    let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let sandbox = Sandbox::empty();
    sandbox.write("x.tgz", tgz(&files));
    let found = sandbox.jsonl::<&str>(&[]).code(1).findings();
    assert_eq!(found.len(), 40);
    for found in &found {
        let member = found["layers"][1]["name"].as_str().unwrap();
        let name = member.replace("dist/app.js", "src/krea.ts");
        assert_eq!(found["layers"][2], source(&name, 3, 12));
        assert_eq!(via(found).len(), 1);
    }
}
