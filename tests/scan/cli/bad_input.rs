//! Input that is broken, hostile or in the way: the run ends, goes on with the rest, and says what it could not read.

use crate::support::Sandbox;
use crate::support::program::{leak, run, token};
use crate::support::unix::{NOBODY, is_root, pipe};
use needs::needs;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

/// Root reads everything; such tests run as somebody else then.
fn as_nobody(sandbox: &Sandbox) -> Command {
    let scanner = sandbox.scanner(sandbox.root());
    if !is_root() {
        return scanner;
    }
    let program = sandbox.beside("krea-scan");
    // By another process: one of this program that begins while the copy is written would keep it open for writing, and what
    // is open for writing cannot be run.
    assert!(Command::new("cp").arg(scanner.get_program()).arg(&program).status().unwrap().success());
    for (path, mode) in
        [(sandbox.beside("."), 0o755), (sandbox.root().to_owned(), 0o755), (program.clone(), 0o755)]
    {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut command = sandbox.command("setpriv", sandbox.root());
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

#[test]
fn files_and_folders_that_may_not_be_read_are_told_and_the_rest_is_read() {
    let sandbox = Sandbox::empty();
    sandbox.write("closed.env", leak(1));
    sandbox.write("folder/file", "text");
    for path in ["closed.env", "folder"] {
        fs::set_permissions(sandbox.root().join(path), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let clean = run(&mut as_nobody(&sandbox)).code(2);
    clean.says(&[
        "closed.env: may not be read (permission denied)",
        "folder: may not be read",
        "2 parts were not read",
    ]);
    sandbox.write("open.env", leak(2));
    run(as_nobody(&sandbox).args([".", "closed.env"]))
        .code(1)
        .says(&["./open.env:1:14", "closed.env: may not be read"]);
}

#[test]
fn links_that_lead_nowhere_or_back_do_not_stop_a_scan() {
    let sandbox = Sandbox::empty();
    sandbox.write("folder/file", "text");
    symlink("nowhere", sandbox.root().join("dangling")).unwrap();
    symlink("..", sandbox.root().join("folder/loop")).unwrap();
    symlink("self", sandbox.root().join("self")).unwrap();
    sandbox.scan::<&str>(&[]).code(0).says(&["Read 1 file"]);
    sandbox.scan(&["dangling"]).code(2).says(&["dangling: is a link that leads nowhere"]);
    sandbox
        .scan(&["--follow"])
        .code(2)
        .says(&["dangling: is a link that leads nowhere", "2 parts were not read"]);
    fs::remove_file(sandbox.root().join("dangling")).unwrap();
    fs::remove_file(sandbox.root().join("self")).unwrap();
    // Nothing is lost by not going round in circles.
    sandbox.scan(&["--follow", "-v"]).code(0).says(&["folder/loop: is a link that leads back to"]);
}

#[test]
fn links_out_of_the_tree_are_followed_only_when_asked() {
    let sandbox = Sandbox::new();
    sandbox.commit("folder/outside.env", "text", "a file");
    let outside = sandbox.beside("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("outside.env"), leak(1)).unwrap();
    symlink(&outside, sandbox.root().join("link")).unwrap();
    // Git tracks folder/outside.env, and the folder is now a link to somewhere else.
    fs::remove_dir_all(sandbox.root().join("folder")).unwrap();
    symlink(&outside, sandbox.root().join("folder")).unwrap();
    sandbox.scan::<&str>(&[]).code(0);
    assert_eq!(sandbox.places(&["--follow"]), ["folder/outside.env", "link/outside.env"]);
    assert_eq!(sandbox.places(&["link"]), ["link/outside.env"]);
}

#[test]
fn pipes_sockets_and_devices_never_make_it_wait() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    pipe(&sandbox.root().join("pipe"));
    let _socket = UnixListener::bind(sandbox.root().join("socket")).unwrap();
    symlink("/dev/zero", sandbox.root().join("zero")).unwrap();
    sandbox.scan(&["--follow", "-v"]).code(1).says(&[
        "pipe: holds no bytes to read",
        "socket: holds no bytes to read",
        "zero: holds no bytes to read",
        "Read 1 file",
    ]);
    for name in ["pipe", "socket", "zero", "/dev/zero"] {
        let told = format!("{name}: is a pipe, a socket or a device, not a file; pipe what it gives into");
        sandbox.scan(&[name]).code(2).says(&[&told]);
        sandbox.scan(&[name, "a.env"]).code(1).says(&[&told, "a.env:1:14"]);
    }
}

#[test]
fn pipes_that_the_shell_makes_are_read_and_searched_for_copies() {
    let sandbox = Sandbox::empty();
    let far = "far away\n".repeat(4000);
    sandbox.write("text", format!("{}{far}{}\n{far}", leak(1), token(1)));
    let mut command = sandbox.scanner(sandbox.root());
    let program = command.get_program().to_owned();
    command = sandbox.command("bash", sandbox.root());
    command.args(["-c", "\"$0\" -f jsonl <(cat text)"]).arg(program);
    assert_eq!(run(&mut command).code(1).findings().len(), 2);
}

#[test]
fn names_that_are_no_text_or_act_on_a_terminal_are_scanned_and_shown_safely() {
    let sandbox = Sandbox::empty();
    for name in [&b"not-\xff-utf8"[..], b"line\nbreak", b"esc\x1b[31m", b" ", b"-rf"] {
        fs::write(sandbox.root().join(OsStr::from_bytes(name)), leak(1)).unwrap();
    }
    let found = sandbox.scan::<&str>(&[]).code(1).says(&[
        "not-\u{fffd}-utf8:1:14",
        "line\\nbreak:1:14",
        "in 5 places",
    ]);
    assert!(!found.stdout.contains('\u{1b}'));
    let places = sandbox.places::<&str>(&[]);
    assert!(places.contains(&"line\nbreak".to_owned()) && places.contains(&"-rf".to_owned()), "{places:?}");
    let by_name = [OsString::from("--"), OsStr::from_bytes(b"not-\xff-utf8").to_owned(), "-rf".into()];
    assert_eq!(sandbox.places(&by_name).len(), 2);
}

/// Makes folders one in the other. No system call takes so long a path, so each stretch is put around the last.
fn nest(sandbox: &Sandbox, top: &str, name: &str, stretches: usize) {
    let stretch = vec![name; 2000 / (name.len() + 1)].join("/");
    for n in 0..stretches {
        let outer = format!("outer{n}/{stretch}");
        sandbox.write(&format!("{outer}/file"), "text");
        if n > 0 {
            fs::rename(sandbox.root().join(top), sandbox.root().join(outer).join("inner")).unwrap();
        }
        fs::rename(sandbox.root().join(format!("outer{n}")), sandbox.root().join(top)).unwrap();
    }
}

#[test]
fn very_deep_folders_and_very_long_paths_are_told() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    nest(&sandbox, "deep", "d", 3);
    nest(&sandbox, "long", &"l".repeat(200), 3);
    let run = sandbox.jsonl::<&str>(&[]).code(1);
    assert_eq!(run.places(), ["a.env"]);
    let told = "too long for the system; run krea-scan in a folder further down";
    assert_eq!(run.incomplete().matches(told).count(), 2, "{}", run.incomplete());
}

#[test]
fn a_path_that_is_not_there_does_not_keep_the_others_from_being_read() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    sandbox.write("clean", "text");
    sandbox.scan(&["nowhere", "a.env"]).code(1).says(&["nowhere: is not there", "a.env:1:14"]);
    sandbox.scan(&["nowhere", "clean"]).code(2).says(&["nowhere: is not there", "Read 1 file"]);
}

#[test]
fn nothing_at_all_is_said_to_be_nothing() {
    let sandbox = Sandbox::empty();
    sandbox.scan::<&str>(&[]).code(0).says(&["because nothing was read"]);
    sandbox.write("empty", "");
    sandbox.scan::<&str>(&[]).code(0).says(&["Read 1 file, 0 blobs, 0 bytes; everything was read."]);
}

#[test]
fn large_files_are_read_to_their_end() {
    let sandbox = Sandbox::empty();
    let mut text = "x".repeat(5 << 20);
    text.push_str(&format!("\n{}", leak(1)));
    sandbox.write("large.txt", &text);
    let found = sandbox.jsonl::<&str>(&[]).code(1).only();
    assert_eq!(
        (found["location"]["line"].as_u64(), found["location"]["column"].as_u64()),
        (Some(2), Some(14))
    );
}

#[test]
fn size_and_depth_limits_are_told() {
    let sandbox = Sandbox::empty();
    sandbox.write("a/b/deep.env", leak(1));
    fs::create_dir_all(sandbox.root().join("a/empty")).unwrap();
    sandbox
        .scan(&["--max-depth", "2"])
        .code(2)
        .says(&["a/b: is not entered: --max-depth", "1 part was not read"]);
    sandbox.scan(&["--max-depth", "3"]).code(1);
    sandbox.scan(&["--max-size", "10"]).code(2).says(&["deep.env: is larger than --max-size ("]);
    sandbox.scan(&["--max-size", "1k"]).code(1);
    sandbox.scan(&["--max-size", "10", "a/b/deep.env"]).code(2);
    sandbox.scan(&["--max-size", "ten"]).code(2).says(&["use k, M or G"]);
}

#[test]
fn any_number_of_threads_will_do() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    for threads in ["0", "1", "64", "1000000"] {
        sandbox.scan(&["--threads", threads]).code(1);
    }
}

#[test]
fn standard_input_may_be_empty_closed_or_too_large() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    sandbox.scan(&["--stdin"]).code(0).says(&["Read 1 file, 0 blobs, 0 bytes"]);
    let program = sandbox.scanner(sandbox.root()).get_program().to_owned();
    let mut closed = sandbox.command("sh", sandbox.root());
    run(closed.args(["-c", "\"$0\" --stdin <&-"]).arg(program)).code(0);
    let file = || fs::File::open(sandbox.root().join("a.env")).unwrap();
    for args in [&["-"][..], &["--stdin"], &["--stdin", "-"]] {
        run(sandbox.scanner(sandbox.root()).args(args).stdin(file())).code(1).says(&["<stdin>:1:14"]);
    }
    let too_large =
        run(sandbox.scanner(sandbox.root()).args(["-", "--max-size", "10"]).stdin(file())).code(2);
    too_large.says(&["<stdin>: is larger than --max-size (10 bytes)"]);
    let both = run(sandbox.scanner(sandbox.root()).args(["-f", "jsonl", "-", "a.env"]).stdin(file()));
    assert_eq!(both.code(1).places(), ["<stdin>", "a.env"]);
    sandbox.scan(&["--stdin", "a.env"]).code(2).says(&["give - among them as a PATH"]);
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_whatever_was_found() {
    let sandbox = Sandbox::empty();
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for content in ["text".to_owned(), leak(1)] {
        sandbox.write("a.env", content);
        let to_file = sandbox.scan(&["-o", "/dev/full"]).code(2);
        to_file.says(&["cannot write the report to /dev/full: No space left"]);
        let output = sandbox.scanner(sandbox.root()).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("cannot write the report to standard output: No space left"), "{told}");
        assert!(
            sandbox.scanner(sandbox.root()).stdout(full()).stderr(full()).status().unwrap().code() == Some(2)
        );
    }
    sandbox.scan(&["--write-baseline", "/dev/full"]).code(2).says(&["cannot write the baseline /dev/full"]);
    // What can be told before is told before.
    for (path, told) in
        [("nowhere/report", "No such file"), (".", "Is a directory"), ("a.env/report", "Not a directory")]
    {
        let refused = sandbox.scan(&["-o", path]).code(2);
        assert_eq!(refused.stdout, "");
        refused.says(&[&format!("cannot write the report to {path}: {told}")]);
        sandbox.scan(&["--write-baseline", path]).code(2).says(&[&format!("baseline {path}: {told}")]);
    }
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let sandbox = Sandbox::empty();
    for (content, code) in [("text".to_owned(), 0), (leak(1), 1)] {
        sandbox.write("a.env", content);
        for format in ["human", "json", "sarif"] {
            let mut command = sandbox.scanner(sandbox.root());
            command.args(["-f", format]).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{format}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        }
    }
}

