//! Which trees hold an object, directly or in a folder below, and under which path.
//!
//! The trees of the store are gone through once a level: first for trees that name the objects looked for, then for
//! trees that name those, until none is new. Only what leads to an object is kept.

use crate::store::ObjectStore;
use crate::store::plan::SweepPlan;
use crate::store::sweep::{HintSearch, SweepQuery, run};
use crate::store::tree;
use gix_hash::{ObjectId, oid};
use gix_object::Kind;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Folders nested deeper than this are not followed where each level costs a pass over all trees.
const MAX_PASSES: usize = 64;
/// Entries of trees that are kept all, so that one pass does for all levels; above it there is a pass for each.
const MAX_LINKS: usize = 1 << 20;
/// One tree is entered so often for one commit: that is more than the paths that are told of one object.
const MAX_VISITS: u32 = 1000;
/// Entries kept in all; above it the objects are looked for in smaller groups.
const MAX_EDGES: usize = 24 << 20;
/// Entries looked at for one commit: trees that hold each other many times over have no end of paths.
const MAX_STEPS: usize = 1 << 20;
/// Paths kept in all.
const MAX_PATHS: usize = 4 << 20;
/// Windows longer than this are tried as whole trees first.
const WHOLE_TREE: usize = 1024;

/// The path of a root.
pub(super) const EMPTY: u32 = 0;

/// The trees that hold the objects looked for. Objects and trees are numbered; the objects come first.
pub(super) struct Holders {
    numbers: HashMap<ObjectId, u32>,
    objects: u32,
    /// For each object or tree the entries that lead on: a name and a number, sorted.
    edges: Vec<Vec<(u32, u32)>>,
    names: Interner<Vec<u8>>,
    /// A folder's path and a name in it.
    paths: Interner<(u32, u32)>,
    /// Some entries were left out: there are too many.
    pub overflow: bool,
}

/// Every entry of every tree, where they are few.
struct Links {
    trees: Vec<ObjectId>,
    names: Interner<Vec<u8>>,
    /// For each object, the trees that name it and the name.
    by_child: HashMap<ObjectId, Vec<(u32, u32)>>,
    count: usize,
}

impl Links {
    /// Reads all trees of a plan over trees; `None` when they have too many entries.
    fn read(plan: &SweepPlan) -> Option<Links> {
        let hash_len = plan.store.hash.len_in_bytes();
        let names = Interner::new(Vec::new());
        let links = Links { trees: Vec::new(), names, by_child: HashMap::new(), count: 0 };
        let links = Mutex::new(links);
        let full = AtomicBool::new(false);
        let look = SweepQuery {
            search: None,
            whole: &|_, _| true,
            inspect: &|_, id, data| {
                let Ok(mut links) = links.lock() else { return };
                let links = &mut *links;
                let tree = links.trees.len() as u32;
                links.trees.push(id.to_owned());
                for entry in tree::entries(data, hash_len).filter(|entry| !entry.is_gitlink()) {
                    links.count += 1;
                    if links.count > MAX_LINKS {
                        full.store(true, Ordering::Relaxed);
                        return;
                    }
                    let name = links.names.number(entry.name.to_vec());
                    links.by_child.entry(entry.id.to_owned()).or_default().push((tree, name));
                }
            },
            names: None,
            stop: Some(&full),
        };
        run(plan, &look, false);
        links.into_inner().ok().filter(|links| links.count <= MAX_LINKS)
    }
}

