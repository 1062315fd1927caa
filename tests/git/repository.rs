//! Repositories of every kind are opened as git opens them, or refused with a message that says what to do.

use crate::support::{Sandbox, child};
use krea_scan::source::index::staged;
use krea_scan::source::range::Range;
use krea_scan_git::repository::open;
use needs::needs;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn refusal(path: &Path) -> String {
    match open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

/// Names the file to which the helper below writes what it sees.
const REPORT: &str = "KREA_SCAN_TEST_REPORT";

/// No test of its own: other tests run it as a process, to be in another folder and environment.
#[test]
fn helper() {
    let Some(report) = std::env::var_os(REPORT) else { return };
    let path = std::env::var_os("KREA_SCAN_TEST_PATH").map_or(PathBuf::from("."), PathBuf::from);
    let text = match open(&path) {
        Ok(repo) => {
            let staged = staged(&repo).unwrap();
            let paths: Vec<&str> = staged.blobs.iter().map(|blob| blob.path.as_str()).collect();
            let read = staged.blobs.iter().all(|blob| blob.read(&repo).is_ok());
            format!("{} {read} {}", repo.path().display(), paths.join(","))
        }
        Err(error) => error.to_string(),
    };
    fs::write(report, text).unwrap();
}

/// Runs the helper in `folder` with some variables set, and gives its report.
fn report(sandbox: &Sandbox, folder: &Path, set: &[(&str, &Path)]) -> String {
    let file = sandbox.beside("report");
    let mut command = sandbox.command(std::env::current_exe().unwrap(), folder);
    command.args(child::arguments(module_path!(), "helper")).env(REPORT, &file).envs(set.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    fs::read_to_string(file).unwrap()
}

#[test]
fn a_repository_is_found_from_a_folder_or_a_file_in_it() {
    let sandbox = Sandbox::new();
    sandbox.commit("dir/file", "1", "one");
    for path in ["", "dir", "dir/file", ".git"] {
        assert_eq!(open(&sandbox.root().join(path)).unwrap().path(), sandbox.root().join(".git"));
    }
    assert!(!open(sandbox.root()).unwrap().is_partial());
}

#[test]
fn where_there_is_no_repository_the_path_is_named() {
    let sandbox = Sandbox::empty();
    let message = refusal(sandbox.root());
    assert!(message.contains(sandbox.root().to_str().unwrap()), "{message}");
    assert!(message.contains("not in a git repository"), "{message}");
    assert!(refusal(&sandbox.root().join("absent")).contains("absent"));
}

#[test]
fn worktrees_and_submodules_are_opened() {
    let sandbox = Sandbox::new();
    sandbox.commit("file", "1", "one");
    let tree = sandbox.beside("tree");
    sandbox.git(&["worktree", "add", "--quiet", tree.to_str().unwrap()]);
    fs::write(tree.join("new"), "2").unwrap();
    sandbox.git_in(&tree, &["add", "new"]);
    let repo = open(&tree).unwrap();
    assert_eq!(repo.workdir().unwrap().canonicalize().unwrap(), tree);
    assert_eq!(staged(&repo).unwrap().blobs[0].path, "new");
    assert_eq!(staged(&open(sandbox.root()).unwrap()).unwrap().blobs, []);

    let outer = Sandbox::new();
    let source = sandbox.root().to_str().unwrap();
    outer.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", source, "sub"]);
    let repo = open(&outer.root().join("sub")).unwrap();
    assert!(repo.path().ends_with(".git/modules/sub"));
    let inside: Vec<String> =
        staged(&open(outer.root()).unwrap()).unwrap().blobs.into_iter().map(|b| b.path).collect();
    assert_eq!(inside, [".gitmodules"]);
}

#[test]
fn a_gitfile_that_dangles_is_named_with_its_target() {
    let sandbox = Sandbox::empty();
    sandbox.write(".git", "gitdir: /nowhere/at/all\n");
    let message = refusal(sandbox.root());
    assert!(message.contains("/nowhere/at/all") && message.contains("git worktree repair"), "{message}");
    sandbox.write(".git", "nonsense\n");
    assert!(refusal(sandbox.root()).contains(".git"));
}

#[test]
fn a_corrupt_repository_is_refused() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.root().join(".git/HEAD")).unwrap();
    assert!(refusal(sandbox.root()).contains("needs a HEAD file"));

    let sandbox = Sandbox::new();
    sandbox.write(".git/config", "[core\nnonsense");
    assert!(refusal(sandbox.root()).contains("cannot be opened"));

    let sandbox = Sandbox::new();
    sandbox.write(".git/HEAD", "nonsense\n");
    let message = staged(&open(sandbox.root()).unwrap()).unwrap_err().to_string();
    assert!(message.contains("HEAD cannot be read"), "{message}");
}

