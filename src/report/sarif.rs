//! SARIF 2.1.0, for code scanning: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
//!
//! Carries what GitHub asks of an upload (its page "SARIF support for code scanning"): rules with descriptions, help
//! and a security severity, paths from the repository's root, stable fingerprints. GitHub shows the 5,000 gravest of a
//! run's results and rejects a run of more than 25,000, or a file above 10 MB when compressed; nothing is cut here.
//! There are no snippets: code scanning shows the file itself.

use super::Context;
use super::place::ReportPlace;
use super::words::{Severity, advice, is_past, name, original, place as whole_place, reading, status, way};
use crate::finding::RuleInfo;
use crate::finding::{DerivedLocation, Finding, Outcome};
use crate::shown::Shown;
use krea_scan_text::{Layer, containers};
use krea_scan_token::{MASK, TOKENS_PAGE, TokenKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io;

/// The schema's address, as GitHub's examples name it.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The root that relative paths start from.
const ROOT: &str = "%SRCROOT%";

/// A leaked credential lets anybody in: critical, on GitHub's scale over 9.0.
const SECURITY_SEVERITY: &str = "9.1";

/// GitHub shows this many characters of a rule's description.
const DESCRIPTION_CHARS: usize = 1024;

/// Renders an outcome as a SARIF log of one run.
pub fn render(outcome: &Shown<Outcome>, context: &Context) -> io::Result<String> {
    let rules = rules(outcome, context);
    let index: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), at)).collect();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = outcome
        .findings
        .iter()
        .map(|finding| {
            let place = ReportPlace::of(&finding.location.path, finding.git.is_some(), context);
            let uri = place.uri();
            let fingerprint = finding.token.fingerprint().to_string();
            let occurrence: &mut u64 = seen.entry((uri, fingerprint.clone())).or_default();
            *occurrence += 1;
            let mut result = result(finding, &place, &fingerprint, *occurrence);
            if let ReportPlace::Url(address) = &place {
                result["properties"]["address"] = json!(address);
            }
            let related = related(finding, context);
            if !related.is_empty() {
                result["relatedLocations"] = json!(related);
            }
            if let Some(at) = index.get(finding.rule.as_str()) {
                result["ruleIndex"] = json!(at);
            }
            result
        })
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "krea-scan",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(descriptor).collect::<Vec<_>>(),
            }},
            // GitHub reads "category/run": the mode is part of the category, and the run has no name.
            "automationDetails": {"id": format!("krea-scan/{}/", context.mode)},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {ROOT: {"description": {"text": "The root of what was scanned."}}},
            "invocations": [invocation(outcome)],
            "results": results,
            "properties": tally(outcome),
        }],
    });
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(text)
}

/// The rules that ran, and those that findings name beside them.
fn rules(outcome: &Outcome, context: &Context) -> Vec<RuleInfo> {
    let mut rules = context.rules.to_vec();
    for finding in &outcome.findings {
        if !rules.iter().any(|rule| rule.id == finding.rule) {
            let description = match finding.token.kind() {
                TokenKind::Custom => format!("A secret that rule {} finds.", finding.rule),
                _ => "A Krea API token in a file.".to_owned(),
            };
            rules.push(RuleInfo { id: finding.rule.clone(), description, help_uri: None });
        }
    }
    rules
}

fn descriptor(rule: &RuleInfo) -> Value {
    // GitHub takes no empty description.
    let text = if rule.description.is_empty() { &rule.id } else { &rule.description };
    let text: String = text.chars().take(DESCRIPTION_CHARS).collect();
    let help = format!(
        "Revoke the secret first: whoever can read the file can use it. A Krea token is revoked on {TOKENS_PAGE}, in \
         the row whose id starts with the characters shown. Then create a replacement, keep it in a secret store, \
         and remove the leaked text. Once revoked, a token that stays in the history is harmless."
    );
    let mut descriptor = json!({
        "id": rule.id,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": help},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "tags": ["security", "secret", "external/cwe/cwe-798"],
            "precision": "high",
            "security-severity": SECURITY_SEVERITY,
        },
    });
    if let Some(uri) = &rule.help_uri {
        descriptor["helpUri"] = json!(uri);
    }
    descriptor
}

