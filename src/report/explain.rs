//! `--explain`: what was decided of each value of a token's shape, and the evidence. Takes an outcome; writes text for people.
//! Shows no value but redacted.

use super::words;
use crate::finding::{Explained, Finding, Outcome};
use crate::shown::{self, OutputStyle, Shown};
use krea_scan_token::escape::visible;
use krea_scan_token::mask::Masker;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Takes `PATH:LINE` apart. A path that is there as it is written has no line.
pub fn split(place: &Path) -> (PathBuf, Option<u64>) {
    let whole = (place.to_path_buf(), None);
    if place.exists() {
        return whole;
    }
    let Some((path, line)) = place.to_str().and_then(|text| text.rsplit_once(':')) else { return whole };
    line.parse().map_or(whole, |line| (PathBuf::from(path), Some(line)))
}

/// Writes what was decided, value by value.
///
/// # Errors
/// When it cannot be written.
pub fn write(outcome: &Outcome, line: Option<u64>, out: &mut dyn Write) -> io::Result<()> {
    let readings = outcome.findings.iter().flat_map(Finding::all_readings);
    let masker = Masker::new(readings.chain(&outcome.withheld));
    let outcome: &Shown<Outcome> = &shown::outcome(outcome, &masker, OutputStyle::Lines);
    if outcome.explained.is_empty() {
        let place = line.map(|line| format!(" on line {line}")).unwrap_or_default();
        writeln!(
            out,
            "No value{place} has the shape of a token. --check-rules shows what the rules look for."
        )?;
    }
    for explained in &outcome.explained {
        one(explained, out)?;
    }
    for part in &outcome.summary.incomplete {
        writeln!(out, "not read: {}: {}", visible(&part.path), visible(&part.reason))?;
    }
    Ok(())
}

fn one(explained: &Explained, out: &mut dyn Write) -> io::Result<()> {
    let place = words::place(&explained.location, &explained.layers);
    writeln!(out, "{place}: {} ({})", visible(&explained.value), visible(&explained.rule))?;
    writeln!(out, "   {}", explained.decision)?;
    if explained.evidence.is_empty() {
        writeln!(out, "   nothing says whose it is")?;
    }
    for (number, evidence) in explained.evidence.iter().enumerate() {
        writeln!(out, "   {}. {}", number + 1, visible(evidence))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_from_a_path() {
        assert_eq!(split(Path::new("no/such.env:12")), (PathBuf::from("no/such.env"), Some(12)));
        assert_eq!(split(Path::new("no/such.env")), (PathBuf::from("no/such.env"), None));
        assert_eq!(split(Path::new("no/such:x")), (PathBuf::from("no/such:x"), None));
    }
}
