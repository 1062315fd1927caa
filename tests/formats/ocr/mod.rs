//! The text in pictures, read by the real tesseract from what a real Chromium showed, and what happens when it is not there,
//! hangs or is given too much.
//!
//! `.ci/screenshots` renders the pictures.

#[cfg(unix)]
mod fake;
mod real;
mod shares;

use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder of the screenshots.
fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots")
}

/// What the screenshots of a folder show: their names, and the number of the token where there is one.
fn manifest(folder: &Path, kind: &str) -> Vec<(String, Option<u64>)> {
    let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    let pictures: Vec<Value> = serde_json::from_str(&text).unwrap();
    let picture = |picture: &Value| (picture["name"].as_str().unwrap().to_owned(), picture["token"].as_u64());
    pictures.iter().map(picture).filter(|(name, _)| name.starts_with(kind)).collect()
}
