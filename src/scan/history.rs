//! Every object of a repository.
//!
//! One sweep over the store finds the objects that hold something; only those are traced to the commits that brought
//! them in, and scanned again under the paths that they had.

use super::context::{FileNames, ScanContext};
use super::file::FileScanner;
use super::git::{self, MESSAGES, on_disk, pointed_to};
use super::known_tokens::Pass;
use super::progress::Counter;
use super::reconcile::sibling_file::{self, SiblingFile};
use super::results::ScanResults;
use super::{Input, PassResult};
use crate::allowance::LeftOut;
use crate::finding::Finding;
use gix_hash::ObjectId;
use krea_scan_bounds::limits::{Exceeded, Limits};
use krea_scan_bounds::work;
use krea_scan_extract::container::{ContainerKind as Container, PackedParts};
use krea_scan_files::Incomplete;
use krea_scan_git::index_file::{IndexEntry, IndexFile};
use krea_scan_git::lfs::Lfs;
use krea_scan_git::objects;
use krea_scan_git::provenance::find_origins;
use krea_scan_git::refs::Refs;
use krea_scan_git::repository::Repository;
use krea_scan_git::store::{self, HintSearch, Kind, ObjectStore, SweepQuery};
use krea_scan_git::{GitOrigin, is_binary};
use krea_scan_text::Layer;
use krea_scan_token::Fingerprint;
use rayon::prelude::*;
use std::collections::btree_map::{BTreeMap, Entry};
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A repository's objects.
pub struct History<'a> {
    repo: Repository,
    lfs: Lfs,
    counter: &'a Counter,
    threads: usize,
    max_size: Option<u64>,
    limits: Limits,
    project_ignores: git::ProjectIgnores,
    /// Where a file's neighbours are.
    commit: Option<ObjectId>,
}

impl<'a> History<'a> {
    /// Opens the object store.
    pub fn open(
        repo: Repository,
        threads: usize,
        reading: git::GitReading<'_>,
        counter: &'a Counter,
    ) -> Result<Self, store::ObjectError> {
        repo.objects()?;
        let (lfs, project_ignores) = (Lfs::new(&repo), git::ProjectIgnores::of(&repo, reading));
        let git::GitReading { max_size, limits, .. } = reading;
        Ok(History { repo, lfs, counter, threads, max_size, limits, project_ignores, commit: None })
    }

