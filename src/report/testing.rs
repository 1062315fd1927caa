//! Outcomes to test reports with. Tokens are made at run time from a fixed seed: no file holds one.

use super::{Context, ReportFormat, write};
use crate::allowance::{Allowance, AllowedBy};
use crate::finding::{Finding, Outcome};
use crate::location::Location;
use krea_scan_git::GitOrigin;
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
pub use krea_scan_token::testing::Tokens;
use krea_scan_token::{Confidence, Readings, Status, Token};
use std::collections::BTreeSet;

/// A finding that something allows.
pub fn allowance(by: AllowedBy) -> Allowance {
    let finding = finding(Tokens::new().pair(), "allowed.env");
    Allowance {
        location: finding.location,
        layers: Vec::new(),
        fingerprint: finding.token.fingerprint(),
        rule: finding.rule,
        by,
        reason: "made up".into(),
    }
}

/// A finding of `token` at `path`, line 3, column 14.
pub fn finding(token: Token, path: &str) -> Finding {
    Finding {
        rule: "krea-api-token".into(),
        confidence: Confidence::High,
        excerpt: format!("KREA_API_KEY={}", token.redacted()),
        token,
        location: Location { path: path.into(), line: 3, column: 14, byte_offset: 40 },
        layers: Vec::new(),
        via: Vec::new(),
        readings: Readings::default(),
        context: "KREA_API_KEY".into(),
        is_copy: false,
        git: None,
        status: Status::Unverified,
        status_reason: String::new(),
    }
}

/// An outcome with these findings, and a summary that fits them.
pub fn outcome(findings: Vec<Finding>) -> Outcome {
    let mut outcome = Outcome { findings, ..Outcome::default() };
    let tokens: BTreeSet<_> = outcome.findings.iter().map(|finding| finding.token.fingerprint()).collect();
    outcome.summary.tokens = tokens.len() as u64;
    outcome.summary.findings = outcome.findings.len() as u64;
    outcome.summary.files = 5012;
    outcome.summary.bytes = 41_234_567;
    outcome
}

/// One token in a file, in a source map and in a commit.
pub fn three_places() -> Outcome {
    let token = Tokens::new().pair();
    let plain = finding(token.clone(), ".env");
    let mut mapped = finding(token.clone(), "dist/app.js.map");
    mapped.layers = vec![
        Layer { kind: LayerKind::SourceMap, name: "src/krea.ts".into(), line: Some(12), column: Some(9) },
        Layer::unnamed(LayerKind::Base64),
    ];
    mapped.context = String::new();
    mapped.confidence = Confidence::Medium;
    let mut old = finding(token, "old/.env");
    old.git = Some(origin());
    outcome(vec![plain, mapped, old])
}

/// Where a commit brought something in that HEAD no longer holds.
pub fn origin() -> GitOrigin {
    GitOrigin {
        blob: "b10b".repeat(10),
        commit: Some("c0ffee12".repeat(5)),
        path: "old/.env".into(),
        author: Some("Jane Doe".into()),
        email: Some("jane@example.com".into()),
        date: Some("2026-06-01T10:00:00+02:00".into()),
        refs: vec!["refs/heads/main".into()],
        in_head: false,
        reachable: true,
        is_opaque: false,
    }
}

/// A report as text.
pub fn rendered(format: ReportFormat, outcome: &Outcome, context: &Context) -> String {
    let mut bytes = Vec::new();
    write(format, outcome, context, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
