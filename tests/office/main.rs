//! Office documents, books, saved pages and notebooks, as the programs that people use make them, and as somebody who
//! means harm does.

mod documents;
mod embedded;
mod hostile;
#[path = "../containers/pack.rs"]
#[allow(dead_code, reason = "each test file uses its own part")]
mod pack;
#[path = "../support/mod.rs"]
mod support;

use support::Sandbox;

/// A folder with a document of `fixtures/documents` in it.
fn with(name: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/documents/");
    pack::write(&sandbox, name, std::fs::read(format!("{folder}{name}")).unwrap());
    sandbox
}
