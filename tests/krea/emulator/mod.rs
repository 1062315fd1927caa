//! The emulator keeps to what Krea and a token API say, and goes wrong only as it is asked to: real requests over
//! sockets, so that what it proves of the scanner rests on something.

mod client;
mod faults;
mod krea;
mod mcp;
mod oauth;
mod page;
mod person;
mod token_api;
mod wire;
