//! What is staged: the entries of the index that `git commit` would record and that HEAD does not have. Takes an open
//! repository, gives paths and blob ids. The index's own cache of tree ids lets every folder that did not change be
//! skipped unread, so the cost is that of the changes, also among a hundred thousand files.

use gix_hash::ObjectId;
use krea_scan_files::Incomplete;
use krea_scan_git::blobs::BlobAt;
use krea_scan_git::index_file::{CachedTree, IndexEntry, IndexFile};
use krea_scan_git::objects::Tree;
use krea_scan_git::objects::tree_order;
use krea_scan_git::refs::Refs;
use krea_scan_git::repository::Repository;
use krea_scan_git::trees::{self, MAX_DEPTH};
use std::cmp::Ordering;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// Why the index could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A bare repository has no index.
    #[error("{}: a bare repository stages nothing; use --history or --range A..B", .0.display())]
    Bare(PathBuf),
    /// The index file is damaged, or of a kind nobody knows.
    #[error("{}: the index cannot be read: {reason}; `git status` tells more", path.display())]
    Index {
        /// The index file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// HEAD does not lead to a tree.
    #[error("HEAD cannot be read: {0}; `git fsck` tells more")]
    Head(String),
}

/// What `git commit` would record.
#[derive(Debug, Default)]
pub struct Staged {
    /// Blobs that are new or changed against HEAD, symbolic links (their target) among them, in the index's order. An
    /// unmerged path has up to three: base, ours, theirs.
    pub blobs: Vec<BlobAt>,
    /// Paths with an unresolved conflict, each once. Git refuses to commit them; all their sides are in `blobs`.
    pub unmerged: Vec<String>,
    /// Parts of HEAD that could not be read. What is staged there is in `blobs` as if it were new.
    pub incomplete: Vec<Incomplete>,
}

/// Compares the index with HEAD's tree. On a branch without commits, everything in the index is staged.
///
/// Renames appear under their new path, deletions and submodules not at all, nor what `git add --intent-to-add` only
/// announced.
///
/// # Errors
/// When there is no index to read, or HEAD is broken.
pub fn staged(repo: &Repository) -> Result<Staged, IndexError> {
    let mut index = open(repo)?;
    let head = head_tree(repo).map_err(IndexError::Head)?;
    let (cache, length) = (index.take_tree(), index.entry_count());
    let mut walk = IndexWalk { repo, index, entry: IndexEntry::default(), staged: Staged::default() };
    walk.level(head, cache.as_ref(), 0..length, &[], 0).map_err(|error| broken(repo, error.to_string()))?;
    Ok(walk.staged)
}

/// Opens a repository's index.
pub(super) fn open(repo: &Repository) -> Result<IndexFile, IndexError> {
    let path = repo.index_path();
    if repo.is_bare() && !path.exists() {
        return Err(IndexError::Bare(repo.path().to_owned()));
    }
    IndexFile::open(path, repo.hash()).map_err(|reason| broken(repo, reason))
}

pub(super) fn broken(repo: &Repository, reason: String) -> IndexError {
    IndexError::Index { path: repo.index_path().to_owned(), reason }
}

/// The id of HEAD's tree; `None` on a branch without commits.
fn head_tree(repo: &Repository) -> Result<Option<ObjectId>, String> {
    let head = Refs::open(repo).and_then(|refs| refs.head()).map_err(|error| error.to_string())?;
    let Some(id) = head.id() else { return Ok(None) };
    let commit = repo.objects().and_then(|objects| {
        let (_, id, _) = objects.peel(&id)?;
        objects.commit(&id)
    });
    match commit {
        Ok(commit) => Ok(Some(commit.tree)),
        Err(error) => Err(repo.unread_reason(&format!("commit {id}"), &error)),
    }
}

struct IndexWalk<'r> {
    repo: &'r Repository,
    index: IndexFile,
    entry: IndexEntry,
    staged: Staged,
}

