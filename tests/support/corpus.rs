//! The detection corpus: reads `tests/corpus`, puts tokens in place of the placeholders, runs the scanner
//! over the result and says which files it got wrong. `tests/corpus/README.md` describes the placeholders.
//! Never prints a secret: only placeholders' names, id prefixes and fingerprints.

use super::tokens::{self, Alphabet};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One file of the corpus, expanded.
#[derive(Clone)]
pub struct Case {
    /// Below `tests/corpus`, `/` on every system.
    pub path: String,
    /// What the scanner reads.
    pub bytes: Vec<u8>,
    /// The lines a person sees, for checking positions.
    pub text: String,
    /// The tokens that must be reported, by fingerprint.
    pub expected: BTreeMap<String, Expected>,
    /// What must not be reported, by fingerprint, to name it when it is.
    pub decoys: BTreeMap<String, String>,
    /// Whether columns are checked too (not where the bytes were changed after the expansion).
    pub columns: bool,
}

/// One token of a file.
#[derive(Clone, Default)]
pub struct Expected {
    /// The placeholder, without parts and filters.
    pub label: String,
    /// The token's text; never printed.
    pub token: String,
    /// The lines in which some part of it stands.
    pub lines: BTreeSet<usize>,
    has_id: bool,
    has_secret: bool,
}

impl Expected {
    fn id_prefix(&self) -> Option<&str> {
        self.token.split_once(':').map(|(id, _)| &id[..8])
    }

    fn describe(&self, fingerprint: &str) -> String {
        let id = self.id_prefix().map_or(String::new(), |id| format!(" id {id}…"));
        format!("{}{id} fingerprint {fingerprint} lines {:?}", self.label, self.lines)
    }
}

/// Every file below `tests/corpus/{find,ignore}`, expanded. `KREA_CORPUS=k8s` keeps the paths that contain
/// `k8s`.
pub fn load() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let only = std::env::var("KREA_CORPUS").unwrap_or_default();
    let mut files = Vec::new();
    for part in ["find", "ignore"] {
        walk(&root.join(part), &mut files);
    }
    let mut cases = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        if !path.contains(&only) {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        let template = String::from_utf8(bytes).unwrap_or_else(|_| panic!("{path}: not UTF-8"));
        let case = expand(&path, &template);
        if path.starts_with("find/") {
            assert!(!case.expected.is_empty(), "{path}: no token in a file of find/");
        } else {
            assert!(case.expected.is_empty(), "{path}: a token in a file of ignore/");
        }
        cases.push(case);
    }
    assert!(!cases.is_empty(), "no file of the corpus matches KREA_CORPUS={only:?}");
    cases
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            walk(&entry, files);
        } else {
            files.push(entry);
        }
    }
}

/// Puts tokens in place of the placeholders. Every file gets tokens of its own, so that one file's finding
/// can't help another's.
pub fn expand(path: &str, template: &str) -> Case {
    let mut expansion =
        Expansion { path, seed: tokens::hash(path), tokens: BTreeMap::new(), decoys: BTreeMap::new() };
    let text = expansion.run(template, 1);
    let mut expected = BTreeMap::new();
    for (label, token) in expansion.tokens {
        assert!(token.has_id || !token.has_secret, "{path}: {label} has a secret and no id");
        if token.has_secret {
            expected.insert(fingerprint(&token.token), Expected { label, ..token });
        } else {
            let prefix = token.token.clone();
            expansion.decoys.insert(fingerprint(&prefix), format!("the unfinished {label}"));
        }
    }
    Case {
        path: path.to_owned(),
        bytes: text.clone().into_bytes(),
        text,
        expected,
        decoys: expansion.decoys,
        columns: true,
    }
}

struct Expansion<'a> {
    path: &'a str,
    seed: u64,
    tokens: BTreeMap<String, Expected>,
    decoys: BTreeMap<String, String>,
}

