//! What Krea's answers say of one finding's token, whose text may have several readings. Takes the finding, the answers and
//! what is certain elsewhere; gives which reading is the token, and what is known of it. What an answer means was
//! decided before; here it is whether a refusal of one reading is the death of the token.

use super::place;
use crate::finding::Finding;
use krea_scan_service::krea::{Answers, Liveness};
use krea_scan_token::{Doubt, Fingerprint, Status, TOKENS_PAGE, Token};
use std::collections::BTreeSet;

/// What is known of a finding's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenVerdict {
    /// The reading that is the token: the live one, else the best.
    pub token: Token,
    /// What is known of it.
    pub liveness: Liveness,
}

/// The texts that are what they are in some place. What is doubtful elsewhere, and may read so, reads so.
pub fn certain<'a>(findings: impl Iterator<Item = &'a Finding>) -> BTreeSet<Fingerprint> {
    findings
        .filter(|finding| finding.readings.is_certain())
        .map(|finding| finding.token.fingerprint())
        .collect()
}

/// Why a finding's token may be none of its readings; nothing when one of them is certain elsewhere.
pub fn doubt(finding: &Finding, certain: &BTreeSet<Fingerprint>) -> Option<Doubt> {
    let is_known = finding.all_readings().any(|token| certain.contains(&token.fingerprint()));
    finding.readings.doubt().filter(|_| !is_known)
}

/// Decides. `None` when nobody asked.
///
/// - A reading that is live is the token.
/// - Else, where one got no usable answer, nothing is known.
/// - Else all are refused. That is *dead* only when the token is one of them for certain.
pub fn judge(finding: &Finding, certain: &BTreeSet<Fingerprint>, answers: &Answers) -> Option<TokenVerdict> {
    let asked: Vec<(&Token, &Liveness)> =
        finding.all_readings().filter_map(|token| Some((token, answers.of(token)?))).collect();
    if let Some((token, liveness)) = asked.iter().find(|(_, liveness)| liveness.status == Status::Live) {
        return Some(TokenVerdict { token: (*token).clone(), liveness: (*liveness).clone() });
    }
    let all = finding.all_readings().count();
    let (_, first) = asked.first()?;
    let unknown = |reason| Liveness { status: Status::Unknown, reason };
    let of_several = |reason: &str| match all {
        1 => reason.to_owned(),
        _ => format!("of its {all} readings one was {reason}"),
    };
    let silent = asked.iter().find(|(_, liveness)| liveness.status != Status::Dead);
    let liveness = match (silent, doubt(finding, certain)) {
        (Some((_, liveness)), _) => unknown(of_several(&liveness.reason)),
        (None, _) if asked.len() < all => unknown("not all of its readings were asked about".to_owned()),
        (None, Some(doubt)) => unknown(format!(
            "{}, which proves nothing, for {doubt}: {}",
            of_each(all, &first.reason),
            what_to_do(finding, doubt)
        )),
        (None, None) => Liveness { status: Status::Dead, reason: of_each(all, &first.reason) },
    };
    Some(TokenVerdict { token: finding.token.clone(), liveness })
}

fn of_each(all: usize, reason: &str) -> String {
    match all {
        1 => reason.to_owned(),
        _ => format!("{reason} to each of its {all} readings"),
    }
}

