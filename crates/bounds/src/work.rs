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
const SECOND_LOOK: u64 = 3;

/// What the files of this run took that are done, in nanoseconds, and what all that were begun may.
static SPENT: AtomicU64 = AtomicU64::new(0);
static ALLOWED: AtomicU64 = AtomicU64::new(MAX_FLOOR.as_nanos() as u64);

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

/// The file that a thread is at.
#[derive(Clone, Copy)]
struct Current {
    started: Duration,
    most: Duration,
    /// A person said how much it may be: that of other files does not count.
    is_given: bool,
    is_over: bool,
}

/// The work on one file. It ends where this is dropped.
#[derive(Debug)]
pub struct FileWork {
    /// A file in a file counts for that.
    is_outer: bool,
    thread: PhantomData<*const ()>,
}

/// Begins with a file of `size` bytes: what this thread does from now on is done for it. `again`: it is gone through for what
/// is known.
pub fn begin(limits: Limits, size: u64, again: bool) -> FileWork {
    let is_outer = CURRENT.get().is_none();
    if is_outer {
        let parts = if again { SECOND_LOOK } else { 1 };
        let share = share(size, again);
        if !limits.in_store {
            ALLOWED.fetch_add(share, Relaxed);
        }
        let most = limits.work.unwrap_or(MAX_FLOOR / parts as u32 + Duration::from_nanos(share));
        let is_given = limits.work.is_some();
        CURRENT.set(Some(Current { started: thread_time(), most, is_given, is_over: false }));
    }
    FileWork { is_outer, thread: PhantomData }
}

/// Adds what all files of a store may take together, which is stored in `size` bytes.
pub fn of_store(size: u64, again: bool) {
    ALLOWED.fetch_add(share(size, again), Relaxed);
}

/// What so many bytes may take, in nanoseconds.
fn share(size: u64, again: bool) -> u64 {
    size.saturating_mul(MAX_NANOS_A_BYTE) / if again { SECOND_LOOK } else { 1 }
}

/// Whether this thread's file has taken more than it may.
pub fn is_over() -> bool {
    let Some(current) = CURRENT.get() else { return false };
    current.is_over || {
        let taken = thread_time().saturating_sub(current.started);
        let all = SPENT.load(Relaxed).saturating_add(taken.as_nanos() as u64);
        let is_over = taken > current.most || (!current.is_given && all > ALLOWED.load(Relaxed));
        CURRENT.set(Some(Current { is_over, ..current }));
        is_over
    }
}

impl FileWork {
    /// What is said of the file if it took more than it may.
    pub fn exceeded(&self) -> Option<Exceeded> {
        let current = CURRENT.get().filter(|_| self.is_outer)?;
        current.is_over.then_some(Exceeded::Work)
    }
}

impl Drop for FileWork {
    fn drop(&mut self) {
        if let Some(current) = CURRENT.get().filter(|_| self.is_outer) {
            CURRENT.set(None);
            let taken = thread_time().saturating_sub(current.started);
            SPENT.fetch_add(taken.as_nanos() as u64, Relaxed);
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
    fn a_file_that_takes_too_long_is_told_and_the_next_one_begins_anew() {
        let limits = Limits { work: Some(Duration::from_millis(20)), ..Limits::default() };
        assert!(!is_over());
        let work = begin(limits, 1, false);
        let inner = begin(limits, 1, false);
        burn();
        assert_eq!(inner.exceeded(), None);
        drop(inner);
        assert_eq!(work.exceeded(), Some(Exceeded::Work));
        drop(work);
        let next = begin(Limits { work: Some(Duration::MAX), ..limits }, 1, false);
        assert!(!is_over());
        assert_eq!(next.exceeded(), None);
    }
}
