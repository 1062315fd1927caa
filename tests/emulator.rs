//! The emulator keeps to what Krea and a token API say, and goes wrong only as asked: real requests over sockets.

mod support;

use support::emulator::Emulator;

#[test]
fn starts_and_stops() {
    let emulator = Emulator::start();
    assert!(emulator.api().starts_with("http://127.0.0.1:"));
}
