//! What is staged, and what a range of commits brings in.

use super::context::{FileNames, ScanContext};
use super::file::FileScanner;
use super::progress::Counter;
use super::reconcile::sibling_file::{self, SiblingFile};
use super::{Input, PassResult};
use crate::allowance::{Ignored, LeftOut};
use crate::finding::Finding;
use crate::source::index::{self, Staged};
use crate::source::range::{CommitChange, Range};
use gix_hash::ObjectId;
use krea_scan_bounds::limits::Limits;
use krea_scan_extract::container::{ContainerKind, Seekable};
use krea_scan_files::Incomplete;
use krea_scan_files::ScannedTrees;
use krea_scan_git::blobs::BlobAt;
use krea_scan_git::ignores::{Kinds, PathIgnores};
use krea_scan_git::index_file::IndexFile;
use krea_scan_git::lfs::Lfs;
use krea_scan_git::repository::Repository;
use krea_scan_git::trees::MAX_DEPTH;
use krea_scan_git::{GitOrigin, is_binary};
use krea_scan_text::Layer;
use krea_scan_token::Fingerprint;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where findings in commit messages are said to be.
pub const MESSAGES: &str = "commit-message";

/// How a repository's files are read.
#[derive(Clone, Copy)]
pub struct GitReading<'a> {
    /// Our own ignore files count.
    pub ignores: bool,
    /// The trees that they are in.
    pub trees: &'a ScannedTrees,
    /// Larger blobs are not read.
    pub max_size: Option<u64>,
    /// How much may be unpacked from one file.
    pub limits: Limits,
}

/// Our own ignore files in a repository's working tree, if they count.
pub struct ProjectIgnores(Option<PathIgnores>);

impl ProjectIgnores {
    pub fn of(repo: &Repository, reading: GitReading<'_>) -> Self {
        let top = on_disk(repo, "").canonicalize().ok().filter(|_| reading.ignores);
        ProjectIgnores(top.map(|top| PathIgnores::new(reading.trees, Kinds { own: true, git: false }, &top)))
    }

    /// A path of the repository, if one of them names it.
    pub fn ignored(&self, path: &str) -> Option<Ignored> {
        let by = self.0.as_ref()?.leaves_out(Path::new(path))?;
        Some(Ignored { path: path.to_owned(), by: by.display().to_string() })
    }

    /// Says which of them could not be used.
    pub fn tell(&self, read: &mut PassResult) {
        if let Some((incomplete, notes)) = self.0.as_ref().map(PathIgnores::take_problems) {
            read.incomplete.extend(incomplete);
            read.notes.extend(notes);
        }
    }
}

/// What `git commit` would commit.
pub struct Index<'a> {
    repo: Repository,
    staged: Staged,
    project_ignores: ProjectIgnores,
    counter: &'a Counter,
    max_size: Option<u64>,
    limits: Limits,
}

impl<'a> Index<'a> {
    /// Compares the index with HEAD.
    pub fn open(
        repo: Repository,
        reading: GitReading<'_>,
        counter: &'a Counter,
    ) -> Result<Self, index::IndexError> {
        let (staged, project_ignores) = (index::staged(&repo)?, ProjectIgnores::of(&repo, reading));
        let GitReading { max_size, limits, .. } = reading;
        Ok(Index { repo, staged, project_ignores, counter, max_size, limits })
    }
}

impl Input for Index<'_> {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        let ids = self.staged.blobs.iter().map(|blob| &blob.blob);
        let context = context.in_store(self.repo.objects()?.stored_bytes_of(ids));
        let mut blobs =
            GitBlobs::new(&self.repo, &self.project_ignores, context, self.max_size, self.counter);
        blobs.incomplete.extend(self.staged.incomplete.iter().cloned());
        let mut files = 0;
        for blob in &self.staged.blobs {
            let origin =
                || GitOrigin { blob: blob.blob.to_string(), path: blob.path.clone(), ..GitOrigin::default() };
            files += u64::from(blobs.scan(blob, own_names(blob), || Some(origin())));
        }
        let mut read = blobs.done();
        read.found.files = files;
        read.notes = self.staged.unmerged.iter().map(|path| conflict(path)).collect();
        self.project_ignores.tell(&mut read);
        Ok(read)
    }

    fn on_disk(&self, path: &str) -> PathBuf {
        on_disk(&self.repo, path)
    }

    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        let index = IndexFile::open(self.repo.index_path(), self.repo.hash()).ok()?;
        let index = RefCell::new(index);
        let open = |path: &str| blob(&self.repo, index.borrow_mut().id_at(path.as_bytes())?);
        sibling_file::find(path, layers, reference, most, self.limits, open)
    }
}

