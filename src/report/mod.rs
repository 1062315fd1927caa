//! Reports: from an [`Outcome`] to bytes, one small file a format.
//!
//! A report is rendered whole, of an outcome that passed through [`crate::shown`], and written at once. Formats know findings
//! and the summary, and nothing of where they came from. Two runs over the same input give the same bytes, but for
//! the `seconds` of the JSON formats. Nothing here ever shows a secret half.

pub mod explain;
mod github;
mod human;
mod json;
mod place;
mod sarif;
#[cfg(test)]
pub(crate) mod testing;
mod words;

pub use words::closing;
pub(crate) use words::count;

use crate::finding::{Finding, Outcome, RuleInfo};
use crate::shown::{self, OutputStyle, Shown};
use krea_scan_token::mask::{Masker, TextKind};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// For people at a terminal: grouped by token, with what to do next.
    #[default]
    Human,
    /// One JSON document: the findings and the summary.
    Json,
    /// One finding a line, then the summary.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub workflow annotations.
    Github,
}

/// What was scanned. It names the analysis in SARIF, so that a scan of the tree and one of the history stand side
/// by side there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The working tree, or files given by name.
    #[default]
    Tree,
    /// The index against HEAD.
    Staged,
    /// Every object of a repository.
    History,
    /// What a range of commits brought in.
    Range,
    /// Standard input.
    Stdin,
    /// A deployed site.
    Site,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Tree => "tree",
            Mode::Staged => "staged",
            Mode::History => "history",
            Mode::Range => "range",
            Mode::Stdin => "stdin",
            Mode::Site => "site",
        })
    }
}

/// What a report needs beside the outcome.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Whether the human report may use colour.
    pub color: bool,
    /// Whether to list everything, and what was dropped.
    pub verbose: bool,
    /// What was scanned.
    pub mode: Mode,
    /// The rules that ran, for SARIF; a finding's rule that is not among them is added.
    pub rules: &'a [RuleInfo],
    /// The directory that relative paths start from, absolute: the working directory.
    pub base: Option<&'a Path>,
    /// The root of the repository that holds the scanned files, absolute and, like `base`, without symbolic links.
    /// SARIF and annotations name files relative to it.
    pub repository_root: Option<&'a Path>,
}

