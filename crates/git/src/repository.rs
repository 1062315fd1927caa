//! Opening a repository as git would: upwards from a path, in a worktree, a submodule or a bare repository, and inside a
//! hook, where the environment names another directory or another index. Every refusal names the path and what to
//! do. Nothing in the repository is changed.

use super::store::{self, ObjectStore};
use super::{config, ownership, regular_file};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

/// The variables by which git tells a hook that it works on something other than what the directory says.
const LOCATING: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
];

/// A file that holds nothing but a path is not read beyond this.
const MAX_PATH_FILE_BYTES: u64 = 64 << 10;

/// Why a repository could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path itself cannot be looked at.
    #[error("{}: {source}", path.display())]
    Path {
        /// As it was given.
        path: PathBuf,
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
    /// Another user owns it, and the user's `safe.directory` does not name it.
    #[error(
        "{root}: the repository is owned by someone else; if you trust it, run \
         `git config --global --add safe.directory {root}`", root = root.display()
    )]
    Owner {
        /// The path that `safe.directory` must name.
        root: PathBuf,
    },
    /// Refs in a format that cannot be read here.
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
    #[error("{}: the repository cannot be opened: {reason}", path.display())]
    Unusable {
        /// The repository's own folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

pub struct Repository {
    git_dir: PathBuf,
    common_dir: PathBuf,
    workdir: Option<PathBuf>,
    index: PathBuf,
    config: gix_config::File,
    hash: gix_hash::Kind,
    object_folder: PathBuf,
    borrowed: Vec<PathBuf>,
    in_quarantine: bool,
    objects: OnceLock<Result<ObjectStore, store::ObjectError>>,
}

impl Repository {
    /// The repository's own folder: `.git`, or what a linked worktree or a submodule has instead.
    pub fn path(&self) -> &Path {
        &self.git_dir
    }

    /// The folder that a linked worktree shares with its repository; the same folder everywhere else.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The working tree; `None` in a bare repository.
    pub fn workdir(&self) -> Option<&Path> {
        self.workdir.as_deref()
    }

    /// The path by which the repository knows a file that somebody names; `None` outside of its working tree. The file need not
    /// be there.
    pub fn path_below(&self, named: &Path) -> Option<PathBuf> {
        Some(krea_scan_files::named_place(named)?.strip_prefix(self.workdir()?).ok()?.to_owned())
    }

    /// Whether it has no working tree.
    pub fn is_bare(&self) -> bool {
        self.workdir.is_none()
    }

    /// The index file: the one that `GIT_INDEX_FILE` names inside a hook, otherwise the repository's own. It need not
    /// exist.
    pub fn index_path(&self) -> &Path {
        &self.index
    }

    /// The kind of object ids.
    pub fn hash(&self) -> gix_hash::Kind {
        self.hash
    }

    /// The folder of its objects; inside a hook the one that git names.
    pub(super) fn object_folder(&self) -> &Path {
        &self.object_folder
    }

    /// Folders of objects that git names inside a hook, such as those of the repository while a push is in quarantine.
    pub(super) fn borrowed_object_folders(&self) -> &[PathBuf] {
        &self.borrowed
    }

    /// Whether what is pushed to it waits in quarantine: its objects are there, and no ref has moved to them yet.
    pub fn is_in_quarantine(&self) -> bool {
        self.in_quarantine
    }

    /// Its objects. Opened when asked for at first.
    ///
    /// # Errors
    /// When there is no folder of objects that can be read.
    pub fn objects(&self) -> Result<&ObjectStore, store::ObjectError> {
        self.objects.get_or_init(|| ObjectStore::open(self)).as_ref().map_err(Clone::clone)
    }

    /// Its remotes that have a URL, names and URLs, sorted by name. A URL may hold a credential.
    pub fn remotes(&self) -> Vec<(String, String)> {
        let sections = self.config.sections_by_name("remote").into_iter().flatten();
        let mut remotes: Vec<(String, String)> = sections
            .filter_map(|section| {
                let name = section.header().subsection_name()?.to_string();
                Some((name, section.value("url")?.to_string()))
            })
            .collect();
        remotes.sort();
        remotes.dedup_by(|one, other| one.0 == other.0);
        remotes
    }

    /// A setting of the repository's own configuration, as `branch.NAME.merge`.
    pub fn setting(&self, section: &str, name: &str, key: &str) -> Option<String> {
        self.config.string_by(section, Some(name.into()), key).map(|value| value.to_string())
    }

    /// All values of such a setting.
    pub fn settings(&self, section: &str, name: &str, key: &str) -> Vec<String> {
        let values = self.config.strings_by(section, Some(name.into()), key).into_iter().flatten();
        values.map(|value| value.to_string()).collect()
    }

    /// Whether it is a partial clone, which fetches missing objects only when git asks for them. Git marks these with an
    /// extension, and their remotes with `promisor`.
    pub fn is_partial(&self) -> bool {
        let mut remotes = self.config.sections_by_name("remote").into_iter().flatten();
        config::text(&self.config, "extensions.partialClone").is_some()
            || remotes.any(|remote| remote.value("promisor").is_some())
    }

    /// Whether history is cut off somewhere. True also in a worktree of a shallow clone.
    pub fn is_shallow_clone(&self) -> bool {
        fs::metadata(self.common_dir.join("shallow")).is_ok_and(|meta| meta.len() > 0)
    }

    /// Why an object that is named somewhere is not there, and what to do about it.
    pub fn missing_reason(&self, what: &str) -> String {
        let unread = self.objects().ok().and_then(|objects| objects.unread().first());
        let advice = if let Some(unread) = unread {
            format!("it may be in what cannot be read: {}: {}", unread.path, unread.reason)
        } else if self.is_partial() {
            "this is a partial clone: `git fetch --refetch --no-filter` brings in everything".to_owned()
        } else if self.is_shallow_clone() {
            "this is a shallow clone: `git fetch --unshallow` brings in the rest".to_owned()
        } else {
            "`git fsck` tells what else is missing".to_owned()
        };
        format!("the {what} is missing from the repository; {advice}")
    }

    /// Why an object cannot be read, in words.
    pub fn unread_reason(&self, what: &str, error: &store::ObjectError) -> String {
        match error {
            store::ObjectError::Missing(_) => self.missing_reason(what),
            store::ObjectError::Damaged { reason, .. } => {
                format!("the {what} cannot be read: {reason}; `git fsck` tells more")
            }
            store::ObjectError::NoObjects { .. } => format!("the {what} cannot be read: {error}"),
        }
    }
}

/// Opens the repository that `path` is in, searching upwards.
///
/// `GIT_DIR`, `GIT_WORK_TREE`, `GIT_INDEX_FILE` and the object directories count as they do for git, as long as they
/// belong to the repository that `path` is in: inside a hook, a path in another repository means that other one.
///
/// # Errors
/// When there is no repository, or none that can be read; the message says what to do.
pub fn open(path: &Path) -> Result<Repository, OpenError> {
    let start = path.canonicalize().map_err(|source| OpenError::Path { path: path.to_owned(), source })?;
    let start = if start.is_dir() { start } else { start.parent().unwrap_or(&start).to_owned() };
    let is_set = LOCATING.into_iter().any(|name| env::var_os(name).is_some());
    let found = discover(&start);
    let here = env::current_dir().and_then(|dir| dir.canonicalize()).ok();

    if let Some(git_dir) = env::var_os("GIT_DIR").map(PathBuf::from) {
        let named = git_dir.canonicalize().ok();
        let is_here = here.as_deref() == Some(&start);
        let found_dir = found.as_ref().map(|found| &found.git_dir);
        if found_dir.is_none() || named.as_ref() == found_dir || is_here {
            let git_dir = named.filter(|dir| is_git_dir(dir)).ok_or_else(|| explain_absence(&start, path))?;
            let repository =
                finish(RepositoryPlace { git_dir, worktree: None, gitfile: None }, &start, true)?;
            let inside = |dir: &Path| dir.canonicalize().is_ok_and(|dir| start.starts_with(dir));
            let belongs = found.is_some()
                || is_here
                || repository.workdir().is_some_and(inside)
                || inside(repository.path());
            return if belongs { Ok(repository) } else { Err(explain_absence(&start, path)) };
        }
        return finish(found.ok_or_else(|| explain_absence(&start, path))?, &start, false);
    }
    let own = !is_set || here.and_then(|dir| discover(&dir)) == found;
    finish(found.ok_or_else(|| explain_absence(&start, path))?, &start, own)
}

/// Where a repository was found.
#[derive(Debug, PartialEq, Eq)]
struct RepositoryPlace {
    git_dir: PathBuf,
    /// The folder whose `.git` it is.
    worktree: Option<PathBuf>,
    /// The file `.git` that led to it.
    gitfile: Option<PathBuf>,
}

/// Looks for a repository in a folder and in those above it.
fn discover(start: &Path) -> Option<RepositoryPlace> {
    let ceilings = env::var_os("GIT_CEILING_DIRECTORIES").unwrap_or_default();
    let ceilings: Vec<PathBuf> =
        env::split_paths(&ceilings).filter_map(|ceiling| ceiling.canonicalize().ok()).collect();
    let is_allowed = |dir: &&Path| *dir == start || !ceilings.iter().any(|ceiling| ceiling == dir);
    start.ancestors().take_while(is_allowed).find_map(|dir| {
        let git = dir.join(".git");
        let worktree = Some(dir.to_owned());
        if is_git_dir(&git) {
            return Some(RepositoryPlace { git_dir: git.canonicalize().ok()?, worktree, gitfile: None });
        }
        if let Some(target) = gitfile_target(&git).filter(|target| is_git_dir(target)) {
            return Some(RepositoryPlace {
                git_dir: target.canonicalize().ok()?,
                worktree,
                gitfile: Some(git),
            });
        }
        is_git_dir(dir).then(|| RepositoryPlace { git_dir: dir.to_owned(), worktree: None, gitfile: None })
    })
}

/// Whether a folder is a repository's own.
fn is_git_dir(dir: &Path) -> bool {
    let common = common_dir(dir);
    dir.join("HEAD").symlink_metadata().is_ok()
        && common.join("objects").is_dir()
        && common.join("refs").is_dir()
}

/// What a file `.git` points to.
fn gitfile_target(file: &Path) -> Option<PathBuf> {
    let text = regular_file::read(file, MAX_PATH_FILE_BYTES).ok()?;
    let target = String::from_utf8(text.strip_prefix(b"gitdir:")?.trim_ascii().to_vec()).ok()?;
    Some(file.parent()?.join(target))
}

/// The folder that a linked worktree shares with its repository; the same folder everywhere else.
fn common_dir(git_dir: &Path) -> PathBuf {
    let text = regular_file::read(&git_dir.join("commondir"), MAX_PATH_FILE_BYTES).ok();
    match text.and_then(|text| String::from_utf8(text).ok()) {
        Some(text) => git_dir.join(text.trim_end_matches(['\r', '\n'])),
        None => git_dir.to_owned(),
    }
}

/// Opens what was found.
fn finish(place: RepositoryPlace, start: &Path, with_environment: bool) -> Result<Repository, OpenError> {
    let variable = |name: &str| env::var_os(name).filter(|value| with_environment && !value.is_empty());
    let RepositoryPlace { git_dir, worktree, gitfile } = place;
    let root = worktree.as_deref().unwrap_or(&git_dir);
    let folders = [Some(&git_dir), worktree.as_ref(), gitfile.as_ref()];
    if !ownership::is_trusted(folders.into_iter().flatten().map(PathBuf::as_path), root) {
        return Err(OpenError::Owner { root: owned_root(start, &git_dir) });
    }
    let common = variable("GIT_COMMON_DIR").map_or_else(|| common_dir(&git_dir), PathBuf::from);
    let unusable = |reason: String| OpenError::Unusable { path: git_dir.clone(), reason };
    let common_dir = common.canonicalize().map_err(|error| unusable(error.to_string()))?;
    let config = config::of_repository(&git_dir, &common_dir).map_err(|error| unusable(error.to_string()))?;
    let hash = format(&config, &git_dir)?;

    let workdir = match variable("GIT_WORK_TREE") {
        Some(named) => Some(PathBuf::from(named)),
        None => work_tree(&config, &git_dir, &common_dir, worktree),
    };
    let workdir = workdir.map(|dir| dir.canonicalize().unwrap_or(dir));
    // Git hands a relative GIT_INDEX_FILE to hooks, which it runs at the top of the working tree.
    let index = match variable("GIT_INDEX_FILE") {
        Some(name) => workdir.as_ref().unwrap_or(&git_dir).join(name),
        None => git_dir.join("index"),
    };
    let object_folder = match variable("GIT_OBJECT_DIRECTORY") {
        Some(named) => PathBuf::from(named),
        None => common_dir.join("objects"),
    };
    let borrowed = variable("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
    let borrowed = store::object_paths(&borrowed);
    let in_quarantine = variable("GIT_QUARANTINE_PATH").is_some();
    Ok(Repository {
        git_dir,
        common_dir,
        workdir,
        index,
        config,
        hash,
        object_folder,
        borrowed,
        in_quarantine,
        objects: OnceLock::new(),
    })
}

/// The working tree, as the configuration says or as the repository was found.
fn work_tree(
    config: &gix_config::File,
    git_dir: &Path,
    common_dir: &Path,
    found: Option<PathBuf>,
) -> Option<PathBuf> {
    if git_dir != common_dir
        && let Ok(text) = regular_file::read(&git_dir.join("gitdir"), MAX_PATH_FILE_BYTES)
    {
        // A linked worktree: the file names its `.git`.
        let gitfile = git_dir.join(String::from_utf8(text).ok()?.trim_end_matches(['\r', '\n']));
        return found.or_else(|| Some(gitfile.parent()?.to_owned()));
    }
    if config::is_true(config, "core.bare") {
        return None;
    }
    if let Some(path) = config::text(config, "core.worktree") {
        return Some(git_dir.join(path));
    }
    let holder = || git_dir.parent().filter(|_| git_dir.ends_with(".git")).map(Path::to_owned);
    found.or_else(holder)
}

/// The top of the working tree that a folder is in, where one is: the nearest folder with a `.git`, or what git's variables say.
/// The folder is given without links.
pub fn top_of(folder: &Path) -> Option<PathBuf> {
    let nearest = folder.ancestors().find(|above| above.join(".git").exists()).map(Path::to_owned);
    nearest.or_else(|| {
        let top = open(folder).ok()?.workdir()?.to_owned();
        folder.starts_with(&top).then_some(top)
    })
}

/// What people call the project that a path is in: the last part of where `origin` is, or the name of the working
/// tree's folder, or of the folder itself.
pub fn project_name(path: &Path) -> String {
    let repo = open(path).ok();
    let origin = repo.as_ref().and_then(|repo| {
        let (_, url) = repo.remotes().into_iter().find(|(name, _)| name == "origin")?;
        let name = url.trim_end_matches('/').rsplit(['/', ':']).next()?.trim_end_matches(".git");
        Some(name.to_owned()).filter(|name| !name.is_empty())
    });
    let folder = || {
        let root = repo.as_ref().and_then(Repository::workdir).unwrap_or(path);
        let root = root.canonicalize().ok()?;
        let root = if root.is_file() { root.parent()?.to_owned() } else { root };
        Some(root.file_name()?.to_string_lossy().into_owned())
    };
    origin.or_else(folder).unwrap_or_else(|| "project".to_owned())
}

/// The nearest folder upwards that holds a `.git`.
fn worktree_root(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|dir| dir.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// What `safe.directory` has to name: the working tree, or the repository itself when it is bare.
fn owned_root(start: &Path, git_dir: &Path) -> PathBuf {
    if start.starts_with(git_dir) {
        return git_dir.to_owned();
    }
    worktree_root(start).unwrap_or_else(|| start.to_owned())
}

/// Says why no repository was found: none there, a gitfile that dangles, or a `.git` that is none.
fn explain_absence(start: &Path, given: &Path) -> OpenError {
    let absent = || OpenError::NotARepository { path: given.to_owned() };
    let Some(root) = worktree_root(start) else { return absent() };
    let git = root.join(".git");
    if git.is_dir() {
        return OpenError::Broken { git_dir: git };
    }
    match regular_file::read(&git, MAX_PATH_FILE_BYTES) {
        Ok(_) => match gitfile_target(&git) {
            Some(target) => OpenError::DanglingGitfile { file: git, target },
            None => OpenError::Broken { git_dir: git },
        },
        Err(source) => OpenError::Path { path: git, source },
    }
}

/// The extensions that change nothing here, or that are heeded.
const READABLE: [&str; 8] = [
    "noop",
    "noop-v1",
    "objectformat",
    "refstorage",
    "partialclone",
    "worktreeconfig",
    "preciousobjects",
    "relativeworktrees",
];

/// The kind of object ids, from a repository's configuration; an error for a format that cannot be read.
fn format(config: &gix_config::File, git_dir: &Path) -> Result<gix_hash::Kind, OpenError> {
    let git_dir = git_dir.to_owned();
    let version = config.integer("core.repositoryFormatVersion").ok().flatten().unwrap_or(0);
    if !(0..=1).contains(&version) {
        let reason = format!("its format has the version {version}, and krea-scan knows 0 and 1");
        return Err(OpenError::Unusable { path: git_dir, reason });
    }
    if version == 0 {
        return Ok(gix_hash::Kind::Sha1);
    }
    let value = |key: &str| config::text(config, key).map(|value| value.to_ascii_lowercase());
    if let Some(format) = value("extensions.refStorage").filter(|format| format != "files") {
        return Err(OpenError::RefFormat { git_dir, format });
    }
    let sections = config.sections_by_name("extensions").into_iter().flatten();
    let names =
        sections.flat_map(|section| section.value_names().map(|name| name.to_string()).collect::<Vec<_>>());
    let mut unknown =
        names.map(|name| name.to_ascii_lowercase()).filter(|name| !READABLE.contains(&name.as_str()));
    if let Some(name) = unknown.next() {
        return Err(OpenError::Extension { git_dir, name });
    }
    match value("extensions.objectFormat").as_deref() {
        None | Some("sha1") => Ok(gix_hash::Kind::Sha1),
        Some("sha256") => Ok(gix_hash::Kind::Sha256),
        Some(other) => Err(OpenError::Extension { git_dir, name: format!("objectFormat = {other}") }),
    }
}
