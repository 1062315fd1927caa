//! Tokens whose text has several readings, or may be none that is known: what is asked, what is told, and what an incident
//! makes of them. The findings are made up here; how a scan comes to them is its own affair.

#![cfg(unix)]

use crate::support::Sandbox;
use crate::support::child::in_child;
use crate::support::emulator::{Emulator, Fault, Route};
use crate::support::tokens::{self, Alphabet};
use krea_scan::config::Service;
use krea_scan::finding::{Finding, Outcome};
use krea_scan::location::Location;
use krea_scan::respond;
use krea_scan_service::incident::Ways;
use krea_scan_service::incident::console::{Console, ConsoleOptions, Interrupt};
use krea_scan_service::incident::{Ask, CaseState};
use krea_scan_service::krea::{Host, RequestOptions, TokenApiConfig};
use krea_scan_token::{Confidence, Doubt, Readings, Status, Token, TokenKind};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

fn pair(n: u64) -> Token {
    Token::new(TokenKind::Pair, tokens::pair(Alphabet::Base62, n).as_bytes())
}

fn text(token: &Token) -> &str {
    std::str::from_utf8(token.expose()).unwrap()
}

/// What a token would be with a neighbour taken into it.
fn longer(token: &Token) -> Token {
    Token::new(TokenKind::Pair, format!("{}T", text(token)).as_bytes())
}

/// A finding that reads so, best first, in a file of this name.
fn finding(path: &str, readings: &[Token], doubt: Option<Doubt>) -> Finding {
    let mut others = Readings::one_of(readings[1..].to_vec());
    if let Some(doubt) = doubt {
        others.add_doubt(doubt);
    }
    Finding {
        rule: "krea-api-token".to_owned(),
        confidence: Confidence::High,
        token: readings[0].clone(),
        location: Location { path: path.to_owned(), line: 7, column: 3, byte_offset: 90 },
        layers: Vec::new(),
        via: Vec::new(),
        readings: others,
        context: "KREA_API_KEY".to_owned(),
        is_copy: false,
        git: None,
        status: Status::Unverified,
        status_reason: String::new(),
        excerpt: String::new(),
    }
}

fn outcome(findings: impl IntoIterator<Item = Finding>) -> Outcome {
    Outcome { findings: findings.into_iter().collect(), ..Outcome::default() }
}

fn service(emulator: &Emulator) -> Service {
    let short = Duration::from_millis(1);
    Service {
        api: Host::parse(&emulator.api()).unwrap(),
        api_is_given: true,
        ways: Ways { token_api: Some(TokenApiConfig::at(&emulator.token_api()).unwrap()), ..Ways::default() },
        stores: Vec::new(),
        http: RequestOptions { interval: short, backoff: short, pause: short, ..RequestOptions::default() },
    }
}

fn console() -> Console {
    Console::new(ConsoleOptions { yes: true, ..ConsoleOptions::default() })
}

fn incident() -> respond::Incident {
    respond::Incident { replace_first: false, wait: Duration::from_secs(5), name: None }
}

fn verified(emulator: &Emulator, findings: impl IntoIterator<Item = Finding>) -> Outcome {
    let mut outcome = outcome(findings);
    respond::verify(&mut outcome, &service(emulator), &console()).unwrap();
    outcome
}

fn sent(emulator: &Emulator, token: &Token) -> usize {
    emulator.requests().iter().filter(|request| request.bearer() == Some(text(token))).count()
}

#[test]
fn the_live_reading_is_the_token() {
    let emulator = Emulator::start();
    let token = pair(1);
    emulator.issue(text(&token), "leaked");
    let (best, never) = (longer(&token), pair(2));
    let legacy = Token::new(TokenKind::Legacy, token.secret());
    for (first, doubt) in [(&best, None), (&best, Some(Doubt::NoBorder)), (&legacy, Some(Doubt::Half))] {
        let asked = emulator.requests().len();
        let readings = [first.clone(), token.clone(), never.clone()];
        let outcome = verified(&emulator, [finding("a.bin", &readings, doubt)]);
        let told = &outcome.findings[0];
        assert_eq!((told.status, &told.token, told.token.kind()), (Status::Live, &token, TokenKind::Pair));
        assert!(told.readings.is_certain(), "it is settled");
        // What it might have been is masked in reports as well.
        assert!(outcome.withheld.contains(first) && outcome.withheld.contains(&never));
        let counts = outcome.summary.verified.unwrap();
        assert_eq!((counts.live, counts.dead, counts.unknown), (1, 0, 0));
        assert_eq!(emulator.requests().len() - asked, 2, "the first, then the one that is live");
    }
    assert_eq!(sent(&emulator, &never), 0);
}

