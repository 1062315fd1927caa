//! What leaves the program: no format and no message shows a secret, ours or a stranger's next to it, and nothing in them is
//! obeyed by a terminal or a CI system.

mod around;
mod errors;
mod members;
mod neighbours;
mod obeyed;
mod secrets;

/// Every format, as the command line names it.
const FORMATS: [&str; 5] = ["human", "json", "jsonl", "sarif", "github"];
