//! What a repository's refs point at, annotated tags followed to their end.

use crate::refs::{self, Head, RefTarget, Refs};
use crate::repository::Repository;
use crate::store::ObjectStore;
use gix_hash::ObjectId;
use std::fs;
use std::path::Path;

/// A ref's full name and the object it leads to.
pub(super) struct Tip {
    pub name: String,
    pub id: ObjectId,
}

/// All refs, sorted by name, and detached HEADs, also those of other worktrees (named as gitrevisions(7) does). Symbolic refs are left out: they
/// are other names for these.
pub(super) fn tips(repo: &Repository, refs: &Refs<'_>, store: &ObjectStore) -> Vec<Tip> {
    let mut tips: Vec<Tip> = Vec::new();
    let mut add = |name: String, id: ObjectId| {
        // What a ref names and the store does not have is no tip of anything.
        tips.extend(store.peel(&id).ok().map(|(_, id, _)| Tip { name, id }));
    };
    refs.all().into_iter().for_each(|(name, id)| add(name, id));
    if let Ok(Head::Detached(id)) = refs.head() {
        add("HEAD".to_owned(), id);
    }
    let mut elsewhere = |name: String, folder: &Path| {
        if folder != repo.path()
            && let Ok(Some(RefTarget::Object(id))) = refs::read_refs(&folder.join("HEAD"), repo.hash())
        {
            add(name, id);
        }
    };
    elsewhere("main-worktree/HEAD".to_owned(), repo.common_dir());
    for worktree in fs::read_dir(repo.common_dir().join("worktrees")).into_iter().flatten().flatten() {
        elsewhere(format!("worktrees/{}/HEAD", worktree.file_name().display()), &worktree.path());
    }
    tips.sort_by(|one, other| one.name.cmp(&other.name));
    tips
}
