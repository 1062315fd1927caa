//! Whose a repository is: one that someone else owns could make git run that person's commands, so git works in it only where
//! the user said so with `safe.directory` (git-config(1)). A scan runs no commands, and keeps to it all the same.

use super::config;
use std::env;
use std::path::{Path, PathBuf};

/// Whether a repository may be worked in: all its folders are the user's own, or the user named `root` as safe.
pub(super) fn is_trusted<'p>(folders: impl IntoIterator<Item = &'p Path>, root: &Path) -> bool {
    let is_own = |folder: &Path| {
        // A link is not asked, but what it leads to.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        gix_sec::identity::is_path_owned_by_current_user(&folder).unwrap_or(false)
    };
    folders.into_iter().all(is_own) || is_named(&config::safe_directories(), root)
}

/// Whether the values of `safe.directory` name a folder.
fn is_named(values: &[String], root: &Path) -> bool {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let names = |value: &str| {
        let path = |value: &str| {
            let path = match (value.strip_prefix("~/"), env::home_dir()) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => PathBuf::from(value),
            };
            path.canonicalize().unwrap_or(path)
        };
        match value.strip_suffix("/*") {
            Some(above) => root != path(above) && root.starts_with(path(above)),
            None => value == "*" || path(value) == root,
        }
    };
    values.iter().fold(false, |safe, value| match value.as_str() {
        "" => false,
        value => safe || names(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_directories_are_named_as_git_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/repo");
        std::fs::create_dir_all(&root).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let safe = |values: &[String]| is_named(values, &root);
        let (any, none) = ("*".to_owned(), String::new());
        assert!(safe(&[text(&root)]) && safe(&[format!("{}/", root.display())]));
        assert!(safe(std::slice::from_ref(&any)) && safe(&[none.clone(), any.clone()]));
        assert!(safe(&[format!("{}/a/*", folder.path().display())]));
        assert!(safe(&[format!("{}/*", folder.path().display())]));
        assert!(!safe(&[any, none]) && !safe(&[]));
        assert!(!safe(&[text(folder.path())]) && !safe(&[format!("{}/*", root.display())]));
    }
}