/// Values and their numbers.
struct Interner<T> {
    numbers: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T: Clone + Eq + std::hash::Hash> Interner<T> {
    fn new(first: T) -> Self {
        Interner { numbers: HashMap::from([(first.clone(), 0)]), values: vec![first] }
    }

    fn number(&mut self, value: T) -> u32 {
        if let Some(&number) = self.numbers.get(&value) {
            return number;
        }
        let number = self.values.len() as u32;
        self.numbers.insert(value.clone(), number);
        self.values.push(value);
        number
    }
}

impl Holders {
    /// Finds the trees that hold the objects, which must be distinct; `plan` must be one over trees.
    pub fn find(plan: &SweepPlan, objects: &[ObjectId]) -> Holders {
        let mut holders = Holders {
            numbers: (0..).zip(objects).map(|(number, id)| (*id, number)).collect(),
            objects: objects.len() as u32,
            edges: vec![Vec::new(); objects.len()],
            names: Interner::new(Vec::new()),
            paths: Interner::new((EMPTY, 0)),
            overflow: false,
        };
        let mut wave = objects.to_vec();
        if let Some(links) = Links::read(plan) {
            while !wave.is_empty() && !holders.overflow {
                wave = holders.above(&links, &wave);
            }
        } else {
            for _ in 0..MAX_PASSES {
                wave = holders.level(plan, &wave);
                if wave.is_empty() || holders.overflow {
                    break;
                }
            }
        }
        for edges in &mut holders.edges {
            edges.sort_unstable();
            edges.dedup();
        }
        holders
    }

    /// Finds the trees that name one of `wave`; gives those that were not known.
    fn level(&mut self, plan: &SweepPlan, wave: &[ObjectId]) -> Vec<ObjectId> {
        let hash_len = plan.store.hash.len_in_bytes();
        let wanted = Wanted::new(wave, hash_len);
        let total: usize = self.edges.iter().map(Vec::len).sum();
        let state = Mutex::new((self, Vec::new(), total));
        let full = AtomicBool::new(false);
        let look = SweepQuery {
            search: Some(HintSearch { hint: &|data| wanted.is_in(data), reach: hash_len }),
            whole: &|_, _| false,
            inspect: &|_, id, data| {
                let entries: Vec<_> =
                    tree::entries(data, hash_len).filter(|entry| wanted.contains(entry.id)).collect();
                if entries.is_empty() || full.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(mut state) = state.lock() else { return };
                let (holders, new, total) = &mut *state;
                *total += entries.len();
                full.store(*total > MAX_EDGES, Ordering::Relaxed);
                let tree = holders.number(id, new);
                for entry in entries {
                    let name = holders.names.number(entry.name.to_vec());
                    if let Some(&child) = holders.numbers.get(entry.id) {
                        holders.edges[tree as usize].push((name, child));
                    }
                }
            },
            names: None,
            stop: None,
        };
        run(plan, &look, false);
        let Ok((holders, new, _)) = state.into_inner() else { return Vec::new() };
        holders.overflow |= full.into_inner();
        new
    }

    /// As [`Holders::level`], from links that were read before.
    fn above(&mut self, links: &Links, wave: &[ObjectId]) -> Vec<ObjectId> {
        let mut new = Vec::new();
        for child in wave {
            for (tree, name) in links.by_child.get(child).into_iter().flatten() {
                let tree = self.number(&links.trees[*tree as usize], &mut new);
                let name = self.names.number(links.names.values[*name as usize].clone());
                if let Some(&child) = self.numbers.get(child) {
                    self.edges[tree as usize].push((name, child));
                }
            }
        }
        new
    }

    /// The number of a tree; a new one is added to `new`.
    fn number(&mut self, id: &oid, new: &mut Vec<ObjectId>) -> u32 {
        if let Some(&number) = self.numbers.get(id) {
            return number;
        }
        let number = self.edges.len() as u32;
        self.numbers.insert(id.to_owned(), number);
        self.edges.push(Vec::new());
        new.push(id.to_owned());
        number
    }

