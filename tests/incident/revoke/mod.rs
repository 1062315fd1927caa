//! What must hold of an incident, whatever happens in the middle of it: the real `krea-scan` against the emulator, killed,
//! without room on the disk, without a network, interrupted, and two at a time.

#![cfg(unix)]

mod damage;
mod disk;
mod faults;
mod kill;
mod locks;
mod outcome;
mod proofs;
mod rate;
pub mod scene;
mod secrets;
mod signals;
mod tracer;
