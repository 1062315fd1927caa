//! Opening a repository as git would: upwards from a path, in a worktree, a submodule or a bare repository, and inside a
//! hook, where the environment names another directory or another index. Every refusal names the path and what to
//! do. Nothing in the repository is changed.

use super::{shadow, special};
use git2::{ErrorCode, RepositoryOpenFlags};
use std::ffi::OsString;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::{env, fs, io};
use tempfile::TempDir;

/// The variables by which git tells a hook that it works on something other than what the directory says.
const LOCATING: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];

/// Why a repository could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path itself cannot be looked at.
    #[error("{}: {source}", path.display())]
    Path {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither the path nor a folder above it is a repository.
    #[error("{}: not in a git repository; run it inside one, or `git init` first", path.display())]
    NotARepository {
        /// As it was given.
        path: PathBuf,
    },
    /// `.git` is a file that points nowhere.
    #[error(
        "{} points to {}, which is not a repository; `git worktree repair` mends a moved worktree, \
         `git submodule update --init` a submodule", file.display(), target.display()
    )]
    DanglingGitfile {
        /// The `.git` file.
        file: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// There is a `.git` folder, and it is not a repository.
    #[error(
        "{} is not a usable repository: it needs a HEAD file and the folders objects and refs; \
         restore what is missing, or clone again", git_dir.display()
    )]
    Broken {
        /// The `.git` folder.
        git_dir: PathBuf,
    },
    /// A pipe or a device lies where git keeps a file.
    #[error(
        "{}: it is a pipe or a device where git keeps a file, and is not opened; remove it, or scan the working tree: \
         `krea-scan PATH`", .0.display()
    )]
    Special(PathBuf),
    /// Another user owns it, and the user's `safe.directory` does not name it.
    #[error(
        "{root}: the repository is owned by someone else; if you trust it, run \
         `git config --global --add safe.directory {root}`", root = root.display()
    )]
    Owner {
        /// The path that `safe.directory` must name.
        root: PathBuf,
    },
    /// SHA-256 object ids.
    #[error(
        "{}: the repository uses SHA-256 object ids, which krea-scan cannot read yet; \
         scan its working tree instead: `krea-scan PATH`", git_dir.display()
    )]
    Sha256 {
        /// The repository's own folder.
        git_dir: PathBuf,
    },
    /// Refs in a format that libgit2 cannot read.
    #[error(
        "{}: the repository stores its refs as `{format}`, which krea-scan cannot read yet; \
         `git refs migrate --ref-format=files` converts them (git 2.46 or later)", git_dir.display()
    )]
    RefFormat {
        /// The repository's own folder.
        git_dir: PathBuf,
        /// The value of `extensions.refStorage`.
        format: String,
    },
    /// An extension that nobody here knows.
    #[error(
        "{}: the repository uses the extension `{name}`, which krea-scan does not know; \
         scan its working tree instead: `krea-scan PATH`", git_dir.display()
    )]
    Extension {
        /// The repository's own folder.
        git_dir: PathBuf,
        /// The extension, without `extensions.`.
        name: String,
    },
    /// Anything else, such as a configuration that cannot be parsed.
    #[error("{}: the repository cannot be opened: {}", path.display(), source.message())]
    Git {
        /// The repository's own folder, or the path as it was given.
        path: PathBuf,
        /// What libgit2 said.
        source: git2::Error,
    },
}

/// An open repository. Dereferences to [`git2::Repository`].
pub struct Repository {
    git: git2::Repository,
    index: PathBuf,
    partial: bool,
    // Declared last: removed after `git` is closed.
    _shadow: Option<TempDir>,
}

impl Repository {
    /// The index file: the one that `GIT_INDEX_FILE` names inside a hook, otherwise the repository's own. It need not
    /// exist.
    pub fn index_path(&self) -> &Path {
        &self.index
    }

    /// Whether it is a partial clone, which fetches missing objects only when git asks for them.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// Whether history is cut off somewhere. True also in a worktree of a shallow clone.
    pub fn is_shallow_clone(&self) -> bool {
        fs::metadata(self.git.commondir().join("shallow")).is_ok_and(|meta| meta.len() > 0)
    }

    /// Why an object that is named somewhere is not there, and what to do about it.
    pub fn missing_reason(&self, what: &str) -> String {
        let advice = if self.partial {
            "this is a partial clone: `git fetch --refetch --no-filter` brings in everything"
        } else if self.is_shallow_clone() {
            "this is a shallow clone: `git fetch --unshallow` brings in the rest"
        } else {
            "`git fsck` tells what else is missing"
        };
        format!("the {what} is missing from the repository; {advice}")
    }
}

