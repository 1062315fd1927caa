//! Reading every object of real repositories, made by git, in good and in bad shape.

use crate::support::Sandbox;
use gix_hash::ObjectId;
use krea_scan_git::repository::open;
use krea_scan_git::store::{HintSearch, Kind, SweepQuery, Swept, WantedNames};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Every object that a sweep shows, with how often and its bytes.
type Seen = BTreeMap<String, (usize, Kind, Vec<u8>)>;

fn sweep_at(path: &Path, threads: usize) -> (Seen, Swept) {
    let repository = open(path).unwrap();
    let store = repository.objects().unwrap();
    let seen: Mutex<Seen> = Mutex::default();
    let swept = store.for_each(threads, &|kind, id, data| {
        seen.lock().unwrap().entry(id.to_string()).or_insert((0, kind, data.to_vec())).0 += 1;
    });
    let seen = seen.into_inner().unwrap();
    for (id, (times, kind, data)) in &seen {
        assert_eq!(*times, 1, "{id} was shown {times} times");
        let actual = gix_object::compute_hash(store.hash(), *kind, data).unwrap();
        assert_eq!(actual.to_string(), *id);
        let (read, bytes) = store.read(&actual).unwrap();
        assert_eq!((read, &*bytes), (*kind, data));
        assert_eq!(store.size(&actual).unwrap(), data.len() as u64);
    }
    assert_eq!(swept.commits + swept.trees + swept.blobs + swept.tags, seen.len() as u64);
    assert_eq!(swept.bytes, seen.values().map(|object| object.2.len() as u64).sum::<u64>());
    (seen, swept)
}

/// Sweeps a repository in good shape: nothing may be incomplete, and nothing that git knows may be missed.
fn sweep_whole(path: &Path) -> Seen {
    let (seen, swept) = sweep_at(path, 2);
    assert_eq!(swept.incomplete, []);
    let known = Sandbox::at(path).git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
    assert_eq!(seen.keys().map(String::as_str).collect::<Vec<_>>(), known.lines().collect::<Vec<_>>());
    seen
}

fn reasons(swept: &Swept) -> String {
    swept.incomplete.iter().map(|part| format!("{}: {}\n", part.path, part.reason)).collect()
}

/// The files in `objects/pack` that end so.
fn packs(repository: &Sandbox, end: &str) -> Vec<PathBuf> {
    let folder = repository.git_dir().join("objects/pack");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(end));
    files.sort();
    files
}

/// Changes a file that git made read-only.
fn overwrite(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::remove_file(file).unwrap();
    fs::write(file, bytes).unwrap();
}

/// A file of many lines that grows with each version, so that git stores deltas.
fn versions(repository: &Sandbox, count: usize) {
    let mut text: String = (0..300).map(|line| format!("line {line} of a long file\n")).collect();
    for version in 0..count {
        text.insert_str(version * 40 % text.len(), &format!("version {version}\n"));
        repository.commit_file("src/long.txt", text.as_bytes());
    }
}

#[test]
fn an_empty_repository_has_nothing() {
    let repository = Sandbox::new();
    assert!(sweep_whole(repository.root()).is_empty());
}

#[test]
fn loose_objects_are_read() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"one");
    repository.commit_file("empty", b"");
    repository.commit_file("large", vec![b'x'; 3 << 20]);
    repository.git(&["tag", "-a", "-m", "a tag", "v1"]);
    fs::create_dir_all(repository.git_dir().join("objects/ff")).unwrap();
    fs::write(repository.git_dir().join("objects/ff/tmp_obj_x"), b"").unwrap();
    assert_eq!(sweep_whole(repository.root()).len(), 10);
}

#[test]
fn packs_of_deltas_are_read() {
    let repository = Sandbox::new();
    versions(&repository, 60);
    repository.commit_file("empty", b"");
    repository.git(&["gc", "--aggressive", "--prune=now"]);
    assert_eq!(packs(&repository, ".pack").len(), 1);
    assert!(sweep_whole(repository.root()).len() > 240);
}

#[test]
fn ref_deltas_are_read() {
    let repository = Sandbox::new();
    versions(&repository, 30);
    repository.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adf"]);
    sweep_whole(repository.root());
    repository.git(&["-c", "pack.indexVersion=1", "repack", "-adf"]);
    sweep_whole(repository.root());
}

