//! The program as people run it on files and folders: what is found and what is not, what is said of it, and what a
//! command line means.

mod bounds;
mod cli;
mod corpus;
mod encodings;
mod readings;
mod sarif;
mod shown;
#[path = "../support/mod.rs"]
mod support;
mod windows;
