//! A range must bring in what git says that its commits bring in.

use crate::support::{Lcg, Sandbox};
use git2::{Index, IndexEntry, IndexTime, Oid, Signature, Time};
use gix_hash::ObjectId;
use krea_scan::source::range::{CommitChange, Range};
use krea_scan_git::repository::{Repository, open};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;

const ZEROS: &str = "0000000000000000000000000000000000000000";

fn repository(folder: &Path) -> Repository {
    open(folder).unwrap()
}

/// All changes of a range in which nothing is incomplete.
#[track_caller]
fn changes(folder: &Path, range: &str) -> Vec<CommitChange> {
    let repo = repository(folder);
    let mut walk = Range::parse(&repo, range).unwrap().walk(&repo).unwrap();
    let changes: Vec<CommitChange> = walk.by_ref().collect();
    assert_eq!(walk.incomplete(), [], "{range}");
    changes
}

fn ids(changes: &[CommitChange]) -> Vec<String> {
    changes.iter().map(|change| change.id.to_string()).collect()
}

fn paths(change: &CommitChange) -> Vec<&str> {
    change.added.iter().map(|blob| blob.path.as_str()).collect()
}

fn error(folder: &Path, range: &str) -> String {
    Range::parse(&repository(folder), range).unwrap_err().to_string()
}

/// A history with merges of two and three parents, evil ones among them, unrelated roots and dates that lie.
fn random_history(sandbox: &Sandbox, random: &mut Lcg) -> Vec<Oid> {
    let repo = git2::Repository::open(sandbox.root()).unwrap();
    let mut commits: Vec<Oid> = Vec::new();
    for at in 0..20 {
        let mut parents = BTreeSet::new();
        if !commits.is_empty() && random.below(12) > 0 {
            for _ in 0..[1, 1, 1, 2, 3][random.below(5)] {
                parents.insert(commits[commits.len() - 1 - random.below(commits.len().min(6))]);
            }
        }
        let parents: Vec<git2::Commit<'_>> =
            parents.into_iter().map(|id| repo.find_commit(id).unwrap()).collect();
        let mut index = Index::new().unwrap();
        for parent in &parents {
            let mut other = Index::new().unwrap();
            other.read_tree(&parent.tree().unwrap()).unwrap();
            for entry in other.iter().filter(|_| random.below(8) > 0) {
                index.add(&entry).unwrap();
            }
        }
        for _ in 0..=random.below(3) {
            let path: Vec<&str> =
                (0..=random.below(3)).map(|_| ["a", "b", "a-b", "a.c"][random.below(4)]).collect();
            index.add(&entry(&repo, &path.join("/"), random)).unwrap();
        }
        let tree = repo.find_tree(index.write_tree_to(&repo).unwrap()).unwrap();
        let when = Time::new(1_700_000_000 + i64::try_from(random.below(5000)).unwrap(), 60);
        let who = Signature::new("Ann Author", "ann@example.com", &when).unwrap();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        commits.push(repo.commit(None, &who, &who, &format!("commit {at}"), &tree, &parents).unwrap());
    }
    commits
}

fn entry(repo: &git2::Repository, path: &str, random: &mut Lcg) -> IndexEntry {
    let mode = [0o100_644, 0o100_644, 0o100_755, 0o120_000, 0o160_000][random.below(5)];
    let id = repo.blob(format!("content {}", random.below(6)).as_bytes()).unwrap();
    let zero = IndexTime::new(0, 0);
    IndexEntry {
        ctime: zero,
        mtime: zero,
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.into(),
    }
}

/// What git says that a commit adds (path and id) and replaces.
fn expected(sandbox: &Sandbox, commit: &str) -> (Vec<(String, String)>, BTreeSet<String>) {
    let raw =
        sandbox.git(&["diff-tree", "-r", "-c", "--root", "--no-commit-id", "--no-renames", "--raw", commit]);
    let (mut added, mut replaced) = (Vec::new(), BTreeSet::new());
    for line in raw.lines() {
        let (about, path) = line.split_once('\t').unwrap();
        let parents = about.bytes().take_while(|&byte| byte == b':').count();
        let fields: Vec<&str> = about[parents..].split(' ').collect();
        let (modes, ids) = (&fields[..=parents], &fields[parents + 1..2 * parents + 2]);
        // A change of the mode alone brings nothing in.
        let is_blob = |at: usize| modes[at] != "000000" && modes[at] != "160000";
        if is_blob(parents) && (0..parents).any(|at| is_blob(at) && ids[at] == ids[parents]) {
            continue;
        }
        if is_blob(parents) {
            added.push((path.to_owned(), ids[parents].to_owned()));
        }
        replaced.extend((0..parents).filter(|&at| is_blob(at)).map(|at| ids[at].to_owned()));
    }
    (added, replaced)
}

