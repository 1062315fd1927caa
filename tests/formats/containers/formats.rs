//! Each format, made by the tool that people use: the token is found, and the way to it named.

use super::app;
use crate::pack::{asar, gzip, sh, tar, zip};
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::{way, ways};
use ::zip::CompressionMethod::{Deflated, Stored};
use needs::needs;
use std::fs;

/// Packs the folder with a line of shell, and looks for the leak in what came of it.
#[track_caller]
fn packed(line: &str, file: &str, expected: &str) {
    let sandbox = app();
    sh(&sandbox, line);
    let run = sandbox.jsonl(&[file]).code(1);
    let finding = run.only();
    assert_eq!((way(&finding).as_str(), run.incomplete().as_str()), (expected, ""), "{line}");
    let location = (&finding["location"]["line"], &finding["location"]["column"]);
    assert_eq!(location, (&1.into(), &14.into()), "{line}");
}

#[needs("7z", "python3", "zip")]
#[test]
fn zips_of_every_method_that_tools_write() {
    packed("zip -qr a.zip app", "a.zip", "a.zip → app/config/.env");
    packed("zip -qr0 a.jar app", "a.jar", "a.jar → app/config/.env");
    // From a pipe, zip leaves the sizes to what stands behind the bytes.
    packed("zip -qr - app | cat > a.whl", "a.whl", "a.whl → app/config/.env");
    for method in ["Deflate64", "BZip2", "LZMA", "Copy"] {
        let line = format!("7z a -bd -tzip -mm={method} a.zip app");
        packed(&line, "a.zip", "a.zip → app/config/.env");
    }
    for method in ["ZIP_STORED", "ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA"] {
        let line = format!(
            "python3 -c \"import zipfile as z; f = z.ZipFile('a.docx', 'w', z.{method}); f.write('app/config/.env')\""
        );
        packed(&line, "a.docx", "a.docx → app/config/.env");
    }
    let sandbox = app();
    for method in [::zip::CompressionMethod::Zstd, ::zip::CompressionMethod::Xz] {
        sandbox.write("a.zip", zip(&[("a.env", leak(1).as_bytes())], method));
        assert_eq!(ways(&sandbox.jsonl(&["a.zip"]).code(1)), ["a.zip → a.env"]);
    }
}

#[test]
fn tars_of_every_dialect() {
    let long = "x".repeat(90);
    for dialect in ["v7", "ustar", "gnu", "pax"] {
        let line = format!("tar --format={dialect} -cf a.tar app");
        packed(&line, "a.tar", "a.tar → app/config/.env");
    }
    for dialect in ["gnu", "pax"] {
        let line =
            format!("mkdir -p {long}/{long}; mv app {long}/{long}; tar --format={dialect} -cf a.tar {long}");
        packed(&line, "a.tar", &format!("a.tar → {long}/{long}/app/config/.env"));
    }
    // Many holes: the map of them needs blocks of its own.
    let holes =
        "for n in $(seq 60); do printf x | dd of=app/holes bs=1 seek=${n}M conv=notrunc status=none; done";
    for dialect in ["gnu", "pax"] {
        let line = format!("{holes}; tar --sparse --format={dialect} -cf a.tar app/holes app/config");
        packed(&line, "a.tar", "a.tar → app/config/.env");
    }
}

#[needs("brotli", "bzip2", "xz", "zstd")]
#[test]
fn every_compression_of_a_tar_and_of_one_file() {
    for program in ["gzip", "bzip2", "xz", "zstd", "brotli"] {
        let ending = match program {
            "gzip" => "gz",
            "bzip2" => "bz2",
            "zstd" => "zst",
            "brotli" => "br",
            other => other,
        };
        let tarred = format!("tar cf - app | {program} -c > a.tar.{ending}");
        packed(&tarred, &format!("a.tar.{ending}"), &format!("a.tar.{ending} → app/config/.env"));
        let alone = format!("{program} -c < app/config/.env > env.{ending}");
        packed(&alone, &format!("env.{ending}"), &format!("env.{ending}"));
        // Several streams one after the other are one file.
        if program != "brotli" {
            let twice =
                format!("for f in numbers.txt config/.env; do {program} -c < app/$f; done > two.{ending}");
            let sandbox = app();
            sh(&sandbox, &twice);
            let finding = sandbox.jsonl(&[format!("two.{ending}")]).code(1).only();
            assert_eq!(finding["location"]["line"], 3001);
        }
    }
    packed("xz -9 -c --format=lzma app/config/.env > env.lzma", "env.lzma", "env.lzma");
    packed("tar cf - app | xz -9 --x86 --lzma2 > a.txz", "a.txz", "a.txz → app/config/.env");
    packed(
        "(printf 'P*M\\030\\004\\000\\000\\000note'; tar cf - app | zstd --ultra -22 --long=27) > a.tzst",
        "a.tzst",
        "a.tzst → app/config/.env",
    );
}

