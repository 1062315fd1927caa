//! A case from event to event.

use super::*;

const SINK: &str = "env-file:.env";

fn found() -> (Case, Fingerprint) {
    let token = Fingerprint::of(b"leaked");
    let event = JournalEvent::Found {
        token: token.clone(),
        kind: TokenKind::Pair,
        id_prefix: Some("a7b81471".to_owned()),
        places: vec![".env:1:14".to_owned()],
        since: None,
        name: "shop".to_owned(),
    };
    (Case::found(&event).unwrap(), token)
}

fn liveness(token: &Fingerprint, status: Status) -> JournalEvent {
    JournalEvent::Liveness { token: token.clone(), status, reason: "answered".to_owned() }
}

fn replacement(token: &Fingerprint, status: Status) -> JournalEvent {
    JournalEvent::Replacement { token: token.clone(), status, reason: "answered".to_owned() }
}

/// The events of an ordinary run, and the state after each.
fn ordinary(token: &Fingerprint) -> Vec<(JournalEvent, CaseState)> {
    let begun = |step| JournalEvent::Begun { token: token.clone(), step };
    let sink = SINK.to_owned();
    vec![
        (begun(IncidentStep::Verify), CaseState::Found),
        (liveness(token, Status::Live), CaseState::Live),
        (begun(IncidentStep::Revoke), CaseState::Live),
        (JournalEvent::Revoked { token: token.clone(), by: "api".to_owned() }, CaseState::Revoked),
        (begun(IncidentStep::ProveDead), CaseState::Revoked),
        (liveness(token, Status::Live), CaseState::Revoked),
        (liveness(token, Status::Dead), CaseState::ProvenDead),
        (begun(IncidentStep::Mint), CaseState::ProvenDead),
        (
            JournalEvent::Minted {
                token: token.clone(),
                new: Fingerprint::of(b"new"),
                id_prefix: None,
                name: "shop".to_owned(),
            },
            CaseState::Minted,
        ),
        (begun(IncidentStep::Store(sink.clone())), CaseState::Minted),
        (JournalEvent::Stored { token: token.clone(), sink, place: ".env".to_owned() }, CaseState::Stored),
        (begun(IncidentStep::ProveLive), CaseState::Stored),
        (replacement(token, Status::Live), CaseState::Stored),
        (begun(IncidentStep::Renew), CaseState::Stored),
        (liveness(token, Status::Dead), CaseState::Stored),
        (replacement(token, Status::Live), CaseState::Stored),
        (JournalEvent::Proven { token: token.clone() }, CaseState::Done),
    ]
}

#[test]
fn an_ordinary_run_goes_from_state_to_state() {
    let (mut case, token) = found();
    for (event, state) in ordinary(&token) {
        case.apply("2026-07-01T00:00:00Z", &event);
        assert_eq!(case.state(&[SINK.to_owned()]), state, "{event:?}");
    }
    assert_eq!(case.dead_at.as_deref(), Some("2026-07-01T00:00:00Z"));
    assert!(!case.was_dead && case.problem.is_none());
    // Another sink is another thing to do.
    assert_eq!(case.state(&[SINK.to_owned(), "command:true".to_owned()]), CaseState::Minted);
}

#[test]
fn without_sinks_dead_is_done() {
    let (mut case, token) = found();
    for (event, _) in ordinary(&token).into_iter().take(7) {
        case.apply("", &event);
    }
    assert_eq!(case.state(&[]), CaseState::ProvenDead);
    case.apply("", &JournalEvent::Proven { token });
    assert_eq!(case.state(&[]), CaseState::Done);
}

/// What takes the last word back: nothing of it is done any more.
#[test]
fn whatever_happens_later_has_to_be_proven_again() {
    let sinks = [SINK.to_owned()];
    let events = |token: &Fingerprint| {
        let begun = |step| JournalEvent::Begun { token: token.clone(), step };
        let failed = |step| JournalEvent::Failed { token: token.clone(), step, reason: "why".to_owned() };
        vec![
            liveness(token, Status::Live),
            liveness(token, Status::Unknown),
            replacement(token, Status::Dead),
            replacement(token, Status::Unknown),
            begun(IncidentStep::Revoke),
            begun(IncidentStep::Mint),
            begun(IncidentStep::Store(SINK.to_owned())),
            failed(IncidentStep::Store(SINK.to_owned())),
            failed(IncidentStep::Renew),
            JournalEvent::GivenUp {
                token: token.clone(),
                new: Fingerprint::of(b"new"),
                reason: "dead".to_owned(),
            },
        ]
    };
    for at in 0..events(&found().1).len() {
        let (mut case, token) = found();
        for (event, _) in ordinary(&token) {
            case.apply("", &event);
        }
        assert_eq!(case.state(&sinks), CaseState::Done);
        let event = events(&token).remove(at);
        case.apply("", &event);
        assert_ne!(case.state(&sinks), CaseState::Done, "{event:?}");
        assert_eq!(case.is_dead(), !matches!(event, JournalEvent::Liveness { .. }), "{event:?}");
    }
}

#[test]
fn a_token_that_comes_back_to_life_was_not_dead_before() {
    for (between, was_dead) in [(Status::Live, false), (Status::Unknown, true)] {
        let (mut case, token) = found();
        for status in [Status::Dead, between, Status::Dead] {
            case.apply("", &liveness(&token, status));
        }
        assert_eq!(case.was_dead, was_dead, "{between:?}");
    }
}

#[test]
fn what_was_dead_before_is_not_replaced() {
    let (mut case, token) = found();
    case.apply("", &liveness(&token, Status::Dead));
    assert!(case.was_dead && !case.wants_replacement(&[SINK.to_owned()]));
    case.apply("", &JournalEvent::Proven { token });
    assert_eq!(case.state(&[SINK.to_owned()]), CaseState::Done);

    // Dead after a revocation that a crash cut short is our doing.
    let (mut case, token) = found();
    case.apply("", &JournalEvent::Begun { token: token.clone(), step: IncidentStep::Revoke });
    case.apply("", &liveness(&token, Status::Dead));
    assert!(!case.was_dead && case.wants_replacement(&[SINK.to_owned()]));
}

#[test]
fn nothing_but_a_refusal_is_dead() {
    for status in [Status::Unknown, Status::Live, Status::Unverified] {
        let (mut case, token) = found();
        case.apply("", &liveness(&token, status));
        assert!(!case.is_dead());
        assert_ne!(case.state(&[]), CaseState::Done);
    }
}