fn result(finding: &Finding, place: &ReportPlace, fingerprint: &str, occurrence: u64) -> Value {
    let is_url = matches!(place, ReportPlace::Url(_));
    let inside = match is_url || finding.is_inside() || finding.part().is_some() {
        true => format!(", in {}", whole_place(&finding.location, &finding.layers)),
        false => String::new(),
    };
    let from = finding.original().map(|layer| format!(", from {}", original(layer))).unwrap_or_default();
    let reading = reading(finding).map(|reading| format!(", {reading}")).unwrap_or_default();
    let message = format!(
        "{} is in {}{inside}{from} ({} confidence, {}{reading}). {}",
        name(finding),
        if is_past(finding) { "this file's history" } else { "this file" },
        finding.confidence,
        status(finding.status),
        advice(finding),
    );
    let mut physical = json!({"artifactLocation": artifact(place)});
    if let Some(region) = region(finding) {
        physical["region"] = region;
    }
    json!({
        "ruleId": finding.rule,
        "level": match Severity::of(finding) {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": {"text": message},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {
            // The only one that GitHub reads. It stays when lines move: the token, and how often it was seen in
            // this file before.
            "primaryLocationLineHash": format!("{}:{occurrence}", &fingerprint[..16]),
            "kreaScanFingerprint/v1": fingerprint,
        },
        "properties": properties(finding),
    })
}

fn artifact(place: &ReportPlace) -> Value {
    let uri = place.uri();
    match place {
        ReportPlace::Relative(_) | ReportPlace::Url(_) => json!({"uri": uri, "uriBaseId": ROOT}),
        ReportPlace::Absolute(_) => json!({"uri": uri}),
    }
}

/// The original that a bundle was built from, and the other places of a finding.
fn related(finding: &Finding, context: &Context) -> Vec<Value> {
    let in_repository = finding.git.is_some();
    let location = |path: &str, region: Option<Value>, text: String| {
        let place = ReportPlace::of(path, in_repository, context);
        let mut physical = json!({"artifactLocation": artifact(&place)});
        if let Some(region) = region {
            physical["region"] = region;
        }
        json!({"physicalLocation": physical, "message": {"text": text}})
    };
    let mut related = Vec::new();
    // What a file inside was built from has no place of its own in the repository.
    if let Some(layer) = finding.original().filter(|_| !finding.is_inside()) {
        let region = layer.line.zip(layer.column).filter(|&(line, column)| line > 0 && column > 0);
        let region = region.map(|(line, column)| json!({"startLine": line, "startColumn": column}));
        related.push(location(&layer.name, region, format!("the original: {}", original(layer))));
    }
    let via = |DerivedLocation { location: at, layers }: &DerivedLocation| {
        let region =
            (containers(layers) == 0).then(|| json!({"startLine": at.line, "startColumn": at.column}));
        location(&at.path, region, format!("via {}", whole_place(at, layers)))
    };
    related.extend(finding.via.iter().map(via));
    for (id, related) in related.iter_mut().enumerate() {
        related["id"] = json!(id + 1);
    }
    related
}

/// Where the token is; nothing for what is inside a container, whose lines are no lines of the file. The end is told only
/// where the token stands in the file as one piece, which the excerpt shows; without an end, a region reaches to the end
/// of its line.
fn region(finding: &Finding) -> Option<Value> {
    if finding.is_inside() {
        return None;
    }
    let (line, column) = (finding.location.line, finding.location.column);
    let mut region = json!({"startLine": line, "startColumn": column, "endLine": line});
    let in_one_piece = match finding.token.id() {
        Some(_) => finding.excerpt.contains(&finding.token.redacted()),
        None => finding.excerpt.matches(MASK).count() == 1,
    };
    if in_one_piece && finding.readings.is_certain() && finding.layers.iter().all(Layer::is_name) {
        let length = String::from_utf8_lossy(finding.token.expose()).chars().count() as u64;
        region["endColumn"] = json!(column + length);
    }
    Some(region)
}

