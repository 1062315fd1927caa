//! Whether git tracks or ignores a path. It ignores by `.gitignore` files from the path's folder up to the top of the working tree, then
//! `info/exclude`, then the user's own file (gitignore(5)). Ignore files are opened like
//! hostile input.

use super::index_file::IndexFile;
use super::plain;
use super::repository::Repository;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::Path;

/// Whether a file below the working tree is in the index.
///
/// # Errors
/// When the index cannot be read.
pub fn is_tracked(repo: &Repository, path: &Path) -> Result<bool, String> {
    let mut index = IndexFile::open(repo.index_path(), repo.hash())?;
    Ok(index.id_at(path.as_os_str().as_encoded_bytes()).is_some())
}

/// Whether git ignores a file that it does not track; `path` is below the working tree.
///
/// # Errors
/// The ignore file that cannot be read, and why.
pub fn ignores(repo: &Repository, path: &Path) -> Result<bool, ignore::Error> {
    let Some(root) = repo.workdir() else { return Ok(false) };
    let exclude = [repo.common_dir().join("info/exclude")];
    let last = [of_files(root, &exclude)?, global(root)?];
    // What is in an ignored folder is ignored, whatever is said of it.
    let mut above: Vec<&Path> = path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    above.reverse();
    for part in above {
        let is_folder = part != path;
        let folders = part.ancestors().skip(1).map(|folder| root.join(folder));
        let own = folders.map(|folder| of_files(&folder, &[folder.join(".gitignore")]));
        let mut said = Match::None;
        for rules in own.chain(last.iter().cloned().map(Ok)) {
            said = rules?.matched(root.join(part), is_folder).map(|_| ());
            if !said.is_none() {
                break;
            }
        }
        if said.is_ignore() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The rules of some files, for what is below a folder.
fn of_files(folder: &Path, files: &[impl AsRef<Path>]) -> Result<Gitignore, ignore::Error> {
    let mut builder = GitignoreBuilder::new(folder);
    for file in files.iter().filter(|file| plain::is_file(file.as_ref())) {
        builder.add(file).map_or(Ok(()), Err)?;
    }
    builder.build()
}

/// The user's own rules, for all repositories.
fn global(root: &Path) -> Result<Gitignore, ignore::Error> {
    let (rules, error) = GitignoreBuilder::new(root).build_global();
    error.map_or(Ok(rules), Err)
}
