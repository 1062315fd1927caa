//! Who brought an object in: for each path that a blob had, the commit that first held it there.
//!
//! Takes ids and an object store, gives [`GitOrigin`]s. Commits that no ref reaches count too. It runs only when
//! something was found, and costs a few passes over trees and one over commits.

mod commits;
mod holders;
mod tips;

use crate::GitOrigin;
use crate::date::rfc3339;
use crate::index_file::{IndexEntry, IndexFile};
use crate::refs::Refs;
use crate::repository::Repository;
use crate::store::ObjectStore;
use crate::store::plan::SweepPlan;
use crate::store::tree;
use commits::Graph;
use gix_hash::ObjectId;
use gix_object::Kind;
use holders::Holders;
use std::collections::{BTreeMap, HashMap, HashSet};
use tips::{Tip, tips};

/// More paths of one object than this are not told.
const MAX_PATHS: usize = 1000;

/// The commit that brought an object in at a path, and what is known of the object.
struct Introduction {
    path: String,
    commit: Option<u32>,
    in_head: bool,
    reachable: bool,
}

/// Tells for each object where it comes from: one entry for each path that it had, with the commit that first
/// brought it in there. Of several commits that did so independently the oldest one counts, by the committer's
/// clock; one that a ref reaches goes before one that none does.
///
/// A commit comes from itself, a tag from the commit it names, both with an empty path. What no commit holds has one
/// entry for each path under which it is staged, or one with an empty path. Runs on a number of threads (0: one a
/// core).
pub fn find_origins(
    store: &ObjectStore,
    repo: &Repository,
    ids: &[ObjectId],
    threads: usize,
) -> BTreeMap<ObjectId, Vec<GitOrigin>> {
    let ids: Vec<ObjectId> = ids.iter().copied().collect::<HashSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return BTreeMap::new();
    }
    let refs = Refs::open(repo).ok();
    let head = refs.as_ref().and_then(Refs::head_commit);
    let refs = refs.map(|refs| tips(repo, &refs, store)).unwrap_or_default();
    let graph = Graph::read(store, threads);
    let reachable = graph.reached_from(refs.iter().filter_map(|tip| graph.number(&tip.id)));
    let mut search = OriginSearch {
        head: head.and_then(|id| graph.number(&id)),
        graph,
        reachable,
        found: BTreeMap::new(),
    };
    let held: Vec<ObjectId> = ids.into_iter().filter(|id| !search.named(store, id)).collect();
    if let Some(plan) = holders::trees(store, threads).filter(|_| !held.is_empty()) {
        search.held(&plan, &held);
    }
    let staged = staged(repo, &search.found);
    search.origins(store, &refs, staged)
}

/// What is known while objects are looked for.
struct OriginSearch {
    graph: Graph,
    /// Which commits a ref reaches.
    reachable: Vec<bool>,
    head: Option<u32>,
    found: BTreeMap<ObjectId, Vec<Introduction>>,
}

impl OriginSearch {
    /// Answers for a commit or a tag; `false` for other objects.
    fn named(&mut self, store: &ObjectStore, id: &ObjectId) -> bool {
        let commit = match self.graph.number(id) {
            Some(commit) => Some(commit),
            None => match store.read(id) {
                Ok((Kind::Tag, _)) => store.peel(id).ok().and_then(|(_, id, _)| self.graph.number(&id)),
                _ => return false,
            },
        };
        let reachable = commit.is_some_and(|commit| self.reachable[commit as usize]);
        self.found.insert(*id, vec![Introduction { path: String::new(), commit, in_head: false, reachable }]);
        true
    }

    /// Answers for what trees hold, in groups that fit into memory.
    fn held(&mut self, plan: &SweepPlan, ids: &[ObjectId]) {
        let mut holders = Holders::find(plan, ids);
        if holders.overflow && ids.len() > 1 {
            let (one, other) = ids.split_at(ids.len() / 2);
            drop(holders);
            self.held(plan, one);
            self.held(plan, other);
            return;
        }
        let trees: Vec<Option<u32>> =
            self.graph.commits.iter().map(|commit| holders.tree(&commit.tree)).collect();
        let mut first: HashMap<(u32, u32), u32> = HashMap::new();
        for commit in 0..trees.len() as u32 {
            let Some(tree) = trees[commit as usize] else { continue };
            let parents = self.graph.parents(commit).iter().filter_map(|&parent| trees[parent as usize]);
            holders.brought_in(tree, parents.collect(), |path, object| {
                let best = first.entry((path, object)).or_insert(commit);
                if self.age(commit) < self.age(*best) {
                    *best = commit;
                }
            });
        }
        let in_head = holders.held_by(self.head.and_then(|head| trees[head as usize]).into_iter());
        let reached = trees.iter().zip(&self.reachable).filter(|(_, reached)| **reached);
        let reachable = holders.held_by(reached.filter_map(|(tree, _)| *tree));
        for (&(path, object), &commit) in &first {
            self.found.entry(ids[object as usize]).or_default().push(Introduction {
                path: holders.path(path),
                commit: Some(commit),
                in_head: in_head[object as usize],
                reachable: reachable[object as usize],
            });
        }
        for id in ids {
            let list = self.found.entry(*id).or_default();
            list.sort_by(|one, other| one.path.cmp(&other.path));
            list.truncate(MAX_PATHS);
        }
    }

