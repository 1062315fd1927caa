//! One file: its text, the texts in it, and what is told of all of them together.

mod comment;
mod inside;
mod name;
mod sources;
mod text;
mod views;

pub use views::{FileViews, Role, Sighting, View};

use super::context::{FileNames, ScanContext};
use super::known_tokens::Pass;
use super::reconcile;
use super::results::ScanResults;
use crate::source::reader::{self, WindowReader};
use inside::Inside;
use krea_scan_bounds::limits::Exceeded;
use krea_scan_bounds::memory_permit::memory_permit;
use krea_scan_bounds::work::{self, FileWork};
use krea_scan_extract::container::{self, ContainerKind, PackedParts, Relation, Scope, Seekable};
use krea_scan_extract::source_map;
use krea_scan_files::Incomplete;
use std::io::{self, Cursor as Bytes, Read};
use text::{Text, TextScan};

/// Scans files one after the other.
#[derive(Debug)]
pub struct FileScanner<'a> {
    /// How files are looked at.
    pub context: ScanContext<'a>,
    /// What it came by.
    pub found: ScanResults,
    reader: WindowReader,
    /// What was seen in the file that is being scanned.
    views: FileViews,
}

impl<'a> FileScanner<'a> {
    pub fn new(context: ScanContext<'a>) -> Self {
        FileScanner {
            context,
            found: ScanResults::default(),
            reader: WindowReader::default(),
            views: FileViews::default(),
        }
    }

    /// Scans a file, and what is in it. Gives its size in bytes.
    ///
    /// # Errors
    /// What reading it answers; all that was read before is scanned.
    pub fn file(&mut self, names: FileNames<'_>, input: &mut dyn Seekable) -> io::Result<u64> {
        let work = self.begin();
        self.name(names);
        self.views.open(Role::Scope(Scope::File));
        let read = self.read(names, input, &work);
        self.views.close();
        self.end(names, &work);
        read
    }

    /// Scans bytes that are in memory, as one file.
    pub fn bytes(&mut self, names: FileNames<'_>, bytes: &[u8]) {
        let kind = ContainerKind::of(bytes, names.below).filter(|kind| kind.may_hold(bytes));
        if kind.is_some() || ContainerKind::may_hold_packed_parts(bytes) {
            // Reading from memory does not fail.
            return drop(self.file(names, &mut Bytes::new(bytes)));
        }
        let work = self.begin();
        work.reads(bytes.len());
        self.name(names);
        let mut scan = TextScan::new(self.context, Text::of_file(names), &mut self.found, &mut self.views);
        reader::windows(bytes, |window| scan.window(window));
        if scan.has_sources() && bytes.len() > reader::WINDOW {
            scan.sources(bytes);
        }
        scan.close();
        self.end(names, &work);
    }

    /// Begins with a file.
    fn begin(&self) -> FileWork {
        work::begin(self.context.limits.work, matches!(self.context.pass, Pass::Sweep(_)))
    }

    /// Settles what is told of a file that was read, and tells if it took too long to read all of it.
    fn end(&mut self, names: FileNames<'_>, work: &FileWork) {
        let slow = work.was_over().then(|| format!("{}; what came before was read", Exceeded::Work));
        let unlisted = self.views.unlisted();
        if !unlisted.is_empty() {
            self.found.full.insert(names.shown.to_owned());
        }
        for reason in slow.into_iter().chain(unlisted) {
            self.found.incomplete.push(Incomplete { path: names.shown.to_owned(), reason });
        }
        reconcile::one_file(&mut self.views, &mut self.found);
    }

    fn name(&mut self, names: FileNames<'_>) {
        name::scan_name(self.context, names, &[], &mut self.found, &mut self.views);
    }

    fn read(&mut self, names: FileNames<'_>, input: &mut dyn Seekable, work: &FileWork) -> io::Result<u64> {
        let (mut kind, mut packed) = (None, None);
        let mut scan = TextScan::new(self.context, Text::of_file(names), &mut self.found, &mut self.views);
        let read = self.reader.read(input, |window| {
            work.reads(window.new_bytes().len());
            if window.offset == 0 {
                let whole = window.to == usize::MAX;
                kind = ContainerKind::of(window.bytes, names.below);
                kind = kind.filter(|kind| !whole || kind.may_hold(window.bytes));
                scan.relates(Relation::of(kind));
                let may_hold = kind.is_none_or(ContainerKind::is_picture)
                    && ContainerKind::may_hold_packed_parts(window.bytes);
                packed = may_hold.then(|| PackedParts::of(kind));
            }
            packed.iter_mut().for_each(|parts| parts.look(window.bytes, window.offset));
            scan.window(window);
        });
        let behind = packed.as_ref().filter(|_| read.is_ok()).and_then(|_| ContainerKind::behind(input));
        let parts = packed.filter(|parts| behind.is_none() && !parts.is_empty());
        if behind.is_some() || parts.is_some() {
            scan.is_packed_after_all();
        }
        let read = read.and_then(|size| match scan.has_sources() && size > reader::WINDOW as u64 {
            true => large_file(&mut scan, input, size).map(|()| size),
            false => Ok(size),
        });
        scan.close();
        let size = read?;
        let (limits, ocr) = (self.context.limits, self.context.ocr);
        let mut inside = Inside { scanner: self, outer: names };
        for kind in kind.into_iter().chain(behind) {
            container::walk(kind, names.below, input, size, limits, ocr, &mut inside);
        }
        if let Some(parts) = parts {
            container::walk_parts(&parts, input, size, limits, ocr, &mut inside);
        }
        Ok(size)
    }
}

/// Looks into the source maps of a file that does not fit a window.
fn large_file(scan: &mut TextScan<'_, '_>, input: &mut dyn Seekable, size: u64) -> io::Result<()> {
    if size > source_map::MAX_MAP_BYTES {
        scan.too_large();
        return Ok(());
    }
    let _permit = memory_permit();
    let mut bytes = Vec::with_capacity(size as usize);
    input.rewind()?;
    input.take(size).read_to_end(&mut bytes)?;
    scan.sources(&bytes);
    Ok(())
}
