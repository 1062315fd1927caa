//! Office documents, books, saved pages and notebooks, as the programs that people use make them, and as somebody who
//! means harm does.

mod documents;
mod embedded;
mod hostile;

use crate::support::Sandbox;

/// A folder with a document of `fixtures/documents` in it.
fn with(name: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/documents/");
    sandbox.write(name, std::fs::read(format!("{folder}{name}")).unwrap());
    sandbox
}
