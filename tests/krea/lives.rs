//! Many tokens at once.

use crate::raw::{Raw, Then};
use crate::support::emulator::{Emulator, Fault, Route};
use crate::{closed_port, krea_at, quick, text, token};
use krea_scan::finding::{Status, Token};
use krea_scan::krea::Options;
use std::collections::BTreeSet;
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
    let told = Mutex::new(BTreeSet::new());
    let lives = krea_at(&emulator.api(), &quick()).lives(&tokens, &|index, life| {
        assert!(told.lock().unwrap().insert((index, life.status)), "told twice");
    });
    assert_eq!(lives.iter().map(|life| life.status).collect::<Vec<_>>(), statuses);
    let expected: BTreeSet<_> = statuses.into_iter().enumerate().collect();
    assert_eq!(*told.lock().unwrap(), expected);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} at once");
    let asked: BTreeSet<_> =
        emulator.requests().iter().map(|request| request.bearer().unwrap().to_owned()).collect();
    assert_eq!((asked.len(), emulator.requests().len()), (30, 30));
}

#[test]
fn no_tokens_are_no_requests() {
    let emulator = Emulator::start();
    assert_eq!(krea_at(&emulator.api(), &quick()).lives(&[], &|_, _| ()), []);
    assert_eq!(emulator.requests().len(), 0);
}

/// Asks about 200 tokens where so many requests a second are allowed, in bursts of five.
fn within(rate: f64, retry_after: bool, options: &Options) {
    let emulator = Emulator::start();
    let (tokens, statuses) = many(&emulator, 200);
    emulator.rate(rate, 5, retry_after);
    let begun = Instant::now();
    let lives = krea_at(&emulator.api(), options).lives(&tokens, &|_, _| ());
    let took = begun.elapsed();
    let refused = emulator.requests().len() - tokens.len();
    println!("{rate} a second, Retry-After {retry_after}: {took:?}, {refused} refused");
    assert_eq!(lives.iter().map(|life| life.status).collect::<Vec<_>>(), statuses);
    assert!(refused <= 40, "{refused} requests were refused");
    assert!(took <= Duration::from_secs_f64(10.0 + 3.0 * 200.0 / rate), "{took:?}");
}

#[test]
fn two_hundred_tokens_find_a_rate_that_nobody_tells() {
    within(80.0, false, &quick());
}

#[test]
fn two_hundred_tokens_stay_within_the_rate_that_pauses_tell() {
    within(20.0, true, &Options::default());
}

#[test]
fn a_silent_host_is_given_up_soon() {
    let hole = Raw::start("", Then::Hang);
    let tokens: Vec<_> = (0..50).map(token).collect();
    let begun = Instant::now();
    let lives = krea_at(&hole.base(), &quick()).lives(&tokens, &|_, _| ());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!((5..=8).contains(&hole.connections()), "{} requests", hole.connections());
    assert_eq!(lives.len(), 50);
    assert!(lives.iter().all(|life| life.status == Status::Unknown));
    for life in &lives[8..] {
        assert_eq!(life.reason, "not asked: 5 requests in a row got no answer (timed out after 0.6 s)");
    }

    let nobody = krea_at(&format!("http://127.0.0.1:{}", closed_port()), &quick());
    let lives = nobody.lives(&tokens, &|_, _| ());
    assert!(lives[49].reason.starts_with("not asked: 5 requests in a row got no answer (cannot connect"));
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
    let options = Options { tries: 21, ..quick() };
    let lives = krea_at(&emulator.api(), &options).lives(&tokens, &|_, _| ());
    assert_eq!(lives.iter().map(|life| life.status).collect::<Vec<_>>(), statuses);
}

#[test]
fn a_server_that_only_refuses_is_left_when_the_time_is_over() {
    let emulator = Emulator::start();
    emulator.fault(Route::Jobs, Fault::TooMany { retry_after: None }, usize::MAX);
    let tokens: Vec<_> = (0..30).map(token).collect();
    let options = Options { budget: Duration::from_secs(2), ..quick() };
    let begun = Instant::now();
    let lives = krea_at(&emulator.api(), &options).lives(&tokens, &|_, _| ());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(lives.iter().all(|life| life.status == Status::Unknown));
    assert!(lives[0].reason.starts_with("answered 429: too many requests"), "{}", lives[0].reason);
    assert!(lives[29].reason.starts_with("not asked: the "), "{}", lives[29].reason);
    assert!(emulator.requests().len() < 30, "{} requests", emulator.requests().len());
}

#[test]
fn a_stop_leaves_the_rest_unasked() {
    let emulator = Emulator::start();
    let (tokens, _) = many(&emulator, 30);
    let stop = Arc::new(AtomicBool::new(false));
    let options = Options { stop: Some(Arc::clone(&stop)), ..quick() };
    let lives = krea_at(&emulator.api(), &options).lives(&tokens, &|_, _| stop.store(true, Ordering::SeqCst));
    assert!(emulator.requests().len() <= 8, "{} requests", emulator.requests().len());
    assert_eq!(lives[29].reason, "not asked: stopped");
}
