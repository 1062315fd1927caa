//! When to send, and when to send again. Takes what servers answer, gives turns: one clock for all workers of a client,
//! which slows down when the server asks for that and speeds up again slowly. Never waits past a deadline.

use super::http::{ApiAnswer, Failure, FailureKind, RequestOptions, Seconds};
use krea_scan_http::MAX_PAUSE;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The first pause after a 429 that names none; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Two requests are never further apart than this, pauses aside.
const MAX_INTERVAL: Duration = Duration::from_secs(2);
/// After a 429, two requests are at least this far apart.
const MIN_SLOW_INTERVAL: Duration = Duration::from_millis(10);
/// How often a request is sent that is answered 429 each time.
const REFUSALS: u32 = 10;
/// So many requests in a row without any answer, and the rest is not tried.
const SILENCE: u32 = 5;
/// How long a wait goes on before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(50);

/// The clock that the workers of a client share.
pub(super) struct RateLimiter {
    state: Mutex<LimiterState>,
    interval: Duration,
    tries: u32,
    backoff: Duration,
    stop: Option<Arc<AtomicBool>>,
}

struct LimiterState {
    /// When the next request may start.
    next: Instant,
    /// Between two starts.
    interval: Duration,
    /// Nobody sends before.
    paused_until: Instant,
    /// When the interval grew; what was sent before then says nothing about the interval of now.
    slowed: Instant,
    /// 429s since an answer that was none.
    refusals: u32,
}

/// The bounds of one call, shared by its workers.
pub(super) struct CallBounds {
    deadline: Instant,
    budget: Duration,
    /// Requests in a row without an answer, and what the last of them met.
    silence: Mutex<(u32, String)>,
}

/// What became of a request.
pub(super) struct Attempt {
    pub outcome: Result<ApiAnswer, Failure>,
    /// How often it was sent.
    pub tries: u32,
}

impl Attempt {
    /// The words for the outcome, with how often it was tried.
    pub fn told(&self, words: &str) -> String {
        match self.tries {
            0 => format!("not asked: {words}"),
            1 => words.to_owned(),
            tries => format!("{words} ({tries} tries)"),
        }
    }
}

/// Whether a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryDecision {
    No,
    /// The server wants fewer requests, and perhaps a pause of this length.
    Slower(Option<Duration>),
    /// Something failed that may go well the next time.
    Retry,
}

impl CallBounds {
    pub fn new(budget: Duration) -> CallBounds {
        CallBounds { deadline: Instant::now() + budget, budget, silence: Mutex::default() }
    }

    /// What is left of the time.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn note(&self, outcome: &Result<ApiAnswer, Failure>) {
        let mut silence = lock(&self.silence);
        match outcome {
            Ok(_) => *silence = (0, String::new()),
            Err(failure) => *silence = (silence.0 + 1, failure.words.clone()),
        }
    }

    /// Why nothing more is sent.
    fn over(&self) -> Option<String> {
        let silence = lock(&self.silence);
        if silence.0 >= SILENCE {
            return Some(format!("{SILENCE} requests in a row got no answer ({})", silence.1));
        }
        (Instant::now() >= self.deadline)
            .then(|| format!("the time for it ({}) is over", Seconds(self.budget)))
    }
}

impl RateLimiter {
    pub fn new(options: &RequestOptions) -> RateLimiter {
        let now = Instant::now();
        let state = LimiterState {
            next: now,
            interval: options.interval,
            paused_until: now,
            slowed: now,
            refusals: 0,
        };
        RateLimiter {
            state: Mutex::new(state),
            interval: options.interval,
            tries: options.tries.max(1),
            backoff: options.backoff,
            stop: options.stop.clone(),
        }
    }

    /// Sends until `again` says that an outcome stands, or the bounds are met.
    pub fn retry(
        &self,
        run: &CallBounds,
        again: impl Fn(&Result<ApiAnswer, Failure>) -> RetryDecision,
        send: impl Fn() -> Result<ApiAnswer, Failure>,
    ) -> Attempt {
        let (mut failed, mut refused) = (0, 0);
        let mut last = None;
        loop {
            let turn = self.turn(run).map_err(|words| Failure::new(FailureKind::NotSent, words));
            let sent = match turn {
                Ok(sent) => sent,
                Err(failure) => {
                    return Attempt { outcome: last.unwrap_or(Err(failure)), tries: failed + refused };
                }
            };
            let outcome = send();
            run.note(&outcome);
            let again = again(&outcome);
            match again {
                RetryDecision::Slower(pause) => {
                    self.slower(sent, pause);
                    refused += 1;
                }
                RetryDecision::Retry => failed += 1,
                RetryDecision::No => {}
            }
            if outcome.as_ref().is_ok_and(|answer| answer.status != 429) {
                self.went_well();
            }
            let tries = failed + refused;
            match again {
                RetryDecision::No => return Attempt { outcome, tries: tries + 1 },
                _ if failed >= self.tries || refused >= REFUSALS => return Attempt { outcome, tries },
                RetryDecision::Slower(_) => {}
                RetryDecision::Retry => {
                    let wait = self.backoff.saturating_mul(1 << (failed - 1).min(8)).mul_f64(jitter());
                    // Stopped or out of time: the next turn says so.
                    self.sleep(wait.min(run.left()));
                }
            }
            last = Some(outcome);
        }
    }