impl Expansion<'_> {
    /// `first_line` is the line in which the template's text will stand.
    fn run(&mut self, template: &str, first_line: usize) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            out.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            if after.starts_with('{') {
                // The outer brace of `\texttt{{{pair-hex}}}` is the file's own.
                out.push('{');
                rest = &rest[start + 1..];
                continue;
            }
            let line = first_line + out.matches('\n').count();
            let inner = after.find("}}").map_or("", |end| &after[..end]);
            if let Some((opening, body, tail)) = block(inner, after) {
                let known = self.lines();
                let bytes = self.run(body, line);
                let encoded = opening.encode(bytes.as_bytes());
                let last = line + encoded.matches('\n').count();
                self.put_lines(&known, line..=last);
                out.push_str(&encoded);
                rest = tail;
            } else if let Some(value) = self.placeholder(inner, line) {
                out.push_str(&value);
                rest = &after[inner.len() + 2..];
            } else {
                let ours = ["pair-", "plain-", "legacy-", "other-", "/b64", "b64"];
                assert!(
                    !ours.iter().any(|prefix| inner.starts_with(prefix)),
                    "{}: placeholder {inner:?} is not understood",
                    self.path
                );
                out.push_str("{{");
                rest = after;
            }
        }
        out.push_str(rest);
        out
    }

    fn lines(&self) -> BTreeMap<String, BTreeSet<usize>> {
        self.tokens.iter().map(|(label, token)| (label.clone(), token.lines.clone())).collect()
    }

    /// What was seen inside an encoded block stands in the block's lines.
    fn put_lines(
        &mut self,
        before: &BTreeMap<String, BTreeSet<usize>>,
        lines: std::ops::RangeInclusive<usize>,
    ) {
        for (label, token) in &mut self.tokens {
            let known = before.get(label).cloned().unwrap_or_default();
            if token.lines != known || !before.contains_key(label) {
                token.lines = known;
                token.lines.extend(lines.clone());
            }
        }
    }

    fn placeholder(&mut self, inner: &str, line: usize) -> Option<String> {
        let mut parts = inner.split('|');
        let head = parts.next()?;
        let (head, slice) = match head.strip_suffix(']') {
            Some(head) => head.split_once('[').map(|(head, range)| (head, Some(range)))?,
            None => (head, None),
        };
        let (head, part) = match head.split_once('.') {
            Some((head, part)) => (head, Some(part)),
            None => (head, None),
        };
        let (name, instance) = match head.split_once('#') {
            Some((name, instance)) => (name, instance.parse().ok()?),
            None => (head, 1),
        };
        let n = self.seed ^ instance;
        let label = format!("{name}#{instance}");
        let (plain, pair) = match name.strip_prefix("plain-") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let mut value = if let Some(alphabet) = pair.strip_prefix("pair-").and_then(Alphabet::from_name) {
            let id = if plain { tokens::plain_id(n) } else { tokens::id(alphabet, n) };
            let secret = tokens::secret(alphabet, n);
            let entry = self.tokens.entry(label).or_default();
            entry.token = format!("{id}:{secret}");
            entry.lines.insert(line);
            match part {
                None => {
                    (entry.has_id, entry.has_secret) = (true, true);
                    entry.token.clone()
                }
                Some("id") => {
                    entry.has_id = true;
                    id
                }
                Some("secret") => {
                    entry.has_secret = true;
                    secret
                }
                Some(_) => return None,
            }
        } else if let Some(alphabet) = name.strip_prefix("legacy-").and_then(Alphabet::from_name) {
            let entry = self.tokens.entry(label).or_default();
            entry.token = tokens::legacy(alphabet, n);
            entry.lines.insert(line);
            (entry.has_id, entry.has_secret) = (true, true);
            entry.token.clone()
        } else if part.is_some() {
            return None;
        } else {
            let value = if name == "other-hex" {
                tokens::foreign_pair(n)
            } else if name == "uuid" {
                tokens::uuid(n)
            } else if name == "jwt" {
                tokens::jwt(n)
            } else if let Some(length) = length(name, "hex") {
                tokens::material(Alphabet::Hex, length, n)
            } else if let Some(length) = length(name, "b62-") {
                tokens::material(Alphabet::Base62, length, n)
            } else if let Some(length) = length(name, "b64url-") {
                tokens::material(Alphabet::Base64Url, length, n)
            } else if let Some(length) = length(name, "b64-") {
                tokens::material(Alphabet::Base64, length, n)
            } else {
                return None;
            };
            self.decoys.insert(fingerprint(&value), format!("{{{{{label}}}}}"));
            value
        };
        if let Some(range) = slice {
            let (from, to) = range.split_once("..")?;
            let from = if from.is_empty() { 0 } else { from.parse().ok()? };
            let to = if to.is_empty() { value.len() } else { to.parse().ok()? };
            value = value.get(from..to)?.to_owned();
        }
        for filter in parts {
            value = match filter {
                "b64" => STANDARD.encode(value),
                "b64url" => URL_SAFE_NO_PAD.encode(value),
                "percent" => escape(&value, &[":%3A", "+%2B", "/%2F", "=%3D"]),
                // PHP's json_encode escapes the slash, Gson the equals sign.
                "json" => escape(&value, &["/\\/"]),
                "gson" => escape(&value, &["=\\u003d"]),
                "properties" => escape(&value, &[":\\:", "=\\="]),
                "xml" => escape(&value, &["&&amp;", "<&lt;", ">&gt;"]),
                "html" => escape(&value, &["/&#x2F;", "=&#x3D;"]),
                _ => return None,
            };
        }
        Some(value)
    }
}

