//! Reading blobs through a repository's object store. One that cannot be read is told as incomplete, never skipped.

use super::repository::Repository;
use super::store::ObjectError;
use gix_hash::ObjectId;
use krea_scan_files::Incomplete;
use std::sync::Arc;

/// A blob at a path, as a tree or an index names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobAt {
    /// The path in the repository, `/` on every system; bytes that are not UTF-8 are replaced.
    pub path: String,
    pub blob: ObjectId,
    /// The mode, as git writes it in octal: `0o100644`, `0o100755`, `0o120000`.
    pub mode: u32,
}

impl BlobAt {
    /// The content, whole.
    ///
    /// # Errors
    /// When the object is missing or damaged: what to report, with what to do.
    pub fn read(&self, repo: &Repository) -> Result<Arc<Vec<u8>>, Incomplete> {
        let blob = repo.objects().and_then(|objects| objects.blob(&self.blob));
        blob.map_err(|error| self.incomplete(repo, &error))
    }

    /// The size in bytes, as the store says; the content is not read.
    ///
    /// # Errors
    /// As [`BlobAt::read`].
    pub fn size(&self, repo: &Repository) -> Result<u64, Incomplete> {
        let size = repo.objects().and_then(|objects| objects.size(&self.blob));
        size.map_err(|error| self.incomplete(repo, &error))
    }

    fn incomplete(&self, repo: &Repository, error: &ObjectError) -> Incomplete {
        let reason = repo.unread_reason(&format!("blob {}", self.blob), error);
        Incomplete { path: self.path.clone(), reason }
    }
}
