//! `--replacements` with the real git-filter-repo: the commands that krea-scan prints, run as they are, leave no token in any
//! object.

#![cfg(unix)]

use crate::support::Sandbox;
use crate::support::program::{Run, leak, token};
use needs::needs;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A history with tokens in two branches, a tag, a message and the newest commit.
fn leaky() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("a/.env", leak(1), "Add settings");
    sandbox.git(&["tag", "v1"]);
    sandbox.commit("a/.env", "KREA_API_KEY=\n", "Remove settings");
    sandbox.commit("b.txt", "text\n", &format!("Run with KREA_API_KEY={}", token(2)));
    sandbox.git(&["checkout", "--quiet", "-b", "feature"]);
    sandbox.commit("c.py", format!("KREA_API_KEY = '{}'\n", token(3)), "Add c");
    sandbox.git(&["checkout", "--quiet", "main"]);
    sandbox.commit("notes.txt", format!("krea {}, see {}\n", token(1), token(3)), "Add notes");
    sandbox
}

/// The tokens of [`leaky`].
fn tokens() -> [String; 3] {
    [1, 2, 3].map(token)
}

/// Every object of a repository, one after the other.
fn objects(sandbox: &Sandbox, repository: &Path) -> String {
    sandbox.git_in(repository, &["cat-file", "--batch-all-objects", "--batch", "--unordered"])
}

/// The commands that a run printed, run by a shell in the working tree. Fails unless all of them succeed.
#[track_caller]
fn run_commands(sandbox: &Sandbox, run: &Run, folder: &Path) {
    let commands: Vec<&str> = run
        .stderr
        .lines()
        .map(str::trim)
        .filter(|line| ["git ", "krea-scan ", "rm "].iter().any(|start| line.starts_with(start)))
        .collect();
    assert!(commands.len() >= 3, "{}", run.stderr);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let scanner = Path::new(env!("CARGO_BIN_EXE_krea-scan")).parent().unwrap();
    let path =
        std::env::join_paths([scanner.to_owned()].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut shell = sandbox.command("sh", folder);
    let output = shell.args(["-ec", &commands.join("\n")]).env("PATH", path).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{commands:?}\n{}", String::from_utf8_lossy(&said));
}

/// Scans the history and writes the file beside the working tree.
#[track_caller]
fn write_file(sandbox: &Sandbox) -> (Run, PathBuf) {
    let path = sandbox.beside("with space.txt");
    let run = sandbox.scan(&["--history", "--replacements", path.to_str().unwrap()]).code(1);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    (run.says(&["holds 3 tokens in full", "delete it once it is used"]), path)
}

#[needs("git-filter-repo")]
#[test]
fn the_printed_commands_clean_the_remote() {
    let sandbox = leaky();
    let remote = sandbox.beside("remote's.git");
    sandbox.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    sandbox.git(&["push", "--quiet", "--mirror", "origin"]);
    let before = objects(&sandbox, &remote);
    assert!(tokens().iter().all(|token| before.contains(token)));

    let (run, path) = write_file(&sandbox);
    let run = run.says(&[
        "refs/heads/feature",
        "refs/tags/v1",
        "everyone with a clone of origin",
        "not all of it proven dead",
    ]);
    run_commands(&sandbox, &run, &sandbox.beside(""));
    assert!(!path.exists(), "the last command deletes the file");

    // What others get holds no token, and still all the commits.
    let clone = sandbox.beside("clone.git");
    sandbox.git(&[
        "clone",
        "--quiet",
        "--mirror",
        "--no-local",
        remote.to_str().unwrap(),
        clone.to_str().unwrap(),
    ]);
    let after = objects(&sandbox, &clone);
    assert!(tokens().iter().all(|token| !after.contains(token)));
    for token in tokens() {
        assert!(after.contains(&format!("***KREA-TOKEN-REMOVED-{}***", &token[..8])));
    }
    sandbox.scan(&["--history", clone.to_str().unwrap()]).code(0);
    let count = |repository: &Path| sandbox.git_in(repository, &["rev-list", "--all", "--count"]);
    assert_eq!(count(&clone), count(sandbox.root()));
}

#[needs("git-filter-repo")]
#[test]
fn the_printed_commands_clean_a_repository_without_remotes() {
    let sandbox = leaky();
    let (run, _) = write_file(&sandbox);
    run_commands(&sandbox, &run, sandbox.root());
    let after = objects(&sandbox, sandbox.root());
    assert!(tokens().iter().all(|token| !after.contains(token)));
    sandbox.scan(&["--history"]).code(0);
}

#[test]
fn a_file_that_is_there_or_that_git_would_see_is_refused() {
    let sandbox = leaky();
    let inside = sandbox.scan(&["--history", "--replacements", "replacements.txt"]).code(2);
    inside.says(&["replacements.txt: is inside the working tree", "Krea token"]);
    assert!(!sandbox.root().join("replacements.txt").exists());
    sandbox.write(".gitignore", "*.secret\n");
    sandbox.scan(&["--history", "--replacements", "x.secret"]).code(1).says(&["Wrote x.secret"]);
    sandbox.scan(&["--history", "--replacements", "x.secret"]).code(2).says(&["x.secret: is there already"]);
    // A scan of something else is not led to it by chance: git ignores it.
    assert!(!sandbox.places::<&str>(&[]).contains(&"x.secret".to_owned()));
}

#[test]
fn without_a_token_there_is_no_file() {
    let sandbox = Sandbox::new();
    sandbox.commit("a", "nothing\n", "Add a");
    let path = sandbox.beside("replacements");
    sandbox
        .scan(&["--history", "--replacements", path.to_str().unwrap()])
        .code(0)
        .says(&["No token was found"]);
    assert!(!path.exists());
}

#[test]
fn a_remotes_password_is_not_shown() {
    let sandbox = leaky();
    let password = "hidden";
    sandbox.git(&[
        "remote",
        "add",
        "origin",
        &format!("https://user:{password}@git.example.com/a.git?t={password}"),
    ]);
    sandbox.git(&["remote", "add", "work", "git@git.example.com:b.git"]);
    let (run, _) = write_file(&sandbox);
    let run = run.says(&["origin (https://git.example.com/a.git) or work (git@git.example.com:b.git)"]);
    assert!(!run.stderr.contains(password) && !run.stdout.contains(password), "{}", run.stderr);
}

#[test]
fn places_that_a_rewrite_leaves_alone_are_counted() {
    let sandbox = Sandbox::new();
    let utf16: Vec<u8> = leak(1).encode_utf16().flat_map(u16::to_le_bytes).collect();
    sandbox.write("utf16.txt", [&[0xff, 0xfe][..], &utf16].concat());
    sandbox.write("nul.bin", format!("\0{}", leak(1)));
    // Far behind, a NUL makes nothing of it.
    sandbox.write("late.txt", format!("{}{}\0", leak(1), "text\n".repeat(2000)));
    let (id, text) = ("ab".repeat(32), leak(1));
    sandbox.write(&format!(".git/lfs/objects/ab/ab/{id}"), &text);
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize {}\n", text.len());
    sandbox.commit("lfs.env", pointer, "all");
    let out = sandbox.beside("out.txt");
    for source in [&["--history"][..], &["--range", &format!("{}..HEAD", "0".repeat(40))]] {
        let args = [source, &["--replacements", out.to_str().unwrap()]].concat();
        sandbox.scan(&args).code(1).says(&["4 places", "3 places hold one in another form", "binary"]);
        fs::remove_file(&out).unwrap();
    }
}
