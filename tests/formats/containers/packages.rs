//! Packages of systems, what is packed behind something else, and what is told as not read: as real tools make them.

use super::app;
use crate::pack::{run_tool, sh};
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::ways;
use needs::needs;
use std::fs;

/// What a line of shell makes of the folder is read, and the leak found on one way.
#[track_caller]
fn found(sandbox: &Sandbox, line: &str, file: &str, expected: &str) {
    sh(sandbox, line);
    let run = sandbox.jsonl(&[file]).code(1);
    let ways = ways(&run);
    assert!(
        ways.iter().any(|way| way == expected) && run.incomplete().is_empty(),
        "{line}: {ways:?} {}",
        run.incomplete()
    );
}

/// Something is said of what a line of shell makes of the folder.
#[track_caller]
fn told(sandbox: &Sandbox, line: &str, file: &str, says: &str) {
    sh(sandbox, line);
    let run = sandbox.jsonl(&[file]);
    let incomplete = run.incomplete();
    assert!(incomplete.contains(says), "{line}: {incomplete}");
}

#[needs("dpkg-deb")]
#[test]
fn debian_packages_of_every_compression() {
    let sandbox = app();
    sandbox.write(
        "d/DEBIAN/control",
        "Package: shop\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: x\n",
    );
    sh(&sandbox, "chmod 755 d/DEBIAN; cp app/config/.env d/shop.env");
    for method in ["gzip", "xz", "zstd", "none"] {
        let line = format!("dpkg-deb --root-owner-group -Z{method} -b d {method}.deb");
        let ending = match method {
            "gzip" => ".gz",
            "xz" => ".xz",
            "zstd" => ".zst",
            _ => "",
        };
        let file = format!("{method}.deb");
        found(&sandbox, &line, &file, &format!("{file} → data.tar{ending} → ./shop.env"));
    }
}

#[needs("rpmbuild")]
#[test]
fn rpm_packages_of_every_compression() {
    let sandbox = app();
    let spec = "Name: shop\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n%install\n\
                mkdir -p %{buildroot}/etc; cp %{from}/config/.env %{buildroot}/etc/shop.env\n%files\n/etc/shop.env\n";
    sandbox.write("shop.spec", spec);
    for payload in ["w9.gzdio", "w2.xzdio", "w3.zstdio", "w9.bzdio", "w6.lzdio", "w6.ufdio"] {
        let line = format!(
            "rm -rf built; rpmbuild -bb --define \"_topdir $PWD/rpm\" --define \"_rpmdir $PWD/built\" \
             --define \"from $PWD/app\" --define '_binary_payload {payload}' shop.spec >log 2>&1 || (cat log; false); \
             cp built/noarch/*.rpm a.rpm"
        );
        found(&sandbox, &line, "a.rpm", "a.rpm → payload → ./etc/shop.env");
    }
}

#[needs("cpio", "zstd")]
#[test]
fn cpio_alone_and_one_behind_the_other() {
    let sandbox = app();
    for format in ["newc", "crc", "odc"] {
        let line = format!("cd app; find . | cpio -o --quiet -H {format} > ../{format}.cpio");
        found(&sandbox, &line, &format!("{format}.cpio"), &format!("{format}.cpio → config/.env"));
    }
    // As a first file system of Linux has it: what the processor needs first, and all else compressed.
    for packer in ["gzip", "zstd -q"] {
        let line = format!(
            "mkdir -p kernel; echo x > kernel/x; echo kernel/x | cpio -o --quiet -H newc > initrd; \
             (cd app; find . | cpio -o --quiet -H newc) | {packer} >> initrd"
        );
        found(&sandbox, &line, "initrd", "initrd → config/.env");
    }
    told(&sandbox, "cd app; find . | cpio -o --quiet -H bin > ../old", "old", "old binary cpio archive");
}