#[test]
fn random_histories_are_read_as_git_reads_them() {
    for seed in 0..12 {
        let mut random = Lcg(seed);
        let sandbox = Sandbox::new();
        let commits = random_history(&sandbox, &mut random);
        for _ in 0..3 {
            let (a, b) = (commits[random.below(20)], commits[10 + random.below(10)]);
            let range = format!("{a}..{b}");
            let changes = changes(sandbox.root(), &range);
            let listed = ids(&changes);
            let git = sandbox.git(&["rev-list", &range]);
            let git: BTreeSet<&str> = git.lines().collect();
            assert_eq!(listed.iter().map(String::as_str).collect::<BTreeSet<_>>(), git, "seed {seed}");
            assert_eq!(listed.len(), git.len(), "each commit once");

            let mut given = HashSet::new();
            let mut seen = HashSet::new();
            for change in &changes {
                let id = change.id.to_string();
                for parent in sandbox.git(&["rev-list", "--parents", "-n1", &id]).split(' ').skip(1) {
                    assert!(!git.contains(parent) || seen.contains(parent), "parents come first");
                }
                seen.insert(id.clone());
                let (mut added, replaced) = expected(&sandbox, &id);
                added.retain(|pair| given.insert(pair.clone()));
                added.sort();
                let mut ours: Vec<(String, String)> =
                    change.added.iter().map(|blob| (blob.path.clone(), blob.blob.to_string())).collect();
                ours.sort();
                assert_eq!(ours, added, "seed {seed}, commit {id}");
                let ours: BTreeSet<String> = change.replaced.iter().map(ObjectId::to_string).collect();
                assert_eq!(ours, replaced, "seed {seed}, commit {id}");
            }
        }
    }
}

#[test]
fn a_range_gives_commits_oldest_first_with_who_and_when() {
    let sandbox = Sandbox::new();
    sandbox.commit("file", "1", "one");
    sandbox.git(&["tag", "--annotate", "v1", "--message", "text of the tag"]);
    let two = sandbox.commit("dir/file", "2", "two\n\nbody");
    let three = sandbox.commit("file", "3", "three");

    let repo = repository(sandbox.root());
    let mut walk = Range::parse(&repo, "v1..").unwrap().walk(&repo).unwrap();
    let found: Vec<CommitChange> = walk.by_ref().collect();
    assert_eq!(ids(&found), [two.as_str(), three.as_str()]);
    assert_eq!(walk.commits(), 2);
    assert_eq!(found[0].message, b"two\n\nbody\n");
    assert_eq!(found[1].replaced, [ObjectId::from_hex(sandbox.id("v1:file").as_bytes()).unwrap()]);

    let origin = walk.origin(&found[0], found[0].added.first());
    assert_eq!(origin.commit.as_deref(), Some(two.as_str()));
    assert_eq!(origin.blob, sandbox.id("HEAD:dir/file"));
    assert_eq!(origin.path, "dir/file");
    assert_eq!(origin.author.as_deref(), Some("Ann Author"));
    assert_eq!(origin.email.as_deref(), Some("ann@example.com"));
    assert_eq!(origin.date.as_deref(), Some(sandbox.git(&["show", "-s", "--format=%aI", &two]).as_str()));
    assert!(origin.in_head && origin.reachable);
    let message = walk.origin(&found[0], None);
    assert_eq!((message.path.as_str(), message.blob.as_str(), message.in_head), ("", two.as_str(), false));

    for nothing in ["..HEAD", "...HEAD"] {
        assert!(error(sandbox.root(), nothing).contains("names no commit to start from"), "{nothing}");
    }
    let tagged = changes(sandbox.root(), &format!("{three}..v1"));
    assert_eq!(tagged.last().unwrap().message, b"text of the tag\n");
    assert_eq!(tagged.last().unwrap().id.to_string(), sandbox.id("v1"));
}

