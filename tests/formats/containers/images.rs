//! Container images: their layers, and what their configuration says.

use crate::pack::{gzip, sh, tar};
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::{way, ways};
use needs::needs;
use serde_json::json;
use std::fs;

fn config() -> String {
    json!({
        "architecture": "amd64",
        "config": {
            "Env": ["PATH=/usr/bin", "NODE_ENV=production", leak(1).trim()],
            "Labels": { "org.krea.api_key": token(2), "maintainer": "somebody" },
            "Cmd": ["node", "server.js"],
        },
        "created": "2026-07-01T00:00:00Z",
        "history": [
            { "created_by": "/bin/sh -c #(nop) ADD file:00 in / " },
            { "created_by": format!("|1 KREA_API_KEY={} /bin/sh -c npm run build", token(3)) },
        ],
        "os": "linux",
        "rootfs": { "type": "layers", "diff_ids": ["sha256:00"] },
    })
    .to_string()
}

#[needs("zstd")]
#[test]
fn what_docker_save_writes() {
    let sandbox = Sandbox::empty();
    let layer = tar(&[("app/.env", leak(4).as_bytes()), ("app/.wh.old", b"")]);
    let manifest = r#"[{"Config":"blobs/sha256/c0","RepoTags":["app:1"],"Layers":["blobs/sha256/a1"]}]"#;
    let zstd = {
        let path = sandbox.root().join("layer.tar");
        fs::write(&path, &layer).unwrap();
        sh(&sandbox, "zstd -q --rm layer.tar");
        fs::read(path.with_extension("tar.zst")).unwrap()
    };
    for layer in [layer.clone(), gzip(&layer), zstd] {
        let image = tar(&[
            ("blobs/sha256/a1", &layer),
            ("blobs/sha256/c0", config().as_bytes()),
            ("manifest.json", manifest.as_bytes()),
        ]);
        sandbox.write("image.tar", image);
        let run = sandbox.jsonl(&["image.tar"]).code(1);
        assert_eq!(
            ways(&run),
            [
                "image.tar → blobs/sha256/a1 → app/.env",
                "image.tar → blobs/sha256/c0 → config.Env[2]",
                "image.tar → blobs/sha256/c0 → config.Labels[\"org.krea.api_key\"]",
                "image.tar → blobs/sha256/c0 → history[1].created_by",
            ]
        );
        assert_eq!(run.incomplete(), "");
        let in_env = run.findings().into_iter().find(|f| way(f).ends_with("Env[2]")).unwrap();
        assert_eq!((&in_env["location"]["line"], &in_env["location"]["column"]), (&1.into(), &14.into()));
        assert_eq!(in_env["layers"][1]["kind"], "image-config");
        assert_eq!(in_env["context"], "KREA_API_KEY");
    }
}

#[test]
fn an_oci_layout_in_a_folder() {
    let sandbox = Sandbox::empty();
    fs::create_dir_all(sandbox.root().join("blobs/sha256")).unwrap();
    sandbox.write("blobs/sha256/a1", gzip(&tar(&[("app/.env", leak(4).as_bytes())])));
    sandbox.write("blobs/sha256/c0", config());
    let ways = ways(&sandbox.jsonl(&["."]).code(1));
    assert_eq!(ways[0], "./blobs/sha256/a1 → app/.env");
    assert_eq!(ways[1], "./blobs/sha256/c0 → config.Env[2]");
    assert_eq!(ways.len(), 4);
}

#[test]
fn json_that_only_looks_like_an_image_is_read_as_json() {
    let sandbox = Sandbox::empty();
    let json = json!({ "architecture": "amd64", "config": { "KREA_API_KEY": token(1) } }).to_string();
    sandbox.write("a.json", &json);
    sandbox.write("a.tgz", gzip(&tar(&[("a.json", json.as_bytes())])));
    // One that is too large to be one.
    let large = format!("{}{}", json.trim_end_matches('}'), " ".repeat(3 << 20));
    sandbox.write("b.tgz", gzip(&tar(&[("b.json", large.as_bytes())])));
    let run = sandbox.jsonl(&["a.json", "a.tgz", "b.tgz"]).code(1);
    assert_eq!(ways(&run), ["a.json", "a.tgz → a.json", "b.tgz → b.json"]);
    let at = json.find(&token(1)).unwrap() + 1;
    assert!(run.findings().iter().all(|finding| finding["location"]["column"] == at));
}
