//! Archives made to fill the memory, the disk or the day of whoever opens them. Memory stays below 200 MB, nothing is left
//! on disk, and the run ends.

use crate::pack::{gzip, sh, tar, zip};
use crate::support::Sandbox;
use crate::support::program::{Run, leak, run, run_or_kill, terminate};
use crate::ways::ways;
use ::zip::CompressionMethod::{Deflated, Stored};
use needs::needs;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// What a process may take, in kilobytes.
const MOST: u64 = 200 << 10;

/// Runs `krea-scan -f jsonl` on two threads, and fails when it takes more memory than it may.
#[track_caller]
fn bounded(sandbox: &Sandbox, paths: &[&str]) -> Run {
    const WATCH: &str = "import resource, subprocess, sys\n\
        code = subprocess.run(sys.argv[1:]).returncode\n\
        print('took', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n\
        sys.exit(code)";
    let mut command = sandbox.command("python3", sandbox.root());
    command.args(["-c", WATCH, env!("CARGO_BIN_EXE_krea-scan"), "-f", "jsonl", "--threads", "2"]).args(paths);
    let run = run(&mut command);
    let took = run.stderr.lines().find_map(|line| line.strip_prefix("took ")).expect("a figure");
    assert!(took.parse::<u64>().unwrap() < MOST, "{paths:?} took {took} kB");
    run
}

/// Writes 10 GB of zeros, as many streams of 50 MB one after the other.
fn zeros(sandbox: &Sandbox, tool: &str, file: &str) {
    sh(
        sandbox,
        &format!("head -c 50M /dev/zero | {tool} > one; for n in $(seq 200); do cat one; done > {file}"),
    );
}

const BOMB: &str =
    "unpacks to more than 200 times its size, as an archive bomb does; --unpack-ratio raises that";

#[needs("bzip2", "python3", "xz", "zstd")]
#[test]
fn runs_of_zeros_are_given_up_and_what_stands_beside_them_is_read() {
    let sandbox = Sandbox::empty();
    zeros(&sandbox, "zstd -q", "z.zst");
    zeros(&sandbox, "gzip -1", "z.gz");
    zeros(&sandbox, "bzip2", "z.bz2");
    zeros(&sandbox, "xz -0", "z.xz");
    for file in ["z.zst", "z.gz", "z.bz2", "z.xz"] {
        let run = bounded(&sandbox, &[file]);
        assert_eq!((run.code, run.incomplete()), (Some(2), format!("{file}: {BOMB}\n")));
    }
    // In an archive, the members around it are read.
    let bomb = fs::read(sandbox.root().join("z.gz")).unwrap();
    let (one, two) = (leak(1), leak(2));
    let members: [(&str, &[u8]); 3] = [("a.env", one.as_bytes()), ("z.gz", &bomb), ("b.env", two.as_bytes())];
    sandbox.write("a.zip", zip(&members, Stored));
    sandbox.write("a.tar", tar(&members));
    for file in ["a.zip", "a.tar"] {
        let run = bounded(&sandbox, &[file]);
        assert_eq!(ways(&run), [format!("{file} → a.env"), format!("{file} → b.env")]);
        assert_eq!(run.incomplete(), format!("{file} → z.gz: {BOMB}\n"));
    }
}

#[needs("python3")]
#[test]
fn zips_of_zips_of_zips_end_soon() {
    let sandbox = Sandbox::empty();
    // As 42.zip: sixteen in each, five deep, and 256 MB of zeros in each of the last.
    let mut packed = zip(&[("0.dll", &vec![0; 256 << 20])], Deflated);
    for _ in 0..5 {
        let names: Vec<String> = (0..16).map(|n| format!("lib {n:x}.zip")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &packed[..])).collect();
        packed = zip(&members, Deflated);
    }
    sandbox.write("42.zip", &packed);
    sandbox.write("b.env", leak(1));
    // What comes out ends it, on however slow a machine.
    let run = bounded(&sandbox, &["42.zip", "b.env", "--unpack-time", "10m"]);
    assert_eq!(ways(&run), ["b.env"]);
    let told = run.incomplete();
    assert!(told.contains(BOMB) && told.lines().count() <= 9, "{told}");
}

#[needs("bzip2", "python3", "xz")]
#[test]
fn nesting_without_end_stops_at_the_limit() {
    let sandbox = Sandbox::empty();
    let (mut zipped, mut gzipped) = (leak(1).into_bytes(), leak(1).into_bytes());
    for n in 0..100 {
        zipped = zip(&[(&format!("{n}.zip"), &zipped)], Stored);
        gzipped = gzip(&gzipped);
    }
    sandbox.write("deep.zip", &zipped);
    sandbox.write("deep.gz", &gzipped);
    // Each step has a decoder with a dictionary of its own.
    sandbox.write("a", leak(1));
    sh(&sandbox, "cp a deep.xz; for n in $(seq 12); do xz -9 < deep.xz > next; mv next deep.xz; done");
    sh(&sandbox, "cp a deep.bz2; for n in $(seq 30); do bzip2 < deep.bz2 > next; mv next deep.bz2; done");
    for (file, says) in [
        ("deep.zip", "nests containers deeper than 12; --unpack-depth raises that"),
        ("deep.gz", "nests containers deeper than 12; --unpack-depth raises that"),
        ("deep.bz2", "nests containers deeper than 12; --unpack-depth raises that"),
        ("deep.xz", "needs 195 MB of memory to unpack, and 136 MB are the most"),
    ] {
        let run = bounded(&sandbox, &[file]);
        let told = run.incomplete();
        assert!(told.lines().count() == 1 && told.contains(says), "{told}");
    }
}