fn length(name: &str, prefix: &str) -> Option<usize> {
    name.strip_prefix(prefix)?.parse().ok()
}

/// Each rule is one character and what takes its place.
fn escape(text: &str, rules: &[&str]) -> String {
    text.chars().fold(String::new(), |mut out, character| {
        match rules.iter().find(|rule| rule.starts_with(character)) {
            Some(rule) => out.push_str(&rule[1..]),
            None => out.push(character),
        }
        out
    })
}

enum Opening {
    Standard { wrap: Option<usize> },
    UrlSafe,
}

impl Opening {
    fn encode(&self, bytes: &[u8]) -> String {
        match self {
            Opening::UrlSafe => URL_SAFE_NO_PAD.encode(bytes),
            Opening::Standard { wrap: None } => STANDARD.encode(bytes),
            Opening::Standard { wrap: Some(width) } => {
                let line = STANDARD.encode(bytes);
                let lines: Vec<_> =
                    line.as_bytes().chunks(*width).map(|l| str::from_utf8(l).unwrap()).collect();
                lines.join("\n")
            }
        }
    }
}

fn block<'a>(inner: &str, after: &'a str) -> Option<(Opening, &'a str, &'a str)> {
    let (opening, closing) = match inner {
        "b64" => (Opening::Standard { wrap: None }, "{{/b64}}"),
        "b64:76" => (Opening::Standard { wrap: Some(76) }, "{{/b64}}"),
        "b64url" => (Opening::UrlSafe, "{{/b64url}}"),
        _ => return None,
    };
    let (body, tail) = after[inner.len() + 2..].split_once(closing)?;
    Some((opening, body, tail))
}

/// The first 32 hex characters of SHA-256.
pub fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..16].iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

/// Writes the cases below a folder and scans it. Gives one paragraph per wrong file, empty when all is well.
pub fn check_tree(cases: &[Case]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let root = match std::env::var_os("KREA_CORPUS_KEEP") {
        Some(path) => PathBuf::from(path),
        None => folder.path().to_owned(),
    };
    for case in cases {
        let path = root.join(&case.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &case.bytes).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_krea-scan"))
        .args(["-f", "json", "--no-ignore"])
        .arg(&root)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut failures = no_secret_shown(cases, &output);
    let report = report(&output);
    let prefix = format!("{}/", root.to_str().unwrap());
    let mut found: BTreeMap<&str, Vec<&serde_json::Value>> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let path = finding["location"]["path"].as_str().unwrap();
        match path.strip_prefix(&prefix) {
            Some(path) => found.entry(path).or_default().push(finding),
            None => failures.push(format!("{path}: the path does not start with the argument {prefix}")),
        }
    }
    for case in cases {
        let findings = found.remove(case.path.as_str()).unwrap_or_default();
        failures.extend(case.judge(&findings));
    }
    for path in found.keys() {
        failures.push(format!("{path}: findings in a file that was not written"));
    }
    let incomplete = report["summary"]["incomplete"].as_array().map_or(0, Vec::len);
    if incomplete != 0 {
        failures.push(format!("incomplete: {}", report["summary"]["incomplete"]));
    }
    let expected = cases.iter().any(|case| !case.expected.is_empty());
    let code = output.status.code();
    if failures.is_empty() && code != Some(i32::from(expected)) {
        failures.push(format!("exit code {code:?}"));
    }
    failures
}