#[test]
fn several_packs_and_a_multi_pack_index_are_read_once() {
    let repository = Sandbox::new();
    for round in 0..3 {
        versions(&repository, 3 + round);
        repository.git(&["repack", "-d"]);
    }
    // A pack that repeats everything, and loose copies of it all.
    repository.git(&["repack", "-a"]);
    repository.git(&["multi-pack-index", "write"]);
    assert_eq!(packs(&repository, ".pack").len(), 4);
    sweep_whole(repository.root());
}

#[test]
fn what_no_ref_reaches_is_read() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"kept");
    repository.commit_file("a.txt", b"only in the reflog");
    repository.git(&["reset", "--hard", "HEAD^"]);
    fs::write(repository.root().join("a.txt"), b"stashed").unwrap();
    repository.git(&["stash"]);
    fs::write(repository.root().join("b.txt"), b"added, then not").unwrap();
    repository.git(&["add", "b.txt"]);
    repository.git(&["rm", "--cached", "b.txt"]);
    let seen = sweep_whole(repository.root());
    for text in ["only in the reflog", "stashed", "added, then not"] {
        assert!(seen.values().any(|object| object.2 == text.as_bytes()), "{text}");
    }
}

#[test]
fn alternates_are_followed_and_told_when_absent() {
    let lender = Sandbox::new();
    lender.commit_file("a.txt", b"lent");
    lender.git(&["repack", "-ad"]);
    let borrower = Sandbox::new();
    let alternates = borrower.git_dir().join("objects/info/alternates");
    fs::create_dir_all(alternates.parent().unwrap()).unwrap();
    fs::write(&alternates, format!("{}\n", lender.git_dir().join("objects").display())).unwrap();
    // The lender borrows from the borrower: a loop.
    let back = lender.git_dir().join("objects/info/alternates");
    fs::write(back, format!("{}\n", borrower.git_dir().join("objects").display())).unwrap();
    borrower.commit_file("b.txt", b"own");
    let (seen, swept) = sweep_at(borrower.root(), 2);
    assert_eq!(swept.incomplete, []);
    assert!(seen.values().any(|object| object.2 == b"lent"));
    assert!(seen.values().any(|object| object.2 == b"own"));

    fs::write(&alternates, "/nowhere/objects\n").unwrap();
    let (_, swept) = sweep_at(borrower.root(), 2);
    assert!(reasons(&swept).contains("/nowhere/objects: this repository borrows objects from here"));
}

#[test]
fn worktrees_and_bare_repositories_are_read() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"shared");
    let linked = repository.root().join("linked");
    repository.git(&["worktree", "add", "--detach", linked.to_str().unwrap()]);
    Sandbox::at(&linked).commit_file("b.txt", b"made in the worktree");
    assert!(sweep_whole(&linked).values().any(|object| object.2 == b"made in the worktree"));
    let bare = tempfile::tempdir().unwrap();
    repository.git(&["clone", "-q", "--bare", ".", bare.path().to_str().unwrap()]);
    sweep_whole(bare.path());
}

#[test]
fn a_damaged_pack_entry_costs_only_what_is_built_on_it() {
    let repository = Sandbox::new();
    versions(&repository, 40);
    repository.git(&["repack", "-adf"]);
    let all = sweep_whole(repository.root()).len();
    let pack = packs(&repository, ".pack").remove(0);
    for (at, bits) in [(0.2, 0x01), (0.35, 0x80), (0.5, 0xff), (0.7, 0x10), (0.9, 0x40)] {
        let good = fs::read(&pack).unwrap();
        let at = (good.len() as f64 * at) as usize;
        overwrite(&pack, |bytes| bytes[at..at + 4].iter_mut().for_each(|byte| *byte ^= bits));
        let (seen, swept) = sweep_at(repository.root(), 2);
        assert!(seen.len() < all && seen.len() > all / 4, "{} of {all} at {at}", seen.len());
        assert!(swept.incomplete.len() == all - seen.len() || all - seen.len() > 20, "{}", reasons(&swept));
        assert!(reasons(&swept).contains(".pack: object "), "{}", reasons(&swept));
        overwrite(&pack, |bytes| *bytes = good);
    }
    sweep_whole(repository.root());
}

#[test]
fn a_damaged_copy_is_made_good_by_another() {
    let repository = Sandbox::new();
    versions(&repository, 20);
    // Every object stays loose beside the pack.
    repository.git(&["repack", "-a"]);
    let pack = packs(&repository, ".pack").remove(0);
    overwrite(&pack, |bytes| {
        let middle = bytes.len() / 2;
        bytes[200..middle].fill(0);
    });
    let (seen, swept) = sweep_at(repository.root(), 2);
    assert_eq!(swept.incomplete, []);
    assert!(seen.len() > 60);
}

