//! How much memory decoders may take, over all threads of the process.
//!
//! Most decoders need little. One with a large dictionary or window needs so much that two of them side by side would
//! be too many: one file at a time may have such decoders.

use crate::limits::Budget;
use crate::memory_permit::{MemoryPermit, memory_permit};
use crate::read_error::ReadError;
use std::cell::{Cell, RefCell};
use std::io;
use std::time::Instant;

/// What the decoders for one file may take without asking, in bytes.
const FREE: u64 = 12 << 20;
/// What they may take at all: `zstd --long` and `xz -9` need 128 MB and 64 MB.
pub const MAX_BYTES: u64 = 136 << 20;

/// What the decoders for one file take.
#[derive(Debug)]
pub struct Memory<'b> {
    budget: &'b Budget,
    held: Cell<u64>,
    /// More than [`FREE`] is held.
    large: RefCell<Option<MemoryPermit>>,
}

/// Memory that is given back when this is dropped.
#[derive(Debug)]
pub struct Held<'m> {
    memory: &'m Memory<'m>,
    bytes: u64,
}

impl<'b> Memory<'b> {
    pub fn new(budget: &'b Budget) -> Self {
        Memory { budget, held: Cell::new(0), large: RefCell::new(None) }
    }
}

impl<'m> Memory<'m> {
    /// Takes memory for a decoder. Waits while another file has much of it.
    ///
    /// # Errors
    /// When there is never so much.
    pub fn take(&'m self, bytes: u64) -> io::Result<Held<'m>> {
        let held = self.held.get().saturating_add(bytes);
        if held > MAX_BYTES {
            return Err(too_much(held).into());
        }
        if held > FREE && self.large.borrow().is_none() {
            let asked = Instant::now();
            *self.large.borrow_mut() = Some(memory_permit());
            self.budget.pause(asked.elapsed());
        }
        self.held.set(held);
        Ok(Held { memory: self, bytes })
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let held = self.memory.held.get() - self.bytes;
        self.memory.held.set(held);
        if held <= FREE {
            self.memory.large.replace(None);
        }
    }
}

/// What needs more memory than there is.
pub fn too_much(bytes: u64) -> ReadError {
    ReadError::new(format!(
        "needs {} MB of memory to unpack, and {} MB are the most; unpack it and scan what comes out",
        bytes.div_ceil(1 << 20),
        MAX_BYTES >> 20
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn one_file_at_a_time_has_much() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let budget = Budget::new(Limits::default(), 1);
                    let memory = Memory::new(&budget);
                    let _small = memory.take(FREE).unwrap();
                    let first = memory.take(MAX_BYTES / 4).unwrap();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let second = memory.take(MAX_BYTES / 4).unwrap();
                    thread::yield_now();
                    drop(first);
                    now.fetch_sub(1, Ordering::SeqCst);
                    drop(second);
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        let budget = Budget::new(Limits::default(), 1);
        let memory = Memory::new(&budget);
        let held = memory.take(MAX_BYTES).unwrap();
        assert!(memory.take(1).unwrap_err().to_string().starts_with("needs 137 MB of memory"));
        drop(held);
        assert!(memory.take(1).is_ok());
    }
}
