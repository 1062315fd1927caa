//! Archives that are encrypted, cut short, damaged, or say what is not so: each trouble is told once, and the rest is read.

use crate::pack::{asar, gzip, sh, tar, zip};
use crate::support::Sandbox;
use crate::support::program::leak;
use crate::ways::ways;
use ::zip::CompressionMethod::{Deflated, Stored};
use needs::needs;
use std::fs;

/// A text that does not get small.
fn noise(length: usize) -> Vec<u8> {
    let mut lcg = crate::support::Lcg(7);
    lcg.hex(length).into_bytes()
}

/// What a run on one file says of it, which is exactly one thing. A token in front of the trouble is found.
#[track_caller]
fn told(sandbox: &Sandbox, name: &str, bytes: &[u8], code: i32) -> String {
    sandbox.write(name, bytes);
    let told = sandbox.jsonl(&[name]).code(code).incomplete();
    assert_eq!(told.lines().count(), 1, "{told}");
    told
}

/// Its lists of members ask for decoders that are far larger than the lists.
#[needs("py7zr", "python3")]
#[test]
fn what_py7zr_packs_is_read_and_a_method_that_nobody_reads_is_told() {
    let sandbox = Sandbox::empty();
    sandbox.write("one.env", leak(1));
    let pack = |file: &str, filters: &str| {
        sandbox.write(
            "pack.py",
            format!(
                "import py7zr\nwith py7zr.SevenZipFile('{file}', 'w', filters={filters}) as archive: \
                 archive.write('one.env')\n"
            ),
        );
        sh(&sandbox, "python3 pack.py");
    };
    pack("default.7z", "None");
    assert_eq!(ways(&sandbox.jsonl(&["default.7z"]).code(1)), ["default.7z → one.env"]);
    pack("zstd.7z", "[{'id': py7zr.FILTER_ZSTD, 'level': 3}]");
    // So short a text stands in it as it is.
    let told = sandbox.jsonl(&["zstd.7z"]).code(1).incomplete();
    assert_eq!(
        told,
        "zstd.7z: is compressed by ZSTD, which is not read; unpack it and scan what comes out\n"
    );
}

#[needs("7z")]
#[test]
fn what_is_encrypted_is_told_and_the_rest_is_read() {
    let sandbox = Sandbox::empty();
    for (name, n) in [("one.env", 1), ("two.env", 2), ("three.env", 3)] {
        sandbox.write(name, leak(n));
    }
    let todo = "encrypted; unpack it with its password and scan what comes out\n";
    for (ending, method) in [("zip", "-mem=ZipCrypto"), ("zip", "-mem=AES256"), ("7z", "-mhe=off")] {
        let file = format!("a.{ending}");
        sh(
            &sandbox,
            &format!(
                "rm -f {file}; 7z a -bd -t{ending} {file} one.env; 7z a -bd -pxx {method} {file} two.env"
            ),
        );
        let run = sandbox.jsonl(&[&file]).code(1);
        assert_eq!(ways(&run), [format!("{file} → one.env")]);
        assert_eq!(run.incomplete(), format!("{file} → two.env: is {todo}"));
        sh(&sandbox, &format!("7z a -bd -pxx {method} {file} three.env"));
        let run = sandbox.jsonl(&[&file]).code(1);
        assert_eq!(
            run.incomplete(),
            format!(
                "{file}: 2 of its members, {} for one, are {todo}",
                match ending {
                    "zip" => "three.env",
                    _ => "two.env",
                }
            )
        );
    }
    sh(&sandbox, "7z a -bd -pxx -mhe=on names.7z one.env");
    let told = sandbox.jsonl(&["names.7z"]).code(2).incomplete();
    assert_eq!(
        told,
        "names.7z: has an encrypted list of members; unpack it with its password and scan what comes out\n"
    );
    // A method that nobody reads.
    sandbox.write("one.env", leak(1).repeat(100));
    sh(&sandbox, "7z a -bd -tzip -mm=PPMd p.zip one.env");
    let told = sandbox.jsonl(&["p.zip"]).code(2).incomplete();
    assert_eq!(
        told,
        "p.zip → one.env: is compressed by method 98 (PPMd), which is not read; unpack it and scan what comes out\n"
    );
}

