//! The working tree: every file below some paths, in parallel.
//!
//! `.gitignore` is honoured as git does, which means that a file that git tracks is read although an ignore file
//! names it. `.krea-scan-ignore` is honoured for every file. Hidden files are read, `.git` is not. Links are not
//! followed unless asked. A file that a person gives by name is always read.

use crate::allowance::{Ignored, LeftOut};
use ignore::{DirEntry, WalkBuilder, WalkState};
use krea_scan_files::{self as files, Incomplete, ScannedTrees};
use krea_scan_git::ignores::{IgnoreFolder, IgnoreVerdict, Ignores, Kinds, PathIgnores};
use krea_scan_git::repository;
use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Debug, Default)]
pub struct WalkOptions {
    /// Files and folders; empty means the current folder.
    pub paths: Vec<PathBuf>,
    /// The trees that the paths are in.
    pub trees: ScannedTrees,
    /// Which ignore files count.
    pub ignores: Kinds,
    /// Our own count for files that are given by name as well: it was no person who named them.
    pub ignores_named: bool,
    /// Files that are read elsewhere, by the paths that lead to them from a PATH.
    pub passed_over: HashSet<PathBuf>,
    /// Read `.git` as well.
    pub reads_git: bool,
    /// Follow symbolic links.
    pub follow: bool,
    /// Do not read files above this size, in bytes.
    pub max_size: Option<u64>,
    /// Do not go deeper than this many folders.
    pub max_depth: Option<usize>,
    pub threads: usize,
}

impl WalkOptions {
    /// Opens a file that another one names, by its path as an [`WalkedFile`] shows it; `None` when it is not below a PATH
    /// that was given (for a file: not in its folder), also by way of a link, or is no file.
    pub fn open(&self, shown: &str) -> Option<File> {
        let real = Path::new(shown).canonicalize().ok()?;
        let is_below = |path: &Path| {
            let root = path.canonicalize().ok()?;
            let root = if root.is_file() { root.parent()? } else { &root };
            Some(real.starts_with(root))
        };
        let here = [PathBuf::from(".")];
        let paths = if self.paths.is_empty() { &here[..] } else { &self.paths };
        if !paths.iter().any(|path| is_below(path) == Some(true)) || !real.metadata().ok()?.is_file() {
            return None;
        }
        let file = File::open(&real).ok()?;
        let length = file.metadata().ok()?.len();
        self.max_size.is_none_or(|most| length <= most).then_some(file)
    }
}

/// A file to read.
#[derive(Debug)]
pub struct WalkedFile<'a> {
    /// The path as ripgrep prints it: PATH as it was given, and what is below it; `/` on every system.
    pub shown: &'a str,
    /// The path below the folder that was given; the file's name alone for a file that was given.
    pub below: &'a str,
    /// The path to open.
    pub path: &'a Path,
}

/// Receives files. Each worker thread has one of its own.
pub trait TreeVisitor: Send {
    /// A file and its open handle.
    ///
    /// # Errors
    /// What reading it answers.
    fn file(&mut self, entry: &WalkedFile<'_>, input: &mut File) -> io::Result<()>;
}

/// What a walk could not read.
#[derive(Debug, Default)]
pub struct Walked {
    /// Parts that were not read.
    pub incomplete: Vec<Incomplete>,
    /// What was passed over because it holds no bytes: pipes, sockets, devices.
    pub notes: Vec<String>,
    /// What ignore files name.
    pub left_out: LeftOut,
}

/// Walks the paths and hands every file to one of the visitors. A file that several of the paths lead to is read once.
pub fn walk<V: TreeVisitor>(options: &WalkOptions, make: impl Fn() -> V + Sync) -> Walked {
    let walked = Mutex::new(Walked::default());
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    let here = [PathBuf::from("./")];
    let paths = if options.paths.is_empty() { &here[..] } else { &options.paths };
    for path in paths.iter().filter(|path| !options.passed_over.contains(*path)) {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folders.push(path),
            Ok(_) => files.push(path),
            Err(error) => note(&walked, path, &explain(path, &error)),
        }
    }
    let walk = TreeWalk { options, visited: VisitedPaths::new(paths), walked: &walked };
    let mut visitor = make();
    let named = if options.ignores_named && options.ignores.own { walk.named() } else { None };
    for path in files {
        if let Some(by) = named
            .as_ref()
            .and_then(|(top, ignores)| ignores.leaves_out(files::named_place(path)?.strip_prefix(top).ok()?))
        {
            walk.leave_out(Ignored { path: slashed(path), by: slashed(&by) });
            continue;
        }
        let below = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if walk.visited.is_first(path, Path::new("")) {
            walk.told(
                path,
                walk.by_name(&mut visitor, &WalkedFile { shown: &slashed(path), below: &below, path }),
            );
        }
    }
    drop(visitor);
    if let Some((_, ignores)) = named {
        walk.tell_problems(ignores.take_problems());
    }
    for root in folders {
        walk.folder(root, &make);
    }
    let mut walked = walked.into_inner().unwrap_or_else(PoisonError::into_inner);
    walked.incomplete.sort();
    walked.incomplete.dedup();
    walked.notes.sort();
    walked
}