/// What a person does about a refusal that proves nothing.
fn what_to_do(finding: &Finding, doubt: Doubt) -> String {
    let place = place(finding);
    match (doubt, finding.token.id_prefix()) {
        (Doubt::Half, None) => {
            format!("look for the other half near {place}, and for the token's row on {TOKENS_PAGE}")
        }
        (_, Some(id)) => format!("look up the row {id} on {TOKENS_PAGE}, and compare it with {place}"),
        (_, None) => format!("compare it with {place}, and look for its row on {TOKENS_PAGE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{Tokens, finding};
    use krea_scan_token::Readings;

    const DEAD: (Status, &str) = (Status::Dead, "answered 401 4 times");
    const LIVE: (Status, &str) = (Status::Live, "answered 200");
    const SILENT: (Status, &str) = (Status::Unknown, "answered 503: the server failed");

    /// What was answered to each reading, best first (nothing: it was not asked about), the doubt, whether a reading is
    /// certain elsewhere; which reading is the token then, what is known of it, and a part of the reason.
    type Row<'a> =
        (&'a [Option<(Status, &'a str)>], Option<Doubt>, Option<usize>, usize, Status, &'a [&'a str]);

    #[test]
    fn a_refusal_is_dead_only_where_no_other_reading_is_possible() {
        use Doubt::{Half, NoBorder, Picture, TooMany};
        let rows: &[Row] = &[
            // One reading.
            (&[Some(LIVE)], None, None, 0, Status::Live, &["answered 200"]),
            (&[Some(DEAD)], None, None, 0, Status::Dead, &["answered 401 4 times"]),
            (&[Some(SILENT)], None, None, 0, Status::Unknown, &["answered 503"]),
            (&[Some(LIVE)], Some(Picture), None, 0, Status::Live, &["answered 200"]),
            (
                &[Some(DEAD)],
                Some(Picture),
                None,
                0,
                Status::Unknown,
                &["401", "from a picture", "the row", "a.env:3:14"],
            ),
            (&[Some(DEAD)], Some(NoBorder), None, 0, Status::Unknown, &["nothing marks where"]),
            (&[Some(DEAD)], Some(Half), None, 0, Status::Unknown, &["one half of a token", "the row"]),
            (&[Some(SILENT)], Some(Picture), None, 0, Status::Unknown, &["answered 503"]),
            // Certain in another place.
            (&[Some(DEAD)], Some(Picture), Some(0), 0, Status::Dead, &["answered 401"]),
            (
                &[Some(DEAD), Some(DEAD)],
                Some(NoBorder),
                Some(1),
                0,
                Status::Dead,
                &["each of its 2 readings"],
            ),
            (&[Some(DEAD), Some(SILENT)], Some(NoBorder), Some(0), 0, Status::Unknown, &["answered 503"]),
            // Several readings: the live one is the token, and what is not asked any more does not matter.
            (&[Some(LIVE), None], None, None, 0, Status::Live, &["answered 200"]),
            (&[Some(DEAD), Some(LIVE), None], None, None, 1, Status::Live, &["answered 200"]),
            (&[Some(SILENT), Some(LIVE)], Some(TooMany), None, 1, Status::Live, &["answered 200"]),
            (
                &[Some(DEAD), Some(DEAD)],
                None,
                None,
                0,
                Status::Dead,
                &["answered 401 4 times to each of its 2 readings"],
            ),
            (
                &[Some(DEAD), Some(DEAD)],
                Some(TooMany),
                None,
                0,
                Status::Unknown,
                &["more ways than are tried"],
            ),
            (&[Some(DEAD), Some(SILENT)], None, None, 0, Status::Unknown, &["of its 2 readings", "503"]),
            (&[Some(SILENT), Some(DEAD)], None, None, 0, Status::Unknown, &["of its 2 readings", "503"]),
            (&[Some(DEAD), None], None, None, 0, Status::Unknown, &["not all of its readings"]),
        ];
        for (answered, doubt, elsewhere, token, status, parts) in rows {
            let mut tokens = Tokens::new();
            let texts: Vec<Token> = answered.iter().map(|_| tokens.pair()).collect();
            let mut found = finding(texts[0].clone(), "a.env");
            found.readings = Readings::one_of(texts[1..].to_vec());
            if let Some(doubt) = doubt {
                found.readings.add_doubt(*doubt);
            }
            let elsewhere: Vec<Finding> =
                elsewhere.iter().map(|&at| finding(texts[at].clone(), "b.env")).collect();
            let certain = certain([&found].into_iter().chain(&elsewhere));
            let known = texts.iter().zip(*answered).filter_map(|(text, answer)| {
                let (status, reason) = (*answer)?;
                Some((text.fingerprint(), Liveness { status, reason: reason.to_owned() }))
            });
            let verdict = judge(&found, &certain, &known.collect()).unwrap();
            let row = format!("{answered:?} {doubt:?} {}", verdict.liveness.reason);
            assert_eq!((verdict.token, verdict.liveness.status), (texts[*token].clone(), *status), "{row}");
            assert!(parts.iter().all(|part| verdict.liveness.reason.contains(part)), "{row}");
        }
    }

    #[test]
    fn a_half_alone_that_is_refused_is_looked_for_by_its_place() {
        let mut found = finding(Tokens::new().legacy(), "a.env");
        found.readings.add_doubt(Doubt::Half);
        let answer = Liveness { status: Status::Dead, reason: "answered 401".to_owned() };
        let answers = [(found.token.fingerprint(), answer)].into_iter().collect();
        let liveness = judge(&found, &BTreeSet::new(), &answers).unwrap().liveness;
        assert_eq!(liveness.status, Status::Unknown);
        assert!(liveness.reason.contains("the other half near a.env:3:14"), "{}", liveness.reason);
    }

    #[test]
    fn what_nobody_asked_about_has_no_verdict() {
        let found = finding(Tokens::new().pair(), "a.env");
        assert_eq!(judge(&found, &BTreeSet::new(), &Answers::default()), None);
    }
}
