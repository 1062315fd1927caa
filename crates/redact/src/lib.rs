//! Takes values out of source code and data: a reference to an environment variable comes in their place, in the words of
//! the text's language.
//!
//! Takes a text and the places of the values in it; gives the new text, proven by a parser to be the old one but for these,
//! or every reason against it. Opens no file, and does not know what the values are.

mod change;
mod code;
mod data;
mod dotenv;
mod go;
mod javascript;
pub mod language;
mod python;
mod shell;
#[cfg(test)]
mod testing;
mod tree;
pub mod variable;
mod yaml;

pub use change::{Problem, ValueCopy};
pub use language::Language;
pub use yaml::is_workflow;

use change::{braced, replaced};

/// The text of the file `path` with a reference to its variable in the place of each copy. A parser proves it to be the old
/// text but for these.
///
/// # Errors
/// Every place that keeps the text from being changed.
pub fn rewrite(
    language: Language,
    path: &str,
    text: &str,
    copies: &[ValueCopy],
) -> Result<String, Vec<Problem>> {
    let one = |problem| vec![problem];
    match language {
        Language::JavaScript => code::redact(text, copies, &javascript::JavaScript { path }),
        Language::Python => code::redact(text, copies, &python::Python),
        Language::Go => code::redact(text, copies, &go::Go),
        Language::Shell => code::redact(text, copies, &shell::Shell),
        Language::Json => data::json(text, copies, |variable| json_reference(path, variable)).map_err(one),
        Language::Toml => data::toml(text, copies, braced).map_err(one),
        Language::Yaml => yaml::yaml(path, text, copies).map_err(one),
        Language::Dotenv => dotenv::dotenv(text, copies).map_err(one),
        Language::Prose => Ok(replaced(text, 0..text.len(), copies, |copy| braced(copy.variable))),
    }
}

/// VS Code and Cursor have a reference of their own in their files.
fn json_reference(path: &str, variable: &str) -> String {
    let path = format!("/{path}");
    match ["/.vscode/", "/.cursor/"].iter().any(|folder| path.contains(folder)) {
        true => format!("${{env:{variable}}}"),
        false => braced(variable),
    }
}
