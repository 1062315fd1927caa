//! JSON for programs: one document, or one line a finding. The fields are a contract that others read.

use crate::finding::{DerivedLocation, Finding, Outcome, Summary};
use crate::location::Location;
use crate::shown::Shown;
use krea_scan_git::GitOrigin;
#[cfg(feature = "incident")]
use krea_scan_service::incident;
use krea_scan_text::Layer;
use krea_scan_token::{Confidence, Fingerprint, Status, TokenKind};
use serde::Serialize;
use std::io;

/// A finding as programs read it.
#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    confidence: Confidence,
    fingerprint: Fingerprint,
    token: TokenEntry,
    location: &'a Location,
    layers: &'a [Layer],
    #[serde(skip_serializing_if = "<[DerivedLocation]>::is_empty")]
    via: &'a [DerivedLocation],
    context: &'a str,
    /// There only where the id half was repaired; see [`Readings::as_read`](krea_scan_token::Readings::as_read).
    #[serde(skip_serializing_if = "Option::is_none")]
    as_read: Option<&'a str>,
    /// There only where the token's true text may be none that is known: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    git: Option<&'a GitOrigin>,
    status: Status,
    #[serde(skip_serializing_if = "str::is_empty")]
    status_reason: &'a str,
    excerpt: &'a str,
}

/// What may be told of a token.
#[derive(Serialize)]
struct TokenEntry {
    kind: TokenKind,
    id_prefix: Option<String>,
    redacted: String,
}

impl<'a> From<&'a Finding> for JsonFinding<'a> {
    fn from(finding: &'a Finding) -> Self {
        JsonFinding {
            rule: &finding.rule,
            confidence: finding.confidence,
            fingerprint: finding.token.fingerprint(),
            token: TokenEntry {
                kind: finding.token.kind(),
                id_prefix: finding.token.id_prefix(),
                redacted: finding.token.redacted(),
            },
            location: &finding.location,
            layers: &finding.layers,
            via: &finding.via,
            context: &finding.context,
            as_read: finding.readings.as_read(),
            doubt: finding.readings.doubt().map(|doubt| doubt.to_string()),
            git: finding.git.as_ref(),
            status: finding.status,
            status_reason: &finding.status_reason,
            excerpt: &finding.excerpt,
        }
    }
}

/// What stands behind the findings; in `jsonl`, the last line.
#[derive(Serialize)]
struct JsonTail<'a> {
    summary: &'a Summary,
    #[cfg(feature = "incident")]
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a incident::Report>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    plan: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    left_to_do: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    remarks: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

impl<'a> From<&'a Outcome> for JsonTail<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        JsonTail {
            summary: &outcome.summary,
            #[cfg(feature = "incident")]
            incident: outcome.incident.as_ref(),
            plan: &outcome.plan,
            left_to_do: &outcome.left_to_do,
            remarks: &outcome.remarks,
            notes: &outcome.notes,
        }
    }
}

/// The whole of it.
#[derive(Serialize)]
struct Document<'a> {
    findings: Vec<JsonFinding<'a>>,
    #[serde(flatten)]
    tail: JsonTail<'a>,
}

/// `{"findings": […], "summary": …}`, on one line.
pub fn document(outcome: &Shown<Outcome>) -> io::Result<String> {
    let findings = outcome.findings.iter().map(JsonFinding::from).collect();
    line(&Document { findings, tail: (&**outcome).into() })
}

/// One finding a line, then `{"summary": …}`.
pub fn lines(outcome: &Shown<Outcome>) -> io::Result<String> {
    let findings = outcome.findings.iter().map(|finding| line(&JsonFinding::from(finding)));
    findings.chain([line(&JsonTail::from(&**outcome))]).collect()
}

fn line(value: &impl Serialize) -> io::Result<String> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Tokens, finding, origin, outcome, rendered, three_places};
    use super::super::{Context, ReportFormat};
    use super::*;
    use krea_scan_text::LayerKind;
    use serde_json::{Value, json};

    #[test]
    fn a_line_is_the_contracts() {
        let token = Tokens::new().pair();
        let (id, fingerprint) = (token.id_prefix().unwrap(), token.fingerprint());
        let mut found = finding(token, "dist/app.js.map");
        found.layers.push(Layer {
            kind: LayerKind::SourceMap,
            name: "src/krea.ts".into(),
            line: Some(12),
            column: Some(9),
        });
        found.git = Some(GitOrigin { commit: None, author: None, ..origin() });
        let git = concat!(
            r#"{"blob":"b10bb10bb10bb10bb10bb10bb10bb10bb10bb10b","commit":null,"path":"old/.env","#,
            r#""author":null,"email":"jane@example.com","date":"2026-06-01T10:00:00+02:00","#,
            r#""refs":["refs/heads/main"],"in_head":false,"reachable":true}"#
        );
        let expected = format!(
            concat!(
                r#"{{"rule":"krea-api-token","confidence":"high","fingerprint":"{fingerprint}","#,
                r#""token":{{"kind":"pair","id_prefix":"{id}","redacted":"{id}-…:••••"}},"#,
                r#""location":{{"path":"dist/app.js.map","line":3,"column":14,"byte_offset":40}},"#,
                r#""layers":[{{"kind":"source-map","name":"src/krea.ts","line":12,"column":9}}],"#,
                r#""context":"KREA_API_KEY","git":{git},"status":"unverified","#,
                r#""excerpt":"KREA_API_KEY={id}-…:••••"}}"#
            ),
            fingerprint = fingerprint,
            id = id,
            git = git
        );
        let text = rendered(ReportFormat::Jsonl, &outcome(vec![found]), &Context::default());
        assert_eq!(text.lines().next().unwrap(), expected);
    }

    #[test]
    fn the_summary_is_the_last_line() {
        let text = rendered(ReportFormat::Jsonl, &three_places(), &Context::default());
        assert_eq!(text.lines().count(), 4);
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let summary = &last["summary"];
        assert_eq!((&summary["findings"], &summary["tokens"]), (&json!(3), &json!(1)));
        for key in ["files", "blobs", "bytes", "incomplete", "seconds", "allowed", "placeholders", "hints"] {
            assert!(!summary[key].is_null(), "{key}");
        }
        assert_eq!((&summary["allowances"], &summary["left_out"]["paths"]), (&json!([]), &json!(0)));
    }

    #[test]
    fn the_document_holds_the_same_findings() {
        let outcome = three_places();
        let document: Value =
            serde_json::from_str(&rendered(ReportFormat::Json, &outcome, &Context::default())).unwrap();
        let lines = rendered(ReportFormat::Jsonl, &outcome, &Context::default());
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(document["findings"].as_array().unwrap()[..], lines[..3]);
        assert_eq!(document["summary"], lines[3]["summary"]);
    }

    #[test]
    fn a_legacy_key_has_no_id_and_a_file_has_no_git() {
        let legacy = finding(Tokens::new().legacy(), ".env");
        let text = rendered(ReportFormat::Jsonl, &outcome(vec![legacy]), &Context::default());
        let entry: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(entry["token"], json!({"kind": "legacy", "id_prefix": null, "redacted": "••••"}));
        assert!(entry.get("git").is_none());
    }
}