#[test]
fn what_is_cut_short_is_read_as_far_as_it_goes() {
    let sandbox = Sandbox::empty();
    let (env, noise) = (leak(1), noise(200_000));
    let members: [(&str, &[u8]); 2] = [("a.env", env.as_bytes()), ("b.txt", &noise)];
    let packed = zip(&members, Deflated);
    assert_eq!(
        told(&sandbox, "a.zip", &packed[..50_000], 1),
        "a.zip: is cut short: it has no list of members; 2 that were found without it were read\n"
    );
    // In another archive the same.
    let whole = zip(&[("in.zip", &packed[..50_000])], Stored);
    assert!(told(&sandbox, "b.zip", &whole, 1).starts_with("b.zip → in.zip: is cut short"));
    let packed = tar(&members);
    assert_eq!(
        told(&sandbox, "a.tar", &packed[..100_000], 1),
        "a.tar → b.txt: is cut short: 101536 bytes are missing; nothing behind this place was read\n"
    );
    assert_eq!(
        told(&sandbox, "no-end.tar", &packed[..packed.len() - 1024], 1),
        "no-end.tar: has no end mark; it may be cut short\n"
    );
    let packed = gzip(&packed);
    let said = told(&sandbox, "a.tgz", &packed[..packed.len() / 2], 1);
    assert!(said.starts_with("a.tgz → b.txt: is damaged or cut short"), "{said}");
    assert!(said.ends_with("nothing behind this place was read\n"), "{said}");
    // A zip in a stream that breaks off: one trouble, and what came through of the zip is read.
    let inner = zip(&members, Stored);
    let nested = gzip(&tar(&[("in.zip", &inner)]));
    let said = told(&sandbox, "c.tgz", &nested[..nested.len() / 2], 1);
    assert!(said.starts_with("c.tgz → in.zip: is damaged or cut short"), "{said}");
}

#[needs("7z", "bzip2", "xz", "zstd")]
#[test]
fn what_a_tool_packed_and_somebody_cut_short_is_told() {
    let sandbox = Sandbox::empty();
    // bzip2 gives nothing before a block is whole.
    sandbox.write("l.tar", tar(&[("a.env", leak(1).as_bytes()), ("b.txt", &noise(200_000).repeat(12))]));
    for (program, ending) in [("xz", "xz"), ("zstd", "zst"), ("bzip2", "bz2")] {
        sh(&sandbox, &format!("{program} -c l.tar > l.{ending}"));
        let whole = fs::read(sandbox.root().join(format!("l.{ending}"))).unwrap();
        let said = told(&sandbox, &format!("l.{ending}"), &whole[..whole.len() - 10], 1);
        assert!(said.starts_with(&format!("l.{ending}")), "{said}");
    }
    sandbox.write("x.env", leak(1));
    sh(&sandbox, "7z a -bd a.7z x.env l.tar");
    let whole = fs::read(sandbox.root().join("a.7z")).unwrap();
    let said = told(&sandbox, "cut.7z", &whole[..whole.len() / 2], 2);
    assert!(said.starts_with("cut.7z: is damaged or cut short"), "{said}");
}

#[test]
fn damage_is_told_of_the_member_that_has_it() {
    let sandbox = Sandbox::empty();
    let (env, noise) = (leak(1), noise(100_000));
    let members: [(&str, &[u8]); 3] = [("bad.txt", &noise), ("a.env", env.as_bytes()), ("c.txt", b"text")];
    let mut packed = zip(&members, Stored);
    packed[500] ^= 1;
    assert_eq!(
        told(&sandbox, "a.zip", &packed, 1),
        "a.zip → bad.txt: is damaged: its checksum does not fit\n"
    );
    let mut packed = zip(&members, Deflated);
    packed[20_000..20_100].fill(0xff);
    assert!(told(&sandbox, "b.zip", &packed, 1).starts_with("b.zip → bad.txt: is damaged"));
    let mut packed = tar(&members);
    packed[100] ^= 1;
    assert_eq!(
        told(&sandbox, "a.tar", &packed, 1),
        "a.tar: is damaged: a header's checksum does not fit; what can be made out was read\n"
    );
    let mut packed = gzip(leak(1).repeat(100).as_bytes());
    let end = packed.len();
    packed[end - 6] ^= 1;
    assert!(told(&sandbox, "a.gz", &packed, 1).starts_with("a.gz: is damaged or cut short"));
    let packed = [gzip(leak(1).as_bytes()), b"rubbish".to_vec()].concat();
    assert_eq!(told(&sandbox, "b.gz", &packed, 1), "b.gz: has bytes behind its end that are no gzip\n");
    // Zeros are padding.
    sandbox.write("c.gz", [gzip(leak(1).as_bytes()), vec![0; 600]].concat());
    assert_eq!(sandbox.jsonl(&["c.gz"]).code(1).incomplete(), "");
    assert!(told(&sandbox, "no.br", &[0xfe; 3000], 2).starts_with("no.br: is damaged or cut short"));
}

