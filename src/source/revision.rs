//! The ends of a range: revisions as a person or a CI writes them, and the refs that tell what a remote already has.

use crate::git::repository::Repository;
use git2::{ErrorCode, ObjectType, Oid};

/// As many zeros as the shortest kind of object id has digits stand for "no commit" in hooks and CI variables.
pub(super) const NULL_DIGITS: usize = 40;

/// Why a range could not be made out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One revision alone, or none.
    #[error("{0:?} is no range of commits: write A..B, or {0}^..{0} for one commit")]
    NotARange(String),
    /// The first side is missing.
    #[error(
        "{0:?} names no commit to start from; if a variable stood there, it is empty: give the commit, or HEAD^ for the \
         newest one alone"
    )]
    NoStart(String),
    /// The repository has no such revision.
    #[error("{0:?} names no commit here; `git log --oneline --all` lists them, `git fetch` brings in others")]
    Unknown(String),
    /// A shallow clone has not got it.
    #[error(
        "this is a shallow clone that lacks {0}: fetch it with `fetch-depth: 0` (actions/checkout), \
         `GIT_DEPTH: 0` (GitLab) or `git fetch --unshallow`"
    )]
    Shallow(String),
    /// HEAD, on a branch without commits.
    #[error("HEAD has no commit yet")]
    Unborn,
    /// An abbreviation of several ids.
    #[error("{0:?} may be any of several objects: write more of its id")]
    Ambiguous(String),
    /// It exists and is no commit.
    #[error("{0:?} is a {1}, not a commit")]
    NotACommit(String, &'static str),
    /// The two sides of `A...B` have no common history.
    #[error("the two sides of {0:?} have no commit in common: write A..B")]
    Unrelated(String),
    /// The repository could not be read.
    #[error("the range cannot be read: {}", .0.message())]
    Git(#[from] git2::Error),
}

/// The commit that `text` names, and the tag objects on the way to it, outermost first.
pub(super) fn resolve(repo: &Repository, text: &str) -> Result<(Oid, Vec<Oid>), Error> {
    let mut object = repo.revparse_single(text).map_err(|error| refused(repo, text, error))?;
    let mut tags = Vec::new();
    while let Some(tag) = object.as_tag() {
        tags.push(tag.id());
        let target = tag.target().map_err(|error| refused(repo, text, error))?;
        object = target;
    }
    match object.kind() {
        Some(ObjectType::Commit) => Ok((object.id(), tags)),
        kind => Err(Error::NotACommit(text.to_owned(), kind.map_or("thing unknown", |kind| kind.str()))),
    }
}

fn refused(repo: &Repository, text: &str, error: git2::Error) -> Error {
    match error.code() {
        ErrorCode::UnbornBranch => Error::Unborn,
        // Libgit2 calls every word of one to three hex digits ambiguous; git takes no id that is so short.
        ErrorCode::Ambiguous if hex_digits(text) >= 4 => Error::Ambiguous(text.to_owned()),
        ErrorCode::NotFound if text == "HEAD" => Error::Unborn,
        ErrorCode::NotFound if repo.is_shallow_clone() => Error::Shallow(text.to_owned()),
        ErrorCode::NotFound
        | ErrorCode::Ambiguous
        | ErrorCode::InvalidSpec
        | ErrorCode::Invalid
        | ErrorCode::Peel => Error::Unknown(text.to_owned()),
        _ => Error::Git(error),
    }
}

/// How many hex digits a revision starts with.
fn hex_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_hexdigit).count()
}

/// Where two histories parted.
pub(super) fn parting(repo: &Repository, a: Oid, b: Oid, text: &str) -> Result<Oid, Error> {
    repo.merge_base(a, b).map_err(|error| match error.code() {
        ErrorCode::NotFound if repo.is_shallow_clone() => {
            Error::Shallow(format!("the commit where the two sides of {text} parted"))
        }
        ErrorCode::NotFound => Error::Unrelated(text.to_owned()),
        _ => Error::Git(error),
    })
}

/// The commits under `refs/remotes/NAME/`.
pub(super) fn remote_tips(repo: &Repository, name: &str) -> Result<Vec<Oid>, Error> {
    let prefix = format!("refs/remotes/{name}/");
    tips(repo, |reference| reference.starts_with(prefix.as_bytes()))
}

/// The remote-tracking branches that do not contain `tip`. A new branch's own is among those that do.
pub(super) fn other_branches(repo: &Repository, tip: Oid) -> Result<Vec<Oid>, Error> {
    let mut all = tips(repo, |reference| reference.starts_with(b"refs/remotes/"))?;
    all.retain(|id| *id != tip && !repo.graph_descendant_of(*id, tip).unwrap_or(false));
    Ok(all)
}

/// The commits that refs with a fitting name lead to, sorted, each once. Refs that lead to nothing, such as a remote's HEAD
/// whose branch is gone, hide nothing.
fn tips(repo: &Repository, fits: impl Fn(&[u8]) -> bool) -> Result<Vec<Oid>, Error> {
    let mut tips = Vec::new();
    for reference in repo.references()? {
        let reference = reference?;
        if fits(reference.name_bytes())
            && let Ok(commit) = reference.peel_to_commit()
        {
            tips.push(commit.id());
        }
    }
    tips.sort_unstable();
    tips.dedup();
    Ok(tips)
}
