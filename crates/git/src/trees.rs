//! Comparing a tree with the trees that came before it: which blobs it brings in, which it replaces. Whole subtrees
//! that did not change are never opened, and a missing subtree is told, never skipped in silence.

use super::blobs::BlobAt;
use super::objects::{Tree, TreeEntry, tree_order};
use super::repository::Repository;
use gix_hash::ObjectId;
use krea_scan_files::Incomplete;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

/// Deeper trees are not followed: no working tree can hold them.
pub const MAX_DEPTH: usize = 1024;

/// A folder that is the same as another one is compared under so many names in one comparison and no more: a few objects can
/// otherwise stand for billions of paths.
const MAX_NAMES: usize = 100;

/// So many trees are kept between comparisons.
const MAX_KEPT: usize = 500;

/// What a tree changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// Blobs that no earlier tree has at that path, in the order of the paths.
    pub added: Vec<BlobAt>,
    /// Blobs of the earlier trees at the paths that changed, also where the path is gone. Sorted, each once.
    pub replaced: Vec<ObjectId>,
    /// Trees that could not be read.
    pub incomplete: Vec<Incomplete>,
    /// How many folders were left out because the same folder was compared under many other names.
    pub repeated: u64,
}

/// What `new` changes against *every* tree of `old`: a path that one of them has with the same content is no change.
/// So a merge is left with what nobody's branch had. No `old` at all is the empty tree.
pub fn compare(repo: &Repository, new: ObjectId, old: &[ObjectId]) -> Changes {
    Comparer::new(repo).compare(new, old)
}

/// Compares many trees of one history; what one comparison read helps the next.
pub struct Comparer<'r> {
    repo: &'r Repository,
    trees: HashMap<ObjectId, Rc<Tree>>,
}

impl<'r> Comparer<'r> {
    /// Begins with nothing read.
    pub fn new(repo: &'r Repository) -> Self {
        Comparer { repo, trees: HashMap::new() }
    }

    /// As [`compare`].
    pub fn compare(&mut self, new: ObjectId, old: &[ObjectId]) -> Changes {
        if self.trees.len() > MAX_KEPT {
            self.trees.clear();
        }
        let mut walk = TreesWalk {
            comparer: self,
            changes: Changes::default(),
            path: Vec::new(),
            compared: HashMap::new(),
        };
        if !old.contains(&new) {
            let old: Vec<Option<ObjectId>> =
                if old.is_empty() { vec![None] } else { old.iter().copied().map(Some).collect() };
            walk.level(Some(new), old, 0);
        }
        let mut changes = walk.changes;
        changes.replaced.sort_unstable();
        changes.replaced.dedup();
        changes
    }
}

struct TreesWalk<'w, 'r> {
    comparer: &'w mut Comparer<'r>,
    changes: Changes,
    path: Vec<u8>,
    /// How often folders were compared with others.
    compared: HashMap<(Option<ObjectId>, Vec<Option<ObjectId>>), usize>,
}