#[test]
fn rules_that_cannot_be_used_are_named() {
    let sandbox = Sandbox::empty();
    fs::create_dir_all(sandbox.root().join("folder.toml")).unwrap();
    fs::create_dir_all(sandbox.root().join("holder/folder.toml")).unwrap();
    fs::write(sandbox.root().join("latin.toml"), b"title = \"\xff\"").unwrap();
    for (path, told) in [
        ("nowhere.toml", "cannot read the rules in nowhere.toml: No such file or directory (os error 2)\n"),
        ("folder.toml", "folder.toml is a folder without a .toml file"),
        ("holder", "cannot read the rules in holder/folder.toml: Is a directory"),
        ("latin.toml", "cannot read the rules in latin.toml: stream did not contain valid UTF-8\n"),
    ] {
        sandbox.scan(&["--rules", path]).code(2).says(&[told]);
        sandbox.scan(&["--check-rules", "--rules", path]).code(2).says(&[told]);
    }
}

#[test]
fn no_error_quotes_a_file_that_holds_a_token() {
    let sandbox = Sandbox::empty();
    let token = token(1);
    for (rules, told) in [
        (format!("[[rules]]\nid = \"a\"\nregex = \"{token}(\"\n"), "unclosed group"),
        (format!("[[rules]]\nid = \"a\"\nregex = \"{token}\n"), "line 3: "),
        (format!("[[rules]]\nid = \"a\"\nregex = [\"{token}\"]\n"), "\"regex\""),
    ] {
        sandbox.write("rules.toml", rules);
        sandbox.scan(&["--rules", "rules.toml"]).code(2).says(&["rules.toml", told]);
    }
    for (config, told) in [
        (format!("[[allow]]\nreason = \"x\"\nfingerprints = [\"{token}\"]\n"), "number 1: not a fingerprint"),
        (format!("[[allow]]\nreason = \"x\"\npaths = \"{token}\"\n"), "line 3: invalid type: string \"…\""),
        (format!("krea = \"{token}\"\n"), "line 1: unknown field `krea`"),
        (format!("krea = \"{token}\n"), "line 1: "),
    ] {
        sandbox.write("config.toml", config);
        sandbox.scan(&["--config", "config.toml"]).code(2).says(&["config.toml: ", told]);
    }
    let entry = |fingerprint: &str| {
        format!("{{\"path\":\"a\",\"rule\":\"b\",\"line\":1,\"fingerprint\":\"{fingerprint}\"}}")
    };
    for (findings, told) in [
        (format!("\"{token}\""), "invalid type: string \"…\", expected a sequence"),
        (format!("[{}]", entry(&token)), "not a fingerprint"),
    ] {
        sandbox.write("baseline", format!("{{\"version\":1,\"findings\":{findings}}}"));
        sandbox
            .scan(&["--baseline", "baseline"])
            .code(2)
            .says(&["is not a baseline that --write-baseline wrote", told]);
    }
}

