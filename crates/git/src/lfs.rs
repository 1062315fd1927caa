//! Files that Git LFS keeps outside of the object store: what a pointer stands for, where it has been fetched.

use super::repository::Repository;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where fetched files are.
#[derive(Clone, Debug)]
pub struct Lfs {
    objects: PathBuf,
}

impl Lfs {
    /// The files of a repository.
    pub fn new(repo: &Repository) -> Self {
        Lfs { objects: repo.common_dir().join("lfs/objects") }
    }

    /// Opens what a pointer stands for, if it is here and of the right size.
    pub fn open(&self, pointer: &[u8]) -> Option<File> {
        let text = std::str::from_utf8(pointer).ok()?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
        let id = value("oid sha256:")?;
        if id.len() != 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let size: u64 = value("size ")?.parse().ok()?;
        let path = self.objects.join(&id[..2]).join(&id[2..4]).join(id);
        is_file(&path, size).then(|| File::open(path).ok())?
    }
}

fn is_file(path: &Path, size: u64) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
}