#[needs("python3")]
#[test]
fn members_that_share_bytes_are_read_once() {
    let sandbox = Sandbox::empty();
    // One member of 64 MB, listed sixty thousand times.
    let packed = zip(&[("00000", &vec![0; 64 << 20])], Deflated);
    let (list, end) = (memchr::memmem::rfind(&packed, b"PK\x01\x02").unwrap(), packed.len() - 22);
    let mut bomb = packed[..list].to_vec();
    for n in 0..60_000 {
        let at = bomb.len();
        bomb.extend(&packed[list..end]);
        bomb[at + 46..at + 51].copy_from_slice(format!("{n:05}").as_bytes());
    }
    let length = u32::try_from(bomb.len() - list).unwrap();
    bomb.extend(&packed[end..]);
    let end = bomb.len() - 22;
    bomb[end + 8..end + 12].copy_from_slice(&[0x60, 0xea, 0x60, 0xea]);
    bomb[end + 12..end + 16].copy_from_slice(&length.to_le_bytes());
    sandbox.write("overlap.zip", &bomb);
    let run = bounded(&sandbox, &["overlap.zip"]);
    assert_eq!(
        run.incomplete(),
        "overlap.zip: 59999 of its members share bytes with others, as in an archive bomb; the first of them was \
         read\n"
    );
}

#[needs("python3")]
#[test]
fn a_list_of_very_many_members_is_read_piece_by_piece() {
    let sandbox = Sandbox::empty();
    let names: Vec<String> = (0..120_000).map(|n| format!("{n:0>200}")).collect();
    let mut members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    members.push(("a.env", b"KREA"));
    let text = leak(1);
    members.last_mut().unwrap().1 = text.as_bytes();
    sandbox.write("many.zip", zip(&members, Stored));
    let run = bounded(&sandbox, &["many.zip"]);
    assert_eq!((ways(&run), run.incomplete()), (vec!["many.zip → a.env".to_owned()], String::new()));
    // Seen from the outside, as it is stored as it is.
    let run = sandbox.jsonl(&["many.zip", "--unpack-members", "1000"]).code(1);
    assert!(run.incomplete().contains("holds more than 1000 members"), "{}", run.incomplete());
    // A trouble with each of them is told of the first hundred, and counted.
    let mut broken = zip(&members[..5000], Stored);
    for at in memchr::memmem::find_iter(&broken.clone(), b"PK\x01\x02") {
        broken[at + 16] ^= 1;
    }
    sandbox.write("broken.zip", &broken);
    let told = bounded(&sandbox, &["broken.zip"]).incomplete();
    assert_eq!(told.lines().count(), 101);
    assert!(told.contains("broken.zip: 4900 more parts of it were not read\n"), "{told}");
}

#[needs("python3")]
#[test]
fn names_as_long_as_a_disk_are_not_kept() {
    let sandbox = Sandbox::empty();
    let member = |kind: u8, name: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(content.len() as u64);
        header.set_cksum();
        let padding = vec![0; content.len().wrapping_neg() % 512];
        [header.as_bytes(), content, &padding].concat()
    };
    let long = vec![b'n'; 300 << 20];
    let env = member(b'0', "a.env", leak(1).as_bytes());
    for kind in [b'L', b'x', b'K', b'g'] {
        let file = fs::File::create(sandbox.root().join("a.tgz")).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(&member(kind, "long", &long)).unwrap();
        gzip.write_all(&env).unwrap();
        gzip.write_all(&[0; 1024]).unwrap();
        gzip.finish().unwrap();
        let mut command = sandbox.scanner(sandbox.root());
        command.args(["-f", "jsonl", "--unpack-ratio", "1000", "a.tgz"]);
        assert_eq!(run(&mut command).code(1).findings().len(), 1);
        let run = bounded(&sandbox, &["a.tgz", "--unpack-ratio", "1000"]);
        assert_eq!((run.code, run.findings().len()), (Some(1), 1));
    }
}

#[test]
fn names_that_climb_or_act_on_a_terminal_do_neither() {
    let sandbox = Sandbox::empty();
    let (one, two) = (leak(1), leak(2));
    let members: [(&str, &[u8]); 2] =
        [("../../escape.env", one.as_bytes()), ("\u{1b}[31mred\u{7}.env", two.as_bytes())];
    sandbox.write("a.zip", zip(&members, Deflated));
    let run = sandbox.scan(&["a.zip"]).code(1).says(&["../../escape.env", "\\u{1b}[31mred\\u{7}.env"]);
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
    assert!(!sandbox.beside("escape.env").exists());
}

