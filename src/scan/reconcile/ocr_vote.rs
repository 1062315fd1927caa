//! One token that was read more than once: a picture is looked at in several sizes, and in several frames.
//!
//! Takes the findings in one file, leaves one for each token in a picture: the reading that most looks agree on. The others
//! are withheld, so that reports mask them too.

use crate::finding::Finding;
use krea_scan_text::{Layer, LayerKind};
use krea_scan_token::Token;
use std::collections::HashMap;

/// Ids that differ in no more characters are readings of one.
const ALIKE: usize = 6;
/// How much of an id is enough to know it by where the rest was not read as one, in bytes.
const START: usize = 8;

/// Keeps one reading of each token in a picture of a file.
pub fn keep_best(findings: &mut Vec<Finding>, withheld: &mut Vec<Token>) {
    if !findings.iter().any(is_read) {
        return;
    }
    let mut readings: Vec<Vec<Finding>> = Vec::new();
    for finding in findings.drain(..) {
        let known = match is_read(&finding) {
            true => {
                readings.iter_mut().find(|readings| readings.iter().any(|other| is_same(other, &finding)))
            }
            false => None,
        };
        match known {
            Some(readings) => readings.push(finding),
            None => readings.push(vec![finding]),
        }
    }
    for mut readings in readings {
        let best = best(&readings);
        findings.push(readings.swap_remove(best));
        withheld.extend(readings.iter().flat_map(Finding::all_readings).cloned());
    }
}

/// Which reading most others agree with; of these the surest, and of these the first.
fn best(readings: &[Finding]) -> usize {
    let mut votes: HashMap<&[u8], usize> = HashMap::new();
    for id in readings.iter().filter_map(|finding| finding.token.id()) {
        *votes.entry(id).or_default() += 1;
    }
    let votes = |finding: &Finding| finding.token.id().map_or(0, |id| votes[id]);
    let rank = |finding: &Finding| (votes(finding), finding.confidence);
    let best = readings.iter().enumerate().rev().max_by_key(|(_, finding)| rank(finding));
    best.map_or(0, |(at, _)| at)
}

/// The way to the picture whose text a finding stands in.
fn picture(finding: &Finding) -> Option<(&str, &[Layer])> {
    let at = finding.layers.iter().position(|layer| layer.kind == LayerKind::Ocr)?;
    Some((&finding.location.path, &finding.layers[..at]))
}

fn is_read(finding: &Finding) -> bool {
    picture(finding).is_some()
}

/// Whether two findings are one token in one picture.
fn is_same(a: &Finding, b: &Finding) -> bool {
    let is_there = picture(a).zip(picture(b)).is_some_and(|((a, a_way), (b, b_way))| {
        let names = |way: &[Layer]| way.iter().map(|layer| layer.name.clone()).collect::<Vec<_>>();
        a == b && names(a_way) == names(b_way)
    });
    is_there
        && match (a.token.id(), b.token.id()) {
            (Some(a), Some(b)) => {
                a.len() == b.len() && a.iter().zip(b).filter(|(a, b)| a != b).count() <= ALIKE
            }
            _ => a.token.expose().iter().take(START).eq(b.token.expose().iter().take(START)),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;
    use krea_scan_token::Status;
    use krea_scan_token::{Confidence, Token, TokenKind};

    fn finding(path: &str, token: &str, confidence: Confidence) -> Finding {
        let kind = if token.contains(':') { TokenKind::Pair } else { TokenKind::Legacy };
        Finding {
            rule: "krea-api-token".to_owned(),
            confidence,
            token: Token::new(kind, token.as_bytes()),
            location: Location { path: path.to_owned(), line: 1, column: 1, byte_offset: 0 },
            layers: vec![Layer::unnamed(LayerKind::Ocr)],
            via: Vec::new(),
            context: String::new(),
            is_copy: false,
            readings: Default::default(),
            git: None,
            status: Status::default(),
            status_reason: String::new(),
            excerpt: String::new(),
        }
    }

    #[test]
    fn the_reading_that_most_agree_on_is_kept() {
        use Confidence::{High, Medium};
        let mut findings = vec![
            finding("a.png", "11111111-aaaa:one", High),
            finding("a.png", "1111111f-aaaa:two", Medium),
            finding("b.png", "11111111-aaaa:three", Medium),
            finding("a.png", "1111111f-aaaa:four", Medium),
            finding("a.png", "1111111f", Medium),
            finding("a.png", "22222222-bbbb:five", Medium),
        ];
        let mut withheld = Vec::new();
        keep_best(&mut findings, &mut withheld);
        let kept: Vec<_> = findings.iter().map(|finding| finding.token.secret().to_vec()).collect();
        assert_eq!(kept, [&b"two"[..], b"three", b"five"]);
        assert_eq!(withheld.len(), 3);
    }
}