#[test]
fn seven_zips_solid_and_not() {
    for options in ["", "-ms=off", "-m0=PPMd", "-m0=BZip2", "-m0=Deflate", "-m0=Copy", "-mx=9", "-mf=BCJ2"] {
        let line = format!("7z a -bd {options} a.7z app");
        packed(&line, "a.7z", "a.7z → app/config/.env");
    }
}

#[test]
fn a_gzip_names_what_it_was_made_from() {
    let gzipped = "gzip -c app/config/.env > log.gz";
    packed(gzipped, "log.gz", "log.gz → .env");
    packed("tar cf a.tar app; gzip -c a.tar > b.tgz", "b.tgz", "b.tgz → app/config/.env");
    // A comment is text, too.
    let sandbox = app();
    let mut gzip = flate2::GzBuilder::new().comment(leak(2)).read(&b"text"[..], flate2::Compression::fast());
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut gzip, &mut bytes).unwrap();
    sandbox.write("a.gz", &bytes);
    assert_eq!(sandbox.jsonl(&["a.gz"]).code(1).only()["layers"][0]["kind"], "gzip-comment");
}

#[test]
fn an_electron_app() {
    let sandbox = Sandbox::empty();
    let env = leak(1);
    let members: [(&str, &[u8]); 3] =
        [("app/main.js", b"1"), ("app/dist/config.env", env.as_bytes()), ("package.json", b"{}")];
    sandbox.write("app.asar", asar(&members));
    let run = sandbox.jsonl(&["app.asar"]).code(1);
    assert_eq!(
        (ways(&run), run.incomplete()),
        (vec!["app.asar → app/dist/config.env".to_owned()], String::new())
    );
    // Cut short: what is there is read.
    let cut = &asar(&[("a.env", leak(1).as_bytes()), ("b.txt", &[b'x'; 4000])]);
    sandbox.write("cut.asar", &cut[..cut.len() - 100]);
    let run = sandbox.jsonl(&["cut.asar"]).code(1);
    assert_eq!(ways(&run), ["cut.asar → a.env"]);
    assert_eq!(run.incomplete(), "cut.asar → b.txt: is cut short: 100 bytes are missing\n");
}

#[test]
fn a_zip_is_told_by_what_it_is_not_by_its_name() {
    let sandbox = Sandbox::empty();
    let packed = zip(&[("a.env", leak(1).as_bytes())], Deflated);
    let crx3 = [b"Cr24\x03\0\0\0\x05\0\0\0proof", &packed[..]].concat();
    let crx2 = [b"Cr24\x02\0\0\0\x03\0\0\0\x04\0\0\0keysign!", &packed[..]].concat();
    let zipapp = [b"#!/usr/bin/env python3\n", &packed[..]].concat();
    let script = [b"#!/bin/sh\n".to_vec(), b"exec java -jar \"$0\"\n".repeat(100), packed.clone()].concat();
    let program = [b"MZ".to_vec(), vec![0; 5000], packed.clone()].concat();
    for (name, bytes) in [
        ("picture.png", &packed),
        ("three.crx", &crx3),
        ("two.crx", &crx2),
        ("app.pyz", &zipapp),
        ("boot", &script),
        ("setup.exe", &program),
    ] {
        sandbox.write(name, bytes);
        let run = sandbox.jsonl(&[name]).code(1);
        assert_eq!((ways(&run), run.incomplete()), (vec![format!("{name} → a.env")], String::new()));
    }
    // What is stored as it is, is found once, also where the zip shows only at the file's end.
    let stored = zip(&[("a.env", leak(1).as_bytes()), ("b.txt", token(1).as_bytes())], Stored);
    sandbox.write("stored.exe", [b"MZ".to_vec(), vec![0; 5000], stored].concat());
    assert_eq!(ways(&sandbox.jsonl(&["stored.exe"]).code(1)), ["stored.exe → a.env", "stored.exe → b.txt"]);
    // A program without a zip behind it is only a program, and text is no Brotli whatever its name.
    sandbox.write("plain.exe", [b"MZ".to_vec(), vec![0; 5000]].concat());
    sandbox.write("words.br", leak(2).repeat(20));
    assert_eq!(sandbox.jsonl(&["plain.exe"]).code(0).incomplete(), "");
    assert_eq!(sandbox.jsonl(&["words.br"]).code(1).incomplete(), "");
}