/// Changes what the list of a zip with one member says: `at` counts from the entry's start.
fn with_entry(packed: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let entry = memchr::memmem::rfind(packed, b"PK\x01\x02").unwrap();
    let mut changed = packed.to_vec();
    changed[entry + at..entry + at + bytes.len()].copy_from_slice(bytes);
    changed
}

#[test]
fn headers_that_lie() {
    let sandbox = Sandbox::empty();
    let packed = zip(&[("a.env", leak(1).as_bytes())], Stored);
    let size = leak(1).len();
    assert_eq!(
        told(&sandbox, "size.zip", &with_entry(&packed, 24, &[5, 0, 0, 0]), 1),
        format!("size.zip → a.env: is damaged: it should be 5 bytes and is {size}; those were read\n")
    );
    let said = told(&sandbox, "packed.zip", &with_entry(&packed, 20, &[0xf0, 0xff, 0xff, 0]), 1);
    assert!(said.starts_with("packed.zip → a.env: is cut short"), "{said}");
    let said = told(&sandbox, "offset.zip", &with_entry(&packed, 42, &[0, 0, 0, 0x70]), 1);
    assert_eq!(said, "offset.zip → a.env: is damaged: it is not where the list of members says\n");
    let end = packed.len() - 22;
    let mut counts = packed.clone();
    counts[end + 8..end + 12].copy_from_slice(&[7, 0, 7, 0]);
    assert_eq!(
        told(&sandbox, "count.zip", &counts, 1),
        "count.zip: says that it has 7 members and lists 1; those were read\n"
    );
    let mut part = packed.clone();
    part[end + 4] = 2;
    assert!(told(&sandbox, "part.zip", &part, 1).contains("is the last part of a split archive"));
    // A tar's member of a terabyte, an asar's header of four gigabytes.
    let mut lie = tar(&[("a.env", leak(1).as_bytes())]);
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes().copy_from_slice(&lie[..512]);
    header.set_size(1 << 40);
    header.set_cksum();
    lie[..512].copy_from_slice(header.as_bytes());
    assert!(told(&sandbox, "size.tar", &lie, 1).starts_with("size.tar → a.env: is cut short"));
    let mut lie = asar(&[("a.env", leak(1).as_bytes())]);
    lie[12..16].fill(0xff);
    assert!(told(&sandbox, "header.asar", &lie, 1).contains("has a header of 4294967295 bytes"));
    let mut lie = b"7z\xbc\xaf\x27\x1c\0\x04".to_vec();
    let header = [&[0u8; 8][..], &(1u64 << 40).to_le_bytes(), &[0; 4]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    lie.extend(crc.sum().to_le_bytes());
    lie.extend(&header);
    assert!(told(&sandbox, "header.7z", &lie, 2).starts_with("header.7z: is damaged or cut short"));
}

#[test]
fn what_is_elsewhere_or_of_another_kind_is_told_with_what_to_do() {
    let sandbox = Sandbox::empty();
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n", "0".repeat(64));
    let bundle = format!("# v2 git bundle\n{} refs/heads/main\n\nPACK", "0".repeat(40));
    for (name, bytes, says) in [
        ("a.bundle", bundle.as_bytes(), "git clone --mirror FILE FOLDER"),
        ("b.bundle", b"# v3 git bundle\n@object-format=sha1\n\nPACK", "krea-scan --history FOLDER"),
        ("model.bin", pointer.as_bytes(), "git lfs pull"),
        ("a.rar", b"Rar!\x1a\x07\x01\0", "RAR archive, which was not unpacked"),
        ("a.lz4", b"\x04\x22\x4d\x18\x64\x40\xa7", "LZ4"),
    ] {
        assert!(told(&sandbox, name, bytes, 2).contains(says), "{name}");
        let inside = tar(&[(name, bytes)]);
        let said = told(&sandbox, "in.tar", &inside, 2);
        assert!(said.starts_with(&format!("in.tar → {name}: ")) && said.contains(says), "{said}");
    }
}
