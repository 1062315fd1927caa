//! What tells that a zip is an office document or a book.

use crate::container::zip::directory::{ZipEnd, ZipEntry};
use crate::container::zip::locate::decoder;
use crate::container::{Seekable, Walk};
use krea_scan_bounds::read_error::{PackedSize, Unpacked};
use std::collections::HashMap;
use std::io::{self, Read};

/// More files than this are not read as text.
const MAX_FILES: usize = 50_000;
/// The names of these are not longer than this together, in bytes.
const MAX_NAMES: usize = 8 << 20;
/// How much of a file says what kind of package it is in, in bytes.
const MAX_SAID: u64 = 1 << 20;

/// An office document or a book.
pub struct Package {
    pub(super) entries: Vec<ZipEntry>,
    /// Where in these a file is, by its path.
    pub(super) paths: HashMap<String, usize>,
    /// There are more files than are kept.
    pub(super) is_cut: bool,
}

impl Package {
    /// What a zip is, if it is an office document or a book.
    pub fn of(walk: &Walk<'_>, input: &mut dyn Seekable, list: &ZipEnd) -> io::Result<Option<Self>> {
        // Two files tell. Nearly every zip has neither, and its list is only looked through.
        if !list.mentions(input, &["[Content_Types].xml", "mimetype"])? {
            return Ok(None);
        }
        let (mut package, mut entries) =
            (Package { entries: Vec::new(), paths: HashMap::new(), is_cut: false }, list.entries());
        let (mut is_office, mut names) = (false, 0);
        while let Some(mut entry) = entries.next(input)? {
            if matches!(entry.name.as_str(), "[Content_Types].xml" | "mimetype") && !entry.is_encrypted() {
                is_office |= says_office(walk, input, list, &entry)?;
            }
            if is_xml(&entry.name) && entry.packed > 0 && !entry.is_encrypted() {
                names += entry.name.len();
                if package.entries.len() >= MAX_FILES || names > MAX_NAMES {
                    package.is_cut = true;
                    break;
                }
                entry.comment = String::new();
                package.paths.insert(entry.name.clone(), package.entries.len());
                package.entries.push(entry);
            }
        }
        Ok(is_office.then_some(package))
    }
}

/// Whether a file that tells what a package is says that it is one of these.
fn says_office(
    walk: &Walk<'_>,
    input: &mut dyn Seekable,
    list: &ZipEnd,
    entry: &ZipEntry,
) -> io::Result<bool> {
    let mut text = Vec::new();
    if let Some(mut input) = decoder(input, entry, list.before)? {
        // What is wrong with it is told when it is read as any member.
        drop(
            Unpacked::new(walk.budget, 0, PackedSize::Known(entry.packed), &mut input)
                .take(MAX_SAID)
                .read_to_end(&mut text),
        );
    }
    let has = |what: &str| memchr::memmem::find(&text, what.as_bytes()).is_some();
    Ok(match entry.name.as_str() {
        "mimetype" => {
            text.starts_with(b"application/vnd.oasis.opendocument") || text.starts_with(b"application/epub")
        }
        _ => has("officedocument") || has("vnd.ms-excel") || has("vnd.ms-word") || has("vnd.ms-powerpoint"),
    })
}

/// Whether a file in a package is XML, by its name.
pub fn is_xml(name: &str) -> bool {
    let ending = name.rsplit(['.', '/']).next().unwrap_or_default();
    ["xml", "rels", "xhtml", "html", "htm", "opf", "ncx"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}
