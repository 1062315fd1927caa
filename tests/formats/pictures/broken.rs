//! Pictures that are cut short, or that lie about their lengths: what is there is read, and the rest is told.

use super::png::{chunk, head};
use crate::support::Sandbox;
use crate::support::program::leak;
use std::io::Write;

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(text).unwrap();
    zlib.finish().unwrap()
}

/// A PNG with a compressed text.
fn png() -> Vec<u8> {
    let text = [b"Comment\0\0".to_vec(), deflated(leak(1).as_bytes())].concat();
    [head(1, 1), chunk(b"zTXt", &text), chunk(b"IDAT", &deflated(&[0, 0])), chunk(b"IEND", b"")].concat()
}

/// How many findings there are, and what is told.
#[track_caller]
fn scan(name: &str, bytes: &[u8]) -> (usize, String) {
    let sandbox = Sandbox::empty();
    sandbox.write(name, bytes);
    let run = sandbox.jsonl(&[name]);
    let incomplete = run.incomplete();
    (run.findings().len(), incomplete)
}

#[test]
fn a_png_that_is_cut_short_is_read_as_far_as_it_goes() {
    let whole = png();
    assert_eq!(scan("a.png", &whole), (1, String::new()));
    // Some programs leave the end mark out.
    assert_eq!(scan("a.png", &whole[..whole.len() - 12]), (1, String::new()));
    let pixels = whole.windows(4).position(|window| window == b"IDAT").unwrap() - 4;
    let (found, told) = scan("a.png", &whole[..pixels]);
    assert_eq!(
        (found, told.as_str()),
        (1, "a.png: is cut short: its end mark is missing; what is there was read\n")
    );
    let (found, told) = scan("a.png", &whole[..whole.len() - 20]);
    assert_eq!(
        (found, told.as_str()),
        (1, "a.png: is cut short: at least 8 bytes are missing; what is there was read\n")
    );
    // Something behind its end is none of its business.
    assert_eq!(scan("a.png", &[&whole[..], b"trailing"].concat()), (1, String::new()));
}

#[test]
fn a_chunk_that_lies_about_its_length_is_told() {
    let mut png = png();
    let at = png.windows(4).position(|window| window == b"IDAT").unwrap();
    png[at - 4..at].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
    let (found, told) = scan("a.png", &png);
    assert!(found == 1 && told.starts_with("a.png: is cut short: at least 21"), "{told}");
    png[at - 4..at].copy_from_slice(&2_u32.to_be_bytes());
    let (found, told) = scan("a.png", &png);
    assert!(found == 1 && told.contains("no chunk starts at byte"), "{told}");
}

#[test]
fn a_text_that_is_a_bomb_or_damaged_is_told_and_the_rest_is_read() {
    let mut bomb = b"Comment\0\0".to_vec();
    let mut zlib = flate2::write::ZlibEncoder::new(&mut bomb, flate2::Compression::best());
    for _ in 0..400 {
        zlib.write_all(&vec![0; 1 << 20]).unwrap();
    }
    zlib.finish().unwrap();
    let leak = [b"Title\0".to_vec(), leak(1).into_bytes()].concat();
    let damaged = [b"Comment\0\0".to_vec(), vec![0x78, 0x9c, 0xff, 0xff, 0xff]].concat();
    for (text, why) in
        [(bomb, "times its size, as an archive bomb does"), (damaged, "is damaged or cut short")]
    {
        let png = [head(1, 1), chunk(b"zTXt", &text), chunk(b"tEXt", &leak), chunk(b"IEND", b"")].concat();
        let (found, told) = scan("a.png", &png);
        assert_eq!(found, 1, "{told}");
        assert!(told.contains(why) && told.lines().count() == 1, "{told}");
    }
}

#[test]
fn no_broken_picture_is_silent_or_a_crash() {
    let jpeg = [b"\xff\xd8\xff\xfe\x01\x00".to_vec(), leak(1).into_bytes()].concat();
    let gif = [b"GIF89a\x01\0\x01\0\0\0\0\x21\xfe\xff".to_vec(), leak(1).into_bytes()].concat();
    let webp = [b"RIFF\xff\xff\0\0WEBPVP8 \xff\xff\0\0".to_vec(), leak(1).into_bytes()].concat();
    for (name, bytes) in [("a.jpg", jpeg), ("a.gif", gif), ("a.webp", webp)] {
        let (found, told) = scan(name, &bytes);
        assert_eq!(found, 1, "{name}");
        assert!(told.starts_with(&format!("{name}: is cut short: at least ")), "{told}");
    }
    // A directory of fields that leads to itself.
    let tiff =
        [b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0".to_vec(), leak(1).into_bytes()]
            .concat();
    assert_eq!(scan("a.tif", &tiff), (1, String::new()));
}
