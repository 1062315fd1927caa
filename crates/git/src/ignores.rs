//! Ignore files: which paths a scan leaves out. Git's own (`.gitignore`, `info/exclude`, the user's) count as they do for
//! git, so not for what git tracks; `.krea-scan-ignore` counts for everything.
//!
//! Takes the folders of a tree one after the other, each before what is in it, and tells what is left out and which file
//! says so. Opens ignore files with care: they are written by strangers, like the rest of the tree.

use super::tracked::WorkTree;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use krea_scan_files::Incomplete;
use krea_scan_files::{self as files, Refusal, ScannedTrees};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The name of our own ignore files; `.gitignore`'s syntax.
pub const IGNORE_FILE: &str = ".krea-scan-ignore";
/// Git's.
const GITIGNORE: &str = ".gitignore";
/// No ignore file that people write is nearly as large, in bytes.
const MAX_IGNORE_FILE_BYTES: u64 = 1 << 20;

/// Which kinds of ignore files count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kinds {
    /// [`IGNORE_FILE`].
    pub own: bool,
    /// Git's.
    pub git: bool,
}

/// The ignore files of one tree.
#[derive(Debug)]
pub struct Ignores {
    kinds: Kinds,
    trees: ScannedTrees,
    top: Arc<IgnoreFolder>,
    /// Folders below the top that say something, by their paths without links.
    folders: RwLock<HashMap<PathBuf, Arc<IgnoreFolder>>>,
    work_trees: Mutex<Vec<Arc<WorkTree>>>,
    refused: Mutex<Vec<(PathBuf, Refusal)>>,
}

/// A folder, with all that is said of what is in it.
#[derive(Debug)]
pub struct IgnoreFolder {
    above: Option<Arc<IgnoreFolder>>,
    own: Gitignore,
    git: Gitignore,
    /// Where a repository begins, its `info/exclude`, and the user's own file for all repositories.
    exclude: Gitignore,
    user: Gitignore,
    /// The repository that it is in, and whether it begins here.
    work_tree: Option<Arc<WorkTree>>,
    begins: bool,
    /// It is left out itself, by this file, and entered for what git tracks in it.
    left_out: Option<PathBuf>,
}

/// What becomes of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoreVerdict {
    Read,
    /// It is a folder that is left out, and entered for what git tracks in it.
    TrackedOnly(PathBuf),
    /// It is left out, because of this file.
    LeftOut(PathBuf),
}

impl Ignores {
    /// Those that count from a folder on, given by its path without links: its own and those above it, up to the top of
    /// the repository that it is in.
    pub fn below(trees: &ScannedTrees, kinds: Kinds, folder: &Path) -> Self {
        let nothing = IgnoreFolder {
            above: None,
            own: Gitignore::empty(),
            git: Gitignore::empty(),
            exclude: Gitignore::empty(),
            user: Gitignore::empty(),
            work_tree: None,
            begins: false,
            left_out: None,
        };
        let mut ignores = Ignores {
            kinds,
            trees: trees.clone(),
            top: Arc::new(nothing),
            folders: RwLock::default(),
            work_trees: Mutex::default(),
            refused: Mutex::default(),
        };
        let begins = |folder: &&Path| WorkTree::at(folder).is_some();
        let above = folder.ancestors().position(|folder| begins(&folder)).unwrap_or(usize::MAX);
        let mut chain: Vec<&Path> = folder.ancestors().take(above.saturating_add(1)).collect();
        while let Some(folder) = chain.pop() {
            ignores.top = ignores.entered(&ignores.top, folder, None);
        }
        ignores
    }

    /// What is said of what lies in a folder below the top. The folders above it have been entered.
    pub fn of(&self, folder: &Path) -> Arc<IgnoreFolder> {
        let folders = self.folders.read().unwrap_or_else(PoisonError::into_inner);
        folder.ancestors().find_map(|folder| folders.get(folder)).unwrap_or(&self.top).clone()
    }

    /// Takes in what a folder says that is about to be read.
    pub fn enter(
        &self,
        above: &Arc<IgnoreFolder>,
        folder: &Path,
        left_out: Option<PathBuf>,
    ) -> Arc<IgnoreFolder> {
        let entered = self.entered(above, folder, left_out);
        if !Arc::ptr_eq(above, &entered) {
            let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
            folders.insert(folder.to_owned(), entered.clone());
        }
        entered
    }