    /// Finds the objects that hold something. Says what could not be read.
    fn sweep(&self, store: &ObjectStore, context: ScanContext<'_>) -> anyhow::Result<HistoryHits> {
        let ScanContext { detector, pass, .. } = context;
        let hits: Mutex<Vec<ObjectId>> = Mutex::default();
        let too_large: Mutex<Vec<Incomplete>> = Mutex::default();
        // Git LFS pointers whose files are not here.
        let pointers = AtomicU64::new(0);
        let (max_size, lfs) = (self.max_size, &self.lfs);
        let is_too_large = |data: &[u8]| max_size.is_some_and(|most| data.len() as u64 > most);
        let hint = |data: &[u8]| match pass {
            Pass::Detect => detector.wants(data),
            Pass::Sweep(known) => known.is_in(data),
        };
        let reach = match pass {
            Pass::Detect => detector.reach(),
            Pass::Sweep(known) => Some(known.reach()),
        };
        let tell_too_large = |data: &[u8]| {
            let reason = format!("is larger than --max-size ({} bytes)", data.len());
            lock(&too_large).push(Incomplete { path: "a blob in the history".to_owned(), reason });
        };
        let whole = |kind: Kind, data: &[u8]| {
            self.counter.add(data.len() as u64);
            reach.is_none() || (kind == Kind::Blob && (is_too_large(data) || is_container(data)))
        };
        let inspect = |kind: Kind, id: &gix_hash::oid, data: &[u8]| {
            if kind == Kind::Tree {
                return;
            }
            if kind == Kind::Blob && is_too_large(data) {
                return tell_too_large(data);
            }
            let holds = match (pass, Container::of(data, "")) {
                (_, Some(Container::LfsPointer)) if kind == Kind::Blob => match lfs.open(data) {
                    Some(mut file) => {
                        holds(context, |scanner, names| pointed_to(scanner, names, &mut file), "")
                    }
                    None => {
                        pointers.fetch_add(1, Ordering::Relaxed);
                        false
                    }
                },
                (Pass::Sweep(_), _) if hint(data) => true,
                _ => holds_something(context, data, ""),
            };
            if holds {
                lock(&hits).push(id.to_owned());
            }
        };
        let hints: [&[u8]; 4] = [b"krea", b".br\0", b"zma\0", b"tlz\0"];
        let known = if let Pass::Sweep(known) = pass { Some(known) } else { None };
        let by_hint = |tree: &[u8]| {
            let has_hint = tree.to_ascii_lowercase().windows(4).any(|window| hints.contains(&window));
            has_hint || known.is_some_and(|known| known.is_in(tree))
        };
        // A name may hold a token itself.
        let names_hold = AtomicBool::new(false);
        let by_name = |name: &[u8]| {
            let name = String::from_utf8_lossy(name);
            let holds = context.wants_name(name.as_bytes()) && holds_something(context, &[], &name);
            names_hold.fetch_or(holds, Ordering::Relaxed);
            holds
                || Container::is_in_name(&name)
                || (matches!(pass, Pass::Detect) && detector.wants_path(&name))
        };
        let names = store::WantedNames {
            hint: &by_hint,
            reach: known.map_or(4, |known| known.reach().max(4)),
            wanted: &by_name,
        };
        let swept = store.sweep(
            self.threads,
            &SweepQuery {
                search: reach.map(|reach| HintSearch { hint: &hint, reach }),
                whole: &whole,
                inspect: &inspect,
                names: Some(names),
                stop: None,
            },
            &named_outside(&self.repo),
        );
        let mut hits = lock(&hits).split_off(0);
        // A file whose name says Krea need not say it itself, and some containers are told by their name.
        let all = names_hold.into_inner();
        let holds_token = |id: &&ObjectId| {
            if all {
                return true;
            }
            let data = store.read(id).map(|(_, data)| data).unwrap_or_default();
            !is_too_large(&data) && NAMES.iter().any(|name| holds_something(context, &data, name))
        };
        let named = || swept.named.par_iter().filter(holds_token).cloned().collect::<Vec<_>>();
        hits.extend(on_threads(self.threads, named)?);
        hits.sort_unstable();
        hits.dedup();
        let mut incomplete = swept.incomplete;
        incomplete.append(&mut lock(&too_large));
        let pointers = pointers.into_inner();
        if pointers > 0 {
            let reason = format!(
                "{pointers} Git LFS pointers, whose files are not here; run `git lfs fetch --all` and scan again"
            );
            incomplete.push(Incomplete { path: "the history".to_owned(), reason });
        }
        Ok(HistoryHits { hits, incomplete, blobs: swept.blobs, bytes: swept.bytes })
    }
}

/// Does work on so many threads, which end with it: those that the machine could have are not asked for.
fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    Ok(pool.install(work))
}

/// What a sweep of the store came by.
struct HistoryHits {
    hits: Vec<ObjectId>,
    incomplete: Vec<Incomplete>,
    blobs: u64,
    bytes: u64,
}

