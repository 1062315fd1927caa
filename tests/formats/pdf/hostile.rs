//! Documents that are damaged, or made to do harm: the run ends, what can be read is, and what is not is told.

use super::{packed, page, pdf};
use crate::support::Sandbox;
use crate::support::program::{Run, leak, token};
use crate::ways::ways;

#[track_caller]
fn scan(name: &str, document: &[u8]) -> Run {
    let sandbox = Sandbox::empty();
    sandbox.write(name, document);
    sandbox.jsonl(&[name])
}

fn content() -> String {
    format!("BT /F1 10 Tf 50 700 Td (KREA_API_KEY={}) Tj ET", token(1))
}

#[test]
fn what_every_viewer_opens_is_no_damage() {
    let whole = page(&content(), "", &[]);
    let end = whole.windows(4).position(|window| window == b"xref").unwrap();
    let without_table = &whole[..end];
    let with_junk =
        [b"junk before the file that is long enough to be some\n".repeat(3), whole.clone()].concat();
    let text = String::from_utf8_lossy(&packed("", content().as_bytes())).into_owned();
    let length = text.split("/Length ").nth(1).unwrap().split('>').next().unwrap().to_owned();
    let lying = {
        let (from, to) =
            (format!("/Length {length}"), format!("/Length {:0width$}", 9, width = length.len()));
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
    };
    for document in [without_table, &with_junk, &lying] {
        let run = scan("report.pdf", document).code(1);
        assert_eq!((ways(&run), run.incomplete().as_str()), (vec!["report.pdf → page 1".to_owned()], ""));
    }
}

#[test]
fn a_file_that_is_cut_short_is_read_as_far_as_it_goes() {
    let many: String = (0..4000).map(|n| format!("({}) Tj T*\n", n * 7919)).collect();
    let whole = page(&format!("{} {many}", content()), "", &[]);
    let run = scan("report.pdf", &whole[..whole.len() - 2000]).code(1);
    assert_eq!(ways(&run), ["report.pdf → page 1"]);
    assert_eq!(run.incomplete(), "report.pdf: is cut short: the end of its last stream is missing\n");
}

#[test]
fn a_password_is_asked_for_once() {
    let zeros = "00".repeat(32);
    let encryption = format!("<</Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{zeros}> /U <{zeros}>>>");
    let mut document = page(&content(), "", &[encryption.into_bytes()]);
    document.extend(b"trailer\n<</Root 1 0 R /Encrypt 5 0 R>>\n");
    let run = scan("report.pdf", &document).code(2);
    assert!(
        run.incomplete().starts_with("report.pdf: is encrypted with a password; save a copy without one")
    );
    assert_eq!(run.incomplete().lines().count(), 1);
}

#[test]
fn loops_and_depths_end() {
    let looped = pdf(&[
        b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Parent 2 0 R /Count 999999999>>".to_vec(),
        b"<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources 5 0 R /Annots 6 0 R>>".to_vec(),
        packed("", format!("/A Do {}", content()).as_bytes()),
        b"<</XObject <</A 7 0 R>>>>".to_vec(),
        b"6 0 R".to_vec(),
        packed("/Subtype /Form /Resources 5 0 R", b"/A Do"),
        [b"[".repeat(100_000), b"<<".repeat(100_000)].concat(),
    ]);
    let run = scan("report.pdf", &looped).code(1);
    assert_eq!(ways(&run), ["report.pdf → page 1"]);
}

#[test]
fn bombs_are_given_up() {
    let bomb = packed("/Type /EmbeddedFile", &vec![b' '; 300 << 20]);
    let run = scan("report.pdf", &page(&content(), "", &[bomb])).code(1);
    assert_eq!(ways(&run), ["report.pdf → page 1"]);
    assert!(run.incomplete().contains("unpacks to more than 200 times its size"), "{}", run.incomplete());
    // A stream of objects that would fill the memory.
    let bomb = packed("/Type /ObjStm /N 1000000 /First 10", &vec![b'1'; 100 << 20]);
    let run = scan("report.pdf", &page(&content(), "", &[bomb])).code(1);
    assert!(
        run.incomplete().contains("streams of objects could not be read to the end"),
        "{}",
        run.incomplete()
    );
}

#[test]
fn a_text_about_pdf_is_no_pdf() {
    let text =
        format!("# How a file starts\n%PDF-1.7\nand so on, for more than sixty-four bytes\n{}", leak(1));
    let run = scan("notes.md", text.as_bytes()).code(1);
    assert_eq!((ways(&run), run.incomplete().as_str()), (vec!["notes.md".to_owned()], ""));
}

#[test]
fn groups_without_an_end_and_lengths_that_lie() {
    let deep = format!("{{\\rtf1 {}KREA_API_KEY={}", "{\\b ".repeat(200_000), token(1));
    let run = scan("notes.rtf", deep.as_bytes()).code(1);
    assert!(run.incomplete().contains("is cut short: its last group has no end"), "{}", run.incomplete());
    let lying = format!("{{\\rtf1 KREA_API_{{\\i KEY}}={}{{\\pict\\bin2147483647 x}}}}", token(1));
    assert_eq!(ways(&scan("notes.rtf", lying.as_bytes()).code(1)), ["notes.rtf → text"]);
}