#[test]
fn configurations_and_baselines_that_cannot_be_used_are_named() {
    let sandbox = Sandbox::empty();
    sandbox.write("sub/file", "text");
    for (config, told) in [
        (&b"[[allow]\n"[..], "allows nothing until it is mended: line 1: "),
        (b"host = \"x\"\n", "it never names a host, a credential or a command"),
        (b"[[allow]]\npaths = [\"x\"]\n", "[[allow]] number 1 has no reason"),
        (b"[[allow]]\nreason = \"x\"\n", "would allow everything"),
        (b"\xff", "cannot be read: stream did not contain valid UTF-8"),
    ] {
        sandbox.write(".krea-scan.toml", config);
        // The file counts for the folders below, and the scan goes on without it.
        sandbox.scan(&["sub"]).code(2).says(&[".krea-scan.toml: allows nothing", told, "Read 1 file"]);
        sandbox.scan(&["--config", ".krea-scan.toml"]).code(2);
    }
    sandbox.write("baseline", "not json");
    sandbox
        .scan(&["--baseline", "baseline"])
        .code(2)
        .says(&["baseline: is not a baseline that --write-baseline wrote"]);
    sandbox
        .scan(&["--baseline", "nowhere"])
        .code(2)
        .says(&["cannot read nowhere: No such file or directory (os error 2)\n"]);
    sandbox.scan(&["--config", "sub"]).code(2).says(&["cannot read sub: Is a directory"]);
}

