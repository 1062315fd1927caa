//! How much processor time one file may take, and all files of a run together, so that no input keeps a machine busy for
//! longer than its size is worth.
//!
//! What costs time differs from format to format and from text to text: a text of nothing but tokens costs a hundred times
//! as much as another. So the time itself is counted, that of the thread, which does not pass while others have the
//! processor. Whoever does something long asks [`is_over`] now and then, and ends if it is.

use crate::limits::{Exceeded, Limits};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What any file may take, however small it is, and a run on top of what its files may. What people have takes a
/// hundredth of it.
const MAX_FLOOR: Duration = Duration::from_secs(4);
/// What a file may take for each of its bytes, in nanoseconds.
const MAX_NANOS_A_BYTE: u64 = 250;
/// A look for what is known takes less than the first one: one part in so many of that.
const SECOND_LOOK: u32 = 3;

/// What the files of this run took that are done, in nanoseconds, and what all that were begun may.
static SPENT: AtomicU64 = AtomicU64::new(0);
static ALLOWED: AtomicU64 = AtomicU64::new(MAX_FLOOR.as_nanos() as u64);

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

/// The file that a thread is at.
#[derive(Clone, Copy)]
struct Current {
    /// When it was first asked about: before that nothing was done that takes long.
    started: Option<Duration>,
    most: Duration,
    /// A person said how much it may be: that of other files does not count, nor does its size.
    is_given: bool,
    in_store: bool,
    again: bool,
    /// It took too much at some time.
    was_over: bool,
}

/// The work on one file. It ends where this is dropped.
#[derive(Debug)]
pub struct FileWork {
    /// A file in a file counts for that.
    is_outer: bool,
    thread: PhantomData<*const ()>,
}

/// Begins with a file: what this thread does from now on is done for it. `again`: it is gone through for what is known.
pub fn begin(limits: Limits, again: bool) -> FileWork {
    let is_outer = CURRENT.get().is_none();
    if is_outer {
        let floor = if again { MAX_FLOOR / SECOND_LOOK } else { MAX_FLOOR };
        CURRENT.set(Some(Current {
            started: None,
            most: limits.work.unwrap_or(floor),
            is_given: limits.work.is_some(),
            in_store: limits.in_store,
            again,
            was_over: false,
        }));
    }
    FileWork { is_outer, thread: PhantomData }
}

/// Adds what all files of a store may take together, which is stored in `size` bytes.
pub fn of_store(size: u64, again: bool) {
    ALLOWED.fetch_add(share(size, again), Relaxed);
}

/// What so many bytes may take, in nanoseconds.
fn share(size: u64, again: bool) -> u64 {
    size.saturating_mul(MAX_NANOS_A_BYTE) / if again { u64::from(SECOND_LOOK) } else { 1 }
}

/// Whether this thread's file has taken more than what was read of it may.
pub fn is_over() -> bool {
    let Some(current) = CURRENT.get() else { return false };
    let now = thread_time();
    let Some(started) = current.started else {
        CURRENT.set(Some(Current { started: Some(now), ..current }));
        return false;
    };
    let taken = now.saturating_sub(started);
    let all = SPENT.load(Relaxed).saturating_add(taken.as_nanos() as u64);
    let is_over = taken > current.most || (!current.is_given && all > ALLOWED.load(Relaxed));
    if is_over {
        CURRENT.set(Some(Current { was_over: true, ..current }));
    }
    is_over
}

impl FileWork {
    /// Adds what so many more bytes of the file may take, which are read now.
    pub fn reads(&self, bytes: usize) {
        let Some(current) = CURRENT.get().filter(|current| self.is_outer && !current.is_given) else {
            return;
        };
        let share = share(bytes as u64, current.again);
        if !current.in_store {
            ALLOWED.fetch_add(share, Relaxed);
        }
        CURRENT.set(Some(Current { most: current.most + Duration::from_nanos(share), ..current }));
    }

    /// What is said of the file if it took more than it may.
    pub fn exceeded(&self) -> Option<Exceeded> {
        let current = CURRENT.get().filter(|_| self.is_outer)?;
        current.was_over.then_some(Exceeded::Work)
    }
}

impl Drop for FileWork {
    fn drop(&mut self) {
        let Some(current) = CURRENT.get().filter(|_| self.is_outer) else { return };
        CURRENT.set(None);
        if let Some(started) = current.started {
            SPENT.fetch_add(thread_time().saturating_sub(started).as_nanos() as u64, Relaxed);
        }
    }
}

/// Processor time that this thread has had.
#[cfg(unix)]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The time, which passes for all threads alike.
#[cfg(not(unix))]
fn thread_time() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn() {
        while !is_over() {}
    }

    #[test]
    fn what_is_read_adds_to_what_a_file_may_take() {
        let most = || CURRENT.get().map(|current| current.most);
        for (again, parts) in [(false, 1), (true, SECOND_LOOK)] {
            let work = begin(Limits::default(), again);
            work.reads(3_000_000);
            assert_eq!(
                most(),
                Some((MAX_FLOOR + Duration::from_nanos(3_000_000 * MAX_NANOS_A_BYTE)) / parts)
            );
        }
        let given = begin(Limits { work: Some(Duration::from_secs(1)), ..Limits::default() }, false);
        given.reads(3_000_000);
        assert_eq!(most(), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_file_that_takes_too_long_is_told_and_the_next_one_begins_anew() {
        let limits = Limits { work: Some(Duration::from_millis(20)), ..Limits::default() };
        assert!(!is_over());
        let work = begin(limits, false);
        let inner = begin(limits, false);
        burn();
        assert_eq!(inner.exceeded(), None);
        drop(inner);
        assert_eq!(work.exceeded(), Some(Exceeded::Work));
        drop(work);
        let next = begin(Limits { work: Some(Duration::MAX), ..limits }, false);
        assert!(!is_over());
        assert_eq!(next.exceeded(), None);
    }
}
