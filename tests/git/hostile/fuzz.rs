//! Damages by chance, from a seed: each file of a repository in turn, each mode after each damage.

use super::damage::Damaged;
use super::scene::{Kept, MODES, build, files, run};
use crate::support::Lcg;
use std::env;
use std::path::{Path, PathBuf};

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Files whose content says what is to be read, not what was: after a damage to them nothing may be what is left.
fn decides(path: &Path, mode: &[&str]) -> bool {
    let path = path.to_string_lossy();
    let says_which_commits = ["/refs/", "/packed-refs", "/HEAD", "/logs/", "/config", "/shallow"];
    match mode[0] {
        "--staged" | "--pre-commit" => path.contains("index"),
        "--range" => says_which_commits.iter().any(|part| path.contains(part)),
        _ => false,
    }
}

fn fuzz(kept: Kept) {
    let sandbox = build(kept);
    let sound = MODES.map(|mode| run(&sandbox, mode, "nothing"));
    for ran in &sound {
        assert!(ran.code == 1 && !ran.is_incomplete && !ran.found.is_empty(), "{}", ran.text);
    }
    let mut all: Vec<PathBuf> = files(&sandbox.git_dir());
    all.retain(|path| !path.to_string_lossy().contains("/hooks/"));
    if kept == Kept::Borrowed {
        all.extend(files(&sandbox.beside("lender.git/objects")));
    }
    // The few files that all depends on come as often as the many objects.
    let objects: Vec<&PathBuf> =
        all.iter().filter(|path| path.to_string_lossy().contains("/objects/")).collect();
    let others: Vec<&PathBuf> =
        all.iter().filter(|path| !path.to_string_lossy().contains("/objects/")).collect();
    let start = setting("KREA_SCAN_FUZZ_SEED", 1);
    for seed in start..start + setting("KREA_SCAN_FUZZ_ROUNDS", 24) {
        let mut random = Lcg(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let set = if random.below(3) == 0 { &others } else { &objects };
        let path = set[random.below(set.len())];
        let (damaged, how) = Damaged::new(path, &all, &mut random);
        for (mode, sound) in MODES.into_iter().zip(&sound) {
            let what = format!("{how} in {} ({kept:?}, seed {seed})", path.display());
            let ran = run(&sandbox, mode, &what);
            let is_fair = ran.is_honest(sound) || decides(path, mode);
            assert!(is_fair, "a token is neither found nor told of as unread: {}", ran.text);
        }
        drop(damaged);
    }
}

#[test]
fn loose_objects_survive_damage() {
    fuzz(Kept::Loose);
}

#[test]
fn packs_survive_damage() {
    fuzz(Kept::Packed);
}

#[test]
fn old_packs_survive_damage() {
    fuzz(Kept::OldPack);
}

#[test]
fn borrowed_objects_survive_damage() {
    fuzz(Kept::Borrowed);
}

#[test]
fn objects_with_long_ids_survive_damage() {
    fuzz(Kept::Sha256);
}
