//! What the project says of itself: the help, the documents' examples, and the tokens in its own text.

mod architecture;
mod help;
mod own_tokens;
mod readme;
#[path = "../support/mod.rs"]
mod support;
