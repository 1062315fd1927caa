//! The `krea-scan` program.
fn main() {}
