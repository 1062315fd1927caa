//! The sweep: every object of a store, on all cores, each base decoded once.
//!
//! Workers take starting points from one counter and what is built on an object from each other. They share nothing
//! else: each keeps its own tally, and nothing is locked while an object is looked at.

use super::cache::Scratch;
use super::delta::any_window;
use super::fault::Fault;
use super::links::LinkCheck;
use super::loose::Loose;
use super::names::{Named, WantedNames};
use super::objects::ObjectStore;
use super::pack::is_object;
use super::plan::SweepPlan;
use super::report::Damage;
use super::{loose, report};
use crossbeam_deque::{Steal, Stealer, Worker as Queue};
use gix_hash::{ObjectId, oid};
use gix_object::Kind;
use krea_scan_files::Incomplete;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Bases held for what is built on them may take this much memory in all, in bytes; above it they are decoded again.
const MAX_HELD_BYTES: u64 = 1 << 30;
/// They may take so much in any store, and so many times what it is stored in.
const FREE_HELD_BYTES: u64 = 32 << 20;
const HELD_TIMES_STORED: u64 = 4;
/// All objects together may be so many bytes in any store, and so many times what it is stored in: a file of which each
/// commit changes a line is a few hundred times as large.
const FREE_BYTES: u64 = 2 << 30;
const MAX_TIMES_STORED: u64 = 500;
/// Bases smaller than this are not counted.
const COUNTED_BYTES: usize = 1 << 16;
/// A worker keeps a buffer up to this size for the next object.
const SPARE_BYTES: usize = 64 << 20;

/// A question to bytes whose answer hangs on a short stretch of them, wherever that is.
///
/// It is what makes a history cheap: of an object that is stored as a delta only what is new is looked at, unless
/// its base already said yes.
#[derive(Clone, Copy)]
pub struct HintSearch<'a> {
    /// May say yes when there is nothing; must say yes to every stretch that holds something.
    pub hint: &'a (dyn Fn(&[u8]) -> bool + Sync),
    /// The longest stretch, in bytes, that `hint` needs to see in one piece.
    pub reach: usize,
}

/// What a sweep looks for.
#[derive(Clone, Copy)]
pub struct SweepQuery<'a> {
    /// Which objects hold something, wherever in them it is; `None`: all do.
    pub search: Option<HintSearch<'a>>,
    /// Which objects to look into whatever they hold, such as archives, told from the whole object. Must be cheap.
    pub whole: &'a (dyn Fn(Kind, &[u8]) -> bool + Sync),
    /// Called once for each object that either of them wants, from several threads at a time.
    pub inspect: &'a (dyn Fn(Kind, &oid, &[u8]) + Sync),
    /// Blobs that are wanted for their name.
    pub names: Option<WantedNames<'a>>,
    /// Ends the sweep before its end, once it is set.
    pub stop: Option<&'a AtomicBool>,
}

/// What a sweep read, and what it could not.
#[derive(Debug, Default)]
pub struct Swept {
    /// Commits read.
    pub commits: u64,
    /// Trees read.
    pub trees: u64,
    /// Blobs read.
    pub blobs: u64,
    /// Tags read.
    pub tags: u64,
    /// Bytes in all of these, decompressed.
    pub bytes: u64,
    /// What is missing or damaged, sorted.
    pub incomplete: Vec<Incomplete>,
    /// The blobs under a path component that [`SweepQuery::names`] wants, sorted.
    pub named: Vec<ObjectId>,
}

impl ObjectStore {
    /// Reads every object of the store on a number of threads (0: one a core), also those that no ref reaches.
    ///
    /// An object that is stored several times is looked at once; one whose copy is damaged is read from another. What
    /// `named` holds is expected to be there, as what objects name is.
    pub fn sweep(&self, threads: usize, look: &SweepQuery, named: &[ObjectId]) -> Swept {
        let Some(plan) = SweepPlan::new(self, threads, None) else {
            let reason = "cannot start threads to read it".to_owned();
            let incomplete = vec![Incomplete { path: self.name.clone(), reason }];
            return Swept { incomplete, ..Swept::default() };
        };
        let mut tally = run(&plan, look, true);
        tally.absent.extend(named.iter().filter(|id| !id.is_null() && !id.is_empty_tree()));
        let expected: usize = self.packs.iter().map(|pack| pack.index.num_objects() as usize).sum();
        if tally.visited < expected && tally.too_much.is_none() {
            for (pack, forest) in plan.forests.iter().enumerate() {
                for entry in forest.unreachable() {
                    let id = self.packs[pack].index.oid_at_index(forest.entry(entry).1).to_owned();
                    tally.damaged.push(Damage { pack: Some(pack), id, fault: Fault::Base });
                }
            }
        }
        let mut incomplete = report::incomplete(&plan, tally.damaged, tally.absent);
        incomplete.extend(tally.too_much.map(|most| Incomplete {
            path: self.name.clone(),
            reason: format!("its objects have more than {most} bytes, far more than they are stored in; the rest was not read"),
        }));
        Swept {
            commits: tally.read[Kind::Commit as usize],
            trees: tally.read[Kind::Tree as usize],
            blobs: tally.read[Kind::Blob as usize],
            tags: tally.read[Kind::Tag as usize],
            bytes: tally.bytes,
            incomplete,
            named: tally.named.blobs(self),
        }
    }