impl Deref for Repository {
    type Target = git2::Repository;

    fn deref(&self) -> &git2::Repository {
        &self.git
    }
}

/// Opens the repository that `path` is in, searching upwards.
///
/// `GIT_DIR`, `GIT_WORK_TREE`, `GIT_INDEX_FILE` and the object directories count as they do for git, as long as they
/// belong to the repository that `path` is in: inside a hook, a path in another repository means that other one.
///
/// # Errors
/// When there is no repository, or none that can be read; the message says what to do.
pub fn open(path: &Path) -> Result<Repository, Error> {
    let start = path.canonicalize().map_err(|source| Error::Path { path: path.to_owned(), source })?;
    let start = if start.is_dir() { start } else { start.parent().unwrap_or(&start).to_owned() };
    let git_dir = env::var_os("GIT_DIR").map(PathBuf::from);
    let special = git_dir.and_then(|git_dir| special::find_in(&git_dir)).or_else(|| special::find(&start));
    if let Some(special) = special {
        return Err(Error::Special(special));
    }
    let set: Vec<&str> = LOCATING.into_iter().filter(|name| env::var_os(name).is_some()).collect();
    let found = discover(&start);
    let here = env::current_dir().and_then(|dir| dir.canonicalize()).ok();

    if let Some(git_dir) = env::var_os("GIT_DIR").map(PathBuf::from) {
        let named = git_dir.canonicalize().ok();
        let elsewhere = found.is_some() && named != found && here.as_deref() != Some(&start);
        if !elsewhere {
            let git = git2::Repository::open_from_env();
            let repository = finish(git, &git_dir, named.as_deref(), &start, true)?;
            let inside = |dir: &Path| dir.canonicalize().is_ok_and(|dir| start.starts_with(dir));
            let belongs = found.is_some()
                || here.as_deref() == Some(&start)
                || repository.workdir().is_some_and(inside)
                || inside(repository.path());
            return if belongs { Ok(repository) } else { Err(explain_absence(&start, path)) };
        }
        return open_at(&start, found.as_deref(), path, false);
    }
    let own = set.is_empty() || here.and_then(|dir| discover(&dir)) == found;
    open_at(&start, found.as_deref(), path, own)
}

fn open_at(
    start: &Path,
    git_dir: Option<&Path>,
    given: &Path,
    with_environment: bool,
) -> Result<Repository, Error> {
    let flags = if with_environment { RepositoryOpenFlags::FROM_ENV } else { RepositoryOpenFlags::empty() };
    let git = git2::Repository::open_ext(start, flags, ceilings());
    finish(git, given, git_dir, start, with_environment)
}

/// Turns libgit2's answer into a repository or into an error that says what to do.
fn finish(
    answer: Result<git2::Repository, git2::Error>,
    given: &Path,
    git_dir: Option<&Path>,
    start: &Path,
    with_environment: bool,
) -> Result<Repository, Error> {
    let done = |git: git2::Repository, shadow: Option<TempDir>| {
        let index = index_path(&git, with_environment);
        let partial = is_partial(&git);
        Repository { git, index, partial, _shadow: shadow }
    };
    let through_shadow = |git_dir: &Path| match shadow::open(git_dir, worktree_root(start).as_deref()) {
        Ok((git, shadow)) => Ok(done(git, Some(shadow))),
        Err(source) if source.code() == ErrorCode::Owner => {
            Err(Error::Owner { root: owned_root(start, Some(git_dir)) })
        }
        Err(source) => Err(Error::Git { path: git_dir.to_owned(), source }),
    };
    let source = match answer {
        // Libgit2 looks for the mark of a shallow clone in the wrong folder of a linked worktree.
        Ok(git) if git.is_worktree() && git.commondir().join("shallow").exists() => {
            return through_shadow(git.path());
        }
        Ok(git) => return Ok(done(git, None)),
        Err(source) => source,
    };
    if source.code() == ErrorCode::Owner {
        return Err(Error::Owner { root: owned_root(start, git_dir) });
    }
    let Some(git_dir) = git_dir else {
        return Err(explain_absence(start, given));
    };
    if let Some(error) = unreadable_format(git_dir) {
        // libgit2 refuses partial clones although their object store is an ordinary one.
        return match error {
            Error::Extension { ref name, .. } if name == "partialclone" => through_shadow(git_dir),
            error => Err(error),
        };
    }
    Err(Error::Git { path: git_dir.to_owned(), source })
}

/// The repository's own folder for a place inside it.
fn discover(start: &Path) -> Option<PathBuf> {
    git2::Repository::discover_path(start, ceilings()).ok()?.canonicalize().ok()
}