struct TreeWalk<'a> {
    options: &'a WalkOptions,
    visited: VisitedPaths,
    walked: &'a Mutex<Walked>,
}

impl TreeWalk<'_> {
    fn folder<V: TreeVisitor>(&self, root: &Path, make: &(impl Fn() -> V + Sync)) {
        let real = match root.canonicalize() {
            Ok(real) => real,
            Err(error) => return note(self.walked, root, &explain(root, &error)),
        };
        let kinds = self.options.ignores;
        let heeds = kinds.own || kinds.git;
        let real = &*real;
        let ignores = heeds.then(|| Ignores::below(&self.options.trees, kinds, real));
        let mut builder = WalkBuilder::new(root);
        builder
            // Ignore files are read here, with the care that strangers' files need.
            .standard_filters(false)
            .follow_links(self.options.follow)
            .max_depth(self.options.max_depth)
            .threads(self.options.threads);
        builder.build_parallel().run(|| {
            let mut visitor = make();
            let mut at = ignores.as_ref().map(|ignores| WalkPosition::top(ignores, root, real));
            Box::new(move |entry| {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.explain_walk(root, &error);
                        return WalkState::Continue;
                    }
                };
                if !self.options.reads_git && entry.depth() > 0 && entry.file_name() == ".git" {
                    return WalkState::Skip;
                }
                if let Some(by) = at.as_mut().filter(|_| entry.depth() > 0).and_then(|at| at.left_out(&entry))
                {
                    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                    let path = self.shown(entry.path()) + if is_folder { "/" } else { "" };
                    let by = by.strip_prefix(real).map_or(by.clone(), |below| root.join(below));
                    self.leave_out(Ignored { path, by: self.shown(&by) });
                    return WalkState::Skip;
                }
                if !self.options.passed_over.contains(entry.path()) {
                    self.told(entry.path(), self.entry(root, &mut visitor, &entry));
                }
                WalkState::Continue
            })
        });
        if let Some(ignores) = &ignores {
            self.tell_problems(ignores.take_problems());
        }
    }

    /// Our own ignore files of the repository that the current folder is in, and the folder that it begins at.
    fn named(&self) -> Option<(PathBuf, PathIgnores)> {
        let here = Path::new(".").canonicalize().ok()?;
        let top = repository::top_of(&here).unwrap_or(here);
        let ignores =
            PathIgnores::new(&self.options.trees, Kinds { git: false, ..self.options.ignores }, &top);
        Some((top, ignores))
    }

    fn leave_out(&self, ignored: Ignored) {
        if let Ok(mut walked) = self.walked.lock() {
            walked.left_out.add(ignored);
        }
    }

    fn tell_problems(&self, (incomplete, notes): (Vec<Incomplete>, Vec<String>)) {
        if let Ok(mut walked) = self.walked.lock() {
            walked.incomplete.extend(incomplete);
            walked.notes.extend(notes);
        }
    }

    /// What the walk came by.
    fn entry(&self, root: &Path, visitor: &mut impl TreeVisitor, entry: &DirEntry) -> io::Result<()> {
        let Some(kind) = entry.file_type() else { return Ok(()) };
        let path = entry.path();
        if kind.is_dir() {
            // The walk goes no deeper than this.
            if self.options.max_depth == Some(entry.depth()) && std::fs::read_dir(path)?.next().is_some() {
                return Err(io::Error::other("is not entered: --max-depth"));
            }
            return Ok(());
        }
        if kind.is_symlink() {
            return Ok(());
        }
        let below = path.strip_prefix(root).unwrap_or(path);
        if !kind.is_file() {
            let what = "holds no bytes to read (a pipe, a socket or a device)";
            self.remark(format!("{}: {what}", self.shown(path)));
            return Ok(());
        }
        if !self.visited.is_first(root, below) {
            return Ok(());
        }
        let (shown, below) = (self.shown(path), slashed(below));
        self.visit(visitor, &WalkedFile { shown: &shown, below: &below, path })
    }

    /// A file that was given as a PATH.
    fn by_name(&self, visitor: &mut impl TreeVisitor, entry: &WalkedFile<'_>) -> io::Result<()> {
        if !std::fs::metadata(entry.path)?.is_file() {
            return Err(io::Error::other(
                "is a pipe, a socket or a device, not a file; pipe what it gives into `krea-scan --stdin`",
            ));
        }
        self.visit(visitor, entry)
    }

    fn visit(&self, visitor: &mut impl TreeVisitor, entry: &WalkedFile<'_>) -> io::Result<()> {
        let mut file = File::open(entry.path)?;
        if let Some(most) = self.options.max_size {
            let size = file.metadata()?.len();
            if size > most {
                return Err(io::Error::other(format!("is larger than --max-size ({size} bytes)")));
            }
        }
        visitor.file(entry, &mut file)
    }

    /// A path as ripgrep prints it: nothing before what is below the current folder when no path was given.
    fn shown(&self, path: &Path) -> String {
        let text = slashed(path);
        match text.strip_prefix("./") {
            Some(rest) if self.options.paths.is_empty() && !rest.is_empty() => rest.to_owned(),
            _ => text,
        }
    }

    /// Notes what could not be read.
    fn told(&self, path: &Path, read: io::Result<()>) {
        if let Err(error) = read
            && let Ok(mut walked) = self.walked.lock()
        {
            let reason = explain(path, &error);
            walked.incomplete.push(Incomplete { path: self.shown(path), reason });
        }
    }

    fn remark(&self, text: String) {
        if let Ok(mut walked) = self.walked.lock() {
            walked.notes.push(text);
        }
    }

    fn explain_walk(&self, path: &Path, error: &ignore::Error) {
        match error {
            ignore::Error::WithPath { path, err } => self.explain_walk(path, err),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                self.explain_walk(path, err);
            }
            ignore::Error::Loop { child, ancestor } => self.remark(format!(
                "{}: is a link that leads back to {}; what it leads to is read there",
                self.shown(child),
                self.shown(ancestor)
            )),
            ignore::Error::Io(error) => {
                note(self.walked, Path::new(&self.shown(path)), &explain(path, error))
            }
            other => note(self.walked, Path::new(&self.shown(path)), &other.to_string()),
        }
    }
}