impl Input for History<'_> {
    fn read_pass(&mut self, context: ScanContext<'_>) -> anyhow::Result<PassResult> {
        let store = self.repo.objects()?;
        let context = context.in_store(store.stored_bytes());
        let swept = self.sweep(store, context)?;
        let origins = match swept.hits.is_empty() {
            true => BTreeMap::new(),
            false => find_origins(store, &self.repo, &swept.hits, self.threads),
        };
        let objects = Objects { store, lfs: &self.lfs, project_ignores: &self.project_ignores };
        let targets: Vec<_> = origins.iter().collect();
        let scan = |chunk: &[(&ObjectId, &Vec<GitOrigin>)]| {
            let (mut scanner, mut left_out) = (FileScanner::new(context), LeftOut::default());
            for (id, origins) in chunk {
                objects.scan(**id, origins, &mut scanner, &mut left_out);
            }
            (scanner.found, left_out)
        };
        let scanned = || targets.par_chunks(16).map(scan).collect::<Vec<_>>();
        let scanned = on_threads(self.threads, scanned)?;
        let (mut found, mut left_out) = (ScanResults::default(), LeftOut::default());
        for (part, ignored) in scanned {
            found.merge(part);
            left_out.merge(ignored);
        }
        found.findings = first_of_each(found.findings);
        if let Pass::Sweep(known) = context.pass {
            found.findings.retain(|finding| !known.is_in_file(finding));
        }
        found.bytes = swept.bytes;
        let HistoryHits { incomplete, blobs, .. } = swept;
        let mut read = PassResult { found, blobs, incomplete, left_out, ..PassResult::default() };
        self.project_ignores.tell(&mut read);
        Ok(read)
    }

    fn on_disk(&self, path: &str) -> PathBuf {
        on_disk(&self.repo, path)
    }

    fn sibling(&mut self, path: &str, layers: &[Layer], reference: &str, most: u64) -> Option<SiblingFile> {
        let commit = self.commit?;
        let open = |path: &str| git::in_commit(&self.repo, commit, path);
        sibling_file::find(path, layers, reference, most, self.limits, open)
    }

    fn look_in(&mut self, git: Option<&GitOrigin>) {
        self.commit = git::commit(git);
    }
}

/// What the objects that hold something are read from.
#[derive(Clone, Copy)]
struct Objects<'h> {
    store: &'h ObjectStore,
    lfs: &'h Lfs,
    project_ignores: &'h git::ProjectIgnores,
}

impl Objects<'_> {
    /// Whether the run has no time left to put a large object together, which nothing but reading it does.
    fn is_too_much(&self, id: ObjectId, context: ScanContext<'_>) -> bool {
        work::is_run_over(context.limits.work) && self.store.size(&id).is_ok_and(|size| size > LARGE)
    }

    /// Scans one object under each path that it had, but for those that our own ignore files name.
    fn scan(
        &self,
        id: ObjectId,
        origins: &[GitOrigin],
        scanner: &mut FileScanner<'_>,
        left_out: &mut LeftOut,
    ) {
        if self.is_too_much(id, scanner.context) {
            for origin in origins {
                let path = if origin.path.is_empty() { format!("blob/{id}") } else { origin.path.clone() };
                let reason = format!("{}, and something in it is like a token", Exceeded::Work);
                scanner.found.incomplete.push(Incomplete { path, reason });
            }
            return;
        }
        let (kind, data) = match self.store.read(&id) {
            Ok(object) => object,
            Err(error) => {
                // The sweep came by something under this id that is not what the id stands for.
                let reason = format!("{error}, and something in it is like a token; `git fsck` tells more");
                let path = format!("object {id}");
                return scanner.found.incomplete.push(Incomplete { path, reason });
            }
        };
        let is_pointer = kind == Kind::Blob && Container::of(&data, "") == Some(Container::LfsPointer);
        for origin in origins {
            let path = match kind {
                Kind::Commit | Kind::Tag => format!("{MESSAGES}/{id}"),
                _ if origin.path.is_empty() => format!("blob/{id}"),
                _ => origin.path.clone(),
            };
            if !origin.path.is_empty()
                && let Some(ignored) = self.project_ignores.ignored(&path)
            {
                left_out.add(ignored);
                continue;
            }
            if kind != Kind::Blob {
                scanner.found.merge(message(scanner.context, &path, &data, origin));
                continue;
            }
            let before = scanner.found.findings.len();
            let names = FileNames { shown: &path, below: &origin.path };
            let file = is_pointer.then(|| self.lfs.open(&data)).flatten();
            let is_opaque = file.is_some() || is_binary(&data);
            match file {
                Some(mut file) => pointed_to(scanner, names, &mut file),
                None => scanner.bytes(names, &data),
            }
            for finding in &mut scanner.found.findings[before..] {
                finding.git = Some(GitOrigin { is_opaque, ..origin.clone() });
            }
        }
    }
}