    /// Waits for the next turn; says when it is, or why there is none.
    fn turn(&self, run: &CallBounds) -> Result<Instant, String> {
        loop {
            if let Some(words) = run.over() {
                return Err(words);
            }
            let at = {
                let mut state = lock(&self.state);
                let at = state.next.max(state.paused_until).max(Instant::now());
                if at > run.deadline {
                    return Err(format!(
                        "the server wants a longer pause than the time for it ({}) allows",
                        Seconds(run.budget)
                    ));
                }
                state.next = at + state.interval;
                at
            };
            self.sleep(at.saturating_duration_since(Instant::now()));
            if self.stopped() {
                return Err("stopped".to_owned());
            }
            let now = Instant::now();
            if lock(&self.state).paused_until <= now {
                return Ok(now);
            }
        }
    }

    fn slower(&self, sent: Instant, pause: Option<Duration>) {
        let now = Instant::now();
        let mut state = lock(&self.state);
        // Of several that were under way at once, one counts.
        if sent >= state.slowed {
            state.interval = (state.interval * 2).clamp(MIN_SLOW_INTERVAL, MAX_INTERVAL);
            state.slowed = now;
            state.refusals += 1;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << state.refusals.saturating_sub(1).min(8));
        let pause = pause.unwrap_or(doubled.mul_f64(jitter())).min(MAX_PAUSE);
        state.paused_until = state.paused_until.max(now + pause);
    }

    fn went_well(&self) {
        let mut state = lock(&self.state);
        state.refusals = 0;
        state.interval = state.interval.mul_f64(0.99).max(self.interval);
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Waits, but not when it is to stop.
    pub fn sleep(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while !self.stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(NAP));
        }
    }
}

/// Between a half and a whole, so that many clients do not come back in step.
fn jitter() -> f64 {
    0.5 + fastrand::f64() / 2.0
}

