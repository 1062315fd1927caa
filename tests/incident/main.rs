//! From a leaked token to one that is proven dead, and a replacement where it belongs.

mod drill;
mod guided;
mod krea;
mod revoke;
mod sinks;
#[path = "../support/mod.rs"]
mod support;