/// What the commits of a range brought in.
pub struct Commits<'a> {
    repo: Repository,
    range: Range,
    project_ignores: ProjectIgnores,
    counter: &'a Counter,
    max_size: Option<u64>,
    limits: Limits,
    /// Where a file's neighbours are.
    commit: Option<ObjectId>,
}

impl<'a> Commits<'a> {
    /// Takes a range of the repository's commits.
    pub fn new(repo: Repository, range: Range, reading: GitReading<'_>, counter: &'a Counter) -> Self {
        let (project_ignores, GitReading { max_size, limits, .. }) =
            (ProjectIgnores::of(&repo, reading), reading);
        Commits { repo, range, project_ignores, counter, max_size, limits, commit: None }
    }
}

impl Input for Commits<'_> {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        let context = context.in_store(self.repo.objects()?.stored_bytes());
        let mut blobs =
            GitBlobs::new(&self.repo, &self.project_ignores, context, self.max_size, self.counter);
        let mut walk = self.range.walk(&self.repo)?;
        let mut read = 0;
        while let Some(change) = walk.next() {
            let name = format!("{MESSAGES}/{}", change.id);
            let before = blobs.scanner.found.findings.len();
            blobs.scanner.bytes(FileNames { shown: &name, below: "" }, &change.message);
            blobs.scanner.found.bytes += change.message.len() as u64;
            for finding in &mut blobs.scanner.found.findings[before..] {
                finding.git = Some(walk.origin(&change, None));
            }
            for blob in &change.added {
                let before = blobs.scanner.found.findings.len();
                let origin = || Some(walk.origin(&change, Some(blob)));
                read += u64::from(blobs.scan(blob, own_names(blob), origin));
                blobs.drop_what_was_there(before, &change);
            }
        }
        blobs.incomplete.extend(walk.incomplete().iter().cloned());
        let (commits, repeated) = (walk.commits(), walk.repeated());
        let mut result = PassResult { blobs: read, ..blobs.done() };
        keep_first(&mut result.found.findings);
        result.notes.push(format!("{commits} commits brought in {read} blobs"));
        if repeated > 0 {
            result.notes.push(format!(
                "{repeated} folders are the same as others, which were read under many names: they were not read again"
            ));
        }
        if self.range.is_deletion() {
            let deleted = "the range is that of a deleted ref (zeros on its right): it brings nothing in";
            result.remarks.push(deleted.to_owned());
        }
        self.project_ignores.tell(&mut result);
        Ok(result)
    }

    fn on_disk(&self, path: &str) -> PathBuf {
        on_disk(&self.repo, path)
    }

    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        let commit = self.commit?;
        let open = |path: &str| in_commit(&self.repo, commit, path);
        sibling_file::find(path, layers, reference, most, self.limits, open)
    }

    fn look_in(&mut self, git: Option<&GitOrigin>) {
        self.commit = commit(git);
    }
}

/// The commit that brought a finding in.
pub fn commit(git: Option<&GitOrigin>) -> Option<ObjectId> {
    ObjectId::from_hex(git?.commit.as_deref()?.as_bytes()).ok()
}

/// The content of a file of a commit.
pub fn in_commit(repo: &Repository, commit: ObjectId, path: &str) -> Option<Box<dyn Seekable>> {
    let objects = repo.objects().ok()?;
    let tree = objects.commit(&commit).ok()?.tree;
    let (_, id) = objects.at_path(&tree, path.as_bytes()).ok()??;
    blob(repo, id)
}

/// A blob's content.
pub fn blob(repo: &Repository, id: ObjectId) -> Option<Box<dyn Seekable>> {
    let blob = repo.objects().ok()?.blob(&id).ok()?;
    Some(Box::new(Cursor::new(Arc::unwrap_or_clone(blob))))
}

/// Where a path of the repository is, or would be, on disk. No working tree holds what lies deeper than folders are followed, so
/// what is behind that is left out: nobody goes up a hundred thousand folders.
pub fn on_disk(repo: &Repository, path: &str) -> PathBuf {
    let end = path.match_indices('/').nth(MAX_DEPTH).map_or(path.len(), |(at, _)| at);
    repo.workdir().unwrap_or_else(|| repo.path()).join(&path[..end])
}

/// What is said of a path that several sides have changed.
pub fn conflict(path: &str) -> String {
    format!("{path}: has a conflict; all its sides were read")
}

/// A blob goes by its path in the repository.
fn own_names(blob: &BlobAt) -> FileNames<'_> {
    FileNames { shown: &blob.path, below: &blob.path }
}

/// Scans the file that a Git LFS pointer stands for.
pub fn pointed_to(scanner: &mut FileScanner<'_>, names: FileNames<'_>, file: &mut File) {
    if let Err(error) = scanner.file(names, file) {
        let reason = format!("the file that Git LFS keeps of it cannot be read: {error}");
        scanner.found.incomplete.push(Incomplete { path: names.shown.to_owned(), reason });
    }
}