/// A lock that a panicking holder does not spoil: what it guards is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krea::http::AnswerBody;
    use std::cell::Cell;

    fn answer(status: u16, retry_after: Option<Duration>) -> Result<ApiAnswer, Failure> {
        Ok(ApiAnswer { status, retry_after, location: None, body: Ok(AnswerBody::default()) })
    }

    fn lost() -> Result<ApiAnswer, Failure> {
        Err(Failure::new(FailureKind::Lost, "lost"))
    }

    fn again(outcome: &Result<ApiAnswer, Failure>) -> RetryDecision {
        match outcome {
            Ok(answer) if answer.status == 429 => RetryDecision::Slower(answer.retry_after),
            Ok(answer) if answer.status < 500 => RetryDecision::No,
            _ => RetryDecision::Retry,
        }
    }

    fn quick() -> RequestOptions {
        RequestOptions {
            backoff: Duration::from_millis(1),
            interval: Duration::from_millis(1),
            budget: Duration::from_secs(20),
            ..RequestOptions::default()
        }
    }

    /// Tries with the answers given, one after the other, the last for ever; the outcome's status and the tries.
    fn tried(
        options: &RequestOptions,
        outcomes: &[fn() -> Result<ApiAnswer, Failure>],
    ) -> (Option<u16>, u32) {
        let (limiter, run, sent) = (RateLimiter::new(options), CallBounds::new(options.budget), Cell::new(0));
        let tried = limiter.retry(&run, again, || {
            let outcome = outcomes[sent.get().min(outcomes.len() - 1)];
            sent.set(sent.get() + 1);
            outcome()
        });
        assert_eq!(sent.get(), tried.tries as usize, "each try is counted");
        (tried.outcome.ok().map(|answer| answer.status), tried.tries)
    }

    #[test]
    fn what_fails_is_tried_three_times_and_what_stands_once() {
        assert_eq!(tried(&quick(), &[|| answer(200, None)]), (Some(200), 1));
        assert_eq!(tried(&quick(), &[|| answer(403, None)]), (Some(403), 1));
        assert_eq!(tried(&quick(), &[|| answer(500, None)]), (Some(500), 3));
        assert_eq!(tried(&quick(), &[lost]), (None, 3));
        assert_eq!(tried(&quick(), &[lost, || answer(503, None), || answer(401, None)]), (Some(401), 3));
    }

    #[test]
    fn refusals_are_tried_ten_times_after_the_pause_they_name() {
        const PAUSE: Duration = Duration::from_millis(20);
        let begun = Instant::now();
        assert_eq!(tried(&quick(), &[|| answer(429, Some(PAUSE))]), (Some(429), 10));
        assert!(begun.elapsed() >= PAUSE * 9, "{:?}", begun.elapsed());
        // Failures and refusals have bounds of their own.
        let mixed: &[fn() -> _] = &[lost, || answer(429, Some(Duration::ZERO)), lost, || answer(200, None)];
        assert_eq!(tried(&quick(), mixed), (Some(200), 4));
    }

    #[test]
    fn pauses_without_a_name_grow() {
        let begun = Instant::now();
        let outcomes: &[fn() -> _] = &[|| answer(429, None), || answer(429, None), || answer(200, None)];
        assert_eq!(tried(&quick(), outcomes), (Some(200), 3));
        // At least half of 0.5 s, and half of 1 s.
        assert!(begun.elapsed() >= Duration::from_millis(750), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_pause_beyond_the_budget_is_not_waited_for() {
        let options = RequestOptions { budget: Duration::from_secs(5), ..quick() };
        let begun = Instant::now();
        assert_eq!(tried(&options, &[|| answer(429, Some(Duration::from_secs(30)))]), (Some(429), 1));
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_pause_holds_for_every_worker() {
        let limiter = RateLimiter::new(&quick());
        let run = CallBounds::new(Duration::from_secs(20));
        let pause = Duration::from_millis(300);
        let begun = Instant::now();
        thread::scope(|scope| {
            // Has its turn reserved when the pause begins.
            let other = scope.spawn(|| {
                lock(&limiter.state).next = begun + Duration::from_millis(100);
                limiter.turn(&run).unwrap()
            });
            thread::sleep(Duration::from_millis(30));
            limiter.slower(Instant::now(), Some(pause));
            assert!(other.join().unwrap() >= begun + pause);
        });
    }

    #[test]
    fn turns_are_an_interval_apart_which_grows_once_for_what_was_under_way() {
        let options = RequestOptions { interval: Duration::from_millis(20), ..quick() };
        let limiter = RateLimiter::new(&options);
        let run = CallBounds::new(Duration::from_secs(20));
        let turns: Vec<_> = (0..4).map(|_| limiter.turn(&run).unwrap()).collect();
        assert!(turns[3] - turns[0] >= Duration::from_millis(59), "{:?}", turns[3] - turns[0]);

        let interval = || lock(&limiter.state).interval;
        for sent in &turns {
            limiter.slower(*sent, Some(Duration::ZERO));
        }
        assert_eq!(interval(), Duration::from_millis(40));
        limiter.slower(Instant::now(), Some(Duration::ZERO));
        assert_eq!(interval(), Duration::from_millis(80));
        limiter.went_well();
        assert!(interval() < Duration::from_millis(80) && interval() > Duration::from_millis(78));
        (0..1000).for_each(|_| limiter.went_well());
        assert_eq!(interval(), options.interval);
        (0..20).for_each(|_| limiter.slower(Instant::now(), Some(Duration::ZERO)));
        assert_eq!(interval(), MAX_INTERVAL);
    }

    #[test]
    fn a_silent_host_is_given_up() {
        let (limiter, run) = (RateLimiter::new(&quick()), CallBounds::new(Duration::from_secs(20)));
        let sent = Cell::new(0);
        let ask = |outcome: fn() -> Result<ApiAnswer, Failure>| {
            limiter.retry(&run, again, || {
                sent.set(sent.get() + 1);
                outcome()
            })
        };
        assert_eq!(ask(lost).tries, 3);
        // An answer, whatever it says, ends the silence.
        assert_eq!(ask(|| answer(500, None)).tries, 3);
        assert_eq!(ask(lost).tries, 3);
        assert_eq!(ask(lost).tries, 2);
        sent.set(0);
        let given_up = ask(|| answer(200, None));
        assert_eq!((given_up.tries, sent.get()), (0, 0));
        let words = given_up.outcome.err().unwrap().words;
        assert_eq!(words, "5 requests in a row got no answer (lost)");
    }

    #[test]
    fn a_stop_ends_every_wait() {
        let stop = Arc::new(AtomicBool::new(false));
        let limiter =
            RateLimiter::new(&RequestOptions { stop: Some(Arc::clone(&stop)), ..RequestOptions::default() });
        let run = CallBounds::new(Duration::from_secs(100));
        limiter.slower(Instant::now(), Some(Duration::from_secs(50)));
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                stop.store(true, Ordering::Relaxed);
            });
            let tried = limiter.retry(&run, again, || panic!("sent after the stop"));
            assert_eq!(tried.outcome.err().unwrap().words, "stopped");
        });
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
