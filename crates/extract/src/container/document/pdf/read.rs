//! The file as a whole.

use super::{LOCKED, MAGIC, other_objects, pages};
use crate::container::{Seekable, Walk};
use krea_scan_bounds::read_error::ReadError;
use krea_scan_pdf::crypt::Locked;
use krea_scan_pdf::file::PdfFile;
use std::io::{self, Read, SeekFrom};

/// A larger file is not read, in bytes: its objects point to each other all over it.
const MAX_FILE: u64 = 104 << 20;
/// What the list of its objects takes at most, in bytes.
const MAX_LIST: u64 = 32 << 20;

const FOREIGN: &str = "is encrypted in a way that is not known here; open it where it may be opened, print it to a new PDF \
                       and scan that";
const TOO_LARGE: &str = "is a PDF of more than 104 MB, whose packed text was not read; split it (qpdf --split-pages=100 \
                         IN.pdf OUT.pdf) and scan the parts";
const EMPTY: &str = "is damaged: no object of a PDF is in it";

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
    other_objects::read_other_objects(walk, &file, name, seen)?;
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
