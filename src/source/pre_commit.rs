//! What a run under the pre-commit framework is asked to scan: the files it names, the commits of a push, or what is
//! staged. Takes the names and the variables that pre-commit sets, so that `pre-commit run`, `--all-files`, `--files`,
//! `--from-ref`/`--to-ref` and the pre-push stage each scan what the person thinks they scan.

use super::range::{Range, RangeError};
use krea_scan_git::repository::Repository;
use std::path::PathBuf;

/// An option that stands where only names stand, so that it would not count.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no file here: with --pre-commit all that follows is a file's name, because others choose it; options go \
     before it, as in `entry: krea-scan {0} --pre-commit --`"
)]
pub struct MisplacedOption(String);

/// The names as they were given.
///
/// # Errors
/// When one looks like an option and is no file.
pub fn names(names: Vec<PathBuf>) -> Result<Vec<PathBuf>, MisplacedOption> {
    let is_misplaced = |name: &&PathBuf| {
        name.as_os_str().as_encoded_bytes().starts_with(b"-") && name.symlink_metadata().is_err()
    };
    match names.iter().find(is_misplaced) {
        Some(name) => Err(MisplacedOption(name.to_string_lossy().into_owned())),
        None => Ok(names),
    }
}

/// What to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreCommitTarget {
    /// Exactly these files of the working tree. Pre-commit has put unstaged changes aside when it names staged files.
    Files(Vec<PathBuf>),
    Staged,
    /// The commits between two revisions, so that a token that one commit adds and a later one removes is found.
    Push(Push),
}

/// The commits of a push, or of a comparison of two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// What the other side has; `None` on the first push of a whole history.
    pub from: Option<String>,
    pub to: String,
    /// The remote's name, or its URL when it has no name; `None` outside a push.
    pub remote: Option<String>,
}

impl Push {
    /// The commits that the remote does not have yet.
    ///
    /// # Errors
    /// When one of the revisions is not there.
    pub fn range(&self, repo: &Repository) -> Result<Range, RangeError> {
        match (&self.from, &self.remote) {
            (Some(from), remote) => {
                let range = Range::between(repo, from, &self.to)?;
                match remote {
                    Some(remote) => range.without_remote(repo, remote),
                    None => Ok(range),
                }
            }
            (None, remote) => Range::pushed(repo, &self.to, remote.as_deref().unwrap_or_default()),
        }
    }
}

/// Decides from the file names and the environment; `variable` looks one up.
///
/// Pre-commit 4 sets `PRE_COMMIT_FROM_REF` and `PRE_COMMIT_TO_REF` for a push and for `--from-ref`/`--to-ref`. When a
/// push contains a root commit it sets neither, names all files, and leaves `PRE_COMMIT_REMOTE_NAME` and
/// `PRE_COMMIT_LOCAL_BRANCH` to tell the push by (`pre_commit/commands/hook_impl.py`, `run.py`).
pub fn target(names: Vec<PathBuf>, variable: impl Fn(&str) -> Option<String>) -> PreCommitTarget {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let remote = variable("PRE_COMMIT_REMOTE_NAME");
    if let (Some(from), Some(to)) = (variable("PRE_COMMIT_FROM_REF"), variable("PRE_COMMIT_TO_REF")) {
        return PreCommitTarget::Push(Push { from: Some(from), to, remote });
    }
    if let (Some(remote), Some(to)) = (remote, variable("PRE_COMMIT_LOCAL_BRANCH")) {
        return PreCommitTarget::Push(Push { from: None, to, remote: Some(remote) });
    }
    if names.is_empty() { PreCommitTarget::Staged } else { PreCommitTarget::Files(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(names: &[&str], set: &[(&str, &str)]) -> PreCommitTarget {
        target(names.iter().map(PathBuf::from).collect(), |name| {
            set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn push(from: Option<&str>, to: &str, remote: Option<&str>) -> PreCommitTarget {
        let owned = |text: &str| text.to_owned();
        PreCommitTarget::Push(Push { from: from.map(owned), to: to.to_owned(), remote: remote.map(owned) })
    }

    #[test]
    fn named_files_are_scanned_and_nothing_else() {
        assert_eq!(
            decide(&["a", "b/c"], &[("PRE_COMMIT", "1")]),
            PreCommitTarget::Files(vec!["a".into(), "b/c".into()])
        );
    }

    #[test]
    fn without_names_it_is_what_is_staged() {
        assert_eq!(decide(&[], &[("PRE_COMMIT", "1")]), PreCommitTarget::Staged);
        assert_eq!(
            decide(&[], &[("PRE_COMMIT_FROM_REF", ""), ("PRE_COMMIT_TO_REF", "")]),
            PreCommitTarget::Staged
        );
    }

    #[test]
    fn a_push_is_scanned_by_its_commits_even_when_files_are_named() {
        let set = [
            ("PRE_COMMIT_FROM_REF", "aaa"),
            ("PRE_COMMIT_TO_REF", "bbb"),
            ("PRE_COMMIT_REMOTE_NAME", "origin"),
            ("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/x"),
        ];
        assert_eq!(decide(&["a"], &set), push(Some("aaa"), "bbb", Some("origin")));
        assert_eq!(decide(&[], &set), push(Some("aaa"), "bbb", Some("origin")));
    }

    #[test]
    fn the_first_push_of_a_root_commit_has_no_from_ref() {
        let set = [("PRE_COMMIT_REMOTE_NAME", "origin"), ("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main")];
        assert_eq!(decide(&["a", "b"], &set), push(None, "refs/heads/main", Some("origin")));
    }

    #[test]
    fn two_revisions_without_a_push_are_compared() {
        let set = [("PRE_COMMIT_FROM_REF", "origin/main"), ("PRE_COMMIT_TO_REF", "HEAD")];
        assert_eq!(decide(&["a"], &set), push(Some("origin/main"), "HEAD", None));
    }
}
