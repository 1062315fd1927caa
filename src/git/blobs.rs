//! Reading blobs through a repository's object store. One that cannot be read is told as incomplete, never skipped.

use super::repository::Repository;
use crate::finding::Incomplete;
use git2::{Blob, ErrorCode, Oid};

/// A blob at a path, as a tree or an index names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobAt {
    /// The path in the repository, `/` on every system; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// The object's id.
    pub blob: Oid,
    /// The mode, as git writes it in octal: `0o100644`, `0o100755`, `0o120000`.
    pub mode: u32,
}

impl BlobAt {
    /// The content, whole.
    ///
    /// # Errors
    /// When the object is missing or damaged: what to report, with what to do.
    pub fn read<'r>(&self, repo: &'r Repository) -> Result<Blob<'r>, Incomplete> {
        repo.find_blob(self.blob).map_err(|error| self.incomplete(repo, &error))
    }

    /// The size in bytes, without reading the content where the store allows that.
    ///
    /// # Errors
    /// As [`BlobAt::read`].
    pub fn size(&self, repo: &Repository) -> Result<usize, Incomplete> {
        let header = repo.odb().and_then(|odb| odb.read_header(self.blob));
        header.map(|(size, _)| size).map_err(|error| self.incomplete(repo, &error))
    }

    fn incomplete(&self, repo: &Repository, error: &git2::Error) -> Incomplete {
        let reason = match error.code() {
            ErrorCode::NotFound => repo.missing_reason(&format!("blob {}", self.blob)),
            _ => format!("the blob {} cannot be read: {}", self.blob, error.message()),
        };
        Incomplete { path: self.path.clone(), reason }
    }
}
