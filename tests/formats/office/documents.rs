//! What is found in documents, and where it is said to be.

use super::with;
use crate::pack;
use crate::support::Sandbox;
use crate::support::program::{Run, token};
use serde_json::Value;

/// The number of a finding's token.
fn number(finding: &Value) -> u64 {
    let prefix = finding["token"]["id_prefix"].as_str().unwrap();
    (0..24).find(|&n| token(n).starts_with(prefix)).unwrap()
}

/// The ways to the tokens of a run, in the order of their numbers.
fn found(run: &Run) -> Vec<(u64, String)> {
    let mut all: Vec<_> =
        run.findings().iter().map(|finding| (number(finding), crate::ways::way(finding))).collect();
    all.sort();
    // What is written twice in one place is told twice.
    all.dedup();
    all
}

/// Every token of a document is found, at these places and no others.
#[track_caller]
fn holds(name: &str, expected: &[(u64, &str)]) {
    let sandbox = with(name);
    let run = sandbox.jsonl(&[name]).code(1);
    let way = |way: &str| if way.is_empty() { name.to_owned() } else { format!("{name} → {way}") };
    let expected: Vec<_> = expected.iter().map(|(n, inside)| (*n, way(inside))).collect();
    assert_eq!(found(&run), expected);
    assert_eq!(run.incomplete(), "");
}

#[test]
fn text_documents_of_word_are_read_as_people_read_them() {
    holds(
        "plan.docx",
        &[
            (0, "text → paragraph 3"),
            (1, "text → row 2 of table 1"),
            (2, "comments → comment by Ann"),
            (3, "text → paragraph 5"),
            (4, "page header 1"),
            (5, "text → paragraph 6"),
            (6, "text → paragraph 1"),
            (7, "text → paragraph 8"),
            (8, "text → paragraph 7"),
            (9, "custom properties → property Krea API key"),
        ],
    );
}

#[test]
fn text_documents_of_open_document_are_read_the_same() {
    holds(
        "plan.odt",
        &[
            (0, "text → paragraph 4"),
            (1, "text → row 2 of table 1"),
            (2, "text → comment by Ann"),
            (3, "text → paragraph 1"),
            (4, "page headers and footers"),
            (6, "text → paragraph 2"),
            (7, "text → paragraph 8"),
            (9, "properties → property Krea API key"),
        ],
    );
}

#[test]
fn sheets_name_their_cells() {
    holds(
        "keys.xlsx",
        &[
            (10, "sheet Keys → cell B2"),
            (11, "sheet Keys → cell C3"),
            (12, "comments on sheet Keys → comment by Ann on A3"),
            (13, "hidden sheet Old keys → cell B7"),
            (14, "workbook → defined name KreaKey"),
            (15, "custom properties → property Krea token"),
        ],
    );
    holds(
        "keys.ods",
        &[
            (10, "sheet Keys → cell B2"),
            (11, "sheet Keys → cell C3"),
            (12, "sheet Keys → comment"),
            (13, "sheet Old keys → cell B7"),
            (14, "content.xml"),
            (15, "properties → property Krea token"),
        ],
    );
    holds(
        "keys.fods",
        &[
            (10, "sheet Keys → cell B2"),
            (11, "sheet Keys → cell C3"),
            (12, "sheet Keys → comment"),
            (13, "sheet Old keys → cell B7"),
            (14, ""),
            (15, "text → property Krea token"),
        ],
    );
}

#[test]
fn slides_are_counted_as_they_are_shown() {
    holds("deck.pptx", &[(16, "hidden slide 3"), (17, "notes of slide 3"), (18, "slide 1")]);
    holds(
        "deck.odp",
        &[(16, "slide 3"), (17, "slide 3 → notes"), (18, "Pictures/TablePreview1.svm"), (18, "slide 1")],
    );
}

#[test]
fn chapters_of_books_are_read_whole() {
    holds(
        "plan.epub",
        &[
            (0, "OEBPS/sections/section0001.xhtml"),
            (1, "OEBPS/sections/section0001.xhtml"),
            (3, "OEBPS/sections/section0001.xhtml"),
            (7, "OEBPS/sections/section0001.xhtml"),
        ],
    );
}

#[test]
fn notebooks_name_their_cells() {
    holds(
        "run.ipynb",
        &[
            (19, "cell 1, attachment shot.png → Comment"),
            (20, "cell 2"),
            (20, "cell 4, output 1"),
            (21, "cell 3"),
            (21, "cell 3, output 1"),
            (22, "cell 4, output 2 → Comment"),
        ],
    );
}

#[test]
fn people_are_told_where_to_look() {
    let sandbox = with("keys.xlsx");
    sandbox.scan(&["keys.xlsx"]).code(1).says(&[
        "keys.xlsx → sheet Keys:3:6 → cell B2",
        "keys.xlsx → comments on sheet Keys:1:7 → comment by Ann on A3",
    ]);
}

#[test]
fn documents_are_read_wherever_they_are() {
    let sandbox = Sandbox::new();
    let book = std::fs::read(with("keys.xlsx").root().join("keys.xlsx")).unwrap();
    sandbox.commit("readme.md", "nothing\n", "Start");
    sandbox.write("keys.xlsx", &book);
    sandbox.git(&["add", "keys.xlsx"]);
    assert_eq!(found(&sandbox.jsonl(&["--staged"]).code(1)).len(), 6);
    sandbox.git(&["commit", "--quiet", "--message", "Add keys"]);
    sandbox.git(&["rm", "--quiet", "keys.xlsx"]);
    sandbox.git(&["commit", "--quiet", "--message", "Remove keys"]);
    let run = sandbox.jsonl(&["--history"]).code(1);
    assert_eq!(found(&run)[0].1, "keys.xlsx → sheet Keys → cell B2");
    let outer = pack::gzip(&pack::tar(&[("old/keys.xlsx", &book)]));
    sandbox.write("old.tgz", outer);
    let run = sandbox.jsonl(&["old.tgz"]).code(1);
    assert_eq!(found(&run)[0], (10, "old.tgz → old/keys.xlsx → sheet Keys → cell B2".to_owned()));
}