    /// Calls `inspect` for every object; see [`ObjectStore::sweep`].
    pub fn for_each(&self, threads: usize, inspect: &(dyn Fn(Kind, &oid, &[u8]) + Sync)) -> Swept {
        let look = SweepQuery { search: None, whole: &|_, _| true, inspect, names: None, stop: None };
        self.sweep(threads, &look, &[])
    }
}

/// What one worker saw, and in the end what all saw.
#[derive(Default)]
pub(crate) struct SweepTally {
    /// By kind.
    read: [u64; 4],
    bytes: u64,
    /// Entries of packs that a root leads to.
    visited: usize,
    damaged: Vec<Damage>,
    absent: Vec<ObjectId>,
    named: Named,
    /// There are more bytes in the objects than this, which are all that are read.
    too_much: Option<u64>,
}

/// Goes through a plan; `links`: also check that what objects name is there.
pub(crate) fn run(plan: &SweepPlan, look: &SweepQuery, links: bool) -> SweepTally {
    let queues: Vec<_> = (0..plan.pool.current_num_threads()).map(|_| Queue::new_lifo()).collect();
    let (held, stored) = (AtomicUsize::new(0), plan.store.stored_bytes());
    let most_held = (stored * HELD_TIMES_STORED + FREE_HELD_BYTES).min(MAX_HELD_BYTES);
    let shared = SweepShared {
        plan,
        look,
        links,
        stealers: queues.iter().map(Queue::stealer).collect(),
        next: AtomicUsize::new(0),
        open: AtomicUsize::new(plan.len()),
        held: &held,
        most_held: most_held as usize,
        bytes: AtomicU64::new(0),
        most: stored * MAX_TIMES_STORED + FREE_BYTES,
        abort: AtomicBool::new(false),
    };
    let queues: Vec<_> = queues.into_iter().map(|queue| std::sync::Mutex::new(Some(queue))).collect();
    let tallies = plan.pool.broadcast(|context| {
        let queue = queues[context.index()].lock().ok().and_then(|mut queue| queue.take());
        queue.map(|queue| SweepWorker::new(&shared, queue).run()).unwrap_or_default()
    });
    let mut tally = tallies.into_iter().reduce(SweepTally::merge).unwrap_or_default();
    tally.too_much = shared.is_too_much().then_some(shared.most);
    tally
}

impl SweepTally {
    fn merge(mut self, mut other: SweepTally) -> SweepTally {
        for (sum, count) in self.read.iter_mut().zip(other.read) {
            *sum += count;
        }
        self.bytes += other.bytes;
        self.visited += other.visited;
        self.damaged.append(&mut other.damaged);
        self.absent.append(&mut other.absent);
        self.named.merge(other.named);
        self
    }
}

/// What workers share.
struct SweepShared<'a> {
    plan: &'a SweepPlan<'a>,
    look: &'a SweepQuery<'a>,
    links: bool,
    stealers: Vec<Stealer<Task<'a>>>,
    /// The next starting point.
    next: AtomicUsize,
    /// Starting points and tasks that are not done.
    open: AtomicUsize,
    /// Bytes in bases.
    held: &'a AtomicUsize,
    most_held: usize,
    /// Bytes in objects that were read, and how many may be.
    bytes: AtomicU64,
    most: u64,
    /// A worker panicked: the others stop.
    abort: AtomicBool,
}

impl SweepShared<'_> {
    fn is_too_much(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.most
    }
}

/// An entry of a pack, and what it is built on; without that, the chain is decoded from its start.
struct Task<'a> {
    pack: usize,
    entry: u32,
    base: Option<Arc<Base<'a>>>,
}

/// A decoded object that others are built on.
struct Base<'a> {
    kind: Kind,
    data: Vec<u8>,
    /// What was found in it.
    hits: Hits,
    counted: usize,
    held: &'a AtomicUsize,
}

impl Drop for Base<'_> {
    fn drop(&mut self) {
        if self.counted > 0 {
            self.held.fetch_sub(self.counted, Ordering::Relaxed);
        }
    }
}

