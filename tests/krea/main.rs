//! Talking to Krea and to a token API: the client, and the emulator that stands in for both.

mod client;
mod emulator;
#[path = "../support/mod.rs"]
mod support;
