//! Names of files: those of bundles, and those that source maps give.

use super::sibling_file;
use krea_scan_extract::source_map;

/// A name without query and without the ending of a compressed file.
pub fn unpacked(name: &str) -> &str {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    let endings = [".gz", ".br", ".zst", ".xz", ".bz2"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Whether a file's name says that a build may have made it.
pub fn is_built(name: &str) -> bool {
    let name = unpacked(name);
    [".js", ".mjs", ".cjs", ".jsx", ".css", ".bundle"].iter().any(|ending| name.ends_with(ending))
}

/// What a source is called in reports: its path as seen from the file of the map (in a container: from the member), where
/// its name is a path; otherwise the path in its name.
pub fn source_shown(map: &str, name: &str) -> String {
    let path = source_map::path(name);
    let normal = sibling_file::resolve("", path);
    let path = normal.as_deref().map_or(path, source_map::path);
    let from_map = if map.contains("://") { None } else { sibling_file::resolve(map, name) };
    match from_map {
        Some(resolved) => resolved,
        None if path.is_empty() => "a source without a name".to_owned(),
        None if name.starts_with('/') || name.starts_with("file:///") => format!("/{path}"),
        None => path.to_owned(),
    }
}
