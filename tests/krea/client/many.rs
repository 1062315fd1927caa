//! Many tokens at once.

use super::raw::{Raw, Then};
use super::{closed_port, krea_at, quick, text, token};
use crate::support::emulator::{Emulator, Fault, Route};
use krea_scan_service::krea::{Question, RequestOptions};
use krea_scan_token::{Status, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// So many tokens, every third of them live.
fn many(emulator: &Emulator, count: u64) -> (Vec<Token>, Vec<Status>) {
    let tokens: Vec<_> = (0..count).map(token).collect();
    let live = |n: usize| n.is_multiple_of(3);
    for token in tokens.iter().enumerate().filter(|(n, _)| live(*n)) {
        emulator.issue(text(token.1), "x");
    }
    let statuses = (0..tokens.len()).map(|n| if live(n) { Status::Live } else { Status::Dead });
    let statuses = statuses.collect();
    (tokens, statuses)
}

#[test]
fn each_is_asked_once_a_few_at_a_time_and_told_at_once() {
    let emulator = Emulator::start();
    let (tokens, statuses) = many(&emulator, 30);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    emulator.on_request({
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        move |_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(30));
            now.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let heard = Mutex::new(BTreeSet::new());
    let questions: Vec<Question> = tokens.iter().chain(&tokens).map(Question::of).collect();
    let answers = krea_at(&emulator.api(), &quick()).answers(&questions, &|token| {
        assert!(heard.lock().unwrap().insert(token.fingerprint()), "told twice");
    });
    let known: Vec<Status> = tokens.iter().map(|token| answers.of(token).unwrap().status).collect();
    assert_eq!(known, statuses);
    assert_eq!(heard.lock().unwrap().len(), 30);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} at once");
    // Live ones once, the others until it is certain, and the host once.
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for request in emulator.requests() {
        *times.entry(request.bearer().unwrap_or_default().to_owned()).or_default() += 1;
    }
    assert_eq!(times.remove(""), Some(1));
    for (token, status) in tokens.iter().zip(&statuses) {
        let expected = if *status == Status::Live { 1 } else { 4 };
        assert_eq!(times[text(token)], expected, "{status:?}");
    }
}

/// What each text was answered, and how often it was sent.
fn among(readings: &[&[u64]], live: &[u64]) -> Vec<(u64, Option<Status>, usize)> {
    let emulator = Emulator::start();
    live.iter().for_each(|&n| emulator.issue(text(&token(n)), "x"));
    let question = |numbers: &&[u64]| Question::among(numbers.iter().map(|&n| token(n)).collect());
    let questions: Vec<Question> = readings.iter().map(question).collect();
    let answers = krea_at(&emulator.api(), &quick()).answers(&questions, &|_| ());
    let numbers: BTreeSet<u64> = readings.iter().flat_map(|numbers| numbers.iter().copied()).collect();
    let sent = |n| emulator.requests().iter().filter(|it| it.bearer() == Some(text(&token(n)))).count();
    numbers.into_iter().map(|n| (n, answers.of(&token(n)).map(|answer| answer.status), sent(n))).collect()
}

#[test]
fn readings_are_asked_in_turn_until_one_is_live() {
    use Status::{Dead, Live, Unknown};
    // The best is live: nothing else is sent.
    assert_eq!(among(&[&[0, 1, 2]], &[0]), [(0, Some(Live), 1), (1, None, 0), (2, None, 0)]);
    // A later one is: those before it were sent once, and nothing is certain of them, nor has to be.
    let expected = [(0, Some(Unknown), 1), (1, Some(Live), 1), (2, None, 0)];
    assert_eq!(among(&[&[0, 1, 2]], &[1]), expected);
    // None is: all are asked about until that is certain.
    assert_eq!(among(&[&[0, 1]], &[]), [(0, Some(Dead), 4), (1, Some(Dead), 4)]);
    // Two tokens may read the same: a text is sent once, and asked about again as long as one of them needs that.
    let expected = [(0, Some(Dead), 4), (1, Some(Live), 1), (2, Some(Dead), 4)];
    assert_eq!(among(&[&[0, 1], &[0, 2]], &[1]), expected);
    assert_eq!(among(&[&[0], &[0, 1]], &[]), [(0, Some(Dead), 4), (1, Some(Dead), 4)]);
}

#[test]
fn no_tokens_are_no_requests() {
    let emulator = Emulator::start();
    assert_eq!(krea_at(&emulator.api(), &quick()).livenesses(&[]), []);
    assert_eq!(emulator.requests().len(), 0);
}

/// Asks about 200 tokens where so many requests a second are allowed, in bursts of five.
fn within(rate: f64, retry_after: bool, options: &RequestOptions) {
    let emulator = Emulator::start();
    let (tokens, statuses) = many(&emulator, 200);
    emulator.rate(rate, 5, retry_after);
    let begun = Instant::now();
    let answers = krea_at(&emulator.api(), options).livenesses(&tokens);
    let took = begun.elapsed();
    let requests = emulator.requests();
    let refused = requests.iter().filter(|request| request.status == Some(429)).count();
    println!("{rate} a second, Retry-After {retry_after}: {took:?}, {refused} refused");
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), statuses);
    assert!(refused <= 80, "{refused} requests were refused");
    assert!(took <= Duration::from_secs_f64(10.0 + 3.0 * requests.len() as f64 / rate), "{took:?}");
}