impl<'r> TreesWalk<'_, 'r> {
    /// Compares one folder. An `old` of `None` has no such folder.
    fn level(&mut self, new: Option<ObjectId>, old: Vec<Option<ObjectId>>, depth: usize) {
        if depth > MAX_DEPTH {
            self.incomplete(format!("folders nested deeper than {MAX_DEPTH} are not read"));
            return;
        }
        let names = self.compared.entry((new, old.clone())).or_default();
        *names += 1;
        if *names > MAX_NAMES {
            self.changes.repeated += 1;
            return;
        }
        let new_tree = match new.map(|id| self.tree(id)) {
            Some(None) => return,
            tree => tree.flatten(),
        };
        let old_trees: Vec<Option<Rc<Tree>>> = old.iter().map(|id| id.and_then(|id| self.tree(id))).collect();
        let mut cursors: Vec<TreeCursor<'_>> =
            old_trees.iter().map(|tree| TreeCursor::new(tree.as_deref())).collect();
        let mut before: Vec<Option<TreeEntry<'_>>> = Vec::with_capacity(cursors.len());
        for entry in new_tree.iter().flat_map(|tree| tree.iter()) {
            before.clear();
            before.extend(cursors.iter_mut().map(|cursor| cursor.seek(entry)));
            self.entry(Some(entry), &before, depth);
        }
        // What is gone from every tree before: all of them have names that the new one did not ask for.
        if cursors.iter().any(|cursor| cursor.found == cursor.tree.map_or(0, Tree::len)) {
            return;
        }
        for gone in old_trees.first().into_iter().flatten().flat_map(|tree| tree.iter()) {
            if new_tree.as_ref().is_none_or(|tree| tree.named(gone.name).is_none()) {
                before.clear();
                before.extend(cursors.iter().map(|cursor| cursor.tree?.named(gone.name)));
                self.entry(None, &before, depth);
            }
        }
    }

    /// Compares one name.
    fn entry(&mut self, new: Option<TreeEntry<'_>>, old: &[Option<TreeEntry<'_>>], depth: usize) {
        let same = |before: &Option<TreeEntry<'_>>| match (new, before) {
            (Some(new), Some(before)) => new.id == before.id && new.is_like(before),
            (None, None) => true,
            _ => false,
        };
        if old.iter().any(same) {
            return;
        }
        let Some(named) = new.or_else(|| old.iter().flatten().next().copied()) else { return };
        let length = self.path.len();
        if length > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(named.name);

        let leaf = |entry: &TreeEntry<'_>| !entry.is_tree();
        // A file that is no more counts as replaced only if every tree had one.
        if new.as_ref().is_some_and(leaf) || old.iter().all(|entry| entry.as_ref().is_some_and(leaf)) {
            let blobs = old.iter().flatten().filter(|entry| entry.is_blob());
            self.changes.replaced.extend(blobs.map(|entry| entry.id.to_owned()));
        }
        if let Some(new) = new.filter(TreeEntry::is_blob) {
            let path = String::from_utf8_lossy(&self.path).into_owned();
            self.changes.added.push(BlobAt { path, blob: new.id.to_owned(), mode: new.mode });
        }
        let tree = |entry: TreeEntry<'_>| entry.is_tree().then(|| entry.id.to_owned());
        let new_tree = new.and_then(tree);
        let old_trees: Vec<Option<ObjectId>> = old.iter().map(|entry| entry.and_then(tree)).collect();
        // Where the folder is no more, what was in it is gone only if every tree had it.
        if new_tree.is_some() || old_trees.iter().all(Option::is_some) {
            self.level(new_tree, old_trees, depth + 1);
        }
        self.path.truncate(length);
    }

    fn tree(&mut self, id: ObjectId) -> Option<Rc<Tree>> {
        if let Some(tree) = self.comparer.trees.get(&id) {
            return Some(Rc::clone(tree));
        }
        let repo = self.comparer.repo;
        match repo.objects().and_then(|objects| objects.tree(&id)) {
            Ok(tree) => {
                let tree = Rc::new(tree);
                if self.comparer.trees.len() <= MAX_KEPT {
                    self.comparer.trees.insert(id, Rc::clone(&tree));
                }
                Some(tree)
            }
            Err(error) => {
                self.incomplete(repo.unread_reason(&format!("tree {id}"), &error));
                None
            }
        }
    }

    fn incomplete(&mut self, reason: String) {
        let path = String::from_utf8_lossy(&self.path).into_owned();
        self.changes.incomplete.push(Incomplete { path, reason });
    }
}

/// Looks names up in a tree, cheaply when they come in the tree's order.
struct TreeCursor<'t> {
    tree: Option<&'t Tree>,
    at: usize,
    found: usize,
}

impl<'t> TreeCursor<'t> {
    fn new(tree: Option<&'t Tree>) -> Self {
        TreeCursor { tree, at: 0, found: 0 }
    }

    fn seek(&mut self, wanted: TreeEntry<'_>) -> Option<TreeEntry<'t>> {
        let tree = self.tree?;
        while let Some(entry) = tree.get(self.at) {
            match tree_order(entry.name, entry.is_tree(), wanted.name, wanted.is_tree()) {
                Ordering::Less => self.at += 1,
                Ordering::Equal => {
                    self.at += 1;
                    self.found += 1;
                    return Some(entry);
                }
                Ordering::Greater => break,
            }
        }
        // A folder in place of a file, or the reverse, has another place in the order.
        let entry = tree.named(wanted.name);
        self.found += usize::from(entry.is_some());
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_sort_as_if_their_names_ended_in_a_slash() {
        let order = |a: &str, b: &str| {
            let (x, y) = (a.strip_suffix('/'), b.strip_suffix('/'));
            tree_order(x.unwrap_or(a).as_bytes(), x.is_some(), y.unwrap_or(b).as_bytes(), y.is_some())
        };
        for (a, b) in [("a", "a/"), ("a", "a-b"), ("a-b", "a/"), ("a/", "a0"), ("a/", "a/b"), ("ab", "b/")] {
            assert_eq!(order(a, b), a.cmp(b), "{a} {b}");
            assert_eq!(order(b, a), b.cmp(a), "{b} {a}");
            assert_eq!(order(a, a), Ordering::Equal);
        }
    }
}
