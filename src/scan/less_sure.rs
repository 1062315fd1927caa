//! What is said of standard input in which nothing is found, though it holds what may be a token: whoever pipes in a token
//! alone gives nothing that says whose it is.

use super::context::{FileNames, ScanContext};
use super::file::FileScanner;
use crate::finding::Finding;
use krea_scan_extract::container::Seekable;
use krea_scan_token::{Confidence, Fingerprint, Token};
use std::collections::BTreeSet;
use std::io::{self, Read as _};

/// Larger inputs are not looked at once more, in bytes: without the prefilter that takes its time. Nor is the text in pictures.
const MOST: u64 = 4 << 20;
/// A token alone is not nearly as long, in bytes.
const MOST_ALONE: usize = 1024;

/// What was looked at once more.
#[derive(Debug, Default)]
pub struct LessSure {
    /// What there is to say, if there is something.
    pub remark: Option<String>,
    /// Tokens that it speaks of.
    pub tokens: Vec<Token>,
}

/// Looks at an input again in which nothing was found: for values of which nothing says whose they are.
///
/// # Errors
/// What reading it answers.
pub fn look(
    context: ScanContext<'_>,
    names: FileNames<'_>,
    input: &mut dyn Seekable,
    size: u64,
) -> io::Result<LessSure> {
    if context.least == Confidence::Low || size > MOST {
        return Ok(LessSure::default());
    }
    let mut scanner = FileScanner::new(ScanContext { least: Confidence::Low, ocr: None, ..context });
    input.rewind()?;
    scanner.file(names, input)?;
    let alone = alone(input)?;
    let findings = scanner.found.findings;
    let remark = match findings.first() {
        Some(first) if first.token.expose() == alone => Some(format!(
            "standard input is one value of a token's shape ({}). Nothing says that it is Krea's, so it is not reported: \
             `--min-confidence low` reports it",
            first.token.redacted()
        )),
        Some(_) => Some(several(&findings)),
        None => named(context, &alone).map(|token| {
            format!(
                "standard input is one value that may be a key of Krea's ({}). Nothing says that it is, so it is not \
                 reported: put a name before it, as in `KREA_API_KEY=…`",
                token.redacted()
            )
        }),
    };
    let tokens = findings.iter().flat_map(Finding::all_readings).cloned().collect();
    Ok(LessSure { remark, tokens })
}

fn several(findings: &[Finding]) -> String {
    let tokens: BTreeSet<Fingerprint> = findings.iter().map(|finding| finding.token.fingerprint()).collect();
    let (values, them) = match tokens.len() {
        1 => ("a value".to_owned(), "it"),
        number => (format!("{number} values"), "them"),
    };
    format!(
        "standard input holds {values} of a token's shape, and nothing says whose: `--min-confidence low` \
         reports {them}"
    )
}

/// What a short input is but for the space around it; nothing for a longer one.
fn alone(input: &mut dyn Seekable) -> io::Result<Vec<u8>> {
    input.rewind()?;
    let mut text = Vec::new();
    input.take(MOST_ALONE as u64 + 1).read_to_end(&mut text)?;
    Ok(if text.len() > MOST_ALONE { Vec::new() } else { text.trim_ascii().to_vec() })
}

/// The token that a text is taken for under a name of Krea's.
fn named(context: ScanContext<'_>, text: &[u8]) -> Option<Token> {
    let line = [b"KREA_API_KEY=", text].concat();
    let found = context.detector.detect(&line, "", None).matches.into_iter().next()?;
    (found.token.expose() == text).then_some(found.token)
}
