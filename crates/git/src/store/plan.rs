//! The order of a sweep: which object is built on which, so that every base is decoded once.
//!
//! A plan is made from the headers of the packs' entries and can be used for several sweeps.

use super::links::Presence;
use super::loose;
use super::objects::ObjectStore;
use super::pack::Pack;
use gix_hash::ObjectId;
use gix_object::Kind;
use krea_scan_files::Incomplete;
use rayon::prelude::*;

/// No entry.
const NONE: u32 = u32::MAX;

/// How an entry is stored.
enum DeltaLink {
    /// Whole.
    Root(Kind),
    /// On the entry of that number.
    On(u32),
    /// It cannot be told: the header is damaged or the base is not in the pack.
    Broken,
}

/// The entries of a pack, by offset, and what is built on each.
pub(crate) struct Forest {
    /// Offset in the pack and position in its index.
    entries: Vec<(u64, u32)>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// Entries that need no other, and those that cannot be built.
    roots: Vec<u32>,
    /// Entries that an earlier pack has too, one bit each; empty when there are none.
    repeated: Vec<u64>,
}

impl Forest {
    /// Reads the headers of a pack; keeps only the trees of `only` when given.
    fn new(pack: &Pack, only: Option<Kind>) -> Forest {
        let mut entries: Vec<(u64, u32)> = (0..pack.index.num_objects())
            .into_par_iter()
            .map(|position| (pack.index.pack_offset_at_index(position), position))
            .collect();
        entries.par_sort_unstable();
        let links: Vec<DeltaLink> = (0..entries.len())
            .into_par_iter()
            .with_min_len(1024)
            .map(|entry| link(pack, &entries, entry))
            .collect();
        let mut first_child = vec![NONE; entries.len()];
        let mut next_sibling = vec![NONE; entries.len()];
        let mut roots = Vec::new();
        for (entry, link) in (0u32..).zip(&links) {
            match *link {
                DeltaLink::On(base) => {
                    next_sibling[entry as usize] = first_child[base as usize];
                    first_child[base as usize] = entry;
                }
                DeltaLink::Root(kind) if only.is_some_and(|only| only != kind) => {}
                DeltaLink::Root(_) | DeltaLink::Broken => roots.push(entry),
            }
        }
        Forest { entries, first_child, next_sibling, roots, repeated: Vec::new() }
    }

    /// An entry's offset and its position in the index.
    pub fn entry(&self, entry: u32) -> (u64, u32) {
        self.entries[entry as usize]
    }

    /// Where an entry ends: where the next one starts.
    pub fn end(&self, entry: u32, pack: &Pack) -> u64 {
        self.entries.get(entry as usize + 1).map_or(pack.end(), |next| next.0)
    }

    /// The entries that are built on an entry.
    pub fn children(&self, entry: u32) -> impl Iterator<Item = u32> + '_ {
        let some = |entry: u32| (entry != NONE).then_some(entry);
        std::iter::successors(some(self.first_child[entry as usize]), move |&child| {
            some(self.next_sibling[child as usize])
        })
    }

    /// Whether an earlier place has the object too.
    pub fn is_repeated(&self, entry: u32) -> bool {
        self.repeated.get(entry as usize / 64).is_some_and(|bits| bits >> (entry % 64) & 1 != 0)
    }

    /// Notes that an earlier place has the object too.
    fn set_repeated(&mut self, entry: u32) {
        if self.repeated.is_empty() {
            self.repeated = vec![0; self.entries.len().div_ceil(64)];
        }
        self.repeated[entry as usize / 64] |= 1 << (entry % 64);
    }

    /// Entries that no root leads to: deltas that are built on each other in a circle.
    pub fn unreachable(&self) -> Vec<u32> {
        let mut reached = vec![false; self.entries.len()];
        let mut open = self.roots.clone();
        while let Some(entry) = open.pop() {
            reached[entry as usize] = true;
            open.extend(self.children(entry));
        }
        (0u32..).zip(reached).filter(|(_, reached)| !reached).map(|(entry, _)| entry).collect()
    }
}

