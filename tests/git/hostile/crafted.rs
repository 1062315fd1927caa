//! Damages that chance does not find: circles, sizes that are lies, content under another name, depths without a bottom.

use super::scene::{HANGS, MODES, Ran, run};
use crate::support::Sandbox;
use crate::support::program::leak;
use crate::support::unix::pipe;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Two commits on `main`, the second of which brings a token in, and `base` on the first.
fn scene() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("file.txt", "text", "base");
    sandbox.git(&["branch", "base"]);
    sandbox.commit("a.env", leak(1), "a token");
    sandbox
}

/// Runs all modes.
fn all(sandbox: &Sandbox, what: &str) -> Vec<Ran> {
    MODES.iter().map(|mode| run(sandbox, mode, what)).collect()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn object(sandbox: &Sandbox, id: &str) -> PathBuf {
    sandbox.git_dir().join("objects").join(&id[..2]).join(&id[2..])
}

/// Writes the file of a loose object, whatever its id ought to be.
fn put(sandbox: &Sandbox, id: &str, stored: &[u8]) {
    let path = object(sandbox, id);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    drop(fs::remove_file(&path));
    fs::write(path, stored).unwrap();
}

/// Writes a loose object; gives its id.
fn write(sandbox: &Sandbox, kind: gix_object::Kind, data: &[u8]) -> String {
    let id = gix_object::compute_hash(gix_hash::Kind::Sha1, kind, data).unwrap().to_string();
    put(sandbox, &id, &zlib(&[format!("{kind} {}\0", data.len()).as_bytes(), data].concat()));
    id
}

fn tree_of(entries: &[(&str, &str, &str)]) -> Vec<u8> {
    let entry = |(mode, name, id): &(&str, &str, &str)| {
        let id = gix_hash::ObjectId::from_hex(id.as_bytes()).unwrap();
        [format!("{mode} {name}\0").as_bytes(), id.as_slice()].concat()
    };
    entries.iter().flat_map(entry).collect()
}

/// A commit of a tree behind `main`, which is moved to it.
fn commit(sandbox: &Sandbox, tree: &str) {
    let id = sandbox.git(&["commit-tree", "-p", "main", "-m", "a tree", tree]);
    sandbox.git(&["update-ref", "refs/heads/main", &id]);
}

#[test]
fn a_loose_object_that_is_cut_is_told_in_every_mode() {
    let sandbox = scene();
    let lines: String = (0..400).map(|line| format!("line {line}\n")).collect();
    sandbox.commit("lines.txt", lines, "lines");
    let id = sandbox.id("HEAD:lines.txt");
    let good = fs::read(object(&sandbox, &id)).unwrap();
    sandbox.git(&["update-ref", "refs/heads/staged", "main~1"]);
    sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/staged"]);
    for length in [0, 1, 2, 10, 20, good.len() / 2, good.len() - 4, good.len() - 1] {
        put(&sandbox, &id, &good[..length]);
        for mode in &MODES[..6] {
            let ran = run(&sandbox, mode, &format!("a cut to {length}"));
            assert!(ran.is_incomplete && ran.text.contains(&id), "{}", ran.text);
        }
    }
}

#[test]
fn sizes_that_are_lies_cost_nothing() {
    let sandbox = scene();
    let id = sandbox.id("HEAD:a.env");
    for size in
        ["2000000000", "9223372036854775807", "18446744073709551615", "99999999999999999999", "-1", ""]
    {
        put(&sandbox, &id, &zlib(format!("blob {size}\0KREA").as_bytes()));
        for mode in
            [&["--history"][..], &["--range", "base..main"], &["--range", "base..main", "--max-size", "1K"]]
        {
            let ran = run(&sandbox, mode, size);
            assert!(ran.is_incomplete, "{}", ran.text);
        }
    }
}

#[test]
fn an_object_far_larger_than_what_it_is_stored_in_is_told_and_the_others_are_read() {
    let sandbox = scene();
    write(&sandbox, gix_object::Kind::Blob, &vec![0; 73 << 20]);
    write(&sandbox, gix_object::Kind::Blob, &vec![0; 1 << 20]);
    let ran = run(&sandbox, &["--history"], "a blob of zeros");
    assert!(ran.is_incomplete, "{}", ran.text);
    assert_eq!(ran.text.matches("bytes, more than the").count(), 1, "{}", ran.text);
    assert!(ran.text.contains("it has 76546048 bytes"), "{}", ran.text);
}

#[test]
fn content_under_another_objects_id_is_told() {
    let sandbox = scene();
    let (id, other) = (sandbox.id("HEAD:a.env"), sandbox.id("HEAD:file.txt"));
    let content = fs::read(object(&sandbox, &other)).unwrap();
    put(&sandbox, &id, &content);
    for mode in [&["--history"][..], &["--range", "base..main"]] {
        let ran = run(&sandbox, mode, "an exchange");
        assert!(ran.is_incomplete && ran.text.contains(&id), "{}", ran.text);
    }
}

/// Writes a pack and an index of version 1 for it: ids and what is stored of each.
fn put_pack(sandbox: &Sandbox, entries: &[([u8; 20], Vec<u8>)]) {
    let mut pack = [b"PACK".as_slice(), &2u32.to_be_bytes(), &(entries.len() as u32).to_be_bytes()].concat();
    let mut places = Vec::new();
    for (id, stored) in entries {
        places.push((*id, pack.len() as u32));
        pack.extend(stored);
    }
    pack.extend([9; 20]);
    places.sort();
    let mut index = Vec::new();
    for first in 0..=255u8 {
        let count = places.iter().filter(|(id, _)| id[0] <= first).count() as u32;
        index.extend(count.to_be_bytes());
    }
    for (id, offset) in places {
        index.extend(offset.to_be_bytes());
        index.extend(id);
    }
    index.extend([9; 40]);
    let folder = sandbox.git_dir().join("objects/pack");
    fs::write(folder.join("pack-0101010101010101010101010101010101010101.pack"), pack).unwrap();
    fs::write(folder.join("pack-0101010101010101010101010101010101010101.idx"), index).unwrap();
}

/// The first byte of an entry of less than 16 bytes.
fn entry(kind: u8, size: usize) -> u8 {
    assert!(size < 16);
    kind << 4 | size as u8
}

#[test]
fn deltas_in_a_circle_end() {
    const REF_DELTA: u8 = 7;
    let sandbox = scene();
    let delta = [4, 4, 0x90, 4];
    let on = |base: u8| [&[entry(REF_DELTA, delta.len())][..], &[base; 20], &zlib(&delta)].concat();
    put_pack(&sandbox, &[([1; 20], on(2)), ([2; 20], on(1)), ([3; 20], on(3)), ([4; 20], on(5))]);
    let ones = "01".repeat(20);
    sandbox.git(&["update-ref", "refs/heads/other", "main"]);
    fs::write(sandbox.git_dir().join("refs/heads/circle"), format!("{ones}\n")).unwrap();
    for mode in [&["--history"][..], &["--range", "base..circle"], &["--range", &format!("base..{ones}")]] {
        assert!(run(&sandbox, mode, "a circle").is_incomplete);
    }
}

#[test]
fn deltas_that_stand_on_nothing_but_each_other_are_told_one_by_one() {
    const REF_DELTA: u8 = 7;
    let sandbox = scene();
    let delta = [4, 4, 0x90, 4];
    let on = |base: u8| [&[entry(REF_DELTA, delta.len())][..], &[base; 20], &zlib(&delta)].concat();
    put_pack(&sandbox, &[([1; 20], on(2)), ([2; 20], on(1))]);
    let ran = run(&sandbox, &["--history"], "a circle");
    let told = ["01", "02"].map(|digits| ran.text.contains(&format!("object {}", digits.repeat(20))));
    assert!(ran.is_incomplete && told == [true, true], "{}", ran.text);
}

#[test]
fn a_pack_entry_under_another_id_is_told() {
    const BLOB: u8 = 3;
    let sandbox = scene();
    // What holds nothing now may have held something.
    for text in [leak(2), "nothing to see here".to_owned()] {
        let size = text.len();
        let head = [0x80 | entry(BLOB, size & 15), u8::try_from(size >> 4).unwrap()];
        put_pack(&sandbox, &[([7; 20], [&head[..], &zlib(text.as_bytes())].concat())]);
        let ran = run(&sandbox, &["--history"], "another id");
        assert!(ran.is_incomplete && ran.text.contains(&"07".repeat(20)), "{}", ran.text);
    }
}

#[test]
fn links_in_a_circle_end() {
    let sandbox = scene();
    let alternates = sandbox.git_dir().join("objects/info/alternates");
    fs::write(
        &alternates,
        format!("../objects\n{0}\n{0}/../objects\n", sandbox.git_dir().join("objects").display()),
    )
    .unwrap();
    for ran in all(&sandbox, "alternates that lead back") {
        assert!(
            ran.code == 1 || ran.text.contains("--staged") || ran.text.contains("--pre-commit"),
            "{}",
            ran.text
        );
    }
    fs::remove_file(alternates).unwrap();

    let refs = sandbox.git_dir().join("refs/heads");
    fs::write(refs.join("one"), "ref: refs/heads/two\n").unwrap();
    fs::write(refs.join("two"), "ref: refs/heads/one\n").unwrap();
    fs::write(sandbox.git_dir().join("HEAD"), "ref: refs/heads/one\n").unwrap();
    assert!(all(&sandbox, "refs that lead to each other").iter().any(|ran| ran.code == 2));
    assert!(
        run(&sandbox, &["--range", "base..one"], "refs that lead to each other")
            .text
            .contains("leads to itself")
    );

    fs::write(sandbox.git_dir().join("commondir"), ".\n").unwrap();
    all(&sandbox, "a common folder that is the same");
    fs::remove_dir_all(sandbox.git_dir()).unwrap();
    sandbox.write(".git", "gitdir: .git\n");
    assert!(all(&sandbox, "a .git that points to itself").iter().all(|ran| ran.code >= 1));
}

#[test]
fn pipes_in_the_place_of_files_keep_nobody_waiting() {
    for name in [
        "HEAD",
        "config",
        "index",
        "packed-refs",
        "commondir",
        "shallow",
        "objects/info/alternates",
        "logs/HEAD",
    ] {
        let sandbox = scene();
        let path = sandbox.git_dir().join(name);
        drop(fs::remove_file(&path));
        pipe(&path);
        all(&sandbox, &format!("a pipe called {name}"));
        run(&sandbox, &["--range", "@{1}..main"], &format!("a pipe called {name}"));
    }
    let sandbox = scene();
    fs::remove_dir_all(sandbox.git_dir()).unwrap();
    pipe(&sandbox.git_dir());
    all(&sandbox, "a pipe called .git");
}

#[test]
fn an_index_whose_cache_of_trees_has_no_bottom_is_read() {
    let sandbox = scene();
    sandbox.write("b.env", leak(2));
    sandbox.git(&["add", "b.env"]);
    let path = sandbox.git_dir().join("index");
    let good = fs::read(&path).unwrap();
    let deep: Vec<u8> = b"a\0-1 1\n".repeat(400_000);
    for version in ["2", "4"] {
        fs::write(&path, &good).unwrap();
        sandbox.git(&["update-index", "--index-version", version]);
        let mut index = fs::read(&path).unwrap();
        let end = index.len() - 20;
        index.splice(end..end, [b"TREE".as_slice(), &(deep.len() as u32).to_be_bytes(), &deep].concat());
        fs::write(&path, index).unwrap();
        for mode in [&["--staged"][..], &["--history"], &["."]] {
            let ran = run(&sandbox, mode, &format!("a cache without a bottom in version {version}"));
            assert_eq!(ran.code, 1, "{}", ran.text);
        }
    }
}

#[test]
fn folders_without_a_bottom_end() {
    let sandbox = scene();
    let blob = sandbox.id("HEAD:a.env");
    // A name that is a path of many folders is none that git makes.
    let name = "e/".repeat(50_000) + "f";
    let mut tree = write(&sandbox, gix_object::Kind::Tree, &tree_of(&[("100644", &name, &blob)]));
    for _ in 0..20_000 {
        tree = write(&sandbox, gix_object::Kind::Tree, &tree_of(&[("40000", "d", &tree)]));
    }
    commit(&sandbox, &tree);
    for ran in all(&sandbox, "20,000 folders") {
        assert!(ran.code > 0, "{}", ran.text);
    }
    let range = run(&sandbox, &["--range", "main~1..main"], "20,000 folders");
    assert!(range.is_incomplete && range.text.contains("folders nested deeper"), "{}", range.text);
}

#[test]
fn a_few_objects_that_stand_for_billions_of_paths_end() {
    let sandbox = scene();
    let blob = sandbox.id("HEAD:a.env");
    let names: Vec<String> = (0..10).map(|name| format!("d{name}")).collect();
    let mut tree = blob;
    for level in 0..10 {
        let mode = if level == 0 { "100644" } else { "40000" };
        let entries: Vec<_> = names.iter().map(|name| (mode, name.as_str(), tree.as_str())).collect();
        tree = write(&sandbox, gix_object::Kind::Tree, &tree_of(&entries));
    }
    commit(&sandbox, &tree);
    let started = Instant::now();
    for mode in [&["--history"][..], &["--range", "base..main"]] {
        let ran = run(&sandbox, mode, "ten billion paths");
        assert_eq!(ran.code, 1, "{}", &ran.text[..ran.text.len().min(2000)]);
    }
    assert!(started.elapsed() < HANGS);
}

#[test]
fn a_multi_pack_index_is_not_believed() {
    let sandbox = scene();
    sandbox.git(&["repack", "-adfq"]);
    sandbox.git(&["multi-pack-index", "write"]);
    let path = sandbox.git_dir().join("objects/pack/multi-pack-index");
    let good = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    // Its header and its table of chunks, number by number.
    for at in (0..100).step_by(4) {
        let mut bad = good.clone();
        bad[at..at + 4].fill(0xff);
        fs::write(&path, bad).unwrap();
        let ran = run(&sandbox, &["--range", "base..main"], &format!("a lie at {at}"));
        assert_eq!(ran.code, 1, "{}", ran.text);
    }
}
