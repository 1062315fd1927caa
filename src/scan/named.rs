//! Files that a hook is given by name: what is staged of them, and the working files that say something else.

use super::context::{FileNames, ScanContext};
use super::git::{self, GitBlobs, GitReading, ProjectIgnores};
use super::progress::Counter;
use super::reconcile::sibling_file::{self, SiblingFile};
use super::tree::TreeInput;
use super::{Input, PassResult};
use crate::finding::Finding;
use crate::source::index;
use crate::source::named::{self, NamedFiles};
use krea_scan_bounds::limits::Limits;
use krea_scan_git::index_file::IndexFile;
use krea_scan_git::repository::Repository;
use krea_scan_text::Layer;
use krea_scan_token::Fingerprint;
use std::cell::RefCell;
use std::collections::HashSet;

/// What will be committed of some files, and their working copies where these are not as they are staged: a hook may run on
/// what is not staged yet.
pub struct Named<'a> {
    repo: Repository,
    files: NamedFiles,
    working: TreeInput<'a>,
    project_ignores: ProjectIgnores,
    counter: &'a Counter,
    max_size: Option<u64>,
    limits: Limits,
}

impl<'a> Named<'a> {
    /// Looks up the files that `working` would read.
    pub fn open(
        repo: Repository,
        mut working: TreeInput<'a>,
        reading: GitReading<'_>,
        counter: &'a Counter,
    ) -> Result<Self, index::IndexError> {
        let mut files = named::named(&repo, &working.options.paths)?;
        working.options.passed_over = std::mem::take(&mut files.as_staged);
        let project_ignores = ProjectIgnores::of(&repo, reading);
        let GitReading { max_size, limits, .. } = reading;
        Ok(Named { repo, files, working, project_ignores, counter, max_size, limits })
    }

    fn staged(&self, context: ScanContext<'_>) -> PassResult {
        let mut blobs =
            GitBlobs::new(&self.repo, &self.project_ignores, context, self.max_size, self.counter);
        let mut files = 0;
        for blob in &self.files.blobs {
            let names = FileNames { shown: &blob.shown, below: &blob.at.path };
            files += u64::from(blobs.scan(&blob.at, names, || None));
        }
        let mut read = blobs.done();
        read.found.files = files;
        read.notes = self.files.unmerged.iter().map(|path| git::conflict(path)).collect();
        self.project_ignores.tell(&mut read);
        read
    }
}

impl Input for Named<'_> {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        let ids = self.files.blobs.iter().map(|blob| &blob.at.blob);
        let stored = self.repo.objects()?.stored_bytes_of(ids);
        let mut read = self.staged(context.in_store(stored));
        read.merge(self.working.read_pass(context)?);
        keep_one_a_place(&mut read.found.findings);
        Ok(read)
    }

    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        let index = RefCell::new(IndexFile::open(self.repo.index_path(), self.repo.hash()).ok()?);
        let open = |path: &str| {
            let path = named::index_path(&self.repo.path_below(path.as_ref())?);
            git::blob(&self.repo, index.borrow_mut().id_at(&path)?)
        };
        sibling_file::find(path, layers, reference, most, self.limits, open)
            .or_else(|| self.working.sibling(path, layers, reference, most))
    }
}

/// Keeps the first of those findings that are one token at one place.
fn keep_one_a_place(findings: &mut Vec<Finding>) {
    let mut seen: HashSet<(Fingerprint, String, u64, u64)> = HashSet::new();
    findings.retain(|finding| {
        let (token, at) = (finding.token.fingerprint(), &finding.location);
        seen.insert((token, finding.trail(), at.line, at.column))
    });
}