#[needs(root)]
#[test]
fn a_repository_of_somebody_else_is_scanned_as_a_tree_and_otherwise_refused() {
    let sandbox = Sandbox::new();
    sandbox.commit("tracked.env", leak(1), "a token");
    sandbox.write(".gitignore", "*.env\n");
    for path in [sandbox.root().to_owned(), sandbox.git_dir()] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    assert_eq!(sandbox.places::<&str>(&[]), ["tracked.env"]);
    let advice = format!("git config --global --add safe.directory {}", sandbox.root().display());
    for args in [&["--staged"][..], &["--history"], &["--range", "HEAD~1.."], &["--pre-commit"]] {
        sandbox.scan(args).code(2).says(&["owned by someone else", &advice]);
    }
    sandbox.write("../home/.gitconfig", format!("[safe]\n\tdirectory = {}\n", sandbox.root().display()));
    run(sandbox.scanner(sandbox.root()).arg("--history").env_remove("GIT_CONFIG_GLOBAL")).code(1);
}

#[test]
fn broken_repositories_are_scanned_as_trees_and_otherwise_refused() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.env", leak(1));
    let git = sandbox.git_dir();
    for (make, told) in [
        (None, "is not a usable repository: it needs a HEAD file"),
        (Some("gitdir: /nowhere"), "points to /nowhere, which is not a repository"),
        (Some("garbage"), "is not a usable repository"),
    ] {
        match make {
            None => fs::create_dir(&git).unwrap(),
            Some(text) => fs::write(&git, text).unwrap(),
        }
        assert_eq!(sandbox.places::<&str>(&[]), ["a.env"]);
        for args in [&["--staged"][..], &["--history"], &["--range", "A..B"]] {
            sandbox.scan(args).code(2).says(&[told]);
        }
        if git.is_dir() { fs::remove_dir_all(&git).unwrap() } else { fs::remove_file(&git).unwrap() }
    }
    sandbox.scan(&["--history"]).code(2).says(&["not in a git repository"]);
    sandbox
        .scan(&["--staged", "nowhere"])
        .code(2)
        .says(&["nowhere: No such file or directory (os error 2)\n"]);
    sandbox.scan(&["--staged", ".", "."]).code(2).says(&["one repository at a time"]);
}