#[test]
fn a_truncated_pack_gives_what_is_left() {
    let repository = Sandbox::new();
    versions(&repository, 40);
    repository.git(&["repack", "-adf"]);
    let pack = packs(&repository, ".pack").remove(0);
    overwrite(&pack, |bytes| bytes.truncate(bytes.len() / 2));
    let (seen, swept) = sweep_at(repository.root(), 2);
    assert!(!seen.is_empty());
    assert!(reasons(&swept).contains("the pack is cut off"), "{}", reasons(&swept));
    assert!(reasons(&swept).contains("more in it cannot be read"), "{}", reasons(&swept));
    overwrite(&pack, |bytes| bytes.truncate(10));
    let (seen, swept) = sweep_at(repository.root(), 2);
    assert!(seen.is_empty() && reasons(&swept).contains("this pack cannot be read"), "{}", reasons(&swept));
}

#[test]
fn a_pack_that_is_not_as_its_index_says_is_told_though_all_of_it_can_be_read() {
    for (says, change) in [
        ("objects, its index ", (|bytes| bytes[11] ^= 1) as fn(&mut Vec<u8>)),
        ("is not the one that its index was made for", |bytes| {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
        }),
    ] {
        let repository = Sandbox::new();
        versions(&repository, 3);
        repository.git(&["repack", "-adf"]);
        let all = sweep_whole(repository.root()).len();
        overwrite(&packs(&repository, ".pack").remove(0), change);
        let (seen, swept) = sweep_at(repository.root(), 2);
        assert_eq!(seen.len(), all);
        assert!(reasons(&swept).contains(says), "{}", reasons(&swept));
    }
}

#[test]
fn a_pack_without_its_partner_is_told() {
    for (lost, told) in [(".idx", "run `git index-pack pack-"), (".pack", "its .pack file is missing")] {
        let repository = Sandbox::new();
        versions(&repository, 3);
        repository.git(&["repack", "-adf"]);
        repository.commit_file("loose.txt", b"still here");
        fs::remove_file(packs(&repository, lost).remove(0)).unwrap();
        let (seen, swept) = sweep_at(repository.root(), 2);
        assert!(reasons(&swept).contains(told), "{}", reasons(&swept));
        assert!(seen.values().any(|object| object.2 == b"still here"));
    }
}

#[test]
fn damaged_loose_objects_are_told_and_the_rest_is_read() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"a text that will be damaged");
    repository.commit_file("b.txt", b"a text that stays");
    let id = repository.git(&["rev-parse", "HEAD:a.txt"]);
    let file = repository.git_dir().join("objects").join(&id[..2]).join(&id[2..]);
    let damages: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes.truncate(bytes.len() - 6),
        |bytes| bytes.clear(),
        |bytes| bytes[20] ^= 0x55,
        |bytes| *bytes = b"not zlib at all".to_vec(),
        |bytes| bytes.fill(0),
    ];
    let good = fs::read(&file).unwrap();
    for damage in damages {
        overwrite(&file, damage);
        let (seen, swept) = sweep_at(repository.root(), 2);
        assert!(seen.values().any(|object| object.2 == b"a text that stays"));
        assert_eq!(swept.incomplete.len(), 1, "{}", reasons(&swept));
        assert!(reasons(&swept).contains(&format!("object {id} cannot be read")), "{}", reasons(&swept));
        overwrite(&file, |bytes| *bytes = good.clone());
    }
}

#[test]
fn a_missing_object_is_told() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"will be gone");
    repository.commit_file("b.txt", b"stays");
    // A submodule's commit and the empty tree are not expected to be here.
    let commit = "1111111111111111111111111111111111111111";
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},module")]);
    repository.git(&["commit", "-qm", "a submodule"]);
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    repository.git(&[
        "update-ref",
        "refs/heads/empty",
        &repository.git(&["commit-tree", "-m", "empty", empty]),
    ]);
    let id = repository.git(&["rev-parse", "HEAD:a.txt"]);
    fs::remove_file(repository.git_dir().join("objects").join(&id[..2]).join(&id[2..])).unwrap();
    let (_, swept) = sweep_at(repository.root(), 2);
    assert_eq!(swept.incomplete.len(), 1, "{}", reasons(&swept));
    assert!(reasons(&swept).contains(&format!("object {id} is missing")), "{}", reasons(&swept));
}

