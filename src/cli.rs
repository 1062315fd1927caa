//! The command line.

use crate::finding::Confidence;
use crate::report::Format;
use clap::{ArgGroup, Parser, ValueEnum};
use std::path::PathBuf;

/// Find leaked Krea API tokens in source, history and build output.
///
/// Reads the working tree unless told otherwise. Prints where each token is, never its secret half.
#[derive(Debug, Parser)]
#[command(
    name = "krea-scan",
    version,
    after_help = "Exit code: 0 nothing found, everything read; 1 tokens found; 2 not done, or not all read.\nMore with --help.",
    after_long_help = "Exit code:\n  0  nothing found and everything read\n  1  tokens found\n  2  could not do the job, or something could not be read and nothing was found\n\nExamples:\n  krea-scan                          the working tree\n  krea-scan --staged                 what the next commit would bring in\n  krea-scan --history                every object of the repository\n  krea-scan --range origin/main..    what this branch brings in\n  krea-scan -f sarif -o out.sarif    for code scanning\n  kubectl get secrets -o yaml | krea-scan --stdin"
)]
#[command(group = ArgGroup::new("acts").args(["redact"]))]
#[command(group = ArgGroup::new("mode").args(["staged", "history", "range", "stdin", "pre_commit", "check_rules"]))]
pub struct Cli {
    /// Files, folders or, with --staged, --history and --range, the repository; - is stdin
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Scan the index against HEAD: what `git commit` would commit
    #[arg(long, help_heading = "What to scan")]
    pub staged: bool,

    /// Scan every object of the repository, reachable or not
    #[arg(long, help_heading = "What to scan")]
    pub history: bool,

    /// Scan what the commits in A..B brought in
    #[arg(long, value_name = "A..B", help_heading = "What to scan")]
    pub range: Option<String>,

    /// Scan standard input
    #[arg(long, help_heading = "What to scan")]
    pub stdin: bool,

    /// Run as pre-commit's hook: scan the files it names, or the commits it is about to push
    #[arg(long, hide_short_help = true, help_heading = "What to scan")]
    pub pre_commit: bool,

    /// Read everything: heed no ignore file, and read `.git`
    #[arg(long, help_heading = "How to read")]
    pub no_ignore: bool,

    /// Do not read files above this size, such as 10M, and say so
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "How to read")]
    pub max_size: Option<u64>,

    /// Do not go deeper than this many folders
    #[arg(long, value_name = "N", hide_short_help = true, help_heading = "How to read")]
    pub max_depth: Option<usize>,

    /// Follow symbolic links
    #[arg(long, help_heading = "How to read")]
    pub follow: bool,

    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N", hide_short_help = true, help_heading = "How to read")]
    pub threads: Option<usize>,

    /// Add a team's own rules, in Gitleaks' format; can be repeated
    #[arg(long, value_name = "FILE|DIR", help_heading = "What counts")]
    pub rules: Vec<PathBuf>,

    /// Prove every rule on its own examples, and scan nothing
    #[arg(long, help_heading = "What counts")]
    pub check_rules: bool,

    /// Least confidence: low, medium or high
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "medium",
        hide_possible_values = true,
        help_heading = "What counts"
    )]
    pub min_confidence: Confidence,

    /// Use this file, not the .krea-scan.toml of the scanned tree
    #[arg(long, value_name = "FILE", help_heading = "What counts")]
    pub config: Option<PathBuf>,

    /// Do not report what this baseline knows
    #[arg(long, value_name = "FILE", help_heading = "What counts")]
    pub baseline: Option<PathBuf>,

    /// Write a baseline of all that is found, and report none of it
    #[arg(long, value_name = "FILE", help_heading = "What counts")]
    pub write_baseline: Option<PathBuf>,

    /// Replace found tokens in files by references to the environment; shows the changes and asks
    #[arg(
        long,
        conflicts_with_all = ["mode", "follow", "write_baseline", "format", "output"],
        hide_short_help = true,
        help_heading = "Clean up"
    )]
    pub redact: bool,

    /// Write a file for `git filter-repo --replace-text`; it holds the found tokens
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["redact", "check_rules"],
        hide_short_help = true,
        help_heading = "Clean up"
    )]
    pub replacements: Option<PathBuf>,

    /// Go ahead without asking
    #[arg(long, requires = "acts", hide_short_help = true, help_heading = "Clean up")]
    pub yes: bool,

    /// Show what would be done, and do nothing
    #[arg(
        long,
        requires = "acts",
        conflicts_with = "yes",
        hide_short_help = true,
        help_heading = "Clean up"
    )]
    pub dry_run: bool,

    /// Write it as human, json, jsonl, sarif or github
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "human",
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub format: Format,

    /// Write the report to this file
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// Print the report only when there is something to report
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    /// List everything that was not read, and allowances that no longer match
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    pub verbose: bool,

    /// Colour the report: auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub color: When,

    /// Show no progress on standard error
    #[arg(long, hide_short_help = true, help_heading = "Output")]
    pub no_progress: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// At a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `10`, `10k`, `10M`, `1G`: bytes in powers of 1024.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        other => return Err(format!("{other:?} is not a unit; use k, M or G")),
    };
    let number: u64 = digits.parse().map_err(|_| "expected a number, such as 10M".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "that is more bytes than there are".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("10M"), Ok(10 << 20));
        assert_eq!(parse_size("7"), Ok(7));
        assert!(
            parse_size("x").is_err() && parse_size("10q").is_err() && parse_size("99999999999G").is_err()
        );
    }
}
