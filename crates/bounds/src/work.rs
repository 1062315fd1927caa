//! How much processor time one file may take, and all files of a run together, so that no input keeps a machine busy for
//! longer than its size is worth.
//!
//! What costs time differs from format to format and from text to text: a text of nothing but tokens costs a hundred times
//! as much as another. So the time itself is counted, that of the thread, which does not pass while others have the
//! processor. Whoever does something long asks [`is_over`] now and then, and ends if it is.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What a program that is built for tests takes for what one that is built for people takes once: the time that either may
/// take is worth as much.
const SLOWER: u64 = if cfg!(debug_assertions) { 5 } else { 1 };
/// What any file may take, however small it is, and a run on top of what its files may. What people have takes a
/// hundredth of it.
const MAX_FLOOR: Duration = Duration::from_secs(4 * SLOWER);
/// What any file may take though the others of a run have used up what all may.
const MAX_LEAST: Duration = Duration::from_millis(10 * SLOWER);
/// What a file may take for each of its bytes up to so many, in nanoseconds, and for each behind them: whoever has much to read
/// rather waits than has it cut.
const SMALL_BYTES: u64 = 10 << 20;
const MAX_NANOS_A_BYTE: u64 = 250 * SLOWER;
const MAX_NANOS_A_BYTE_BEHIND: u64 = 2000 * SLOWER;
/// How often it is looked at the most how much a file took.
const LOOK: Duration = Duration::from_millis(1);
/// A look for what is known takes less than the first one: one part in so many of that.
const SECOND_LOOK: u32 = 3;

/// How many bytes of this run's files were read.
static READ: AtomicU64 = AtomicU64::new(0);
/// What those took that are done, in nanoseconds, and what all that were begun may.
static SPENT: AtomicU64 = AtomicU64::new(0);
static ALLOWED: AtomicU64 = AtomicU64::new(MAX_FLOOR.as_nanos() as u64);

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

/// How much processor time a file may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkLimit {
    /// As much as a person says; else what its size is worth.
    pub given: Option<Duration>,
    /// The files come from a store, where a byte can stand for any number of theirs: all together have what that is worth.
    pub in_store: bool,
}

/// The file that a thread is at.
#[derive(Clone, Copy)]
struct Current {
    /// When it was first asked about: before that nothing was done that takes long.
    started: Option<Duration>,
    most: Duration,
    /// How many bytes of it were read.
    read: u64,
    /// A person said how much it may be: that of other files does not count, nor does its size.
    is_given: bool,
    in_store: bool,
    again: bool,
    /// It took too much at some time.
    was_over: bool,
    /// When it was last looked how much it took, and whether that was too much.
    asked: Option<(Instant, bool)>,
}

/// The work on one file. It ends where this is dropped.
#[derive(Debug)]
pub struct FileWork {
    /// A file in a file counts for that.
    is_outer: bool,
    thread: PhantomData<*const ()>,
}

/// Begins with a file: what this thread does from now on is done for it. `again`: it is gone through for what is known.
pub fn begin(limit: WorkLimit, again: bool) -> FileWork {
    let is_outer = CURRENT.get().is_none();
    if is_outer {
        let floor = if again { MAX_FLOOR / SECOND_LOOK } else { MAX_FLOOR };
        CURRENT.set(Some(Current {
            started: None,
            most: limit.given.unwrap_or(floor),
            read: 0,
            is_given: limit.given.is_some(),
            in_store: limit.in_store,
            again,
            was_over: false,
            asked: None,
        }));
    }
    FileWork { is_outer, thread: PhantomData }
}

/// Adds what all files of a store may take together, which is stored in `size` bytes.
pub fn of_store(size: u64, again: bool) {
    ALLOWED.fetch_add(share(READ.fetch_add(size, Relaxed), size, again), Relaxed);
}

