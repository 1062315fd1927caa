//! Prints the made-up tokens of the tests, one a line, for scripts that build something with a token in it.
//!
//! ```text
//! rustc --edition 2024 examples/tokens.rs -o tokens && ./tokens
//! ```
//!
//! Line `n + 1` is the token that `tests/support` calls number `n`.

#[path = "../fixtures/tokens.rs"]
mod tokens;

use tokens::Alphabet;

fn main() {
    for n in 0..24 {
        println!("{}", tokens::pair(Alphabet::ALL[n as usize % 4], n));
    }
}
