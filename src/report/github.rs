//! Annotations for GitHub workflows: `::error file=…,line=…,col=…,title=…::message`, a line each.
//!
//! The runner undoes the escapes of [`github_data`] and [`github_property`] and acts on lines that start with `::`, so that no text
//! from a scanned file may begin one. It shows ten errors and ten warnings of a step; the log has them all.

use super::Context;
use super::place::ReportPlace;
use super::words::{
    Severity, advice, bounded, closing, decoded, name, original, place as whole_place, reading, short,
    status, way,
};
use crate::finding::{Finding, Outcome};
use crate::shown::Shown;
use krea_scan_token::escape::{github_data, github_property};
use std::fmt::{self, Write};

/// Renders an outcome as workflow commands.
pub fn render(outcome: &Shown<Outcome>, context: &Context) -> Result<String, fmt::Error> {
    let mut out = String::new();
    for finding in &outcome.findings {
        annotate(&mut out, finding, context)?;
    }
    let (listed, more) = bounded(&outcome.summary.incomplete, context.verbose);
    for part in listed {
        writeln!(
            out,
            "::warning title=Not read::{}",
            github_data(&format!("{}: {}", part.path, part.reason))
        )?;
    }
    if let Some(more) = more {
        writeln!(out, "::warning title=Not read::{}", github_data(&more))?;
    }
    for remark in &outcome.remarks {
        writeln!(out, "::notice title=krea-scan::{}", github_data(remark))?;
    }
    writeln!(out, "::notice title=krea-scan::{}", github_data(&closing(outcome)))?;
    Ok(out)
}

fn annotate(out: &mut String, finding: &Finding, context: &Context) -> fmt::Result {
    let command = match Severity::of(finding) {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let location = &finding.location;
    let place = ReportPlace::of(&location.path, finding.git.is_some(), context);
    let mut message = format!("{} confidence, {}", finding.confidence, status(finding.status));
    if !finding.context.is_empty() {
        write!(message, ", {}", finding.context)?;
    }
    let is_url = matches!(place, ReportPlace::Url(_));
    if is_url || finding.is_inside() || finding.part().is_some() {
        write!(message, ", in {}", whole_place(location, &finding.layers))?;
    }
    if let Some(layer) = finding.original() {
        write!(message, ", from {}", original(layer))?;
    }
    let decoded = decoded(&finding.layers);
    if !decoded.is_empty() {
        write!(message, ", inside {}", way(&decoded))?;
    }
    if let Some(reading) = reading(finding) {
        write!(message, ", {reading}")?;
    }
    let via: Vec<String> = finding.via.iter().map(|via| whole_place(&via.location, &via.layers)).collect();
    if !via.is_empty() {
        let (listed, more) = bounded(&via, context.verbose);
        let all: Vec<&str> = listed.iter().chain(&more).map(String::as_str).collect();
        write!(message, ", via {}", all.join(" and "))?;
    }
    if let Some(git) = &finding.git
        && let Some(commit) = &git.commit
    {
        write!(message, ", since commit {}", short(commit))?;
    }
    write!(message, ". {}", advice(finding))?;
    let file = github_property(place.as_str());
    let place = match () {
        // It is no file that could be annotated.
        () if is_url => String::new(),
        // Lines of what is inside are no lines of the file.
        () if finding.is_inside() => format!("file={file},"),
        () => format!("file={file},line={},col={},", location.line, location.column),
    };
    writeln!(out, "::{command} {place}title={}::{}", github_property(&name(finding)), github_data(&message))
}

#[cfg(test)]
mod tests {
    use super::super::ReportFormat;
    use super::super::testing::{Tokens, finding, outcome, rendered, three_places};
    use super::*;
    use krea_scan_files::Incomplete;
    use krea_scan_token::Confidence;

    #[test]
    fn each_finding_is_an_annotation() {
        let found = three_places();
        let id = found.findings[0].token.id_prefix().unwrap();
        let revoke = format!(
            "Revoke the row whose id starts with {id} on https://www.krea.ai/app/api/tokens, create a replacement"
        );
        let advice = format!("{revoke}, and remove it from the file.");
        let title = format!("title=Krea token {id}-…%3A••••");
        let expected = [
            format!(
                "::error file=.env,line=3,col=14,{title}::high confidence, not verified, KREA_API_KEY. {advice}"
            ),
            format!(
                "::warning file=dist/app.js.map,line=3,col=14,{title}::medium confidence, not verified, from \
                 src/krea.ts:12:9, inside base64. {advice}"
            ),
            format!(
                "::error file=old/.env,line=3,col=14,{title}::high confidence, not verified, KREA_API_KEY, since \
                 commit c0ffee12c0ff. {revoke}."
            ),
            "::notice title=krea-scan::1 token in 3 places. Read 5,012 files, 0 blobs, 41.2 MB; everything was \
             read.\n"
                .to_owned(),
        ];
        assert_eq!(rendered(ReportFormat::Github, &found, &Context::default()), expected.join("\n"));
    }

    #[test]
    fn names_cannot_forge_commands() {
        let mut found = outcome(vec![finding(Tokens::new().pair(), "a,b:100%\n::error::x\u{1b}")]);
        found.findings[0].confidence = Confidence::Low;
        found.findings[0].context = "50%\n::add-mask::x".into();
        found.summary.incomplete = vec![Incomplete { path: "x\r\n::y".into(), reason: "1%".into() }];
        let text = rendered(ReportFormat::Github, &found, &Context::default());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let file = "::notice file=a%2Cb%3A100%25%0A%3A%3Aerror%3A%3Ax\\u{1b},line=3,";
        assert!(lines[0].starts_with(file), "{}", lines[0]);
        assert!(lines[0].contains("50%25\\n::add-mask::x"), "{}", lines[0]);
        assert_eq!(lines[1], "::warning title=Not read::x\\r\\n::y: 1%25");
        assert!(lines[2].starts_with("::notice title=krea-scan::1 token in 1 place."));
    }
}
