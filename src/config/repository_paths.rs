//! The paths by which baselines know files: from the top of the repository that a file is in, so that it does not matter where
//! a scan was started, nor how a file was named. Where there is no repository they count from the current folder.

use crate::finding::Finding;
use crate::source::tree::slashed;
use krea_scan_git::repository;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Tells such paths, and keeps what it learned of folders.
#[derive(Debug, Default)]
pub struct RepositoryPaths {
    folders: HashMap<PathBuf, Option<PathBuf>>,
}

impl RepositoryPaths {
    /// The path of the file that a finding is in. What is no file here, such as standard input and a site's resources, keeps
    /// its name, and so does a file outside of the current folder that is in no repository.
    pub fn of(&mut self, finding: &Finding) -> String {
        let path = &finding.location.path;
        let is_url = path.starts_with("http://") || path.starts_with("https://");
        // What git named has the repository's own path.
        if finding.git.is_some() || is_url || path == "<stdin>" {
            return path.clone();
        }
        let file = Path::new(path);
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return path.clone() };
        if !self.folders.contains_key(folder) {
            self.folders.insert(folder.to_owned(), below_top(folder));
        }
        match self.folders.get(folder) {
            Some(Some(below)) => slashed(&below.join(name)),
            _ => path.trim_start_matches("./").to_owned(),
        }
    }
}

/// A folder's path from the top of its repository on.
pub fn below_top(folder: &Path) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.canonicalize().ok()?;
    let top = match repository::top_of(&folder) {
        Some(top) => top,
        None => Path::new(".").canonicalize().ok()?,
    };
    folder.strip_prefix(top).ok().map(Path::to_owned)
}
