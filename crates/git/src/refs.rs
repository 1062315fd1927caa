//! Refs: names and the objects they lead to, in files of their own and in `packed-refs`. Read anew each time, bounded, and
//! never through a pipe; a ref that makes no sense is passed over, as git does. Layout: gitrepository-layout(5).

use super::regular_file;
use super::repository::Repository;
use super::store::Kind;
use gix_hash::ObjectId;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// A file with one ref is not read beyond this.
const MAX_REF_BYTES: u64 = 64 << 10;
/// The list of packed refs is not read beyond this.
const MAX_PACKED_REFS_BYTES: u64 = 512 << 20;
/// Refs that lead to each other are followed so far, as git does.
const MAX_LINKS: usize = 5;
/// Folders below `refs` are not gone into deeper than this.
const MAX_DEPTH: usize = 64;

/// What a ref holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefTarget {
    Object(ObjectId),
    /// Another ref's full name.
    Ref(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// On a branch, which has a commit or, at first, none.
    Branch(String, Option<ObjectId>),
    /// On a commit.
    Detached(ObjectId),
}

impl Head {
    /// The object that HEAD leads to.
    pub fn id(&self) -> Option<ObjectId> {
        match self {
            Head::Branch(_, id) => *id,
            Head::Detached(id) => Some(*id),
        }
    }
}

/// Why refs could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RefsError {
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// A ref whose content is no ref's.
    #[error("{}: it holds neither an object's id nor another ref's name", .0.display())]
    Content(PathBuf),
    /// Refs that lead to each other without an end.
    #[error("the ref {0} leads to itself")]
    Circle(String),
}

pub struct Refs<'r> {
    repo: &'r Repository,
    packed: BTreeMap<String, ObjectId>,
}

impl<'r> Refs<'r> {
    /// Reads the packed refs.
    ///
    /// # Errors
    /// When they are there and cannot be read.
    pub fn open(repo: &'r Repository) -> Result<Self, RefsError> {
        let path = repo.common_dir().join("packed-refs");
        let text = match regular_file::read(&path, MAX_PACKED_REFS_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(RefsError::File { path, source }),
        };
        let lines = text.split(|&byte| byte == b'\n');
        // Comments and what tags lead to have no id at their start.
        let packed = lines.filter_map(|line| {
            let (id, name) = line.split_at_checked(repo.hash().len_in_hex())?;
            let name = String::from_utf8_lossy(name.strip_prefix(b" ")?.trim_ascii_end()).into_owned();
            Some((name, ObjectId::from_hex(id).ok()?))
        });
        Ok(Refs { repo, packed: packed.collect() })
    }

    /// What a ref holds, by its full name; `None` when there is no such ref.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<RefTarget>, RefsError> {
        if !is_safe(name) {
            return Ok(None);
        }
        let path = self.folder_of(name).join(name);
        match read_refs(&path, self.repo.hash()) {
            Ok(Some(target)) => Ok(Some(target)),
            Ok(None) => Err(RefsError::Content(path)),
            // A folder is where refs with longer names are.
            Err(error) if is_absent(&error) || path.is_dir() => {
                Ok(self.packed.get(name).copied().map(RefTarget::Object))
            }
            Err(source) => Err(RefsError::File { path, source }),
        }
    }

    /// The object that a ref leads to, through other refs.
    ///
    /// # Errors
    /// As [`Refs::find`], and for refs that lead to each other.
    pub fn resolve(&self, name: &str) -> Result<Option<ObjectId>, RefsError> {
        let mut at = name.to_owned();
        for _ in 0..=MAX_LINKS {
            match self.find(&at)? {
                Some(RefTarget::Object(id)) => return Ok(Some(id)),
                Some(RefTarget::Ref(next)) => at = next,
                None => return Ok(None),
            }
        }
        Err(RefsError::Circle(name.to_owned()))
    }

    /// Where HEAD is.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn head(&self) -> Result<Head, RefsError> {
        match self.find("HEAD")? {
            Some(RefTarget::Object(id)) => Ok(Head::Detached(id)),
            Some(RefTarget::Ref(name)) => {
                let id = self.resolve(&name)?;
                Ok(Head::Branch(name, id))
            }
            None => Err(RefsError::Content(self.repo.path().join("HEAD"))),
        }
    }

    /// The commit that HEAD leads to; `None` on a branch without commits, and where HEAD cannot be read.
    pub fn head_commit(&self) -> Option<ObjectId> {
        self.commit(self.head().ok()?.id()?)
    }

    /// All refs below `refs/` that hold an object's id, sorted by name.
    pub fn all(&self) -> Vec<(String, ObjectId)> {
        let mut all = self.packed.clone();
        let (common, own) = (self.repo.common_dir(), self.repo.path());
        for base in [Some(common), (own != common).then_some(own)].into_iter().flatten() {
            self.list(base, "refs", 0, &mut all);
        }
        all.into_iter().collect()
    }

    fn list(&self, base: &Path, folder: &str, depth: usize, all: &mut BTreeMap<String, ObjectId>) {
        for entry in fs::read_dir(base.join(folder)).into_iter().flatten().flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => self.list(base, &name, depth + 1, all),
                Ok(kind) if kind.is_dir() => {}
                // Git leaves a lock behind when it is killed; what belongs to one worktree is not another's.
                Ok(_) if !name.ends_with(".lock") && self.folder_of(&name) == base => {
                    match read_refs(&entry.path(), self.repo.hash()) {
                        Ok(Some(RefTarget::Object(id))) => all.insert(name, id),
                        _ => all.remove(&name),
                    };
                }
                _ => {}
            }
        }
    }

    /// The folder that a ref's file is below: some belong to one worktree, most to the whole repository.
    fn folder_of(&self, name: &str) -> &Path {
        let of_worktree = ["refs/bisect/", "refs/worktree/", "refs/rewritten/"];
        let shared = name.starts_with("refs/") && !of_worktree.iter().any(|start| name.starts_with(start));
        if shared { self.repo.common_dir() } else { self.repo.path() }
    }

    /// The commit that an object is, or that a tag leads to.
    pub fn commit(&self, id: ObjectId) -> Option<ObjectId> {
        match self.repo.objects().ok()?.peel(&id) {
            Ok((Kind::Commit, id, _)) => Some(id),
            _ => None,
        }
    }
}

/// Reads a ref's file; `None` when what it holds is no ref's.
pub(super) fn read_refs(path: &Path, hash: gix_hash::Kind) -> io::Result<Option<RefTarget>> {
    // How git wrote symbolic refs at first.
    if let Ok(target) = fs::read_link(path)
        && let Some(name) = target.to_str().filter(|name| name.starts_with("refs/"))
    {
        return Ok(is_safe(name).then(|| RefTarget::Ref(name.to_owned())));
    }
    let bytes = regular_file::read(path, MAX_REF_BYTES)?;
    if let Some(name) = bytes.strip_prefix(b"ref:") {
        let name = std::str::from_utf8(name.trim_ascii()).ok().filter(|name| is_safe(name));
        return Ok(name.map(|name| RefTarget::Ref(name.to_owned())));
    }
    // FETCH_HEAD goes on behind the first id.
    let (id, rest) = bytes.split_at_checked(hash.len_in_hex()).unwrap_or((&bytes, &[]));
    let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
    Ok(ObjectId::from_hex(id).ok().filter(|id| ends && id.kind() == hash).map(RefTarget::Object))
}

/// Whether a ref's name stays in the repository's folder.
pub(super) fn is_safe(name: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    !name.is_empty() && !name.contains(['\0', '\n', '\\', ':']) && Path::new(name).components().all(plain)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
