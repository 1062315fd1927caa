//! Files that a scanned tree holds or a person names: opening what steers a scan, and writing what was asked for.
//!
//! Takes paths, gives bytes or writes them. A scanned tree is written by strangers: no link in it is followed out of it,
//! no device or pipe in it is opened, and what is read of it has a bound. What a person names outside of it is theirs.

mod config_input;
mod incomplete;
mod output;
pub mod parse_error;
mod trees;
pub mod user_dirs;

pub use config_input::{read_found, read_here, read_named, text};
pub use incomplete::Incomplete;
pub use output::{check, create_private, replace_whole, write};
pub use trees::{MAX_PATH_BYTES, Refusal, ScannedTrees, named_place};
