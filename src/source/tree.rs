//! The working tree: every file below some paths, in parallel.
//!
//! `.gitignore` is honoured as git does, which means that a file that git tracks is read although an ignore file
//! names it. `.krea-scan-ignore` is honoured for every file. Hidden files are read, `.git` is not. Links are not
//! followed unless asked. A file that is given by name is always read.

use crate::finding::Incomplete;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

/// The name of our own ignore files; `.gitignore`'s syntax.
pub const IGNORE_FILE: &str = ".krea-scan-ignore";

/// What to walk, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files and folders; empty means the current folder.
    pub paths: Vec<PathBuf>,
    /// Read everything: no ignore file counts, and `.git` is read.
    pub no_ignore: bool,
    /// Follow symbolic links.
    pub follow: bool,
    /// Do not read files above this size, in bytes.
    pub max_size: Option<u64>,
    /// Do not go deeper than this many folders.
    pub max_depth: Option<usize>,
    /// Worker threads.
    pub threads: usize,
}

/// A file to read.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The path as ripgrep prints it: PATH as it was given, and what is below it; `/` on every system.
    pub shown: &'a str,
    /// The path below the folder that was given; the file's name alone for a file that was given.
    pub below: &'a str,
    /// The path to open.
    pub path: &'a Path,
}

/// Receives files. Each worker thread has one of its own.
pub trait Visitor: Send {
    /// A file and its open handle.
    ///
    /// # Errors
    /// What reading it answers.
    fn file(&mut self, entry: &Entry<'_>, input: &mut dyn Read) -> io::Result<()>;
}

/// What a walk could not read.
#[derive(Debug, Default)]
pub struct Walked {
    /// Parts that were not read.
    pub incomplete: Vec<Incomplete>,
    /// What was passed over because it holds no bytes: pipes, sockets, devices.
    pub notes: Vec<String>,
}

/// Walks the paths and hands every file to one of the visitors.
pub fn walk<V: Visitor>(options: &Options, make: impl Fn() -> V + Sync) -> Walked {
    let walked = Mutex::new(Walked::default());
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    let here = [PathBuf::from("./")];
    let paths = if options.paths.is_empty() { &here[..] } else { &options.paths };
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folders.push(path),
            Ok(_) => files.push(path),
            Err(error) => note(&walked, path, &explain(&error)),
        }
    }
    let mut visitor = make();
    for path in files {
        let shown = shown(path);
        let below = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Err(error) = visit(options, &mut visitor, &Entry { shown: &shown, below: &below, path }, true)
        {
            note(&walked, path, &explain(&error));
        }
    }
    for root in folders {
        walk_folder(options, root, &make, &mut visitor, &walked);
    }
    drop(visitor);
    let mut walked = walked.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    walked.incomplete.sort();
    walked.incomplete.dedup();
    walked.notes.sort();
    walked
}

fn walk_folder<V: Visitor>(
    options: &Options,
    root: &Path,
    make: &(impl Fn() -> V + Sync),
    visitor: &mut V,
    walked: &Mutex<Walked>,
) {
    let tracked = if options.no_ignore { Vec::new() } else { tracked_files(root) };
    let seen: Mutex<HashSet<u64>> = Mutex::default();
    let mut builder = WalkBuilder::new(root);
    let honour = !options.no_ignore;
    builder
        .hidden(false)
        .ignore(false)
        .parents(honour)
        .git_ignore(honour)
        .git_exclude(honour)
        .git_global(honour)
        .follow_links(options.follow)
        .max_depth(options.max_depth)
        .threads(options.threads);
    if honour {
        builder.add_custom_ignore_filename(IGNORE_FILE);
        builder.filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git");
    }
    builder.build_parallel().run(|| {
        let mut worker = Worker { visitor: make(), seen: Vec::new(), all_seen: &seen };
        let (options, keep_track) = (options.clone(), !tracked.is_empty());
        Box::new(move |entry| {
            match entry {
                Ok(entry) => {
                    if keep_track {
                        worker.seen.push(hash(entry.path()));
                    }
                    if let Err(error) = visit_entry(&options, root, &mut worker.visitor, &entry, walked) {
                        note(walked, entry.path(), &explain(&error));
                    }
                }
                Err(error) => {
                    let (path, reason) = explain_walk(root, &error);
                    note(walked, &path, &reason);
                }
            }
            WalkState::Continue
        })
    });
    // Git does not ignore what it tracks, whatever an ignore file says.
    let seen = seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let ours = OwnIgnores::default();
    for path in tracked {
        let below = path.strip_prefix(root).unwrap_or(&path);
        let too_deep = options.max_depth.is_some_and(|most| below.components().count() > most);
        if too_deep || seen.contains(&hash(&path)) || ours.ignore(root, &path) {
            continue;
        }
        // Deleted, or a link: nothing of this tree.
        if !std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let (shown, below) = (shown(&path), slashed(below));
        if let Err(error) =
            visit(options, visitor, &Entry { shown: &shown, below: &below, path: &path }, false)
        {
            note(walked, &path, &explain(&error));
        }
    }
}

/// A thread's visitor, and the paths that it saw.
struct Worker<'a, V> {
    visitor: V,
    seen: Vec<u64>,
    all_seen: &'a Mutex<HashSet<u64>>,
}

impl<V> Drop for Worker<'_, V> {
    fn drop(&mut self) {
        if let Ok(mut all) = self.all_seen.lock() {
            all.extend(self.seen.drain(..));
        }
    }
}

fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.as_os_str().hash(&mut hasher);
    hasher.finish()
}

fn visit_entry<V: Visitor>(
    options: &Options,
    root: &Path,
    visitor: &mut V,
    entry: &DirEntry,
    walked: &Mutex<Walked>,
) -> io::Result<()> {
    let Some(kind) = entry.file_type() else { return Ok(()) };
    if kind.is_dir() || kind.is_symlink() {
        return Ok(());
    }
    if !kind.is_file() {
        if let Ok(mut walked) = walked.lock() {
            walked.notes.push(format!(
                "{}: holds no bytes to read (a pipe, a socket or a device)",
                shown(entry.path())
            ));
        }
        return Ok(());
    }
    let path = entry.path();
    let (shown, below) = (shown(path), slashed(path.strip_prefix(root).unwrap_or(path)));
    visit(options, visitor, &Entry { shown: &shown, below: &below, path }, false)
}

fn visit<V: Visitor>(options: &Options, visitor: &mut V, entry: &Entry<'_>, by_name: bool) -> io::Result<()> {
    if by_name {
        let metadata = std::fs::metadata(entry.path)?;
        // A pipe that the shell made (`<(command)`) has somebody at its other end; a named one may never have.
        let from_shell = ["/dev/fd", "/proc", "/dev/stdin"].iter().any(|dir| entry.path.starts_with(dir));
        if !metadata.is_file() && !from_shell {
            return Err(io::Error::other(
                "is a pipe, a socket or a device, not a file; pipe what it gives into `krea-scan --stdin`",
            ));
        }
    }
    let mut file = File::open(entry.path)?;
    if let Some(most) = options.max_size {
        let size = file.metadata()?.len();
        if size > most {
            return Err(io::Error::other(format!("is larger than --max-size ({size} bytes)")));
        }
    }
    visitor.file(entry, &mut file)
}

fn note(walked: &Mutex<Walked>, path: &Path, reason: &str) {
    if let Ok(mut walked) = walked.lock() {
        walked.incomplete.push(Incomplete { path: shown(path), reason: reason.to_owned() });
    }
}

/// An error in words that say what to do.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is not there, or went away while the scan ran".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read (permission denied)".to_owned(),
        _ => error.to_string(),
    }
}

fn explain_walk(root: &Path, error: &ignore::Error) -> (PathBuf, String) {
    match error {
        ignore::Error::WithPath { path, err } => (path.clone(), explain_walk(path, err).1),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            explain_walk(root, err)
        }
        ignore::Error::Loop { child, ancestor } => (
            child.clone(),
            format!("is a link that leads back to {}; what it leads to is read there", ancestor.display()),
        ),
        ignore::Error::Io(io) => (root.to_owned(), explain(io)),
        other => (root.to_owned(), other.to_string()),
    }
}

/// A path as ripgrep prints it: nothing before what is below the current folder when no path was given.
fn shown(path: &Path) -> String {
    let text = slashed(path);
    match text.strip_prefix("./") {
        // `./` is what stands for no path at all; a `.` that was given keeps its own prefix.
        Some(rest) if path.as_os_str().as_encoded_bytes().starts_with(b"./") && !rest.is_empty() => {
            rest.to_owned()
        }
        _ => text,
    }
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// The files below `root` that git tracks, when `root` is in a working tree.
fn tracked_files(root: &Path) -> Vec<PathBuf> {
    let Ok(repository) = git2::Repository::discover(root) else { return Vec::new() };
    let (Some(workdir), Ok(absolute)) = (repository.workdir(), root.canonicalize()) else {
        return Vec::new();
    };
    let Ok(prefix) = workdir
        .canonicalize()
        .and_then(|w| absolute.strip_prefix(&w).map(Path::to_owned).map_err(io::Error::other))
    else {
        return Vec::new();
    };
    let options = gix_index::decode::Options::default();
    let Ok(index) = gix_index::File::at(repository.path().join("index"), gix_hash::Kind::Sha1, true, options)
    else {
        return Vec::new();
    };
    index
        .entries()
        .iter()
        .filter(|entry| entry.mode.contains(gix_index::entry::Mode::FILE))
        .filter_map(|entry| {
            let path = PathBuf::from(String::from_utf8(entry.path(&index).to_vec()).ok()?);
            let below = path.strip_prefix(&prefix).ok()?;
            below.components().all(|c| matches!(c, Component::Normal(_))).then(|| root.join(below))
        })
        .collect()
}

/// Our own ignore files, for files that the walk did not come by.
#[derive(Default)]
struct OwnIgnores {
    by_folder: Mutex<std::collections::HashMap<PathBuf, Option<Gitignore>>>,
}

impl OwnIgnores {
    fn ignore(&self, root: &Path, path: &Path) -> bool {
        let Ok(mut known) = self.by_folder.lock() else { return false };
        path.ancestors().skip(1).take_while(|folder| folder.starts_with(root)).any(|folder| {
            let ignores = known.entry(folder.to_owned()).or_insert_with(|| {
                let file = folder.join(IGNORE_FILE);
                let mut builder = GitignoreBuilder::new(folder);
                (file.is_file() && builder.add(&file).is_none()).then(|| builder.build().ok()).flatten()
            });
            ignores.as_ref().is_some_and(|i| i.matched_path_or_any_parents(path, false).is_ignore())
        })
    }
}
