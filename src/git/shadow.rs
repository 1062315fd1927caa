//! A stand-in for a repository whose format libgit2 refuses although it could read it (partial clones): a temporary
//! folder of links to the repository's parts, with a configuration that includes the real one and lowers the format
//! version. The repository itself is not touched.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The names that belong to one worktree, not to the repository that it shares with others.
const PER_WORKTREE: [&str; 8] = [
    "HEAD",
    "index",
    "ORIG_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "config.worktree",
];

/// The folder that a linked worktree shares with its repository; the same folder everywhere else.
pub(super) fn common_dir(git_dir: &Path) -> PathBuf {
    match fs::read_to_string(git_dir.join("commondir")) {
        Ok(text) => git_dir.join(text.trim_end_matches(['\r', '\n'])),
        Err(_) => git_dir.to_owned(),
    }
}

/// Opens `git_dir` through a shadow. The folder must live as long as the repository.
pub(super) fn open(
    git_dir: &Path,
    worktree: Option<&Path>,
) -> Result<(git2::Repository, TempDir), git2::Error> {
    let folder = build(git_dir, worktree).map_err(|error| {
        git2::Error::from_str(&format!("a temporary view of it could not be made: {error}"))
    })?;
    let git = git2::Repository::open(folder.path())?;
    Ok((git, folder))
}

fn build(git_dir: &Path, worktree: Option<&Path>) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("krea-scan-").tempdir()?;
    let common = common_dir(git_dir).canonicalize()?;
    let linked = common != git_dir.canonicalize()?;
    for entry in fs::read_dir(&common)? {
        let entry = entry?;
        let name = entry.file_name();
        let own = name.to_str().is_some_and(|name| PER_WORKTREE.contains(&name));
        if name != "config" && name != "commondir" && name != "gitdir" && !(linked && own) {
            link(&entry.path(), &folder.path().join(name))?;
        }
    }
    for name in PER_WORKTREE.into_iter().filter(|_| linked) {
        let target = git_dir.join(name);
        if target.exists() {
            link(&target, &folder.path().join(name))?;
        }
    }
    let mut config = fs::File::create(folder.path().join("config"))?;
    writeln!(config, "[include]\n\tpath = {}", quote(&common.join("config"))?)?;
    writeln!(config, "[core]\n\trepositoryformatversion = 0")?;
    if let Some(worktree) = worktree {
        writeln!(config, "\tworktree = {}", quote(worktree)?)?;
    }
    Ok(folder)
}

/// A path as a quoted value of git's configuration.
fn quote(path: &Path) -> io::Result<String> {
    let text = path.to_str().filter(|text| !text.contains('\n'));
    let text = text.ok_or_else(|| io::Error::other("its path is not valid UTF-8"))?;
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(unix)]
fn link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn link(target: &Path, link: &Path) -> io::Result<()> {
    if target.is_dir() {
        std::os::windows::fs::symlink_dir(target, link)
    } else {
        std::os::windows::fs::symlink_file(target, link)
    }
}
