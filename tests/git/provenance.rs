//! Who brought a blob in: asked of real repositories, made by git.

use crate::support::Sandbox;
use gix_hash::ObjectId;
use krea_scan_git::GitOrigin;
use krea_scan_git::provenance::find_origins;
use krea_scan_git::repository::open;
use std::fs;
use std::path::Path;

fn origins_at(path: &Path, id: &str) -> Vec<GitOrigin> {
    let repository = open(path).unwrap();
    let store = repository.objects().unwrap();
    let id = ObjectId::from_hex(id.as_bytes()).unwrap();
    find_origins(store, &repository, &[id], 2).remove(&id).unwrap()
}

/// The origins of one object; the same loose and packed.
fn origins(repository: &Sandbox, id: &str) -> Vec<GitOrigin> {
    let loose = origins_at(repository.root(), id);
    repository.git(&["repack", "-adkf"]);
    assert_eq!(loose, origins_at(repository.root(), id));
    loose
}

fn commits(origins: &[GitOrigin]) -> Vec<(&str, Option<&str>)> {
    origins.iter().map(|origin| (origin.path.as_str(), origin.commit.as_deref())).collect()
}

#[test]
fn a_blob_comes_from_the_commit_that_added_it() {
    let repository = Sandbox::new();
    repository.commit_file("config/settings/.env", b"other");
    let added = repository.commit_file("config/settings/.env", b"secret");
    repository.commit_file("unrelated.txt", b"something else");
    let blob = repository.git(&["rev-parse", "HEAD:config/settings/.env"]);
    let found = origins(&repository, &blob);
    assert_eq!(
        found,
        [GitOrigin {
            blob: blob.clone(),
            commit: Some(added.clone()),
            path: "config/settings/.env".into(),
            author: Some("Ann Author".into()),
            email: Some("ann@example.com".into()),
            date: Some(repository.git(&["show", "-s", "--format=%aI", &added])),
            refs: vec!["refs/heads/main".into()],
            in_head: true,
            reachable: true,
            is_opaque: false,
        }]
    );
    repository.git(&["rm", "-q", "config/settings/.env"]);
    repository.git(&["commit", "-qm", "Remove it"]);
    repository.git(&["tag", "-a", "-m", "annotated", "v1"]);
    let found = origins(&repository, &blob);
    assert_eq!(commits(&found), [("config/settings/.env", Some(added.as_str()))]);
    assert_eq!(found[0].refs, ["refs/heads/main", "refs/tags/v1"]);
    assert!(!found[0].in_head && found[0].reachable);
}

#[test]
fn each_path_has_its_own_commit() {
    let repository = Sandbox::new();
    let first = repository.commit_file("a.txt", b"secret");
    let second = repository.commit_file("folder/b.txt", b"secret");
    repository.git(&["mv", "a.txt", "moved.txt"]);
    repository.git(&["commit", "-qm", "Move"]);
    let third = repository.git(&["rev-parse", "HEAD"]);
    let blob = repository.git(&["rev-parse", "HEAD:moved.txt"]);
    let found = origins(&repository, &blob);
    assert_eq!(
        commits(&found),
        [
            ("a.txt", Some(first.as_str())),
            ("folder/b.txt", Some(second.as_str())),
            ("moved.txt", Some(third.as_str()))
        ]
    );
}

#[test]
fn a_merge_brings_nothing_in_and_a_copy_counts_after_the_original() {
    let repository = Sandbox::new();
    repository.commit_file("base.txt", b"base");
    repository.git(&["checkout", "-qb", "side"]);
    let added = repository.commit_file("token.txt", b"secret");
    repository.git(&["checkout", "-q", "main"]);
    repository.commit_file("main.txt", b"main");
    repository.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    repository.git(&["checkout", "-qb", "copy", "main~1"]);
    repository.git(&["cherry-pick", "--allow-empty", &added]);
    let blob = repository.git(&["rev-parse", "HEAD:token.txt"]);
    let found = origins(&repository, &blob);
    assert_eq!(commits(&found), [("token.txt", Some(added.as_str()))]);
    assert_eq!(found[0].refs, ["refs/heads/main", "refs/heads/side"]);
}

#[test]
fn what_no_ref_reaches_is_attributed_too() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"base");
    let gone = repository.commit_file("deep/a.txt", b"secret");
    let blob = repository.git(&["rev-parse", "HEAD:deep/a.txt"]);
    repository.git(&["reset", "-q", "--hard", "HEAD^"]);
    let found = origins(&repository, &blob);
    assert_eq!(commits(&found), [("deep/a.txt", Some(gone.as_str()))]);
    assert!(found[0].refs.is_empty() && !found[0].reachable && !found[0].in_head);
    // Brought in again where a ref reaches it: that is the commit a person can look at.
    let again = repository.commit_file("deep/a.txt", b"secret");
    let found = origins(&repository, &blob);
    assert_eq!(commits(&found), [("deep/a.txt", Some(again.as_str()))]);
    assert!(found[0].reachable);
}

#[test]
fn a_stash_is_named() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"base");
    fs::write(repository.root().join("a.txt"), b"stashed secret").unwrap();
    let blob = repository.git(&["hash-object", "a.txt"]);
    repository.git(&["stash", "-q"]);
    let found = origins(&repository, &blob);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].refs, ["refs/stash"]);
    assert!(found[0].reachable && !found[0].in_head);
}