#[test]
fn a_damaged_index_is_told_and_the_tree_is_read() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "ignored.txt\n");
    sandbox.write("ignored.txt", "text");
    sandbox.commit("a.env", leak(1), "a token");
    let index = sandbox.git_dir().join("index");
    let sound = fs::read(&index).unwrap();
    for damage in [0, 3, 20, sound.len() / 2] {
        fs::write(&index, &sound[..damage]).unwrap();
        let run = sandbox.jsonl::<&str>(&[]).code(1);
        assert_eq!(run.places(), ["a.env"]);
        assert!(run.incomplete().contains("index: files that git tracks"), "{damage}: {}", run.incomplete());
        sandbox.scan(&["--staged"]).code(2).says(&[".git/index"]);
    }
}

#[test]
fn files_that_change_while_they_are_read_never_crash() {
    let sandbox = Sandbox::empty();
    let names: Vec<String> = (0..40).map(|n| format!("{n}.txt")).collect();
    names.iter().for_each(|name| sandbox.write(name, "text\n".repeat(60_000)));
    let mut child =
        sandbox.scanner(sandbox.root()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for (n, name) in names.iter().enumerate() {
        let path = sandbox.root().join(name);
        match n % 3 {
            0 => fs::remove_file(path).unwrap(),
            1 => fs::File::options().write(true).open(path).unwrap().set_len(7).unwrap(),
            _ => fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        }
    }
    // What vanished between the listing and the reading is told as not read.
    assert!(matches!(child.wait().unwrap().code(), Some(0 | 2)));
}