#[needs("7z", "bzip2", "xz", "zip", "zstd")]
#[test]
fn what_is_packed_behind_a_script_a_program_or_a_picture() {
    let sandbox = app();
    let picture = [
        &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55"[..],
        b"\0\0\0\0IEND\xaeB\x60\x82",
    ];
    sandbox.write("icon.png", picture.concat());
    let program = std::env::current_exe().unwrap();
    fs::copy(program, sandbox.root().join("program")).unwrap();
    sh(&sandbox, "head -c 70000 program > start; printf '#!/bin/sh\\ntail -n +3 \"$0\" | tar x\\n' > script");
    for start in ["start", "script", "icon.png"] {
        for packer in ["gzip -n", "bzip2", "xz", "zstd -q"] {
            let offset = fs::metadata(sandbox.root().join(start)).unwrap().len();
            let line = format!("(cat {start}; tar c app | {packer} -c; echo the end) > whole");
            found(&sandbox, &line, "whole", &format!("whole → {offset} → app/config/.env"));
        }
        found(
            &sandbox,
            &format!("rm -f a.zip; zip -qr a.zip app; cat {start} a.zip > whole"),
            "whole",
            "whole → app/config/.env",
        );
    }
    let offset = fs::metadata(sandbox.root().join("start")).unwrap().len();
    found(
        &sandbox,
        "7z a -bd a.7z app > log; cat start a.7z > whole",
        "whole",
        &format!("whole → {offset} → app/config/.env"),
    );
    // The same in a repository's history.
    sh(&sandbox, "rm -rf app a.* log program; git init -q");
    sandbox.commit("other.txt", "", "packed");
    assert!(
        ways(&sandbox.jsonl(&["--history"]).code(1)).contains(&format!("whole → {offset} → app/config/.env"))
    );
}

#[test]
fn objects_of_git_are_read_wherever_they_are() {
    let sandbox = Sandbox::new();
    sandbox.commit(".env", leak(1), "a token");
    sandbox.commit(".env", "", "no token");
    assert!(sandbox.jsonl(&["."]).code(0).findings().is_empty());
    sh(&sandbox, "tar czf objects.tgz .git; git clone -q --bare . bare.git");
    for place in ["objects.tgz", "bare.git"] {
        let run = sandbox.jsonl(&[place]).code(1);
        assert_eq!(run.only()["token"]["id_prefix"], token(1)[..8]);
        assert_eq!(run.incomplete(), "");
    }
    told(&sandbox, "git gc -q; tar czf packed.tgz .git", "packed.tgz", "is a pack of git objects");
}

#[needs("mksquashfs")]
#[test]
fn what_is_not_unpacked_is_told() {
    let sandbox = app();
    told(&sandbox, "mksquashfs app a.squashfs -quiet", "a.squashfs", "`unsquashfs FILE` unpacks it");
    let program = std::env::current_exe().unwrap();
    fs::copy(program, sandbox.root().join("program")).unwrap();
    told(
        &sandbox,
        "(head -c 70000 program; cat a.squashfs) > app.AppImage",
        "app.AppImage",
        "`unsquashfs FILE`",
    );
}

#[needs("duckdb")]
#[test]
fn the_pages_of_parquet_are_unpacked() {
    let sandbox = Sandbox::empty();
    for version in ["v1", "v2"] {
        for codec in ["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4"] {
            let query = format!(
                "COPY (SELECT 'row ' || i AS note, '{}' AS krea_api_key FROM range(2000) t(i)) \
                 TO 'a.parquet' (FORMAT parquet, CODEC {codec}, PARQUET_VERSION {version})",
                token(1)
            );
            run_tool(&sandbox, "duckdb", &["-c", &query]);
            let run = sandbox.jsonl(&["a.parquet"]).code(1);
            if codec == "lz4" {
                assert!(run.incomplete().contains("is packed in a way that is not read here"), "{codec}");
                continue;
            }
            let finding = run.only();
            let layer = &finding["layers"][0];
            assert_eq!(
                (&layer["kind"], &layer["name"]),
                (&"column".into(), &"krea_api_key".into()),
                "{codec}"
            );
            assert_eq!(run.incomplete(), "", "{codec}");
        }
    }
}

#[test]
fn a_token_in_a_name_is_found() {
    let sandbox = Sandbox::new();
    let named = format!("KREA_API_KEY={}", token(0));
    sandbox.commit("other.txt", "", "nothing");
    sandbox.write(&format!("{named}.txt"), "");
    sandbox.write(&format!("{named}/a"), "x");
    sandbox.commit(&format!("{named}/b"), "y", "by a slip");
    for mode in [&["."][..], &["--history"], &["--range", "HEAD^..HEAD"]] {
        let run = sandbox.jsonl(mode).code(1);
        // The file, and the folder once.
        let kinds: Vec<_> =
            run.findings().iter().map(|finding| finding["layers"][0]["kind"].clone()).collect();
        assert_eq!(kinds, ["file-name", "file-name"], "{mode:?}: {}", run.stdout);
    }
    sh(&sandbox, "tar cf a.tar *.txt; gzip a.tar; rm -r KREA* .git");
    let run = sandbox.jsonl(&["a.tar.gz"]).code(1);
    assert_eq!(run.only()["layers"][2]["kind"], "file-name", "{}", run.stdout);
}
