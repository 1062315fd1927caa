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
}

impl GitOrigin {
    /// More refs than this are not listed.
    pub const MAX_REFS: usize = 20;
}
