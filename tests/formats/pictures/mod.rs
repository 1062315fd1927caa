//! The texts in the metadata of pictures, as exiftool and ImageMagick write them, and pictures that are broken.

mod broken;
pub mod png;

use crate::pack::sh;
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::layers;
use needs::needs;

/// A folder with a small picture of each format.
fn pictures() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("line", leak(1).trim_end());
    sh(
        &sandbox,
        "convert -size 60x40 xc:white a.png; for f in jpg gif webp tif; do convert a.png a.$f; done",
    );
    sandbox
}

/// Writes a field with exiftool, and looks where the token is found.
#[track_caller]
fn field(sandbox: &Sandbox, format: &str, arguments: &str, expected: &[&str]) {
    let line = format!(
        "cp a.{format} out.{format}; exiftool -q -m -overwrite_original {arguments}=\"$(cat line)\" out.{format}"
    );
    sh(sandbox, &line);
    let run = sandbox.jsonl(&[format!("out.{format}")]).code(1);
    let finding = run.only();
    assert_eq!(
        (layers(&finding), run.incomplete()),
        (expected.iter().map(ToString::to_string).collect(), String::new())
    );
    assert_eq!(finding["token"]["id_prefix"], token(1)[..8]);
}

#[needs("convert", "exiftool")]
#[test]
fn exif_is_read_in_every_format_and_encoding() {
    let sandbox = pictures();
    for format in ["jpg", "png", "webp", "tif"] {
        for name in
            ["ImageDescription", "UserComment", "Artist", "Copyright", "XPComment", "XPTitle", "XPKeywords"]
        {
            field(&sandbox, format, &format!("-EXIF:{name}"), &["metadata", &format!("exif {name}")]);
        }
        // With a letter that is not ASCII a comment is UTF-16, in either order.
        for order in ["II", "MM"] {
            sh(&sandbox, "printf 'Schlüssel: %s' \"$(cat line)\" > wide; cp line narrow; mv wide line");
            let arguments = format!("-ExifByteOrder={order} -EXIF:UserComment");
            field(&sandbox, format, &arguments, &["metadata", "exif UserComment"]);
            sh(&sandbox, "mv narrow line");
        }
    }
}

#[needs("convert", "exiftool")]
#[test]
fn xmp_and_iptc_are_read_under_the_names_that_people_know() {
    let sandbox = pictures();
    for format in ["jpg", "png", "webp", "tif", "gif"] {
        for (name, shown) in [("XMP-dc:Description", "dc:description"), ("XMP-dc:Title", "dc:title")] {
            field(&sandbox, format, &format!("-{name}"), &["metadata", &format!("xmp {shown}")]);
        }
    }
    for format in ["jpg", "tif"] {
        for name in ["Caption-Abstract", "Headline", "SpecialInstructions"] {
            field(&sandbox, format, &format!("-IPTC:{name}"), &["metadata", &format!("iptc {name}")]);
        }
    }
    field(&sandbox, "jpg", "-Comment", &["metadata", "jpeg-comment comment"]);
    field(&sandbox, "gif", "-Comment", &["metadata", "gif-comment comment"]);
}

#[needs("convert", "exiftool")]
#[test]
fn png_texts_are_read_compressed_and_behind_the_pixels_too() {
    let sandbox = pictures();
    // Long enough to be worth compressing.
    sh(&sandbox, "printf '%s %01000d' \"$(cat line)\" 0 > long; mv long line");
    for options in ["", "-z", "-api PNGEarlyXMP=1"] {
        for name in ["PNG:Comment", "PNG:Title", "PNG:Description"] {
            let expected = format!("png-text {}", &name[4..]);
            field(&sandbox, "png", &format!("{options} -{name}"), &["metadata", &expected]);
        }
    }
    sh(&sandbox, "printf 'é %s' \"$(cat line)\" > wide; mv wide line");
    field(&sandbox, "png", "-z -PNG:Comment-de", &["metadata", "png-text Comment"]);
    // ImageMagick keeps IPTC as hex digits.
    sh(&sandbox, "exiftool -q -o iptc.jpg -IPTC:Headline=\"$(cat line)\" a.jpg; convert iptc.jpg magick.png");
    let run = sandbox.jsonl(&["magick.png"]).code(1);
    assert!(
        run.findings().iter().all(|finding| layers(finding) == ["metadata", "iptc Headline"]),
        "{}",
        run.stdout
    );
}

#[needs("convert", "exiftool")]
#[test]
fn a_field_says_whose_the_token_in_the_next_one_is() {
    let sandbox = pictures();
    sandbox.write("line", token(2));
    // Screenshot programs keep the title of the window.
    sh(
        &sandbox,
        "exiftool -q -o shot.png -PNG:Title='Krea API tokens - Chromium' -PNG:Comment=\"$(cat line)\" a.png",
    );
    sh(
        &sandbox,
        "exiftool -q -o other.png -PNG:Title='Weather - Chromium' -PNG:Comment=\"$(cat line)\" a.png; rm line",
    );
    let run = sandbox.jsonl(&["shot.png"]).code(1);
    assert_eq!(layers(&run.only()), ["metadata", "png-text Comment"]);
    sandbox.jsonl(&["other.png"]).code(0);
    // Once it is known, it is found there too.
    let run = sandbox.jsonl(&["."]).code(1);
    assert_eq!(run.findings().len(), 2);
}

#[needs("convert", "exiftool", "zip")]
#[test]
fn pictures_are_read_in_zips_and_in_commits() {
    let sandbox = pictures();
    sh(
        &sandbox,
        "exiftool -q -z -o shot.png -PNG:Comment=\"$(cat line) $(cat line) $(cat line)\" a.png; rm line a.*; git init -q .; git add shot.png",
    );
    assert_eq!(layers(&sandbox.jsonl(&["--staged"]).code(1).findings()[0]), ["metadata", "png-text Comment"]);
    sh(&sandbox, "zip -q0 shots.zip shot.png; rm shot.png");
    let run = sandbox.jsonl(&["shots.zip"]).code(1);
    assert_eq!(layers(&run.findings()[0]), ["zip shot.png", "metadata", "png-text Comment"]);
    let human = sandbox.scan(&["shots.zip"]).code(1);
    assert!(
        human.stdout.contains("shots.zip → shot.png:")
            && human.stdout.contains(":23 → Comment  KREA_API_KEY"),
        "{}",
        human.stdout
    );
}
