//! The third way: Krea itself revokes and mints, once a person has signed in. The real `krea-scan` against the emulator's MCP
//! server: killed, with requests and sign-ins that go wrong, with tokens that are others'.

#![cfg(unix)]

mod faults;
mod kill;
mod listing;
mod locks;
mod owners;
mod person;
mod secrets;
mod sign_in;
#[cfg(target_os = "linux")]
mod terminal;
