//! Rules: what a token looks like, as data.
//!
//! The built-in ones are `rules/krea.toml`; a team adds its own with `--rules`. The format is a superset of
//! Gitleaks' (`rules/README.md`), so the built-in file runs in Gitleaks, and a Gitleaks configuration runs here.

mod check;
mod load;
mod pattern;

pub use check::{CheckedNames, CheckedRule, check, check_names};
pub use load::{LoadError, load_path};

use krea_scan_files::ScannedTrees;
use krea_scan_token::{Confidence, TokenKind};
use regex::bytes::Regex;

/// `rules/krea.toml`. Its examples have the shape of tokens: each byte is stored inverted, so that no scanner finds them in a
/// copy of this program.
const BUILT_IN: &[u8] = &inverted(*include_bytes!("../../../../rules/krea.toml"));

const fn inverted<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    let mut at = 0;
    while at < N {
        bytes[at] = !bytes[at];
        at += 1;
    }
    bytes
}

#[derive(Clone, Debug)]
pub struct Rule {
    /// Unique among all loaded rules.
    pub id: String,
    /// One line for people.
    pub description: String,
    /// What to look for; `None` for a rule that looks at paths only.
    pub regex: Option<Regex>,
    /// The capture group that holds the secret; 0 means the first group that took part, or the whole match.
    pub secret_group: usize,
    /// Secrets at or below this Shannon entropy (bits per character) are dropped.
    pub entropy: Option<f64>,
    /// The rule runs where one of these occurs, in any case; always when there are none.
    pub keywords: Vec<String>,
    /// The rule runs on paths that match.
    pub path: Option<Regex>,
    /// What is allowed although it matches.
    pub allowlists: Vec<Allowlist>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Other rules that have to match nearby.
    pub required: Vec<Required>,
    /// Matches serve [`Rule::required`] of other rules only.
    pub skip_report: bool,
    /// Texts in which the rule finds something.
    pub examples: Vec<String>,
    /// Texts in which it finds nothing.
    pub counterexamples: Vec<String>,
    /// How sure a match is, where context does not decide it.
    pub confidence: Confidence,
    /// Present when what stands around a value decides whether it is Krea's.
    pub context: Option<ContextRule>,
    /// The file that the rule comes from.
    pub origin: String,
}

/// The part of a rule that says how context decides.
#[derive(Clone, Debug)]
pub struct ContextRule {
    /// What a match is.
    pub token: TokenKind,
    /// The shape of the value alone; the names before it are left to the context.
    pub value: Regex,
    /// Least context for a match.
    pub needs: Needs,
}

/// How much context a match needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// None: a value without context is reported with low confidence.
    Nothing,
    /// A name, a header or a call that says Krea.
    Name,
}

/// What is allowed although a rule matches. As in Gitleaks.
#[derive(Clone, Debug, Default)]
pub struct Allowlist {
    /// All of the given conditions have to hold, not just one.
    pub all: bool,
    /// Commit ids.
    pub commits: Vec<String>,
    /// Patterns of paths.
    pub paths: Vec<Regex>,
    /// What `regexes` are held against.
    pub target: RegexTarget,
    /// Patterns of secrets, matches or lines.
    pub regexes: Vec<Regex>,
    /// Words in a secret, in lower case.
    pub stopwords: Vec<String>,
    /// For an allowlist of a whole file: the rules it is for; empty means all.
    pub rules: Vec<String>,
}

/// What an allowlist's patterns are held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegexTarget {
    #[default]
    Secret,
    /// All that the rule's pattern matched.
    Match,
    Line,
}

/// Another rule that has to match nearby.
#[derive(Clone, Debug)]
pub struct Required {
    pub id: String,
    /// At most so many lines away; anywhere in the file when not given.
    pub within_lines: Option<u64>,
    /// At most so many columns away.
    pub within_columns: Option<u64>,
}

/// All rules of a run.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// In the order in which they were loaded, the built-in ones first.
    pub rules: Vec<Rule>,
    /// Remarks for the person who loaded them.
    pub notes: Vec<String>,
}

impl RuleSet {
    /// The rules that the program brings along.
    ///
    /// # Errors
    /// Never in a released program: a test loads and proves them.
    pub fn built_in() -> Result<Self, LoadError> {
        let mut set = RuleSet { rules: Vec::new(), notes: Vec::new() };
        let text: Vec<u8> = BUILT_IN.iter().map(|byte| !byte).collect();
        set.add(load::parse(&String::from_utf8_lossy(&text), "rules/krea.toml")?)?;
        Ok(set)
    }

    /// Adds the rules of a file, or of every `.toml` file in a folder.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, a bad pattern or a duplicate id; the error names file, rule and key.
    pub fn add_path(&mut self, trees: &ScannedTrees, path: &std::path::Path) -> Result<(), LoadError> {
        for file in load_path(trees, path)? {
            self.add(file)?;
        }
        Ok(())
    }

    fn add(&mut self, file: load::RuleFile) -> Result<(), LoadError> {
        self.notes.extend(file.notes);
        for rule in file.rules {
            if let Some(other) = self.rules.iter().find(|other| other.id == rule.id) {
                return Err(LoadError::DuplicateId {
                    file: rule.origin,
                    id: rule.id,
                    other: other.origin.clone(),
                });
            }
            self.rules.push(rule);
        }
        for rule in &self.rules {
            if let Some(required) =
                rule.required.iter().find(|r| self.rules.iter().all(|other| other.id != r.id))
            {
                return Err(LoadError::Key {
                    file: rule.origin.clone(),
                    rule: rule.id.clone(),
                    key: "required.id".to_owned(),
                    problem: format!("there is no rule {:?}", required.id),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_hold_what_their_examples_promise() {
        let set = RuleSet::built_in().expect("built-in rules load");
        let checked = check(&set);
        assert_eq!(checked.len(), set.rules.len());
        for rule in checked {
            assert!(rule.problems.is_empty(), "{}: {:?}", rule.id, rule.problems);
            assert!(rule.examples > 0 && rule.counterexamples > 0, "{} proves nothing", rule.id);
        }
    }

    #[test]
    fn a_duplicate_id_is_an_error_that_names_both_files() {
        let mut set = RuleSet::built_in().expect("built-in rules load");
        let file =
            load::parse("[[rules]]\nid = \"krea-api-token\"\nregex = \"a\"", "team.toml").expect("parses");
        let error = set.add(file).expect_err("a duplicate").to_string();
        assert!(
            error.contains("team.toml")
                && error.contains("krea-api-token")
                && error.contains("rules/krea.toml")
        );
    }
}