/// Writes a report.
///
/// # Errors
/// What `out` answers, such as a closed pipe or a full disk. The caller decides what that means.
pub fn write(
    format: ReportFormat,
    outcome: &Outcome,
    context: &Context,
    out: &mut dyn Write,
) -> io::Result<()> {
    let masker =
        Masker::new(outcome.findings.iter().flat_map(Finding::all_readings).chain(&outcome.withheld));
    let style = if format == ReportFormat::Human { OutputStyle::Lines } else { OutputStyle::Values };
    let outcome: &Shown<Outcome> = &shown::outcome(outcome, &masker, style);
    let masked = |path: &Path| PathBuf::from(masker.mask(&path.to_string_lossy(), TextKind::Name));
    let (base, root) = (context.base.map(masked), context.repository_root.map(masked));
    let context = &Context {
        rules: &shown::rules(context.rules, &masker),
        base: base.as_deref(),
        repository_root: root.as_deref(),
        ..*context
    };
    let report = match format {
        ReportFormat::Human => {
            shown::harmless(&human::render(outcome, context).map_err(io::Error::other)?, context.color)
        }
        ReportFormat::Github => {
            let lines = github::render(outcome, context).map_err(io::Error::other)?;
            shown::without_commands(&lines).into_owned()
        }
        ReportFormat::Json => shown::harmless_json(&json::document(outcome)?),
        ReportFormat::Jsonl => shown::harmless_json(&json::lines(outcome)?),
        ReportFormat::Sarif => shown::harmless_json(&sarif::render(outcome, context)?),
    };
    out.write_all(report.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::testing::{Tokens, finding, rendered};
    use super::*;
    use crate::allowance::{Allowance, AllowedBy, Ignored};
    use crate::finding::Hint;
    use crate::location::Location;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use clap::ValueEnum;
    use krea_scan_files::Incomplete;
    use krea_scan_git::GitOrigin;
    use krea_scan_text::Layer;
    use krea_scan_text::LayerKind;
    use krea_scan_token::Status;
    use krea_scan_token::{Token, TokenKind};
    use serde_json::Value;

    /// An outcome that holds `text` wherever a report takes text from.
    fn filled_with(text: &str, token: Token) -> Outcome {
        let mut finding = finding(token, text);
        finding.context = format!("context {text}");
        finding.excerpt = format!("excerpt {text}");
        finding.layers = vec![Layer { kind: LayerKind::Zip, name: text.into(), line: Some(1), column: None }];
        finding.git = Some(GitOrigin {
            path: text.into(),
            commit: Some("c0ffee".repeat(7)),
            author: Some(format!("author {text}")),
            email: Some(text.into()),
            date: Some("2026-06-01T10:00:00Z".into()),
            refs: vec![format!("refs/heads/{text}")],
            ..GitOrigin::default()
        });
        let mut outcome = testing::outcome(vec![finding]);
        outcome.summary.incomplete =
            vec![Incomplete { path: format!("path {text}"), reason: format!("reason {text}") }];
        outcome.summary.hints = vec![Hint {
            fingerprint: outcome.findings[0].token.fingerprint(),
            location: Location { path: text.into(), ..outcome.findings[0].location.clone() },
            what: text.into(),
        }];
        outcome.notes = vec![format!("note {text}")];
        let layers = outcome.findings[0].layers.clone();
        let location = Location { path: text.into(), ..outcome.findings[0].location.clone() };
        let allowance = testing::allowance(AllowedBy::TreeConfig);
        outcome.summary.allowances =
            vec![Allowance { location, layers, rule: text.into(), reason: text.into(), ..allowance }];
        outcome.summary.left_out.add(Ignored { path: format!("left out {text}"), by: text.into() });
        outcome
    }

    /// Every string of a report, as a program reads it: JSON decoded, other formats as they are.
    fn strings(format: ReportFormat, report: &str) -> Vec<String> {
        fn walk(value: Value, strings: &mut Vec<String>) {
            match value {
                Value::String(text) => strings.push(text),
                Value::Array(values) => values.into_iter().for_each(|value| walk(value, strings)),
                Value::Object(fields) => fields.into_iter().for_each(|(_, value)| walk(value, strings)),
                _ => {}
            }
        }
        let mut strings = Vec::new();
        match format {
            ReportFormat::Human | ReportFormat::Github => strings.push(report.to_owned()),
            ReportFormat::Json | ReportFormat::Sarif => {
                walk(serde_json::from_str(report).unwrap(), &mut strings)
            }
            ReportFormat::Jsonl => {
                report.lines().for_each(|line| walk(serde_json::from_str(line).unwrap(), &mut strings));
            }
        }
        strings
    }

    #[test]
    fn no_format_ever_holds_a_secret() {
        let mut tokens = Tokens::new();
        let odd = Tokens::odd_text();
        let cases = [
            (TokenKind::Pair, tokens.text()),
            (TokenKind::Legacy, tokens.text().replace(':', "")),
            (TokenKind::Pair, format!("{}+/{}==", tokens.text(), "a/b+c")),
            (TokenKind::Custom, odd),
        ];
        for (kind, text) in cases {
            let token = Token::new(kind, text.as_bytes());
            let secret = String::from_utf8(token.secret().to_vec()).unwrap();
            let disguises = [
                secret.clone(),
                text.clone(),
                format!("x{}", STANDARD.encode(&text)),
                STANDARD.encode(format!("ab{text}cd")),
                URL_SAFE_NO_PAD.encode(format!("a{text}")),
                percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string(),
                serde_json::to_string(&text).unwrap(),
            ];
            for disguise in disguises {
                let mut outcome = filled_with(&disguise, token.clone());
                for status in [Status::Unverified, Status::Live, Status::Dead] {
                    outcome.findings[0].status = status;
                    for &format in ReportFormat::value_variants() {
                        for color in [false, true] {
                            let context = Context { color, verbose: true, ..Context::default() };
                            let report = rendered(format, &outcome, &context);
                            let core = STANDARD.encode(&secret);
                            for text in strings(format, &report) {
                                assert!(!text.contains(&secret), "{format:?}");
                                assert!(!text.contains(&disguise), "{format:?}");
                                assert!(!text.contains(&core[..core.len() - 4]), "{format:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn two_reports_of_one_outcome_are_equal() {
        let outcome = testing::three_places();
        for &format in ReportFormat::value_variants() {
            let context = Context::default();
            assert_eq!(rendered(format, &outcome, &context), rendered(format, &outcome, &context));
        }
    }

    #[test]
    fn every_report_ends_with_a_newline() {
        for outcome in [Outcome::default(), testing::three_places()] {
            for &format in ReportFormat::value_variants() {
                assert!(rendered(format, &outcome, &Context::default()).ends_with('\n'), "{format:?}");
            }
        }
    }

    #[test]
    fn a_closed_pipe_is_the_callers_to_judge() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error =
            write(ReportFormat::Json, &Outcome::default(), &Context::default(), &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
