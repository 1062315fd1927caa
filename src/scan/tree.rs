//! The working tree, standard input and pipes.

use super::context::{FileNames, ScanContext};
use super::file::FileScanner;
use super::known_tokens::Pass;
use super::less_sure::{self, LessSure};
use super::progress::Counter;
use super::reconcile::sibling_file::{self, SiblingFile};
use super::results::ScanResults;
use super::{Input, PassResult};
use crate::source::tree::{self, TreeVisitor, WalkedFile};
use krea_scan_bounds::limits::Limits;
use krea_scan_extract::container::Seekable;
use krea_scan_files::Incomplete;
use krea_scan_text::Layer;
use std::fs::File;
use std::io::{Read as _, Seek};
use std::path::Path;
use std::sync::Mutex;

/// The files below some paths.
pub struct TreeInput<'a> {
    pub options: tree::WalkOptions,
    /// Told of every file.
    pub counter: &'a Counter,
    /// How much may be unpacked from one file.
    pub limits: Limits,
    /// What is to be said of it.
    pub remarks: Vec<String>,
}

impl Input for TreeInput<'_> {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        let found = Mutex::new(ScanResults::default());
        let make =
            || TreeWorker { scanner: FileScanner::new(context), counter: self.counter, merged: &found };
        let walked = tree::walk(&self.options, make);
        let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let tree::Walked { incomplete, notes, left_out } = walked;
        let remarks = self.remarks.clone();
        Ok(PassResult { found, incomplete, notes, remarks, left_out, ..PassResult::default() })
    }

    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        let open = |path: &str| Some(Box::new(self.options.open(path)?) as Box<dyn Seekable>);
        sibling_file::find(path, layers, reference, most, self.limits, open)
    }
}

struct TreeWorker<'a> {
    scanner: FileScanner<'a>,
    counter: &'a Counter,
    merged: &'a Mutex<ScanResults>,
}

impl TreeVisitor for TreeWorker<'_> {
    fn file(&mut self, entry: &WalkedFile<'_>, input: &mut File) -> std::io::Result<()> {
        let names = FileNames { shown: entry.shown, below: entry.below };
        let scanner = &mut self.scanner;
        let read = scanner.file(names, input)?;
        scanner.found.files += 1;
        scanner.found.bytes += read;
        self.counter.add(read);
        Ok(())
    }
}

impl Drop for TreeWorker<'_> {
    fn drop(&mut self) {
        if let Ok(mut merged) = self.merged.lock() {
            merged.merge(std::mem::take(&mut self.scanner.found));
        }
    }
}

/// Standard input, or a pipe that the shell made. It is kept while it is read, in memory up to a size and beyond that
/// in a temporary file without a name, so that a second pass can read it again.
pub struct Piped {
    name: String,
    spool: tempfile::SpooledTempFile,
    incomplete: Vec<Incomplete>,
    limits: Limits,
}

/// How standard input is called in reports.
const STDIN: &str = "<stdin>";
/// More than this goes to disk.
const MAX_IN_MEMORY: usize = 16 << 20;

impl Piped {
    /// Reads standard input to its end.
    pub fn stdin(max_size: Option<u64>, limits: Limits) -> Self {
        Self::read_all(STDIN, &mut std::io::stdin().lock(), max_size, limits)
    }

    /// Reads a PATH that is a pipe made by the shell, as `<(command)` is.
    pub fn path(path: &Path, max_size: Option<u64>, limits: Limits) -> std::io::Result<Self> {
        Ok(Self::read_all(&path.to_string_lossy(), &mut File::open(path)?, max_size, limits))
    }

    /// Whether a PATH is a pipe that the shell made. A pipe with a name of its own may never have a writer.
    pub fn is_made_by_shell(path: &Path) -> bool {
        let from_shell = ["/dev/fd", "/proc", "/dev/stdin"].iter().any(|dir| path.starts_with(dir));
        from_shell && std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    }

    fn read_all(name: &str, input: &mut dyn std::io::Read, max_size: Option<u64>, limits: Limits) -> Self {
        let mut piped = Piped {
            name: name.to_owned(),
            spool: tempfile::spooled_tempfile(MAX_IN_MEMORY),
            incomplete: Vec::new(),
            limits,
        };
        let most = max_size.unwrap_or(u64::MAX);
        match std::io::copy(&mut input.take(most.saturating_add(1)), &mut piped.spool) {
            Ok(length) if length > most => {
                // A file of this size would not be read either.
                piped.spool = tempfile::spooled_tempfile(0);
                piped.stopped(format!("is larger than --max-size ({most} bytes)"));
            }
            Ok(_) => {}
            Err(error) => piped.stopped(format!("broke off: {error}")),
        }
        piped
    }

    fn stopped(&mut self, reason: String) {
        self.incomplete.push(Incomplete { path: self.name.clone(), reason });
    }
}

impl Input for Piped {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        self.spool.rewind()?;
        let mut scanner = FileScanner::new(context);
        let names = FileNames { shown: &self.name, below: "" };
        let bytes = scanner.file(names, &mut self.spool)?;
        let mut found = scanner.found;
        found.files = 1;
        found.bytes += bytes;
        let mut remarks = Vec::new();
        if matches!(context.pass, Pass::Detect) && found.findings.is_empty() {
            let LessSure { remark, tokens } = less_sure::look(context, names, &mut self.spool, bytes)?;
            remarks.extend(remark);
            found.withheld.extend(tokens);
        }
        Ok(PassResult { found, incomplete: self.incomplete.clone(), remarks, ..PassResult::default() })
    }

    /// There is nothing beside it: a reference only leads from one file in it to another.
    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        let Piped { name, spool, limits, .. } = self;
        let mut once = Some(spool);
        let open = |path: &str| {
            let spool = once.take().filter(|_| path == name)?;
            spool.rewind().ok()?;
            Some(Box::new(spool) as Box<dyn Seekable + '_>)
        };
        sibling_file::find(path, layers, reference, most, *limits, open)
    }
}

/// Inputs that are read one after the other.
pub struct SeveralInputs<'a>(pub Vec<Box<dyn Input + 'a>>);

impl Input for SeveralInputs<'_> {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        let mut all = PassResult::default();
        for input in &mut self.0 {
            all.merge(input.read_pass(context)?);
        }
        Ok(all)
    }

    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        self.0.iter_mut().find_map(|input| input.sibling(path, layers, reference, most))
    }
}
