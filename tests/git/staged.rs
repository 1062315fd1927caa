//! What is staged must be exactly what git itself would commit.

use crate::support::{Lcg, Sandbox};
use krea_scan::source::index::{Staged, staged};
use krea_scan_git::repository::{Repository, open};
use std::fs;

/// Path, id and mode, sorted.
type Listing = Vec<(String, String, String)>;

fn repository(sandbox: &Sandbox) -> Repository {
    open(sandbox.root()).unwrap()
}

fn listing(staged: &Staged) -> Listing {
    let line = |blob: &krea_scan_git::blobs::BlobAt| {
        (blob.path.clone(), blob.blob.to_string(), format!("{:06o}", blob.mode))
    };
    let mut listing: Listing = staged.blobs.iter().map(line).collect();
    listing.sort();
    listing
}

/// The same from git: what the diff of the index adds or changes, and all sides of conflicts.
fn expected(sandbox: &Sandbox) -> (Listing, Vec<String>) {
    let raw = sandbox.git(&["diff", "--cached", "--raw", "-z", "--no-renames", "--abbrev=40"]);
    let mut fields = raw.split('\0').filter(|field| !field.is_empty());
    let (mut listing, mut unmerged) = (Listing::new(), Vec::new());
    while let (Some(entry), Some(path)) = (fields.next(), fields.next()) {
        let entry: Vec<&str> = entry.split(' ').collect();
        match entry[4] {
            "U" => unmerged.push(path.to_owned()),
            "D" => {}
            _ if entry[1] == "160000" => {}
            _ => listing.push((path.to_owned(), entry[3].to_owned(), entry[1].to_owned())),
        }
    }
    for entry in sandbox.git(&["ls-files", "--unmerged", "-z"]).split('\0').filter(|entry| !entry.is_empty())
    {
        let (about, path) = entry.split_once('\t').unwrap();
        let about: Vec<&str> = about.split(' ').collect();
        listing.push((path.to_owned(), about[1].to_owned(), about[0].to_owned()));
    }
    listing.sort();
    unmerged.sort();
    unmerged.dedup();
    (listing, unmerged)
}

#[track_caller]
fn assert_like_git(sandbox: &Sandbox, what: &str) -> Staged {
    let staged = staged(&repository(sandbox)).unwrap();
    let (blobs, unmerged) = expected(sandbox);
    assert_eq!(listing(&staged), blobs, "{what}");
    assert_eq!(staged.unmerged, unmerged, "{what}");
    assert_eq!(staged.incomplete, [], "{what}");
    staged
}

#[test]
fn random_indexes_are_read_as_git_reads_them() {
    const NAMES: [&str; 8] = ["a", "a-b", "a.b", "a0", "b", "dir", "z", "ä"];
    for seed in 0..24 {
        let mut random = Lcg(seed);
        let sandbox = Sandbox::new();
        if seed % 4 == 1 {
            sandbox.git(&["config", "core.splitIndex", "true"]);
        }
        if seed % 4 == 2 {
            sandbox.git(&["config", "index.version", "4"]);
        }
        for step in 0..12 {
            change(&sandbox, &mut random, &NAMES);
            if step % 3 == 2 {
                assert_like_git(&sandbox, &format!("seed {seed}, step {step}"));
            }
            if random.below(4) == 0 {
                sandbox.try_git(&["commit", "--quiet", "--message", "step"]);
            }
        }
        assert_like_git(&sandbox, &format!("seed {seed}, end"));
    }
}

/// One random thing that people do.
fn change(sandbox: &Sandbox, random: &mut Lcg, names: &[&str]) {
    for _ in 0..=random.below(5) {
        let depth = 1 + random.below(3);
        let path: Vec<&str> = (0..depth).map(|_| names[random.below(names.len())]).collect();
        place(sandbox, &path.join("/"), random);
    }
    let some = names[random.below(names.len())];
    let id = "0123456789abcdef0123456789abcdef01234567";
    match random.below(9) {
        0 => drop(sandbox.try_git(&["rm", "-r", "--cached", "--quiet", some])),
        1 => drop(sandbox.try_git(&["add", "--intent-to-add", "."])),
        2 => drop(sandbox.try_git(&["mv", some, "moved"])),
        3 => drop(sandbox.try_git(&["write-tree"])),
        4 => {
            sandbox.git(&["add", "--all"]);
            sandbox.try_git(&["update-index", "--chmod=+x", some]);
        }
        5 => {
            // A conflict, as a merge leaves it, and a submodule.
            let sides = [1, 2, 3].map(|stage| format!("100644 {id} {stage}\t{some}/conflict\n"));
            put(sandbox, &(sides[random.below(3)..].concat() + &format!("160000 {id} 0\tsub{some}\n")));
        }
        6 => drop(sandbox.try_git(&["add", some])),
        _ => drop(sandbox.git(&["add", "--all"])),
    }
}

