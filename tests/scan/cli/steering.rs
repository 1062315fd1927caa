//! Files of a tree that steer its scan are hostile input: links out of the tree, pipes, devices, sizes without measure.

use crate::support::Sandbox;
use crate::support::program::leak;
use crate::support::unix::pipe;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Every way to look at a repository that heeds such files.
const MODES: [&[&str]; 5] =
    [&["."], &["--history"], &["--range", "HEAD~1.."], &["--staged"], &["--pre-commit", "--", "a.env"]];

/// A repository with a leak that was committed and one that is staged.
fn leaky() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("clean", "text", "first");
    sandbox.commit("a.env", leak(1), "second");
    sandbox.write("b.env", leak(2));
    sandbox.git(&["add", "--all"]);
    sandbox
}

/// What is told of something, and what makes it at a path.
type Evil = (&'static str, Box<dyn Fn(&Path)>);

/// What may lie in the place of a file that is read.
fn evils(sandbox: &Sandbox, content: &str) -> [Evil; 5] {
    let outside = sandbox.beside("outside");
    fs::write(&outside, content).unwrap();
    let link = |target: &'static str| move |path: &Path| symlink(target, path).unwrap();
    [
        ("a pipe, a socket or a device", Box::new(pipe)),
        ("larger than 1 MiB", Box::new(|path: &Path| fs::write(path, "#\n".repeat(1 << 20)).unwrap())),
        ("leads out of the tree", Box::new(move |path: &Path| symlink(&outside, path).unwrap())),
        ("leads out of the tree", Box::new(link("/dev/zero"))),
        ("Is a directory", Box::new(|path: &Path| fs::create_dir(path).unwrap())),
    ]
}

#[test]
fn configurations_and_ignore_files_are_opened_with_care() {
    for (name, content, told) in [
        (
            ".krea-scan.toml",
            "[[allow]]\nreason = \"x\"\npaths = [\"*\"]\n",
            "allows nothing until it is mended",
        ),
        (".krea-scan-ignore", "*\n", "leaves nothing out"),
    ] {
        let sandbox = leaky();
        let path = sandbox.root().join(name);
        for (why, make) in evils(&sandbox, content) {
            make(&path);
            for mode in MODES {
                let run = sandbox.jsonl(mode).code(1);
                assert!(!run.places().is_empty(), "{name}, {why}, {mode:?}");
                let unread = run.incomplete();
                assert!(
                    unread.contains(&format!("{name}: {told}")) && unread.contains(why),
                    "{mode:?}: {unread}"
                );
            }
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
        }
        // A link within the tree is the tree's own.
        sandbox.write("shared/file", content);
        symlink("shared/file", &path).unwrap();
        for mode in MODES {
            sandbox.scan(mode).code(0);
        }
    }
}

#[test]
fn gits_ignore_files_are_opened_with_care() {
    for name in [".gitignore", "sub/.gitignore", ".git/info/exclude"] {
        let sandbox = Sandbox::new();
        sandbox.write("sub/a.env", leak(1));
        let path = sandbox.root().join(name);
        let _ = fs::remove_file(&path);
        for (why, make) in evils(&sandbox, "*\n") {
            make(&path);
            let run = sandbox.jsonl(&["-v"]).code(1);
            assert_eq!(run.places(), ["sub/a.env"], "{name}: {why}");
            let is_link = path.is_symlink();
            let said = run.stdout.contains(&format!("{name}: leaves nothing out"))
                || run.incomplete().contains(&format!("{name}: leaves nothing out"));
            assert!(said, "{name}, {why}: {}", run.stdout);
            // Git follows no such link either, so nobody is told off for one.
            assert!(
                run.incomplete().contains(why) || (is_link && name.ends_with(".gitignore")),
                "{name}, {why}"
            );
            if path.is_dir() && !is_link {
                fs::remove_dir(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
        }
    }
}

#[test]
fn a_folder_that_became_a_link_brings_nothing_along() {
    let sandbox = Sandbox::new();
    sandbox.commit("sub/a.env", leak(1), "a token");
    let outside = sandbox.beside("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join(".krea-scan-ignore"), "*\n").unwrap();
    fs::write(outside.join(".krea-scan.toml"), "[[allow]]\nreason = \"x\"\npaths = [\"*\"]\n").unwrap();
    fs::remove_dir_all(sandbox.root().join("sub")).unwrap();
    symlink(&outside, sandbox.root().join("sub")).unwrap();
    assert_eq!(sandbox.places(&["--history"]), ["sub/a.env"]);
}

#[test]
fn the_way_to_the_repository_is_looked_at_with_care() {
    for name in [".git", ".git/index", ".git/commondir", ".git/HEAD"] {
        let sandbox = Sandbox::new();
        sandbox.write(".gitignore", "ignored\n");
        sandbox.write("ignored", "text");
        sandbox.commit("a.env", leak(1), "a token");
        let path = sandbox.root().join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            let _ = fs::remove_file(&path);
        }
        pipe(&path);
        sandbox.scan::<&str>(&[]).code(1).says(&["a.env:1:14"]);
    }
    for name in ["", "/HEAD", "/config", "/index", "/commondir", "/shallow", "/packed-refs"]
        .into_iter()
        .chain(["/objects/info/alternates", "/objects/pack/pack-1.idx", "/refs/heads/x/y", "/info/exclude"])
        .chain(["/worktrees/x/HEAD", "/objects/00/000000000000000000000000000000000000ff"])
    {
        let sandbox = leaky();
        let path = PathBuf::from(format!("{}{name}", sandbox.git_dir().display()));
        if name.is_empty() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            let _ = fs::remove_file(&path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        pipe(&path);
        for args in MODES {
            // The token, or what keeps it from being seen.
            let ran = sandbox.scan(args);
            assert!(matches!(ran.code, Some(1 | 2)), "{name} {args:?}: {}{}", ran.stdout, ran.stderr);
            assert!(
                ran.code == Some(1) || ran.stderr.contains("not a file"),
                "{name} {args:?}: {}",
                ran.stderr
            );
        }
    }
}

#[test]
fn baselines_configurations_and_rules_of_the_tree_are_opened_with_care() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    let path = sandbox.root().join("named.toml");
    for option in ["--baseline", "--config", "--rules"] {
        for make in [
            pipe as fn(&Path),
            |path| symlink("/dev/zero", path).unwrap(),
            |path| {
                symlink("/etc/passwd", path).unwrap();
            },
        ] {
            make(&path);
            let refused = sandbox.scan(&[option, "named.toml"]).code(2).says(&["named.toml: "]);
            let told = refused.stderr.contains("a pipe, a socket or a device in the tree")
                || refused.stderr.contains("leads out of the tree");
            assert!(told && !refused.stderr.contains("root:"), "{option}: {}", refused.stderr);
            fs::remove_file(&path).unwrap();
        }
    }
    // What a person names outside of it may be a pipe.
    let program = sandbox.scanner(sandbox.root()).get_program().to_owned();
    let mut shell = sandbox.command("bash", sandbox.root());
    let script = "\"$0\" --config <(echo '[[allow]]'; echo 'reason = \"x\"'; echo 'paths = [\"a.env\"]')";
    crate::support::program::run(shell.args(["-c", script]).arg(program)).code(0);
    // Files that extend one another end.
    sandbox.write("rules.toml", "[extend]\npath = \"rules.toml\"\n");
    sandbox.scan(&["--rules", "rules.toml"]).code(2).says(&["rules.toml", "does one extend itself?"]);
}