/// Scans one case through standard input.
pub fn check_stdin(case: &Case) -> Vec<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_krea-scan"))
        .args(["-f", "json", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = case.bytes.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    let written = writer.join().unwrap();
    let mut failures = no_secret_shown(std::slice::from_ref(case), &output);
    if let Err(error) = written {
        failures.push(format!("{}: standard input was not read to its end: {error}", case.path));
    }
    let report = report(&output);
    let findings: Vec<_> = report["findings"].as_array().unwrap().iter().collect();
    failures.extend(case.judge(&findings));
    failures
}

/// Panics with all failures at once.
pub fn assert_none(failures: &[String], cases: usize) {
    assert!(
        failures.is_empty(),
        "\n{} wrong out of {cases} files:\n\n{}\n",
        failures.len(),
        failures.join("\n")
    );
}

fn report(output: &std::process::Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        panic!("standard output is not one JSON value ({error}); exit {:?}\n{stderr}", output.status)
    })
}

fn no_secret_shown(cases: &[Case], output: &std::process::Output) -> Vec<String> {
    let shown = [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream).into_owned());
    let mut failures = Vec::new();
    for case in cases {
        for expected in case.expected.values() {
            let secret = expected.token.split_once(':').map_or(&*expected.token, |(_, secret)| secret);
            let ends = [&secret[..12], &secret[secret.len() - 12..]];
            if shown.iter().any(|text| ends.iter().any(|end| text.contains(end))) {
                failures.push(format!(
                    "{}\n  SHOWN   the secret of {} is in the output",
                    case.path, expected.label
                ));
            }
        }
    }
    failures
}

impl Case {
    fn judge(&self, findings: &[&serde_json::Value]) -> Option<String> {
        let mut wrong = String::new();
        let mut seen = BTreeSet::new();
        for finding in findings {
            let print = finding["fingerprint"].as_str().unwrap_or_default();
            let line = finding["location"]["line"].as_u64().unwrap_or(0) as usize;
            let column = finding["location"]["column"].as_u64().unwrap_or(0) as usize;
            let confidence = &finding["confidence"];
            let about = format!(
                "fingerprint {print} at {line}:{column} confidence {confidence} token {} context {} layers {}",
                finding["token"], finding["context"], finding["layers"]
            );
            let Some(expected) = self.expected.get(print) else {
                let name = self.decoys.get(print).map_or(String::new(), |name| format!(" (it is {name})"));
                writeln!(wrong, "  EXTRA   {about}{name}").unwrap();
                continue;
            };
            seen.insert(print);
            let named = expected.describe(print);
            if !matches!(confidence.as_str(), Some("medium" | "high")) {
                writeln!(wrong, "  LOW     {named}: {about}").unwrap();
            }
            if finding["token"]["id_prefix"].as_str() != expected.id_prefix() {
                writeln!(wrong, "  PREFIX  {named}: {about}").unwrap();
            }
            // What was decoded from a whole file has lines of its own.
            let is_decoded =
                ["mail-message", "terminal"].map(Some).contains(&finding["layers"][0]["kind"].as_str());
            if is_decoded {
                continue;
            }
            if !expected.lines.contains(&line) {
                writeln!(wrong, "  LINE    {named}: {about}").unwrap();
            } else if self.columns && !self.column_is_right(line, column, &expected.token) {
                writeln!(wrong, "  COLUMN  {named}: {about}").unwrap();
            }
        }
        for (print, expected) in &self.expected {
            if !seen.contains(print.as_str()) {
                writeln!(wrong, "  MISSED  {}", expected.describe(print)).unwrap();
            }
        }
        (!wrong.is_empty()).then(|| format!("{}\n{wrong}", self.path))
    }

    /// Where the token stands in one piece, the column is that of its first character.
    fn column_is_right(&self, line: usize, column: usize, token: &str) -> bool {
        let Some(text) = self.text.split('\n').nth(line - 1) else { return false };
        let starts: Vec<_> =
            text.match_indices(token).map(|(at, _)| text[..at].chars().count() + 1).collect();
        if starts.is_empty() {
            (1..=text.chars().count() + 1).contains(&column)
        } else {
            starts.contains(&column)
        }
    }
}