/// Which searches said yes to an object.
#[derive(Clone, Copy)]
struct Hits {
    content: bool,
    names: bool,
}

/// One thread's part of a sweep.
struct SweepWorker<'s, 'a> {
    shared: &'s SweepShared<'a>,
    queue: Queue<Task<'a>>,
    scratch: Scratch,
    spare: Vec<u8>,
    links: Option<LinkCheck<'a>>,
    tally: SweepTally,
}

impl<'s, 'a> SweepWorker<'s, 'a> {
    fn new(shared: &'s SweepShared<'a>, queue: Queue<Task<'a>>) -> Self {
        let plan = shared.plan;
        let links =
            shared.links.then(|| LinkCheck::new(&plan.presence, &plan.store.shallow, plan.store.hash));
        SweepWorker {
            shared,
            queue,
            scratch: Scratch::default(),
            spare: Vec::new(),
            links,
            tally: SweepTally::default(),
        }
    }

    /// Works until nothing is left.
    fn run(mut self) -> SweepTally {
        let _abort = AbortOnPanic(&self.shared.abort);
        let mut idle = 0u32;
        let is_stopped = || {
            let stop = self.shared.look.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
            stop || self.shared.abort.load(Ordering::Relaxed)
        };
        while !is_stopped() && !self.shared.is_too_much() {
            if let Some(task) = self.queue.pop().or_else(|| self.steal()) {
                self.packed(task);
            } else if !self.start() {
                if self.shared.open.load(Ordering::Acquire) == 0 {
                    break;
                }
                idle += 1;
                if idle < 64 {
                    std::thread::yield_now();
                } else {
                    std::thread::sleep(std::time::Duration::from_micros(100));
                }
                continue;
            }
            idle = 0;
        }
        if let Some(links) = self.links {
            self.tally.absent.extend(links.finish());
        }
        self.tally
    }