#[test]
fn what_no_commit_holds_has_no_commit() {
    let repository = Sandbox::new();
    fs::write(repository.root().join("staged.txt"), b"staged secret").unwrap();
    repository.git(&["add", "staged.txt"]);
    let staged = repository.git(&["rev-parse", ":staged.txt"]);
    fs::write(repository.root().join("other.txt"), b"dangling secret").unwrap();
    let dangling = repository.git(&["hash-object", "-w", "other.txt"]);
    let unborn = origins_at(repository.root(), &staged);
    assert_eq!(commits(&unborn), [("staged.txt", None)]);
    assert_eq!(commits(&origins_at(repository.root(), &dangling)), [("", None)]);
    repository.git(&["tag", "key", &dangling]);
    let found = origins_at(repository.root(), &dangling);
    assert_eq!(found[0].refs, ["refs/tags/key"]);
    assert!(found[0].reachable);
}

#[test]
fn commits_tags_and_trees_can_be_asked_for() {
    let repository = Sandbox::new();
    let first = repository.commit_file("folder/a.txt", b"one");
    repository.commit_file("b.txt", b"two");
    repository.git(&["tag", "-a", "-m", "a secret in a tag", "v1", &first]);
    let tag = repository.git(&["rev-parse", "v1"]);
    assert_ne!(tag, first);
    for id in [&first, &tag] {
        let found = origins(&repository, id);
        assert_eq!(commits(&found), [("", Some(first.as_str()))]);
        assert_eq!(found[0].refs, ["refs/heads/main", "refs/tags/v1"]);
        assert!(found[0].reachable);
    }
    let folder = repository.git(&["rev-parse", "HEAD:folder"]);
    assert_eq!(commits(&origins(&repository, &folder)), [("folder", Some(first.as_str()))]);
    let root = repository.git(&["rev-parse", &format!("{first}^{{tree}}")]);
    assert_eq!(commits(&origins(&repository, &root)), [("", Some(first.as_str()))]);
}

#[test]
fn odd_authors_do_not_fail() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"odd secret");
    let tree = repository.git(&["rev-parse", "HEAD^{tree}"]);
    let raw = [
        format!("tree {tree}\nauthor M").as_bytes(),
        b"\xfcller <m\xfc@x> 99999999999999999999 +9999\ncommitter <> x\n\nodd\n",
    ]
    .concat();
    let file = repository.git_dir().join("raw");
    fs::write(&file, raw).unwrap();
    let odd = repository.git(&["hash-object", "-t", "commit", "-w", "--literally", file.to_str().unwrap()]);
    repository.git(&["update-ref", "refs/heads/main", &odd]);
    let blob = repository.git(&["rev-parse", "HEAD:a.txt"]);
    let found = origins(&repository, &blob);
    assert_eq!(commits(&found), [("a.txt", Some(odd.as_str()))]);
    assert_eq!(found[0].author.as_deref(), Some("M\u{fffd}ller"));
    assert_eq!(found[0].date.as_deref(), Some("1970-01-01T00:00:00+00:00"));
}

#[test]
fn a_linked_worktree_and_a_bare_repository_answer_alike() {
    let repository = Sandbox::new();
    repository.commit_file("a.txt", b"base");
    let linked = repository.root().join("linked");
    repository.git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap()]);
    let added = Sandbox::at(&linked).commit_file("b.txt", b"secret in a worktree");
    let blob = Sandbox::at(&linked).git(&["rev-parse", "HEAD:b.txt"]);
    let within = origins_at(&linked, &blob);
    assert_eq!(commits(&within), [("b.txt", Some(added.as_str()))]);
    assert_eq!(within[0].refs, ["HEAD"]);
    assert!(within[0].in_head);
    let outside = origins_at(repository.root(), &blob);
    assert_eq!(outside[0].refs, ["worktrees/linked/HEAD"]);
    assert!(!outside[0].in_head && outside[0].reachable);
    Sandbox::at(&linked).git(&["branch", "kept"]);
    let bare = tempfile::tempdir().unwrap();
    repository.git(&["clone", "-q", "--bare", ".", bare.path().to_str().unwrap()]);
    assert_eq!(origins_at(bare.path(), &blob)[0].refs, ["refs/heads/kept"]);
}

#[test]
fn many_blobs_are_answered_at_once() {
    let repository = Sandbox::new();
    let mut expected = Vec::new();
    for number in 0..70 {
        let commit =
            repository.commit_file(&format!("d{}/file-{number}", number % 7), number.to_string().as_bytes());
        let blob = repository.git(&["rev-parse", &format!("HEAD:d{}/file-{number}", number % 7)]);
        expected.push((blob, commit));
    }
    repository.git(&["repack", "-adf"]);
    let opened = open(repository.root()).unwrap();
    let store = opened.objects().unwrap();
    let ids: Vec<_> = expected.iter().map(|(blob, _)| ObjectId::from_hex(blob.as_bytes()).unwrap()).collect();
    let found = find_origins(store, &opened, &ids, 2);
    for (id, (blob, commit)) in ids.iter().zip(&expected) {
        assert_eq!(found[id].len(), 1, "{blob}");
        assert_eq!(found[id][0].commit.as_ref(), Some(commit));
        assert_eq!(found[id][0].refs, ["refs/heads/main"]);
    }
    assert_eq!(find_origins(store, &opened, &[], 2).len(), 0);
}