#[test]
fn two_hundred_tokens_find_a_rate_that_nobody_tells() {
    within(80.0, false, &quick());
}

#[test]
fn two_hundred_tokens_stay_within_the_rate_that_pauses_tell() {
    within(20.0, true, &RequestOptions::default());
}

#[test]
fn a_silent_host_is_given_up_soon() {
    let hole = Raw::start("", Then::Hang);
    let tokens: Vec<_> = (0..50).map(token).collect();
    let begun = Instant::now();
    let answers = krea_at(&hole.base(), &quick()).livenesses(&tokens);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!((5..=8).contains(&hole.connections()), "{} requests", hole.connections());
    assert_eq!(answers.len(), 50);
    assert!(answers.iter().all(|answer| answer.status == Status::Unknown));
    for answer in &answers[8..] {
        assert_eq!(answer.reason, "not asked: 5 requests in a row got no answer (timed out after 0.6 s)");
    }

    let nobody = krea_at(&format!("http://127.0.0.1:{}", closed_port()), &quick());
    let answers = nobody.livenesses(&tokens);
    assert!(answers[49].reason.starts_with("not asked: 5 requests in a row got no answer (cannot connect"));
}

#[test]
fn single_failures_do_not_give_up_the_rest() {
    let emulator = Emulator::start();
    let (tokens, statuses) = many(&emulator, 40);
    for _ in 0..10 {
        emulator.fault(Route::Jobs, Fault::Reset, 1);
        emulator.fault(Route::Jobs, Fault::Status(503), 1);
    }
    // Which worker meets which fault is not known: more tries than there are faults.
    let options = RequestOptions { tries: 21, ..quick() };
    let answers = krea_at(&emulator.api(), &options).livenesses(&tokens);
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), statuses);
}

#[test]
fn a_server_that_only_refuses_is_left_when_the_time_is_over() {
    let emulator = Emulator::start();
    emulator.fault(Route::Jobs, Fault::TooMany { retry_after: None }, usize::MAX);
    let tokens: Vec<_> = (0..30).map(token).collect();
    let options = RequestOptions { budget: Duration::from_secs(2), ..quick() };
    let begun = Instant::now();
    let answers = krea_at(&emulator.api(), &options).livenesses(&tokens);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(answers.iter().all(|answer| answer.status == Status::Unknown));
    assert!(answers[0].reason.starts_with("answered 429: too many requests"), "{}", answers[0].reason);
    assert!(answers[29].reason.starts_with("not asked: the "), "{}", answers[29].reason);
    assert!(emulator.requests().len() < 30, "{} requests", emulator.requests().len());
}

#[test]
fn a_stop_leaves_the_rest_unasked() {
    let emulator = Emulator::start();
    let (tokens, _) = many(&emulator, 30);
    let stop = Arc::new(AtomicBool::new(false));
    let options = RequestOptions { stop: Some(Arc::clone(&stop)), ..quick() };
    let questions: Vec<Question> = tokens.iter().map(Question::of).collect();
    let krea = krea_at(&emulator.api(), &options);
    let answers = krea.answers(&questions, &|_| stop.store(true, Ordering::SeqCst));
    assert!(emulator.requests().len() <= 8, "{} requests", emulator.requests().len());
    assert_eq!(answers.of(&tokens[29]).unwrap().reason, "not asked: stopped");
}
