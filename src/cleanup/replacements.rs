//! The file for `git filter-repo --replace-text` and `--replace-message`: the one thing here that holds tokens.
//!
//! Takes tokens and a path; writes a line for each, into a new file that only its owner can read, and never where git
//! would pick it up. Lines are `literal:TOKEN==>TEXT`; git-filter-repo's format has no comments (its manual, "Contents
//! editing filters").

use krea_scan_files::{self as files, Refusal, ScannedTrees};
use krea_scan_git::ignores::git_ignores;
use krea_scan_git::repository::{self, Repository};
use krea_scan_token::Token;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why the file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ReplacementsError {
    #[error("{}: is there already, and may hold secrets of an earlier run; delete it, or name another file", .0.display())]
    Exists(PathBuf),
    /// Git would see it.
    #[error(
        "{}: is inside the working tree of {}, where the next commit could take its secrets along; name a file elsewhere, \
         or one that .gitignore names", path.display(), root.display()
    )]
    InWorkTree {
        path: PathBuf,
        /// The repository's working tree.
        root: PathBuf,
    },
    /// A token of several lines, which the format has no words for.
    #[error(
        "the token with the fingerprint {0} has several lines, which git-filter-repo cannot be told; use its `regex:` by hand"
    )]
    Lines(String),
    /// The repository around it cannot be looked at.
    #[error(transparent)]
    Repository(#[from] repository::OpenError),
    /// The system refuses, or a link of the scanned tree is in the way.
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: Refusal },
}

/// Writes the file, with mode 0600; gives the number of distinct tokens in it.
///
/// # Errors
/// A file that is there, a place where git would see it, a token that the format cannot hold, or what the system answers.
/// Then there is no file.
pub fn write<'a>(
    trees: &ScannedTrees,
    path: &Path,
    tokens: impl Iterator<Item = &'a Token>,
) -> Result<usize, ReplacementsError> {
    let cannot = |source| ReplacementsError::Write { path: path.to_owned(), source };
    if path.symlink_metadata().is_ok() {
        return Err(ReplacementsError::Exists(path.to_owned()));
    }
    let real = trees.resolve(path).map_err(cannot)?;
    real.parent().unwrap_or(&real).metadata().map_err(|error| cannot(error.into()))?;
    refuse_work_tree(trees, path, &real)?;

    let tokens: BTreeMap<&[u8], &Token> = tokens.map(|token| (token.expose(), token)).collect();
    let mut lines: Vec<&Token> = tokens.into_values().collect();
    // One can be a part of another, and git-filter-repo takes them in this order.
    lines.sort_by_key(|token| std::cmp::Reverse(token.expose().len()));
    let mut text = Zeroizing::new(Vec::new());
    for token in &lines {
        if token.expose().contains(&b'\n') || token.expose().contains(&b'\r') {
            return Err(ReplacementsError::Lines(token.fingerprint().to_string()));
        }
        text.extend([b"literal:", token.expose(), b"==>", removed(token).as_bytes(), b"\n"].concat());
    }
    files::create_private(trees, path, &text).map_err(|refusal| match refusal {
        Refusal::Io(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            ReplacementsError::Exists(path.to_owned())
        }
        refusal => cannot(refusal),
    })?;
    Ok(lines.len())
}

/// What stands in the rewritten history where the token stood.
fn removed(token: &Token) -> String {
    let fingerprint = token.fingerprint();
    let id = token.id_prefix().unwrap_or_else(|| fingerprint.as_str()[..8].to_owned());
    format!("***KREA-TOKEN-REMOVED-{id}***")
}

/// A new file in a working tree is a new leak, unless git ignores it. `real` is its path without links.
fn refuse_work_tree(trees: &ScannedTrees, path: &Path, real: &Path) -> Result<(), ReplacementsError> {
    let folder = real.parent().unwrap_or(real);
    let repo = match repository::open(folder) {
        Ok(repo) => repo,
        Err(repository::OpenError::NotARepository { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let Some(root) = work_tree(&repo).filter(|root| real.starts_with(root)) else { return Ok(()) };
    if real.starts_with(repo.path().canonicalize().unwrap_or_default()) || git_ignores(trees, &root, real) {
        return Ok(());
    }
    Err(ReplacementsError::InWorkTree { path: path.to_owned(), root })
}

fn work_tree(repo: &Repository) -> Option<PathBuf> {
    repo.workdir().and_then(|root| root.canonicalize().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::TokenKind;
    use krea_scan_token::testing::Tokens;
    use std::fs;

    fn no_trees() -> ScannedTrees {
        ScannedTrees::default()
    }

    #[test]
    fn each_token_has_a_line_and_the_longest_come_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replacements");
        let pair = Tokens::new().pair();
        let legacy = Token::new(TokenKind::Legacy, pair.secret());
        assert_eq!(write(&no_trees(), &path, [&legacy, &pair, &pair].into_iter()).unwrap(), 2);
        let text = fs::read_to_string(&path).unwrap();
        let id = pair.id_prefix().unwrap();
        let fingerprint = legacy.fingerprint().as_str()[..8].to_owned();
        let lines: Vec<_> = text.lines().map(|line| line.rsplit_once("==>").unwrap()).collect();
        let of = |token: &Token| format!("literal:{}", String::from_utf8_lossy(token.expose()));
        assert_eq!(lines[0], (of(&pair).as_str(), format!("***KREA-TOKEN-REMOVED-{id}***").as_str()));
        assert_eq!(
            lines[1],
            (of(&legacy).as_str(), format!("***KREA-TOKEN-REMOVED-{fingerprint}***").as_str())
        );
        assert_eq!(lines.len(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        }
        // Nothing else is left in the folder, and nothing is overwritten.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(write(&no_trees(), &path, [&pair].into_iter()), Err(ReplacementsError::Exists(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_working_tree_gets_no_file_that_git_would_see() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("work");
        git2::Repository::init(&root).unwrap();
        fs::write(root.join(".gitignore"), "*.secret\nhidden/\n").unwrap();
        fs::create_dir_all(root.join("deep/er")).unwrap();
        fs::create_dir(root.join("hidden")).unwrap();
        let token = Tokens::new().pair();
        let write = |path: &Path| write(&no_trees(), path, [&token].into_iter());
        for path in ["x", "deep/er/x"] {
            let error = write(&root.join(path)).unwrap_err();
            assert!(matches!(error, ReplacementsError::InWorkTree { .. }), "{error}");
            assert!(!root.join(path).exists());
        }
        for path in ["x.secret", "deep/er/x.secret", "hidden/x", ".git/x", "../x"] {
            assert_eq!(write(&root.join(path)).unwrap(), 1, "{path}");
        }
    }

    #[test]
    fn a_token_of_several_lines_is_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let token = Token::new(TokenKind::Custom, b"one\ntwo");
        let error = write(&no_trees(), &path, [&token].into_iter()).unwrap_err().to_string();
        assert!(error.contains("several lines") && !error.contains("one\ntwo"), "{error}");
        assert!(!path.exists());
    }
}
