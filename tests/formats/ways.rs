//! How tests name the way from a file to what was found in it.

use crate::support::program::Run;
use serde_json::Value;

/// The way to a finding: the file and the names of what it is in, from outside to inside.
pub fn way(finding: &Value) -> String {
    let layers = finding["layers"].as_array().unwrap().iter();
    let names = layers.map(|layer| layer["name"].as_str().unwrap()).filter(|name| !name.is_empty());
    let path = finding["location"]["path"].as_str().unwrap();
    std::iter::once(path).chain(names).collect::<Vec<_>>().join(" → ")
}

/// The ways to all findings of a run, sorted.
#[track_caller]
pub fn ways(run: &Run) -> Vec<String> {
    let mut ways: Vec<String> = run.findings().iter().map(way).collect();
    ways.sort();
    ways
}

/// The layers of a finding, as `kind name` each.
pub fn layers(finding: &Value) -> Vec<String> {
    let layer = |layer: &Value| {
        let text = |key: &str| layer[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("kind"), text("name")).trim_end().to_owned()
    };
    finding["layers"].as_array().unwrap().iter().map(layer).collect()
}
