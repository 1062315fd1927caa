//! Repositories that a stranger prepared or a disk damaged: whatever is in `.git`, every mode ends by itself, soon, with an
//! exit code of its own, and never with an all-clear while an object that holds a token cannot be read.
//!
//! `KREA_SCAN_FUZZ_ROUNDS` says how many damages are tried of each scene (default 24), `KREA_SCAN_FUZZ_SEED` where to begin.

#![cfg(unix)]

mod crafted;
mod damage;
mod fuzz;
mod scene;
