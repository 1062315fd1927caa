//! Whether what objects name is there: trees their entries, commits their tree and parents, tags their target.
//!
//! A history names the same few objects millions of times. Of a tree that is stored as a delta only the entries
//! that are new are looked at, and a small memory per worker forgets nothing that was asked a moment ago.

use super::tree;
use gix_hash::{ObjectId, oid};
use gix_object::Kind;
use std::collections::HashSet;
use std::ops::Range;

/// Ids remembered by a worker, a power of two.
const REMEMBERED: usize = 1 << 12;
/// Ids asked for at once: memory answers many questions in the time of one.
const BATCH: usize = 64;

/// The first eight bytes of an id, never zero.
fn prefix(id: &oid) -> u64 {
    id.as_bytes().first_chunk().map_or(1, |first| u64::from_be_bytes(*first).max(1))
}

/// The ids that a store holds, by their first eight bytes. Cheap to fill from sorted ids and cheap to ask; two ids
/// with one prefix count as one.
pub(crate) struct Presence {
    slots: Vec<u64>,
    shift: u32,
}

impl Presence {
    /// Makes room for a number of ids.
    pub fn with_capacity(ids: usize) -> Presence {
        let slots = (ids * 2).next_power_of_two().max(2);
        Presence { slots: vec![0; slots], shift: u64::BITS - slots.ilog2() }
    }

    /// The slot that holds a prefix, or the free one where it would go. There is always one: at most half are used.
    fn slot(&self, prefix: u64) -> usize {
        let mut slot = (prefix >> self.shift) as usize;
        while self.slots[slot] != 0 && self.slots[slot] != prefix {
            slot = (slot + 1) % self.slots.len();
        }
        slot
    }

    /// Adds an id; says whether its prefix was new.
    pub fn insert(&mut self, id: &oid) -> bool {
        let prefix = prefix(id);
        let slot = self.slot(prefix);
        std::mem::replace(&mut self.slots[slot], prefix) == 0
    }

    /// Whether an id may be there. Wrong only for an id that shares its prefix with one that is.
    fn contains(&self, prefix: u64) -> bool {
        self.slots[self.slot(prefix)] == prefix
    }

    /// What is where a prefix would be in an empty table: mostly the prefix itself.
    fn guess(&self, prefix: u64) -> u64 {
        self.slots[(prefix >> self.shift) as usize]
    }
}

/// One worker's search for what is missing.
pub(crate) struct LinkCheck<'a> {
    presence: &'a Presence,
    shallow: &'a HashSet<ObjectId>,
    hash: gix_hash::Kind,
    remembered: Vec<u64>,
    /// Ids to ask for, and their prefixes.
    batch: Vec<(u64, ObjectId)>,
    /// What is named and is not there.
    absent: HashSet<ObjectId>,
}

impl<'a> LinkCheck<'a> {
    /// A check against what is there; the parents of `shallow` commits are not expected.
    pub fn new(presence: &'a Presence, shallow: &'a HashSet<ObjectId>, hash: gix_hash::Kind) -> Self {
        let (remembered, batch) = (vec![0; REMEMBERED], Vec::with_capacity(BATCH));
        LinkCheck { presence, shallow, hash, remembered, batch, absent: HashSet::new() }
    }

    /// Looks at what an object names. Of a tree only the entries in `fresh` ranges, when these are given.
    pub fn object(&mut self, kind: Kind, id: &oid, data: &[u8], fresh: Option<&[Range<usize>]>) {
        match (kind, fresh) {
            (Kind::Blob, _) => {}
            (Kind::Tree, Some(fresh)) => {
                let mut at = 0;
                for range in fresh {
                    if range.end >= at {
                        let start =
                            tree::entry_start(data, range.start.min(data.len()), self.hash.len_in_bytes());
                        at = self.entries(data, at.max(start), range.end.max(range.start + 1));
                    }
                }
            }
            (Kind::Tree, None) => {
                self.entries(data, 0, data.len());
            }
            (Kind::Commit, _) => {
                let (tree, parents) = tree::commit_links(data);
                tree.into_iter().for_each(|tree| self.link(&tree));
                if self.shallow.is_empty() || !self.shallow.contains(id) {
                    parents.for_each(|parent| self.link(&parent));
                }
            }
            (Kind::Tag, _) => tree::tag_target(data).into_iter().for_each(|target| self.link(&target)),
        }
    }

    /// Looks at the entries of a tree that start in a range; gives where the next one starts.
    fn entries(&mut self, data: &[u8], mut at: usize, end: usize) -> usize {
        while at < end
            && let Some((entry, next)) = tree::entry_at(data, at, self.hash.len_in_bytes())
        {
            if !entry.is_gitlink() {
                self.link(entry.id);
            }
            at = next;
        }
        at
    }

    /// Notes an id to ask for, unless that was done a moment ago.
    fn link(&mut self, id: &oid) {
        let prefix = prefix(id);
        let memory = &mut self.remembered[prefix as usize % REMEMBERED];
        if *memory != prefix {
            *memory = prefix;
            self.batch.push((prefix, id.to_owned()));
            if self.batch.len() == BATCH {
                self.ask();
            }
        }
    }

    /// Asks for what was noted.
    fn ask(&mut self) {
        let mut guesses = [0; BATCH];
        for (guess, (prefix, _)) in guesses.iter_mut().zip(&self.batch) {
            *guess = self.presence.guess(*prefix);
        }
        for (guess, (prefix, id)) in guesses.into_iter().zip(self.batch.drain(..)) {
            // Git knows the empty tree without storing it.
            let known =
                guess == prefix || self.presence.contains(prefix) || id.is_empty_tree() || id.is_null();
            if !known {
                self.absent.insert(id);
            }
        }
    }

    /// What is named and is not there.
    pub fn finish(mut self) -> HashSet<ObjectId> {
        self.ask();
        self.absent
    }
}
