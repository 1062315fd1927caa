//! Cells of Jupyter notebooks and what they gave (nbformat 3 and 4), counted from 1, as people count them.

use crate::parts::json::JsonPlace;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;

/// How names of notebooks end.
pub const ENDING: &str = ".ipynb";

/// The cell that a place is in, and which of its outputs.
pub fn name(place: &JsonPlace<'_>) -> Option<Layer> {
    // In nbformat 3 cells are in worksheets.
    let cells = [1, 3].into_iter().find(|&step| place.field(step) == Some("cells"))?;
    place.ask(0, "nbformat", |notebook| notebook.text("/nbformat"))?;
    let cell = place.number(cells + 1)?;
    let output = match place.field(cells + 2) {
        Some("outputs") => place.number(cells + 3).map(|output| format!(", output {output}")),
        Some("metadata") => Some(", its metadata".to_owned()),
        _ => None,
    };
    Some(Layer::named(LayerKind::Cell, &format!("cell {cell}{}", output.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use crate::parts::name;

    /// What the place of each `@` in a notebook is called.
    fn names(notebook: &str) -> Vec<String> {
        let offsets: Vec<usize> = notebook.match_indices('@').map(|(at, _)| at).collect();
        let ways = name("a.ipynb", notebook.as_bytes(), &offsets);
        ways.iter().map(|way| way.iter().map(|layer| layer.name.as_str()).collect()).collect()
    }

    #[test]
    fn places_are_named_by_cell_and_output() {
        let notebook = r#"{"nbformat": 4, "metadata": {"a": "@"}, "cells": [{"source": ["x", "@"], "metadata": {"b": "@"}},
            {"outputs": [{"text": "no"}, {"data": {"text/html": ["<b>", "@"]}}], "source": "@"}]}"#;
        assert_eq!(names(notebook), ["", "cell 1", "cell 1, its metadata", "cell 2, output 2", "cell 2"]);
        let old = r#"{"nbformat": 3, "worksheets": [{"cells": [{"input": ["@"]}, {"outputs": [{"text": ["@"]}]}]}]}"#;
        assert_eq!(names(old), ["cell 1", "cell 2, output 1"]);
    }
}