#[test]
fn only_where_no_other_reading_is_possible_a_refusal_is_dead() {
    let emulator = Emulator::start();
    let (a, b) = (pair(3), longer(&pair(3)));
    let outcome = verified(&emulator, [finding("a.txt", &[a.clone(), b.clone()], None)]);
    assert_eq!(outcome.findings[0].status, Status::Dead);
    assert_eq!(outcome.findings[0].status_reason, "answered 401 4 times to each of its 2 readings");
    assert_eq!((sent(&emulator, &a), sent(&emulator, &b)), (4, 4));

    for doubt in [Doubt::Picture, Doubt::Repaired, Doubt::Cut, Doubt::NoBorder, Doubt::Half, Doubt::TooMany] {
        let outcome = verified(&emulator, [finding("a.txt", std::slice::from_ref(&a), Some(doubt))]);
        let told = &outcome.findings[0];
        assert_eq!(told.status, Status::Unknown, "{doubt:?}");
        let row = format!("look up the row {}", a.id_prefix().unwrap());
        for part in [&doubt.to_string(), &row, "a.txt:7:3"] {
            assert!(told.status_reason.contains(part), "{}", told.status_reason);
        }
        assert_eq!(outcome.summary.verified.unwrap().unknown, 1);
    }
}

#[test]
fn a_half_alone_that_is_refused_is_unknown() {
    let emulator = Emulator::start();
    let half = Token::new(TokenKind::Legacy, pair(4).secret());
    let outcome = verified(&emulator, [finding(".env", &[half], Some(Doubt::Half))]);
    let told = &outcome.findings[0];
    assert_eq!(told.status, Status::Unknown);
    assert!(told.status_reason.contains("the other half near .env:7:3"), "{}", told.status_reason);
}

#[test]
fn what_is_certain_elsewhere_is_certain() {
    let emulator = Emulator::start();
    let (a, b) = (pair(5), longer(&pair(5)));
    let findings = [
        finding("a.bin", std::slice::from_ref(&a), Some(Doubt::NoBorder)),
        finding("b.bin", &[b.clone(), a.clone()], Some(Doubt::NoBorder)),
        finding("c.env", std::slice::from_ref(&a), None),
        // Not that text, whatever else is the same.
        finding("d.bin", std::slice::from_ref(&b), Some(Doubt::NoBorder)),
    ];
    let outcome = verified(&emulator, findings);
    let told: Vec<Status> = outcome.findings.iter().map(|finding| finding.status).collect();
    // The second and the last are told as one token, of which the least good is known.
    assert_eq!(told, [Status::Dead, Status::Unknown, Status::Dead, Status::Unknown]);
    assert_eq!((sent(&emulator, &a), sent(&emulator, &b)), (4, 4), "each text is asked about once a run");
}

#[test]
fn a_reading_without_an_answer_leaves_everything_open() {
    let emulator = Emulator::start();
    let (a, odd) = (pair(6), Token::new(TokenKind::Pair, b"an id with blanks:and a secret"));
    for readings in [[a.clone(), odd.clone()], [odd, a]] {
        let outcome = verified(&emulator, [finding("a.txt", &readings, None)]);
        let told = &outcome.findings[0];
        assert_eq!(told.status, Status::Unknown);
        assert!(
            told.status_reason.starts_with("of its 2 readings one was not asked"),
            "{}",
            told.status_reason
        );
    }
}

#[test]
fn a_dry_run_says_what_would_be_asked_first() {
    let emulator = Emulator::start();
    let (a, b) = (pair(7), pair(8));
    let mut outcome = outcome([
        finding("a.bin", &[longer(&a), a], Some(Doubt::NoBorder)),
        finding("b.env", std::slice::from_ref(&b), None),
    ]);
    respond::dry_run(&mut outcome, &service(&emulator), &incident(), &[], &console()).unwrap();
    let plan = outcome.plan.join("\n");
    assert!(plan.contains("in each of its readings (2)") && plan.contains("nothing marks where"), "{plan}");
    assert!(plan.contains(&b.id_prefix().unwrap()), "{plan}");
    assert!(emulator.requests().is_empty());
}

