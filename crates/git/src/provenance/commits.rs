//! All commits of a store, whether a ref reaches them or not: parents, trees, dates, and what reaches what.

use crate::store::ObjectStore;
use crate::store::plan::SweepPlan;
use crate::store::sweep::{SweepQuery, run};
use crate::store::tree;
use gix_hash::{ObjectId, oid};
use gix_object::Kind;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

pub(super) struct DatedCommit {
    pub id: ObjectId,
    pub tree: ObjectId,
    /// Seconds since 1970, by the committer's clock.
    pub committed: i64,
    parents: Range<usize>,
}

/// The commits, numbered, and how they hang together.
#[derive(Default)]
pub(super) struct Graph {
    pub commits: Vec<DatedCommit>,
    numbers: HashMap<ObjectId, u32>,
    parents: Vec<u32>,
    /// Every commit behind its parents.
    order: Vec<u32>,
    /// Each commit's place in `order`.
    pub rank: Vec<u32>,
}

impl Graph {
    /// Reads every commit of a store.
    pub fn read(store: &ObjectStore, threads: usize) -> Graph {
        let Some(plan) = SweepPlan::new(store, threads, Some(Kind::Commit)) else { return Graph::default() };
        let read = Mutex::new(Vec::new());
        let look = SweepQuery {
            search: None,
            whole: &|_, _| true,
            inspect: &|_, id, data| {
                let (Some(tree), parents) = tree::commit_links(data) else { return };
                let committed = tree::signature(data, "committer").unwrap_or_default().seconds;
                let parents: Vec<ObjectId> = parents.collect();
                if let Ok(mut read) = read.lock() {
                    read.push((committed, id.to_owned(), tree, parents));
                }
            },
            names: None,
            stop: None,
        };
        run(&plan, &look, false);
        let mut read = read.into_inner().unwrap_or_default();
        read.sort_unstable();
        let mut graph = Graph {
            numbers: (0..).zip(&read).map(|(number, commit)| (commit.1, number)).collect(),
            ..Graph::default()
        };
        for (committed, id, tree, parents) in read {
            let start = graph.parents.len();
            graph.parents.extend(parents.iter().filter_map(|parent| graph.numbers.get(parent)));
            graph.commits.push(DatedCommit { id, tree, committed, parents: start..graph.parents.len() });
        }
        graph.sort();
        graph
    }

    /// Puts every commit behind its parents.
    fn sort(&mut self) {
        let mut begun = vec![false; self.commits.len()];
        let mut done = vec![false; self.commits.len()];
        for start in 0..self.commits.len() as u32 {
            let mut open = vec![start];
            while let Some(&commit) = open.last() {
                if !std::mem::replace(&mut begun[commit as usize], true) {
                    open.extend(
                        self.parents(commit).iter().copied().filter(|&parent| !begun[parent as usize]),
                    );
                    continue;
                }
                open.pop();
                if !std::mem::replace(&mut done[commit as usize], true) {
                    self.order.push(commit);
                }
            }
        }
        self.rank = vec![0; self.commits.len()];
        for (rank, &commit) in (0..).zip(&self.order) {
            self.rank[commit as usize] = rank;
        }
    }

    pub fn number(&self, id: &oid) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The numbers of a commit's parents, those that are here.
    pub fn parents(&self, commit: u32) -> &[u32] {
        &self.parents[self.commits[commit as usize].parents.clone()]
    }

    /// For each commit, whether one of `tips` reaches it.
    pub fn reached_from(&self, tips: impl Iterator<Item = u32>) -> Vec<bool> {
        let mut reached = vec![false; self.commits.len()];
        let mut open: Vec<u32> = tips.collect();
        while let Some(commit) = open.pop() {
            if !std::mem::replace(&mut reached[commit as usize], true) {
                open.extend(self.parents(commit).iter().copied().filter(|&parent| !reached[parent as usize]));
            }
        }
        reached
    }

    /// For each commit, which of at most 64 `goals` it reaches, one bit each.
    pub fn reaching(&self, goals: &[u32]) -> Vec<u64> {
        let mut bits = vec![0; self.commits.len()];
        for (goal, &commit) in goals.iter().enumerate().take(64) {
            bits[commit as usize] |= 1 << goal;
        }
        for &commit in &self.order {
            let inherited = self.parents(commit).iter().fold(0, |sum, &parent| sum | bits[parent as usize]);
            bits[commit as usize] |= inherited;
        }
        bits
    }
}