/// Keeps the first finding of each token in each file; the findings come in the order of their commits.
pub fn keep_first(findings: &mut Vec<Finding>) {
    let mut seen: HashSet<(Fingerprint, String)> = HashSet::new();
    findings.retain(|finding| seen.insert((finding.token.fingerprint(), finding.trail())));
}

/// Reads blobs and scans them.
pub struct GitBlobs<'a> {
    repo: &'a Repository,
    project_ignores: &'a ProjectIgnores,
    left_out: LeftOut,
    context: ScanContext<'a>,
    scanner: FileScanner<'a>,
    max_size: Option<u64>,
    counter: &'a Counter,
    incomplete: Vec<Incomplete>,
}

impl<'a> GitBlobs<'a> {
    pub fn new(
        repo: &'a Repository,
        project_ignores: &'a ProjectIgnores,
        context: ScanContext<'a>,
        max_size: Option<u64>,
        counter: &'a Counter,
    ) -> Self {
        let (scanner, left_out) = (FileScanner::new(context), LeftOut::default());
        GitBlobs {
            repo,
            project_ignores,
            left_out,
            context,
            scanner,
            max_size,
            counter,
            incomplete: Vec::new(),
        }
    }

    /// Scans a blob, unless our own ignore files name its path; says whether it did.
    pub fn scan(
        &mut self,
        at: &BlobAt,
        names: FileNames<'_>,
        origin: impl Fn() -> Option<GitOrigin>,
    ) -> bool {
        if let Some(ignored) = self.project_ignores.ignored(&at.path) {
            self.left_out.add(Ignored { path: names.shown.to_owned(), ..ignored });
            return false;
        }
        self.scan_read(at, names, origin);
        true
    }

    /// All that came of it.
    pub fn done(self) -> PassResult {
        let GitBlobs { scanner, incomplete, left_out, .. } = self;
        PassResult { found: scanner.found, incomplete, left_out, ..PassResult::default() }
    }

    fn scan_read(&mut self, at: &BlobAt, names: FileNames<'_>, origin: impl Fn() -> Option<GitOrigin>) {
        let too_large = self.max_size.and_then(|most| at.size(self.repo).ok().filter(|&size| size > most));
        if let Some(size) = too_large {
            let reason = format!("is larger than --max-size ({size} bytes)");
            return self.incomplete.push(Incomplete { path: names.shown.to_owned(), reason });
        }
        let blob = match at.read(self.repo) {
            Ok(blob) => blob,
            Err(incomplete) => {
                return self.incomplete.push(Incomplete { path: names.shown.to_owned(), ..incomplete });
            }
        };
        let before = self.scanner.found.findings.len();
        let file = match ContainerKind::of(&blob, &at.path) {
            Some(ContainerKind::LfsPointer) => Lfs::new(self.repo).open(&blob),
            _ => None,
        };
        let is_opaque = file.is_some() || is_binary(&blob);
        match file {
            Some(mut file) => pointed_to(&mut self.scanner, names, &mut file),
            None => self.scanner.bytes(names, &blob),
        }
        self.scanner.found.bytes += blob.len() as u64;
        self.counter.add(blob.len() as u64);
        for finding in &mut self.scanner.found.findings[before..] {
            finding.git = origin().map(|origin| GitOrigin { is_opaque, ..origin });
        }
    }

    /// Drops the findings from `before` on whose token stood in what the same commit replaced: it was moved, or
    /// stands in a line that did not change.
    fn drop_what_was_there(&mut self, before: usize, change: &CommitChange) {
        if self.scanner.found.findings.len() == before {
            return;
        }
        let findings = self.scanner.found.findings.split_off(before);
        let mut replaced = FileScanner::new(self.context);
        let objects = self.repo.objects();
        let old = |id: &ObjectId| objects.as_ref().ok()?.blob(id).ok();
        for old in change.replaced.iter().filter_map(old) {
            for path in findings.iter().map(|finding| finding.location.path.as_str()).collect::<BTreeSet<_>>()
            {
                replaced.bytes(FileNames { shown: path, below: path }, &old);
            }
            let is_there = |finding: &&Finding| memchr::memmem::find(&old, finding.token.expose()).is_some();
            replaced
                .found
                .withheld
                .extend(findings.iter().filter(is_there).map(|finding| finding.token.clone()));
        }
        let replaced = replaced.found;
        let was_there = |finding: &Finding| {
            replaced.findings.iter().any(|old| old.token == finding.token)
                || replaced.withheld.contains(&finding.token)
        };
        let (old, new): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(was_there);
        self.scanner.found.findings.extend(new);
        self.scanner.found.withheld.extend(old.iter().flat_map(Finding::all_readings).cloned());
    }
}
