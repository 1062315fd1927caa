//! How much may be unpacked from one file, so that no archive can make a run hang or fill the memory.

use crate::work::{self, WorkLimit};
use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::time::{Duration, Instant};

/// What comes out of a file is not compared with the file's size before it is this much, in bytes: small files of
/// spaces or zeros are no bombs.
const RATIO_FROM: u64 = 128 << 20;
/// A member that is a bomb is given up, and the rest is read as if it had not been there; so many times for one file.
const MAX_BOMBS: u32 = 8;
/// The clock is looked at once in so many reads,
const READS_A_LOOK: u32 = 64;
/// and once in so many bytes.
const BYTES_A_LOOK: u64 = 1 << 20;

/// How much may be unpacked from one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that decompression gives, at all depths together.
    pub bytes: u64,
    /// Members, at all depths together.
    pub members: u64,
    /// Containers in containers.
    pub depth: usize,
    /// Bytes that come out for one byte of the file.
    pub ratio: u64,
    /// Wall time.
    pub time: Duration,
    /// Processor time, for whatever is done for the file.
    pub work: WorkLimit,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 16 << 30,
            members: 1_000_000,
            depth: 12,
            ratio: 200,
            time: Duration::from_secs(600),
            work: WorkLimit::default(),
        }
    }
}

/// Why unpacking stopped, and which option raises the limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    #[error("unpacks to more than {0} bytes; --unpack-size raises that")]
    Bytes(u64),
    #[error("holds more than {0} members; --unpack-members raises that")]
    Members(u64),
    #[error("nests containers deeper than {0}; --unpack-depth raises that")]
    Depth(usize),
    /// Far more came out than went in.
    #[error("unpacks to more than {0} times its size, as an archive bomb does; --unpack-ratio raises that")]
    Ratio(u64),
    #[error("takes longer than {} s to unpack; --unpack-time raises that", .0.as_secs_f64())]
    Time(Duration),
    #[error("takes more processor time than files of its size may; --unpack-time raises that")]
    Work,
}

/// What is left of the limits for one file. Once one is passed, every reader on the budget fails.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    /// The file's size.
    size: u64,
    started: Cell<Instant>,
    bytes: Cell<u64>,
    bombs: Cell<u32>,
    members: Cell<u64>,
    reads: Cell<u32>,
    /// Bytes since the clock was looked at.
    unlooked: Cell<u64>,
    exceeded: RefCell<Option<Exceeded>>,
}

impl Budget {
    /// The budget for a file of `size` bytes.
    pub fn new(limits: Limits, size: u64) -> Self {
        Budget {
            limits,
            size,
            started: Cell::new(Instant::now()),
            bytes: Cell::new(0),
            bombs: Cell::new(0),
            members: Cell::new(0),
            reads: Cell::new(0),
            unlooked: Cell::new(0),
            exceeded: RefCell::new(None),
        }
    }

