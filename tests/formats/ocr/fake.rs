//! What a tesseract does to a scan that is not there, hangs, or fails: a shell script stands in for it.

use crate::pictures::png::{chunk, head};
use crate::support::Sandbox;
use crate::support::program::{leak, run, terminate};
use crate::support::unix::write_program;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A folder of different pictures, and a program `tesseract` that runs these lines of shell for each.
fn scene(pictures: u32, lines: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let bin = sandbox.beside("bin");
    fs::create_dir(&bin).unwrap();
    let program = bin.join("tesseract");
    let log = sandbox.beside("log").display().to_string();
    write_program(
        &program,
        &format!("#!/bin/sh\n[ \"$1\" = --list-langs ] && {{ echo eng; exit; }}\nlog={log}\n{lines}\n"),
    );
    for width in 1..=pictures {
        let mut rows = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut rows, &vec![0; width as usize + 1]).unwrap();
        let png = [head(width, 1), chunk(b"IDAT", &rows.finish().unwrap()), chunk(b"IEND", b"")].concat();
        sandbox.write(&format!("{width}.png"), png);
    }
    sandbox
}

/// `krea-scan` with the stand-in first on the PATH.
fn scanner(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.scanner(sandbox.root());
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", sandbox.beside("bin").display())).args(arguments);
    command
}

fn log(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(sandbox.beside("log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn is_running(process: &str) -> bool {
    Path::new("/proc").join(process).join("cmdline").exists()
}

/// A table of one line.
fn table(text: &str) -> String {
    format!(
        "printf '4\\t1\\t1\\t1\\t1\\t0\\t0\\t0\\t9\\t28\\t-1\\t\\n5\\t1\\t1\\t1\\t1\\t1\\t0\\t0\\t9\\t28\\t90\\t{}\\n'",
        text.trim_end()
    )
}

#[test]
fn without_the_program_the_run_ends_and_says_how_to_get_it() {
    let sandbox = scene(1, "");
    let mut command = scanner(&sandbox, &["--ocr", "1.png"]);
    run(command.env("PATH", sandbox.beside("nowhere"))).code(2).says(&[
        "apt-get install tesseract-ocr",
        "brew install tesseract",
        "choco install tesseract",
    ]);
}

#[test]
fn without_its_data_the_run_ends_and_says_so() {
    let sandbox = scene(1, "");
    write_program(&sandbox.beside("bin").join("tesseract"), "#!/bin/sh\necho osd\n");
    run(&mut scanner(&sandbox, &["--ocr", "1.png"])).code(2).says(&["data for English", "tesseract-ocr-eng"]);
}

#[test]
fn what_it_reads_is_found_and_a_picture_is_read_once() {
    let sandbox = scene(1, &format!("echo run >> $log\n{}", table(&leak(1))));
    fs::copy(sandbox.root().join("1.png"), sandbox.root().join("copy.png")).unwrap();
    let found = run(&mut scanner(&sandbox, &["--ocr", "-f", "jsonl", "--threads", "1", "."])).code(1);
    assert_eq!(found.findings().len(), 2);
    // Two looks at one picture: neither the copy nor the second pass needs more.
    assert_eq!(log(&sandbox).len(), 2);
}

#[test]
fn one_that_takes_too_long_is_killed_and_told() {
    let sandbox = scene(2, "echo $$ >> $log\nexec sleep 600");
    let started = Instant::now();
    let told = run(&mut scanner(&sandbox, &["--ocr", "--ocr-time", "300ms", "-f", "jsonl", "."])).code(2);
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(
        told.incomplete()
            .contains("1.png: was looked at for 0.3 s and its text was not made out; --ocr-time")
    );
    assert_eq!(told.incomplete().lines().count(), 2);
    assert!(log(&sandbox).iter().all(|process| !is_running(process)));
}

#[test]
fn one_that_fails_is_told_with_what_it_said() {
    let sandbox = scene(1, "echo 'Error in pixReadMem: no pix' >&2; exit 1");
    let told = run(&mut scanner(&sandbox, &["--ocr", "-f", "jsonl", "."])).code(2).incomplete();
    assert!(
        told.contains("was not read by tesseract (exit status: 1): Error in pixReadMem: no pix"),
        "{told}"
    );
}

#[test]
fn no_more_run_side_by_side_than_there_are_cores() {
    let sandbox = scene(12, "echo start >> $log; sleep 0.1; echo end >> $log");
    run(&mut scanner(&sandbox, &["--ocr", "--threads", "32", "."])).code(0);
    let (mut now, mut most) = (0, 0);
    for line in log(&sandbox) {
        now += if line == "start" { 1 } else { -1 };
        most = most.max(now);
    }
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!(most >= 1 && most <= i32::try_from(cores).unwrap(), "{most} at a time on {cores} cores");
    assert_eq!(log(&sandbox).len(), 24);
}

#[test]
fn an_interrupted_run_leaves_none_behind() {
    let sandbox = scene(2, "echo $$ >> $log\nexec sleep 600");
    let mut command = scanner(&sandbox, &["--ocr", "."]);
    let root = sandbox.beside("log");
    let killer = std::thread::spawn(move || {
        let started = Instant::now();
        while fs::read_to_string(&root).unwrap_or_default().is_empty()
            && started.elapsed() < Duration::from_secs(30)
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let mut child =
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    killer.join().unwrap();
    assert!(terminate(&child));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(log(&sandbox).iter().all(|process| !is_running(process)));
}