/// What SARIF has no field for.
fn properties(finding: &Finding) -> Value {
    let mut properties = Map::new();
    properties.insert("confidence".into(), json!(finding.confidence));
    properties.insert("status".into(), json!(finding.status));
    properties.insert("context".into(), json!(finding.context));
    if let Some(id) = finding.token.id_prefix() {
        properties.insert("idPrefix".into(), json!(id));
    }
    if let Some(read) = finding.readings.as_read() {
        properties.insert("asRead".into(), json!(read));
    }
    if !finding.layers.is_empty() {
        properties.insert("inside".into(), json!(way(&finding.layers)));
    }
    if let Some(git) = &finding.git {
        let fields = [("commit", &git.commit), ("author", &git.author), ("date", &git.date)];
        properties.extend(fields.map(|(key, value)| (key.to_owned(), json!(value))));
        properties.insert("blob".into(), json!(git.blob));
        properties.insert("inHead".into(), json!(git.in_head));
        properties.insert("reachable".into(), json!(git.reachable));
    }
    Value::Object(properties)
}

/// How the run went. Each part that was not read is a notification; the run has succeeded all the same, as GitHub takes no
/// results of one that has not. A run that could not do its job writes no report.
fn invocation(outcome: &Outcome) -> Value {
    let notification = |level: &str, text: String| json!({"level": level, "message": {"text": text}});
    let unread = outcome.summary.incomplete.iter();
    let unread =
        unread.map(|part| notification("warning", format!("Not read: {}: {}", part.path, part.reason)));
    let remarks = outcome.remarks.iter().map(|remark| notification("note", remark.clone()));
    json!({
        "executionSuccessful": true,
        "toolExecutionNotifications": unread.chain(remarks).collect::<Vec<_>>(),
    })
}

/// What was read. No wall time: two runs are equal to the byte.
fn tally(outcome: &Outcome) -> Value {
    let summary = &outcome.summary;
    json!({
        "files": summary.files,
        "blobs": summary.blobs,
        "bytes": summary.bytes,
        "findings": summary.findings,
        "tokens": summary.tokens,
        "notRead": summary.incomplete.len(),
        "allowed": summary.allowed,
        "leftOut": summary.left_out.paths,
    })
}

#[cfg(test)]
mod tests {
    use super::super::ReportFormat;
    use super::super::testing::{Tokens, finding, outcome, rendered, three_places};
    use super::*;
    use krea_scan_files::Incomplete;
    use krea_scan_token::Status;
    use std::path::Path;

    const OFFICIAL_SCHEMA: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sarif/sarif-schema-2.1.0.json"));

    /// Renders, and checks the log against the schema.
    fn run(outcome: &Outcome, context: &Context) -> Value {
        let log: Value = serde_json::from_str(&rendered(ReportFormat::Sarif, outcome, context)).unwrap();
        let mut schema: Value = serde_json::from_str(OFFICIAL_SCHEMA).unwrap();
        // These two patterns have an unpaired bracket, and are no regular expressions. Reports have no `language`.
        for owner in ["run", "toolComponent"] {
            schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
        }
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        log["runs"][0].clone()
    }

    #[test]
    fn a_log_is_valid_with_and_without_findings() {
        let mut found = three_places();
        found.summary.incomplete = vec![Incomplete { path: "a.zip".into(), reason: "encrypted".into() }];
        let rules = [
            RuleInfo { id: "unused".into(), description: String::new(), help_uri: None },
            RuleInfo {
                id: "krea-api-token".into(),
                description: "A Krea API token.".into(),
                help_uri: Some("https://example.com/a".into()),
            },
        ];
        let run = |outcome| run(outcome, &Context { rules: &rules, ..Context::default() });
        let with = run(&found);
        assert_eq!(with["results"].as_array().unwrap().len(), 3);
        assert!(with["results"].as_array().unwrap().iter().all(|result| result["ruleIndex"] == 1));
        // Code scanning refuses all results of a run that says it failed.
        assert_eq!(with["invocations"][0]["executionSuccessful"], true);
        let notification = &with["invocations"][0]["toolExecutionNotifications"][0];
        assert_eq!(notification["message"]["text"], "Not read: a.zip: encrypted");
        let without = run(&Outcome::default());
        assert_eq!(without["results"], json!([]));
        assert_eq!(without["invocations"][0]["executionSuccessful"], true);
    }

