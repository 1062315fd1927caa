//! What an input may cost, and what is said where it would cost more.
//!
//! [`limits`] holds the budget of one outer file: bytes, members, depth, ratio, time. [`work`] counts the processor time that
//! it takes, by whatever is done for it. [`memory`] holds what its decoders may take, and [`memory_permit`] has files that need much of it wait for each other. A [`read_error`] is told once, where it
//! shows first. Nothing here reads a format.

pub mod limits;
pub mod memory;
pub mod memory_permit;
pub mod read_error;
pub mod work;
