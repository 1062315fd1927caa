//! Documents that are encrypted, cut short, bombs, or say what is not so: each trouble is told once, and the rest is read.

use crate::pack::zip;
use crate::support::Sandbox;
use crate::support::program::{Run, leak, token};
use crate::ways::ways;
use ::zip::CompressionMethod::{Deflated, Stored};
use std::fs;

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Override PartName="/x" ContentType="application/vnd.openxmlformats-officedocument.x+xml"/></Types>"#;

/// A package of Microsoft's with these files.
fn office(members: &[(&str, &[u8])]) -> Vec<u8> {
    let all: Vec<_> =
        [("[Content_Types].xml", TYPES.as_bytes())].into_iter().chain(members.iter().copied()).collect();
    zip(&all, Deflated)
}

/// A document of OpenDocument with this content and these other files.
fn open(kind: &str, content: &str, others: &[(&str, &[u8])]) -> Vec<u8> {
    let kind = format!("application/vnd.oasis.opendocument.{kind}");
    let content = format!(
        "<?xml version='1.0'?><office:document-content xmlns:office='urn:o' xmlns:text='urn:t' xmlns:table='urn:b'>\
         <office:body>{content}</office:body></office:document-content>"
    );
    let members = [("mimetype", kind.as_bytes()), ("content.xml", content.as_bytes())];
    zip(&[&members, others].concat(), Deflated)
}

/// A paragraph of Word whose text is in runs of four letters.
fn runs(text: &str) -> String {
    let runs: Vec<_> = text
        .as_bytes()
        .chunks(4)
        .map(|part| format!("<w:r><w:t>{}</w:t></w:r>", String::from_utf8_lossy(part)))
        .collect();
    format!("<w:p>{}</w:p>", runs.concat())
}

fn word(body: &str) -> String {
    format!("<?xml version='1.0'?><w:document xmlns:w='urn:w'><w:body>{body}</w:body></w:document>")
}

fn scan(name: &str, bytes: &[u8]) -> Run {
    let sandbox = Sandbox::empty();
    sandbox.write(name, bytes);
    sandbox.jsonl(&[name])
}

#[test]
fn entity_bombs_are_told_once_and_the_rest_is_read() {
    let mut entities = "<!ENTITY e0 'krea krea krea'>".to_owned();
    for n in 1..40 {
        entities.push_str(&format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10)));
    }
    let document =
        word(&format!("{}<w:p><w:r><w:t>&e39;&e39;</w:t></w:r></w:p>{}", runs(leak(1).trim()), runs("end")));
    let document = document.replacen(
        "<w:document",
        &format!("<!DOCTYPE a [{entities}<!ENTITY f SYSTEM 'file:///etc/passwd'>]><w:document"),
        1,
    );
    let run = scan("a.docx", &office(&[("word/document.xml", document.as_bytes())])).code(1);
    assert_eq!(ways(&run), ["a.docx → text → paragraph 1"]);
    assert_eq!(
        run.incomplete(),
        "a.docx → text: defines entities of its own, which are not expanded; all else in it was read\n"
    );
}

#[test]
fn a_million_rows_that_are_one_are_read_once() {
    let row = format!(
        "<office:spreadsheet><table:table table:name='Keys'>\
         <table:table-row table:number-rows-repeated='1048570'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>\
         <table:table-row table:number-rows-repeated='99999999999999999999'><table:table-cell table:number-columns-repeated='18446744073709551615'>\
         <text:p>x</text:p></table:table-cell><table:table-cell table:number-columns-repeated='18446744073709551615'><text:p>{}</text:p></table:table-cell></table:table-row>\
         <table:table-row><table:table-cell table:number-columns-repeated='1000'><text:p>krea {}</text:p></table:table-cell></table:table-row>\
         </table:table></office:spreadsheet>",
        leak(1).trim(),
        token(2)
    );
    let run = scan("a.ods", &open("spreadsheet", &row, &[])).code(1);
    assert_eq!(run.findings().len(), 2);
    assert_eq!(crate::ways::way(&run.findings()[1]), "a.ods → sheet Keys → cell A1048572");
    assert_eq!(run.incomplete(), "");
}