impl<'r> IndexWalk<'r> {
    /// Compares one folder, whose path ends in `/`: HEAD's tree of it with the entries in `range`, all of them below it.
    fn level(
        &mut self,
        tree: Option<ObjectId>,
        cache: Option<&CachedTree>,
        range: Range<usize>,
        folder: &[u8],
        depth: usize,
    ) -> io::Result<()> {
        let unchanged = cache.zip(tree).is_some_and(|(cache, tree)| {
            cache.entries.is_some_and(|count| count as usize == range.len()) && cache.id == tree
        });
        if unchanged || range.is_empty() {
            return Ok(());
        }
        let tree = tree.and_then(|id| self.tree(id, folder));
        let mut tree_at = 0;
        let mut at = range.start;
        while at < range.end {
            self.index.load(at, &mut self.entry)?;
            let rest = self.entry.path.get(folder.len()..).unwrap_or_default();
            let slash = memchr::memchr(b'/', rest);
            let name = &rest[..slash.unwrap_or(rest.len())];

            // What HEAD has in between is deleted in the index.
            let mut in_head = None;
            while let Some(entry) = tree.as_ref().and_then(|tree| tree.get(tree_at)) {
                match tree_order(entry.name, entry.is_tree(), name, slash.is_some()) {
                    Ordering::Less => tree_at += 1,
                    Ordering::Equal => {
                        in_head = Some((entry.id.to_owned(), entry.mode));
                        tree_at += 1;
                        break;
                    }
                    Ordering::Greater => break,
                }
            }

            let Some(slash) = slash else {
                self.file(in_head);
                at += 1;
                continue;
            };
            let in_head = in_head.map(|(id, _)| id);
            if self.entry.is_folder() {
                self.sparse_folder(in_head);
                at += 1;
                continue;
            }
            let cached = cache.and_then(|cache| child(cache, name));
            let below = self.entry.path[..folder.len() + slash + 1].to_owned();
            let end = self.end_of(&below, cached, at..range.end)?;
            if depth == MAX_DEPTH {
                self.incomplete(&below, format!("folders nested deeper than {MAX_DEPTH} are not read"));
            } else {
                self.level(in_head, cached, at..end, &below, depth + 1)?;
            }
            at = end;
        }
        Ok(())
    }

    /// Where the entries below `folder` end. The cache knows how many there are; it is not believed without a look.
    fn end_of(
        &mut self,
        folder: &[u8],
        cached: Option<&CachedTree>,
        range: Range<usize>,
    ) -> io::Result<usize> {
        if let Some(count) = cached.and_then(|cached| cached.entries) {
            let end = range.start.saturating_add(count as usize);
            if count > 0
                && end <= range.end
                && self.is_below(end - 1, folder)?
                && (end == range.end || !self.is_below(end, folder)?)
            {
                return Ok(end);
            }
        }
        // The first is below it. Then the usual halving, between one that is and one that is not.
        let (mut inside, mut end) = (range.start, range.end);
        while end - inside > 1 {
            let middle = inside + (end - inside) / 2;
            if self.is_below(middle, folder)? {
                inside = middle;
            } else {
                end = middle;
            }
        }
        Ok(end)
    }

    fn is_below(&mut self, at: usize, folder: &[u8]) -> io::Result<bool> {
        self.index.load(at, &mut self.entry)?;
        Ok(self.entry.path.starts_with(folder))
    }

    /// HEAD's tree of a folder.
    fn tree(&mut self, id: ObjectId, folder: &[u8]) -> Option<Tree> {
        let tree = self.repo.objects().and_then(|objects| objects.tree(&id));
        tree.map_err(|error| {
            let reason = self.repo.unread_reason(&format!("tree {id} of HEAD"), &error);
            self.incomplete(folder, reason);
        })
        .ok()
    }

    /// Takes the entry at hand if it differs from HEAD's.
    fn file(&mut self, in_head: Option<(ObjectId, u32)>) {
        let entry = &self.entry;
        let (blob, mode) = (entry.id, entry.mode);
        if entry.is_submodule() || entry.intent_to_add {
            return;
        }
        let conflict = entry.stage != 0;
        if in_head == Some((blob, mode)) && !conflict {
            return;
        }
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        if conflict && self.staged.unmerged.last() != Some(&path) {
            self.staged.unmerged.push(path.clone());
        }
        self.staged.blobs.push(BlobAt { path, blob, mode });
    }

    /// A sparse index keeps a whole folder outside the checkout as one entry with its tree's id.
    fn sparse_folder(&mut self, in_head: Option<ObjectId>) {
        let folder = String::from_utf8_lossy(&self.entry.path).into_owned();
        let changes = trees::compare(self.repo, self.entry.id, in_head.as_slice());
        self.staged.blobs.extend(
            changes.added.into_iter().map(|blob| BlobAt { path: format!("{folder}{}", blob.path), ..blob }),
        );
        self.staged.incomplete.extend(
            changes
                .incomplete
                .into_iter()
                .map(|part| Incomplete { path: format!("{folder}{}", part.path), ..part }),
        );
    }

    fn incomplete(&mut self, folder: &[u8], reason: String) {
        let path = String::from_utf8_lossy(folder.strip_suffix(b"/").unwrap_or(folder)).into_owned();
        self.staged.incomplete.push(Incomplete { path, reason });
    }
}

/// The cache's children are sorted by their plain names.
fn child<'c>(cache: &'c CachedTree, name: &[u8]) -> Option<&'c CachedTree> {
    let at = cache.children.binary_search_by(|child| child.name.as_slice().cmp(name)).ok()?;
    cache.children.get(at)
}
