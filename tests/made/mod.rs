//! Real repositories in temporary folders, made by the real git, untouched by anybody's configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A repository; removed when dropped, unless it only looks at one that is there.
pub struct TestRepository {
    path: PathBuf,
    clock: AtomicU64,
    _folder: Option<tempfile::TempDir>,
}

impl TestRepository {
    /// A new, empty repository with the branch `main`.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let repository = TestRepository { path, clock: AtomicU64::new(0), _folder: Some(folder) };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    /// A repository that is there.
    pub fn at(path: &Path) -> Self {
        TestRepository { path: path.to_owned(), clock: AtomicU64::new(0), _folder: None }
    }

    /// The working tree.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The `.git` folder.
    pub fn git_dir(&self) -> PathBuf {
        self.path.join(".git")
    }

    /// Runs git, which must succeed, and gives what it printed. Each call happens a minute after the one before.
    pub fn git(&self, arguments: &[&str]) -> String {
        let minutes = self.clock.fetch_add(1, Ordering::Relaxed);
        let date = format!("{} +0130", 1_700_000_000 + 60 * minutes);
        let output = Command::new("git")
            .args(["-c", "user.name=A Person", "-c", "user.email=person@example.com"])
            .args(["-c", "gc.auto=0", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env_remove("GIT_DIR")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Writes a file and commits it; gives the commit.
    pub fn commit_file(&self, name: &str, text: &[u8]) -> String {
        let file = self.path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self.git(&["add", name]);
        self.git(&["commit", "-qm", &format!("Change {name}")]);
        self.git(&["rev-parse", "HEAD"])
    }
}
