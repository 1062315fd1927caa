//! Taking tokens out of files with `--redact`, and out of a history with `--replacements`.

mod files;
mod replacements;
#[path = "../support/mod.rs"]
mod support;
