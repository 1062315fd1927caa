//! Prints the made-up tokens of the tests, one a line, for scripts that build something with a token in it.
//!
//! ```text
//! rustc --edition 2024 examples/tokens.rs -o tokens && ./tokens
//! ```
//!
//! Line `n + 1` is the token that `tests/support` calls number `n`. With the argument `uuids`, `foreign` or `hex` it prints
//! what only looks like a token: ids, another service's keys, hex digits.

#[path = "../fixtures/tokens.rs"]
mod tokens;

use tokens::Alphabet;

/// How many of each are printed.
const COUNT: u64 = 24;

fn main() {
    let kind = std::env::args().nth(1);
    for n in 0..COUNT {
        let line = match kind.as_deref() {
            None => tokens::pair(Alphabet::ALL[n as usize % 4], n),
            Some("uuids") => tokens::uuid(n),
            Some("foreign") => tokens::foreign_pair(n),
            Some("hex") => tokens::material(Alphabet::Hex, 40, n),
            Some(other) => panic!("{other}: no such kind"),
        };
        println!("{line}");
    }
}