    /// What makes one commit come before another.
    fn age(&self, commit: u32) -> (bool, i64, u32) {
        let index = commit as usize;
        (!self.reachable[index], self.graph.commits[index].committed, self.graph.rank[index])
    }

    /// Fills in authors, dates and refs.
    fn origins(
        self,
        store: &ObjectStore,
        tips: &[Tip],
        mut staged: HashMap<ObjectId, Vec<String>>,
    ) -> BTreeMap<ObjectId, Vec<GitOrigin>> {
        let mut commits: Vec<u32> = self.found.values().flatten().filter_map(|found| found.commit).collect();
        commits.sort_unstable();
        commits.dedup();
        let refs = self.refs(&commits, tips);
        let mut origins = BTreeMap::new();
        for (id, found) in self.found {
            let blob = id.to_string();
            let list = if found.is_empty() {
                let refs: Vec<String> = names(tips.iter().filter(|tip| tip.id == id));
                let paths = staged.remove(&id).unwrap_or_else(|| vec![String::new()]);
                let reachable = !refs.is_empty();
                let origin = |path| GitOrigin {
                    blob: blob.clone(),
                    path,
                    refs: refs.clone(),
                    reachable,
                    ..GitOrigin::default()
                };
                paths.into_iter().map(origin).collect()
            } else {
                let origin = |found: Introduction| {
                    let mut origin = GitOrigin {
                        blob: blob.clone(),
                        path: found.path,
                        in_head: found.in_head,
                        reachable: found.reachable,
                        ..GitOrigin::default()
                    };
                    if let Some(commit) = found.commit {
                        let id = self.graph.commits[commit as usize].id;
                        sign(store, &id, &mut origin);
                        origin.commit = Some(id.to_string());
                        origin.refs = refs.get(&commit).cloned().unwrap_or_default();
                    }
                    origin
                };
                found.into_iter().map(origin).collect()
            };
            origins.insert(id, list);
        }
        origins
    }

    /// The names of refs that reach each commit.
    fn refs(&self, commits: &[u32], tips: &[Tip]) -> HashMap<u32, Vec<String>> {
        let mut refs = HashMap::new();
        for group in commits.chunks(64) {
            let reaching = self.graph.reaching(group);
            for (bit, &commit) in group.iter().enumerate() {
                let reaches = |tip: &&Tip| {
                    self.graph.number(&tip.id).is_some_and(|tip| reaching[tip as usize] >> bit & 1 != 0)
                };
                refs.insert(commit, names(tips.iter().filter(reaches)));
            }
        }
        refs
    }
}

/// The names of refs, at most as many as are shown.
fn names<'a>(tips: impl Iterator<Item = &'a Tip>) -> Vec<String> {
    tips.take(GitOrigin::MAX_REFS).map(|tip| tip.name.clone()).collect()
}

/// Fills in a commit's author and date.
fn sign(store: &ObjectStore, commit: &ObjectId, origin: &mut GitOrigin) {
    if let Ok((_, data)) = store.read(commit)
        && let Some(author) = tree::signature(&data, "author")
    {
        origin.date = rfc3339(author.seconds, author.offset);
        origin.author = Some(author.name);
        origin.email = Some(author.email);
    }
}

/// The paths under which objects that no commit holds are staged.
fn staged(
    repo: &Repository,
    found: &BTreeMap<ObjectId, Vec<Introduction>>,
) -> HashMap<ObjectId, Vec<String>> {
    let mut staged: HashMap<ObjectId, Vec<String>> = HashMap::new();
    if found.values().all(|found| !found.is_empty()) {
        return staged;
    }
    let Ok(mut index) = IndexFile::open(repo.index_path(), repo.hash()) else { return staged };
    let mut entry = IndexEntry::default();
    for at in 0..index.entry_count() {
        if index.load(at, &mut entry).is_ok() && found.get(&entry.id).is_some_and(Vec::is_empty) {
            staged.entry(entry.id).or_default().push(String::from_utf8_lossy(&entry.path).into_owned());
        }
    }
    staged
}