    /// The folder; the one above it where it says nothing more.
    fn entered(
        &self,
        above: &Arc<IgnoreFolder>,
        folder: &Path,
        left_out: Option<PathBuf>,
    ) -> Arc<IgnoreFolder> {
        let own = self.kinds.own.then(|| {
            let path = folder.join(IGNORE_FILE);
            self.patterns(folder, &path, files::read_found(&self.trees, &path, MAX_IGNORE_FILE_BYTES))
        });
        let begins = self.kinds.git.then(|| WorkTree::at(folder)).flatten().map(Arc::new);
        // Git's ignore files say nothing outside of repositories.
        let git = (begins.is_some() || above.work_tree.is_some()).then(|| {
            let path = folder.join(GITIGNORE);
            self.patterns(folder, &path, files::read_here(&path, MAX_IGNORE_FILE_BYTES))
        });
        let exclude = begins.as_ref().map(|work_tree| {
            let path = work_tree.common_dir().join("info/exclude");
            self.patterns(folder, &path, files::read_found(&self.trees, &path, MAX_IGNORE_FILE_BYTES))
        });
        let own = own.flatten();
        let git = git.flatten();
        if own.is_none() && git.is_none() && begins.is_none() && left_out == above.left_out {
            return above.clone();
        }
        if let Some(work_tree) = &begins {
            self.work_trees.lock().unwrap_or_else(PoisonError::into_inner).push(work_tree.clone());
        }
        Arc::new(IgnoreFolder {
            above: Some(above.clone()),
            own: own.unwrap_or_else(Gitignore::empty),
            git: git.unwrap_or_else(Gitignore::empty),
            exclude: exclude.flatten().unwrap_or_else(Gitignore::empty),
            user: match &begins {
                Some(_) => GitignoreBuilder::new(folder).build_global().0,
                None => Gitignore::empty(),
            },
            begins: begins.is_some(),
            work_tree: begins.or_else(|| above.work_tree.clone()),
            left_out,
        })
    }

    /// The patterns of an ignore file; `None` where there are none. Of a line that is no pattern, git takes no notice.
    fn patterns(
        &self,
        folder: &Path,
        path: &Path,
        read: Result<Option<Vec<u8>>, Refusal>,
    ) -> Option<Gitignore> {
        let built = read.and_then(|bytes| {
            let Some(bytes) = bytes else { return Ok(None) };
            let text = String::from_utf8_lossy(&bytes);
            let mut builder = GitignoreBuilder::new(folder);
            for line in text.strip_prefix('\u{feff}').unwrap_or(&text).lines() {
                // A broken pattern leaves nothing out.
                let _ = builder.add_line(Some(path.to_owned()), line);
            }
            let too_many = |error: ignore::Error| Refusal::Io(std::io::Error::other(error.to_string()));
            builder.build().map(Some).map_err(too_many)
        });
        match built {
            Ok(patterns) => patterns.filter(|patterns| !patterns.is_empty()),
            Err(refusal) => {
                let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                refused.push((path.to_owned(), refusal));
                None
            }
        }
    }

    /// What becomes of a file or a folder that lies in `folder`, by its path without links.
    pub fn verdict(&self, folder: &IgnoreFolder, path: &Path, is_folder: bool) -> IgnoreVerdict {
        for level in folder.levels() {
            match level.own.matched(path, is_folder) {
                Match::Ignore(glob) => return IgnoreVerdict::LeftOut(origin(glob)),
                Match::Whitelist(_) => return IgnoreVerdict::Read,
                Match::None => {}
            }
        }
        let Some(work_tree) = folder.work_tree.as_ref() else { return IgnoreVerdict::Read };
        let Some(by) = folder.left_out.clone().or_else(|| self.by_git(folder, path, is_folder)) else {
            return IgnoreVerdict::Read;
        };
        match (work_tree.tracks(path, is_folder), is_folder) {
            (true, true) => IgnoreVerdict::TrackedOnly(by),
            (true, false) => IgnoreVerdict::Read,
            (false, _) => IgnoreVerdict::LeftOut(by),
        }
    }

    /// The file by which git ignores a path, if git does not track it.
    fn by_git(&self, folder: &IgnoreFolder, path: &Path, is_folder: bool) -> Option<PathBuf> {
        let mut top = folder;
        for level in folder.levels() {
            match level.git.matched(path, is_folder) {
                Match::Ignore(glob) => return Some(origin(glob)),
                Match::Whitelist(_) => return None,
                Match::None => {}
            }
            top = level;
            if level.begins {
                break;
            }
        }
        match top.exclude.matched(path, is_folder).or(top.user.matched(path, is_folder)) {
            Match::Ignore(glob) => Some(origin(glob)),
            _ => None,
        }
    }

