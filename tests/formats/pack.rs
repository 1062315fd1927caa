//! Makes archives, with the tools that people make them with.

use crate::support::Sandbox;
use std::io::Write;

/// Runs a program in the working tree.
#[track_caller]
pub fn run_tool(sandbox: &Sandbox, program: &str, args: &[&str]) {
    let output = sandbox.command(program, sandbox.root()).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a line of shell in the working tree.
#[track_caller]
pub fn sh(sandbox: &Sandbox, line: &str) {
    run_tool(sandbox, "bash", &["-ec", line]);
}

/// A zip with these members, stored or deflated.
pub fn zip(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A tar with these members.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

/// gzip.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(content).unwrap();
    gzip.finish().unwrap()
}

/// An asar with these members, as `@electron/asar` writes one.
pub fn asar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut files, mut bytes) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, content) in members {
        let mut folder = &mut files;
        let (folders, name) = name.rsplit_once('/').map_or(("", *name), |(folders, name)| (folders, name));
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            let below = folder.entry(part).or_insert_with(|| serde_json::json!({ "files": {} }));
            folder = below["files"].as_object_mut().unwrap();
        }
        let integrity = serde_json::json!({ "algorithm": "SHA256", "blocks": ["00"] });
        let size = content.len();
        let file =
            serde_json::json!({ "size": size, "integrity": integrity, "offset": bytes.len().to_string() });
        folder.insert(name.to_owned(), file);
        bytes.extend(*content);
    }
    files.insert("link".to_owned(), serde_json::json!({ "link": "app/main.js" }));
    files.insert("native.node".to_owned(), serde_json::json!({ "size": 9, "unpacked": true }));
    let header = serde_json::json!({ "files": files }).to_string();
    let padded = header.len().div_ceil(4) * 4;
    let mut asar = Vec::new();
    for word in [4, 8 + padded, 4 + padded, header.len()] {
        asar.extend(u32::try_from(word).unwrap().to_le_bytes());
    }
    asar.extend(header.as_bytes());
    asar.resize(16 + padded, 0);
    asar.extend(bytes);
    asar
}