    /// The number of a tree that holds something or is looked for itself.
    pub fn tree(&self, id: &oid) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// For each object, whether one of the trees holds it.
    pub fn held_by(&self, trees: impl Iterator<Item = u32>) -> Vec<bool> {
        let mut reached = vec![false; self.edges.len()];
        let mut open: Vec<u32> = trees.collect();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut reached[node as usize], true) {
                open.extend(self.edges[node as usize].iter().map(|edge| edge.1));
            }
        }
        reached.truncate(self.objects as usize);
        reached
    }

    /// Calls `found` with the path and number of each object that a commit's tree holds at a path where none of its
    /// parents' trees does. What a parent has too is not entered.
    pub fn brought_in(&mut self, tree: u32, parents: Vec<u32>, mut found: impl FnMut(u32, u32)) {
        if parents.contains(&tree) {
            return;
        }
        if tree < self.objects {
            found(EMPTY, tree);
        }
        let mut steps = 0;
        let mut visits: HashMap<u32, u32> = HashMap::new();
        let mut open = vec![(tree, parents, EMPTY)];
        while let Some((node, parents, folder)) = open.pop() {
            let visits = visits.entry(node).or_default();
            *visits += 1;
            if *visits > MAX_VISITS {
                continue;
            }
            for &(name, child) in &self.edges[node as usize] {
                steps += 1;
                if steps > MAX_STEPS || self.paths.values.len() > MAX_PATHS {
                    return;
                }
                let edges = |parent: &u32| self.edges[*parent as usize].as_slice();
                if parents.iter().any(|parent| edges(parent).binary_search(&(name, child)).is_ok()) {
                    continue;
                }
                let path = self.paths.number((folder, name));
                if child < self.objects {
                    found(path, child);
                }
                if !self.edges[child as usize].is_empty() {
                    let named = |parent| {
                        let edges = edges(parent);
                        edges.get(edges.partition_point(|edge| edge.0 < name)).filter(|edge| edge.0 == name)
                    };
                    open.push((child, parents.iter().filter_map(named).map(|edge| edge.1).collect(), path));
                }
            }
        }
    }

    /// A path in full.
    pub fn path(&self, mut path: u32) -> String {
        let mut parts = Vec::new();
        while path != EMPTY {
            let (folder, name) = self.paths.values[path as usize];
            parts.push(String::from_utf8_lossy(&self.names.values[name as usize]));
            path = folder;
        }
        parts.reverse();
        parts.join("/")
    }
}

/// A set of ids that can be looked for in raw trees.
struct Wanted {
    ids: HashSet<ObjectId>,
    /// One bit for the first bytes of each, sparse enough that most other ids end here.
    bits: Vec<u64>,
    shift: u32,
    hash_len: usize,
}

impl Wanted {
    fn new(ids: &[ObjectId], hash_len: usize) -> Wanted {
        let bits = (ids.len() * 64).next_power_of_two().clamp(1 << 12, 1 << 24);
        let mut wanted = Wanted {
            ids: ids.iter().copied().collect(),
            bits: vec![0; bits / 64],
            shift: u64::BITS - bits.ilog2(),
            hash_len,
        };
        for id in ids {
            let bit = wanted.bit(id.as_bytes());
            wanted.bits[bit / 64] |= 1 << (bit % 64);
        }
        wanted
    }

    /// The bit for an id.
    fn bit(&self, id: &[u8]) -> usize {
        id.first_chunk().map_or(0, |first| u64::from_be_bytes(*first) >> self.shift) as usize
    }

    fn contains(&self, id: &oid) -> bool {
        let bit = self.bit(id.as_bytes());
        self.bits[bit / 64] >> (bit % 64) & 1 != 0 && self.ids.contains(id)
    }

    /// Whether one of the ids is in a stretch of a tree.
    fn is_in(&self, data: &[u8]) -> bool {
        if data.len() > WHOLE_TREE {
            let mut at = 0;
            while let Some((entry, next)) = tree::entry_at(data, at, self.hash_len) {
                if self.contains(entry.id) {
                    return true;
                }
                at = next;
            }
            if at == data.len() {
                return false;
            }
        }
        data.windows(self.hash_len)
            .any(|window| oid::try_from_bytes(window).is_ok_and(|id| self.contains(id)))
    }
}

/// A plan over the trees of a store.
pub(super) fn trees(store: &ObjectStore, threads: usize) -> Option<SweepPlan<'_>> {
    SweepPlan::new(store, threads, Some(Kind::Tree))
}
