//! What a repository's refs point at, annotated tags followed to their end.

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
pub(super) fn tips(repo: &git2::Repository) -> Vec<Tip> {
    let mut tips: Vec<Tip> = Vec::new();
    for reference in repo.references().into_iter().flatten().flatten() {
        if reference.kind() == Some(git2::ReferenceType::Direct)
            && let Some(id) = reference.target_peel().or(reference.target())
        {
            let id = peel(repo, id);
            tips.extend(
                id.map(|id| Tip { name: String::from_utf8_lossy(reference.name_bytes()).into_owned(), id }),
            );
        }
    }
    if repo.head_detached().unwrap_or(false)
        && let Some(id) = repo.head().ok().and_then(|head| head.target()).and_then(|id| peel(repo, id))
    {
        tips.push(Tip { name: "HEAD".to_owned(), id });
    }
    let mut elsewhere = |name: String, folder: &Path| {
        let head = fs::read_to_string(folder.join("HEAD")).unwrap_or_default();
        if folder != repo.path()
            && let Ok(id) = ObjectId::from_hex(head.trim().as_bytes())
        {
            tips.push(Tip { name, id });
        }
    };
    elsewhere("main-worktree/HEAD".to_owned(), repo.commondir());
    for worktree in fs::read_dir(repo.commondir().join("worktrees")).into_iter().flatten().flatten() {
        elsewhere(format!("worktrees/{}/HEAD", worktree.file_name().display()), &worktree.path());
    }
    tips.sort_by(|one, other| one.name.cmp(&other.name));
    tips
}

/// What an annotated tag leads to in the end; other objects lead to themselves.
pub(super) fn peel(repo: &git2::Repository, id: git2::Oid) -> Option<ObjectId> {
    let peeled = match repo.find_tag(id) {
        Ok(tag) => tag.peel().ok()?.id(),
        Err(_) => id,
    };
    ObjectId::try_from(peeled.as_bytes()).ok()
}
