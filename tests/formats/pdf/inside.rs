//! What a PDF holds, and how a token is drawn in it.

use super::{packed, page, pdf};
use crate::pack::zip;
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::{way, ways};

/// A content stream that shows text in a monospaced way.
fn shows(operators: &str) -> String {
    format!("BT /F1 10 Tf 1 0 0 1 50 700 Tm {operators} ET")
}

/// Scans one document, and gives the way to each finding.
#[track_caller]
fn found(document: Vec<u8>) -> Vec<String> {
    let sandbox = Sandbox::empty();
    sandbox.write("report.pdf", document);
    let run = sandbox.jsonl(&["report.pdf"]);
    assert_eq!(run.incomplete(), "");
    ways(&run)
}

#[test]
fn a_token_that_is_drawn_in_pieces_is_one() {
    let token = token(1);
    let (id, secret) = token.split_at(20);
    let kerned = format!("(KREA_API_KEY=) Tj [({id}) -20 ({secret})] TJ");
    assert_eq!(found(page(&shows(&kerned), "", &[])), ["report.pdf → page 1"]);
    // Letter by letter, each with its own place, the last one first.
    let letters = format!("KREA_API_KEY={token}");
    let placed = letters.char_indices().rev();
    let placed: String =
        placed.map(|(i, letter)| format!("1 0 0 1 {} 700 Tm ({letter}) Tj ", 20 + 6 * i)).collect();
    let fonts = "/Resources <</Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Courier>>>>>>";
    assert_eq!(found(page(&shows(&placed), fonts, &[])), ["report.pdf → page 1"]);
}

#[test]
fn a_token_stands_where_a_person_finds_it() {
    let sandbox = Sandbox::empty();
    let lines = format!("(first) Tj 0 -14 Td (second) Tj 0 -14 Td (KREA_API_KEY={}) Tj", token(2));
    sandbox.write("report.pdf", page(&shows(&lines), "", &[]));
    let finding = sandbox.jsonl(&["report.pdf"]).code(1).only();
    assert_eq!(way(&finding), "report.pdf → page 1");
    assert_eq!((&finding["location"]["line"], &finding["location"]["column"]), (&3.into(), &14.into()));
    sandbox.scan(&["report.pdf"]).says(&["report.pdf → page 1:3:14"]);
}

#[test]
fn drawings_in_drawings_and_fonts_with_codes_of_their_own() {
    let hex: String =
        format!("KREA_API_KEY={}", token(0)).bytes().map(|byte| format!("{:04x}", byte + 3)).collect();
    let cmap = "1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0023> <0081> <0020> endbfrange";
    let fonts = "/Resources <</Font <</F1 7 0 R>>>>";
    let objects = [
        packed("/Type /XObject /Subtype /Form /Resources <</XObject <</In 6 0 R>>>>", b"q /In Do Q"),
        packed(&format!("/Type /XObject /Subtype /Form {fonts}"), shows(&format!("<{hex}> Tj")).as_bytes()),
        b"<</Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 8 0 R /DescendantFonts [<</DW 600>>]>>".to_vec(),
        packed("", cmap.as_bytes()),
    ];
    let document = page("/Out Do", "/Resources <</XObject <</Out 5 0 R>>>>", &objects);
    assert_eq!(found(document), ["report.pdf → page 1"]);
}

#[test]
fn objects_in_streams_of_objects() {
    let page = "<</Type /Page /Parent 2 0 R /Contents 4 0 R>>";
    let pages = "<</Type /Pages /Kids [3 0 R] /Count 1>>";
    let stream = format!("2 0 3 {} {pages} {page}", pages.len() + 1);
    let first = stream.find("<<").unwrap();
    let objects = [
        b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
        b"null".to_vec(),
        b"null".to_vec(),
        packed("", shows(&format!("(KREA_API_KEY={}) Tj", token(3))).as_bytes()),
        packed(&format!("/Type /ObjStm /N 2 /First {first}"), stream.as_bytes()),
    ];
    assert_eq!(found(pdf(&objects)), ["report.pdf → page 1"]);
}

#[test]
fn what_stands_beside_the_pages() {
    let keys = zip(&[("app/.env", leak(4).as_bytes())], ::zip::CompressionMethod::Deflated);
    let objects = [
        format!("<</Type /Annot /Subtype /Text /Contents (KREA_API_KEY={})>>", token(0)).into_bytes(),
        format!("<</Type /Annot /Subtype /Widget /FT /Tx /T (KREA_API_KEY) /V ({})>>", token(1)).into_bytes(),
        format!(
            "<</Type /Annot /Subtype /Link /A <</S /URI /URI (https://api.krea.ai/?key={})>>>>",
            token(2)
        )
        .into_bytes(),
        b"<</Type /Filespec /UF (keys.zip) /EF <</F 9 0 R>>>>".to_vec(),
        packed("/Type /EmbeddedFile", &keys),
        packed(
            "/Type /Metadata /Subtype /XML",
            format!("<x:xmpmeta>KREA_API_KEY={}</x:xmpmeta>", token(5)).as_bytes(),
        ),
        packed("", format!("app.alert('KREA_API_KEY={}')", token(6)).as_bytes()),
        b"<</S /JavaScript /JS 11 0 R>>".to_vec(),
    ];
    let ways = found(page(&shows("(text) Tj"), "/Annots [5 0 R 6 0 R 7 0 R]", &objects));
    let expected = [
        "report.pdf → XMP metadata",
        "report.pdf → form field on page 1",
        "report.pdf → keys.zip → app/.env",
        "report.pdf → link on page 1",
        "report.pdf → note on page 1",
        "report.pdf → object 11",
    ];
    assert_eq!(ways, expected);
}

#[test]
fn what_an_earlier_version_said_is_read_as_well() {
    let mut document = page(&shows(&format!("(KREA_API_KEY={}) Tj", token(1))), "", &[]);
    let now = packed("", shows("(nothing here) Tj").as_bytes());
    document.extend(b"4 0 obj\n");
    document.extend(now);
    document.extend(b"\nendobj\ntrailer\n<</Size 5 /Root 1 0 R>>\nstartxref\n0\n%%EOF\n");
    assert_eq!(found(document), ["report.pdf → object 4"]);
}

#[test]
fn documents_in_archives_and_in_the_index() {
    let document = page(&shows(&format!("(KREA_API_KEY={}) Tj", token(1))), "", &[]);
    let sandbox = Sandbox::new();
    sandbox.write("a.zip", zip(&[("docs/report.pdf", &document)], ::zip::CompressionMethod::Stored));
    assert_eq!(ways(&sandbox.jsonl(&["a.zip"]).code(1)), ["a.zip → docs/report.pdf → page 1"]);
    sandbox.write("report.pdf", &document);
    sandbox.git(&["add", "report.pdf"]);
    assert_eq!(ways(&sandbox.jsonl(&["--staged"]).code(1)), ["report.pdf → page 1"]);
}
