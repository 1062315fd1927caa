//! The trees that a run reads, and where a path leads when no link in them is followed out of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// More links than this in one path are a circle, as Linux has it.
const MAX_LINKS: usize = 40;

/// No system opens a longer path by its name, in bytes.
pub const MAX_PATH_BYTES: usize = if cfg!(windows) { 32_767 } else { 4096 };

/// Where a file is that somebody names: absolute, and without links in the folders on the way. The file itself may be a link,
/// and need not be there.
pub fn named_place(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) => Some(match folder.canonicalize() {
            Ok(folder) => folder.join(name),
            Err(_) => absolute,
        }),
        // `..` and `/`.
        _ => absolute.canonicalize().ok(),
    }
}

/// Why a path is not opened.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A link in a scanned tree leads out of it, or into its `.git`.
    #[error(
        "{} is a link that leads out of the tree it is in, to {}; name that file itself, if it is the one that is meant",
        link.display(), target.display()
    )]
    LeadsOut {
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// It is a link, and git does not follow links there either.
    #[error("it is a link, which git does not follow either; put the file itself there")]
    Link,
    /// It lies in a scanned tree and holds no bytes of its own.
    #[error(
        "it is a pipe, a socket or a device in the tree that is scanned; name one outside of it, or a file"
    )]
    NotAFile,
    /// It is larger than anything of its kind.
    #[error("it is larger than {} MiB, too large for what it is meant for", .0 >> 20)]
    TooLarge(u64),
    /// The system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The trees that a run reads: what was given as a PATH, the repositories around it, and the current one.
#[derive(Clone, Debug, Default)]
pub struct ScannedTrees {
    /// Without links.
    roots: BTreeSet<PathBuf>,
}

impl ScannedTrees {
    /// The trees of some PATHs. A file stands for its folder; a pipe, or what is not there, for nothing.
    pub fn of(paths: &[PathBuf]) -> Self {
        let mut roots = BTreeSet::new();
        let mut add = |folder: &Path| {
            roots.extend(folder.ancestors().find(|folder| has_git(folder)).map(Path::to_owned));
        };
        if let Ok(here) = Path::new(".").canonicalize() {
            add(&here);
        }
        let mut given: Vec<PathBuf> = Vec::new();
        for path in paths.iter().filter_map(|path| path.canonicalize().ok()) {
            let folder = match path.metadata() {
                Ok(metadata) if metadata.is_dir() => Some(path.as_path()),
                Ok(metadata) if metadata.is_file() => path.parent(),
                _ => None,
            };
            given.extend(folder.map(Path::to_owned));
        }
        given.iter().for_each(|folder| add(folder));
        roots.extend(given);
        ScannedTrees { roots }
    }

    /// Whether a path without links lies in one of them. The system's own devices do not, also where `/` is scanned.
    pub fn hold(&self, path: &Path) -> bool {
        let is_system = |path: &Path| path.starts_with("/dev") || path.starts_with("/proc");
        self.roots.iter().any(|root| path.starts_with(root) && (is_system(root) || !is_system(path)))
    }

    /// Where a path leads: absolute and without links, but for those that the system makes below `/proc`. What is not
    /// there leads where it would be.
    ///
    /// # Errors
    /// A link in one of the trees that leads out of it; too many links; what the system answers.
    pub fn resolve(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let mut rest = Steps::default();
        rest.push(&std::path::absolute(path)?);
        let mut at = PathBuf::new();
        let mut followed: Vec<(PathBuf, PathBuf)> = Vec::new();
        let mut links = 0;
        while let Some(step) = rest.next() {
            if step == ".." {
                at.pop();
                continue;
            }
            if at.starts_with("/proc") {
                // What stands for an open file there is no link that could be read.
                at.push(step);
                continue;
            }
            let next = at.join(&step);
            match next.symlink_metadata() {
                Ok(metadata) if metadata.is_symlink() => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(io::Error::other("too many links lead to one another").into());
                    }
                    let target = next.read_link()?;
                    followed.extend(self.tree_around(&at).map(|tree| (next, tree)));
                    if target.has_root() {
                        at = PathBuf::new();
                    }
                    rest.push(&target);
                }
                Ok(_) => at = next,
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                {
                    at = next;
                }
                Err(error) => return Err(error.into()),
            }
        }
        for (link, tree) in followed {
            let is_inside = at.strip_prefix(&tree).is_ok_and(|below| !below.components().any(is_git));
            if !is_inside {
                return Err(Refusal::LeadsOut { link, target: at });
            }
        }
        Ok(at)
    }

    /// The innermost tree that a folder without links is in. A repository in a tree is a tree of its own.
    fn tree_around(&self, folder: &Path) -> Option<PathBuf> {
        let roots = self.roots.iter().filter(|root| folder.starts_with(root));
        let root = roots.max_by_key(|root| root.as_os_str().len())?;
        folder.ancestors().find(|above| above == root || has_git(above)).map(Path::to_owned)
    }
}

