//! tar.

use super::{Walk, layer};
use std::io::{self, Read};

/// Reads a tar.
pub fn read(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    for entry in tar::Archive::new(input).entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() {
            walk.member(layer("tar", &name), &name, &mut entry)?;
        }
    }
    Ok(())
}
