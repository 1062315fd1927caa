//! One thread at a time may hold much memory: the dictionaries of decoders, a large file that is needed whole.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::{Condvar, Mutex, PoisonError};

/// Whether a thread holds much, and what wakes those that wait for it.
static BUSY: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

thread_local! {
    /// How many reasons this thread has to be the one.
    static REASONS: Cell<usize> = const { Cell::new(0) };
}

/// Held as long as much memory is.
#[derive(Debug)]
pub struct MemoryPermit(PhantomData<*const ()>);

/// Waits until no other thread holds much. A thread that does may ask again: it does not wait for itself.
pub fn memory_permit() -> MemoryPermit {
    if REASONS.get() == 0 {
        let mut busy = BUSY.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *busy {
            busy = BUSY.1.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        *busy = true;
    }
    REASONS.set(REASONS.get() + 1);
    MemoryPermit(PhantomData)
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        REASONS.set(REASONS.get() - 1);
        if REASONS.get() == 0 {
            *BUSY.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
            BUSY.1.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn one_thread_at_a_time_and_for_several_reasons() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let first = memory_permit();
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        let second = memory_permit();
                        drop(first);
                        thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        drop(second);
                    }
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
    }
}