fn has_git(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

/// What git keeps for itself: no link that a commit holds has any business there.
fn is_git(part: Component<'_>) -> bool {
    part.as_os_str().eq_ignore_ascii_case(".git")
}

/// The steps of a path that are left to take, the last first.
#[derive(Default)]
struct Steps(Vec<OsString>);

impl Steps {
    fn push(&mut self, path: &Path) {
        let steps = path.components().filter(|step| *step != Component::CurDir);
        let steps: Vec<OsString> = steps.map(|step| step.as_os_str().to_owned()).collect();
        self.0.extend(steps.into_iter().rev());
    }

    fn next(&mut self) -> Option<OsString> {
        self.0.pop()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A folder with a tree in it.
    fn scene() -> (tempfile::TempDir, PathBuf, ScannedTrees) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("tree/sub/inner/.git")).unwrap();
        fs::create_dir(root.join("tree/.git")).unwrap();
        fs::write(root.join("outside"), "").unwrap();
        fs::write(root.join("tree/file"), "").unwrap();
        let trees = ScannedTrees::of(&[root.join("tree")]);
        (folder, root, trees)
    }

    #[test]
    fn a_link_in_a_tree_leads_no_further_than_the_tree() {
        let (_folder, root, trees) = scene();
        let tree = root.join("tree");
        for (name, target, leads_out) in [
            ("to-file", "file", false),
            ("up-and-down", "sub/../file", false),
            ("twice", "to-file", false),
            ("not-there", "sub/new", false),
            ("out", "../outside", true),
            ("out-and-not-there", "../nothing", true),
            ("absolute", "/etc/passwd", true),
            ("folder-out", "..", true),
            ("by-another", "out", true),
            ("device", "/dev/null", true),
            ("stdout", "/dev/stdout", true),
            ("hooks", ".git/hooks/pre-commit", true),
            ("sub/inner/out-of-the-inner-repository", "../../file", true),
            ("sub/inner/inside", "a", false),
        ] {
            symlink(target, tree.join(name)).unwrap();
            let led = trees.resolve(&tree.join(name));
            assert_eq!(matches!(led, Err(Refusal::LeadsOut { .. })), leads_out, "{name}: {led:?}");
        }
        assert_eq!(trees.resolve(&tree.join("up-and-down")).unwrap(), tree.join("file"));
        // A folder on the way counts as well, also when the path comes from outside.
        symlink("tree", root.join("alias")).unwrap();
        for path in ["tree/folder-out/outside", "alias/folder-out/outside", "alias/out"] {
            assert!(matches!(trees.resolve(&root.join(path)), Err(Refusal::LeadsOut { .. })), "{path}");
        }
        symlink("circle", tree.join("circle")).unwrap();
        assert!(matches!(trees.resolve(&tree.join("circle")), Err(Refusal::Io(_))));
    }

    #[test]
    fn links_outside_of_all_trees_are_a_persons_own() {
        let (_folder, root, trees) = scene();
        symlink("outside", root.join("own")).unwrap();
        assert_eq!(trees.resolve(&root.join("own")).unwrap(), root.join("outside"));
        assert_eq!(trees.resolve(Path::new("/dev/null")).unwrap(), Path::new("/dev/null"));
    }

    #[test]
    fn the_systems_devices_are_in_no_tree() {
        let everything = ScannedTrees { roots: BTreeSet::from([PathBuf::from("/")]) };
        assert!(everything.hold(Path::new("/home/x")) && !everything.hold(Path::new("/dev/null")));
        let shared = ScannedTrees { roots: BTreeSet::from([PathBuf::from("/dev/shm/tree")]) };
        assert!(shared.hold(Path::new("/dev/shm/tree/pipe")) && !shared.hold(Path::new("/dev/shm/pipe")));
    }
}
