//! Real repositories, made by git, in good and in bad shape: what is staged, what a range brought in, every object, and
//! whose commit a token comes from.

mod history;
mod hostile;
mod pre_commit;
mod provenance;
mod range;
mod repository;
mod server;
mod staged;
#[path = "../support/mod.rs"]
mod support;
mod threads;