/// Scans a commit or a tag as a whole, since what stands before its message may say whose a token in it is. Lines are those of
/// the message, as people see it.
fn message(context: ScanContext<'_>, path: &str, data: &[u8], origin: &GitOrigin) -> ScanResults {
    let mut scanner = FileScanner::new(context);
    scanner.bytes(FileNames { shown: path, below: "" }, data);
    let mut found = scanner.found;
    found.count_from_behind(objects::header(data));
    found.findings.iter_mut().for_each(|finding| finding.git = Some(origin.clone()));
    found
}

/// The objects that refs and the index name. Where these cannot be read, nothing can be said of them.
fn named_outside(repo: &Repository) -> Vec<ObjectId> {
    let refs = Refs::open(repo).map(|refs| {
        let head = refs.head().ok().and_then(|head| head.id());
        refs.all().into_iter().map(|(_, id)| id).chain(head).collect()
    });
    let mut named: Vec<ObjectId> = refs.unwrap_or_default();
    let Ok(mut index) = IndexFile::open(repo.index_path(), repo.hash()) else { return named };
    let mut entry = IndexEntry::default();
    for at in 0..index.entry_count() {
        if index.load(at, &mut entry).is_ok() && !entry.is_submodule() && !entry.intent_to_add {
            named.push(entry.id);
        }
    }
    named
}

/// An object of more bytes takes a while to put together.
const LARGE: u64 = 8 << 20;
/// Names that stand for those of which one thing or another is told by the name alone.
const NAMES: [&str; 3] = ["krea", "x.br", "x.lzma"];

/// Whether a blob holds files.
fn is_container(data: &[u8]) -> bool {
    Container::of(data, "").is_some() || (Container::may_hold_packed_parts(data) && holds_packed_parts(data))
}

fn holds_packed_parts(data: &[u8]) -> bool {
    let mut parts = PackedParts::default();
    parts.look(data, 0);
    !parts.is_empty() || Container::behind(&mut Cursor::new(data)).is_some()
}

/// Whether there is a token in an object, or in what it holds, under a path.
fn holds_something(context: ScanContext<'_>, data: &[u8], path: &str) -> bool {
    holds(context, |scanner, names| scanner.bytes(names, data), path)
}

fn holds(
    context: ScanContext<'_>,
    scan: impl FnOnce(&mut FileScanner<'_>, FileNames<'_>),
    path: &str,
) -> bool {
    let mut scanner = FileScanner::new(context);
    scan(&mut scanner, FileNames { shown: path, below: path });
    let found = scanner.found;
    let nothing = found.findings.is_empty() && found.withheld.is_empty() && found.hints.is_empty();
    !nothing || !found.incomplete.is_empty()
}

/// Of each token in each file, the finding in the commit that first brought it in. HEAD and refs count for all
/// versions of the file that hold the token.
fn first_of_each(mut findings: Vec<Finding>) -> Vec<Finding> {
    let date = |finding: &Finding| {
        let date = finding.git.as_ref().and_then(|git| git.date.as_ref());
        // What no commit holds comes last.
        date.and_then(|date| date.parse::<jiff::Timestamp>().ok()).unwrap_or(jiff::Timestamp::MAX)
    };
    findings.sort_by_cached_key(|finding| (date(finding), finding.location.clone()));
    let mut first: BTreeMap<(String, Fingerprint), Finding> = BTreeMap::new();
    for finding in findings {
        match first.entry((finding.trail(), finding.token.fingerprint())) {
            Entry::Vacant(place) => {
                place.insert(finding);
            }
            Entry::Occupied(mut place) => {
                if let (Some(kept), Some(other)) = (&mut place.get_mut().git, &finding.git) {
                    kept.in_head |= other.in_head;
                    kept.reachable |= other.reachable;
                    kept.is_opaque |= other.is_opaque;
                }
            }
        }
    }
    first.into_values().collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
