//! The working tree and standard input.

use super::file::{FileScanner, Found, Names, Pass};
use super::progress::Counter;
use super::{Input, Read};
use crate::detect::Detector;
use crate::finding::{Confidence, Incomplete};
use crate::source::reader::WindowReader;
use crate::source::tree::{self, Entry, Visitor};
use std::io::{Read as _, Seek};
use std::sync::Mutex;

/// The files below some paths.
pub struct Tree<'a> {
    /// What to walk.
    pub options: tree::Options,
    /// Told of every file.
    pub counter: &'a Counter,
}

impl Input for Tree<'_> {
    fn read(&mut self, detector: &Detector, pass: Pass<'_>, least: Confidence) -> anyhow::Result<Read> {
        let found = Mutex::new(Found::default());
        let make = || Worker {
            scanner: FileScanner::new(detector, pass, least),
            reader: WindowReader::default(),
            counter: self.counter,
            merged: &found,
        };
        let walked = tree::walk(&self.options, make);
        let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(Read { found, blobs: 0, incomplete: walked.incomplete, notes: walked.notes })
    }
}

struct Worker<'a> {
    scanner: FileScanner<'a>,
    reader: WindowReader,
    counter: &'a Counter,
    merged: &'a Mutex<Found>,
}

impl Visitor for Worker<'_> {
    fn file(&mut self, entry: &Entry<'_>, input: &mut dyn std::io::Read) -> std::io::Result<()> {
        let names = Names { shown: entry.shown, below: entry.below };
        let scanner = &mut self.scanner;
        let read = self.reader.read(input, |window| scanner.window(names, window))?;
        scanner.found.files += 1;
        scanner.found.bytes += read;
        self.counter.add(read);
        Ok(())
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        if let Ok(mut merged) = self.merged.lock() {
            merged.merge(std::mem::take(&mut self.scanner.found));
        }
    }
}

/// Standard input. It is kept while it is read, in memory up to a size and beyond that in a temporary file without
/// a name, so that a second pass can read it again.
pub struct Stdin {
    spool: tempfile::SpooledTempFile,
    incomplete: Vec<Incomplete>,
}

/// How standard input is called in reports.
const STDIN: &str = "<stdin>";
/// More than this goes to disk.
const MAX_IN_MEMORY: usize = 16 << 20;

impl Stdin {
    /// Reads standard input to its end.
    pub fn read_all() -> std::io::Result<Self> {
        let mut spool = tempfile::spooled_tempfile(MAX_IN_MEMORY);
        let mut incomplete = Vec::new();
        if let Err(error) = std::io::copy(&mut std::io::stdin().lock(), &mut spool) {
            incomplete.push(Incomplete { path: STDIN.to_owned(), reason: format!("broke off: {error}") });
        }
        Ok(Stdin { spool, incomplete })
    }
}

impl Input for Stdin {
    fn read(&mut self, detector: &Detector, pass: Pass<'_>, least: Confidence) -> anyhow::Result<Read> {
        self.spool.rewind()?;
        let mut scanner = FileScanner::new(detector, pass, least);
        let names = Names { shown: STDIN, below: "" };
        let input: &mut dyn std::io::Read = &mut self.spool.by_ref();
        let bytes = WindowReader::default().read(input, |window| scanner.window(names, window))?;
        let mut found = scanner.found;
        (found.files, found.bytes) = (1, bytes);
        Ok(Read { found, blobs: 0, incomplete: self.incomplete.clone(), notes: Vec::new() })
    }
}
