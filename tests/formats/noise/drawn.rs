//! What Tesseract itself writes beside a picture, of pictures that ImageMagick has drawn: text, hOCR, a table, ALTO.

use super::Leaked;
use crate::support::Sandbox;
use needs::needs;
use std::process::Command;

/// The fonts, sizes in points, and colours of text and ground.
const LOOKS: [(&str, &str, &str, &str); 4] = [
    ("DejaVu-Sans-Mono", "13", "#222222", "white"),
    ("Liberation-Mono", "15", "#d4d4d4", "#1e1e1e"),
    ("DejaVu-Sans", "15", "#222222", "white"),
    ("Liberation-Sans", "18", "#d4d4d4", "#1e1e1e"),
];

fn draw(sandbox: &Sandbox, name: &str, text: &str, look: (&str, &str, &str, &str)) {
    let (font, size, ink, ground) = look;
    let mut convert = Command::new("convert");
    convert.current_dir(sandbox.root()).env("OMP_THREAD_LIMIT", "1");
    convert.args(["-background", ground, "-fill", ink, "-font", font, "-pointsize", size]);
    convert.arg(format!("label:{text}")).args(["-bordercolor", ground, "-border", "12"]);
    convert.args(["-filter", "Lanczos", "-resize", "300%", "-colorspace", "Gray"]);
    if ink > ground {
        convert.arg("-negate");
    }
    let status = convert.arg(format!("{name}.png")).status().expect("convert runs");
    assert!(status.success());
    let read = Command::new("tesseract")
        .current_dir(sandbox.root())
        .env("OMP_THREAD_LIMIT", "1")
        .args([&format!("{name}.png"), name, "--psm", "6", "txt", "hocr", "tsv", "alto"])
        .output()
        .expect("tesseract runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    std::fs::remove_file(sandbox.root().join(format!("{name}.png"))).expect("the picture is there");
}

#[needs("convert", "tesseract")]
#[test]
fn every_form_of_what_tesseract_reads_flags_the_token() {
    let mut exact = 0;
    for (number, look) in LOOKS.into_iter().enumerate() {
        let (leaked, sandbox) = (Leaked::new(60 + number as u64), Sandbox::empty());
        let token = leaked.text();
        let text = match number % 2 {
            0 => format!("$ cat .env\nexport KREA_API_KEY={}\n{}\n$ npm run dev", &token[..57], &token[57..]),
            _ => format!("API Tokens - Krea\n\nToken created\nCopy it now.\n\n{token}\n\nDone"),
        };
        draw(&sandbox, "shot", &text, look);
        draw(
            &sandbox,
            "clean",
            "API Tokens - Krea\n\nNo tokens yet\n\nRow 2f1c8a7e was revoked on 2026-06-12",
            look,
        );
        let findings = sandbox.jsonl(&["."]).findings();
        let mut files: Vec<String> =
            findings.iter().map(|f| f["location"]["path"].as_str().expect("a path").to_owned()).collect();
        files.sort();
        assert_eq!(files, ["./shot.hocr", "./shot.tsv", "./shot.txt", "./shot.xml"], "{text}");
        let prefix = |finding: &serde_json::Value| finding["token"]["id_prefix"] == leaked.id[..8];
        exact += findings.iter().filter(|finding| prefix(finding)).count();
    }
    assert!(exact >= 15, "{exact} of 16 id prefixes are exact");
}