    /// What could not be used: ignore files that were refused, and indexes that could not be read. A link that git does
    /// not follow either is a remark; the rest are parts of what was asked for.
    pub fn take_problems(&self) -> (Vec<Incomplete>, Vec<String>) {
        let (mut incomplete, mut notes) = (Vec::new(), Vec::new());
        for (path, refusal) in self.refused.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let path = path.display().to_string();
            match refusal {
                Refusal::Link => notes.push(format!("{path}: leaves nothing out: {refusal}")),
                refusal => {
                    incomplete.push(Incomplete { path, reason: format!("leaves nothing out: {refusal}") })
                }
            }
        }
        for work_tree in self.work_trees.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let trouble = work_tree.trouble();
            incomplete.extend(
                trouble.map(|(index, reason)| Incomplete { path: index.display().to_string(), reason }),
            );
        }
        (incomplete, notes)
    }
}

impl IgnoreFolder {
    /// It and those above it that say something, from the inside out.
    fn levels(&self) -> impl Iterator<Item = &IgnoreFolder> {
        std::iter::successors(Some(self), |folder| folder.above.as_deref())
    }
}

/// Whether git ignores a file of a working tree that begins at `top`, by its path without links.
pub fn git_ignores(trees: &ScannedTrees, top: &Path, file: &Path) -> bool {
    let by_path = PathIgnores::new(trees, Kinds { own: false, git: true }, top);
    file.strip_prefix(top).is_ok_and(|below| by_path.leaves_out(below).is_some())
}

/// The ignore files of a working tree, for paths that nobody walks to.
#[derive(Debug)]
pub struct PathIgnores {
    top: PathBuf,
    ignores: Ignores,
    /// The folders that were asked about and are there.
    folders: Mutex<HashMap<PathBuf, AskedFolder>>,
}

/// A folder that was asked about: what counts in it, and the file by which it is left out.
type AskedFolder = (Arc<IgnoreFolder>, Option<PathBuf>);

impl PathIgnores {
    /// Those that count below `top`, a folder by its path without links.
    pub fn new(trees: &ScannedTrees, kinds: Kinds, top: &Path) -> Self {
        PathIgnores {
            top: top.to_owned(),
            ignores: Ignores::below(trees, kinds, top),
            folders: Mutex::default(),
        }
    }

    /// The ignore file by which a file is left out, by its path below the top. The file need not be there, nor its folders.
    /// A path that could not be there, because it is too long or leads elsewhere, is not left out.
    pub fn leaves_out(&self, below: &Path) -> Option<PathBuf> {
        let is_named = |part| matches!(part, Component::Normal(_));
        if below.as_os_str().len() > files::MAX_PATH_BYTES || !below.components().all(is_named) {
            return None;
        }
        let path = self.top.join(below);
        let (folder, left_out) = self.folder(&path);
        left_out.or_else(|| left_out_by(self.ignores.verdict(&folder, &path, false)))
    }

    /// What counts in the folder of a file.
    fn folder(&self, file: &Path) -> AskedFolder {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unknown: Vec<&Path> = Vec::new();
        let mut at = None;
        for folder in file.ancestors().skip(1).take_while(|folder| *folder != self.top) {
            at = folders.get(folder).cloned();
            if at.is_some() {
                break;
            }
            unknown.push(folder);
        }
        let mut at = at.unwrap_or_else(|| (self.ignores.top.clone(), None));
        let mut is_there = true;
        for folder in unknown.into_iter().rev() {
            let (above, left_out) = at;
            let left_out = left_out.or_else(|| left_out_by(self.ignores.verdict(&above, folder, true)));
            is_there = is_there && folder.symlink_metadata().is_ok();
            let enters = is_there && left_out.is_none();
            at = (if enters { self.ignores.entered(&above, folder, None) } else { above }, left_out);
            if is_there {
                folders.insert(folder.to_owned(), at.clone());
            }
        }
        at
    }

    /// As [`Ignores::take_problems`].
    pub fn take_problems(&self) -> (Vec<Incomplete>, Vec<String>) {
        self.ignores.take_problems()
    }
}

fn left_out_by(verdict: IgnoreVerdict) -> Option<PathBuf> {
    match verdict {
        IgnoreVerdict::LeftOut(by) => Some(by),
        IgnoreVerdict::Read | IgnoreVerdict::TrackedOnly(_) => None,
    }
}

/// The file that a pattern stands in.
fn origin(glob: &ignore::gitignore::Glob) -> PathBuf {
    glob.from().map(Path::to_owned).unwrap_or_default()
}
