//! From a leaked token to one that is proven dead and replaced, through an MCP server behind a sign-in, as Krea's is. The
//! servers are made with the official SDKs of other languages (`fixtures/mcp`).

#![cfg(target_os = "linux")]

mod browser;
mod bytes;
mod faults;
mod listing;
mod scene;
mod sign_in;
mod stand_in;
#[path = "../support/mod.rs"]
mod support;
mod variants;
