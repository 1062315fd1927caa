//! The pictures in Jupyter notebooks: what was attached to a cell and what a cell has drawn, in base64 without more
//! (nbformat 3 and 4).
//!
//! One pass over the JSON that holds no value: where a value stands is known by the names and numbers on the way to it.

pub mod names;

use crate::container::Walk;
use crate::container::document::embedded::{EmbeddedText, embedded_file, ending};
use crate::container::json_lexer::{JsonLexer, JsonToken};
use crate::has_ending;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::bounded;
use std::io::{self, Read};

/// What is deeper is passed over.
const MAX_DEPTH: usize = 32;
/// The longest name, in bytes.
const MAX_NAME: usize = 200;
/// How names of files start or are whose content is in base64: media types, and what nbformat 3 had for them.
const TYPES: [&str; 5] = ["image/", "application/pdf", "audio/", "video/", "application/octet-stream"];
const OLD_TYPES: [&str; 4] = ["png", "jpeg", "gif", "pdf"];

/// Whether a file is a notebook.
pub fn is_notebook(head: &[u8], name: &str) -> bool {
    has_ending(name, names::ENDING) && head.trim_ascii_start().first() == Some(&b'{')
}

/// Whether anything in a file may be in base64.
pub fn may_hold(bytes: &[u8]) -> bool {
    let has = |name: &str| memchr::memmem::find(bytes, name.as_bytes()).is_some();
    TYPES.iter().any(|name| has(name)) || OLD_TYPES.iter().any(|name| has(&format!("\"{name}\"")))
}

/// A list or an object that is open.
#[derive(Debug, Default)]
struct OpenNode {
    is_object: bool,
    /// The name of the field that comes or is open; of a list, the name of the list.
    name: String,
    /// Which item of a list comes or is open, from 0.
    item: u64,
    /// A name comes next.
    wants_name: bool,
}

/// Reads the pictures in a notebook.
pub fn read_notebook(walk: &mut Walk<'_>, input: &mut dyn Read) -> io::Result<()> {
    let mut lexer = JsonLexer::new(EmbeddedText::new(input), 0);
    let (mut open, mut deeper): (Vec<OpenNode>, u64) = (Vec::new(), 0);
    loop {
        let is_value = deeper == 0 && open.last().is_some_and(|open| !open.wants_name);
        if let Some(file) = is_value.then(|| file(&open)).flatten()
            && lexer.open_text()?
        {
            let in_list = open.last().is_some_and(|open| !open.is_object);
            let mut content = embedded_file(lexer.input(), in_list);
            walk.member(Layer::named(LayerKind::Attachment, &file.shown), &file.name, &mut content)?;
            io::copy(&mut content, &mut io::sink())?;
            lexer.text()?;
        }
        match lexer.next()? {
            None => return Ok(()),
            Some(JsonToken::Open { .. }) if open.len() >= MAX_DEPTH || deeper > 0 => deeper += 1,
            Some(JsonToken::Open { is_object: true }) => {
                open.push(OpenNode { is_object: true, wants_name: true, ..OpenNode::default() });
            }
            Some(JsonToken::Open { .. }) => {
                let name = open.last().map(|open| open.name.clone()).unwrap_or_default();
                open.push(OpenNode { name, ..OpenNode::default() });
            }
            Some(JsonToken::Close) if deeper > 0 => deeper -= 1,
            Some(JsonToken::Close) => drop(open.pop()),
            Some(JsonToken::Comma) if deeper == 0 => {
                if let Some(open) = open.last_mut() {
                    open.item += 1;
                    open.wants_name = open.is_object;
                }
            }
            Some(JsonToken::Text(_, text)) if deeper == 0 => {
                if let Some(open) = open.last_mut().filter(|open| open.wants_name) {
                    (open.name, open.wants_name) = (name(&text), false);
                }
            }
            Some(_) => {}
        }
    }
}

/// A name, up to an escape, and cut where it is too long.
fn name(text: &[u8]) -> String {
    let length = memchr::memchr(b'\\', text).unwrap_or(text.len()).min(MAX_NAME);
    // What is cut ends in a word that may be half a secret.
    bounded(&String::from_utf8_lossy(&text[..length]), MAX_NAME - 1).into_owned()
}

struct NotebookFile {
    shown: String,
    name: String,
}

/// The file whose content stands where these lead to, if one does.
fn file(open: &[OpenNode]) -> Option<NotebookFile> {
    let kind = &open.last()?.name;
    let is_new = TYPES.iter().any(|known| kind.starts_with(known)) && !kind.ends_with("+xml");
    let in_output = open.iter().rev().skip(1).find(|open| !open.is_object);
    let is_old = OLD_TYPES.contains(&kind.as_str()) && in_output.is_some_and(|list| list.name == "outputs");
    if !is_new && !is_old {
        return None;
    }
    let item =
        |name: &str| open.iter().find(|open| !open.is_object && open.name == name).map(|open| open.item + 1);
    let mut shown = item("cells").map_or_else(|| "notebook".to_owned(), |cell| format!("cell {cell}"));
    let mut name = format!("picture.{}", ending(kind));
    if let Some(output) = item("outputs") {
        shown.push_str(&format!(", output {output}"));
    }
    if let Some(attachments) = open.iter().position(|open| open.is_object && open.name == "attachments")
        && let Some(attached) = open.get(attachments + 1)
    {
        name.clone_from(&attached.name);
        shown.push_str(&format!(", attachment {name}"));
    }
    Some(NotebookFile { shown, name })
}

#[cfg(test)]
mod tests {
    use crate::container::testing::collect;

    #[test]
    fn pictures_are_found_in_both_formats() {
        let notebook = r#" {"nbformat": 4, "cells": [
            {"cell_type": "markdown", "source": "![](attachment:a \"b\".png)",
             "attachments": {"shot.png": {"image/png": "Y2VsbCBvbmUgYXR0YWNobWVudA=="}}},
            {"cell_type": "code", "source": ["\"image/png\": \"YQ==\""], "outputs": [
              {"output_type": "stream", "text": "[{"},
              {"data": {"text/plain": ["<Figure>"], "image/jpeg": ["Y2VsbCB0d28g\n", "b3V0cHV0IHR3bw=="], "image/svg+xml": "<svg/>"}}
            ]}]}"#;
        let found = collect("a.ipynb", notebook.as_bytes()).members;
        let file = |way: &str, text: &str| (format!("attachment {way}"), text.to_owned());
        assert_eq!(
            found,
            [
                file("cell 1, attachment shot.png", "cell one attachment"),
                file("cell 2, output 2", "cell two output two"),
            ]
        );
        let old =
            r#"{"nbformat": 3, "worksheets": [{"cells": [{"outputs": [{"png": "b2xkIG91dHB1dA==\n"}]}]}]}"#;
        assert_eq!(collect("a.ipynb", old.as_bytes()).members, [file("cell 1, output 1", "old output")]);
    }

    #[test]
    fn depth_and_damage_end_well() {
        let deep = format!("{{\"image/png\": {}", "[{\"cells\":".repeat(100_000));
        assert!(collect("a.ipynb", deep.as_bytes()).members.is_empty());
        let cut = r#"{"cells": [{"attachments": {"a.png": {"image/png": "Y2VsbCBvbmUgYXR0"#;
        assert_eq!(collect("a.ipynb", cut.as_bytes()).members[0].1, "cell one att");
        let end = r#"{"image/png": "\"#;
        assert!(collect("a.ipynb", end.as_bytes()).unread.is_empty());
    }
}
