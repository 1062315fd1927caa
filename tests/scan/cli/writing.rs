//! Where reports and baselines are written: through no link that leads out of a scanned tree, into no pipe of one, and never
//! in the place of a device.

use crate::support::Sandbox;
use crate::support::program::{leak, run};
use crate::support::unix::pipe;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};

/// The options that write a file where a person names it.
const WRITERS: [&[&str]; 3] = [&["-f", "sarif", "-o"], &["-f", "human", "-o"], &["--write-baseline"]];

#[test]
fn no_link_of_the_tree_is_followed_out_of_it() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    sandbox.write("../victim", "precious\n");
    fs::create_dir(sandbox.beside("folder")).unwrap();
    symlink("../victim", sandbox.root().join("link")).unwrap();
    symlink("../folder", sandbox.root().join("out")).unwrap();
    symlink("../not-there", sandbox.root().join("dangling")).unwrap();
    symlink(".git/config", sandbox.root().join("config")).unwrap();
    symlink("/dev/stdout", sandbox.root().join("stdout")).unwrap();
    let config = fs::read(sandbox.git_dir().join("config")).unwrap();
    for writer in WRITERS {
        for name in ["link", "out/report", "dangling", "config", "stdout"] {
            let mut args = writer.to_vec();
            args.push(name);
            let refused = sandbox.scan(&args).code(2);
            assert_eq!(refused.stdout, "", "{args:?}");
            refused.says(&[&format!("{name}: "), "is a link that leads out of the tree it is in"]);
        }
    }
    sandbox.scan(&["--history", "--replacements", "out/tokens"]).code(0);
    sandbox.git(&["add", "a.env"]);
    for name in ["out/tokens", "link"] {
        sandbox.scan(&["--staged", "--replacements", name]).code(2);
    }
    assert_eq!(fs::read_to_string(sandbox.beside("victim")).unwrap(), "precious\n");
    assert_eq!(fs::read(sandbox.git_dir().join("config")).unwrap(), config);
    assert_eq!(fs::read_dir(sandbox.beside("folder")).unwrap().count(), 0);
    assert!(!sandbox.beside("not-there").exists());
    // The tree is that of the PATHs, wherever the program is run.
    let from_outside = sandbox.beside(".");
    sandbox.scan_in(&from_outside, &["-o", "work/link", "work"]).code(2);
    fs::remove_dir_all(sandbox.git_dir()).unwrap();
    sandbox.scan_in(&from_outside, &["-o", "work/link", "work"]).code(2);
    assert_eq!(fs::read_to_string(sandbox.beside("victim")).unwrap(), "precious\n");
}

#[test]
fn links_within_the_tree_and_outside_of_it_are_followed_and_stay() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    sandbox.write("reports/old", "old");
    symlink("reports/old", sandbox.root().join("inside")).unwrap();
    symlink("reports", sandbox.root().join("folder")).unwrap();
    sandbox.write("../target", "old");
    symlink("target", sandbox.beside("own")).unwrap();
    for (name, written) in [("inside", "reports/old"), ("folder/new", "reports/new"), ("../own", "../target")]
    {
        sandbox.scan(&["-o", name]).code(1);
        assert!(fs::read_to_string(sandbox.root().join(written)).unwrap().contains("a.env:1:14"), "{name}");
    }
    assert!(sandbox.root().join("inside").is_symlink() && sandbox.beside("own").is_symlink());
}

