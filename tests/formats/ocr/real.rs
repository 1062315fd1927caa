//! Pictures in zips, in commits and in animations, and such as cannot be read.

use super::{manifest, screenshots};
use crate::pack::{sh, zip};
use crate::pictures::png::{chunk, head};
use crate::support::Sandbox;
use crate::support::program::token;
use needs::needs;
use std::fs;

/// A screenshot of a style that is read easily, with the number of its token, and one without a token.
fn pair() -> (Vec<u8>, u64, Vec<u8>) {
    let folder = screenshots();
    let bytes = |name: &str| fs::read(folder.join(name)).unwrap();
    let is = |style: &'static str| move |(name, _): &(String, _)| name.ends_with(&format!("{style}.png"));
    let (leaky, number) = manifest(&folder, "leaky/00").into_iter().find(is("dialog")).unwrap();
    let (clean, _) = manifest(&folder, "clean").into_iter().find(is("docs")).unwrap();
    (bytes(&leaky), number.unwrap(), bytes(&clean))
}

#[needs("tesseract", "target/made/screenshots")]
#[test]
fn pictures_are_read_only_when_asked_for() {
    let (leaky, number, _) = pair();
    let sandbox = Sandbox::empty();
    sandbox.write("shot.png", &leaky);
    sandbox.jsonl(&["shot.png"]).code(0);
    let finding = sandbox.jsonl(&["--ocr", "shot.png"]).code(1).only();
    assert_eq!(finding["token"]["id_prefix"], token(number)[..8]);
    assert_eq!(finding["confidence"], "medium");
    sandbox.jsonl(&["--ocr", "--min-confidence", "high", "shot.png"]).code(0);
    assert_eq!((&finding["layers"][0]["kind"], &finding["layers"][0]["name"]), (&"ocr".into(), &"".into()));
}

#[needs("tesseract", "target/made/screenshots")]
#[test]
fn pictures_are_read_in_zips_and_in_what_is_staged() {
    let (leaky, _, clean) = pair();
    let sandbox = Sandbox::new();
    sandbox.write(
        "shots.zip",
        zip(&[("a/leak.png", &leaky), ("b.png", &clean)], ::zip::CompressionMethod::Stored),
    );
    sandbox.git(&["add", "shots.zip"]);
    for arguments in [["--ocr", "shots.zip"], ["--ocr", "--staged"]] {
        let finding = sandbox.jsonl(&arguments).code(1).only();
        let kinds: Vec<_> = finding["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|layer| layer["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["zip", "ocr"]);
        assert_eq!(finding["layers"][0]["name"], "a/leak.png");
    }
}

#[needs("convert", "tesseract", "target/made/screenshots")]
#[test]
fn a_token_in_one_frame_is_found_once() {
    let (leaky, _, clean) = pair();
    let sandbox = Sandbox::empty();
    sandbox.write("leaky.png", &leaky);
    sandbox.write("clean.png", &clean);
    sh(
        &sandbox,
        "convert -delay 50 clean.png clean.png leaky.png clean.png leaky.png -resize 640x rec.gif; rm *.png",
    );
    let finding = sandbox.jsonl(&["--ocr", "rec.gif"]).code(1).only();
    assert_eq!(finding["layers"][1]["name"], "frame 3", "{finding}");
}

#[needs("tesseract", "target/made/screenshots")]
#[test]
fn a_huge_picture_and_a_broken_one_are_told_and_the_rest_is_read() {
    let (leaky, number, _) = pair();
    let sandbox = Sandbox::empty();
    sandbox.write("leaky.png", &leaky);
    sandbox.write(
        "huge.png",
        [head(30_000, 30_000), chunk(b"IDAT", &[0x78, 0x9c]), chunk(b"IEND", b"")].concat(),
    );
    sandbox.write("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    sandbox.write("cut.png", &leaky[..leaky.len() * 9 / 10]);
    let run = sandbox.jsonl(&["--ocr", "huge.png", "phone.heic", "leaky.png", "cut.png"]).code(1);
    let told = run.incomplete();
    assert!(told.contains("huge.png: has 900 million pixels, which are too many to be looked at"), "{told}");
    assert!(
        told.contains("phone.heic: is HEIC or AVIF, whose pixels are not read; make a PNG of it"),
        "{told}"
    );
    assert!(told.contains("cut.png: is damaged or cut short, and not all of its text was read"), "{told}");
    let found: Vec<_> = run.findings();
    assert!(found.iter().any(|finding| finding["location"]["path"] == "leaky.png"));
    assert!(found.iter().all(|finding| finding["token"]["id_prefix"] == token(number)[..8]));
    // Without --ocr nobody needs their pixels.
    assert_eq!(sandbox.jsonl(&["huge.png", "phone.heic"]).code(0).incomplete(), "");
}
