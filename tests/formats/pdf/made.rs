//! Documents as the programs make them that people use.

use crate::pack::sh;
use crate::support::Sandbox;
use crate::support::program::token;
use crate::ways::ways;
use needs::needs;

/// A page with a token whose letters change their look, and a link with another.
fn html() -> String {
    let (one, other) = (token(1), token(2));
    let (id, secret) = one.split_at(20);
    format!(
        "<html><head><title>Notes</title></head><body><p>KREA_API_KEY={id}<b>{secret}</b></p>\
         <p><a href='https://api.krea.ai/x?key={other}'>a link</a></p></body></html>"
    )
}

/// Makes a document with a line of shell, and looks for both tokens in it.
#[track_caller]
fn made(line: &str, file: &str, expected: &[&str]) {
    let sandbox = Sandbox::empty();
    sandbox.write("notes.html", html());
    sh(&sandbox, line);
    let run = sandbox.jsonl(&[file]).code(1);
    assert_eq!(
        (ways(&run), run.incomplete()),
        (expected.iter().map(|&way| way.to_owned()).collect(), String::new()),
        "{line}"
    );
}

#[needs("chromium")]
#[test]
fn chromium_prints_to_pdf() {
    let line = "chromium --headless --no-sandbox --disable-gpu --print-to-pdf=notes.pdf notes.html";
    let expected = ["notes.pdf → link on page 1", "notes.pdf → page 1"];
    made(line, "notes.pdf", &expected);
}

/// LibreOffice, with a profile of its own so that several may run at once.
fn office(filter: &str) -> String {
    format!(
        "soffice -env:UserInstallation=file://$PWD/profile --headless --infilter='HTML (StarWriter)' \
         --convert-to '{filter}' notes.html"
    )
}

#[needs("soffice")]
#[test]
fn libreoffice_writes_pdf() {
    let expected = ["notes.pdf → link on page 1", "notes.pdf → page 1"];
    made(&office("pdf"), "notes.pdf", &expected);
    // It may be read without a password, and not be changed.
    let options = r#"{"RestrictPermissions":{"type":"boolean","value":"true"},"PermissionPassword":{"type":"string","value":"x"}}"#;
    made(&office(&format!("pdf:writer_pdf_Export:{options}")), "notes.pdf", &expected);
}

#[needs("soffice")]
#[test]
fn libreoffice_writes_rtf() {
    let expected = ["notes.rtf → notes → field", "notes.rtf → text"];
    made(&office("rtf"), "notes.rtf", &expected);
}

#[needs("soffice")]
#[test]
fn libreoffice_writes_doc() {
    let expected = ["notes.doc → Data", "notes.doc → WordDocument", "notes.doc → WordDocument"];
    made(&office("doc"), "notes.doc", &expected);
}

#[needs("chromium", "tesseract")]
#[test]
fn pictures_on_pages_are_looked_at_when_asked_to() {
    let sandbox = Sandbox::empty();
    let style = "font: 28px monospace; margin: 40px; white-space: nowrap";
    sandbox.write("text.html", format!("<body style='{style}'>KREA_API_KEY={}</body>", token(0)));
    sandbox.write("shown.html", "<img src=shot.png width=700>");
    let chromium = "chromium --headless --no-sandbox --disable-gpu";
    sh(&sandbox, &format!("{chromium} --window-size=1500,200 --screenshot=shot.png text.html"));
    sh(&sandbox, &format!("{chromium} --print-to-pdf=shown.pdf shown.html"));
    assert_eq!(ways(&sandbox.jsonl(&["shown.pdf"]).code(0)), [""; 0]);
    let run = sandbox.jsonl(&["--ocr", "shown.pdf"]).code(1);
    assert_eq!(ways(&run), ["shown.pdf → picture 1 on page 1"]);
}