/// How an entry is stored.
fn link(pack: &Pack, entries: &[(u64, u32)], entry: usize) -> DeltaLink {
    let offset = entries[entry].0;
    let Ok(header) = pack.entry(offset) else { return DeltaLink::Broken };
    match pack.base_offset(&header) {
        Ok(None) => header.header.as_kind().map_or(DeltaLink::Broken, DeltaLink::Root),
        Ok(Some(base)) => find(entries, entry, base).map_or(DeltaLink::Broken, DeltaLink::On),
        Err(_) => DeltaLink::Broken,
    }
}

/// The entry at an offset. Bases are mostly close before what is built on them.
fn find(entries: &[(u64, u32)], from: usize, offset: u64) -> Option<u32> {
    let mut step = 1;
    while step <= from && entries[from - step].0 > offset {
        step *= 2;
    }
    let (start, end) =
        if offset < entries[from].0 { (from.saturating_sub(step), from) } else { (from, entries.len()) };
    let found = entries[start..end].binary_search_by_key(&offset, |entry| entry.0).ok()?;
    u32::try_from(start + found).ok()
}

/// All that a sweep goes through.
pub(crate) struct SweepPlan<'a> {
    pub store: &'a ObjectStore,
    pub pool: rayon::ThreadPool,
    pub only: Option<Kind>,
    pub forests: Vec<Forest>,
    /// Where each pack's roots start in the whole, and the sum of all.
    starts: Vec<usize>,
    /// Loose objects that no pack has.
    pub loose: Vec<ObjectId>,
    /// Every id in the store.
    pub presence: Presence,
    /// What could not be listed.
    pub unread: Vec<Incomplete>,
}

impl<'a> SweepPlan<'a> {
    /// Plans a sweep on a number of threads (0: one a core), over all objects or those of one kind.
    pub fn new(store: &'a ObjectStore, threads: usize, only: Option<Kind>) -> Option<SweepPlan<'a>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()?;
        let mut unread = Vec::new();
        let mut listed = Vec::new();
        for folder in &store.folders {
            loose::list(folder, store.hash, &mut listed, &mut unread);
        }
        listed.sort_unstable();
        listed.dedup();
        let mut forests: Vec<Forest> =
            pool.install(|| store.packs.iter().map(|pack| Forest::new(pack, only)).collect());
        let packed = store.packs.iter().map(|pack| pack.index.num_objects() as usize).sum::<usize>();
        let mut presence = Presence::with_capacity(packed + listed.len());
        for (number, pack) in store.packs.iter().enumerate() {
            let mut repeated = vec![];
            for position in 0..pack.index.num_objects() {
                let id = pack.index.oid_at_index(position);
                if !presence.insert(id) && store.packs[..number].iter().any(|earlier| earlier.contains(id)) {
                    repeated.push(pack.index.pack_offset_at_index(position));
                }
            }
            for offset in repeated {
                if let Ok(entry) = forests[number].entries.binary_search_by_key(&offset, |entry| entry.0) {
                    forests[number].set_repeated(entry as u32);
                }
            }
        }
        listed.retain(|id| presence.insert(id) || !store.packs.iter().any(|pack| pack.contains(id)));
        let starts = std::iter::once(0)
            .chain(forests.iter().map(|forest| forest.roots.len()))
            .scan(0, |sum, roots| {
                *sum += roots;
                Some(*sum)
            })
            .collect();
        Some(SweepPlan { store, pool, only, forests, starts, loose: listed, presence, unread })
    }

    /// How many starting points there are: roots of packs, then loose objects.
    pub fn len(&self) -> usize {
        self.roots() + self.loose.len()
    }

    /// How many roots all packs have.
    pub fn roots(&self) -> usize {
        self.starts[self.forests.len()]
    }

    /// The pack and entry of a starting point below [`SweepPlan::roots`].
    pub fn root(&self, number: usize) -> (usize, u32) {
        let pack = self.starts.partition_point(|&start| start <= number) - 1;
        (pack, self.forests[pack].roots[number - self.starts[pack]])
    }
}
