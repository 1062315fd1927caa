//! Which commits reach which: what a range holds, where histories parted. Reads commits as they are needed, newest first, and
//! each once. A commit that cannot be read ends its branch of history, and is told.

use super::store::{ObjectError, ObjectStore};
use gix_hash::{ObjectId, oid};
use std::collections::{BinaryHeap, HashMap};

/// Reached from what is hidden; where histories parted: from one side.
const HIDDEN: u8 = 1;
/// Where histories parted: reached from the other side.
const OTHER: u8 = 1 << 1;
/// Behind a commit that both sides reach.
const STALE: u8 = 1 << 2;
/// Waits in the queue.
const WAITS: u8 = 1 << 3;
/// Has been in the queue.
const SEEN: u8 = 1 << 4;
/// A commit that both sides reach.
const SHARED: u8 = 1 << 5;
/// Reaches the goal.
const REACHES: u8 = 1 << 6;

/// So many commits are looked at beyond the last that is wanted, since clocks differ; as many as git does.
const SLOP: u32 = 5;

/// The commits of a range.
#[derive(Debug, Default)]
pub struct ListedCommits {
    /// Their ids; every commit behind its parents, and of two the older one first.
    pub commits: Vec<ObjectId>,
    /// Commits of the range that cannot be read, and why.
    pub unread: Vec<(ObjectId, ObjectError)>,
}

/// The part of a repository's history that was read.
pub struct Ancestry<'s> {
    store: &'s ObjectStore,
    numbers: HashMap<ObjectId, usize>,
    nodes: Vec<CommitNode>,
}

struct CommitNode {
    id: ObjectId,
    flags: u8,
    /// What came of reading it, when that was tried.
    read: Option<Result<(), ObjectError>>,
    parents: Vec<usize>,
    /// Seconds since 1970.
    committed: i64,
}

/// Commits that wait, the newest first.
type Queue = BinaryHeap<(i64, usize)>;

impl<'s> Ancestry<'s> {
    /// Begins with nothing read.
    pub fn new(store: &'s ObjectStore) -> Self {
        Ancestry { store, numbers: HashMap::new(), nodes: Vec::new() }
    }

    /// The commits that `tip` reaches and none of `hidden` does.
    ///
    /// Where clocks lie, a commit that is hidden far behind the others may be listed all the same; git's answer is such too.
    pub fn list(&mut self, tip: &oid, hidden: &[ObjectId]) -> ListedCommits {
        self.forget();
        let mut queue = Queue::new();
        for id in hidden {
            let number = self.number(id);
            self.nodes[number].flags |= HIDDEN;
            self.enqueue(number, &mut queue);
        }
        let tip = self.number(tip);
        if self.nodes[tip].flags & HIDDEN != 0 {
            return ListedCommits::default();
        }
        self.enqueue(tip, &mut queue);

        let (mut taken, mut oldest, mut slop) = (Vec::new(), i64::MAX, SLOP);
        // How many in the queue are not hidden.
        let mut wanted = 1;
        while let Some((committed, number)) = queue.pop() {
            self.nodes[number].flags &= !WAITS;
            let is_hidden = self.nodes[number].flags & HIDDEN != 0;
            if !is_hidden {
                wanted -= 1;
                oldest = oldest.min(committed);
                taken.push(number);
            }
            for at in 0..self.nodes[number].parents.len() {
                let parent = self.nodes[number].parents[at];
                if is_hidden {
                    wanted -= self.hide(parent);
                }
                if self.nodes[parent].flags & SEEN == 0 {
                    self.enqueue(parent, &mut queue);
                    wanted += usize::from(!is_hidden);
                }
            }
            if is_hidden {
                let may_hide_more = wanted > 0 || queue.peek().is_some_and(|&(next, _)| next >= oldest);
                slop = if may_hide_more { SLOP } else { slop - 1 };
                if slop == 0 {
                    break;
                }
            }
        }
        taken.retain(|&number| self.nodes[number].flags & HIDDEN == 0);
        self.sorted(taken)
    }

    /// The commits that both `one` and `other` reach, without most of those behind them: where the two histories parted.
    ///
    /// # Errors
    /// When there is none, and a commit that could have led to one cannot be read.
    pub fn shared(&mut self, one: &oid, other: &oid) -> Result<Vec<ObjectId>, ObjectError> {
        const SIDES: u8 = HIDDEN | OTHER;
        self.forget();
        let mut queue = Queue::new();
        for (id, side) in [(one, HIDDEN), (other, OTHER)] {
            let number = self.number(id);
            self.nodes[number].flags |= side;
            self.enqueue(number, &mut queue);
        }
        let mut shared = Vec::new();
        let mut unread = None;
        // How many in the queue are not stale.
        let mut fresh = queue.len();
        while fresh > 0
            && let Some((_, number)) = queue.pop()
        {
            let node = &mut self.nodes[number];
            node.flags &= !WAITS;
            fresh -= usize::from(node.flags & STALE == 0);
            if node.flags & (SIDES | STALE | SHARED) == SIDES {
                node.flags |= SHARED;
                shared.push(number);
            }
            if let Some(Err(error)) = &node.read {
                unread.get_or_insert_with(|| error.clone());
            }
            let stale = if node.flags & SIDES == SIDES { STALE } else { 0 };
            let flags = node.flags & (SIDES | STALE) | stale;
            for at in 0..self.nodes[number].parents.len() {
                let parent = self.nodes[number].parents[at];
                let had = self.nodes[parent].flags;
                if had & flags == flags {
                    continue;
                }
                self.nodes[parent].flags |= flags;
                let is_fresh = (had | flags) & STALE == 0;
                if had & WAITS == 0 {
                    self.enqueue(parent, &mut queue);
                    fresh += usize::from(is_fresh);
                } else if had & STALE == 0 && !is_fresh {
                    fresh -= 1;
                }
            }
        }
        shared.retain(|&number| self.nodes[number].flags & STALE == 0);
        match unread {
            Some(error) if shared.is_empty() => Err(error),
            _ => Ok(shared.into_iter().map(|number| self.nodes[number].id).collect()),
        }
    }

