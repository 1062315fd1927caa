//! Proves rules on their own examples and counterexamples: `--check-rules`, and a test for the built-in ones.

use super::{Rule, RuleSet};
use crate::Detector;
use crate::names;
use crate::vocabulary::{Example, vocabulary};
use krea_scan_token::Confidence;

/// What came of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRule {
    pub id: String,
    /// The file that it comes from.
    pub origin: String,
    /// How many examples were tried.
    pub examples: usize,
    /// How many counterexamples were tried.
    pub counterexamples: usize,
    /// What did not hold.
    pub problems: Vec<String>,
}

/// Holds every rule against its examples (something is found, and the pattern itself matches, so that the rule
/// works in Gitleaks as well) and its counterexamples (nothing is found). What counts is what a scan reports by
/// default.
pub fn check(set: &RuleSet) -> Vec<CheckedRule> {
    set.rules.iter().map(|rule| check_one(rule, set)).collect()
}

/// Holds the words that say whose a name is against the examples beside them.
pub fn check_names() -> Vec<CheckedNames> {
    let check = |(origin, examples): &(&'static str, Vec<Example>)| {
        let problem = |example: &Example| {
            let told = names::told(&example.name);
            (told != example.says)
                .then(|| format!("{} says: {told}, and not: {}", example.name, example.says))
        };
        CheckedNames {
            origin,
            examples: examples.len(),
            problems: examples.iter().filter_map(problem).collect(),
        }
    };
    vocabulary().examples.iter().map(check).collect()
}

/// What came of one file of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedNames {
    /// The file.
    pub origin: &'static str,
    /// How many examples were tried.
    pub examples: usize,
    /// What did not hold.
    pub problems: Vec<String>,
}

fn check_one(rule: &Rule, set: &RuleSet) -> CheckedRule {
    let detector = Detector::new(RuleSet { rules: rules_for(rule, set), notes: Vec::new() }, Confidence::Low);
    let found = |text: &str| {
        let matches = detector.detect(text.as_bytes(), "", None).matches;
        matches.iter().any(|m| m.rule == rule.id && m.confidence >= rule.confidence.min(Confidence::Medium))
    };
    let mut problems = Vec::new();
    for (number, example) in rule.examples.iter().enumerate() {
        if rule.regex.as_ref().is_some_and(|regex| !regex.is_match(example.as_bytes())) {
            problems.push(format!("example {} is not matched by the regex", number + 1));
        } else if !found(example) {
            problems.push(format!("example {} is not found", number + 1));
        }
    }
    for (number, counterexample) in rule.counterexamples.iter().enumerate() {
        if found(counterexample) {
            problems.push(format!("counterexample {} is found", number + 1));
        }
    }
    CheckedRule {
        id: rule.id.clone(),
        origin: rule.origin.clone(),
        examples: rule.examples.len(),
        counterexamples: rule.counterexamples.len(),
        problems,
    }
}

/// The rule, and those that it requires nearby.
fn rules_for(rule: &Rule, set: &RuleSet) -> Vec<Rule> {
    let wanted = |other: &&Rule| other.id == rule.id || rule.required.iter().any(|r| r.id == other.id);
    set.rules.iter().filter(wanted).cloned().collect()
}