/// Sees to it that a file is read once when one PATH is another or lies below it. Costs nothing when none does.
struct VisitedPaths {
    seen: Option<Mutex<HashSet<u64>>>,
}

impl VisitedPaths {
    fn new(paths: &[PathBuf]) -> Self {
        let mut real: Vec<PathBuf> = paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
        real.sort();
        let overlap = real.windows(2).any(|pair| pair[1].starts_with(&pair[0]));
        VisitedPaths { seen: overlap.then(Mutex::default) }
    }

    /// Whether the file at `below`, seen from a PATH, was not met before. Links count as files of their own.
    fn is_first(&self, path: &Path, below: &Path) -> bool {
        let Some(seen) = &self.seen else { return true };
        let Ok(real) = path.canonicalize() else { return true };
        // Joined by its parts: an empty one would leave a slash behind.
        let real: PathBuf = real.components().chain(below.components()).collect();
        seen.lock().unwrap_or_else(PoisonError::into_inner).insert(hash(&real))
    }
}

/// Where a thread of a walk is: what is said of the folder whose entries it sees, which mostly come one after the other.
struct WalkPosition<'a> {
    ignores: &'a Ignores,
    root: &'a Path,
    real_root: &'a Path,
    /// The folder, as the walk names it, and without links.
    shown: PathBuf,
    real: PathBuf,
    folder: Arc<IgnoreFolder>,
}

impl<'a> WalkPosition<'a> {
    fn top(ignores: &'a Ignores, root: &'a Path, real: &'a Path) -> Self {
        let folder = ignores.of(real);
        WalkPosition { ignores, root, real_root: real, shown: root.to_owned(), real: real.to_owned(), folder }
    }

    /// The ignore file by which an entry is left out. Takes in what a folder says that is not.
    fn left_out(&mut self, entry: &DirEntry) -> Option<PathBuf> {
        let folder = entry.path().parent()?;
        if folder != self.shown {
            folder.clone_into(&mut self.shown);
            self.real = self.real_root.join(folder.strip_prefix(self.root).unwrap_or(folder));
            self.folder = self.ignores.of(&self.real);
        }
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        self.real.push(entry.file_name());
        let verdict = self.ignores.verdict(&self.folder, &self.real, is_folder);
        let left_out = match verdict {
            IgnoreVerdict::LeftOut(by) => Some(by),
            IgnoreVerdict::Read | IgnoreVerdict::TrackedOnly(_) => {
                if is_folder {
                    let by = if let IgnoreVerdict::TrackedOnly(by) = verdict { Some(by) } else { None };
                    self.ignores.enter(&self.folder, &self.real, by);
                }
                None
            }
        };
        self.real.pop();
        left_out
    }
}

fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.as_os_str().hash(&mut hasher);
    hasher.finish()
}

fn note(walked: &Mutex<Walked>, path: &Path, reason: &str) {
    if let Ok(mut walked) = walked.lock() {
        walked.incomplete.push(Incomplete { path: slashed(path), reason: reason.to_owned() });
    }
}

/// An error in words that say what to do.
fn explain(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => "is a link that leads nowhere".to_owned(),
        io::ErrorKind::NotFound => "is not there, or went away while the scan ran".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read (permission denied)".to_owned(),
        io::ErrorKind::InvalidFilename => {
            "its path is too long for the system; run krea-scan in a folder further down".to_owned()
        }
        _ => error.to_string(),
    }
}

/// A path as reports have it, with `/` on every system.
pub fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}
