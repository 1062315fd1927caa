//! Cells that a table wraps, as SQLite's shell does at the width of 60.

use super::{Leaked, assert_found};

/// A table of one record, made by `row` from its cells, whose last cell is wrapped where the column ends.
fn wrapped(leaked: &Leaked, width: usize, rule: &str, row: fn(&[&str], usize) -> String) -> String {
    let token = leaked.text();
    let (above, below) = token.split_at(width);
    let other = "x".repeat(width - 4);
    let head = row(&["env", "fal_key", "krea_key"], width);
    format!("{head}\n{rule}\n{}\n{}\n", row(&["prod", &other, above], width), row(&["", "", below], width))
}

#[test]
fn a_token_in_a_wrapped_cell_is_whole_and_its_column_s() {
    let leaked = Leaked::new(90);
    let columns = |cells: &[&str], width: usize| {
        format!("{:<6}{:<w$}{:<w$}", cells[0], cells[1], cells[2], w = width + 2)
    };
    let rule = format!("----  {0}  {0}", "-".repeat(60));
    assert_found("out.txt", &wrapped(&leaked, 60, &rule, columns), &leaked, "high", &["cells"]);
    let bars =
        |cells: &[&str], w: usize| format!("| {:<4} | {:<w$} | {:<w$} |", cells[0], cells[1], cells[2]);
    let rule = format!("|------|{0}|{0}|", "-".repeat(62));
    assert_found("out.md", &wrapped(&leaked, 60, &rule, bars), &leaked, "high", &["cells"]);
    let drawn =
        |cells: &[&str], w: usize| format!("│ {:<4} │ {:<w$} │ {:<w$} │", cells[0], cells[1], cells[2]);
    let rule = format!("├──────┼{0}┼{0}┤", "─".repeat(62));
    assert_found("out.txt", &wrapped(&leaked, 60, &rule, drawn), &leaked, "high", &["cells"]);
}