#[test]
fn documents_with_a_password_are_told() {
    let manifest = "<manifest:manifest xmlns:manifest='urn:m'><manifest:file-entry manifest:full-path='content.xml'>\
        <manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let noise = crate::support::Lcg(5).hex(3000);
    let members: [(&str, &[u8]); 3] = [
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", noise.as_bytes()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
    ];
    let run = scan("a.odt", &zip(&members, Stored)).code(2);
    assert_eq!(
        run.incomplete(),
        "a.odt: is encrypted; open it with its password, save it without one and scan that\n"
    );
}

#[test]
fn books_whose_fonts_are_disguised_are_not_encrypted() {
    let encryption = |method: &str| {
        format!(
            "<encryption xmlns='urn:e'><EncryptedData><EncryptionMethod Algorithm='{method}'/></EncryptedData></encryption>"
        )
    };
    let chapter = format!("<html><body><p>KREA<b>_API_KEY</b>=<i>{}</i></p></body></html>", token(1));
    let book = |method: &str| {
        let encryption = encryption(method);
        let members: [(&str, &[u8]); 3] = [
            ("mimetype", b"application/epub+zip"),
            ("META-INF/encryption.xml", encryption.as_bytes()),
            ("one.xhtml", chapter.as_bytes()),
        ];
        zip(&members, Stored)
    };
    let run = scan("a.epub", &book("http://www.idpf.org/2008/embedding")).code(1);
    assert_eq!((ways(&run), run.incomplete()), (vec!["a.epub → one.xhtml".to_owned()], String::new()));
    let run = scan("a.epub", &book("http://www.w3.org/2001/04/xmlenc#aes128-cbc"));
    assert!(run.incomplete().starts_with("a.epub: is encrypted"), "{}", run.incomplete());
}

#[test]
fn names_that_lead_out_are_only_names() {
    let document = word(&runs(leak(1).trim()));
    let members: [(&str, &[u8]); 3] = [
        ("../../../tmp/krea-scan-slip.xml", document.as_bytes()),
        ("/tmp/krea-scan-slip.env", leak(2).as_bytes()),
        (
            "word/_rels/document.xml.rels",
            b"<Relationships><Relationship Id='a' Target='../../../../etc/passwd'/></Relationships>",
        ),
    ]
    .map(|(name, bytes)| (name, bytes.to_vec().leak() as &[u8]));
    let run = scan("a.docx", &office(&members)).code(1);
    assert_eq!(ways(&run), ["a.docx → /tmp/krea-scan-slip.env", "a.docx → text → paragraph 1"]);
    assert!(
        !fs::exists("/tmp/krea-scan-slip.xml").unwrap() && !fs::exists("/tmp/krea-scan-slip.env").unwrap()
    );
}

#[test]
fn elements_in_elements_without_end_are_told() {
    let deep = word(&format!("{}{}{}", runs(leak(1).trim()), "<w:r>".repeat(1_000_000), runs("x")));
    let run = scan("a.docx", &office(&[("word/document.xml", deep.as_bytes())])).code(1);
    assert_eq!(ways(&run), ["a.docx → text → paragraph 1"]);
    assert_eq!(
        run.incomplete(),
        "a.docx → text: has elements nested deeper than 10000; what stands behind that was read only as it is\n"
    );
}

#[test]
fn a_bomb_in_a_document_is_told_and_the_rest_is_read() {
    let bomb = [word("").as_bytes(), &vec![b' '; 300 << 20]].concat();
    let document = word(&runs(leak(1).trim()));
    let run =
        scan("a.docx", &office(&[("word/header1.xml", &bomb), ("word/document.xml", document.as_bytes())]))
            .code(1);
    assert_eq!(ways(&run), ["a.docx → text → paragraph 1"]);
    let told = run.incomplete();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("a.docx → word/header1.xml: unpacks to more than 200 times its size"), "{told}");
}