    /// For each of `tips`, whether it reaches `goal`; nothing is looked for behind commits that are older than `oldest`
    /// (seconds since 1970).
    pub fn reaching(&mut self, tips: &[ObjectId], goal: &oid, oldest: i64) -> Vec<bool> {
        self.forget();
        let goal = self.number(goal);
        self.nodes[goal].flags |= SEEN | REACHES;
        let mut reaches = |tip: &ObjectId| {
            let tip = self.number(tip);
            let mut open = vec![tip];
            while let Some(&number) = open.last() {
                if self.nodes[number].flags & SEEN == 0 {
                    self.nodes[number].flags |= SEEN;
                    self.read(number);
                    if self.nodes[number].committed >= oldest {
                        let parents = self.nodes[number].parents.iter().copied();
                        open.extend(parents.filter(|&parent| self.nodes[parent].flags & SEEN == 0));
                    }
                    continue;
                }
                open.pop();
                let node = &self.nodes[number];
                if node.parents.iter().any(|&parent| self.nodes[parent].flags & REACHES != 0) {
                    self.nodes[number].flags |= REACHES;
                }
            }
            self.nodes[tip].flags & REACHES != 0
        };
        tips.iter().map(&mut reaches).collect()
    }

    /// When a commit was made; `None` when it cannot be read.
    pub fn committed(&mut self, id: &oid) -> Option<i64> {
        let number = self.number(id);
        self.read(number);
        matches!(self.nodes[number].read, Some(Ok(()))).then_some(self.nodes[number].committed)
    }

    fn number(&mut self, id: &oid) -> usize {
        if let Some(&number) = self.numbers.get(id) {
            return number;
        }
        let number = self.nodes.len();
        let (id, committed) = (id.to_owned(), i64::MIN);
        self.numbers.insert(id, number);
        self.nodes.push(CommitNode { id, flags: 0, read: None, parents: Vec::new(), committed });
        number
    }

    /// Reads a commit, unless that was done. Where a shallow clone ends there are no parents.
    fn read(&mut self, number: usize) {
        if self.nodes[number].read.is_some() {
            return;
        }
        let id = self.nodes[number].id;
        let read = self.store.commit(&id).map(|commit| {
            let parents = if self.store.shallow().contains(&id) { Vec::new() } else { commit.parents };
            self.nodes[number].parents = parents.iter().map(|parent| self.number(parent)).collect();
            self.nodes[number].committed = commit.committed;
        });
        self.nodes[number].read = Some(read);
    }

    fn enqueue(&mut self, number: usize, queue: &mut Queue) {
        if self.nodes[number].flags & WAITS == 0 {
            self.read(number);
            self.nodes[number].flags |= WAITS | SEEN;
            queue.push((self.nodes[number].committed, number));
        }
    }

    /// Forgets what was found out, and keeps what was read.
    fn forget(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.flags = 0);
    }

    /// Hides a commit and what is known behind it; says how many of these waited in the queue.
    fn hide(&mut self, number: usize) -> usize {
        let mut waited = 0;
        let mut open = vec![number];
        while let Some(number) = open.pop() {
            let node = &mut self.nodes[number];
            if node.flags & HIDDEN == 0 {
                node.flags |= HIDDEN;
                waited += usize::from(node.flags & WAITS != 0);
                open.extend(&node.parents);
            }
        }
        waited
    }

    /// Puts commits in order and sets those apart that cannot be read.
    fn sorted(&self, taken: Vec<usize>) -> ListedCommits {
        let mut children: HashMap<usize, usize> = taken.iter().map(|&number| (number, 0)).collect();
        for parent in taken.iter().flat_map(|&number| &self.nodes[number].parents) {
            if let Some(children) = children.get_mut(parent) {
                *children += 1;
            }
        }
        let entry = |number: usize| (self.nodes[number].committed, number);
        let mut queue: Queue =
            taken.iter().filter(|number| children[number] == 0).map(|&number| entry(number)).collect();
        let mut listed = ListedCommits::default();
        while let Some((_, number)) = queue.pop() {
            let node = &self.nodes[number];
            match &node.read {
                Some(Err(error)) => listed.unread.push((node.id, error.clone())),
                _ => listed.commits.push(node.id),
            }
            for parent in &node.parents {
                if let Some(children) = children.get_mut(parent) {
                    *children -= 1;
                    if *children == 0 {
                        queue.push(entry(*parent));
                    }
                }
            }
        }
        listed.commits.reverse();
        listed
    }
}