#[needs("7z", "python3", "xz", "zstd")]
#[test]
fn dictionaries_that_are_too_large_are_refused_before_they_are_made() {
    let sandbox = Sandbox::empty();
    let text: String = (0..200_000).map(|n| format!("{n}\n")).collect();
    sandbox.write("text", text);
    sh(&sandbox, "zstd -q --long=31 < text > a.zst; xz -c --lzma2=dict=1GiB text > a.xz");
    let lzma = [&[0x5d, 0xff, 0xff, 0xff, 0xff][..], &1000u64.to_le_bytes(), &[0; 64]].concat();
    sandbox.write("a.lzma", [&[0x5d, 0, 0, 0, 0x80][..], &lzma[5..]].concat());
    for (file, needs) in [("a.zst", "2049 MB"), ("a.xz", "1025 MB"), ("a.lzma", "2049 MB")] {
        let told = bounded(&sandbox, &[file]).incomplete();
        assert!(told.starts_with(&format!("{file}: needs {needs} of memory to unpack")), "{told}");
    }
    // What has as much as there is, four times over on two threads.
    sh(&sandbox, "for n in 1 2; do zstd -q --long=27 < text > ok$n.zst; xz -9 -c text > ok$n.xz; done");
    let run = bounded(&sandbox, &["ok1.zst", "ok2.zst", "ok1.xz", "ok2.xz"]);
    assert_eq!((run.code, run.incomplete()), (Some(0), String::new()));
    sh(&sandbox, "7z a -bd -mhc=off -m0=LZMA2:d=1m a.7z text");
    let mut packed = fs::read(sandbox.root().join("a.7z")).unwrap();
    let header = 32 + u64::from_le_bytes(packed[12..20].try_into().unwrap()) as usize;
    let coder = header + memchr::memmem::find(&packed[header..], &[0x21, 0x21, 1]).unwrap();
    packed[coder + 3] = 38;
    let header = checksum(&packed[header..]);
    packed[28..32].copy_from_slice(&header);
    let start = checksum(&packed[12..32]);
    packed[8..12].copy_from_slice(&start);
    sandbox.write("a.7z", &packed);
    let told = bounded(&sandbox, &["a.7z"]).incomplete();
    assert!(told.starts_with("a.7z: needs 2051 MB of memory to unpack"), "{told}");
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}

/// What is in a folder.
fn entries(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

/// An archive with inner ones that do not fit into memory, so that each is kept in a file while it is read, and the folder
/// of such files.
fn kept_on_disk() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::empty();
    let folder = sandbox.beside("temporary");
    fs::create_dir(&folder).unwrap();
    let mut lcg = crate::support::Lcg(3);
    let noise = lcg.hex(4 << 20).into_bytes();
    let names: Vec<String> = (0..12).map(|n| format!("{n}.txt")).collect();
    let mut members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &noise[..])).collect();
    let text = leak(1);
    members.push(("a.env", text.as_bytes()));
    let inner = zip(&members, Stored);
    sandbox.write("a.zip", zip(&[("in.zip", &inner), ("in2.zip", &inner)], Stored));
    (sandbox, folder)
}

#[test]
fn nothing_is_left_on_disk_also_when_it_is_stopped() {
    let (sandbox, folder) = kept_on_disk();
    let mut scan = sandbox.scanner(sandbox.root());
    scan.env("TMPDIR", &folder).args(["-f", "jsonl", "a.zip"]).stdin(Stdio::null());
    assert_eq!(ways(&run(&mut scan).code(1)).len(), 2);
    assert_eq!(entries(&folder), [""; 0]);
    let mut killed = 0;
    for after in [5, 20, 60, 120, 200] {
        let mut child = scan.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(after));
        // It may have ended before.
        let sent = terminate(&child);
        let status = child.wait().unwrap();
        killed += u32::from(sent && status.code() != Some(1));
        assert_eq!(entries(&folder), [""; 0]);
    }
    assert!(killed > 0, "each run ended before it was stopped");
}

#[needs("strace")]
#[test]
fn what_is_kept_on_disk_has_no_name_at_any_time() {
    let (sandbox, folder) = kept_on_disk();
    let mut traced = sandbox.command("strace", sandbox.root());
    traced.env("TMPDIR", &folder).args(["-f", "-e", "trace=openat,creat,mkdir,rename,link"]);
    traced.args([env!("CARGO_BIN_EXE_krea-scan"), "a.zip"]);
    let run = run_or_kill(&mut traced);
    let written: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.contains("O_RDWR") || line.contains("O_WRONLY") || line.contains("O_CREAT"))
        .filter(|line| !line.contains("/dev/") && !line.contains("O_TMPFILE"))
        .collect();
    assert!(run.stderr.contains("O_TMPFILE"), "{}", run.stderr);
    assert_eq!(written, [""; 0]);
}