    /// Takes a task from another worker.
    fn steal(&self) -> Option<Task<'a>> {
        self.shared.stealers.iter().find_map(|stealer| {
            loop {
                match stealer.steal() {
                    Steal::Success(task) => return Some(task),
                    Steal::Retry => {}
                    Steal::Empty => return None,
                }
            }
        })
    }

    /// Begins at the next starting point; `false` when there is none left.
    fn start(&mut self) -> bool {
        let plan = self.shared.plan;
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        if number < plan.roots() {
            let (pack, entry) = plan.root(number);
            self.packed(Task { pack, entry, base: None });
        } else if let Some(id) = plan.loose.get(number - plan.roots()) {
            self.loose(id);
        } else {
            return false;
        }
        true
    }

    /// Reads a loose object.
    fn loose(&mut self, id: &ObjectId) {
        let plan = self.shared.plan;
        let mut fault = Fault::Io("it is gone".to_owned());
        let copies = plan.store.folders.iter().map(|folder| loose::read_loose(folder, id, plan.only));
        let mut copies = copies.filter(|copy| !matches!(copy, Ok(Loose::Absent)));
        let good = copies.find_map(|copy| copy.map_err(|error| fault = error).ok());
        match good {
            Some(Loose::Is(kind, data)) => {
                self.object(kind, id, &data, None, false);
            }
            Some(_) => {}
            None => match plan.store.read_except(id, None) {
                Ok((kind, data)) => {
                    if plan.only.is_none_or(|only| only == kind) {
                        self.object(kind, id, &data, None, false);
                    }
                }
                Err(_) => self.tally.damaged.push(Damage { pack: None, id: id.to_owned(), fault }),
            },
        }
        self.shared.open.fetch_sub(1, Ordering::Release);
    }

    /// Reads an entry of a pack, looks at it, and queues what is built on it.
    fn packed(&mut self, task: Task<'a>) {
        let plan = self.shared.plan;
        let forest = &plan.forests[task.pack];
        self.tally.visited += 1;
        let mut out = std::mem::take(&mut self.spare);
        let id = plan.store.packs[task.pack].index.oid_at_index(forest.entry(task.entry).1);
        let object = match self.decode(&task, id, &mut out) {
            Ok(kind) => Some((kind, task.base.as_deref())),
            Err(fault) => match plan.store.read_except(id, Some(task.pack)) {
                Ok((kind, data)) => {
                    out = Arc::unwrap_or_clone(data);
                    Some((kind, None))
                }
                Err(_) => {
                    self.tally.damaged.push(Damage { pack: Some(task.pack), id: id.to_owned(), fault });
                    None
                }
            },
        };
        let object = object.filter(|(kind, _)| plan.only.is_none_or(|only| only == *kind));
        let object = object
            .map(|(kind, base)| (kind, self.object(kind, id, &out, base, forest.is_repeated(task.entry))));
        let out = self.queue_children(&task, object, out);
        let freed = task.base.and_then(Arc::into_inner).map(|mut base| std::mem::take(&mut base.data));
        self.spare = [out, freed]
            .into_iter()
            .flatten()
            .filter(|buffer| buffer.capacity() <= SPARE_BYTES)
            .max_by_key(Vec::capacity)
            .unwrap_or_default();
    }

    /// Queues what is built on an object; gives the object's buffer back when there is nothing.
    fn queue_children(
        &mut self,
        task: &Task<'a>,
        object: Option<(Kind, Hits)>,
        out: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let forest = &self.shared.plan.forests[task.pack];
        let count = forest.children(task.entry).count();
        match count {
            0 => {
                self.shared.open.fetch_sub(1, Ordering::Release);
                return Some(out);
            }
            1 => {}
            _ => {
                self.shared.open.fetch_add(count - 1, Ordering::Release);
            }
        }
        let base = object.and_then(|(kind, hits)| self.hold(kind, hits, out));
        for entry in forest.children(task.entry) {
            self.queue.push(Task { pack: task.pack, entry, base: base.clone() });
        }
        None
    }

    /// Makes an object a base, unless too much is held already.
    fn hold(&self, kind: Kind, hits: Hits, data: Vec<u8>) -> Option<Arc<Base<'a>>> {
        let held = self.shared.held;
        let counted = if data.capacity() < COUNTED_BYTES { 0 } else { data.capacity() };
        if counted > 0 && held.fetch_add(counted, Ordering::Relaxed) + counted > self.shared.most_held {
            held.fetch_sub(counted, Ordering::Relaxed);
            return None;
        }
        Some(Arc::new(Base { kind, data, hits, counted, held }))
    }

    /// Decodes an entry of a pack into `out`.
    fn decode(&mut self, task: &Task<'a>, id: &oid, out: &mut Vec<u8>) -> Result<Kind, Fault> {
        let plan = self.shared.plan;
        let (pack, forest) = (&plan.store.packs[task.pack], &plan.forests[task.pack]);
        let (offset, position) = forest.entry(task.entry);
        let entry = pack.entry(offset)?;
        let kind = match (&task.base, entry.header.as_kind()) {
            (Some(base), _) => {
                pack.read_delta(&entry, &base.data, &mut self.scratch, out)?;
                base.kind
            }
            (None, Some(kind)) => {
                pack.read_whole(&entry, &mut self.scratch, out)?;
                kind
            }
            (None, None) => {
                let (kind, data) = pack.read_at(offset, &mut self.scratch, None)?;
                *out = Arc::unwrap_or_clone(data);
                kind
            }
        };
        let end = forest.end(task.entry, pack);
        if pack.is_intact(position, offset, end) || is_object(id, kind, out) {
            Ok(kind)
        } else {
            Err(Fault::Checksum)
        }
    }

    /// Looks at an object. What `base` holds was looked at before; what is `repeated` is looked at elsewhere.
    fn object(&mut self, kind: Kind, id: &oid, data: &[u8], base: Option<&Base>, repeated: bool) -> Hits {
        let look = self.shared.look;
        self.shared.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        let fresh = base.map(|base| (base.hits, self.scratch.fresh.as_slice()));
        let content = look.search.is_none_or(|HintSearch { hint, reach }| {
            ask(hint, reach, data, fresh.filter(|(hits, _)| !hits.content).map(|(_, fresh)| fresh))
        });
        let names = look.names.filter(|_| kind == Kind::Tree).filter(|names| {
            let fresh = fresh.filter(|(hits, _)| !hits.names).map(|(_, fresh)| fresh);
            ask(names.hint, names.reach, data, fresh)
        });
        if !repeated {
            self.tally.read[kind as usize] += 1;
            self.tally.bytes += data.len() as u64;
            if let Some(links) = &mut self.links {
                links.object(kind, id, data, fresh.map(|(_, fresh)| fresh));
            }
            if let Some(names) = &names {
                self.tally.named.note(data, self.shared.plan.store.hash, names.wanted);
            }
            if content || (look.whole)(kind, data) {
                (look.inspect)(kind, id, data);
            }
        }
        Hits { content, names: names.is_some() }
    }
}

/// Asks about the new parts of an object, or about all of it.
fn ask(
    hint: &(dyn Fn(&[u8]) -> bool + Sync),
    reach: usize,
    data: &[u8],
    fresh: Option<&[Range<usize>]>,
) -> bool {
    match fresh {
        Some(fresh) => any_window(data, fresh, reach, hint),
        None => hint(data),
    }
}

/// Tells the other workers when one panics.
struct AbortOnPanic<'a>(&'a AtomicBool);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