#[test]
fn pipes_and_devices_of_the_tree_are_not_opened_and_others_are_written_to() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    pipe(&sandbox.root().join("pipe"));
    for writer in WRITERS {
        let mut args = writer.to_vec();
        args.push("pipe");
        sandbox.scan(&args).code(2).says(&["pipe: it is a pipe, a socket or a device in the tree"]);
    }
    // Outside of it somebody is there to read.
    let outside = sandbox.beside("pipe");
    pipe(&outside);
    let reader = std::thread::spawn({
        let outside = outside.clone();
        move || fs::read_to_string(outside).unwrap()
    });
    sandbox.scan(&["-o", "../pipe"]).code(1);
    assert!(reader.join().unwrap().contains("a.env:1:14"));
    assert!(fs::symlink_metadata(&outside).unwrap().file_type().is_fifo());

    let null = fs::metadata("/dev/null").unwrap();
    sandbox.scan(&["-o", "/dev/null"]).code(1);
    sandbox.scan(&["--write-baseline", "/dev/null", "-o", "/dev/null"]).code(0);
    let after = fs::symlink_metadata("/dev/null").unwrap();
    assert!(after.file_type().is_char_device() && after.ino() == null.ino());
}

#[test]
fn what_the_shell_opened_is_written_to_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    let program = sandbox.scanner(sandbox.root()).get_program().to_owned();
    let shell = |script: &str| {
        let mut command = sandbox.command("bash", sandbox.root());
        run(command.args(["-c", script]).arg(&program))
    };
    assert!(shell("\"$0\" -q -o /dev/stdout").code(1).stdout.contains("a.env:1:14"));
    assert!(shell("\"$0\" -q -o /dev/stdout | cat").code(0).stdout.contains("a.env:1:14"));
    assert!(shell("\"$0\" -q -o /dev/stderr").code(1).stderr.contains("a.env:1:14"));
    assert!(shell("\"$0\" -o >(cat >&2)").code(1).stderr.contains("a.env:1:14"));
    // A log keeps what it holds, and stays the file that it is.
    shell("echo before > ../log; \"$0\" -o /dev/stdout >> ../log; echo after >> ../log").code(0);
    let log = fs::read_to_string(sandbox.beside("log")).unwrap();
    assert!(log.starts_with("before\n") && log.contains("a.env:1:14") && log.ends_with("after\n"), "{log}");
    shell("exec 3>> ../log; \"$0\" -f jsonl -o /dev/fd/3; echo last >&3").code(0);
    let log = fs::read_to_string(sandbox.beside("log")).unwrap();
    assert!(log.contains("after\n{\"rule\"") && log.ends_with("\nlast\n"), "{log}");
}

#[test]
fn a_file_is_replaced_whole_and_keeps_its_mode() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    sandbox.scan(&["-o", "new"]).code(1);
    let plain = sandbox.root().join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |name: &str| fs::metadata(sandbox.root().join(name)).unwrap().mode() & 0o777;
    assert_eq!(mode("new"), mode("plain"), "a new file has the mode that new files have");
    sandbox.write("old", "x".repeat(1 << 20));
    fs::set_permissions(sandbox.root().join("old"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::hard_link(sandbox.root().join("old"), sandbox.beside("other-name")).unwrap();
    sandbox.scan(&["-o", "old"]).code(1);
    assert_eq!(mode("old"), 0o640);
    assert!(fs::read_to_string(sandbox.root().join("old")).unwrap().ends_with("everything was read.\n"));
    // Another name of it, which may be anywhere, keeps what it had.
    assert_eq!(fs::metadata(sandbox.beside("other-name")).unwrap().len(), 1 << 20);
    let names = fs::read_dir(sandbox.root()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().starts_with(".krea-scan-")));
}

#[test]
fn a_line_on_standard_error_says_what_came_of_it_and_where_the_report_is() {
    let sandbox = Sandbox::new();
    sandbox.write("a.env", leak(1));
    for format in ["human", "json", "sarif", "github"] {
        let run = sandbox.scan(&["-f", format, "-o", "../report"]).code(1);
        assert_eq!(run.stdout, "");
        run.says(&["krea-scan: 1 token in 1 place. Read 1 file", "The report is in ../report.\n"]);
    }
    sandbox.scan(&["-q", "-f", "sarif", "-o", "../report"]).code(1).says(&["1 token in 1 place"]);
    sandbox.write("a.env", "clean");
    let run = sandbox.scan(&["-q", "-f", "sarif", "-o", "../report"]).code(0);
    assert_eq!(run.stderr, "");
}
