//! Who brought an object in.

use serde::Serialize;

/// Where in a repository a finding is, and who brought it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GitOrigin {
    /// The object's id.
    pub blob: String,
    /// The commit that first brought it in; `None` for what is only staged, and for what no commit holds.
    pub commit: Option<String>,
    /// The path in that commit.
    pub path: String,
    pub author: Option<String>,
    /// The author's address.
    pub email: Option<String>,
    /// The author date, RFC 3339.
    pub date: Option<String>,
    /// Refs from which that commit can be reached, sorted; at most [`GitOrigin::MAX_REFS`].
    pub refs: Vec<String>,
    /// Whether HEAD's tree still holds the blob.
    pub in_head: bool,
    /// Whether any ref reaches a commit that holds the blob.
    pub reachable: bool,
    /// Whether a rewrite of texts leaves the blob alone: see [`is_binary`], or Git LFS keeps what it stands for.
    #[serde(skip)]
    pub is_opaque: bool,
}

/// How far a rewrite looks into a blob, in bytes.
const LOOKED_AT: usize = 8192;

/// Whether `git filter-repo --replace-text` takes a blob for binary and leaves it alone: it does where one of the first bytes
/// is NUL (its `RepoFilter._tweak_blob`).
pub fn is_binary(blob: &[u8]) -> bool {
    memchr::memchr(0, &blob[..blob.len().min(LOOKED_AT)]).is_some()
}

impl GitOrigin {
    /// More refs than this are not listed.
    pub const MAX_REFS: usize = 20;
}
