//! PDF (ISO 32000-2): what its pages say, and all else that it holds: notes, links, form fields, attachments, metadata,
//! bookmarks, scripts, and what earlier versions of the document said.

mod pages;
mod pictures;
mod rest;

use super::super::{Seekable, Walk};
use krea_scan_bounds::read_error::ReadError;
use krea_scan_pdf::crypt::Locked;
use krea_scan_pdf::file::PdfFile;
use memchr::memmem;
use std::io::{self, Read, SeekFrom};

/// A PDF starts with this, somewhere in its first kilobyte.
const MAGIC: &[u8] = b"%PDF-";
/// A larger file is not read, in bytes: its objects point to each other all over it.
const MAX_FILE: u64 = 104 << 20;
/// What the list of its objects takes at most, in bytes.
const MAX_LIST: u64 = 32 << 20;

const LOCKED: &str = "is encrypted with a password; save a copy without one (qpdf --password=… --decrypt IN.pdf OUT.pdf) \
                      and scan that";
const FOREIGN: &str = "is encrypted in a way that is not known here; open it where it may be opened, print it to a new PDF \
                       and scan that";
const TOO_LARGE: &str = "is a PDF of more than 104 MB, whose packed text was not read; split it (qpdf --split-pages=100 \
                         IN.pdf OUT.pdf) and scan the parts";
const EMPTY: &str = "is damaged: no object of a PDF is in it";

/// Whether a file is a PDF, by its first bytes.
pub fn is(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
        || (head.len() > 64 && memmem::find(head, MAGIC).is_some_and(|at| is_header(&head[at + 5..])))
}

/// Whether a version stands behind the magic that does not come first, so that a text about PDF is none.
fn is_header(version: &[u8]) -> bool {
    matches!(version, [b'1', b'.', b'0'..=b'7', b'\r' | b'\n', ..] | [b'2', b'.', b'0', b'\r' | b'\n', ..])
}

/// Reads a PDF. `name` is its own.
pub fn read_pdf(walk: &mut Walk<'_>, name: &str, input: &mut dyn Seekable) -> io::Result<()> {
    let size = input.seek(SeekFrom::End(0))?;
    if size > MAX_FILE {
        walk.unread(TOO_LARGE);
        return Ok(());
    }
    let (memory, budget) = (walk.memory, walk.budget);
    let _held = memory.take(size + (size / 2).min(MAX_LIST))?;
    input.rewind()?;
    let mut data = Vec::with_capacity(size as usize);
    input.take(size).read_to_end(&mut data)?;
    let mut file = PdfFile::read(&data, walk.level(), budget)?;
    if file.entries.is_empty() {
        // Something else may speak of PDF near its start.
        if data.starts_with(MAGIC) {
            walk.unread(EMPTY);
        }
        return Ok(());
    }
    if let Err(locked) = file.unlock() {
        walk.unread(if locked == Locked::Password { LOCKED } else { FOREIGN });
        return Ok(());
    }
    file.open_object_streams()?;
    let seen = pages::read_pages(walk, &file, name)?;
    rest::read_other_objects(walk, &file, name, seen)?;
    if let Some(reason) = damage(&file, &data) {
        return Err(ReadError::new(reason).into());
    }
    Ok(())
}

/// What is missing of a file, if anything is.
fn damage(file: &PdfFile<'_>, data: &[u8]) -> Option<String> {
    // A file that is made for the web says first how long it is.
    let first = file.object_at(0);
    let length = first
        .dict()
        .filter(|dict| dict.get("Linearized").number().is_some())
        .map(|dict| file.get(dict.get("L")));
    let missing = length.and_then(|length| length.count()?.checked_sub(data.len()));
    match missing.filter(|&missing| missing > 0) {
        Some(missing) => Some(format!("is cut short: {missing} bytes are missing")),
        None => {
            file.ends_in_stream().then(|| "is cut short: the end of its last stream is missing".to_owned())
        }
    }
}