#[test]
fn a_partial_clone_says_how_many_objects_are_elsewhere() {
    let origin = Sandbox::new();
    versions(&origin, 30);
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", origin.root().display());
    origin.git(&[
        "clone",
        "-q",
        "--no-checkout",
        "--filter=blob:none",
        &from,
        clone.path().to_str().unwrap(),
    ]);
    Sandbox::at(clone.path()).git(&["repack", "-adf"]);
    let (_, swept) = sweep_at(clone.path(), 2);
    assert_eq!(swept.blobs, 0);
    assert!(reasons(&swept).contains("partial clone: 30 objects are not here"), "{}", reasons(&swept));
}

#[test]
fn a_shallow_clone_says_that_history_is_cut() {
    let origin = Sandbox::new();
    versions(&origin, 5);
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", origin.root().display());
    origin.git(&["clone", "-q", "--depth=2", &from, clone.path().to_str().unwrap()]);
    let (_, swept) = sweep_at(clone.path(), 2);
    assert_eq!(swept.commits, 2);
    assert_eq!(swept.incomplete.len(), 1, "{}", reasons(&swept));
    assert!(reasons(&swept).contains("shallow clone: history before these 1 commit is not here"));
    assert!(reasons(&swept).contains("git fetch --unshallow"));
}

#[test]
fn garbage_in_packs_never_crashes() {
    let repository = Sandbox::new();
    versions(&repository, 12);
    repository.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adf"]);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for end in [".pack", ".idx"] {
        let file = packs(&repository, end).remove(0);
        let good = fs::read(&file).unwrap();
        for _ in 0..150 {
            overwrite(&file, |bytes| {
                for _ in 0..8 {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let at = random as usize % bytes.len();
                    bytes[at] = (random >> 32) as u8;
                }
            });
            let opened = open(repository.root()).unwrap();
            let swept = opened.objects().unwrap().for_each(2, &|_, _, _| ());
            assert!(!swept.incomplete.is_empty());
            overwrite(&file, |bytes| *bytes = good.clone());
        }
    }
}

#[test]
fn a_search_over_what_is_new_finds_all() {
    let repository = Sandbox::new();
    let mut lines: Vec<String> =
        (0..400).map(|line| format!("{line}: nothing to see on this line\n")).collect();
    for version in 0..80 {
        let at = version * 37 % lines.len();
        match version % 4 {
            0 => lines.insert(at, format!("the needle of version {version}\n")),
            1 => lines[at] = format!("line without, in version {version}\n"),
            2 => drop(lines.remove(at)),
            _ => lines.rotate_left(at),
        }
        repository.commit_file("folder/file.txt", lines.concat().as_bytes());
        repository.commit_file(&format!("needle-{version}/deep/file.txt"), format!("{version}").as_bytes());
    }
    repository.git(&["repack", "-adf", "--depth=50"]);
    let opened = open(repository.root()).unwrap();
    let store = opened.objects().unwrap();
    for needle in ["needle", "e 8", "n 7", "2: nothing to see on this line\n3: ", "no such"] {
        let holds = |data: &[u8]| memchr::memmem::find(data, needle.as_bytes()).is_some();
        let expected: Mutex<Vec<ObjectId>> = Mutex::default();
        store.for_each(2, &|_, id, data| {
            if holds(data) {
                expected.lock().unwrap().push(id.to_owned());
            }
        });
        let found: Mutex<Vec<ObjectId>> = Mutex::default();
        let look = SweepQuery {
            search: Some(HintSearch { hint: &holds, reach: needle.len() }),
            whole: &|_, _| false,
            inspect: &|_, id, data| {
                if holds(data) {
                    found.lock().unwrap().push(id.to_owned());
                }
            },
            names: Some(WantedNames { hint: &holds, reach: needle.len(), wanted: &holds }),
            stop: None,
        };
        let swept = store.sweep(2, &look, &[]);
        let sorted = |ids: Mutex<Vec<ObjectId>>| {
            let mut ids = ids.into_inner().unwrap();
            ids.sort();
            ids
        };
        assert_eq!(sorted(found), sorted(expected), "{needle}");
        assert_eq!(swept.named.len(), if needle == "needle" { 80 } else { 0 });
    }
}

#[test]
fn a_panic_in_the_caller_reaches_the_caller() {
    let repository = Sandbox::new();
    versions(&repository, 10);
    let opened = open(repository.root()).unwrap();
    let store = opened.objects().unwrap();
    let outcome = std::panic::catch_unwind(|| store.for_each(2, &|_, _, _| panic!("on purpose")));
    assert!(outcome.is_err());
}
