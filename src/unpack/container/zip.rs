//! zip, and what is a zip.

use super::{Seekable, Walk, layer};
use crate::unpack::limits::Metered;
use std::io;

/// Reads a zip.
pub fn read(walk: &mut Walk<'_>, input: &mut dyn Seekable) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(input)?;
    for at in 0..archive.len() {
        let member = archive.by_index(at)?;
        if member.is_file() {
            let name = String::from_utf8_lossy(member.name_raw()).into_owned();
            let mut metered = Metered::new(walk.budget, member);
            walk.member(layer("zip", &name), &name, &mut metered)?;
        }
    }
    Ok(())
}
