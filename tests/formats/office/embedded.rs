//! Files that saved pages, notebooks and other texts hold in base64.

use crate::pack::zip;
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::ways;
use ::zip::CompressionMethod::Deflated;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// A file in base64 whose text only shows once it is unpacked.
fn packed(n: u64) -> String {
    STANDARD.encode(zip(&[("a.env", leak(n).as_bytes())], Deflated))
}

#[test]
fn files_in_saved_pages_are_opened() {
    let sandbox = Sandbox::empty();
    let page =
        |n| format!("<!DOCTYPE html><title>x</title><img src=\"data:application/zip;base64,{}\">", packed(n));
    sandbox.write("page.html", page(1));
    sandbox.write("style.css", format!("a {{ background: url(data:application/zip;base64,{}) }}", packed(2)));
    sandbox.write("notes.md", format!("# x\n\n[a]: <data:application/zip;base64,{}>\n", packed(3)));
    sandbox.write(
        "data.json",
        json!({ "icon": format!("data:application/zip;base64,{}", packed(4)) }).to_string(),
    );
    // Told by what it is.
    sandbox.write("saved", page(5));
    let expected = ["data.json", "notes.md", "page.html", "saved", "style.css"]
        .map(|name| format!("./{name} → application/zip 1 → a.env"));
    let run = sandbox.jsonl(&["."]).code(1);
    assert_eq!(ways(&run), expected);
    assert_eq!(run.incomplete(), "");
}

#[test]
fn what_a_page_says_by_itself_stays_where_it_is() {
    let sandbox = Sandbox::empty();
    let base64 = STANDARD.encode(leak(2));
    sandbox.write("page.html", format!("<p>{}</p>\n<a href='data:text/plain;base64,{base64}'>", leak(1)));
    let run = sandbox.jsonl(&["page.html"]).code(1);
    assert_eq!(ways(&run), ["page.html", "page.html → text/plain 1"]);
    assert_eq!(run.findings()[0]["location"]["line"], 1);
}

#[test]
fn what_tags_split_in_an_output_of_a_notebook_is_read_whole() {
    let sandbox = Sandbox::empty();
    let token = token(1);
    let (id, secret) = token.split_once(':').unwrap();
    let page = format!("<b>KREA_API_KEY</b>=<i>{id}</i>:<i>{secret}</i>\n");
    let output = json!({ "output_type": "display_data", "data": { "text/html": [page] } });
    let cells = json!([{ "cell_type": "code", "source": "1", "outputs": [output] }]);
    sandbox.write("a.ipynb", json!({ "nbformat": 4, "cells": cells }).to_string());
    assert_eq!(ways(&sandbox.jsonl(&["a.ipynb"]).code(1)), ["a.ipynb → cell 1, output 1"]);
}

#[test]
fn a_page_with_thousands_of_files_is_read_at_once() {
    let sandbox = Sandbox::empty();
    let mut lcg = crate::support::Lcg(3);
    let icon = STANDARD.encode(lcg.hex(6000));
    let mut page = format!("<html><img src=data:image/x;base64,{icon}>").repeat(3000);
    page.push_str(&format!("<img src='data:application/zip;base64,{}'>", packed(1)));
    sandbox.write("page.html", &page);
    let run = sandbox.jsonl(&["page.html"]).code(1);
    assert_eq!(ways(&run), ["page.html → application/zip 3001 → a.env"]);
}

#[test]
fn pictures_and_texts_of_notebooks_are_found_in_their_cells() {
    let sandbox = Sandbox::empty();
    let picture: Vec<String> =
        packed(2).as_bytes().chunks(76).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
    let notebook = json!({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [
            { "cell_type": "markdown", "metadata": {}, "source": ["![shot](attachment:shot.png)"],
              "attachments": { "shot.png": { "image/png": packed(1) } } },
            { "cell_type": "code", "metadata": {}, "execution_count": 1, "source": [format!("KREA_API_KEY = \"{}\"", token(3))],
              "outputs": [
                { "output_type": "stream", "name": "stdout", "text": [leak(4)] },
                { "output_type": "display_data", "metadata": {}, "data": { "image/png": picture, "text/plain": ["<Figure>"] } },
              ] },
        ],
    });
    sandbox.write("a.ipynb", serde_json::to_string_pretty(&notebook).unwrap());
    let run = sandbox.jsonl(&["a.ipynb"]).code(1);
    let found = ways(&run);
    assert!(found.contains(&"a.ipynb → cell 1, attachment shot.png → a.env".to_owned()), "{found:?}");
    assert!(found.contains(&"a.ipynb → cell 2, output 2 → a.env".to_owned()), "{found:?}");
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(run.incomplete(), "");
}

#[test]
fn files_in_texts_in_archives_are_opened() {
    let sandbox = Sandbox::empty();
    let page = format!("<html>{}<img src='data:application/zip;base64,{}'>", "x".repeat(2000), packed(1));
    sandbox.write("site.zip", zip(&[("index.html", page.as_bytes())], Deflated));
    let run = sandbox.jsonl(&["site.zip"]).code(1);
    assert_eq!(ways(&run), ["site.zip → index.html → application/zip 1 → a.env"]);
}

#[test]
fn files_in_documents_of_one_file_and_in_books_are_opened() {
    let sandbox = Sandbox::empty();
    let flat = format!(
        "<?xml version=\"1.0\"?>\n<office:document xmlns:office=\"urn:o\" xmlns:draw=\"urn:d\"><draw:image>\
         <office:binary-data>\n{}\n</office:binary-data></draw:image></office:document>",
        packed(1)
    );
    sandbox.write("a.fodt", flat);
    let run = sandbox.jsonl(&["a.fodt"]);
    assert_eq!(ways(&run), ["a.fodt → embedded file 1 → a.env"]);
    let chapter = format!("<html><body><img src='data:application/zip;base64,{}'/></body></html>", packed(2));
    let members: [(&str, &[u8]); 2] =
        [("mimetype", b"application/epub+zip"), ("one.xhtml", chapter.as_bytes())];
    sandbox.write("a.epub", zip(&members, Deflated));
    let run = sandbox.jsonl(&["a.epub"]);
    assert_eq!(ways(&run), ["a.epub → one.xhtml → application/zip 1 → a.env"]);
}