#[needs("python3")]
#[test]
fn comments_names_and_members_of_the_same_name_are_all_read() {
    let sandbox = Sandbox::empty();
    let python = "import sys, zipfile as z, warnings\n\
                  warnings.simplefilter('ignore')\n\
                  one, two, three = (open(n).read() for n in ('one', 'two', 'three'))\n\
                  f = z.ZipFile('a.zip', 'w')\n\
                  f.writestr('a.txt', one); f.writestr('a.txt', two)\n\
                  i = z.ZipInfo('c.txt'); i.comment = three.encode(); f.writestr(i, 'text')\n\
                  f.comment = open('four').read().encode(); f.close()";
    for (name, n) in [("one", 1), ("two", 2), ("three", 3), ("four", 4)] {
        sandbox.write(name, leak(n));
    }
    let output = sandbox.command("python3", sandbox.root()).args(["-c", python]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    // In a gzip, so that nothing is seen from the outside.
    sandbox.write("a.zip.gz", gzip(&fs::read(sandbox.root().join("a.zip")).unwrap()));
    let run = sandbox.jsonl(&["a.zip.gz"]).code(1);
    assert_eq!(ways(&run), ["a.zip.gz", "a.zip.gz → a.txt", "a.zip.gz → a.txt", "a.zip.gz → c.txt"]);
}

#[test]
fn three_deep_and_on_the_way_up_and_down_a_budget() {
    let sandbox = Sandbox::empty();
    let inner = zip(&[("a.env", leak(1).as_bytes())], Deflated);
    let middle = tar(&[("b/inner.zip", &inner), ("b/plain.txt", b"text")]);
    let outer =
        zip(&[("c/middle.tgz", &gzip(&middle)), ("c/app.asar", &asar(&[("x.zip", &inner)]))], Deflated);
    sandbox.write("outer.zip", outer);
    let expected =
        ["outer.zip → c/app.asar → x.zip → a.env", "outer.zip → c/middle.tgz → b/inner.zip → a.env"];
    let run = sandbox.jsonl(&["outer.zip"]).code(1);
    assert_eq!(ways(&run), expected);
    let kinds: Vec<_> =
        run.findings()[0]["layers"].as_array().unwrap().iter().map(|l| l["kind"].clone()).collect();
    assert!(kinds == ["zip", "asar", "zip"] || kinds == ["zip", "gzip", "tar", "zip"], "{kinds:?}");
    let run = sandbox.jsonl(&["outer.zip", "--unpack-depth", "3"]).code(1);
    assert_eq!(ways(&run), expected[..1]);
    assert_eq!(
        run.incomplete(),
        "outer.zip → c/middle.tgz → b/inner.zip: nests containers deeper than 3; --unpack-depth raises that\n"
    );
    let run = sandbox.jsonl(&["outer.zip", "--unpack-members", "2"]).code(2);
    assert!(run.incomplete().contains("holds more than 2 members; --unpack-members raises that"));
    // A file that is not read is not unpacked either.
    let run = sandbox.jsonl(&["outer.zip", "--max-size", "100"]).code(2);
    assert!(run.incomplete().contains("is larger than --max-size"), "{}", run.incomplete());
}
