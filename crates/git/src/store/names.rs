//! Blobs that are wanted for their name: those in trees under a path component that the caller cares about.

use super::objects::ObjectStore;
use super::tree;
use gix_hash::ObjectId;
use gix_object::Kind;
use std::collections::HashSet;

/// Which path components make a blob worth naming, whatever is in it.
#[derive(Clone, Copy)]
pub struct WantedNames<'a> {
    /// Whether a stretch of a raw tree may hold such a name. Must be cheap; asked first.
    pub hint: &'a (dyn Fn(&[u8]) -> bool + Sync),
    /// The longest stretch, in bytes, that `hint` needs to see in one piece.
    pub reach: usize,
    /// Whether a path component is one.
    pub wanted: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

/// What was found under such names.
#[derive(Default)]
pub(crate) struct Named {
    blobs: HashSet<ObjectId>,
    trees: HashSet<ObjectId>,
}

impl Named {
    /// Notes the wanted entries of a tree.
    pub fn note(&mut self, data: &[u8], hash: gix_hash::Kind, wanted: &(dyn Fn(&[u8]) -> bool + Sync)) {
        for entry in tree::entries(data, hash.len_in_bytes()).filter(|entry| !entry.is_gitlink()) {
            if wanted(entry.name) {
                let set = if entry.is_tree() { &mut self.trees } else { &mut self.blobs };
                set.insert(entry.id.to_owned());
            }
        }
    }

    /// Takes over what another worker noted.
    pub fn merge(&mut self, other: Named) {
        self.blobs.extend(other.blobs);
        self.trees.extend(other.trees);
    }

    /// The blobs with a wanted name and all blobs below a folder with one, sorted. What cannot be read is left out
    /// here: the sweep reports it.
    pub fn blobs(mut self, store: &ObjectStore) -> Vec<ObjectId> {
        let mut open: Vec<ObjectId> = self.trees.iter().copied().collect();
        while let Some(id) = open.pop() {
            let Ok((Kind::Tree, data)) = store.read(&id) else { continue };
            for entry in tree::entries(&data, store.hash.len_in_bytes()).filter(|entry| !entry.is_gitlink()) {
                let id = entry.id.to_owned();
                if !entry.is_tree() {
                    self.blobs.insert(id);
                } else if self.trees.insert(id) {
                    open.push(id);
                }
            }
        }
        let mut blobs: Vec<_> = self.blobs.into_iter().collect();
        blobs.sort_unstable();
        blobs
    }
}