    #[test]
    fn what_code_scanning_requires_is_never_empty() {
        let run = run(&three_places(), &Context::default());
        for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
            for key in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[key]["text"].as_str().is_some_and(|text| !text.is_empty()), "{key}");
            }
            let severity: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
            assert!(severity > 9.0 && severity <= 10.0);
        }
        for result in run["results"].as_array().unwrap() {
            assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
            assert!(result["locations"][0]["physicalLocation"]["region"]["startColumn"].is_u64());
        }
        assert_eq!(run["automationDetails"]["id"], "krea-scan/tree/");
    }

    #[test]
    fn places_are_uris_from_the_root() {
        let mut tokens = Tokens::new();
        let paths = ["./a b/100%#1.env", "caf\u{e9}:x", "../../elsewhere/.env"];
        let found = outcome(paths.map(|path| finding(tokens.pair(), path)).into());
        let context = Context {
            base: Some(Path::new("/home/me/shop/web")),
            repository_root: Some(Path::new("/home/me/shop")),
            ..Context::default()
        };
        let run = run(&found, &context);
        let artifact =
            |at: usize| &run["results"][at]["locations"][0]["physicalLocation"]["artifactLocation"];
        let inside = |uri: &str| json!({"uri": uri, "uriBaseId": "%SRCROOT%"});
        assert_eq!(artifact(0), &inside("web/a%20b/100%25%231.env"));
        assert_eq!(artifact(1), &inside("web/caf%C3%A9%3Ax"));
        assert_eq!(artifact(2), &json!({"uri": "file:///home/me/elsewhere/.env"}));
    }

    #[test]
    fn a_region_ends_only_where_the_token_is_in_one_piece() {
        let mut tokens = Tokens::new();
        let whole = finding(tokens.pair(), "a");
        let mut joined = finding(tokens.pair(), "b");
        joined.excerpt = format!("\"{MASK}\" + \"{MASK}\"");
        let mut encoded = finding(tokens.pair(), "c");
        encoded.layers = three_places().findings[1].layers.clone();
        let ends: Vec<Value> = [whole, joined, encoded]
            .iter()
            .map(|finding| region(finding).unwrap()["endColumn"].clone())
            .collect();
        // A UUID of 36, a colon and 32 characters, from column 14.
        assert_eq!(ends, [json!(14 + 36 + 1 + 32), Value::Null, Value::Null]);
    }

    #[test]
    fn fingerprints_stay_when_lines_move_and_differ_within_a_file() {
        let token = Tokens::new().pair();
        let mut found = outcome(vec![finding(token.clone(), "a"), finding(token.clone(), "a")]);
        let prints = |outcome: &Outcome| -> Vec<String> {
            let run = run(outcome, &Context::default());
            let hash =
                |at: usize| run["results"][at]["partialFingerprints"]["primaryLocationLineHash"].clone();
            [hash(0), hash(1)].map(|hash| hash.as_str().unwrap().to_owned()).into()
        };
        let before = prints(&found);
        found.findings[1].location.line = 99;
        assert_eq!(before, prints(&found));
        assert_ne!(before[0], before[1]);
    }

    #[test]
    fn a_commit_is_told_and_a_dead_token_is_a_note() {
        let mut found = three_places();
        found.findings[2].status = Status::Dead;
        let run = run(&found, &Context::default());
        let properties = &run["results"][2]["properties"];
        let message = run["results"][2]["message"]["text"].as_str().unwrap();
        assert!(message.contains(" is in this file's history (high confidence, dead: "), "{message}");
        assert_eq!(properties["author"], "Jane Doe");
        assert_eq!(properties["date"], "2026-06-01T10:00:00+02:00");
        assert!(properties["commit"].as_str().unwrap().starts_with("c0ffee12"));
        let levels: Vec<&Value> = (0..3).map(|at| &run["results"][at]["level"]).collect();
        assert_eq!(levels, ["error", "warning", "note"]);
    }
}
