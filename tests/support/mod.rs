//! What the tests that run programs share: a throw-away repository that is worked with by the real git, cut off from the
//! user's configuration, and the real `krea-scan`, none of whose output may hold a secret.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod browser;
pub mod child;
pub mod corpus;
#[path = "../../fixtures/emulator.rs"]
pub mod emulator;
pub mod program;
#[cfg(target_os = "linux")]
pub mod terminal;
#[path = "../../fixtures/tokens.rs"]
pub mod tokens;
#[cfg(unix)]
pub mod unix;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A repository in a temporary folder; removed when dropped, unless it only looks at one that is there.
pub struct Sandbox {
    root: PathBuf,
    clock: AtomicU32,
    _folder: Option<TempDir>,
}

impl Sandbox {
    /// An empty repository with the branch `main`.
    pub fn new() -> Self {
        let sandbox = Self::empty();
        sandbox.git(&["init", "--quiet", "--initial-branch=main", "."]);
        sandbox
    }

    /// A folder without a repository.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("krea-scan-test-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("work");
        fs::create_dir(&root).unwrap();
        let sandbox = Sandbox { root, clock: AtomicU32::new(0), _folder: Some(folder) };
        // A token that is refused is asked about again, after pauses that tests need not wait for.
        sandbox.write("../home/.config/krea-scan/config.toml", "refusal_pause = '2ms'\n");
        sandbox
    }

    /// A repository that is there.
    pub fn at(root: &Path) -> Self {
        Sandbox { root: root.to_owned(), clock: AtomicU32::new(0), _folder: None }
    }

    /// The working tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The `.git` folder.
    pub fn git_dir(&self) -> PathBuf {
        self.root.join(".git")
    }

    /// A folder beside the working tree, for remotes and clones.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.with_file_name(name)
    }

    /// Runs git in the working tree; panics when it fails. Gives its output without the last line break.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.root, args)
    }

    /// Runs git elsewhere.
    pub fn git_in(&self, folder: &Path, args: &[&str]) -> String {
        let output = self.command("git", folder).args(args).output().expect("git is installed");
        assert!(output.status.success(), "git {args:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// Runs git and gives what came of it, success or not.
    pub fn try_git(&self, args: &[&str]) -> Output {
        self.command("git", &self.root).args(args).output().expect("git is installed")
    }

    /// A command with a clean git environment. Each one happens a minute after the one before.
    pub fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let minutes = self.clock.fetch_add(1, Ordering::Relaxed);
        let (day, hour, minute) = (1 + minutes / 1440, minutes / 60 % 24, minutes % 60);
        let date = format!("2026-07-{day:02}T{hour:02}:{minute:02}:00+02:00");
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("GIT_") || name.starts_with("PRE_COMMIT")) {
                command.env_remove(name);
            }
        }
        command
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", self.beside("home"))
            .env_remove("XDG_CONFIG_HOME")
            // Nothing here needs to survive a power cut.
            .env("GIT_CONFIG_COUNT", "3")
            .env("GIT_CONFIG_KEY_0", "core.fsync")
            .env("GIT_CONFIG_VALUE_0", "none")
            .env("GIT_CONFIG_KEY_1", "gc.auto")
            .env("GIT_CONFIG_VALUE_1", "0")
            .env("GIT_CONFIG_KEY_2", "protocol.file.allow")
            .env("GIT_CONFIG_VALUE_2", "always")
            .env("GIT_AUTHOR_NAME", "Ann Author")
            .env("GIT_AUTHOR_EMAIL", "ann@example.com")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", "Con Committer")
            .env("GIT_COMMITTER_EMAIL", "con@example.com")
            .env("GIT_COMMITTER_DATE", &date);
        command
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes a file, stages everything and commits; gives the commit's id.
    pub fn commit(&self, path: &str, content: impl AsRef<[u8]>, message: &str) -> String {
        self.write(path, content);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--no-verify", "--message", message]);
        self.head()
    }

    /// Writes a file and commits it alone; gives the commit's id.
    pub fn commit_file(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.write(path, content);
        self.git(&["add", "--force", path]);
        self.git(&["commit", "--quiet", "--no-verify", "--message", &format!("Change {path}")]);
        self.head()
    }

    /// The id of HEAD's commit.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// The id of a blob in a tree-ish, as `HEAD:path`.
    pub fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name])
    }
}

/// A small generator of pseudo-random numbers, so that a failing run can be repeated.
pub struct Lcg(pub u64);

impl Lcg {
    /// The next number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// So many lower-case hex digits.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from(b"0123456789abcdef"[self.below(16)])).collect()
    }

    /// Something of a token's shape, which is nobody's token: a UUID, a colon and 32 hex digits.
    pub fn token(&mut self) -> String {
        let groups = [8, 4, 4, 4, 12].map(|digits| self.hex(digits));
        format!("{}:{}", groups.join("-"), self.hex(32))
    }
}