/// Puts a file or a link at a path, whatever is in its way.
fn place(sandbox: &Sandbox, path: &str, random: &mut Lcg) {
    let target = sandbox.root().join(path);
    for above in target.ancestors().skip(1).take_while(|above| *above != sandbox.root()) {
        if above.symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
            fs::remove_file(above).unwrap();
        }
    }
    match target.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(&target).unwrap(),
        Ok(_) => fs::remove_file(&target).unwrap(),
        Err(_) => {}
    }
    match random.below(8) {
        0 => {}
        #[cfg(unix)]
        1 => {
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(format!("to-{}", random.below(3)), target).unwrap();
        }
        _ => sandbox.write(path, format!("content {}\n", random.below(4))),
    }
}

/// Puts lines of `git update-index --index-info` into the index, without any file.
fn put(sandbox: &Sandbox, lines: &str) {
    let input = sandbox.beside("index-info");
    fs::write(&input, lines).unwrap();
    let mut command = sandbox.command("git", sandbox.root());
    command.args(["update-index", "--index-info"]).stdin(fs::File::open(input).unwrap());
    assert!(command.status().unwrap().success());
}

#[test]
fn a_large_index_is_read_at_the_places_that_changed() {
    let sandbox = Sandbox::new();
    sandbox.commit("first", "one", "one");
    sandbox.commit("second", "two", "two");
    let (one, two) = (sandbox.id("HEAD:first"), sandbox.id("HEAD:second"));
    let mut random = Lcg(3);
    let long = "long".repeat(30);
    let paths: Vec<String> = (0..6000)
        .map(|at| format!("group{}/{}part{}/file{at}", at % 7, &long[..at % 9 * 10], at % 5))
        .collect();
    put(&sandbox, &paths.iter().map(|path| format!("100644 {one} 0\t{path}\n")).collect::<String>());
    sandbox.git(&["commit", "--quiet", "--message", "many"]);
    assert_eq!(assert_like_git(&sandbox, "nothing staged").blobs, []);
    for round in 0..6 {
        let lines: String = (0..10)
            .map(|_| {
                let path = &paths[random.below(paths.len())];
                match random.below(3) {
                    0 => format!("0 {one} 0\t{path}\n"),
                    1 => format!("100644 {two} 0\t{path}\n"),
                    _ => format!("100644 {one} 0\t{path}-more\n"),
                }
            })
            .collect();
        put(&sandbox, &lines);
        assert!(!assert_like_git(&sandbox, &format!("round {round}")).blobs.is_empty());
    }
    // Without git's cache of trees, and with another one than HEAD's.
    let entries = sandbox.git(&["ls-files", "--stage"]) + "\n";
    sandbox.git(&["read-tree", "--empty"]);
    put(&sandbox, &entries);
    assert_like_git(&sandbox, "no cache");
    sandbox.git(&["write-tree"]);
    assert_like_git(&sandbox, "cache of what is staged");
    let deep = "folder/".repeat(700);
    put(&sandbox, &format!("100644 {one} 0\t{deep}file\n"));
    assert_like_git(&sandbox, "a path longer than 4095 bytes");
}

#[test]
fn a_rename_is_staged_under_its_new_path() {
    let sandbox = Sandbox::new();
    sandbox.commit("old/name", "text", "one");
    sandbox.git(&["mv", "old", "new"]);
    let staged = assert_like_git(&sandbox, "rename");
    assert_eq!(staged.blobs[0].path, "new/name");
    let repo = repository(&sandbox);
    assert_eq!(staged.blobs[0].read(&repo).unwrap().as_slice(), b"text");
    assert_eq!(staged.blobs[0].size(&repo).unwrap(), 4);
}