#[test]
fn three_dots_start_where_the_histories_parted() {
    let sandbox = Sandbox::new();
    sandbox.commit("base", "1", "base");
    sandbox.git(&["checkout", "--quiet", "-b", "feature"]);
    let feature = sandbox.commit("feature", "1", "feature");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.commit("main", "1", "main");
    assert_eq!(ids(&changes(sandbox.root(), "main...feature")), [feature]);

    sandbox.git(&["checkout", "--quiet", "--orphan", "island"]);
    sandbox.commit("island", "1", "island");
    assert!(error(sandbox.root(), "main...island").contains("no commit in common"));
    assert_eq!(changes(sandbox.root(), "main..island").len(), 1);
}

#[test]
fn an_evil_merge_brings_in_what_no_parent_had() {
    let sandbox = Sandbox::new();
    sandbox.commit("base", "1", "base");
    sandbox.git(&["checkout", "--quiet", "-b", "side"]);
    sandbox.commit("side", "1", "side");
    sandbox.git(&["checkout", "--quiet", "main"]);
    let before = sandbox.commit("main", "1", "main");
    sandbox.git(&["merge", "--quiet", "--no-commit", "side"]);
    sandbox.commit("evil", "2", "merge");
    let found = changes(sandbox.root(), &format!("{before}..HEAD"));
    assert_eq!(found.iter().map(paths).collect::<Vec<_>>(), [vec!["side"], vec!["evil"]]);
}

#[test]
fn revisions_that_are_not_there_are_named() {
    let sandbox = Sandbox::new();
    assert!(error(sandbox.root(), "HEAD~1..HEAD").contains("HEAD"));
    sandbox.commit("file", "1", "one");
    assert!(error(sandbox.root(), "nowhere..HEAD").contains("\"nowhere\" names no commit"));
    assert!(error(sandbox.root(), "HEAD..abc def").contains("abc def"));
    assert!(error(sandbox.root(), "HEAD").contains("HEAD^..HEAD"));
    assert!(error(sandbox.root(), "..").contains("A..B"));
    assert!(error(sandbox.root(), "HEAD:file..HEAD").contains("is a blob, not a commit"));
    let absent = "1".repeat(40);
    assert!(error(sandbox.root(), &format!("{absent}..HEAD")).contains(&absent));
    assert_eq!(changes(sandbox.root(), "HEAD..HEAD").len(), 0);
}

#[test]
fn zeros_stand_for_the_other_branches_of_the_remote() {
    let sandbox = Sandbox::new();
    let one = sandbox.commit("one", "1", "one");
    let all = changes(sandbox.root(), &format!("{ZEROS}..HEAD"));
    assert_eq!(ids(&all), [one.as_str()]);

    sandbox.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let two = sandbox.commit("two", "2", "two");
    // A CI has fetched the new branch too.
    sandbox.git(&["update-ref", "refs/remotes/origin/new", "HEAD"]);
    assert_eq!(ids(&changes(sandbox.root(), &format!("{ZEROS}..HEAD"))), [two]);
}

#[test]
fn a_push_brings_what_the_remote_has_not() {
    let sandbox = Sandbox::new();
    let one = sandbox.commit("one", "1", "one");
    let repo = repository(sandbox.root());
    let pushed = |remote: &str| -> Vec<String> {
        let range = Range::pushed(&repo, "main", remote).unwrap();
        ids(&range.walk(&repo).unwrap().collect::<Vec<_>>())
    };
    assert_eq!(pushed("origin"), [one.as_str()]);
    sandbox.git(&["update-ref", "refs/remotes/origin/old", &one]);
    let two = sandbox.commit("two", "2", "two");
    assert_eq!(pushed("origin"), [two.as_str()]);
    assert_eq!(pushed("other"), [one.as_str(), two.as_str()]);
    assert_eq!(pushed("orig"), [one.as_str(), two.as_str()]);
    let range = Range::parse(&repo, &format!("{one}..main")).unwrap();
    assert_eq!(range.without_remote(&repo, "origin").unwrap().walk(&repo).unwrap().count(), 1);
}