#[test]
fn a_bare_repository_is_opened_and_has_nothing_staged() {
    let sandbox = Sandbox::new();
    sandbox.commit("file", "1", "one");
    let bare = sandbox.beside("bare.git");
    sandbox.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let repo = open(&bare).unwrap();
    assert!(repo.is_bare());
    assert!(staged(&repo).unwrap_err().to_string().contains("a bare repository stages nothing"));
    assert!(Range::parse(&repo, "HEAD..HEAD").is_ok());
}

#[test]
fn formats_that_cannot_be_read_are_named() {
    for (name, value, expected) in [
        ("refStorage", "reftable", "stores its refs as `reftable`"),
        ("futureThing", "true", "extension `futurething`"),
        ("objectFormat", "sha512", "extension `objectFormat = sha512`"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", "core.repositoryFormatVersion", "1"]);
        let config = sandbox.root().join(".git/config");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(config, format!("{text}[extensions]\n\t{name} = {value}\n")).unwrap();
        let message = refusal(sandbox.root());
        assert!(message.contains(expected), "{message}");
        assert!(message.contains(sandbox.root().to_str().unwrap()), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_partial_clone_is_opened_and_says_what_it_lacks() {
    let sandbox = Sandbox::new();
    sandbox.commit("dir/old", "1", "one");
    sandbox.commit("dir/old", "2", "two");
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = sandbox.beside("clone");
    let source = format!("file://{}", sandbox.root().display());
    sandbox.git(&["clone", "--quiet", "--filter=blob:none", &source, clone.to_str().unwrap()]);
    fs::write(clone.join("new"), "3").unwrap();
    sandbox.git_in(&clone, &["add", "new"]);

    let check = |folder: &Path, blobs: &[&str]| {
        let repo = open(folder).unwrap();
        assert!(repo.is_partial());
        assert_eq!(repo.workdir().unwrap().canonicalize().unwrap(), folder);
        let staged: Vec<String> = staged(&repo).unwrap().blobs.into_iter().map(|blob| blob.path).collect();
        assert_eq!(staged, blobs);
        let zeros = "0".repeat(40);
        let walk = Range::parse(&repo, &format!("{zeros}..HEAD")).unwrap().walk(&repo).unwrap();
        let first = &walk.collect::<Vec<_>>()[0];
        let incomplete = first.added[0].read(&repo).unwrap_err();
        assert_eq!(incomplete.path, "dir/old");
        assert!(incomplete.reason.contains("git fetch --refetch --no-filter"), "{}", incomplete.reason);
    };
    sandbox.git_in(&clone, &["update-ref", "-d", "refs/remotes/origin/main"]);
    check(&clone, &["new"]);
    let tree = sandbox.beside("tree");
    sandbox.git_in(&clone, &["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]);
    fs::write(tree.join("other"), "4").unwrap();
    sandbox.git_in(&tree, &["add", "other"]);
    check(&tree, &["other"]);
}

#[cfg(unix)]
#[needs(root)]
#[test]
fn a_repository_of_someone_else_needs_safe_directory() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "1");
    sandbox.git(&["add", "file"]);
    let root = sandbox.root().to_owned();
    let chown = Command::new("chown").args(["-R", "12345"]).arg(&root).status();
    assert!(chown.unwrap().success());
    let message = report(&sandbox, &root, &[]);
    let command = format!("git config --global --add safe.directory {}", root.display());
    assert!(message.contains("owned by someone else") && message.contains(&command), "{message}");

    let config = sandbox.beside("gitconfig");
    fs::write(&config, format!("[safe]\n\tdirectory = {}\n", root.display())).unwrap();
    assert!(report(&sandbox, &root, &[("GIT_CONFIG_GLOBAL", &config)]).ends_with("true file"));
}

#[test]
fn the_environment_counts_for_its_own_repository_only() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    one.write("one", "1");
    one.git(&["add", "one"]);
    two.write("two", "2");
    two.git(&["add", "two"]);
    let git_dir = one.root().join(".git");
    let index = one.root().join(".git/index");
    let path = |name: &'static str| (name, one.root());

    // Somewhere else altogether, GIT_DIR decides, as it does for git.
    let elsewhere = Sandbox::empty();
    let found = report(&elsewhere, elsewhere.root(), &[("GIT_DIR", &git_dir)]);
    assert!(found.ends_with("true one"), "{found}");
    let found =
        report(&two, two.root(), &[("GIT_DIR", &git_dir), ("GIT_INDEX_FILE", &index), path("GIT_WORK_TREE")]);
    assert!(found.ends_with("true one"), "{found}");

    // A path in another repository means that other one.
    let set = [("GIT_DIR", &*git_dir), ("GIT_INDEX_FILE", &index), ("KREA_SCAN_TEST_PATH", two.root())];
    let found = report(&one, one.root(), &set);
    assert!(found.ends_with("true two"), "{found}");
    let found = report(&one, one.root(), &set[1..]);
    assert!(found.ends_with("true two"), "{found}");
    // A path that is in none is not answered with the environment's.
    let set = [("GIT_DIR", &*git_dir), ("KREA_SCAN_TEST_PATH", elsewhere.root())];
    let found = report(&one, one.root(), &set);
    assert!(found.contains("not in a git repository"), "{found}");
}

#[cfg(unix)]
#[test]
fn in_a_hook_the_index_is_the_one_that_git_is_about_to_commit() {
    use crate::support::unix::write_program;
    let sandbox = Sandbox::new();
    sandbox.commit("dir/a", "1", "one");
    sandbox.commit("b", "1", "two");
    let report = sandbox.beside("hook-report");
    let hook = format!(
        "#!/bin/sh\n{REPORT}='{}' exec '{}' {}\n",
        report.display(),
        std::env::current_exe().unwrap().display(),
        child::arguments(module_path!(), "helper").map(|word| word.into_string().unwrap()).join(" ")
    );
    write_program(&sandbox.root().join(".git/hooks/pre-commit"), &hook);

    let staged = |folder: &Path, args: &[&str]| {
        sandbox.git_in(folder, &[&["commit", "--quiet", "--message", "more"], args].concat());
        let text = fs::read_to_string(&report).unwrap();
        text.rsplit_once(' ').unwrap().1.to_owned()
    };
    sandbox.write("dir/a", "2");
    sandbox.write("b", "2");
    assert_eq!(staged(sandbox.root(), &["--all"]), "b,dir/a");
    sandbox.write("dir/a", "3");
    sandbox.write("b", "3");
    sandbox.git(&["add", "b"]);
    assert_eq!(staged(&sandbox.root().join("dir"), &["a"]), "dir/a");
    assert_eq!(staged(sandbox.root(), &[]), "b");

    let tree = sandbox.beside("tree");
    sandbox.git(&["worktree", "add", "--quiet", tree.to_str().unwrap()]);
    fs::write(tree.join("b"), "4").unwrap();
    assert_eq!(staged(&tree, &["--all"]), "b");
}