/// What so many more bytes may take behind those that were read before, in nanoseconds.
fn share(before: u64, size: u64, again: bool) -> u64 {
    let worth = |bytes: u64| {
        let behind = bytes.saturating_sub(SMALL_BYTES).saturating_mul(MAX_NANOS_A_BYTE_BEHIND);
        behind.saturating_add(bytes.min(SMALL_BYTES) * MAX_NANOS_A_BYTE)
    };
    let share = worth(before.saturating_add(size)) - worth(before);
    share / if again { u64::from(SECOND_LOOK) } else { 1 }
}

/// Whether this thread's file has taken more than what was read of it may.
pub fn is_over() -> bool {
    let Some(current) = CURRENT.get() else { return false };
    // To ask the system costs more than most of what is done between two questions, and the clock on the wall does not.
    let at = Instant::now();
    if let Some((asked, was_over)) = current.asked
        && at.duration_since(asked) < LOOK
    {
        return was_over;
    }
    let now = thread_time();
    let started = current.started.unwrap_or(now);
    let taken = now.saturating_sub(started);
    let all = SPENT.load(Relaxed).saturating_add(taken.as_nanos() as u64);
    let is_run_over = !current.is_given && all > ALLOWED.load(Relaxed);
    let is_over = taken > current.most || (is_run_over && taken > MAX_LEAST);
    let was_over = current.was_over || is_over;
    CURRENT.set(Some(Current { started: Some(started), was_over, asked: Some((at, is_over)), ..current }));
    is_over
}

/// Whether all files of the run have taken what they may together, but for the little that each may all the same.
pub fn is_run_over(limit: WorkLimit) -> bool {
    limit.given.is_none() && SPENT.load(Relaxed) > ALLOWED.load(Relaxed)
}

impl FileWork {
    /// Adds what so many more bytes of the file may take, which are read now.
    pub fn reads(&self, bytes: usize) {
        let Some(current) = CURRENT.get().filter(|current| self.is_outer && !current.is_given) else {
            return;
        };
        let (bytes, again) = (bytes as u64, current.again);
        if !current.in_store {
            ALLOWED.fetch_add(share(READ.fetch_add(bytes, Relaxed), bytes, again), Relaxed);
        }
        let most = current.most + Duration::from_nanos(share(current.read, bytes, again));
        CURRENT.set(Some(Current { most, read: current.read + bytes, ..current }));
    }

    /// Whether the file took more than it may, so that not all of it was looked at.
    pub fn was_over(&self) -> bool {
        self.is_outer && CURRENT.get().is_some_and(|current| current.was_over)
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
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_may_take_longer_for_each_byte() {
        let seconds =
            |before: u64, size: u64, again| share(before << 20, size << 20, again) / (1_000_000_000 * SLOWER);
        assert_eq!((seconds(0, 10, false), seconds(0, 20, false), seconds(10, 10, false)), (2, 23, 20));
        assert_eq!((seconds(0, 10, true), share(u64::MAX, u64::MAX, false)), (0, 0));
    }

    fn given(most: Duration) -> WorkLimit {
        WorkLimit { given: Some(most), ..WorkLimit::default() }
    }

    fn burn() {
        while !is_over() {}
    }

    #[test]
    fn what_is_read_adds_to_what_a_file_may_take() {
        let most = || CURRENT.get().map(|current| current.most);
        for (again, parts) in [(false, 1), (true, SECOND_LOOK)] {
            let work = begin(WorkLimit::default(), again);
            work.reads(3_000_000);
            assert_eq!(
                most(),
                Some((MAX_FLOOR + Duration::from_nanos(3_000_000 * MAX_NANOS_A_BYTE)) / parts)
            );
        }
        let work = begin(given(Duration::from_secs(1)), false);
        work.reads(3_000_000);
        assert_eq!(most(), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_file_that_takes_too_long_is_told_and_the_next_one_begins_anew() {
        let limit = given(Duration::from_millis(20));
        assert!(!is_over());
        let work = begin(limit, false);
        let inner = begin(limit, false);
        burn();
        assert!(!inner.was_over());
        drop(inner);
        assert!(work.was_over());
        drop(work);
        let next = begin(given(Duration::MAX), false);
        assert!(!is_over());
        assert!(!next.was_over());
    }
}