/// What people call the project that a path is in: the last part of where `origin` is, or the name of the working
/// tree's folder, or of the folder itself.
pub fn project_name(path: &Path) -> String {
    let git = git2::Repository::discover(path).ok();
    let origin = git.as_ref().and_then(|git| {
        let url = git.find_remote("origin").ok()?.url().ok()?.to_owned();
        let name = url.trim_end_matches('/').rsplit(['/', ':']).next()?.trim_end_matches(".git");
        Some(name.to_owned()).filter(|name| !name.is_empty())
    });
    let folder = || {
        let root = git.as_ref().and_then(git2::Repository::workdir).unwrap_or(path);
        let root = root.canonicalize().ok()?;
        let root = if root.is_file() { root.parent()?.to_owned() } else { root };
        Some(root.file_name()?.to_string_lossy().into_owned())
    };
    origin.or_else(folder).unwrap_or_else(|| "project".to_owned())
}

fn ceilings() -> Vec<OsString> {
    env::var_os("GIT_CEILING_DIRECTORIES")
        .map(|list| env::split_paths(&list).map(PathBuf::into_os_string).collect())
        .unwrap_or_default()
}

/// Git hands a relative `GIT_INDEX_FILE` to hooks, which it runs at the top of the working tree.
fn index_path(git: &git2::Repository, with_environment: bool) -> PathBuf {
    match env::var_os("GIT_INDEX_FILE").filter(|name| with_environment && !name.is_empty()) {
        Some(name) => git.workdir().unwrap_or_else(|| git.path()).join(name),
        None => git.path().join("index"),
    }
}

/// Git marks partial clones with the extension, and their remotes with `promisor`.
fn is_partial(git: &git2::Repository) -> bool {
    let Ok(config) = git.config() else { return false };
    config.get_string("extensions.partialclone").is_ok()
        || config.entries(Some(r"^remote\..*\.promisor$")).is_ok_and(|mut all| all.next().is_some())
}

/// The nearest folder upwards that holds a `.git`.
fn worktree_root(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|dir| dir.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// What `safe.directory` has to name: the working tree, or the repository itself when it is bare.
fn owned_root(start: &Path, git_dir: Option<&Path>) -> PathBuf {
    let bare = git_dir.filter(|dir| start.starts_with(dir)).map(Path::to_owned);
    bare.or_else(|| worktree_root(start)).unwrap_or_else(|| start.to_owned())
}

/// Says why no repository was found: none there, a gitfile that dangles, or a `.git` that is none.
fn explain_absence(start: &Path, given: &Path) -> Error {
    let absent = || Error::NotARepository { path: given.to_owned() };
    let Some(root) = worktree_root(start) else { return absent() };
    let git = root.join(".git");
    if git.is_dir() {
        return Error::Broken { git_dir: git };
    }
    match fs::read_to_string(&git) {
        Ok(text) => match text.trim().strip_prefix("gitdir:") {
            Some(target) => Error::DanglingGitfile { file: git, target: root.join(target.trim()) },
            None => Error::Broken { git_dir: git },
        },
        Err(source) => Error::Path { path: git, source },
    }
}

/// The extensions that libgit2 reads by itself.
const READABLE: [&str; 5] =
    ["noop", "objectformat", "worktreeconfig", "preciousobjects", "relativeworktrees"];

/// Looks in the repository's configuration for a format that cannot be read.
fn unreadable_format(git_dir: &Path) -> Option<Error> {
    let config = git2::Config::open(&shadow::common_dir(git_dir).join("config")).ok()?.snapshot().ok()?;
    let git_dir = git_dir.to_owned();
    let value = |name: &str| config.get_str(name).ok().map(str::to_ascii_lowercase);
    if value("extensions.objectformat").is_some_and(|format| format != "sha1") {
        return Some(Error::Sha256 { git_dir });
    }
    if let Some(format) = value("extensions.refstorage").filter(|format| format != "files") {
        return Some(Error::RefFormat { git_dir, format });
    }
    let mut names = Vec::new();
    let entries = config.entries(Some(r"^extensions\.")).ok()?;
    entries
        .for_each(|entry| {
            names.extend(
                entry.name().ok().and_then(|name| name.strip_prefix("extensions.")).map(str::to_owned),
            );
        })
        .ok()?;
    // A name that nobody knows weighs more than a partial clone, which can be dealt with.
    names.retain(|name| !READABLE.contains(&name.as_str()) && name != "refstorage");
    names.sort_by_key(|name| name == "partialclone");
    names.into_iter().next().map(|name| Error::Extension { git_dir, name })
}
