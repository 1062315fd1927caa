//! A deployed site.

mod address;
mod body;
mod chunks;
mod link;
mod page;
mod script;