#[test]
fn a_shallow_clone_says_what_it_lacks() {
    let sandbox = Sandbox::new();
    let mut commits = Vec::new();
    for at in 0..5 {
        commits.push(sandbox.commit(&format!("file{at}"), at.to_string(), "more"));
    }
    let clone = sandbox.beside("clone");
    let source = format!("file://{}", sandbox.root().display());
    sandbox.git(&["clone", "--quiet", "--depth=2", &source, clone.to_str().unwrap()]);

    for missing in [format!("{}..HEAD", commits[1]), "HEAD~3..HEAD".to_owned(), "v9...HEAD".to_owned()] {
        let message = error(&clone, &missing);
        assert!(message.contains("shallow clone that lacks"), "{message}");
        assert!(message.contains("fetch-depth: 0") && message.contains("GIT_DEPTH: 0"), "{message}");
    }
    assert_eq!(ids(&changes(&clone, "HEAD~1..HEAD")), [commits[4].as_str()]);

    let check = |folder: &Path| {
        let repo = repository(folder);
        let mut walk = Range::parse(&repo, &format!("{ZEROS}..HEAD")).unwrap().walk(&repo).unwrap();
        assert_eq!(ids(&walk.by_ref().collect::<Vec<_>>()), commits[3..]);
        assert_eq!(walk.incomplete().len(), 1, "{:?}", walk.incomplete());
        assert!(walk.incomplete()[0].path.contains(&commits[3]));
        assert!(walk.incomplete()[0].reason.contains("git fetch --unshallow"));
    };
    sandbox.git_in(&clone, &["update-ref", "-d", "refs/remotes/origin/main"]);
    check(&clone);
    let tree = sandbox.beside("tree");
    sandbox.git_in(&clone, &["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]);
    check(&tree);
}

#[test]
fn missing_objects_are_told_as_incomplete() {
    let sandbox = Sandbox::new();
    let one = sandbox.commit("a/file", "1", "one");
    sandbox.commit("b/file", "2", "two");
    let three = sandbox.commit("c/file", "3", "three");
    let object = |id: &str| sandbox.root().join(".git/objects").join(&id[..2]).join(&id[2..]);

    fs::remove_file(object(&sandbox.id("HEAD:b"))).unwrap();
    let repo = repository(sandbox.root());
    let mut walk = Range::parse(&repo, &format!("{one}..{three}")).unwrap().walk(&repo).unwrap();
    let found: BTreeMap<String, Vec<String>> = walk
        .by_ref()
        .map(|change| (change.id.to_string(), paths(&change).into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[&three], ["c/file"]);
    assert_eq!(walk.incomplete().len(), 1);
    assert_eq!(walk.incomplete()[0].path, "b");
    assert!(walk.incomplete()[0].reason.contains("git fsck"));

    fs::remove_file(object(&one)).unwrap();
    let repo = repository(sandbox.root());
    let mut walk = Range::pushed(&repo, &three, "origin").unwrap().walk(&repo).unwrap();
    let count = walk.by_ref().count();
    assert!(!walk.incomplete().is_empty(), "{count} commits and no word of the missing one");
}

#[test]
fn a_tree_that_multiplies_itself_ends() {
    let sandbox = Sandbox::new();
    let repo = git2::Repository::open(sandbox.root()).unwrap();
    let mut id = repo.blob(b"one blob for all").unwrap();
    for level in 0..10 {
        let mode = if level == 0 { 0o100_644 } else { 0o040_000 };
        let mut tree = repo.treebuilder(None).unwrap();
        for name in 0..10 {
            tree.insert(format!("d{name}"), id, mode).unwrap();
        }
        id = tree.write().unwrap();
    }
    let who = Signature::now("Ann Author", "ann@example.com").unwrap();
    let tree = repo.find_tree(id).unwrap();
    repo.commit(Some("HEAD"), &who, &who, "bomb", &tree, &[]).unwrap();
    let repo = repository(sandbox.root());
    let mut walk = Range::parse(&repo, &format!("{ZEROS}..HEAD")).unwrap().walk(&repo).unwrap();
    let found: Vec<CommitChange> = walk.by_ref().collect();
    assert!((1000..10_000).contains(&found[0].added.len()), "{}", found[0].added.len());
    assert!(walk.repeated() > 0 && walk.incomplete().is_empty());
}
