//! Rules without context: a pattern, an entropy floor, allowlists. As Gitleaks runs them, over the text as it stands:
//! nothing is decoded for them.

use super::attribution::line_range;
use crate::rules::{Allowlist, RegexTarget, Required, Rule};
use krea_scan_token::randomness;
use std::ops::Range;

/// A match of such a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternMatch {
    /// Where the secret stands.
    pub span: Range<usize>,
}

/// Runs `rule` over a text. `keywords_hit` says whether one of its keywords occurs.
pub fn find(rule: &Rule, text: &[u8], path: &str) -> Vec<PatternMatch> {
    if !runs_on(rule, path) {
        return Vec::new();
    }
    let Some(regex) = &rule.regex else { return Vec::new() };
    let mut found = Vec::new();
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        let group = match rule.secret_group {
            0 => captures.iter().skip(1).flatten().find(|group| !group.is_empty()).or(Some(whole)),
            n => captures.get(n),
        };
        let Some(secret) = group.filter(|secret| !secret.is_empty()) else { continue };
        let weak = rule.entropy.is_some_and(|least| randomness::entropy(secret.as_bytes()) <= least);
        if !weak && !is_allowed(rule, text, path, &whole.range(), &secret.range()) {
            found.push(PatternMatch { span: secret.range() });
        }
    }
    found
}

/// Whether a rule runs on a file of this path.
pub fn runs_on(rule: &Rule, path: &str) -> bool {
    rule.path.as_ref().is_none_or(|pattern| pattern.is_match(path.as_bytes()))
}

/// Whether the rule's allowlists allow a secret; `whole` is all that its pattern matched.
pub fn is_allowed(rule: &Rule, text: &[u8], path: &str, whole: &Range<usize>, secret: &Range<usize>) -> bool {
    rule.allowlists.iter().any(|list| allows(list, text, path, whole, secret))
}

/// Whether the rule matches by the path alone.
pub fn matches_path(rule: &Rule, path: &str) -> bool {
    rule.regex.is_none()
        && rule.path.as_ref().is_some_and(|pattern| pattern.is_match(path.as_bytes()))
        && !rule.allowlists.iter().any(|list| list.paths.iter().any(|p| p.is_match(path.as_bytes())))
}

fn allows(list: &Allowlist, text: &[u8], path: &str, whole: &Range<usize>, secret: &Range<usize>) -> bool {
    let target = match list.target {
        RegexTarget::Secret => secret.clone(),
        RegexTarget::Match => whole.clone(),
        RegexTarget::Line => line_range(text, whole.start),
    };
    let lower = text[secret.clone()].to_ascii_lowercase();
    let conditions = [
        // Commits are known only after detection; a list that needs one does not allow here.
        (!list.commits.is_empty()).then_some(false),
        (!list.paths.is_empty()).then(|| list.paths.iter().any(|p| p.is_match(path.as_bytes()))),
        (!list.regexes.is_empty()).then(|| list.regexes.iter().any(|r| r.is_match(&text[target.clone()]))),
        (!list.stopwords.is_empty()).then(|| {
            list.stopwords.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
        }),
    ];
    let mut given = conditions.into_iter().flatten().peekable();
    given.peek().is_some() && if list.all { given.all(|holds| holds) } else { given.any(|holds| holds) }
}

/// Whether a match of the required rule, at one of `others`, is near enough to the one at `at` (lines and
/// columns from 1).
pub fn is_near(required: &Required, at: (u64, u64), others: &[(u64, u64)]) -> bool {
    others.iter().any(|other| {
        required.within_lines.is_none_or(|lines| at.0.abs_diff(other.0) <= lines)
            && required.within_columns.is_none_or(|columns| at.1.abs_diff(other.1) <= columns)
    })
}