#[test]
fn damaged_and_cut_documents_are_read_as_far_as_they_go() {
    let sandbox = super::with("plan.docx");
    let whole = fs::read(sandbox.root().join("plan.docx")).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 37) {
        sandbox.write("cut.docx", &whole[..length]);
        let run = sandbox.jsonl(&["cut.docx"]);
        assert!(
            length < 4 || run.summary()["incomplete"].as_array().unwrap().len() == 1,
            "{length}: {}",
            run.stdout
        );
    }
    let mut lcg = crate::support::Lcg(11);
    for _ in 0..40 {
        let mut bytes = whole.clone();
        for _ in 0..20 {
            let at = lcg.below(bytes.len());
            bytes[at] = u8::try_from(lcg.below(256)).unwrap();
        }
        sandbox.write("cut.docx", &bytes);
        sandbox.jsonl(&["cut.docx"]);
    }
    let broken =
        format!("{}<w:p><w:r w:x=", word(&runs(leak(1).trim())).replace("</w:body></w:document>", ""));
    let run = scan("a.docx", &office(&[("word/document.xml", broken.as_bytes())])).code(1);
    assert_eq!(ways(&run), ["a.docx → text → paragraph 1"]);
    assert_eq!(
        run.incomplete(),
        "a.docx → text: is damaged XML: syntax error: tag not closed: `>` not found before end of input\n"
    );
}

#[test]
fn strings_that_are_too_many_to_place_are_read_by_themselves() {
    let filler = format!("<si><t>{}</t></si>", "some words ".repeat(90));
    let strings = format!(
        "<sst xmlns='urn:spreadsheetml'>{}<si><r><t>KREA_API_</t></r><r><t>KEY={}</t></r></si></sst>",
        filler.repeat(70_000),
        token(1)
    );
    let sheet = "<worksheet xmlns='urn:spreadsheetml'><sheetData><row r='1'><c r='A1' t='s'><v>70000</v></c></row></sheetData></worksheet>";
    let relations = |kind: &str, target: &str| {
        format!(
            "<Relationships><Relationship Id='r1' Type='urn:x/{kind}' Target='{target}'/><Relationship Id='r2' Type='urn:x/sharedStrings' Target='sharedStrings.xml'/></Relationships>"
        )
    };
    let book =
        "<workbook xmlns:r='urn:r'><sheets><sheet name='Keys' sheetId='1' r:id='r1'/></sheets></workbook>";
    let of_book = relations("worksheet", "worksheets/sheet1.xml");
    let of_package = relations("officeDocument", "xl/workbook.xml");
    let members = |strings: &str| {
        office(&[
            ("_rels/.rels", of_package.as_bytes()),
            ("xl/workbook.xml", book.as_bytes()),
            ("xl/_rels/workbook.xml.rels", of_book.as_bytes()),
            ("xl/sharedStrings.xml", strings.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ])
    };
    let run = scan("a.xlsx", &members(&strings)).code(1);
    assert_eq!(ways(&run), ["a.xlsx → strings of all sheets, which are too many to place"]);
    assert_eq!(run.incomplete(), "");
    let few = strings.replace(&filler, "<si><t>x</t></si>");
    assert_eq!(ways(&scan("a.xlsx", &members(&few)).code(1)), ["a.xlsx → sheet Keys → cell A1"]);
    // What was in a cell once is still in the file.
    let left = few.replace("</sst>", &format!("<si><t>krea {}</t></si></sst>", token(2)));
    let run = scan("a.xlsx", &members(&left)).code(1);
    assert_eq!(ways(&run), ["a.xlsx → sheet Keys → cell A1", "a.xlsx → strings that no cell shows"]);
}

#[test]
fn documents_in_documents_keep_their_own_findings() {
    let inner = office(&[("word/document.xml", word(&runs(leak(1).trim())).as_bytes())]);
    let document = word(&runs(leak(1).trim()));
    let outer = office(&[("word/document.xml", document.as_bytes()), ("word/embeddings/inner.docx", &inner)]);
    let run = scan("a.docx", &outer).code(1);
    assert_eq!(
        ways(&run),
        ["a.docx → text → paragraph 1", "a.docx → word/embeddings/inner.docx → text → paragraph 1"]
    );
}