    pub fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded.borrow().clone()
    }

    /// Counts bytes that were unpacked.
    ///
    /// # Errors
    /// When a limit is passed, now or before.
    pub fn spend(&self, bytes: u64) -> Result<(), Exceeded> {
        self.still_good()?;
        let total = self.bytes.get().saturating_add(bytes);
        self.bytes.set(total);
        if total > self.limits.bytes {
            return self.stop(Exceeded::Bytes(self.limits.bytes));
        }
        // One member that is a bomb is told by itself, before it is too much for the file.
        if total.saturating_sub(2 * RATIO_FROM) / self.limits.ratio.max(1) > self.size {
            return self.stop(Exceeded::Ratio(self.limits.ratio));
        }
        self.reads.set(self.reads.get() + 1);
        self.unlooked.set(self.unlooked.get().saturating_add(bytes));
        if self.reads.get() < READS_A_LOOK && self.unlooked.get() < BYTES_A_LOOK {
            return Ok(());
        }
        self.reads.set(0);
        self.unlooked.set(0);
        self.look()
    }

    /// Looks at the clocks.
    fn look(&self) -> Result<(), Exceeded> {
        if work::is_over() {
            return self.stop(Exceeded::Work);
        }
        if self.started.get().elapsed() > self.limits.time {
            return self.stop(Exceeded::Time(self.limits.time));
        }
        Ok(())
    }

    /// Counts a member.
    ///
    /// # Errors
    /// When a limit is passed, now or before.
    pub fn member(&self) -> Result<(), Exceeded> {
        self.members.set(self.members.get() + 1);
        if self.members.get() > self.limits.members {
            return self.stop(Exceeded::Members(self.limits.members));
        }
        self.spend(0)
    }

    /// Whether a container may be opened at this depth; the outermost is at 1.
    ///
    /// # Errors
    /// When it may not. The budget stays good for what else there is.
    pub fn depth(&self, depth: usize) -> Result<(), Exceeded> {
        if depth > self.limits.depth { Err(Exceeded::Depth(self.limits.depth)) } else { self.still_good() }
    }

    /// Whether one member gives far more than went into it. It is to be given up then, and no longer counts.
    ///
    /// # Errors
    /// When there were too many of them before.
    pub fn bomb(&self, packed: u64, unpacked: u64) -> Result<Option<Exceeded>, Exceeded> {
        if unpacked <= RATIO_FROM || unpacked / self.limits.ratio.max(1) <= packed {
            return Ok(None);
        }
        let bomb = Exceeded::Ratio(self.limits.ratio);
        self.bombs.set(self.bombs.get() + 1);
        if self.bombs.get() > MAX_BOMBS {
            return self.stop(bomb).map(|()| None);
        }
        self.bytes.set(self.bytes.get().saturating_sub(unpacked));
        Ok(Some(bomb))
    }

    /// Does not count time that was spent waiting.
    pub fn pause(&self, waited: Duration) {
        self.started.set(self.started.get() + waited);
    }

    fn still_good(&self) -> Result<(), Exceeded> {
        self.exceeded().map_or(Ok(()), Err)
    }

    fn stop(&self, why: Exceeded) -> Result<(), Exceeded> {
        *self.exceeded.borrow_mut() = Some(why.clone());
        Err(why)
    }
}

impl From<Exceeded> for io::Error {
    fn from(exceeded: Exceeded) -> Self {
        io::Error::other(exceeded)
    }
}

/// What a decompressor gives, counted.
pub struct Metered<'b, R> {
    budget: &'b Budget,
    inner: R,
}

impl<'b, R: Read> Metered<'b, R> {
    /// Counts what `inner` gives.
    pub fn new(budget: &'b Budget, inner: R) -> Self {
        Metered { budget, inner }
    }

    /// What is counted.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.budget.spend(read as u64)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_stops_and_stays() {
        let limits = Limits { bytes: 100, members: 2, depth: 1, ..Limits::default() };
        let budget = Budget::new(limits, 10);
        assert_eq!(budget.spend(100), Ok(()));
        assert_eq!(budget.depth(2), Err(Exceeded::Depth(1)));
        assert_eq!(budget.exceeded(), None);
        assert_eq!(budget.spend(1), Err(Exceeded::Bytes(100)));
        assert_eq!(budget.member(), Err(Exceeded::Bytes(100)));

        let budget = Budget::new(limits, 10);
        assert!(budget.member().and_then(|()| budget.member()).is_ok());
        assert_eq!(budget.member(), Err(Exceeded::Members(2)));

        let budget = Budget::new(Limits { ratio: 10, ..Limits::default() }, 1 << 20);
        assert_eq!(budget.spend(2 * RATIO_FROM + (10 << 20)), Ok(()));
        assert_eq!(budget.spend(10), Err(Exceeded::Ratio(10)));

        let budget = Budget::new(Limits::default(), 1 << 20);
        assert_eq!(budget.bomb(0, RATIO_FROM), Ok(None));
        assert_eq!(budget.bomb(RATIO_FROM, RATIO_FROM + 1), Ok(None));
        for _ in 0..MAX_BOMBS {
            assert_eq!(budget.spend(2 * RATIO_FROM), Ok(()));
            assert_eq!(budget.bomb(1, 2 * RATIO_FROM), Ok(Some(Exceeded::Ratio(200))));
            assert_eq!(budget.exceeded(), None);
        }
        assert_eq!(budget.bomb(1, 2 * RATIO_FROM), Err(Exceeded::Ratio(200)));
        assert_eq!(budget.spend(0), Err(Exceeded::Ratio(200)));

        let budget = Budget::new(Limits { time: Duration::ZERO, ..Limits::default() }, 1);
        let late = (0..2 * READS_A_LOOK).find_map(|_| budget.spend(0).err());
        assert_eq!(late, Some(Exceeded::Time(Duration::ZERO)));
    }
}