/// The opening of the only journal.
fn opening() -> Value {
    let state = std::env::var_os("XDG_STATE_HOME").unwrap();
    let incidents = Path::new(&state).join("krea-scan/incidents");
    let folders = std::fs::read_dir(incidents).unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.into_iter().find(|path| path.is_dir()).unwrap();
    let journal = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    serde_json::from_str(journal.lines().next().unwrap()).unwrap()
}

#[test]
fn an_incident_deals_with_the_live_readings_and_leaves_the_doubtful_to_a_person() {
    let sandbox = Sandbox::empty();
    let name = "an_incident_deals_with_the_live_readings_and_leaves_the_doubtful_to_a_person";
    let state = sandbox.beside("state");
    let variables =
        [("XDG_STATE_HOME", state.to_str().unwrap()), ("KREA_TOKEN_API_KEY", Emulator::CREDENTIAL)];
    if !in_child(module_path!(), name, &variables) {
        return;
    }
    let emulator = Emulator::start();
    let (live, plain, guess, dead) = (pair(9), pair(10), pair(11), pair(12));
    for token in [&live, &plain] {
        emulator.issue(text(token), "leaked");
    }
    let best = longer(&live);
    let mut outcome = outcome([
        finding("live.bin", &[best.clone(), live.clone()], Some(Doubt::NoBorder)),
        finding("again.bin", &[best.clone(), live.clone()], None),
        finding("plain.env", std::slice::from_ref(&plain), None),
        finding("guess.png", std::slice::from_ref(&guess), Some(Doubt::Picture)),
        finding("dead.txt", &[dead.clone(), longer(&dead)], None),
    ]);
    let env_file = sandbox.root().join("new.env");
    let stores = vec![format!("env-file:{}", env_file.display()).parse().unwrap()];
    let service = Service { stores, ..service(&emulator) };
    // It is no replacement of anything, for it is what a token here was read as.
    emulator.fault(Route::Mint, Fault::HandsOut(text(&best).to_owned()), 1);
    let (console, interrupt) = (console(), Interrupt::install().unwrap());
    let ask = Ask { console: &console, interrupt: &interrupt };
    respond::revoke(&mut outcome, &service, &incident(), &[], ask).unwrap();

    let report = outcome.incident.as_ref().unwrap();
    let rows: Vec<_> = report.tokens.iter().map(|entry| entry.case.fingerprint.clone()).collect();
    let expected = [live.fingerprint(), plain.fingerprint(), dead.fingerprint()];
    assert_eq!(rows, expected, "a token has one row, whatever its readings");
    assert!(!emulator.is_live(text(&live)) && !emulator.is_live(text(&plain)));
    assert_eq!(
        report.tokens[0].case.problem.as_deref().map(|said| said.contains("a token that leaked")),
        Some(true)
    );
    assert_eq!(report.tokens[1].state, CaseState::Done);
    let told: Vec<Status> = outcome.findings.iter().map(|finding| finding.status).collect();
    let expected = [Status::Dead, Status::Dead, Status::Dead, Status::Unknown, Status::Dead];
    assert_eq!(told, expected);
    let counts = outcome.summary.verified.as_ref().unwrap();
    assert_eq!((counts.live, counts.dead, counts.unknown), (0, 3, 1));
    let by_hand: Vec<&String> = outcome.left_to_do.iter().filter(|step| step.contains("Look up")).collect();
    assert_eq!(by_hand.len(), 1, "{by_hand:?}");
    for part in [guess.id_prefix().unwrap().as_str(), "guess.png:7:3", "it was read from a picture"] {
        assert!(by_hand[0].contains(part), "{by_hand:?}");
    }
    // Whoever goes on with it knows what else leaked.
    let leaked = opening()["leaked"].as_array().unwrap().clone();
    for token in [&best, &live, &plain, &guess, &dead, &longer(&dead)] {
        assert!(leaked.contains(&Value::from(token.fingerprint().to_string())), "{token:?}");
    }
}