#[test]
fn the_index_counts_and_not_the_working_tree() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "staged");
    sandbox.git(&["add", "file"]);
    sandbox.write("file", "later");
    let staged = assert_like_git(&sandbox, "unborn branch");
    assert_eq!(staged.blobs[0].read(&repository(&sandbox)).unwrap().as_slice(), b"staged");
}

#[test]
fn without_an_index_nothing_is_staged() {
    let sandbox = Sandbox::new();
    assert_eq!(assert_like_git(&sandbox, "no index").blobs, []);
    sandbox.commit("a", "1", "one");
    fs::remove_file(sandbox.root().join(".git/index")).unwrap();
    assert_eq!(assert_like_git(&sandbox, "index removed").blobs, []);
}

#[test]
fn sparse_checkouts_are_read_whole() {
    let sandbox = Sandbox::new();
    for at in 0..6 {
        sandbox.write(&format!("in{}/deep/file{at}", at % 2), format!("{at}"));
        sandbox.write(&format!("out{}/deep/file{at}", at % 2), format!("{at}"));
    }
    let first = sandbox.commit("top", "1", "one");
    sandbox.commit("out1/deep/more", "new content", "two");
    sandbox.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in0"]);
    assert!(sandbox.git(&["ls-files", "--sparse"]).contains("out1/\n"), "the index is sparse");
    sandbox.write("in0/deep/file9", "9");
    sandbox.git(&["add", "in0"]);
    assert_like_git(&sandbox, "sparse index");

    // HEAD goes back, the index stays: the folder outside the checkout differs.
    sandbox.git(&["update-ref", "HEAD", &first]);
    let staged = staged(&repository(&sandbox)).unwrap();
    let paths: Vec<&str> = staged.blobs.iter().map(|blob| blob.path.as_str()).collect();
    assert_eq!(paths, ["in0/deep/file9", "out1/deep/more"]);
    assert_eq!(staged.incomplete, []);

    sandbox.git(&["sparse-checkout", "reapply", "--no-sparse-index"]);
    assert_like_git(&sandbox, "skip-worktree entries");
}

#[test]
fn a_missing_blob_is_told_as_incomplete() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "text");
    sandbox.git(&["add", "file"]);
    let staged = assert_like_git(&sandbox, "before");
    let id = staged.blobs[0].blob.to_string();
    fs::remove_file(sandbox.root().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let incomplete = staged.blobs[0].read(&repository(&sandbox)).unwrap_err();
    assert_eq!(incomplete.path, "file");
    assert!(
        incomplete.reason.contains(&id) && incomplete.reason.contains("git fsck"),
        "{}",
        incomplete.reason
    );
}

#[test]
fn a_missing_tree_of_head_leaves_its_files_staged() {
    let sandbox = Sandbox::new();
    sandbox.commit("dir/file", "text", "one");
    sandbox.write("dir/other", "more");
    sandbox.git(&["add", "dir"]);
    let id = sandbox.id("HEAD:dir");
    fs::remove_file(sandbox.root().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let staged = staged(&repository(&sandbox)).unwrap();
    assert_eq!(staged.blobs.len(), 2);
    assert_eq!(staged.incomplete.len(), 1);
    assert!(staged.incomplete[0].reason.contains(&id));
}

#[test]
fn damaged_indexes_are_refused_and_never_crash() {
    let sandbox = Sandbox::new();
    sandbox.commit("dir/file", "text", "one");
    sandbox.write("dir/other", "more");
    sandbox.git(&["add", "dir"]);
    let path = sandbox.root().join(".git/index");
    let sound = fs::read(&path).unwrap();
    let repo = repository(&sandbox);
    let mut random = Lcg(7);
    for at in 0..400 {
        let mut damaged = sound.clone();
        match at % 3 {
            0 => damaged.truncate(random.below(sound.len())),
            1 => {
                for _ in 0..=random.below(8) {
                    let at = random.below(sound.len());
                    damaged[at] = u8::try_from(random.below(256)).unwrap();
                }
            }
            _ => {
                let at = random.below(sound.len() - 4);
                damaged[at..at + 4].fill(0xff);
            }
        }
        fs::write(&path, damaged).unwrap();
        drop(staged(&repo));
    }
    fs::write(&path, b"nothing like an index").unwrap();
    let message = staged(&repo).unwrap_err().to_string();
    assert!(message.contains(".git/index") && message.contains("git status"), "{message}");
}
