//! Tokens in text that a machine read from a picture, that a typesetter broke, that markup splits: found in every kind of
//! file that holds such text, told as guesses, shown by no format, and proven dead by no refusal.

mod clean;
mod drawn;
mod liveness;
mod markup;
mod shown;
mod sidecars;
mod tables;
mod text;

use crate::support::Sandbox;
use crate::support::tokens::{self, Alphabet};

/// A token and its halves. Its secret has letters of both cases, so that no digest holds a part of it by chance.
struct Leaked {
    id: String,
    secret: String,
}

impl Leaked {
    /// Token number `n`, with a secret of 24 characters or more.
    fn new(n: u64) -> Leaked {
        let whole = (n..).step_by(100).map(|n| tokens::pair(Alphabet::Base62, n));
        let long = whole.into_iter().find(|token| token.len() >= 36 + 1 + 32).expect("a long one");
        let (id, secret) = long.split_once(':').expect("a pair");
        Leaked { id: id.to_owned(), secret: secret.to_owned() }
    }

    /// Its text.
    fn text(&self) -> String {
        format!("{}:{}", self.id, self.secret)
    }

    /// Its fingerprint, as reports show it.
    fn fingerprint(&self) -> String {
        krea_scan_token::Fingerprint::of(self.text().as_bytes()).to_string()
    }

    /// A template with the token in the place of `ID` and `SEC`, with the secret's parts in the place of `ONE`, `TWO` and
    /// `THREE`, and the id's groups in the place of `G1` to `G5`.
    fn fill(&self, template: &str) -> String {
        let (one, rest) = self.secret.split_at(12);
        let (two, three) = rest.split_at(9);
        let mut text = template.to_owned();
        for (number, group) in self.id.split('-').enumerate() {
            text = text.replace(&format!("G{}", number + 1), group);
        }
        for (name, part) in
            [("ID", &*self.id), ("SEC", &self.secret), ("ONE", one), ("TWO", two), ("THREE", three)]
        {
            text = text.replace(name, part);
        }
        text
    }
}

/// What is found in a file: confidence, fingerprint, and the kinds of its layers.
fn found_in(name: &str, text: impl AsRef<[u8]>) -> Vec<(String, String, Vec<String>)> {
    let sandbox = Sandbox::empty();
    sandbox.write(name, text);
    let run = sandbox.jsonl(&["."]);
    let findings = run.findings();
    let of = |finding: &serde_json::Value| {
        let field = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let layers = finding["layers"].as_array().cloned().unwrap_or_default();
        let kinds =
            layers.iter().map(|layer| layer["kind"].as_str().unwrap_or_default().to_owned()).collect();
        (field("confidence"), field("fingerprint"), kinds)
    };
    findings.iter().map(of).collect()
}

/// Checks that a file's only finding is this token, with this confidence and these layers.
#[track_caller]
fn assert_found(name: &str, text: &str, leaked: &Leaked, confidence: &str, layers: &[&str]) {
    let found = found_in(name, text);
    let layers = layers.iter().map(|&layer| layer.to_owned()).collect();
    assert_eq!(found, [(confidence.to_owned(), leaked.fingerprint(), layers)], "{name}:\n{text}");
}
